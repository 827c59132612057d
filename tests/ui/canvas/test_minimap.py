"""The minimap: there at once after a change, shows the selection, and leads where it is clicked and dragged, at 10,000 nodes."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from guigrad.document.diff import Diff
from guigrad.document.model import View
from guigrad.ui.canvas.bench import Held
from guigrad.ui.canvas.view import CanvasView
from tests.ui.canvas.holder import zoomed


@pytest.fixture
def shown(qtbot: QtBot) -> tuple[Held, CanvasView]:
    held, view = zoomed(10_000, 1.0)
    qtbot.addWidget(view)
    qtbot.waitExposed(view)
    return held, view


def color_at(view: CanvasView, x: float, y: float) -> str:
    place = view.minimap.place
    return view.grab().toImage().pixelColor(round(place.left() + x), round(place.top() + y)).name()


def test_it_is_there_in_the_frame_after_an_edit(shown: tuple[Held, CanvasView]) -> None:
    held, view = shown
    panel = color_at(view, 75, 3)
    before = held.document.views["n0"]
    held.edit(Diff(label="Move", views={"n0": (before, View(before.x + 5, before.y))}))
    assert color_at(view, 75, 3) == panel


def test_a_click_and_a_drag_lead_there(shown: tuple[Held, CanvasView], qtbot: QtBot) -> None:
    _, view = shown
    place = view.minimap.place
    middle = place.center().toPoint()
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=middle)
    rect = view.scene.bounds()
    assert rect is not None
    x, y = view.viewport.to_world(view.width() / 2, view.height() / 2)
    assert x == pytest.approx((rect[0] + rect[2]) / 2, abs=200)
    assert y == pytest.approx((rect[1] + rect[3]) / 2, abs=200)
    for step in range(1, 9):
        qtbot.mouseMove(view, middle + QPoint(3 * step, 0))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=middle + QPoint(24, 0))
    assert view.viewport.to_world(view.width() / 2, 0)[0] > x + 1000
    assert not view.selection


def test_the_selection_is_seen_on_it(shown: tuple[Held, CanvasView]) -> None:
    _, view = shown
    view.select(view.scene.row)
    assert color_at(view, 75, 46) == view.painter.ink.color("selected").name()
