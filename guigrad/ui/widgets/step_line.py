"""A line of text in the inspector that stands for a node."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame


class StepLine(QFrame):
    """A line that belongs to a node: hovered and chosen, it tells which."""

    chosen = Signal(str)
    hovered = Signal(str)

    def __init__(self, node: str) -> None:
        super().__init__()
        self.node = node

    def enterEvent(self, event: object) -> None:
        self.hovered.emit(self.node)

    def leaveEvent(self, event: object) -> None:
        self.hovered.emit("")

    def mousePressEvent(self, event: object) -> None:
        self.chosen.emit(self.node)
