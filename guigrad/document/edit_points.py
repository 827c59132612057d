"""Edits of data by hand: rows of a leaf of inputs, and of its targets, together in one step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from guigrad.document import order, template
from guigrad.document.array import NUMPY, ArrayData
from guigrad.document.diff import Diff
from guigrad.document.draft import Edit, refused
from guigrad.document.edit_values import set_value, source_of
from guigrad.document.model import Document, ListOf, Node
from guigrad.document.problem import ProblemError

Rows = list[Any]
Known = Mapping[str, ArrayData]
"""The values of leaves that the code does not hold itself, by node id."""


def move_point(
    inputs: str,
    row: int,
    values: Sequence[float] | None,
    known: Known,
    targets: str | None = None,
    target: float | None = None,
    merge: str = "",
) -> Edit:
    """Gives one row other inputs, another target, or both. Steps with the same ``merge`` are one undo step."""

    def apply(document: Document) -> Diff:
        parts: list[tuple[str, Callable[[Rows], None]]] = []
        if values is not None:
            parts.append((inputs, lambda rows: _put(rows, row, [_like(rows, row, list(values))])))
        if targets and target is not None:
            parts.append((targets, lambda rows: _put(rows, row, [_target(rows, target)])))
        return _changed(document, parts, known, f"Move a point of {order.name(document, inputs)}", merge)

    return apply


def add_point(
    inputs: str, values: Sequence[float], known: Known, targets: str | None = None, target: float = 0.0
) -> Edit:
    """One more row at the end, with its target."""

    def apply(document: Document) -> Diff:
        parts: list[tuple[str, Callable[[Rows], None]]] = [
            (inputs, lambda rows: rows.append(_like(rows, 0, list(values))))
        ]
        if targets:
            parts.append((targets, lambda rows: rows.append(_target(rows, target))))
        return _changed(document, parts, known, f"Add a point to {order.name(document, inputs)}")

    return apply


def remove_point(inputs: str, row: int, known: Known, targets: str | None = None) -> Edit:
    """Takes a row away, with its target."""

    def apply(document: Document) -> Diff:
        def cut(rows: Rows) -> None:
            if len(rows) < 2:
                raise refused("the last point stays: a program needs some data", node_id=inputs)
            _put(rows, row, [])

        keys = [inputs, *([targets] if targets else [])]
        label = f"Take a point from {order.name(document, inputs)}"
        return _changed(document, [(key, cut) for key in keys], known, label)

    return apply


def why_fixed(document: Document, key: str) -> str:
    """Why the rows of a node cannot be edited; "" if they can."""
    try:
        source_of(document, key)
    except ProblemError as error:
        return error.problems[0].message
    return ""


def _changed(
    document: Document, parts: list[tuple[str, Callable[[Rows], None]]], known: Known, label: str, merge: str = ""
) -> Diff:
    diff, current = Diff(), document
    for key, change in parts:
        node = source_of(document, key)
        rows = _rows(node, known.get(key), document)
        change(rows.rows)
        step = set_value(key, rows.value())(current)
        current, diff = step.apply(current), diff.then(step)
    return Diff(label=label, nodes=diff.nodes, merge=merge)


class _Held:
    """The rows of a leaf, as lists. ``dtype`` "" keeps the code's own numbers, else they become an array of it again."""

    def __init__(self, rows: Rows, dtype: str = "") -> None:
        self.rows, self.dtype = rows, dtype

    def value(self) -> object:
        if not self.dtype:
            return self.rows
        import numpy as np  # late: opening and checking a document need no NumPy

        array = np.array(self.rows, dtype=NUMPY[self.dtype])
        strides = tuple(step // array.itemsize for step in array.strides)
        return ArrayData(self.dtype, array.shape, strides, array.tobytes())


def _rows(node: Node, known: ArrayData | None, document: Document) -> _Held:
    first = node.args[0] if node.args else None
    if node.op == "torch.tensor" and isinstance(first, ListOf):
        return _Held(_listed(first))
    if isinstance(first, ArrayData):
        known = first
    label = order.name(document, node.id)
    if known is None or not known.ndim:
        raise refused(f"{label} has no rows yet: run Forward first", label, node.id)
    if known.dtype not in NUMPY:
        raise refused(f"{label} is of dtype {known.dtype}, which cannot be edited by hand", label, node.id)
    return _Held(known.tolist(), known.dtype)


def _listed(value: object) -> Any:
    return [_listed(item) for item in template.children(value)] if isinstance(value, ListOf) else value


def _put(rows: Rows, row: int, instead: Rows) -> None:
    if not 0 <= row < len(rows):
        raise refused("that point is not there any more")
    rows[row : row + 1] = instead


def _like(rows: Rows, row: int, values: list[float]) -> Any:
    """Numbers in the form of a row: a list, or a bare number; whole ones where all are."""
    shown = rows[row] if row < len(rows) else (rows[0] if rows else values)
    if not isinstance(shown, list):
        return values[0]
    if len(shown) != len(values):
        raise refused(f"a row has {len(shown)} entries, not {len(values)}")
    return values


def _target(rows: Rows, target: float) -> Any:
    """A target in the form of the others: a number, a list of one, or one-hot."""
    flat = [item for row in rows for item in (row if isinstance(row, list) else [row])]
    kind: Callable[[float], Any] = float
    if flat and all(type(item) is bool for item in flat):
        kind = bool
    elif flat and all(type(item) is int for item in flat) and float(target).is_integer():
        kind = int
    if not rows or not isinstance(rows[0], list):
        return kind(target)
    if len(rows[0]) == 1:
        return [kind(target)]
    at = round(target)
    if not 0 <= at < len(rows[0]):
        raise refused(f"there are {len(rows[0])} classes, from 0 on")
    return [kind(1.0 if place == at else 0.0) for place in range(len(rows[0]))]
