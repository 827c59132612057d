"""What autograd did, told by the document's nodes: gradients of intermediates, contributions by wire, the true order.

Note [Attribution]
A grad_fn belongs to the node whose value it made: starting at a value's grad_fn, everything up to the grad_fns of the node's inputs is its own
(an op may make many, or none when it returns its input as it is). The edges on which that walk meets an input are the wire's: what left there
is its contribution. Where one op reads a tensor through several ports, edges and ports are matched by running the op again on detached
inputs under the saved random state and asking autograd for each.
An in-place op gives its tensor a new grad_fn, and the views of it too when they are next asked: so edges are taken down before it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, Protocol

import torch

from guigrad.document.model import Document, Node
from guigrad.document.ports import node_wires
from guigrad.engine.again import again
from guigrad.engine.recorder import ACCUMULATE, ARRIVED, Earlier, Edge, Recorder, Tensor, edge_of
from guigrad.engine.values import MISSING, elements, is_leaf

Place = tuple[str, Tensor, list[Edge | None]]
Wire = tuple[str, str, str]
"""(place of the source, node id of the consumer, port path). A place is a node id, or ``id[k]`` for an output."""


class Values(Protocol):
    """Where the values lie (a Plan)."""

    document: Document
    device: str | None

    def value(self, node_id: str) -> Any:
        """A node's whole value."""

    def snapshot(self) -> Callable[[str, int], Any]:
        """All values as they are now: what gives one by (node id, output or -1), MISSING if there is none."""


