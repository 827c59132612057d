"""A mouse and a keyboard for canvas tests."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from guigrad.document.model import Document
from guigrad.document.store import Store
from guigrad.ui.canvas.view import CanvasView

LEFT, RIGHT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton
CTRL, SHIFT, ALT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
)
NONE = Qt.KeyboardModifier.NoModifier


class Hand:
    """A mouse over one canvas."""

    def __init__(self, view: CanvasView, store: Store) -> None:
        self.view, self.store = view, store

    def node(self, key: str, dx: float = 70, dy: float = 14) -> QPoint:
        scene = self.view.scene
        row = scene.row[key]
        x, y = self.view.viewport.to_screen(scene.x[row] + dx, scene.y[row] + dy)
        return QPoint(round(x), round(y))

    def port(self, key: str, side: str, index: int = 0) -> QPoint:
        scene = self.view.scene
        x, y = self.view.viewport.to_screen(*scene.port_point(scene.row[key], side, index))
        return QPoint(round(x), round(y))

    def send(self, kind: QEvent.Type, at: QPoint, button: Qt.MouseButton, held: Qt.MouseButton, mods: object) -> None:
        point = QPointF(at)
        event = QMouseEvent(kind, point, QPointF(self.view.mapToGlobal(at)), button, held, mods)  # type: ignore[arg-type]
        QApplication.sendEvent(self.view, event)

    def move(self, at: QPoint, held: Qt.MouseButton = LEFT, mods: object = NONE) -> None:
        self.send(QEvent.Type.MouseMove, at, Qt.MouseButton.NoButton, held, mods)

    def press(self, at: QPoint, button: Qt.MouseButton = LEFT, mods: object = NONE) -> None:
        self.send(QEvent.Type.MouseButtonPress, at, button, button, mods)

    def release(self, at: QPoint, button: Qt.MouseButton = LEFT, mods: object = NONE) -> None:
        self.send(QEvent.Type.MouseButtonRelease, at, button, Qt.MouseButton.NoButton, mods)

    def drag(self, start: QPoint, end: QPoint, button: Qt.MouseButton = LEFT, mods: object = NONE) -> None:
        self.press(start, button, mods)
        self.move((start + end) / 2, button, mods)
        self.move(end, button, mods)
        self.view.repaint()
        self.release(end, button, mods)

    def key(self, key: Qt.Key, mods: Qt.KeyboardModifier = NONE) -> None:
        QTest.keyClick(self.view, key, mods)

    def drop(self, at: QPoint, data: QMimeData) -> None:
        copy = Qt.DropAction.CopyAction
        QApplication.sendEvent(self.view, QDragEnterEvent(at, copy, data, LEFT, NONE))
        QApplication.sendEvent(self.view, QDropEvent(QPointF(at), copy, data, LEFT, NONE))

    @property
    def document(self) -> Document:
        return self.store.document


EMPTY = QPoint(1150, 20)
"""Where the lesson has nothing."""
