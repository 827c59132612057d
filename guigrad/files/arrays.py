"""Arrays from files of other programs: NumPy's .npy and .npz, safetensors, CSV. Nothing is unpickled; every claim is checked first."""

from __future__ import annotations

import ast
import csv
import io
import itertools
import json
import math
import os
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from guigrad.document.array import NUMPY, ArrayData
from guigrad.document.file import failure, read_bytes
from guigrad.document.tensors import ITEM_BYTES, LIMIT_BYTES, contiguous, why_bad

_SAFE = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64", "I32": "int32", "I16": "int16",
    "I8": "int8", "U64": "uint64", "U32": "uint32", "U16": "uint16", "U8": "uint8", "BOOL": "bool", "C64": "complex64",
    "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "F8_E8M0": "float8_e8m0fnu",
}  # fmt: skip
_TO_SAFE = {dtype: code for code, dtype in _SAFE.items()}
_HEADER_BYTES = 100_000_000


def read_arrays(path: str | os.PathLike[str]) -> dict[str, ArrayData]:
    """The arrays of a .npy, .npz, .safetensors, .csv or .tsv file by name; a file of one array calls it by its own stem.

    Raises: ProblemError saying what is wrong with the file.
    """
    name = os.fspath(path)
    suffix, stem = Path(name).suffix.lower(), Path(name).stem
    data = read_bytes(name)
    try:
        if suffix == ".npy":
            return {stem: read_npy(data)}
        if suffix == ".npz":
            return read_npz(data)
        if suffix == ".safetensors":
            return read_safetensors(data)
        if suffix in (".csv", ".tsv", ".txt"):
            return {stem: read_csv(data)[1]}
    except ValueError as error:
        raise failure(str(error), name) from None
    raise failure(f"{suffix or 'a file without a suffix'} is no kind of array file that can be read", name)


def read_npy(data: bytes) -> ArrayData:
    """NumPy's own format, numbers only.

    Raises: ValueError for anything else, Python objects above all.
    """
    if data[:6] != b"\x93NUMPY" or len(data) < 10:
        raise ValueError("this is no .npy file")
    wide = data[6] >= 2
    start = 12 if wide else 10
    (length,) = struct.unpack_from("<I" if wide else "<H", data, 8) if len(data) >= start else (1 << 40,)
    if start + length > len(data):
        raise ValueError("this .npy file is cut off")
    try:
        header = ast.literal_eval(data[start : start + length].decode("utf-8" if data[6] >= 3 else "latin-1").strip())
        descr, fortran, shape = header["descr"], header["fortran_order"], header["shape"]
    except (ValueError, SyntaxError, KeyError, TypeError, RecursionError, MemoryError):
        raise ValueError("the header of this .npy file cannot be read") from None
    dtype = _numpy_dtype(descr)
    if not isinstance(shape, tuple) or len(shape) > 64 or any(type(size) is not int or size < 0 for size in shape):
        raise ValueError("the header of this .npy file has no proper shape")
    strides = tuple(reversed(contiguous(tuple(reversed(shape))))) if fortran else contiguous(shape)
    body = data[start + length :]
    needed = math.prod(shape) * ITEM_BYTES[dtype]
    if needed > len(body):
        raise ValueError(f"this .npy file claims {needed} bytes and holds {len(body)}")
    body = body[:needed]
    if descr[0] == ">":
        half = ITEM_BYTES[dtype] // 2 if dtype.startswith("complex") else ITEM_BYTES[dtype]
        body = _swapped(body, half)
    return _sound(ArrayData(dtype, shape, strides, body))


def _numpy_dtype(descr: Any) -> str:
    if isinstance(descr, str):
        plain = descr.replace(">", "<").replace("=", "<")
        for dtype, code in NUMPY.items():
            if plain in (code, code.replace("|", "<")):
                return dtype
    raise ValueError(f"a .npy file of {str(descr)[:40]!r} holds no numbers that torch has")


def _swapped(body: bytes, size: int) -> bytes:
    turned = bytearray(len(body))
    for offset in range(size):
        turned[offset::size] = body[size - 1 - offset :: size]
    return bytes(turned)


def read_npz(data: bytes) -> dict[str, ArrayData]:
    """Several .npy files in a zip, never inflated to more than is allowed."""
    found: dict[str, ArrayData] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            left = LIMIT_BYTES
            for info in archive.infolist():
                with archive.open(info) as member:
                    content = member.read(left + 1)
                left -= len(content)
                if left < 0:
                    raise ValueError("the arrays in this file are too large")
                found[info.filename.removesuffix(".npy")] = read_npy(content)
    except (zipfile.BadZipFile, RuntimeError, OSError, EOFError) as error:
        raise ValueError(f"this is no .npz file: {error}") from None
    return found


