"""The training's panel in little room, and beside other tabs."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QScrollArea
from pytestqt.qtbot import QtBot

from guigrad.ui.main_window import MainWindow
from guigrad.ui.widgets.sideways import Sideways

SOURCE = """import torch
w = torch.ones(3, requires_grad=True)
for step in range(4):
    loss = (w * w).sum()
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
        w.grad = None
print(loss)
"""


def opened(window: MainWindow, tmp_path: Path) -> MainWindow:
    path = tmp_path / "train.py"
    path.write_text(SOURCE)
    assert window.intents.open_path(str(path))
    window.tabs.bring("training")
    return window


def test_what_a_training_prints_does_not_cover_it(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    tabs = opened(window, tmp_path).tabs
    window.session.coach.train(None)
    at = tabs.indexOf(window.messages)
    assert tabs.currentWidget() is window.training.panel
    assert tabs.tabText(at) == "Messages •"
    tabs.setCurrentIndex(at)
    assert tabs.tabText(at) == "Messages"
    window.session.run()
    assert (tabs.currentWidget(), tabs.tabText(at)) == (window.messages, "Messages")


def test_in_a_small_window_nothing_of_it_is_below_the_rim(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    window.resize(1280, 690)
    window.size_panels()
    panel = opened(window, tmp_path).training.panel
    qtbot.waitUntil(lambda: panel.plot is not None)
    area = panel.findChild(QScrollArea, options=Qt.FindChildOption.FindDirectChildrenOnly)
    assert area is not None
    qtbot.waitUntil(lambda: area.verticalScrollBar().maximum() == 0)
    assert panel.head is not None
    assert panel.head.lights.low
    window.resize(1600, 1000)
    window.set_scale(1.5)
    window.tabs.bring("code")
    window.size_panels()
    before = window._middle.sizes()[1]
    window.tabs.bring("training")
    assert window._middle.sizes()[1] > before + 50
    window._middle.splitterMoved.emit(0, 0)  # somebody has chosen
    window.size_panels()
    window.tabs.bring("code")
    window.tabs.bring("training")
    assert window._middle.sizes()[1] == before
    window.set_scale(1.0)
    window.resize(1280, 1000)
    window._middle.setSizes([400, 500])
    qtbot.waitUntil(lambda: panel.head is not None and not panel.head.lights.low)


def test_a_row_with_too_little_room_says_that_there_is_more(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    row = next(row for row in opened(window, tmp_path).training.panel.findChildren(Sideways) if row.row.indexOf(window.training.panel.go) >= 0)  # fmt: skip
    left, right = row.ends
    row.setFixedWidth(200)
    qtbot.waitUntil(right.isVisible)
    assert not left.isVisible()
    QTest.mouseClick(right, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(left.isVisible)
    before = row.horizontalScrollBar().value()
    assert before > 0
    place = QPointF(90, 10)
    row.wheelEvent(QWheelEvent(place, place, QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False))  # fmt: skip
    assert row.horizontalScrollBar().value() < before
    row.setFixedWidth(4000)
    qtbot.waitUntil(lambda: not right.isVisible() and not left.isVisible())
