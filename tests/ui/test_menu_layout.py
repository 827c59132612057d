"""Right clicks on wires, boxes, notes and cards offer what fits them."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from guigrad.ui.main_window import MainWindow


def menu_at(window: MainWindow, qtbot: QtBot, x: float, y: float) -> dict[str, QAction]:
    """What a right click at a place of the canvas offers."""
    left, top = window.canvas.viewport.to_screen(x, y)
    qtbot.mouseClick(window.canvas, Qt.MouseButton.RightButton, pos=QPoint(round(left), round(top)))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    found = {action.text().partition("\t")[0]: action for action in menu.actions() if not action.isSeparator()}
    menu.close()
    return found


def key(window: MainWindow, name: str) -> str:
    return next(node.id for node in window.session.document.nodes.values() if node.name == name)


def test_a_wire_offers_a_point_and_to_lead_straight_again(lesson: MainWindow, qtbot: QtBot) -> None:
    scene = lesson.canvas.scene
    wire = scene.into[scene.row[key(lesson, "t4")]][0]
    x1, y1, x2, y2, _ = scene.wires.ends[:, wire]
    offered = menu_at(lesson, qtbot, (x1 + x2) / 2, (y1 + y2) / 2)
    assert "Remove its reroute points" not in offered
    assert "Insert a node here…" in offered
    offered["Add a reroute point"].trigger()
    assert len(lesson.session.document.routes) == 1
    name = next(iter(lesson.session.document.routes))
    lesson.canvas.select((name,))
    x, y = lesson.session.document.routes[name][0]
    menu_at(lesson, qtbot, x, y)["Remove its reroute points"].trigger()
    assert not lesson.session.document.routes


def test_boxes_and_notes_fit_what_they_hold(lesson: MainWindow, qtbot: QtBot) -> None:
    canvas, session = lesson.canvas, lesson.session
    node = key(lesson, "t4")
    row = canvas.scene.row[node]
    x, y = float(canvas.scene.x[row]), float(canvas.scene.y[row])
    box, _ = canvas.intents.add_box("b", (x - 100, y - 100, x + 400, y + 400))
    menu_at(lesson, qtbot, x - 60, y - 88)["Select what it holds"].trigger()
    assert canvas.selection == (node,)
    menu_at(lesson, qtbot, x - 60, y - 88)["Fit it around that"].trigger()
    record = session.document.boxes[box]
    assert (record.x, record.y) == (x - 24, y - 44)
    note, _ = canvas.intents.add_note("one line", (x, y + 300))
    canvas.fit_all()
    menu_at(lesson, qtbot, x + 40, y + 340)["Fit it around its text"].trigger()
    assert session.document.notes[note].height < 60


def test_several_cards_can_be_aligned_and_muted(lesson: MainWindow, qtbot: QtBot) -> None:
    canvas = lesson.canvas
    nodes = [key(lesson, "t3"), key(lesson, "t4")]
    canvas.select(nodes)
    row = canvas.scene.row[nodes[0]]
    offered = menu_at(lesson, qtbot, float(canvas.scene.x[row]) + 60, float(canvas.scene.y[row]) + 14)
    assert "Align and distribute" in offered
    offered["Mute"].trigger()
    assert all(lesson.session.document.nodes[node].op == "python.alias" for node in nodes)
    offered = menu_at(lesson, qtbot, float(canvas.scene.x[row]) + 60, float(canvas.scene.y[row]) + 14)
    offered["Unmute"].trigger()
    assert all(lesson.session.document.nodes[node].op != "python.alias" for node in nodes)
