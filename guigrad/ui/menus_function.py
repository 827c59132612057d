"""What a right click offers for the ports of functions: their order, and what a function gives back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMenu

from guigrad.document import edit
from guigrad.document.follow import results_of
from guigrad.document.model import PARAM, RETURN, Document, Function, In, Value, callee

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow


def add_card_actions(window: MainWindow, menu: QMenu, key: str) -> None:
    """For the card of a parameter or of the result, inside a function."""
    whole = window.session.whole
    node = window.session.document.nodes.get(key)
    function = whole.functions.get(window.session.function)
    if node is None or function is None:
        return
    if node.op == PARAM:
        _moves(window, menu, function, key)
    elif node.op == RETURN:
        for index in range(len(results_of(function))):
            _removal(window, menu, function, index)
    if node.op in (PARAM, RETURN):
        menu.addSeparator()


def add_port_actions(window: MainWindow, menu: QMenu, key: str, side: str, path: str, number: int) -> None:
    """For a port on the card of a call; ``path`` is that of an input, ``number`` counts outputs."""
    whole = window.session.whole
    node = window.session.document.nodes.get(key)
    function = whole.functions.get(callee(node) or "") if node is not None else None
    if node is None or function is None:
        return
    if side == "in":
        param = next((each for each in function.params if whole.nodes[each].name == path), None)
        if param is not None:
            _moves(window, menu, function, param)
    elif number < len(results_of(function)) and (node.outputs or len(results_of(function)) == 1):
        _removal(window, menu, function, number)


def _moves(window: MainWindow, menu: QMenu, function: Function, param: str) -> None:
    name, index = window.session.whole.nodes[param].name or "_", function.params.index(param)
    for text, to in (("up", index - 1), ("down", index + 1)):
        move = edit.move_port(function.id, param, to)
        action = menu.addAction(f"Move {name} {text}", partial(window.session.edit_whole, move))
        action.setEnabled(0 <= to < len(function.params))


def _removal(window: MainWindow, menu: QMenu, function: Function, index: int) -> None:
    name = _name(window.session.whole, results_of(function)[index]) or f"result {index + 1}"
    remove = edit.remove_result(function.id, index)
    menu.addAction(f"Do not give back {name}", partial(window.session.edit_whole, remove))


def _name(document: Document, value: Value) -> str:
    node = document.nodes.get(value.node or "") if isinstance(value, In) else None
    if node is None or not isinstance(value, In):
        return ""
    if node.outputs:
        return node.outputs[value.output] or "" if value.output < len(node.outputs) else ""
    return node.name or ""
