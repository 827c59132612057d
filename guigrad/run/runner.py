"""Plays verbs: in this process, or in a child process that can be stopped at once.

Note [Restore points]
The runner of a child process knows the document that the child has and the last restore point that a reply brought. When the child is
killed or dies it starts another, loads the document of that point, restores it and applies the edits that came since: source values,
gradients, random and optimizer state are as after the last verb, other nodes are "not run". So nothing that cannot be computed again
is ever only in the child.
"""

from __future__ import annotations

import importlib
import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol

from guigrad.document.model import Document
from guigrad.document.problem import Problem
from guigrad.run.host import MEMORY_EXIT, Child, Host, HostError, SharedHost, make_host
from guigrad.run.request import Edit, Load, Look, Point, Progress, Reply, Request, Reset, Restore, TryWire, Verb, Want

ENGINE = "guigrad.engine.handler:Handler"
"""The engine by name: ``module:callable``. Importing the module imports torch."""


SLOW_SECONDS = 0.3
"""A refresh that takes no longer is never interrupted: somebody who drags a slider sees it follow."""


Told = Callable[[tuple[str, ...]], None]

QUICK = (Load, Edit, Restore, Reset, Look, TryWire)
"""Verbs that compute nothing: a stop lets them be."""


class Runner(Protocol):
    """Plays verbs in the order they come; none is dropped.

    ``told``, if there is one, is called with the keys of the items that are being played, now and then while a verb takes its time.
    Thread: it and the callbacks of the futures run in whatever thread ends the verb: the caller's with an ``InlineRunner``, the
    runner's own with a ``ProcessRunner``.
    """

    told: Told | None

    def submit(self, verb: Verb, want: Want | None = None, point: bool = False) -> Future[Reply]:
        """Queues a verb. ``want`` is the frame wanted after it (None: none), ``point`` asks for a restore point too."""

    def stop(self) -> None:
        """Stops what runs and cancels what waits; edits are kept. Returns at once."""

    def interrupt(self) -> None:
        """What plays now ends before its next node as cancelled, if it takes long; what is computed stays. Returns at once."""

    def another(self) -> Runner:
        """Another runner of the same kind, with an engine of its own."""

    def close(self) -> None:
        """Ends the runner; what waits is cancelled."""


class Player(Protocol):
    """What plays the verbs (guigrad.engine)."""

    def handle(self, request: Request) -> Reply:
        """Plays one verb."""


def load_engine(name: str = ENGINE) -> Player:
    """The engine by its name."""
    module, _, attribute = name.partition(":")
    engine: Player = getattr(importlib.import_module(module), attribute)()
    return engine


class InlineRunner:
    """Plays verbs in the calling process and thread, at once; for scripts, the command line and tests."""

    def __init__(self, engine: Player | str = ENGINE) -> None:
        self.told: Told | None = None  # nobody could listen while a verb plays
        self._name = engine if isinstance(engine, str) else ""
        self._engine = None if isinstance(engine, str) else engine
        self._count = 0

    @property
    def engine(self) -> Any:
        """The engine itself, loaded when first needed."""
        if self._engine is None:
            self._engine = load_engine(self._name)
        return self._engine

    def submit(self, verb: Verb, want: Want | None = None, point: bool = False) -> Future[Reply]:
        """Plays the verb; the future is done when this returns."""
        self._count += 1
        future: Future[Reply] = Future()
        try:
            future.set_result(self.engine.handle(Request(verb, want, self._count, point)))
        except Exception as error:
            future.set_exception(error)
        return future

    def stop(self) -> None:
        """Nothing runs between two calls."""

    def interrupt(self) -> None:
        """Nothing runs between two calls."""

    def another(self) -> InlineRunner:
        """One more, with an engine of its own."""
        return InlineRunner(self._name or ENGINE)

    def close(self) -> None:
        """Lets go of the engine and its tensors."""
        self._engine = None


class _Job:
    __slots__ = ("future", "request")

    def __init__(self, request: Request) -> None:
        self.request = request
        self.future: Future[Reply] = Future()


