"""A field for one number that can also be dragged sideways; a click or double-click types in it."""

from __future__ import annotations

import itertools
import math
from typing import Final

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QLineEdit

from guigrad.ui.canvas.scrub import dragged, step_of

SLACK_PX: Final = 3.0
_COUNT = itertools.count(1)


class NumberLine(QLineEdit):
    """``dragged`` carries the number and a key that is the same for one whole drag. Shift is fine, Ctrl coarse; Up and Down step."""

    dragged = Signal(object, str)
    released = Signal()

    def __init__(self, text: str, value: float) -> None:
        super().__init__(text)
        self.number = value
        self._press: QPointF | None = None
        self._merge = ""
        self._way = self._start = 0.0
        self.setFocusPolicy(
            Qt.FocusPolicy.TabFocus
        )  # Qt gives focus before the press is told: a drag shall not begin typing
        self.setCursor(Qt.CursorShape.SizeHorCursor)
        self.setToolTip("Drag sideways to change it (Shift fine, Ctrl coarse), click to type")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.hasFocus() or event.button() != Qt.MouseButton.LeftButton or not math.isfinite(self.number):
            super().mousePressEvent(event)
            return
        self._press, self._merge, self._way, self._start = event.position(), "", 0.0, self.number

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._press is None:
            super().mouseMoveEvent(event)
            return
        moved = event.position().x() - self._press.x()
        if not self._merge and abs(moved) < SLACK_PX:
            return
        self._merge = self._merge or f"field {next(_COUNT)}"
        self._press = event.position()
        factor = _factor(event.modifiers())
        self._way += moved * factor
        whole = isinstance(self._start, int)
        self._put(dragged(self._start, self._way, step_of(self._start, whole), whole, factor))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        press, self._press = self._press, None
        if press is None:
            super().mouseReleaseEvent(event)
        elif self._merge:
            self.released.emit()
        else:
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self.selectAll()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._press = None
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self.selectAll()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        way = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()))
        if self._press is not None and event.key() == Qt.Key.Key_Escape:
            self._press = None
            self._put(self._start)
            self.released.emit()
            return
        if way is None or not math.isfinite(self.number):
            super().keyPressEvent(event)
            return
        whole = isinstance(self.number, int)
        factor = _factor(event.modifiers())
        step = 1.0 if whole else step_of(self.number, False) * 10
        self._merge = "arrows"
        self._put(dragged(self.number, way * max(factor, 1.0 if whole else 0.1), step, whole, min(factor, 1.0) / 10))

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.setCursor(Qt.CursorShape.IBeamCursor)
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.setCursor(Qt.CursorShape.SizeHorCursor)
        super().focusOutEvent(event)

    def _put(self, number: float) -> None:
        if number == self.number and type(number) is type(self.number):
            return
        self.number = number
        self.setText(repr(number))
        self.dragged.emit(number, self._merge)


def _factor(mods: Qt.KeyboardModifier) -> float:
    if mods & Qt.KeyboardModifier.ShiftModifier:
        return 0.1
    return 10.0 if mods & Qt.KeyboardModifier.ControlModifier else 1.0
