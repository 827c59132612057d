"""What hangs on nodes and wires without being part of the program: routes of wires, arrows of notes, what a muted node was, data sets, the root and the blanks.

When the node or the wire goes, or is another one, so does this.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from msgspec import structs

from guigrad.document import ports
from guigrad.document.model import DataSet, Document, In, Node, Settings, View, route_port
from guigrad.document.template import map_wires
from guigrad.document.values import Value

Changes = Mapping[str, tuple[Any, Any]]
MAX_POINTS = 256
"""Points of a wire's route."""
MUTED = "python.alias"
"""The op of a node that passes its first input on; what it was is in its view."""


def wire_at(node: Node | None, path: str) -> In | None:
    """The wire that ends at a port; None when there is none."""
    try:
        value: Value = ports.get_at(node, path) if node is not None else None
    except (ValueError, LookupError):
        return None
    return value if isinstance(value, In) and value.node is not None else None


def without(data: DataSet, gone: Collection[str]) -> DataSet | None:
    """A data set without some of its leaves; none is left when its inputs are gone."""
    if data.inputs in gone:
        return None
    names = ("targets", "test_inputs", "test_targets")
    return structs.replace(data, **{name: None for name in names if getattr(data, name) in gone})


def still_there(settings: Settings, gone: Collection[str]) -> Settings:
    """The settings without the root and the blanks that are gone."""
    if settings.root not in gone and not any(key.partition("[")[0] in gone for key, _ in settings.exercise):
        return settings
    kept = tuple(blank for blank in settings.exercise if blank[0].partition("[")[0] not in gone)
    return structs.replace(settings, root=None if settings.root in gone else settings.root, exercise=kept)


def loose_ends(document: Document, tables: Mapping[str, Changes]) -> dict[str, dict[str, tuple[Any, Any]]]:
    """The changes of a document, completed by what they leave without a hold."""
    found: dict[str, dict[str, tuple[Any, Any]]] = {name: dict(table) for name, table in tables.items() if table}
    nodes = found.get("nodes")
    if not nodes:
        return found
    routes, views = found.setdefault("routes", {}), found.setdefault("views", {})
    for key, points in document.routes.items():
        target, path = route_port(key)
        if target in nodes and key not in routes:
            before, after = nodes[target]
            if wire_at(before, path) != wire_at(after, path):
                routes[key] = (points, None)
    gone = {key for key, (_, after) in nodes.items() if after is None}
    notes = found.setdefault("notes", {})
    for key, note in document.notes.items() if gone else ():
        now = notes[key][1] if key in notes else note
        if now is not None and not gone.isdisjoint(now.arrows):
            notes[key] = (note, structs.replace(now, arrows=tuple(each for each in now.arrows if each not in gone)))
    sets = found.setdefault("datasets", {})
    for key, data in document.datasets.items() if gone else ():
        if key not in sets and not gone.isdisjoint(data.leaves()):
            sets[key] = (data, without(data, gone))
    for key, kept in document.views.items() if gone else ():
        was = kept.muted
        if was is not None and any(wire.node in gone for wire in was.inputs()):
            now_view = views[key][1] if key in views else kept
            if now_view is not None and now_view.muted is not None:
                cut = map_wires(now_view.muted, lambda wire: In() if wire.node in gone else wire)
                views[key] = (kept, structs.replace(now_view, muted=cut))
    for key, (_, after) in nodes.items():
        view: View | None = views[key][1] if key in views else document.views.get(key)
        if after is not None and view is not None and view.muted is not None and after.op != MUTED:
            views[key] = (document.views.get(key), structs.replace(view, muted=None))
    return {name: table for name, table in found.items() if table}
