"""The canvas as a widget: turns mouse, keys and drops into intents. It knows nothing of the window around it.

Thread: the GUI thread.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QResizeEvent,
    QTabletEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QGestureEvent, QToolTip, QWidget

from guigrad.ui import guard
from guigrad.ui.canvas import keys, mouse, tips, touch
from guigrad.ui.canvas.commands import Commands
from guigrad.ui.canvas.intents import Intents

OP_MIME: Final = "application/x-guigrad-op"
"""Drag an op from a palette with its target (``torch.mean``) as the UTF-8 data of this type."""
TABS: Final = (Qt.Key.Key_Tab, Qt.Key.Key_Backtab)


class CanvasView(Commands):
    """A widget that shows a document and its frame and lets it be edited by hand; what the user wants done goes to ``intents``."""

    def __init__(self, intents: Intents, parent: QWidget | None = None, theme: str = "dark") -> None:
        guard.overrides()
        super().__init__(intents, parent, theme)

    def resizeEvent(self, event: QResizeEvent) -> None:
        keep = self._fit_wanted or self.viewport is self._fitted  # nobody has moved it since it was opened
        ratio = self.devicePixelRatioF()
        self.set_viewport(self.viewport.resized(self.width(), self.height(), ratio))
        self._fit_wanted = keep

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.motion.land()
        mouse.press(self, event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        mouse.move(self, event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        mouse.release(self, event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        mouse.double_click(self, event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        mouse.wheel(self, event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            mouse.context_of_selection(self)
        event.accept()  # a right press asks for the menu on release, see mouse.release

    def leaveEvent(self, event: QEvent) -> None:
        self.backward.leave()
        if self.gesture is None:
            self.set_hover(None)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QNativeGestureEvent):
            return touch.native_gesture(self, event)
        if isinstance(event, QGestureEvent):
            return touch.gesture(self, event)
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            text = tips.tip(self, event.pos())
            if text:
                QToolTip.showText(event.globalPos(), text, self)
            else:
                QToolTip.hideText()
            return True
        pressed = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress
        if isinstance(event, QKeyEvent) and pressed and event.key() in TABS and keys.press(self, event):
            return True  # Tab adds a node here; Ctrl+Tab leaves the canvas
        return super().event(event)

    def tabletEvent(self, event: QTabletEvent) -> None:
        touch.tablet(self, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not keys.press(self, event):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if not keys.release(self, event):
            super().keyReleaseEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.space = False
        self.update()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        data = event.mimeData()
        if data.hasFormat(OP_MIME) or data.hasUrls() or data.hasText():
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self.pointer = event.position()
        if event.mimeData().hasFormat(OP_MIME):
            self.set_target(event.position())
        event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.set_target(None)

    def dropEvent(self, event: QDropEvent) -> None:
        data = event.mimeData()
        self.pointer = event.position()
        self.set_target(None)
        if data.hasFormat(OP_MIME):
            self.drop_op(bytes(data.data(OP_MIME).data()).decode("utf-8", "replace"), event.position())
        elif data.hasUrls():
            self.dropped.emit([url.toLocalFile() for url in data.urls() if url.isLocalFile()])
        elif data.hasText():
            self.paste_data(data.text())
        event.acceptProposedAction()
