"""What the rows of the tape say, made when a row is looked at: every op and every grad_fn in the order in which torch ran them. No widgets."""

from __future__ import annotations

from functools import cached_property
from typing import Final

from guigrad.document.array import ArrayData
from guigrad.document.model import Document, Node
from guigrad.ops import table
from guigrad.run.frame import Frame
from guigrad.run.steps import Steps
from guigrad.run.tape import Event, Leaving
from guigrad.ui.widgets import story

COLUMNS: Final = (
    "#", "op or grad_fn", "node", "value or upstream g", "local rule", "sent to each input", "came together · accumulated", "saved",
)  # fmt: skip
TIPS: Final = (
    "The order in which torch ran them", "The op, or the grad_fn that its backward is", "The node that it belongs to",
    "Forward: what the op gave. Backward: the gradient that arrived, summed up", "The local derivative, g is the upstream gradient",
    "The gradient that left along each wire", "Where several wires came together, their sum; at a leaf what was added to .grad",
    "Tensors that the grad_fn had kept from the forward",
)  # fmt: skip
ADDENDS: Final = 4
"""Sums of up to so many gradients are written out."""


class Tape:
    """The rows of one forward and backward, or of a backward alone. ``empty`` says what would fill it."""

    def __init__(
        self, document: Document, order: tuple[str, ...], before: Frame, after: Frame | None, empty: str = ""
    ) -> None:
        self.order, self.before, self.after, self.empty = order, before, after, empty
        self.events: tuple[Event, ...] = after.events if after is not None else ()
        self._nodes = document.nodes
        self._known: dict[int, tuple[str, ...]] = {}

    @classmethod
    def of_steps(cls, document: Document, steps: Steps) -> Tape:
        """All that is stepped through, kept with the steps."""
        known: Tape | None = steps.__dict__.get("tape")
        if known is None or known._nodes is not document.nodes:
            known = cls(document, steps.order, steps.before, steps.after)
            steps.__dict__["tape"] = known
        return known

    @classmethod
    def of_frame(cls, document: Document, frame: Frame | None, empty: str) -> Tape:
        """The last backward alone."""
        return cls(document, (), frame or Frame(), frame, empty)

    def __len__(self) -> int:
        return len(self.order) + len(self.events)

    def key(self, number: int) -> str:
        """The id of the node of a row, "" for none."""
        forward = len(self.order)
        return self.order[number] if number < forward else self.events[number - forward].key

    def kind(self, number: int) -> str:
        """forward, backward or accumulate."""
        forward = len(self.order)
        return "forward" if number < forward else self.events[number - forward].kind

    def row(self, number: int) -> tuple[str, ...]:
        """The words of a row, by column."""
        known = self._known.get(number)
        if known is None:
            forward = len(self.order)
            words = self._op(self.order[number]) if number < forward else self._event(self.events[number - forward])
            known = self._known[number] = (str(number + 1), *words)
        return known

    def text(self, numbers: range | list[int]) -> str:
        """Rows as text for other programs, columns by tabs."""
        return "\n".join("\t".join(line) for line in (COLUMNS, *[self.row(number) for number in numbers]))

    def _node(self, key: str) -> Node | None:
        return self._nodes.get(key.rpartition("/")[2])

    def _op(self, key: str) -> tuple[str, ...]:
        record = self.before.records.get(key)
        node = self._node(key)
        op = story.short_op(node) if node is not None else record.op if record is not None else ""
        value = record.value if record is not None else None
        shown = short(value) if isinstance(value, ArrayData) else "" if value is None else str(value)
        label = record.label if record is not None else key
        reads = ""
        if node is not None:
            inner = key.rpartition("/")[0]
            sources = dict.fromkeys(wire.node for wire in node.inputs() if wire.node)
            places = [f"{inner}/{source}" if inner else source for source in sources]
            names = [self.before.records[place].label for place in places if place in self.before.records]
            reads = f"reads {', '.join(names)}" if names else ""
        saved = record.grad_fn or "" if record is not None else ""
        return op, label, shown, "", reads, "", f"made {saved}" if saved else ""

    def _event(self, event: Event) -> tuple[str, ...]:
        return (
            event.grad_fn,
            event.node,
            "; ".join(short(array) for array in event.arrived) or "",
            self._rule(event),
            "; ".join(self._sent(part) for part in event.left if part.to),
            self._gathered(event),
            ", ".join(event.saved),
        )

    def _rule(self, event: Event) -> str:
        """The local derivatives of the ports on which something left."""
        if event.kind == "accumulate":
            return ".grad = .grad + g"
        node = self._node(event.key)
        spec = table.find(node.op) if node is not None else None
        if spec is None:
            return ""
        paths = dict.fromkeys(part.wire[2] for part in event.left if part.wire is not None)
        rules = [(path, story.plain_formula(spec.vjp[path])) for path in paths if path in spec.vjp]
        return "; ".join(f"{path}: {rule}" if len(rules) > 1 else rule for path, rule in rules)

    def _sent(self, part: Leaving) -> str:
        place = f"{part.wire[0]} ({part.wire[2]})" if part.wire is not None else part.to
        return f"{place} ← {short(part.gradient)}"

    def _gathered(self, event: Event) -> str:
        parts = []
        if event.arrivals > 1:
            came = self._arrivals.get(event.node, [])
            total = short(event.arrived[0]) if event.arrived else ""
            if len(came) == event.arrivals <= ADDENDS and all(array is not None for array in came):
                parts.append(f"{' + '.join(short(array) for array in came)} = {total}")
            else:
                parts.append(f"{event.arrivals} came together: {total}")
        if event.kind == "accumulate" and self.after is not None:
            before = self._grad(self.before, event.key) if self.order else None
            after = self._grad(self.after, event.key)
            if self.order:
                start = short(before) if before is not None else "None"
                arrived = short(event.arrived[0]) if event.arrived else "?"
                parts.append(f"{event.node}.grad: {start} + {arrived} = {short(after)}")
            elif after is not None:
                parts.append(f"{event.node}.grad is {short(after)}")
        return " · ".join(parts)

    @staticmethod
    def _grad(frame: Frame, key: str) -> ArrayData | None:
        record = frame.records.get(key)
        return record.grad if record is not None else None

    @cached_property
    def _arrivals(self) -> dict[str, list[ArrayData | None]]:
        """What came to each node along its wires, in that order."""
        found: dict[str, list[ArrayData | None]] = {}
        for event in self.events:
            for part in event.left:
                if part.wire is not None:
                    found.setdefault(part.wire[0], []).append(part.gradient)
        return found


def short(array: ArrayData | None) -> str:
    """A tensor in a few characters; "…" for one that was too large to be sent."""
    if array is None:
        return "…"
    try:
        return story.numbers(array)
    except TypeError:  # kinds of numbers that NumPy does not have
        return f"{array.dtype}{list(array.shape)}"