class ProcessRunner:
    """Plays verbs in a child process.

    ``memory_bytes`` limits the child (None: what the machine has available). Thread: methods belong to the thread that made
    the runner, except ``stop`` (any). The runner's own thread starts children, sends, receives and ends futures.
    """

    def __init__(self, engine: str = ENGINE, memory_bytes: int | None = None, host: Host | None = None) -> None:
        self.told: Told | None = None
        shared = host if isinstance(host, SharedHost) else SharedHost(host or make_host(engine, memory_bytes))
        self._host = shared.join()
        self._jobs: deque[_Job] = deque()
        self._wake = threading.Condition()
        self._closed = False
        self._playing = False
        self._job: _Job | None = None
        self._since = 0.0
        self._stops = 0
        self._child: Child | None = None
        self._state = _State()
        self._count = 0
        self._thread = threading.Thread(target=self._work, name="guigrad runner", daemon=True)
        self._thread.start()

    def submit(self, verb: Verb, want: Want | None = None, point: bool = False) -> Future[Reply]:
        """Queues the verb; its future ends in the runner's thread. After ``close`` it is cancelled at once."""
        with self._wake:
            self._count += 1
            job = _Job(Request(verb, want, self._count, point, self.told is not None))
            if not self._closed:
                self._jobs.append(job)
                self._wake.notify()
                return job.future
        job.future.set_result(Reply(job.request.number, cancelled=True))
        return job.future

    def stop(self) -> None:
        """Kills the child if it plays; the verb that it plays and those that wait are answered as cancelled.

        What computes nothing (edits above all) stays in the queue.
        """
        with self._wake:
            kept = deque(job for job in self._jobs if isinstance(job.request.verb, QUICK))
            dropped = [job for job in self._jobs if not isinstance(job.request.verb, QUICK)]
            self._jobs = kept
            child = self._child if self._playing else None
            self._stops += self._playing
        if child is not None:
            child.kill()
        for job in dropped:
            _end(job, Reply(job.request.number, cancelled=True))

    def interrupt(self) -> None:
        """What plays now ends before its next node as cancelled, once it has taken ``SLOW_SECONDS``; the child lives on."""
        with self._wake:
            job, left = self._job, self._since + SLOW_SECONDS - time.monotonic()
        if job is None:
            return
        if left <= 0:
            self._interrupt(job)
            return
        timer = threading.Timer(left, self._interrupt, (job,))
        timer.daemon = True
        timer.start()

    def _interrupt(self, job: _Job) -> None:
        with self._wake:  # while this is held, the child gets no other job
            if self._job is job and self._child is not None:
                self._child.interrupt()

    def another(self) -> ProcessRunner:
        """One more, whose child comes from the same host: torch is loaded there already."""
        return ProcessRunner(host=self._host)

    @property
    def child_pid(self) -> int | None:
        """The process that plays now."""
        child = self._child
        return None if child is None else child.pid

    def close(self) -> None:
        """Ends the child, the thread and everything that they hold."""
        with self._wake:
            if self._closed:
                return
            self._closed = True
            self._wake.notify()
            child = self._child
        if child is not None:
            child.kill()
        self._thread.join()

    # --- the runner's thread -------------------------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            self._revive()
            while True:
                with self._wake:
                    self._playing, self._job = False, None
                    while not (self._jobs or self._closed):
                        self._wake.wait()
                    if self._closed:
                        return
                    job = self._jobs.popleft()
                    self._playing, self._job, self._since = True, job, time.monotonic()
                    stops = self._stops
                self._play(job, stops)
        finally:
            self._bury()
            self._host.close()
            with self._wake:
                self._closed = True
                left, self._jobs = self._jobs, deque()
            for waiting in left:
                _end(waiting, Reply(waiting.request.number, cancelled=True))

    def _play(self, job: _Job, stops: int) -> None:
        request = job.request
        if self._child is not None and self._child.channel.ended():  # killed while it had nothing to do
            self._bury()
        reply = self._revive() or self._ask(request)
        self._state.took(request.verb)
        if reply is None:
            if self._stops != stops or self._closed:
                _end(
                    job, Reply(request.number, cancelled=True)
                )  # at once: the dead child's memory takes a while to free
                self._bury()
            else:
                reply = Reply(request.number, problems=(_death(self._bury()),))
            if not self._closed:
                self._revive()
            if reply is None:
                return
        if reply.point is not None:
            self._state.keep(reply.point)
        _end(job, reply)

    def _ask(self, request: Request) -> Reply | None:
        """One question to the child; None when it died over it."""
        assert self._child is not None
        try:
            self._child.channel.send(request)
            while isinstance(answer := self._child.channel.receive(), Progress):
                if self.told is not None:
                    self.told(answer.keys)
            reply: Reply = answer
        except TypeError as error:
            return Reply(request.number, problems=(Problem(str(error), kind="engine", error="TypeError"),))
        except (OSError, EOFError):
            return None
        return reply

    def _revive(self) -> Reply | None:
        """Starts a child if there is none and gives it the state; what is wrong if that cannot be done."""
        if self._child is not None:
            return None
        try:
            child = self._host.start()
        except HostError as error:
            return Reply(problems=(Problem(str(error), kind="engine", error="HostError"),))
        with self._wake:
            self._child = child
            closed = self._closed
        if closed:
            return Reply(cancelled=True)
        for verb in self._state.verbs():
            if self._ask(Request(verb, None)) is None:
                return Reply(problems=(_death(self._bury()),))
        return None

    def _bury(self) -> int:
        """Ends the child and gives its exit status."""
        with self._wake:
            child, self._child = self._child, None
        return 0 if child is None else child.wait()


