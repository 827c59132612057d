"""What the other end of a channel knows from the last frame, so that it need not be told again. See Note [Wire format] in shared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from guigrad.document.array import ArrayData
from guigrad.run.frame import Frame, Record

KEPT_BYTES = 16 * 1024
"""An array of more bytes is not kept for comparing: it crosses each time."""

Wire = tuple[str, str, str]


class Sent:
    """The last frame as it was sent, less what has large arrays. ``number`` counts the frames."""

    def __init__(self) -> None:
        self.number = 0
        self.records: dict[str, Record] = {}
        self.contributions: dict[Wire, ArrayData] = {}
        self.keys: tuple[str, ...] = ()
        self.wires: tuple[Wire, ...] = ()
        self.labels: Mapping[str, str] = {}
        self.order: tuple[str, ...] = ()

    def after(
        self, frame: Frame, changed: Mapping[str, Record], keys: tuple[str, ...], wires: tuple[Wire, ...]
    ) -> Sent:
        """What is known after the next frame: its ``keys`` and ``wires``, and which of its records crossed."""
        new = Sent()
        new.number = self.number + 1
        known = self.records if keys == self.keys else {key: self.records[key] for key in keys if key in self.records}
        new.records = {**known, **changed}
        for key, record in changed.items():
            if not _is_small(record):
                del new.records[key]
        new.contributions = {wire: got for wire, got in frame.contributions.items() if len(got.data) <= KEPT_BYTES}
        new.keys, new.wires = keys, wires
        new.labels, new.order = frame.labels, frame.order
        return new


def same(record: Record, other: Record | None) -> bool:
    """Whether two records say exactly the same; 1 and 1.0, 0.0 and -0.0 are not."""
    if record is other:
        return True
    if record != other or other is None:
        return False
    return _exact(record) == _exact(other)


def _exact(record: Record) -> str:
    """What ``==`` does not tell apart."""
    if (record.value is None or type(record.value) is ArrayData) and record.stats is record.grad_stats is None:
        return ""
    return repr((record.value, record.stats, record.grad_stats))


def _is_small(record: Record) -> bool:
    return (
        _bytes(record.value) <= KEPT_BYTES and _bytes(record.grad) <= KEPT_BYTES and _bytes(record.xray) <= KEPT_BYTES
    )


def _bytes(value: Any) -> int:
    if type(value) is ArrayData:
        return len(value.data)
    return sum(map(_bytes, value)) if type(value) is tuple else 0
