"""The list that adds ops, by keys: what it lists, how it moves, where it opens, what it wires."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from guigrad.ops.spec import OpSpec
from guigrad.ui.canvas import fitting
from guigrad.ui.canvas.search import ROW, SearchPopup
from tests.ui.canvas.hand import Hand

Key = Qt.Key


def listed(popup: SearchPopup) -> list[OpSpec]:
    rows = (popup.list.item(n).data(ROW) for n in range(popup.list.count()))
    return [row for row in rows if isinstance(row, OpSpec)]


@pytest.mark.parametrize(
    ("words", "key"),
    [("const num", "literal"), ("plus", "add"), ("@", "matmul"), ("sofmax", "softmax"), ("cross ent", "cross_entropy")],
)
def test_what_is_typed_first(hand: Hand, words: str, key: str) -> None:
    hand.key(Key.Key_Tab)
    popup = hand.view.search
    QTest.keyClicks(popup.field, words)
    assert listed(popup)[0].key == key
    assert listed(popup)[0].targets[0] in popup.foot.text()
    QTest.keyClick(popup.field, Key.Key_Escape)


def test_keys_move_the_choice(hand: Hand) -> None:
    hand.key(Key.Key_Tab)
    popup = hand.view.search
    rows = []
    for key in (Key.Key_Down, Key.Key_PageDown, Key.Key_Up, Key.Key_End, Key.Key_Home):
        QTest.keyClick(popup.field, key)
        rows.append(popup.list.currentRow())
    assert rows == [1, 9, 8, popup.list.count() - 1, 0]
    QTest.keyClick(popup.field, Key.Key_Escape)


def test_a_dropped_wire_lists_what_fits_and_wires_it(hand: Hand) -> None:
    hand.view.open_search(QPointF(200, 200), source=("t2", 0))
    popup = hand.view.search
    assert "reads it" in popup.field.placeholderText()
    targets = [row.targets[0] for row in listed(popup)]
    assert targets
    assert all(fitting.takes(target, "any") for target in targets)
    QTest.keyClicks(popup.field, "randn")
    assert "torch.randn" not in [row.targets[0] for row in listed(popup)]
    popup.field.clear()
    QTest.keyClicks(popup.field, "sigmoid")
    QTest.keyClick(popup.field, Key.Key_Return)
    (key,) = hand.view.selection
    assert [wire.node for wire in hand.document.nodes[key].inputs()] == ["t2"]


def test_a_wire_pulled_from_an_input_lists_what_yields_it(hand: Hand) -> None:
    hand.view.open_search(QPointF(200, 200), target=("t2", "self"))
    popup = hand.view.search
    QTest.keyClicks(popup.field, "manual_seed")
    assert "torch.manual_seed" not in [row.targets[0] for row in listed(popup)]
    popup.field.clear()
    QTest.keyClicks(popup.field, "zeros")
    QTest.keyClick(popup.field, Key.Key_Return)
    (key,) = hand.view.selection
    assert next(iter(hand.document.nodes["t2"].inputs())).node == key


@pytest.mark.parametrize(("target", "kind", "fits"), [
    ("operator.add", "Tensor", True), ("torch.randn", "Tensor", False), ("torch.mean", "Tensor", True), ("python.literal", "Tensor", False),
    ("python.print", "Tensor", True), ("torch.cat", "Tensor", True), ("torch.inverse", "int", False), ("torch.randn", "int", True),
    ("math.sqrt", "float", True),
])  # fmt: skip
def test_what_takes_what(target: str, kind: str, fits: bool) -> None:
    assert fitting.takes(target, kind) is fits


@pytest.mark.parametrize(("target", "type_", "fits"), [
    ("operator.add", "Tensor", True), ("torch.randn", "Tensor", True), ("builtins.len", "Tensor", False), ("builtins.len", "int", True),
    ("torch.Tensor.size", "Tensor", False), ("torch.manual_seed", "Tensor", False),
])  # fmt: skip
def test_what_gives_what(target: str, type_: str, fits: bool) -> None:
    assert fitting.gives(target, type_) is fits


@pytest.mark.parametrize("at", [(0, 0), (5000, 5000), (-900, 300), (300, -900)])
def test_it_opens_inside_the_screen(hand: Hand, at: tuple[int, int]) -> None:
    hand.view.open_search(QPointF(*at))
    popup = hand.view.search
    assert hand.view.screen().availableGeometry().contains(popup.geometry())
    QTest.keyClick(popup.field, Key.Key_Escape)


def test_what_was_added_last_comes_first(hand: Hand) -> None:
    used: list[str] = []
    hand.view.op_used.connect(used.append)
    hand.key(Key.Key_Tab)
    QTest.keyClicks(hand.view.search.field, "linear")
    QTest.keyClick(hand.view.search.field, Key.Key_Return)
    assert used == ["torch.nn.functional.linear"]
    hand.view.recent_ops = tuple(used)
    hand.key(Key.Key_Tab)
    assert listed(hand.view.search)[0].key == "linear"
    QTest.keyClicks(hand.view.search.field, "lin")
    assert listed(hand.view.search)[0].key == "linear"
    QTest.keyClick(hand.view.search.field, Key.Key_Escape)
