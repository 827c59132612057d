"""A program at points that are not its own: decision boundaries, fitted curves, predictions. See AskField in run/field.

Note [Fields]
The very program is played: its own closures, in the order in which it has them, from the input to the output; nothing is derived from it. Of the items
those run that depend on the input and that the output needs; a loop that leads to the output (the training loop) is entered as if its round had
just begun, a loop on the way is run as a whole. The values lie in the plan's own slots meanwhile, and those that lay there are put back. What would change a
tensor that does not come from the input is refused.
"""

from __future__ import annotations

import warnings
from time import perf_counter
from typing import TYPE_CHECKING, Any

import torch
from msgspec import structs

from guigrad.document.array import ArrayData
from guigrad.document.closures import inner as played_by
from guigrad.document.closures import is_closure
from guigrad.document.model import Branch, Effect, Eval, In, Item, Loop, Region, item_inputs, item_key, walk
from guigrad.engine.again import again
from guigrad.engine.block import Block
from guigrad.engine.build import Cancelled
from guigrad.engine.values import array_of, tensor_of
from guigrad.run.field import ROWS, AskField, Field

if TYPE_CHECKING:
    from guigrad.engine.play import Engine

CHUNK = 1 << 14
"""Points that are fed in at once."""
MOST_CHUNKS = 400
"""A program that takes batches of one size alone is played so often at most."""
TRIED = 3
WRITTEN = ("torch.tensor", "tensor.data")


class NoField(ValueError):
    """The part between two nodes cannot be played by itself; the text says why."""


def field(engine: Engine, question: AskField) -> Field:
    """The answer; ``reason`` tells why where there is none. Raises: Cancelled. Thread: the engine's."""
    began = perf_counter()
    found = Field(question.start, question.end, mark=question.mark)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they are about a batch that nobody has written
            found = _field(engine, question, found)
    except NoField as error:
        found = structs.replace(found, reason=str(error))
    except (RuntimeError, TypeError, ValueError, IndexError, KeyError, AttributeError) as error:
        words = str(error).strip().split("\n")[0]
        found = structs.replace(found, reason=f"{type(error).__name__}: {words}")
    step = engine.training.step if engine.training is not None else 0
    return structs.replace(found, step=step, seconds=perf_counter() - began)


def _field(engine: Engine, question: AskField, found: Field) -> Field:
    data, total = _rows(engine, question.data, question.rows)
    targets, _ = _rows(engine, question.targets, question.rows)
    found = structs.replace(
        found,
        data=None if data is None else array_of(data),
        targets=None if targets is None else array_of(targets),
        total=total,
    )
    if not question.end:
        return found
    way = Way(engine, question.start, question.end)
    found = structs.replace(found, reads=way.reads)
    points = data if question.points is None else tensor_of(question.points)
    if points is None:
        raise NoField("There are no rows to feed in yet.")
    with way.given(question.given):
        fed = way.like_input(points)
        count = way.fixed(fed)
        found_pieces = []
        for piece in _cut(fed, count):
            if engine.cancelled is not None and engine.cancelled():
                raise Cancelled
            found_pieces.append(way(piece))
        values = torch.cat(found_pieces)[: len(fed)]
        mixes = not count and way.mixes(fed, values)
    return structs.replace(found, values=array_of(values.detach().cpu().contiguous()), fixed=count, mixes=mixes)


def _cut(points: torch.Tensor, count: int) -> list[torch.Tensor]:
    if not count:
        return list(torch.split(points, CHUNK))
    if len(points) > count * MOST_CHUNKS:
        raise NoField(f"The program takes {count} rows at a time alone, which is too few for {len(points):,} points.")
    short = -len(points) % count
    padded = torch.cat([points, points[-1:].expand(short, *points.shape[1:])]) if short else points
    return list(torch.split(padded, count))


def _rows(engine: Engine, key: str, rows: tuple[int, int]) -> tuple[torch.Tensor | None, int]:
    if not key:
        return None, 0
    value = _written(engine, key)
    if not isinstance(value, torch.Tensor) or not value.ndim or value.layout is not torch.strided:
        return None, 0
    low = max(0, rows[0])
    return value.detach()[low : max(low, min(rows[1], low + ROWS))], len(value)


def _written(engine: Engine, key: str) -> object:
    """The value of a node; of a leaf that was edited since what it will be."""
    place = engine.names.find(key)
    node = engine.document.nodes.get(place[0]) if place is not None else None
    if (
        node is not None
        and node.op in WRITTEN
        and engine.state.status.get(node.id) != "fresh"
        and not any(node.inputs())
    ):
        return again(node, (), engine.plan.device)
    return engine.value(key)


