"""Edits of single entries of a source's tensor, and of a number that is being dragged."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping

from guigrad.document import order, template
from guigrad.document.array import NUMPY, ArrayData
from guigrad.document.diff import Diff
from guigrad.document.draft import Draft, Edit, refused, resolve
from guigrad.document.edit_values import set_value
from guigrad.document.model import Document, ListOf, Node, Sym, Value
from guigrad.document.problem import ProblemError
from guigrad.document.tensors import contiguous

Number = bool | int | float | complex
_RANGES = {"uint8": (0, 255), "int8": (-128, 127), "int16": (-(2**15), 2**15 - 1), "int32": (-(2**31), 2**31 - 1)}


def set_cells(key: str, cells: Mapping[int, Number], now: ArrayData | None = None, merge: str = "") -> Edit:
    """Gives entries of a source other numbers; a cell is counted in row-major order.

    The source's dtype holds: what it cannot hold is refused. A source that is not written out (``torch.randn``) becomes ``torch.tensor``
    of what it holds ``now``.
    """

    def apply(document: Document) -> Diff:
        node = document.nodes.get(resolve(document, key))
        if node is None:
            raise refused(f"{key!r} is no node")
        label = order.name(document, node.id)
        written = (
            node.op == "torch.tensor" and bool(node.args) and isinstance(node.args[0], ListOf | int | float | complex)
        )
        held = node.args[0] if node.op == "tensor.data" and node.args and isinstance(node.args[0], ArrayData) else now
        dtype = written_dtype(node) if written else held.dtype if held is not None else ""
        if not dtype:
            raise refused(f"{label} has no value yet: run it first", label, node.id)
        numbers: dict[int, Number] = {}
        for cell, number in cells.items():
            fits = fitting(number, dtype)
            if fits is None:
                raise refused(f"{label} is {dtype}: {why_unfit(number, dtype)}", label, node.id)
            numbers[cell] = fits
        if written:
            draft = Draft(document)
            value = _put(node.args[0], numbers)
            draft.put_node(template.with_template(node, (value, *node.args[1:]), node.kwargs))
            return draft.diff(f"Set the value of {label}", merge)
        assert held is not None
        return set_value(node.id, with_cells(held, numbers), merge)(document)

    return apply


def written_dtype(node: Node) -> str:
    """The dtype of ``torch.tensor(…)`` as its text says it."""
    dtype = next((value for name, value in node.kwargs if name == "dtype"), None)
    if isinstance(dtype, Sym):
        word = dtype.path.rpartition(".")[2]
        return {"float": "float32", "double": "float64", "half": "float16", "long": "int64", "int": "int32", "short": "int16",
                "cfloat": "complex64", "cdouble": "complex128"}.get(word, word)  # fmt: skip
    kinds = (
        {type(leaf) for _, _, leaf in template.leaves(node.args[0])}
        if isinstance(node.args[0], ListOf)
        else {type(node.args[0])}
    )
    for kind, name in ((complex, "complex64"), (float, "float32"), (int, "int64"), (bool, "bool")):
        if kind in kinds:
            return name
    return "float32"


def fitting(number: Number, dtype: str) -> Number | None:
    """The number as an entry of that dtype is written; None when it cannot hold it."""
    if dtype.startswith("complex"):
        return complex(number) if isinstance(number, complex) else float(number)
    if isinstance(number, complex):
        return None
    if dtype.startswith(("float", "bfloat")):
        return float(number)
    if isinstance(number, float) and (not math.isfinite(number) or number != int(number)):
        return None
    if dtype == "bool":
        return bool(number) if number in (0, 1) else None
    low, high = _RANGES.get(dtype, (0 if dtype.startswith("u") else -(2**63), 2**63 - 1))
    return int(number) if low <= number <= high else None


def why_unfit(number: Number, dtype: str) -> str:
    """Why a dtype cannot hold a number, in words."""
    if isinstance(number, complex):
        return "a complex number does not fit"
    if dtype == "bool":
        return "only True and False fit"
    if isinstance(number, float) and (not math.isfinite(number) or number != int(number)):
        return f"only whole numbers fit, not {number!r}"
    return f"{number!r} is outside of its range"


def read_number(text: str) -> Number:
    """One number as it is typed: 0.5, -2, 1e-3, True, inf, 1+2j.

    Raises: ProblemError.
    """
    word = text.strip().removesuffix(",")
    if word in ("True", "true", "False", "false"):
        return word in ("True", "true")
    for kind in (int, float, complex):
        try:
            return kind(word.replace("\N{MINUS SIGN}", "-"))
        except (ValueError, OverflowError):
            continue
    raise refused(f"{text.strip()[:40]!r} is no number") if word else refused("a number is expected")


def with_cells(array: ArrayData, cells: Mapping[int, Number]) -> ArrayData:
    """A contiguous copy with other entries. Numbers fit its dtype already."""
    code = NUMPY.get(array.dtype)
    if code is None:
        raise ProblemError(refused(f"entries of a {array.dtype} tensor cannot be edited").problems)
    import numpy as np  # late: opening a document needs no NumPy

    flat = np.ascontiguousarray(array.numpy()).reshape(-1).copy()
    for cell, number in cells.items():
        if not 0 <= cell < flat.size:
            raise refused(f"there is no entry {cell} in a tensor of {flat.size}")
        flat[cell] = number
    return ArrayData(array.dtype, array.shape, contiguous(array.shape), flat.tobytes())


def narrowed(number: float, dtype: str) -> float:
    """A float as short as its dtype can tell it: 0.1, not 0.10000000149011612."""
    if dtype != "float32" or not math.isfinite(number):
        return number
    for digits in range(6, 10):
        short = float(f"{number:.{digits}g}")
        try:
            if struct.pack("<f", short) == struct.pack("<f", number):
                return short
        except OverflowError:
            break
    return number


def _put(value: Value, cells: Mapping[int, Number]) -> Value:
    """Nested lists with other leaves, the others as they are written."""
    if not isinstance(value, ListOf):
        return next(iter(cells.values()), value)
    left = dict(cells)
    count = 0

    def walk(part: Value) -> Value:
        nonlocal count
        if isinstance(part, ListOf):
            return ListOf(tuple(walk(item) for item in part.items))
        if isinstance(part, tuple):
            return tuple(walk(item) for item in part)
        found = left.pop(count, part)
        count += 1
        return found

    made = walk(value)
    if left:
        raise refused(f"there is no entry {min(left)} in a tensor of {count}")
    return made
