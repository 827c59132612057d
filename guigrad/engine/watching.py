"""Numbers that a training tells of each step: a loss, a norm, a gradient, how far a weight moved."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import torch

from guigrad.document.closures import closures
from guigrad.document.model import In, Loop, walk
from guigrad.document.tree import defined
from guigrad.engine.phases import Piece, losses, step_loops
from guigrad.engine.values import MISSING, is_leaf, tensors_in
from guigrad.run.training import Until, Watch

if TYPE_CHECKING:
    from guigrad.engine.play import Engine

Read = Callable[[], float]


def reader(engine: Engine, watch: Watch) -> Read | None:
    """What reads the number of a watch; None when its node is not there. Thread: the engine's."""
    place = engine.names.find(watch.label)
    if place is None:
        return _entry(engine, watch)
    key, output = place
    plan = engine.plan
    outputs = engine.document.nodes[key].outputs
    at = plan.slot(In(key, output or 0)) if outputs and output is not None else plan.whole(key)
    env, pick = plan.env, None if outputs or output is None else output
    if watch.of == "update":
        return _Update(env, at)
    of_grad, stat = watch.of == "grad", watch.stat
    entry = _entry(engine, watch) if pick is not None else None

    def read() -> float:
        value = env[at]
        if entry is not None and isinstance(value, torch.Tensor):
            return entry()
        if pick is not None:
            value = value[pick] if isinstance(value, tuple | list) and pick < len(value) else MISSING
        if of_grad:
            if not isinstance(value, torch.Tensor) or not (is_leaf(value) or value.retains_grad):
                return math.nan
            value = value.grad
        return number(value, stat)

    if not of_grad and not stat and pick is None:
        return lambda: _scalar(env[at])
    return read


def _entry(engine: Engine, watch: Watch) -> Read | None:
    """What reads one entry of a tensor, ``w[0, 1]``."""
    name, bracket, rest = watch.label.partition("[")
    place = engine.names.find(name)
    parts = rest.removesuffix("]").split(",")
    if not bracket or place is None or watch.of == "update" or not all(part.strip().isdecimal() for part in parts):
        return None
    env, at, index = engine.plan.env, engine.plan.whole(place[0]), tuple(map(int, parts))

    def read() -> float:
        value = env[at]
        if isinstance(value, torch.Tensor) and watch.of == "grad":
            value = value.grad if is_leaf(value) else None
        if not isinstance(value, torch.Tensor) or value.ndim != len(index):
            return math.nan
        fits = all(one < size for one, size in zip(index, value.shape, strict=True))
        return number(value.detach()[index], watch.stat) if fits else math.nan

    return read


def number(value: Any, stat: str = "") -> float:
    """A statistic of a tensor, or the number that it or a Python value is; NaN where there is none. Of several elements it is their mean."""
    if not isinstance(value, torch.Tensor):
        if isinstance(value, bool | int | float):
            return float(value)
        found = tensors_in(value)
        if stat == "norm" and found:
            return math.hypot(*[number(tensor, "norm") for tensor in found])
        return math.nan
    try:
        if not stat and value.numel() == 1:
            plain = value.item()
            return float(abs(plain) if isinstance(plain, complex) else plain)
        return _statistic(value.detach(), stat or "mean")
    except (RuntimeError, ValueError, OverflowError, TypeError):  # no strided numbers, or none at all
        return math.nan


def _scalar(value: Any) -> float:
    """The same as ``number``; quick for what a loss mostly is."""
    if type(value) is torch.Tensor:
        try:
            plain = value.item()
        except (RuntimeError, ValueError):  # of several elements
            return number(value)
        if type(plain) is float:
            return plain
    return number(value)


def _statistic(value: torch.Tensor, stat: str) -> float:
    if value.is_sparse:
        value = value.to_dense()
    if value.is_complex():
        value = value.abs()
    if not value.is_floating_point():
        value = value.double()
    match stat:
        case "norm":
            return float(torch.linalg.vector_norm(value))
        case "mean":
            return float(value.mean())
        case "std":
            return float(value.std(correction=0))
        case "min":
            return float(value.min())
        case "max":
            return float(value.max())
        case _:
            return float(value.abs().max())