class Way:
    """The part of a program from ``start`` to ``end``; ``way(x)`` is what ``end`` would be.

    Raises: NoField.
    """

    def __init__(self, engine: Engine, start: str, end: str) -> None:
        self._engine, self._plan = engine, engine.plan
        self._start, self._end = self._place(start), self._place(end)
        last = self._end.node or ""
        self._depends = {self._start.node or ""}
        items = self._leading(engine.document.program, last)
        if last not in self._depends or last == self._start.node:
            raise NoField(f"{end} does not depend on {start}.")
        self._items = self._needed(items, last)
        self._block: Block | None = None
        inside = {key for item in walk(self._items) for key in self._made(item)}
        reads = dict.fromkeys(
            wire.node
            for item in walk(self._items)
            for wire in item_inputs(engine.document, item)
            if wire.node is not None and wire.node not in inside and wire.node != self._start.node
        )
        self.reads: tuple[str, ...] = tuple(reads)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        plan, env = self._plan, self._plan.env
        kept, running, failed = env.copy(), list(plan.running), plan.failed
        try:
            if self._block is None:
                self._block = plan.block(self._items)
                kept += env[len(kept) :]  # constants of closures that were made now
            plan.running.clear()
            env[plan.slot(self._start)] = x.clone()  # the program may change it in place
            with torch.no_grad():
                self._block.run()
            found = plan.read(self._end)
        finally:
            env[: len(kept)] = kept
            plan.running[:], plan.failed = running, failed
        if not isinstance(found, torch.Tensor):
            raise NoField(f"{self._label(self._end)} is no tensor.")
        if found.ndim == 0 or len(found) != len(x):
            shape = tuple(found.shape)
            raise NoField(f"{self._label(self._end)} gives {shape} for {len(x)} points, not one row for each.")
        return found.detach()

    def given(self, values: tuple[tuple[str, ArrayData], ...]) -> _Given:
        """Around calls: these values in place of those that there are."""
        return _Given(self._plan, values)

    def like_input(self, points: torch.Tensor) -> torch.Tensor:
        """Points in the dtype, device and row shape of the input."""
        value = self._plan.read(self._start)
        if not isinstance(value, torch.Tensor):
            raise NoField(f"{self._label(self._start)} has no value yet: run Forward first.")
        points = points.to(value.device, value.dtype)
        row = tuple(value.shape[1:]) if value.ndim else ()
        if points[0].numel() != torch.Size(row).numel():
            raise NoField(
                f"A row of {self._label(self._start)} has {torch.Size(row).numel()} entries, not {points[0].numel()}."
            )
        return points.reshape(len(points), *row)

    def fixed(self, points: torch.Tensor) -> int:
        """How many rows the program takes at a time; 0: any number."""
        value: Any = self._plan.read(self._start)
        try:
            self(points[:TRIED])
            if len(points) > TRIED:
                self(points[: TRIED + 1])
            return 0
        except (RuntimeError, ValueError, IndexError) as error:
            first = error
        try:
            self(points[:1].expand(len(value), *points.shape[1:]))
        except (RuntimeError, ValueError, IndexError):
            raise first from None
        return len(value)

    def mixes(self, points: torch.Tensor, values: torch.Tensor) -> bool:
        """Whether the value at a point depends on the points beside it."""
        alone = torch.cat([self(points[at : at + 1]) for at in range(min(TRIED, len(points)))])
        near = values[: len(alone)]
        if near.dtype.is_floating_point or near.dtype.is_complex:
            return not bool(torch.isclose(alone, near, rtol=1e-3, atol=1e-5, equal_nan=True).all())
        return not bool((alone == near).all())

    # --- which items ---

    def _place(self, label: str) -> In:
        place = self._engine.names.find(label)
        if place is None:
            raise NoField(f"There is no node {label!r}.")
        key, state = place[0], self._engine.state
        for item in walk(self._engine.document.program):  # what a training loop leaves behind is what its round makes
            ports = {carry.port: carry.updates for carry in getattr(item, "carried", ())}
            inside = [one.node for one in walk((item,)) if isinstance(one, Eval | Effect)]
            if ports.get(key) and any(state.role(one) != "play" for one in inside):
                wire = ports[key][-1]
                key = wire.node or key
        return In(key, place[1] or 0)

    def _label(self, wire: In) -> str:
        return self._engine.label(wire.node or "")

    def _made(self, item: Item) -> list[str]:
        found = [carry.port for carry in getattr(item, "carried", ())]
        if isinstance(item, Eval | Effect):
            found.append(item.node)
        elif isinstance(item, Loop):
            found.append(item.var)
        return found

    def _leading(self, items: tuple[Item, ...], last: str) -> tuple[Item, ...]:
        """The items up to the output that depend on the input."""
        found: list[Item] = []
        for item in items:
            here = {key for inner in walk((item,)) for key in self._made(inner)}
            if isinstance(item, Eval | Effect):
                if self._takes(item):
                    found.append(item)
                    self._depends.add(item.node)
            elif isinstance(item, Region) and is_closure(item):  # what a step plays is played where it stands
                found += self._leading(played_by(self._engine.document, item), last)
            elif isinstance(item, Region):
                body = self._leading(item.body, last)
                if body:
                    found.append(structs.replace(item, body=body))
            elif last in here and last not in {carry.port for carry in item.carried}:
                found += self._leading(self._arm(item, last), last)  # entered: as in a round that has just begun
            elif self._touches(item):
                self._check(item)
                found.append(item)
                self._depends |= here
            if last in here:
                break
        return tuple(found)

    def _arm(self, item: Loop | Branch, last: str) -> tuple[Item, ...]:
        if isinstance(item, Loop):
            return item.body
        inside = {key for inner in walk(item.body) for key in self._made(inner)}
        return item.body if last in inside else item.orelse

    def _reads_it(self, item: Item) -> bool:
        return any(wire.node in self._depends for wire in item_inputs(self._engine.document, item))

    def _touches(self, item: Item) -> bool:
        return any(self._reads_it(inner) for inner in walk((item,)))

    def _takes(self, item: Eval | Effect) -> bool:
        """Whether an item is played: what depends on the input and is part of forward."""
        state = self._engine.state
        if not self._reads_it(item) or item.node == self._start.node or state.role(item.node) != "play":
            return False
        facts = state.facts(item.node)
        return not facts.changes or self._own(item)  # what it makes of something else stays as it is

    def _own(self, item: Eval | Effect) -> bool:
        node = self._engine.document.nodes[item.node]
        target = dict(node.kwargs).get("out", node.args[0] if node.args else None)
        return isinstance(target, In) and target.node in self._depends

    def _check(self, item: Item) -> None:
        """A loop or branch that is run as a whole changes nothing that does not come from the input."""
        inside = {key for inner in walk((item,)) for key in self._made(inner)}
        for inner in walk((item,)):
            if not isinstance(inner, Eval | Effect):
                continue
            node, state = self._engine.document.nodes[inner.node], self._engine.state
            target = node.args[0] if node.args else None
            mine = isinstance(target, In) and (target.node in inside or target.node in self._depends)
            if state.role(inner.node) != "play" or (state.facts(inner.node).changes and not mine):
                label = self._engine.label(inner.node)
                raise NoField(f"{label} stands in a loop or branch on the way and does more than compute.")

    def _needed(self, items: tuple[Item, ...], last: str) -> tuple[Item, ...]:
        """Of items those that the output needs, and what changes their tensors in place."""
        needed = {last}

        def cut(items: tuple[Item, ...]) -> tuple[Item, ...]:
            found: list[Item] = []
            for item in reversed(items):
                if isinstance(item, Region):
                    body = cut(item.body)
                    if body:
                        found.append(structs.replace(item, body=body))
                    continue
                made = {key for inner in walk((item,)) for key in self._made(inner)}
                moves = isinstance(item, Eval | Effect) and self._engine.state.facts(item_key(item)).changes
                if made & needed or moves:
                    found.append(item)
                    for inner in walk((item,)):
                        needed.update(
                            wire.node for wire in item_inputs(self._engine.document, inner) if wire.node is not None
                        )
            return tuple(reversed(found))

        return cut(items)


class _Given:
    """Other values in the place of those of nodes, put back afterwards. A tensor gets other numbers, so that lists that hold it see them too."""

    def __init__(self, plan: Any, values: tuple[tuple[str, ArrayData], ...]) -> None:
        self._plan, self._values = plan, values
        self._kept: list[Any] = []
        self._data: list[tuple[torch.Tensor, torch.Tensor]] = []

    def __enter__(self) -> None:
        plan = self._plan
        self._kept = plan.env.copy()
        for key, data in self._values:
            if key not in plan.document.nodes or plan.document.nodes[key].outputs:
                continue
            at = plan.whole(key)
            now = plan.env[at]
            value = tensor_of(data)
            if not isinstance(now, torch.Tensor) or now.is_inference():
                plan.env[at] = value
            elif (now.shape, now.dtype) != (value.shape, value.dtype):
                plan.env[at] = value.to(now.device)
            else:
                self._data.append((now, now.data))
                now.data = value.to(now.device)

    def __exit__(self, *_: object) -> None:
        self._plan.env[: len(self._kept)] = self._kept
        for tensor, data in reversed(self._data):
            tensor.data = data
