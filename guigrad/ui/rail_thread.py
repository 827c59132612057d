"""The lower end of the threads that lead from a pill of the rail to its nodes on the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPen

from guigrad.ui.canvas.threads import Thread
from guigrad.ui.rail_items import COLOURS, Pill

if TYPE_CHECKING:
    from guigrad.ui.rail_strip import RailStrip


def tied(strip: RailStrip) -> Thread | None:
    """From where a thread is drawn: the pill or bracket under the pointer, else the selected one while the rail has the keys."""
    placed = strip.pointed
    if placed is None and strip.hasFocus():
        placed = next((p for p in strip.placed if strip.selected and p.keys == strip.selected), None)
    if placed is None or not placed.item.nodes or not strip.isVisible():
        return None
    rect, is_pill = placed.rect, isinstance(placed.item, Pill)
    top = QPointF(rect.center().x() if is_pill else rect.left() + strip.look.px(20), rect.top()).toPoint()
    if not strip.visibleRegion().boundingRect().contains(top):
        return None  # scrolled away
    token = COLOURS.get(placed.item.kind, "text_muted") if is_pill else "loop"
    return placed.item.nodes, strip.mapToGlobal(top), token


def paint(painter: QPainter, strip: RailStrip) -> None:
    """The piece from the pill up to the canvas."""
    thread = tied(strip)
    if thread is not None:
        top = QPointF(strip.mapFromGlobal(thread[1]))
        painter.setPen(QPen(strip.look.color(thread[2]), 1.4, Qt.PenStyle.DotLine))
        painter.drawLine(top, QPointF(top.x(), 0))
