"""In and out of functions in the whole window, by real mouse and keys."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from guigrad.document import edit
from guigrad.document.model import callee
from guigrad.files.load import load
from guigrad.ui.main_window import MainWindow

Key, Mods = Qt.Key, Qt.KeyboardModifier


def node(window: MainWindow, name: str) -> str:
    return next(key for key, each in window.session.whole.nodes.items() if each.name == name)


def made(window: MainWindow, qtbot: QtBot, *names: str) -> str:
    """A function of these nodes made by its key; the call."""
    window.show_canvas()
    window.session.select([node(window, name) for name in names])
    qtbot.keyClick(window.canvas, Key.Key_G, Mods.ControlModifier | Mods.ShiftModifier)
    (function,) = window.session.whole.functions
    return next(key for key, each in window.session.whole.nodes.items() if callee(each) == function)


def point(window: MainWindow, key: str, dy: float = 60.0) -> QPoint:
    """A point of the screen on a card."""
    canvas = window.canvas
    row = canvas.scene.row[key]
    x, y = canvas.viewport.to_screen(float(canvas.scene.x[row]) + 80, float(canvas.scene.y[row]) + dy)
    return QPoint(round(x), round(y))


def test_a_function_is_made_entered_and_left_by_keys(lesson: MainWindow, qtbot: QtBot) -> None:
    call = made(lesson, qtbot, "t2", "t3")
    assert lesson.session.selection == {call}
    assert call in lesson.canvas.scene.row
    assert node(lesson, "t2") not in lesson.canvas.scene.row
    qtbot.keyClick(lesson.canvas, Key.Key_Return)
    assert lesson.session.way == (call,)
    assert {lesson.session.document.nodes[key].name for key in lesson.canvas.scene.row} >= {"t1", "t2", None}
    assert lesson.way.isVisible()
    assert [step.text() for step in lesson.way.steps] == ["lesson.py", "f"]
    lesson.session.select(())
    qtbot.keyClick(lesson.canvas, Key.Key_Backspace)
    assert lesson.session.way == ()
    assert not lesson.way.isVisible()
    assert lesson.session.selection == {call}
    qtbot.keyClick(lesson, Key.Key_Z, Mods.ControlModifier)
    assert not lesson.session.whole.functions
    assert node(lesson, "t2") in lesson.canvas.scene.row


def test_a_double_click_goes_in_and_a_crumb_leads_out(lesson: MainWindow, qtbot: QtBot) -> None:
    call = made(lesson, qtbot, "t2", "t3")
    lesson.canvas.zoom_reset()
    lesson.canvas.reveal(call)
    before = lesson.canvas.viewport
    qtbot.mouseDClick(lesson.canvas, Qt.MouseButton.LeftButton, pos=point(lesson, call))
    assert lesson.session.way == (call,)
    qtbot.mouseClick(lesson.way.steps[0], Qt.MouseButton.LeftButton)
    assert lesson.session.way == ()
    after = lesson.canvas.viewport
    assert (after.left, after.top, after.scale) == (before.left, before.top, before.scale)


def test_values_and_gradients_inside_are_those_of_the_instance(lesson: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(lesson, Key.Key_F6)
    before = lesson.session.frame
    wanted = {name: (before[name].value, before[name].xray) for name in ("t2", "t3")}
    call = made(lesson, qtbot, "t2", "t3")
    outside = lesson.session.frame
    assert (outside["t3"].value, outside["t3"].xray) == wanted["t3"]
    assert outside.contributions["t1", "t3", "t1"] == before.contributions["t1", "t2", "self"]
    qtbot.keyClick(lesson.canvas, Key.Key_Return)
    scene, frame = lesson.canvas.scene, lesson.session.frame
    for name, shown in wanted.items():
        record = frame.records[node(lesson, name)]
        assert (record.value, record.xray) == shown
        assert scene.faces.record(scene.row[node(lesson, name)]) is record
    result = scene.row[lesson.session.function]
    assert scene.faces.record(result).value == wanted["t3"][0]
    assert scene.facet(result).title == "result"
    assert scene.faces.contribution(scene.into[result][0]) is not None
    lesson.session.edit(edit.set_argument(node(lesson, "t2"), "other", 3))
    lesson.session.leave()
    assert lesson.session.frame["t3"].value != wanted["t3"][0]
    assert lesson.session.whole.nodes[call].name == "t3"


def test_each_instance_shows_its_own_values(lesson: MainWindow, qtbot: QtBot) -> None:
    call = made(lesson, qtbot, "t2", "t3")
    lesson.session.select([call])
    qtbot.keyClick(lesson.canvas, Key.Key_D, Mods.ControlModifier)
    (other,) = lesson.session.selection
    lesson.session.edit(edit.connect(call, 0, other, "t1"))
    qtbot.keyClick(lesson.canvas, Key.Key_Return)
    assert lesson.session.way == (other,)
    assert lesson.way.shared.text() == "shared by 2"
    assert lesson.way.instance.count() == 2
    value = lesson.session.frame.records[node(lesson, "t2")].value
    qtbot.keyClick(lesson.way.instance, Key.Key_Up)
    assert lesson.session.way == (call,)
    assert lesson.session.frame.records[node(lesson, "t2")].value != value
    qtbot.keyClick(lesson.canvas, Key.Key_U, Mods.ControlModifier | Mods.AltModifier)
    assert len(lesson.session.whole.functions) == 2


def test_a_problem_inside_is_pinned_on_the_call_and_leads_inside(lesson: MainWindow, qtbot: QtBot) -> None:
    call = made(lesson, qtbot, "t2", "t3")
    qtbot.keyClick(lesson.canvas, Key.Key_Return)
    inner = node(lesson, "t2")
    lesson.session.edit(edit.disconnect(inner, "self"))
    lesson.session.leave()
    lesson.live._follow()
    assert call in lesson.canvas.scene.faces.pins
    assert "inside f" in lesson.canvas.scene.faces.pins[call][0].message
    problem = next(each for each in lesson.session.problems if each.node_id.rpartition("/")[2] == inner)
    lesson.problems.chosen.emit(problem)
    assert lesson.session.way == (call,)
    assert lesson.session.selection == {inner}


def test_editing_inside_changes_the_function(lesson: MainWindow, qtbot: QtBot) -> None:
    call = made(lesson, qtbot, "t2", "t3")
    qtbot.keyClick(lesson.canvas, Key.Key_Return)
    lesson.session.select([node(lesson, "t2")])
    qtbot.keyClick(lesson.canvas, Key.Key_D, Mods.ControlModifier)
    (function,) = lesson.session.whole.functions.values()
    assert len(function.program) == 4
    assert lesson.session.way == (call,)
    lesson.session.select(())
    qtbot.keyClick(lesson, Key.Key_Z, Mods.ControlModifier)
    assert len(lesson.session.whole.functions[function.id].program) == 3


def test_expanding_by_key_gives_the_graph_back(lesson: MainWindow, qtbot: QtBot) -> None:
    before = lesson.session.whole.canonical()
    call = made(lesson, qtbot, "t2", "t3")
    lesson.session.select([call])
    qtbot.keyClick(lesson.canvas, Key.Key_G, Mods.ControlModifier | Mods.AltModifier)
    assert lesson.session.whole.canonical() == before
    assert node(lesson, "t2") in lesson.canvas.scene.row


def test_saving_from_inside_saves_the_whole(lesson: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    call = made(lesson, qtbot, "t2", "t3")
    qtbot.keyClick(lesson.canvas, Key.Key_Return)
    assert lesson.session.way == (call,)
    path = tmp_path / "inside.guigrad"
    assert lesson.intents._save_to(str(path))
    again = load(path)
    assert again.canonical() == lesson.session.whole.canonical()
    assert set(again.views) >= set(lesson.session.whole.views)


def test_undoing_what_holds_the_open_level_leaves_it(lesson: MainWindow, qtbot: QtBot) -> None:
    made(lesson, qtbot, "t2", "t3")
    qtbot.keyClick(lesson.canvas, Key.Key_Return)
    qtbot.keyClick(lesson, Key.Key_Z, Mods.ControlModifier)
    assert lesson.session.way == ()
    assert not lesson.session.whole.functions
    assert node(lesson, "t3") in lesson.canvas.scene.row


def test_what_cannot_be_cut_out_is_refused_with_the_node_in_the_way(lesson: MainWindow, qtbot: QtBot) -> None:
    lesson.show_canvas()
    lesson.session.select([node(lesson, "t2"), node(lesson, "t4")])
    qtbot.keyClick(lesson.canvas, Key.Key_G, Mods.ControlModifier | Mods.ShiftModifier)
    assert not lesson.session.whole.functions
    assert "t3 is in the way" in lesson.bar.text.text()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_both_themes_draw_the_inside(lesson: MainWindow, qtbot: QtBot, theme: str) -> None:
    made(lesson, qtbot, "t2", "t3")
    lesson.set_theme(theme)
    qtbot.keyClick(lesson.canvas, Key.Key_Return)
    assert not lesson.grab().isNull()
