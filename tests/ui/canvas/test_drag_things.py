"""What lies on the canvas dragged by hand: frames and what they hold, their edges, arrows, reroute points, copies, drops on wires."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from guigrad.document import edit, file
from guigrad.document.encode import encode
from guigrad.document.model import Box, Document, In
from tests.ui.canvas.hand import ALT, CTRL, EMPTY, LEFT, NONE, SHIFT, Hand


def screen(hand: Hand, x: float, y: float) -> QPoint:
    left, top = hand.view.viewport.to_screen(x, y)
    return QPoint(round(left), round(top))


def on_wire(hand: Hand, key: str, index: int = 0, share: float = 0.5) -> QPoint:
    """A place on a wire into a card."""
    scene = hand.view.scene
    wire = scene.into[scene.row[key]][index]
    x1, y1, x2, y2, _ = scene.wires.ends[:, wire]
    assert share == 0.5
    return screen(hand, (x1 + x2) / 2, (y1 + y2) / 2)


def do(hand: Hand, change: edit.Edit) -> None:
    hand.store.commit(change(hand.document))


def one_step(hand: Hand, before: Document) -> None:
    """The last gesture was one undo step, and what it made survives a file."""
    after = hand.document
    assert file.read(encode(after, "1")) == after
    hand.store.undo()
    assert hand.document == before
    hand.store.redo()
    assert hand.document == after


# ---- reroute points ------------------------------------------------------


def test_alt_click_on_a_wire_makes_a_point_that_is_dragged_deleted_and_undone(hand: Hand) -> None:
    before = hand.document
    QTest.mouseClick(hand.view, LEFT, ALT, on_wire(hand, "t2"))
    ((x, y),) = hand.document.routes["t2:self"]
    assert hand.view.selection == ("t2:self:0",)
    one_step(hand, before)
    at = screen(hand, x, y)
    hand.drag(at, at + QPoint(-10, 60))
    assert hand.document.routes["t2:self"] == ((x - 10, y + 60),)
    hand.view.repaint()
    assert hand.view.selection == ("t2:self:0",)
    hand.key(Qt.Key.Key_Delete)
    assert not hand.document.routes
    hand.store.undo()
    assert hand.document.routes["t2:self"] == ((x - 10, y + 60),)
    QTest.mouseClick(hand.view, LEFT, ALT, at + QPoint(-10, 60))
    assert not hand.document.routes


def test_a_second_point_comes_where_the_wire_was_pressed(hand: Hand) -> None:
    do(hand, edit.set_route("t4", "self", [(700, 500)]))
    scene = hand.view.scene
    wire = scene.leads.wire("t4:self")
    assert wire is not None
    (piece,) = scene.leads.pieces[wire]
    x1, y1, x2, y2, _ = scene.wires.ends[:, piece]
    at = screen(hand, (x1 + x2) / 2, (y1 + y2) / 2)
    hand.press(at, LEFT, ALT)
    hand.move(at + QPoint(0, 30), LEFT, ALT)
    hand.release(at + QPoint(0, 30), LEFT, ALT)
    route = hand.document.routes["t4:self"]
    assert route[0] == (700, 500)
    assert route[1][1] == pytest.approx((y1 + y2) / 2 + 30, abs=1)


def test_points_go_along_with_both_cards_and_escape_takes_it_back(hand: Hand) -> None:
    do(hand, edit.set_route("t2", "self", [(220, 100)]))
    hand.view.select(("t1", "t2"))
    start = hand.node("t1")
    hand.press(start)
    hand.move(start + QPoint(40, 50))
    hand.view.repaint()
    wires = hand.view.scene.wires
    wire = hand.view.scene.leads.wire("t2:self")
    assert wire is not None
    assert tuple(wires.ends[2:4, wire]) == (260, 150)
    hand.key(Qt.Key.Key_Escape)
    hand.release(start + QPoint(40, 50))
    assert tuple(wires.ends[2:4, wire]) == (220, 100)
    hand.drag(start, start + QPoint(40, 50))
    assert hand.document.routes["t2:self"] == ((260, 150),)
    hand.view.select(("t1",))
    hand.key(Qt.Key.Key_Right)
    assert hand.document.routes["t2:self"] == ((260, 150),)


def test_a_led_wire_is_cut_hovered_and_hidden_as_one(hand: Hand) -> None:
    do(hand, edit.set_route("t2", "self", [(210, 60), (240, 90)]))
    scene = hand.view.scene
    hand.move(hand.node("t1"), Qt.MouseButton.NoButton)
    lit = {int(w) for w in range(scene.wires.count) if scene.wires.lit[w]}
    wire = scene.leads.wire("t2:self")
    assert wire is not None
    assert lit == {wire, *scene.leads.pieces[wire]}
    hand.drag(screen(hand, 225, 60), screen(hand, 225, 100), Qt.MouseButton.RightButton, CTRL)
    assert hand.document.nodes["t2"].args[0] == In()
    assert not hand.document.routes
    assert not scene.leads.pieces


def test_a_click_on_a_wire_selects_it_and_delete_cuts_it(hand: Hand) -> None:
    QTest.mouseClick(hand.view, LEFT, NONE, on_wire(hand, "t2"))
    assert hand.view.selection == ("t2:self",)
    QTest.mouseClick(hand.view, LEFT, SHIFT, on_wire(hand, "t2", 1))
    assert set(hand.view.selection) == {"t2:self", "t2:other"}
    hand.view.repaint()
    hand.key(Qt.Key.Key_Delete)
    assert hand.document.nodes["t2"].args == (In(), In())
    assert hand.view.selection == ()
    hand.store.undo()
    assert hand.document.nodes["t2"].args == (In("t1"), In("two"))


# ---- boxes and notes -----------------------------------------------------


def test_a_box_is_resized_by_edges_and_corners_and_never_turns_inside_out(hand: Hand) -> None:
    before = hand.document
    box = before.boxes["box"]
    corner = screen(hand, box.x + box.width, box.y + box.height)
    hand.drag(corner, corner + QPoint(30, 40))
    assert hand.document.boxes["box"] == Box("box", box.title, box.x, box.y, box.width + 30, box.height + 40)
    one_step(hand, before)
    left = screen(hand, box.x, box.y + 300)
    hand.drag(left, left + QPoint(5000, 0))
    small = hand.document.boxes["box"]
    assert small.width == 96
    assert small.x + small.width == box.x + box.width + 30
    hand.press(screen(hand, small.x, small.y))
    hand.move(screen(hand, small.x - 50, small.y - 50))
    hand.view.repaint()
    hand.key(Qt.Key.Key_Escape)
    hand.release(screen(hand, small.x - 50, small.y - 50))
    assert hand.document.boxes["box"] == small
    assert not hand.view.painter.frames


def test_a_box_takes_along_cards_inner_boxes_notes_and_points(hand: Hand) -> None:
    do(hand, edit.add_box("inner", rect=(470, 320, 680, 500)))
    do(hand, edit.add_note("inside", (250, 420)))
    do(hand, edit.set_route("t3", "other", [(470, 330)]))
    (inner,) = (key for key in hand.document.boxes if key != "box")
    (note,) = (key for key, each in hand.document.notes.items() if each.text == "inside")
    do(hand, edit.edit_frame(note, width=100.0, height=50.0))
    before = hand.document
    box = before.boxes["box"]
    title = screen(hand, box.x + 200, box.y + 12)
    hand.drag(title, title + QPoint(12, -8))
    after = hand.document
    for key in ("t2", "sq", "t3"):
        assert after.views[key].x == before.views[key].x + 12
    assert after.views["t1"] == before.views["t1"]
    assert after.boxes[inner].y == before.boxes[inner].y - 8
    assert after.notes[note].x == before.notes[note].x + 12
    assert after.notes["note"] == before.notes["note"]
    assert after.routes["t3:other"] == ((482, 322),)
    one_step(hand, before)
    hand.key(Qt.Key.Key_Delete)
    assert "box" not in hand.document.boxes
    assert {"t2", "sq", "t3"} <= hand.document.nodes.keys()
    assert inner in hand.document.boxes


def test_an_arrow_is_dragged_from_a_note_to_a_card_and_away_again(hand: Hand) -> None:
    before = hand.document
    note = before.notes["note"]
    handle = screen(hand, note.x + note.width, note.y + note.height / 2)
    hand.drag(handle, hand.node("t4"))
    assert hand.document.notes["note"].arrows == ("t4",)
    one_step(hand, before)
    hand.view.repaint()
    hand.drag(handle, EMPTY)
    assert hand.document.notes["note"].arrows == ("t4",)
    hand.drag(handle, hand.node("t4"))
    assert hand.document.notes["note"].arrows == ()


def test_a_box_around_the_selection_asks_for_its_title(hand: Hand) -> None:
    hand.view.select(("t3", "t4", "note"))
    hand.key(Qt.Key.Key_G, CTRL)
    editor = hand.view.editor
    assert editor is not None
    QTest.keyClicks(editor, "loss")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    (box,) = (each for each in hand.document.boxes.values() if each.id != "box")
    assert box.title == "loss"
    views, note, scene = hand.document.views, hand.document.notes["note"], hand.view.scene
    assert box.x < views["t3"].x
    assert box.x + box.width > note.x + note.width
    assert box.y + box.height > views["t3"].y + scene.height[scene.row["t3"]]


def test_a_rubber_band_takes_whole_boxes_and_touched_notes(hand: Hand) -> None:
    hand.drag(screen(hand, 700, 390), screen(hand, 990, 470))
    assert hand.view.selection == ("note",)
    hand.drag(screen(hand, 225, 60), screen(hand, 700, 540))
    assert "box" in hand.view.selection


# ---- copies and drops ----------------------------------------------------


def test_ctrl_drag_copies_and_leaves_the_original_where_it_is(hand: Hand) -> None:
    before = hand.document
    hand.view.select(("t2", "sq"))
    start = hand.node("sq")
    hand.press(start, LEFT, CTRL)
    hand.move(start + QPoint(0, 300), LEFT, CTRL)
    hand.view.repaint()
    assert hand.view.scene.x[hand.view.scene.row["sq"]] == before.views["sq"].x
    hand.release(start + QPoint(0, 300), LEFT, CTRL)
    new = [key for key in hand.document.nodes if key not in before.nodes]
    assert len(new) == 2
    assert set(hand.view.selection) == set(new)
    assert {hand.document.views[key].y for key in new} == {468}
    copied = next(hand.document.nodes[key] for key in new if hand.document.nodes[key].op == "operator.pow")
    assert copied.args[0] == In(next(key for key in new if key != copied.id))
    one_step(hand, before)


def test_a_card_that_does_not_fit_a_wire_is_only_moved_and_told_why(hand: Hand) -> None:
    key, _ = hand.view.intents.add_node("torch.optim.SGD", (900.0, 520.0))
    heard: list[str] = []
    hand.view.answered.connect(heard.append)
    nodes = hand.document.nodes
    hand.drag(hand.node(key), on_wire(hand, "t4"))
    assert hand.document.nodes == nodes
    assert hand.document.views[key].y != 520
    assert len(heard) <= 1


def test_a_wired_card_does_not_jump_into_wires(hand: Hand) -> None:
    nodes = hand.document.nodes
    hand.drag(hand.node("t1"), on_wire(hand, "t4"))
    assert hand.document.nodes == nodes


def test_a_card_with_wires_that_waits_for_an_input_goes_into_a_wire(hand: Hand) -> None:
    key, _ = hand.view.intents.add_node("torch.add", (620.0, 560.0))
    do(hand, edit.connect("t1", 0, key, "other"))
    before = hand.document
    hand.drag(hand.node(key), on_wire(hand, "t4"))
    assert hand.document.nodes[key].args == (In("t3"), In("t1"))
    assert hand.document.nodes["t4"].args[0] == In(key)
    one_step(hand, before)


def test_a_card_that_is_read_goes_into_a_wire_and_is_read_still(hand: Hand) -> None:
    key, _ = hand.view.intents.add_node("torch.relu", (620.0, 560.0))
    reader, _ = hand.view.intents.add_node("torch.exp", (900.0, 560.0))
    do(hand, edit.connect(key, 0, reader, "self"))
    before = hand.document
    hand.drag(hand.node(key), on_wire(hand, "t4"))
    assert hand.document.nodes[key].args == (In("t3"),)
    assert hand.document.nodes["t4"].args[0] == In(key) == hand.document.nodes[reader].args[0]
    one_step(hand, before)


def test_a_card_is_not_dropped_where_it_would_close_a_cycle(hand: Hand) -> None:
    key, _ = hand.view.intents.add_node("torch.add", (620.0, 560.0))
    do(hand, edit.connect("t4", 0, key, "other"))
    heard: list[str] = []
    hand.view.answered.connect(heard.append)
    nodes = hand.document.nodes
    hand.drag(hand.node(key), on_wire(hand, "t4"))
    assert hand.document.nodes == nodes
    assert "cycle" in heard[0]


def test_a_rubber_band_over_wires_alone_selects_them(hand: Hand) -> None:
    middle = on_wire(hand, "t4")
    hand.drag(middle - QPoint(8, 8), middle + QPoint(8, 8))
    assert hand.view.selection == ("t4:self",)
    hand.view.repaint()
    other = on_wire(hand, "t2")
    hand.drag(other - QPoint(10, 10), other + QPoint(10, 10), LEFT, SHIFT)
    assert set(hand.view.selection) == {"t4:self", "t2:self"}
    hand.key(Qt.Key.Key_Delete)
    assert hand.document.nodes["t4"].args[0] == In() == hand.document.nodes["t2"].args[0]
    hand.store.undo()
    assert hand.document.nodes["t4"].args[0] == In("t3")
