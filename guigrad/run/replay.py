"""How a training comes to a step again, and to those that may be asked for next.

Note [Ahead]
Who drags along the timeline wants the next steps in the same direction. While the engine has nothing else to do it plays these too, in pieces of
``AHEAD_SECONDS`` that stand behind everything else, and their frames lie ready when they are asked for. The engine's values are then those of a
step that nobody sees, so before it is asked anything about them it comes back to the step that is shown (``Rewind.is_at``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from time import monotonic
from typing import Final

from msgspec import Struct, structs

from guigrad.document.diff import Diff
from guigrad.document.model import Document
from guigrad.run.live import Live
from guigrad.run.owner import Owner
from guigrad.run.recording import Recording, frame_bytes
from guigrad.run.request import Again, Edit, Reply
from guigrad.run.training import Moment, Train

NEAR: Final = 24
"""Moments that are kept on the way lie no nearer."""
MANY: Final = 24
"""So many are kept on one way at most."""
SMALL: Final = 100_000
"""Units: bytes. Larger moments are not kept on the way."""
AHEAD: Final = 24
"""So many steps lie ready in the direction in which somebody scrubs,"""
AT_ONCE: Final = 6
"""made so many at a time."""
SPREAD: Final = 8
"""Who goes by more steps at once sees few of them: only those where he would come by are played."""
AHEAD_SECONDS: Final = 0.006
LATE_SECONDS: Final = 0.02
"""When that took so long, others need the machine, and who waits for a step would wait for this too: then it rests for a while, so many times as long:"""
REST: Final = 20
SHARE: Final = 20
"""Frames of steps that nobody has asked for take at most this part of the budget."""
ASKER: Final = "ahead"


class Way(Struct, frozen=True):
    """A piece of a way: the step that it ends at, and whether that step's frame is wanted."""

    end: int
    train: Train
    seen: bool = False


def again(recording: Recording, begin: int, step: int, phases: int, xray: bool, moment_bytes: int = SMALL) -> list[Way]:
    """The pieces from step ``begin`` to the end of ``step``, or so many phases into it.

    Moments are kept on the way, so that steps near it are shown sooner: who scrubs plays a long way again only once.
    """
    seen = {step - 1, step} if not phases else {step - 1}  # the step before too: what the step changed is seen
    ways = _ways(begin, step, recording.changes(begin, step), seen, xray, moment_bytes)
    return ways + [Way(step, Train(phase=True, on_nan=False, watch=(), xray=xray), True)] * phases


