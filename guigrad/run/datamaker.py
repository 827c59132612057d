"""Asks the process that makes data sets, one question at a time. See Note [Data process] in datasets/serve.

Thread: ``report`` is called by a thread of this module.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from guigrad.document.problem import Problem
from guigrad.run.shared import Channel

Report = Callable[[int, tuple[Any, ...]], None]
"""(number of the question, what is said of it): ("progress", done, total), then one of ("made", …), ("looked", …), ("problem", Problem)."""

_CODE: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from guigrad.datasets.serve import serve; serve()"
)


class DataMaker:
    """Latest wins: a new question ends the process that is still at the last one."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: Channel | None = None
        self._threads: list[threading.Thread] = []
        self._number = 0
        self._busy = False

    def make(self, kind: str, settings: Mapping[str, Any]) -> int:
        """Asks for a data set; the number of the question."""
        return self._ask(("make", kind, dict(settings)))

    def look(self, path: str, settings: Mapping[str, Any]) -> int:
        """Asks what a file offers; the number of the question."""
        return self._ask(("look", path, dict(settings)))

    def cancel(self) -> None:
        """Ends what is being made; nothing more is told of it."""
        with self._lock:
            self._number += 1
            if self._busy:
                self._end()

    def close(self) -> None:
        """Ends everything. Waits for its thread."""
        with self._lock:
            self._number += 1
            self._end()
            threads, self._threads = self._threads, []
        for thread in threads:
            thread.join()

    def _ask(self, question: tuple[Any, ...]) -> int:
        with self._lock:
            self._number += 1
            if self._busy:
                self._end()
            try:
                if self._channel is None:
                    self._start()
                assert self._channel is not None
                self._busy = True
                self._channel.send(question)
            except OSError as error:
                self._end()
                number = self._number
                failed = Problem(f"the process that makes data sets cannot be started: {error}", "data")
                threading.Thread(target=self._report, args=(number, ("problem", failed)), daemon=True).start()
            return self._number

    def _start(self) -> None:
        process = subprocess.Popen(
            [sys.executable, "-c", _CODE, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=sys.platform != "win32",
        )
        assert process.stdin is not None
        assert process.stdout is not None
        channel = Channel(process.stdout.fileno(), process.stdin.fileno())
        self._process, self._channel = process, channel
        thread = threading.Thread(target=self._listen, args=(process, channel), daemon=True, name="datamaker")
        self._threads = [*(each for each in self._threads if each.is_alive()), thread]
        thread.start()

    def _listen(self, process: subprocess.Popen[bytes], channel: Channel) -> None:
        while True:
            try:
                answer = channel.receive()
            except (EOFError, OSError):
                break
            with self._lock:
                if self._process is not process:
                    break
                number = self._number
                self._busy = self._busy and answer[0] == "progress"
            self._report(number, answer)
        process.kill()
        process.wait()
        for end in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):  # what was not read yet goes nowhere
                assert end is not None
                end.close()
        with self._lock:
            mine = self._process is process
            number, busy = self._number, self._busy
            if mine:
                self._end()
        if mine and busy:
            self._report(number, ("problem", Problem("the process that makes data sets ended unexpectedly", "data")))

    def _end(self) -> None:
        """Kills the process; its thread closes the pipes. With the lock held."""
        process, self._process, self._channel, self._busy = self._process, None, None, False
        if process is not None:
            with contextlib.suppress(OSError):
                process.kill()
