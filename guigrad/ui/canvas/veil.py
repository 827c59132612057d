"""What was true before the last edit: a veil of the card's own colour over its numbers, and a clock in its title.

The card below stays as it was drawn, so an edit that makes a hundred cards stale draws none of them anew. ``Faces.fade`` lets the veil fall.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap, QRegion

from guigrad.ui.canvas import geometry as g
from guigrad.ui.canvas.arrays import c_array
from guigrad.ui.canvas.content import NOT_RUN, NOT_WIRED, Content
from guigrad.ui.canvas.face import STALE, clock, clock_place
from guigrad.ui.canvas.ink import Ink
from guigrad.ui.canvas.ink import ink as make_ink
from guigrad.ui.canvas.wire import Array

if TYPE_CHECKING:
    from guigrad.ui.canvas.scene import Scene
    from guigrad.ui.canvas.viewport import Viewport

_SIDE = 6.0
_DISC = 16.0


def draw(p: QPainter, ink: Ink, scene: Scene, view: Viewport, rows: Array, contents: list[Content]) -> None:
    """Fades those of some cards that are stale; the rows are in the order in which the cards cover each other."""
    flags = scene.veiled[rows].tolist()
    chosen = [
        index
        for index, (old, content) in enumerate(zip(flags, contents, strict=True))
        if content.stale or (old and content.value is not NOT_RUN and content.value is not NOT_WIRED)
    ]
    if not chosen:
        return
    s = view.scale
    mine = rows[chosen]
    x, y = np.floor(scene.x[mine] * s + view.left), np.floor(scene.y[mine] * s + view.top)
    ports = scene.port_rows[mine]
    top = g.TITLE + np.where(ports > 0, ports * g.PORT_ROW + 4.0, 0.0)
    rects = np.empty((len(mine), 4), np.int32)  # QRect: left, top, right, bottom inclusive
    rects[:, 0], rects[:, 1] = x + _SIDE * s, y + top * s
    rects[:, 2], rects[:, 3] = x + (g.WIDTH - _SIDE) * s, y + (scene.height[mine] - 3.0) * s
    color = QColor(ink.color("node"))
    color.setAlphaF(1.0 - STALE)
    p.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    p.setPen(Qt.PenStyle.NoPen)
    p.setBrush(color)
    below = covered(scene, rows, chosen)
    open_cards = ~scene.collapsed[mine]
    plain = np.ascontiguousarray(rects[open_cards & ~below])
    if len(plain):
        p.drawRects(c_array(plain, QRect), len(plain))
    disc = _disc(ink.theme.name, s, view.ratio)
    half = _DISC * s / 2
    for place, index in enumerate(chosen):
        middle = clock_place(ink, contents[index])
        corner = QPointF(math.floor(x[place] + middle * s - half), math.floor(y[place] + g.TITLE * s / 2 - half))
        if not below[place]:
            p.drawPixmap(corner, disc)
            continue
        p.save()
        p.setClipRegion(_free(scene, view, rows, index))
        if open_cards[place]:
            left, up, right, down = rects[place].tolist()
            p.drawRect(QRect(left, up, right - left + 1, down - up + 1))
        p.drawPixmap(corner, disc)
        p.restore()


def _above(scene: Scene, rows: Array, index: int) -> Array:
    """The cards that cover a part of the one at a place in the list."""
    row, above = rows[index], rows[index + 1 :]
    across = (scene.x[above] < scene.x[row] + scene.width[row]) & (scene.x[above] + scene.width[above] > scene.x[row])
    down = (scene.y[above] < scene.y[row] + scene.height[row]) & (scene.y[above] + scene.height[above] > scene.y[row])
    found: Array = above[across & down]
    return found


def covered(scene: Scene, rows: Array, chosen: list[int], margin: float = 0.0) -> Array:
    """Whether other cards lie over each of some, with so much around each. Shapes: -> [len(chosen)]"""
    x, y = scene.x[rows] - margin, scene.y[rows] - margin
    right, bottom = x + scene.width[rows] + 2 * margin, y + scene.height[rows] + 2 * margin
    at = np.array(chosen)
    meets = (x < right[at, None]) & (right > x[at, None]) & (y < bottom[at, None]) & (bottom > y[at, None])
    above: Array = np.any(meets & (np.arange(len(rows)) > at[:, None]), axis=1)
    return above


def _free(scene: Scene, view: Viewport, rows: Array, index: int) -> QRegion:
    """What is seen of a card."""

    def place(row: int) -> QRect:
        left, top = view.to_screen(float(scene.x[row]), float(scene.y[row]))
        width, height = float(scene.width[row]) * view.scale, float(scene.height[row]) * view.scale
        return QRect(math.floor(left), math.floor(top), math.ceil(width), math.ceil(height))

    region = QRegion(place(int(rows[index])))
    for row in _above(scene, rows, index).tolist():
        region -= QRegion(place(row))
    return region


@lru_cache(maxsize=8)
def _disc(theme: str, scale: float, ratio: float) -> QPixmap:
    """The clock on a ground of the title's colour."""
    ink = make_ink(theme)
    size = math.ceil(_DISC * scale * ratio)
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    p = QPainter(pixmap)
    p.setRenderHint(QPainter.RenderHint.Antialiasing)
    p.scale(scale * ratio, scale * ratio)
    p.setPen(Qt.PenStyle.NoPen)
    p.setBrush(ink.brush("node_title"))
    p.drawEllipse(QPointF(_DISC / 2, _DISC / 2), _DISC / 2, _DISC / 2)
    clock(p, ink, _DISC / 2, _DISC / 2)
    p.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap
