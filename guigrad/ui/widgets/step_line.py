"""A line of text in the inspector that stands for a node."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame


class StepLine(QFrame):
    """A line that belongs to a node: hovered and chosen, it tells which."""

    chosen = Signal(str)
    hovered = Signal(str)

    def __init__(self, node: str) -> None:
        super().__init__()
        self.node = node
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.chosen.emit(self.node)
        else:
            super().keyPressEvent(event)

    def enterEvent(self, event: object) -> None:
        self.hovered.emit(self.node)

    def leaveEvent(self, event: object) -> None:
        self.hovered.emit("")

    def mousePressEvent(self, event: object) -> None:
        self.chosen.emit(self.node)
