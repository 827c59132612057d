"""What a board paints, layer by layer: the graph, what moves over it, what is found, hovered and dragged, the overview, and answers.

Thread: the GUI thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QRegion

from guigrad.ui.canvas import found, overlay, stops, threads, traces
from guigrad.ui.canvas.bubble import bubble

if TYPE_CHECKING:
    from guigrad.ui.canvas.board import Board

EMPTY: Final = ("Drag an op from the palette", "Paste Python here to make a graph of it")


def paint(p: QPainter, board: Board, part: QRegion | None) -> None:
    """All of a board, or a part of it."""
    painter, scene = board.painter, board.scene
    painter.glow = board.motion.glow
    painter.paint(p, board.viewport, part=part)
    board.motion.paint(p)
    stops.paint(p, board)
    p.setRenderHint(QPainter.RenderHint.Antialiasing)
    if not scene.row and not scene.document.notes and not scene.document.boxes:
        _empty(p, board)
    found.paint(p, board)
    overlay.paint(p, board, part)
    found.paint_focus(p, board)
    thread = board.threads() if board.threads is not None else None
    if thread is not None:
        threads.paint(p, board, thread)
    if part is None or part.intersects(board.minimap.place.toAlignedRect()):
        board.minimap.paint(p)
    if part is None:
        board.legend.settle()
    board.legend.paint(p)
    found.paint_handles(p, board)
    if board.target is not None:
        traces.highlight(p, painter.ink, scene, board.viewport, (board.target,), "success")
    if board.gesture is not None:
        board.gesture.paint(p)
    if board.said[0]:
        bubble(p, board, board.said[0], board.said[1], "failed")


def _empty(p: QPainter, board: Board) -> None:
    ink = board.painter.ink
    middle = QRectF(0, board.height() / 2 - 40, board.width(), 32)
    p.setFont(ink.box)
    p.setPen(ink.color("text_muted"))
    key = board.keymap.text("add_node")
    p.drawText(middle, Qt.AlignmentFlag.AlignCenter, EMPTY[0] + (f", or press {key}" if key else ""))
    p.setFont(ink.note)
    p.setPen(ink.color("text_faint"))
    data = board.keymap.text("data")
    more = f"  ·  {data}: begin with a data set" if data else ""
    p.drawText(middle.translated(0, 30), Qt.AlignmentFlag.AlignCenter, EMPTY[1] + more)
