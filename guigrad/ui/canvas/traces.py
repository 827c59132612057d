"""What is drawn of wires beside themselves: reroute points, selected wires, a cycle, and the arrows of notes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF

from guigrad.ui.canvas import geometry as g
from guigrad.ui.canvas.arrays import c_array
from guigrad.ui.canvas.leads import of_point
from guigrad.ui.canvas.wire import rows_array, segments

if TYPE_CHECKING:
    from guigrad.ui.canvas.ink import Ink
    from guigrad.ui.canvas.scene import Scene
    from guigrad.ui.canvas.viewport import Viewport

DOT: Final = 4.5
"""Radius of a reroute point."""
TIP: Final = 9.0
"""Length of an arrow's tip."""
HANDLE: Final = 5.0
"""Radius of the handle of a note, from which its arrows are dragged."""


def draw(p: QPainter, ink: Ink, scene: Scene, view: Viewport) -> None:
    """Between the wires and the cards. Thread: the GUI thread."""
    if not scene.leads.pieces and not scene.chosen:
        return
    p.setRenderHint(QPainter.RenderHint.Antialiasing)
    points = [key for key in scene.chosen if of_point(key)]
    highlight(p, ink, scene, view, (w for key in scene.chosen if (w := scene.leads.wire(key)) is not None), "selected")
    if view.scale < g.BLOCKS:
        return
    table = scene.wires
    rows = table.visible(view.world)
    rows = rows[table.first[rows] != rows]
    radius = max(2.5, DOT * view.scale)
    p.setPen(QPen(ink.color("canvas"), 1))
    p.setBrush(ink.brush("wire_hover"))
    for x, y in table.ends[:2, rows].T.tolist():
        p.drawEllipse(QPointF(*view.to_screen(x, y)), radius, radius)
    p.setBrush(Qt.BrushStyle.NoBrush)
    p.setPen(QPen(ink.color("selected"), 2))
    for key in points:
        place = scene.leads.place_of(key)
        if place is not None:
            p.drawEllipse(QPointF(*view.to_screen(*place)), radius + 2.5, radius + 2.5)


def highlight(p: QPainter, ink: Ink, scene: Scene, view: Viewport, wires: Iterable[int], token: str) -> None:
    """Some wires once more, thicker and in one colour."""
    rows = [row for wire in wires for row in (wire, *scene.leads.pieces.get(wire, ()))]
    if not rows:
        return
    lines = segments(scene.wires.ends[:, rows_array(rows)], 32)
    lines *= view.scale
    lines[:, :, 0::2] += view.left
    lines[:, :, 1::2] += view.top
    flat = np.ascontiguousarray(lines.reshape(-1, 4))
    width = max(2.0, 3.0 * view.scale)
    p.setPen(QPen(ink.color(token), width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    p.drawLines(c_array(flat, QLineF), len(flat))


def draw_cycle(p: QPainter, ink: Ink, scene: Scene, view: Viewport, keys: Sequence[str]) -> None:
    """The cards and wires of a cycle that a wire would close, each reading the one before."""
    rows = [scene.row[key] for key in keys if key in scene.row]
    wires = scene.wires
    steps = itertools.pairwise(rows)
    highlight(
        p, ink, scene, view, [w for one, next_ in steps for w in scene.out[one] if wires.target[w] == next_], "failed"
    )
    p.setBrush(Qt.BrushStyle.NoBrush)
    p.setPen(QPen(ink.color("failed"), 2.5))
    for row in rows:
        x, y = view.to_screen(float(scene.x[row]), float(scene.y[row]))
        s = view.scale
        rect = QRectF(x - 3, y - 3, scene.width[row] * s + 6, scene.height[row] * s + 6)
        p.drawRoundedRect(rect, g.CORNER * s + 3, g.CORNER * s + 3)


def draw_arrows(p: QPainter, ink: Ink, scene: Scene, frames: dict[str, QRectF]) -> None:
    """From notes to the cards that they point at. Units: canvas units."""
    p.setPen(QPen(ink.color("text_muted"), 1.4))
    p.setBrush(ink.brush("text_muted"))
    for note in scene.document.notes.values():
        for key in note.arrows:
            row = scene.row.get(key)
            if row is None or math.isnan(scene.x[row]):
                continue
            start = frames.get(note.id) or QRectF(note.x, note.y, note.width, note.height)
            goal = QRectF(scene.x[row], scene.y[row], scene.width[row], scene.height[row])
            if not start.intersects(goal):
                arrow(p, edge_point(start, goal.center()), edge_point(goal, start.center()))


def arrow(p: QPainter, start: QPointF, end: QPointF) -> None:
    """A line with a tip at its end."""
    line = QLineF(end, start)
    p.drawLine(line)
    if line.length() < TIP:
        return
    angle = math.atan2(line.dy(), line.dx())
    wings = [end + QPointF(math.cos(angle + turn), math.sin(angle + turn)) * TIP for turn in (0.42, -0.42)]
    p.drawPolygon(QPolygonF([end, *wings]))


def edge_point(rect: QRectF, towards: QPointF) -> QPointF:
    """Where the way from the middle of a rectangle to a point outside leaves it."""
    middle = rect.center()
    way = towards - middle
    if way.isNull():
        return middle
    across = rect.width() / 2 / abs(way.x()) if way.x() else math.inf
    down = rect.height() / 2 / abs(way.y()) if way.y() else math.inf
    return middle + way * min(across, down, 1.0)
