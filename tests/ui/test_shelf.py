"""The functions in the palette: those of the document and of the library."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QInputDialog, QMenu, QMessageBox
from pytestqt.qtbot import QtBot

from guigrad.document.model import callee
from guigrad.ui.main_window import MainWindow
from guigrad.ui.panels.palette import ROW_ROLE
from tests.ui.test_levels import made
from tests.ui.test_main_window import drop

Key, Mods = Qt.Key, Qt.KeyboardModifier


@pytest.fixture(autouse=True)
def _own_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GUIGRAD_DATA", raising=False)


def row(window: MainWindow, heading: str) -> int:
    """The number of the first row under a heading, -1 if there is none."""
    entries = window.palette_panel.model.entries
    return entries.index(heading) + 1 if heading in entries else -1


def calls(window: MainWindow) -> list[str]:
    return [node.id for node in window.session.document.nodes.values() if callee(node)]


def kept(window: MainWindow, qtbot: QtBot) -> None:
    made(window, qtbot, "t2", "t3")
    window.actions_by_id["save_to_library"].trigger()


def test_a_function_is_kept_and_dragged_into_another_document(lesson: MainWindow, qtbot: QtBot) -> None:
    kept(lesson, qtbot)
    assert (lesson.shelf.library.folder / "f.guigrad").is_file()
    panel = lesson.palette_panel
    index = panel.model.index(row(lesson, "My functions"))
    assert index.data() == "f(t1)"
    lesson.session.new()
    assert row(lesson, "Functions of this document") < 0
    mime = panel.model.mimeData([panel.model.index(row(lesson, "My functions"))])
    drop(lesson.canvas, mime, QPointF(300, 200))
    drop(lesson.canvas, mime, QPointF(300, 400))
    assert len(calls(lesson)) == 2
    assert len(lesson.session.whole.functions) == 1
    qtbot.keyClick(lesson, Key.Key_Z, Mods.ControlModifier)
    qtbot.keyClick(lesson, Key.Key_Z, Mods.ControlModifier)
    assert not lesson.session.whole.functions
    assert not lesson.session.whole.nodes


def test_keys_in_the_palette_add_rename_and_delete(
    lesson: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(lesson, qtbot)
    panel = lesson.palette_panel
    panel.list.setCurrentIndex(panel.model.index(row(lesson, "Functions of this document")))
    panel.list.setFocus()
    qtbot.keyClick(panel.list, Key.Key_Return)
    assert lesson.session.way == ()
    assert len(calls(lesson)) == 2
    monkeypatch.setattr(QInputDialog, "getText", lambda *_, **__: ("block", True))
    panel.list.setCurrentIndex(panel.model.index(row(lesson, "My functions")))
    panel.list.setFocus()
    qtbot.keyClick(panel.list, Key.Key_F2)
    assert [each.name for each in lesson.shelf.library.functions()] == ["block"]
    monkeypatch.setattr(QMessageBox, "exec", lambda box: QMessageBox.StandardButton.Yes)
    panel.list.setCurrentIndex(panel.model.index(row(lesson, "My functions")))
    qtbot.keyClick(panel.list, Key.Key_Delete)
    assert lesson.shelf.library.functions() == []
    assert row(lesson, "My functions") < 0


def test_the_search_field_finds_functions_first(lesson: MainWindow, qtbot: QtBot) -> None:
    made(lesson, qtbot, "t2", "t3")
    panel = lesson.palette_panel
    panel.field.setFocus()
    qtbot.keyClicks(panel.field, "f")
    assert panel.model.first_op().data(ROW_ROLE).key == "f(t1)"
    qtbot.keyClick(panel.field, Key.Key_Return)
    assert len(calls(lesson)) == 2


def test_damaged_files_are_told_and_skipped(lesson: MainWindow, qtbot: QtBot) -> None:
    kept(lesson, qtbot)
    (lesson.shelf.library.folder / "broken.guigrad").write_bytes(b"{")
    lesson.shelf.refresh()
    assert "broken.guigrad" in lesson.messages.log.toPlainText()
    assert row(lesson, "My functions") > 0


def test_the_menu_of_a_function(lesson: MainWindow, qtbot: QtBot) -> None:
    kept(lesson, qtbot)
    panel = lesson.palette_panel
    panel.list.setCurrentIndex(panel.model.index(row(lesson, "My functions")))
    qtbot.keyClick(panel.list, Key.Key_Menu)
    (menu,) = panel.findChildren(QMenu)
    texts = [action.text() for action in menu.actions() if action.text()]
    assert texts == ["Add to the graph", "Rename…", "Export…", "Import functions…", "Delete"]
    menu.close()


def tab(window: MainWindow, qtbot: QtBot, text: str) -> list[str]:
    window.canvas.setFocus()
    qtbot.keyClick(window.canvas, Key.Key_Tab)
    popup = window.canvas.search
    qtbot.keyClicks(popup.field, text)
    return [popup.list.item(index).text() for index in range(popup.list.count())]


def test_tab_finds_functions_of_the_document_and_of_the_library(lesson: MainWindow, qtbot: QtBot) -> None:
    kept(lesson, qtbot)
    assert tab(lesson, qtbot, "f")[:2] == ["f(t1)", "f(t1)"]
    qtbot.keyClick(lesson.canvas.search.field, Key.Key_Return)
    assert len(calls(lesson)) == 2
    lesson.session.new()
    assert tab(lesson, qtbot, "")[0] == "f(t1)"
    assert "f(t1)\n" in lesson.canvas.search.foot.text()
    qtbot.keyClick(lesson.canvas.search.field, Key.Key_Return)
    assert len(calls(lesson)) == 1
    assert tab(lesson, qtbot, "mul")[0] == "mul"
    lesson.canvas.search.close()


def test_a_wire_dropped_on_the_canvas_can_end_in_a_function(lesson: MainWindow, qtbot: QtBot) -> None:
    made(lesson, qtbot, "t2", "t3")
    canvas = lesson.canvas
    (source,) = calls(lesson)
    canvas.open_search(QPointF(300, 300), source=(source, 0))
    qtbot.keyClicks(canvas.search.field, "f(")
    qtbot.keyClick(canvas.search.field, Key.Key_Backspace)
    assert canvas.search.list.item(0).text() == "f(t1)"
    qtbot.keyClick(canvas.search.field, Key.Key_Return)
    (new,) = [key for key in calls(lesson) if key != source]
    assert [wire.node for wire in lesson.session.document.nodes[new].inputs()][:1] == [source]
