"""The small bar over the canvas while a brush is in the hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import structs
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDoubleSpinBox, QFrame, QHBoxLayout, QLabel, QPushButton, QSpinBox

from guigrad.ui.canvas.scrub import Brush

if TYPE_CHECKING:
    from guigrad.ui.canvas.board import Board


class BrushBar(QFrame):
    """What the brush paints and how wide it is; Esc or Done lays it down."""

    def __init__(self, view: Board) -> None:
        super().__init__(view)
        self._view = view
        self.setObjectName("side")
        self.setAutoFillBackground(True)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.title = QLabel()
        self.value = QDoubleSpinBox()
        self.value.setRange(-1e9, 1e9)
        self.value.setDecimals(3)
        self.value.setSingleStep(0.1)
        self.value.setAccessibleName("value that the brush paints")
        self.size_box = QSpinBox()
        self.size_box.setRange(1, 16)
        self.size_box.setPrefix("size ")
        self.size_box.setAccessibleName("size of the brush in cells")
        for field in (self.value, self.size_box):
            field.setMinimumSize(84, 30)
        done = QPushButton("Done")
        done.clicked.connect(lambda: view.set_brush(None))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 6)
        for widget in (self.title, self.value, self.size_box, QLabel("right drag erases to 0"), done):
            layout.addWidget(widget)
        self.value.valueChanged.connect(self._on_changed)
        self.size_box.valueChanged.connect(self._on_changed)
        self.hide()

    def show_brush(self, brush: Brush | None, name: str) -> None:
        """The brush in the hand; None hides the bar."""
        if brush is None:
            self.hide()
            return
        self.title.setText(f"Painting {name}")
        self.value.setValue(brush.value)
        self.size_box.setValue(brush.size)
        self.adjustSize()
        self.move((self._view.width() - self.width()) // 2, 10)
        self.show()
        self.raise_()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._view.set_brush(None)
            self._view.setFocus()
            return
        super().keyPressEvent(event)

    def _on_changed(self) -> None:
        if self._view.brush is not None:
            self._view.brush = structs.replace(self._view.brush, value=self.value.value(), size=self.size_box.value())
