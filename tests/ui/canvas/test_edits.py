"""What is pasted: nodes, Python, prose, too much."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt
from PySide6.QtWidgets import QApplication

from guigrad.document.model import In
from guigrad.ui.canvas.commands import within
from guigrad.ui.canvas.edits import PASTE_LIMIT
from guigrad.ui.canvas.view import OP_MIME
from tests.ui.canvas.hand import CTRL, Hand


def paste(hand: Hand, text: str) -> list[str]:
    heard: list[str] = []
    hand.view.answered.connect(heard.append)
    QApplication.clipboard().setText(text)
    hand.key(Qt.Key.Key_V, CTRL)
    hand.view.answered.disconnect(heard.append)
    hand.view.repaint()
    return heard


def test_python_becomes_nodes_and_nodes_python(hand: Hand) -> None:
    before = hand.document
    assert paste(hand, "import torch\na = torch.ones(3)\nb = a.exp()\n") == []
    assert len(hand.document.nodes) == len(before.nodes) + 2
    hand.key(Qt.Key.Key_C, CTRL)
    text = QApplication.clipboard().text()
    assert "a = torch.ones(3)\nb = a.exp()\n" in text
    hand.key(Qt.Key.Key_X, CTRL)
    assert hand.document.nodes.keys() == before.nodes.keys()
    hand.key(Qt.Key.Key_V, CTRL)
    assert len(hand.document.nodes) == len(before.nodes) + 2


@pytest.mark.parametrize(
    "text", ["Dear reader, this is prose.", "# a heading of Markdown only?", "∑ x² ≠ 1", "def (", "\x00\x01\x02"]
)
def test_nonsense_becomes_a_note_or_is_refused(hand: Hand, text: str) -> None:
    before = hand.document
    heard = paste(hand, text)
    assert hand.document.nodes == before.nodes
    assert hand.document.program == before.program
    assert heard
    notes = [note for key, note in hand.document.notes.items() if key not in before.notes]
    assert [note.text for note in notes] in ([text.strip()], [])
    if notes:
        assert "note" in heard[0]
        hand.store.undo()
    assert hand.document == before


@pytest.mark.parametrize("text", ["lorem ipsum " * 200_000, "x" * 5_000_000, "(" * 100_000, "a = 1\n" * 300_000])
def test_a_huge_text_is_answered_at_once(hand: Hand, text: str) -> None:
    before = hand.document
    start = time.process_time()
    heard = paste(hand, text)
    assert time.process_time() - start < 2.0
    assert heard
    assert hand.document == before
    assert len(text) > PASTE_LIMIT or "note" in heard[0] or "Python" in heard[0] or "parenth" in heard[0]


def test_an_op_dropped_on_a_wire_goes_into_it(hand: Hand) -> None:
    before, scene = hand.document, hand.view.scene
    x1, y1, x2, y2, _ = scene.wires.ends[:, scene.into[scene.row["t4"]][0]]
    x, y = hand.view.viewport.to_screen((x1 + x2) / 2, (y1 + y2) / 2)
    data = QMimeData()
    data.setData(OP_MIME, b"torch.exp")
    hand.drop(QPoint(round(x), round(y)), data)
    (key,) = hand.view.selection
    assert hand.document.nodes[key].args == (In("t3"),)
    assert hand.document.nodes["t4"].args == (In(key),)
    hand.store.undo()
    assert hand.document == before
    data = QMimeData()
    data.setData(OP_MIME, b"torch.ones")
    hand.drop(QPoint(round(x), round(y)), data)
    assert hand.document.nodes["t4"] == before.nodes["t4"]
    assert len(hand.document.nodes) == len(before.nodes) + 1


def test_pasted_code_is_laid_out_and_brought_into_view(hand: Hand) -> None:
    before = set(hand.document.nodes)
    code = "import torch\ndef net(x, w):\n    return (x @ w).sum()\nx = torch.ones(4, 3)\nw = torch.ones(3, 2)\nfor i in range(3):\n    loss = net(x, w)\n"
    assert paste(hand, code) == []
    view, scene = hand.view, hand.view.scene
    made = {hand.document.nodes[key].name: scene.row[key] for key in view.selection}
    assert set(made) == {"x", "w", "loss"}
    assert not before & set(view.selection)
    for name in ("x", "w"):
        assert scene.x[made[name]] + scene.width[made[name]] < scene.x[made["loss"]]
    rect = view.selected_rect()
    assert rect is not None
    assert within(rect, view.viewport.world)
