"""What can be asked of a canvas by name: by its keys, by a menu, by a test."""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np
from PySide6.QtCore import QMimeData, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QMenu

from guigrad.document.array import ArrayData
from guigrad.document.connect import words
from guigrad.run.request import Repair, Trial
from guigrad.ui.canvas import accessible, fitting
from guigrad.ui.canvas import geometry as g
from guigrad.ui.canvas.arrange import Arrange
from guigrad.ui.canvas.drag_wire import repair_name
from guigrad.ui.canvas.editor import InPlaceEditor
from guigrad.ui.canvas.note_editor import NoteEditor
from guigrad.ui.canvas.paste_tensor import paste_tensor, put_array
from guigrad.ui.canvas.place import STEP as COLUMN
from guigrad.ui.canvas.place import free_place
from guigrad.ui.canvas.wire import Rect
from guigrad.ui.clipboard import put_on_clipboard

STEP: Final = 1.25
"""One step of Ctrl+Plus."""
DOCUMENT_MIME: Final = "application/x-guigrad-document"
"""Copied nodes on the clipboard, as a document's bytes."""
PICTURED: Final = 1000
"""More things than this are copied without a picture of them."""
DROP_PX: Final = 12.0
"""How near to a wire what is dropped goes into it."""
NEW_HEIGHT: Final = 168.0
"""Units: canvas units. Room for a new card, whatever op it is of."""


