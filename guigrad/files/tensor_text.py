"""A tensor in the words of other programs: what NumPy and torch print, nested lists, cells of a spreadsheet. Nothing is ever run."""

from __future__ import annotations

import ast
import re
from typing import Any, Final

from guigrad.document.array import NUMPY, ArrayData
from guigrad.document.tensors import contiguous
from guigrad.files.arrays import read_csv

LIMIT_CHARS: Final = 20_000_000
LIMIT_ELEMENTS: Final = 4_000_000
"""More than that is opened from a file."""
_CALL: Final = re.compile(
    r"^\s*(?:[A-Za-z_]\w*\s*=\s*)?(?:(?:np|numpy|torch|jnp)\.)?(array|tensor|asarray|Parameter)\s*\(", re.DOTALL
)
_HEAD: Final = re.compile(r"^\s*Parameter containing:\s*")
_WORDS: Final = frozenset(("dtype", "device", "requires_grad", "grad_fn", "shape", "layout", "size"))
_DTYPES: Final = {
    "float": "float32", "double": "float64", "half": "float16", "long": "int64", "int": "int64", "short": "int16",
    "bool_": "bool", "complex": "complex128", "cfloat": "complex64", "cdouble": "complex128",
}  # fmt: skip


class TensorTextError(ValueError):
    """Why a text is no tensor, in words."""


def looks_like_tensor(text: str) -> bool:
    """Whether a text means a tensor rather than code: ``array(…)``, ``tensor(…)``, brackets around numbers, a table of numbers."""
    head = text.lstrip()[:200]
    if _HEAD.match(head):
        return True
    call = _CALL.match(head)
    if call:
        return not re.match(r"^\s*(?:[A-Za-z_]\w*\s*=\s*)?torch\.", head)  # torch.tensor(…) is Python already
    if re.match(r"^\[\s*[\[\d.+\-nNiITF]", head):
        return text.rstrip().endswith("]")
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines or len(lines) + lines[0].count("\t") + lines[0].count(",") + lines[0].count(";") < 2:
        return False
    cells = re.split(r"[,;\t]", lines[-1])
    return (len(cells) > 1 and all(map(_is_number, cells))) or (
        len(cells) == 1 and all(_is_number(line) for line in lines[1:])
    )


def read_tensor_text(text: str) -> tuple[ArrayData, bool]:
    """(the tensor, whether it says that it requires grad).

    Raises: TensorTextError with the reason in words.
    """
    if len(text) > LIMIT_CHARS:
        raise TensorTextError(
            f"this text has {len(text) // 1_000_000} million characters; open a tensor of that size from a file"
        )
    if not text.strip():
        raise TensorTextError("there is no text to read a tensor from")
    plain = _HEAD.sub("", text).strip()
    call = _CALL.match(plain)
    if call is None and not plain.startswith(("[", "(")):
        return _table(text), False
    dtype, grad = "", False
    if call is not None:
        body, rest = _split(plain[call.end() :])
        plain = body
        dtype, grad = _options(rest)
    if re.search(r"(?<![\w.])\.\.\.|…", plain):
        raise TensorTextError("this text leaves entries out (…): print the whole tensor, or open it from a file")
    numpy = call is not None and call.group(1) in ("array", "asarray")
    return _array(_numbers(plain), dtype, numpy), grad


def _split(text: str) -> tuple[str, str]:
    """The first argument of a call, and what follows it."""
    depth = 0
    for at, sign in enumerate(text):
        if sign in "([{":
            depth += 1
        elif sign in ")]}":
            if depth == 0:
                if text[at + 1 :].strip(" \t\r\n;"):
                    raise TensorTextError("something follows the tensor; paste one tensor at a time")
                return text[:at], ""
            depth -= 1
        elif sign == "," and depth == 0:
            return text[:at], text[at + 1 :].strip()
    raise TensorTextError("a bracket is not closed: the text is cut off")


def _options(text: str) -> tuple[str, bool]:
    """dtype and requires_grad of what stands behind the numbers."""
    if text and not text.rstrip(" ;\r\n").endswith(")"):
        raise TensorTextError("a bracket is not closed: the text is cut off")
    words = dict(re.findall(r"(\w+)\s*=\s*([^,<()]+(?:<[^>]*>)?|<[^>]*>|\([^)]*\))", text))
    unknown = words.keys() - _WORDS
    if unknown:
        raise TensorTextError(f"{sorted(unknown)[0]!r} is no part of a printed tensor")
    name = words.get("dtype", "").strip().strip("'\"").rpartition(".")[2]
    name = _DTYPES.get(name, name)
    if name and name not in NUMPY:
        raise TensorTextError(f"tensors of dtype {name[:30]} cannot be pasted")
    return name, words.get("requires_grad", "").strip() == "True" or "grad_fn" in words


