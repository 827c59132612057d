"""A frame as text for a terminal and as JSON for other programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from guigrad.document.array import ArrayData
from guigrad.document.expand import expand
from guigrad.document.model import Document, Loop, item_key, walk
from guigrad.document.problem import Problem
from guigrad.run.frame import Frame, Record, Stats

COLUMNS = ("name", "op", "shape", "value", "grad", "grad_fn", "leaf")
SHOWN = 8
"""A row of more numbers than this is shown as its first and last three."""
WIDTH = 60
"""Characters of one cell."""
ACTS = ("python.print", "python.assert", "torch.Tensor.backward", "torch.autograd.backward", "torch.manual_seed")
"""Nodes without a value of interest."""


def number_text(value: Any) -> str:
    """A Python number in four decimals, as torch prints tensors; very large and small ones with an exponent."""
    if isinstance(value, complex):
        return (
            f"{number_text(value.real)}{'-' if str(value.imag).startswith('-') else '+'}{number_text(abs(value.imag))}j"
        )
    if not isinstance(value, float):
        return str(value)
    if value != value or value in (float("inf"), float("-inf")):
        return str(value)
    if value and not 1e-4 <= abs(value) < 1e6:
        return f"{value:.4e}"
    return f"{value:.4f}"


def value_text(value: Any) -> str:
    """A value on one line: nested brackets for a tensor, long rows and many rows shortened."""
    if isinstance(value, ArrayData):
        try:
            return _clip(_nested(value.numpy()))
        except TypeError:  # a dtype without NumPy type
            return f"<{value.dtype}>"
    if isinstance(value, tuple | list):
        return _clip("(" + ", ".join(value_text(item) for item in value) + ")")
    return _clip(number_text(value) if isinstance(value, float | complex) else str(value))


def table(frame: Frame, document: Document) -> str:
    """The nodes of a frame as a table in program order, those aside that only act; what has not run shows its state."""
    place: dict[str, int] = {}
    for number, item in enumerate(walk(expand(document).program)):
        variables = [carry.port for carry in getattr(item, "carried", ())]
        for key in (item_key(item), *variables, *([item.var] if isinstance(item, Loop) else [])):
            place.setdefault(key, number)
    labels = [label for label in frame.names() if frame[label].op not in ACTS or frame[label].state == "failed"]
    first: dict[str, str] = {}  # what stands in a function is also known by the name of its call
    labels = [each for each in labels if "/" not in each or first.setdefault(frame.labels[each], each) == each]
    labels.sort(key=lambda label: place.get(frame.labels[label].partition("[")[0], -1))
    rows = [COLUMNS, *(_row(label, frame[label]) for label in labels)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def as_json(frame: Frame, problems: Sequence[Problem] = ()) -> dict[str, Any]:
    """The frame as plain JSON data; NaN and the infinities are written as Python's json writes them, complex as [re, im].

    A tensor too large to be sent whole has ``null`` as value and its statistics beside it.
    """
    return {
        "device": frame.device,
        "nodes": {label: _node_json(frame[label]) for label in frame.names()},
        "contributions": [
            {"source": source, "target": target, "port": port, "value": plain(value)}
            for (source, target, port), value in frame.contributions.items()
        ],
        "order": list(frame.order),
        "loss": list(frame.loss),
        "problems": [problem_json(problem) for problem in problems or frame.problems],
    }


def problem_json(problem: Problem) -> dict[str, Any]:
    """One problem as plain JSON data; fixes by their titles."""
    fields = ("node", "line", "column", "kind", "severity", "error", "message", "why")
    return {name: getattr(problem, name) for name in fields} | {"fixes": [fix.title for fix in problem.fixes]}


def plain(value: Any) -> Any:
    """A value as what JSON can hold: nested lists for tensors and tuples, text for what is neither number nor text."""
    if isinstance(value, ArrayData):
        try:
            return plain(value.tolist())
        except TypeError:  # a dtype without NumPy type
            return None
    match value:
        case None | bool() | int() | float() | str():
            return value
        case complex():
            return [value.real, value.imag]
        case tuple() | list():
            return [plain(item) for item in value]
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
    return str(value)


def _node_json(record: Record) -> dict[str, Any]:
    data: dict[str, Any] = {"op": record.op, "state": record.state, "kind": record.kind}
    data["value"] = plain(record.value) if record.value is not None or not record.text else record.text
    data["grad"] = plain(record.grad)
    data["xray"] = plain(record.xray)
    data["shape"] = None if record.shape is None else list(record.shape)
    for name in ("grad_fn", "is_leaf", "requires_grad", "retains_grad", "dtype", "device", "version"):
        data[name] = getattr(record, name)
    for name, stats in (("stats", record.stats), ("grad_stats", record.grad_stats)):
        if stats is not None:
            data[name] = {field: getattr(stats, field) for field in Stats.__struct_fields__}
    return data


def _row(label: str, record: Record) -> tuple[str, ...]:
    tensor = record.shape is not None
    if record.state in ("not run", "failed") and record.value is None:
        value = record.state
    elif record.value is None:
        value = _stats_text(record.stats) if record.stats is not None else record.text or "None"
    else:
        value = value_text(record.value)
    grad = _stats_text(record.grad_stats) if record.grad is None and record.grad_stats else value_text(record.grad)
    return (
        label,
        record.op.removeprefix("torch.").removeprefix("nn.functional.").removeprefix("operator."),
        "" if record.shape is None else str(list(record.shape)),
        _clip(" ".join(value.split())),
        grad if tensor else "",
        (record.grad_fn or "None") if tensor else "",
        {True: "leaf", False: "no", None: ""}[record.is_leaf],
    )


def _stats_text(stats: Stats) -> str:
    low, mean, high = (number_text(float(n)) for n in (stats.minimum, stats.mean, stats.maximum))
    return f"min {low} mean {mean} max {high}"


def _nested(array: Any) -> str:
    if array.ndim == 0:
        return number_text(array.item())
    parts = [array[i] for i in _shown(array.shape[0])]
    texts = [_nested(part) for part in parts]
    if array.shape[0] > SHOWN:
        texts.insert(3, "…")
    return "[" + ", ".join(texts) + "]"


def _shown(length: int) -> list[int]:
    return list(range(length)) if length <= SHOWN else [0, 1, 2, length - 3, length - 2, length - 1]


def _clip(text: str) -> str:
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"
