"""The rail draws the program in order and asks for changes by mouse and keys."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from guigrad.source.emit import emit_lines
from guigrad.source.parse.parser import parse
from guigrad.ui.rail import Rail
from guigrad.ui.rail_items import Bracket, Pill, rail_items
from guigrad.ui.style import Look

SCRIPT = """import torch

w = torch.ones(4, requires_grad=True)
for epoch in range(2):
    loss = (w * 3).sum()
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
    w.grad.zero_()
print(w)
"""


def items(script: str = SCRIPT) -> tuple[Pill | Bracket, ...]:
    document = parse(script)
    text, lines = emit_lines(document)
    rows = text.split("\n")
    return rail_items(document, {key: rows[line - 1].strip() for key, line in lines.items()})


def test_evaluations_fold_and_loops_bracket_their_body() -> None:
    first, loop, last = items()
    assert isinstance(first, Pill)
    assert (first.kind, first.text) == ("forward", "forward")
    assert isinstance(loop, Bracket)
    assert loop.text == "for epoch in range(2)"
    inner = [item.text for item in loop.items]
    assert inner == ["forward", "loss.backward()", "with torch.no_grad()", "w.grad.zero_()"]
    region = loop.items[2]
    assert isinstance(region, Bracket)
    assert [item.text for item in region.items] == ["w -= 0.1 * w.grad"]
    assert last.text == "print(w)"


def test_a_pill_is_dragged_before_another(qtbot: QtBot, look: Look) -> None:
    rail = Rail(look)
    qtbot.addWidget(rail)
    rail.resize(1200, 60)
    rail.show_items(items())
    rail.show()
    strip = rail.strip
    by_text = {placed.item.text: placed for placed in strip.placed}
    start = by_text["w.grad.zero_()"].rect.center().toPoint()
    goal = by_text["loss.backward()"]
    end = QPoint(round(goal.rect.left()) + 3, start.y())
    moved: list[tuple[object, ...]] = []
    strip.move_asked.connect(lambda *what: moved.append(what))
    qtbot.mousePress(strip, Qt.MouseButton.LeftButton, pos=start)
    for place in (start - QPoint(30, 0), end):
        event = QMouseEvent(
            QEvent.Type.MouseMove, QPointF(place), strip.mapToGlobal(QPointF(place)), Qt.MouseButton.NoButton,
            Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier,
        )  # fmt: skip
        QApplication.sendEvent(strip, event)
    qtbot.mouseRelease(strip, Qt.MouseButton.LeftButton, pos=end)
    loop = by_text["for epoch in range(2)"]
    assert moved == [(by_text["w.grad.zero_()"].keys, goal.keys[0], loop.keys[0])]


def test_an_empty_program_says_what_to_do(qtbot: QtBot, look: Look) -> None:
    rail = Rail(look)
    qtbot.addWidget(rail)
    rail.show()
    rail.show_items(())
    assert rail.hint.isVisible()
    rail.show_items(items())
    assert not rail.hint.isVisible()


def test_the_pill_that_is_played_is_filled(qtbot: QtBot, look: Look) -> None:
    rail = Rail(look)
    qtbot.addWidget(rail)
    rail.resize(1200, 60)
    rail.show_items(items())
    strip = rail.strip
    placed = next(placed for placed in strip.placed if placed.item.text == "loss.backward()")
    spot = QPoint(round(placed.rect.left()) + 8, round(placed.rect.center().y()))
    before = strip.grab().toImage().pixelColor(spot)
    strip.show_running(placed.keys)
    assert strip.grab().toImage().pixelColor(spot) == look.color("grad") != before
    strip.show_running(())
    assert strip.grab().toImage().pixelColor(spot) == before
