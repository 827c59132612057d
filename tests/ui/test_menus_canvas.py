"""Right clicks on the canvas: each thing offers what fits it, with its shortcut, and does it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from guigrad.document import edit
from guigrad.ui.canvas.search import SearchPopup
from guigrad.ui.main_window import MainWindow

RIGHT = Qt.MouseButton.RightButton


def menu_at(window: MainWindow, x: float, y: float) -> QMenu:
    """The menu of a right click at a place of the canvas."""
    window.live._follow()
    QApplication.processEvents()  # the canvas has its size
    window.canvas.repaint()  # the first painting of a document fits it in
    point = QPoint(*(round(part) for part in window.canvas.viewport.to_screen(x, y)))
    QTest.mouseClick(window.canvas, RIGHT, Qt.KeyboardModifier.NoModifier, point)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    return menu


def all_actions(menu: QMenu) -> dict[str, QAction]:
    found: dict[str, QAction] = {}
    for action in menu.actions():
        inner = action.menu()
        if isinstance(inner, QMenu):
            found.update(all_actions(inner))
        elif action.text():
            found[action.text()] = action
    return found


def choose(menu: QMenu, text: str) -> None:
    action = all_actions(menu)[text]
    menu.close()
    action.trigger()


def place(window: MainWindow, label: str) -> tuple[float, float]:
    window.live._follow()
    scene = window.canvas.scene
    row = scene.row[window.labels()[label]]
    return float(scene.x[row]), float(scene.y[row])


def wire_middle(window: MainWindow, source: str, target: str) -> tuple[float, float]:
    scene, labels = window.canvas.scene, window.labels()
    rows = scene.row[labels[source]], scene.row[labels[target]]
    wire = next(w for w in scene.into[rows[1]] if scene.wires.source[w] == rows[0])
    first, last = scene.port_point(rows[0], "out", 0), scene.port_point(rows[1], "in", int(scene.wires.inlet[wire]))
    return (first[0] + last[0]) / 2, (first[1] + last[1]) / 2


def test_a_node_offers_what_fits_with_shortcuts(lesson: MainWindow) -> None:
    x, y = place(lesson, "t3")
    found = all_actions(menu_at(lesson, x + 60, y + 12))
    for text, keys in (("Rename…", "F2"), ("Mute", "M"), ("Collapse", "H"), ("Duplicate", "Ctrl+D"), ("Delete", "Del")):
        assert found[text].shortcut().toString() == keys
    assert "t3.backward()" in found
    choose(menu_at(lesson, x + 60, y + 12), "t3.retain_grad()")
    lesson.live._follow()
    assert "t3.retain_grad()" in lesson.code.view.toPlainText()


def test_a_remapped_key_is_in_the_menu(lesson: MainWindow) -> None:
    lesson.keymap.bind("collapse", ["Ctrl+Alt+9"])
    x, y = place(lesson, "t3")
    assert all_actions(menu_at(lesson, x + 60, y + 12))["Collapse"].shortcut().toString() == "Ctrl+Alt+9"


def test_a_selection_offers_align_and_distribute(lesson: MainWindow) -> None:
    x, y = place(lesson, "t2")
    lesson.canvas.select_all()
    choose(menu_at(lesson, x + 60, y + 12), "Align left edges")
    views = lesson.session.document.views.values()
    assert len({view.x for view in views if view.x is not None}) == 1


def test_a_wire_is_cut_rerouted_and_straightened(lesson: MainWindow) -> None:
    place(lesson, "t2")
    at = wire_middle(lesson, "t1", "t2")
    choose(menu_at(lesson, *at), "Add a reroute point\tAlt+click")
    assert len(lesson.session.document.routes) == 1
    lesson.session.undo()
    assert "Go to t1" in all_actions(menu_at(lesson, *at))
    choose(menu_at(lesson, *at), "Delete")
    assert "t2 = ... + 2" in _code(lesson)


def _code(window: MainWindow) -> str:
    window.live._follow()
    return window.code.view.toPlainText()


def test_a_port_is_fed_read_and_disconnected(lesson: MainWindow) -> None:
    place(lesson, "t2")
    scene = lesson.canvas.scene
    row = scene.row[lesson.labels()["t2"]]
    inlet, outlet = scene.port_point(row, "in", 0), scene.port_point(row, "out", 0)
    choose(menu_at(lesson, *outlet), "Add an op that reads it…")
    popup = lesson.canvas.search
    assert isinstance(popup, SearchPopup)
    assert popup.isVisible()
    QTest.keyClicks(popup.field, "relu")
    QTest.keyClick(popup.field, Qt.Key.Key_Return)
    assert "relu(t2)" in _code(lesson)
    choose(menu_at(lesson, *inlet), "Disconnect\tAlt+click")
    assert "t2 = ... + 2" in _code(lesson)
    assert "Add an op that feeds it…" in all_actions(menu_at(lesson, *inlet))


@pytest.mark.parametrize(
    ("kind", "texts"), [("box", ("Rename…", "Delete", "Select what it holds")), ("note", ("Rename…", "Delete", "Copy"))]
)
def test_boxes_and_notes(lesson: MainWindow, kind: str, texts: Sequence[str]) -> None:
    made = (
        edit.add_note("hello", (0.0, 900.0))
        if kind == "note"
        else edit.add_box("Box", rect=(0.0, 900.0, 300.0, 1100.0))
    )
    lesson.session.edit(made)
    lesson.canvas.fit_all()
    found = all_actions(menu_at(lesson, 40.0, 912.0))
    assert set(texts) <= set(found)


def test_the_empty_canvas(lesson: MainWindow) -> None:
    found = all_actions(menu_at(lesson, -30.0, -30.0))
    assert {"Add node…", "Add note", "Paste", "Select all", "Tidy layout", "Fit all", "Minimap"} <= set(found)


def test_the_rail(lesson: MainWindow) -> None:
    place(lesson, "t4")
    for kind in ("print", "backward"):
        lesson.session.edit(edit.add_effect(kind, lesson.labels()["t4"]))
    lesson.live._follow()
    strip = lesson.rail.strip
    last = strip.placed[-1]
    strip.select(last.keys)
    strip.menu_asked.emit(last.keys, strip.mapToGlobal(last.rect.center().toPoint()))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert "Select its nodes" in all_actions(menu)
    choose(menu, "Move left\tAlt+Left")
    assert _code(lesson).index("t4.backward()") < _code(lesson).index("print(t4)")


def test_the_tip_of_a_line_goes_with_its_menu(lesson: MainWindow) -> None:
    menu = menu_at(lesson, *place(lesson, "t1"))
    QTest.keyClick(menu, Qt.Key.Key_Down)
    assert lesson.statusBar().currentMessage()
    QTest.keyClick(menu, Qt.Key.Key_Escape)
    assert not lesson.statusBar().currentMessage()
