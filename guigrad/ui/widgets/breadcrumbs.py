"""The way into the function that is open, in a strip over the canvas: each step leads back to its level."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from guigrad.ui.style import Look
from guigrad.ui.widgets.parts import ChevronCombo


class Breadcrumbs(QFrame):
    """``chosen`` carries how many steps of the way are kept (0: the document), ``instance_chosen`` the number of an instance."""

    chosen = Signal(int)
    instance_chosen = Signal(int)

    def __init__(self, look: Look, over: QWidget) -> None:
        super().__init__(over)
        over.installEventFilter(self)
        self.setObjectName("crumbs")
        self.setAccessibleName("Level")
        self.look = look
        self.steps: list[QPushButton] = []
        self._arrows: list[QLabel] = []
        self.instance = ChevronCombo(look)
        self.instance.setAccessibleName("Instance of the function")
        self.instance.setToolTip("Which call's values and gradients are shown inside")
        self.instance.activated.connect(self.instance_chosen.emit)
        self.shared = QLabel()
        self.shared.setProperty("role", "muted")
        self._row = QHBoxLayout(self)
        self._row.addStretch(1)
        self._row.addWidget(self.shared)
        self._row.addWidget(self.instance)
        self.hide()
        self.set_look(look)

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self.look = look
        self.instance.look = look
        self._row.setContentsMargins(look.px(8), look.px(3), look.px(8), look.px(3))
        self._row.setSpacing(look.px(2))
        for arrow in self._arrows:
            arrow.setFixedWidth(look.px(14))

    def show_way(self, names: Sequence[str], instances: Sequence[str], current: int, calls: int) -> None:
        """The names from the document to what is open; the instances of it, and how many calls share it."""
        for widget in (*self.steps, *self._arrows):
            self._row.removeWidget(widget)
            widget.deleteLater()
        self.steps, self._arrows = [], []
        for index, name in enumerate(names):
            if index:
                arrow = QLabel("▸")
                arrow.setProperty("role", "faint")
                arrow.setAlignment(Qt.AlignmentFlag.AlignCenter)
                arrow.setFixedWidth(self.look.px(14))
                self._row.insertWidget(2 * index - 1, arrow)
                self._arrows.append(arrow)
            step = QPushButton(name)
            step.setProperty("role", "flat")
            last = index == len(names) - 1
            step.setToolTip(f"{name} is open" if last else f"Go to {name}")
            step.setAccessibleName(f"{name}, open" if last else name)
            font = self.look.text(12, 700 if last else 500)
            step.setFont(font)
            step.clicked.connect(partial(self.chosen.emit, index))
            self._row.insertWidget(2 * index, step)
            self.steps.append(step)
        self.shared.setText(f"shared by {calls}" if calls > 1 else "")
        self.shared.setToolTip("What is edited here changes for every call of it" if calls > 1 else "")
        self.instance.setVisible(len(instances) > 1)
        self.instance.clear()
        self.instance.addItems(list(instances))
        self.instance.setCurrentIndex(current)
        self.setVisible(len(names) > 1)
        self._span()

    def _span(self) -> None:
        over = self.parentWidget()
        if over is not None:
            self.setGeometry(0, 0, over.width(), self.sizeHint().height())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._span()
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        at = next((index for index, step in enumerate(self.steps) if step.hasFocus()), None)
        if event.key() in moves and at is not None:
            self.steps[max(0, min(len(self.steps) - 1, at + moves[Qt.Key(event.key())]))].setFocus()
        else:
            super().keyPressEvent(event)
