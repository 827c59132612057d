"""``guigrad.from_tensor``: the document of a live tensor's graph, with what torch still holds of it."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from types import FrameType
from typing import Any

import torch

from guigrad.document.model import Comment, Document, Eval, In, ListOf, Node, Settings
from guigrad.document.names import PYTHON_NAMES
from guigrad.document.problem import Problem, ProblemError
from guigrad.document.recorded import ABOUT
from guigrad.engine.calls import leaf_node
from guigrad.engine.graph import Keep, edges_of, graph, outputs_of, reached, saved_by
from guigrad.engine.look import name_of_grad_fn, record
from guigrad.engine.recorder import ACCUMULATE, Edge, edge_of
from guigrad.engine.values import tensors_in
from guigrad.interop.caller import named
from guigrad.interop.names import identifier
from guigrad.ops.table import RECORDED
from guigrad.run.frame import Frame, Record
from guigrad.run.recorded import KEY, with_recorded
from guigrad.run.request import Want

LEAF_LIMIT = 1 << 20
"""Elements of the largest leaf that is copied whole."""
VALUE_LIMIT = 1 << 16
"""Elements of the largest recorded value that is copied whole; larger ones are statistics."""
TOTAL_BYTES = 1 << 25
"""All that is copied together."""

FREED = "not there any more: a backward freed what was saved for it"
NOT_KEPT = "torch did not keep it: no backward asks for this value"


def from_tensor(loss: Any, names: Mapping[str, Any] | None = None) -> Document:
    """The document of the graph behind a live tensor (or a tuple, list or dict of them): what torch's grad_fns tell, and all that it still holds.

    Nodes are named by grad_fn (op ``recorded.MulBackward0``); they can be looked at, not run. Leaves hold their values. Names come from
    ``names`` (tensors or modules by name), else from the variables of the caller and the parameters of its modules. ``guigrad.recorded``
    gives the frame of what was held. The live graph stays as it is, and nothing of it is kept.
    Raises: ProblemError when there is no tensor.
    """
    return of_tensors(loss, names, sys._getframe(1))


def of_tensors(loss: Any, names: Mapping[str, Any] | None, frame: FrameType | None) -> Document:
    """As ``from_tensor``, with the frame whose variables give names."""
    roots = tensors_in(loss)
    if not roots:
        what = type(loss).__name__
        raise ProblemError((Problem(f"from_tensor needs a tensor that torch computed, not {what}", "type"),))
    with torch.no_grad():
        reader = _Reader(roots, named(names, frame))
        return reader.document()


class _Reader:
    """One reading of a live graph. Nothing here outlives the call."""

    def __init__(self, roots: list[torch.Tensor], found: list[tuple[str, torch.Tensor]]) -> None:
        self.roots = roots
        self.edges = [edge for tensor in roots if (edge := edge_of(tensor)) is not None]
        self.fns = reached(fn for fn, _ in self.edges)
        self.saved: dict[Any, list[Keep]] = {fn: list(saved_by(fn)) for fn in self.fns}
        self.nodes: dict[str, Node] = {}
        self.wires: dict[Edge, In] = {}
        self.leaves: dict[int, In] = {}
        self.records: dict[str, Record] = {}
        self.left = TOTAL_BYTES
        self.taken = {"torch", "F", "math"} | PYTHON_NAMES
        self.counts: dict[str, int] = {}
        self._know(found)

    def _know(self, found: list[tuple[str, torch.Tensor]]) -> None:
        """Which tensor each place of the graph is, and what it is called."""
        self.made: dict[Edge, torch.Tensor] = {}
        self.names: dict[Edge, str] = {}
        self.plain: dict[int, str] = {}
        ours = set(self.fns)
        for name, tensor in found:
            edge = edge_of(tensor)
            if edge is None:
                self.plain.setdefault(id(tensor), name)
            elif edge[0] in ours:
                self.names.setdefault(edge, name)
                self.made.setdefault(edge, tensor)
        for tensor in self.roots:
            if (edge := edge_of(tensor)) is not None:
                self.made.setdefault(edge, tensor)
        kept = [(fn, keep.tensor) for fn, keeps in self.saved.items() for keep in keeps if keep.tensor is not None]
        for own in (False, True):  # what a grad_fn saved of its own results is a copy that knows less
            for fn, tensor in kept:
                edge = edge_of(tensor)
                if edge is not None and (edge[0] is fn) is own:
                    self.made.setdefault(edge, tensor)
        read = {(target, number) for fn in self.fns for target, number in fn.next_functions} | set(self.edges)
        self.read = {edge for edge in read if edge[0] is not None}
        self.freed = {fn for fn, keeps in self.saved.items() if any(keep.state == "freed" for keep in keeps)}
        self.freed |= {target for fn in self.freed for target, _ in fn.next_functions if target is not None}

    def document(self) -> Document:
        for fn in self.fns:
            if type(fn) is ACCUMULATE:
                self.wires[fn, 0] = self._leaf(fn.variable, self.names.get((fn, 0)), "leaf")
            else:
                self._node(fn)
        ends = [self.wires.get(edge) if (edge := edge_of(t)) else self._leaf(t, None, "leaf") for t in self.roots]
        owners = {}
        for fn in self.fns:
            key = self.wires[fn, 0].node or ""
            owners[fn] = (
                self.label(edges_of(fn)[0]) if len(self._outputs(fn)) < 2 else self.nodes[key].name or key,
                key,
                False,
            )
        frame = Frame(
            records=self.records,
            graph=graph([fn for fn, _ in self.edges], owners, self.label, self.made),
        )
        document = Document(
            nodes=self.nodes,
            program=tuple(Eval(key) for key in self.nodes),
            comments={"^": Comment((ABOUT,))},
            settings=Settings(root=next((end.node for end in ends if end is not None), None)),
        )
        return with_recorded(document, frame)

    def label(self, edge: Edge) -> str:
        """What the value of a place is called."""
        wire = self.wires.get(edge)
        if wire is None or wire.node is None:
            return ""
        node = self.nodes[wire.node]
        return (node.outputs[wire.output] if node.outputs else node.name) or node.id

    # --- nodes ---

    def _fresh(self) -> str:
        return f"n{len(self.nodes) + 1}"

    def _named(self, wanted: str) -> str:
        name = identifier(wanted)
        while name in self.taken:  # many share a name: where the last one was found the search goes on
            self.counts[wanted] = count = self.counts.get(wanted, 1) + 1
            name = identifier(f"{wanted}_{count}")
        self.taken.add(name)
        return name

    def _outputs(self, fn: Any) -> list[Edge]:
        """The places of a grad_fn that a document shows: one, or all where others than the first are read."""
        edges = edges_of(fn)
        return edges if any(edge in self.read or edge in self.names for edge in edges[1:]) else edges[:1]

    def _node(self, fn: Any) -> None:
        constants = [
            (identifier(keep.name), value)
            for keep in self.saved[fn]
            if "_sym_" not in keep.name and (value := self._constant(keep)) is not _NOTHING
        ]
        args = tuple(self.wires[target, number] if target is not None else None for target, number in fn.next_functions)
        key, title = self._fresh(), name_of_grad_fn(fn)
        short = _short(title)
        places = self._outputs(fn)
        op = RECORDED + identifier(title)
        if len(places) == 1:
            name = self._named(self.names.get(places[0], short))
            self.nodes[key] = Node(key, op, args, tuple(constants), name)
        else:
            outputs = tuple(self._named(self.names.get(place, f"{short}_{at}")) for at, place in enumerate(places))
            self.nodes[key] = Node(key, op, args, tuple(constants), None, outputs)
            self.records[key] = Record(key, key, op, KEY, "tuple", grad_fn=title)
        described = outputs_of(fn)
        for at, place in enumerate(places):
            self.wires[place] = In(key, at)
            at_key = key if len(places) == 1 else f"{key}[{at}]"
            shape, dtype, device = described[at] if at < len(described) else (None, None, None)
            if place in self.made:
                self.records[at_key] = self._record(at_key, op, self.made[place], VALUE_LIMIT)
            else:
                self.records[at_key] = Record(
                    at_key, at_key, op, KEY, "Tensor", None, grad_fn=title, is_leaf=False, requires_grad=True,
                    shape=shape, dtype=dtype, device=device, text=FREED if fn in self.freed else NOT_KEPT,
                )  # fmt: skip

    def _constant(self, keep: Keep) -> Any:
        """What a grad_fn saved and no gradient goes to, as an argument: numbers, and tensors that the program gave."""
        if keep.tensor is not None:
            tensor = keep.tensor
            if edge_of(tensor) is not None:
                return _NOTHING
            name = self.plain.get(id(tensor))
            if name is None and _RESULT.match(keep.name):
                return _NOTHING
            if name is None and tensor.dim() == 0 and tensor.device.type == "cpu":
                return tensor.item()  # the 2 of ``2 * x``
            return self._leaf(tensor, name, keep.name)
        return _number(keep.value) if keep.state == "number" else _NOTHING

    def _leaf(self, tensor: torch.Tensor, name: str | None, otherwise: str) -> In:
        known = self.leaves.get(id(tensor))
        if known is not None:
            return known
        key = self._fresh()
        called = self._named(name or self.plain.get(id(tensor)) or otherwise)
        node = Node(key, f"{RECORDED}leaf", (), (), called)
        size = tensor.numel() * tensor.element_size()
        if tensor.numel() <= LEAF_LIMIT and size <= self.left and type(tensor) in (torch.Tensor, torch.nn.Parameter):
            try:
                node = leaf_node(key, called, tensor)
                self.left -= size
            except (ProblemError, RuntimeError):  # sparse, meta …
                pass
        self.nodes[key] = node
        self.leaves[id(tensor)] = In(key)
        self.records[key] = self._record(key, node.op, tensor, LEAF_LIMIT)
        return In(key)

    def _record(self, key: str, op: str, tensor: torch.Tensor, limit: int) -> Record:
        size = tensor.numel() * tensor.element_size()
        fits = tensor.numel() <= limit and 2 * size <= self.left
        if fits:
            self.left -= size * (1 if tensor.grad_fn is not None and not tensor.retains_grad else 2)
        try:
            return record(key, key, op, KEY, tensor, Want(limit=limit if fits else 1), True)
        except (RuntimeError, TypeError) as error:  # kinds of tensors that cannot be read like others
            return Record(key, key, op, KEY, type(tensor).__name__, text=str(error)[:200])


class _Nothing:
    pass


_NOTHING = _Nothing()
_RESULT = re.compile(r"result\d*$|output|total_weight|values$|indices$|mean$|rstd$|logsumexp|philox|rng|reserve")
"""Names under which an op saves what it made itself."""


def _number(value: Any, depth: int = 3) -> Any:
    """A number, text or tuple of them as a value of a template; _NOTHING for the rest."""
    if value is None or isinstance(value, bool | float | complex):
        return _NOTHING if value is None else value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        return value if len(value) <= 80 else _NOTHING
    if isinstance(value, tuple | list | torch.Size) and len(value) <= 16 and depth:
        items = [_number(item, depth - 1) for item in value]
        if any(item is _NOTHING for item in items):
            return _NOTHING
        return ListOf(tuple(items)) if isinstance(value, list) else tuple(items)
    return _NOTHING


def _short(grad_fn: str) -> str:
    """``log_softmax`` for LogSoftmaxBackward0."""
    bare = re.sub(r"Backward\d*(<.*)?$", "", grad_fn) or grad_fn
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", bare).lower()
