"""What scripts print, run by plain Python."""

from __future__ import annotations

import contextlib
import io
import json
import re
import subprocess
import sys
import warnings
from pathlib import Path

import torch


def play_here(sources: list[str]) -> list[str]:
    """What each script prints, played in this process from the settings that a fresh one has."""
    found = []
    for source in sources:
        torch.manual_seed(1234)
        torch.set_printoptions(profile="default")
        torch.set_default_dtype(torch.float32)
        out = io.StringIO()
        with contextlib.redirect_stdout(out), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                exec(compile(source, "<script>", "exec"), {"__name__": "__main__"})
            except Exception as error:
                print("ERROR", type(error).__name__, error)
        found.append(re.sub("0x[0-9a-f]+", "0x", out.getvalue()))
    return found


def play(sources: list[str]) -> list[str]:
    """What each script prints, all played in one process of their own: they may change what torch remembers."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.play"], input=json.dumps(sources), cwd=Path(__file__).resolve().parent.parent,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    result: list[str] = json.loads(done.stdout)
    return result


if __name__ == "__main__":
    json.dump(play_here(json.load(sys.stdin)), sys.stdout)