class Tape:
    """One recorded backward of a document. ``recorder`` is the context to run it in; everything else is worked out when asked for.

    ``random`` are random states before the nodes that drew, ``order`` the nodes in program order, ``earlier`` see Note [Attribution].
    Holds tensors: ``seal`` before anything changes a ``.grad``.
    """

    def __init__(
        self,
        plan: Values,
        roots: Sequence[Tensor],
        order: Sequence[str],
        random: dict[str, tuple[Tensor, Tensor]],
        earlier: Earlier | None = None,
    ) -> None:
        self.recorder = Recorder(roots)
        self._document, self._device = plan.document, plan.device
        self._values = plan.snapshot()
        self._order, self._random = order, random
        self._leaves: dict[int, Edge | None] = {}
        self._earlier = {} if earlier is None else {key: tuple(taken) for key, taken in earlier.edges.items()}

    def seal(self) -> None:
        """Makes the tape independent of what happens to gradients from now on."""
        if self.recorder.seal():
            for name in ("gradients", "contributions"):  # they may have been read from a ``.grad``
                self.__dict__.pop(name, None)

    # --- what is asked for ---

    @cached_property
    def gradients(self) -> dict[str, Tensor]:
        """The gradient that arrived at each place: node id, ``id[k]`` for elements of a tuple or list."""
        found = {}
        for place, _, edges in self.places():
            for edge in edges:
                gradient = None if edge is None else self.arrived(edge)
                if gradient is not None:
                    found[place] = gradient
                    break
        return found

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The nodes that a gradient flowed through, in autograd's true order; each once, when it came to its output."""
        found: dict[str, None] = {}
        owner = self._owner
        for fn in self.recorder.events:
            if fn in owner:
                found[owner[fn]] = None
        return tuple(found)

    @cached_property
    def contributions(self) -> dict[Wire, Tensor]:
        """What came back along each wire, in the order of arrival, so that adding them up in this order gives the gradient's bits."""
        edges, same = self._edges_by_wire
        arrivals: list[tuple[int, int, Wire]] = []
        numbers = self._numbers
        for wire, left in edges.items():
            first = left[0] if len(left) == 1 else min(left, key=lambda edge: (numbers[edge[0]], edge[1]))
            arrivals.append((numbers[first[0]], first[1], wire))
        result: dict[Wire, Tensor] = {}
        for _, _, wire in sorted(arrivals):
            total = self._whole(edges[wire], numbers)
            if total is not None:
                result[wire] = total
        for wire in reversed(same):  # a node that hands on its input: all that came back to it
            total = _sum(gradient for (source, _, _), gradient in result.items() if source == wire[1])
            if total is None and any(root == edge for root in self.recorder.roots for edge in self._edges_of(wire[1])):
                total = self.gradients.get(wire[1])
            if total is not None:
                result[wire] = total
        return result

    def _whole(self, edges: list[Edge], numbers: dict[Any, int]) -> Tensor | None:
        """What left on some edges, summed up in the order in which it did."""
        if len(edges) == 1:
            return self._left(edges[0])
        return _sum(self._left(edge) for edge in sorted(edges, key=lambda edge: (numbers[edge[0]], edge[1])))

    @cached_property
    def owners(self) -> dict[Any, str]:
        """The place that each grad_fn belongs to, those inside composite ops included; what no node made is missing."""
        found = dict(self._owner)
        outputs: dict[str, list[Edge]] = {}
        for place, _, known in self.places():
            outputs.setdefault(place.partition("[")[0], []).extend(edge for edge in known if edge is not None)
        for key, outs in outputs.items():
            todo = [fn for fn, _ in outs if found.get(fn, "").partition("[")[0] == key]
            while todo:
                for target, _ in todo.pop().next_functions:
                    if target is not None and target not in found and target in self.recorder.events:
                        found[target] = key
                        todo.append(target)
        return found

    @cached_property
    def wires_by_edge(self) -> dict[Edge, Wire]:
        """The document's wire that an edge is (a part of)."""
        return {edge: wire for wire, edges in self._edges_by_wire[0].items() for edge in edges}

    @property
    def makers(self) -> dict[Any, str]:
        """The place that each grad_fn made, of those that made a value of the document."""
        return self._owner

    def into(self, edge: Edge) -> list[Edge]:
        """The edges on which something arrived there, in that order."""
        return self._into.get(edge, [])

    @cached_property
    def _numbers(self) -> dict[Any, int]:
        return {fn: number for number, fn in enumerate(self.recorder.events)}

    # --- places and owners ---

    def prepare(self) -> None:
        """Works out before the backward what does not depend on it, so that what it gave is told the sooner."""
        assert self._owner is not None
        assert self._ways is not None

    def places(self) -> list[Place]:
        """Every tensor of the document: its place, and where its gradient may have arrived, oldest first."""
        return self._places

    @cached_property
    def _places(self) -> list[Place]:
        return list(self._found())

    def _found(self) -> Iterator[Place]:
        for key in self._order:
            value = self._values(key, -1)
            if value is MISSING or key not in self._document.nodes:
                continue
            taken = [edges for _, edges in self._earlier.get(key, ())]
            for at, (place, tensor) in enumerate(elements(key, value)):
                if tensor.requires_grad or taken:
                    yield place, tensor, [*[edges[at] for edges in taken if at < len(edges)], edge_of(tensor)]

    def _edges_of(self, place: str) -> list[Edge]:
        return [edge for key, _, edges in self.places() if key == place for edge in edges if edge is not None]

    @cached_property
    def _owner(self) -> dict[Any, str]:
        """The place whose gradient arrives at a grad_fn. Of several that hold one tensor it is the one that made it."""
        found: dict[Any, str] = {}
        places = [(place, [edge for edge in edges if edge is not None]) for place, _, edges in self.places()]
        for place, edges in places:  # what was made first: later edges may come from an in-place node of their own
            for fn, _ in edges[:1]:
                found.setdefault(fn, place)
        for place, edges in places:
            for fn, _ in edges[1:]:
                found.setdefault(fn, place)
        return found

    def arrived(self, edge: Edge) -> Tensor | None:
        """The gradient that arrived at a place of the graph, summed up."""
        fn, output = edge
        event = self.recorder.events.get(fn)
        if event is None:
            return None
        if event:
            gradient: Tensor | None = event[ARRIVED][output]
            return gradient
        return _sum(self._left(edge) for edge in self._into.get((fn, 0), ())) if type(fn) is ACCUMULATE else None

    def _left(self, edge: Edge) -> Tensor | None:
        return self.recorder.left(*edge)

    @cached_property
    def _into(self) -> dict[Edge, list[Edge]]:
        """By where it leads: the edges on which something arrived, in that order."""
        found: dict[Edge, list[Edge]] = {}
        for fn in self.recorder.events:
            for at, target in enumerate(fn.next_functions):
                if target[0] is not None:
                    found.setdefault(target, []).append((fn, at))
        for root, output in self.recorder.roots:
            found.setdefault((root, output), [])
        return found

    # --- wires ---

    @cached_property
    def _edges_by_wire(self) -> tuple[dict[Wire, list[Edge]], list[Wire]]:
        """The edges that are each wire's, and the wires into nodes that hand on their input as it is."""
        edges: dict[Wire, list[Edge]] = {}
        events, (ways, same) = self.recorder.events, self._ways
        for node, wires, known in ways:
            hits = [hit for hit in known if hit[0] in events]
            if len(wires) > 1 and hits:
                self._share(node, wires, hits, edges)
            elif hits:
                edges.setdefault(wires[0], []).extend(hits)
        return edges, same

    @cached_property
    def _ways(self) -> tuple[list[tuple[Node, list[Wire], list[Edge]]], list[Wire]]:
        """By node and input: the wires that read it and the edges that lead there; and the wires into nodes that hand on their input as it is."""
        found: list[tuple[Node, list[Wire], list[Edge]]] = []
        same: list[Wire] = []
        for key, (node, outs, inputs, ways) in self._reads.items():
            for out in dict.fromkeys(outs):
                if out in inputs:
                    same.extend((place, key, path) for place, path in inputs[out])
            for edge, known in ways.items():
                if edge in inputs:
                    wires = [(place, key, path) for place, path in inputs[edge]]
                else:  # A view of what was changed in place since: its gradient goes to the new version.
                    path = next((wire.path for wire in node_wires(node)), "")
                    wires = [(self._owner[edge[0]], key, path)]
                found.append((node, wires, known))
        return found, same

    @cached_property
    def _reads(self) -> dict[str, tuple[Node, list[Edge], dict[Edge, list[tuple[str, str]]], dict[Edge, list[Edge]]]]:
        """By node: it, the edges of what it made, by edge the places that it read with the port of each, and by input the edges that lead there."""
        found = {}
        makers = {edge[0] for _, _, known in self.places() for edge in known if edge is not None}
        at = {key: number for number, key in enumerate(self._order)}
        outputs: dict[str, list[Edge]] = {}
        for place, _, known in self.places():
            outputs.setdefault(place.partition("[")[0], []).extend(edge for edge in known if edge is not None)
        for key in self._order:
            node, outs = self._document.nodes.get(key), outputs.get(key)
            if node is None or not outs:
                continue
            inputs: dict[Edge, list[tuple[str, str]]] = {}
            for place, path, edge in self._inputs(node, at):
                inputs.setdefault(edge, []).append((place, path))
            found[key] = (node, outs, inputs, self._walk(outs, inputs, makers))
        return found

    def _inputs(self, node: Node, at: dict[str, int]) -> Iterator[tuple[str, str, Edge]]:
        """Each tensor that a node read: place, port path, and its edge at that time."""
        for wire in node_wires(node):
            source = self._document.nodes.get(wire.source)
            if source is None:
                continue
            output = wire.output if source.outputs else -1
            value = self._values(wire.source, output)
            place = wire.source if output < 0 else f"{wire.source}[{output}]"
            taken = next(
                (edges for op, edges in self._earlier.get(wire.source, ()) if at.get(op, -1) >= at[node.id]), None
            )
            for index, (element, tensor) in enumerate(elements(place, value)):
                number = max(output, 0) + index
                edge = taken[number] if taken is not None and number < len(taken) else self._edge(tensor)
                if edge is not None:
                    yield element, wire.path + element[len(place) :], edge

    def _edge(self, tensor: Tensor) -> Edge | None:
        """As ``edge_of``; a leaf, which many nodes may read, is asked once."""
        if not is_leaf(tensor):
            return edge_of(tensor)
        key = id(tensor)
        if key not in self._leaves:
            self._leaves[key] = edge_of(tensor)
        return self._leaves[key]

    def _walk(self, outs: list[Edge], inputs: dict[Edge, Any], makers: set[Any]) -> dict[Edge, list[Edge]]:
        """From a node's outputs to its inputs: by input the edges that lead there."""
        found: dict[Edge, list[Edge]] = {}
        todo = [fn for fn, output in outs if (fn, output) not in inputs]
        own, seen = set(todo), set()
        while todo:
            fn = todo.pop()
            if fn in seen:
                continue
            seen.add(fn)
            for at, target in enumerate(fn.next_functions):
                if target in inputs or (target[0] in makers and target[0] not in own):
                    found.setdefault(target, []).append((fn, at))
                elif target[0] is not None:
                    todo.append(target[0])
        return found

    def _share(self, node: Node, wires: list[Wire], hits: list[Edge], edges: dict[Wire, list[Edge]]) -> None:
        """Several ports of one node read the same tensor: which edge is whose?"""
        left = sorted(hits, key=lambda edge: (self._numbers[edge[0]], edge[1]))
        simple = len(left) == len(wires) and len({fn for fn, _ in left}) == 1 and node.op.startswith("operator.")
        asked = {} if simple else self._ask(node)
        for wire in wires:
            wanted = asked.get(wire[2])
            if wanted is None:
                continue
            match = next((e for e in left if (g := self._left(e)) is not None and _same(g, wanted)), None)
            if match is not None:
                left.remove(match)
                edges.setdefault(wire, []).append(match)
        for wire in wires:
            if left and wire not in edges:
                edges.setdefault(wire, []).append(left.pop(0))
        for rest in left:
            edges.setdefault(wires[-1], []).append(rest)

    def _ask(self, node: Node) -> dict[str, Tensor]:
        """The gradient by port, from the op run once more on detached inputs. Empty when that cannot be done."""
        wires = list(node_wires(node))
        values = []
        for wire in wires:
            source = self._document.nodes[wire.source]
            values.append(self._values(wire.source, wire.output if source.outputs else -1))
        out = self._values(node.id, -1)
        gradients = [self.gradients.get(place) for place, _ in elements(node.id, out)]
        if any(value is MISSING for value in values):
            return {}
        fresh = [v.detach().requires_grad_(v.requires_grad) if isinstance(v, Tensor) else v for v in values]
        asked = [v for v in fresh if isinstance(v, Tensor) and v.requires_grad]
        inputs = [v.clone() if isinstance(v, Tensor) and v.requires_grad else v for v in fresh]
        state = torch.get_rng_state()
        try:
            if node.id in self._random:
                torch.set_rng_state(self._random[node.id][0])
            with torch.enable_grad():
                made = again(node, inputs, self._device)
            pairs = [
                (o, g) for (_, o), g in zip(elements("", made), gradients, strict=True)
                if g is not None and o.requires_grad
            ]  # fmt: skip
            given = torch.autograd.grad([o for o, _ in pairs], asked, [g for _, g in pairs], allow_unused=True)
        except Exception:  # whatever the op says: the edges are given out in their order then
            return {}
        finally:
            torch.set_rng_state(state)
        by_input = dict(zip(map(id, asked), given, strict=True))
        paths = {wire.path: by_input.get(id(value)) for wire, value in zip(wires, fresh, strict=True)}
        return {path: gradient for path, gradient in paths.items() if gradient is not None}


def _sum(gradients: Iterator[Tensor | None]) -> Tensor | None:
    total: Tensor | None = None
    with torch.no_grad():
        for gradient in gradients:
            if gradient is not None:
                total = gradient if total is None else total + gradient
    return total


def _same(a: Tensor, b: Tensor) -> bool:
    return (
        a.shape == b.shape and a.dtype == b.dtype and (torch.equal(a, b) or bool(torch.allclose(a, b, equal_nan=True)))
    )
