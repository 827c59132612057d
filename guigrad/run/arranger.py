"""Lays graphs out in a process of its own: it can be stopped, and no graph can keep the window waiting.

Thread: ``report`` is called by a thread of this module.
"""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from guigrad.document.layered import LARGE, PLAIN, QUICK, SMALL, Place, Task, arrange

LIMITS: Final = {"": 2.5, QUICK: 30.0}
"""Seconds that a part may take one way before the next one is tried: the best, without the shortest wires, without the library."""

Report = Callable[[int, list[Place] | None], None]
"""(number of the task, its places); (-1, None) when all are done or it was cancelled."""
_CODE: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from guigrad.document.layered import serve; serve()"
)


class Arranger:
    """Lays out some tasks, one after the other, and reports each."""

    def __init__(self, tasks: Sequence[Task], report: Report) -> None:
        self._tasks = tasks
        self._report = report
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._replies: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._cancelled = False
        self._thread = threading.Thread(target=self._work, daemon=True, name="arranger")
        self._thread.start()

    def cancel(self) -> None:
        """Ends it at once. Thread: any."""
        with self._lock:
            self._cancelled = True
            if self._process is not None:
                self._process.kill()

    def join(self) -> None:
        """Waits until its thread has ended."""
        self._thread.join()

    def _work(self) -> None:
        try:
            for number, task in enumerate(self._tasks):
                if len(task.sizes) == 1:
                    places: list[Place] | None = [(0.0, 0.0)]
                else:
                    places = self._places(number, task)
                if self._cancelled or places is None:
                    break
                self._report(number, places)
        finally:
            self._end()
            self._report(-1, None)

    def _places(self, number: int, task: Task) -> list[Place] | None:
        """Each way in turn until one is done in time; None when cancelled."""
        for way in ("", QUICK) if len(task.sizes) <= SMALL else (QUICK,):
            limit = LIMITS[way] + (len(task.sizes) / LARGE if way == QUICK else 0.0)
            found = self._ask(number, task, way, limit)
            if found is not None or self._cancelled:
                return found
        return arrange(task, PLAIN)

    def _ask(self, number: int, task: Task, way: str, limit_s: float) -> list[Place] | None:
        try:
            process = self._started()
            if process is None:
                return None
            assert process.stdin is not None
            process.stdin.write(msgspec.json.encode((number, way, task)) + b"\n")
            process.stdin.flush()
            line = self._replies.get(timeout=limit_s)
            _, places = msgspec.json.decode(line, type=tuple[int, list[Place]])
        except (OSError, queue.Empty, msgspec.DecodeError):
            self._end()
            return None
        return places

    def _started(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._cancelled:
                return None
            if self._process is None:
                self._replies = queue.SimpleQueue()
                self._process = subprocess.Popen(
                    [sys.executable, "-c", _CODE, json.dumps(sys.path)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    start_new_session=sys.platform != "win32",
                )
                args = (self._process, self._replies)
                threading.Thread(target=_listen, args=args, daemon=True, name="arranger-replies").start()
            return self._process

    def _end(self) -> None:
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            with contextlib.suppress(OSError):  # what was not read yet goes nowhere
                assert process.stdin is not None
                process.stdin.close()


def _listen(process: subprocess.Popen[bytes], replies: queue.SimpleQueue[bytes]) -> None:
    assert process.stdout is not None
    with process.stdout as stdout:
        for line in stdout:
            replies.put(line)
    replies.put(b"")  # it has ended: nobody waits for it
