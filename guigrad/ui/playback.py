"""What was recorded of a training played back: step after step at the chosen speed, at full speed what is kept, in a few seconds.

Nothing is trained: where the training goes on from stays as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer

from guigrad.ui.pacer import PHASE_MS

if TYPE_CHECKING:
    from guigrad.ui.training_view import TrainingView

FRAME_MS: Final = 33
WHOLE_MS: Final = 10_000
"""At full speed all that is kept is played in so long, if there is more than that of it."""
PHASES: Final = 4


class Playback(QObject):
    """Thread: the GUI thread. It lives as long as the window."""

    def __init__(self, view: TrainingView) -> None:
        super().__init__(view)
        self.view = view
        self._steps: list[int] = []
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._tick)

    @property
    def playing(self) -> bool:
        """Whether it plays."""
        return self._timer.isActive()

    def toggle(self) -> None:
        """Plays from the step that is shown, from the first one if that is the last; or stops."""
        if self.playing:
            self.stop()
            return
        coach, speed = self.view.coach, self.view.pacer.speed
        end = coach.recording.step
        begin = coach.shown if coach.shown is not None and coach.shown < end else 0
        if speed:
            self._steps = list(range(begin + 1, end + 1))
            self._timer.setInterval(max(FRAME_MS, round(PHASES * PHASE_MS / speed)))
        else:
            kept = [step for step in coach.recording.frame_steps if begin < step <= end] or [end]
            every = max(1, -(-len(kept) * FRAME_MS // WHOLE_MS))
            self._steps = kept[::every] if kept[-1] in kept[::every] else [*kept[::every], kept[-1]]
            self._timer.setInterval(FRAME_MS)
        if end:
            self._tick()
            self._timer.start()

    def stop(self) -> None:
        """Stays at the step that is shown."""
        self._timer.stop()
        self._steps = []

    def _tick(self) -> None:
        if self.view.replaying:  # a step that is not kept is on its way
            return
        if not self._steps:
            self.stop()
            return
        self.view.show_step(self._steps.pop(0))
        if not self._steps:
            self._timer.stop()
