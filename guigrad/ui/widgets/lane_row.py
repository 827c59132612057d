"""One lane of a race: its colour and mark, what it is, how far it is, and what can be done with it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from guigrad.run.race import Lane
from guigrad.ui.style import Look
from guigrad.ui.widgets import parts
from guigrad.ui.widgets.terrain import short

STATES = {"ready": "at the start", "runs": "", "finished": "done", "diverged": "diverged", "failed": "failed"}


class Mark(QWidget):
    """The sign of a lane as the plots draw it."""

    def __init__(self, look: Look, token: str, mark: str) -> None:
        super().__init__()
        self.look, self.token, self.mark = look, token, mark
        self.setFixedSize(self.sizeHint())

    def sizeHint(self) -> QSize:
        return QSize(self.look.px(16), self.look.px(16))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(Qt.PenStyle.NoPen))
        painter.setBrush(self.look.color(self.token))
        size = self.width()
        painter.translate(size / 2, size / 2)
        r = size * 0.36
        corners: dict[str, list[tuple[float, float]]] = {
            "s": [(-r, -r), (r, -r), (r, r), (-r, r)], "t": [(-r, -r * 0.8), (r, -r * 0.8), (0, r)], "d": [(0, -r), (r * 0.7, 0), (0, r), (-r * 0.7, 0)],
            "p": [(0, -r), (r, -r * 0.2), (r * 0.6, r), (-r * 0.6, r), (-r, -r * 0.2)],
            "h": [(r * 0.5, -r), (r, 0), (r * 0.5, r), (-r * 0.5, r), (-r, 0), (-r * 0.5, -r)],
            "star": [(0, -r), (r * 0.3, -r * 0.3), (r, -r * 0.3), (r * 0.4, r * 0.2), (r * 0.6, r), (0, r * 0.5), (-r * 0.6, r), (-r * 0.4, r * 0.2), (-r, -r * 0.3), (-r * 0.3, -r * 0.3)],
            "+": [(-r / 3, -r), (r / 3, -r), (r / 3, -r / 3), (r, -r / 3), (r, r / 3), (r / 3, r / 3), (r / 3, r), (-r / 3, r), (-r / 3, r / 3), (-r, r / 3), (-r, -r / 3), (-r / 3, -r / 3)],
        }  # fmt: skip
        if self.mark in corners:
            painter.drawPolygon(QPolygonF([QPointF(*corner) for corner in corners[self.mark]]))
        else:
            painter.drawEllipse(QPointF(0, 0), r, r)
        painter.end()


class LaneRow(QWidget):
    """``used(lane)``, ``removed(lane)``."""

    used = Signal(object)
    removed = Signal(object)

    def __init__(self, look: Look, lane: Lane, token: str, mark: str) -> None:
        super().__init__()
        self.look, self.lane = look, lane
        row = QHBoxLayout(self)
        row.setContentsMargins(look.px(8), look.px(3), look.px(4), look.px(3))
        row.setSpacing(look.px(7))
        row.addWidget(Mark(look, token, mark))
        words = QVBoxLayout()
        words.setSpacing(0)
        self.name = parts.ElidedLabel(lane.variant.name)
        self.name.setFont(look.text(12.5, 600))
        self.note = parts.ElidedLabel("", "muted")
        for label in (self.name, self.note):
            words.addWidget(label)
        row.addLayout(words, 1)
        use = self._button("Use", f"Puts {lane.variant.name} into the document ({lane.variant.words}); one undo step")
        use.clicked.connect(lambda: self.used.emit(self.lane))
        gone = self._button("×", f"Takes {lane.variant.name} off the race")
        gone.clicked.connect(lambda: self.removed.emit(self.lane))
        row.addWidget(use)
        row.addWidget(gone)
        self.show_lane()

    def _button(self, text: str, tip: str) -> QPushButton:
        made = QPushButton(text)
        made.setProperty("role", "flat")
        made.setStyleSheet(f"padding: {self.look.px(3)}px {self.look.px(5)}px;")
        made.setToolTip(tip)
        made.setAccessibleName(tip)
        return made

    def show_lane(self) -> None:
        """How far it is now."""
        lane: Any = self.lane
        loss = lane.loss
        words = [f"loss {short(loss)}"] if loss is not None else []
        said = lane.said or STATES[lane.state]
        words = [said, *words] if lane.over else [*words, said] if said else words
        words += [f"step {lane.step:,}"] if lane.step else []
        if lane.state == "runs" and not lane.step:
            words = ["starting…"]
        self.note.setText(" · ".join(words) or lane.variant.words)
        role = "error" if lane.over else "muted"
        if self.note.property("role") != role:
            self.note.setProperty("role", role)
            self.note.style().unpolish(self.note)
            self.note.style().polish(self.note)
