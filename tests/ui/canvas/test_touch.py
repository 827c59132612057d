"""Touchpads, touch screens and pens on the canvas."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import (
    QInputDevice,
    QNativeGestureEvent,
    QPointingDevice,
    QPointingDeviceUniqueId,
    QTabletEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QGestureEvent, QPinchGesture

from guigrad.ui.canvas.viewport import Wheel
from tests.ui.canvas.hand import CTRL, NONE, Hand

PAD = QPointingDevice(
    "pad", 7, QInputDevice.DeviceType.TouchPad, QPointingDevice.PointerType.Finger,
    QInputDevice.Capability.Position | QInputDevice.Capability.Scroll, 2, 0, "", QPointingDeviceUniqueId(),
)  # fmt: skip
PEN = QPointingDevice(
    "pen", 8, QInputDevice.DeviceType.Stylus, QPointingDevice.PointerType.Pen,
    QInputDevice.Capability.Position | QInputDevice.Capability.Pressure, 1, 2, "", QPointingDeviceUniqueId(),
)  # fmt: skip


def roll(
    hand: Hand, at: QPoint, pixels: QPoint, angle: QPoint, phase: Qt.ScrollPhase, mods: object = NONE, pad: bool = True
) -> None:
    device = PAD if pad else QPointingDevice.primaryPointingDevice()
    event = QWheelEvent(
        QPointF(at), QPointF(hand.view.mapToGlobal(at)), pixels, angle, Qt.MouseButton.NoButton, mods, phase, False,
        Qt.MouseEventSource.MouseEventNotSynthesized, device,
    )  # type: ignore[call-overload]  # fmt: skip
    QApplication.sendEvent(hand.view, event)


def test_two_fingers_pan_by_pixels_and_zoom_with_ctrl(hand: Hand) -> None:
    before, at = hand.view.viewport, hand.node("t3")
    roll(hand, at, QPoint(-30, 12), QPoint(-240, 96), Qt.ScrollPhase.ScrollUpdate)
    assert (hand.view.viewport.left, hand.view.viewport.top) == (before.left - 30, before.top + 12)
    assert hand.view.viewport.scale == before.scale
    roll(hand, at, QPoint(), QPoint(0, 40), Qt.ScrollPhase.ScrollUpdate)
    assert hand.view.viewport.top == before.top + 12 + 20
    roll(hand, at, QPoint(0, 12), QPoint(0, 96), Qt.ScrollPhase.ScrollUpdate, CTRL)
    assert hand.view.viewport.scale > before.scale


def test_phases_tell_a_touchpad_that_calls_itself_a_mouse(hand: Hand) -> None:
    before = hand.view.viewport
    roll(hand, hand.node("t3"), QPoint(-30, 12), QPoint(-240, 96), Qt.ScrollPhase.ScrollUpdate, pad=False)
    assert hand.view.viewport.scale == before.scale
    assert hand.view.viewport.left == before.left - 30


@pytest.mark.parametrize(("mode", "pans"), [("pan", True), ("zoom", False)])
def test_the_setting_decides_for_every_device(hand: Hand, mode: str, pans: bool) -> None:
    for pad in (True, False):
        hand.view.wheel = Wheel(mode)
        before = hand.view.viewport
        phase = Qt.ScrollPhase.ScrollUpdate if pad else Qt.ScrollPhase.NoScrollPhase
        roll(hand, hand.node("t3"), QPoint(), QPoint(0, 120), phase, pad=pad)
        assert (hand.view.viewport.scale == before.scale) is pans


def test_a_pinch_on_a_touchpad_zooms_at_the_pointer(hand: Hand) -> None:
    at = hand.node("t4")
    world = hand.view.viewport.to_world(at.x(), at.y())
    for value in (0.2, -5.0, 0.1):
        event = QNativeGestureEvent(
            Qt.NativeGestureType.ZoomNativeGesture, PAD, 2, QPointF(at), QPointF(at), QPointF(hand.view.mapToGlobal(at)),
            value, QPointF(),
        )  # fmt: skip
        before = hand.view.zoom
        QApplication.sendEvent(hand.view, event)
        assert (hand.view.zoom > before) is (value > 0)
    again = hand.view.viewport.to_screen(*world)
    assert abs(again[0] - at.x()) <= 2
    assert abs(again[1] - at.y()) <= 2


def test_two_fingers_on_a_screen_zoom_between_them_and_pan(hand: Hand) -> None:
    view, before = hand.view, hand.view.viewport
    middle = QPointF(view.mapToGlobal(hand.node("t4")))
    pinch = QPinchGesture(view)
    pinch.setLastCenterPoint(middle)
    pinch.setCenterPoint(middle + QPointF(40, -25))
    pinch.setScaleFactor(1.25)
    flags = QPinchGesture.ChangeFlag
    pinch.setChangeFlags(flags.ScaleFactorChanged | flags.CenterPointChanged)
    event = QGestureEvent([pinch])
    hand.press(hand.node("t1"))
    QApplication.sendEvent(view, event)
    assert view.viewport.scale == pytest.approx(before.scale * 1.25)
    world = before.to_world(
        hand_x := middle.x() - view.mapToGlobal(QPoint()).x(), hand_y := middle.y() - view.mapToGlobal(QPoint()).y()
    )
    now = view.viewport.to_screen(*world)
    assert now == pytest.approx((hand_x + 40, hand_y - 25), abs=2)


def test_a_pen_drags_like_a_mouse(hand: Hand) -> None:
    before = hand.document.views["t1"]
    start = hand.node("t1")

    def pen(kind: QEvent.Type, at: QPoint, pressure: float, button: Qt.MouseButton, held: Qt.MouseButton) -> None:
        event = QTabletEvent(
            kind,
            PEN,
            QPointF(at),
            QPointF(hand.view.mapToGlobal(at)),
            pressure,
            0.0,
            0.0,
            0.0,
            0.0,
            0.0,
            NONE,
            button,
            held,
        )
        QApplication.sendEvent(hand.view, event)
        assert event.isAccepted()

    none, left = Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton
    pen(QEvent.Type.TabletPress, start, 0.01, left, left)
    pen(QEvent.Type.TabletMove, start + QPoint(20, 10), 0.9, none, left)
    pen(QEvent.Type.TabletMove, start + QPoint(40, 30), 0.2, none, left)
    pen(QEvent.Type.TabletRelease, start + QPoint(40, 30), 0.0, left, none)
    after = hand.document.views["t1"]
    assert (after.x - before.x, after.y - before.y) == (40, 30)
