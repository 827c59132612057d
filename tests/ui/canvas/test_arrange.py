"""Align, distribute, nudge, mute and fit by keys and commands."""

from __future__ import annotations

from itertools import pairwise

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from guigrad.document import edit
from guigrad.document.model import In
from guigrad.source.parse.parser import parse
from tests.ui.canvas.hand import ALT, CTRL, SHIFT, Hand
from tests.ui.canvas.holder import canvas

Key = Qt.Key


@pytest.mark.parametrize(
    ("key", "edge"), [(Key.Key_Left, 0), (Key.Key_Up, 1), (Key.Key_Right, 2), (Key.Key_Down, 3)]
)  # fmt: skip
def test_edges_come_in_one_line_and_undo_takes_it_back(hand: Hand, key: Key, edge: int) -> None:
    hand.view.select(("t1", "t3", "t4", "note"))
    before, places = hand.document, hand.view.rects()
    hand.key(key, CTRL | ALT)
    lines = {round(rect[edge]) for rect in hand.view.rects().values()}
    goal = (min if edge < 2 else max)(rect[edge] for rect in places.values())
    assert lines == {round(goal)}
    hand.store.undo()
    assert hand.document == before


def test_gaps_become_equal_and_the_outermost_stay(hand: Hand) -> None:
    hand.view.select(("t1", "t2", "t3", "t4"))
    before = hand.view.rects()
    hand.view.distribute(True)
    after = sorted(hand.view.rects().values())
    gaps = {round(right[0] - left[2]) for left, right in pairwise(after)}
    assert len(gaps) == 1
    assert hand.view.rects()["t1"] == before["t1"]
    assert hand.view.rects()["t4"] == before["t4"]
    hand.view.distribute(False)
    heights = sorted(hand.view.rects().values(), key=lambda rect: rect[1] + rect[3])
    gaps = {round(below[1] - above[3]) for above, below in pairwise(heights)}
    assert len(gaps) == 1


def test_two_things_cannot_be_distributed_and_one_not_aligned(hand: Hand) -> None:
    revision = hand.store.revision
    heard: list[str] = []
    hand.view.answered.connect(heard.append)
    hand.view.select(("t1", "t2"))
    hand.view.distribute(True)
    assert len(heard) == 1
    hand.view.select(("t1",))
    hand.key(Key.Key_Left, CTRL | ALT)
    assert hand.store.revision == revision


def test_nudges_are_one_step_and_a_box_takes_its_cards_along(hand: Hand) -> None:
    before = hand.document
    hand.view.select(("box",))
    for _ in range(3):
        hand.key(Key.Key_Right)
    hand.key(Key.Key_Down, SHIFT)
    after = hand.document
    assert after.boxes["box"].x == before.boxes["box"].x + 24
    assert after.views["t2"].x == before.views["t2"].x + 24
    assert after.views["t2"].y == before.views["t2"].y + 64
    assert after.views["t1"] == before.views["t1"]
    hand.store.undo()
    assert hand.document == before


def test_m_mutes_and_unmutes(hand: Hand) -> None:
    before = hand.document
    hand.view.select(("sq", "t2"))
    hand.key(Key.Key_M)
    assert hand.document.nodes["sq"].op == hand.document.nodes["t2"].op == "python.alias"
    hand.view.repaint()
    assert hand.view.scene.facet(hand.view.scene.row["t2"]).muted
    hand.key(Key.Key_M)
    assert hand.document == before
    heard: list[str] = []
    hand.view.answered.connect(heard.append)
    hand.view.select(("t1",))
    hand.key(Key.Key_M)
    assert hand.document == before
    assert "no wire" in heard[0]


def test_f_shows_a_selected_box_or_note(hand: Hand) -> None:
    hand.view.select(("note",))
    hand.key(Key.Key_F)
    left, top, right, bottom = hand.view.viewport.world
    note = hand.document.notes["note"]
    assert left < note.x
    assert note.x + note.width < right
    assert top < note.y
    assert note.y + note.height < bottom


def test_ctrl_shift_x_joins_the_ends(hand: Hand) -> None:
    hand.view.select(("sq",))
    hand.key(Key.Key_X, CTRL | SHIFT)
    assert "sq" not in hand.document.nodes
    assert hand.document.nodes["t3"].args[1] == In("t2")


def test_duplicates_with_and_without_wires(hand: Hand) -> None:
    before = hand.document
    hand.view.select(("t3",))
    hand.key(Key.Key_D, CTRL)
    (new,) = hand.view.selection
    assert hand.document.nodes[new].args[1] == In()
    hand.store.undo()
    hand.view.select(("t3",))
    hand.key(Key.Key_D, CTRL | SHIFT)
    (new,) = hand.view.selection
    assert hand.document.nodes[new].args[1] == In("sq")
    hand.store.undo()
    assert hand.document == before


def test_ctrl_arrows_walk_and_ctrl_tab_leaves(hand: Hand) -> None:
    hand.view.select(("t1",))
    hand.key(Key.Key_Right, CTRL)
    assert hand.view.selection == ("t2",)
    hand.key(Key.Key_Left, CTRL)
    assert hand.view.selection in (("t1",), ("two",))


def test_nothing_selected_makes_no_box(hand: Hand) -> None:
    revision = hand.store.revision
    hand.key(Key.Key_G, CTRL)
    assert hand.store.revision == revision
    assert hand.view.editor is None


def test_points_are_nudged_and_fitted(hand: Hand) -> None:
    hand.store.commit(edit.set_route("t2", "self", [(220, 60)])(hand.document))
    hand.view.select(("t2:self:0",))
    hand.key(Key.Key_Up)
    assert hand.document.routes["t2:self"] == ((220, 52),)
    hand.key(Key.Key_F)
    left, top, right, bottom = hand.view.viewport.world
    assert left < 220 < right
    assert top < 52 < bottom


@pytest.mark.parametrize("key", [Key.Key_M, Key.Key_H])
def test_cards_that_nobody_has_placed_stay_where_they_are(qapp: QApplication, key: Key) -> None:
    view, store = canvas(parse("import torch\nx = torch.ones(3)\ny = x.exp()\nz = y.exp()\n"))
    hand, scene = Hand(view, store), view.scene
    (chosen,) = (each for each, node in store.document.nodes.items() if node.name == "y")
    place = scene.x[scene.row[chosen]], scene.y[scene.row[chosen]]
    before = store.document
    view.select((chosen,))
    hand.key(key)
    assert store.document != before
    assert (scene.x[scene.row[chosen]], scene.y[scene.row[chosen]]) == place
    store.undo()
    assert store.document == before
    view.close()
    view.deleteLater()


def test_copies_of_cards_that_nobody_has_placed_lie_beside_them(qapp: QApplication) -> None:
    view, store = canvas(parse("import torch\nx = torch.ones(3)\ny = x.exp()\nz = y.exp()\n"))
    hand, scene = Hand(view, store), view.scene
    chosen = [key for key, node in store.document.nodes.items() if node.name in ("y", "z")]
    view.select(chosen)
    hand.key(Key.Key_D, CTRL)
    made = [key for key in view.selection if key not in chosen]
    assert len(made) == 2
    for old, new in zip(chosen, made, strict=True):
        assert scene.x[scene.row[new]] == scene.x[scene.row[old]] + 32
        assert scene.y[scene.row[new]] == scene.y[scene.row[old]] + 32
    view.close()
    view.deleteLater()
