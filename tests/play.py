"""What scripts print, run by plain Python."""

from __future__ import annotations

import json
import subprocess
import sys

# Plays scripts one after the other in one process, as a fresh process would, and gives what each printed.
PLAYER = """
import contextlib, io, json, re, sys, warnings
import torch
warnings.simplefilter("ignore")
found = []
for source in json.load(sys.stdin):
    torch.manual_seed(1234)
    torch.set_printoptions(profile="default")
    torch.set_default_dtype(torch.float32)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        try:
            exec(compile(source, "<script>", "exec"), {"__name__": "__main__"})
        except Exception as error:
            print("ERROR", type(error).__name__, error)
    found.append(re.sub("0x[0-9a-f]+", "0x", out.getvalue()))
json.dump(found, sys.stdout)
"""


def play(sources: list[str]) -> list[str]:
    """What each script prints, run by plain Python."""
    done = subprocess.run(
        [sys.executable, "-c", PLAYER], input=json.dumps(sources), capture_output=True, text=True, check=True
    )
    result: list[str] = json.loads(done.stdout)
    return result
