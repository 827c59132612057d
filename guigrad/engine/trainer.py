"""A training with its recording, in this process: what scripts and the command line use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from time import perf_counter

from msgspec import structs

from guigrad.document.diff import Diff
from guigrad.document.model import Document
from guigrad.document.problem import Problem
from guigrad.engine.play import Engine
from guigrad.run.frame import Frame
from guigrad.run.recording import Recording
from guigrad.run.training import Moment, Train, Trained, Until, Watch, until_of, watch_of

SLICE_SECONDS = 0.2
MOMENT_SECONDS = 1.0
MOMENT_SHARE = 50
"""Keeping moments may take so small a part of the time."""

Told = Callable[[Trained, Recording], None]


class Trainer:
    """Trains an engine's document and records. Thread: the engine's."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.recording = Recording(engine.expansion.source)
        self._next_moment = 0.0
        self._back: Moment | int | None = None

    def train(
        self,
        steps: int | None = None,
        until: str | None = None,
        watch: Sequence[str] | None = None,
        told: Told | None = None,
        frames: bool = True,
    ) -> Recording:
        """Trains so many steps more (None: to the end of the program), or until a condition holds."""
        plan = self._plan(until, watch)
        if plan is None:
            return self.recording
        left = steps
        while left is None or left > 0:
            trained = self._play(structs.replace(plan, steps=left, seconds=SLICE_SECONDS, keep=self._due, xray=frames))
            if left is not None:
                left -= len(trained.series[0]) if trained.series else left
            over = trained.reason not in ("time", "steps") or trained.finished or left == 0
            if frames and trained.boundary and (over or trained.reason == "time"):
                self.recording.add_frame(trained.step, self.frame())
            if told is not None:
                told(trained, self.recording)
            if over:
                break
        return self.recording

    def frames(
        self,
        steps: int | None = None,
        until: str | None = None,
        watch: Sequence[str] | None = None,
        phases: bool = False,
    ) -> Iterator[Frame]:
        """A frame after each step, or after each phase of one. Stopping to ask is a pause."""
        plan = self._plan(until, watch)
        count = 0
        while plan is not None and (steps is None or count < steps):
            trained = self._play(structs.replace(plan, steps=None if phases else 1, phase=phases, keep=self._due))
            if trained.reason in ("failed", "nan") or (trained.reason == "end" and not any(trained.series)):
                yield self.frame()
                return
            count += trained.boundary
            yield self.frame()
            if trained.finished or trained.reason in ("until", "stopped"):
                return

    def show(self, step: int) -> Frame | None:
        """The end of a step, exactly, by playing it again from the nearest moment: values and all. Training goes on from where it was.

        None if that step was never played.
        """
        if not 1 <= step <= self.recording.step:
            return None
        if self._back is None:
            self._back = self._now()
        frame = self._replay(step)
        self.recording.add_frame(step, frame)
        return frame

    def rewind(self, step: int, name: str = "") -> Frame | None:
        """Back to the end of a step, exactly: training goes on from there as another run."""
        recording = self.recording
        if not 0 <= step <= recording.step:
            return None
        document = recording.document(step)
        frame = self._replay(step)
        self._back = None
        recording.branch(step, name, document)
        recording.edited(self.engine.expansion.source)
        return frame

    def moment(self) -> Moment | None:
        """Where it is, as plain data."""
        training = self.engine.training
        with self.engine.ambient.active():
            return None if training is None else training.take()

    def last_moment(self) -> Moment | None:
        """The end of the last whole step, where it is in the middle of one by playing that step again: it goes on from there then."""
        found = self.moment()
        if found is None and self.recording.step:
            self._replay(self.recording.step)
            found = self.moment()
        return found

    def begin_at(self, moment: Moment) -> bool:
        """Goes on from a moment; False if it is not one of this program."""
        trained = self.engine.train(Train(0, start=moment, on_nan=False, watch=()))
        if trained.reason == "failed":
            self.engine.reset()
            return False
        self.recording = Recording(self.engine.expansion.source, self.recording.budget_bytes)
        self.recording.add(trained)
        self.recording.add_moment(moment)
        return True

    def edited(self) -> None:
        """The document was changed."""
        if self.recording.step:
            self.recording.edited(self.engine.expansion.source)
        else:
            self.recording = Recording(self.engine.expansion.source, self.recording.budget_bytes)

    def frame(self) -> Frame:
        """Every node as it is now, with the numbers of the last step."""
        frame = self.engine.frame()
        recording = self.recording
        losses = recording.run.series.get(recording.names[0]) if recording.names else None
        return structs.replace(frame, loss=(losses.at(losses.end),)) if losses is not None and losses.count else frame

    # --- inside ---

    @property
    def _due(self) -> bool:
        return perf_counter() > self._next_moment

    def _plan(self, until: str | None, watch: Sequence[str] | None) -> Train | None:
        condition = until_of(until) if until is not None else None
        watches = [watch_of(text) for text in watch or ()]
        wrong = [one for one in (condition, *watches) if isinstance(one, Problem)]
        if wrong:
            self.recording.problems = tuple(wrong)
            return None
        given = None if watch is None else tuple(one for one in watches if isinstance(one, Watch))
        return Train(until=condition if isinstance(condition, Until) else None, watch=given)

    def _play(self, verb: Train) -> Trained:
        engine = self.engine
        back, self._back = self._back, None
        if isinstance(back, int):
            self._replay(back)
        elif back is not None:
            verb = structs.replace(verb, start=back)
        engine.prints.clear()
        began = perf_counter()
        trained = engine.train(verb)
        if verb.keep:
            cost = perf_counter() - began if trained.moment is None else self._cost(trained.moment)
            self._next_moment = perf_counter() + max(MOMENT_SECONDS, MOMENT_SHARE * cost)
        self.recording.add(trained, engine.problems, engine.prints)
        return trained

    def _cost(self, moment: Moment) -> float:
        return sum(map(len, moment.blobs.values())) / 5e8  # copied and hashed at about that many bytes a second

    def _now(self) -> Moment | int:
        moment = self.moment()
        return self.recording.step if moment is None else moment

    def _replay(self, step: int) -> Frame:
        """Goes to the end of a step with the documents that were played then."""
        engine, recording = self.engine, self.recording
        now, prints = engine.expansion.source, list(engine.prints)
        moment = recording.nearest(step) if step else None
        begin = 0 if moment is None else moment.step
        self._become(recording.document(begin))
        engine.train(Train(0, start=moment, restart=moment is None, on_nan=False, watch=()))
        changes = {first for run in recording.lineage() for first, _ in run.documents if begin < first < step}
        for end in [*sorted(changes), step]:
            self._become(recording.document(end))
            engine.train(Train(end - begin, on_nan=False, watch=(), xray=end == step))
            begin = end
        frame = engine.frame()
        self._become(now)
        engine.prints[:] = prints
        return frame

    def _become(self, document: Document | None) -> None:
        """Another document is played from here on."""
        engine = self.engine
        if document is not None and document is not engine.expansion.source:
            engine.edit(Diff.between(engine.expansion.source, document), engine.revision)
