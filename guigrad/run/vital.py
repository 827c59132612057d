"""What the parameters of a training say about it in words: gradients that vanish or explode, steps too large or too small."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from msgspec import Struct

from guigrad.run.sketch import Sketch, Spot

VANISHING = 1e-3
"""A gradient vanishes whose size per entry is less than such a part of the largest in the same step."""
EXPLODING = 1e3
"""A gradient explodes whose norm is above this."""
JUMP = 100.0
"""… or so many times its median in the steps before."""
GUIDE = 1e-3
"""How far a step usually moves a parameter against its size."""
LARGE, SMALL = 1e-1, 1e-5
"""Ratios from which on a step is too large, or to which on it is too small."""
BEFORE = 20
"""Steps that a median is taken of."""
ENOUGH = 5


class Verdict(Struct, frozen=True):
    """What is wrong with one parameter: ``kind`` "vanishing", "exploding", "zero", "none", "large", "small"; ``text`` with the rule."""

    id: str
    label: str
    kind: str
    text: str


def said_of(verdicts: Sequence[Verdict]) -> str:
    """All of them in one line, what explodes first; what is said of several in the same words is said once."""
    found: dict[str, list[str]] = {}
    for verdict in sorted(verdicts, key=lambda one: one.kind != "exploding"):
        found.setdefault(verdict.text.removeprefix(verdict.label), []).append(verdict.label)
    return " · ".join(", ".join(labels) + text for text, labels in found.items())


def gradients(sketches: Sequence[Sketch]) -> tuple[Verdict, ...]:
    """What the gradients of the last of these steps say."""
    if not sketches:
        return ()
    now, before = sketches[-1], sketches[-1 - BEFORE : -1]
    sizes = {spot.label: _per_entry(spot) for spot in now.spots}
    finite = {label: size for label, size in sizes.items() if math.isfinite(size)}
    first = max(finite, key=lambda label: finite[label], default="")
    found = [_gradient(spot, first, finite.get(first, 0.0), before) for spot in now.spots]
    return tuple(verdict for verdict in found if verdict is not None)


def _per_entry(spot: Spot) -> float:
    return spot.grad_norm / math.sqrt(spot.size)


def _gradient(spot: Spot, first: str, largest: float, before: Sequence[Sketch]) -> Verdict | None:
    name, norm = spot.label, spot.grad_norm
    if spot.grad is None:
        return Verdict(spot.id, name, "none", f"{name}: no gradient came")
    if spot.grad.odd or not math.isfinite(norm):
        return Verdict(spot.id, name, "exploding", f"{name}: exploding, the gradient is not finite")
    if norm == 0:
        return Verdict(spot.id, name, "zero", f"{name}: the gradient is exactly 0")
    if norm > EXPLODING:
        return Verdict(
            spot.id, name, "exploding", f"{name}: exploding, its gradient's norm {norm:.3g} is above {EXPLODING:,.0f}"
        )
    known = [one.grad_norm for sketch in before for one in sketch.spots if one.id == spot.id and one.grad_norm > 0]
    usual = median(known) if len(known) >= ENOUGH else math.inf
    if norm > JUMP * usual:
        words = f"its gradient's norm {norm:.3g} is over {JUMP:.0f} times its median {usual:.3g}"
        return Verdict(spot.id, name, "exploding", f"{name}: exploding, {words}")
    size = _per_entry(spot)
    if size < VANISHING * largest:
        words = f"its gradient per entry, {size:.2g}, is below 1/{1 / VANISHING:,.0f} of that of {first}"
        return Verdict(spot.id, name, "vanishing", f"{name}: vanishing, {words}")
    return None


def updates(sketches: Sequence[Sketch]) -> tuple[Verdict, ...]:
    """What the update-to-weight ratios of the last of these steps say; the median of a few, as single steps differ."""
    if not sketches:
        return ()
    found = []
    for spot in sketches[-1].spots:
        last = [one.ratio for sketch in sketches[-ENOUGH:] for one in sketch.spots if one.id == spot.id]
        known = [ratio for ratio in last if math.isfinite(ratio)]
        if not known:
            if last and (spot.value.odd or not math.isfinite(spot.norm)):
                found.append(Verdict(spot.id, spot.label, "large", f"{spot.label} is not finite any more"))
            continue
        usual = median(known)
        if usual > LARGE:
            words = f"a step moves it by {100 * usual:.3g} % of its size, far above the usual 0.1 %: the steps are too large"
            found.append(Verdict(spot.id, spot.label, "large", f"{spot.label}: {words}"))
        elif usual < SMALL:
            words = f"a step moves it by {usual:.2g} of its size, far below the usual 1e-3: it hardly learns"
            found.append(Verdict(spot.id, spot.label, "small", f"{spot.label}: {words}"))
    return tuple(found)
