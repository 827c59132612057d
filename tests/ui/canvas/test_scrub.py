"""Numbers dragged on their card by a real mouse: literals, sliders, cells, brush; one undo step each, dtypes respected."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from guigrad.document.model import Document, ListOf, Node
from guigrad.engine.play import Engine
from guigrad.source.emit import emit
from guigrad.source.parse.parser import parse
from guigrad.ui.canvas import geometry as g
from guigrad.ui.canvas.content import arranged
from guigrad.ui.canvas.scrub import TRACK, Brush, dragged, number_under, stepped
from tests.ui.canvas.hand import CTRL, LEFT, RIGHT, SHIFT, Hand
from tests.ui.canvas.holder import canvas

TEXT = """import torch

lr = 0.5
n = 3
w = torch.tensor(2.0, requires_grad=True)
x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
k = torch.tensor([1, 2, 3])
b = torch.tensor([True, False])
c = torch.tensor([1 + 2j, 0j])
r = torch.randn(4)
y = x * 3.0
z = y.sum(1) * w * lr
"""


@pytest.fixture
def hand(qapp: QApplication) -> Iterator[Hand]:
    view, store = canvas(parse(TEXT), (1600, 900))
    engine = Engine(store.document)
    engine.forward()
    view.set_frame(engine.frame())
    view.fit_all()
    view.set_viewport(view.viewport.zoomed(1.6 / view.viewport.scale, 0, 0, 1.0))
    made = Hand(view, store)
    made.view.setFocus()
    qapp.processEvents()
    yield made
    view.close()
    view.deleteLater()


def node(hand: Hand, name: str) -> Node:
    return next(each for each in hand.document.nodes.values() if each.name == name)


def bring(hand: Hand, name: str) -> str:
    """The node's card in the middle of the view; its id."""
    key, view, scene = node(hand, name).id, hand.view, hand.view.scene
    row = scene.row[key]
    view.set_viewport(view.viewport.centred(float(scene.x[row]) + 88, float(scene.y[row]) + 60, 1.6))
    view.repaint()
    return key


def value_spot(hand: Hand, name: str) -> QPoint:
    key = bring(hand, name)
    scene = hand.view.scene
    row = scene.row[key]
    return hand.node(key, g.CELLS_LEFT + 60, g.value_middle(scene.facet(row).rows, float(scene.value_height[row])))