def _numbers(text: str) -> Any:
    """Nested lists of numbers; NumPy's own form without commas too."""
    if "," not in text and re.search(r"[\d.\w]\s+[-\d.\w\[]|\]\s*\[", text):
        text = re.sub(r"(?<=[\d.\w\]])\s+(?=[-+\d.\w\[])", ", ", text.strip())
        text = re.sub(r"\]\s*\[", "], [", text)
    named = re.sub(
        r"(?<![\w.])(nan|NaN)(?!\w)", "'nan'", re.sub(r"(?<![\w.])-?inf(?!\w)", lambda m: f"'{m.group()}'", text)
    )
    try:
        return ast.literal_eval(named.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        raise TensorTextError("this is no tensor: numbers in brackets are expected, such as [[1, 2], [3, 4]]") from None


def _array(value: Any, dtype: str, numpy: bool) -> ArrayData:
    import numpy as np  # late: opening a document needs no NumPy

    leaves: list[Any] = []
    shape = _shape(value, leaves, 0)
    kinds = {type(leaf) for leaf in leaves}
    if not dtype:
        # NumPy leaves the dtype out where it is float64, torch where it is float32; typed lists become what torch makes of them.
        wide = "float64" if numpy else "float32"
        if complex in kinds:
            dtype = "complex128" if numpy else "complex64"
        else:
            dtype = wide if kinds & {float, str} else "bool" if kinds == {bool} else "int64"
        if not leaves:
            dtype = "float32"
    if not dtype.startswith(("float", "complex")) and kinds & {float, str, complex}:
        raise TensorTextError(f"a tensor of {dtype} holds no such number")
    try:
        made = np.array([_plain(leaf) for leaf in leaves], NUMPY[dtype])
    except (OverflowError, ValueError, TypeError):
        raise TensorTextError(f"a number is outside of what {dtype} holds") from None
    return ArrayData(dtype, shape, contiguous(shape), made.tobytes())


def _plain(leaf: Any) -> Any:
    return float(leaf) if isinstance(leaf, str) else leaf


def _shape(value: Any, leaves: list[Any], depth: int) -> tuple[int, ...]:
    if not isinstance(value, list | tuple):
        if not isinstance(value, bool | int | float | complex) and value not in ("nan", "inf", "-inf"):
            raise TensorTextError(f"a tensor holds numbers, not {str(value)[:30]!r}")
        leaves.append(value)
        if len(leaves) > LIMIT_ELEMENTS:
            raise TensorTextError(f"more than {LIMIT_ELEMENTS // 1_000_000} million numbers: open them from a file")
        return ()
    if depth > 60:
        raise TensorTextError("too many dimensions")
    shapes = [_shape(item, leaves, depth + 1) for item in value]
    for number, shape in enumerate(shapes):
        if shape != shapes[0]:
            raise TensorTextError(
                f"rows must be equally long: row 0 has shape {list(shapes[0])}, row {number} {list(shape)}"
            )
    return (len(value), *(shapes[0] if shapes else ()))


def _table(text: str) -> ArrayData:
    """Cells of a spreadsheet; one row or one column becomes a vector."""
    try:
        heading, array = read_csv(text.encode("utf-8", "replace"))
    except ValueError as error:
        raise TensorTextError(f"this is no tensor and no table of numbers: {error}") from None
    if not array.size:
        raise TensorTextError("this is no tensor and no table of numbers")
    if array.size > LIMIT_ELEMENTS:
        raise TensorTextError(f"more than {LIMIT_ELEMENTS // 1_000_000} million numbers: open them from a file")
    if array.size == 1 and not heading:
        return ArrayData(array.dtype, (), (), array.data)
    rows, columns = array.shape
    if (rows == 1 or columns == 1) and not heading:
        return ArrayData(array.dtype, (array.size,), (1,), array.data)
    return array


def _is_number(cell: str) -> bool:
    try:
        float(cell.strip())
    except ValueError:
        return False
    return True