class _State:
    """What a new child is told. See Note [Restore points]."""

    def __init__(self) -> None:
        self._load: Load | None = None
        self._document = Document()
        self._revision = 0
        self._point: Point | None = None
        self._edits: Edit | None = None

    def took(self, verb: Verb) -> None:
        """The child has been told this verb (or would have been)."""
        match verb:
            case Load():
                self._load, self._document, self._revision = verb, verb.document, verb.revision
                self._point = self._edits = None
            case Edit():
                self._document = verb.diff.apply(self._document)
                self._revision = verb.revision
                before = self._edits
                self._edits = verb if before is None else Edit(before.diff.then(verb.diff), before.base, verb.revision)
            case Restore():
                self.keep(verb.point)

    def keep(self, point: Point) -> None:
        """A restore point of the document as it is now."""
        if self._load is not None:
            self._load = Load(self._document, self._revision, self._load.device, self._load.seed)
        self._point, self._edits = point, None

    def verbs(self) -> tuple[Verb, ...]:
        """What brings a new child where the old one was."""
        if self._load is None:
            return ()
        restore = () if self._point is None else (Restore(self._point),)
        return (self._load, *restore, *(() if self._edits is None else (self._edits,)))


def _end(job: _Job, reply: Reply) -> None:
    if job.future.set_running_or_notify_cancel():
        job.future.set_result(reply)


def _death(status: int) -> Problem:
    """Why the engine's process ended."""
    if status == MEMORY_EXIT:
        return Problem(
            "The engine's process used more memory than it may and was ended.",
            kind="engine",
            error="MemoryError",
            why="The values before this verb are restored. Make the tensors smaller, or run fewer of them.",
        )
    if status == -int(getattr(signal, "SIGKILL", 9)):
        cause = "was killed by the system, most likely because memory ran out"
    elif status < 0:
        cause = f"crashed ({_signal_name(-status)})"
    else:
        cause = f"ended by itself (exit status {status})"
    return Problem(
        f"The engine's process {cause}.",
        kind="engine",
        error="ProcessDied",
        why="A native operation took the process down. A new one was started, and the values before this verb are restored.",
    )


def _signal_name(number: int) -> str:
    try:
        return f"{signal.Signals(number).name}: {signal.strsignal(number)}"
    except ValueError:
        return f"signal {number}"
