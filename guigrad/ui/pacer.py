"""Training at a pace that can be followed: one phase after the other, so many a second; at full speed the session's coach plays on by itself."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QObject, QTimer, Signal

from guigrad.run.training import Until

PHASE_MS: Final = 250
"""A phase at speed 1."""


class Pacer(QObject):
    """Plays a coach's training. ``speed`` 0 is full speed. ``changed()`` when it begins or ends to play by itself. Thread: the GUI thread."""

    changed = Signal()

    def __init__(self, coach: Any, session: Any, parent: QObject) -> None:
        super().__init__(parent)
        self.coach, self.session = coach, session
        self.speed = 0.0
        self.paced = False
        self._left: int | None = None
        self._until: Until | None = None
        self._before: tuple[int, str] | None = None
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._tick)

    @property
    def playing(self) -> bool:
        """Whether it plays on by itself."""
        return self.paced or bool(self.coach.playing)

    def play(self, steps: int | None = None, until: Until | None = None) -> None:
        """Plays so many steps (None: to the end of the program), or until a condition holds."""
        self._left, self._until = steps, until
        if not self.speed:
            self.paced = False
            self.coach.train(steps, until)
            return
        self.paced, self._before = True, None
        self.changed.emit()
        self._tick()

    def pause(self) -> None:
        """Stands still after what is being played."""
        self._timer.stop()
        if self.paced:
            self.paced = False
            self.changed.emit()
        self.coach.pause()

    def set_speed(self, speed: float) -> None:
        """Another speed, also while it plays."""
        playing, left, until = self.playing, self._left, self._until
        if speed == self.speed:
            return
        self.speed = speed
        if playing and bool(speed) != self.paced:
            self.pause()
            self.play(left if self._was_counting else None, until)

    @property
    def _was_counting(self) -> bool:
        return self._left is not None

    def follow(self) -> None:
        """The coach tells that something has changed."""
        coach, now = self.coach, (self.coach.step, self.coach.phase)
        if not self.paced or self._before is None or (now == self._before and self.session.running):
            return
        landed, self._before = now != self._before, None
        if not landed or coach.reason in ("nan", "failed", "stopped", "end"):
            self.pause()
            return
        if coach.phase == "end":
            if self._left is not None:
                self._left -= 1
            over = self._left is not None and self._left <= 0
            if over or self._holds() or (self._left is None and self._until is None and coach.step == coach.total):
                self.pause()
                return
        self._timer.start(round(PHASE_MS / max(self.speed, 0.01)))

    def _holds(self) -> bool:
        until, coach = self._until, self.coach
        if until is None:
            return False
        if until.watch is None:
            return until.holds(coach.step)
        series = coach.recording.run.series.get(until.watch.text)
        return series is not None and until.holds(series.at(coach.step))

    def _tick(self) -> None:
        if self.paced:
            self._before = (self.coach.step, self.coach.phase)
            self.coach.step_phase()