def read_safetensors(data: bytes) -> dict[str, ArrayData]:
    """The tensors of a safetensors file; strides, offsets and sharing that guigrad wrote along come back.

    Raises: ValueError when offsets overlap, leave the file, or do not fit the shapes.
    """
    if len(data) < 8:
        raise ValueError("this is no safetensors file")
    (length,) = struct.unpack_from("<Q", data)
    if length > min(_HEADER_BYTES, len(data) - 8):
        raise ValueError("this safetensors file is cut off, or is none")
    try:
        header = json.loads(data[8 : 8 + length].decode("utf-8"))
    except (ValueError, RecursionError):
        raise ValueError("the header of this safetensors file cannot be read") from None
    if not isinstance(header, dict):
        raise ValueError("the header of this safetensors file is no table")
    body = memoryview(data)[8 + length :]
    metadata = header.pop("__metadata__", {})
    exact = _exact(metadata)
    spans: list[tuple[int, int]] = []
    found: dict[str, ArrayData] = {}
    for name, record in header.items():
        match record:
            case {"dtype": str(code), "shape": list(shape), "data_offsets": [int(start), int(stop)]} if code in _SAFE:
                pass
            case _:
                raise ValueError(f"the tensor {name[:60]!r} is not described properly")
        if any(type(size) is not int or size < 0 for size in shape) or not 0 <= start <= stop <= len(body):
            raise ValueError(f"the tensor {name[:60]!r} lies outside the file")
        dtype = _SAFE[code]
        if math.prod(shape) * ITEM_BYTES[dtype] != stop - start:
            raise ValueError(f"the shape of {name[:60]!r} does not fit its {stop - start} bytes")
        spans.append((start, stop))
        array = ArrayData(dtype, tuple(shape), contiguous(tuple(shape)), bytes(body[start:stop]))
        found[name] = _sound(_restored(array, exact[name])) if name in exact else _sound(array)
    spans.sort()
    if any(left[1] > right[0] for left, right in itertools.pairwise(spans)):
        raise ValueError("tensors of this safetensors file overlap")
    return found


def write_safetensors(arrays: Mapping[str, ArrayData]) -> bytes:
    """A safetensors file. What the format has no word for (strides, shared storage, complex128) is stored flat, and how it was
    goes into the metadata."""
    header: dict[str, Any] = {}
    exact: dict[str, Any] = {}
    parts: list[bytes] = []
    at = 0
    for name, array in sorted(arrays.items()):
        plain = (
            array.dtype in _TO_SAFE
            and array.strides == contiguous(array.shape)
            and not array.offset
            and not array.alias
        )
        if plain and len(array.data) == array.size * ITEM_BYTES[array.dtype]:
            code, shape = _TO_SAFE[array.dtype], list(array.shape)
        else:
            code, shape = "U8", [len(array.data)]
            exact[name] = [array.dtype, array.shape, array.strides, array.offset, array.alias]
        header[name] = {"dtype": code, "shape": shape, "data_offsets": [at, at + len(array.data)]}
        parts.append(array.data)
        at += len(array.data)
    if exact:
        header["__metadata__"] = {"guigrad": json.dumps(exact)}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(parts)


def _exact(metadata: Any) -> dict[str, Any]:
    text = metadata.get("guigrad") if isinstance(metadata, dict) else None
    try:
        exact = json.loads(text) if isinstance(text, str) else {}
    except (ValueError, RecursionError):
        exact = {}
    return exact if isinstance(exact, dict) else {}


def _restored(flat: ArrayData, record: Any) -> ArrayData:
    match record:
        case [str(dtype), list(shape), list(strides), int(offset), str(alias)] if all(
            type(n) is int for n in (*shape, *strides)
        ):
            return ArrayData(dtype, tuple(shape), tuple(strides), flat.data, offset, alias)
    raise ValueError("the metadata of this safetensors file are damaged")


def read_csv(data: bytes, dtype: str = "float32") -> tuple[list[str], ArrayData]:
    """A table of numbers: the names of its columns ([] without a heading), and its rows. Whole numbers alone become int64.

    Raises: ValueError with the line and column of the first cell that is no number.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    try:
        rows = [
            row
            for row in csv.reader(io.StringIO(text), delimiter=delimiter_of(text))
            if any(cell.strip() for cell in row)
        ]
    except csv.Error as error:
        raise ValueError(f"this is no table: {error}") from None
    if not rows:
        raise ValueError("this table is empty")
    heading = [cell.strip() for cell in rows[0]] if not all(map(is_number, rows[0])) else []
    body = rows[1:] if heading else rows
    width = len(rows[0])
    whole = all(cell.strip().lstrip("+-").isdecimal() for row in body for cell in row)
    code = "<q" if whole else {"float32": "<f", "float64": "<d"}[dtype]
    parts = bytearray()
    for number, row in enumerate(body, 2 if heading else 1):
        if len(row) != width:
            raise ValueError(f"row {number} has {len(row)} cells, the first has {width}")
        for column, cell in enumerate(row, 1):
            try:
                parts += struct.pack(code, int(cell) if whole else float(cell.strip() or "nan"))
            except (ValueError, struct.error, OverflowError):
                raise ValueError(f"row {number}, column {column}: {cell[:40]!r} is no number") from None
    shape = (len(body), width)
    return heading, _sound(ArrayData("int64" if whole else dtype, shape, contiguous(shape), bytes(parts)))


def delimiter_of(text: str) -> str:
    """What stands between the cells of a table, told by its first line."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return (
        max((",", ";", "\t"), key=first.count)
        if any(sign in first for sign in ",;\t")
        else (" " if " " in first.strip() else ",")
    )


def is_number(cell: str) -> bool:
    """Whether a cell can be read as a number; an empty one is NaN."""
    try:
        float(cell.strip() or "nan")
    except ValueError:
        return False
    return True


def _sound(array: ArrayData) -> ArrayData:
    if bad := why_bad(array):
        raise ValueError(bad)
    return array
