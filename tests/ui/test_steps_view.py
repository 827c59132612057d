"""Stepping in the window: keys, menu, margin and tape by real events; what each side shows."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from guigrad.ui.main_window import MainWindow
from guigrad.ui.panels.tape import TapePanel


@pytest.fixture
def tape(lesson: MainWindow, qtbot: QtBot) -> TapePanel:
    """The tape in front."""
    lesson.live._follow()
    lesson.tabs.bring("tape")
    panel = lesson.tabs.panels["tape"]
    assert isinstance(panel, TapePanel)
    return panel


def step(window: MainWindow, qtbot: QtBot, count: int = 1) -> None:
    for _ in range(count):
        qtbot.keyClick(window, Qt.Key.Key_F10)


def node(window: MainWindow, label: str) -> str:
    return window.labels()[label]


def column(panel: TapePanel, number: int) -> list[str]:
    return [panel.model.tape.row(row)[number] for row in range(len(panel.model.tape))]


def test_f10_steps_and_every_side_shows_where(tape: TapePanel, lesson: MainWindow, qtbot: QtBot) -> None:
    step(lesson, qtbot, 2)
    scene = lesson.canvas.scene
    here = node(lesson, "t2")
    assert [key for key, row in scene.row.items() if scene.running[row]] == [here]
    assert lesson.code.view.step_line == lesson.live.lines[here]
    assert lesson.rail.strip.running == {here}
    assert lesson.hint.text().startswith("step 2 of 5: t2.")
    assert tape.model.at == 2
    frame = lesson.session.frame
    assert frame is not None
    assert frame["t2"].value is not None
    assert frame["t4"].value is None
    assert scene.faces.content(scene.row[node(lesson, "t4")]).value.reason == "not run yet"
    step(lesson, qtbot, 4)
    assert lesson.hint.text().startswith("step 6 of 10: MeanBackward0 of t4.")
    qtbot.keyClick(lesson, Qt.Key.Key_F10, Qt.KeyboardModifier.ShiftModifier)
    assert lesson.hint.text().startswith("step 5 of 10: t4.")
    lesson.commands.ask("leave_steps")
    assert not scene.running.any()
    assert lesson.code.view.step_line == 0
    assert not lesson.canvas.stepping


def test_the_wires_of_a_step_pulse(tape: TapePanel, lesson: MainWindow, qtbot: QtBot) -> None:
    lesson.canvas.calm = False
    step(lesson, qtbot, 2)
    canvas = lesson.canvas
    row = canvas.scene.row[node(lesson, "t2")]
    assert canvas.motion._forward == list(canvas.scene.into[row])
    assert canvas.motion._backward == []
    step(lesson, qtbot, 4)
    row = canvas.scene.row[node(lesson, "t4")]
    assert canvas.motion._backward == list(canvas.scene.into[row])
    assert canvas.motion._forward == []


def test_breakpoints_by_key_margin_and_menu(tape: TapePanel, lesson: MainWindow, qtbot: QtBot) -> None:
    key = node(lesson, "t3")
    lesson.session.select((key,))
    qtbot.keyClick(lesson, Qt.Key.Key_F9)
    assert lesson.canvas.breakpoints == {key}
    assert lesson.code.view.stops == {lesson.live.lines[key]}
    qtbot.keyClick(lesson, Qt.Key.Key_F9, Qt.KeyboardModifier.ControlModifier)
    assert lesson.hint.text().startswith("step 4 of 5: t3.")
    qtbot.keyClick(lesson, Qt.Key.Key_F9)
    assert not lesson.canvas.breakpoints
    lesson.tabs.bring("code")
    view = lesson.code.view
    block = view.document().findBlockByNumber(lesson.live.lines[key] - 1)
    place = view.blockBoundingGeometry(block).translated(view.contentOffset()).center()
    qtbot.mouseClick(view.numbers, Qt.MouseButton.LeftButton, pos=QPoint(5, round(place.y())))
    assert lesson.canvas.breakpoints == {key}, "the node that the line names"
    menu = QMenu()
    lesson.canvas.select((key,))
    from guigrad.ui import menus_canvas

    menus_canvas.fill(lesson, menu, "node", key, QPoint(0, 0))
    assert {"Step to this node", "Breakpoint"} <= {action.text() for action in menu.actions()}
    lesson.commands.ask("clear_breakpoints")
    assert not lesson.session.stepper.breakpoints


def test_the_dot_of_a_breakpoint_is_drawn(lesson: MainWindow, qtbot: QtBot) -> None:
    canvas = lesson.canvas
    key = next(iter(canvas.scene.row))
    row = canvas.scene.row[key]
    x, y = canvas.viewport.to_screen(float(canvas.scene.x[row]), float(canvas.scene.y[row]))
    ratio = canvas.devicePixelRatioF()
    colour = canvas.painter.ink.color("failed").name()
    at = round(x * ratio), round(y * ratio)
    assert canvas.grab().toImage().pixelColor(*at).name() != colour
    lesson.session.stepper.toggle_breakpoints((key,))
    assert canvas.grab().toImage().pixelColor(*at).name() == colour


def test_the_tape_lists_every_event(tape: TapePanel, lesson: MainWindow, qtbot: QtBot) -> None:
    assert not len(tape.model.tape)
    assert "F10" in tape.empty.text()
    qtbot.keyClick(lesson, Qt.Key.Key_F10, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert column(tape, 1)[5:] == [
        "MeanBackward0", "MulBackward0", "PowBackward0", "AddBackward0", "AccumulateGrad",
    ]  # fmt: skip
    assert column(tape, 2) == ["t1", "t2", "pow", "t3", "t4", "t4", "t3", "pow", "t2", "t1"]
    assert tape.model.tape.row(5)[3] == "1"
    assert tape.model.tape.row(5)[5] == "t3 (self) ← 0.2 each"
    assert tape.model.tape.row(9)[6].startswith("t1.grad: None + [")
    assert "self" in tape.model.tape.row(7)[7]
    assert tape.place.text() == "step 10 of 10 · 5 forward, 5 backward"
    model, colour = tape.model, Qt.ItemDataRole.ForegroundRole
    assert model.index(1, 5).data() == "reads t1"
    assert model.index(1, 5).data(colour) == model.look.color("text_muted")
    assert model.index(5, 5).data(colour) == model.look.color("grad")


def test_a_click_on_a_row_goes_there_and_hovering_shows_its_node(
    tape: TapePanel, lesson: MainWindow, qtbot: QtBot
) -> None:
    step(lesson, qtbot, 6)
    table = tape.table

    def middle(row: int) -> QPoint:
        return table.visualRect(tape.model.index(row, 1)).center()

    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=middle(1))
    assert lesson.hint.text().startswith("step 2 of 10: t2.")
    qtbot.mouseMove(table.viewport(), middle(2))
    qtbot.mouseMove(table.viewport(), middle(3))
    assert lesson.canvas.hover == node(lesson, "t3")
    table.setFocus()
    qtbot.keyClick(table, Qt.Key.Key_Down)
    qtbot.keyClick(table, Qt.Key.Key_Return)
    assert lesson.hint.text().startswith("step 3 of 10: pow.")
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text().splitlines()[1].startswith("3\t")
    tape.copy_button.click()
    assert len(QGuiApplication.clipboard().text().splitlines()) == 11


def test_a_plain_backward_is_on_the_tape_too(tape: TapePanel, lesson: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(lesson, Qt.Key.Key_F6)
    qtbot.waitUntil(lambda: len(tape.model.tape) == 5)
    assert column(tape, 1)[-1] == "AccumulateGrad"
    assert tape.model.at is None
    qtbot.mouseClick(
        tape.table.viewport(),
        Qt.MouseButton.LeftButton,
        pos=tape.table.visualRect(tape.model.index(1, 1)).center(),
    )
    assert lesson.session.selection == {node(lesson, "t3")}
    assert not lesson.session.stepper.active


def test_actions_say_why_they_are_off(lesson: MainWindow, qtbot: QtBot) -> None:
    assert not lesson.actions_by_id["step_back"].isEnabled()
    assert "Step begins" in lesson.actions_by_id["step_back"].toolTip()
    step(lesson, qtbot)
    assert lesson.actions_by_id["step_back"].isEnabled()
    assert lesson.top.buttons["step"].isEnabled()


def test_a_step_inside_a_function_shows_the_call_outside_and_the_node_inside(
    window: MainWindow, qtbot: QtBot, tmp_path: object
) -> None:
    from pathlib import Path

    path = Path(str(tmp_path)) / "f.py"
    path.write_text(
        "import torch\n\ndef f(a):\n    b = a * 2\n    return b * a\n\nx = torch.tensor(3.0, requires_grad=True)\ny = f(x)\n"
    )
    assert window.intents.open_path(str(path))
    window.live._follow()
    inner = next(key for key, each in window.session.whole.nodes.items() if each.name == "b")
    window.session.stepper.to((inner,))
    scene = window.canvas.scene
    assert [window.live.names[key] for key, row in scene.row.items() if scene.running[row]] == ["y"]
    assert window.code.view.step_line == window.live.lines[inner]
    window.session.enter(next(key for key, each in window.session.whole.nodes.items() if each.name == "y"))
    scene = window.canvas.scene
    assert [key for key, row in scene.row.items() if scene.running[row]] == [inner]
