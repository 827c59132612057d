"""Threads from a pill of the rail, which lies below the board, up to the cards of the nodes that it touches."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen

from guigrad.ui.canvas import geometry as g

if TYPE_CHECKING:
    from guigrad.ui.canvas.board import Board

MOST: Final = 24
"""More threads than this would only cover the cards."""
PLUCK: Final = 4.0
"""Radius of the dot where a thread is tied to its card, in px."""

Thread = tuple[tuple[str, ...], QPoint, str]
"""(ids of the nodes, the pill's top on the screen, token of its colour)"""
Source = Callable[[], Thread | None]


def paint(p: QPainter, board: Board, thread: Thread) -> None:
    """Draws the threads to the cards that are in view."""
    keys, where, token = thread
    scene, view = board.scene, board.viewport
    start = QPointF(board.mapFromGlobal(where))
    start.setY(float(board.height()))
    ends = []
    for key in dict.fromkeys(keys):
        row = scene.row.get(key)
        if row is None:
            continue
        x, y = view.to_screen(float(scene.x[row] + scene.width[row] / 2), float(scene.y[row] + scene.height[row]))
        if 0 <= x <= board.width() and 0 <= y < board.height():
            ends.append(QPointF(x, y))
    if not ends or len(ends) > MOST or not 0 <= start.x() <= board.width():
        return
    p.setRenderHint(QPainter.RenderHint.Antialiasing)
    color = board.painter.ink.color(token)
    p.setBrush(Qt.BrushStyle.NoBrush)
    p.setPen(QPen(color, 1.4 if view.scale >= g.DETAIL else 1.0, Qt.PenStyle.DotLine))
    for end in ends:
        path = QPainterPath(start)
        reach = max(24.0, (start.y() - end.y()) * 0.5)
        path.cubicTo(start - QPointF(0, reach), end + QPointF(0, reach), end)
        p.drawPath(path)
    p.setPen(Qt.PenStyle.NoPen)
    p.setBrush(color)
    for end in ends:
        p.drawEllipse(end, PLUCK, PLUCK)
