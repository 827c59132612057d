"""The part of a program from leaf tensors to one node, played again on other values of these leaves.

Note [Replay]
The part is a program of its own: the nodes between, under the loops, branches and regions that they stand in, compiled as the engine compiles
them all, so a replay gives the bits of the script. Of the loop that trains it is one round, entered with what its variables hold: a batch that
was drawn stays the batch. A leaf is known by the tensor that it is, so the names and variables that hold the same tensor move with it. What does not
depend on the leaves is read, not computed. Each random node draws what it drew in the last forward, else all draw from one state.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import torch
from msgspec import structs

from guigrad.document.closures import inner
from guigrad.document.model import CLOSURE, Branch, Effect, Eval, In, Item, Loop, Region, item_key, walk, wires_in
from guigrad.engine.between import NoFunction
from guigrad.engine.build import Plan
from guigrad.engine.values import MISSING, is_leaf
from guigrad.engine.watching import loops_of

if TYPE_CHECKING:
    from guigrad.engine.arguments import Step
    from guigrad.engine.play import Engine


class Part:
    """What leads to ``end``: ``need`` are its ancestors in one round of the loop that trains, ``groups`` the leaf tensors among them with the keys that hold each."""

    def __init__(self, engine: Engine, end: In) -> None:
        self.engine, self.end = engine, end
        state = engine.state
        self._items = {item.id: item for item in walk(engine.document.program) if isinstance(item, Loop | Branch)}
        steps = set(loops_of(engine))
        path = state.context.get(end.node or "", ())
        last = max((at for at, key in enumerate(path) if key in steps), default=-1)
        self.path = frozenset(path[: last + 1])
        self.round = path[: last + 1]
        self.entered = {
            carry.port: None for key in self.path if key in self._items for carry in self._items[key].carried
        }
        for key in self.path:
            item = self._items.get(key)
            if isinstance(item, Loop):
                self.entered[item.var] = None
        self.at = {key: at for at, key in enumerate(state.order)}
        self.need = self._ancestors()
        self.groups = self._groups()

    @property
    def varies(self) -> set[str]:
        """The keys of what another step may have changed since the values between were computed: what trains, and the loop's variables."""
        plan = self.engine.plan
        found = {key for value, keys in self.groups.values() if value.requires_grad for key in keys}
        return found | {key for key in self.entered if key in self.need and plan.value(key) is not MISSING}

    def inner(self, key: str) -> list[Loop | Branch]:
        """The loops and branches that a node stands in, without those of the round."""
        context = self.engine.state.context.get(key, ())
        return [self._items[one] for one in context if one in self._items and one not in self.path]

    def given(self, key: str) -> bool:
        """Whether a node holds what the replay starts from: a leaf, a source, a variable of the loop that trains."""
        value = self.engine.plan.value(key)
        state = self.engine.state
        if key in self.entered or (key in state.sources and not isinstance(value, list | dict)):
            return True
        return isinstance(value, torch.Tensor) and is_leaf(value) and value.requires_grad

    def target(self, key: str) -> Iterator[str]:
        """What an in-place node changes: its first argument, and what that is a view of."""
        nodes = self.engine.document.nodes
        seen: set[str] = set()
        while True:
            node = nodes[key]
            first = dict(node.kwargs).get("out") or (node.args[0] if node.args else None)
            if not isinstance(first, In) or first.node not in nodes or first.node in seen:
                return
            key = str(first.node)
            seen.add(key)
            yield key

    def movers(self) -> list[str]:
        """The nodes before the end that change something where it stands, and that forward plays."""
        state, last = self.engine.state, self.at.get(self.end.node or "", -1)
        return [key for key in state.order[:last] if state.facts(key).changes and state.role(key) == "play"]

    def _ancestors(self) -> set[str]:
        engine, state = self.engine, self.engine.state
        found: set[str] = set()
        todo = [self.end.node or ""]
        movers = self.movers()
        while todo:
            while todo:
                key = todo.pop()
                if key in found or key not in engine.document.nodes:
                    continue
                found.add(key)
                if self.given(key) and key != self.end.node:
                    continue
                todo += state.facts(key).reads
                todo += state.updates(key)
                for item in self.inner(key):
                    todo += [carry.port for carry in item.carried]
                    of = item.iter if isinstance(item, Loop) else item.test
                    todo += [wire.node for wire in wires_in(of) if wire.node is not None]
            todo = [
                key for key in movers
                if key not in found and not self.given(key) and any(one in found for one in self.target(key))
            ]  # fmt: skip
        return found

    def _groups(self) -> dict[int, tuple[torch.Tensor, list[str]]]:
        engine = self.engine
        found: dict[int, tuple[torch.Tensor, list[str]]] = {}
        for key in engine.state.order:
            value = engine.plan.value(key)
            if key in self.need and self.given(key) and _can_vary(value):
                found.setdefault(id(value), (value, []))
        for key in engine.state.order:
            value = engine.plan.value(key)
            if id(value) in found:
                found[id(value)][1].append(key)
        return found


