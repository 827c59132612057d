"""A tensor as a picture that can be painted on: a brush with a value and a size, the right button erases to 0."""

from __future__ import annotations

import itertools
import math
from typing import Final

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QDialog,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from guigrad.document.array import ArrayData
from guigrad.document.edit_cells import fitting, why_unfit
from guigrad.document.tensors import contiguous
from guigrad.ui import heat
from guigrad.ui.style import Look
from guigrad.ui.widgets import parts

SIDE: Final = 512
"""A tensor of more rows or columns is not painted."""
_COUNT = itertools.count(1)


def why_not_paint(array: ArrayData) -> str:
    """Why a tensor cannot be painted on; "" if it can."""
    rows, columns = _grid(array.shape)
    if array.dtype.startswith("complex"):
        return "a complex tensor has no single number for a brush"
    if max(rows, columns) > SIDE:
        return f"{rows} × {columns} is more than the {SIDE} × {SIDE} that can be painted"
    return "" if array.size > 1 else "there are no cells to paint"


def _grid(shape: tuple[int, ...]) -> tuple[int, int]:
    columns = shape[-1] if shape else 1
    return (math.prod(shape[:-1]), columns)


class HeatPaint(QWidget):
    """Leading dimensions run down, the last one across. ``painted`` carries the whole tensor and a key for one stroke."""

    painted = Signal(object, str)
    stroke_ended = Signal()
    pointed = Signal(str)

    def __init__(self, look: Look, array: ArrayData, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.value, self.brush_size = 1.0, 1
        self._last: QPointF | None = None
        self._erase = False
        self._merge = ""
        self._before: ArrayData | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 120)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAccessibleName("cells to paint on")
        self.set_array(array)

    def set_array(self, array: ArrayData) -> None:
        """Shows another tensor; during a stroke what is painted is ahead of it."""
        if self._merge:
            return
        self.array = array
        self.grid = np.ascontiguousarray(array.numpy()).reshape(_grid(array.shape)).copy()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(520, 420)

    def room(self) -> QRectF:
        """Where the picture lies: cells are square as far as that leaves them visible."""
        rows, columns = self.grid.shape
        scale = min(self.width() / columns, self.height() / rows)
        width, height = scale * columns, scale * rows
        return QRectF((self.width() - width) / 2, (self.height() - height) / 2, width, height)

    def cell_at(self, point: QPointF) -> tuple[int, int]:
        """Row and column under a point; they may lie outside."""
        room = self.room()
        rows, columns = self.grid.shape
        return (
            math.floor((point.y() - room.top()) / room.height() * rows),
            math.floor((point.x() - room.left()) / room.width() * columns),
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        p = QPainter(self)
        rows, columns = self.grid.shape
        colours = np.ascontiguousarray(heat.colors(self.look.theme, "value", self.grid))
        image = QImage(colours.data, columns, rows, columns * 4, QImage.Format.Format_RGB32)
        room = self.room()
        p.drawImage(room, image)
        cell = room.width() / columns
        p.setPen(QPen(self.look.color("border"), 1))
        if cell >= 8:
            for column in range(1, columns):
                p.drawLine(
                    QPointF(room.left() + column * cell, room.top()),
                    QPointF(room.left() + column * cell, room.bottom()),
                )
            for row in range(1, rows):
                p.drawLine(
                    QPointF(room.left(), room.top() + row * cell), QPointF(room.right(), room.top() + row * cell)
                )
        p.drawRect(room)
        if self.underMouse() or self._last is not None:
            at = self._last if self._last is not None else QPointF(self.mapFromGlobal(self.cursor().pos()))
            top, left, bottom, right = self._square(*self.cell_at(at))
            p.setPen(QPen(self.look.color("selected"), 2))
            p.drawRect(
                QRectF(room.left() + left * cell, room.top() + top * cell, (right - left) * cell, (bottom - top) * cell)
            )
        p.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() not in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton) or self._merge:
            return
        value = 0.0 if event.button() == Qt.MouseButton.RightButton else self.value
        number = fitting(int(value) if float(value).is_integer() else value, self.array.dtype)
        if number is None:
            self.pointed.emit(f"{self.array.dtype}: {why_unfit(value, self.array.dtype)}")
            return
        self._number = number
        self._merge, self._before = f"paint {next(_COUNT)}", self.array
        self._last = event.position()
        self._stroke(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        row, column = self.cell_at(event.position())
        if 0 <= row < self.grid.shape[0] and 0 <= column < self.grid.shape[1]:
            self.pointed.emit(f"[{row}, {column}] = {self.grid[row, column]}")
        if self._merge:
            self._stroke(event.position())
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._merge:
            self._merge, self._last = "", None
            self.stroke_ended.emit()
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._merge and self._before is not None:
            merge, before = self._merge, self._before
            self._merge, self._last = "", None
            self.set_array(before)
            self.painted.emit(before, merge)
            self.stroke_ended.emit()
            return
        super().keyPressEvent(event)

    def _square(self, row: int, column: int) -> tuple[int, int, int, int]:
        top, left = row - (self.brush_size - 1) // 2, column - (self.brush_size - 1) // 2
        return top, left, top + self.brush_size, left + self.brush_size

    def _stroke(self, point: QPointF) -> None:
        start = self._last if self._last is not None else point
        (r0, c0), (r1, c1) = self.cell_at(start), self.cell_at(point)
        before = self.grid.copy()
        steps = max(abs(r1 - r0), abs(c1 - c0), 1)
        for step in range(steps + 1):  # a fast stroke leaves no gaps
            top, left, bottom, right = self._square(
                round(r0 + (r1 - r0) * step / steps), round(c0 + (c1 - c0) * step / steps)
            )
            self.grid[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = self._number
        self._last = point
        if not np.array_equal(before, self.grid, equal_nan=self.grid.dtype.kind == "f"):
            shape = self.array.shape
            self.array = ArrayData(self.array.dtype, shape, contiguous(shape), self.grid.tobytes())
            self.painted.emit(self.array, self._merge)
        self.update()


class PaintDialog(QDialog):
    """The picture with its brush; it stays open beside the canvas while what depends on the tensor follows."""

    def __init__(self, look: Look, key: str, name: str, array: ArrayData, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.key = key
        self.setWindowTitle(f"{name} as a picture")
        self.paint = HeatPaint(look, array)
        self.value = QDoubleSpinBox()
        self.value.setRange(-1e9, 1e9)
        self.value.setDecimals(3)
        self.value.setSingleStep(0.1)
        self.value.setValue(1.0)
        self.value.setAccessibleName("value that the brush paints")
        self.brush = QSpinBox()
        self.brush.setRange(1, 64)
        self.brush.setAccessibleName("size of the brush in cells")
        self.where = QLabel()
        self.where.setFont(look.code(11.5))
        self.value.valueChanged.connect(self._on_brush)
        self.brush.valueChanged.connect(self._on_brush)
        self.paint.pointed.connect(self.where.setText)
        row = QHBoxLayout()
        for widget in (QLabel("Value"), self.value, QLabel("Size"), self.brush):
            row.addWidget(widget)
        row.addWidget(self.where, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(row)
        layout.addWidget(self.paint, 1)
        layout.addWidget(
            parts.label("Drag paints, the right button erases to 0. Esc during a stroke takes it back.", "muted")
        )
        self.resize(look.px(620), look.px(560))

    def _on_brush(self) -> None:
        self.paint.value, self.paint.brush_size = self.value.value(), self.brush.value()
