"""Cards that have stopped changing, drawn whole on a few pixmaps: a frame then copies them to the screen in a call or two."""

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

MOST_PX: Final = 10_000_000
"""All pages together; with more, all is drawn anew on one."""
PAGES: Final = 12
_STEP: Final = 4
"""Cards lie at multiples of this, which are whole device px at every usual ratio."""


class Sheet:
    """Whole cards at one scale, on pages.

    ``known[row]`` is what the card on it shows and whether it is collapsed.
    """

    def __init__(self) -> None:
        self.scale = 1.0
        self.ratio = 1.0
        self.known: dict[int, tuple[Content, bool]] = {}
        self._pages: list[QPixmap] = []
        self._used = 0
        self._edge = 0
        self._spots = np.zeros((0, 4))
        self._page = np.zeros(0, np.int16)

    def clear(self) -> None:
        """Nothing is on it."""
        self.known.clear()
        self._pages.clear()
        self._used = 0

    def expect(self, scale: float, ratio: float) -> None:
        """The next frames are drawn at this scale: what was drawn for another is of no use."""
        if scale != self.scale or ratio != self.ratio:
            self.clear()
            self.scale, self.ratio = scale, ratio

    @property
    def full(self) -> bool:
        """Whether it should be begun anew with the cards in view."""
        return len(self._pages) >= PAGES or self._used > MOST_PX

    def add(
        self, cards: list[tuple[int, Content]], scene: Scene
    ) -> tuple[QPainter, dict[int, tuple[float, float]]] | None:
        """A painter on a new page and where on it each card's left top corner is to come; None when they are too many.

        End the painter, then call ``finish``.
        """
        s, ratio = self.scale, self.ratio
        edge = self._edge = math.ceil(g.MARGIN * s)
        shift = _up(edge) - edge
        wide = math.ceil(g.WIDTH * s) + 2 * edge
        rows = np.array([row for row, _ in cards])
        high = np.ceil(scene.height[rows] * s).astype(int) + 2 * edge
        pitch = _up(wide + shift + 1)
        columns = max(1, min(len(cards), 2048 // pitch))
        # Cards of like height side by side leave the least room between.
        order = np.argsort(high, kind="stable")
        lines = [order[first : first + columns] for first in range(0, len(order), columns)]
        tall = [_up(int(high[line[-1]]) + shift + 1) for line in lines]
        size = math.ceil(columns * pitch * ratio), math.ceil(sum(tall) * ratio)
        if size[0] * size[1] > MOST_PX:
            return None
        if len(self._page) < len(scene.ids):
            room = 2 * len(scene.ids) - len(self._page)
            self._spots = np.concatenate([self._spots, np.zeros((room, 4))])
            self._page = np.concatenate([self._page, np.zeros(room, np.int16)])
        places: dict[int, tuple[float, float]] = {}
        top = 0
        for line, step in zip(lines, tall, strict=True):
            for column, index in enumerate(line.tolist()):
                places[cards[index][0]] = column * pitch + shift + edge, top + shift + edge
                self._spots[rows[index]] = column * pitch + shift, top + shift, wide, high[index]
            top += step
        self._spots[rows] *= ratio
        self._page[rows] = len(self._pages)
        pixmap = QPixmap(*size)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        self._pages.append(pixmap)
        self._used += size[0] * size[1]
        for row, content in cards:
            self.known[row] = (content, bool(scene.collapsed[row]))
        return QPainter(pixmap), places

    def finish(self, late: list[int]) -> None:
        """The cards of the new page are drawn, but for those of some rows."""
        self._pages[-1].setDevicePixelRatio(1.0)
        for row in late:
            del self.known[row]

    def draw(self, p: QPainter, rows: Array, xs: Array, ys: Array, loose: list[int], scale: float) -> None:
        """Copies cards to the screen in their order, all but those at the places ``loose``.

        Their left top corners come to (xs, ys), stretched where the scale is another. Shapes: rows, xs, ys [n]
        """
        if not self._pages or len(loose) == len(rows):
            return
        if loose:
            kept = np.ones(len(rows), bool)
            kept[loose] = False
            rows, xs, ys = rows[kept], xs[kept], ys[kept]
        spots, pages = self._spots[rows], self._page[rows]
        k = scale / self.scale
        fragments = np.zeros((len(rows), 10))
        # A fragment is placed by its middle.
        fragments[:, 0] = xs + (spots[:, 2] / self.ratio / 2 - self._edge) * k
        fragments[:, 1] = ys + (spots[:, 3] / self.ratio / 2 - self._edge) * k
        fragments[:, 2:6] = spots
        fragments[:, 6:8] = k / self.ratio
        fragments[:, 9] = 1.0
        # The order of the rows is what covers what, so a page may take its turn more than once.
        ends = [*(np.nonzero(np.diff(pages))[0] + 1).tolist(), len(rows)]
        first = 0
        for last in ends:
            part = c_array(fragments[first:last], QPainter.PixmapFragment)
            p.drawPixmapFragments(part, last - first, self._pages[int(pages[first])])
            first = last


def _up(length: int) -> int:
    return -(-length // _STEP) * _STEP