def _can_vary(value: object) -> bool:
    return isinstance(value, torch.Tensor) and value.is_floating_point() and value.layout is torch.strided


class Replay:
    """``replay(values)`` is what the end would be if each leaf (by the id of its tensor) held that value. Nothing of the session changes.

    Raises: NoFunction when it cannot be played by itself. Thread: the engine's, inside ``engine.asking()`` and ``mode()``.
    """

    def __init__(self, part: Part, moved: Collection[int]) -> None:
        self.part, engine = part, part.engine
        self._engine, self._end = engine, part.end
        state, nodes = engine.state, engine.document.nodes
        self._keys = {one: part.groups[one][1] for one in moved}
        started = {key for keys in self._keys.values() for key in keys} | part.varies
        self.run = run = self._dependent(started)
        reads = {read for key in run for read in state.facts(key).reads}
        program = self._pruned(engine.document.program, run)
        extra: set[str] = set()
        for item in walk(program):
            if isinstance(item, Loop | Branch):
                reads |= {
                    wire.node
                    for wire in wires_in(item.iter if isinstance(item, Loop) else item.test)
                    if wire.node is not None
                }
                extra |= {carry.port for carry in item.carried} | ({item.var} if isinstance(item, Loop) else set())
        for port in extra:
            reads |= set(state.facts(port).reads)
        run |= extra
        for key in run:
            if nodes[key].op == CLOSURE or state.role(key) == "update":
                name = engine.label(self._end.node or "")
                raise NoFunction(
                    f"{name} is computed from what an optimizer's step gave: it is no function of the leaves alone."
                )
            if state.facts(key).reads_grad:
                raise NoFunction(
                    f"{engine.label(key)} reads a .grad on the way to the loss: it is no function of the leaves alone."
                )
        if self._end.node not in run | started:
            raise NoFunction(f"{engine.label(self._end.node or '')} does not depend on what is varied.")
        self.random = any(state.facts(key).random for key in run)
        self.double = any(nodes[key].op.startswith(("torch.autograd.", "torch.func.")) for key in run)
        known = (run | reads | started) & nodes.keys()
        document = structs.replace(engine.document, nodes={key: nodes[key] for key in known}, program=program)
        self._plan = Plan(document, lambda *_, **__: None, engine.cancelled, engine.seed)
        self._plan.device = engine.plan.device
        self._puts = [(key, one) for one, keys in self._keys.items() for key in keys if key in known]
        self._plan.around = self._around
        self.kept: dict[str, Any] = {}
        moving = {key for key, _ in self._puts}
        for key in ((reads | started) - run - moving) & known:
            value = engine.plan.value(key)
            if value is MISSING:
                raise NoFunction(f"{engine.label(key)} has not run yet.")
            self.kept[key] = value
            self._plan.put(key, value)
        self.changes = any(state.facts(key).changes for key in run)
        self._block = self._plan.block(program)
        self._state = torch.get_rng_state()
        self._slot = self._plan.slot(self._end)
        self._values: Mapping[int, torch.Tensor] | None = None
        self.graph = self.double

    def __call__(self, values: Mapping[int, torch.Tensor]) -> Any:
        plan = self._plan
        if self.random:
            torch.set_rng_state(self._state)
        if values is not self._values:  # else they are the same tensors, with other numbers in them
            self._values = values
            for key, one in self._puts:
                plan.put(key, values[one])
        if plan.failed is not None:
            plan.failed = None
            plan.running.clear()
        self._block.run()
        return plan.env[self._slot]

    def mode(self) -> AbstractContextManager[Any]:
        """What replays are to run in: with a graph, or without."""
        return torch.set_grad_enabled(True) if self.graph else torch.no_grad()

    @property
    def failed(self) -> str:
        """The node that the last replay failed at."""
        return self._plan.failed or ""

    def _around(self, key: str, step: Step) -> Step:
        state = self._engine.state
        known = state.random.get(key)
        if known is None or self.part.inner(key) or not state.facts(key).random:
            return step

        def drawn() -> None:
            torch.set_rng_state(known[0])
            step()

        return drawn

    def _dependent(self, started: set[str]) -> set[str]:
        """What is to be played: what depends on the leaves, and what that changes in place. See Note [Replay]."""
        part, state = self.part, self._engine.state
        order = [key for key in state.order if key in part.need]
        found: set[str] = set()
        while True:
            before = len(found)
            for key in order:
                if key in started or key in part.entered:
                    continue
                reads = state.facts(key).reads
                if key not in found and (
                    any(read in started or read in found for read in reads)
                    or any(self._touched(item, found) for item in part.inner(key))
                ):
                    found.add(key)
                changes = state.facts(key).changes
                if changes and key not in found and any(one in found for one in part.target(key)):
                    found.add(key)
                if changes and key in found:
                    for one in part.target(key):
                        if one in started or one in found:
                            break
                        found.add(self._remade(one, key))
            if len(found) == before:
                return found

    def _touched(self, item: Loop | Branch, found: set[str]) -> bool:
        inside = [key for one in walk(item.body + getattr(item, "orelse", ())) if (key := item_key(one))]
        return any(key in found for key in (*inside, *(carry.port for carry in item.carried)))

    def _remade(self, key: str, changer: str) -> str:
        """A value that is changed in place must be one that the replay makes."""
        part, engine = self.part, self._engine
        own = engine.state.context.get(key, ())[: len(part.round)] == part.round
        plain = engine.document.nodes[key].op in ("python.list", "python.dict", "python.tuple")
        if not (own or plain) or part.given(key) or key not in part.need:
            label, by = engine.label(key), engine.label(changer)
            raise NoFunction(f"{by} changes {label} in place, which is not made from what is varied.")
        return key

    def _pruned(self, items: tuple[Item, ...], run: set[str]) -> tuple[Item, ...]:
        """The items that are played; the loops of the round are opened."""
        found: list[Item] = []
        for item in items:
            match item:
                case Eval() | Effect():
                    if item.node in run:
                        found.append(item)
                case Region(kind="closure"):  # what a step plays is played where it stands
                    found += self._pruned(inner(self._engine.document, item), run)
                case Region():
                    body = self._pruned(item.body, run)
                    if body:
                        found.append(structs.replace(item, body=body))
                case Loop():
                    body = self._pruned(item.body, run)
                    if item.id in self.part.path:
                        found += body
                    elif body:
                        found.append(structs.replace(item, body=body))
                case Branch():
                    body, orelse = self._pruned(item.body, run), self._pruned(item.orelse, run)
                    if item.id in self.part.path:
                        found += body or orelse
                    elif body or orelse or any(carry.port in run for carry in item.carried):
                        found.append(structs.replace(item, body=body, orelse=orelse))
        return tuple(found)
