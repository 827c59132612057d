"""Scripts as ``python FILE`` runs them, each in a fork of one process that has torch already: that takes a tenth of the time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import traceback
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Outcome = tuple[int, str, str]
"""(exit status, standard output, standard error)"""


def forked(play: Callable[[], int]) -> Outcome:
    """What ``play`` gives in a fork."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        pid = os.fork()
        if pid == 0:
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
            status = 255
            try:
                status = play()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
        _, status = os.waitpid(pid, 0)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read())
    return os.waitstatus_to_exitcode(status), texts[0], texts[1]


def plain(path: str) -> int:
    """What ``python path`` does."""
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    try:
        exec(compile(Path(path).read_text("utf-8"), path, "exec"), main.__dict__)
    except Exception:
        sys.stdout.flush()
        traceback.print_exc()
        return 1
    return 0


@contextmanager
def python() -> Iterator[Callable[[Path], Outcome]]:
    """Runs scripts; where there are no forks, each in a process of its own."""
    if not hasattr(os, "fork"):
        yield alone
        return
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.plain"], cwd=Path(__file__).resolve().parent.parent,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        asked, told = process.stdin, process.stdout

        def run(path: Path) -> Outcome:
            asked.write(f"{json.dumps(str(path))}\n")
            asked.flush()
            status, out, err = json.loads(told.readline())
            return status, out, err

        yield run


def alone(path: Path) -> Outcome:
    """A script in a process of its own."""
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stdout, done.stderr


if __name__ == "__main__":
    import torch

    torch.optim.SGD([torch.ones(1, requires_grad=True)]).step()  # loads what is loaded late
    for line in sys.stdin:
        script = json.loads(line)
        print(json.dumps(forked(lambda path=script: plain(path))), flush=True)  # type: ignore[misc]  # bound for this round