def _ways(begin: int, step: int, stops: Iterable[int], seen: set[int], xray: bool, moment_bytes: int) -> list[Way]:
    kept: set[int] = set()
    if moment_bytes <= SMALL:
        stride = max(NEAR, -(-(step - begin) // MANY))
        kept = set(range(begin + stride, step - 1, stride))
    found: list[Way] = []
    for end in sorted({*stops, *kept, *seen}):
        if end > begin or (end == step and end in seen):
            near = end in seen
            keep = moment_bytes <= SMALL and (end in kept or not near)
            found.append(Way(end, Train(end - begin, on_nan=False, watch=(), xray=near and xray, keep=keep), near))
        begin = max(begin, end)
    return found


def wanted_next(recording: Recording, step: int, before: int) -> list[int]:
    """The steps whose frames are missing and may be asked for next by somebody who came to ``step`` from ``before``; [] when enough lie ready.

    First those where the next moves lead if they are like the last one, each with the one before it, then all that lie in that direction.
    """
    by = step - before
    if not by:
        return []
    end = recording.step

    def missing(steps: Iterable[int]) -> list[int]:
        return [one for one in steps if 1 <= one <= end and one != step and not recording.has_frame(one)]

    for k in (1, 2):
        found = missing((step + by * k - 1, step + by * k))
        if found:
            return found
    way = 1 if by > 0 else -1
    dense = missing(step + way * k for k in range(1, AHEAD + 1)) if abs(by) <= SPREAD else []
    return sorted(dense[:AT_ONCE])


class Rewind:
    """Brings the engine's training to other steps than the one at which it goes on.

    ``lost``: nobody knows where the engine stands; ``moved``: it stands elsewhere, and goes on from ``here`` (None: from a step that is
    played again); ``busy``: so many ways are being played. ``eager``: see Note [Ahead]. Thread: the session's.
    """

    def __init__(self, live: Live, owner: Owner, recording: Recording) -> None:
        self._live, self._owner = live, owner
        self.eager = False
        self.lost = self.moved = False
        self.here: Moment | None = None
        self.busy = 0
        self._turn = 0
        self._asking = False
        self._rested = 0.0
        self.begin(recording)

    def begin(self, recording: Recording) -> None:
        """Nothing has been played again of this recording."""
        self._recording = recording
        self._stands: tuple[int, int] | None = None
        self.drop()
        self.lost = False
        self.go_on()

    def go_on(self) -> None:
        """From now on the engine stands where the training goes on."""
        self.halt()
        self.moved, self.here, self._stands = False, None, None
        self._last = self._recording.step

    def drop(self) -> None:
        """What is on its way is heard no more."""
        self._turn += 1
        self.busy = 0
        self.halt()

    def halt(self) -> None:
        """Nothing more is played ahead."""
        if self._asking:
            self._asking, self._stands = False, None
            self._live.cancel(ASKER, end=False)

    def is_at(self, step: int, phases: int) -> bool:
        """Whether the engine's values are, when it is asked next, those of the end of a step, or of so many phases of it."""
        return self._stands == (step, phases) and not self._asking

    def remember(self) -> None:
        """The moment to go on from, asked for before another step is played again."""
        if self.moved or self.lost:
            return
        self.moved = True
        turn = self._turn

        def here(reply: Reply) -> None:
            if turn == self._turn:
                self.here = None if reply.trained is None else reply.trained.moment
                self.lost = self.here is None

        self._live.play(Train(0, keep=True, on_nan=False, watch=()), answer=here)

    def to(self, step: int, done: Callable[[Reply], None], phases: int = 0) -> None:
        """Goes to the end of a step, or so many phases into it, with the documents that were played then; ``done`` hears the answer."""
        self._owner.leave_steps()
        self.busy += 1
        recording, now = self._recording, self._owner.document
        moment = recording.nearest(step) if step else None
        begin = 0 if moment is None else moment.step
        before = self._become(now, recording.document(begin))
        ways = again(recording, begin, step, phases, self._owner.x_ray, 0 if moment is None else moment.size_bytes)
        first = ways[0]
        if first.train.phase or recording.document(begin) is not recording.document(first.end):
            # an edit stands between: it holds from there on
            ways.insert(0, Way(begin, Train(0, on_nan=False, watch=())))
        ways[0] = structs.replace(ways[0], train=structs.replace(ways[0].train, start=moment, restart=moment is None))
        self._stands = None
        pieces: list[Way] = []
        for at, way in enumerate(ways):
            document = recording.document(way.end)
            if pieces and document is not None and document is not before:
                self._play(pieces, partial(self._passed, self._turn, 0))
                pieces = []
            before = self._become(before, document)
            pieces.append(way)
            if at == len(ways) - 1:
                self._play(pieces, partial(self._came, self._turn, step, phases, done))
        self._become(before, now)

    def _play(self, pieces: list[Way], answer: Callable[[Reply], None]) -> None:
        seen = [way.seen for way in pieces]
        self._live.play(Again(tuple(way.train for way in pieces), tuple(seen)), answer=answer)

    def _passed(self, turn: int, shown: int, reply: Reply) -> None:
        """On the way: moments, and frames of steps that have ended (``shown`` is told of elsewhere)."""
        for one in (*reply.passed, reply) if turn == self._turn else ():
            told = one.trained
            if told is None:
                continue
            if told.moment is not None and told.step:
                self._recording.add_moment(told.moment)
            if one.frame is not None and told.boundary and 0 < told.step != shown:
                self._recording.add_frame(told.step, one.frame)

    def _came(self, turn: int, step: int, phases: int, done: Callable[[Reply], None], reply: Reply) -> None:
        if turn != self._turn:
            return
        self.busy -= 1
        self._passed(turn, step, reply)
        told = reply.trained
        if told is None:
            self.lost = True
        else:
            self._stands = told.step, phases
            if reply.frame is not None and step == told.step > 0 and not phases:
                self._recording.add_frame(step, reply.frame)
        done(reply)

    def _become(self, before: Document, after: Document | None) -> Document:
        """Has the engine play another document; the one of the session stays."""
        if after is None or after is before:
            return before
        revision = self._live.told
        self._live.play(Edit(Diff.between(before, after), revision, revision), answer=_nobody)
        return after

    # --- ahead ---

    def ahead(self, step: int) -> None:
        """A step is shown: what may be asked for next is played while nothing else is. See Note [Ahead]."""
        before, self._last = self._last, step
        if self.eager and not self.busy and monotonic() > self._rested:
            self._look_ahead(step, before)

    def _look_ahead(self, step: int, before: int) -> None:
        recording, document = self._recording, self._owner.document
        steps = [] if self.lost or recording.is_thinned else wanted_next(recording, step, before)
        if not steps or not self._affords():
            return
        moment = recording.nearest(steps[0])
        begin = 0 if moment is None else moment.step
        if recording.changes(begin, steps[-1]) or recording.document(steps[0]) is not document:
            return
        self.remember()
        ways = _ways(begin, steps[-1], (), set(steps), self._owner.x_ray, 0 if moment is None else moment.size_bytes)
        trains = [way.train for way in ways]
        trains[0] = structs.replace(trains[0], start=moment, restart=moment is None)
        at = next(at for at, way in enumerate(ways) if way.seen)
        if (
            moment is not None and moment.size_bytes <= SMALL and steps[0] - begin >= AT_ONCE
        ):  # the next ones are nearer then
            trains[at] = structs.replace(trains[at], keep=True)
        verb = Again(tuple(trains), tuple(way.seen for way in ways), AHEAD_SECONDS)
        turn, self._asking, asked = self._turn, True, monotonic()

        def came(reply: Reply | None) -> None:
            if turn != self._turn:
                return
            self._asking, self._stands = False, None
            took = monotonic() - asked
            if reply is not None:
                self._passed(turn, 0, reply)
            if took > LATE_SECONDS:
                self._rested = monotonic() + REST * took
            elif step == self._last and any(recording.has_frame(one) for one in steps):
                self._look_ahead(step, before)

        self._live.ask(verb, self._live.told, came, ASKER)

    def _affords(self) -> bool:
        """Whether frames that nobody asks for take little of the budget."""
        kept = self._recording.frame_before(self._recording.step + 1)
        return kept is not None and AHEAD * SHARE * frame_bytes(kept[1]) <= self._recording.budget_bytes


def _nobody(reply: Reply) -> None:
    """What nobody waits for."""
