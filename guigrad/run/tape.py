"""What autograd did in one backward, event by event, as plain records."""

from __future__ import annotations

from msgspec import Struct

from guigrad.document.array import ArrayData


class Leaving(Struct, frozen=True):
    """What left a grad_fn on one of its edges: the gradient, the grad_fn it went to, and the document's wire if the edge is one.

    ``wire`` is (source label, consumer label, port path); None inside a composite op. ``gradient`` None: nothing was sent, or it was
    not asked for.
    """

    to: str
    gradient: ArrayData | None = None
    wire: tuple[str, str, str] | None = None


class Event(Struct, frozen=True):
    """One grad_fn ran. ``node`` is the label of the node (or output) that it belongs to, "" for what no node of the document made.

    ``kind``: "backward", or "accumulate" for an AccumulateGrad, whose arrival went into the ``.grad`` of the leaf ``node``.
    ``arrived``: the upstream gradient by forward output of the grad_fn, already summed up where several wires came together;
    ``arrivals`` counts those. ``last``: nothing more of this node comes (a composite op has several grad_fns). ``saved`` are the names of the tensors
    that the grad_fn had kept for this. ``sequence`` is the number that torch gave the grad_fn, -1 for an AccumulateGrad.
    """

    number: int
    node: str
    key: str
    grad_fn: str
    kind: str = "backward"
    arrived: tuple[ArrayData | None, ...] = ()
    arrivals: int = 0
    left: tuple[Leaving, ...] = ()
    last: bool = True
    saved: tuple[str, ...] = ()
    sequence: int = -1
