"""The timeline by itself: places, zoom, keys."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from guigrad.ui.style import Look
from guigrad.ui.widgets.timeline import Course, Timeline

PHASES = ("forward", "backward", "step", "zero_grad")


@pytest.fixture
def line(look: Look, qtbot: QtBot) -> Timeline:
    made = Timeline(look)
    qtbot.addWidget(made)
    made.resize(700, 120)
    made.show()
    made.show_course(Course(PHASES, 30, -1, 30, 30, tuple(range(1, 31)), {4: "here"}, (9,)))
    return made


def wheel(line: Timeline, at: QPointF, turn: int, mods: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    event = QWheelEvent(
        at, line.mapToGlobal(at), QPoint(), QPoint(0, turn), Qt.MouseButton.NoButton, mods, Qt.ScrollPhase.NoScrollPhase, False
    )  # fmt: skip
    QApplication.sendEvent(line, event)


def test_places_are_those_that_are_drawn(line: Timeline) -> None:
    room = line._room()
    for step in (1, 7, 30):
        for row in range(4):
            at = QPointF(line.x_of(step), room.top() + (row + 0.5) * room.height() / 4)
            assert line.place(at) == (step, row if row < 3 else -1)
    assert line.place(QPointF(-50, 5)) == (1, -1)
    assert line.place(QPointF(5000, 5)) == (30, -1)
    assert line.words(4, 1) == "step 4 · after backward · here"


def test_a_thousand_steps_have_no_cells_until_the_wheel_brings_them_near(line: Timeline, qtbot: QtBot) -> None:
    line.show_course(Course(PHASES, 500, -1, 1000, 1000))
    room = line._room()
    middle = QPointF(line.x_of(500), room.top() + 2)
    assert line.place(middle)[1] == -1
    before = line._step(middle.x())
    for _ in range(14):
        wheel(line, middle, 120)
    assert line._step(middle.x()) == pytest.approx(before)
    assert line.place(middle) == (500, 0)
    low = line.span[0]
    wheel(line, middle, -120, Qt.KeyboardModifier.ShiftModifier)
    assert line.span[0] > low
    line.grab()
    line.show_course(Course(PHASES, 990, -1, 1000, 1000))
    assert line.span[0] < 990 < line.span[1]  # what is shown stays in view
    line.setFocus()
    qtbot.keyClick(line, Qt.Key.Key_0)
    assert line.span == (0.5, 1000.5)


def test_keys_tell_where_to_go(line: Timeline, qtbot: QtBot) -> None:
    asked: list[tuple[int, int]] = []
    played: list[bool] = []
    line.scrubbed.connect(lambda step, phase: asked.append((step, phase)))
    line.play_asked.connect(lambda: played.append(True))
    line.show_course(Course(PHASES, 12, -1, 30, 30))
    shift = Qt.KeyboardModifier.ShiftModifier
    for key, mods, wanted in (
        (Qt.Key.Key_Left, Qt.KeyboardModifier.NoModifier, (11, -1)),
        (Qt.Key.Key_Right, shift, (22, -1)),
        (Qt.Key.Key_PageDown, shift, (30, -1)),
        (Qt.Key.Key_End, Qt.KeyboardModifier.NoModifier, (30, -1)),
        (Qt.Key.Key_Up, Qt.KeyboardModifier.NoModifier, (12, 2)),
        (Qt.Key.Key_Down, Qt.KeyboardModifier.NoModifier, (13, 0)),
    ):
        qtbot.keyClick(line, key, mods)
        assert asked[-1] == wanted
    qtbot.keyClick(line, Qt.Key.Key_Space)
    assert played == [True]
    assert len(asked) == 6


def test_nothing_trained_and_no_loop_are_said_and_drawn(line: Timeline, qtbot: QtBot) -> None:
    asked: list[int] = []
    line.scrubbed.connect(lambda step, phase: asked.append(step))
    for course in (Course(), Course(PHASES, total=10**9), Course(PHASES, 1, -1, 1)):
        line.show_course(course)
        assert not line.grab().isNull()
    line.show_course(Course(PHASES))
    qtbot.mouseClick(line, Qt.MouseButton.LeftButton, pos=QPoint(300, 60))
    qtbot.keyClick(line, Qt.Key.Key_Right)
    assert asked == []
