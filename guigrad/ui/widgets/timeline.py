"""The timeline of a training: steps from left to right, the phases of each from top to bottom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from guigrad.ui.canvas.arrays import c_array
from guigrad.ui.style import Look
from guigrad.ui.widgets import lanes
from guigrad.ui.widgets.lanes import Lane

TOKENS: Final = {"forward": "value", "backward": "grad", "step": "optim", "zero_grad": "text_muted"}
"""The colour of each phase."""
WIDE_PX: Final = 7
"""A step at least so wide has its phases drawn as cells."""
FEWEST: Final = 8.0
"""So many steps are in view at least."""
FAR: Final = 10
KEYS: Final = {
    Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_PageUp: -FAR, Qt.Key.Key_PageDown: FAR,
}  # fmt: skip


@dataclass(frozen=True)
class Course:
    """What the timeline shows. ``step`` with ``phase`` (its place, -1: the end) is what the canvas shows, ``end`` the last step played.

    ``total``: steps of the program, 0 when nobody knows; ``kept``: steps of which there is a frame; ``marks``: bookmarked ones with their
    words; ``branches``: steps at which another run left; ``runs``: all of them, if there are several.
    """

    phases: tuple[str, ...] = ()
    step: int = 0
    phase: int = -1
    end: int = 0
    total: int = 0
    kept: tuple[int, ...] = ()
    marks: dict[int, str] = field(default_factory=dict)
    branches: tuple[int, ...] = ()
    runs: tuple[Lane, ...] = ()


class Timeline(QWidget):
    """Drag or press to go to a step and phase; the wheel zooms at the pointer, with Shift it moves.

    ``scrubbed(step, phase)``: phase is the place of a phase that is not the last, else -1. ``mark_asked(step)``: a double-click at the head.
    ``run_chosen(number)``: a press on the lane of another run. ``describe`` tells about a run.
    """

    scrubbed = Signal(int, int)
    mark_asked = Signal(int)
    menu_asked = Signal(int, QPointF)
    run_chosen = Signal(int)
    play_asked = Signal()

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.course = Course()
        self.span = (0.5, 0.5 + FEWEST)
        self._whole = True
        self._dragging = False
        self._hover: tuple[int, int] | None = None
        self.describe: Callable[[int], str] = lambda number: ""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName("Timeline: steps and phases")

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self.look = look
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self.look.px(420), self.look.px(110))

    def minimumSizeHint(self) -> QSize:
        return QSize(self.look.px(110), self.look.px(74))

    def show_course(self, course: Course) -> None:
        """Another state of the training."""
        if course == self.course:
            return
        before, self.course = self.course, course
        if self._whole or course.end < before.end:
            self.show_all()
        elif course.step != before.step:
            self._follow(course.step)
        self.setAccessibleDescription(self.words(course.step, course.phase))
        self.update()

    def words(self, step: int, phase: int) -> str:
        """A place in words."""
        c = self.course
        if not c.end:
            return "nothing has been played"
        name = f" · after {c.phases[phase]}" if 0 <= phase < len(c.phases) else ""
        mark = f" · {c.marks[step] or 'bookmark'}" if step in c.marks else ""
        return f"step {step:,}{name}{mark}"

    # --- what is in view ---

    @property
    def steps(self) -> int:
        """How many steps there is room for in all."""
        c = self.course
        known = (
            c.total if c.total <= max(20 * c.end, 2000) else 0
        )  # a loop of a million steps would be a line without width
        return max(c.end, known, int(FEWEST), *(lane.end for lane in c.runs))

    def show_all(self) -> None:
        """Every step is in view."""
        self._whole = True
        self.span = (0.5, self.steps + 0.5)
        self.update()

    def zoom(self, factor: float, at: float) -> None:
        """Shows fewer steps (factor > 1) around a place, or more. Units: at in steps."""
        low, high = self.span
        wide = min(max((high - low) / factor, FEWEST), float(self.steps))
        share = (at - low) / (high - low)
        self._put(at - share * wide, wide)

    def _put(self, low: float, wide: float) -> None:
        low = min(max(low, 0.5), self.steps + 0.5 - wide)
        self.span = (low, low + wide)
        self._whole = wide >= self.steps
        self.update()

    def _follow(self, step: int) -> None:
        low, high = self.span
        wide = high - low
        if not low + wide * 0.02 <= step <= high - wide * 0.02:
            self._put(step - wide / 2, wide)

    # --- places ---

    def _room(self) -> QRectF:
        px = self.look.px
        return QRectF(self.rect()).adjusted(px(76), px(20), -px(10), -px(16) - lanes.height(self))

    def x_of(self, step: float) -> float:
        """Where a step's middle is. Units: px"""
        room, (low, high) = self._room(), self.span
        return room.left() + (step - low) / (high - low) * room.width()

    def _step(self, x: float) -> float:
        room, (low, high) = self._room(), self.span
        return low + (x - room.left()) / max(room.width(), 1.0) * (high - low)

    def place(self, at: QPointF) -> tuple[int, int]:
        """The step and phase at a point; at the head and foot, and of the last phase, the end of the step (-1)."""
        step = min(max(round(self._step(at.x())), 1), max(self.course.end, 1))
        room, count = self._room(), len(self.course.phases)
        row = int((at.y() - room.top()) // (room.height() / max(count, 1)))
        wide = room.width() / (self.span[1] - self.span[0])
        if not (0 <= row < count - 1) or wide < WIDE_PX * self.look.scale:
            return step, -1
        return step, row

    # --- drawing ---

    def paintEvent(self, event: QPaintEvent) -> None:
        p = QPainter(self)
        look, c, room = self.look, self.course, self._room()
        p.fillRect(self.rect(), look.color("panel"))
        p.setRenderHint(QPainter.RenderHint.Antialiasing)
        p.setFont(look.code(10))
        rows = c.phases or ("forward", "backward", "step", "zero_grad")
        tall = room.height() / len(rows)
        per = room.width() / (self.span[1] - self.span[0])
        done = min(max(self.x_of(c.end + 0.5), room.left()), room.right()) if c.end else room.left()
        for at, name in enumerate(rows):
            top = room.top() + at * tall
            token = TOKENS.get(name, "text_muted")
            p.setPen(look.color(token))
            label = QRectF(0, top, room.left() - look.px(8), tall)
            p.drawText(label, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, name)
            band = QRectF(room.left(), top + 1, room.width(), tall - 2)
            p.fillRect(band, look.color("raised"))
            if c.end:
                self._band(p, band, done, per, token, c.phase == at)
        self._ticks(p, room, per)
        lanes.paint(p, self)
        self._marks(p, room)
        if not c.end:
            p.setPen(look.color("text_faint"))
            p.setFont(look.text(11.5))
            words = "Nothing trained yet." if c.phases else "No training loop yet."
            p.drawText(room, Qt.AlignmentFlag.AlignCenter, words)
        else:
            self._head(p, room, tall, per)
        if self.hasFocus():
            p.setPen(QPen(look.color("focus"), 1, Qt.PenStyle.DotLine))
            p.setBrush(Qt.BrushStyle.NoBrush)
            p.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))

    def _band(self, p: QPainter, band: QRectF, done: float, per: float, token: str, here: bool) -> None:
        """What has been played of one phase: cells where they can be told apart, else one band."""
        look, soft = self.look, self.look.color(token, 0.42)
        if per < WIDE_PX * look.scale:
            p.fillRect(QRectF(band.left(), band.top(), max(done - band.left(), 0.0), band.height()), soft)
            return
        first, last = max(1, int(np.ceil(self.span[0]))), min(self.course.end, int(self.span[1]))
        gap = min(2.0, per * 0.15)
        for step in range(first, last + 1):
            left = self.x_of(step - 0.5)
            strong = here and step == self.course.step
            cell = QRectF(left + gap / 2, band.top(), per - gap, band.height()).intersected(band)
            p.fillRect(cell, look.color(token) if strong else soft)

    def _ticks(self, p: QPainter, room: QRectF, per: float) -> None:
        look = self.look
        every = _nice(look.px(64) / per)
        p.setPen(look.color("text_muted"))
        first = -int(-self.span[0] // every) * every
        for step in range(max(first, every), int(self.span[1]) + 1, every):
            x = self.x_of(step)
            text = f"{step:,}"
            middle = min(x, self.width() - 1 - p.fontMetrics().horizontalAdvance(text) / 2)
            p.drawText(QRectF(middle - 60, 1, 120, room.top() - 4), Qt.AlignmentFlag.AlignCenter, text)
            p.drawLine(QPointF(x, room.top() - 3), QPointF(x, room.top()))
        kept = np.asarray(self.course.kept, dtype=np.float64)
        low, high = self.span
        inside = kept[(kept >= low) & (kept <= high)]
        at = np.unique(np.round(room.left() + (inside - low) / (high - low) * room.width()))
        if len(at):
            lines = np.empty((len(at), 4))
            lines[:, 0] = lines[:, 2] = at
            lines[:, 1], lines[:, 3] = room.bottom() + 2, room.bottom() + look.px(5)
            p.setPen(QPen(look.color("text_faint"), 1))
            p.drawLines(c_array(lines, QLineF), len(at))

    def _marks(self, p: QPainter, room: QRectF) -> None:
        """Bookmarks hang from the head, branches rise from the foot."""
        look, size = self.look, float(self.look.px(5))
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(look.color("warning"))
        for step in self.course.marks:
            x = self.x_of(step)
            if room.left() <= x <= room.right():
                top = room.top() - 2 * size
                flag = (QPointF(x - size, top), QPointF(x + size, top), QPointF(x + size, room.top()),
                        QPointF(x, room.top() - size * 0.7), QPointF(x - size, room.top()))  # fmt: skip
                p.drawPolygon(QPolygonF(flag))
        p.setBrush(look.color("xray"))
        for step in self.course.branches:
            x = self.x_of(step + 0.5)
            if room.left() <= x <= room.right():
                foot = room.bottom() + look.px(16) - 1
                p.drawPolygon(
                    QPolygonF((QPointF(x, foot - 2 * size), QPointF(x + size, foot), QPointF(x - size, foot)))
                )

    def _head(self, p: QPainter, room: QRectF, tall: float, per: float) -> None:
        """Where the canvas is, and the words of what the pointer is on."""
        look, c = self.look, self.course
        if not c.step:
            return
        x = self.x_of(c.step)
        if room.left() - 1 <= x <= room.right() + 1:
            p.setPen(QPen(look.color("text"), look.px(2)))
            p.drawLine(QPointF(x, room.top() - look.px(4)), QPointF(x, room.bottom() + look.px(4)))
        p.setPen(look.color("text_muted"))
        foot = QRectF(room.left(), room.bottom() + 2, room.width(), look.px(16) - 2)
        words = self.words(*self._hover) if self._hover and not self._dragging else self.words(c.step, c.phase)
        p.setPen(look.color("text"))
        width = p.fontMetrics().horizontalAdvance(words) + look.px(8)
        box = QRectF(
            min(max(x - width / 2, room.left()), room.right() - width), foot.top() + 1, width, foot.height() - 1
        )
        p.fillRect(box, look.color("raised"))
        p.drawText(box, Qt.AlignmentFlag.AlignCenter, words)

    # --- mouse and keys ---

    def mousePressEvent(self, event: QMouseEvent) -> None:
        lane = lanes.at(self, event.position())
        if lane is not None:
            if event.button() == Qt.MouseButton.LeftButton and not lane.current:
                self.run_chosen.emit(lane.number)
        elif event.button() == Qt.MouseButton.LeftButton and self.course.end:
            self._dragging = True
            self.scrubbed.emit(*self.place(event.position()))
        elif event.button() == Qt.MouseButton.RightButton and self.course.end:
            self.menu_asked.emit(self.place(event.position())[0], event.globalPosition())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = self.place(event.position())
        if self._dragging and place != (self.course.step, self.course.phase):
            self.scrubbed.emit(*place)
        if place != self._hover:
            self._hover = place
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragging = False
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.course.end:
            if event.position().y() < self._room().top():
                self.mark_asked.emit(self.place(event.position())[0])
            else:
                self.show_all()

    def leaveEvent(self, event: QEvent) -> None:
        self._hover = None
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn = event.angleDelta().y() or event.angleDelta().x()
        low, high = self.span
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier or not event.angleDelta().y():
            self._put(low - turn / 120 * (high - low) / 10, high - low)
        elif turn:
            self.zoom(1.25 ** (turn / 120), self._step(event.position().x()))
        event.accept()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            lane = lanes.at(self, QPointF(event.pos()))
            words = self.words(*self.place(QPointF(event.pos()))) if self.course.end else ""
            words = words if lane is None else self.describe(lane.number)
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        c, key = self.course, event.key()
        far = FAR if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        if key == Qt.Key.Key_Space and not event.modifiers() and not event.isAutoRepeat():
            self.play_asked.emit()
        elif not c.end or event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier):
            super().keyPressEvent(event)
        elif key in KEYS:
            step = min(max(c.step + KEYS[Qt.Key(key)] * far, 1), c.end)
            self.scrubbed.emit(step, c.phase)
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self.scrubbed.emit(1 if key == Qt.Key.Key_Home else c.end, -1)
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and c.phases:
            self.scrubbed.emit(*self._phase_on(1 if key == Qt.Key.Key_Down else -1))
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            self.zoom(0.8 if key == Qt.Key.Key_Minus else 1.25, float(c.step))
        elif key == Qt.Key.Key_0:
            self.show_all()
        else:
            super().keyPressEvent(event)

    def _phase_on(self, by: int) -> tuple[int, int]:
        """The phase after or before that which is shown, in the next or last step where this one ends."""
        c, count = self.course, len(self.course.phases)
        flat = (c.step - 1) * count + (c.phase if c.phase >= 0 else count - 1) + by
        flat = min(max(flat, 0), c.end * count - 1)
        step, phase = flat // count + 1, flat % count
        return step, -1 if phase == count - 1 else phase

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()


def _nice(least: float) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50 … that is no less."""
    base = 1
    while True:
        for factor in (1, 2, 5):
            if base * factor >= least:
                return base * factor
        base *= 10
