"""A short text beside the pointer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from guigrad.ui.canvas.ink import text_width

if TYPE_CHECKING:
    from guigrad.ui.canvas.board import Board


def bubble(p: QPainter, view: Board, text: str, at: QPointF, token: str) -> None:
    """Draws the text, kept inside the window."""
    ink = view.painter.ink
    room = min(360.0, view.width() - 24.0)
    flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
    p.setFont(ink.note)
    wide = min(room - 20, text_width(ink.note, text) + 2)
    inside = p.boundingRect(QRectF(0, 0, wide, 400), flags, text)
    rect = QRectF(at.x() + 14, at.y() + 16, inside.width() + 20, inside.height() + 12)
    rect.moveLeft(max(8.0, min(rect.left(), view.width() - rect.width() - 8)))
    if rect.bottom() > view.height() - 8:
        rect.moveBottom(at.y() - 12)
    p.setPen(QPen(ink.color(token), 1.2))
    p.setBrush(ink.brush("failed_soft" if token == "failed" else "tooltip"))
    p.drawRoundedRect(rect, 6, 6)
    p.setPen(ink.color("text"))
    p.drawText(rect.adjusted(10, 6, -10, -6), flags, text)
