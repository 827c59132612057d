"""Derivatives between two nodes, as plain records: what is asked, and the answers.

A node is meant as in guigrad.run.request: by its label, or by its id.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from guigrad.document.array import ArrayData
from guigrad.document.problem import Problem
from guigrad.run.field import AskField, Field
from guigrad.run.landscape import AskLandscape, Landscape
from guigrad.run.ledger import AskLedger, Ledger
from guigrad.run.sketch import AskSketch, Sketch
from guigrad.run.tensor import AskTensor, Tensor


class AskMatrix(Struct, frozen=True, tag=True):
    """J of ``of`` by ``wrt`` (or those rows or columns of it), or the Hessian of a scalar. See Matrix."""

    of: str
    wrt: str
    kind: str = "jacobian"
    mode: str = "reverse"
    rows: tuple[int, ...] | None = None
    columns: tuple[int, ...] | None = None


class AskProduct(Struct, frozen=True, tag=True):
    """``kind`` "vjp" is vᵀJ, "jvp" J v, "hvp" the Hessian times v. ``v`` is exact bits, or the label of a node whose value it is."""

    of: str
    wrt: str
    v: ArrayData | str
    kind: str = "vjp"


class AskPaths(Struct, frozen=True, tag=True):
    """Every way from ``wrt`` to ``of``, the ``best`` largest of them one by one."""

    of: str
    wrt: str
    best: int = 24


class AskTrust(Struct, frozen=True, tag=True):
    """Whether the gradients by these nodes can be trusted. ``of`` "" is the document's root."""

    wrt: tuple[str, ...]
    of: str = ""


class AskFindings(Struct, frozen=True, tag=True):
    """What torch does without a word and people miss, see run.findings."""


Question: TypeAlias = (
    AskMatrix
    | AskProduct
    | AskPaths
    | AskTrust
    | AskTensor
    | AskFindings
    | AskLedger
    | AskLandscape
    | AskField
    | AskSketch
)


class Matrix(Struct, frozen=True):
    """The Jacobian of ``of`` by ``wrt``, or what could be had of it.

    Shapes: ``values`` is (len(rows), len(columns)); ``rows`` are entries of the flattened output, ``columns`` of the flattened input, all of
    them unless ``sampled``. ``full`` is (entries of the output, entries of the input). For complex tensors row i is what autograd gives for the
    upstream gradient 1 at entry i.
    ``mode``: "reverse" (rows, by VJP) or "forward" (columns, by JVP). ``passes``: how many passes of that mode a plain loop would take.
    ``shapes`` are those of the output and of the input. ``again``: the graph was freed, so the part between was run once more on the same
    values. ``values`` None: it could not be had, and ``problems`` say why.
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
    shapes: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
    again: bool = False
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


class Product(Struct, frozen=True):
    """v and what it is multiplied to. Shapes: ``v`` and ``values`` are those of their nodes. ``again`` as in Matrix."""

    of: str
    wrt: str
    kind: str = "vjp"
    v: ArrayData | None = None
    values: ArrayData | None = None
    again: bool = False
    problems: tuple[Problem, ...] = ()


class Hop(Struct, frozen=True):
    """One wire of a path: ids of its ends, the port that it ends in, the op's label there, and its local Jacobian.

    ``local`` is the number itself between scalars, else the Frobenius norm of the local Jacobian, ``about`` if that was estimated.
    """

    source: str
    target: str
    path: str
    name: str
    local: float
    scalar: bool = False
    about: bool = False


class Path(Struct, frozen=True):
    """One way from input to output. ``product`` is that of its local Jacobians, (entries of the output, entries of the input)."""

    hops: tuple[Hop, ...]
    product: ArrayData | None = None
    size: float = 0.0


class Paths(Struct, frozen=True):
    """Every way between two nodes.

    ``count`` is exact; ``paths`` are the largest, all of them if ``whole``. ``total`` is the sum over all paths (by the distributive law, not one by
    one, where they are many), ``torch`` J as autograd gives it, ``difference`` the largest between the two and ``size`` torch's largest
    entry. ``wires`` are all on the way: (source id, target id, port). ``rows``: entries of the output that were looked at; ``cut``: ops on the
    way that let no gradient through.
    """

    of: str
    wrt: str
    count: int = 0
    paths: tuple[Path, ...] = ()
    whole: bool = False
    wires: tuple[tuple[str, str, str], ...] = ()
    total: ArrayData | None = None
    torch: ArrayData | None = None
    difference: float = 0.0
    size: float = 0.0
    agrees: bool = False
    full: tuple[int, int] = (0, 0)
    rows: tuple[int, ...] = ()
    cut: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


class Trust(Struct, frozen=True):
    """What speaks for a gradient.

    ``verdict``: "trusted", "kink" (it has entries where no derivative exists), "differs" or "unknown". ``check`` holds it against finite
    differences, ``gradcheck`` is "" when torch's own passed, else what it said. ``held`` is the largest relative difference of the node's
    stored gradient to a recomputed one, None if it stores none; ``held_note`` says why it may differ. ``corners`` name the ops with a kink, ``cuts`` those that let no gradient through (detach, no_grad). ``devices`` are the largest relative
    differences to other devices. ``deterministic``: torch was told to use deterministic algorithms. ``v``: of an output of several entries, which
    vector the gradient is for. Of complex numbers ``check`` is empty: gradcheck, in complex128, speaks alone.
    """

    of: str
    wrt: str
    verdict: str = "unknown"
    check: Check = Check("", "")
    gradcheck: str | None = None
    held: float | None = None
    held_note: str = ""
    corners: tuple[str, ...] = ()
    cuts: tuple[str, ...] = ()
    devices: tuple[tuple[str, float], ...] = ()
    tolerance: float = 0.0
    deterministic: bool = False
    problems: tuple[Problem, ...] = ()
    v: str = ""


class Trusts(Struct, frozen=True):
    """One for each gradient that was asked about."""

    gradients: tuple[Trust, ...] = ()
    problems: tuple[Problem, ...] = ()


class Findings(Struct, frozen=True):
    """What was found, as warnings pinned to nodes."""

    problems: tuple[Problem, ...] = ()


Answer: TypeAlias = Matrix | Product | Paths | Trusts | Tensor | Findings | Ledger | Landscape | Field | Sketch

RECORDS = (
    AskMatrix, AskProduct, AskPaths, AskTrust, AskFindings, Matrix, Product, Hop, Path, Paths, Check, Trust, Trusts, Findings,
)  # fmt: skip
"""What crosses a process border. See Note [Wire format]."""
