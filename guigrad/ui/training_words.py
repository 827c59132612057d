"""What the training's panel says: where a training is, what trains, which steps are marked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from guigrad.document.model import Document
from guigrad.run.loops import Trains
from guigrad.run.recording import Recording

WORDS = 3
"""So many differences are named."""
_REASONS = {"nan": "paused: not finite", "until": "the condition holds", "failed": "failed"}


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


def differs(recording: Recording, name: Callable[[str], str]) -> dict[int, str]:
    """What each run is called in a legend: its name, and what it was given that the run it left had not."""
    found = {}
    for run in recording.runs:
        parent = recording.runs[run.parent] if run.parent is not None else None
        before = [document for step, document in parent.documents if step <= run.start] if parent is not None else []
        words = ""
        if before and run.documents:
            words = _changes(before[-1], run.documents[-1][1], name)
        found[run.number] = f"{run.name} ({words})" if words else run.name
    return found


def _changes(before: Document, after: Document, name: Callable[[str], str]) -> str:
    """The first few values that differ, as the code has them."""
    found = []
    for key, node in after.nodes.items():
        old = before.nodes.get(key)
        if old is None or old is node or (old.args, old.kwargs) == (node.args, node.kwargs):
            continue
        known = dict(old.kwargs)
        pairs = [(word, value) for word, value in node.kwargs if known.get(word, node) != value]
        if node.op == "python.literal" and old.args != node.args:
            found.append(f"{name(key)} = {node.args[0]!r}")
        elif pairs and all(isinstance(value, bool | int | float | str) for _, value in pairs):
            found += [f"{word}={value!r}" for word, value in pairs]
        else:
            found.append(f"{name(key)} changed")
    if not found and before.program != after.program:
        return "another program"
    return ", ".join(found[:WORDS]) + (" …" if len(found) > WORDS else "")
