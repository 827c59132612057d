"""Moving the ends of wires from one output to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QLineF, QPointF, Qt
from PySide6.QtGui import QPainter, QPen

from guigrad.ui.canvas import geometry as g
from guigrad.ui.canvas import traces
from guigrad.ui.canvas.arrays import c_array
from guigrad.ui.canvas.bubble import bubble
from guigrad.ui.canvas.gesture import Gesture, Mods
from guigrad.ui.canvas.wire import handle, segments

if TYPE_CHECKING:
    from guigrad.ui.canvas.drag_wire import PortHit
    from guigrad.ui.canvas.view import CanvasView


class DragEnds(Gesture):
    """Takes every wire that leaves an output along; dropped on another output they leave that one, elsewhere nothing happens."""

    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, view: CanvasView, start: QPointF, mods: Mods, wires: list[int]) -> None:
        super().__init__(view, start, mods)
        scene = view.scene
        self.wires = wires
        self.ends = [(scene.ids[scene.wires.target[w]], scene.wires.paths[w]) for w in wires]
        self.home: PortHit = (int(scene.wires.source[wires[0]]), "out", int(scene.wires.output[wires[0]]))
        self.over: PortHit | None = None
        self.reason = ""

    def move(self, point: QPointF) -> None:
        scene = self.view.scene
        x, y = self.world(point)
        found = scene.port_at(x, y, max(g.REACH, 14.0 / self.view.viewport.scale), "out")
        if found is None:
            row = scene.node_at(x, y)
            found = (row, "out", 0) if row is not None else None
        if found == self.home:
            found = None
        if found != self.over:
            self.over, self.reason = found, self._why_not(found) if found is not None else ""
        self.view.update()

    def _why_not(self, found: PortHit) -> str:
        source = self.view.scene.ids[found[0]]
        asked = (self.view.intents.why_not_connect(source, found[2], *end) for end in self.ends)
        return next((reason for reason in asked if reason), "")

    def end(self, point: QPointF) -> None:
        view = self.view
        view.update()
        if not self.begun or self.over is None:
            return
        view.answer(self.reason or view.intents.reconnect(self.ends, view.scene.ids[self.over[0]], self.over[2]))

    def cancel(self) -> None:
        self.view.update()

    def paint(self, p: QPainter) -> None:
        if not self.begun:
            return
        view, scene = self.view, self.view.scene
        ink = view.painter.ink
        place = self.last
        if self.over is not None:
            place = QPointF(*view.viewport.to_screen(*scene.port_point(*self.over)))
        traces.highlight(p, ink, scene, view.viewport, self.wires, "grid")
        token = "failed" if self.reason else "success" if self.over is not None else "value"
        p.setPen(QPen(ink.color(token), 2.2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        for wire in self.wires:
            target, inlet = int(scene.wires.target[wire]), int(scene.wires.inlet[wire])
            x2, y2 = view.viewport.to_screen(*scene.port_point(target, "in", inlet))
            ends = np.array([[place.x()], [place.y()], [x2], [y2], [float(handle(place.x(), x2))]])
            lines = np.ascontiguousarray(segments(ends, 32).reshape(-1, 4))
            p.drawLines(c_array(lines, QLineF), len(lines))
        if self.reason:
            bubble(p, view, self.reason, self.last, "failed")
