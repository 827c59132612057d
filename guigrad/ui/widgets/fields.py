"""What a program's output says over a plane or a line: classes, how sure it is of them, and where one ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from PySide6.QtGui import QColor

CLASSES: Final = ("value", "grad", "success", "reduce", "optim", "warning", "xray", "leaf", "loss", "accent")
"""Colours of classes."""
SYMBOLS: Final = ("o", "s", "t", "d", "p", "star", "h", "t1", "+", "x")
"""Shapes of their points, so that they differ by more than colour."""
DISTINCT: Final = 10
"""Targets of more different whole numbers are numbers to be fitted."""
FAINT: Final = 0.10
STRONG: Final = 0.55
"""Opacity of a class where it is as good as others, and where it is sure."""

Numbers = NDArray[np.float64]


class Reading(Struct, frozen=True):
    """How outputs are read. ``kind``: "classes" (one column each), "binary" (one number, cut at ``cut``), "number"."""

    kind: str
    count: int = 0
    cut: float = 0.0


def target_numbers(targets: Any, rows: int) -> Numbers | None:
    """One number for each row: rows of one entry as they are, one-hot rows as the place of the one; None for others."""
    if targets is None:
        return None
    found = np.asarray(targets)
    if not found.ndim or len(found) != rows or found.dtype.kind == "c":
        return None
    flat = found.reshape(rows, -1) if rows else found.reshape(0, 1)
    if flat.shape[1] == 1:
        numbers: Numbers = flat[:, 0].astype(np.float64)
        return numbers
    if flat.shape[1] and bool(((flat == 0) | (flat == 1)).all() and (flat.sum(axis=1) == 1).all()):
        places: Numbers = flat.argmax(axis=1).astype(np.float64)
        return places
    return None


def are_classes(targets: Numbers | None) -> bool:
    """Whether targets are few whole numbers."""
    if targets is None or not len(targets):
        return False
    known = np.unique(targets[np.isfinite(targets)])
    return 0 < len(known) <= DISTINCT and bool((known == np.round(known)).all())


def reading(values: Numbers, targets: Numbers | None, logits: bool) -> Reading:
    """How outputs of shape [points, columns] are read. ``logits``: a sigmoid or a loss of logits reads them."""
    if values.shape[1] > 1:
        return Reading("classes", values.shape[1])
    if not are_classes(targets):
        return Reading("number", 1)
    assert targets is not None
    known = set(np.unique(targets[np.isfinite(targets)]).tolist())
    if len(known) > 2:
        return Reading("number", 1)
    return Reading("binary", 2, 0.0 if logits or -1.0 in known else 0.5)


def sureness(values: Numbers, how: Reading, logits: bool) -> tuple[NDArray[np.int64], Numbers]:
    """The class at each point, and how sure the output is of it, from 0 (as good as the others) to 1. What is not finite: -1 and 0."""
    good = np.isfinite(values).min(axis=1)
    safe = np.where(good[:, None], values, 0.0)
    if how.kind == "binary":
        margin = safe[:, 0] - how.cut
        top = 1.0 / (1.0 + np.exp(-np.clip(np.abs(margin), 0, 50))) if logits else 0.5 + np.abs(margin)
        classes, sure = (margin > 0).astype(np.int64), np.clip(2 * top - 1, 0.0, 1.0)
    else:
        sums = safe.sum(axis=1)
        if not (bool((safe >= 0).all()) and bool(np.allclose(sums, 1.0, atol=1e-3))):
            safe = np.exp(safe - safe.max(axis=1, keepdims=True))
            safe /= safe.sum(axis=1, keepdims=True)
        classes, count = safe.argmax(axis=1), safe.shape[1]
        sure = np.clip((safe.max(axis=1) - 1 / count) / (1 - 1 / count), 0.0, 1.0)
    return np.where(good, classes, -1), np.where(good, sure, 0.0)


def range_of(values: Numbers, targets: Numbers | None) -> tuple[float, float]:
    """The smallest and the largest finite number of outputs and targets."""
    both = values if targets is None else np.concatenate((values, targets))
    good = both[np.isfinite(both)]
    return (float(good.min()), float(good.max())) if len(good) else (0.0, 1.0)


def on_scale(values: Numbers, low: float, high: float) -> tuple[NDArray[np.int64], Numbers]:
    """Which end of a scale each number is nearer to (0 low, 1 high, -1 for what is not finite), and how near, from 0 in the middle to 1."""
    good = np.isfinite(values)
    part = (np.where(good, values, low) - low) / ((high - low) or 1.0)
    near = np.clip(np.abs(2 * part - 1), 0.0, 1.0)
    return np.where(good, (part > 0.5).astype(np.int64), -1), np.where(good, near, 0.0)


def margins(values: Numbers, how: Reading) -> list[Numbers]:
    """Numbers that are zero where one class ends: one for two classes, one for each of more."""
    if how.kind == "binary":
        return [values[:, 0] - how.cut]
    if values.shape[1] == 2:
        return [values[:, 1] - values[:, 0]]
    found = []
    for at in range(values.shape[1]):
        others = np.delete(values, at, axis=1).max(axis=1)
        found.append(values[:, at] - others)
    return found


def picture(classes: NDArray[np.int64], sure: Numbers, colors: Sequence[QColor]) -> NDArray[np.uint8]:
    """Each class in its colour, the surer the stronger. Shapes: [n] -> uint8 [n, 4]"""
    table = np.array([(c.red(), c.green(), c.blue()) for c in colors], dtype=np.uint8)
    found = np.zeros((len(classes), 4), dtype=np.uint8)
    found[:, :3] = table[np.clip(classes, 0, None) % len(table)]
    found[:, 3] = np.where(classes < 0, 0, np.round(255 * (FAINT + (STRONG - FAINT) * sure)))
    return found


def contour(heights: Numbers, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
    """Where a surface is zero, as pairs of ends of straight pieces (marching squares).

    Shapes: heights [len(y), len(x)]; the result two arrays of even length.
    """
    corners = [heights[:-1, :-1], heights[:-1, 1:], heights[1:, 1:], heights[1:, :-1]]
    spots = [(x[:-1], y[:-1]), (x[1:], y[:-1]), (x[1:], y[1:]), (x[:-1], y[1:])]
    ends_x, ends_y = [], []
    crossed = []
    shape = corners[0].shape
    with np.errstate(invalid="ignore", divide="ignore"):
        for at in range(4):
            a, b = corners[at], corners[(at + 1) % 4]
            part = a / (a - b)
            (ax, ay), (bx, by) = spots[at], spots[(at + 1) % 4]
            ends_x.append(np.broadcast_to(ax[None, :], shape) + part * (bx - ax)[None, :])
            ends_y.append(np.broadcast_to(ay[:, None], shape) + part * (by - ay)[:, None])
            crossed.append(((a > 0) != (b > 0)) & np.isfinite(part))
    found_x, found_y = [], []
    pairs = ((0, 1), (1, 2), (2, 3), (3, 0), (0, 2), (1, 3))
    count = sum(side.astype(np.int64) for side in crossed)
    for one, other in pairs:
        both = crossed[one] & crossed[other]
        if one + 1 != other and (one, other) != (3, 0):
            both &= count == 2
        elif (one, other) in ((1, 2), (3, 0)):
            both &= (count == 2) | (count == 4)
        else:
            both &= count == 2
        found_x.append(np.stack([ends_x[one][both], ends_x[other][both]], axis=1).ravel())
        found_y.append(np.stack([ends_y[one][both], ends_y[other][both]], axis=1).ravel())
    return np.concatenate(found_x), np.concatenate(found_y)


def span(points: Numbers, margin: float = 0.12) -> tuple[Numbers, Numbers]:
    """The box around points, with a margin. Shapes: [n, d] -> [d], [d]"""
    good = points[np.isfinite(points).all(axis=1)] if len(points) else points
    if not len(good):
        return np.full(points.shape[1], -1.0), np.full(points.shape[1], 1.0)
    low, high = good.min(axis=0), good.max(axis=0)
    wide = np.where(high > low, high - low, 1.0)
    return low - margin * wide, high + margin * wide


def rounded(value: float, pixel: float) -> float:
    """A number with no more digits than a third of a pixel tells apart. ``pixel`` is how much of the axis one takes."""
    if not (np.isfinite(value) and pixel > 0):
        return float(value)
    digits = int(np.ceil(-np.log10(pixel / 3)))
    return float(round(value, min(max(digits, 0), 12)))


def grid(low: Numbers, high: Numbers, count: int) -> tuple[list[Numbers], Numbers]:
    """The axes of a grid and its points in row-major order (the last axis outermost). Shapes: [d], [d] -> [count ** d, d]"""
    axes = [np.linspace(a, b, count) for a, b in zip(low, high, strict=True)]
    if len(axes) == 1:
        return axes, axes[0][:, None]
    x, y = np.meshgrid(*axes)
    return axes, np.column_stack((x.ravel(), y.ravel()))