class _Update:
    """The norm of what a step changed against the norm of what was there."""

    def __init__(self, env: list[Any], at: int) -> None:
        self._env, self._at = env, at
        self._before: torch.Tensor | None = None

    def __call__(self) -> float:
        value = self._env[self._at]
        if not isinstance(value, torch.Tensor):
            return math.nan
        before, now = self._before, value.detach().clone()
        self._before = now
        if before is None or before.shape != now.shape:
            return math.nan
        size = number(before, "norm")
        return number(now - before, "norm") / size if size else math.nan


def first_bad(engine: Engine, wire: In) -> tuple[str, str] | None:
    """Where the NaN (or infinity) of a value came up: (node id, "nan" or "inf"); None if it is finite.

    Goes back from the value along the inputs that hold the same, so that a mask of infinities on the way is not blamed.
    """
    plan, nodes = engine.plan, engine.document.nodes
    kind = _bad(plan.read(wire))
    if not kind or wire.node is None:
        return None
    key, seen = wire.node, {wire.node}
    while True:
        node = nodes[key]
        inputs = [one for one in node.inputs() if one.node is not None and one.node not in seen and one.node in nodes]
        source = next((one for one in inputs if _has(plan.read(one), kind)), None)
        if source is None or source.node is None:
            source = next(
                (
                    In(maker)
                    for maker in engine.state.updates(key)
                    if maker not in seen and maker in nodes and _has(plan.value(maker), kind)
                ),
                None,
            )
        if source is None or source.node is None:
            return key, kind
        key = source.node
        seen.add(key)


def _bad(value: Any) -> str:
    return "nan" if _has(value, "nan") else "inf" if _has(value, "inf") else ""


def _has(value: Any, kind: str) -> bool:
    if isinstance(value, float):
        return math.isnan(value) if kind == "nan" else math.isinf(value)
    test = torch.isnan if kind == "nan" else torch.isinf
    try:
        return any(bool(test(tensor.detach()).any()) for tensor in tensors_in(value))
    except RuntimeError:
        return False


Names = tuple[str, ...]
Columns = tuple[tuple[float, ...], ...]
Told = tuple[Names, Columns, Names, Columns, tuple[float, ...]]


