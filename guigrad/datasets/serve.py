"""The process that makes data sets: one question on standard input, progress and one answer on standard output.

Note [Data process]
Reading a large table or importing scikit-learn must not keep a window waiting, and can be stopped at once only by ending a process. Messages
are records of ``run/shared`` through pipes. Whatever the answer is, it is an answer: a file that cannot be read is a problem in it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from typing import Any

from guigrad.datasets.make import make
from guigrad.datasets.own import guess
from guigrad.datasets.spec import Made
from guigrad.datasets.table import Columns, look
from guigrad.document.problem import Problem, ProblemError
from guigrad.files.arrays import read_arrays
from guigrad.run.shared import Channel

TELL_SECONDS = 0.1


def serve() -> None:
    """Answers what it is asked until the other end is gone."""
    answers = os.dup(1)
    os.dup2(2, 1)  # whatever a library prints is no answer
    channel = Channel(os.dup(0), answers)
    sys.stdin.close()
    try:
        while True:
            channel.send(_answer(channel.receive(), channel))
    except (EOFError, OSError):
        channel.close()


def _answer(asked: Any, channel: Channel) -> Any:
    last = time.monotonic()

    def progress(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last > TELL_SECONDS:
            last = time.monotonic()
            channel.send(("progress", done, total))

    try:
        match asked:
            case ("make", str(kind), dict(settings)):
                return ("made", _plain(make(kind, settings, progress)))
            case ("look", str(path), dict(settings)):
                return ("looked", looked(path, settings))
    except ProblemError as error:
        return ("problem", error.problems[0])
    except Exception as error:  # a bug, or a library's; the window goes on and says so
        return ("problem", Problem(f"{type(error).__name__}: {error}", "data"))
    return ("problem", Problem("not understood", "data"))


def looked(path: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What a file offers to choose from: columns of a table with its first rows, arrays with their shapes.

    Raises: ProblemError.
    """
    if path.lower().endswith((".npy", ".npz", ".safetensors")):
        arrays = read_arrays(path)
        return {
            "arrays": [(name, array.dtype, array.shape) for name, array in arrays.items()],
            "guess": guess(arrays),
        }
    found: Columns = look(path, settings.get("delimiter", "auto"), settings.get("header", "auto"))
    return {"columns": found.names, "heading": found.heading, "rows": found.rows}


def _plain(made: Made) -> tuple[Any, ...]:
    return (made.name, made.kind, dict(made.settings), dict(made.arrays), made.classes, made.columns, made.notes)
