"""One tensor looked at closely: what a viewer asks, and the answer, all of whose numbers torch computed."""

from __future__ import annotations

from msgspec import Struct

from guigrad.document.array import ArrayData
from guigrad.run.frame import Stats

LIMIT = 1 << 22
"""Elements that are sent at most; of a larger tensor every k-th."""
BINS = 64
"""Bins of a histogram."""
ODD = 256
"""Places of NaN and infinities that are told one by one."""


class AskTensor(Struct, frozen=True, tag=True):
    """What is there, how it is spread, and how it differs from another.

    ``place`` is the key of a record, ``part`` its "value", "grad" or "xray"; with ``bits`` it is about these bits instead. ``view`` of a complex
    tensor: "", "re", "im", "abs" or "angle". ``against`` is the other tensor: exact bits, or the key of a record (the same part of it).
    """

    place: str
    part: str = "value"
    view: str = ""
    bits: ArrayData | None = None
    against: ArrayData | str | None = None
    limit: int = LIMIT


class Spread(Struct, frozen=True):
    """A histogram of what is finite: ``counts`` of equally wide bins from ``low`` to ``high``."""

    low: float = 0.0
    high: float = 0.0
    counts: tuple[int, ...] = ()


class Comparison(Struct, frozen=True):
    """Two tensors of one shape, entry by entry. Equal infinities and two NaN count as no difference.

    ``differing`` entries are unequal; ``largest`` is max |a - b|, at ``where`` in row-major order, ``relative`` the largest |a - b| / max(|a|, |b|), both
    in double precision. ``same_bits``: dtype and every bit are the same. ``ulps``: the largest count of representable numbers from one to the other, of
    finite pairs of one dtype, real and imaginary parts by themselves; -1 where there are none. ``reason`` says why they cannot be compared.
    """

    differing: int = 0
    largest: float = 0.0
    relative: float = 0.0
    where: int = -1
    same_bits: bool = False
    ulps: int = -1
    reason: str = ""


class Tensor(Struct, frozen=True):
    """The answer.

    ``bits`` are the tensor's own, ``shown`` the numbers to be shown where those are others (a part of complex numbers, what NumPy has no
    type for, sparse tensors, the difference from another); ``note`` says what was done to get them. ``steps``: of a dimension only every k-th
    entry was sent. ``stats`` and ``spread`` are of all entries of what is shown (``extremes``: of integers the exact minimum and maximum), ``odd``
    the row-major places of its first NaN and infinities.
    ``reason``: why there is nothing to show.
    """

    place: str
    part: str = "value"
    view: str = ""
    freshness: tuple[int, int] = (0, 0)
    state: str = ""
    dtype: str = ""
    shape: tuple[int, ...] = ()
    bits: ArrayData | None = None
    shown: ArrayData | None = None
    steps: tuple[int, ...] = ()
    note: str = ""
    stats: Stats | None = None
    extremes: tuple[int, ...] = ()
    spread: Spread = Spread()
    odd: tuple[int, ...] = ()
    comparison: Comparison | None = None
    reason: str = ""


RECORDS = (AskTensor, Spread, Comparison, Tensor)
"""What crosses a process border. See Note [Wire format]."""
