"""Anything clicked, dragged and typed in any order leaves the canvas in step with its document."""

from __future__ import annotations

import random

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from guigrad.ui.canvas.scene import Scene
from tests.ui.canvas.hand import ALT, CTRL, LEFT, MIDDLE, NONE, RIGHT, SHIFT, Hand
from tests.ui.canvas.samples import lesson_frame
from tests.ui.canvas.test_scene import same

KEYS = (
    Qt.Key.Key_Delete, Qt.Key.Key_Escape, Qt.Key.Key_F2, Qt.Key.Key_Tab, Qt.Key.Key_Return, Qt.Key.Key_F, Qt.Key.Key_Home,
    Qt.Key.Key_H, Qt.Key.Key_N, Qt.Key.Key_Left, Qt.Key.Key_Down, Qt.Key.Key_Space, Qt.Key.Key_A, Qt.Key.Key_C, Qt.Key.Key_V,
    Qt.Key.Key_X, Qt.Key.Key_D, Qt.Key.Key_G, Qt.Key.Key_Plus, Qt.Key.Key_0, Qt.Key.Key_Menu,
)  # fmt: skip


def act(hand: Hand, rng: random.Random) -> None:
    view = hand.view

    def anywhere() -> QPoint:
        if rng.random() < 0.6 and view.scene.row:
            key = rng.choice(list(view.scene.row))
            if rng.random() < 0.5:
                return hand.node(key, rng.uniform(0, 176), rng.uniform(0, 110))
            side = rng.choice(("in", "out"))
            face = view.scene.facet(view.scene.row[key])
            count = len(face.inputs) if side == "in" else len(face.outputs)
            if count:
                return hand.port(key, side, rng.randrange(count))
        return QPoint(rng.randrange(1200), rng.randrange(700))

    mods = rng.choice((NONE, NONE, NONE, CTRL, SHIFT, ALT))
    match rng.randrange(9):
        case 0 | 1:
            hand.drag(anywhere(), anywhere(), rng.choice((LEFT, LEFT, LEFT, MIDDLE, RIGHT)), mods)
        case 2:
            QTest.mouseClick(view, LEFT, mods, anywhere())
        case 3:
            QTest.mouseDClick(view, LEFT, mods, anywhere())
        case 4 | 5:
            QTest.keyClick(QApplication.focusWidget() or view, rng.choice(KEYS), rng.choice((NONE, NONE, CTRL, SHIFT)))
        case 6:
            point = QPointF(anywhere())
            turn = QPoint(0, rng.choice((-120, 120, 600, -600)))
            phase = Qt.ScrollPhase.NoScrollPhase
            QApplication.sendEvent(
                view, QWheelEvent(point, point, QPoint(), turn, Qt.MouseButton.NoButton, NONE, phase, False)
            )
        case 7:
            rng.choice((hand.store.undo, hand.store.redo))()
        case 8:
            focus = QApplication.focusWidget()
            if focus is not None and focus is not view:
                QTest.keyClicks(focus, rng.choice(("relu", "x1", "[1, 2", "3.5", "")))
                QTest.keyClick(focus, rng.choice((Qt.Key.Key_Return, Qt.Key.Key_Escape)))


@pytest.mark.monkey
@pytest.mark.parametrize("seed", range(3))
def test_random_clicking(hand: Hand, seed: int) -> None:
    rng = random.Random(seed)
    for step in range(250):
        act(hand, rng)
        if step % 25 == 0:
            hand.view.repaint()
            hand.view.set_frame(lesson_frame())
        if step % 10 == 0:
            if hand.view.gesture is not None:
                hand.key(Qt.Key.Key_Escape)
            same(hand.view.scene)
    hand.view.search.close()
    assert hand.view.scene.row.keys() == Scene(hand.document).row.keys()
