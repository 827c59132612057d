"""What a card says about one moment of its node: numbers, cells, pill, foot, and why there is no gradient."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from msgspec import Struct

from guigrad.document.array import NUMPY, ArrayData
from guigrad.run.frame import Record, Stats
from guigrad.ui.canvas.facet import LEAF, Facet
from guigrad.ui.canvas.geometry import LINE, cells_height
from guigrad.ui.heat import Array, levels

CELLS: Final = 64
"""A tensor of up to so many elements shows each of them."""
THUMBNAIL: Final = (12, 36)
"""Rows and columns of a larger tensor's picture."""
_STRIP: Final = 16

SHORT_DTYPE: Final = {
    "float64": "f64", "float32": "f32", "float16": "f16", "bfloat16": "bf16", "complex64": "c64", "complex128": "c128",
    "int64": "i64", "int32": "i32", "int16": "i16", "int8": "i8", "uint8": "u8", "bool": "bool",
}  # fmt: skip


class Part(Struct, frozen=True, eq=False):
    """The value or the gradient of a card: cells, a number or text, or the reason why there is none.

    Units: ``height`` in canvas units.
    """

    cells: Array | None = None
    text: str = ""
    reason: str = ""
    height: float = LINE


class Content(Struct, frozen=True):
    """A card at one moment. ``pill`` is (text, kind of its colour); ``xray`` says that the gradient is one that torch does not keep."""

    value: Part
    grad: Part
    pill: tuple[str, str] = ("", "")
    foot: str = ""
    grad_fn: str = ""
    xray: bool = False
    stale: bool = False
    failed: bool = False

    @property
    def fixed(self) -> tuple[object, ...]:
        """All of it but the numbers: while this stays, the drawn card stays."""
        return (
            self.value.reason, self.value.height, self.grad.reason, self.grad.height,
            self.pill, self.foot, self.grad_fn, self.xray, self.stale, self.failed,
        )  # fmt: skip


NOT_RUN: Final = Part(reason="not run yet")
NOT_WIRED: Final = Part(reason="wire its inputs")


def content(facet: Facet, record: Record | None, root: bool = False, stale: bool = False) -> Content:
    """What the card of a node shows; ``stale`` when the node was edited after the record was made."""
    if record is None or record.state == "not run":
        return Content(NOT_WIRED if facet.open else NOT_RUN, _before(facet), _pill(facet, None, root))
    stale = stale or record.state == "stale"
    xray = record.grad is None and record.grad_stats is None and record.xray is not None
    return Content(
        value=_value(record),
        grad=_grad(record),
        pill=_pill(facet, record, root),
        foot=_foot(record),
        grad_fn=record.grad_fn or "",
        xray=xray,
        stale=stale,
        failed=record.state == "failed",
    )


def _before(facet: Facet) -> Part:
    if facet.source and not facet.wants_grad:
        return Part(reason="no grad")
    return NOT_RUN


def _pill(facet: Facet, record: Record | None, root: bool) -> tuple[str, str]:
    if root:
        return ("root", "loss")
    if record is None or record.is_leaf is None:
        if facet.wants_grad:
            return ("leaf ∇", "leaf")
        return ("const", "leaf") if facet.literal else ("", "")
    if record.is_leaf and record.requires_grad:
        return ("leaf ∇", "leaf")
    if record.retains_grad:
        return ("retain", "op")
    return ("const", "leaf") if facet.source and facet.kind == LEAF else ("", "")


def _foot(record: Record) -> str:
    if record.shape is None:
        return record.kind
    dtype = record.dtype or ""
    return f"[{', '.join(map(str, record.shape))}] {SHORT_DTYPE.get(dtype, dtype)}"


def _value(record: Record) -> Part:
    value = record.value
    if isinstance(value, ArrayData):
        return array_part(value)
    if record.stats is not None:
        return stats_part(record.stats)
    if record.state == "failed":
        return Part(reason="failed")
    if isinstance(value, bool | int | float | complex):
        return Part(text=number(value))
    if isinstance(value, tuple):
        return Part(text=f"{len(value)} values")
    text = record.text if value is None else str(value)
    return Part(text=_clip(text or record.kind or "None"))


