"""The parameters of a training at the end of a step: histograms, norms, how far they moved. See Sketch in run/sketch."""

from __future__ import annotations

import array
import math
from time import perf_counter
from typing import TYPE_CHECKING, Any

import torch

from guigrad.engine.summary import pieces, spread, summed
from guigrad.engine.values import is_leaf, tensors_in
from guigrad.run.sketch import PARAMETERS, Bins, Sketch, Spot, bare

if TYPE_CHECKING:
    from guigrad.engine.play import Engine

SHARE = 20
"""Sketches take no more than such a part of the time."""
COPIED = 1 << 24
"""Entries of all parameters together that are copied to see how far a step moves them."""


class Sketcher:
    """Looks at the parameters before and after a step that is shown. Thread: the engine's."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._before: dict[str, torch.Tensor] = {}
        self._step = -1
        self._next = self._cost = 0.0

    def begin(self, step: int) -> None:
        """The step after ``step`` is about to be played, and will be looked at unless that took too much of the time lately."""
        began = perf_counter()
        if began < self._next:
            return
        self._before, self._step = {}, step
        found = parameters(self.engine)
        if sum(value.numel() for value in found.values()) <= COPIED:
            self._before = {key: value.detach().clone() for key, value in found.items()}
        self._cost = perf_counter() - began

    @torch.no_grad()
    def take(self, step: int, bins: bool) -> Sketch:
        """The parameters as they are at the end of a step; empty where its beginning was not looked at."""
        if self._step + 1 != step:
            return Sketch()
        engine, began = self.engine, perf_counter()
        before, self._before, self._step = self._before, {}, -1
        found = parameters(engine)
        gradients = _gradients(engine)
        spots = tuple(
            _spot(key, bare(engine.label(key)), value, before.get(key), gradients.get(id(value)), bins)
            for key, value in list(found.items())[:PARAMETERS]
        )
        now = perf_counter()
        cost = now - began + self._cost
        self._next = now + SHARE * cost
        return Sketch(step, spots, max(0, len(found) - PARAMETERS), cost)


def parameters(engine: Engine) -> dict[str, torch.Tensor]:
    """What is trained, by node id in program order: each leaf that requires grad once, a variable that a loop re-binds as it is now."""
    state, nodes = engine.state, engine.document.nodes
    found: dict[str, torch.Tensor] = {}
    older: set[str] = set()
    for key in state.order:
        value = engine.plan.value(key)
        if not isinstance(value, torch.Tensor) or not value.requires_grad or not is_leaf(value) or not value.numel():
            continue
        if state.updates(key):  # a variable: what it began with is another tensor by now
            older |= {wire.node for wire in nodes[key].inputs() if wire.node is not None}
        if value.layout is torch.strided and (value.is_floating_point() or value.is_complex()):
            found.setdefault(key, value)
    kept: dict[int, tuple[str, torch.Tensor]] = {}
    for key, value in found.items():
        known = kept.get(id(value))
        if known is None or (not nodes[known[0]].name and nodes[key].name):
            kept[id(value)] = (key, value)
    alive = {id(value) for key, value in found.items() if key not in older}
    return {key: value for at, (key, value) in kept.items() if at in alive}


def _gradients(engine: Engine) -> dict[int, torch.Tensor]:
    """The gradient that came to each tensor in the last backward that was listened to, by the tensor's ``id``."""
    if engine.tape is None:
        return {}
    found: dict[int, torch.Tensor] = {}
    for key, gradient in engine.tape.gradients.items():
        value: Any = engine.plan.value(key)
        for tensor in tensors_in(value):
            found.setdefault(id(tensor), gradient)
    return found


def _spot(
    key: str, label: str, value: torch.Tensor, before: torch.Tensor | None, heard: torch.Tensor | None, spreads: bool
) -> Spot:
    held, value = value.grad, value.detach()
    if heard is not None and (held is None or not bool(held.any())):  # emptied since
        held = heard
    if held is not None and (held.shape != value.shape or held.layout is not torch.strided):
        held = None
    grad = held.detach() if held is not None else None
    return Spot(
        key, label, value.numel(), _norm(value), math.nan if grad is None else _norm(grad), _ratio(before, value),
        _bins(value) if spreads else Bins(), None if grad is None else _bins(grad) if spreads else Bins(),
    )  # fmt: skip


def _norm(tensor: torch.Tensor) -> float:
    dtype = torch.complex128 if tensor.is_complex() else torch.float64
    return float(torch.linalg.vector_norm(tensor, dtype=dtype if tensor.device.type != "mps" else None).real)


def _ratio(before: torch.Tensor | None, now: torch.Tensor) -> float:
    if before is None or before.shape != now.shape:
        return math.nan
    size = float(torch.linalg.vector_norm(before))
    return float(torch.linalg.vector_norm(now - before)) / size if size else math.nan


def _fewer(counts: tuple[int, ...], entries: int) -> list[int]:
    """Neighbouring bins as one where there are few entries: a histogram of 16 numbers needs no 64 bins."""
    together = 1
    while len(counts) % (2 * together) == 0 and (len(counts) // together) ** 2 > 16 * entries:
        together *= 2
    return [sum(counts[at : at + together]) for at in range(0, len(counts), together)]


def _bins(tensor: torch.Tensor) -> Bins:
    def source() -> Any:
        return pieces(tensor)

    sums = summed(source)
    if sums is None:
        return Bins()
    found = spread(source, sums, False)
    counts = array.array("I", [min(count, 2**32 - 1) for count in _fewer(found.counts, tensor.numel())])
    return Bins(found.low, found.high, counts.tobytes(), sums.stats.nans + sums.stats.infs)
