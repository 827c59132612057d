"""What a mouse does between press and release: one class per gesture, each undone by Esc."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

if TYPE_CHECKING:
    from guigrad.ui.canvas.view import CanvasView

Mods = Qt.KeyboardModifier
SLACK: Final = 4.0
"""Units: px. A press that moves less is a click."""


class Gesture:
    """Between press and release. Points are on screen, in px."""

    cursor: Qt.CursorShape | None = None
    live = False
    """Whether it changes the document while it goes on."""

    def __init__(self, view: CanvasView, start: QPointF, mods: Mods) -> None:
        self.view = view
        self.start = start
        self.last = start
        self.mods = mods
        self.begun = False

    def to(self, point: QPointF, mods: Mods) -> None:
        """The pointer moved."""
        self.mods = mods
        if not self.begun and QLineF(self.start, point).length() >= SLACK:
            self.begun = True
            self.begin()
        if self.begun:
            self.move(point)
        self.last = point

    def begin(self) -> None:
        """It is no click any more."""

    def move(self, point: QPointF) -> None:
        """Follows the pointer."""

    def end(self, point: QPointF) -> None:
        """The button was released."""

    def cancel(self) -> None:
        """Esc: as if it had not been."""

    def paint(self, p: QPainter) -> None:
        """Draws over the canvas."""

    def world(self, point: QPointF) -> tuple[float, float]:
        """From the screen to the canvas."""
        return self.view.viewport.to_world(point.x(), point.y())


class Pan(Gesture):
    """Drags the canvas itself."""

    cursor = Qt.CursorShape.ClosedHandCursor

    def begin(self) -> None:
        self._before = self.view.viewport

    def move(self, point: QPointF) -> None:
        self.view.set_viewport(
            self.view.viewport.moved(point.x() - self.last.x(), point.y() - self.last.y()), moving=True
        )

    def cancel(self) -> None:
        if self.begun:
            self.view.set_viewport(self._before)


class Overview(Gesture):
    """Drags the view about in the minimap."""

    cursor = Qt.CursorShape.PointingHandCursor

    def __init__(self, view: CanvasView, start: QPointF, mods: Mods) -> None:
        super().__init__(view, start, mods)
        view.minimap.go(start)

    def move(self, point: QPointF) -> None:
        self.view.minimap.go(point)


class BoxSelect(Gesture):
    """A rubber band; Shift adds what it touches, Ctrl toggles."""

    def __init__(self, view: CanvasView, start: QPointF, mods: Mods) -> None:
        super().__init__(view, start, mods)
        self.before = view.selection
        self.anchor = self.world(start)

    def move(self, point: QPointF) -> None:
        x, y = self.world(point)
        rect = (min(x, self.anchor[0]), min(y, self.anchor[1]), max(x, self.anchor[0]), max(y, self.anchor[1]))
        scene = self.view.scene
        touched = [scene.ids[row] for row in scene.visible(rect, 0.0).tolist()]
        if self.mods & Mods.ControlModifier:
            inside = set(touched)
            chosen = [k for k in self.before if k not in inside] + [k for k in touched if k not in set(self.before)]
        elif self.mods & Mods.ShiftModifier:
            chosen = [*self.before, *touched]
        else:
            chosen = touched
        self.view.select(chosen)
        self.point = point

    def end(self, point: QPointF) -> None:
        if not self.begun and not self.mods & (Mods.ShiftModifier | Mods.ControlModifier):
            self.view.select(())

    def cancel(self) -> None:
        self.view.select(self.before)

    def paint(self, p: QPainter) -> None:
        if not self.begun:
            return
        ink = self.view.painter.ink
        x, y = self.view.viewport.to_screen(*self.anchor)
        p.setPen(QPen(ink.color("selected"), 1))
        fill = ink.theme.color("selected", 0.12)
        p.setBrush(fill)
        p.drawRect(QRectF(QPointF(x, y), self.last).normalized())


class Move(Gesture):
    """Drags the selected cards (or a box with what lies in it); they move for the eye, release makes one change of it."""

    cursor = Qt.CursorShape.SizeAllCursor

    def __init__(self, view: CanvasView, start: QPointF, mods: Mods, pressed: str) -> None:
        super().__init__(view, start, mods)
        self.pressed = pressed
        self.was_selected = pressed in view.selection
        self.moved = (0.0, 0.0)
        self.rows: list[int] = []
        self.loose: list[str] = []
        self.home = np.empty(0), np.empty(0)
        if not mods & Mods.ControlModifier and not self.was_selected:
            view.select((*view.selection, pressed) if mods & Mods.ShiftModifier else (pressed,))

    def begin(self) -> None:
        view, scene = self.view, self.view.scene
        self.copying = bool(self.mods & Mods.ControlModifier)
        if self.copying and not self.was_selected:
            view.select((self.pressed,))
        keys = set(view.selection)
        for key in tuple(keys):
            box = scene.document.boxes.get(key)
            if box is not None:  # a box takes along what lies inside it
                inside = scene.visible((box.x, box.y, box.x + box.width, box.y + box.height), 0.0).tolist()
                keys |= {
                    scene.ids[r]
                    for r in inside
                    if box.x <= scene.x[r] and scene.x[r] + scene.width[r] <= box.x + box.width
                }
        self.rows = [scene.row[key] for key in keys if key in scene.row]
        self.loose = [key for key in keys if key not in scene.row]
        self.home = scene.x[self.rows].copy(), scene.y[self.rows].copy()

    def move(self, point: QPointF) -> None:
        scale = self.view.viewport.scale
        dx, dy = (point.x() - self.start.x()) / scale, (point.y() - self.start.y()) / scale
        if self.mods & Mods.ShiftModifier:  # along one axis
            dx, dy = (dx, 0.0) if abs(dx) >= abs(dy) else (0.0, dy)
        self.view.scene.put(self.rows, self.home[0] + dx, self.home[1] + dy)
        self.moved = (dx, dy)
        self.view.painter.shifted = dict.fromkeys(self.loose, self.moved)
        self.view.update()

    def end(self, point: QPointF) -> None:
        view, scene = self.view, self.view.scene
        if not self.begun:
            if self.mods & Mods.ControlModifier:
                chosen = [key for key in view.selection if key != self.pressed]
                view.select(chosen if self.was_selected else [*chosen, self.pressed])
            elif not self.mods & Mods.ShiftModifier:
                view.select((self.pressed,))
            return
        dx, dy = round(self.moved[0]), round(self.moved[1])
        self.cancel()
        if self.copying:
            keys = [scene.ids[row] for row in self.rows]
            made, reason = view.intents.duplicate(keys, dx, dy)
            view.answer(reason)
            if made:
                view.select(made)
            return
        places: dict[str, tuple[float, float]] = {
            scene.ids[r]: (round(float(scene.x[r])) + dx, round(float(scene.y[r])) + dy) for r in self.rows
        }
        for key in self.loose:
            thing = scene.document.boxes.get(key) or scene.document.notes.get(key)
            if thing is not None:
                places[key] = (thing.x + dx, thing.y + dy)
        wire = self._wire_under(point) if len(self.rows) == 1 and not self.loose else None
        if wire is not None:
            key = scene.ids[self.rows[0]]
            view.answer(view.intents.insert_on_wire(key, *wire, places[key]))
        else:
            view.answer(view.intents.move(places))

    def cancel(self) -> None:
        self.view.scene.put(self.rows, *self.home)
        self.moved = (0.0, 0.0)
        self.view.painter.shifted = {}
        self.view.update()

    def _wire_under(self, point: QPointF) -> tuple[str, str] | None:
        """The wire that an unwired card was dropped on, as (target, port)."""
        scene = self.view.scene
        row = self.rows[0]
        if scene.into[row] or scene.out[row] or not scene.facet(row).inputs:
            return None
        wire = scene.wires.at(*self.world(point), 12.0 / self.view.viewport.scale)
        if wire is None:
            return None
        return scene.ids[scene.wires.target[wire]], scene.wires.paths[wire]


class Knife(Gesture):
    """Cuts every wire that the stroke crosses."""

    cursor = Qt.CursorShape.CrossCursor

    def end(self, point: QPointF) -> None:
        if not self.begun:
            return
        scene = self.view.scene
        cut = scene.wires.crossing(*self.world(self.start), *self.world(point))
        if cut:
            ends = [(scene.ids[scene.wires.target[w]], scene.wires.paths[w]) for w in cut]
            self.view.answer(self.view.intents.disconnect(ends))

    def paint(self, p: QPainter) -> None:
        pen = QPen(self.view.painter.ink.color("failed"), 1.5, Qt.PenStyle.DashLine)
        p.setPen(pen)
        p.drawLine(self.start, self.last)
