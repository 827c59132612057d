"""Values, gradients and shapes that are kept back until they are guessed.

Note [Blanks]
What is blanked is taken out of the frame before anything draws it, so no face, panel, hover, picture or screen reader can show it. Taken out
with it is what says the same in other words: other names of the same tensor, what reads its ``.grad``, what came back along its wires, and
the events of the backward that carry it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from guigrad.document.expand import expand
from guigrad.document.model import Document, Node, walk
from guigrad.ops import table
from guigrad.run.frame import Frame, Record
from guigrad.run.graph import Graph
from guigrad.run.tape import Event

KINDS: Final = ("value", "grad", "shape")
SAME: Final = frozenset(("python.alias", "python.carry", "python.unpack", "python.param", "torch.Tensor.contiguous"))
EQUAL: Final = SAME | {"torch.Tensor.detach", "torch.Tensor.clone", "torch.Tensor.data", "torch.clone"}
_GRAD: Final = frozenset(("torch.Tensor.grad", "getattr.grad", "torch.autograd.grad"))
_WRITTEN: Final = frozenset(("python.literal", "torch.tensor", "tensor.data"))


class Blank(Struct, frozen=True, order=True):
    """``what`` ("value", "grad" or "shape") of the node with the id ``node``."""

    node: str
    what: str


def can_blank(node: Node, what: str) -> str:
    """Why something of a node cannot be blanked; "" when it can."""
    if what not in KINDS:
        return f"there is no {what} to blank"
    source = not any(True for _ in node.inputs())
    if what == "value" and node.op in _WRITTEN and source:
        return "its value is written in the program: there is nothing to guess"
    if what == "shape" and source:
        return "its shape is written in the program: there is nothing to guess"
    return ""


Keys = Mapping[str, frozenset[str]]
"""What is kept back of which record, by its key."""


def spread(document: Document, blanks: Iterable[Blank]) -> Keys:
    """Everything that is kept back for these blanks. ``document`` is one without functions: a blank inside a function is one in each call."""
    found: dict[str, set[str]] = {}
    for each in blanks:
        for start in places(document.nodes, each.node):
            for key, what in _telling(document, Blank(start, each.what)):
                found.setdefault(key, set()).update(KINDS if what == "shape" else (what,))
    return {key: frozenset(whats) for key, whats in found.items()}


def veiled(frame: Frame, document: Document) -> Frame:
    """The frame without anything that its document blanks."""
    blanks = [Blank(*pair) for pair in document.settings.exercise]
    return masked(frame, spread(expand(document) if document.functions else document, blanks)) if blanks else frame


def places(keys: Iterable[str], node: str) -> list[str]:
    """The keys of a node: its id, or one for each call of the function that it is in."""
    return [key for key in keys if key == node or key.endswith(f"/{node}")]


def masked(frame: Frame, hidden: Keys) -> Frame:
    """The frame without what is kept back, see Note [Blanks]."""
    records = dict(frame.records)
    labels: dict[str, frozenset[str]] = {}
    for key, record in frame.records.items():
        whats = hidden.get(key) or hidden.get(key.partition("[")[0])
        if whats and (record.state != "not run" or record.shape is not None):
            records[key] = _without(record, whats)
            labels[record.label] = whats
    grads = {label for label, whats in labels.items() if "grad" in whats}
    return replace(
        frame,
        records=records,
        contributions={wire: data for wire, data in frame.contributions.items() if wire[0] not in grads},
        events=tuple(_unheard(event, grads) for event in frame.events),
        overwritten={key: was for key, was in frame.overwritten.items() if "value" not in hidden.get(key, ())},
        graph=frame.graph and _shapeless(frame.graph, {name for name, w in labels.items() if "shape" in w}),
    )


def _shapeless(graph: Graph, labels: Collection[str]) -> Graph:
    if not labels:
        return graph
    nodes = []
    for node in graph.nodes:
        saved = tuple(replace(each, shape=None) if each.node in labels else each for each in node.saved)
        nodes.append(replace(node, saved=saved, outputs=() if node.node in labels else node.outputs))
    return replace(graph, nodes=tuple(nodes))


def printed(document: Document, hidden: Keys) -> bool:
    """Whether the program prints something kept back, by itself or inside an expression."""
    for node in document.nodes.values():
        if node.op != "python.print":
            continue
        todo = [wire.node for wire in node.inputs()]
        while todo:
            key = todo.pop()
            if key in hidden:
                return True
            source = document.nodes.get(key or "")
            if source is not None and source.name is None:
                todo += [wire.node for wire in source.inputs()]
    return False


def _without(record: Record, whats: Collection[str]) -> Record:
    gone = set(whats)
    if "value" in gone:
        record = replace(record, value=None, stats=None, text="")
    if "grad" in gone:
        record = replace(record, grad=None, grad_stats=None, xray=None)
    if "shape" in gone:
        record = replace(record, shape=None)
    return replace(record, hidden=tuple(kind for kind in KINDS if kind in gone))


def _unheard(event: Event, labels: Collection[str]) -> Event:
    left = tuple(
        replace(part, gradient=None) if part.wire is not None and part.wire[0] in labels else part
        for part in event.left
    )
    arrived = (None,) * len(event.arrived) if event.node in labels else event.arrived
    return replace(event, left=left, arrived=arrived)


def _telling(document: Document, blank: Blank) -> Iterator[tuple[str, str]]:
    """Everything that would give a blank away."""
    group = _group(document, blank.node, EQUAL if blank.what != "grad" else SAME)
    for key in group:
        yield key, blank.what
    if blank.what != "grad":
        return
    for node in document.nodes.values():
        if node.op in _GRAD and any(wire.node in group for wire in node.inputs()):
            for key in _group(document, node.id, EQUAL):
                yield key, "value"


def _group(document: Document, start: str, ops: Collection[str]) -> set[str]:
    """The nodes that are the same tensor (or equal it) as one node."""
    pairs: dict[str, set[str]] = {}
    for node in document.nodes.values():
        wire = next(node.inputs(), None)
        if wire is not None and wire.node is not None and (node.op in ops or table.effect_of(node.op) == "in-place"):
            pairs.setdefault(node.id, set()).add(wire.node)
            pairs.setdefault(wire.node, set()).add(node.id)
    for item in walk(document.program):
        for carry in getattr(item, "carried", ()):
            for wire in carry.updates:
                if wire.node is not None:
                    pairs.setdefault(carry.port, set()).add(wire.node)
                    pairs.setdefault(wire.node, set()).add(carry.port)
    found, todo = {start}, [start]
    while todo:
        new = pairs.get(todo.pop(), set()) - found
        found |= new
        todo += new
    return found
