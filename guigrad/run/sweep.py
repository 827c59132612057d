"""One number of a document tried over a range: the loss at the end of a training, for each value. See Note [Lanes] in run/race."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

from msgspec import Struct

from guigrad.document.model import Document
from guigrad.document.problem import ProblemError
from guigrad.document.variants import Number, set_to
from guigrad.run.listen import Event
from guigrad.run.live import Post
from guigrad.run.request import Load, Reply
from guigrad.run.runner import Runner
from guigrad.run.training import Train

HANDS = 2
"""So many values are tried at a time."""


class Tried(Struct, frozen=True):
    """One value: the loss at the end (NaN where it diverged or failed), how many steps were played, and what went wrong."""

    value: float
    loss: float = math.nan
    steps: int = 0
    said: str = ""


class Sweep:
    """Thread: the owner's; ``post`` brings answers there. ``changed()`` is told after each value. ``tried`` are in the order of the values."""

    def __init__(self, make_runner: Callable[[], Runner], post: Post) -> None:
        self._make, self._post = make_runner, post
        self.changed = Event()
        self.number: Number | None = None
        self.values: tuple[float, ...] = ()
        self.results: dict[int, Tried] = {}
        self._document = Document()
        self._steps: int | None = None
        self._todo: deque[int] = deque()
        self._runners: list[Runner] = []
        self._turn = 0

    @property
    def tried(self) -> tuple[Tried, ...]:
        """What is known."""
        return tuple(self.results[at] for at in sorted(self.results))

    @property
    def running(self) -> bool:
        """Whether values are still to be tried."""
        return bool(self.values) and bool(self._runners)

    def start(self, document: Document, number: Number, values: tuple[float, ...], steps: int | None = None) -> None:
        """Tries every value; ``steps`` None plays each program to its end."""
        self.stop()
        self._document, self.number, self.values, self._steps = document, number, values, steps
        self.results = {}
        self._todo = deque(range(len(values)))
        self._turn += 1
        turn = self._turn
        self._runners = [self._make() for _ in range(min(HANDS, len(values)))]
        for runner in tuple(self._runners):
            self._next(runner, turn)
        self.changed.tell()

    def stop(self) -> None:
        """Ends what runs at once; what was found stays."""
        self._turn += 1
        self._todo.clear()
        runners, self._runners = self._runners, []
        for runner in runners:
            runner.stop()
            runner.close()
        self.changed.tell()

    def _next(self, runner: Runner, turn: int) -> None:
        assert self.number is not None
        while self._todo:
            at = self._todo.popleft()
            try:
                document = set_to(self.number, self.values[at])(self._document).apply(self._document)
            except ProblemError as error:
                self.results[at] = Tried(self.values[at], said=error.problems[0].message)
                continue
            runner.submit(Load(document))
            future = runner.submit(Train(self._steps, restart=True, xray=False))
            future.add_done_callback(
                lambda done, at=at: self._post(lambda: self._landed(runner, at, done.result(), turn))  # type: ignore[misc]  # bound now
            )
            return
        if runner in self._runners:
            self._runners.remove(runner)
            runner.close()
        self.changed.tell()

    def _landed(self, runner: Runner, at: int, reply: Reply, turn: int) -> None:
        if turn != self._turn:
            return
        told, value = reply.trained, self.values[at]
        if told is None or told.reason == "failed":
            said = reply.problems[0].message if reply.problems else "It was stopped."
            self.results[at] = Tried(value, said=said)
        else:
            losses = told.series[0] if told.series else ()
            loss = losses[-1] if losses and told.reason != "nan" else math.nan
            said = f"NaN or infinite from step {told.step + 1:,} on" if told.reason == "nan" else ""
            self.results[at] = Tried(value, loss, told.step, said)
        self.changed.tell()
        self._next(runner, turn)
