"""What a program makes of points that are not its own: the part of it from an input to an output, asked at a grid or at rows of data."""

from __future__ import annotations

from msgspec import Struct

from guigrad.document.array import ArrayData

ROWS = 5000
"""So many rows of data are told at most."""


class AskField(Struct, frozen=True, tag=True):
    """What ``end`` would be at these ``points`` if they were fed in at ``start``; everything else keeps the value that it has.

    ``mark`` comes back with the answer. ``points`` None takes the rows of ``data`` itself that ``rows`` (from, to) tells. ``given`` are values to be used in place of those that
    there are, by node id: those of the step that is shown. ``data`` and ``targets`` are nodes whose rows come with the answer as they are.
    """

    start: str
    end: str
    points: ArrayData | None = None
    given: tuple[tuple[str, ArrayData], ...] = ()
    data: str = ""
    targets: str = ""
    rows: tuple[int, int] = (0, ROWS)
    mark: int = 0


class Field(Struct, frozen=True):
    """The answer.

    Shapes: ``values`` is [points, …] as the program gives it; ``data`` and ``targets`` are the rows asked for, of ``total``. ``reads`` are the ids of the nodes
    whose values the part in between was given from outside. ``mixes``: the value at a point depends on the points beside it; ``fixed``:
    the program takes batches of one size alone. ``reason``: why there is nothing.
    """

    start: str
    end: str
    values: ArrayData | None = None
    data: ArrayData | None = None
    targets: ArrayData | None = None
    total: int = 0
    reads: tuple[str, ...] = ()
    mixes: bool = False
    fixed: int = 0
    reason: str = ""
    step: int = 0
    seconds: float = 0.0
    mark: int = 0


RECORDS = (AskField, Field)
"""What crosses a process border. See Note [Wire format]."""
