"""The program rail: one slim strip with the program as pills in order, loops as brackets around their body."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QWidget

from guigrad.ui.rail_items import Bracket, Pill
from guigrad.ui.rail_strip import RailStrip
from guigrad.ui.style import Look
from guigrad.ui.widgets.parts import ElidedLabel


class Rail(QFrame):
    """The strip with its heading, scrolled sideways when it is long."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("rail")
        self.heading = QLabel("PROGRAM")
        self.heading.setProperty("role", "heading")
        self.hint = ElidedLabel("Empty. Drop a node here to make backward, print or retain_grad of it.", "faint")
        self.strip = RailStrip(look)
        self.area = QScrollArea()
        self.area.setWidget(self.strip)
        self.area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._head = QHBoxLayout()
        self._head.addWidget(self.heading)
        self._head.addWidget(self.hint, 1)
        self._layout = QHBoxLayout(self)
        self._layout.addLayout(self._head)
        self._layout.addWidget(self.area, 1)
        self.set_look(look)

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self.strip.look = look
        self._layout.setContentsMargins(look.px(14), 0, look.px(8), 0)
        self._layout.setSpacing(look.px(10))
        self._head.setSpacing(look.px(10))
        self.strip.lay_out()
        self._fit()

    def add_button(self, button: QWidget) -> None:
        """A button behind the heading."""
        self._head.insertWidget(1, button)

    def show_items(self, items: tuple[Pill | Bracket, ...]) -> None:
        """Another program."""
        self.strip.show_items(items)
        self.hint.setVisible(not items)
        self.area.setVisible(bool(items))
        self._fit()

    def _fit(self) -> None:
        """Room for pills and scroll bar whether there are any or not: the canvas above keeps its height when a pill comes or goes."""
        bar = self.strip.look.px(10)
        self._head.setContentsMargins(0, 0, 0, bar)  # on a line with the pills, which lie above the bar
        self.area.horizontalScrollBar().setFixedHeight(bar)
        self.area.setFixedHeight(self.strip.height() + bar)
        self.setFixedHeight(self.strip.height() + bar + 1)  # the line above

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        bar = self.area.horizontalScrollBar()
        bar.setValue(bar.value() - (event.angleDelta().x() or event.angleDelta().y()))
        self.strip.thread_changed.emit()