class Readers:
    """The numbers that are told of each step. ``roots``: what backward starts from; ``judged``: what the condition asks for."""

    def __init__(
        self, engine: Engine, watches: tuple[Watch, ...] | None, until: Until | None, trace: tuple[Watch, ...] = ()
    ) -> None:
        self.engine = engine
        self.roots, losses_ = engine.state.known("losses", lambda: _losses(engine))
        self.until = until
        self.watches = list(watches if watches is not None else losses_)
        self._at_until = -1
        if until is not None and until.watch is not None:
            if until.watch not in self.watches:
                self.watches.append(until.watch)
            self._at_until = self.watches.index(until.watch)
        self._shown = len(self.watches)
        self.origin: tuple[float, ...] = ()
        self.watches += trace
        self.columns: list[list[float]] = [[] for _ in self.watches]
        self.reads: list[tuple[Read, list[float]]] = []
        self.early: list[tuple[Read, list[float]]] = []
        self.late: list[tuple[Read, list[float]]] = []
        self.stops, self.clean = True, True
        within = {key for item in closures(engine.document).values() for key in defined(item)}
        self.phase = (
            "step" if any(root.node in within for root in self.roots) else "forward"
        )  # behind which a loss is looked at

    def open(self, start: bool = False) -> None:
        """Finds where the numbers lie, in the document as it is now; at the ``start`` what is traced is read at once."""
        engine = self.engine
        for watch, column in zip(self.watches, self.columns, strict=True):
            read = reader(engine, watch)
            if read is None:
                engine.say(f"There is no node {watch.label!r} to watch in this document.", kind="name")
                read = _nothing
            one = (read, column)
            self.reads.append(one)
            (self.early if watch.of == "grad" and self.phase == "forward" else self.late).append(one)
        if start:
            self.origin = tuple([read() for read, _ in self.reads[self._shown :]])
        plan = engine.plan
        self._env = plan.env
        self._slots = tuple(at for at in map(plan.slot, self.roots) if at >= 0)
        self._only = self._slots[0] if len(self._slots) == 1 else None

    @property
    def told(self) -> Told:
        """What is watched and its numbers, what is traced, its numbers, and those before the first step."""
        names, columns, shown = (
            tuple([watch.text for watch in self.watches]), tuple(map(tuple, self.columns)), self._shown
        )  # fmt: skip
        return names[:shown], columns[:shown], names[shown:], columns[shown:], self.origin

    @property
    def judged(self) -> float:
        """What the condition compares."""
        return self.columns[self._at_until][-1]

    def after(self, piece: Piece) -> str:
        """A piece of a step has been played: gradients are read before anything empties them, a bad loss ends it before it does harm."""
        if piece.phase == "backward" and piece.last and self.early:
            for read, column in self.early:
                column.append(read())
        if piece.phase == self.phase and (piece.last or self.phase == "step") and self.is_bad():
            return "nan"
        return ""

    def is_bad(self) -> bool:
        """Whether to stop behind the forward part of a step."""
        if self._only is not None:
            try:
                if math.isfinite(self._env[self._only].item()):
                    self.clean = True
                    return False
            except (AttributeError, RuntimeError, TypeError, ValueError):  # not one real number
                pass
        self.clean = self._finite()
        return self.stops and not self.clean

    def _finite(self) -> bool:
        for at in self._slots:
            value = self._env[at]
            try:
                if value.numel() == 1:
                    if not cmath.isfinite(value.item()):
                        return False
                elif not bool(torch.isfinite(value.detach()).all()):
                    return False
            except (AttributeError, RuntimeError, TypeError, ValueError):
                continue
        return True

    def row(self, step: int) -> None:
        """A step has ended."""
        for read, column in self.late:
            column.append(read())
        if self.early:
            count = max(map(len, self.columns))
            for _, column in self.early:
                if len(column) < count:  # a step without a backward of its own
                    column.append(math.nan)


def _nothing() -> float:
    return math.nan


def _roots(engine: Engine) -> Iterator[In]:
    document, roles = engine.document, engine.state.roles
    loops = loops_of(engine)
    for item in walk(document.program):
        if isinstance(item, Loop) and item.id in loops:
            yield from losses(document, item, roles)


def _given(engine: Engine, root: In) -> tuple[In, ...]:
    """What a step that calls a function gives for the loss in it, where that has a name: the loss that the step began with."""
    document = engine.document
    keys = [key for key, region in closures(document).items() if root.node in set(defined(region))]
    steps = [node for node in document.nodes.values() if node.name and any(wire.node in keys for wire in node.inputs())]
    return tuple(In(node.id) for node in steps if keys) or (root,)


def _losses(engine: Engine) -> tuple[tuple[In, ...], tuple[Watch, ...]]:
    return tuple(dict.fromkeys(_roots(engine))), default_watches(engine)


def loops_of(engine: Engine) -> tuple[str, ...]:
    """The loops that train, found once for each program."""
    found: tuple[str, ...] = engine.state.known("loops", lambda: step_loops(engine.document, engine.state.roles))
    return found


def default_watches(engine: Engine) -> tuple[Watch, ...]:
    """The losses: what the backwards of a step start from, by the names that they have after the step."""
    found: dict[Watch, None] = {}
    carries = {
        (wire.node, wire.output): carry.port
        for item in walk(engine.document.program)
        if isinstance(item, Loop)
        for carry in item.carried
        for wire in carry.updates
    }
    for wire in dict.fromkeys(one for root in _roots(engine) for one in _given(engine, root)):
        key = wire.node or ""
        node = engine.document.nodes.get(key)
        if node is None:
            continue
        port = carries.get((key, wire.output))
        while port is not None and (port, 0) in carries:
            port = carries[port, 0]
        label = engine.label(port or key)
        if node.outputs and port is None:
            label = f"{label}[{wire.output}]"
        found[Watch(label)] = None
    return tuple(found)