def _grad(record: Record) -> Part:
    if record.grad is not None:
        return array_part(record.grad)
    if record.grad_stats is not None:
        return stats_part(record.grad_stats)
    if record.xray is not None:
        return array_part(record.xray)
    if record.state == "failed":
        return Part(reason="not run yet")
    if not record.requires_grad:
        return Part(reason="no grad")
    if record.is_leaf or record.retains_grad:
        return Part(reason="None · no backward")
    return Part(reason="None · not a leaf")


def array_part(data: ArrayData) -> Part:
    """A tensor as its number, its cells, or a down-sampled picture."""
    array = elements(data)
    if array is None:
        return Part(text=data.dtype)
    if array.size == 0:
        return Part(text="empty")
    if array.size == 1:  # one number says more than one cell
        return Part(text=number(array.item()))
    cells = levels(arrange(array))
    return Part(cells=cells, height=cells_height(len(cells)))


_TYPES: Final = {name: np.dtype(text) for name, text in NUMPY.items()}


def elements(data: ArrayData) -> Array | None:
    """A tensor as NumPy sees it; None for kinds that have no NumPy type (quantised, float8).

    Faces ask this hundreds of times a frame, so storage that is plainly in order skips ``as_strided``.
    """
    kind = _TYPES.get(data.dtype)
    shape = data.shape
    if kind is not None and data.offset == 0 and data.size * kind.itemsize == len(data.data):
        if len(shape) <= 1 and data.strides in ((), (1,)):
            return np.frombuffer(data.data, kind).reshape(shape)
        if len(shape) == 2 and data.strides == (shape[1], 1):
            return np.frombuffer(data.data, kind).reshape(shape)
    try:
        return data.numpy()
    except TypeError:
        return None


def arrange(array: Array) -> Array:
    """The elements that cells show, in rows and columns: all of a small tensor, a regular sample of a large one.

    Shapes: any [*s] with at least one dimension -> [rows, columns]
    """
    if array.ndim == 1:
        size = len(array)
        if size <= _STRIP:
            return array[None]
        if size <= CELLS:
            columns = next((c for c in range(_STRIP, 7, -1) if size % c == 0), 0)
            return array.reshape(-1, columns) if columns else array[None]
        return array[None, np.linspace(0, size - 1, min(size, THUMBNAIL[1] * 2)).astype(np.intp)]
    flat = array.reshape(-1, array.shape[-1])
    rows, columns = flat.shape
    if array.size <= CELLS and rows <= 16:
        return flat
    if array.size <= CELLS:
        return flat.T if rows <= CELLS and columns <= 4 else flat
    chosen = [
        np.linspace(0, n - 1, min(n, top)).astype(np.intp) for n, top in zip((rows, columns), THUMBNAIL, strict=True)
    ]
    return flat[np.ix_(*chosen)]


def stats_part(stats: Stats) -> Part:
    """The statistics of a tensor that was not sent whole."""
    return Part(text=f"{number(stats.minimum, 3)} … {number(stats.maximum, 3)}")


def number(value: Any, digits: int = 4) -> str:
    """A number with so many significant digits; whole numbers whole as far as they are short."""
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, complex):
        sign = "-" if math.copysign(1.0, value.imag) < 0 else "+"
        return f"{number(value.real, 3)}{sign}{number(abs(value.imag), 3)}j"
    if isinstance(value, int):
        return str(value) if abs(value) < 10**9 else f"{value:.{digits - 1}e}" if abs(value) < 10**300 else "huge"
    if not math.isfinite(value):
        return str(value)
    text = f"{value:#.{digits}g}"
    return text[:-1] if text.endswith(".") else text.replace(".e", "e")


def _clip(text: str, limit: int = 15) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def chip_text(data: ArrayData) -> str:
    """A contribution in a few characters: its number, the number that all elements have, or the range."""
    array = elements(data)
    if array is None or array.size == 0 or np.iscomplexobj(array):
        return ""
    low, high = float(array.min()), float(array.max())
    if array.ndim == 0:
        return _trim(number(low, 3))
    if low == high:
        return f"{_trim(number(low, 3))} each"
    return f"{_trim(number(low, 2))} … {_trim(number(high, 2))}"


def _trim(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text
