"""Training in the window: the panel, the timeline and the lights on rail, code and canvas follow the session's coach."""

from __future__ import annotations

import secrets
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, QPointF, QTimer
from PySide6.QtWidgets import QInputDialog, QMenu

from guigrad.document.diff import Diff
from guigrad.document.model import Document
from guigrad.run.frame import Frame
from guigrad.run.loops import trains
from guigrad.run.recording import Recording
from guigrad.run.training import Until
from guigrad.ui.actions import by_id
from guigrad.ui.pacer import Pacer
from guigrad.ui.panels.training import TrainingPanel
from guigrad.ui.playback import Playback
from guigrad.ui.training_canvas import TrainingCanvas
from guigrad.ui.training_plots import TrainingPlots
from guigrad.ui.training_runs import about, changed_lines, lanes
from guigrad.ui.training_setup import TrainingSetup
from guigrad.ui.training_words import branches, marks, where
from guigrad.ui.widgets.action_button import ActionButton
from guigrad.ui.widgets.timeline import Course

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow

SHOW_MS: Final = 33
STOP_MS: Final = 500
"""A step that still runs so long after Stop is ended with the engine's process."""
LEFT: Final = ("play_training", "train_phase", "train_step")
RIGHT: Final = ("stop", "train_again", "train_anew")
LINE: Final = ("play_back", "bookmark", "branch_here")
HEARD: Final = ("play_training", "frame_before", "frame_after", "frame_before_far", "frame_after_far")


