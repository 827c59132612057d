"""What a mouse does between press and release: one class per gesture, each undone by Esc."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from guigrad.ui.canvas import frames, traces

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


def chosen_by_click(before: tuple[str, ...], key: str, mods: Mods) -> tuple[str, ...]:
    """The selection after a click on a thing, or on nothing: Shift adds, Ctrl toggles."""
    wanted = (key,) if key else ()
    if mods & Mods.ControlModifier:
        return tuple(each for each in before if each != key) if key in before else (*before, *wanted)
    if mods & Mods.ShiftModifier:
        return (*(each for each in before if each != key), *wanted)
    return wanted


class BoxSelect(Gesture):
    """A rubber band; Shift adds what it touches, Ctrl toggles. Boxes are only those that lie wholly in it, and wires
    those that it touches where it touches nothing else.

    A click selects ``under``, the wire that is there, or nothing.
    """

    def __init__(self, view: CanvasView, start: QPointF, mods: Mods, under: str = "") -> None:
        super().__init__(view, start, mods)
        self.under = under
        self.before = view.selection
        self.anchor = self.world(start)

    def move(self, point: QPointF) -> None:
        x, y = self.world(point)
        rect = (min(x, self.anchor[0]), min(y, self.anchor[1]), max(x, self.anchor[0]), max(y, self.anchor[1]))
        scene = self.view.scene
        touched = [scene.ids[row] for row in scene.visible(rect, 0.0).tolist()]
        touched += frames.touched(scene, rect)
        touched = touched or [scene.leads.name(wire) for wire in scene.wires.touching(rect)]
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
        if not self.begun:
            self.view.select(chosen_by_click(self.before, self.under, self.mods))

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


class Knife(Gesture):
    """Cuts every wire that the stroke crosses."""

    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, view: CanvasView, start: QPointF, mods: Mods) -> None:
        super().__init__(view, start, mods)
        self.stroke = [start]
        self.cut: dict[int, None] = {}

    def move(self, point: QPointF) -> None:
        wires = self.view.scene.wires
        found = wires.crossing(*self.world(self.stroke[-1]), *self.world(point))
        self.cut.update(dict.fromkeys(found))
        self.stroke.append(point)
        self.view.update()

    def end(self, point: QPointF) -> None:
        scene = self.view.scene
        if self.cut:
            ends = [(scene.ids[scene.wires.target[w]], scene.wires.paths[w]) for w in self.cut]
            self.view.answer(self.view.intents.disconnect(ends))

    def cancel(self) -> None:
        self.view.update()

    def paint(self, p: QPainter) -> None:
        ink = self.view.painter.ink
        traces.highlight(p, ink, self.view.scene, self.view.viewport, self.cut, "failed")
        p.setPen(QPen(ink.color("failed"), 1.5, Qt.PenStyle.DashLine))
        p.drawPolyline(self.stroke)
