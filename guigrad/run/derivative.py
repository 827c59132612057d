"""Derivatives between two nodes, as plain records."""

from __future__ import annotations

from msgspec import Struct

from guigrad.document.array import ArrayData
from guigrad.document.problem import Problem


class Matrix(Struct, frozen=True):
    """The Jacobian of ``of`` by ``wrt``, or what could be had of it.

    Shapes: ``values`` is (len(rows), len(columns)); ``rows`` are entries of the flattened output, ``columns`` of the flattened input, all of
    them unless ``sampled``. ``full`` is (entries of the output, entries of the input). For complex tensors row i is what autograd gives for the
    upstream gradient 1 at entry i.
    ``mode``: "reverse" (rows, by VJP) or "forward" (columns, by JVP). ``passes``: how many passes of that mode a plain loop would take.
    ``values`` None: it could not be had, and ``problems`` say why.
    """

    of: str
    wrt: str
    full: tuple[int, int] = (0, 0)
    rows: tuple[int, ...] = ()
    columns: tuple[int, ...] = ()
    values: ArrayData | None = None
    mode: str = "reverse"
    passes: int = 0
    sampled: bool = False
    problems: tuple[Problem, ...] = ()


class Check(Struct, frozen=True):
    """A gradient held against finite differences in double precision.

    Shapes: ``numeric``, ``analytic`` and ``shown`` are those entries of the leaf that ``entries`` tells. ``analytic`` is autograd's in double
    precision, ``shown`` what the session's own dtype gives. ``worst`` is the largest difference of numeric and analytic relative to their size.
    ``kinks``: entries where the differences from the left and from the right disagree (the corner of a ReLU): no derivative is there, and
    autograd's number is a convention.
    """

    of: str
    wrt: str
    entries: tuple[int, ...] = ()
    numeric: tuple[float, ...] = ()
    analytic: tuple[float, ...] = ()
    shown: tuple[float, ...] = ()
    kinks: tuple[int, ...] = ()
    worst: float = 0.0
    passed: bool = False
    problems: tuple[Problem, ...] = ()
