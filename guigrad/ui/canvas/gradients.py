"""How a wire looks by the gradient that came back along it: colour and dashes tell its sign, width its magnitude.

Note [Signs]
A tensor has one sign if no element has the other. Positive wires are solid in the warm end of the gradient scale, negative ones dashed in the
other end, wires with elements of both signs change between both colours, zeros are dotted, and what is not finite has the colour of
failure. The width grows with the largest absolute element, in equal steps of its logarithm between the decades around what is in view.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen

from guigrad.document.array import ArrayData
from guigrad.ui.canvas.content import elements, stacks
from guigrad.ui.canvas.wire import Array
from guigrad.ui.theme import Theme

if TYPE_CHECKING:
    from guigrad.ui.canvas.ink import Ink

ZERO, PLUS, MINUS, BOTH, BAD = range(5)
"""Signs of a gradient: all zero, positive, negative, elements of both signs, not finite."""
WIDTHS: Final = (1.6, 2.4, 3.3, 4.6)
"""Units: canvas units. Of wires by magnitude."""
DECADES: Final = 6
"""So many powers of ten are told apart; what is smaller is as thin as the smallest."""
PLAIN: Final = 0
_FIRST: Final = {PLUS: 1, MINUS: 1 + len(WIDTHS), BOTH: 1 + 2 * len(WIDTHS)}
DOTTED: Final = 1 + 3 * len(WIDTHS)
FAILED: Final = DOTTED + 1
LIT: Final = DOTTED + 2
STYLES: Final = LIT + 1
DASHES: Final = ((60.0, 3), (140.0, 5), (320.0, 9), (700.0, 16), (math.inf, 28))
"""Up to how many px long a wire has so many dashes."""

Extreme = tuple[float, int]
"""The largest absolute finite element, and the sign."""


def extremes(arrays: list[ArrayData]) -> dict[int, Extreme]:
    """Magnitude and sign of each tensor, by its ``id``. See Note [Signs]."""
    found: dict[int, Extreme] = {}
    for _, group, stack in stacks(arrays):
        if stack is None or stack.shape[1] == 0 or stack.dtype.kind == "c":
            found.update((id(data), _extreme(elements(data))) for data in group)
            continue
        lows, highs = stack.min(axis=1).tolist(), stack.max(axis=1).tolist()
        for index, (data, low, high) in enumerate(zip(group, lows, highs, strict=True)):
            if math.isfinite(low) and math.isfinite(high):
                found[id(data)] = (max(abs(low), abs(high)), _sign(low, high))
            else:
                found[id(data)] = _extreme(stack[index])
    return found


def _extreme(array: Array | None) -> Extreme:
    if array is None or array.size == 0:
        return 0.0, ZERO
    if array.dtype.kind == "c":
        size = float(np.nan_to_num(np.abs(array), nan=0.0, posinf=0.0).max())
        return size, BAD if not np.isfinite(array).all() else BOTH if size else ZERO
    finite = array[np.isfinite(array)]
    size = float(np.abs(finite).max(initial=0))
    if finite.size < array.size:
        return size, BAD
    return size, _sign(float(array.min()), float(array.max()))


def _sign(low: float, high: float) -> int:
    if low >= 0:
        return PLUS if high > 0 else ZERO
    return BOTH if high > 0 else MINUS


def span(sizes: Array) -> tuple[int, int]:
    """The decades between which magnitudes are told apart, as powers of ten. Shapes: sizes [n]"""
    above = sizes[sizes > 0]
    if not len(above):
        return -1, 0
    high = math.ceil(math.log10(float(above.max())) - 1e-6)
    low = math.floor(math.log10(float(above.min())) + 1e-6)
    return max(min(low, high - 1), high - DECADES), high


def styles(sizes: Array, signs: Array) -> Array:
    """The style of wires that carry gradients. Shapes: [n], [n] -> [n]"""
    found = np.full(len(sizes), DOTTED, np.int8)
    low, high = span(sizes[signs != BAD])
    part = (np.log10(np.maximum(sizes, 1e-38)) - low) / (high - low) * len(WIDTHS)
    level = np.clip(part, 0, len(WIDTHS) - 1).astype(np.int8)
    for sign, first in _FIRST.items():
        chosen = signs == sign
        found[chosen] = first + level[chosen]
    found[signs == BAD] = FAILED
    return found


def style(sign: int, level: int) -> int:
    """The style of a sign and a level of ``WIDTHS``."""
    return _FIRST[sign] + level if sign in _FIRST else DOTTED if sign == ZERO else FAILED


def sign_of(style: int) -> int:
    """The sign that a style shows, -1 for none."""
    if style in (PLAIN, LIT):
        return -1
    if style >= DOTTED:
        return ZERO if style == DOTTED else BAD
    return max(sign for sign, first in _FIRST.items() if style >= first)


def dashed(styles: Array) -> Array:
    """Which styles have dashes or dots. Shapes: [n] -> bool [n]"""
    found: Array = (styles >= _FIRST[MINUS]) & (styles <= DOTTED)
    return found


def is_both(styles: Array) -> Array:
    """Which styles are of both signs. Shapes: [n] -> bool [n]"""
    found: Array = (styles >= _FIRST[BOTH]) & (styles < DOTTED)
    return found


def as_plus(styles: Array) -> Array:
    """Styles of both signs as positive ones of the same width. Shapes: [n] -> [n]"""
    found: Array = styles - (_FIRST[BOTH] - _FIRST[PLUS])
    return found


def width_of(style: int) -> float:
    """Units: canvas units."""
    if PLAIN < style < DOTTED:
        return WIDTHS[(style - 1) % len(WIDTHS)]
    return {PLAIN: 1.8, DOTTED: 1.6, FAILED: WIDTHS[-1], LIT: 2.4}[style]


def color_of(ink: Ink, style: int) -> QColor:
    """The colour of a wire; of one with both signs that of its positive ones."""
    if style in (PLAIN, LIT):
        return ink.color("wire" if style == PLAIN else "wire_hover")
    sign = sign_of(style)
    if sign == MINUS:
        return minus(ink)
    return ink.color("failed" if sign == BAD else "wire_grad")


def minus(ink: Ink) -> QColor:
    """The colour of negative gradients, as cells have it."""
    return _minus(ink.theme)


@lru_cache(maxsize=8)
def _minus(theme: Theme) -> QColor:
    return QColor(theme.heat["grad"][0])


def dashes(length_px: Array) -> Array:
    """How many dashes wires of some lengths have. Shapes: [n] -> [n]"""
    found: Array = np.array([count for _, count in DASHES])[
        np.searchsorted([length for length, _ in DASHES[:-1]], length_px)
    ]
    return found


def pen(ink: Ink, style: int, scale: float) -> QPen:
    """The pen of one whole curve, dashes included: for vectors and for the legend."""
    width = width_of(style) * scale
    made = QPen(color_of(ink, style), width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
    sign = sign_of(style)
    if sign in (MINUS, ZERO):
        _dash(made, sign, width)
    return made


def over(ink: Ink, style: int, scale: float) -> QPen | None:
    """What lies over a curve that carries both signs."""
    if sign_of(style) != BOTH:
        return None
    made = QPen(minus(ink), width_of(style) * scale, Qt.PenStyle.SolidLine)
    _dash(made, MINUS, width_of(style) * scale)
    return made


def _dash(made: QPen, sign: int, width: float) -> None:
    made.setCapStyle(Qt.PenCapStyle.FlatCap)
    made.setStyle(Qt.PenStyle.CustomDashLine)
    long, gap = (8.0, 6.0) if sign == MINUS else (1.6, 4.0)
    made.setDashPattern([max(long / width, 0.1), max(gap / width, 0.1)])