class Commands(Arrange):
    """The verbs of ``CanvasView``."""

    # ---- looking ---------------------------------------------------------

    def fit(self) -> None:
        """Shows the selection, or everything when nothing is selected."""
        rect = self.selected_rect()
        if rect is None:
            self.fit_all()
        else:
            self.set_viewport(self.viewport.fitted(rect, 64.0, 1.5 * self.text_scale))

    def fit_all(self) -> None:
        """Shows everything."""
        rect = self.backward.around(self.scene.bounds())
        if rect is not None:
            self.set_viewport(self.viewport.fitted(rect, 40.0, self.text_scale))

    def zoom_in(self) -> None:
        """Enlarges about the middle."""
        self.zoom_by(STEP, QPointF(self.width() / 2, self.height() / 2))

    def zoom_out(self) -> None:
        """Shrinks about the middle."""
        self.zoom_by(1 / STEP, QPointF(self.width() / 2, self.height() / 2))

    def zoom_reset(self) -> None:
        """100 %, about the middle."""
        self.zoom_by(1.0 / self.zoom, QPointF(self.width() / 2, self.height() / 2))

    def zoom_by(self, factor: float, at: QPointF) -> None:
        """Zooms so that what is under a point of the screen stays there."""
        self.set_viewport(self.viewport.zoomed(factor, at.x(), at.y(), self.text_scale), moving=True)

    def reveal(self, key: str) -> None:
        """Brings a node into view, without zooming if it is large enough to read."""
        row = self.scene.row.get(key)
        if row is None:
            return
        x, y = float(self.scene.x[row]), float(self.scene.y[row])
        width, height = float(self.scene.width[row]), float(self.scene.height[row])
        left, top, right, bottom = self.viewport.world
        inside = left <= x and top <= y and x + width <= right and y + height <= bottom
        if inside and self.viewport.scale >= g.DETAIL:
            return
        scale = max(self.viewport.scale, 0.8 * self.text_scale)
        self.set_viewport(self.viewport.centred(x + width / 2, y + height / 2, scale))

    def toggle_minimap(self) -> None:
        """Shows or hides the small overview."""
        self.minimap.set_wanted(not self.minimap.wanted)

    # ---- selecting -------------------------------------------------------

    def select_all(self) -> None:
        """Every card, box and note."""
        document = self.scene.document
        self.select((*self.scene.row, *document.boxes, *document.notes))

    def walk(self, direction: str) -> None:
        """Moves the focus to the next node along a wire (left, right), or to the nearest card where there is none, and above or below."""
        scene = self.scene
        row = scene.row.get(self.focused or "")
        if row is None:
            rect = self.viewport.world
            near = scene.visible(rect, 0.0)
            near = near if len(near) else np.nonzero(~np.isnan(scene.x[: scene.count]))[0]
            found = int(near[np.argmin(scene.x[near] + scene.y[near])]) if len(near) else None
        else:
            found = self._along(row, direction) if direction in ("left", "right") else None
            found = self._beside(row, direction) if found is None else found
        if found is not None:
            key = scene.ids[found]
            self.focused = key
            self.select((key,))
            self.reveal(key)
            accessible.announce(self, key)

    def _along(self, row: int, direction: str) -> int | None:
        """The card at the other end of a wire."""
        scene = self.scene
        wires = scene.into[row] if direction == "left" else scene.out[row]
        ends = scene.wires.source if direction == "left" else scene.wires.target
        best = sorted(wires, key=lambda w: (scene.wires.inlet[w], abs(scene.y[ends[w]] - scene.y[row])))
        return int(ends[best[0]]) if best else None

    def _beside(self, row: int, direction: str) -> int | None:
        """The nearest card on one side."""
        scene, count = self.scene, self.scene.count
        dx, dy = scene.x[:count] - scene.x[row], scene.y[:count] - scene.y[row]
        ahead, aside = (dx, dy) if direction in ("left", "right") else (dy, dx)
        ahead = -ahead if direction in ("left", "up") else ahead
        cost = np.where(ahead > 1, ahead + 2 * np.abs(aside), np.inf)
        cost = np.where(np.isnan(cost), np.inf, cost)
        return int(np.argmin(cost)) if count and np.isfinite(cost.min()) else None

    # ---- changing --------------------------------------------------------

    @property
    def things(self) -> tuple[str, ...]:
        """What is selected and stands for itself: no wires and no points of them."""
        return tuple(key for key in self.selection if not self.scene.leads.exists(key))

    def delete(self) -> None:
        """Deletes what is selected."""
        if self.selection:
            self.answer(self.intents.remove(self.selection))

    def extract(self) -> None:
        """Deletes what is selected and joins the ends of the wires."""
        if self.things:
            self.answer(self.intents.extract(self.things))

    def copy(self) -> None:
        """Puts the selected nodes on the clipboard: for guigrad exactly, for other programs as Python and as a picture."""
        if not self.things:
            return
        text, exact = self.intents.copy(self.things, self.card_places())
        data = QMimeData()
        data.setText(text)
        data.setData(DOCUMENT_MIME, exact)
        picture = self._picture()
        if picture is not None:
            data.setImageData(picture)
        put_on_clipboard(data)

    def _picture(self) -> QImage | None:
        """What is selected as other programs paste it, with the values that are true now; None of what is too much to look at."""
        if len(self.selection) > PICTURED:
            return None
        from guigrad.ui import render  # late: a canvas alone needs no SVG

        scene = self.scene
        fresh = not any(scene.stale[scene.row[key]] for key in self.selection if key in scene.row)
        frame = scene.faces.frame if fresh else None
        painting = render.Painting(render.as_seen(scene), frame, self.painter.ink.theme.name, self.things)
        return painting.image(2.0, area=render.CLIPBOARD_AREA)

    def cut(self) -> None:
        """Copies what is selected, then deletes it."""
        if self.selection:
            self.copy()
            self.delete()

    def paste(self) -> None:
        """Makes nodes of what is on the clipboard: copied nodes, a tensor or picture, or Python."""
        data = QGuiApplication.clipboard().mimeData()
        if data is None:  # nothing was ever copied on this system
            return
        if data.hasFormat(DOCUMENT_MIME):
            self.paste_data(bytes(data.data(DOCUMENT_MIME).data()))
        elif not paste_tensor(self, data) and data.text().strip():
            self.paste_data(data.text())

    def set_slider(self, key: str, slider: tuple[float, float, float] | None) -> None:
        """Shows a number as a slider, or no longer."""
        row = self.scene.row.get(key)
        if row is not None:
            at = (float(self.scene.x[row]), float(self.scene.y[row]))
            self.answer(self.intents.set_slider(key, slider, at))

    def put_array(self, array: ArrayData, at: QPointF, name: str = "", onto: bool = False) -> bool:
        """Adds a leaf that holds an array, or gives it to the chosen leaf; False when it was refused."""
        return put_array(self, array, at, name, onto)

    def paste_data(self, data: str | bytes) -> None:
        """Makes nodes of Python or of a document, at the pointer if that is on the canvas."""
        point = self.pointer if self.rect().contains(self.pointer.toPoint()) else QPointF(self.rect().center())
        x, y = self.viewport.to_world(point.x(), point.y())
        made, reason = self.intents.paste(data, (round(x), round(y)))
        self.answer(reason)
        if made:
            self.select(key for key in made if self.exists(key))
            rect = self.selected_rect()
            if rect is not None and not within(rect, self.viewport.world):
                self.fit()

    def duplicate(self, keep_inputs: bool = False) -> None:
        """Copies the selected nodes beside themselves."""
        if self.things:
            made, reason = self.intents.duplicate(self.things, 32.0, 32.0, keep_inputs, self.card_places())
            self.answer(reason)
            if made:
                self.select(key for key in made if self.exists(key))

    def collapse(self) -> None:
        """Folds the selected cards, or unfolds them when all are folded."""
        places = self.card_places()
        if places:
            folded = not all(self.scene.collapsed[[self.scene.row[key] for key in places]])
            self.answer(self.intents.collapse(places, folded))

    def add_node(self) -> None:
        """Opens the search list at the pointer; beside the focused card, or in the middle, when that is elsewhere."""
        inside = self.rect().contains(self.pointer.toPoint()) and self.underMouse() and not self.pointer.isNull()
        at, row = QPointF(self.rect().center()), self.scene.row.get(self.focused or "")
        if row is not None:
            x = float(self.scene.x[row] + self.scene.width[row]) + COLUMN - g.WIDTH / 2
            beside = QPointF(*self.viewport.to_screen(x, float(self.scene.y[row]) + g.TITLE))
            at = beside if self.rect().contains(beside.toPoint()) else at
        self.open_search(self.pointer if inside else at)

    def open_search(
        self, at: QPointF, source: tuple[str, int] | None = None, target: tuple[str, str] | None = None
    ) -> None:
        """Opens the search list; what is chosen is added there and wired to ``source`` or ``target``."""
        document, fits, what, end = self.scene.document, None, "", ""
        if source is not None:
            kind = fitting.kind_of(document, source)
            fits, what = (lambda op: fitting.takes(op, kind)), "reads it" if kind == "any" else f"takes {words(kind)}"
            end = "source"
        elif target is not None:
            type_ = fitting.type_at(document, target)
            fits, what = (
                (lambda op: fitting.gives(op, type_)),
                "feeds it" if type_ == "any" else f"gives {words(type_)}",
            )
            end = "target"
        self.search.open(at, lambda op: self.add_op(op, at, source, target), fits, what, end)

    def offer_repairs(self, trial: Trial, instead: tuple[str, str] | None, at: QPointF) -> None:
        """A menu of what makes a wire fit that was dropped where it does not; closing it draws none."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        head = menu.addAction(trial.message if len(trial.message) < 90 else f"{trial.message[:88]}…")
        head.setEnabled(False)
        menu.addSeparator()
        for repair in trial.repairs:
            said = f"Insert {repair_name(self, trial, repair)}" + (f"   → {repair.result}" if repair.result else "")
            menu.addAction(said, partial(self._mend, trial, repair, instead))
        menu.addAction("Wire it anyway", lambda: self.answer(
            self.intents.connect(trial.source, trial.output, trial.target, trial.path, instead)
        ))  # fmt: skip
        menu.popup(self.mapToGlobal(at.toPoint()))

    def _mend(self, trial: Trial, repair: Repair, instead: tuple[str, str] | None) -> None:
        self.answer(self.intents.connect_through(trial, repair, instead))

    def add_op(
        self,
        op: str,
        at: QPointF,
        source: tuple[str, int] | None = None,
        target: tuple[str, str] | None = None,
    ) -> None:
        """Adds a node at a point of the screen and selects it."""
        x, y = self.viewport.to_world(at.x(), at.y())
        x -= g.WIDTH if target is not None else 0.0 if source is not None else g.WIDTH / 2
        x, y = free_place(self.scene, x, y - g.TITLE, NEW_HEIGHT, inside=True)
        key, reason = self.intents.add_node(op, (round(x), round(y)), source, target)
        self.answer(reason)
        if key:
            self.select((key,))
            self.reveal(key)
            self.op_used.emit(op)
        self.setFocus()

    def drop_op(self, op: str, at: QPointF) -> None:
        """Adds an op where it is dropped: in the middle of a wire if it is one, else on the canvas."""
        x, y = self.viewport.to_world(at.x(), at.y())
        wire = self.scene.wires.at(x, y, DROP_PX / self.viewport.scale)
        if wire is not None and self.scene.node_at(x, y) is None:
            target, path = self.scene.ids[self.scene.wires.target[wire]], self.scene.wires.paths[wire]
            place = (round(x - g.WIDTH / 2), round(y - g.TITLE))
            key, reason = self.intents.add_on_wire(op, target, path, place)
            if key:
                self.select((key,))
                self.setFocus()
                return
            self.add_op(op, at)
            self.answer(reason)
            return
        self.add_op(op, at)

    def search_on_wire(self, wire: str, at: QPointF) -> None:
        """Opens the search list; what is chosen goes into the middle of a wire (``target:port``)."""
        target, _, path = wire.rpartition(":")

        def add(op: str) -> None:
            x, y = self.viewport.to_world(at.x(), at.y())
            key, reason = self.intents.add_on_wire(op, target, path, (round(x - g.WIDTH / 2), round(y - g.TITLE)))
            self.answer(reason)
            if key:
                self.select((key,))
            self.setFocus()

        document, number = self.scene.document, self.scene.leads.wire(wire)
        if number is None:
            self.answer("that wire is gone")
            return
        table = self.scene.wires
        source = (self.scene.ids[table.source[number]], int(table.output[number]))
        kind, type_ = fitting.kind_of(document, source), fitting.type_at(document, (target, path))
        fits = partial(lambda kind, type_, op: fitting.takes(op, kind) and fitting.gives(op, type_), kind, type_)
        self.search.open(at, add, fits, f"takes {words(kind)}", "both")

    def add_point(self, wire: str, at: QPointF) -> None:
        """Leads a wire (``target:port``) through a point of the screen."""
        x, y = self.viewport.to_world(at.x(), at.y())
        index = self.scene.leads.index_at(wire, x, y, 12.0 / self.viewport.scale)
        route = self.scene.document.routes.get(wire, ())
        self.answer(self.intents.reroute(wire, (*route[:index], (round(x), round(y)), *route[index:])))

    def add_op_beside(self, op: str) -> None:
        """Adds a node near the middle of what is seen, where nothing lies, and selects it."""
        x, y = self.viewport.to_world(self.width() / 2, self.height() / 2)
        x, y = free_place(self.scene, x - g.WIDTH / 2, y - g.TITLE, NEW_HEIGHT)
        self.add_op(op, QPointF(*self.viewport.to_screen(x + g.WIDTH / 2, y + g.TITLE)))
        for key in self.selection[:1]:
            self.reveal(key)

    def rename(self) -> None:
        """Opens a field over the name of the one selected thing."""
        if len(self.selection) == 1:
            self.edit_in_place(self.selection[0], "")

    def edit_in_place(self, key: str, path: str) -> None:
        """Opens a field over a card: its name (path ""), or the literal at a port."""
        if self.editor is not None:
            self.editor.close_without()
        if key in self.scene.document.notes:
            NoteEditor.over(self, key)
        else:
            InPlaceEditor.over(self, key, path)


def within(inner: Rect, outer: Rect) -> bool:
    """Whether one rectangle holds the whole of another."""
    return inner[0] >= outer[0] and inner[1] >= outer[1] and inner[2] <= outer[2] and inner[3] <= outer[3]
