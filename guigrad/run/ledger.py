"""The ledger of a ``.grad``: what each backward call added to it, wire by wire, since it was emptied.

Note [Ledger]
Only what torch does counts. A call is in the stack of a tensor if its ``.grad`` was made or changed while that backward ran. Between
backwards ``.grad`` is looked at: None empties the stack ("None"), zeros that something wrote empty it too ("zeros"), any other change by
something else than a backward (clipping, an assignment) is ``edited``: the calls alone do not add up to it any more.
"""

from __future__ import annotations

from msgspec import Struct

from guigrad.document.array import ArrayData

LIMIT = 4096
"""Gradients of more elements are told of without their numbers."""


class AskLedger(Struct, frozen=True, tag=True):
    """The stack of a tensor; ``place`` is the key of its record."""

    place: str
    limit: int = LIMIT


class Contribution(Struct, frozen=True):
    """What came back along one wire. ``consumer`` is the label of the node that read the tensor, ``path`` its port; ``node`` its id."""

    consumer: str
    path: str
    node: str
    gradient: ArrayData | None = None


class Call(Struct, frozen=True):
    """One backward: ``number`` counts all since the session was reset, ``roots`` are labels.

    ``wires`` in their order of arrival; ``total`` is their sum, what was added. ``recorded``: False where the parts are not known: x-ray was off, or a
    program went through many backwards.
    """

    number: int
    roots: tuple[str, ...] = ()
    wires: tuple[Contribution, ...] = ()
    total: ArrayData | None = None
    recorded: bool = True


class Ledger(Struct, frozen=True):
    """One tensor's stack, the oldest call first.

    ``earlier`` calls before those are only counted. ``emptied``: "None", "zeros", or "" if that has never happened. ``edited``: something else than
    a backward has changed ``.grad`` since. ``reason``: why there is no stack.
    """

    place: str
    freshness: tuple[int, int] = (0, 0)
    calls: tuple[Call, ...] = ()
    earlier: int = 0
    emptied: str = ""
    edited: bool = False
    grad: ArrayData | None = None
    reason: str = ""


RECORDS = (AskLedger, Contribution, Call, Ledger)
"""What crosses a process border. See Note [Wire format]."""
