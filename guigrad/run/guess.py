"""Guesses of what is blanked: read without being executed, compared with torch's numbers, helped by hints."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from guigrad.document.array import ArrayData
from guigrad.document.model import Document, Node
from guigrad.ops import table
from guigrad.run.blanks import Blank
from guigrad.run.frame import Frame, Record

RELATIVE: Final = 1e-2
LONG: Final = 2000
"""A guess has at most so many characters."""
_TWO: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv, ast.Pow: operator.pow,
}  # fmt: skip
_NAMES: Final = {"pi": math.pi, "e": math.e, "inf": math.inf, "nan": math.nan}
_CALLS: Final[dict[str, Callable[[float], float]]] = {
    "sqrt": math.sqrt, "exp": math.exp, "log": math.log, "sin": math.sin, "cos": math.cos, "tanh": math.tanh, "abs": abs,
}  # fmt: skip
NONE: Final = "None"


class Unreadable(ValueError):
    """A guess that is neither a number, a list nor an expression of numbers; its text says why."""


def read(text: str) -> Any:
    """The number, the (nested) list of numbers, True, False or None that a guess means; nothing of it is executed.

    Raises: Unreadable
    """
    if not text.strip():
        raise Unreadable("Type a number, a list or an expression such as 2*3/5.")
    if len(text) > LONG:
        raise Unreadable("That is too long for a guess.")
    try:
        tree = ast.parse(text.strip().replace("^", "**"), mode="eval")
        return _value(tree.body, 0)
    except (SyntaxError, MemoryError, RecursionError):
        raise Unreadable(f"{text.strip()[:60]!r} is neither a number, a list nor an expression of numbers.") from None
    except ZeroDivisionError:
        raise Unreadable("A division by zero has no value.") from None
    except (OverflowError, ValueError) as error:
        raise (
            error if isinstance(error, Unreadable) else Unreadable("That has no value, or a far too large one.")
        ) from None


def _value(node: ast.expr, depth: int) -> Any:
    if depth > 40:
        raise Unreadable("That is nested too deeply.")
    match node:
        case ast.Constant(value=bool() | None):
            return node.value
        case ast.Constant(value=int() | float() as number):
            return float(number)  # floats cannot grow beyond all bounds, whatever they are raised to
        case ast.List() | ast.Tuple():
            return [_value(item, depth + 1) for item in node.elts]
        case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
            inner = _number(_value(node.operand, depth + 1))
            return -inner if isinstance(node.op, ast.USub) else inner
        case ast.BinOp() if type(node.op) in _TWO:
            left, right = (_number(_value(side, depth + 1)) for side in (node.left, node.right))
            found = _TWO[type(node.op)](left, right)
            return _number(found)
        case ast.Name(id=name) if name in _NAMES:
            return _NAMES[name]
        case ast.Call(func=ast.Name(id=name), args=[inner], keywords=[]) if name in _CALLS:
            return _CALLS[name](_number(_value(inner, depth + 1)))
        case ast.Call(args=[inner], keywords=[]) if ast.unparse(node.func) in ("tensor", "torch.tensor", "torch.Size"):
            return _value(inner, depth + 1)
    raise Unreadable(f"{ast.unparse(node)[:60]!r} is no number: use digits, lists, + - * / ** and brackets.")


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, float):
        raise Unreadable("Only numbers can be computed with.")
    return value


def truth(frame: Frame | None, blank: Blank) -> Any:
    """What is to be guessed, as an array, a list of sizes, a bool, or the text "None"; None when it is not there (yet)."""
    record = frame.records.get(blank.node) if frame is not None else None
    if record is None or record.state != "fresh":
        return None
    if blank.what == "shape":
        return None if record.shape is None else [float(size) for size in record.shape]
    value = record.value if blank.what == "value" else record.grad if record.grad is not None else record.xray
    if isinstance(value, ArrayData):
        try:
            return value.numpy()
        except TypeError:
            return None
    if isinstance(value, bool | int | float):
        return np.asarray(value)
    return NONE if blank.what == "grad" and record.grad_stats is None else None


def right(guess: Any, wanted: Any, relative: float = RELATIVE) -> str:
    """ "" when a guess is right within the tolerance, else what is wrong with it (nothing that gives the numbers away)."""
    if isinstance(wanted, str) or guess is None:
        fits = guess is None and isinstance(wanted, str)
        return "" if fits else "There is a number here." if guess is None else "That is not it."
    array = np.asarray(wanted)
    try:
        given = np.asarray(guess)
    except ValueError:
        return "The rows of the list are of different lengths."
    if given.dtype == object:
        return "Only numbers belong into the list."
    if given.size == 1 and array.size == 1:
        given, array = given.reshape(()), array.reshape(())
    if given.shape != array.shape:
        if given.ndim == 0 and array.size > 1:
            return f"One number is not enough: {array.size} are asked for."
        return f"The shape does not fit: {list(given.shape)}."
    if array.dtype.kind == "b" or given.dtype.kind == "b":
        return "" if array.dtype.kind == given.dtype.kind and bool((given == array).all()) else "That is not it."
    scale = float(np.nanmax(np.abs(array[np.isfinite(array)]), initial=0.0)) if array.size else 0.0
    close = np.isclose(given, array, rtol=relative, atol=relative * 1e-3 * scale + 1e-12, equal_nan=True)
    if bool(close.all()):
        return ""
    wrong = int((~close).sum())
    return "That is not it." if array.size == 1 else f"{wrong} of {array.size} entries are not it."


# --- hints ---


def hint(document: Document, raw: Frame, shown: Frame, blank: Blank, stage: int) -> str:
    """Help after a wrong guess: at stage 1 upstream times local with the numbers in, from stage 2 on the formula too.

    ``shown`` is the frame without what is to be guessed: no hint tells what another blank asks for.
    """
    record = raw.records.get(blank.node)
    node = document.nodes.get(blank.node)
    if record is None or node is None:
        return ""
    if blank.what == "grad":
        return _grad_hint(document, raw, shown, record, stage)
    parts = []
    for wire in node.inputs():
        given = shown.records.get(wire.node or "")
        if given is not None and blank.what == "shape":
            parts.append(f"{given.label} has the shape {UNKNOWN if given.shape is None else list(given.shape)}")
        elif given is not None:
            parts.append(f"{given.label} = {_short(given.value)}")
    text = ("; " if blank.what == "shape" else ", ").join(parts) or "Look at its inputs"
    if blank.what == "value" and parts:
        text = f"{node.op.rpartition('.')[2]} of {text}"
    return text if stage < 2 else f"{text}. {_about(node)}"


def _about(node: Node) -> str:
    spec = table.find(node.op)
    return (spec.about or spec.tex or node.op) if spec is not None else node.op


def _grad_hint(document: Document, raw: Frame, shown: Frame, record: Record, stage: int) -> str:
    back = [wire for wire in raw.contributions if wire[0] == record.label]
    if not back:
        if raw.order and raw.order[0] == record.label:
            return "Backward starts here: d root / d root."
        return "No gradient came back along any of its wires." if raw.order else "Nothing has run backward yet."
    parts = []
    for _, consumer, path in back:
        key = raw.labels.get(consumer, "")
        reader, node = shown.records.get(key), document.nodes.get(key.partition("[")[0])
        if reader is None or node is None:
            continue
        upstream = reader.xray if reader.xray is not None else reader.grad
        arrives = _short(upstream) if upstream is not None else UNKNOWN
        spec = table.find(node.op)
        rule = spec.vjp.get(path, "") if spec is not None else ""
        local = f" × the local derivative of {node.op.rpartition('.')[2]}"
        if rule and stage >= 2:
            rule = rule.replace("unbroadcast", "sum_to_shape")
            local = f", and what goes on is {rule} with {_inputs(shown, node)}"
        parts.append(f"through {consumer}: upstream g = {arrives}{local}")
    text = "; ".join(parts)
    return text if len(parts) < 2 else f"{text}. The ways add up"


UNKNOWN: Final = "?"


def _inputs(shown: Frame, node: Node) -> str:
    from guigrad.document import ports  # late: it reads the op table

    found = []
    for wire in ports.node_wires(node):
        record = shown.records.get(wire.source)
        if record is not None:
            found.append(f"{wire.path} = {_short(record.value)}")
    own = shown.records.get(node.id)
    if own is not None and own.value is not None:
        found.append(f"result = {_short(own.value)}")
    return ", ".join(found)


def _short(value: Any) -> str:
    if not isinstance(value, ArrayData):
        return UNKNOWN if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
    try:
        array = value.numpy()
    except TypeError:
        return value.dtype
    flat = array.reshape(-1)
    if array.ndim == 0 and array.size:
        return f"{flat[0]:.4g}"
    words = ", ".join(f"{x:.4g}" for x in flat[:6].tolist())
    return f"[{words}{', …' if flat.size > 6 else ''}]"
