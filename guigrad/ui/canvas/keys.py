"""Keys of the canvas: which command each action is, and what holding Space does. A window's menus carry the same shortcuts; then Qt asks
them first."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from guigrad.ui.actions import by_id
from guigrad.ui.canvas.arrange import NUDGE

if TYPE_CHECKING:
    from guigrad.ui.canvas.view import CanvasView

Key = Qt.Key
Mods = Qt.KeyboardModifier

_SIDES: Final = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}

COMMANDS: Final[dict[str, Callable[[CanvasView], object]]] = {
    "cut": lambda view: view.cut(),
    "copy": lambda view: view.copy(),
    "paste": lambda view: view.paste(),
    "duplicate": lambda view: view.duplicate(),
    "duplicate_wired": lambda view: view.duplicate(keep_inputs=True),
    "delete": lambda view: view.delete(),
    "extract": lambda view: view.extract(),
    "select_all": lambda view: view.select_all(),
    "select_none": lambda view: _escape(view),
    "add_node": lambda view: view.add_node(),
    "mute": lambda view: view.mute(),
    "distribute_across": lambda view: view.distribute(True),
    "distribute_down": lambda view: view.distribute(False),
    "rename": lambda view: view.rename(),
    "collapse": lambda view: view.collapse(),
    "box_selection": lambda view: view.box_selection(),
    "add_note": lambda view: view.add_note(),
    "enter": lambda view: _enter(view),
    "fit": lambda view: view.fit(),
    "fit_all": lambda view: view.fit_all(),
    "zoom_in": lambda view: view.zoom_in(),
    "zoom_out": lambda view: view.zoom_out(),
    "zoom_reset": lambda view: view.zoom_reset(),
    "toggle_minimap": lambda view: view.toggle_minimap(),
    "leave_canvas": lambda view: view.focusNextPrevChild(True),
    **{f"nudge_{side}": partial(lambda x, y, view: view.nudge(x * NUDGE[0], y * NUDGE[0]), *way) for side, way in _SIDES.items()},
    **{f"nudge_{side}_far": partial(lambda x, y, view: view.nudge(x * NUDGE[1], y * NUDGE[1]), *way) for side, way in _SIDES.items()},
    **{f"align_{side}": partial(lambda side, view: view.align(side), side) for side in _SIDES},
    **{f"walk_{side}": partial(lambda side, view: view.walk(side), side) for side in _SIDES},
}  # fmt: skip
"""Action id -> what it does on a canvas. What no canvas can do alone is asked of its owner (``asked``)."""


def press(view: CanvasView, event: QKeyEvent) -> bool:
    """Whether the key meant something here."""
    if event.key() == Key.Key_Escape and view.gesture is not None:
        return _escape(view)
    if event.key() == Key.Key_Space and not event.modifiers():
        if not event.isAutoRepeat():
            view.space = True
            view.tapped = True
            view.setCursor(Qt.CursorShape.OpenHandCursor)
        return True
    if event.key() in (Key.Key_Tab, Key.Key_Backtab) and event.modifiers() & Mods.ShiftModifier:
        view.focusNextPrevChild(False)
        return True
    asked = [name for name in (*_heard(view, event, "canvas"), *_heard(view, event, "window")) if not by_id(name).tap]
    for name in asked:
        if name in COMMANDS:
            COMMANDS[name](view)
            return True
    return False


def _heard(view: CanvasView, event: QKeyEvent, scope: str) -> tuple[str, ...]:
    return view.keymap.heard(event, scope)


def _escape(view: CanvasView) -> bool:
    if view.gesture is not None:
        view._cancel()
        view.unsetCursor()
        view.update()
        return True
    if view.brush is not None:
        view.set_brush(None)
        return True
    if view.selection:
        view.select(())
        return True
    return False


def _enter(view: CanvasView) -> None:
    if view.focused:
        view.activated.emit(view.focused)


def release(view: CanvasView, event: QKeyEvent) -> bool:
    """Space let go ends panning by it; a key that was only tapped asks for its action."""
    if event.isAutoRepeat():
        return False
    for name in _heard(view, event, "canvas"):
        if by_id(name).tap and (view.tapped or event.key() != Key.Key_Space):
            view.asked.emit(name)
    if event.key() == Key.Key_Space:
        view.space = view.tapped = False
        view.unsetCursor()
        return True
    return False
