"""Dragging a wire from port to port, with the reason beside the pointer where it cannot go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QLineF, QPointF, Qt
from PySide6.QtGui import QPainter, QPen

from guigrad.document import ports
from guigrad.document.model import In
from guigrad.document.names import labels
from guigrad.run.request import Repair, Trial
from guigrad.ui.canvas import geometry as g
from guigrad.ui.canvas import traces
from guigrad.ui.canvas.arrays import c_array
from guigrad.ui.canvas.bubble import bubble
from guigrad.ui.canvas.gesture import Gesture, Mods
from guigrad.ui.canvas.wire import handle, segments

if TYPE_CHECKING:
    from guigrad.ui.canvas.board import Board
    from guigrad.ui.canvas.view import CanvasView

PortHit = tuple[int, str, int]
"""(row, "in" or "out", number)."""


class DragWire(Gesture):
    """From an output to an input or the other way; from a wired input it takes the wire's end along.

    Dropped on empty canvas it opens the search list with what fits; a wire taken off its input is cut there.
    """

    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, view: CanvasView, start: QPointF, mods: Mods, port: PortHit) -> None:
        super().__init__(view, start, mods)
        self.taken: tuple[str, str] | None = None
        self.over: PortHit | None = None
        self.reason = ""
        self.hidden: int | None = None
        row, side, index = port
        scene = view.scene
        if side == "in":
            wire = next((w for w in scene.into[row] if scene.wires.inlet[w] == index), None)
            if wire is not None:
                self.taken = (scene.ids[row], scene.wires.paths[wire])
                self.hidden = wire
                port = (int(scene.wires.source[wire]), "out", int(scene.wires.output[wire]))
        self.port = port
        self.fixed = (scene.ids[port[0]], port[1], port[2])
        self._asked: dict[PortHit, str] = {}
        self.trials: dict[PortHit, Trial] = {}

    def begin(self) -> None:
        self.view.painter.hidden_wire = self.hidden

    def move(self, point: QPointF) -> None:
        scene = self.view.scene
        x, y = self.world(point)
        reach = max(g.REACH, 14.0 / self.view.viewport.scale)
        found = scene.port_at(x, y, reach, "in" if self.port[1] == "out" else "out")
        if found is None:  # over a card: its nearest port that takes the wire
            found = self._port_of_card(x, y)
        if found != self.over:
            self.over = found
            self.reason = self._why_not(found) if found is not None else ""
            if found is not None and found[0] == self.port[0]:
                self.over, self.reason = (None, "") if not self.reason else (found, self.reason)
            self._ask()
        self.view.update()

    def _port_of_card(self, x: float, y: float) -> PortHit | None:
        scene = self.view.scene
        row = scene.node_at(x, y)
        if row is None or row == self.port[0]:
            return None
        face = scene.facet(row)
        if self.port[1] == "in":
            return (row, "out", 0)
        free = {int(scene.wires.inlet[w]) for w in scene.into[row]}
        ports = sorted(range(len(face.inputs)), key=lambda index: (index in free, bool(face.inputs[index].text), index))
        return next(((row, "in", index) for index in ports if not self._why_not((row, "in", index))), None) or (
            (row, "in", ports[0]) if ports else None
        )

    def _why_not(self, found: PortHit) -> str:
        known = self._asked.get(found)
        if known is None:
            source, target = self._ends(found)
            known = self._asked[found] = self.view.intents.why_not_connect(*source, *target) or ""
        return known

    def _ask(self) -> None:
        """The shapes, from the engine, a moment later; the answer to an earlier question is of use when the pointer comes back."""
        over = self.over
        if over is None or self.reason or over in self.trials:
            return

        def answer(trial: Trial | None) -> None:
            if trial is not None:
                self.trials[over] = trial
                self.view.update()

        source, target = self._ends(over)
        if target != self.taken:
            self.view.intents.try_wire(*source, *target, answer, self.taken)

    @property
    def trial(self) -> Trial | None:
        """What is known of the wire to where the pointer is."""
        return self.trials.get(self.over) if self.over is not None else None

    def _ends(self, found: PortHit) -> tuple[tuple[str, int], tuple[str, str]]:
        scene = self.view.scene
        start, end = (self.port, found) if self.port[1] == "out" else (found, self.port)
        return (scene.ids[start[0]], start[2]), (scene.ids[end[0]], scene.facet(end[0]).inputs[end[2]].path)

    def end(self, point: QPointF) -> None:
        view = self.view
        view.painter.hidden_wire = None
        view.update()
        if not self.begun:
            return
        if self.over is not None:
            source, target = self._ends(self.over)
            if target == self.taken:
                return
            if self.reason:
                view.answer(self.reason)
                return
            if self.trial is not None and self.trial.fits is False:
                view.offer_repairs(self.trial, self.taken, point)
                return
            view.answer(view.intents.connect(*source, *target, self.taken))
        elif self.taken is not None:
            view.answer(view.intents.disconnect([self.taken]))
        elif view.scene.node_at(*self.world(point)) is None:
            key, side, index = self.fixed
            if side == "out":
                view.open_search(point, source=(key, index))
            else:
                view.open_search(point, target=(key, view.scene.facet(self.port[0]).inputs[index].path))

    def cancel(self) -> None:
        self.view.painter.hidden_wire = None
        self.view.update()

    def paint(self, p: QPainter) -> None:
        if not self.begun:
            return
        view, scene = self.view, self.view.scene
        ink = view.painter.ink
        if self.over is not None and "cycle" in self.reason:
            (source, _), (target, _) = self._ends(self.over)
            traces.draw_cycle(p, ink, scene, view.viewport, view.intents.cycle(source, target))
        x1, y1 = view.viewport.to_screen(*scene.port_point(*self.port))
        x2, y2 = self.last.x(), self.last.y()
        trial = self.trial
        misfit = trial is not None and trial.fits is False
        good = self.over is not None and not self.reason and not misfit
        if self.over is not None:
            x2, y2 = view.viewport.to_screen(*scene.port_point(*self.over))
            p.setBrush(Qt.BrushStyle.NoBrush)
            p.setPen(QPen(ink.color("success" if good else "failed"), 2.5))
            p.drawEllipse(QPointF(x2, y2), 9, 9)
        if self.port[1] == "in":
            x1, y1, x2, y2 = x2, y2, x1, y1
        ends = np.array([[x1], [y1], [x2], [y2], [float(handle(x1, x2))]])
        lines = np.ascontiguousarray(segments(ends, 32).reshape(-1, 4))
        token = "success" if good else "failed" if self.reason or misfit else "value"
        p.setPen(QPen(ink.color(token), 2.2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        p.drawLines(c_array(lines, QLineF), len(lines))
        text = self.reason
        if not text and self.over is not None:
            face = scene.facet(self.over[0])
            text = face.inputs[self.over[2]].path if self.over[1] == "in" else ""
            if trial is not None:
                text = "\n".join(filter(None, (text, trial_text(view, trial))))
        if text:
            bubble(p, view, text, self.last, "failed" if self.reason or misfit else "success")


def repair_name(view: Board, trial: Trial, repair: Repair) -> str:
    """``b.unsqueeze(0)``: what is put in, behind the name of what it is put behind."""
    document = view.scene.document
    wire: object = In(trial.source)
    if repair.path != trial.path and trial.target in document.nodes:
        wire = ports.get_at(document.nodes[trial.target], repair.path)
    name = labels(document).get(wire.node or "", repair.path) if isinstance(wire, In) else repair.path
    return f"{name}{repair.call}"


def trial_text(view: Board, trial: Trial) -> str:
    """What the engine says about a wire that is only thought of."""
    if trial.fits is None:
        return ""
    if trial.fits:
        result = f" → {trial.result}" if trial.result and trial.result != trial.given else ""
        return f"{trial.given}{result}{', broadcast' if trial.broadcast else ''}"
    mends = " · ".join(repair_name(view, trial, repair) for repair in trial.repairs)
    lines = (f"{trial.given} does not fit.", trial.message, f"Let go to choose: {mends}" if mends else "")
    return "\n".join(filter(None, lines))
