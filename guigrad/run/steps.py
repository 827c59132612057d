"""A forward and a backward one step at a time: a cursor over what has been recorded.

Note [Cursor]
torch ran at full speed, once. What is shown at a step is its record with everything left out that came later, so going back is as exact as going
forward, and no step can change a bit. The numbers of one backward stand on the frame before it: a leaf's ``.grad`` is the old one until
its AccumulateGrad has run.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from msgspec import Struct
from msgspec.structs import replace

from guigrad.run.frame import Frame, Record
from guigrad.run.tape import Event


class Step(Struct, frozen=True):
    """One step: a node of the forward pass, or one event of the backward pass. ``node`` is a node id, "" inside nothing."""

    kind: str
    node: str
    label: str
    event: Event | None = None


class Steps(Struct, frozen=True, dict=True):
    """All steps of one forward and, once it has run, one backward. ``at(k)`` is the frame after k of them.

    ``order`` are the ids of the nodes of the forward pass, ``before`` the frame after it, ``after`` the frame after the backward.
    """

    order: tuple[str, ...]
    before: Frame
    after: Frame | None = None
    events: tuple[Event, ...] = ()

    def __len__(self) -> int:
        return len(self.order) + len(self.events)

    def __getitem__(self, number: int) -> Step:
        """Step ``number``, counted from 0. Raises: IndexError."""
        if not 0 <= number < len(self):
            raise IndexError(number)
        if number < len(self.order):
            key = self.order[number]
            record = self.before.records.get(key)
            return Step("forward", key, record.label if record else key)
        event = self.events[number - len(self.order)]
        return Step(event.kind, event.key, event.node, event)

    def at(self, cursor: int) -> Frame:
        """The frame after ``cursor`` steps."""
        if cursor < len(self.order):
            return self._during_forward(cursor)
        return self._during_backward(cursor - len(self.order))

    def find(self, wanted: Collection[str], start: int, back: bool = False) -> int:
        """The cursor just after the next (or, going back, the last) step of one of these nodes; the end (or 0) if there is none."""
        numbers = range(min(start, len(self)) - 2, -1, -1) if back else range(start, len(self))
        for number in numbers:
            if self[number].node in wanted:
                return number + 1
        return 0 if back else len(self)

    def _during_forward(self, cursor: int) -> Frame:
        done = frozenset(self.order[:cursor])
        todo = frozenset(self.order[cursor:])
        records = {
            key: _unseen(record) if record.id in todo and record.id not in done else _without_gradient(record)
            for key, record in self.before.records.items()
        }
        return replace(self.before, records=records, contributions={}, order=(), events=())

    def _during_backward(self, cursor: int) -> Frame:
        after = self.after
        if after is None:
            return self._during_forward(len(self.order))
        if cursor >= len(self.events):
            return after
        seen = self.events[:cursor]
        reached = {event.node for event in seen}
        stored = {event.node for event in seen if event.kind == "accumulate"}
        records = {}
        for key, record in self.before.records.items():
            later = after.records.get(key, record)
            grad, stats = record.grad, record.grad_stats
            if record.label in (stored if later.is_leaf else reached):
                grad, stats = later.grad, later.grad_stats
            xray = later.xray if record.label in reached else None
            records[key] = replace(record, grad=grad, grad_stats=stats, xray=xray)
        wires = {part.wire for event in seen for part in event.left if part.wire is not None}
        return replace(
            after,
            records=records,
            contributions={wire: value for wire, value in after.contributions.items() if wire in wires},
            order=tuple(label for label in after.order if label in reached),
            events=seen,
        )


def _unseen(record: Record) -> Record:
    return Record(record.id, record.label, record.op)


def _without_gradient(record: Record) -> Record:
    return record if record.xray is None else replace(record, xray=None)


def forward_order(order: Sequence[str], frame: Frame) -> tuple[str, ...]:
    """The nodes of a program's order that a forward has given a value."""
    records = frame.records
    return tuple(key for key in order if key in records and records[key].state in ("fresh", "failed"))
