"""What a program fits: which leaf holds the points, where they enter, which node is the output and which holds the targets.

It is told from the wires and from the shapes of a frame; a data set that the document knows decides where there is one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Final

from msgspec import Struct

from guigrad.document.expand import expand
from guigrad.document.model import Branch, Document, In, Loop, Node, walk, wires_in
from guigrad.run.frame import Frame, Record
from guigrad.run.loops import trains

SELECTS: Final = frozenset(
    ("operator.getitem", "python.alias", "python.unpack", "python.carry", "python.loop_var", "torch.index_select", "torch.narrow", "torch.clone")
)  # fmt: skip
_METHODS: Final = frozenset(
    (
        "index_select",
        "narrow",
        "clone",
        "contiguous",
        "detach",
        "to",
        "float",
        "double",
        "cpu",
        "split",
        "chunk",
        "data",
    )
)
_RESHAPES: Final = frozenset(("reshape", "view", "unsqueeze", "squeeze", "flatten"))
_BATCHES: Final = frozenset(("python.loop_var", "python.unpack"))
_GRADS: Final = frozenset(("torch.Tensor.grad", "getattr.grad"))
_GRADIENTS: Final = ("torch.autograd.grad", "torch.autograd.functional.", "torch.func.")
_LOGITS: Final = ("with_logits", ".sigmoid", ".logsigmoid", ".soft_margin_loss", ".expit")
_THROUGH: Final = ("squeeze", "reshape", "view", "flatten", "getitem", "unsqueeze", "alias")
COLUMNS: Final = 64
"""Outputs of more columns are no classes to be drawn."""


class Fit(Struct, frozen=True):
    """Node ids, "" for none. ``data`` holds all rows, ``start`` is where they enter (a batch of them); ``end`` is the output."""

    data: str = ""
    start: str = ""
    end: str = ""
    targets: str = ""
    test: str = ""
    test_targets: str = ""
    logits: bool = False


def is_flat(record: Record) -> bool:
    """Rows of one or two numbers."""
    shape = record.shape or ()
    return _rows(record) and math.prod(shape[1:]) in (1, 2) and len(shape) <= 2 and _is_float(record)


def image_shape(record: Record) -> tuple[int, int, int] | None:
    """(channels, height, width) of rows that are pictures: NCHW, NHW, or as many numbers as a square of at least 4 x 4 has."""
    shape = record.shape or ()
    if not _rows(record):
        return None
    if len(shape) == 4 and shape[1] in (1, 3) and min(shape[2:]) > 1:
        return shape[1], shape[2], shape[3]
    if len(shape) == 3 and min(shape[1:]) >= 4:
        return 1, shape[1], shape[2]
    side = math.isqrt(shape[1]) if len(shape) == 2 else 0
    return (1, side, side) if side >= 4 and side * side == shape[1] else None


def is_picture(record: Record) -> bool:
    """Rows that are pictures."""
    return image_shape(record) is not None


def _rows(record: Record) -> bool:
    return (
        record.kind == "Tensor" and bool(record.shape) and (record.shape or (0,))[0] >= 2 and not record.requires_grad
    )


def _columns(record: Record, rows: int) -> int:
    """Columns of an output of so many rows; 0 for what is none."""
    shape = record.shape or ()
    if not 0 < len(shape) <= 2 or shape[0] != rows:
        return 0
    count = shape[1] if len(shape) == 2 else 1
    return count if count <= COLUMNS else 0


def _is_float(record: Record) -> bool:
    return (record.dtype or "").removeprefix("torch.").startswith(("float", "bfloat", "double", "half"))


class Finder:
    """Looks through one document with the shapes of one frame. ``fits`` tells which records can be the points."""

    def __init__(self, document: Document, frame: Frame, fits: Callable[[Record], bool] = is_flat) -> None:
        self.document = expand(document) if document.functions else document
        self.source, self.frame, self.fits = document, frame, fits
        known = trains(document)
        self.losses = known.losses if known is not None else ()
        self._after: dict[str, list[str]] = {}
        self._over = {
            item.var: [self._place(wire) for wire in wires_in(item.iter) if wire.node is not None]
            for item in walk(self.document.program)
            if isinstance(item, Loop)
        }
        for node in self.document.nodes.values():
            for place in self._reads(node):
                self._after.setdefault(place, []).extend(self._made(node))
        grads = [
            node.id for node in self.document.nodes.values() if node.op in _GRADS or node.op.startswith(_GRADIENTS)
        ]
        self._from_grads = {below for key in grads for below in self._below(key)}

    def starts(self) -> list[str]:
        """The nodes that can be the input, in program order."""
        return [key for key, record in self._nodes() if self.fits(record) and key not in self._from_grads]

    def ends(self, start: str) -> list[str]:
        """The nodes that can be the output for an input."""
        below, rows = self._below(start), self._count(start)
        return [
            key
            for key, record in self._nodes()
            if key in below and key != start and record.kind == "Tensor" and _columns(record, rows)
        ]

    def fit(self, start: str = "", end: str = "") -> Fit | None:
        """What is fitted; ``start`` and ``end`` are what somebody has chosen. None: nothing that can be told."""
        chosen = start if self._node(start) is not None else ""
        sets = [one for one in self.source.datasets.values() if one.inputs in self.source.nodes]
        mine = next((one for one in reversed(sets) if self._fits(one.inputs)), None)
        data = self._whole(chosen) if chosen else mine.inputs if mine is not None else self._first()
        if not data:
            return None
        if mine is not None and mine.inputs != data:
            mine = None
        enters = self._enters(data) if not chosen or chosen == data else chosen
        if not chosen and not self._is_used(enters):
            enters = self._batch(enters) or enters
        known = end if self._node(end) is not None else ""
        output, targets = self._join(enters)
        if mine is not None and mine.targets:
            targets = mine.targets
        nodes = self.source.nodes
        test = mine.test_inputs if mine is not None and mine.test_inputs in nodes else None
        test_targets = mine.test_targets if test and mine is not None and mine.test_targets in nodes else None
        output = known or output
        return Fit(data, enters, output, targets, test or "", test_targets or "", self._has_logits(output))

    def later(self, start: str, end: str) -> list[str]:
        """Other nodes between input and output that have such rows, the last first: where rows enter that were made ready."""
        below, above = self._below(start), self._above((end,))
        return [key for key in reversed(self.starts()) if key in below and key in above and key != start]

    # --- inside ---

    def _nodes(self) -> Iterator[tuple[str, Record]]:
        for node in self.document.nodes.values():
            for place in self._made(node):
                record = self.frame.records.get(place)
                if record is not None:
                    yield place, record

    def _place(self, wire: In) -> str:
        """The key of the record of what a wire carries."""
        node = self.document.nodes.get(wire.node or "")
        return f"{wire.node}[{wire.output}]" if node is not None and node.outputs else wire.node or ""

    def _made(self, node: Node) -> list[str]:
        return [f"{node.id}[{at}]" for at in range(len(node.outputs))] if node.outputs else [node.id]

    def _node(self, place: str) -> Node | None:
        return self.document.nodes.get(place.partition("[")[0])

    def _reads(self, node: Node | None) -> list[str]:
        if node is None:
            return []
        return [*(self._place(wire) for wire in node.inputs() if wire.node is not None), *self._over.get(node.id, ())]

    def _fits(self, key: str) -> bool:
        record = self.frame.records.get(key)
        return record is not None and self.fits(record)

    def _count(self, key: str) -> int:
        record = self.frame.records.get(key)
        return (record.shape or (0,))[0] if record is not None else 0

    def _below(self, key: str) -> set[str]:
        found, todo = {key}, [key]
        while todo:
            for reader in self._after.get(todo.pop(), ()):
                if reader not in found:
                    found.add(reader)
                    todo.append(reader)
        return found

    def _above(self, keys: tuple[str, ...]) -> set[str]:
        carried = {
            carry.port: tuple(self._place(wire) for wire in carry.updates if wire.node is not None)
            for item in walk(self.document.program)
            if isinstance(item, Loop | Branch)
            for carry in item.carried
        }
        found, todo = set[str](), list(keys)
        while todo:
            key = todo.pop()
            node = self._node(key)
            if key not in found and node is not None:
                found.add(key)
                todo += [*self._reads(node), *carried.get(key, ())]
        return found

    def _first(self) -> str:
        """Where the rows come from that the program first computes something with a gradient from."""
        place = {key: at for at, key in enumerate(self._order())}
        wanted = self._above(self.losses)
        found: list[tuple[int, str]] = []
        for key in self.starts():
            readers = [
                one for one in self._after.get(key, ()) if self._has_gradient(one) and (one in wanted or not wanted)
            ]
            if readers:
                found.append((min(place.get(one.partition("[")[0], len(place)) for one in readers), key))
        return self._origin(min(found)[1]) if found else ""

    def _order(self) -> list[str]:
        return [getattr(item, "node", "") for item in walk(self.document.program)]

    def _has_gradient(self, key: str) -> bool:
        record = self.frame.records.get(key)
        return record is not None and bool(record.requires_grad)

    def _origin(self, key: str) -> str:
        """The source of rows, if each row of what it is is made from one of the source alone; else where rows are first whole."""
        whole, near = self._whole(key), key
        while self._count(near) != self._count(whole):
            near = self._before(near) or whole
        key = whole
        while True:
            node = self._node(key)
            records = self.frame.records
            tensors = [one for one in self._reads(node) if one in records and records[one].kind == "Tensor"]
            if not tensors:
                return key if key == whole or (node is not None and node.name) else near
            rows = [one for one in tensors if self._count(one) == self._count(whole)]
            if len(rows) != 1 or not self._fits(rows[0]):
                return near
            key = self._whole(rows[0])

    def _before(self, place: str) -> str:
        """What rows are picked from, if these are some of the rows of one other; "" if not."""
        node = self._node(place)
        if node is None:
            return ""
        name = node.op.rpartition(".")[2]
        reshapes = name in _RESHAPES
        if node.op not in SELECTS and not (node.op.startswith("torch.") and (name in _METHODS or reshapes)):
            return ""
        first = node.args[0] if node.args else None
        source = self._place(first) if isinstance(first, In) else ""
        mine, other = self.frame.records.get(place), self.frame.records.get(source)
        if mine is None or other is None or not mine.shape or other.shape is None:
            return self._cut_from(place) if node.op in _BATCHES else ""
        if reshapes and (not self.fits(mine) or mine.shape[:1] != other.shape[:1]):
            return ""
        return source if math.prod(mine.shape[1:]) == math.prod(other.shape[1:]) else ""

    def _cut_from(self, place: str) -> str:
        """Of batches that a loop runs over (``zip(X.split(8), y.split(8))``) what they were cut from: the same columns, more rows."""
        mine = self.frame.records.get(place)
        if mine is None or not mine.shape:
            return ""
        above = self._above((place,))
        found = [
            key
            for key, record in self._nodes()
            if key in above and record.shape and record.shape[1:] == mine.shape[1:] and record.dtype == mine.dtype
            and record.shape[0] > mine.shape[0] and not record.requires_grad
        ]  # fmt: skip
        output = int(place.partition("[")[2].rstrip("]") or 0)
        return found[min(output, len(found) - 1)] if found else ""

    def _whole(self, key: str) -> str:
        """The node that all rows are in, of which these are some."""
        seen = {key}
        while (before := self._before(key)) and before not in seen:
            seen.add(before)
            key = before
        return key

    def _batch(self, data: str) -> str:
        """The first batch of a loop that is cut from the data and used."""
        return next((key for key in self.starts() if self._is_used(key) and self._whole(key) == data), "")

    def _enters(self, data: str) -> str:
        """The last selection of rows on the way to the loss."""
        wanted = self._above(self.losses)
        key, seen = data, {data}
        while True:
            following = [
                one
                for one in self._after.get(key, ())
                if one not in seen and self._before(one) == key and (one in wanted or not wanted)
            ]
            if not following or (not wanted and self._is_used(key)):
                return key
            key = following[0]
            seen.add(key)

    def _is_used(self, key: str) -> bool:
        """Whether something with a gradient reads it directly."""
        return any(self._has_gradient(one) for one in self._after.get(key, ()))

    def _join(self, start: str) -> tuple[str, str]:
        """(output, targets): where what is computed from the input first meets rows that no gradient belongs to."""
        below, records, rows = self._below(start), self.frame.records, self._count(start)
        wanted = self._above(self.losses)
        last = ""
        for key, record in self._nodes():
            if key not in below or key == start or (wanted and key not in wanted) or not record.requires_grad:
                continue
            reads = [
                (one, records[one])
                for one in self._reads(self._node(key))
                if one in records and one != start and self._count(one) == rows
            ]
            mine = [one for one, read in reads if read.requires_grad and one in below]
            others = [one for one, read in reads if read.kind == "Tensor" and not read.requires_grad]
            if mine and others:
                return mine[0], self._whole(others[0])
            shape = record.shape or ()
            if 0 < len(shape) <= 2 and shape[0] == rows:
                last = key
        return last, ""

    def _has_logits(self, end: str) -> bool:
        """Whether a sigmoid or a loss of logits reads the output."""
        todo, seen = [end], set[str]()
        while todo:
            for reader in self._after.get(todo.pop(), ()):
                node = self._node(reader)
                op = node.op if node is not None else ""
                if any(word in op for word in _LOGITS):
                    return True
                if op.rpartition(".")[2] in _THROUGH and reader not in seen:
                    seen.add(reader)
                    todo.append(reader)
        return False
