"""The runs of a training below the timeline's phases: a lane each, from where it left another to where it is; a press goes back to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

if TYPE_CHECKING:
    from guigrad.ui.widgets.timeline import Timeline

MOST: Final = 5
"""Lanes at once: the run that goes on, and the newest of the others."""
LANE: Final = 13
"""Units: px at scale 1."""


@dataclass(frozen=True)
class Lane:
    """One run: its steps are those after ``start`` up to ``end``."""

    number: int
    name: str
    start: int
    end: int
    current: bool = False


def shown(line: Timeline) -> tuple[Lane, ...]:
    """The lanes that are drawn, the oldest first."""
    runs = line.course.runs
    if len(runs) < 2:
        return ()
    newest = [lane for lane in runs if not lane.current][-(MOST - 1) :]
    return tuple(lane for lane in runs if lane.current or lane in newest)


def height(line: Timeline) -> int:
    """What the lanes take of the timeline's height. Units: px"""
    return len(shown(line)) * line.look.px(LANE)


def places(line: Timeline) -> list[tuple[Lane, QRectF, QRectF]]:
    """Each lane with the whole of its row and the bar in it. Units: px"""
    found = []
    look, tall = line.look, line.look.px(LANE)
    left, right = line.x_of(line.span[0]), line.x_of(line.span[1])
    top = float(line.height() - height(line))
    for lane in shown(line):
        row = QRectF(0, top, line.width(), tall)
        first = min(max(line.x_of(lane.start + 0.5), left), right)
        last = min(max(line.x_of(lane.end + 0.5), left), right)
        found.append((lane, row, QRectF(first, top + 3, max(last - first, look.px(2)), tall - 6)))
        top += tall
    return found


def at(line: Timeline, place: QPointF) -> Lane | None:
    """The lane at a point."""
    return next((lane for lane, row, _ in places(line) if row.contains(place)), None)


def paint(p: QPainter, line: Timeline) -> None:
    """All lanes: that of the run that goes on is filled, the others are outlined; names stand at the left."""
    look = line.look
    p.setFont(look.code(10))
    for lane, row, bar in places(line):
        p.setPen(look.color("text" if lane.current else "text_muted"))
        label = QRectF(0, row.top(), line.x_of(line.span[0]) - look.px(8), row.height())
        name = p.fontMetrics().elidedText(lane.name, Qt.TextElideMode.ElideRight, round(label.width()) - look.px(4))
        p.drawText(label, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, name)
        p.setPen(QPen(look.color("xray"), 1))
        p.setBrush(look.color("xray") if lane.current else Qt.BrushStyle.NoBrush)
        p.drawRoundedRect(bar, 2, 2)
    p.setBrush(Qt.BrushStyle.NoBrush)
