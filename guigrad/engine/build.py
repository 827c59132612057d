"""A document's program -> a Plan: bound closures over one list of values, and the tree that says when each is called."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from functools import cached_property
from typing import Any

import torch

from guigrad.document.diff import Diff
from guigrad.document.model import Branch, Carried, Document, Effect, Eval, In, Item, Loop, Node, Region, walk, wires_in
from guigrad.engine.arguments import NotWired, Refused, Step, getter, raiser
from guigrad.engine.block import Block, BreakError, LeftError, unpack
from guigrad.engine.called import define, function_named
from guigrad.engine.compile import compile_node
from guigrad.engine.effects import SEEDS
from guigrad.engine.mixed import names_meta
from guigrad.engine.values import MISSING


class Cancelled(BaseException):
    """The run was stopped from outside."""


REGIONS: dict[str, Callable[..., Any]] = {
    "no_grad": torch.no_grad,
    "enable_grad": torch.enable_grad,
    "inference_mode": torch.inference_mode,
    "set_grad_enabled": torch.set_grad_enabled,
    "closure": nullcontext,  # a watched pass plays what is in it where it stands
}


class Plan:
    """A program ready to run. ``env`` holds the values by slot, ``steps`` the closure of each node.

    Thread: one at a time.
    """

    def __init__(
        self,
        document: Document,
        out: Callable[..., None] = print,
        cancelled: Callable[[], bool] | None = None,
        seed: int | None = None,
    ) -> None:
        self.env: list[Any] = []
        self.device: str | None = None
        self.out = out
        self.cancelled = cancelled
        self.seed = seed
        self.meta = False  # whether the program names the device without memory. See Note [Mixed devices]
        self.around: Callable[[str, Step], Step] | None = None
        self.steps: dict[str, Step] = {}
        self.running: list[Any] = []  # pairs of a block and how far it is
        self.failed: str | None = None
        self._slots: dict[tuple[str, int], int] = {}
        self._constants: dict[tuple[type, object], int] = {}
        self._updates: dict[str, tuple[tuple[int, int], ...]] = {}
        self._missing: dict[str, str] = {}
        self.document = document
        self._find_variables()
        self._compile(document.nodes)

    # --- places, for the closures ---

    def slot(self, wire: In) -> int:
        """The slot that a wire reads; -1 when it leads nowhere."""
        node = self.document.nodes.get(wire.node or "")
        if node is None:
            return -1
        if node.outputs:
            return self._at(node.id, wire.output) if wire.output < len(node.outputs) else -1
        return self._at(node.id, -1)

    def whole(self, node_id: str) -> int:
        """The slot of a node's whole value."""
        return self._at(node_id, -1)

    def constant(self, value: object) -> int:
        """A slot that always holds this value."""
        try:
            key = (type(value), repr(value) if isinstance(value, float | complex | tuple) else value)
            if key not in self._constants:
                self._constants[key] = self._new(value)
            return self._constants[key]
        except TypeError:
            return self._new(value)

    def may_miss(self, wire: In) -> str | None:
        """The name of the variable that a wire reads if it may have no value yet."""
        return self._missing.get(wire.node or "")

    def printer(self, *values: Any, **options: Any) -> None:
        """Where print goes."""
        self.out(*values, **options)

    # --- running ---

    def value(self, node_id: str) -> Any:
        """A node's whole value, MISSING before it ran."""
        at = self._slots.get((node_id, -1))
        return MISSING if at is None else self.env[at]

    def put(self, node_id: str, value: object) -> None:
        """Gives a node a value that was not computed here, outputs and variables included."""
        self.env[self.whole(node_id)] = value
        self._spread(node_id)()

    def read(self, wire: In) -> Any:
        """What a wire carries now."""
        at = self.slot(wire)
        return MISSING if at < 0 else self.env[at]

    def snapshot(self) -> Callable[[str, int], Any]:
        """All values as they are now: what gives one by (node id, output or -1), MISSING if there is none."""
        env, slots = self.env.copy(), self._slots  # a slot never moves, and those to come lie behind the copy

        def value(node_id: str, output: int) -> Any:
            at = slots.get((node_id, output), -1)
            return env[at] if 0 <= at < len(env) else MISSING

        return value

    @property
    def current(self) -> str | None:
        """The key of the item that is running."""
        return self.running[-1][0].key(self.running[-1][1]) if self.running else None

    @property
    def currents(self) -> tuple[str, ...]:
        """The keys of the items that are running, the outermost first."""
        return tuple([block.key(calls) for block, calls in tuple(self.running)])

    @cached_property
    def main(self) -> Block:
        """The whole program at full speed."""
        return self.block(self.document.program)

    def run(self) -> None:
        """Plays the whole program. Raises what a node raises; ``failed`` is then the key of its item."""
        self.failed = None
        self.running.clear()
        self.main.run()

    def clear(self) -> None:
        """Forgets every value."""
        for at in self._slots.values():
            self.env[at] = MISSING

    # --- following the document ---

    def change(self, diff: Diff) -> None:
        """Follows one change of the document; values of nodes that stay are kept."""
        before = self.document
        self.document = diff.apply(before)
        self.__dict__.pop("main", None)
        changed = dict.fromkeys(diff.nodes)
        for key, (old, new) in diff.nodes.items():
            if new is None:
                self.steps.pop(key, None)
            if new is None or old is None or old.outputs != new.outputs:
                changed.update(dict.fromkeys(self._readers(key)))
        if diff.program is not None or any(op_is_carry(old) or op_is_carry(new) for old, new in diff.nodes.values()):
            updates, missing = self._updates, self._missing
            self._find_variables()
            changed.update(
                dict.fromkeys(k for k in {*updates, *self._updates} if updates.get(k) != self._updates.get(k))
            )
            for key in missing.keys() ^ self._missing.keys():
                changed.update(dict.fromkeys(self._readers(key)))
        self._compile(key for key in changed if key in self.document.nodes)

    def _readers(self, key: str) -> Iterator[str]:
        return (node.id for node in self.document.nodes.values() if any(wire.node == key for wire in node.inputs()))

    def _compile(self, ids: Iterable[str]) -> None:
        for key in ids:
            node = self.document.nodes[key]
            self.steps[key] = self._step(node)
            self.meta = self.meta or names_meta(node)

    def _step(self, node: Node) -> Step:
        out = self.whole(node.id)
        if self.seed is not None and node.op in SEEDS:
            node = Node(node.id, node.op, (self.seed,), (), node.name, node.outputs)
        try:
            step = compile_node(node, self, out)
        except (Refused, ValueError, LookupError, AttributeError, TypeError, OverflowError) as error:
            step = raiser(
                error if isinstance(error, Refused) else Refused(f"{node.op} cannot be called like this: {error}")
            )
        if not node.outputs and (node.id not in self._updates or (op_is_carry(node) and not node.args)):
            return step  # what both branches of a choice give has no first value to pass on
        spread = self._spread(node.id)

        def both() -> None:
            step()
            spread()

        return both

    def _spread(self, node_id: str) -> Step:
        """What passes a node's new value on to its outputs and to the variables that it re-binds."""
        node, env, out = self.document.nodes[node_id], self.env, self.whole(node_id)
        outs = [self._at(node.id, k) for k in range(len(node.outputs))]
        copies = tuple(
            (outs[k] if outs else out, to) for k, to in self._updates.get(node_id, ()) if k < len(outs) or not outs
        )

        def spread() -> None:
            if outs:
                unpack(env[out], outs, env)
            for source, target in copies:
                env[target] = env[source]

        return spread

    def _at(self, node_id: str, output: int) -> int:
        key = (node_id, output)
        if key not in self._slots:
            self._slots[key] = self._new(MISSING)
        return self._slots[key]

    def _new(self, value: object) -> int:
        self.env.append(value)
        return len(self.env) - 1

    def _find_variables(self) -> None:
        """See Note [Variables]: who re-binds which variable, through variables of inner items too."""
        direct: dict[str, list[tuple[int, str]]] = {}
        nodes = self.document.nodes
        self._missing = {}
        for item in walk(self.document.program):
            if isinstance(item, Loop | Branch):
                for carry in item.carried:
                    for wire in carry.updates:
                        if wire.node is not None:
                            direct.setdefault(wire.node, []).append((wire.output, carry.port))
                    node = nodes.get(carry.port)
                    if (node is not None and (not node.args or node.args[0] == In(None))) or (
                        node is not None and isinstance(node.args[0], In) and node.args[0].node in self._missing
                    ):
                        self._missing[node.id] = node.name or node.id
        self._updates = {}
        for source, targets in direct.items():
            found: dict[tuple[int, int], None] = {}
            todo = list(targets)
            seen = set()
            while todo:
                output, port = todo.pop()
                if (output, port) in seen:
                    continue
                seen.add((output, port))
                found[(output, self.whole(port))] = None
                todo.extend((output, further) for _, further in direct.get(port, ()))
            self._updates[source] = tuple(found)

    # --- the tree ---

    def block(self, items: tuple[Item, ...]) -> Block:
        """Items as one list of closures."""
        calls: list[Step] = []
        keys: list[str] = []
        for count, item in enumerate(items):
            if self.cancelled is not None and count % 64 == 63:
                calls.append(self._check)
                keys.append("")
            match item:
                case Eval() | Effect():
                    call = self.steps.get(item.node) or raiser(Refused("the program names a node that is not there"))
                    calls.append(call if self.around is None else self.around(item.node, call))
                    keys.append(item.node)
                case Loop():
                    calls.append(self._loop(item))
                    keys.append(item.id)
                case Branch():
                    calls.append(self._branch(item))
                    keys.append(item.id)
                case Region(kind="closure"):
                    calls.append(define(self, item))
                    keys.append(item.id)
                case Region():
                    calls.append(self._region(item))
                    keys.append(item.id)
        return Block(self, calls, keys)

    def iterable(self, item: Loop) -> Callable[[], Any]:
        """What a loop runs over."""
        return self.reads(item.iter)

    def test(self, item: Branch) -> Callable[[], Any]:
        """What a branch asks."""
        return self.reads(item.test)

    def context(self, item: Region) -> Any:
        """The context manager of a region.

        Raises: Refused for an unknown kind.
        """
        if item.kind not in REGIONS:
            raise Refused(f"unknown region {item.kind}")
        args = [get() for get in (self.reads(value) for value in item.args)]
        return REGIONS[item.kind](*args)

    def starts(self, carried: tuple[Carried, ...]) -> list[Step]:
        """The closures that give an item's variables their first values."""
        return [self.steps[carry.port] for carry in carried if carry.port in self.steps]

    def loop_var(self, item: Loop) -> tuple[int, Step]:
        """The slot that a loop counts in, and what passes each value on."""
        return self.whole(item.var), self._spread(item.var)

    def passes_on(self, item: Loop) -> bool:
        """Whether the value that a loop counts with goes elsewhere too."""
        return bool(self.document.nodes[item.var].outputs) or item.var in self._updates

    def reads(self, value: Any) -> Callable[[], Any]:
        """What gives a template value."""
        if any(wire.node is None or self.slot(wire) < 0 for wire in wires_in(value)):
            return raiser(NotWired("nothing is wired to an input that it needs"))
        try:
            return getter(value, self)
        except Refused as error:
            return raiser(error)

    def _check(self) -> None:
        if self.cancelled is not None and self.cancelled():
            raise Cancelled

    def _loop(self, item: Loop) -> Step:
        env, body, over, starts = self.env, self.block(item.body), self.iterable(item), self.starts(item.carried)
        if item.var not in self.document.nodes:
            return raiser(Refused("the loop's variable is not there"))
        (var, passes), check = self.loop_var(item), self._check if self.cancelled is not None else None
        plain = not self.passes_on(item)

        def loop() -> None:
            for start in starts:
                start()
            for env[var] in over():
                if not plain:
                    passes()
                if check is not None:
                    check()
                try:
                    body.run()
                except BreakError:
                    break
                except LeftError:
                    continue

        return loop

    def _branch(self, item: Branch) -> Step:
        body, orelse, test = self.block(item.body), self.block(item.orelse), self.test(item)
        starts = self.starts(item.carried)

        def branch() -> None:
            for start in starts:
                start()
            if test():
                body.run()
            else:
                orelse.run()

        return branch

    def function_named(self, key: str) -> Callable[[], Any]:
        """The function of the closure that a node is."""
        return function_named(self, key)

    def _region(self, item: Region) -> Step:
        body = self.block(item.body)

        def region() -> None:
            with self.context(item):
                body.run()

        return region


def op_is_carry(node: Node | None) -> bool:
    """A node that is a variable of a loop or branch."""
    return node is not None and node.op == "python.carry"
