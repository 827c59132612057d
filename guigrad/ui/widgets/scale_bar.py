"""The colours of a landscape with the numbers that they stand for."""

from __future__ import annotations

from typing import Final

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from guigrad.ui.style import Look
from guigrad.ui.widgets.relief import Relief
from guigrad.ui.widgets.terrain import colours, short

STOPS: Final = 17


class ScaleBar(QWidget):
    """Thread: the GUI thread."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look, self.relief = look, Relief()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Colours of the landscape")

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self.look = look
        self.updateGeometry()
        self.update()

    def show_relief(self, relief: Relief) -> None:
        """Another surface."""
        if relief.scale != self.relief.scale or relief.z is not self.relief.z:
            self.relief = relief
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(self.look.px(78), self.look.px(120))

    def minimumSizeHint(self) -> QSize:
        return QSize(self.look.px(78), self.look.px(60))

    def paintEvent(self, event: QPaintEvent) -> None:
        relief, look = self.relief, self.look
        scale = relief.scale
        if scale is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        broken = relief.known and not bool(np.isfinite(relief.z).all())
        top, bottom = look.px(24), self.height() - look.px(34 if broken else 14)
        bar = QRectF(look.px(6), top, look.px(14), max(1, bottom - top))
        gradient = QLinearGradient(0, bottom, 0, top)
        for t, (red, green, blue, _) in zip(
            np.linspace(0, 1, STOPS), colours(np.linspace(0, 1, STOPS), (0, 0, 0)).tolist(), strict=True
        ):
            gradient.setColorAt(float(t), QColor(red, green, blue))
        painter.setPen(QPen(look.color("border_strong"), 1))
        painter.setBrush(gradient)
        painter.drawRect(bar)
        painter.setFont(look.code(10, 600))
        painter.setPen(look.color("text"))
        painter.drawText(QRectF(look.px(4), 0, self.width(), look.px(20)), Qt.AlignmentFlag.AlignVCenter, relief.names[2])  # fmt: skip
        painter.setFont(look.code(9.5))
        last = float("inf")
        for level in scale.levels:
            unit = float(np.clip(scale.unit(level), 0, 1)) if scale.high > scale.low else 0.5
            y = bottom - unit * bar.height()
            if last - y >= look.px(13):
                last = y
                painter.setPen(look.color("border_strong"))
                painter.drawLine(QPointF(bar.right(), y), QPointF(bar.right() + look.px(4), y))
                painter.setPen(look.color("text_muted"))
                room = QRectF(bar.right() + look.px(7), y - look.px(8), self.width(), look.px(16))
                painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, short(level))
        if broken:
            swatch = QRectF(look.px(6), self.height() - look.px(18), look.px(12), look.px(12))
            painter.fillRect(swatch, QColor(look.theme.invalid))
            painter.setPen(look.color("text_muted"))
            room = QRectF(look.px(22), self.height() - look.px(20), self.width(), look.px(16))
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, "NaN, inf")
        painter.end()
