"""Every key of the table, pressed: each asks for its action and no other."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QKeyCombination, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from guigrad.ui.actions import ACTIONS
from guigrad.ui.keymap import PORTABLE
from guigrad.ui.main_window import MainWindow


def press(window: MainWindow, qtbot: QtBot, key: str) -> None:
    """A key on the canvas, as a keyboard sends it: signs that need Shift come with Shift."""
    combination: QKeyCombination = QKeySequence.fromString(key, PORTABLE)[0]  # type: ignore[index]  # the stubs do not know it
    mods = combination.keyboardModifiers()
    window.canvas.setFocus()
    qtbot.keyClick(window.canvas, combination.key(), mods)


@pytest.fixture
def asked(lesson: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The actions asked for, in order; nothing of it is done, and everything can be asked for."""
    qtbot.waitUntil(lesson.isActiveWindow)
    found: list[str] = []
    monkeypatch.setattr(lesson.commands, "do", found.append)
    return found


def test_each_key_asks_for_its_action_alone(lesson: MainWindow, qtbot: QtBot, asked: list[str]) -> None:
    wrong: list[tuple[str, str, list[str]]] = []
    for row in (row for row in ACTIONS if row.shortcuts and row.scope != "lesson"):
        for other in ACTIONS:
            lesson.actions_by_id[other.id].setEnabled(row.id not in other.shares)
        for key in lesson.keymap.keys(row.id):
            asked.clear()
            press(lesson, qtbot, key)
            if asked != [row.id]:
                wrong.append((row.id, key, list(asked)))
    assert wrong == []


def test_a_new_key_replaces_the_old_one(lesson: MainWindow, qtbot: QtBot, asked: list[str]) -> None:
    for name in ("forward", "tidy", "duplicate", "step", "add_node", "select_none", "enter", "nudge_left"):
        lesson.actions_by_id[name].setEnabled(True)
        old = lesson.keymap.keys(name)[0]
        lesson.keymap.bind(name, ["Ctrl+Alt+F9"])
        asked.clear()
        press(lesson, qtbot, "Ctrl+Alt+F9")
        press(lesson, qtbot, old)
        assert asked == [name]


def test_disabled_actions_hear_nothing(lesson: MainWindow, qtbot: QtBot, asked: list[str]) -> None:
    for name in ("step_back", "breakpoint", "present", "play_training", "frame_before"):
        assert lesson.commands.why_not(name)
        press(lesson, qtbot, lesson.keymap.keys(name)[0])
    assert asked == []


def test_typing_stays_typing(lesson: MainWindow, qtbot: QtBot, asked: list[str]) -> None:
    for field in (lesson.palette_panel.field, lesson.find_bar.field):
        assert isinstance(field, QLineEdit)
        lesson.find_bar.show()
        field.setFocus()
        qtbot.keyClicks(field, "fhlnm ,.?ZA")
        qtbot.keyClick(field, Qt.Key.Key_Backspace)
        qtbot.keyClick(field, Qt.Key.Key_Left)
        assert field.text() == "fhlnm ,.?Z"
    assert asked == []


def test_tooltips_tell_keys_and_why_not(lesson: MainWindow) -> None:
    for row in ACTIONS:
        tip = lesson.actions_by_id[row.id].toolTip()
        assert row.tip in tip
        assert lesson.keymap.text(row.id) in tip
        assert lesson.commands.why_not(row.id) in tip
    for button in (*lesson.top.buttons.values(), lesson.top.search, lesson.top.theme, lesson.top.xray, lesson.play):
        assert button.toolTip() == button.action.toolTip()


def test_recent_files_and_the_title(lesson: MainWindow) -> None:
    lesson.commands.submenus["recent"].aboutToShow.emit()
    names = [action.text() for action in lesson.commands.submenus["recent"].actions()]
    assert lesson.settings.recent[0] in names
    assert "●" not in lesson.windowTitle()
    lesson.add_op("torch.ones")
    assert "●" in lesson.windowTitle()
