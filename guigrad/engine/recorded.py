"""What an engine says of nodes that a live graph was made of: what torch held of them, and that they cannot be run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import structs

from guigrad.document.array import ArrayData
from guigrad.document.model import Node
from guigrad.document.problem import Problem
from guigrad.document.recorded import WHY
from guigrad.ops.table import is_recorded
from guigrad.run.frame import Frame, Record
from guigrad.run.recorded import recorded
from guigrad.run.request import Want

if TYPE_CHECKING:
    from guigrad.engine.play import Engine


def refuses(engine: Engine, key: str | None, what: str = "") -> bool:
    """Says why what is asked for cannot be run; False when it can be, with a word about what is left out.

    ``key`` is the node asked for, None for all: then it is refused when nothing but leaves could run.
    """
    dead, document = engine.dead, engine.document
    if not dead:
        return False
    if key is None and any(
        node.id not in dead and any(wire.node is not None for wire in node.inputs()) for node in document.nodes.values()
    ):
        count = sum(key in document.nodes for key in dead)
        text = f"{count} {'node is' if count == 1 else 'nodes are'} left out, recorded from a live graph or reading what was"
        engine.said.append(Problem(text, "recorded", why=WHY, severity="warning"))
        return False
    if key is not None and key not in dead:
        return False
    node = document.nodes.get(key or "")
    if what or node is None:
        text = f"{what or 'there is nothing to run'}: its nodes were recorded from a live graph"
    elif is_recorded(node.op):
        text = f"{engine.label(node.id)} was recorded from a live graph: {_CANNOT}"
    else:
        text = f"{engine.label(node.id)} reads what was recorded from a live graph: {_CANNOT}"
    label = "" if node is None or what else engine.label(node.id)
    engine.said.append(Problem(text, "recorded", label, node.id if node is not None and not what else "", why=WHY))
    return True


_CANNOT = "it can be looked at, not run"


def recorded_records(engine: Engine, node: Node, want: Want, whole: bool) -> list[tuple[str, Record]]:
    """What torch held of a node, and of its outputs; nothing where nothing was recorded."""
    frame = frame_of(engine)
    if frame is None:
        return []
    keys = [node.id, *(f"{node.id}[{at}]" for at in range(len(node.outputs)))]
    return [(key, _shown(record, want, whole)) for key in keys if (record := frame.records.get(key)) is not None]


def frame_of(engine: Engine) -> Frame | None:
    """The recorded frame of the document as it is."""
    source = engine.expansion.source
    known = source.__dict__.get("_recorded_frame")
    if known is None:
        known = source.__dict__["_recorded_frame"] = (recorded(source),)
    found: Frame | None = known[0]
    return found


def _shown(record: Record, want: Want, whole: bool) -> Record:
    value = record.value
    if whole and not (want.limit and isinstance(value, ArrayData) and value.size > want.limit):
        return record
    return structs.replace(record, value=None, grad=None, stats=record.stats if whole else None)
