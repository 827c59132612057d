"""A small overview in the corner: where the view is in the whole graph. Click or drag to go there."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPixmap

from guigrad.ui.canvas import geometry as g
from guigrad.ui.canvas.arrays import c_array
from guigrad.ui.canvas.wire import Array, Rect

if TYPE_CHECKING:
    from guigrad.ui.canvas.board import Board

SIZE: Final = (150, 92)
MARGIN: Final = 12


class Minimap:
    """Shown when asked for and there is more than one screen of graph. The board paints it and hands it its clicks."""

    def __init__(self, view: Board) -> None:
        self._view = view
        self.wanted = True
        self._picture: tuple[QPixmap, Rect, str, float] | None = None
        self._bounds: Rect | None = None
        self._dirty = True

    def set_wanted(self, wanted: bool) -> None:
        """Switches it on or off."""
        self.wanted = wanted
        self._view.update()

    def refresh(self) -> None:
        """The graph changed."""
        self._bounds = None
        self._dirty = True

    @property
    def visible(self) -> bool:
        """Whether it is on screen: something of the graph is not."""
        view = self._view
        if not self.wanted or min(view.width() / 3, view.height() / 3) < SIZE[1]:
            return False
        if self._bounds is None:
            self._bounds = view.backward.around(view.scene.bounds())
        if self._bounds is None:
            return False
        left, top, right, bottom = view.viewport.world
        x1, y1, x2, y2 = self._bounds
        return not (left <= x1 and top <= y1 and right >= x2 and bottom >= y2)

    @property
    def place(self) -> QRectF:
        """Its corner of the board."""
        view = self._view
        return QRectF(view.width() - SIZE[0] - MARGIN, view.height() - SIZE[1] - MARGIN, SIZE[0], SIZE[1])

    def paint(self, p: QPainter) -> None:
        """Draws it, the part on screen framed."""
        if not self.visible:  # which learns the bounds
            return
        rect = self._bounds
        assert rect is not None
        view = self._view
        ink, ratio = view.painter.ink, view.devicePixelRatioF()
        same = self._picture is not None and self._picture[1:] == (rect, ink.theme.name, ratio)
        if self._picture is None or not same or (self._dirty and view.resting):
            self._picture = (self._draw(rect), rect, ink.theme.name, ratio)
            self._dirty = False
        place = self.place
        p.drawPixmap(place.topLeft(), self._picture[0])
        factor, left, top = self._scale(rect)
        self._selected(p, rect)
        x1, y1, x2, y2 = view.viewport.world
        shown = QRectF(
            left + (x1 - rect[0]) * factor, top + (y1 - rect[1]) * factor, (x2 - x1) * factor, (y2 - y1) * factor
        ).intersected(QRectF(4, 4, SIZE[0] - 8, SIZE[1] - 8))
        p.setPen(QPen(ink.color("selected"), 1.4))
        p.setBrush(Qt.BrushStyle.NoBrush)
        p.drawRoundedRect(shown.translated(place.topLeft()), 3, 3)

    def go(self, point: QPointF) -> None:
        """Brings what lies under a point of it to the middle of the board."""
        if self._bounds is None:
            return
        factor, left, top = self._scale(self._bounds)
        inside = point - self.place.topLeft()
        x = (inside.x() - left) / factor + self._bounds[0]
        y = (inside.y() - top) / factor + self._bounds[1]
        self._view.set_viewport(self._view.viewport.centred(x, y), moving=True)

    def _scale(self, rect: Rect) -> tuple[float, float, float]:
        """(factor, left, top) from canvas units to px of the map."""
        width, height = max(rect[2] - rect[0], 1.0), max(rect[3] - rect[1], 1.0)
        factor = min((SIZE[0] - 16) / width, (SIZE[1] - 16) / height)
        return factor, (SIZE[0] - width * factor) / 2, (SIZE[1] - height * factor) / 2

    def _draw(self, rect: Rect) -> QPixmap:
        ink, scene = self._view.painter.ink, self._view.scene
        ratio = self._view.devicePixelRatioF()
        picture = QPixmap(math.ceil(SIZE[0] * ratio), math.ceil(SIZE[1] * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        p = QPainter(picture)
        p.setRenderHint(QPainter.RenderHint.Antialiasing)
        p.setPen(ink.pen("border", 1.0))
        p.setBrush(ink.brush("panel"))
        p.drawRoundedRect(QRectF(0.5, 0.5, SIZE[0] - 1, SIZE[1] - 1), 8, 8)
        p.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        rows = np.nonzero(~np.isnan(scene.x[: scene.count]))[0]
        p.setPen(Qt.PenStyle.NoPen)
        groups = [(color, rows[scene.kind[rows] == kind]) for kind, color in enumerate(ink.kinds)]
        for color, chosen in sorted(
            groups, key=lambda group: len(group[1])
        ):  # where cards share a px, most are of this kind
            if len(chosen):
                rects = self._rects(rect, chosen)  # alive until they are drawn
                p.setBrush(color)
                p.drawRects(c_array(rects, QRect), len(chosen))
        mirrored = self._mirrored(rect)
        if len(mirrored):
            p.setBrush(ink.brush("grad"))
            p.drawRects(c_array(mirrored, QRect), len(mirrored))
        p.end()
        return picture

    def _rects(self, rect: Rect, rows: Array) -> Array:
        """The cards of some rows in px of the map, as QRect: left, top, right, bottom inclusive. Shapes: [n] -> [n, 4]"""
        scene = self._view.scene
        factor, left, top = self._scale(rect)
        rects = np.empty((len(rows), 4), np.int32)
        rects[:, 0] = left + (scene.x[rows] - rect[0]) * factor
        rects[:, 1] = top + (scene.y[rows] - rect[1]) * factor
        rects[:, 2] = rects[:, 0] + max(2, round(g.WIDTH * factor)) - 1
        rects[:, 3] = rects[:, 1] + np.maximum(2, np.rint(scene.height[rows] * factor)).astype(np.int32) - 1
        return rects

    def _mirrored(self, rect: Rect) -> Array:
        """The cards of grad_fns likewise. Shapes: [n, 4]"""
        corners = self._view.backward.mirror.rects
        factor, left, top = self._scale(rect)
        rects = ((corners - (rect[0], rect[1], rect[0], rect[1])) * factor + (left, top, left, top)).astype(np.int32)
        rects[:, 2:] = np.maximum(rects[:, 2:], rects[:, :2] + 1)
        found: Array = np.ascontiguousarray(rects)
        return found

    def _selected(self, p: QPainter, rect: Rect) -> None:
        """The selected cards, outlined in their own colour so that a single one is found among thousands."""
        scene = self._view.scene
        rows = np.nonzero(scene.selected[: scene.count])[0]
        if not len(rows):
            return
        rects = self._rects(rect, rows)
        shift = self.place.topLeft().toPoint()
        rects[:, 0::2] += shift.x()
        rects[:, 1::2] += shift.y()
        rects[:, :2] -= 1
        rects[:, 2:] += 1
        p.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(self._view.painter.ink.brush("selected"))
        p.drawRects(c_array(rects, QRect), len(rects))
        p.setRenderHint(QPainter.RenderHint.Antialiasing)
