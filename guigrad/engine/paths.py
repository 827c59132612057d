"""A gradient as the sum over all paths between two nodes, each the product of the local Jacobians on it.

Note [Many paths]
The number of paths is counted exactly, node by node. Their sum needs no path at all: by the distributive law it is what pulling back wire
by wire gives, which is what autograd does; here each wire pulls by its op alone, and the result is held against autograd's. The largest
paths are found by the products of the wires' norms (between scalars these are the paths' own magnitudes, so they are exactly the largest);
then each one's product is worked out and they are put in order by it.
"""

from __future__ import annotations

import heapq
import math
import time
from typing import TYPE_CHECKING, NamedTuple

import torch

from guigrad.document.problem import Problem
from guigrad.engine.between import NoFunction, Place
from guigrad.engine.jacobian import blamed, jacobian, pair, stop_if_asked
from guigrad.engine.local import Grads, Step, Way
from guigrad.engine.values import array_of, tensor_of
from guigrad.run.derivative import AskPaths, Hop, Path, Paths

if TYPE_CHECKING:
    from guigrad.engine.play import Engine

WHOLE = 200
"""Up to so many paths all are followed."""
ROWS = 64
ENTRIES = 1 << 20
"""Entries of a matrix that is pulled back, at most: of a larger output fewer rows are looked at."""
LARGEST = 1 << 22
SENT = 4096
"""Products of more entries are told by their norm alone."""
SECONDS = 3.0
"""How long single paths are followed."""
TOLERANCE = {torch.float64: 1e-9, torch.complex128: 1e-9, torch.float32: 1e-4, torch.complex64: 1e-4}


