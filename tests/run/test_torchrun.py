"""torchrun on this machine: its log is followed, what fails is told, and cancelling ends every process at once."""

from __future__ import annotations

import os
import queue
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from guigrad.run.torchrun import Torchrun, command_for_others

SECONDS = 120.0
HEAD = "import json, os, subprocess, sys, time\nlog = open('losses.jsonl', 'w')\n"
STEP = "log.write(json.dumps({'step': 1, 'loss': 0.5}) + '\\n'); log.flush()\n"
Start = Callable[[str], tuple[Torchrun, "queue.SimpleQueue[tuple[str, tuple[float, ...]]]"]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Runs a script as torchrun would run one, without torch."""
    running: list[Torchrun] = []

    def begin(script: str) -> tuple[Torchrun, queue.SimpleQueue[tuple[str, tuple[float, ...]]]]:
        said: queue.SimpleQueue[tuple[str, tuple[float, ...]]] = queue.SimpleQueue()
        running.append(Torchrun(script, 2, lambda what, losses: said.put((what, losses)), (sys.executable,)))
        return running[-1], said

    yield begin
    for one in running:
        one.close()
        assert not one.folder.exists()


def test_losses_are_told_while_it_runs(start: Start) -> None:
    script = HEAD + STEP + "log.write('{\"loss\": 0.2'); log.flush()\nsys.stdin.read(1)\n"
    running, said = start(script)
    assert said.get(timeout=SECONDS) == ("losses", (0.5,))  # half a line is none
    assert running._process.stdin is not None
    running._process.stdin.write(b"x")
    running._process.stdin.flush()
    assert said.get(timeout=SECONDS) == ("done", ())


def test_what_fails_says_why(start: Start) -> None:
    running, said = start("print('once')\nraise ValueError('rows do not fit')\n")
    assert said.get(timeout=SECONDS) == ("failed", ())
    assert running.why() == "ValueError: rows do not fit"
    assert "once" in running.said()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_cancelling_ends_every_process_at_once(start: Start) -> None:
    worker = "import time; time.sleep(600)"
    script = HEAD + f"child = subprocess.Popen([sys.executable, '-c', {worker!r}], start_new_session=True)\n"
    script += "print(child.pid, flush=True)\n" + STEP + "time.sleep(600)\n"
    running, said = start(script)
    assert said.get(timeout=SECONDS)[0] == "losses"
    worker_pid = int(running.said().split()[0])
    began = time.monotonic()
    running.cancel()
    assert said.get(timeout=SECONDS) == ("cancelled", ())  # long before it would have ended by itself
    while (state := state_of(worker_pid)) not in ("", "Z"):
        assert time.monotonic() - began < SECONDS, state
        time.sleep(0.01)


def state_of(pid: int) -> str:
    """The letter of a process's state, "" when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def test_the_command_for_other_machines() -> None:
    words = command_for_others(4, 3)
    assert "--nnodes=3" in words
    assert "--nproc_per_node=4" in words
    assert "--rdzv-endpoint=HOST:29400" in words
    assert os.sep not in words
