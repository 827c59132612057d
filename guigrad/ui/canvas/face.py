"""Draws one card in canvas units: what stays (skin, title, labels, foot) and what a run changes (cells and numbers)."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPainterPath, QPen

from guigrad.ui.canvas import geometry as g
from guigrad.ui.canvas.content import CELLS, Content, Part
from guigrad.ui.canvas.facet import Facet, Inlet
from guigrad.ui.canvas.ink import Ink, elided, text_width
from guigrad.ui.heat import table

STALE = 0.45
"""Opacity of what was true before the last edit."""
_AFTER_TITLE = 9.0


def draw_fixed(p: QPainter, ink: Ink, facet: Facet, content: Content, height: float, collapsed: bool) -> None:
    """All of a card but its numbers and cells; the origin is the card's left top corner."""
    _skin(p, ink, facet, height, collapsed)
    _title(p, ink, facet, content)
    if not collapsed:
        _port_rows(p, ink, facet)
        if content.stale:
            p.setOpacity(STALE)
        middle = g.TITLE + facet.top + g.GAP + content.value.height / 2
        _row(p, ink, "value", content.value, middle, "text_muted")
        below = middle + content.value.height / 2 + g.GAP + content.grad.height / 2
        _row(p, ink, "x-ray" if content.xray else "grad", content.grad, below, "xray" if content.xray else "text_muted")
        if content.xray and not content.grad.reason:
            p.setPen(ink.xray_dashes)
            p.setBrush(Qt.BrushStyle.NoBrush)
            top = below - content.grad.height / 2
            p.drawRoundedRect(QRectF(g.CELLS_LEFT - 3, top - 3, g.CELLS_WIDTH + 6, content.grad.height + 6), 4, 4)
        _foot(p, ink, content, height)
        p.setOpacity(1.0)
    draw_ports(p, ink, facet, content, collapsed)


def draw_numbers(p: QPainter, ink: Ink, facet: Facet, content: Content) -> None:
    """The cells and numbers of a card that is not collapsed; the origin is the card's left top corner."""
    p.setOpacity(STALE if content.stale else 1.0)
    middle = g.TITLE + facet.top + g.GAP + content.value.height / 2
    below = middle + content.value.height / 2 + g.GAP + content.grad.height / 2
    for part, y, scale in ((content.value, middle, "value"), (content.grad, below, "grad")):
        if part.cells is not None:
            draw_cells(p, ink, part, y - part.height / 2, scale)
        elif part.text:
            draw_text(p, ink, part.text, y, "xray" if scale == "grad" and content.xray else scale)
    p.setOpacity(1.0)


def draw_cells(p: QPainter, ink: Ink, part: Part, top: float, scale: str) -> None:
    """Cells one by one, for pictures that stay sharp at any size."""
    assert part.cells is not None
    colors = table(ink.theme, scale)
    rows, columns = part.cells.shape
    if part.cells.size > CELLS:
        pixels = np.ascontiguousarray(colors[part.cells])
        image = QImage(pixels.data, columns, rows, columns * 4, QImage.Format.Format_RGB32)
        p.drawImage(QRectF(g.CELLS_LEFT, top, g.CELLS_WIDTH, part.height), image.copy())
        return
    gap = cell_gap(columns, g.CELLS_WIDTH)
    row_gap = cell_gap(rows, part.height)
    width = (g.CELLS_WIDTH - gap * (columns - 1)) / columns
    height = (part.height - row_gap * (rows - 1)) / rows
    p.setPen(Qt.PenStyle.NoPen)
    radius = 2.0 if gap else 0.0
    for r, line in enumerate(part.cells.tolist()):
        for c, level in enumerate(line):
            p.setBrush(QColor.fromRgb(int(colors[level])))
            rect = QRectF(g.CELLS_LEFT + c * (width + gap), top + r * (height + row_gap), width, height)
            p.drawRoundedRect(rect, radius, radius)


def cell_gap(count: int, room: float) -> float:
    """The space between cells: none where they would vanish in it."""
    return 2.0 if room / count >= 6.5 else 1.0 if room / count >= 4.0 else 0.0


