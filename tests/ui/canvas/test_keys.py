"""The canvas by keys: real key events on the widget."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.ui.canvas.hand import CTRL, LEFT, NONE, SHIFT, Hand


def test_delete_and_undo(hand: Hand) -> None:
    hand.view.select(("t2",))
    hand.key(Qt.Key.Key_Delete)
    assert "t2" not in hand.document.nodes
    assert "t2" not in hand.view.scene.row
    assert hand.view.selection == ()
    hand.store.undo()
    assert "t2" in hand.view.scene.row


def test_duplicate_copy_cut_paste(hand: Hand) -> None:
    hand.view.select(("t2", "sq"))
    hand.key(Qt.Key.Key_D, CTRL)
    assert len(hand.view.scene.row) == 8
    assert len(hand.view.selection) == 2
    assert not set(hand.view.selection) & {"t2", "sq"}
    hand.view.select(("t1",))
    hand.key(Qt.Key.Key_C, CTRL)
    text = QApplication.clipboard().text()
    assert "t1 = torch.tensor([0.7659" in text
    hand.key(Qt.Key.Key_V, CTRL)
    assert len(hand.view.scene.row) == 9
    pasted = hand.document.nodes[hand.view.selection[0]]
    assert pasted.args == hand.document.nodes["t1"].args
    hand.key(Qt.Key.Key_X, CTRL)
    assert len(hand.view.scene.row) == 8


def test_python_text_becomes_nodes_and_bad_text_is_said(hand: Hand) -> None:
    QApplication.clipboard().setText("import torch\nq = torch.ones(2, 3)\nr = q.sum()\n")
    hand.key(Qt.Key.Key_V, CTRL)
    assert {hand.document.nodes[key].name for key in hand.view.selection} == {"q", "r"}
    revision = hand.store.revision
    heard: list[str] = []
    hand.view.answered.connect(heard.append)
    QApplication.clipboard().setText("this is (no Python")
    hand.key(Qt.Key.Key_V, CTRL)
    assert hand.store.revision == revision
    assert heard != []


def test_arrows_nudge_in_one_step_and_ctrl_walks_along_wires(hand: Hand) -> None:
    hand.view.select(("t1",))
    for _ in range(3):
        hand.key(Qt.Key.Key_Right)
    hand.key(Qt.Key.Key_Down, SHIFT)
    assert (hand.document.views["t1"].x, hand.document.views["t1"].y) == (48, 184)
    hand.store.undo()
    assert hand.document.views["t1"].x == 24
    hand.key(Qt.Key.Key_Right, CTRL)
    assert hand.view.focused == "t2"
    hand.key(Qt.Key.Key_Right, CTRL)
    hand.key(Qt.Key.Key_Right, CTRL)
    assert hand.view.selection == ("t3",)
    hand.key(Qt.Key.Key_Left, CTRL)
    assert hand.view.focused == "sq"


def test_rename_by_key_and_by_double_click(hand: Hand) -> None:
    hand.view.select(("t2",))
    hand.key(Qt.Key.Key_F2)
    editor = hand.view.editor
    assert editor is not None
    QTest.keyClicks(editor, "shifted")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    assert hand.document.nodes["t2"].name == "shifted"
    assert hand.view.editor is None
    QTest.mouseDClick(hand.view, LEFT, NONE, hand.node("t4"))
    editor = hand.view.editor
    assert editor is not None
    QTest.keyClicks(editor, "lost")
    QTest.keyClick(editor, Qt.Key.Key_Escape)
    assert hand.document.nodes["t4"].name == "t4"


def test_a_literal_is_edited_on_the_face(hand: Hand) -> None:
    scene = hand.view.scene
    _, y = scene.port_point(scene.row["t3"], "in", 0)
    at = hand.node("t3", 60, y - float(scene.y[scene.row["t3"]]))
    QTest.mouseDClick(hand.view, LEFT, NONE, at)
    editor = hand.view.editor
    assert editor is not None
    assert editor.text() == "2"
    QTest.keyClicks(editor, "4.5")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    assert hand.document.nodes["t3"].args[0] == 4.5


@pytest.mark.parametrize("text", ["[1, 2,", "", "__import__('os')", "1); print(2", "x", "1, 2"])
def test_what_is_no_literal_is_refused(hand: Hand, text: str) -> None:
    heard: list[str] = []
    hand.view.answered.connect(heard.append)
    before = hand.document.nodes["sq"]
    hand.view.edit_in_place("sq", "exponent")
    editor = hand.view.editor
    assert editor is not None
    editor.setText(text)
    QTest.keyClick(editor, Qt.Key.Key_Return)
    assert hand.document.nodes["sq"] == before
    assert len(heard) == 1


def test_tab_opens_the_search_and_enter_adds(hand: Hand) -> None:
    hand.key(Qt.Key.Key_Tab)
    popup = hand.view.search
    assert popup.isVisible()
    QTest.keyClicks(popup.field, "relu")
    QTest.keyClick(popup.field, Qt.Key.Key_Return)
    assert not popup.isVisible()
    added = hand.document.nodes[hand.view.selection[0]]
    assert added.op.endswith("relu")
    hand.key(Qt.Key.Key_Tab)
    QTest.keyClicks(popup.field, "no such op at all")
    QTest.keyClick(popup.field, Qt.Key.Key_Return)
    assert popup.isVisible()
    QTest.keyClick(popup.field, Qt.Key.Key_Escape)
    assert not popup.isVisible()


def test_ctrl_arrows_go_to_the_nearest_card_where_no_wire_leads(hand: Hand) -> None:
    key, _ = hand.view.intents.add_node("torch.relu", (1400.0, 200.0))
    hand.view.select(("t4",))
    assert not hand.view.scene.out[hand.view.scene.row["t4"]]
    hand.key(Qt.Key.Key_Right, CTRL)
    assert hand.view.selection == (key,)
    hand.key(Qt.Key.Key_Right, CTRL)
    assert hand.view.selection == (key,)
    hand.key(Qt.Key.Key_Left, CTRL)
    assert hand.view.selection == ("t4",)
