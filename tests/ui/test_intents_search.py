"""The search of the window and find in graph, by keys."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from guigrad.document import edit
from guigrad.ui.main_window import MainWindow
from guigrad.ui.widgets.search_box import SearchBox, rank

Key, CTRL, SHIFT = Qt.Key, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def opened(window: MainWindow, qtbot: QtBot) -> SearchBox:
    window.live._follow()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window, Key.Key_P, CTRL | SHIFT)
    box = QApplication.activePopupWidget()
    assert isinstance(box, SearchBox)
    return box


@pytest.mark.parametrize(
    ("query", "kind", "text"),
    [
        ("tidy", "command", "Tidy layout"), ("prefer", "command", "Preferences"), ("settings", "command", "Preferences"), ("t3", "node", "t3"),
        ("relu", "op", "relu"), ("sofmax", "op", "softmax"), ("@", "op", "matmul"), ("dark light", "command", "Light theme"),
        ("two layer", "lesson", ""), ("lesson.py", "file", "lesson.py"), ("tdiy", "command", "Tidy layout"), ("zoom in", "command", "Zoom in"),
    ],
)  # fmt: skip
def test_everything_is_in_one_list(lesson: MainWindow, qtbot: QtBot, query: str, kind: str, text: str) -> None:
    box = opened(lesson, qtbot)
    qtbot.keyClicks(box.field, query)
    kinds = [(entry.kind, entry.text) for entry in box.model.entries]
    if kind in ("lesson", "file"):
        assert any(found == kind for found, _ in kinds[:6])
    else:
        assert kinds[0] == (kind, text)
    qtbot.keyClick(box.field, Key.Key_Escape)


def test_commands_show_their_keys_and_why_not(lesson: MainWindow, qtbot: QtBot) -> None:
    box = opened(lesson, qtbot)
    qtbot.keyClicks(box.field, "step")
    entries = {entry.text: entry for entry in box.model.entries}
    assert entries["Step"].hint == "F10"
    assert "Step begins" in entries["Step back"].why_not
    assert "no optimizer" in entries["Optimizer step"].why_not
    qtbot.keyClick(box.field, Key.Key_End)
    assert box.list.currentIndex().row() == len(box.model.entries) - 1
    qtbot.keyClick(box.field, Key.Key_Home)
    assert box.list.currentIndex().row() == 0
    qtbot.keyClick(box.field, Key.Key_Escape)
    assert not box.isVisible()


def test_a_command_is_done(lesson: MainWindow, qtbot: QtBot) -> None:
    box = opened(lesson, qtbot)
    qtbot.keyClicks(box.field, "select all")
    qtbot.keyClick(box.field, Key.Key_Return)
    assert len(lesson.canvas.selection) == 5


def find(window: MainWindow, qtbot: QtBot, words: str) -> list[str]:
    qtbot.waitUntil(window.isActiveWindow)
    window.canvas.setFocus()
    qtbot.keyClick(window.canvas, Key.Key_F, CTRL)
    qtbot.keyClicks(window.find_bar.field, words)
    names = window.live.names
    return [names.get(key, key) for key in window.find_bar.hits]


@pytest.mark.parametrize(
    ("words", "labels"),
    [
        ("t3", {"t3"}),
        ("pow", {"pow"}),
        ("-2.026", {"t1"}),
        ("mean", {"t4"}),
        ("7.534", {"t4"}),
        ("nothing at all", set()),
    ],
)
def test_nodes_are_found_by_name_op_and_value(lesson: MainWindow, qtbot: QtBot, words: str, labels: set[str]) -> None:
    lesson.live._follow()
    assert labels <= set(find(lesson, qtbot, words))
    assert lesson.canvas.found == frozenset(lesson.find_bar.hits)
    assert lesson.find_bar.count.text() == (f"1 of {len(lesson.find_bar.hits)}" if labels else "no hit")


def test_from_hit_to_hit(lesson: MainWindow, qtbot: QtBot) -> None:
    lesson.live._follow()
    hits = len(find(lesson, qtbot, "t"))
    bar, canvas = lesson.find_bar, lesson.canvas
    assert hits > 3
    seen = [canvas.selection]
    for _ in range(hits - 1):
        qtbot.keyClick(bar.field, Key.Key_Return)
        seen.append(canvas.selection)
    assert len(set(seen)) == hits
    assert bar.count.text() == f"{hits} of {hits}"
    qtbot.keyClick(bar.field, Key.Key_Return, SHIFT)
    assert canvas.selection == seen[-2]
    qtbot.keyClick(lesson, Key.Key_F3)
    assert canvas.selection == seen[-1]
    qtbot.keyClick(bar.field, Key.Key_Escape)
    assert bar.isHidden()
    assert canvas.found == frozenset()
    assert canvas.hasFocus()


def test_a_hit_out_of_view_is_brought_in(lesson: MainWindow, qtbot: QtBot) -> None:
    lesson.live._follow()
    key = lesson.labels()["t4"]
    lesson.session.edit(edit.move({key: (9_000.0, 9_000.0)}))
    find(lesson, qtbot, "mean")
    left, top, right, bottom = lesson.canvas.viewport.world
    assert left < 9_000 < right
    assert top < 9_000 < bottom


def test_problems_and_notes_are_found(lesson: MainWindow, qtbot: QtBot) -> None:
    lesson.session.edit(edit.add_note("remember the sign", (0.0, 900.0)))
    for _ in range(2):
        qtbot.keyClick(lesson, Key.Key_F6)
    lesson.live._follow()
    assert find(lesson, qtbot, "second time") != []
    lesson.find_bar.field.clear()
    (note,) = find(lesson, qtbot, "remember")
    assert note in lesson.session.document.notes


def test_rank() -> None:
    assert rank("tidy layout", "Tidy layout") == 0
    assert rank("tid", "Tidy layout") == 1
    assert rank("lay", "Tidy layout") == 2
    assert rank("yout", "Tidy layout") == 3
    assert rank("arrange", "Tidy layout", "arrange") == 4
    assert rank("xyz", "Tidy layout") is None


def test_the_file_is_listed(lesson: MainWindow, script: Path) -> None:
    assert [entry.text for entry in lesson.intents.found("") if entry.kind == "file"] == [script.name]