class TrainingView(QObject):
    """Thread: the GUI thread. It lives as long as the window; ``panel`` is the tab."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.window, self.session = window, window.session
        self.coach: Any = window.session.coach
        self.panel: TrainingPanel = TrainingPanel(window.look)
        self.pacer = Pacer(self.coach, window.session, self)
        self.trains = trains(window.session.whole)
        self._at = -1  # the phase that the engine stands behind, -1 for the end of a step
        self._shown_phase = -1
        self._wanted: tuple[int, int] | None = None
        self._replaying = False
        self._state: tuple[Any, ...] = ()
        self._lit: tuple[str, ...] = ()
        self._shows = QTimer(self, singleShot=True, interval=SHOW_MS)
        self._shows.timeout.connect(self._show)
        self.plots = TrainingPlots(self)
        self.canvas = TrainingCanvas(window, self.pacer, self)
        self.playback = Playback(self)
        self._stops = QTimer(self, singleShot=True, interval=STOP_MS)
        self._stops.timeout.connect(self._end)
        self.setup = TrainingSetup(window, self.panel)
        self.coach.rewind.eager = True
        self._connect()

    def _connect(self) -> None:
        panel, window = self.panel, self.window

        def buttons(names: tuple[str, ...]) -> list[ActionButton]:
            return [ActionButton(by_id(name), window.actions_by_id[name], window.look, "flat") for name in names]

        panel.add_buttons(buttons(LEFT), buttons(RIGHT), buttons(LINE))
        for name in HEARD:
            panel.timeline.addAction(window.actions_by_id[name])  # heard by the one that has the focus
        panel.steps_asked.connect(lambda count: self.play(count))
        panel.speed_chosen.connect(self.pacer.set_speed)
        panel.budget_chosen.connect(self._on_budget)
        panel.shown.connect(self._show_all)
        panel.timeline.scrubbed.connect(self.scrub)
        panel.timeline.mark_asked.connect(self.bookmark)
        panel.timeline.menu_asked.connect(self._menu)
        panel.timeline.play_asked.connect(self.play_or_pause)
        panel.timeline.run_chosen.connect(self.switch)
        panel.timeline.describe = lambda number: about(self.coach.recording, number)
        self.pacer.changed.connect(self._on_changed)
        self._ends = [
            self.coach.changed.connect(self._on_changed),
            self.coach.recorded.connect(self.later),
            self.coach.restarted.connect(self._on_restarted),
            self.session.base.document_changed.connect(self._on_document),
            self.session.state_changed.connect(self.later),
        ]

    def close(self) -> None:
        """Stops listening and playing."""
        for end in self._ends:
            end()
        self._ends.clear()
        self.pacer.pause()
        self.playback.stop()
        for timer in (self._shows, self._stops):
            timer.stop()
        self.plots.close()
        self.setup.close()

    @property
    def playing(self) -> bool:
        """Whether a training plays on by itself."""
        return self.pacer.playing

    # --- verbs ---

    def play_or_pause(self) -> None:
        """Plays to the end of the program, or pauses."""
        if self.playing:
            self.pacer.pause()
        else:
            self.play()

    def play(self, steps: int | None = None, until: Until | None = None) -> None:
        """Plays so many steps, or to the end of the program, or until a condition holds."""
        coach = self.coach
        if self.trains is None:
            return
        if steps is None and (coach.finished or (coach.total is not None and coach.step >= coach.total)):
            self.window.say_status(
                f"All {coach.step:,} steps of the program are done: Steps trains on, Start over begins anew."
            )
            return
        self._at_present()
        self.pacer.pause()
        self.pacer.play(steps, until)

    def one_step(self) -> None:
        """One step."""
        self.pacer.pause()
        self._at_present()
        self.coach.train(1)

    def one_phase(self) -> None:
        """One phase."""
        self.pacer.pause()
        self._at_present()
        self.coach.step_phase()

    def stop(self) -> bool:
        """Pauses a training that plays; False when there is none, or it does not end at once."""
        if not self.playing or self._stops.isActive():
            return False
        self.pacer.pause()
        if self.session.running:
            self._stops.start()
        return True

    def _end(self) -> None:
        if self.session.running and not self.playing:
            self.session.stop()

    def again(self) -> None:
        """Back to the same initialisation."""
        self.pacer.pause()
        self.session.reset()
        self.session.forward()

    def anew(self) -> None:
        """Another initialisation; its seed is shown."""
        self.pacer.pause()
        seed = secrets.randbelow(2**31)
        self.session.set_seed(seed)
        self.session.forward()
        self.window.say_status(f"Seed {seed} in place of the program's own; Run › Seed… takes it back")

    def branch(self, step: int | None = None) -> None:
        """Another run from a step, or from the one that is shown."""
        coach = self.coach
        here = coach.shown if coach.shown is not None else coach.step
        self.pacer.pause()
        self._at_present()
        self._at = -1
        coach.go(here if step is None else step)
        self.window.say_status(
            f"{coach.recording.run.name} goes on from step {coach.step:,}: change what you like, then play"
        )

    def switch(self, run: int) -> None:
        """Back to the end of another run, with the settings that it had."""
        self.pacer.pause()
        self._at_present()
        self._at = -1
        self.coach.switch(run)
        found = self.coach.recording.run
        self.window.say_status(f"{found.name} goes on from step {found.end:,}, with the settings that it had")

    def bookmark(self, step: int | None = None, text: str | None = None) -> None:
        """Marks a step, or takes its mark away; ``text`` names it."""
        coach = self.coach
        shown = coach.shown if coach.shown is not None else coach.step
        here = shown if step is None else step
        if here < 1:
            return
        if text is None and here in marks(self.coach.recording):
            coach.recording.forget_bookmark(here)
            self.later()
        else:
            coach.bookmark(here, text or "")

    def show_updates(self) -> None:
        """What the step did to the parameters, or no more."""
        self.canvas.again(self._at >= 0 and self.coach.shown is None)

    def move(self, steps: int) -> None:
        """Shows another step."""
        coach = self.coach
        now = coach.shown if coach.shown is not None else coach.step
        self.scrub(now + steps, -1)

    def scrub(self, step: int, phase: int) -> None:
        """Shows a step, or a phase of it; of several asked for while one is played again the last counts."""
        self.playback.stop()
        self.show_step(step, phase, True)

    @property
    def replaying(self) -> bool:
        """Whether a step that is to be shown is being played again."""
        return self._replaying

    def show_step(self, step: int, phase: int = -1, by_hand: bool = False) -> None:
        """The same while it is played back."""
        self.window.canvas.motion.hurried = by_hand
        self.pacer.pause()
        end = self.coach.recording.step
        if not end:
            return
        self._wanted = (min(max(step, 1), end), phase)
        if not self._replaying:
            self._go()

    def _go(self) -> None:
        wanted, self._wanted = self._wanted, None
        if wanted is None:
            return
        step, phase = wanted
        self._shown_phase = phase
        if self._at >= 0:  # what stands between two phases is left: training goes on at the end of the step before
            self._at = -1
        self._replaying = self.coach.recording.frame(step) is None or phase >= 0
        self.coach.show(step, self._on_shown, phase + 1)

    def _on_shown(self, frame: Frame | None) -> None:
        self._replaying = False
        if self._wanted is not None:
            self._go()
        self.later()

    def _at_present(self) -> None:
        self.window.canvas.motion.hurried = False
        self.playback.stop()
        self._wanted, self._replaying, self._shown_phase = None, False, -1

    # --- what happens ---

    def _on_changed(self) -> None:
        coach, known = self.coach, self.trains
        count = len(known.phases) if known is not None else 0
        if coach.phase in ("", "end"):
            self._at = -1
        elif known is not None and coach.shown is None:
            later = [at for at in range(count) if known.phases[at] == coach.phase and at > self._at]
            self._at = (later or [known.phases.index(coach.phase) if coach.phase in known.phases else -1])[0]
        if self._replaying and not self.session.running:
            self._replaying = False
        self.pacer.follow()
        self.canvas.follow(self._at >= 0 and coach.shown is None)
        self._light()
        state = (self.playing, coach.recording.step > 0, coach.shown, coach.finished)
        if state != self._state:
            self._state = state
            self.window.update_actions()
        self.later()

    def _on_restarted(self, recording: Recording) -> None:
        self._at = -1
        self._at_present()
        self.pacer.pause()
        self.later()

    def _on_document(self, document: Document, diff: Diff) -> None:
        if not diff.only_layout or not diff.label:
            self.setup.later()
            found = trains(document)
            if found != self.trains:
                self.trains = found
                self._light()
                self.window.update_actions()
        self.later()

    # --- lights ---

    def _light(self) -> None:
        """The phase that was played last, or the loop that plays at full speed, on the rail, in the code and on the canvas."""
        if self.session.stepper.active:
            return
        keys: tuple[str, ...] = ()
        known, phase = self.trains, self._phase_now()
        if known is not None and self.coach.playing:
            keys = (known.loop,)
        elif known is not None and phase >= 0:
            keys = (known.loop, *known.keys[phase])
        self.setup.light(known, phase)
        if keys == self._lit and keys == tuple(key for key in keys if key in self.window.rail.strip.running):
            return
        self._lit = keys
        self.window.rail.strip.show_running(keys)
        lines = self.window.live.lines
        self.window.code.show_step(next((key for key in keys[1:] if key in lines), None))

    def _phase_now(self) -> int:
        """The place of the phase whose end is shown; -1 where none stands out."""
        coach, known = self.coach, self.trains
        if known is None:
            return -1
        if coach.shown is not None:
            return self._shown_phase if self._shown_phase < len(known.phases) else -1
        if self._at < 0 and self.pacer.paced and coach.phase == "end":
            return len(known.phases) - 1
        return self._at if self._at < len(known.phases) else -1

    # --- what is shown ---

    def later(self) -> None:
        """Shows what there is, in a moment."""
        if self.panel.isVisible():
            if not self._shows.isActive():
                self._shows.start()
            self.plots.later()

    def _show_all(self) -> None:
        self._show()
        self.plots.draw()

    def _show(self) -> None:
        panel, coach = self.panel, self.coach
        recording: Recording = coach.recording
        known = self.trains
        inside = coach.shown is None and self._at >= 0
        step = coach.shown if coach.shown is not None else coach.step + inside
        phase = self._shown_phase if coach.shown is not None else self._at
        words = where(coach, known, self._at, self.playing)
        course = Course(
            known.phases if known is not None else (), step, phase, recording.step + inside, coach.total or 0,
            recording.frame_steps, marks(self.coach.recording), branches(self.coach.recording),
            lanes(self.coach.recording),
        )  # fmt: skip
        panel.show_course(course, words, recording.step)
        panel.show_memory(recording.size_bytes, coach.budget_bytes, len(recording.frame_steps))
        seed = self.session.seed
        panel.seed.setText(f"seed {seed}" if seed is not None else "program's seed")
        panel.show_playing(self.playing)
        self.plots.show_step(step or None)

    # --- the panel asks ---

    def _on_budget(self, budget: int) -> None:
        if budget != self.coach.budget_bytes:
            self.coach.set_budget(budget)

    def _menu(self, step: int, place: QPointF) -> None:
        menu = QMenu(self.panel)
        known = marks(self.coach.recording)
        menu.addAction(f"Show step {step:,}", lambda: self.scrub(step, -1))
        menu.addAction("Remove bookmark" if step in known else "Bookmark", lambda: self.bookmark(step))
        menu.addAction("Name bookmark…", lambda: self._name_mark(step, known.get(step, "")))
        menu.addAction("Branch here", lambda: self.branch(step))
        if known:
            menu.addSeparator()
            for mark, text in sorted(known.items())[:30]:
                menu.addAction(f"Step {mark:,}{f' · {text}' if text else ''}", partial(self.scrub, mark, -1))
        recording = self.coach.recording
        if len(recording.runs) > 1:
            menu.addSeparator()
            for run in recording.runs[-30:]:
                changed = "  ".join(line for line in changed_lines(recording, run.number) if line.startswith("+"))
                words = f"{run.name} · from step {run.start:,} to {run.end:,}" + (
                    f" · {changed[:80]}" if changed else ""
                )
                action = menu.addAction(words.replace("&", "&&"), partial(self.switch, run.number))
                action.setCheckable(True)
                action.setChecked(run.number == recording.current)
        menu.addSeparator()
        menu.addAction("Show all steps", self.panel.timeline.show_all)
        menu.popup(place.toPoint())

    def _name_mark(self, step: int, text: str) -> None:
        words, done = QInputDialog.getText(self.window, "Bookmark", f"Step {step:,}:", text=text)
        if done:
            self.bookmark(step, words.strip())
