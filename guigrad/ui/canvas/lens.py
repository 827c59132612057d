"""Paths that light up on the canvas: their wires in the colour of gradients, their cards framed, the factors on the wires of one path."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import numpy as np
from msgspec import Struct
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen

from guigrad.ui.canvas import geometry as g
from guigrad.ui.canvas.traces import highlight
from guigrad.ui.canvas.wire import curve_points, rows_array
from guigrad.ui.theme import code_font

if TYPE_CHECKING:
    from guigrad.ui.canvas.ink import Ink
    from guigrad.ui.canvas.scene import Scene
    from guigrad.ui.canvas.viewport import Viewport

FACTORS: Final = 0.45
"""Zoom from which factors are written on wires."""


class Lens(Struct, frozen=True):
    """``wires`` are all on any path, (source id, target id, port); ``chosen`` those of one path, with the factor of each."""

    wires: tuple[tuple[str, str, str], ...] = ()
    chosen: tuple[tuple[str, str, str], ...] = ()
    factors: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()


def rows_of(scene: Scene, wires: Iterable[tuple[str, str, str]]) -> list[int]:
    """The wires' rows on the canvas, -1 for one that it does not show. One that ends at a port of another name is found by its ends."""
    found = []
    for source, target, path in wires:
        start, end = scene.row.get(source), scene.row.get(target)
        mine = [] if start is None else [w for w in scene.out[start] if scene.wires.target[w] == end]
        named = [w for w in mine if scene.wires.paths[w] == path]
        found.append((named or mine or [-1])[0])
    return found


def draw(p: QPainter, ink: Ink, scene: Scene, view: Viewport, lens: Lens) -> None:
    """Above the wires. Thread: the GUI thread."""
    p.setRenderHint(QPainter.RenderHint.Antialiasing)
    chosen = rows_of(scene, lens.chosen)
    all_ = [row for row in rows_of(scene, lens.wires) if row >= 0]
    highlight(p, ink, scene, view, all_, "grad_soft" if lens.chosen else "grad")
    bright = [row for row in chosen if row >= 0]
    highlight(p, ink, scene, view, bright, "grad")
    wires = scene.wires
    lit = bright if lens.chosen else all_
    cards = {int(end) for row in lit for end in (wires.source[row], wires.target[row])}
    cards |= {scene.row[key] for key in lens.ends if key in scene.row}
    p.setBrush(Qt.BrushStyle.NoBrush)
    p.setPen(QPen(ink.color("grad"), 2))
    for row in cards:
        x, y = view.to_screen(float(scene.x[row]), float(scene.y[row]))
        s = view.scale
        rect = QRectF(x - 3, y - 3, scene.width[row] * s + 6, scene.height[row] * s + 6)
        p.drawRoundedRect(rect, g.CORNER * s + 3, g.CORNER * s + 3)


def draw_factors(p: QPainter, ink: Ink, scene: Scene, view: Viewport, lens: Lens) -> None:
    """What each wire of the chosen path multiplies with. Above the cards."""
    if view.scale < FACTORS or not lens.chosen:
        return
    p.setRenderHint(QPainter.RenderHint.Antialiasing)
    font = code_font(max(9.0, 11.0 * view.scale), 600)
    p.setFont(font)
    metrics = QFontMetricsF(font)
    for row, text in zip(rows_of(scene, lens.chosen), lens.factors, strict=False):
        if row < 0 or not text:
            continue
        ((x, y),) = curve_points(scene.wires, rows_array([row]), np.array([0.5]))[0].tolist()
        middle = QPointF(*view.to_screen(x, y))
        wide, high = metrics.horizontalAdvance(text) + 12, metrics.height() + 4
        rect = QRectF(middle.x() - wide / 2, middle.y() - high / 2, wide, high)
        p.setPen(QPen(ink.color("grad"), 1.2))
        p.setBrush(ink.brush("node"))
        p.drawRoundedRect(rect, high / 2, high / 2)
        p.setPen(ink.color("grad"))
        p.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)
