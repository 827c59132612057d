"""Points moved, added and taken away on a plot, by mouse and keys. It changes nothing itself: it tells what was done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent

from guigrad.ui.widgets.fields import rounded

if TYPE_CHECKING:
    from guigrad.ui.widgets.field_plot import FieldPlot

KEYS: Final = (
    "Page Up and Page Down choose a point, the arrows move it (Shift: farther), Insert adds one, Delete takes it away, "
    "digits give it a class"
)
STEP: Final = 1 / 200
FAR: Final = 1 / 20
"""Parts of the view that an arrow key moves a point by."""
ARROWS: Final = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}


class PointHand(QObject):
    """``moved(row, x, y, gesture)`` while a point is dragged, ``let_go()`` at the end; ``added(x, y)``, ``removed(row)``, ``classed(row, class)``.

    ``mode`` is "move", "add" or "remove": what a click of the left button does. Thread: the GUI thread.
    """

    moved = Signal(int, float, float, int)
    let_go = Signal()
    added = Signal(float, float)
    removed = Signal(int)
    classed = Signal(int, int)
    brushed = Signal(int)

    def __init__(self, plot: FieldPlot) -> None:
        super().__init__(plot)
        self.plot = plot
        self.mode = "move"
        self.editable = False
        self.row = -1
        self.gesture = 0
        view = plot.keyboard()
        view.setAccessibleDescription(KEYS)
        view.installEventFilter(self)
        view.viewport().installEventFilter(self)
        view.viewport().setMouseTracking(True)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QMouseEvent):
            return self._mouse(event)
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._key(event)
        return super().eventFilter(watched, event)

    # --- mouse ---

    def _mouse(self, event: QMouseEvent) -> bool:
        match event.type():
            case QEvent.Type.MouseButtonPress:
                return self._press(event)
            case QEvent.Type.MouseMove:
                return self._move(event)
            case QEvent.Type.MouseButtonRelease if self.row >= 0:
                self._drop()
                return True
            case QEvent.Type.MouseButtonDblClick:
                if self.plot.near(event.position()) < 0 and self.mode == "move":
                    self.plot.fit_view()
                    self.plot.view_changed.emit()
                return True
        return False

    def _press(self, event: QMouseEvent) -> bool:
        place = event.position()
        row = self.plot.near(place)
        if event.button() != Qt.MouseButton.LeftButton:
            return False
        if row >= 0:
            self.plot.select(row)
        if not self.editable:
            return False
        adds = self.mode == "add" or bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if row >= 0 and self.mode == "remove":
            self.removed.emit(row)
            return True
        if row >= 0:
            self.row, self.gesture = row, self.gesture + 1
            return True
        if adds:
            self.added.emit(*self.plot.spot(place))
            return True
        self.plot.select(-1)
        return False

    def _move(self, event: QMouseEvent) -> bool:
        if self.row < 0:
            self._show_cursor(event.position())
            return False
        if not event.buttons() & Qt.MouseButton.LeftButton:
            self._drop()
            return False
        if self.row >= len(self.plot.held):
            self.row = -1
            return True
        self.moved.emit(self.row, *self.plot.spot(event.position()), self.gesture)
        return True

    def _drop(self) -> None:
        self.row = -1
        self.let_go.emit()

    def _show_cursor(self, place: QPointF) -> None:
        view = self.plot.plot.viewport()
        over = self.editable and self.plot.near(place) >= 0
        shape = Qt.CursorShape.ArrowCursor
        if self.editable and self.mode == "add" and not over:
            shape = Qt.CursorShape.CrossCursor
        elif over:
            shape = Qt.CursorShape.PointingHandCursor if self.mode == "remove" else Qt.CursorShape.SizeAllCursor
        view.setCursor(shape)

    # --- keys ---

    def _key(self, event: QKeyEvent) -> bool:
        plot, key = self.plot, Qt.Key(event.key())
        count = len(plot.held)
        if key in (Qt.Key.Key_PageDown, Qt.Key.Key_PageUp) and count:
            step = 1 if key == Qt.Key.Key_PageDown else -1
            plot.select((plot.selected + step) % count if plot.selected >= 0 else 0 if step > 0 else count - 1)
            return True
        if not self.editable:
            return False
        if key == Qt.Key.Key_Insert:
            (left, right), (bottom, top) = plot.item.vb.viewRange()
            at = plot.place_of(plot.selected) if plot.selected >= 0 else ((left + right) / 2, (bottom + top) / 2)
            aside = (right - left) * FAR if plot.selected >= 0 else 0.0
            self.added.emit(*_short(at[0] + aside, at[1], plot))
            return True
        if Qt.Key.Key_0 <= key <= Qt.Key.Key_9:
            number = int(key) - int(Qt.Key.Key_0)
            self.brushed.emit(number)
            if plot.selected >= 0:
                self.classed.emit(plot.selected, number)
            return True
        if plot.selected < 0 or plot.selected >= count:
            return False
        if key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removed.emit(plot.selected)
            return True
        if key in ARROWS:
            self._nudge(key, bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier), event.isAutoRepeat())
            return True
        return False

    def _nudge(self, key: Qt.Key, far: bool, again: bool) -> None:
        plot = self.plot
        (left, right), (bottom, top) = plot.item.vb.viewRange()
        part = FAR if far else STEP
        right_by, up_by = ARROWS[key]
        x, y = plot.place_of(plot.selected)
        if not again:
            self.gesture += 1
        spot = _short(x + right_by * part * (right - left), y + up_by * part * (top - bottom), plot)
        self.moved.emit(plot.selected, *spot, self.gesture)
        if not again:
            self.let_go.emit()


def _short(x: float, y: float, plot: FieldPlot) -> tuple[float, float]:
    wide, tall = plot.item.vb.viewPixelSize()
    return rounded(x, wide), rounded(y, tall)
