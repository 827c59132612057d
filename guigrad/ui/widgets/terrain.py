"""A surface over a plane as numbers: its levels, its colours, its contour lines, what it is between its points. No Qt."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

LEVELS: Final = 12
WIDE: Final = 40
"""A surface whose range is so many times what its lowest tenth spans gets logarithmic levels."""
_VIRIDIS: Final = np.array(
    [(68, 1, 84), (71, 44, 122), (59, 81, 139), (44, 113, 142), (33, 144, 141), (39, 173, 129), (92, 200, 99), (170, 220, 50), (253, 231, 37)],
    np.float64,
)  # fmt: skip
_EDGES: Final = (
    (1, 3, 0), (2, 0, 1), (3, 3, 1), (4, 1, 2), (6, 0, 2), (7, 3, 2), (8, 2, 3), (9, 0, 2), (11, 1, 2), (12, 1, 3), (13, 0, 1), (14, 3, 0)
)  # fmt: skip
"""Of the corners above a level (1 2 4 8, counter-clockwise from the lower left) the two edges that its line crosses."""


class Scale(Struct, frozen=True):
    """How heights are told apart: ``levels`` from ``low`` to ``high``; where ``log``, by the logarithm of what lies above ``base``."""

    low: float
    high: float
    levels: tuple[float, ...]
    log: bool = False
    base: float = 0.0
    floor: float = 1.0

    def unit(self, z: Any) -> Numbers:
        """0 for the lowest, 1 for the highest; NaN stays NaN, an infinity becomes NaN."""
        values = np.asarray(z, np.float64)
        values = np.where(np.isfinite(values), values, np.nan)
        if not self.log:
            return (values - self.low) / max(self.high - self.low, 5e-324)
        top = math.log(max(self.high - self.base, self.floor * 2) / self.floor)
        found: Numbers = np.log(np.maximum(values - self.base, self.floor) / self.floor) / top
        return found


def scale_of(z: Numbers, log: bool | None = None) -> Scale | None:
    """The scale of a surface, logarithmic when its range is wide (or as ``log`` says); None where nothing is finite."""
    values = z[np.isfinite(z)]
    if not len(values):
        return None
    low, high = float(values.min()), float(values.max())
    if not high > low:
        return Scale(low, high, (low,))
    middle, tenth = float(np.median(values)), float(np.percentile(values, 10))
    base = 0.0 if 0 <= low < 0.5 * middle else low
    above = values[values > base] - base
    wide = high - low > WIDE * (tenth - low) if log is None else log
    if wide and len(above) and math.isfinite(high - base):
        floor = max(float(np.percentile(above, 1)), (high - base) * 1e-8)
        levels = [base + one for one in _decades(floor, high - base)]
        if len(levels) >= 2:
            return Scale(low, high, tuple(levels), True, base, floor)
    return Scale(low, high, tuple(round_levels(low, high)))


def round_levels(low: float, high: float, count: int = LEVELS) -> list[float]:
    """Round numbers between two, at most about so many."""
    span = high - low
    if not (span > 0 and math.isfinite(span)):
        return [low]
    raw = span / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next((factor * power for factor in (1, 2, 2.5, 5) if factor * power >= raw), 10 * power)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [at * step for at in range(first, last + 1)] or [(low + high) / 2]


def _decades(low: float, high: float) -> list[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for steps in ((1.0, 2.0, 5.0), (1.0, 3.0), (1.0,)):
        found = [k * 10.0**power for power in range(first, last + 1) for k in steps if low <= k * 10.0**power <= high]
        if len(found) <= LEVELS + 2:
            return found
    return found[:: math.ceil(len(found) / LEVELS)]


def colours(unit: Numbers, invalid: tuple[int, int, int], known: NDArray[np.bool_] | None = None) -> NDArray[np.uint8]:
    """RGBA of each point of a surface; ``invalid`` where it is NaN, nothing where it is not known yet. Shapes: [h, w] -> [h, w, 4]"""
    place = np.clip(np.nan_to_num(unit, nan=0.0), 0, 1) * (len(_VIRIDIS) - 1)
    at = np.minimum(place.astype(int), len(_VIRIDIS) - 2)
    part = (place - at)[..., None]
    made = np.empty((*unit.shape, 4), np.uint8)
    made[..., :3] = np.round(_VIRIDIS[at] * (1 - part) + _VIRIDIS[at + 1] * part)
    made[..., 3] = 255
    made[np.isnan(unit)] = (*invalid, 255)
    if known is not None:
        made[~known] = 0
    return made


def finer(z: Numbers, times: int) -> Numbers:
    """A grid with ``times`` points for each, linear between; a cell with a NaN corner takes its nearest point."""
    height, width = z.shape
    rows, columns = (
        np.linspace(0, height - 1, (height - 1) * times + 1),
        np.linspace(0, width - 1, (width - 1) * times + 1),
    )
    i, j = np.minimum(rows.astype(int), height - 2), np.minimum(columns.astype(int), width - 2)
    v, u = (rows - i)[:, None], (columns - j)[None, :]
    a, b, c, d = z[i][:, j], z[i][:, j + 1], z[i + 1][:, j], z[i + 1][:, j + 1]
    with np.errstate(invalid="ignore", over="ignore"):
        made: Numbers = (a * (1 - u) + b * u) * (1 - v) + (c * (1 - u) + d * u) * v
    near = z[np.round(rows).astype(int)][:, np.round(columns).astype(int)]
    return np.where(np.isfinite(made), made, near)


def contour(x: Numbers, y: Numbers, z: Numbers, level: float) -> Numbers:
    """The line at a level as separate segments, cells with a corner that is not finite left out. Shapes: x [w], y [h], z [h, w] -> [n, 2, 2]"""
    a, b, c, d = z[:-1, :-1], z[:-1, 1:], z[1:, 1:], z[1:, :-1]
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        case = (a > level) * 1 + (b > level) * 2 + (c > level) * 4 + (d > level) * 8
        case[~(np.isfinite(a) & np.isfinite(b) & np.isfinite(c) & np.isfinite(d))] = 0
        high = (a + b + c + d) / 4 > level
        wide, tall = np.diff(x)[None, :], np.diff(y)[:, None]
        left, low = x[None, :-1], y[:-1, None]
        shape = case.shape
        full = np.ones(shape)
        edges = (
            (left + wide * (level - a) / (b - a), low * full),
            ((left + wide) * full, low + tall * (level - b) / (c - b)),
            (left + wide * (level - d) / (c - d), (low + tall) * full),
            (left * full, low + tall * (level - a) / (d - a)),
        )
    found = []

    def put(mask: NDArray[np.bool_], one: int, other: int) -> None:
        if mask.any():
            (x0, y0), (x1, y1) = edges[one], edges[other]
            found.append(np.stack([np.stack([x0[mask], y0[mask]], 1), np.stack([x1[mask], y1[mask]], 1)], 1))

    for number, one, other in _EDGES:
        put(case == number, one, other)
    cut_b = ((case == 5) & high) | ((case == 10) & ~high)  # the saddle's corners b and d stand alone
    cut_a = ((case == 5) & ~high) | ((case == 10) & high)
    for mask, pairs in ((cut_b, ((0, 1), (2, 3))), (cut_a, ((3, 0), (1, 2)))):
        for one, other in pairs:
            put(mask, one, other)
    return np.concatenate(found) if found else np.empty((0, 2, 2))


def sample(x: Numbers, y: Numbers, z: Numbers, px: Any, py: Any) -> Numbers:
    """What the surface is at points, linear between its own; NaN outside. Shapes: px, py [n] -> [n]"""
    u = (np.asarray(px, np.float64) - x[0]) / (x[-1] - x[0]) * (len(x) - 1)
    v = (np.asarray(py, np.float64) - y[0]) / (y[-1] - y[0]) * (len(y) - 1)
    with np.errstate(invalid="ignore"):
        inside = (u >= 0) & (u <= len(x) - 1) & (v >= 0) & (v <= len(y) - 1)
    u, v = np.where(inside, u, 0.0), np.where(inside, v, 0.0)
    i, j = np.minimum(v.astype(int), len(y) - 2), np.minimum(u.astype(int), len(x) - 2)
    s, t = v - i, u - j
    with np.errstate(invalid="ignore", over="ignore"):
        made = (z[i, j] * (1 - t) + z[i, j + 1] * t) * (1 - s) + (z[i + 1, j] * (1 - t) + z[i + 1, j + 1] * t) * s
    return np.where(inside, made, np.nan)


def short(number: float) -> str:
    """A number as an axis or a level is labelled."""
    if number != number or math.isinf(number):
        return str(number)
    text = f"{number:.4g}"
    return text.replace("e+0", "e").replace("e-0", "e-").replace("e+", "e")
