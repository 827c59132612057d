"""``guigrad run FILE --steps N``: trains with a progress bar, writes checkpoints, goes on from them; Ctrl+C ends after the step."""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

from guigrad.document.model import Document
from guigrad.document.problem import Problem, ProblemError
from guigrad.run import checkpoint
from guigrad.run.training import Moment
from guigrad.terminal import CANCELLED, PROBLEMS, Refused, ctrl_c_ends_at_once, distinct

CHECKPOINT_SECONDS = 30.0
_BAR = 30


class Outcome:
    """What a training on the command line ended with."""

    def __init__(self, frame: Any, recording: Any, problems: tuple[Problem, ...], cancelled: bool) -> None:
        self.frame, self.recording, self.problems, self.cancelled = frame, recording, problems, cancelled


def train(
    document: Document,
    steps: int,
    device: str | None,
    seed: int | None,
    path: str | None,
    resume: bool,
    until: str | None,
) -> Outcome:
    """Trains up to so many steps in all. Raises: Refused, ProblemError."""
    if steps < 1:
        raise Refused("--steps expects a number of 1 or more")
    if resume and path is None:
        raise Refused("--resume needs --checkpoint")
    moment = _read(path, document) if resume and path is not None else None
    with ctrl_c_ends_at_once():  # torch swallows a KeyboardInterrupt in the middle of its import
        session_class = importlib.import_module("guigrad.api").Session  # by name: it is torch's
    session = session_class(document, device=device, seed=seed)
    if moment is not None:
        _begin_at(session, moment)
    done = 0 if moment is None else moment.step
    bar, next_write = Bar(steps, done), time.monotonic() + CHECKPOINT_SECONDS
    failed: list[str] = []

    def told(trained: Any, recording: Any) -> None:
        nonlocal next_write
        bar.show(trained.step, recording.loss[-1] if recording.names and len(recording.loss) else None)
        if path is not None and time.monotonic() > next_write:
            failed[:] = _write(path, session.moment(), document)
            next_write = time.monotonic() + CHECKPOINT_SECONDS

    with _ctrl_c() as pressed:
        session.watch_for_stop(pressed.is_set)
        try:
            recording = session.train(steps - done, until=until, told=told) if steps > done else session.recording
        finally:
            bar.clear()
        frame = session.frame
        if path is not None and recording.step:
            failed[:] = _write(path, session.last_moment(), document)
    problems = distinct((*document.problems, *recording.problems, *frame.problems))
    if failed:
        problems = (*problems, Problem(failed[-1], kind="file"))
    return Outcome(frame, recording, problems, pressed.is_set())


def _read(path: str, document: Document) -> Moment | None:
    """The checkpoint to go on from; None when there is none yet."""
    if not os.path.exists(path):
        return None
    try:
        return checkpoint.read(path, document)
    except ProblemError as error:
        message = error.problems[0].message.removeprefix(f"{path}: ")
        raise Refused(f"{path}: the checkpoint cannot be used: {message}", PROBLEMS) from error


def _begin_at(session: Any, moment: Any) -> None:
    if not session.begin_at(moment):
        raise Refused("the checkpoint does not fit this program", PROBLEMS)


def _write(path: str, moment: Moment | None, document: Document) -> list[str]:
    """What went wrong, if something did; the checkpoint before is whole then."""
    if moment is None:
        return ["no checkpoint: between these steps the program holds a graph of autograd, which cannot be written"]
    try:
        checkpoint.write(path, moment, document)
    except OSError as error:
        return [f"{path}: {error.strerror or error}; the checkpoint before is as it was"]
    return []


class Bar:
    """A line on a terminal that says how far it is; nothing elsewhere."""

    def __init__(self, steps: int, done: int, unit: str = "steps") -> None:
        self._unit = unit
        self._steps, self._done, self._began = steps, done, time.monotonic()
        self._shown = sys.stderr is not None and sys.stderr.isatty()
        self._drawn = 0.0

    def show(self, step: int, loss: float | None) -> None:
        """A step has ended."""
        now = time.monotonic()
        if not self._shown or (now - self._drawn < 0.1 and step < self._steps):
            return
        self._drawn = now
        part = min(1.0, step / self._steps)
        rate = (step - self._done) / max(now - self._began, 1e-9)
        left = (self._steps - step) / rate if rate > 0 else 0.0
        text = f"{'█' * int(part * _BAR):░<{_BAR}} {step:,}/{self._steps:,}  {rate:,.{0 if rate >= 10 else 1}f} {self._unit}/s  {_time(left)} left"
        if loss is not None:
            text += f"  loss {loss:.6g}"
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()

    def clear(self) -> None:
        """Takes the line away."""
        if self._shown and self._drawn:
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.write("\r\x1b[K")
                sys.stderr.flush()


def _time(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@contextlib.contextmanager
def _ctrl_c() -> Iterator[threading.Event]:
    """Ctrl+C asks for the end after the step that is played, a second one ends at once."""
    pressed = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield pressed
        return

    def press(number: int, frame: Any) -> None:
        if pressed.is_set():
            os._exit(CANCELLED)
        pressed.set()

    before = signal.signal(signal.SIGINT, press)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)
