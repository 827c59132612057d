"""What can be added to a canvas beside ops: rows of the search list and the palette that the op table does not have."""

from __future__ import annotations

from typing import Final

from guigrad.ops.spec import OpSpec
from guigrad.ui.canvas.live_edits import SLIDER

SLIDER_ROW: Final = OpSpec(
    key="slider",
    targets=(SLIDER,),
    family="leaves",
    glyph="↔",
    about="A number with a slider: what depends on it follows while it is dragged.",
    aliases=("number", "knob", "range"),
    front=True,
)


def with_extras(query: str, found: list[OpSpec], takes: bool = False) -> list[OpSpec]:
    """The rows that answer a query, with those that are no ops; ``takes``: only what has an input."""
    word = query.strip().lower()
    if takes or len(word) < 2 or not any(name.startswith(word) for name in (SLIDER_ROW.key, *SLIDER_ROW.aliases)):
        return found
    whole = sum(row.key == word for row in found[:1])
    return [*found[:whole], SLIDER_ROW, *found[whole:]]
