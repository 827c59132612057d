"""A small overview in the corner: where the view is in the whole graph. Click or drag to go there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from guigrad.ui.canvas import geometry as g
from guigrad.ui.canvas.arrays import c_array
from guigrad.ui.canvas.wire import Rect

if TYPE_CHECKING:
    from guigrad.ui.canvas.board import Board

SIZE: Final = (150, 92)
MARGIN: Final = 12


class Minimap(QWidget):
    """Shown when asked for and there is more than one screen of graph."""

    def __init__(self, view: Board) -> None:
        super().__init__(view)
        self._view = view
        self.wanted = True
        self._rect: Rect | None = None
        self._picture: QPixmap | None = None
        self.setAccessibleName("overview of the graph")
        self.setToolTip("Overview (Alt+M hides it)")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.resize(*SIZE)
        self.hide()
        view.viewport_changed.connect(self._on_view)

    def set_wanted(self, wanted: bool) -> None:
        """Switches it on or off."""
        self.wanted = wanted
        self._on_view()

    def refresh(self) -> None:
        """The graph changed."""
        self._picture = None
        self._on_view()

    def place(self) -> None:
        """Keeps to its corner."""
        view = self._view
        self.move(view.width() - self.width() - MARGIN, view.height() - self.height() - MARGIN)

    def _on_view(self) -> None:
        self._rect = self._view.scene.bounds() if self.wanted else None
        shown = False
        if self._rect is not None and min(self._view.width() / 3, self._view.height() / 3) > SIZE[1]:
            left, top, right, bottom = self._view.viewport.world
            x1, y1, x2, y2 = self._rect
            shown = not (left <= x1 and top <= y1 and right >= x2 and bottom >= y2)
        if shown != self.isVisible():
            self.setVisible(shown)
            self.place()
        if shown:
            self.update()

    def _scale(self, rect: Rect) -> tuple[float, float, float]:
        """(factor, left, top) from canvas units to px of the map."""
        width, height = max(rect[2] - rect[0], 1.0), max(rect[3] - rect[1], 1.0)
        factor = min((self.width() - 16) / width, (self.height() - 16) / height)
        return factor, (self.width() - width * factor) / 2, (self.height() - height * factor) / 2

    def paintEvent(self, event: QPaintEvent) -> None:
        rect = self._rect
        if rect is None:
            return
        ink = self._view.painter.ink
        if self._picture is None or self._picture.size() != self.size() * self.devicePixelRatioF():
            self._picture = self._draw(rect)
        p = QPainter(self)
        p.drawPixmap(0, 0, self._picture)
        p.setRenderHint(QPainter.RenderHint.Antialiasing)
        factor, left, top = self._scale(rect)
        x1, y1, x2, y2 = self._view.viewport.world
        shown = QRectF(
            left + (x1 - rect[0]) * factor, top + (y1 - rect[1]) * factor, (x2 - x1) * factor, (y2 - y1) * factor
        ).intersected(QRectF(4, 4, self.width() - 8, self.height() - 8))
        p.setPen(QPen(ink.color("selected"), 1.4))
        p.setBrush(Qt.BrushStyle.NoBrush)
        p.drawRoundedRect(shown, 3, 3)
        p.end()

    def _draw(self, rect: Rect) -> QPixmap:
        ink, scene = self._view.painter.ink, self._view.scene
        ratio = self.devicePixelRatioF()
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        p = QPainter(picture)
        p.setRenderHint(QPainter.RenderHint.Antialiasing)
        p.setPen(ink.pen("border", 1.0))
        p.setBrush(ink.brush("panel"))
        p.drawRoundedRect(QRectF(0.5, 0.5, self.width() - 1, self.height() - 1), 8, 8)
        p.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        factor, left, top = self._scale(rect)
        rows = np.nonzero(~np.isnan(scene.x[: scene.count]))[0]
        p.setPen(Qt.PenStyle.NoPen)
        for kind, color in enumerate(ink.kinds):
            chosen = rows[scene.kind[rows] == kind]
            if not len(chosen):
                continue
            rects = np.empty((len(chosen), 4), np.int32)
            rects[:, 0] = left + (scene.x[chosen] - rect[0]) * factor
            rects[:, 1] = top + (scene.y[chosen] - rect[1]) * factor
            rects[:, 2] = rects[:, 0] + max(2, round(g.WIDTH * factor)) - 1
            rects[:, 3] = rects[:, 1] + np.maximum(2, np.rint(scene.height[chosen] * factor)).astype(np.int32) - 1
            p.setBrush(color)
            p.drawRects(c_array(rects, QRect), len(rects))
        p.end()
        return picture

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._go(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event)

    def _go(self, event: QMouseEvent) -> None:
        if self._rect is None:
            return
        factor, left, top = self._scale(self._rect)
        x = (event.position().x() - left) / factor + self._rect[0]
        y = (event.position().y() - top) / factor + self._rect[1]
        self._view.set_viewport(self._view.viewport.centred(x, y))
        event.accept()
