"""The mirrored grad_fn graph on screen: cards, wires that run from right to left, open groups, and threads to the forward."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen, QPolygonF

from guigrad.run.graph import GradNode, Saved
from guigrad.ui.canvas import geometry as g
from guigrad.ui.canvas import mirror_cards as m
from guigrad.ui.canvas.arrays import c_array
from guigrad.ui.canvas.content import SHORT_DTYPE
from guigrad.ui.canvas.ink import Ink, elided, text_width
from guigrad.ui.canvas.painter import PIECES
from guigrad.ui.canvas.viewport import Viewport
from guigrad.ui.canvas.wire import Array, segments

if TYPE_CHECKING:
    from guigrad.ui.canvas.backward import Backward

DETAILS: Final = 160
"""Cards that show all they have at once, and while something moves."""
MOVING: Final = 60
NAMES: Final = 500
"""Cards that show their name alone."""
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
    if port.scale < g.DETAIL or len(rows) > NAMES:
        _blocks(p, ink, view, port, rows)
    else:
        whole = port.scale >= g.DETAIL and len(rows) <= (MOVING if view.board.painter.moving else DETAILS)
        for number in rows.tolist():
            card = mirror.cards[number]
            p.save()
            p.translate(card.x * port.scale + port.left, card.y * port.scale + port.top)
            p.scale(port.scale, port.scale)
            ghost = view.ghost(card)
            if ghost:
                p.setOpacity(0.35)
            _card(p, ink, view, card, whole)
            p.restore()
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
    pieces = 1 if s < g.STRAIGHT else max(1, min(20, PIECES // len(rows)))
    lines = segments(ends[:, rows], pieces) * s
    lines[:, :, 0::2] += port.left
    lines[:, :, 1::2] += port.top
    bright = lit[mirror.wires[rows, 0]] | lit[mirror.wires[rows, 1]] if len(lit) else np.zeros(len(rows), bool)
    color = ink.color("wire_grad")
    p.setRenderHint(QPainter.RenderHint.Antialiasing, len(rows) * pieces <= 8000)
    for chosen, width, opacity in ((~bright, 1.5, 0.75), (bright, 2.6, 1.0)):
        if not chosen.any():
            continue
        p.setOpacity(opacity)
        p.setPen(QPen(color, 0 if width * s < 1.1 else width * s))
        part = np.ascontiguousarray(lines[chosen])
        p.drawLines(c_array(part, QLineF), len(part) * pieces)
    p.setOpacity(1.0)
    if s < g.DETAIL * 0.5 or len(rows) > NAMES:
        return
    p.setPen(Qt.PenStyle.NoPen)
    p.setBrush(color)
    size = max(ARROW * s, 4.0)
    for x, y in zip(ends[0, rows].tolist(), ends[1, rows].tolist(), strict=True):
        at = QPointF(*port.to_screen(x, y))
        p.drawPolygon(QPolygonF([at, at + QPointF(size, -size * 0.6), at + QPointF(size, size * 0.6)]))
    p.setPen(QPen(ink.color("text_faint"), 1.2 * s))
    p.setBrush(ink.brush("canvas"))
    for x, y in mirror.loose.tolist():
        if left < x < right and top < y < bottom:
            p.drawEllipse(QPointF(*port.to_screen(x, y)), 3.2 * s, 3.2 * s)


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
    leaf = np.array([mirror.cards[number].main.kind == "accumulate" for number in rows.tolist()])
    p.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    p.setPen(Qt.PenStyle.NoPen)
    named = s >= g.BLOCKS and len(rows) <= NAMES
    if named:
        p.setBrush(ink.brush("node"))
        p.drawRects(c_array(rects, QRect), len(rects))
    strips = rects.copy()
    if named:
        strips[:, 0] = strips[:, 2] - max(2, round(8 * s))
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
        name = f"{len(card.nodes)} grad_fns" if card.folded else short(card.main.name)
        inside = QRectF(left + 3, top, right - left - 6, low - top)
        p.drawText(
            inside, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, elided(ink.foot, name, inside.width())
        )


def short(name: str) -> str:
    """A grad_fn in few letters: ``Mul`` for MulBackward0, ``Acc`` for AccumulateGrad."""
    return "Acc" if name == "AccumulateGrad" else re.sub(r"Backward\d*$", "", name)


# ---- one card ------------------------------------------------------------


def _card(p: QPainter, ink: Ink, view: Backward, card: m.Card, whole: bool) -> None:
    node, width, height = card.main, m.WIDTH, card.height
    leaf = node.kind == "accumulate"
    if card.folded:  # a second sheet behind it
        p.setPen(ink.body_edge)
        p.setBrush(ink.brush("node_title"))
        p.drawRoundedRect(QRectF(5, 4.5, width - 1, height - 1), g.CORNER, g.CORNER)
    p.setPen(ink.body_edge)
    p.setBrush(ink.brush("node"))
    p.drawRoundedRect(QRectF(0.5, 0.5, width - 1, height - 1), g.CORNER, g.CORNER)
    title = QPainterPath()
    title.setFillRule(Qt.FillRule.WindingFill)
    title.addRoundedRect(QRectF(1, 1, width - 2, m.HEAD - 2), g.CORNER - 1, g.CORNER - 1)
    title.addRect(QRectF(1, m.HEAD - g.CORNER, width - 2, g.CORNER - 1))
    p.setPen(Qt.PenStyle.NoPen)
    p.setBrush(ink.brush("node_title"))
    p.drawPath(title)
    p.setBrush(ink.brush("leaf" if leaf else "grad"))
    p.drawRoundedRect(QRectF(width - 4, 7, 4, 14), 1.5, 1.5)  # where gradients come in
    right = width - 10.0
    if view.freed(node) and not card.folded:
        right = _pill(p, ink, "freed", right)
    elif card.folded:
        right = _pill(p, ink, f"{len(card.nodes)} ▸", right)
    p.setFont(ink.op)
    p.setPen(ink.color("text"))
    p.drawText(QPointF(10, 19), elided(ink.op, node.name, right - 10))
    if not whole:
        return
    y = m.HEAD
    if card.folded:
        for one in reversed(card.nodes[-m.SAVED :]):
            _line(p, ink, y, one.name, "", "text_muted")
            y += m.LINE
    else:
        for saved in card.saved:
            _saved(p, ink, y, saved, view.state_of(node, saved))
            y += m.LINE
    if card.more:
        _line(p, ink, y, f"and {card.more} more", "", "text_faint")
    _foot(p, ink, node, height, card.folded)


def _pill(p: QPainter, ink: Ink, text: str, right: float) -> float:
    width = text_width(ink.pill, text) + 14
    p.setPen(Qt.PenStyle.NoPen)
    p.setBrush(ink.brush("other_soft"))
    p.drawRoundedRect(QRectF(right - width, 6.5, width, 15), 7.5, 7.5)
    p.setFont(ink.pill)
    p.setPen(ink.color("other"))
    p.drawText(QRectF(right - width, 6.5, width, 15), Qt.AlignmentFlag.AlignCenter, text)
    return right - width - 6


def _line(p: QPainter, ink: Ink, y: float, left: str, right: str, token: str, struck: bool = False) -> None:
    p.setFont(ink.port)
    p.setPen(ink.color("text_muted"))
    room = m.WIDTH - 22.0 - (text_width(ink.port, right) + 8 if right else 0.0)
    shown = elided(ink.port, left, max(room, 40.0))
    p.drawText(QPointF(12, y + 11), shown)
    if right:
        where = 12 + text_width(ink.port, shown) + 8
        text = elided(ink.port, right, m.WIDTH - 10 - where)
        start = m.WIDTH - 10 - text_width(ink.port, text)
        p.setPen(ink.color(token))
        p.drawText(QPointF(start, y + 11), text)
        if struck:
            p.drawLine(QPointF(start, y + 7.5), QPointF(m.WIDTH - 10, y + 7.5))


def _saved(p: QPainter, ink: Ink, y: float, saved: Saved, state: str) -> None:
    name = f"saved {saved.name}"
    match state:
        case "freed":
            _line(p, ink, y, name, what(saved) or "freed", "text_faint", bool(what(saved)))
        case "changed":
            _line(p, ink, y, name, f"{saved.node or 'tensor'} changed!", "failed")
        case "packed":
            _line(p, ink, y, name, "packed by a hook", "text_muted")
        case _:
            _line(p, ink, y, name, what(saved), "value")


def what(saved: Saved) -> str:
    """What was saved, in few words: ``t2 (5,)``."""
    if saved.text and not saved.node:
        return saved.text
    return f"{saved.node} {'' if saved.shape is None else shape_text(saved.shape)}".strip()


def shape_text(shape: tuple[int, ...]) -> str:
    """As torch writes it: ``(5,)``."""
    return f"({shape[0]},)" if len(shape) == 1 else f"({', '.join(map(str, shape))})"


def _foot(p: QPainter, ink: Ink, node: GradNode, height: float, folded: bool) -> None:
    y = height - 7.0
    p.setFont(ink.foot)
    p.setPen(ink.color("text_faint"))
    if folded:
        p.drawText(QPointF(12, y), "click ▸ to open")
        return
    if node.kind == "accumulate":
        left = f"adds to {node.node or 'a leaf'}.grad"
    else:
        shape, dtype = node.outputs[0] if node.outputs else ((), "")
        left = f"{shape_text(shape)} {SHORT_DTYPE.get(dtype, dtype)}" if node.outputs else ""
        left += f" ×{len(node.outputs)}" if len(node.outputs) > 1 else ""
    right = " ".join(filter(None, ("view" if node.view else "", f"_version {node.version}" if node.version else "")))
    room = m.WIDTH - 22 - (text_width(ink.foot, right) + 8 if right else 0)
    p.drawText(QPointF(12, y), elided(ink.foot, left, room))
    if right:
        p.setPen(ink.color("warning" if node.version else "text_muted"))
        p.drawText(QPointF(m.WIDTH - 10 - text_width(ink.foot, right), y), right)


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
