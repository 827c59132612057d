"""A tensor's numbers as a histogram and as lines."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPen, QPolygonF

from guigrad.ui.canvas.content import number
from guigrad.ui.widgets.slicing import Array, Shown, envelope, lines_of
from guigrad.ui.widgets.tensor_pictures import Picture, cell_words

LINES: Final = 12
"""Rows that are drawn at once."""
TOKENS: Final = (
    "value",
    "grad",
    "success",
    "failed",
    "xray",
    "warning",
    "accent",
    "loop",
    "leaf",
    "reduce",
    "loss",
    "optim",
)
"""Colours of the lines, the first row's first."""


class Histogram(Picture):
    """How often each number occurs, of all entries; arrows go from bin to bin."""

    title = "Histogram"
    _bin = -1

    def room(self) -> QRectF:
        """Where the bars are. Units: px"""
        return QRectF(self.rect()).adjusted(self.look.px(8), self.look.px(20), -self.look.px(8), -self.look.px(20))

    def draw(self, p: QPainter, shown: Shown) -> None:
        spread, room = shown.spread, self.room()
        p.setFont(self.look.code(10))
        p.setPen(self.look.color("text_muted"))
        if not spread.counts:
            p.drawText(room, Qt.AlignmentFlag.AlignCenter, "no finite number")
            return
        most, wide = max(spread.counts), room.width() / len(spread.counts)
        p.setPen(Qt.PenStyle.NoPen)
        for place, count in enumerate(spread.counts):
            tall = max(room.height() * count / most, 2.0 if count else 0.0)
            p.setBrush(self.look.color(shown.scale if place != self._bin else "selected"))
            p.drawRect(QRectF(room.left() + place * wide, room.bottom() - tall, max(wide - 1, 1.0), tall))
        p.setPen(self.look.color("border_strong"))
        p.drawLine(room.bottomLeft(), room.bottomRight())
        p.setPen(self.look.color("text_muted"))
        foot = QRectF(room.left(), room.bottom() + 2, room.width(), self.look.px(16))
        p.drawText(foot, Qt.AlignmentFlag.AlignLeft, number(spread.low))
        p.drawText(foot, Qt.AlignmentFlag.AlignRight, number(spread.high))
        if spread.low < 0 < spread.high:
            x = room.left() + room.width() * (-spread.low / (spread.high - spread.low))
            p.setPen(QPen(self.look.color("text_faint"), 1, Qt.PenStyle.DashLine))
            p.drawLine(QPointF(x, room.top()), QPointF(x, room.bottom()))
            if room.left() + self.look.px(60) < x < room.right() - self.look.px(60):
                p.setPen(self.look.color("text_muted"))
                p.drawText(QRectF(x - 20, foot.top(), 40, foot.height()), Qt.AlignmentFlag.AlignHCenter, "0")
        p.setPen(self.look.color("text_muted"))
        head = QRectF(room.left(), 2, room.width(), self.look.px(16))
        p.drawText(head, Qt.AlignmentFlag.AlignLeft, f"most: {most:,} in one of {len(spread.counts)} bins")

    def _tell(self, place: int) -> None:
        assert self.shown is not None
        spread = self.shown.spread
        self._bin = min(max(place, 0), len(spread.counts) - 1)
        wide = spread.high / len(spread.counts) - spread.low / len(spread.counts)
        low = spread.low + self._bin * wide
        self.say(f"{spread.counts[self._bin]:,} from {number(low)} to {number(low + wide)}")
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.shown is not None and self.shown.spread.counts and self.room().width() > 0:
            part = (event.position().x() - self.room().left()) / self.room().width()
            self._tell(int(part * len(self.shown.spread.counts)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None or self.shown is None or not self.shown.spread.counts:
            super().keyPressEvent(event)
        else:
            self._tell(self._bin + step)


class Lines(Picture):
    """A vector, or rows of a matrix, against their index; of a long one the smallest and the largest number of each pixel's stretch."""

    title = "Lines"
    _at = -1

    def room(self) -> QRectF:
        """Where the lines are. Units: px"""
        return QRectF(self.rect()).adjusted(self.look.px(62), self.look.px(10), -self.look.px(46), -self.look.px(20))

    def draw(self, p: QPainter, shown: Shown) -> None:
        room, lines = self.room(), lines_of(shown, LINES)
        width = max(round(room.width()), 1)
        parts = [(row, *envelope(line, width)) for row, line in lines]
        low = min(
            (float(np.fmin.reduce(small, initial=math.inf)) for _, _, small, _ in parts if small.size), default=0.0
        )
        high = max((float(np.fmax.reduce(large, initial=-math.inf)) for *_, large in parts if large.size), default=0.0)
        low, high = (
            v if math.isfinite(v) else w
            for v, w in zip((low, high), (shown.spread.low, shown.spread.high), strict=True)
        )
        if low == high:
            low, high = low - 1.0, high + 1.0
        self._axes(p, room, shown, low, high)
        p.save()
        p.setClipRect(room.adjusted(-2, -2, 2, 2))
        p.setRenderHint(QPainter.RenderHint.Antialiasing)
        size = max(shown.grid.shape[1] - 1, 1)
        for (_, starts, small, large), token in zip(parts, TOKENS, strict=False):
            color = self.look.color(token if len(parts) > 1 else shown.scale)
            p.setPen(QPen(color, 1.4))
            x = room.left() + starts / size * room.width()
            top, bottom = (room.bottom() - (values - low) / (high - low) * room.height() for values in (large, small))
            self._draw_line(p, x, top, bottom, small is large)
        p.restore()
        self._names(p, room, [row for row, *_ in parts], shown)
        if 0 <= self._at <= size:
            p.setPen(QPen(self.look.color("selected"), 1, Qt.PenStyle.DashLine))
            at = room.left() + self._at / size * room.width()
            p.drawLine(QPointF(at, room.top()), QPointF(at, room.bottom()))

    def _draw_line(self, p: QPainter, x: Array, top: Array, bottom: Array, plain: bool) -> None:
        """One line; what is not finite leaves a gap."""
        good = np.isfinite(top) & np.isfinite(bottom)
        edges = np.flatnonzero(np.diff(np.concatenate(([0], good.astype(np.int8), [0]))))
        for first, end in edges.reshape(-1, 2):
            upper = [QPointF(float(a), float(b)) for a, b in zip(x[first:end], top[first:end], strict=True)]
            if not plain:
                lower = zip(x[first:end][::-1], bottom[first:end][::-1], strict=True)
                p.setBrush(p.pen().color())
                p.drawPolygon(QPolygonF(upper + [QPointF(float(a), float(b)) for a, b in lower]))
            elif len(upper) == 1:
                p.drawEllipse(upper[0], 2, 2)
            else:
                p.setBrush(Qt.BrushStyle.NoBrush)
                p.drawPolyline(QPolygonF(upper))
                if len(upper) <= 40:
                    p.setBrush(p.pen().color())
                    for point in upper:
                        p.drawEllipse(point, 2, 2)

    def _axes(self, p: QPainter, room: QRectF, shown: Shown, low: float, high: float) -> None:
        p.setFont(self.look.code(10))
        line = self.look.px(14)
        for value in dict.fromkeys((low, 0.0 if low < 0 < high else low, high)):
            y = room.bottom() - (value - low) / (high - low) * room.height()
            p.setPen(QPen(self.look.color("border_strong" if value == 0 else "border"), 1))
            p.drawLine(QPointF(room.left(), y), QPointF(room.right(), y))
            p.setPen(self.look.color("text_muted"))
            p.drawText(QRectF(0, y - line / 2, room.left() - 4, line), Qt.AlignmentFlag.AlignRight, number(value))
        foot = QRectF(room.left(), room.bottom() + 3, room.width(), line)
        p.drawText(foot, Qt.AlignmentFlag.AlignLeft, "0")
        step = shown.steps[shown.cut.columns] if shown.steps and shown.cut.columns >= 0 else 1
        p.drawText(foot, Qt.AlignmentFlag.AlignRight, str((shown.grid.shape[1] - 1) * step))

    def _names(self, p: QPainter, room: QRectF, rows: list[int], shown: Shown) -> None:
        if len(rows) < 2:
            return
        line = self.look.px(13)
        for place, (row, token) in enumerate(zip(rows, TOKENS, strict=False)):
            p.setPen(self.look.color(token))
            p.drawText(
                QRectF(room.right() + 6, room.top() + place * line, 40, line), Qt.AlignmentFlag.AlignLeft, f"[{row}]"
            )
        left_out = shown.grid.shape[0] - len(rows)
        if left_out:
            p.setPen(self.look.color("text_muted"))
            p.drawText(
                QRectF(room.right() + 6, room.top() + len(rows) * line, 44, line),
                Qt.AlignmentFlag.AlignLeft,
                f"+{left_out}",
            )

    def _tell(self, at: int) -> None:
        assert self.shown is not None
        rows, columns = self.shown.grid.shape
        self._at = min(max(at, 0), columns - 1)
        self.say("   ".join(cell_words(self.shown, row, self._at) for row in range(min(rows, 4))))
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.shown is not None and self.shown.values.size and self.room().width() > 0:
            part = (event.position().x() - self.room().left()) / self.room().width()
            self._tell(round(part * (self.shown.grid.shape[1] - 1)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None or self.shown is None or not self.shown.values.size:
            super().keyPressEvent(event)
        else:
            self._tell(self._at + step)
