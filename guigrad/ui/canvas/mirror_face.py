"""One card of the mirrored graph: a grad_fn with what it saved, or a folded group of several."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath

from guigrad.run.graph import GradNode, Saved
from guigrad.ui.canvas import geometry as g
from guigrad.ui.canvas import mirror_cards as m
from guigrad.ui.canvas.content import SHORT_DTYPE
from guigrad.ui.canvas.ink import Ink, elided, text_width

if TYPE_CHECKING:
    from guigrad.ui.canvas.backward import Backward


def short(name: str) -> str:
    """A grad_fn in few letters: ``Mul`` for MulBackward0, ``Acc`` for AccumulateGrad."""
    return "Acc" if name == "AccumulateGrad" else re.sub(r"Backward\d*$", "", name)


def draw_card(p: QPainter, ink: Ink, view: Backward, card: m.Card, whole: bool) -> None:
    """A card at the origin; ``whole``: with what was saved."""
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
    p.drawRoundedRect(QRectF(width - 4 if card.side > 0 else 0, 7, 4, 14), 1.5, 1.5)  # where gradients come in
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
        left = f"→ {node.node or 'a leaf'}.grad"
    else:
        shape, dtype = node.outputs[0] if node.outputs else ((), "")
        left = f"{shape_text(shape)} {SHORT_DTYPE.get(dtype, dtype)}" if node.outputs else ""
        left += f" ×{len(node.outputs)}" if len(node.outputs) > 1 else ""
    right = " ".join(
        filter(None, ("view" if node.view else "", "" if node.version is None else f"_version {node.version}"))
    )
    room = m.WIDTH - 22 - (text_width(ink.foot, right) + 8 if right else 0)
    p.drawText(QPointF(12, y), elided(ink.foot, left, room))
    if right:
        p.setPen(ink.color("warning" if node.version else "text_muted"))
        p.drawText(QPointF(m.WIDTH - 10 - text_width(ink.foot, right), y), right)
