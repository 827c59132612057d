"""What a right click on the canvas offers about places, wires, boxes and notes, each with its shortcut."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, QPointF
from PySide6.QtWidgets import QMenu

from guigrad.document import edit
from guigrad.document.edit_mute import is_muted
from guigrad.ui.canvas import frames
from guigrad.ui.canvas.arrange import BOX_PAD

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow

_ALIGN: Final = ("align_left", "align_right", "align_up", "align_down", "distribute_across", "distribute_down")
_COPIES: Final = ("duplicate", "copy", "cut")
_IDS: Final = {
    "node": ("rename", "collapse", "mute", "box_selection", "", "duplicate", "duplicate_wired", "copy", "cut", "", "extract", "delete"),
    "wire": ("delete",),
    "point": ("delete",),
    "box": ("rename", "box_selection", "", *_COPIES, "", "delete"),
    "note": ("rename", "box_selection", "", *_COPIES, "", "delete"),
    "canvas": ("add_node", "add_note", "box_selection", "", "paste", "select_all", "", "tidy", "fit", "fit_all"),
}  # fmt: skip


def add_layout_actions(window: MainWindow, menu: QMenu, kind: str, key: str, place: QPoint) -> None:
    """The rows for what lies under the pointer: first what fits it alone, then the actions of the table that fit it."""
    if menu.actions():
        menu.addSeparator()
    _own(window, menu, kind, key, place)
    actions = window.actions_by_id
    for name in _IDS.get(kind, ()):
        if name == "":
            menu.addSeparator()
        elif name != "box_selection" or window.canvas.selection:
            menu.addAction(actions[name])
    if kind in ("node", "box", "note") and len(window.canvas.rects()) > 1:
        align = menu.addMenu("Align and distribute")
        align.addActions([actions[name] for name in _ALIGN])
    if kind == "node":
        muted = all(is_muted(window.session.document, each) for each in window.canvas.selection)
        actions["mute"].setText("Unmute" if muted else "Mute")


def _own(window: MainWindow, menu: QMenu, kind: str, key: str, place: QPoint) -> None:
    canvas, document = window.canvas, window.session.document
    if kind == "wire":
        at = QPointF(canvas.mapFromGlobal(place))
        menu.addAction("Insert a node here…", partial(canvas.search_on_wire, key, at))
        menu.addAction("Add a reroute point\tAlt+click", partial(canvas.add_point, key, at))
    wire = key.rpartition(":")[0] if kind == "point" else key
    if kind in ("wire", "point") and wire in document.routes:
        menu.addAction("Remove its reroute points", lambda: canvas.answer(canvas.intents.reroute(wire, ())))
    box, note = document.boxes.get(key), document.notes.get(key)
    if box is not None:
        held = frames.held(canvas.scene, box)
        menu.addAction("Select what it holds", partial(canvas.select, sorted(held))).setEnabled(bool(held))
        menu.addAction("Fit it around that", partial(_fit_box, window, key, held)).setEnabled(bool(held))
    if note is not None:
        height = round(frames.text_height(canvas.painter.ink, note.text, note.width))
        words = "Fit it around its text"
        menu.addAction(words, lambda: canvas.answer(canvas.intents.resize(key, note.x, note.y, note.width, height)))
        gone = edit.edit_frame(key, arrows=())
        menu.addAction("Remove its arrows", partial(window.session.edit, gone)).setEnabled(bool(note.arrows))


def _fit_box(window: MainWindow, key: str, held: set[str]) -> None:
    canvas = window.canvas
    canvas.select(held)
    rect = canvas.selected_rect()
    canvas.select((key,))
    if rect is not None:
        left, top, right, bottom = (
            rect[0] - BOX_PAD[0],
            rect[1] - BOX_PAD[1],
            rect[2] + BOX_PAD[2],
            rect[3] + BOX_PAD[3],
        )
        canvas.answer(canvas.intents.resize(key, left, top, right - left, bottom - top))
