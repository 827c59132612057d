"""What a live graph held when a document was made of it: a frame that travels with the document.

Note [Recorded]
``guigrad.from_tensor`` makes nodes that nothing can run again (ops ``recorded.MulBackward0`` …) and a frame of what torch held then. The
frame is kept, as plain JSON, in the document's ``extra`` under "recorded": so it is saved, opened and carried along by every edit, and a
program that does not know it keeps it. A leaf that somebody has edited since shows nothing of it.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct, structs

from guigrad.document import tensors
from guigrad.document.array import ArrayData
from guigrad.document.model import Document, Node
from guigrad.document.names import frame_labels, labels
from guigrad.ops.table import is_recorded
from guigrad.run.frame import Frame, Record, Stats
from guigrad.run.graph import Graph

KEY: Final = "recorded"
LIMIT_BYTES: Final = 1 << 28
"""More than this is not read from a file."""

_PLAIN: Final = (
    "kind", "grad_fn", "is_leaf", "requires_grad", "retains_grad", "device", "version", "text",
)  # fmt: skip


class _Held(Struct, frozen=True, kw_only=True):
    """One record as the file has it. ``node`` is the check sum of a node that can be edited."""

    kind: str = ""
    value: Any = None
    grad: Any = None
    grad_fn: str | None = None
    is_leaf: bool | None = None
    requires_grad: bool | None = None
    retains_grad: bool | None = None
    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    device: str | None = None
    version: int | None = None
    text: str = ""
    stats: tuple[Any, ...] | None = None
    grad_stats: tuple[Any, ...] | None = None
    node: int | None = None


def with_recorded(document: Document, frame: Frame) -> Document:
    """The document with a frame that travels with it."""
    records = {}
    for key, record in frame.records.items():
        held: dict[str, Any] = {
            name: getattr(record, name) for name in _PLAIN if getattr(record, name) not in (None, "")
        }
        if record.shape is not None:
            held |= {"shape": list(record.shape), "dtype": record.dtype}
        for name, array in (("value", record.value), ("grad", record.grad)):
            if isinstance(array, ArrayData):
                held[name] = tensors.write(array)
        for name, stats in (("stats", record.stats), ("grad_stats", record.grad_stats)):
            if stats is not None:
                held[name] = [_written(number) for number in structs.astuple(stats)]
        node = document.nodes.get(key)
        if node is not None and not is_recorded(node.op):
            held["node"] = check_sum(node)
        records[key] = held
    kept: dict[str, Any] = {"records": records}
    if frame.graph is not None:
        kept["graph"] = msgspec.json.decode(msgspec.json.encode(frame.graph))  # lists, as a file gives them
    return structs.replace(document, extra={**document.extra, KEY: kept})


def recorded(document: Document) -> Frame | None:
    """The frame that travels with a document; None without one. What cannot be read of it is left out."""
    raw = document.extra.get(KEY)
    if not isinstance(raw, dict) or not isinstance(raw.get("records"), dict):
        return None
    known = document.__dict__.get("_recorded")
    if known is None or known[0] is not raw:
        known = (raw, *_read(raw))
        document.__dict__["_recorded"] = known
    _, held, graph = known
    names = {}
    records = {}
    by_key = dict(labels(document))
    for key, (record, sum_) in held.items():
        place, _, output = key.partition("[")
        node = document.nodes.get(place)
        if node is None or (sum_ is not None and check_sum(node) != sum_):
            continue
        label = by_key.get(place, place)
        if output:
            at = int(output[:-1])
            label = (node.outputs[at] if at < len(node.outputs) else None) or f"{label}[{at}]"
        records[key] = structs.replace(record, label=label, op=node.op)
        names[label] = key
    for label, (place, at_) in frame_labels(document).items():
        key = place if at_ is None else f"{place}[{at_}]"
        if key in records:
            names.setdefault(label, key)
    return Frame(records=records, labels=names, graph=graph)


def check_sum(node: Node) -> int:
    """Tells a node from what it is after an edit; its name and id say nothing of its value."""
    return zlib.crc32(repr((node.op, node.args, node.kwargs)).encode("utf-8", "replace"))


def _read(raw: Mapping[str, Any]) -> tuple[dict[str, tuple[Record, int | None]], Graph | None]:
    left = LIMIT_BYTES
    found: dict[str, tuple[Record, int | None]] = {}
    for key, one in raw["records"].items():
        try:
            held = msgspec.convert(one, _Held)
            fields: dict[str, Any] = {}
            for name in ("value", "grad"):
                if (data := getattr(held, name)) is not None:
                    array = tensors.read(data)
                    left -= len(array.data)
                    fields[name] = array if left >= 0 else None
            fields |= {name: getattr(held, name) for name in _PLAIN}
            fields |= {name: _stats(getattr(held, name)) for name in ("stats", "grad_stats")}
        except (msgspec.ValidationError, ValueError, TypeError):
            continue
        output = key.partition("[")[2]
        if output and not (output.endswith("]") and output[:-1].isdecimal() and len(output) < 8):
            continue
        record = Record(key, key, "", KEY, shape=held.shape, dtype=held.dtype, **fields)
        found[key] = (record, held.node)
    try:
        graph = msgspec.convert(raw["graph"], Graph) if "graph" in raw else None
    except msgspec.ValidationError:
        graph = None
    return found, graph


def _written(number: float) -> float | str:
    return number if math.isfinite(number) else repr(number)


def _stats(numbers: tuple[Any, ...] | None) -> Stats | None:
    """Raises: ValueError for what are no statistics."""
    if numbers is None:
        return None
    if len(numbers) != len(Stats.__struct_fields__):
        raise ValueError("statistics are eight numbers")
    low, mean, high, std, norm = (float(number) for number in numbers[:5])
    zeros, nans, infs = (int(number) for number in numbers[5:])
    return Stats(low, mean, high, std, norm, zeros, nans, infs)
