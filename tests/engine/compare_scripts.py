"""Plays scripts by Python and by run_script, each in a fork of one process that has torch, and prints what differs as JSON."""

from __future__ import annotations

import io
import json
import os
import re
import sys
import tempfile
import traceback
import types
from collections.abc import Callable
from pathlib import Path

import torch  # once, before the forks

from guigrad.engine.script import run_script

Outcome = tuple[int, str, str]
WARNING = re.compile(r"\S*:\d+: \w*Warning: ")


def forked(play: Callable[[], int]) -> Outcome:
    """(exit status, standard output, standard error) of ``play`` in a fork."""
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
            texts.append(re.sub(r"0x[0-9a-f]+", "0x", file.read()))
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


def told(outcome: Outcome) -> tuple[int, str, str, list[str]]:
    """What must be the same: status, output, the last line of an error, warnings with their source lines."""
    status, out, err = outcome
    lines = err.splitlines()
    warnings = []
    for at, line in enumerate(lines):
        if WARNING.match(line):
            warnings.append(line)
            warnings += [text for text in lines[at + 1 : at + 2] if text.startswith("  ")]
    return status, out, lines[-1] if status and lines else "", warnings


def warm_up() -> None:
    """Loads what scripts make torch and guigrad load late, before the forks, so that it is done once."""
    parameter = torch.ones(1, requires_grad=True)
    torch.optim.SGD([parameter]).step()
    out = io.StringIO()
    assert (
        run_script("import torch\nx = torch.ones(1, requires_grad=True)\nx.sum().backward()\nprint(x)\n", "-", out, out)
        == 0
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    warm_up()
    differ = {}
    for name in map(os.path.abspath, sys.argv[1:]):
        python = told(forked(lambda name=name: plain(name)))  # type: ignore[misc]  # bound for this round
        ours = told(forked(lambda name=name: run_script(Path(name).read_text("utf-8"), name)))  # type: ignore[misc]
        if python != ours:
            differ[name] = [python, ours]
    print(json.dumps(differ))
