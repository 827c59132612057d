"""Training: a program with its loop, played step by step, with the very bits of a plain run. See Note [Playing on] in engine/rounds."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Iterator
from time import perf_counter
from typing import TYPE_CHECKING, Any

from guigrad.document.model import Branch, Loop, Region, walk
from guigrad.document.problem import Problem
from guigrad.engine import moment
from guigrad.engine.adopt import adopt, changed_nodes
from guigrad.engine.arguments import NotWired
from guigrad.engine.counted import Rounds
from guigrad.engine.device import put_random, random_now
from guigrad.engine.explain import explain
from guigrad.engine.recorded import refuses
from guigrad.engine.rounds import LEFT, START, Course, Place
from guigrad.engine.sketch import Sketcher
from guigrad.engine.unpack import put_back
from guigrad.engine.values import MISSING
from guigrad.engine.walk import Walk
from guigrad.engine.watching import Readers, first_bad, loops_of
from guigrad.run.sketch import AskSketch
from guigrad.run.training import Moment, Train, Trained

if TYPE_CHECKING:
    from guigrad.engine.play import Engine
    from guigrad.engine.tape import Tape


ASKED_SECONDS = 0.003
"""So long nobody asks whether to pause."""


class Training:
    """The training of one engine's document. ``play`` is called again and again; edits of the document in between take effect from there on.

    Thread: the engine's.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.course: Course | None = None
        self.finished = False
        self._document = engine.document
        self._generator: Iterator[str] | None = None
        self._phase = ""
        self._target: int | None = None
        self._last: Moment | None = None  # the end of the last step, before the rest of the program was played
        self._aside: Moment | int | None = None
        self._stand: tuple[Place | None, int, int, list[tuple[str, Rounds]]] = (None, 0, 0, [])
        self._was_bad = False
        self.playing = False
        self._pace = 0.0
        self._random: dict[str, Any] | None = None
        self._known_total: int | None = None
        self.sketcher = Sketcher(engine)

    @property
    def step(self) -> int:
        """How many steps have ended."""
        return 0 if self.course is None else self.course.step

    @property
    def where(self) -> tuple[str, ...]:
        """The ids of the loops that are being played while something plays. Thread: any."""
        course = self.course if self.playing else None
        return () if course is None else tuple([key for key, _ in tuple(course.rounds)])

    def play(self, verb: Train) -> Trained:
        """Plays on. What is wrong is among the engine's problems. See ``Train``."""
        engine = self.engine
        if engine.dead:
            with engine.verb():
                refuses(engine, next(iter(engine.dead)), "a program with recorded nodes cannot be trained")
            return Trained(reason="failed")
        if not loops_of(engine):
            engine.verbs += 1
            engine.said = [
                Problem("There is nothing to train: the program has no loop.", kind="training", why=_NO_LOOP)
            ]
            return Trained(reason="failed")
        if verb.restart or (self.course is None and verb.start is None and self._aside is None):
            self.close()
            engine.reset()
            engine.training = self
            self._forget()
            self._random = None
        self.playing = True
        try:
            with engine.verb():
                return self._play(verb)
        finally:
            self.playing = False

    def aside(self) -> None:
        """Another verb is about to act: afterwards training goes on from here, exactly."""
        if self.playing or self.course is None or self._aside is not None:
            return
        course = self.course
        self._aside = course.step
        if course.pieces == 0 and not self.finished:
            with contextlib.suppress(moment.CannotKeep), self.engine.ambient.active():
                self._aside = moment.take(self.engine, course.place, course.step, course.over(False))
        elif self._last is not None:
            self._aside = self._last
        self.close()

    def take(self) -> Moment | None:
        """The moment after the last step; None between phases, or where something cannot be kept (then steps are played again)."""
        if self.course is None or (self.course.pieces and not self.finished):
            return None
        if self.finished or self._aside is not None:
            return self._last if self.finished else (self._aside if isinstance(self._aside, Moment) else None)
        try:
            return moment.take(self.engine, self.course.place, self.course.step, self.course.over(False))
        except moment.CannotKeep:
            return None

    def close(self) -> None:
        """Leaves the regions that it stands in."""
        generator, self._generator = self._generator, None
        if generator is not None and self.course is not None:
            self._stand = self.course.place, self.course.step, self.course.pieces, self.course.standing
            with self.engine.ambient.active(draws=False):
                generator.close()  # type: ignore[attr-defined]  # a generator; Iterator says less

    def _forget(self) -> None:
        self.course, self.finished, self._last, self._aside = None, False, None, None
        self._phase, self._was_bad, self._target = "", False, None
        self._document = self.engine.document

    # --- where to begin ---

    def _play(self, verb: Train) -> Trained:
        engine = self.engine
        heard, engine.tape = (engine.tape if verb.start is None and self._aside is None else None), None
        catcher = Walk(engine.state, engine.label)
        reason, error = "failed", None
        readers = Readers(engine, verb.watch, verb.until, verb.trace)
        first = self.step + 1
        with catcher.catching(lambda: engine.plan.current or ""):
            try:
                self._ready(verb)
                first = self.step + 1
                reason = self._run(verb, readers)
            except Exception as caught:
                error = caught
            except BaseException:  # Ctrl+C in a script, in the middle of a step
                self._broken()
                raise
            finally:
                engine.listening = True
                self._settle(heard if reason == "end" and self.step + 1 == first else None)
        if error is not None:
            self._failed(error)
        bad = self._blame(readers) if error is None and reason == "nan" else ""
        kept = self.take() if verb.keep and error is None else None
        course = self.course
        return Trained(
            self.step, reason, self._phase, course is None or course.boundary, None if course is None else self._total,
            first, *readers.told, kept, bad, self.finished,
        )  # fmt: skip

    @property
    def _total(self) -> int | None:
        if self.course is not None:
            self._known_total = self.course.total or self._known_total
        return None if self.course is None else self._known_total

    def _ready(self, verb: Train) -> None:
        """Brings the program to where it is to go on."""
        engine = self.engine
        aside, self._aside = self._aside, None
        start: Moment | int | None = verb.start if verb.start is not None else aside
        if start is None and self.finished:
            start = self._last if self._last is not None else self.step
        if isinstance(start, int):  # that moment could not be kept
            self._begin(start)
        elif start is not None:
            if self.course is None:
                self._begin(0)
            self.close()
            place = put_back(engine, start)
            self._enter(place, start.step, 0)
            if verb.start is None and self._document is not engine.document:  # edited while another verb had the values
                self._follow()
        elif self.course is None:
            self._begin(0)
        elif self._document is not engine.document:
            self._follow()
        elif self._generator is None:
            self._enter(*self._stand)
        self.finished = False
        self._document = engine.document

    def _begin(self, steps: int) -> None:
        """From fresh sources to the first step, and so many steps on."""
        engine = self.engine
        self.close()
        engine.plan.clear()
        prints = list(engine.prints)
        if self._random is None:
            self._random = random_now()
        put_random(self._random)
        self._enter(None, 0, 0)
        self._target = steps
        assert self.course is not None
        assert self._generator is not None
        engine.listening = False
        while self.course.step < steps or not self.course.boundary:
            if next(self._generator, None) is None:
                break
        if steps:
            engine.prints[:] = prints  # it was all printed before

    def _enter(self, place: Place | None, step: int, pieces: int, rounds: Iterable[tuple[str, Rounds]] = ()) -> None:
        self.course = Course(self.engine.state, place, step, pieces, rounds)
        self.course.wants_more = self._wants_more
        self.course.boundary = place is not None and not pieces
        self._generator = self.course.play()

    def _wants_more(self) -> bool:
        return self._target is not None and self.step < self._target

    def _follow(self) -> None:
        """The document was edited: what lies before this place takes the change, what lies behind it is compiled anew."""
        engine = self.engine
        self.close()
        place, step, pieces, rounds = self._stand
        place = place or ()
        loops = {inner.id for inner in walk(engine.document.program) if isinstance(inner, Loop)}
        kept = tuple(itertools.takewhile(lambda one: one[0] in loops, place))
        if not kept:
            self._begin(step)
            return
        if len(kept) < len(place):  # a loop within is gone: its round is over
            place, pieces, rounds = kept, 0, [one for one in rounds if one[0] in loops]
        changed = changed_nodes(self._document, engine.document)
        adopt(engine, changed, place)
        before, now = (
            [one.id for one in walk(document.program) if isinstance(one, Region | Branch)]
            for document in (self._document, engine.document)
        )
        self._enter(place, step, pieces if before == now else 0, rounds)

    # --- playing ---

    def _run(self, verb: Train, readers: Readers) -> str:
        engine, course, generator = self.engine, self.course, self._generator
        assert course is not None
        assert generator is not None
        readers.open(course.step == 0 and course.boundary)
        course.after = readers.after if verb.on_nan or readers.early else None
        readers.stops = verb.on_nan and not self._was_bad
        course.by_pieces = verb.phase or bool(readers.early)
        course.check_behind = readers.phase
        course.check = readers.is_bad if verb.on_nan and readers.roots else None
        course.each = readers.row if readers.reads else None
        self._target = None if verb.steps is None else course.step + verb.steps
        target = None if verb.phase else self._target
        if verb.phase:
            self._target = course.step + 1
        total = course.total
        deadline = None if verb.seconds is None else perf_counter() + verb.seconds
        until, cancelled, quiet = verb.until, engine.cancelled, not readers.reads
        began, first = perf_counter(), course.step
        closing = verb.seconds is not None and self._pace > verb.seconds / 2
        shows, looks = verb.xray or bool(verb.asks), any(isinstance(one, AskSketch) for one in verb.asks)
        if target is not None and course.step >= target:
            return "steps"
        while True:
            step = course.step
            course.free = self._free(verb, step, target, total, began, first)
            last = closing or verb.phase or step + 1 == target or (target is None and step + 1 == total)
            engine.listening = verb.xray and (last or verb.every)
            if looks and last and course.boundary:
                self.sketcher.begin(step)
            phase = next(generator, None)
            if phase is None:
                self.finished = True
                return "end"
            if phase in (START, LEFT):
                if phase == LEFT:  # more steps can be asked for: they go on from here
                    self._keep(course)
                continue
            if phase in ("nan", "inf"):
                self._phase, self._was_bad = readers.phase, True
                return "nan"
            if not course.boundary:
                self._phase = phase
                if verb.phase:
                    return "phase"
                continue
            self._phase = "end"
            if not quiet:
                readers.row(course.step)
            if readers.clean:
                self._was_bad = False
                readers.stops = verb.on_nan
            if course.step == target or verb.phase:
                return self._stop("phase" if verb.phase else "steps", course, generator)
            if until is not None and until.holds(readers.judged if until.watch is not None else course.step):
                return self._stop("until", course, generator)
            if closing:
                self._pace = (perf_counter() - began) / max(1, course.step - first)
                return self._stop("time", course, generator)
            if deadline is not None and perf_counter() > deadline:
                if not shows:
                    return self._stop("time", course, generator)
                closing = True
            if cancelled is not None and cancelled():
                return self._stop("stopped", course, generator)

    def _free(self, verb: Train, step: int, target: int | None, total: int | None, began: float, first: int) -> int:
        """Up to which step nothing has to be asked or shown."""
        if verb.until is not None or verb.phase:
            return 0
        ends = [end for end in (target, total) if end is not None and end > step]
        last = min(ends, default=None) if verb.xray or verb.asks else target  # a step that is shown is listened to
        if verb.seconds is None and self.engine.cancelled is None:
            return step if last is None else last - 1
        done = step - first
        if not done:
            return 0
        some = step + int(ASKED_SECONDS * done / max(perf_counter() - began, 1e-6))
        return some if last is None else min(some, last - 1)

    def _stop(self, reason: str, course: Course, generator: Iterator[str]) -> str:
        """A pause after a step. Where the program has no more of them its rest is played too."""
        if not course.ended or reason in ("time", "stopped"):
            return reason
        self._target = None
        self._keep(course)
        if next((one for one in generator if one != LEFT), None) is None:
            self.finished = True
        return reason

    def _keep(self, course: Course) -> None:
        """The end of the last step, before the rest of the program is played."""
        try:
            self._last = moment.take(self.engine, course.place, course.step, course.over(True))
        except moment.CannotKeep:
            self._last = None

    def _settle(self, heard: Tape | None) -> None:
        """What has a value is fresh; gradients stay what they are. ``heard``: what was heard of the last step before, if none was left."""
        self.engine.tape = self.engine.tape or heard
        if self.engine.tape is not None:
            self.engine.tape.seal()
        state, value = self.engine.state, self.engine.plan.value
        for key in state.order:
            if state.status.get(key) != "fresh" and value(key) is not MISSING:
                state.status[key] = "fresh"
                state.made(key)

    def _failed(self, error: Exception) -> None:
        engine = self.engine
        key = engine.plan.failed or ""
        engine.state.problems[key] = (explain(error, key, engine.document, engine.label, engine.plan.read),)
        if key in engine.document.nodes and not isinstance(error, NotWired):
            engine.state.status[key] = "failed"
        engine.said += engine.state.problems[key]
        engine.plan.failed = None
        self._broken()

    def _broken(self) -> None:
        """It was left in the middle of a step: the steps before it will be played again."""
        self._generator = None
        step = self.step
        self._forget()
        self._aside = step if step else None

    def _blame(self, readers: Readers) -> str:
        """Says which node the NaN came from; its id."""
        engine = self.engine
        for wire in readers.roots:
            found = first_bad(engine, wire)
            if found is not None:
                key, kind = found
                name, root = engine.label(key), engine.label(wire.node or "")
                line, column = engine.document.lines.get(key, (0, 0))
                place = f"{root} itself" if key == wire.node else f"{name}, which {root} was computed from"
                engine.said.append(
                    Problem(
                        f"Step {self.step + 1}: {root} is {kind}. It came up in {place}.", "diverged", name, key, line,
                        column + 1 if line else 0, why=_DIVERGED if readers.phase == "forward" else _DIVERGED_IN_STEP,
                    )
                )  # fmt: skip
                return key
        return ""


_NO_LOOP = "Write the steps as a loop, `for step in range(100):`, or put what is to be repeated into one."
_DIVERGED_IN_STEP = "The step calls the function itself, so training is paused behind it: the parameters may hold NaN already. Go back to a step before; a smaller learning rate or a line search often helps."
_DIVERGED = "Training is paused before the update, so the parameters are still those of the step before. A smaller learning rate often helps."