def paths(engine: Engine, asked: AskPaths) -> Paths:
    """All ways from ``wrt`` to ``of``. See Note [Many paths].

    Nothing raises but Cancelled; what cannot be had is told in ``problems``. Thread: the engine's.
    """
    of, wrt = asked.of, asked.wrt
    found = pair(engine, of, wrt)
    if isinstance(found, Problem):
        return Paths(of, wrt, problems=(found,))
    output, source = found
    full = (output.numel(), source.numel())
    end, start = engine.names.find(of), engine.names.find(wrt)
    assert end is not None
    assert start is not None
    try:
        way = Way(engine, start[0], end[0])
        if not full[0] or not full[1]:
            return Paths(
                of, wrt, full=full, problems=(Problem(f"{of if not full[0] else wrt} has no entries.", "autograd"),)
            )
        largest = max((x.numel() for key in way.keys for x in way.elements(key)), default=1)
        if largest > LARGEST:
            text = f"A tensor on the way has {largest:,} entries: paths are followed through up to {LARGEST:,}."
            return Paths(of, wrt, full=full, problems=(Problem(text, "memory"),))
        count = max(1, min(ROWS, full[0], ENTRIES // max(largest, 1)))
        rows = (
            range(full[0])
            if count >= full[0]
            else [round(at * (full[0] - 1) / max(count - 1, 1)) for at in range(count)]
        )
        truth = jacobian(engine, of, wrt, rows=tuple(rows), columns=range(full[1]))
        if truth.values is None:
            return Paths(of, wrt, full=full, cut=tuple(way.cut), problems=truth.problems)
        sum_ = _Sum(engine, way, start, end, output, list(rows))
        return sum_.answer(asked, full, tensor_of(truth.values))
    except NoFunction as error:
        return Paths(of, wrt, full=full, problems=(Problem(str(error), "autograd"),))
    except Exception as error:
        return Paths(of, wrt, full=full, problems=(blamed(engine, of, error),))


class _Tail(NamedTuple):
    """One way on from a node: the logarithm of its size, its first wire, and which way on from there it takes."""

    size: float
    step: Step | None
    rank: int


class _Sum:
    """One question's work."""

    def __init__(
        self, engine: Engine, way: Way, start: Place, end: Place, output: torch.Tensor, rows: list[int]
    ) -> None:
        self._engine, self._way, self._rows = engine, way, rows
        self._start, self._end = start[0], end[0]
        self._slots = way.slots(*start)
        way.weigh()
        self._out: dict[str, list[Step]] = {}
        for step in way.steps:
            if step.source == self._start and not set(step.slots) & set(self._slots):
                continue  # it carries another output
            self._out.setdefault(step.source, []).append(step)
        basis = torch.zeros(len(rows), output.numel(), dtype=output.dtype, device=output.device)
        basis[torch.arange(len(rows)), torch.tensor(rows, dtype=torch.int64)] = 1
        ends = way.slots(*end)
        self._seed: Grads = [basis if at in ends else None for at in range(len(way.elements(self._end)))]

    def answer(self, asked: AskPaths, full: tuple[int, int], truth: torch.Tensor) -> Paths:
        count = self._count()
        whole = count <= WHOLE
        found = self._follow(self._rank(max(count, 1) if whole else 2 * asked.best))
        found.sort(key=lambda path: -path.size)
        total = self._total(truth)
        same = (total == truth) | (total.isnan() & truth.isnan())
        difference = float((total - truth)[~same].abs().max()) if not same.all() else 0.0
        size = float(truth.abs().nan_to_num(0.0, 0.0, 0.0).max())
        scale = max([size, *(path.size for path in found)], default=0.0)
        agrees = difference <= TOLERANCE.get(truth.dtype, 0.05) * max(scale, 1e-30) or difference == 0.0
        sent = truth.numel() <= SENT
        shown = found if whole else found[: asked.best]
        wires = dict.fromkeys((step.source, step.target, step.path) for step in self._way.steps)
        return Paths(
            asked.of, asked.wrt, count, tuple(shown), whole and len(found) == count, tuple(wires),
            array_of(total) if sent else None, array_of(truth) if sent else None, difference, size, agrees, full,
            tuple(self._rows), tuple(self._way.cut),
        )  # fmt: skip

    def _count(self) -> int:
        """How many paths there are."""
        ways = {self._end: 1}
        for key in reversed(self._way.keys):
            if key != self._end:
                ways[key] = sum(ways.get(step.target, 0) for step in self._out.get(key, ()))
        return ways.get(self._start, 0) if self._start != self._end else 1

    def _rank(self, best: int) -> dict[str, list[_Tail]]:
        """For each node the ways on from it whose norms have the largest products, the largest first."""
        tails: dict[str, list[_Tail]] = {self._end: [_Tail(0.0, None, 0)]}
        for key in reversed(self._way.keys):
            if key != self._end:
                stop_if_asked(self._engine)
                on = (
                    _Tail(_log(step.norm) + tail.size, step, rank)
                    for step in self._out.get(key, ())
                    for rank, tail in enumerate(tails.get(step.target, ()))
                )
                tails[key] = heapq.nlargest(best, on, key=lambda tail: tail.size)
        return tails

    def _follow(self, tails: dict[str, list[_Tail]]) -> list[Path]:
        """Each path's product, as many as there is time for; paths with one end share the work of it."""
        until = time.monotonic() + SECONDS
        known: dict[tuple[str, int], Grads | None] = {(self._end, 0): self._seed}
        kept = 0
        found = []
        for rank in range(len(tails.get(self._start, ()))):
            steps, places = [], [(self._start, rank)]
            while (tail := tails[places[-1][0]][places[-1][1]]).step is not None:
                steps.append(tail.step)
                places.append((tail.step.target, tail.rank))
            grads: Grads | None = self._seed
            for place, step in zip(reversed(places[:-1]), reversed(steps), strict=True):
                if place in known:
                    grads = known[place]
                    continue
                pulled = None if grads is None else step.pull(grads)
                grads = None if pulled is None else _place(step.slots, pulled, len(self._way.elements(place[0])))
                size = sum(g.numel() for g in grads or () if g is not None)
                if kept + size <= 4 * ENTRIES:
                    known[place] = grads
                    kept += size
            stop_if_asked(self._engine)
            found.append(self._path(steps, self._at_start(grads)))
            if time.monotonic() > until:
                break
        return found

    def _at_start(self, grads: Grads | None) -> torch.Tensor | None:
        parts = [grads[at] for at in self._slots if grads is not None]
        found = [part for part in parts if part is not None]
        return torch.cat(found, 1) if found else None

    def _path(self, steps: list[Step], product: torch.Tensor | None) -> Path:
        hops = tuple(
            Hop(
                step.source, step.target, step.path, self._engine.label(step.target),
                step.norm if step.factor is None or step.factor.is_complex() else float(step.factor), step.factor is not None, step.about,
            )
            for step in steps
        )  # fmt: skip
        if product is None:
            return Path(hops)
        size = float(product.abs().double().square().sum()) ** 0.5
        return Path(hops, array_of(product) if product.numel() <= SENT else None, size)

    def _total(self, truth: torch.Tensor) -> torch.Tensor:
        """The sum over all paths. See Note [Many paths]."""
        sums: dict[str, Grads] = {self._end: list(self._seed)}
        for key in reversed(self._way.keys):
            if key == self._end:
                continue
            stop_if_asked(self._engine)
            total: Grads = [None] * len(self._way.elements(key))
            for step in self._out.get(key, ()):
                arrived = sums.get(step.target)
                pulled = None if arrived is None else step.pull(arrived)
                for at, grad in zip(step.slots, pulled or (), strict=bool(pulled)):
                    before = total[at]
                    total[at] = grad if before is None else before if grad is None else before + grad
            sums[key] = total
            if key == self._start:
                break
        found = self._at_start(sums.get(self._start))
        return torch.zeros_like(truth) if found is None else found.to(truth.dtype)


def _place(slots: tuple[int, ...], grads: Grads, count: int) -> Grads:
    found: Grads = [None] * count
    for at, grad in zip(slots, grads, strict=True):
        found[at] = grad
    return found


def _log(norm: float) -> float:
    return math.log(norm) if 0 < norm < math.inf else -1e9 if norm == 0 else 1e9
