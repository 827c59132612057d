"""What a right click on the canvas offers: everything that fits the thing under the pointer, with its shortcut."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, QPointF
from PySide6.QtWidgets import QMenu

from guigrad.document import edit
from guigrad.ui.canvas.mouse import cut
from guigrad.ui.menu_numbers import add_mends, add_number_actions

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow

EFFECTS: Final = (
    ("{}.backward()", "backward"),
    ("print({})", "print"),
    ("print({}.grad)", "print_grad"),
    ("{}.retain_grad()", "retain_grad"),
)
"""What can be made of a node on the rail."""
_NODES: Final = (
    "",
    "mute",
    "collapse",
    "box_selection",
    "make_function",
    "",
    "duplicate",
    "duplicate_wired",
    "copy",
    "cut",
    "delete",
    "extract",
    "",
    "fit",
)
_ONE: Final = ("enter", "rename", *_NODES)
_FRAME: Final = ("rename", "duplicate", "copy", "delete", "", "fit")
_ALIGN: Final = ("align_left", "align_right", "align_up", "align_down", "", "distribute_across", "distribute_down")
_CANVAS: Final = (
    "add_node", "add_note", "paste", "", "undo", "redo", "", "select_all", "tidy", "find", "", "fit_all", "zoom_reset", "toggle_minimap",
)  # fmt: skip


def fill(window: MainWindow, menu: QMenu, kind: str, key: str, place: QPoint) -> None:
    """Fills a menu for a thing of the canvas; ``kind`` and ``key`` as ``Board.context_requested`` has them."""
    several = len(window.canvas.selection) > 1 and key in window.canvas.selection
    if several:
        actions(window, menu, _NODES[1:])
        _align(window, menu)
        actions(window, menu, ("tidy",))
        return
    match kind:
        case "node":
            _node(window, menu, key)
        case "wire":
            _wire(window, menu, key, place)
        case "point":
            menu.addAction("Take the reroute point away", window.canvas.delete)
        case "port":
            _port(window, menu, key, place)
        case "box":
            actions(window, menu, _FRAME)
            menu.addAction("Select what is in it", partial(_select_inside, window, key))
        case "note":
            actions(window, menu, _FRAME)
        case _:
            actions(window, menu, _CANVAS)


def actions(window: MainWindow, menu: QMenu, names: tuple[str, ...]) -> None:
    """Rows of the table, "" for a line between; each comes with its icon and shortcut."""
    for name in names:
        if name:
            menu.addAction(window.actions_by_id[name])
        else:
            menu.addSeparator()


def _align(window: MainWindow, menu: QMenu) -> None:
    menu.addSeparator()
    sub = menu.addMenu("Align and distribute")
    actions(window, sub, _ALIGN)


def _node(window: MainWindow, menu: QMenu, key: str) -> None:
    name = window.live.names.get(key, key)
    add_mends(window, menu, key)
    add_number_actions(window, menu, key)
    program = menu.addMenu("Add to the program")
    for text, effect in EFFECTS:
        program.addAction(text.format(name), partial(window.session.edit, edit.add_effect(effect, key)))
    menu.addAction("Make it the root of backward", partial(window.session.edit, edit.set_settings(root=key)))
    menu.addSeparator()
    actions(window, menu, _ONE)


def _wire(window: MainWindow, menu: QMenu, key: str, place: QPoint) -> None:
    canvas, document = window.canvas, window.session.document
    target, _, path = key.partition(":")
    at = QPointF(canvas.mapFromGlobal(place))
    wire = canvas.scene.leads.wire(key)
    menu.addAction(
        "Insert an op…", lambda: canvas.search.open(at, lambda op: canvas.drop_op(op, at), None, "goes into the wire")
    )

    def reroute() -> None:
        spot = canvas.viewport.to_world(at.x(), at.y())
        route = list(canvas.scene.leads.route(key))
        index = canvas.scene.leads.index_at(key, *spot, 12.0 / canvas.viewport.scale)
        route.insert(min(max(index, 0), len(route)), spot)
        canvas.answer(window.desk.reroute(key, route))

    menu.addAction("Reroute point here   (Alt+click)", reroute)
    if canvas.scene.leads.route(key):
        menu.addAction("Straighten", lambda: canvas.answer(window.desk.reroute(key, ())))
    menu.addSeparator()
    if wire is not None:
        source = canvas.scene.ids[canvas.scene.wires.source[wire]]
        for words, end in (("Go to", source), ("Go to", target)):
            if end in document.nodes:
                menu.addAction(f"{words} {window.live.names.get(end, end)}", partial(window.go_to, end))
    menu.addSeparator()
    disconnect = menu.addAction("Disconnect", lambda: canvas.answer(window.desk.disconnect([(target, path)])))
    disconnect.setShortcut(window.actions_by_id["delete"].shortcut())


def _port(window: MainWindow, menu: QMenu, key: str, place: QPoint) -> None:
    canvas, scene = window.canvas, window.canvas.scene
    node, side, number = key.rsplit(":", 2)
    row = scene.row.get(node)
    if row is None:
        return
    hit = (row, side, int(number))
    wires = scene.into[row] if side == "in" else scene.out[row]
    numbers = scene.wires.inlet if side == "in" else scene.wires.output
    mine = [wire for wire in wires if numbers[wire] == hit[2]]
    at = QPointF(canvas.mapFromGlobal(place))
    search: Callable[[], object]
    if side == "in":
        port = scene.facet(row).inputs[hit[2]]
        search, words = (lambda: canvas.open_search(at, target=(node, port.path))), "Add an op that feeds it…"
        if not mine and port.text and not port.hidden:
            menu.addAction("Edit its value…", partial(canvas.edit_in_place, node, port.path))
    else:
        search, words = (lambda: canvas.open_search(at, source=(node, hit[2]))), "Add an op that reads it…"
    menu.addAction(words, search)
    ends = scene.wires.source if side == "in" else scene.wires.target
    far = tuple(dict.fromkeys(scene.ids[ends[wire]] for wire in mine))
    if far:
        menu.addAction("Select what it is wired to", partial(canvas.select, far))
        menu.addAction("Disconnect   (Alt+click)", partial(cut, canvas, hit))


def _select_inside(window: MainWindow, key: str) -> None:
    """Every card whose middle lies in a box."""
    box, scene = window.session.document.boxes.get(key), window.canvas.scene
    if box is None:
        return
    found = []
    for name, row in scene.row.items():
        x, y = scene.x[row] + scene.width[row] / 2, scene.y[row] + scene.height[row] / 2
        if box.x <= x <= box.x + box.width and box.y <= y <= box.y + box.height:
            found.append(name)
    window.canvas.select(found)
