"""Plays scripts by Python and by run_script, each in a fork of one process that has torch, and prints what differs as JSON."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from pathlib import Path

import torch  # once, before the forks

from guigrad.engine.script import run_script
from tests.plain import Outcome, forked, plain

WARNING = re.compile(r"\S*:\d+: \w*Warning: ")


def told(outcome: Outcome) -> tuple[int, str, str, list[str]]:
    """What must be the same: status, output, the last line of an error, warnings with their source lines."""
    status, out, err = outcome[0], *(re.sub(r"0x[0-9a-f]+", "0x", text) for text in outcome[1:])
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
