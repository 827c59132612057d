"""Dragging what lies on the canvas: cards, boxes, notes and reroute points; the edges of frames; a note's arrows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from guigrad.document.model import Box, Note
from guigrad.ui.canvas import frames, traces
from guigrad.ui.canvas import geometry as g
from guigrad.ui.canvas.gesture import Gesture, Mods, chosen_by_click
from guigrad.ui.canvas.leads import Route, of_point

if TYPE_CHECKING:
    from guigrad.ui.canvas.view import CanvasView

CURSORS = {
    "l": Qt.CursorShape.SizeHorCursor, "r": Qt.CursorShape.SizeHorCursor, "t": Qt.CursorShape.SizeVerCursor,
    "b": Qt.CursorShape.SizeVerCursor, "lt": Qt.CursorShape.SizeFDiagCursor, "rb": Qt.CursorShape.SizeFDiagCursor,
    "rt": Qt.CursorShape.SizeBDiagCursor, "lb": Qt.CursorShape.SizeBDiagCursor,
}  # fmt: skip


class Move(Gesture):
    """Drags the selected things (a box with what lies in it); they move for the eye, release makes one change of it.

    With Ctrl the things stay and copies of them are made. A card that waits for an input is dropped on a wire.
    """

    cursor = Qt.CursorShape.SizeAllCursor

    def __init__(self, view: CanvasView, start: QPointF, mods: Mods, pressed: str) -> None:
        super().__init__(view, start, mods)
        self.pressed = pressed
        self.before = view.selection
        self.moved = (0.0, 0.0)
        self.rows: list[int] = []
        self.loose: dict[str, Box | Note] = {}
        self.points: dict[str, tuple[float, float]] = {}
        self.home = np.empty(0), np.empty(0)
        self.wire: int | None = None
        if not mods & Mods.ControlModifier and pressed not in view.selection:
            view.select((*view.selection, pressed) if mods & Mods.ShiftModifier else (pressed,))

    def begin(self) -> None:
        view, scene = self.view, self.view.scene
        self.copying = bool(self.mods & Mods.ControlModifier)
        if self.copying and self.pressed not in self.before:
            view.select((self.pressed,))
        keys = set(view.selection)
        for key in tuple(keys):
            box = scene.document.boxes.get(key)
            if box is not None and not self.mods & Mods.AltModifier:  # a box takes along what lies inside it
                keys |= frames.held(scene, box)
        self.rows = [scene.row[key] for key in keys if key in scene.row]
        self.loose = {key: thing for key in keys if (thing := frames.frame(scene, key)) is not None}
        points = {key for key in keys if of_point(key)} | set(scene.leads.between(set(self.rows)))
        self.points = {key: place for key in points if (place := scene.leads.place_of(key)) is not None}
        self.home = scene.x[self.rows].copy(), scene.y[self.rows].copy()
        self.drops = len(self.rows) == 1 and not self.loose and not self.copying and self._may_drop(self.rows[0])

    def move(self, point: QPointF) -> None:
        view, scale = self.view, self.view.viewport.scale
        dx, dy = (point.x() - self.start.x()) / scale, (point.y() - self.start.y()) / scale
        if self.mods & Mods.ShiftModifier:  # along one axis
            dx, dy = (dx, 0.0) if abs(dx) >= abs(dy) else (0.0, dy)
        self.moved = (dx, dy)
        if not self.copying:
            view.painter.frames = {
                key: QRectF(thing.x + dx, thing.y + dy, thing.width, thing.height) for key, thing in self.loose.items()
            }
            view.scene.leads.show(self._routes(dx, dy))
            view.scene.put(self.rows, self.home[0] + dx, self.home[1] + dy)
        if self.drops:
            wires, (own,) = view.scene.wires, self.rows
            self.wire = found = wires.at(*self.world(point), 12.0 / scale)
            if found is not None and own in (wires.source[found], wires.target[found]):
                self.wire = None
        view.update()

    def _routes(self, dx: float, dy: float) -> dict[str, Route]:
        routes: dict[str, list[tuple[float, float]]] = {}
        for key, (x, y) in self.points.items():
            found = of_point(key)
            if found is not None:
                route = routes.setdefault(found[0], list(self.view.scene.document.routes.get(found[0], ())))
                if found[1] < len(route):
                    route[found[1]] = (x + dx, y + dy)
        return {key: tuple(route) for key, route in routes.items()}

    def end(self, point: QPointF) -> None:
        view, scene = self.view, self.view.scene
        if not self.begun:
            view.select(chosen_by_click(self.before, self.pressed, self.mods))
            return
        dx, dy = round(self.moved[0]), round(self.moved[1])
        wire = self.wire
        self.cancel()
        if self.copying:
            cards = {scene.ids[row]: (float(scene.x[row]), float(scene.y[row])) for row in self.rows}
            made, reason = view.intents.duplicate([*cards, *self.loose], dx, dy, places=cards)
            view.answer(reason)
            if made:
                view.select(key for key in made if view.exists(key))
            return
        places: dict[str, tuple[float, float]] = {
            scene.ids[r]: (round(float(scene.x[r])) + dx, round(float(scene.y[r])) + dy) for r in self.rows
        }
        places |= {key: (thing.x + dx, thing.y + dy) for key, thing in self.loose.items()}
        places |= {key: (round(x) + dx, round(y) + dy) for key, (x, y) in self.points.items()}
        if wire is not None:
            key = scene.ids[self.rows[0]]
            target, path = scene.ids[scene.wires.target[wire]], scene.wires.paths[wire]
            reason = view.intents.insert_on_wire(key, target, path, places[key])
            view.answer(reason)
            if not reason:
                return
        reason = view.intents.move(places)
        if reason:
            view.answer(reason)

    def cancel(self) -> None:
        view = self.view
        self.wire = None
        if self.begun:
            view.scene.leads.show({})
            view.scene.put(self.rows, *self.home)
        self.moved = (0.0, 0.0)
        view.painter.frames = {}
        view.update()

    def _may_drop(self, row: int) -> bool:
        """Whether a card goes into a wire that it is dropped on: it has no wires yet, or an input of it waits for one."""
        scene, face = self.view.scene, self.view.scene.facet(row)
        return bool(face.inputs) and (face.open or (not scene.into[row] and not scene.out[row]))

    def paint(self, p: QPainter) -> None:
        if not self.begun:
            return
        view, scene = self.view, self.view.scene
        if self.wire is not None:
            traces.highlight(p, view.painter.ink, scene, view.viewport, (self.wire,), "success")
        if self.copying:
            self._paint_copies(p)

    def _paint_copies(self, p: QPainter) -> None:
        view, scene, s = self.view, self.view.scene, self.view.viewport.scale
        p.setPen(QPen(view.painter.ink.color("selected"), 1.5, Qt.PenStyle.DashLine))
        p.setBrush(view.painter.ink.theme.color("selected", 0.1))
        dx, dy = self.moved
        rects = [(scene.x[r], scene.y[r], scene.width[r], scene.height[r]) for r in self.rows[:500]]
        rects += [(each.x, each.y, each.width, each.height) for each in self.loose.values()]
        for x, y, width, height in rects:
            left, top = view.viewport.to_screen(float(x) + dx, float(y) + dy)
            p.drawRoundedRect(QRectF(left, top, width * s, height * s), g.CORNER * s, g.CORNER * s)


class Resize(Gesture):
    """Drags an edge or a corner of a box or note."""

    def __init__(self, view: CanvasView, start: QPointF, mods: Mods, key: str, sides: str) -> None:
        super().__init__(view, start, mods)
        self.key, self.sides = key, sides
        self.cursor = CURSORS[sides]
        self.thing = frames.frame(view.scene, key)

    def move(self, point: QPointF) -> None:
        rect = self._rect(point)
        if rect is not None:
            self.view.painter.frames = {self.key: rect}
            self.view.update()

    def _rect(self, point: QPointF) -> QRectF | None:
        if self.thing is None:
            return None
        scale = self.view.viewport.scale
        dx, dy = (point.x() - self.start.x()) / scale, (point.y() - self.start.y()) / scale
        least, low = frames.SMALLEST[type(self.thing)]
        rect = QRectF(self.thing.x, self.thing.y, self.thing.width, self.thing.height)
        if "l" in self.sides:
            rect.setLeft(min(round(rect.left() + dx), rect.right() - least))
        if "r" in self.sides:
            rect.setRight(max(round(rect.right() + dx), rect.left() + least))
        if "t" in self.sides:
            rect.setTop(min(round(rect.top() + dy), rect.bottom() - low))
        if "b" in self.sides:
            rect.setBottom(max(round(rect.bottom() + dy), rect.top() + low))
        return rect

    def end(self, point: QPointF) -> None:
        rect = self._rect(point)
        self.cancel()
        if not self.begun:
            self.view.select(chosen_by_click(self.view.selection, self.key, self.mods))
        elif rect is not None:
            self.view.answer(self.view.intents.resize(self.key, rect.x(), rect.y(), rect.width(), rect.height()))

    def cancel(self) -> None:
        self.view.painter.frames = {}
        self.view.update()


class Arrow(Gesture):
    """Drags an arrow from a note to a card; one that is there already goes."""

    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, view: CanvasView, start: QPointF, mods: Mods, note: str) -> None:
        super().__init__(view, start, mods)
        self.note = note

    def move(self, point: QPointF) -> None:
        self.view.update()

    def end(self, point: QPointF) -> None:
        view = self.view
        view.update()
        row = view.scene.node_at(*self.world(point)) if self.begun else None
        if row is not None:
            view.answer(view.intents.point(self.note, view.scene.ids[row]))

    def cancel(self) -> None:
        self.view.update()

    def paint(self, p: QPainter) -> None:
        note = self.view.scene.document.notes.get(self.note)
        if not self.begun or note is None:
            return
        ink = self.view.painter.ink
        start = frames.handle_of(note)
        p.setPen(QPen(ink.color("selected"), 1.6))
        p.setBrush(ink.brush("selected"))
        traces.arrow(p, QPointF(*self.view.viewport.to_screen(start.x(), start.y())), self.last)


class Reroute(Gesture):
    """Makes a point of a wire: where it was pressed, or where it is dragged to."""

    cursor = Qt.CursorShape.SizeAllCursor

    def __init__(self, view: CanvasView, start: QPointF, mods: Mods, wire: str, index: int) -> None:
        super().__init__(view, start, mods)
        self.wire, self.index = wire, index

    def move(self, point: QPointF) -> None:
        self.view.update()

    def end(self, point: QPointF) -> None:
        view = self.view
        x, y = self.world(point if self.begun else self.start)
        route = view.scene.document.routes.get(self.wire, ())
        made = (*route[: self.index], (round(x), round(y)), *route[self.index :])
        reason = view.intents.reroute(self.wire, made)
        view.answer(reason)
        if not reason:
            view.select((f"{self.wire}:{self.index}",))

    def cancel(self) -> None:
        self.view.update()

    def paint(self, p: QPainter) -> None:
        view, wire = self.view, self.view.scene.leads.wire(self.wire)
        if wire is None:
            return
        ink = view.painter.ink
        traces.highlight(p, ink, view.scene, view.viewport, (wire,), "wire_hover")
        p.setPen(QPen(ink.color("canvas"), 1))
        p.setBrush(ink.brush("selected"))
        radius = max(3.0, traces.DOT * view.viewport.scale)
        p.drawEllipse(self.last, radius, radius)