def draw_text(p: QPainter, ink: Ink, text: str, middle: float, token: str) -> None:
    """A number or word at the right of a row."""
    font = number_font(ink, text)
    p.setFont(font)
    p.setPen(ink.color(token))
    x = g.WIDTH - 14.0 - text_width(font, text)
    p.drawText(QPointF(x, middle + font.pixelSize() * 0.36), text)


def number_font(ink: Ink, text: str) -> QFont:
    """Large while it fits."""
    return ink.number if len(text) <= 11 else ink.small


def _skin(p: QPainter, ink: Ink, facet: Facet, height: float, collapsed: bool) -> None:
    p.setPen(Qt.PenStyle.NoPen)
    shadow = QColor(ink.color("node_shadow"))
    for grow, alpha in ((2.0, 40), (1.0, 70), (0.0, 120)):
        shadow.setAlpha(alpha)
        p.setBrush(shadow)
        p.drawRoundedRect(QRectF(-grow * 0.5, 1.5, g.WIDTH + grow, height + grow * 0.6), g.CORNER, g.CORNER)
    whole = QRectF(0.5, 0.5, g.WIDTH - 1, height - 1)
    p.setBrush(ink.brush("node_title" if collapsed else "node"))
    p.setPen(ink.body_edge)
    p.drawRoundedRect(whole, g.CORNER, g.CORNER)
    p.setPen(Qt.PenStyle.NoPen)
    if not collapsed:
        title = QPainterPath()
        title.setFillRule(Qt.FillRule.WindingFill)
        title.addRoundedRect(QRectF(1, 1, g.WIDTH - 2, g.TITLE - 1), g.CORNER - 1, g.CORNER - 1)
        title.addRect(QRectF(1, g.TITLE - g.CORNER, g.WIDTH - 2, g.CORNER))
        p.setBrush(ink.brush("node_title"))
        p.drawPath(title)
    p.setBrush(ink.kinds[facet.kind])
    p.drawRoundedRect(QRectF(0, 8, 4, 16), 1.5, 1.5)


def _title(p: QPainter, ink: Ink, facet: Facet, content: Content) -> None:
    right = g.WIDTH - 10.0
    text, kind = content.pill
    if text:
        width = text_width(ink.pill, text) + 16
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(ink.brush(f"{kind}_soft"))
        p.drawRoundedRect(QRectF(right - width, 8, width, 16), 8, 8)
        p.setFont(ink.pill)
        p.setPen(ink.color(kind))
        p.drawText(QRectF(right - width, 8, width, 16), Qt.AlignmentFlag.AlignCenter, text)
        right -= width + 6
    if content.stale:
        clock(p, ink, clock_place(ink, content), g.TITLE / 2)
        right -= 18
    p.setFont(ink.title)
    p.setPen(ink.color("text"))
    title = elided(ink.title, facet.title, right - g.INSET)
    p.drawText(QPointF(g.INSET, 21), title)
    left = g.INSET + text_width(ink.title, title) + _AFTER_TITLE
    op = elided(ink.op, facet.op, right - left) if facet.op else ""
    if len(op) > 1 or (op and op == facet.op):
        p.setFont(ink.op)
        p.setPen(ink.color("text_muted"))
        p.drawText(QPointF(left, 20.5), op)
        if facet.muted:
            p.drawLine(QPointF(left - 1, 16.5), QPointF(left + text_width(ink.op, op) + 1, 16.5))


def clock_place(ink: Ink, content: Content) -> float:
    """How far from a card's left edge the middle of the clock lies that tells that its numbers are old."""
    pill = text_width(ink.pill, content.pill[0]) + 22 if content.pill[0] else 0.0
    return g.WIDTH - 16.0 - pill


def clock(p: QPainter, ink: Ink, x: float, y: float) -> None:
    """A small clock around a point."""
    p.setPen(ink.pen("text_muted", 1.4))
    p.setBrush(Qt.BrushStyle.NoBrush)
    p.drawEllipse(QPointF(x, y), 5.5, 5.5)
    p.drawLine(QPointF(x, y - 3), QPointF(x, y))
    p.drawLine(QPointF(x, y), QPointF(x + 2.4, y + 1.2))