def cell_spot(hand: Hand, name: str, cell: int, columns: int, rows: int = 1) -> QPoint:
    key = bring(hand, name)
    scene = hand.view.scene
    row = scene.row[key]
    height = float(scene.value_height[row])
    top = g.value_middle(scene.facet(row).rows, height) - height / 2
    return hand.node(
        key,
        g.CELLS_LEFT + (cell % columns + 0.5) * g.CELLS_WIDTH / columns,
        top + (cell // columns + 0.5) * height / rows,
    )


def undo_all(hand: Hand, before: Document) -> int:
    count = 0
    while hand.store.undo() is not None:
        count += 1
    assert hand.document == before
    return count


def by(hand: Hand, spot: QPoint, dx: int, dy: int = 0, mods: object = Qt.KeyboardModifier.NoModifier) -> None:
    hand.press(spot, LEFT, mods)
    for part in range(1, 6):
        hand.move(spot + QPoint(dx * part // 5, dy * part // 5), LEFT, mods)
    hand.release(spot + QPoint(dx, dy), LEFT, mods)


@pytest.mark.parametrize(("mods", "expected"), [(Qt.KeyboardModifier.NoModifier, 2.5), (SHIFT, 2.05), (CTRL, 7.0)])
def test_a_leaf_is_dragged_sideways_in_one_undo_step(hand: Hand, mods: object, expected: float) -> None:
    before = hand.document
    by(hand, value_spot(hand, "w"), 50, 0, mods)
    assert node(hand, "w").args == (expected,)
    assert f"w = torch.tensor({expected}, requires_grad=True)" in emit(hand.document)
    assert undo_all(hand, before) == 1


def test_a_whole_number_stays_whole_and_a_float_a_float(hand: Hand) -> None:
    by(hand, value_spot(hand, "n"), 80)
    assert node(hand, "n").args == (13,)
    assert type(node(hand, "n").args[0]) is int
    by(hand, value_spot(hand, "lr"), -500)
    assert node(hand, "lr").args == (0.0,)
    assert type(node(hand, "lr").args[0]) is float


def test_a_literal_on_a_port_is_dragged(hand: Hand) -> None:
    before = hand.document
    key = bring(hand, "y")
    by(hand, hand.node(key, 60, g.port_middle(1)), 100)
    assert node(hand, "y").args[1] == 4.0
    assert undo_all(hand, before) == 1


def test_escape_gives_the_number_back_and_leaves_no_step(hand: Hand) -> None:
    before, spot = hand.document, value_spot(hand, "w")
    hand.press(spot)
    hand.move(spot + QPoint(30, 0))
    assert node(hand, "w").args != (2.0,)
    hand.key(Qt.Key.Key_Escape)
    assert hand.document == before
    assert hand.store.undo() is None
    hand.release(spot)


def test_a_click_on_a_number_selects_and_a_double_click_types(hand: Hand) -> None:
    spot = value_spot(hand, "w")
    QTest.mouseClick(hand.view, LEFT, Qt.KeyboardModifier.NoModifier, spot)
    assert hand.view.selection == (node(hand, "w").id,)
    QTest.mouseDClick(hand.view, LEFT, Qt.KeyboardModifier.NoModifier, spot)
    assert hand.view.editor is not None
    QTest.keyClicks(hand.view.editor, "-7.25")
    QTest.keyClick(hand.view.editor, Qt.Key.Key_Return)
    assert node(hand, "w").args == (-7.25,)


def test_a_cell_goes_up_and_down_and_the_others_stay_as_they_are_written(hand: Hand) -> None:
    before = hand.document
    by(hand, cell_spot(hand, "x", 4, 3, 2), 0, -50)
    rows = node(hand, "x").args[0]
    assert rows == ListOf((ListOf((1.0, 2.0, 3.0)), ListOf((4.0, 5.5, 6.0))))
    assert undo_all(hand, before) == 1


def test_a_cell_is_typed_by_double_click(hand: Hand) -> None:
    QTest.mouseDClick(hand.view, LEFT, Qt.KeyboardModifier.NoModifier, cell_spot(hand, "x", 2, 3, 2))
    assert hand.view.editor is not None
    assert hand.view.editor.text() == "3.0"
    QTest.keyClicks(hand.view.editor, "1e3")
    QTest.keyClick(hand.view.editor, Qt.Key.Key_Return)
    assert node(hand, "x").args[0].items[0] == ListOf((1.0, 2.0, 1000.0))  # type: ignore[union-attr]


@pytest.mark.parametrize(("text", "said"), [("1.5", "only whole numbers"), ("two", "is no number"), ("1j", "complex")])
def test_what_a_dtype_cannot_hold_is_refused_in_words(hand: Hand, text: str, said: str) -> None:
    before, reasons = hand.document, []
    hand.view.answered.connect(reasons.append)
    QTest.mouseDClick(hand.view, LEFT, Qt.KeyboardModifier.NoModifier, cell_spot(hand, "k", 1, 3))
    assert hand.view.editor is not None
    hand.view.editor.setText(text)
    QTest.keyClick(hand.view.editor, Qt.Key.Key_Return)
    assert hand.document == before
    assert said in reasons[0]


def test_integers_and_truth_values_are_dragged_as_such_and_complex_ones_not_at_all(hand: Hand) -> None:
    by(hand, cell_spot(hand, "k", 1, 3), 0, 40)
    assert node(hand, "k").args[0] == ListOf((1, -3, 3))
    by(hand, cell_spot(hand, "b", 1, 2), 0, -40)
    assert node(hand, "b").args[0] == ListOf((True, True))
    before = hand.document
    spot = cell_spot(hand, "c", 1, 2)
    assert number_under(hand.view, spot.toPointF()) is None
    spot = cell_spot(hand, "r", 1, 4)  # random numbers do not become written ones by a slip of the hand
    assert number_under(hand.view, spot.toPointF()) is None
    assert hand.document == before


def test_a_slider_follows_the_pointer_and_the_arrow_keys(hand: Hand) -> None:
    key = node(hand, "lr").id
    hand.view.set_slider(key, (0.0, 2.0, 0.25))
    before = hand.document
    key = bring(hand, "lr")
    scene = hand.view.scene
    middle = g.value_middle(0, float(scene.value_height[scene.row[key]]))
    start, end = hand.node(key, g.CELLS_LEFT + 5, middle), hand.node(key, g.CELLS_LEFT + 0.76 * TRACK, middle)
    hand.drag(start, end)
    assert node(hand, "lr").args == (1.5,)
    hand.key(Qt.Key.Key_Right)
    hand.key(Qt.Key.Key_Right)
    hand.key(Qt.Key.Key_Left)
    assert node(hand, "lr").args == (1.75,)
    assert hand.document.views == before.views
    hand.key(Qt.Key.Key_Down)  # up and down still move the card
    assert hand.document.views[key].y == before.views[key].y + 8
    for _ in range(3):
        hand.store.undo()
    assert hand.document == before
    place = hand.view.scene.x[hand.view.scene.row[key]], hand.view.scene.y[hand.view.scene.row[key]]
    assert place == (before.views[key].x, before.views[key].y)


def test_a_brush_paints_cells_and_the_right_button_erases(hand: Hand) -> None:
    key = bring(hand, "x")
    before = hand.document
    hand.view.set_brush(Brush(key, 9.0, 1))
    assert hand.view.brush_bar.isVisible()
    hand.drag(cell_spot(hand, "x", 0, 3, 2), cell_spot(hand, "x", 2, 3, 2))
    assert node(hand, "x").args[0] == ListOf((ListOf((9.0, 9.0, 9.0)), ListOf((4.0, 5.0, 6.0))))
    hand.drag(cell_spot(hand, "x", 4, 3, 2), cell_spot(hand, "x", 5, 3, 2), RIGHT)
    assert node(hand, "x").args[0] == ListOf((ListOf((9.0, 9.0, 9.0)), ListOf((4.0, 0.0, 0.0))))
    hand.key(Qt.Key.Key_Escape)
    assert hand.view.brush is None
    assert not hand.view.brush_bar.isVisible()
    assert undo_all(hand, before) == 2


def test_a_random_leaf_that_is_painted_on_keeps_its_other_numbers(hand: Hand) -> None:
    frame = hand.view.scene.faces.frame
    assert frame is not None
    now = frame["r"].value.tolist()
    key = bring(hand, "r")
    hand.view.set_brush(Brush(key, 2.0, 1))
    spot = cell_spot(hand, "r", 3, 4)
    hand.press(spot)
    hand.release(spot)
    engine = Engine(hand.document)
    engine.forward()
    assert engine.frame()["r"].value.tolist() == [*now[:3], 2.0]


def test_cells_of_every_shape_are_found_where_they_are_drawn(hand: Hand) -> None:
    for shape in ((7,), (24,), (64,), (3, 5), (2, 2, 3), (16, 4), (32, 2), (1, 20)):
        places = arranged(shape)
        size = 1
        for side in shape:
            size *= side
        assert sorted(places.reshape(-1).tolist()) == list(range(size))


def test_dragged_numbers_have_no_dust() -> None:
    assert dragged(0.1, 3, 0.001, False) == 0.103
    assert dragged(5, 17, 1 / 8, True) == 7
    assert stepped(0.30000001, 0.0, 1.0, 0.1) == 0.3
    assert stepped(7.0, 0.0, 1.0, 0.3) == 0.9
