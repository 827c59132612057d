"""Notes written in place."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from guigrad.ui.canvas.note_editor import NoteEditor
from tests.ui.canvas.hand import CTRL, EMPTY, LEFT, NONE, Hand


def open_note(hand: Hand) -> NoteEditor:
    note = hand.document.notes["note"]
    x, y = hand.view.viewport.to_screen(note.x + 60, note.y + 30)
    QTest.mouseDClick(hand.view, LEFT, NONE, QPoint(round(x), round(y)))
    assert isinstance(hand.view.editor, NoteEditor)
    return hand.view.editor


def test_several_lines_are_written_and_the_note_grows(hand: Hand) -> None:
    before = hand.document
    editor = open_note(hand)
    QTest.keyClick(editor, Qt.Key.Key_A, CTRL)
    for line in ("# Loss", "", "- one", "- two", "- three", "- four"):
        QTest.keyClicks(editor, line)
        QTest.keyClick(editor, Qt.Key.Key_Return)
    QTest.keyClick(editor, Qt.Key.Key_Return, CTRL)
    note = hand.document.notes["note"]
    assert note.text.startswith("# Loss\n\n- one\n")
    assert note.height > before.notes["note"].height
    hand.view.repaint()
    hand.store.undo()
    assert hand.document == before


def test_escape_keeps_the_old_text_and_a_click_elsewhere_the_new(hand: Hand) -> None:
    before = hand.document
    editor = open_note(hand)
    QTest.keyClicks(editor, "x")
    QTest.keyClick(editor, Qt.Key.Key_Escape)
    assert hand.document == before
    editor = open_note(hand)
    QTest.keyClicks(editor, "y")
    QTest.mouseClick(hand.view, LEFT, NONE, EMPTY)
    assert hand.document.notes["note"].text == "y"


def test_n_writes_a_new_note_and_an_empty_one_goes(hand: Hand) -> None:
    before = hand.document
    hand.move(EMPTY, Qt.MouseButton.NoButton)
    hand.key(Qt.Key.Key_N)
    assert isinstance(hand.view.editor, NoteEditor)
    QTest.keyClicks(hand.view.editor, "why")
    QTest.keyClick(hand.view.editor, Qt.Key.Key_Return, CTRL)
    (note,) = (each for each in hand.document.notes.values() if each.id != "note")
    assert note.text == "why"
    while hand.document.notes.keys() != before.notes.keys():
        hand.store.undo()
    hand.key(Qt.Key.Key_N)
    QTest.keyClick(hand.view.editor, Qt.Key.Key_Escape)
    assert hand.document == before
    assert hand.view.hasFocus() or not hand.view.isActiveWindow()


def test_its_node_gone_meanwhile_closes_it(hand: Hand) -> None:
    editor = open_note(hand)
    hand.view.intents.remove(["note"])
    QTest.keyClicks(editor, "x")
    editor.commit()
    assert "note" not in hand.document.notes
