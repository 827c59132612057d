"""Breakpoints on cards: a dot at the left top corner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter, QPen

if TYPE_CHECKING:
    from guigrad.ui.canvas.board import Board

RADIUS: Final = 5.5
"""Units: canvas units; never less than ``LEAST_PX`` on screen."""
LEAST_PX: Final = 3.0


def paint(p: QPainter, board: Board) -> None:
    """Over the cards."""
    scene, view, ink = board.scene, board.viewport, board.painter.ink
    rows = [scene.row[key] for key in board.breakpoints if key in scene.row]
    if not rows:
        return
    p.setRenderHint(QPainter.RenderHint.Antialiasing)
    p.setPen(QPen(ink.color("canvas"), 2.0))
    p.setBrush(ink.brush("failed"))
    radius = max(LEAST_PX, RADIUS * view.scale)
    for row in rows:
        x, y = view.to_screen(float(scene.x[row]), float(scene.y[row]))
        p.drawEllipse(QPointF(x, y), radius, radius)
