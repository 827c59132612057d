"""Starts and ends the processes that engines live in: a fork server on Linux, a process of its own elsewhere."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Protocol

from guigrad.run.shared import Channel

CHILD = "guigrad.engine.child"
"""The module that children run; known by name only, because importing it imports torch."""

MEMORY_EXIT = 86
"""Exit status of a child that ended itself because it used too much memory."""

FORK, WAIT = b"F", b"W"
PID = struct.Struct("<q")
_END_SECONDS = 5.0


class HostError(Exception):
    """No child could be started."""


class Child:
    """One running engine process.

    Thread: ``kill`` may be called by any thread, everything else by the runner's own.
    """

    def __init__(self, host: Host, pid: int, channel: Channel) -> None:
        self.pid = pid
        self.channel = channel
        self._host = host
        self._lock = threading.Lock()
        self._ended = False

    def kill(self) -> None:
        """Ends it at once. Its pid stays its own until ``wait``, so no other process can be hit."""
        with self._lock:
            if not self._ended:
                with contextlib.suppress(ProcessLookupError):
                    self._host.kill(self.pid)

    def interrupt(self) -> None:
        """Has it end what it plays before the next node; nothing of what it holds is lost. Where there are no signals it plays on."""
        number = getattr(signal, "SIGUSR1", None)
        with self._lock:
            if not self._ended and number is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, number)

    def wait(self) -> int:
        """Ends it if it still runs, and gives its exit status, a signal's number negative.

        A process that is ending by itself keeps its own status.
        """
        self.kill()
        with self._lock:
            self._ended = True
        self.channel.close()
        return self._host.wait(self.pid)


class Host(Protocol):
    """Where children come from."""

    def start(self) -> Child:
        """A new child, ready to read requests.

        Raises: HostError.
        """

    def kill(self, pid: int) -> None:
        """Ends a child at once. Thread: any."""

    def wait(self, pid: int) -> int:
        """Waits for a child that ended and gives its exit status, a signal's number negative."""

    def close(self) -> None:
        """Ends everything that was started."""


def make_host(engine: str, memory_bytes: int | None = None) -> Host:
    """The host for this system. ``memory_bytes`` limits a child (None: what the machine has)."""
    if sys.platform == "linux" and hasattr(socket, "send_fds"):
        return ForkServer(engine, memory_bytes)
    return ProcessHost(engine, memory_bytes)


class ForkServer:
    """A process that has torch loaded and forks a child in 0.03 s when asked to.

    It answers one command after the other on its control socket and ends, with its children, when that closes: so nothing is left
    when the window's process dies, however it dies.
    """

    def __init__(self, engine: str, memory_bytes: int | None = None) -> None:
        self._options = _options("serve_forks", engine, memory_bytes)
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def start(self) -> Child:
        """A new child; the first one waits until torch is loaded."""
        try:
            return self._fork()
        except OSError:  # the server is gone: another one
            self.close()
        try:
            return self._fork()
        except OSError as error:
            self.close()
            raise HostError(f"the engine's process cannot be started: {error}") from error

    def _fork(self) -> Child:
        if self._control is None:
            mine, theirs = socket.socketpair()
            with theirs:
                self._control = mine
                self._process = _popen(self._options, stdin=theirs.fileno(), stdout=None)
        mine, theirs = socket.socketpair()
        try:
            with theirs:
                socket.send_fds(self._control, [FORK], [theirs.fileno()])
                pid = self._answer()
        except OSError:
            mine.close()
            raise
        return Child(self, pid, Channel(*[mine.detach()] * 2))

    def kill(self, pid: int) -> None:
        """Ends a child at once; the server keeps its pid from being used again until ``wait``."""
        os.kill(pid, signal.SIGKILL)

    def wait(self, pid: int) -> int:
        """The exit status of a child that has ended or is about to."""
        if self._control is None:
            return -signal.SIGKILL
        try:
            self._control.sendall(WAIT + PID.pack(pid))
            return self._answer()
        except OSError:
            return -signal.SIGKILL  # the server died and took its children along

    def _answer(self) -> int:
        assert self._control is not None
        data = self._control.recv(PID.size, socket.MSG_WAITALL)
        if len(data) < PID.size:
            raise ConnectionError("it ended while starting")
        return int(PID.unpack(data)[0])

    def close(self) -> None:
        """Ends the server and its children."""
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            _end(self._process)
            self._process = None


class SharedHost:
    """One host for several runners: it ends with the last of them. Thread: any; one at a time speaks with the host."""

    def __init__(self, host: Host) -> None:
        self._host, self._lock, self._users = host, threading.RLock(), 0

    def join(self) -> SharedHost:
        """For one more runner, which closes it once."""
        with self._lock:
            self._users += 1
        return self

    def start(self) -> Child:
        """A new child. Raises: HostError."""
        with self._lock:
            child = self._host.start()
        child._host = self
        return child

    def kill(self, pid: int) -> None:
        """Ends a child at once."""
        self._host.kill(pid)

    def wait(self, pid: int) -> int:
        """The exit status of a child that has ended or is about to."""
        with self._lock:
            return self._host.wait(pid)

    def close(self) -> None:
        """One runner needs it no more."""
        with self._lock:
            self._users -= 1
            if self._users <= 0:
                self._host.close()


class ProcessHost:
    """A process for each child, with one spare that loads torch while its predecessor works."""

    def __init__(self, engine: str, memory_bytes: int | None = None) -> None:
        self._options = _options("serve_pipe", engine, memory_bytes)
        self._spare: subprocess.Popen[bytes] | None = None
        self._running: dict[int, subprocess.Popen[bytes]] = {}

    def start(self) -> Child:
        """The spare child, or a new one."""
        try:
            process = self._spare or self._open()
            self._running[process.pid] = process
            self._spare = self._open()
        except OSError as error:
            raise HostError(f"the engine's process cannot be started: {error}") from error
        assert process.stdin is not None
        assert process.stdout is not None
        channel = Channel(os.dup(process.stdout.fileno()), os.dup(process.stdin.fileno()))
        process.stdin.close()
        process.stdout.close()
        return Child(self, process.pid, channel)

    def _open(self) -> subprocess.Popen[bytes]:
        return _popen(self._options, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def kill(self, pid: int) -> None:
        """Ends a child at once."""
        process = self._running.get(pid)
        if process is not None:
            process.kill()

    def wait(self, pid: int) -> int:
        """The exit status of a child that has ended or is about to."""
        return self._running.pop(pid).wait()

    def close(self) -> None:
        """Ends every child and the spare."""
        for process in (*self._running.values(), *((self._spare,) if self._spare else ())):
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
        self._running.clear()
        self._spare = None


def _options(entry: str, engine: str, memory_bytes: int | None) -> Sequence[str]:
    """The command line of a child: it sees the modules that this process sees."""
    settings = json.dumps({"path": sys.path, "engine": engine, "memory_bytes": memory_bytes})
    code = (
        "import json, sys; settings = json.loads(sys.argv[1]); sys.path[:] = settings['path']; "
        f"import {CHILD} as child; child.{entry}(settings['engine'], settings['memory_bytes'])"
    )
    return [sys.executable, "-c", code, settings]


def _popen(options: Sequence[str], stdin: int, stdout: int | None) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl+C in the terminal is the parent's business.
    return subprocess.Popen(options, stdin=stdin, stdout=stdout, start_new_session=sys.platform != "win32")


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(timeout=_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
