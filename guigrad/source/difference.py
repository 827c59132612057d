"""What an edit does to the code, as changed lines."""

from __future__ import annotations

from collections.abc import Callable
from difflib import SequenceMatcher
from typing import Final

from guigrad.document.diff import Diff
from guigrad.document.model import Document
from guigrad.document.problem import ProblemError
from guigrad.source.emit import emit

LARGE: Final = 1500
"""Documents of more nodes are not written out for this."""
LINES: Final = 12
"""Changed lines shown at most."""


def difference(before: Document, edit: Callable[[Document], Diff]) -> tuple[str, ...]:
    """The lines that an edit takes away and adds, each with ``- `` or ``+ `` before it; () when it cannot be told."""
    if len(before.nodes) > LARGE:
        return ()
    try:
        after = edit(before).apply(before)
    except ProblemError:
        return ()
    return between(before, after)


def between(before: Document, after: Document) -> tuple[str, ...]:
    """The lines in which the code of two documents differs; () also for large ones."""
    if max(len(before.nodes), len(after.nodes)) > LARGE:
        return ()
    old, new = emit(before).split("\n"), emit(after).split("\n")
    found: list[str] = []
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            found += [f"- {line}" for line in old[a:b] if line.strip()]
            found += [f"+ {line}" for line in new[c:d] if line.strip()]
    return (*found[:LINES], *(["…"] if len(found) > LINES else []))
