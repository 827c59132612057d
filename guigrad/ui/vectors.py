"""v as text and as exact bits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from guigrad.document.array import NUMPY, ArrayData
from guigrad.ui.widgets.literal import LiteralTextError, read_tensor

if TYPE_CHECKING:
    from guigrad.document.model import Value

Array = np.ndarray[Any, Any]
WRITTEN: Final = 256
"""Vectors of more entries are not written out."""


def dtype_of(name: str | None) -> str:
    """NumPy's name of a dtype that holds such numbers; torch casts v where it has none (bfloat16)."""
    return NUMPY.get(name or "", "<f4")


def bits(values: Array) -> ArrayData:
    """The exact bits of an array."""
    name = next(name for name, code in NUMPY.items() if np.dtype(code) == values.dtype)
    made = np.ascontiguousarray(values).reshape(values.shape)
    strides = tuple(step // made.itemsize for step in made.strides)
    return ArrayData(name, made.shape, strides, made.tobytes())


def read(text: str, dtype: str) -> Array:
    """A typed v: numbers in nested lists, or what the inspector takes for a tensor.

    Raises: LiteralTextError with the reason in words.
    """
    if not text.strip():
        raise LiteralTextError("type its entries as numbers in nested lists")
    try:
        made = np.array(_lists(read_tensor(text)))
    except (ValueError, OverflowError) as error:
        raise LiteralTextError(str(error)) from error
    with np.errstate(over="ignore"):  # a number that is too large for the dtype is inf there, as in torch
        return made.astype(np.result_type(dtype, np.complex64) if made.dtype.kind == "c" else dtype)


def _lists(value: Value) -> Any:
    """Nested lists of plain numbers."""
    items = value if isinstance(value, tuple) else getattr(value, "items", None)
    if isinstance(items, tuple):
        return [_lists(item) for item in items]
    if isinstance(value, bool | int | float):
        return float(value)  # whole numbers of any length
    if isinstance(value, complex):
        return value
    raise LiteralTextError("it holds numbers alone")


def text_of(vector: Array | None, shape: tuple[int, ...]) -> str:
    """The entries in nested lists; of a long vector how many there are."""
    if vector is None:
        return ""
    if vector.size > WRITTEN:
        return f"{vector.size:,} entries"
    fits = vector.size == math.prod(
        shape
    )  # its node may have got another shape a moment ago, or one that is to be predicted
    return _written(vector.reshape(shape if fits else -1))


def _written(values: Array) -> str:
    if values.ndim == 0:
        return str(values[()])  # the fewest digits that tell the number
    return f"[{', '.join(_written(np.asarray(part)) for part in values)}]"
