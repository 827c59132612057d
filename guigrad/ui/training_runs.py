"""The runs of a training as the timeline shows them: lanes, and in words what each is and where its code differs."""

from __future__ import annotations

from itertools import islice

from guigrad.run.recording import Recording
from guigrad.source.difference import between
from guigrad.ui.widgets.lanes import Lane


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
    return "\n".join((*words, *changed_lines(recording, number)))


def changed_lines(recording: Recording, number: int) -> tuple[str, ...]:
    """The lines of code in which a run differs from the one that it left, there."""
    run = recording.runs[number]
    if run.parent is None or not run.documents:
        return ()
    parent = [document for first, document in recording.runs[run.parent].documents if first < max(run.start, 1)]
    return between(parent[-1], run.documents[-1][1]) if parent else ()
