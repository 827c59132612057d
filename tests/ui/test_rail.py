"""The rail draws the program in order and asks for changes by mouse and keys."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from guigrad.source.emit import emit, emit_lines
from guigrad.source.parse.parser import parse
from guigrad.ui.main_window import MainWindow
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


def test_the_heading_is_on_a_line_with_the_pills(qtbot: QtBot, look: Look) -> None:
    for scale in (1.0, 1.5, 2.5):
        rail = Rail(Look(look.theme, scale))
        qtbot.addWidget(rail)
        rail.show_items(items())
        rail.resize(900, rail.height())
        rail.show()
        pill = rail.strip.placed[0].rect.center().toPoint()
        heading = rail.heading.mapTo(rail, rail.heading.rect().center()).y()
        assert abs(heading - rail.strip.mapTo(rail, pill).y()) <= 1


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


def code(window: MainWindow) -> str:
    return emit(window.session.document)


def test_keys_move_a_pill_into_a_loop_and_out_of_it(window: MainWindow, qtbot: QtBot) -> None:
    window.intents.open_code(SCRIPT + "print(3)\n")
    window.live.follow_now()
    strip = window.rail.strip
    strip.setFocus()
    last = next(placed for placed in strip.placed if placed.item.text == "print(3)")
    strip.select(last.keys)
    before = code(window)
    alt = Qt.KeyboardModifier.AltModifier
    qtbot.keyClick(strip, Qt.Key.Key_Left, alt)
    assert code(window).endswith("print(3)\nprint(w)\n")
    assert strip.selected == last.keys
    qtbot.keyClick(strip, Qt.Key.Key_Left, alt)
    assert "    w.grad.zero_()\n    print(3)\n" in code(window)
    for _ in range(5):
        qtbot.keyClick(strip, Qt.Key.Key_Left, alt)
    assert "    print(3)\n    loss.backward()\n" in code(window)
    for _ in range(12):
        qtbot.keyClick(strip, Qt.Key.Key_Right, alt)
    assert code(window) == before


def test_keys_walk_delete_and_open(window: MainWindow, qtbot: QtBot) -> None:
    window.intents.open_code(SCRIPT)
    window.live.follow_now()
    strip = window.rail.strip
    strip.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(strip, Qt.Key.Key_End)
    assert next(p for p in strip.placed if p.keys == strip.selected).item.text == "print(w)"
    qtbot.keyClick(strip, Qt.Key.Key_Return)
    assert window.canvas.selection
    assert window.canvas.hasFocus() or not window.isActiveWindow()
    strip.select(strip.placed[-1].keys)
    qtbot.keyClick(strip, Qt.Key.Key_Delete)
    assert "print(w)" not in code(window)
    window.intents.undo()
    assert "print(w)" in code(window)


def test_a_pill_goes_into_an_else(window: MainWindow, qtbot: QtBot) -> None:
    window.intents.open_code(
        "import torch\n\nx = torch.ones(2)\nif x.sum() > 1:\n    print(1)\nelse:\n    print(2)\nprint(3)\n"
    )
    window.live.follow_now()
    strip = window.rail.strip
    last = next(placed for placed in strip.placed if placed.item.text == "print(3)")
    strip.select(last.keys)
    qtbot.keyClick(strip, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert "else:\n    print(2)\n    print(3)\n" in code(window)


def test_a_card_dropped_on_the_rail_becomes_what_is_chosen(lesson: MainWindow, qtbot: QtBot) -> None:
    lesson.live.follow_now()
    canvas, strip = lesson.canvas, lesson.rail.strip
    key = next(node.id for node in lesson.session.document.nodes.values() if node.name == "t3")
    row = canvas.scene.row[key]
    x, y = canvas.viewport.to_screen(float(canvas.scene.x[row]) + 60, float(canvas.scene.y[row]) + 14)
    goal = canvas.mapFromGlobal(strip.mapToGlobal(QPoint(strip.width() - 4, strip.height() // 2)))
    place = canvas.scene.x[row]
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(round(x), round(y)))
    for at in (QPoint(round(x) + 20, round(y) + 20), goal):
        event = QMouseEvent(
            QEvent.Type.MouseMove, QPointF(at), canvas.mapToGlobal(QPointF(at)), Qt.MouseButton.NoButton,
            Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier,
        )  # fmt: skip
        QApplication.sendEvent(canvas, event)
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=goal)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    choice = next(action for action in menu.actions() if action.text() == "t3.retain_grad()")
    choice.trigger()
    menu.close()
    assert "t3.retain_grad()" in code(lesson)
    assert canvas.scene.x[row] == place
