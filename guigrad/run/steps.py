"""A forward and a backward one step at a time: a cursor over what has been recorded.

Note [Cursor]
torch ran at full speed, once. What is shown at a step is its record with everything left out that came later, so going back is as exact as going
forward, and no step can change a bit. The numbers of one backward stand on the frame before it: a leaf's ``.grad`` is the old one until
its AccumulateGrad has run. What an in-place op changed later is shown as it was before.
Any other verb acts on the end of the pass that is stepped through; from within its forward part it acts before the backward, which is taken back
first if it has been played (``Cursor.takes_back``).
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace

from guigrad.run.frame import Frame, Record
from guigrad.run.tape import Event

Wire = tuple[str, str, str]
"""(source label, consumer label, port path)."""


class Step(Struct, frozen=True):
    """One step: a node of the forward pass, or one event of the backward pass. ``node`` is a node id, "" inside nothing."""

    kind: str
    node: str
    label: str
    event: Event | None = None

    @property
    def words(self) -> str:
        """What it is, in a few words: "MulBackward0 of t3"."""
        if self.event is None:
            return self.label
        if self.kind == "accumulate":
            return f"AccumulateGrad into {self.label}.grad" if self.label else "AccumulateGrad"
        return f"{self.event.grad_fn} of {self.label}" if self.label else self.event.grad_fn


class Steps(Struct, frozen=True, dict=True, eq=False):
    """All steps of one forward and, once it has run, one backward. ``at(k)`` is the frame after k of them.

    ``order`` are the ids of the nodes of the forward pass, ``before`` the frame after it, ``after`` the frame after the backward.
    ``xray``: gradients of intermediates and wires are shown; the events have them anyway.
    """

    order: tuple[str, ...]
    before: Frame
    after: Frame | None = None
    events: tuple[Event, ...] = ()
    xray: bool = True

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
        """The frame after ``cursor`` steps. A card that the last step did not touch has the very record that it had before."""
        forward, after = len(self.order), self.after
        records = {key: _latest(moments, cursor) for key, moments in self._moments.items()}
        if after is None or cursor <= forward:
            said = after.problems if after is not None and not self.events else self.before.problems  # why it failed
            return replace(self.before, records=records, contributions={}, order=(), events=(), problems=said)
        if cursor >= len(self) and self.xray:
            return replace(after, records={**after.records, **records})
        reached, times = self._reached, self._times
        return replace(
            after,
            records=records,
            contributions={wire: after.contributions[wire] for wire, time in times.items() if time <= cursor}
            if self.xray
            else {},
            order=tuple(label for label in after.order if reached.get(label, cursor) < cursor),
            events=self.events[: cursor - forward],
        )

    def find(self, wanted: Collection[str], start: int, back: bool = False) -> int | None:
        """The cursor just after the next (or, going back, the last) step of one of these nodes; None if there is none.

        The id of a node in a function's body stands for it in every call; that of a call for the first step inside, too.
        """
        numbers = range(min(start, len(self)) - 2, -1, -1) if back else range(start, len(self))
        for number in numbers:
            if self._is_at(number, wanted):
                return number + 1
        return None

    def _is_at(self, number: int, wanted: Collection[str]) -> bool:
        key = self.key(number)
        if "/" not in key:
            return key in wanted
        *calls, last = key.split("/")
        if key in wanted or last in wanted:
            return True
        before = self.key(number - 1).split("/")[:-1] if number else []
        return any(call in wanted and call not in before for call in calls)

    def key(self, number: int) -> str:
        """The id of the node of a step."""
        forward = len(self.order)
        return self.order[number] if number < forward else self.events[number - forward].key

    @cached_property
    def _reached(self) -> dict[str, int]:
        """The number of the first event of each node, by its label."""
        found: dict[str, int] = {}
        for number, event in enumerate(self.events, len(self.order)):
            found.setdefault(event.node, number)
        return found

    @cached_property
    def _times(self) -> dict[Wire, int]:
        """From which cursor on the gradient of a wire is shown."""
        times: dict[Wire, int] = {}
        for number, event in enumerate(self.events, len(self.order)):
            for part in event.left:
                if part.wire is not None:
                    times[part.wire] = number + 1  # a composite op may send it in several parts: whole with the last
        contributions = self.after.contributions if self.after is not None else {}
        # A node that hands on its input as it is has no event of its own: its wire is there when its source is reached.
        return {wire: times.get(wire, self._reached.get(wire[0], len(self)) + 1) for wire in contributions}

    @cached_property
    def _moments(self) -> dict[str, tuple[tuple[int, Record], ...]]:
        """What each record is from which cursor on, the first from 0 on."""
        last = {key: number + 1 for number, key in enumerate(self.order)}
        stored: dict[str, int] = {}
        for number, event in enumerate(self.events, len(self.order)):
            if event.kind == "accumulate":
                stored[event.node] = number + 1
        later = self.after.records if self.after is not None else {}
        found = {}
        for key, record in self.before.records.items():
            plain = record if record.xray is None else replace(record, xray=None)
            moments = [(0, plain)]
            if record.id in last:
                moments = [(0, Record(record.id, record.label, record.op))]
                moments += self._values(key, plain, last[record.id], last)
            if key in later:
                moments += self._gradients(plain, later[key], stored)
                if moments[-1][1] is plain and plain == later[key]:
                    moments[-1] = (moments[-1][0], later[key])  # so that the end changes no card
            found[key] = tuple(moments)
        return found

    def _values(self, key: str, record: Record, start: int, last: dict[str, int]) -> list[tuple[int, Record]]:
        """A value from its step on: as in-place ops found it, then as they left it."""
        found = []
        for op, value, version in self.before.overwritten.get(key, ()):
            if last.get(op, 0) > start:
                found.append((start, replace(record, value=value, version=version, stats=None)))
                start = last[op]
        return [*found, (start, record)]

    def _gradients(self, record: Record, later: Record, stored: dict[str, int]) -> list[tuple[int, Record]]:
        """A record in the backward pass: when its gradient arrives, and when ``.grad`` has it."""
        label = record.label
        arrives = self._reached[label] + 1 if label in self._reached else len(self)
        stores = stored.get(label, len(self)) if later.is_leaf else arrives
        found = []
        for time in sorted({arrives, stores}):
            grad = later if time >= stores else record
            made = replace(
                record,
                grad=grad.grad,
                grad_stats=grad.grad_stats,
                xray=later.xray if self.xray and time >= arrives else None,
                contributions=grad.contributions,
                emptied=grad.emptied,
            )
            if made != record:
                found.append((time, later if made == later else made))
        return found


def without_xray(frame: Frame) -> Frame:
    """The frame without what only x-ray shows."""
    records = {
        key: record if record.xray is None else replace(record, xray=None) for key, record in frame.records.items()
    }
    return replace(frame, records=records, contributions={})


def _latest(moments: tuple[tuple[int, Record], ...], cursor: int) -> Record:
    found = moments[0][1]
    for time, record in moments:
        if time > cursor:
            break
        found = record
    return found


class Cursor:
    """Where one is in a pass; ``at`` counts the steps that are done. Thread: one at a time."""

    def __init__(self, forward: Frame, xray: bool = True) -> None:
        self.steps = Steps(forward.played, forward, xray=xray)
        self.at = 0

    @property
    def frame(self) -> Frame:
        """What is shown here."""
        return self.steps.at(self.at)

    @property
    def step(self) -> Step | None:
        """The step that has just been made; None at the start."""
        return self.steps[self.at - 1] if self.at else None

    @property
    def ended(self) -> bool:
        """Whether there is nothing further; a backward may still be to come."""
        return self.at >= len(self.steps)

    @property
    def in_forward(self) -> bool:
        """Whether the backward has not begun here."""
        return self.at <= len(self.steps.order)

    @property
    def takes_back(self) -> bool:
        """Whether another verb must take the backward back first. See Note [Cursor]."""
        return self.steps.after is not None and self.in_forward

    def add_backward(self, after: Frame) -> None:
        """The backward has been played; the cursor stays where it is."""
        self.steps = replace(self.steps, after=after, events=after.events)

    def move(self, to: int) -> bool:
        """Goes to a place as far as there is one; whether it is another."""
        before, self.at = self.at, max(0, min(to, len(self.steps)))
        return self.at != before

    def show(self, xray: bool) -> None:
        """Whether gradients of intermediates are shown."""
        self.steps = replace(self.steps, xray=xray)
