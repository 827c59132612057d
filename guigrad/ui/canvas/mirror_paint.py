"""The mirrored grad_fn graph on screen: cards, wires that run from right to left, open groups, and threads to the forward."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen, QPixmap, QPolygonF

from guigrad.ui.canvas import geometry as g
from guigrad.ui.canvas import mirror_cards as m
from guigrad.ui.canvas.arrays import c_array
from guigrad.ui.canvas.ink import Ink, elided, text_width
from guigrad.ui.canvas.mirror_face import draw_card, short
from guigrad.ui.canvas.painter import PIECES
from guigrad.ui.canvas.viewport import Viewport
from guigrad.ui.canvas.wire import Array

if TYPE_CHECKING:
    from guigrad.ui.canvas.backward import Backward

DETAILS: Final = 160
"""Cards that show all they have at once, and while something moves."""
MOVING: Final = 60
NAMES: Final = 500
"""Cards that show their name alone."""
KEPT: Final = 600
"""Pictures of cards that are kept."""
SHEET: Final = 6.0
"""How far the second sheet of a folded group sticks out."""
ARROW: Final = 7.0
ORDINAL: Final = {1: "", 2: "2nd", 3: "3rd"}


def paint(p: QPainter, view: Backward) -> None:
    """All of it that is in view."""
    mirror, port, ink = view.mirror, view.board.viewport, view.board.painter.ink
    p.setRenderHint(QPainter.RenderHint.Antialiasing)
    p.save()
    p.translate(port.left, port.top)
    p.scale(port.scale, port.scale)
    _bands(p, ink, view, port)
    for group in mirror.groups:
        if group.open and _sees(port, group.x, group.y, group.width, group.height):
            _box(p, ink, group, port.scale)
    p.restore()
    rows = mirror.visible(port.world)
    lit = view.lit()
    _wires(p, ink, view, port, lit)
    if view.exact:
        _whole_cards(p, ink, view, port, rows)
    elif port.scale < g.DETAIL or len(rows) > NAMES:
        _blocks(p, ink, view, port, rows)
    else:
        whole = port.scale >= g.DETAIL and len(rows) <= (MOVING if view.board.painter.moving else DETAILS)
        _cards(p, ink, view, port, rows, whole)
    _outlines(p, ink, view, port, lit)
    _threads(p, ink, view, port)


def _sees(port: Viewport, x: float, y: float, width: float, height: float) -> bool:
    left, top, right, bottom = port.world
    return x < right and x + width > left and y < bottom and y + height > top


# ---- around the cards ----------------------------------------------------


def _bands(p: QPainter, ink: Ink, view: Backward, port: Viewport) -> None:
    """A line with a heading between the forward and its mirror image, and between that and the next."""
    if port.scale < g.BLOCKS:
        return
    grow = min(max(1.0, 0.75 / port.scale), 2.0)
    left, _, right, _ = port.world
    for order, x, top, far, count in view.mirror.bands:
        middle = top + m.BAND / 2
        pen = QPen(ink.color("grad"), 1.2, Qt.PenStyle.DashLine)
        pen.setCosmetic(True)
        p.setPen(pen)
        p.drawLine(QPointF(max(left, x - m.PAD), middle), QPointF(min(right, far + m.PAD), middle))
        p.save()
        p.translate(max(x, left + 12 / port.scale), middle + 16 * grow)
        p.scale(grow, grow)
        p.setFont(ink.box)
        p.setPen(ink.color("grad"))
        title = "Backward graph" if order == 1 else f"{ORDINAL.get(order, f'{order}th')} backward graph"
        p.drawText(QPointF(0, 0), title)
        p.setFont(ink.note)
        p.setPen(ink.color("text_muted"))
        many = "grad_fn" if count == 1 else "grad_fns"
        words = f"{count} {many}" if order == 1 else f"{count} {many} that a backward with create_graph made"
        p.drawText(QPointF(text_width(ink.box, title) + 12, 0), f"{words}{view.summary(order)}")
        p.restore()


def _box(p: QPainter, ink: Ink, group: m.Group, scale: float) -> None:
    rect = QRectF(group.x, group.y, group.width, group.height)
    pen = QPen(ink.color("grad"), 1.2)
    p.setPen(pen)
    p.setBrush(ink.brush("loop_fill"))
    p.drawRoundedRect(rect, 14, 14)
    if scale < g.BLOCKS * 2:
        return
    p.setFont(ink.label)
    p.setPen(ink.color("text_muted"))
    words = f"▾  {group.label} made {len(group.nodes)} grad_fns"
    p.drawText(QPointF(group.x + 14, group.y + 20), elided(ink.label, words, group.width - 28))


def _wires(p: QPainter, ink: Ink, view: Backward, port: Viewport, lit: Array) -> None:
    mirror, s = view.mirror, port.scale
    ends = mirror.ends
    if not ends.shape[1]:
        return
    left, top, right, bottom = port.world
    low, high = np.minimum(ends[1], ends[3]), np.maximum(ends[1], ends[3])
    near, far = np.minimum(ends[0], ends[2]) - 360.0, np.maximum(ends[0], ends[2]) + 360.0
    rows = np.nonzero((far > left) & (near < right) & (high > top) & (low < bottom))[0]
    if not len(rows):
        return
    pieces = (
        1 if s < g.STRAIGHT else max(1, min(20 if view.exact or view.board.painter.rest else 7, PIECES // len(rows)))
    )
    lines = _curves(ends[:, rows], pieces) * s
    lines[:, :, 0::2] += port.left
    lines[:, :, 1::2] += port.top
    bright = lit[mirror.wires[rows, 0]] | lit[mirror.wires[rows, 1]] if len(lit) else np.zeros(len(rows), bool)
    color = ink.color("wire_grad")
    p.setRenderHint(QPainter.RenderHint.Antialiasing, len(rows) * pieces <= 8000)
    for chosen, width in ((~bright, 1.5), (bright, 2.8)):
        if not chosen.any():
            continue
        p.setPen(QPen(color, 0 if width * s < 1.1 else width * s))
        part = np.ascontiguousarray(lines[chosen])
        p.drawLines(c_array(part, QLineF), len(part) * pieces)
    if s < g.DETAIL * 0.5 or len(rows) > NAMES:
        return
    p.setPen(Qt.PenStyle.NoPen)
    p.setBrush(color)
    size = max(ARROW * s, 4.0)
    for x, y, away in ends[[2, 3, 5]][:, rows].T.tolist():
        at, back = QPointF(*port.to_screen(x, y)), size if away > 0 else -size
        p.drawPolygon(QPolygonF([at, at + QPointF(back, -size * 0.6), at + QPointF(back, size * 0.6)]))
    p.setPen(QPen(ink.color("text_faint"), 1.2 * s))
    p.setBrush(ink.brush("canvas"))
    for x, y in mirror.loose.tolist():
        if left < x < right and top < y < bottom:
            p.drawEllipse(QPointF(*port.to_screen(x, y)), 3.2 * s, 3.2 * s)


def _curves(ends: Array, pieces: int) -> Array:
    """As straight pieces. Shapes: [6, wires] -> [wires, pieces, 4]"""
    x1, y1, x2, y2, out, into = ends
    t = np.linspace(0.0, 1.0, pieces + 1)
    u = 1.0 - t
    b0, b1, b2, b3 = u**3, 3 * u * u * t, 3 * u * t * t, t**3
    x = np.outer(x1, b0 + b1) + np.outer(out, b1) + np.outer(into, b2) + np.outer(x2, b2 + b3)
    y = np.outer(y1, b0 + b1) + np.outer(y2, b2 + b3)
    return np.stack([x[:, :-1], y[:, :-1], x[:, 1:], y[:, 1:]], axis=2)


def _blocks(p: QPainter, ink: Ink, view: Backward, port: Viewport, rows: Array) -> None:
    if not len(rows):
        return
    mirror, s = view.mirror, port.scale
    rects = np.empty((len(rows), 4), np.int32)
    rects[:, 0] = mirror.rects[rows, 0] * s + port.left
    rects[:, 1] = mirror.rects[rows, 1] * s + port.top
    rects[:, 2] = rects[:, 0] + max(1, round(m.WIDTH * s)) - 1
    rects[:, 3] = (
        rects[:, 1] + np.maximum(1, np.rint((mirror.rects[rows, 3] - mirror.rects[rows, 1]) * s)).astype(np.int32) - 1
    )
    leaf, on_left = mirror.leaf[rows], mirror.on_left[rows]
    p.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    p.setPen(Qt.PenStyle.NoPen)
    named = s >= g.BLOCKS and len(rows) <= NAMES
    if named:
        p.setBrush(ink.brush("node"))
        p.drawRects(c_array(rects, QRect), len(rects))
    strips = rects.copy()
    if named:  # where gradients come in
        thick = max(2, round(8 * s))
        strips[~on_left, 0] = strips[~on_left, 2] - thick
        strips[on_left, 2] = strips[on_left, 0] + thick
    for chosen, token in ((~leaf, "grad"), (leaf, "leaf")):
        part = np.ascontiguousarray(strips[chosen])
        if len(part):
            p.setBrush(ink.brush(token))
            p.drawRects(c_array(part, QRect), len(part))
    p.setRenderHint(QPainter.RenderHint.Antialiasing)
    if not named:
        return
    p.setFont(ink.foot)
    for number, (left, top, right, low) in zip(rows.tolist(), rects.tolist(), strict=True):
        card = mirror.cards[number]
        p.setPen(ink.color("text_faint" if view.ghost(card) else "text"))
        name = f"▸ {len(card.nodes)} grad_fns" if card.folded else short(card.main.name)
        inside = QRectF(left + 4, top, right - left - 6, low - top)
        p.drawText(
            inside, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, elided(ink.foot, name, inside.width())
        )


def _cards(p: QPainter, ink: Ink, view: Backward, port: Viewport, rows: Array, whole: bool) -> None:
    """Pictures of cards, which are kept while the zoom is the same."""
    looks = (port.scale, port.ratio, ink.theme.name, whole, view.news)
    if view.looks != looks or len(view.pictures) > KEPT:
        view.looks = looks
        view.pictures.clear()
    for number in rows.tolist():
        card = view.mirror.cards[number]
        picture = view.pictures.get(number)
        if picture is None:
            picture = view.pictures[number] = _picture(ink, view, card, port, whole)
        x, y = port.to_screen(card.x, card.y)
        p.setOpacity(0.35 if view.ghost(card) else 1.0)
        p.drawPixmap(QPointF(round(x * port.ratio) / port.ratio, round(y * port.ratio) / port.ratio), picture)
    p.setOpacity(1.0)


def _whole_cards(p: QPainter, ink: Ink, view: Backward, port: Viewport, rows: Array) -> None:
    """Cards without pictures in between, sharp at every size."""
    for number in rows.tolist():
        card = view.mirror.cards[number]
        p.save()
        p.setOpacity(0.35 if view.ghost(card) else 1.0)
        p.translate(*port.to_screen(card.x, card.y))
        p.scale(port.scale, port.scale)
        draw_card(p, ink, view, card, True)
        p.restore()


def _picture(ink: Ink, view: Backward, card: m.Card, port: Viewport, whole: bool) -> QPixmap:
    factor = port.scale * port.ratio
    picture = QPixmap(math.ceil((m.WIDTH + SHEET) * factor), math.ceil((card.height + SHEET) * factor))
    picture.setDevicePixelRatio(port.ratio)
    picture.fill(Qt.GlobalColor.transparent)
    p = QPainter(picture)
    p.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
    p.scale(port.scale, port.scale)
    draw_card(p, ink, view, card, whole)
    p.end()
    return picture


# ---- over the cards ------------------------------------------------------


def _outlines(p: QPainter, ink: Ink, view: Backward, port: Viewport, lit: Array) -> None:
    """Selected and hovered cards, and the one that runs."""
    mirror, s = view.mirror, port.scale
    p.setBrush(Qt.BrushStyle.NoBrush)
    chosen = view.chosen_cards()
    running = view.running_cards()
    for number in {*np.nonzero(lit)[0].tolist(), *chosen, *running}:
        card = mirror.cards[number]
        if not _sees(port, card.x, card.y, m.WIDTH, card.height):
            continue
        x, y = port.to_screen(card.x, card.y)
        token, out, width = (
            ("running", 3.0, 3.0)
            if number in running
            else ("selected", 1.0, 2.0)
            if number in chosen
            else ("wire_hover", 1.0, 1.5)
        )
        p.setPen(QPen(ink.color(token), width))
        radius = g.CORNER * s + out
        p.drawRoundedRect(QRectF(x - out, y - out, m.WIDTH * s + 2 * out, card.height * s + 2 * out), radius, radius)


def _threads(p: QPainter, ink: Ink, view: Backward, port: Viewport) -> None:
    """From the hovered grad_fn, or those of the hovered card, to what it belongs to: its card, and for a second graph who made it."""
    pairs = view.threads()
    if not pairs:
        return
    p.setPen(QPen(ink.color("grad"), 1.3, Qt.PenStyle.DotLine))
    p.setBrush(Qt.BrushStyle.NoBrush)
    for (x1, y1), (x2, y2) in pairs:
        start, end = QPointF(*port.to_screen(x1, y1)), QPointF(*port.to_screen(x2, y2))
        path = QPainterPath(start)
        reach = (end.y() - start.y()) * 0.4
        path.cubicTo(start + QPointF(0, reach), end - QPointF(0, reach), end)
        p.drawPath(path)
