"""Old files become new ones, one numbered step at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from guigrad.document.encode import VERSION
from guigrad.document.problem import Problem

Step = Callable[[dict[str, Any]], dict[str, Any]]

STEPS: Mapping[int, Step] = {}
"""From which version a step upgrades; version 1 is the first, so there is none yet."""


def migrate(
    raw: dict[str, Any], steps: Mapping[int, Step] = STEPS, newest: int = VERSION
) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """The JSON of a file in the newest format; a file from a newer guigrad stays as it is, with a message."""
    version = raw.get("guigrad")
    if type(version) is not int or version < 1:
        return raw, (
            Problem("the file does not say its format version; it is read as version 1", "file", severity="warning"),
        )
    if version > newest:
        made_with = str(raw.get("made_with", "a newer guigrad"))[:40]
        text = f"the file is of format version {version % 10**9} (made with {made_with}), this guigrad knows version {newest}"
        why = "Everything that is understood opens; the rest is kept and saved back unchanged."
        return raw, (Problem(text, "file", why=why, severity="warning"),)
    while version < newest:
        raw = {**steps[version](raw), "guigrad": version + 1}
        version += 1
    return raw, ()
