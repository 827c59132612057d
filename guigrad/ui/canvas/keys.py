"""Keys of the canvas. Menus may carry the same shortcuts; then Qt asks them first."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QKeySequence

from guigrad.ui.canvas.commands import NUDGE

if TYPE_CHECKING:
    from guigrad.ui.canvas.view import CanvasView

Key = Qt.Key
Mods = Qt.KeyboardModifier
Standard = QKeySequence.StandardKey

_ARROWS: Final = {
    Key.Key_Left: ("left", -1, 0), Key.Key_Right: ("right", 1, 0), Key.Key_Up: ("up", 0, -1), Key.Key_Down: ("down", 0, 1),
}  # fmt: skip

_STANDARD: Final[tuple[tuple[Standard, Callable[[CanvasView], None]], ...]] = (
    (Standard.SelectAll, lambda view: view.select_all()),
    (Standard.Copy, lambda view: view.copy()),
    (Standard.Cut, lambda view: view.cut()),
    (Standard.Paste, lambda view: view.paste()),
)

_KEYS: Final[dict[str, Callable[[CanvasView], None]]] = {
    "Del": lambda view: view.delete(),
    "Backspace": lambda view: view.delete(),
    "Ctrl+Shift+X": lambda view: view.extract(),
    "Ctrl+D": lambda view: view.duplicate(),
    "Ctrl+Shift+D": lambda view: view.duplicate(keep_inputs=True),
    "F2": lambda view: view.rename(),
    "F": lambda view: view.fit(),
    "Home": lambda view: view.fit_all(),
    "Ctrl++": lambda view: view.zoom_in(),
    "Ctrl+=": lambda view: view.zoom_in(),
    "Ctrl+-": lambda view: view.zoom_out(),
    "Ctrl+0": lambda view: view.zoom_reset(),
    "Alt+M": lambda view: view.toggle_minimap(),
    "Shift+A": lambda view: view.add_node(),
    "H": lambda view: view.collapse(),
    "Ctrl+G": lambda view: view.box_selection(),
    "N": lambda view: view.add_note(),
}


def tab(view: CanvasView, event: QKeyEvent) -> bool:
    """Tab opens the search list; with Ctrl it moves the focus on, with Shift and Ctrl back."""
    if event.key() not in (Key.Key_Tab, Key.Key_Backtab):
        return False
    if event.modifiers() & Mods.ControlModifier:
        view.focusNextPrevChild(event.key() == Key.Key_Tab)
    elif event.key() == Key.Key_Tab:
        view.add_node()
    else:
        view.focusNextPrevChild(False)
    return True


def press(view: CanvasView, event: QKeyEvent) -> bool:
    """Whether the key meant something here."""
    key, mods = event.key(), event.modifiers() & ~Mods.KeypadModifier
    if key == Key.Key_Escape:
        return _escape(view)
    if key == Key.Key_Space and not mods:
        if not event.isAutoRepeat():
            view.space = True
            view.setCursor(Qt.CursorShape.OpenHandCursor)
        return True
    if key in _ARROWS:
        direction, dx, dy = _ARROWS[Key(key)]
        if mods == Mods.ControlModifier:
            view.walk(direction)
            return True
        if mods in (Mods.NoModifier, Mods.ShiftModifier):
            step = NUDGE[1] if mods else NUDGE[0]
            view.nudge(dx * step, dy * step)
            return True
        return False
    if key in (Key.Key_Return, Key.Key_Enter) and not mods and view.focused:
        view.activated.emit(view.focused)
        return True
    for standard, command in _STANDARD:
        if event.matches(standard):
            command(view)
            return True
    found = _KEYS.get(QKeySequence(event.keyCombination()).toString(QKeySequence.SequenceFormat.PortableText))
    if found is not None:
        found(view)
        return True
    return False


def _escape(view: CanvasView) -> bool:
    if view.gesture is not None:
        view._cancel()
        view.unsetCursor()
        view.update()
        return True
    if view.selection:
        view.select(())
        return True
    return False


def release(view: CanvasView, event: QKeyEvent) -> bool:
    """Space let go ends panning by it."""
    if event.key() == Key.Key_Space and not event.isAutoRepeat():
        view.space = False
        view.unsetCursor()
        return True
    return False
