"""The outlines of what a search found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPen

if TYPE_CHECKING:
    from guigrad.ui.canvas.board import Board


def paint(p: QPainter, board: Board) -> None:
    """Draws a frame around each hit that is in view."""
    if not board.found:
        return
    scene, view = board.scene, board.viewport
    document = scene.document
    rows = [row for row in scene.visible(view.world, 0.0) if scene.ids[row] in board.found]
    frames = [
        (float(scene.x[row]), float(scene.y[row]), float(scene.width[row]), float(scene.height[row])) for row in rows
    ]
    frames += [(box.x, box.y, box.width, box.height) for box in document.boxes.values() if box.id in board.found]
    frames += [(note.x, note.y, note.width, note.height) for note in document.notes.values() if note.id in board.found]
    p.setBrush(Qt.BrushStyle.NoBrush)
    p.setPen(QPen(board.painter.ink.color("warning"), 2.0))
    radius = 10 * view.scale + 3
    for x, y, width, height in frames:
        left, top = view.to_screen(x, y)
        p.drawRoundedRect(QRectF(left - 3, top - 3, width * view.scale + 6, height * view.scale + 6), radius, radius)
