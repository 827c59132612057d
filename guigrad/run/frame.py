"""A frame: an immutable record of every node at one moment, made of plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from guigrad.document.array import ArrayData
from guigrad.document.problem import Problem
from guigrad.run.graph import Graph
from guigrad.run.tape import Event


class Stats(Struct, frozen=True):
    """Statistics of a tensor too large to send whole; NaN counts as neither."""

    minimum: float
    mean: float
    maximum: float
    std: float = 0.0
    norm: float = 0.0
    zeros: int = 0
    nans: int = 0
    infs: int = 0


class Record(Struct, frozen=True):
    """One node (or one output of it) at one moment.

    ``value``: ArrayData for a tensor, the Python value for a number, bool or string, a tuple of such for a tuple or list, None when
    not run. ``grad``: what ``.grad`` holds, None where torch has None. ``xray``: the gradient that flowed through in the last
    backward. ``state``: "fresh", "stale", "not run", "failed" or "recorded" (what torch held elsewhere, see Note [Recorded] in
    run/recorded). ``kind``: the Python type name ("Tensor", "int", "tuple" …). ``text``: what ``str()`` gives for values that are
    neither numbers nor tensors. ``hidden``: which of "value", "grad" and "shape" are kept back (Note [Blanks] in run.blanks).
    ``contributions``: how many backward calls have added to ``.grad`` since it was emptied; ``emptied``: as what that was done last, "None" or
    "zeros" ("": never). See Note [Ledger] in run/ledger.
    """

    id: str
    label: str
    op: str
    state: str = "not run"
    kind: str = ""
    value: Any = None
    grad: ArrayData | None = None
    xray: ArrayData | None = None
    grad_fn: str | None = None
    is_leaf: bool | None = None
    requires_grad: bool | None = None
    retains_grad: bool | None = None
    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    device: str | None = None
    version: int | None = None
    text: str = ""
    stats: Stats | None = None
    grad_stats: Stats | None = None
    contributions: int = 0
    emptied: str = ""
    hidden: tuple[str, ...] = ()


class Frame(Struct, frozen=True, dict=True):
    """Every node at one moment. ``freshness`` is (document revision, verbs since reset).

    ``records`` are keyed by node id, outputs of an unpacking by ``id[k]``; ``labels`` maps every label of the contract
    ("t1", "x@1", "split[1]") to such a key. ``contributions`` maps (source label, consumer label, port path) to the gradient that came
    back along that wire. ``order`` are the labels of nodes in autograd's true backward order.
    ``events`` are the grad_fns that ran in the last backward, ``graph`` those that the last forward left behind, ``played`` the
    ids of the nodes that have run, in program order, ``overwritten`` what in-place ops found, by key of the record: (id of the op, value, _version); each if it was asked for.
    """

    freshness: tuple[int, int] = (0, 0)
    device: str = "cpu"
    records: Mapping[str, Record] = {}
    labels: Mapping[str, str] = {}
    contributions: Mapping[tuple[str, str, str], ArrayData] = {}
    order: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    loss: tuple[float, ...] = ()
    events: tuple[Event, ...] = ()
    played: tuple[str, ...] = ()
    overwritten: Mapping[str, tuple[tuple[str, ArrayData | None, int], ...]] = {}
    graph: Graph | None = None

    def names(self) -> list[str]:
        """Every node's (and output's) name."""
        return list(self.labels)

    def __getitem__(self, name: str) -> Record:
        return self.records[self.labels[name]]

    def __contains__(self, name: str) -> bool:
        return name in self.labels
