"""The canvas by hand: real mouse events on the widget."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from guigrad.document.model import In
from guigrad.ui.canvas.view import OP_MIME
from tests.ui.canvas.hand import ALT, CTRL, EMPTY, LEFT, MIDDLE, NONE, RIGHT, SHIFT, Hand


def test_click_shift_and_ctrl_select(hand: Hand) -> None:
    heard: list[tuple[str, ...]] = []
    hand.view.selection_changed.connect(heard.append)
    QTest.mouseClick(hand.view, LEFT, NONE, hand.node("t1"))
    QTest.mouseClick(hand.view, LEFT, SHIFT, hand.node("t2"))
    assert set(hand.view.selection) == {"t1", "t2"}
    QTest.mouseClick(hand.view, LEFT, CTRL, hand.node("t1"))
    assert hand.view.selection == ("t2",)
    QTest.mouseClick(hand.view, LEFT, NONE, EMPTY)
    assert hand.view.selection == ()
    assert heard[0] == ("t1",)
    assert heard[-1] == ()


def test_a_rubber_band_selects_what_it_touches_and_escape_takes_it_back(hand: Hand) -> None:
    start, end = QPoint(5, 5), hand.node("two")
    hand.press(start)
    hand.move(end)
    assert set(hand.view.selection) == {"t1", "two"}
    hand.key(Qt.Key.Key_Escape)
    assert hand.view.selection == ()
    hand.release(end)
    hand.drag(start, end)
    assert set(hand.view.selection) == {"t1", "two"}


def test_all_and_none(hand: Hand) -> None:
    hand.key(Qt.Key.Key_A, CTRL)
    assert len(hand.view.selection) == 8  # six cards, a box, a note
    hand.key(Qt.Key.Key_Escape)
    assert hand.view.selection == ()


def test_a_drag_is_one_step_and_escape_none(hand: Hand) -> None:
    before = hand.document.views["t1"]
    start = hand.node("t1")
    hand.drag(start, start + QPoint(60, 40))
    after = hand.document.views["t1"]
    assert (after.x - before.x, after.y - before.y) == (60, 40)
    assert hand.store.undo() is not None
    assert hand.document.views["t1"] == before
    assert hand.view.scene.x[hand.view.scene.row["t1"]] == before.x
    revision = hand.store.revision
    hand.press(start)
    hand.move(start + QPoint(80, 80))
    hand.key(Qt.Key.Key_Escape)
    hand.release(start + QPoint(80, 80))
    assert hand.store.revision == revision
    assert hand.view.scene.x[hand.view.scene.row["t1"]] == before.x


def test_a_selection_moves_together_and_a_box_takes_its_cards_along(hand: Hand) -> None:
    hand.view.select(("t1", "two"))
    start = hand.node("two")
    hand.drag(start, start + QPoint(0, 30))
    assert hand.document.views["t1"].y == 150
    assert hand.document.views["two"].y == 330
    box = hand.document.boxes["box"]
    x, y = hand.view.viewport.to_screen(box.x + 200, box.y + 12)
    start = QPoint(round(x), round(y))
    hand.drag(start, start + QPoint(10, 20))
    assert (hand.document.boxes["box"].x, hand.document.boxes["box"].y) == (box.x + 10, box.y + 20)
    assert hand.document.views["t2"].x == 266


def test_a_wire_is_drawn_in_either_direction(hand: Hand) -> None:
    hand.drag(hand.port("t1", "out"), hand.port("t3", "in", 0))
    assert hand.document.nodes["t3"].args[0] == In("t1")
    hand.drag(hand.port("t4", "in"), hand.port("t2", "out"))  # takes the end along: see below
    hand.store.undo()
    hand.drag(hand.port("t3", "in", 0) + QPoint(0, 0), EMPTY + QPoint(0, 640))
    assert hand.document.nodes["t3"].args[0] == In()
    hand.drag(hand.port("t3", "in", 0), hand.port("two", "out"))
    assert hand.document.nodes["t3"].args[0] == In("two")


def test_a_refusal_is_said_and_changes_nothing(hand: Hand) -> None:
    heard: list[str] = []
    hand.view.answered.connect(heard.append)
    revision = hand.store.revision
    hand.drag(hand.port("t4", "out"), hand.port("t2", "in", 1))
    assert hand.store.revision == revision
    assert len(heard) == 1
    assert "cycle" in heard[0]


def test_dragging_off_an_input_moves_the_end_or_cuts(hand: Hand) -> None:
    hand.drag(hand.port("t4", "in"), hand.port("t3", "in", 0))
    assert hand.document.nodes["t4"].args[0] == In("t3")  # a cycle was refused
    hand.drag(hand.port("t2", "in", 1), hand.port("sq", "in", 1))
    assert hand.document.nodes["t2"].args[1] == In()
    assert hand.document.nodes["sq"].args[1] == In("two")
    hand.store.undo()
    assert hand.document.nodes["t2"].args[1] == In("two")
    hand.drag(hand.port("t4", "in"), EMPTY)
    assert hand.document.nodes["t4"].args[0] == In()


def test_alt_click_cuts_at_a_port(hand: Hand) -> None:
    QTest.mouseClick(hand.view, LEFT, ALT, hand.port("t2", "in", 0))
    assert hand.document.nodes["t2"].args[0] == In()


def test_a_knife_cuts_what_it_crosses(hand: Hand) -> None:
    scene = hand.view.scene
    wire = scene.into[scene.row["t2"]][0]
    x1, y1, x2, y2, _ = scene.wires.ends[:, wire]
    x, y = hand.view.viewport.to_screen((x1 + x2) / 2, (y1 + y2) / 2)
    hand.drag(QPoint(round(x) - 15, round(y) - 3), QPoint(round(x) + 15, round(y) + 6), RIGHT, CTRL)
    assert hand.document.nodes["t2"].args[0] == In()


def test_wheel_zooms_at_the_pointer_and_middle_drag_pans(hand: Hand) -> None:
    at = hand.node("t3")
    world = hand.view.viewport.to_world(at.x(), at.y())
    event = QWheelEvent(
        QPointF(at), QPointF(hand.view.mapToGlobal(at)), QPoint(), QPoint(0, 240), Qt.MouseButton.NoButton, NONE,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(hand.view, event)
    assert hand.view.zoom > 1.2
    again = hand.view.viewport.to_screen(*world)
    assert abs(again[0] - at.x()) <= 1
    assert abs(again[1] - at.y()) <= 1
    before = hand.view.viewport
    hand.drag(EMPTY, EMPTY + QPoint(-50, 30), MIDDLE)
    assert (hand.view.viewport.left - before.left, hand.view.viewport.top - before.top) == (-50, 30)


def test_space_and_drag_pans(hand: Hand) -> None:
    before = hand.view.viewport
    QTest.keyPress(hand.view, Qt.Key.Key_Space)
    hand.drag(hand.node("t1"), hand.node("t1") + QPoint(33, 0))
    QTest.keyRelease(hand.view, Qt.Key.Key_Space)
    assert hand.view.viewport.left == before.left + 33
    assert hand.view.selection == ()


def test_zoom_keys_and_fit(hand: Hand) -> None:
    hand.key(Qt.Key.Key_Plus, CTRL)
    assert hand.view.zoom > 1
    hand.key(Qt.Key.Key_Minus, CTRL)
    hand.key(Qt.Key.Key_0, CTRL)
    assert hand.view.zoom == pytest.approx(1)
    hand.view.select(("t4",))
    hand.key(Qt.Key.Key_F)
    left, _, right, _ = hand.view.viewport.world
    assert left < 744 < 744 + 176 < right
    hand.key(Qt.Key.Key_Home)
    left, _, right, _ = hand.view.viewport.world
    assert left < 24
    assert right > 964


def test_a_wire_dropped_on_empty_canvas_offers_what_fits_and_wires_it(hand: Hand) -> None:
    hand.drag(hand.port("t4", "out"), QPoint(1120, 600))
    popup = hand.view.search
    assert popup.isVisible()
    targets = {popup.list.item(i).data(Qt.ItemDataRole.UserRole) for i in range(popup.list.count())}
    assert "torch.randn" not in targets
    assert "torch.exp" in targets or len(targets) == 40
    QTest.keyClicks(popup.field, "exp")
    QTest.keyClick(popup.field, Qt.Key.Key_Return)
    added = hand.document.nodes[hand.view.selection[0]]
    assert In("t4") in added.inputs()
    label = hand.store.undo()
    assert label is not None
    assert added.id not in hand.document.nodes


def test_double_click_on_empty_canvas_opens_the_search(hand: Hand) -> None:
    QTest.mouseDClick(hand.view, LEFT, NONE, EMPTY)
    assert hand.view.search.isVisible()
    hand.view.search.close()


def test_an_op_is_dropped_from_a_palette(hand: Hand) -> None:
    data = QMimeData()
    data.setData(OP_MIME, b"torch.exp")
    hand.drop(QPoint(900, 80), data)
    assert hand.document.nodes[hand.view.selection[0]].op == "torch.exp"
    files: list[list[str]] = []
    hand.view.dropped.connect(files.append)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile("/somewhere/a.guigrad")])
    hand.drop(QPoint(9, 9), data)
    assert files == [["/somewhere/a.guigrad"]]


def test_dropping_an_unknown_op_does_no_harm(hand: Hand) -> None:
    data = QMimeData()
    data.setData(OP_MIME, b"os.system\xff")
    before = hand.document
    hand.drop(QPoint(900, 80), data)
    hand.view.repaint()
    assert hand.document is before


def test_a_card_dropped_on_a_wire_goes_into_it(hand: Hand) -> None:
    key, reason = hand.view.intents.add_node("torch.exp", (900.0, 520.0))
    assert reason == ""
    scene = hand.view.scene
    wire = scene.into[scene.row["t4"]][0]
    x1, y1, x2, y2, _ = scene.wires.ends[:, wire]
    x, y = hand.view.viewport.to_screen((x1 + x2) / 2, (y1 + y2) / 2)
    hand.drag(hand.node(key), QPoint(round(x), round(y)))
    assert In(key) in hand.document.nodes["t4"].inputs()
    assert In("t3") in hand.document.nodes[key].inputs()


def test_right_click_asks_for_the_menu_of_what_is_there(hand: Hand) -> None:
    asked: list[tuple[str, str]] = []
    hand.view.context_requested.connect(lambda kind, key, at: asked.append((kind, key)))
    for at in (hand.node("t3"), EMPTY):
        QTest.mouseClick(hand.view, RIGHT, NONE, at)
    scene = hand.view.scene
    x1, y1, x2, y2, _ = scene.wires.ends[:, scene.into[scene.row["t2"]][0]]
    x, y = hand.view.viewport.to_screen((x1 + x2) / 2, (y1 + y2) / 2)
    QTest.mouseClick(hand.view, RIGHT, NONE, QPoint(round(x), round(y)))
    assert asked == [("node", "t3"), ("canvas", ""), ("wire", "t2:self")]
    assert hand.view.selection == ("t2:self",)


def test_hover_lights_the_wires(hand: Hand) -> None:
    heard: list[str] = []
    hand.view.hovered.connect(heard.append)
    hand.move(hand.node("sq"), Qt.MouseButton.NoButton)
    scene = hand.view.scene
    lit = {w for w in range(scene.wires.count) if scene.wires.lit[w]}
    assert lit == {*scene.into[scene.row["sq"]], *scene.out[scene.row["sq"]]}
    hand.move(EMPTY, Qt.MouseButton.NoButton)
    assert heard == ["sq", ""]


def test_collapse_box_and_note(hand: Hand) -> None:
    hand.view.select(("t1", "two"))
    hand.key(Qt.Key.Key_H)
    assert hand.document.views["t1"].collapsed
    assert hand.view.scene.height[hand.view.scene.row["t1"]] == 32
    hand.key(Qt.Key.Key_H)
    assert not hand.document.views["t1"].collapsed
    hand.key(Qt.Key.Key_G, CTRL)
    assert len(hand.document.boxes) == 2
    hand.key(Qt.Key.Key_N)
    assert len(hand.document.notes) == 2


def test_a_second_button_gives_a_gesture_up(hand: Hand) -> None:
    start = hand.node("t1")
    hand.press(start)
    hand.move(start + QPoint(50, 50))
    hand.press(start + QPoint(50, 50), RIGHT)
    assert hand.view.gesture is None
    assert hand.document.views["t1"].x == 24
    assert hand.view.scene.x[hand.view.scene.row["t1"]] == 24


def test_the_document_may_change_in_the_middle_of_a_gesture(hand: Hand) -> None:
    start = hand.node("t2")
    hand.press(start)
    hand.move(start + QPoint(50, 50))
    hand.view.intents.remove(["t2"])
    hand.move(start + QPoint(60, 60))
    hand.release(start + QPoint(60, 60))
    hand.view.repaint()
    assert "t2" not in hand.view.scene.row
