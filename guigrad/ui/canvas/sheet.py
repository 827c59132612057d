"""Cards that have stopped changing, drawn whole on one pixmap: a frame then copies them to the screen in one call."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPixmap

from guigrad.ui.canvas import geometry as g
from guigrad.ui.canvas.arrays import c_array
from guigrad.ui.canvas.content import Content
from guigrad.ui.canvas.wire import Array

if TYPE_CHECKING:
    from guigrad.ui.canvas.scene import Scene

MOST_PX: Final = 12_000_000
"""Larger sheets are not made."""
_STEP: Final = 4
"""Cards lie at multiples of this, which are whole device px at every usual ratio."""


class Sheet:
    """One pixmap of whole cards at one scale.

    ``known[row]`` is what the card on it shows and whether it is collapsed; ``places[row]`` where its left top corner is. Units: px
    """

    def __init__(self) -> None:
        self.scale = 1.0
        self.known: dict[int, tuple[Content, bool]] = {}
        self.places: dict[int, tuple[float, float]] = {}
        self._ratio = 1.0
        self._pixmap: QPixmap | None = None
        self._edge = 0
        self._spots = np.zeros((0, 4))

    def clear(self) -> None:
        """Nothing is on it."""
        self.known.clear()
        self._pixmap = None

    def expect(self, scale: float, ratio: float) -> None:
        """The next frames are drawn at this scale: a sheet of another one is of no use."""
        if scale != self.scale or ratio != self._ratio:
            self.clear()
            self.scale, self._ratio = scale, ratio

    def begin(self, cards: list[tuple[int, Content, float]], scene: Scene) -> QPainter | None:
        """A painter on an empty sheet with a place for each card of (row, what it shows, height); None when they are too many."""
        self.clear()
        s, ratio = self.scale, self._ratio
        edge = self._edge = math.ceil(g.MARGIN * s)
        width = _up(math.ceil(g.WIDTH * s) + 2 * edge + 1)
        columns = max(1, min(len(cards), 2048 // width))
        # Cards of like height side by side leave the least room between.
        ordered = sorted(cards, key=lambda card: card[2])
        self.places = {}
        self._spots = np.zeros((len(scene.ids), 4))
        top = 0
        for first in range(0, len(ordered), columns):
            line = ordered[first : first + columns]
            for column, (row, _, height) in enumerate(line):
                self.places[row] = column * width + _up(edge), top + _up(edge)
                size = (math.ceil(g.WIDTH * s) + 2 * edge, math.ceil(height * s) + 2 * edge)
                self._spots[row] = column * width + _up(edge) - edge, top + _up(edge) - edge, *size
            top += _up(math.ceil(line[-1][2] * s) + 2 * edge + 1) + _STEP
        size_px = math.ceil((columns * width + _STEP) * ratio), math.ceil(max(top, 1) * ratio)
        if size_px[0] * size_px[1] > MOST_PX:
            return None
        self._pixmap = QPixmap(*size_px)
        self._pixmap.setDevicePixelRatio(ratio)
        self._pixmap.fill(Qt.GlobalColor.transparent)
        self.known = {row: (content, bool(scene.collapsed[row])) for row, content, _ in cards}
        return QPainter(self._pixmap)

    def finish(self, late: list[int]) -> None:
        """The cards are drawn, but for those of some rows."""
        assert self._pixmap is not None
        self._pixmap.setDevicePixelRatio(1.0)
        self._spots *= self._ratio
        for row in late:
            del self.known[row]

    def draw(self, p: QPainter, rows: Array, xs: Array, ys: Array, scale: float) -> None:
        """Copies cards to the screen; their left top corners come to (xs, ys), stretched where the scale is another. Shapes: all [n]"""
        assert self._pixmap is not None
        spots = self._spots[rows]
        k = scale / self.scale
        fragments = np.zeros((len(rows), 10))
        # A fragment is placed by its middle.
        fragments[:, 0] = xs + (spots[:, 2] / self._ratio / 2 - self._edge) * k
        fragments[:, 1] = ys + (spots[:, 3] / self._ratio / 2 - self._edge) * k
        fragments[:, 2:6] = spots
        fragments[:, 6:8] = k / self._ratio
        fragments[:, 9] = 1.0
        p.drawPixmapFragments(c_array(fragments, QPainter.PixmapFragment), len(rows), self._pixmap)


def _up(length: int) -> int:
    return -(-length // _STEP) * _STEP