def _port_rows(p: QPainter, ink: Ink, facet: Facet) -> None:
    if not facet.rows:
        return
    p.setFont(ink.port)
    room = g.WIDTH - 2 * g.INSET
    if len(facet.inputs) > 1:
        for index, inlet in enumerate(facet.inputs):
            y = g.port_middle(index) + 3.5
            p.setPen(ink.color("text_faint" if inlet.optional else "text_muted"))
            label = elided(ink.port, inlet.label, room * (0.5 if inlet.text or len(facet.outputs) > 1 else 1.0))
            p.drawText(QPointF(g.INSET, y), label)
            if inlet.text:
                left = g.INSET + text_width(ink.port, label) + 8
                p.setPen(ink.color("value"))
                p.drawText(QPointF(left, y), elided(ink.port, inlet.text, g.WIDTH - 12 - left))
    if len(facet.outputs) > 1:
        p.setPen(ink.color("text_muted"))
        for index, name in enumerate(facet.outputs):
            text = elided(ink.port, name, room / 2)
            x = g.WIDTH - g.INSET - text_width(ink.port, text)
            p.drawText(QPointF(x, g.port_middle(index) + 3.5), text)


def _row(p: QPainter, ink: Ink, label: str, part: Part, middle: float, token: str) -> None:
    p.setFont(ink.label)
    p.setPen(ink.color(token))
    p.drawText(QPointF(g.INSET, middle + 4), label)
    if part.reason:
        rect = QRectF(g.CELLS_LEFT, middle - 8, g.CELLS_WIDTH, 16)
        p.setPen(ink.dashes)
        p.setBrush(Qt.BrushStyle.NoBrush)
        p.drawRoundedRect(rect, 3, 3)
        p.setFont(ink.reason)
        p.setPen(ink.color("text_faint"))
        p.drawText(rect, Qt.AlignmentFlag.AlignCenter, elided(ink.reason, part.reason, g.CELLS_WIDTH - 4))


def _foot(p: QPainter, ink: Ink, content: Content, height: float) -> None:
    top = height - g.FOOT
    p.setPen(ink.body_edge)
    p.drawLine(QPointF(1, top), QPointF(g.WIDTH - 1, top))
    p.setFont(ink.foot)
    p.setPen(ink.color("text_muted"))
    foot = elided(ink.foot, content.foot, g.WIDTH - 2 * g.INSET)
    p.drawText(QPointF(g.INSET, top + 15.5), foot)
    room = g.WIDTH - 2 * g.INSET - text_width(ink.foot, foot) - 8
    name = elided(ink.foot, " · ".join(filter(None, (content.ledger, content.grad_fn))), room)
    p.setPen(ink.color("grad" if content.ledger else "text_faint"))
    p.drawText(QPointF(g.WIDTH - g.INSET - text_width(ink.foot, name), top + 15.5), name)


def draw_ports(p: QPainter, ink: Ink, facet: Facet, content: Content, collapsed: bool) -> None:
    """The ports' dots; the origin is the card's left top corner."""
    single = g.TITLE / 2 if collapsed else g.TITLE + facet.top + g.GAP + content.value.height / 2
    many = len(facet.inputs) > 1 and not collapsed
    for index, inlet in enumerate(facet.inputs):
        _inlet(p, ink, inlet, QPointF(0, g.port_middle(index) if many else single))
    p.setPen(QPen(ink.color("canvas"), 1.0))
    p.setBrush(ink.brush("value"))
    many = len(facet.outputs) > 1 and not collapsed
    for index in range(len(facet.outputs)):
        p.drawEllipse(QPointF(g.WIDTH, g.port_middle(index) if many else single), g.PORT, g.PORT)


def _inlet(p: QPainter, ink: Ink, inlet: Inlet, where: QPointF) -> None:
    if inlet.text:  # a literal stands there; a wire would replace it
        p.setPen(ink.pen("border_strong", 1.5))
        p.setBrush(ink.brush("node"))
        p.drawEllipse(where, g.PORT - 1.2, g.PORT - 1.2)
        return
    p.setPen(ink.pen("text_faint" if inlet.optional else "value", 2.0))
    p.setBrush(ink.brush("canvas"))
    p.drawEllipse(where, g.PORT - (1.0 if inlet.optional else 0.0), g.PORT - (1.0 if inlet.optional else 0.0))
