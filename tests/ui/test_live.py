"""What somebody meets who builds a graph from nothing: hints instead of failures, mends that work, parameters that can be reached."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from guigrad.document import edit
from guigrad.ui.main_window import MainWindow


@pytest.fixture
def empty(window: MainWindow) -> MainWindow:
    """A window with a new document."""
    window.intents.new()
    return window


def add(window: MainWindow, qtbot: QtBot, name: str) -> str:
    """Tab, a name, Enter; the new node's id."""
    before = set(window.session.document.nodes)
    window.canvas.setFocus()
    qtbot.keyClick(window.canvas, Qt.Key.Key_Tab)
    qtbot.keyClicks(window.canvas.search.field, name)
    qtbot.keyClick(window.canvas.search.field, Qt.Key.Key_Return)
    window.live._follow()
    (key,) = set(window.session.document.nodes) - before
    return key


def words(window: MainWindow) -> list[str]:
    """Every text of the inspector."""
    return [label.text() for label in window.inspector.findChildren(QLabel)]


def test_an_op_without_wires_asks_for_them(empty: MainWindow, qtbot: QtBot) -> None:
    key = add(empty, qtbot, "mul")
    reader = add(empty, qtbot, "exp")
    empty.session.edit(edit.connect(key, 0, reader, "self"))
    empty.session.select((key,))
    empty.live._follow()
    canvas, frame = empty.canvas, empty.session.frame
    assert frame is not None
    assert {record.state for record in frame.records.values()} == {"not run"}
    row = canvas.scene.row[key]
    assert not canvas.scene.failed.any()
    assert canvas.scene.faces.content(row).value.reason == "wire its inputs"
    assert canvas.scene.faces.content(canvas.scene.row[reader]).value.reason == "not run yet"
    (hint,) = empty.session.problems
    assert (hint.severity, hint.kind, hint.node_id) == ("hint", "open", key)
    assert empty.tabs.tabText(1) == "Problems"
    said = [text for text in words(empty) if "Wire something" in text]
    assert said == ["Wire something to self and other, or type a value."]
    assert "Wire something" in empty.hint.text()


def test_a_value_typed_on_an_open_port_is_used(empty: MainWindow, qtbot: QtBot) -> None:
    source = add(empty, qtbot, "ones")
    key = add(empty, qtbot, "mul")
    empty.session.edit(edit.connect(source, 0, key, "self"))
    empty.session.select((key,))
    empty.live._follow()
    field = empty.inspector.editors["other"].field
    assert isinstance(field, QLineEdit)
    field.setFocus()
    qtbot.keyClicks(field, "3")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    empty.live._follow()
    assert empty.session.problems == ()
    assert empty.session.frame is not None
    record = empty.session.frame.records[key]
    assert set(record.value.numpy().reshape(-1).tolist()) == {3.0}
