"""Ctrl+drag from an output takes its wires to another output."""

from __future__ import annotations

from guigrad.document.model import In
from tests.ui.canvas.hand import CTRL, EMPTY, LEFT, Hand


def test_all_wires_of_an_output_leave_another(hand: Hand) -> None:
    before = hand.document
    hand.drag(hand.port("t2", "out"), hand.port("t1", "out"), LEFT, CTRL)
    assert hand.document.nodes["sq"].args[0] == In("t1")
    hand.store.undo()
    assert hand.document == before


def test_dropped_on_nothing_or_on_itself_nothing_happens(hand: Hand) -> None:
    before = hand.store.revision
    for goal in (EMPTY, hand.port("t2", "out"), hand.node("t2")):
        hand.drag(hand.port("t2", "out"), goal, LEFT, CTRL)
        hand.view.search.close()
    assert hand.store.revision == before


def test_a_cycle_is_refused(hand: Hand) -> None:
    heard: list[str] = []
    hand.view.answered.connect(heard.append)
    before = hand.store.revision
    hand.drag(hand.port("t1", "out"), hand.port("t4", "out"), LEFT, CTRL)
    assert hand.store.revision == before
    assert "cycle" in heard[0]


def test_ctrl_drag_from_an_input_moves_the_end(hand: Hand) -> None:
    hand.drag(hand.port("t2", "in", 1), hand.port("sq", "in", 1), LEFT, CTRL)
    assert hand.document.nodes["t2"].args[1] == In()
    assert hand.document.nodes["sq"].args[1] == In("two")
