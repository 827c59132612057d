"""What the canvas shows of a training: what the step did to the parameters, and pulses as fast as its phases are played."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject

from guigrad.run.frame import Frame
from guigrad.ui.canvas.animate import PULSE_MS
from guigrad.ui.canvas.updates import Updates
from guigrad.ui.pacer import PHASE_MS, Pacer

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow

PULSES_MS: Final = (60.0, 600.0)
"""Shortest and longest pulse of a phase."""
COMPARED: Final = 8
"""Leaves by which a frame is known to be that of a step."""


class TrainingCanvas(QObject):
    """Thread: the GUI thread. It lives as long as the window."""

    def __init__(self, window: MainWindow, pacer: Pacer, parent: QObject) -> None:
        super().__init__(parent)
        self.window, self.pacer = window, pacer
        self.session, self.coach = window.session, window.session.coach
        self._known: tuple[Frame | None, tuple[int, int]] = (None, (0, 0))

    def follow(self, inside: bool) -> None:
        """Another step, or a piece of one, may be shown. ``inside``: the training stands between two phases."""
        canvas, coach, pacer = self.window.canvas, self.coach, self.pacer
        if coach.rewind.busy:  # until the step comes that is asked for, the one before it is shown, with what it did
            return
        paced = pacer.paced and pacer.speed
        canvas.motion.pulse_ms = (
            min(max(0.9 * PHASE_MS / pacer.speed, PULSES_MS[0]), PULSES_MS[1]) if paced else PULSE_MS
        )
        step = coach.shown if coach.shown is not None else coach.step + inside
        frame = self.session.frame
        if frame is self._known[0] and canvas.painter.updates is not None and self._known[1] == (step, inside):
            return
        self._known = (frame, (step, inside))
        canvas.set_updates(self._updates(frame, step, inside) if step and self.window.settings.updates else None)

    def again(self, inside: bool) -> None:
        """The same, whatever was shown before."""
        self._known = (None, (0, 0))
        self.follow(inside)

    def _updates(self, frame: Frame | None, step: int, inside: bool) -> Updates | None:
        recording: Any = self.coach.recording
        kept, before = recording.frame(step), recording.frame_before(step)
        if frame is None or before is None or self.session.stepper.active:
            return None
        if not inside and (kept is None or not self._same(self.session.seen(kept), frame)):
            return None  # what is shown is no step of the training
        return Updates(self.session.seen(before[1]), frame, f"step {before[0]:,} → {step:,}")

    def _same(self, kept: Frame, shown: Frame) -> bool:
        leaves = (key for key, record in kept.records.items() if record.is_leaf and record.requires_grad)
        records = shown.records
        return all(key in records and kept.records[key].value == records[key].value for key in islice(leaves, COMPARED))
