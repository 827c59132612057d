"""Commands of a canvas that place and frame what is selected: align, distribute, nudge, boxes, notes."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF

from guigrad.ui.canvas import frames, scrub
from guigrad.ui.canvas.board import Board
from guigrad.ui.canvas.wire import Rect

BOX_PAD: Final = (24.0, 44.0, 24.0, 24.0)
"""Left, above (its title too), right and below what a new box is drawn around."""
NUDGE: Final = (8.0, 64.0)
"""Units: canvas units. An arrow key, and with Shift."""


class Arrange(Board):
    """Part of ``CanvasView``."""

    def rects(self, points: bool = False) -> dict[str, Rect]:
        """Where the selected cards, boxes and notes lie, and if asked the selected reroute points: left, top, right, bottom."""
        scene, found = self.scene, {}
        for key in self.selection:
            row, thing = scene.row.get(key), frames.frame(scene, key)
            place = scene.leads.place_of(key) if points else None
            if row is not None:
                x, y = float(scene.x[row]), float(scene.y[row])
                found[key] = (x, y, x + float(scene.width[row]), y + float(scene.height[row]))
            elif thing is not None:
                found[key] = (thing.x, thing.y, thing.x + thing.width, thing.y + thing.height)
            elif place is not None:
                found[key] = (*place, *place)
        return found

    def selected_rect(self) -> Rect | None:
        """Around all that is selected; None if that lies nowhere."""
        rects = self.rects(points=True).values()
        if not rects:
            return None
        left, top, right, bottom = zip(*rects, strict=True)
        return min(left), min(top), max(right), max(bottom)

    def align(self, side: str) -> None:
        """Puts the left, right, top ("up") or bottom ("down") edges of the selected things in one line: that of the outermost."""
        rects = self.rects()
        if len(rects) < 2:
            return
        index = {"left": 0, "up": 1, "right": 2, "down": 3}[side]
        goal = (min if index < 2 else max)(rect[index] for rect in rects.values())
        across = side in ("left", "right")
        places = {
            key: (rect[0] + goal - rect[index], rect[1]) if across else (rect[0], rect[1] + goal - rect[index])
            for key, rect in rects.items()
        }
        self._put(places, rects)

    def distribute(self, across: bool) -> None:
        """Makes the gaps between the selected things equal; the outermost two stay."""
        rects = self.rects()
        if len(rects) < 3:
            self.answer("select three or more things to distribute them")
            return
        low, high = (0, 2) if across else (1, 3)
        ordered = sorted(rects, key=lambda key: (rects[key][low] + rects[key][high], key))
        first, last = rects[ordered[0]], rects[ordered[-1]]
        taken = sum(rects[key][high] - rects[key][low] for key in ordered)
        gap = (last[high] - first[low] - taken) / (len(ordered) - 1)
        at, places = first[low], {}
        for key in ordered:
            rect = rects[key]
            places[key] = (at, rect[1]) if across else (rect[0], at)
            at += rect[high] - rect[low] + gap
        self._put(places, rects)

    def _put(self, places: dict[str, tuple[float, float]], rects: dict[str, Rect]) -> None:
        moved = {key: place for key, place in places.items() if place != rects[key][:2]}
        if moved:
            self.answer(self.intents.move(moved))

    def nudge(self, dx: float, dy: float) -> None:
        """Moves the selected things a little, boxes with what they hold; one undo step for a series. Sideways it moves the knob of a
        lone slider."""
        if dx and scrub.nudge(self, 1 if dx > 0 else -1, 10.0 if abs(dx) > NUDGE[0] else 1.0):
            return
        scene = self.scene
        keys = dict.fromkeys(self.selection)
        for key in self.selection:
            box = scene.document.boxes.get(key)
            if box is not None:
                keys.update(dict.fromkeys(sorted(frames.held(scene, box))))
        rows = {scene.row[key] for key in keys if key in scene.row}
        keys.update(dict.fromkeys(scene.leads.between(rows)))
        places: dict[str, tuple[float, float]] = {}
        for key in keys:
            row, thing, point = scene.row.get(key), frames.frame(scene, key), scene.leads.place_of(key)
            if row is not None:
                places[key] = (float(scene.x[row]) + dx, float(scene.y[row]) + dy)
            elif thing is not None:
                places[key] = (thing.x + dx, thing.y + dy)
            elif point is not None:
                places[key] = (point[0] + dx, point[1] + dy)
        if places:
            self.answer(self.intents.move(places, merge="nudge " + " ".join(sorted(places))[:200]))

    def mute(self) -> None:
        """Lets the selected nodes pass their first input on, or do what they did when all of them are muted."""
        places = self.card_places()
        if places:
            self.answer(self.intents.mute(places))

    def card_places(self) -> dict[str, tuple[float, float]]:
        """Where the selected cards lie, also those that nobody has put there."""
        scene = self.scene
        rows = {key: scene.row[key] for key in self.selection if key in scene.row}
        return {key: (float(scene.x[row]), float(scene.y[row])) for key, row in rows.items()}

    def box_selection(self) -> None:
        """Draws a titled box around what is selected, and asks for its title."""
        rect = self.selected_rect()
        if rect is None:
            self.answer("select what the box is to be drawn around")
            return
        left, top, right, bottom = BOX_PAD
        key, reason = self.intents.add_box("Box", (rect[0] - left, rect[1] - top, rect[2] + right, rect[3] + bottom))
        self._name(key, reason)

    def add_note(self) -> None:
        """Writes a note at the pointer, or in the middle when that is elsewhere."""
        inside = self.rect().contains(self.pointer.toPoint()) and not self.pointer.isNull()
        point = self.pointer if inside else QPointF(self.rect().center())
        x, y = self.viewport.to_world(point.x(), point.y())
        self._name(*self.intents.add_note("", (round(x), round(y))))

    def _name(self, key: str, reason: str) -> None:
        self.answer(reason)
        if key:
            self.select((key,))
            self.edit_in_place(key, "")

    def edit_in_place(self, key: str, path: str) -> None:
        """Opens a field over a thing."""
        raise NotImplementedError
