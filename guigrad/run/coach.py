"""Training in a session: plays in slices, so that the window sees frames, can pause at once and edit on the way; keeps the recording.

Note [Slices]
A training is asked for in slices of ``SLICE_SECONDS`` or at least one step, one at a time: each answer brings the numbers of its steps, a frame of the last,
and now and then a moment. So there is nothing to stream and nothing to stop: a pause asks for no further slice, and an edit stands in the queue between
two. A slice whose one step takes long is ended with the engine's process (``Session.stop``); the last moment that the recording has is where
the next one goes on. Steps behind that moment are played again, and their numbers told once.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from msgspec import structs

from guigrad.document.diff import Diff
from guigrad.run.derivative import Question
from guigrad.run.frame import Frame
from guigrad.run.listen import Event
from guigrad.run.live import Live
from guigrad.run.owner import Owner
from guigrad.run.recording import BUDGET_BYTES, Recording
from guigrad.run.replay import Rewind
from guigrad.run.request import Reply, Reset, Run, Verb
from guigrad.run.sketch import Sketch
from guigrad.run.training import Train, Trained, Until, Watch

SLICE_SECONDS = 1 / 30
MOMENT_SECONDS = 0.02
MOMENT_BYTES_A_SECOND = 10_000_000
"""Moments may cost so much on average; larger ones come less often."""


class Coach:
    """What a session does to train. Thread: the session's.

    Events: ``changed()`` when the step, the phase, ``playing``, ``shown`` or the reason may be others, ``recorded()`` when the recording has more
    (at most about 30 times a second), ``restarted(recording)`` when there is another recording,
    ``answered(answer)`` for what ``asks`` gave to be asked with a slice: it is about the step that the slice ends with.
    """

    def __init__(self, live: Live, owner: Owner) -> None:
        self._live, self._owner = live, owner
        self.changed, self.recorded, self.restarted, self.answered = Event(), Event(), Event(), Event()
        self.asks: Callable[[], tuple[Question, ...]] = lambda: ()
        self.budget_bytes = BUDGET_BYTES
        self.watch: tuple[Watch, ...] | None = None
        self.trace: tuple[Watch, ...] = ()
        self.recording = Recording(owner.document, self.budget_bytes)
        self.playing = False
        self.step = 0
        self.phase = self.reason = ""
        self.total: int | None = None
        self.finished = False
        self.shown: int | None = None
        self._left: int | None = None
        self._until: Until | None = None
        self.rewind = Rewind(live, owner, self.recording)
        self._phases = 0
        self._flying = self._aside = False
        self._next_moment = 0.0
        self._course = 0
        self._again = self._asking = False
        self._todo: Train | None = None
        self._waiting: Train | None = None

    # --- verbs ---

    def train(self, steps: int | None = None, until: Until | None = None) -> None:
        """Plays so many steps (None: to the end of the program), or until a condition holds or ``pause``."""
        self._left, self._until = steps, until
        if not self.playing:
            self.playing = True
            self._go_on(Train())
        self.changed.tell()

    def step_phase(self) -> None:
        """Plays one phase of a step."""
        self.pause()
        self._go_on(Train(phase=True))

    def pause(self) -> None:
        """Stands still after the step that is being played."""
        if self.playing:
            self.playing = False
            self.changed.tell()

    def take_edits(self) -> None:
        """Where a training stands still, what was edited since is taken over at once, not with the next step. See Note [Edits of a training]."""
        if self.step and not (self.playing or self._flying or self.rewind.lost or self.rewind.moved):
            self._live.play(Train(0, on_nan=False, watch=()), answer=_nobody)

    def restart(self) -> None:
        """Back to before the first step; the recording is another."""
        self.pause()
        self.forget()

    def show(self, step: int, answer: Callable[[Frame | None], None] | None = None, phases: int = 0) -> None:
        """Shows the end of a step: the frame that is kept of it at once, else by playing it again. Training goes on from where it was.

        ``phases``: shows it when so many phases of it were over (0: all).
        """
        self.pause()
        recording = self.recording
        if not 1 <= step <= recording.step:
            return
        kept = recording.frame(step) if not phases else None
        self.shown, self._phases, self._aside = step if step != self.step or phases else None, phases, False
        if kept is not None:
            if kept.freshness[0] != self._live.told:  # edited since: shown as one that is played again would be
                kept = structs.replace(kept, freshness=(self._live.told, kept.freshness[1]))
            self._owner.show_step(kept)
            if answer is not None:
                answer(kept)
            self.rewind.ahead(step)
        else:
            self.rewind.remember()
            self._replay(step, answer, phases)
        self.changed.tell()

    def settle(self) -> None:
        """Before the engine is asked about its values: it comes to the step that is shown, if that was only a frame that is kept."""
        step, rewind = self.shown if self.shown is not None else self.step, self.rewind
        if (self.shown is None and not rewind.moved) or self._aside or self.playing or self._flying or rewind.busy:
            return
        rewind.halt()
        if not rewind.is_at(step, self._phases):
            rewind.remember()
            self._replay(step, None, self._phases)
            if self.shown is None:  # it stands where it goes on
                rewind.go_on()

    def go(self, step: int, name: str = "") -> None:
        """Goes back to the end of a step, exactly: what is trained from there on, with the document as it is now, is another run."""
        self.pause()
        recording = self.recording
        if not 0 <= step <= recording.step:
            return
        document = recording.document(step)
        self._replay(step, None)
        self.rewind.go_on()
        recording.branch(step, name, document)
        recording.edited(self._owner.document)
        self.step, self.shown, self.finished = step, None, False
        self.recorded.tell()
        self.changed.tell()

    def switch(self, run: int) -> None:
        """Goes to the end of another run, exactly, with the document that it had there: what is trained from then on goes on with it."""
        recording = self.recording
        if run == recording.current or not 0 <= run < len(recording.runs):
            return
        self.pause()
        recording.go(run)
        self._replay(recording.step, None)
        self.rewind.go_on()
        self.step, self.shown, self.finished = recording.step, None, False
        self.phase = self.reason = ""
        documents = recording.run.documents
        if documents:
            now, then = self._owner.document, documents[-1][1]
            where = {name: {**getattr(then, name), **getattr(now, name)} for name in ("boxes", "notes")}
            views = {**then.views, **{key: view for key, view in now.views.items() if key in then.nodes}}
            back = Diff.between(now, structs.replace(then, views=views, **where), f"Back to {recording.run.name}")
            if not back.only_layout:
                self._owner.edit(back)
        self.recorded.tell()
        self.changed.tell()

    def bookmark(self, step: int, text: str = "") -> None:
        """Marks a step."""
        self.recording.bookmark(step, text)
        self.recorded.tell()

    def set_budget(self, budget_bytes: int) -> None:
        """How much memory frames and moments may take."""
        self.budget_bytes = budget_bytes
        self.recording.set_budget(budget_bytes)
        self.recorded.tell()

    # --- what the session tells ---

    def edited(self) -> None:
        """The document was changed."""
        if self.recording.step:
            self.recording.edited(self._owner.document)
        else:
            self._new_recording()

    def acted(self, verb: Verb) -> None:
        """Another verb is played; training goes on afterwards as if it had not been, unless it starts over."""
        self._aside = True
        if isinstance(verb, Run | Reset):
            self.forget()

    def forget(self) -> None:
        """Another document, device or seed, or a verb that starts over: nothing has been trained."""
        self.playing, self.step, self.phase, self.reason = False, 0, "", ""
        self.total, self.finished, self.shown = None, False, None
        self._flying, self._aside, self._waiting = False, False, None
        self._course += 1
        self._again = True
        self._new_recording()
        self.changed.tell()

    def stopped(self) -> None:
        """All that runs was stopped."""
        self.playing = False
        self.rewind.lost = self.rewind.lost or self._flying or self.rewind.moved
        self.rewind.drop()
        self._course += 1
        self._flying, self._waiting = False, None
        self.changed.tell()

    # --- inside ---

    def _new_recording(self) -> None:
        self.recording = Recording(self._owner.document, self.budget_bytes)
        self.rewind.begin(self.recording)
        self.restarted.tell(self.recording)

    def _go_on(self, verb: Train) -> None:
        """Asks for the next slice; with a runner that answers at once each asks for the one after it, one after the other."""
        self._todo = verb
        if self._asking:
            return
        self._asking = True
        try:
            while self._todo is not None:
                verb, self._todo = self._todo, None
                self._ask(verb)
        finally:
            self._asking = False

    def _ask(self, verb: Train) -> None:
        if self._flying:
            return
        if self.rewind.busy:  # where to go on from is still being asked for
            self._waiting = verb
            return
        recording, rewind = self.recording, self.rewind
        start = None
        if rewind.lost:  # the engine's process is another, or stands nobody knows where
            start = recording.nearest(self.step + 1)
            self._again = self._again or start is None
        elif rewind.moved:
            start = rewind.here
        missing = self.step - (start.step if start is not None else 0 if rewind.lost else self.step)
        self.shown, self._phases, self._aside = None, 0, False
        rewind.go_on()
        restart, self._again, rewind.lost = self._again, False, False
        if restart and start is None:
            self._begin()
            restart = False
        if missing > 0:
            self._fly(Train(missing, start=start, restart=restart, watch=(), on_nan=False), silent=True)
            return
        verb = structs.replace(
            verb, start=start, restart=restart, steps=None if verb.phase else self._left, until=self._until, watch=self.watch, trace=self.trace,
            seconds=None if verb.phase else SLICE_SECONDS, xray=self._owner.x_ray, keep=monotonic() > self._next_moment,
            asks=self.asks(),
        )  # fmt: skip
        self._fly(verb)

    def _begin(self) -> None:
        """As a new process of the program; what there is before the first step is remembered."""
        recording = self.recording

        def began(reply: Reply) -> None:
            if reply.trained is not None and not reply.trained.step:
                recording.begin = reply.frame

        self._live.play(Train(0, restart=True, on_nan=False, watch=()), answer=began)

    def _fly(self, verb: Train, silent: bool = False) -> None:
        self._owner.leave_steps()
        self._flying = True
        course = self._course
        self._live.play(verb, answer=lambda reply: self._landed(reply, course, silent))

    def _landed(self, reply: Reply, course: int, silent: bool) -> None:
        if course != self._course:  # somebody has started over meanwhile
            return
        self._flying = False
        told = reply.trained
        if told is None:  # cancelled, or the engine's process has died
            self.rewind.lost, self.playing = True, False
            self._owner.answered(reply, None)
            self.changed.tell()
            return
        self.phase, self.reason, self.finished = told.phase, told.reason, told.finished
        self.total = told.total if told.total is not None else self.total
        played = len(told.series[0]) if told.series else max(0, told.step - self.step)
        self.step = told.step
        self.recording.add(told, reply.problems, reply.prints)
        if told.moment is not None:
            cost = sum(map(len, told.moment.blobs.values())) / MOMENT_BYTES_A_SECOND
            self._next_moment = monotonic() + max(MOMENT_SECONDS, cost)
        if self._left is not None and not silent:
            self._left -= played
        if reply.frame is not None and told.boundary and told.step:
            self.recording.add_frame(told.step, reply.frame)
        over = told.reason not in ("time", "steps") or told.finished or (self._left is not None and self._left <= 0)
        if over and not (silent and told.reason == "steps"):
            self.playing = False
        self._owner.answered(reply, reply.frame)
        self._tell_answers(told)
        self.recorded.tell()
        self.changed.tell()
        if self.playing:
            self._go_on(Train())

    def _tell_answers(self, told: Trained) -> None:
        for answer in told.answers:
            if isinstance(answer, Sketch):
                if answer.spots:
                    self.recording.sketches.add(self.recording.current, answer)
            else:
                self.answered.tell(answer)

    def _replay(self, step: int, answer: Callable[[Frame | None], None] | None, phases: int = 0) -> None:
        """Plays a step again and shows it."""

        def replayed(reply: Reply) -> None:
            if reply.trained is not None and reply.frame is not None:
                self._owner.show_step(reply.frame)
            if answer is not None:
                answer(reply.frame)
            self.changed.tell()
            waiting, self._waiting = self._waiting, None
            if waiting is not None:
                self._go_on(waiting)
            elif step == self.shown and not phases:
                self.rewind.ahead(step)

        self.rewind.to(step, replayed, phases)


def _nobody(reply: Reply) -> None:
    """What nobody waits for."""
