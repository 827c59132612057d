"""What the training's panel says: where a training is, what trains, which steps are marked."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from guigrad.run.loops import Trains
from guigrad.run.recording import Recording
from guigrad.source.difference import between
from guigrad.ui.widgets.lanes import Lane

_REASONS = {"nan": "paused: not a number", "until": "the condition holds", "failed": "failed"}


def where(coach: Any, known: Trains | None, at: int, playing: bool) -> str:
    """How far a coach is; ``at`` is the phase that it stands behind, -1 at the end of a step."""
    recording: Recording = coach.recording
    if known is None:
        return ""
    run = f"{recording.run.name} · " if len(recording.runs) > 1 else ""
    if coach.shown is not None:
        return f"{run}shows step {coach.shown:,} · goes on from {coach.step:,}"
    of = f" of {coach.total:,}" if coach.total else ""
    words = _REASONS.get(coach.reason, "")
    if coach.finished:
        words = "the program has ended"
    elif at >= 0 and coach.reason != "nan":
        words = f"in the next step, after {known.phases[at]}"
    return f"{run}step {coach.step:,}{of}{f' · {words}' if words and not playing else ''}"


def what(known: Trains | None, texts: Mapping[str, str], names: Mapping[str, str]) -> str:
    """The loop, the optimizer and the loss, as the code has them."""
    if known is None:
        return "Write a loop, such as for step in range(100):, to train."
    loop = texts.get(known.loop, "a loop").rstrip(":")
    optimizer = texts.get(known.optimizer, "") if known.optimizer else ""
    if not optimizer and "step" in known.phases:
        optimizer = "updates by hand"
    loss = ", ".join(names.get(key, key) for key in known.losses)
    return " · ".join(part for part in (loop, optimizer, f"loss: {loss}" if loss else "") if part)


def marks(recording: Recording) -> dict[int, str]:
    """The bookmarks of the run that goes on and of what it came from: step -> words."""
    chain = recording.lineage()
    found: dict[int, str] = {}
    for run, following in zip(chain, [*chain[1:], None], strict=True):
        high = following.start if following is not None else run.end
        for (number, step), text in recording.bookmarks.items():
            if number == run.number and step <= high and (run.start < step or run.parent is None):
                found[step] = text
    return found


def branches(recording: Recording) -> tuple[int, ...]:
    """The steps after which another run leaves."""
    return tuple(sorted({run.start for run in recording.runs if run.parent is not None}))


def lanes(recording: Recording) -> tuple[Lane, ...]:
    """The runs, if there are several."""
    runs = recording.runs if len(recording.runs) > 1 else ()
    return tuple(Lane(run.number, run.name, run.start, run.end, run.number == recording.current) for run in runs)


def about(recording: Recording, number: int) -> str:
    """A run in words: its steps, where it came from, its last watched number, and the lines of code in which it differs from there."""
    run = recording.runs[number]
    played = f"steps {run.start + 1:,}–{run.end:,}" if run.end > run.start else "nothing played yet"
    words = [f"{run.name} · {played}"]
    if run.parent is not None:
        words[0] += f" · from {recording.runs[run.parent].name} at step {run.start:,}"
    for name, series in islice(run.series.items(), 1):
        if series.count:
            words[0] += f" · {name} {series.at(series.end):.6g}"
    return "\n".join((*words, *differs(recording, number)))


def differs(recording: Recording, number: int) -> tuple[str, ...]:
    """The lines of code in which a run differs from the one that it left, there."""
    run = recording.runs[number]
    if run.parent is None or not run.documents:
        return ()
    parent = [document for first, document in recording.runs[run.parent].documents if first < max(run.start, 1)]
    return between(parent[-1], run.documents[-1][1]) if parent else ()
