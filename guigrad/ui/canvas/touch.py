"""Touchpads, touch screens and pens: pinches zoom and pan, a pen is a mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QNativeGestureEvent, QTabletEvent
from PySide6.QtWidgets import QGestureEvent, QPinchGesture

from guigrad.ui.canvas import mouse

if TYPE_CHECKING:
    from guigrad.ui.canvas.view import CanvasView

LEAST: Final = 0.2
"""The smallest step of a pinch: hardware reports nonsense at times."""
_PEN: Final = {
    QEvent.Type.TabletPress: QEvent.Type.MouseButtonPress,
    QEvent.Type.TabletMove: QEvent.Type.MouseMove,
    QEvent.Type.TabletRelease: QEvent.Type.MouseButtonRelease,
}


def native_gesture(view: CanvasView, event: QNativeGestureEvent) -> bool:
    """A touchpad's pinch zooms at the pointer, a double tap of two fingers fits."""
    match event.gestureType():
        case Qt.NativeGestureType.ZoomNativeGesture:
            view.zoom_by(max(LEAST, 1.0 + event.value()), event.position())
        case Qt.NativeGestureType.SmartZoomNativeGesture:
            view.fit()
        case _:
            return False
    return True


def gesture(view: CanvasView, event: QGestureEvent) -> bool:
    """Two fingers on a touch screen zoom where they are, and take the canvas along."""
    pinch = event.gesture(Qt.GestureType.PinchGesture)
    if not isinstance(pinch, QPinchGesture):
        return False
    if pinch.state() == Qt.GestureState.GestureStarted and view.gesture is not None:
        view._cancel()  # the first finger had begun something
    middle, before = pinch.centerPoint(), pinch.lastCenterPoint()  # of the whole screen
    moved = QPointF() if before.isNull() else middle - before
    if pinch.changeFlags() & QPinchGesture.ChangeFlag.CenterPointChanged:
        view.set_viewport(view.viewport.moved(moved.x(), moved.y()), moving=True)
    if pinch.changeFlags() & QPinchGesture.ChangeFlag.ScaleFactorChanged:
        view.zoom_by(max(LEAST, pinch.scaleFactor()), view.mapFromGlobal(middle))
    event.accept(pinch)
    return True


def tablet(view: CanvasView, event: QTabletEvent) -> None:
    """A pen does what a mouse does, however hard it is pressed."""
    event.accept()  # so that Qt makes no mouse event of it again
    same = QMouseEvent(
        _PEN[event.type()], event.position(), event.globalPosition(), event.button(), event.buttons(), event.modifiers()
    )
    match event.type():
        case QEvent.Type.TabletPress:
            mouse.press(view, same)
        case QEvent.Type.TabletRelease:
            mouse.release(view, same)
        case _:
            mouse.move(view, same)
