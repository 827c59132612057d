"""What can be added to a canvas beside ops: rows of the search list and the palette that the op table does not have."""

from __future__ import annotations

from typing import Final

from guigrad.document.calls import signature
from guigrad.document.follow import calls_of
from guigrad.document.model import CALL, CAPTURE, Document
from guigrad.ops.spec import OpSpec, Overload
from guigrad.ui.canvas.live_edits import SLIDER

FUNCTIONS: Final = "functions"
"""The family of rows that are the user's own functions."""
HIDDEN: Final = frozenset({"None"})
"""What a function gives that gives nothing."""

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


def function_row(document: Document, key: str, target: str, about: str) -> OpSpec:
    """A function as a row of its own, ``f(x, w)``."""
    found = signature(document.nodes, document.functions[key])
    params = tuple(param for param in found.params if not param.name.startswith(CAPTURE))
    text = f"{document.functions[key].name}({', '.join(param.name for param in params)})"
    return OpSpec(text, (target,), (Overload(params, found.returns),), FUNCTIONS, glyph="ƒ", about=about)


def function_rows(document: Document) -> list[OpSpec]:
    """The functions of a document."""
    return [
        function_row(document, key, CALL + key, f"called {len(calls_of(document, key))} times")
        for key in document.functions
    ]


def with_functions(query: str, rows: list[OpSpec], found: list[OpSpec], room: int) -> list[OpSpec]:
    """Functions ahead of the ops that answer a query as well, or behind them where only a part of their name does."""
    word = query.strip().lower()
    names = {id(row): row.key.partition("(")[0].lower() for row in rows}
    first = [row for row in rows if names[id(row)].startswith(word)]
    other = [row for row in rows if word in names[id(row)] and row not in first]
    known = [] if any(name == word for name in names.values()) else [row for row in found[:1] if row.key == word]
    rest = found[len(known) :][: max(0, room - len(known) - len(first) - len(other))]
    return [*known, *first, *rest, *other][:room]


def fits_wire(row: OpSpec, end: str) -> bool:
    """Whether a function takes ("source") or gives ("target") what is at the other end of a wire."""
    (shape,) = row.overloads
    return bool(shape.params) if end == "source" else HIDDEN.isdisjoint(shape.returns) if end == "target" else not end
