"""What a card says about one moment of its node: numbers, cells, pill, foot, and why there is no gradient."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, Final

import numpy as np
from msgspec import Struct, structs

from guigrad.document.array import NUMPY, ArrayData
from guigrad.run.frame import Record, Stats
from guigrad.ui.canvas.facet import LEAF, Facet
from guigrad.ui.canvas.geometry import LINE, cells_height
from guigrad.ui.heat import Array, levels, levels_each

CELLS: Final = 64
"""A tensor of up to so many elements shows each of them."""
THUMBNAIL: Final = (12, 36)
"""Rows and columns of a larger tensor's picture."""
_STRIP: Final = 16
_STACKED: Final = 4096
"""Tensors of more elements are looked at one by one: joining them would cost more than it saves."""

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
    """A card at one moment. ``pill`` is (text, kind of its colour); ``xray`` says that the gradient is one that torch does not keep.

    ``ledger``: what ``.grad`` is made of, where that is more than one backward, or zeros that were written there.
    """

    value: Part
    grad: Part
    pill: tuple[str, str] = ("", "")
    foot: str = ""
    grad_fn: str = ""
    ledger: str = ""
    xray: bool = False
    stale: bool = False
    failed: bool = False

    @property
    def fixed(self) -> tuple[object, ...]:
        """All of it but the numbers: while this stays, the drawn card stays."""
        return (
            self.value.reason, self.value.height, self.grad.reason, self.grad.height,
            self.pill, self.foot, self.grad_fn, self.ledger, self.xray, self.failed,
        )  # fmt: skip


def fresh(content: Content) -> Content:
    """The same, as it was before it was stale."""
    return structs.replace(content, stale=False) if content.stale else content


NOT_RUN: Final = Part(reason="not run yet")
GUESS: Final = Part(reason="? predict it")
NOT_WIRED: Final = Part(reason="wire its inputs")


def content(
    facet: Facet,
    record: Record | None,
    root: bool = False,
    stale: bool = False,
    part: Callable[[ArrayData], Part] | None = None,
) -> Content:
    """What the card of a node shows; ``stale`` when the node was edited after the record was made.

    ``part`` says how a tensor is shown: ``array_part``, or what was made of many at once.
    """
    part = part or array_part
    if record is None or record.state == "not run":
        foot = f"will be {_foot(record)}" if record is not None and record.shape is not None else ""
        return Content(NOT_WIRED if facet.open else NOT_RUN, _before(facet), _pill(facet, None, root), foot)
    stale = stale or record.state == "stale"
    xray = record.grad is None and record.grad_stats is None and record.xray is not None
    hidden = record.hidden
    return Content(
        value=GUESS if "value" in hidden else _value(record, part),
        grad=GUESS if "grad" in hidden else _grad(record, part),
        pill=_pill(facet, record, root),
        foot=_foot(record),
        grad_fn=record.grad_fn or "",
        ledger="" if "grad" in hidden else _ledger(record),
        xray=xray,
        stale=stale,
        failed=record.state == "failed",
    )


def _before(facet: Facet) -> Part:
    if facet.source and not facet.wants_grad:
        return Part(reason="no grad")
    return NOT_RUN


def _pill(facet: Facet, record: Record | None, root: bool) -> tuple[str, str]:
    if facet.muted:
        return ("muted", "op")
    if root:
        return ("root", "loss")
    if record is None or record.is_leaf is None:
        if facet.wants_grad:
            return ("leaf ▽", "leaf")
        return ("const", "leaf") if facet.literal else ("", "")
    if record.is_leaf and record.requires_grad:
        return ("leaf ▽", "leaf")
    if record.retains_grad:
        return ("retain", "op")
    return ("const", "leaf") if facet.source and facet.kind == LEAF else ("", "")


def _ledger(record: Record) -> str:
    """What ``.grad`` is made of where a look at it does not tell: several backwards, or zeros that were written there."""
    if record.contributions > 1:
        return f"{record.contributions} backwards"
    there = record.grad is not None or record.grad_stats is not None
    return "zeroed" if record.emptied == "zeros" and not record.contributions and there else ""


def _foot(record: Record) -> str:
    if "shape" in record.hidden:
        return f"[?] {SHORT_DTYPE.get(record.dtype or '', record.dtype or '')}"
    return record.kind if record.shape is None else _kind(record.shape, record.dtype or "")


@lru_cache(maxsize=1024)
def _kind(shape: tuple[int, ...], dtype: str) -> str:
    return f"[{', '.join(map(str, shape))}] {SHORT_DTYPE.get(dtype, dtype)}"


def _value(record: Record, part: Callable[[ArrayData], Part]) -> Part:
    value = record.value
    if isinstance(value, ArrayData):
        return part(value)
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


def _grad(record: Record, part: Callable[[ArrayData], Part]) -> Part:
    if record.grad is not None:
        return part(record.grad)
    if record.grad_stats is not None:
        return stats_part(record.grad_stats)
    if record.xray is not None:
        return part(record.xray)
    if record.state == "failed":
        return Part(reason="not run yet")
    if not record.requires_grad:
        return Part(reason="no grad")
    if record.is_leaf or record.retains_grad:
        return Part(reason="None · emptied" if record.emptied == "None" else "None · no backward")
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


def array_parts(arrays: Iterable[ArrayData]) -> dict[int, Part]:
    """The parts of many tensors by the ``id`` of each, made together where they have one type and shape."""
    found: dict[int, Part] = {}
    for shape, group, stack in stacks(arrays):
        if stack is None or stack.shape[1] == 0:
            found.update((id(data), array_part(data)) for data in group)
        elif stack.shape[1] == 1:
            found.update((id(d), Part(text=number(v))) for d, v in zip(group, stack[:, 0].tolist(), strict=True))
        else:
            cells = levels_each(stack[:, arranged(shape)])
            height = cells_height(cells.shape[1])
            found.update((id(d), Part(cells=c, height=height)) for d, c in zip(group, cells, strict=True))
    return found


def stacks(arrays: Iterable[ArrayData]) -> Iterator[tuple[tuple[int, ...], list[ArrayData], Array | None]]:
    """Tensors by shape and type, the elements of each as a row of one array; None for those that do not lie plainly in order.

    Shapes: [len(group), elements]
    """
    groups: dict[tuple[str, tuple[int, ...], tuple[int, ...], int, int], list[ArrayData]] = {}
    for data in arrays:
        groups.setdefault((data.dtype, data.shape, data.strides, len(data.data), data.offset), []).append(data)
    for (dtype, shape, strides, length, offset), group in groups.items():
        kind = _TYPES.get(dtype)
        size, plain = _plain(shape)
        whole = kind is not None and offset == 0 and strides == plain and length == size * kind.itemsize
        if kind is None or not whole or size > _STACKED:
            yield shape, group, None
        else:
            yield shape, group, np.frombuffer(b"".join([d.data for d in group]), kind).reshape(len(group), size)


@lru_cache(maxsize=1024)
def _plain(shape: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    """The number of elements, and the strides of storage in order."""
    strides = [1] * len(shape)
    for axis in range(len(shape) - 1, 0, -1):
        strides[axis - 1] = strides[axis] * max(shape[axis], 1)
    return math.prod(shape), tuple(strides)


@lru_cache(maxsize=1024)
def arranged(shape: tuple[int, ...]) -> Array:
    """Where ``arrange`` takes each cell's element from."""
    return arrange(np.arange(math.prod(shape)).reshape(shape))


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
