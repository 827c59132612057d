"""Several variants of one document trained side by side, each by an engine of its own, all at the same step.

Note [Lanes]
Each lane has a runner. A round asks every lane that still runs for the same number of steps and waits for all the answers, so lanes never drift apart; what one
of them does (a NaN, an error, a crash of its process) ends that lane alone. A pause asks for no further round; ``close`` ends the runners at once.
A lane's bits are those of its document trained alone: nothing is shared but the start.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import product
from time import monotonic
from typing import Final

from msgspec import Struct

from guigrad.document.model import Document
from guigrad.document.problem import ProblemError
from guigrad.document.variants import Variant, made
from guigrad.run.frame import Frame
from guigrad.run.listen import Event
from guigrad.run.live import Post
from guigrad.run.recording import Recording
from guigrad.run.request import Forward, Load, Reply, Want
from guigrad.run.runner import Runner
from guigrad.run.training import Train, Trained, Watch

LANES: Final = 8
"""So many at most: each has a process."""
TRACED: Final = 16
"""Variants with no more entries that train have them all traced."""
ROUND_SECONDS: Final = 0.05
"""A round of a race that plays takes about so long."""


class Lane(Struct, eq=False):
    """One variant. ``state``: "ready", "runs", "finished", "diverged", "failed"; ``said`` tells more of the last three."""

    variant: Variant
    document: Document
    recording: Recording
    runner: Runner | None = None
    state: str = "ready"
    said: str = ""
    step: int = 0
    total: int | None = None
    start: Frame | None = None
    begun: bool = False
    trace: tuple[Watch, ...] = ()

    @property
    def loss(self) -> float | None:
        """The last loss, None before the first step."""
        series = next(iter(self.recording.run.series.values()), None)
        return series.at(series.end) if series is not None and series.count else None

    @property
    def over(self) -> bool:
        """Whether it goes no further."""
        return self.state in ("diverged", "failed")


def traced_in(document: Document, frame: Frame) -> tuple[Watch, ...]:
    """Every entry of what trains, if that is not much, by the names that the code gives them."""
    found: dict[str, None] = {}
    for node in document.nodes.values():
        key = frame.labels.get(node.name or "")
        record = frame.records.get(key) if key is not None else None
        if record is None or not (record.is_leaf and record.requires_grad) or record.shape is None:
            continue
        if math.prod(record.shape) > TRACED:
            return ()
        places = product(*map(range, record.shape))
        found.update(dict.fromkeys(f"{node.name}[{', '.join(map(str, place))}]" if place else str(node.name) for place in places))  # fmt: skip
    return tuple(Watch(name) for name in found) if len(found) <= TRACED else ()


class Race:
    """Lanes in lockstep. ``changed()`` is told when any of them is further, or another. Thread: the owner's; ``post`` brings answers there."""

    def __init__(self, make_runner: Callable[[], Runner], post: Post) -> None:
        self._make, self._post = make_runner, post
        self.lanes: list[Lane] = []
        self.changed = Event()
        self.playing = False
        self.limit: int | None = None
        self.trace: tuple[Watch, ...] = ()
        self._waiting = 0
        self._turn = 0
        self._chunk = 1
        self._began = 0.0
        self._more = 0
        self._closed = False
        self._asking = False

    # --- lanes ---

    def add(self, document: Document, variants: Sequence[Variant]) -> str:
        """More lanes, at their start; what could not be added and why, "" if all were. Lanes that have run go back to their start."""
        reason = ""
        for variant in variants:
            if len(self.lanes) >= LANES:
                reason = f"At most {LANES} lanes run side by side."
                break
            if any(lane.variant == variant for lane in self.lanes):
                continue
            try:
                own = made(document, variant)
            except ProblemError as error:
                reason = f"{variant.name}: {error.problems[0].message}"
                continue
            self.lanes.append(Lane(variant, own, Recording(own)))
        self.reset()
        return reason

    def remove(self, lane: Lane) -> None:
        """One lane less."""
        if lane in self.lanes:
            self.lanes.remove(lane)
            self._end(lane)
            self._turn += 1
            self._waiting = 0
            self.reset()

    def follow(self, document: Document) -> str:
        """The document is another: every lane is made of it anew. What could not be made, and why."""
        reason = ""
        for lane in self.lanes:
            try:
                lane.document = made(document, lane.variant)
            except ProblemError as error:
                lane.state, lane.said = "failed", error.problems[0].message
                reason = f"{lane.variant.name}: {lane.said}"
        self.reset()
        return reason

    def clear(self) -> None:
        """No lanes."""
        self.pause()
        self._turn += 1
        self._waiting = 0
        for lane in self.lanes:
            self._end(lane)
        self.lanes.clear()
        self.changed.tell()

    def close(self) -> None:
        """Ends every runner."""
        self._closed = True
        self.clear()

    # --- verbs ---

    @property
    def busy(self) -> bool:
        """Whether a round is being played."""
        return self._waiting > 0

    @property
    def step_now(self) -> int:
        """How far the foremost lane is."""
        return max((lane.step for lane in self.lanes), default=0)

    def play(self) -> None:
        """Plays on to the end of the programs."""
        self.playing = True
        self._more = 0
        self._round()
        self.changed.tell()

    def step(self, steps: int = 1) -> None:
        """So many steps of each lane."""
        self.playing = False
        self._more += max(1, steps)
        self._round()

    def pause(self) -> None:
        """Stands still after the round that is being played."""
        self.playing, self._more = False, 0
        self.changed.tell()

    def stop(self) -> None:
        """Stands still at once: a step that hangs is ended with its process, and its lane begins again at the start."""
        self.playing, self._more = False, 0
        self._turn += 1
        busy, self._waiting = self._waiting > 0, 0
        if busy:
            for lane in self.lanes:
                if lane.runner is not None:
                    lane.runner.stop()
            self.reset()
        self.changed.tell()

    def reset(self) -> None:
        """Every lane back at its start."""
        self.playing, self._more, self._chunk = False, 0, 1
        if self._waiting:
            self._turn += 1
            self._waiting = 0
            for lane in self.lanes:
                if lane.runner is not None:
                    lane.runner.stop()
        for lane in self.lanes:
            lane.state, lane.said, lane.step, lane.begun, lane.start = "ready", "", 0, False, None
            lane.recording = Recording(lane.document)
        self.changed.tell()

    # --- inside ---

    def _round(self) -> None:
        """The next steps of every lane; with runners that answer at once one round after the other."""
        if self._asking:
            return
        self._asking = True
        try:
            while self._wants() and not self._waiting and not self._closed:
                self._ask()
                if self._waiting:
                    break
        finally:
            self._asking = False

    def _wants(self) -> bool:
        return (self.playing or self._more > 0) and any(self._left(lane) > 0 for lane in self.lanes)

    def _left(self, lane: Lane) -> int:
        if lane.over:
            return 0
        if not self.playing:
            return self._more
        total = self.limit if self.limit is not None else lane.total
        return 1 if total is None and not lane.begun else max(0, (total or lane.step + 1) - lane.step)

    def _ask(self) -> None:
        running = [lane for lane in self.lanes if self._left(lane) > 0]
        count = (
            min(self._chunk, *(self._left(lane) for lane in running)) if self.playing else min(self._more, self._chunk)
        )
        if not self.playing:
            self._more -= count
        self._waiting, self._began, turn = len(running), monotonic(), self._turn
        for lane in running:
            self._send(lane, count, turn)

    def _send(self, lane: Lane, count: int, turn: int) -> None:
        if lane.runner is None:
            lane.runner = self._make()
        lane.state = "runs"
        if not lane.begun:
            lane.begun = True
            lane.runner.submit(Load(lane.document))
            first = lane.runner.submit(Forward(), Want(limit=1 << 22, contributions=False))
            first.add_done_callback(lambda done: self._post(lambda: self._started(lane, done.result(), count, turn)))
        else:
            self._train(lane, Train(count, trace=lane.trace, xray=False), turn)

    def _train(self, lane: Lane, train: Train, turn: int) -> None:
        assert lane.runner is not None
        future = lane.runner.submit(train)
        future.add_done_callback(lambda done: self._post(lambda: self._landed(lane, done.result(), turn)))

    def _started(self, lane: Lane, reply: Reply, count: int, turn: int) -> None:
        if turn != self._turn or self._closed or lane.runner is None:
            return
        lane.start = reply.frame
        own = traced_in(lane.document, reply.frame) if reply.frame is not None else ()
        lane.trace = tuple(dict.fromkeys((*own, *self.trace)))
        self._train(lane, Train(count, restart=True, trace=lane.trace, xray=False), turn)

    def _landed(self, lane: Lane, reply: Reply, turn: int) -> None:
        if turn != self._turn or self._closed:
            return
        self._waiting -= 1
        self._note(lane, reply)
        if self._waiting:
            return
        spent = monotonic() - self._began
        if spent < ROUND_SECONDS / 2:
            self._chunk = min(self._chunk * 2, 1 << 16)
        elif spent > ROUND_SECONDS * 2:
            self._chunk = max(1, self._chunk // 2)
        if not self._wants():
            self.playing = False
        self.changed.tell()
        self._round()

    def _note(self, lane: Lane, reply: Reply) -> None:
        told: Trained | None = reply.trained
        if told is None:
            said = reply.problems[0].message if reply.problems else "It was stopped."
            lane.state, lane.said, lane.begun = "failed", said, False
            return
        lane.step, lane.total = told.step, told.total if told.total is not None else lane.total
        lane.recording.add(told, reply.problems)
        if told.reason == "nan":
            lane.state, lane.said = "diverged", f"NaN or infinite from step {told.step + 1:,} on"
        elif told.reason == "failed":
            lane.state, lane.said = "failed", reply.problems[0].message if reply.problems else "It cannot be trained."
        elif told.finished or (lane.total is not None and lane.step >= lane.total):
            lane.state = "finished"
            if told.reason == "end" and lane.total is None:
                lane.total = told.step

    def _end(self, lane: Lane) -> None:
        runner, lane.runner = lane.runner, None
        if runner is not None:
            runner.stop()
            runner.close()
