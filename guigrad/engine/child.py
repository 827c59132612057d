"""The engine's own process: requests in, replies out, one after the other.

Note [Fork server]
``import torch`` takes more than a second, a fork of a process that has it 0.03 s. The server imports and nothing else: no op, no backward
(autograd's threads do not survive a fork), no question to a device driver. Each child sets its own limits. The server is
single-threaded and never busy, so it sees its control socket close the moment the window's process ends, and ends too.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import os
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from typing import Protocol

import torch

from guigrad.document.problem import Problem
from guigrad.engine.memory import SHARE, available_bytes, resident_bytes, virtual_bytes
from guigrad.run.host import FORK, MEMORY_EXIT, PID
from guigrad.run.request import Progress, Reply, Request
from guigrad.run.runner import QUICK
from guigrad.run.shared import Channel

NICENESS = 5
"""A child yields to the window."""

TOLD_SECONDS = 0.04
"""At most so often is it told what is being played."""

_WATCH_SECONDS = 0.05
_PDEATHSIG = 1


class Engine(Protocol):
    """What plays the verbs."""

    def handle(self, request: Request) -> Reply:
        """Plays one verb."""


def make_engine(name: str) -> Engine:
    """The engine by its name, ``module:callable``."""
    module, _, attribute = name.partition(":")
    engine: Engine = getattr(importlib.import_module(module), attribute)()
    return engine


def handle(engine: Engine, request: Request) -> Reply:
    """One verb's reply; an exception is a bug of the engine and becomes a Problem of kind "engine"."""
    try:
        return engine.handle(request)
    except MemoryError as error:
        gc.collect()
        return _failed(request, "memory", error, "The engine ran out of memory.")
    except Exception as error:
        traceback.print_exc()
        return _failed(request, "engine", error, "This is a fault of guigrad, not of the document.")


def _failed(request: Request, kind: str, error: BaseException, why: str) -> Reply:
    message = str(error) or type(error).__name__
    return Reply(request.number, problems=(Problem(message, kind=kind, error=type(error).__name__, why=why),))


def serve(channel: Channel, engine: str, memory_bytes: int | None) -> None:
    """Answers requests until the other end closes."""
    limit_memory(memory_bytes)
    if hasattr(signal, "SIGUSR1"):
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    player = make_engine(engine)
    interrupt = getattr(player, "interrupt", None)
    if interrupt is not None and hasattr(signal, "SIGUSR1"):  # see Child.interrupt
        signal.signal(signal.SIGUSR1, lambda number, frame: interrupt())
    warm = getattr(player, "warm", None)
    if warm is not None:
        threading.Thread(target=warm, daemon=True).start()
    watch = _Watch(getattr(player, "where", tuple), channel.send)
    while True:
        try:
            request = channel.receive()
        except EOFError:
            return
        with watch.watching(request):
            reply = handle(player, request)
        try:
            channel.send(reply)
        except (MemoryError, TypeError, ValueError) as error:
            kind = "memory" if isinstance(error, MemoryError) else "engine"
            channel.send(_failed(request, kind, error, "The result cannot be sent to the window."))
        except OSError:
            return


class _Watch:
    """Tells the other end which items are being played, while a verb takes longer than ``TOLD_SECONDS``.

    Thread: its own tells, between the beginning and the end of ``watching``, in which the engine's thread sends nothing.
    """

    def __init__(self, where: Callable[[], tuple[str, ...]], send: Callable[[Progress], None]) -> None:
        self._where, self._send = where, send
        self._changed = threading.Condition()
        self._playing = 0
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def watching(self, request: Request) -> Iterator[None]:
        """One verb."""
        if not request.watch or isinstance(request.verb, QUICK):
            yield
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._tell, daemon=True)
            self._thread.start()
        with self._changed:
            self._playing = request.number
            self._changed.notify()
        try:
            yield
        finally:
            with self._changed:  # an end wakes nobody: most verbs are over long before the first report
                self._playing = 0

    def _tell(self) -> None:
        known: tuple[int, tuple[str, ...]] = (0, ())
        with self._changed, contextlib.suppress(OSError):
            while True:
                self._changed.wait_for(lambda: self._playing)
                number = self._playing
                self._changed.wait(TOLD_SECONDS)
                if self._playing == number and (now := (number, self._where())) != known and now[1]:
                    known = now
                    self._send(Progress(now[1]))


def serve_pipe(engine: str, memory_bytes: int | None) -> None:
    """A child on its standard streams; what native code prints goes to standard error."""
    read, write = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    _lower_priority()
    serve(Channel(read, write), engine, memory_bytes)


def serve_forks(engine: str, memory_bytes: int | None) -> None:
    """The fork server on the socket that is its standard input. See Note [Fork server]."""
    control = socket.socket(fileno=os.dup(0))
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    importlib.import_module(engine.partition(":")[0])
    gc.collect()
    gc.freeze()
    children: set[int] = set()
    try:
        while True:
            command, numbers, _, _ = socket.recv_fds(control, 1, 1)
            if not command:
                return
            if command == FORK:
                pid = os.fork()
                if pid == 0:
                    _child(control, numbers[0], engine, memory_bytes)
                for number in numbers:
                    os.close(number)
                children.add(pid)
                control.sendall(PID.pack(pid))
            else:
                (pid,) = PID.unpack(control.recv(PID.size, socket.MSG_WAITALL))
                _, status = os.waitpid(pid, 0)
                children.discard(pid)
                control.sendall(PID.pack(os.waitstatus_to_exitcode(status)))
    except OSError:
        return  # the window's process is gone
    finally:
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _child(control: socket.socket, number: int, engine: str, memory_bytes: int | None) -> None:
    """A forked child's whole life; never returns into the server's loop."""
    status = 1
    try:
        control.close()
        server = os.getppid()
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != server:
            os._exit(1)
        _lower_priority()
        channel = Channel(*[number] * 2)
        serve(channel, engine, memory_bytes)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _lower_priority() -> None:
    with contextlib.suppress(OSError, AttributeError):
        os.nice(NICENESS)


def limit_memory(limit: int | None) -> None:
    """Lets this process use so many bytes more than now (None: what is available, less a reserve for the rest of the machine).

    On Linux the address space is limited, so that torch reports the allocation that fails; not with an accelerator,
    whose driver reserves far more than it uses. Everywhere a watch on resident memory ends the process when it grows past the limit.
    """
    if limit is None:
        limit = int(available_bytes() * SHARE)
    now = virtual_bytes()
    if now and not torch.accelerator.is_available():
        import resource  # not on Windows

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        wanted = now + limit
        if hard == resource.RLIM_INFINITY or wanted < hard:
            resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
    start = resident_bytes()
    if start:
        watch = threading.Thread(target=_watch, args=(start + limit, threading.Event().wait), daemon=True)
        watch.start()


def _watch(limit: int, wait: Callable[[float], bool]) -> None:
    while resident_bytes() <= limit:
        wait(_WATCH_SECONDS)
    os._exit(MEMORY_EXIT)
