"""Numbers to colours: the diverging scales of values and gradients."""

from __future__ import annotations

import math
from functools import cache, lru_cache
from typing import Any

import numpy as np
from PySide6.QtGui import QColor

from guigrad.ui.theme import Theme, contrast

STEPS = 255
"""Entries of a scale's table; odd, so that zero has its own."""

Array = np.ndarray[Any, Any]


@cache
def table(theme: Theme, scale: str) -> Array:
    """The scale as 255 colours 0xAARRGGBB from -1 over 0 to 1, and one more for what is not finite.

    Shapes: uint32 [256]
    """
    made = np.empty(STEPS + 1, np.uint32)
    low, middle, high = (QColor(text) for text in theme.heat[scale])
    for step in range(STEPS):
        t = step / (STEPS // 2) - 1.0
        end = high if t > 0 else low
        red, green, blue = (round(a + (b - a) * abs(t)) for a, b in zip(_rgb(middle), _rgb(end), strict=True))
        made[step] = 0xFF000000 | red << 16 | green << 8 | blue
    made[STEPS] = QColor(theme.invalid).rgba()
    return made


def _rgb(color: QColor) -> tuple[int, int, int]:
    return color.red(), color.green(), color.blue()


def levels(values: Array, limit: float | None = None) -> Array:
    """Where numbers lie on a scale: 0 … 254, 255 for NaN and infinities.

    ``limit`` is the magnitude that gets the full colour; the largest finite one when not given. Complex numbers count by magnitude.
    Shapes: uint8, as ``values``
    """
    numbers = np.abs(values).astype(np.float64) if values.dtype.kind == "c" else values.astype(np.float64)
    half = STEPS // 2
    top = float(np.abs(numbers).max(initial=0.0))
    if math.isfinite(top):
        full = top if limit is None else limit
        if full <= 0:
            return np.full(numbers.shape, half, np.uint8)
        numbers /= full  # half / full would overflow for the smallest numbers
        numbers *= half
        if top > full:
            np.clip(numbers, -half, half, out=numbers)
        numbers += half + 0.5  # cutting off what follows the point then rounds
        return numbers.astype(np.uint8)
    finite = np.isfinite(numbers)
    return np.where(finite, levels(np.where(finite, numbers, 0.0), limit), np.uint8(STEPS))


def levels_each(stack: Array) -> Array:
    """``levels`` of each of several arrays of one shape, each on a scale of its own. Shapes: [n, *s] -> uint8 [n, *s]"""
    flat = stack.reshape(len(stack), -1)
    numbers = np.abs(flat).astype(np.float64) if flat.dtype.kind == "c" else flat.astype(np.float64)
    top = np.abs(numbers).max(axis=1, initial=0.0)
    if not np.isfinite(top).all():
        return np.stack([levels(array) for array in stack])
    numbers /= np.where(top > 0, top, 1.0)[:, None]
    numbers *= STEPS // 2
    numbers += STEPS // 2 + 0.5  # cutting off what follows the point then rounds
    return numbers.astype(np.uint8).reshape(stack.shape)


def colors(theme: Theme, scale: str, values: Array, limit: float | None = None) -> Array:
    """The colours of numbers. Shapes: uint32 0xAARRGGBB, as ``values``"""
    found: Array = table(theme, scale)[levels(values, limit)]
    return found


@lru_cache(maxsize=4096)
def text_on(color: int) -> str:
    """Black or white, whichever reads better on a cell of this colour: one of them always has a contrast of 4.5."""
    cell = QColor(color & 0xFFFFFF)
    return max("#000000", "#ffffff", key=lambda ink: contrast(QColor(ink), cell))
