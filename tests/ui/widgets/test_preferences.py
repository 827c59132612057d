"""Preferences by real keys and clicks: what is chosen holds at once, everywhere, and after a restart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from guigrad.ui.keymap import Keymap
from guigrad.ui.main_window import MainWindow
from guigrad.ui.settings import Settings
from guigrad.ui.widgets.dialogs import KeyboardPage
from guigrad.ui.widgets.preferences import Preferences

Key, LEFT = Qt.Key, Qt.MouseButton.LeftButton
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def dialog(lesson: MainWindow, qtbot: QtBot) -> Preferences:
    qtbot.waitUntil(lesson.isActiveWindow)
    qtbot.keyClick(lesson, Key.Key_Comma, CTRL)
    (found,) = (child for child in lesson.children() if isinstance(child, Preferences))
    return found


def choose(dialog: Preferences, qtbot: QtBot, words: str) -> None:
    dialog.keys.field.clear()
    qtbot.keyClicks(dialog.keys.field, words)


def test_an_action_is_found_by_name_and_by_key(dialog: Preferences, qtbot: QtBot) -> None:
    for words in ("tidy", "arrange lay"):
        choose(dialog, qtbot, words)
        assert dialog.keys.current is not None
        assert dialog.keys.current.id == "tidy"
    choose(dialog, qtbot, "ctrl+shift+d")
    assert dialog.keys.current is not None
    assert dialog.keys.current.id == "duplicate_wired"


def test_a_pressed_key_is_bound_at_once_everywhere(lesson: MainWindow, dialog: Preferences, qtbot: QtBot) -> None:
    choose(dialog, qtbot, "forward compute")
    recorder = dialog.keys.recorders[0]
    assert recorder.key == "F5"
    qtbot.mouseClick(recorder, LEFT)
    qtbot.keyClick(recorder, Key.Key_Control)
    assert recorder.isChecked()
    qtbot.keyClick(recorder, Key.Key_F7, CTRL)
    assert lesson.keymap.keys("forward") == ("Ctrl+F7",)
    assert lesson.actions_by_id["forward"].shortcut().toString() == "Ctrl+F7"
    assert "Ctrl+F7" in lesson.actions_by_id["forward"].toolTip()
    assert lesson.top.buttons["forward"].keys == "Ctrl+F7"
    assert "Ctrl+F7" in lesson.top.buttons["forward"].toolTip()
    page = KeyboardPage(lesson.look, lesson.keymap)
    texts = [page.grid.itemAt(n).widget().text() for n in range(page.grid.count())]  # type: ignore[union-attr]
    assert "Ctrl+F7" in texts
    page.deleteLater()
    again = Keymap()
    Settings(lesson.settings.folder).load_keys(again)
    assert again.keys("forward") == ("Ctrl+F7",)
    dialog.close()
    lesson.activateWindow()
    qtbot.waitUntil(lesson.isActiveWindow)
    runs: list[int] = []
    lesson.session.frame_changed.connect(lambda frame: runs.append(1))
    qtbot.keyClick(lesson, Key.Key_F7, CTRL)
    assert runs


def test_a_conflict_shows_both_names_and_is_swapped_taken_or_left(
    lesson: MainWindow, dialog: Preferences, qtbot: QtBot
) -> None:
    dialog_keys = dialog.keys
    for button, tidy, duplicate in (
        (dialog_keys.keep, ("L",), ("Ctrl+D",)),
        (dialog_keys.trade, ("Ctrl+D",), ("L",)),
    ):
        choose(dialog, qtbot, "tidy")
        recorder = dialog_keys.recorders[0]
        recorder.setFocus()
        qtbot.keyClick(recorder, Key.Key_Space)
        qtbot.keyClick(recorder, Key.Key_D, CTRL)
        assert not dialog_keys.conflict.isHidden()
        assert "Duplicate" in dialog_keys.says.text()
        assert "Tidy layout" in dialog_keys.says.text()
        qtbot.mouseClick(button, LEFT)
        assert dialog_keys.conflict.isHidden()
        assert lesson.keymap.keys("tidy") == tidy
        assert lesson.keymap.keys("duplicate") == duplicate
    choose(dialog, qtbot, "tidy")
    qtbot.mouseClick(dialog_keys.adder, LEFT)
    qtbot.keyClick(dialog_keys.adder, Key.Key_F)
    qtbot.keyClick(dialog_keys.take, Key.Key_Return)
    assert lesson.keymap.keys("tidy") == ("Ctrl+D", "F")
    assert lesson.keymap.keys("fit") == ()
    qtbot.mouseClick(dialog_keys.reset, LEFT)
    assert lesson.keymap.keys("tidy") == ("L",)
    assert lesson.keymap.keys("duplicate") == ()


def test_keys_of_the_canvas_are_bound_too(lesson: MainWindow, dialog: Preferences, qtbot: QtBot) -> None:
    choose(dialog, qtbot, "add node search")
    qtbot.mouseClick(dialog.keys.recorders[0], LEFT)
    qtbot.keyClick(dialog.keys.recorders[0], Key.Key_Tab)  # already its own: nothing changes
    assert lesson.keymap.keys("add_node") == ("Tab", "Shift+A")
    qtbot.mouseClick(dialog.keys.recorders[0], LEFT)
    qtbot.keyClick(dialog.keys.recorders[0], Key.Key_Insert)
    dialog.close()
    lesson.activateWindow()
    qtbot.waitUntil(lesson.isActiveWindow)
    lesson.canvas.setFocus()
    qtbot.keyClick(lesson.canvas, Key.Key_Tab)
    assert not lesson.canvas.search.isVisible()
    lesson.canvas.setFocus()
    qtbot.keyClick(lesson.canvas, Key.Key_Insert)
    assert lesson.canvas.search.isVisible()
    lesson.canvas.search.close()


def test_esc_gives_a_recording_up(lesson: MainWindow, dialog: Preferences, qtbot: QtBot) -> None:
    recorder = dialog.keys.recorders[0]
    qtbot.mouseClick(recorder, LEFT)
    qtbot.keyClick(recorder, Key.Key_Escape)
    assert not recorder.isChecked()
    assert dialog.isVisible()
    assert lesson.keymap.changes() == {}


def test_import_and_export(lesson: MainWindow, dialog: Preferences, tmp_path: Path) -> None:
    lesson.keymap.bind("tidy", ["Ctrl+Alt+9"])
    path = tmp_path / "keys.json"
    dialog.keys.export_to(str(path))
    lesson.keymap.reset()
    dialog.keys.import_from(str(path))
    assert lesson.keymap.keys("tidy") == ("Ctrl+Alt+9",)
    for text in ("{", "[]", json.dumps({"format": "other"})):
        path.write_text(text)
        dialog.keys.import_from(str(path))
        assert "not imported" in dialog.keys.said.text()
        assert lesson.keymap.keys("tidy") == ("Ctrl+Alt+9",)
    dialog.keys.import_from(str(tmp_path / "missing.json"))
    assert "not imported" in dialog.keys.said.text()
    dialog.keys.export_to(str(tmp_path / "no folder" / "keys.json"))
    assert "not written" in dialog.keys.said.text()


def test_reset_all_asks(lesson: MainWindow, dialog: Preferences, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    lesson.keymap.bind("tidy", ["Ctrl+Alt+9"])
    answers = [QMessageBox.StandardButton.Reset, QMessageBox.StandardButton.Cancel]
    monkeypatch.setattr(QMessageBox, "exec", lambda box: answers.pop())
    qtbot.mouseClick(dialog.keys.reset_all, LEFT)
    assert lesson.keymap.changes()
    qtbot.mouseClick(dialog.keys.reset_all, LEFT)
    assert lesson.keymap.changes() == {}


def turn(window: MainWindow, mods: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    at = QPointF(300, 200)
    event = QWheelEvent(
        at,
        window.canvas.mapToGlobal(at),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        mods,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(window.canvas, event)


def test_the_wheel_zooms_or_pans_as_chosen(lesson: MainWindow, dialog: Preferences, qtbot: QtBot) -> None:
    canvas = lesson.canvas
    before = canvas.zoom
    turn(lesson)
    usual = canvas.zoom / before
    assert usual > 1
    dialog.list.setCurrentRow(1)
    dialog.speed.setFocus()
    qtbot.keyClick(dialog.speed, Key.Key_PageUp)
    assert lesson.settings.zoom_speed == 1.25
    before = canvas.zoom
    turn(lesson)
    assert canvas.zoom / before > usual
    dialog.invert.setFocus()
    qtbot.keyClick(dialog.invert, Key.Key_Space)
    before = canvas.zoom
    turn(lesson)
    assert canvas.zoom < before
    dialog.wheel.setFocus()
    qtbot.keyClick(dialog.wheel, Key.Key_End)
    dialog.wheel.activated.emit(dialog.wheel.currentIndex())
    assert Settings(lesson.settings.folder).wheel == "pan"
    before, top = canvas.zoom, canvas.viewport.top
    turn(lesson)
    assert canvas.zoom == before
    assert canvas.viewport.top > top
    turn(lesson, CTRL)
    assert canvas.zoom != before


def test_the_look_changes_at_once(lesson: MainWindow, dialog: Preferences, qtbot: QtBot) -> None:
    dialog.list.setCurrentRow(2)
    qtbot.keyClick(dialog.theme, Key.Key_Down)
    dialog.theme.activated.emit(dialog.theme.currentIndex())
    dialog.safe.setFocus()
    qtbot.keyClick(dialog.safe, Key.Key_Space)
    assert lesson.look.theme.name == "light-safe"
    dialog.scale.setCurrentIndex(3)
    dialog.scale.activated.emit(3)
    assert lesson.look.scale == 1.5
    dialog.motion.setCurrentIndex(2)
    dialog.motion.activated.emit(2)
    assert lesson.canvas.calm
    kept = Settings(lesson.settings.folder)
    assert (kept.theme, kept.scale, kept.motion) == ("light-safe", 1.5, "reduced")
    lesson.set_scale(1.0)


def test_enter_on_an_action_records_and_never_closes(lesson: MainWindow, dialog: Preferences, qtbot: QtBot) -> None:
    choose(dialog, qtbot, "tidy")
    dialog.keys.tree.setFocus()
    qtbot.keyClick(dialog.keys.tree, Key.Key_Return)
    assert dialog.isVisible()
    assert dialog.keys.recorders[0].isChecked()
    qtbot.keyClick(dialog.keys.recorders[0], Key.Key_Return)  # Enter itself can be bound
    assert dialog.isVisible()
    assert "Open" in dialog.keys.says.text()
    qtbot.mouseClick(dialog.keys.keep, LEFT)
    dialog.keys.field.setFocus()
    qtbot.keyClick(dialog.keys.field, Key.Key_Return)
    assert dialog.keys.recorders[0].isChecked()
