"""``torchrun`` on this machine: a training on several processes, followed by its log, ended with all of them at once.

Thread: ``report`` is called by a thread of this module.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

Report = Callable[[str, tuple[float, ...]], None]
"""("losses", those of the next steps), then one of ("done", ()), ("failed", ()), ("cancelled", ())."""

LAUNCH: Final = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node={processes}")
"""``--standalone`` takes a port that is free."""
SCRIPT, LOG, PARAMETERS, OUTPUT = "train_ddp.py", "losses.jsonl", "parameters.safetensors", "output.txt"
POLL_SECONDS = 0.1
KEPT_CHARS = 4000


def command_for_others(processes: int, nodes: int = 2) -> str:
    """What is typed on each of several machines, the first of which is HOST."""
    return (
        f"torchrun --nnodes={nodes} --nproc_per_node={processes} --rdzv-id=guigrad --rdzv-backend=c10d "
        f"--rdzv-endpoint=HOST:29400 {SCRIPT}"
    )


class Torchrun:
    """One training. ``folder`` holds the script, the log, what was printed, and at the end the parameters.

    The processes end with this one, however it ends: they read from a pipe that closes then (``--tied``).
    """

    def __init__(self, script: str, processes: int, report: Report, launch: Sequence[str] = LAUNCH) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="guigrad-torchrun-"))
        self.parameters = self.folder / PARAMETERS
        (self.folder / SCRIPT).write_text(script, encoding="utf-8")
        self._report = report
        self._cancelled = False
        self._stop = threading.Event()
        self._rest = b""
        words = [word.format(processes=processes) for word in launch]
        with open(self.folder / OUTPUT, "wb") as output:
            self._process = subprocess.Popen(
                [*words, SCRIPT, "--losses", LOG, "--parameters", PARAMETERS, "--tied"],
                cwd=self.folder,
                env={"OMP_NUM_THREADS": "1", **os.environ},
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=sys.platform != "win32",
            )
        self._thread = threading.Thread(target=self._follow, daemon=True, name="torchrun")
        self._thread.start()

    def cancel(self) -> None:
        """Ends all of its processes at once. Thread: any."""
        self._cancelled = True
        self._stop.set()
        self._kill()

    def close(self, keep: bool = False) -> None:
        """Ends it, waits for its thread, and takes its folder away unless it is to be kept."""
        self.cancel()
        self._thread.join()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def said(self) -> str:
        """The end of what was printed."""
        try:
            text = (self.folder / OUTPUT).read_bytes()[-KEPT_CHARS:].decode("utf-8", "replace")
        except OSError:
            return ""
        return text

    def why(self) -> str:
        """The last line of what was printed that says what went wrong."""
        lines = [line.strip() for line in self.said().splitlines() if line.strip()]
        own = [line for line in lines if line.startswith(("the loss of", "a batch is", "RuntimeError", "ValueError"))]
        errors = [
            line for line in lines if "Error" in line and "error_file" not in line and not line.startswith("File")
        ]
        return (own or errors or lines or ["it ended without a word"])[-1][:300]

    def _kill(self) -> None:
        for pid in _children(self._process.pid):  # torchrun gives each a session of its own
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            self._process.kill()
        with contextlib.suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()

    def _follow(self) -> None:
        with contextlib.ExitStack() as open_files:
            log = None
            while True:
                over = self._process.poll() is not None
                if log is None and (self.folder / LOG).exists():
                    log = open_files.enter_context(open(self.folder / LOG, "rb"))
                if log is not None:
                    losses = self._read(log.read())
                    if losses:
                        self._report("losses", losses)
                if over or self._stop.wait(POLL_SECONDS):
                    break
        status = self._process.wait()
        with contextlib.suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        self._report("cancelled" if self._cancelled else "done" if status == 0 else "failed", ())

    def _read(self, data: bytes) -> tuple[float, ...]:
        *lines, self._rest = (self._rest + data).split(b"\n")
        found = []
        for line in lines:
            with contextlib.suppress(ValueError, KeyError, TypeError):
                found.append(float(json.loads(line)["loss"]))
        return tuple(found)


def _children(pid: int) -> list[int]:
    """The processes that a process started, where the system tells."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat") if sys.platform == "linux" else ():
        with contextlib.suppress(OSError, ValueError, IndexError):
            if int(entry.read_text("ascii", "replace").rpartition(")")[2].split()[1]) == pid:
                found.append(int(entry.parent.name))
    return found
