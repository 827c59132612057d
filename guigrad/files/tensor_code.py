"""A tensor as text that reads back to the same bits, for NumPy and for torch, and as a .npy file."""

from __future__ import annotations

import base64
import math
import struct
from typing import Any

from guigrad.document.array import NUMPY, ArrayData
from guigrad.document.tensors import ITEM_BYTES

LINE = 100
"""Columns of a line of numbers."""


def numpy_text(array: ArrayData) -> str:
    """``np.array(...)``, for ``import numpy as np``. bfloat16, which NumPy lacks, as float32 of the same values.

    Raises: TypeError for a dtype that NumPy cannot show.
    """
    values, note = _values(array), "  # bfloat16, which NumPy has no type for" if array.dtype == "bfloat16" else ""
    dtype = f"np.{'bool_' if array.dtype == 'bool' else 'float32' if note else array.dtype}"
    if not _exact(values):
        raw = base64.b64encode(values.tobytes()).decode("ascii")
        return f'np.frombuffer(base64.b64decode("{raw}"), dtype={dtype}).reshape({tuple(array.shape)}){note}'
    return f"np.array({_nested(values)}, dtype={dtype}){_reshaped(array)}{note}"


def torch_text(array: ArrayData) -> str:
    """``torch.tensor(...)``. Raises: TypeError for a dtype that NumPy cannot show."""
    values = _values(array)
    if not _exact(values):
        raw = values.tobytes() if array.dtype != "bfloat16" else _bfloat16(values)
        text = base64.b64encode(raw).decode("ascii")
        buffer = f'torch.frombuffer(bytearray(base64.b64decode("{text}")), dtype=torch.{array.dtype})'
        return f"{buffer}.reshape({tuple(array.shape)})"
    return f"torch.tensor({_nested(values)}, dtype=torch.{array.dtype}){_reshaped(array)}"


def write_npy(array: ArrayData) -> bytes:
    """NumPy's own file format, row-major; bfloat16 as float32 of the same values.

    Raises: TypeError for a dtype that NumPy cannot show.
    """
    values = _values(array)
    code = NUMPY["float32" if array.dtype == "bfloat16" else array.dtype]
    header = f"{{'descr': '{code}', 'fortran_order': False, 'shape': {tuple(array.shape)}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode("latin-1") + bytes(values.tobytes())


def bytes_of(array: ArrayData) -> int:
    """Bytes of its elements, without gaps."""
    return array.size * ITEM_BYTES.get(array.dtype, 8)


def _values(array: ArrayData) -> Any:
    import numpy as np  # late: opening a document needs no NumPy

    return np.ascontiguousarray(array.numpy()).reshape(array.shape)


def _bfloat16(values: Any) -> bytes:
    return bytes((values.view("<u4") >> 16).astype("<u2").tobytes())


def _exact(values: Any) -> bool:
    """Whether its numbers, written as text, are the same bits again: only NaN has bits that text does not tell."""
    import numpy as np

    if values.dtype.kind not in "fc" or not np.isnan(values).any():
        return True
    parts = values.view(values.real.dtype)
    odd = parts[np.isnan(parts)]
    return bool(odd.tobytes() == np.full(odd.shape, math.nan, odd.dtype).tobytes())


def _reshaped(array: ArrayData) -> str:
    """Nested lists cannot tell the shape of a tensor without entries."""
    return f".reshape({tuple(array.shape)})" if not array.size and len(array.shape) > 1 else ""


def _nested(values: Any) -> str:
    return _text(values.tolist(), values.dtype) if values.size else "[]"


def _text(value: Any, dtype: Any, depth: int = 0) -> str:
    if not isinstance(value, list):
        return _number(value, dtype)
    items = [_text(item, dtype, depth + 1) for item in value]
    if value and isinstance(value[0], list):
        return "[" + (",\n" + " " * (depth + 1)).join(items) + "]"
    lines, line = [], ""
    for item in items:
        if line and len(line) + len(item) > LINE:
            lines.append(line.rstrip())
            line = ""
        line += item + ", "
    lines.append(line.removesuffix(", "))
    return "[" + ("\n" + " " * (depth + 1)).join(lines) + "]"


def _number(value: Any, dtype: Any) -> str:
    if isinstance(value, complex):
        half = dtype.type(0).real.dtype
        if value.real == 0 or value.imag == 0 or not (math.isfinite(value.real) and math.isfinite(value.imag)):
            return f"complex({_real(value.real, half)}, {_real(value.imag, half)})"  # a sum would lose signs of zero
        return f"{_real(value.real, half)}{'+' if value.imag > 0 else ''}{_real(value.imag, half)}j"
    return _real(value, dtype) if isinstance(value, float) else repr(value)


def _real(value: float, dtype: Any) -> str:
    """The shortest text that is this number in this dtype."""
    if not math.isfinite(value):
        return 'float("nan")' if math.isnan(value) else f'{"-" if value < 0 else ""}float("inf")'
    text = str(dtype.type(value))
    return text if float(dtype.type(float(text))) == value else repr(value)
