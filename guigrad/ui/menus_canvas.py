"""What a right click on the canvas offers: everything that fits the thing under the pointer, with its shortcut."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, QPointF
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu

from guigrad.document import edit
from guigrad.ui.canvas.mouse import cut
from guigrad.ui.menu_layout import add_layout_actions
from guigrad.ui.menu_numbers import add_mends, add_number_actions
from guigrad.ui.menus_function import add_card_actions, add_port_actions
from guigrad.ui.predict import add_blanks

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow

EFFECTS: Final = (
    ("{}.backward()", "backward"),
    ("print({})", "print"),
    ("print({}.grad)", "print_grad"),
    ("{}.retain_grad()", "retain_grad"),
)
"""What can be made of a node on the rail."""
_FUNCTION: Final = (
    "enter",
    "make_function",
    "expand_call",
    "make_unique",
    "rename_function",
    "save_to_library",
    "add_result",
)
_CANVAS: Final = ("", "undo", "redo", "find", "", "zoom_reset", "toggle_minimap", "backward_graph")


def fill(window: MainWindow, menu: QMenu, kind: str, key: str, place: QPoint) -> None:
    """Fills a menu for a thing of the canvas; ``kind`` and ``key`` as ``Board.context_requested`` has them."""
    match kind:
        case "port":
            _port(window, menu, key, place)
            return
        case "node":
            _node(window, menu, key)
        case "wire":
            _ends(window, menu, key)
        case "grad_fn":
            _grad_fn(window, menu, key)
            return
    add_layout_actions(window, menu, kind, key, place)
    if kind == "node" and len(window.canvas.selection) > 1:
        actions(window, menu, ("", "tidy", "fit"))
    if kind == "canvas":
        actions(window, menu, _CANVAS)


def actions(window: MainWindow, menu: QMenu, names: tuple[str, ...]) -> None:
    """Rows of the table, "" for a line between; each comes with its icon and shortcut."""
    for name in names:
        if name:
            menu.addAction(window.actions_by_id[name])
        else:
            menu.addSeparator()


def _node(window: MainWindow, menu: QMenu, key: str) -> None:
    name = window.live.names.get(key, key)
    add_mends(window, menu, key)
    if len(window.canvas.selection) < 2:
        actions(window, menu, ("view_tensor", ""))
        add_number_actions(window, menu, key)
        program = menu.addMenu("Add to the program")
        for text, effect in EFFECTS:
            program.addAction(text.format(name), partial(window.session.edit, edit.add_effect(effect, key)))
        menu.addAction("Make it the root of backward", partial(window.session.edit, edit.set_settings(root=key)))
        window.training.setup.add_to(menu, key)
        menu.addSeparator()
        actions(window, menu, ("step_to_node", "breakpoint"))
        add_blanks(window, menu, key)
        menu.addSeparator()
    _derivatives(window, menu, key, name)
    add_card_actions(window, menu, key)
    for action in (window.actions_by_id[name] for name in _FUNCTION):
        if action.isEnabled():  # most cards are no calls
            menu.addAction(action)


def _derivatives(window: MainWindow, menu: QMenu, key: str, name: str) -> None:
    """J and paths: of one node and the root or the leaf that belongs to it, or of the two that are selected."""
    ends = window.workbench.ends
    chosen = [node for node in window.canvas.selection if node in window.session.document.nodes]
    if len(chosen) > 2:
        return
    of, wrt = ends.pair("", "")
    if not of or not wrt or (key not in (of, wrt) and len(chosen) < 2):
        return
    first, last = ends.name(wrt), ends.name(of)
    menu.addAction(f"Jacobian of {last} by {first}", partial(window.workbench.open, of, wrt, "J"))
    menu.addAction(f"Paths from {first} to {last}", partial(window.workbench.open, of, wrt, "paths"))
    menu.addSeparator()


def _grad_fn(window: MainWindow, menu: QMenu, key: str) -> None:
    backward = window.canvas.backward
    graph = backward.mirror.graph
    node = next((one for one in graph.nodes if one.id == key), None) if graph is not None else None
    if node is not None:
        home = backward.mirror.key_of(node)
        if home in window.session.document.nodes:
            menu.addAction(f"Go to {window.live.names.get(home, home)}", partial(window.go_to, home))
        menu.addAction("Copy its name", partial(QGuiApplication.clipboard().setText, node.name))
        menu.addSeparator()
    actions(window, menu, ("open_grad_fns", "backward_over", "backward_graph"))


def _ends(window: MainWindow, menu: QMenu, key: str) -> None:
    scene, document = window.canvas.scene, window.session.document
    wire = scene.leads.wire(key)
    if wire is not None:
        for end in (scene.ids[scene.wires.source[wire]], scene.ids[scene.wires.target[wire]]):
            if end in document.nodes:
                menu.addAction(f"Go to {window.live.names.get(end, end)}", partial(window.go_to, end))


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
    path = scene.facet(row).inputs[hit[2]].path if side == "in" else ""
    add_port_actions(window, menu, node, side, path, hit[2])
    ends = scene.wires.source if side == "in" else scene.wires.target
    far = tuple(dict.fromkeys(scene.ids[ends[wire]] for wire in mine))
    if far:
        menu.addAction("Select what it is wired to", partial(canvas.select, far))
        menu.addAction("Disconnect\tAlt+click", partial(cut, canvas, hit))
