"""Tensors inside a document file: short ones as numbers, longer ones as compressed base64, both to the same bits."""

from __future__ import annotations

import base64
import binascii
import math
import struct
import zlib
from typing import Any

from guigrad.document.array import ArrayData

INLINE_ELEMENTS = 64
"""Storages up to this length are written as numbers."""

LIMIT_BYTES = 1 << 30
"""No tensor of a document is larger than this, neither its storage nor what its shape and strides pretend."""

ITEM_BYTES = {
    "float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "int64": 8, "int32": 4, "int16": 2, "int8": 1,
    "uint64": 8, "uint32": 4, "uint16": 2, "uint8": 1, "bool": 1, "complex32": 4, "complex64": 8, "complex128": 16,
    "float8_e4m3fn": 1, "float8_e5m2": 1, "float8_e4m3fnuz": 1, "float8_e5m2fnuz": 1, "float8_e8m0fnu": 1,
}  # fmt: skip

# dtype -> struct code of one number, how many numbers an element has
_CODES = {
    "float64": ("d", 1), "float32": ("f", 1), "float16": ("e", 1), "bfloat16": ("H", 1), "int64": ("q", 1), "int32": ("i", 1),
    "int16": ("h", 1), "int8": ("b", 1), "uint64": ("Q", 1), "uint32": ("I", 1), "uint16": ("H", 1), "uint8": ("B", 1),
    "bool": ("?", 1), "complex64": ("f", 2), "complex128": ("d", 2),
}  # fmt: skip
_DIGITS = {"float16": range(3, 6), "bfloat16": range(2, 5), "float32": range(6, 10), "complex64": range(6, 10)}


def contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides of a tensor that lies row after row."""
    strides: list[int] = []
    step = 1
    for size in reversed(shape):
        strides.append(step)
        step *= max(size, 1)
    return tuple(reversed(strides))


def reach(shape: tuple[int, ...], strides: tuple[int, ...]) -> int:
    """How many elements of storage lie between index zero and the last element, both counted."""
    if 0 in shape:
        return 0
    return 1 + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))


def why_bad(array: ArrayData) -> str:
    """What makes a tensor's record impossible; "" for a sound one. What comes from outside passes through here.

    Shapes, strides and storage must fit each other, so that a view never reads beyond its bytes, and a small storage must not
    pretend to be a huge tensor.
    """
    item = ITEM_BYTES.get(array.dtype)
    if item is None:
        return f"no dtype is called {array.dtype[:40]!r}"
    if len(array.shape) > 64 or len(array.strides) != len(array.shape):
        return f"{len(array.shape)} sizes and {len(array.strides)} strides"
    if any(size < 0 for size in array.shape) or any(stride < 0 for stride in array.strides) or array.offset < 0:
        return "negative sizes, strides or offset"
    if len(array.data) % item:
        return f"{len(array.data)} bytes are no whole number of {array.dtype} elements"
    if max(array.size * item, len(array.data)) > LIMIT_BYTES:
        return f"its shape {_short(array.shape)} claims {_bytes(array.size * item)}; a document holds at most {_bytes(LIMIT_BYTES)}"
    needed = reach(array.shape, array.strides)
    if needed and array.offset + needed > len(array.data) // item:
        return f"its shape {_short(array.shape)} needs {array.offset + needed} elements, {len(array.data) // item} are there"
    return ""


def write(array: ArrayData) -> dict[str, Any]:
    """A tensor as JSON."""
    record: dict[str, Any] = {"dtype": array.dtype, "shape": list(array.shape)}
    if array.strides != contiguous(array.shape):
        record["strides"] = list(array.strides)
    if array.offset:
        record["offset"] = array.offset
    if array.alias:
        record["alias"] = array.alias
    numbers = _numbers(array)
    if numbers is not None:
        record["values"] = numbers
    else:
        if len(array.data) != (array.offset + reach(array.shape, array.strides)) * ITEM_BYTES.get(array.dtype, 1):
            record["bytes"] = len(array.data)
        record["data"] = base64.b64encode(zlib.compress(array.data, 6)).decode("ascii")
    return record


def read(record: Any) -> ArrayData:
    """A tensor from JSON.

    Raises: ValueError saying what is wrong with it; nothing is allocated for what a shape merely claims.
    """
    if not isinstance(record, dict):
        raise ValueError("a tensor is written as an object")
    dtype = record.get("dtype")
    item = ITEM_BYTES.get(dtype) if isinstance(dtype, str) else None
    if not isinstance(dtype, str) or item is None:
        raise ValueError(f"no dtype is called {str(dtype)[:40]!r}")
    shape = _sizes(record.get("shape", []))
    strides = _sizes(record["strides"]) if "strides" in record else contiguous(shape)
    offset = record.get("offset", 0)
    alias = record.get("alias", "")
    if type(offset) is not int or not isinstance(alias, str) or len(strides) != len(shape) or not 0 <= offset < 1 << 62:
        raise ValueError("its offset, strides or alias group are not what they must be")
    if math.prod(shape) * item > LIMIT_BYTES:
        raise ValueError(f"its shape {_short(shape)} claims {_bytes(math.prod(shape) * item)}")
    expected = record.get("bytes", (offset + reach(shape, strides)) * item)
    if type(expected) is not int or not 0 <= expected <= LIMIT_BYTES:
        raise ValueError(f"it claims {_bytes(expected) if type(expected) is int else 'no number of bytes'}")
    data = _pack(dtype, record["values"]) if "values" in record else _unpack(record.get("data"), expected)
    array = ArrayData(dtype, shape, strides, data, offset, alias)
    if bad := why_bad(array):
        raise ValueError(bad)
    return array


def _sizes(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list) or len(value) > 64 or any(type(v) is not int or not 0 <= v < 1 << 62 for v in value):
        raise ValueError("sizes and strides are lists of whole numbers that are not negative")
    return tuple(value)


def _numbers(array: ArrayData) -> list[Any] | None:
    """The storage as JSON numbers if it is short and they read back to the same bits."""
    item = ITEM_BYTES.get(array.dtype)
    if array.dtype not in _CODES or item is None or len(array.data) > INLINE_ELEMENTS * item or len(array.data) % item:
        return None
    code, _ = _CODES[array.dtype]
    raw = struct.unpack(f"<{len(array.data) // struct.calcsize('<' + code)}{code}", array.data)
    numbers: list[Any]
    if array.dtype == "bfloat16":
        raw = tuple(struct.unpack("<f", struct.pack("<I", bits << 16))[0] for bits in raw)
    numbers = [_float(value, array.dtype) for value in raw] if code in "def" or array.dtype == "bfloat16" else list(raw)
    try:
        return numbers if _pack(array.dtype, numbers) == array.data else None
    except ValueError:
        return None


def _float(value: float, dtype: str) -> float | str:
    """The number with the fewest digits that is the same in this dtype; "nan", "inf" and "-inf" as words."""
    if not math.isfinite(value):
        return repr(value)
    for digits in _DIGITS.get(dtype, ()):
        short = float(f"{value:.{digits}g}")
        if _one(short, dtype) == _one(value, dtype):
            return short
    return value


def _one(value: float, dtype: str) -> bytes:
    """The bits of one number of a dtype."""
    if dtype == "bfloat16":  # rounded to the nearest even, as torch does
        bits = int(struct.unpack("<I", struct.pack("<f", value))[0])
        if math.isnan(value):
            return struct.pack("<H", bits >> 16)
        return struct.pack("<H", min((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16, 0xFFFF))
    return struct.pack("<" + _CODES[dtype][0], value)


def _pack(dtype: str, values: Any) -> bytes:
    if not isinstance(values, list) or dtype not in _CODES:
        raise ValueError("its values are not a list of numbers")
    code, each = _CODES[dtype]
    if len(values) % each:
        raise ValueError("a complex number needs two values")
    parts = []
    try:
        for value in values:
            if code in "def" or dtype == "bfloat16":
                if isinstance(value, str) and value in ("nan", "inf", "-inf"):
                    value = float(value)
                if type(value) not in (int, float):
                    raise ValueError(f"{str(value)[:40]!r} is no number")
                parts.append(_one(float(value), dtype))
            elif type(value) is not (bool if dtype == "bool" else int):
                raise ValueError(f"{str(value)[:40]!r} is no {dtype}")
            else:
                parts.append(struct.pack("<" + code, value))
    except (struct.error, OverflowError) as error:
        raise ValueError(f"a value does not fit {dtype}: {error}") from None
    return b"".join(parts)


def _unpack(text: Any, expected_bytes: int) -> bytes:
    if not isinstance(text, str):
        raise ValueError("its data are missing")
    try:
        return inflate(base64.b64decode(text, validate=True), expected_bytes)
    except binascii.Error:
        raise ValueError("its data are not base64") from None


def inflate(data: bytes, limit_bytes: int) -> bytes:
    """Decompresses zlib data, never to more than a limit.

    Raises: ValueError when it is damaged or longer.
    """
    machine = zlib.decompressobj()
    try:
        result = machine.decompress(data, limit_bytes)
    except zlib.error as error:
        raise ValueError(f"its compressed data are damaged: {error}") from None
    if machine.unconsumed_tail or not machine.eof:
        raise ValueError(
            "its compressed data are cut off"
            if not machine.unconsumed_tail
            else "its compressed data are longer than they claim"
        )
    return result


def _short(shape: tuple[int, ...]) -> str:
    text = str(list(shape))
    return text if len(text) < 60 else text[:56] + "…]"


def _bytes(count: int) -> str:
    size = float(count)
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB"):
        if size < 1024:
            return f"{size:.4g} {unit}"
        size /= 1024
    return f"{size:.3g} EiB"
