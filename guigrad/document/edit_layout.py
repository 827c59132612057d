"""Edits that change nothing that is computed: places, boxes, notes, settings."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from guigrad.document.diff import Diff
from guigrad.document.draft import Draft, Edit, refused, resolve, title
from guigrad.document.loose import MAX_POINTS, wire_at
from guigrad.document.model import Box, Document, Node, Note, Settings, View, route_key, route_port

CARD_WIDTH_PX, CARD_HEIGHT_PX = 176.0, 112.0
BOX_MARGIN_PX, BOX_TITLE_PX = 24.0, 32.0


def move(places: Mapping[str, tuple[float, float]], merge: str = "") -> Edit:
    """Places nodes, boxes, notes and points of wires (``target:port:0`` is the first point of the wire that ends at a port)."""

    def apply(document: Document) -> Diff:
        draft = Draft(document)
        found: list[str] = []
        for key, (x, y) in places.items():
            wire, _, number = key.rpartition(":")
            if wire in document.routes and number.isdecimal():
                _lead(draft, wire, int(number), (float(x), float(y)))
            else:
                found.append(resolve(document, key))
                _place(draft, found[-1], float(x), float(y))
        return draft.diff(f"Move {title(document, found)}" if found else "Reroute", merge)

    return apply


def place_views(views: Mapping[str, View], label: str = "Tidy") -> Edit:
    """Gives cards the places that a layout found."""

    def apply(document: Document) -> Diff:
        draft = Draft(document)
        for key, view in views.items():
            if key in document.nodes:
                draft.put_view(key, replace(document.views.get(key, view), x=view.x, y=view.y))
        return draft.diff(label)

    return apply


def arrange(
    places: Mapping[str, tuple[float, float]],
    frames: Mapping[str, tuple[float, float, float, float]] = {},
    label: str = "Tidy",
) -> Edit:
    """Places nodes and notes, and boxes with (x, y, width, height). A wire with a moved end runs straight from port to port again."""

    def apply(document: Document) -> Diff:
        draft = Draft(document)
        moved = set()
        for key, (x, y) in places.items():
            view = document.views.get(key)
            if key in document.nodes and (view is None or (view.x, view.y) != (x, y)):
                moved.add(key)
                draft.put_view(key, replace(view or View(), x=float(x), y=float(y)))
            elif key in document.notes:
                draft.put_note(key, replace(document.notes[key], x=float(x), y=float(y)))
        for key, (x, y, width, height) in frames.items():
            if key in document.boxes:
                draft.put_box(key, replace(document.boxes[key], x=x, y=y, width=width, height=height))
        for route in document.routes:
            target, path = route_port(route)
            wire = wire_at(document.nodes.get(target), path)
            if target in moved or (wire is not None and wire.node in moved):
                draft.put_route(route, ())
        return draft.diff(label)

    return apply


def set_slider(
    key: str, slider: tuple[float, float, float] | None, at: tuple[float, float] = (0.0, 0.0), merge: str = ""
) -> Edit:
    """Shows a number's card as a slider from the lowest to the highest by steps; None takes the slider away.

    ``at`` is where a card lies that has no place of its own yet.
    """

    def apply(document: Document) -> Diff:
        found = resolve(document, key)
        node = document.nodes.get(found)
        label = title(document, [found])
        if slider is None:
            made = None
        else:
            if node is None or scalar(node) is None:
                raise refused(f"{label} is no single number of its own; only such a number has a slider", label, found)
            low, high, step = (float(number) for number in slider)
            if not (all(map(math.isfinite, (low, high, step))) and low < high and step > 0):
                raise refused("a slider goes from a lower to a higher number by a step above 0", label, found)
            made = (low, high, min(step, high - low))
        draft = Draft(document)
        draft.put_view(found, replace(document.views.get(found, View(*at)), slider=made))
        return draft.diff(f"{'Make a slider of' if made else 'No slider for'} {label}", merge)

    return apply


def scalar(node: Node) -> float | int | None:
    """The one number that a literal or a 0-d source holds, as it is written; None for anything else."""
    if node.op not in ("python.literal", "torch.tensor") or not node.args:
        return None
    value = node.args[0]
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def slider_range(value: float) -> tuple[float, float, float]:
    """The range that a slider of this number begins with: whole numbers step by one."""
    if isinstance(value, int):
        reach = float(max(10, 2 * abs(value)))
        return (-reach if value < 0 else 0.0, reach, 1.0)
    reach = 1.0
    if math.isfinite(value) and value:
        reach = 10.0 ** math.ceil(math.log10(abs(value)) + 1e-9)
    return (-reach, reach, reach / 100)


def collapse(keys: Iterable[str], collapsed: bool = True) -> Edit:
    """Folds cards to their title, or opens them."""

    def apply(document: Document) -> Diff:
        draft = Draft(document)
        found = [resolve(document, key) for key in keys]
        for key in found:
            view = document.views.get(key, View())
            draft.put_view(key, replace(view, collapsed=collapsed))
        return draft.diff(f"{'Collapse' if collapsed else 'Open'} {title(document, found)}")

    return apply


def add_box(
    title: str = "",
    around: Iterable[str] = (),
    at: tuple[float, float] = (0.0, 0.0),
    rect: tuple[float, float, float, float] | None = None,
) -> Edit:
    """A titled frame: drawn around cards if some are named, or around a rectangle (left, top, right, bottom)."""

    def apply(document: Document) -> Diff:
        draft = Draft(document)
        key = next(draft.ids)
        views = [document.views[found] for found in (resolve(document, k) for k in around) if found in document.views]
        box = Box(key, title, float(at[0]), float(at[1]))
        if rect is not None:
            box = Box(key, title, rect[0], rect[1], rect[2] - rect[0], rect[3] - rect[1])
        elif views:
            left, top = (
                min(view.x for view in views) - BOX_MARGIN_PX,
                min(view.y for view in views) - BOX_MARGIN_PX - BOX_TITLE_PX,
            )
            right = max(view.x for view in views) + CARD_WIDTH_PX + BOX_MARGIN_PX
            bottom = max(view.y for view in views) + CARD_HEIGHT_PX + BOX_MARGIN_PX
            box = Box(key, title, left, top, right - left, bottom - top)
        draft.put_box(key, box)
        return draft.diff("Add box")

    return apply


def add_note(text: str = "", at: tuple[float, float] = (0.0, 0.0)) -> Edit:
    """A text on the canvas."""

    def apply(document: Document) -> Diff:
        draft = Draft(document)
        key = next(draft.ids)
        draft.put_note(key, Note(key, text, float(at[0]), float(at[1])))
        return draft.diff("Add note")

    return apply


def edit_frame(key: str, merge: str = "", **fields: str | float | tuple[str, ...]) -> Edit:
    """Changes the title, text, place or size of a box or note."""

    def apply(document: Document) -> Diff:
        draft = Draft(document)
        record = document.boxes.get(key) or document.notes.get(key)
        if record is None:
            raise refused(f"there is no box or note {key!r}")
        known = {name: getattr(record, name) for name in record.__struct_fields__}
        unknown = sorted(fields.keys() - (known.keys() - {"id"}))
        if unknown:
            raise refused(f"a {type(record).__name__.lower()} has no {unknown[0]}")
        if isinstance(record, Box):
            draft.put_box(key, Box(**{**known, **fields}))
        else:
            draft.put_note(key, Note(**{**known, **fields}))
        return draft.diff(f"Edit {type(record).__name__.lower()}", merge)

    return apply


def set_route(target: str, path: str, points: Iterable[tuple[float, float]], merge: str = "") -> Edit:
    """Leads the wire that ends at a port through points, in the order from its source; without points it runs as all others do."""

    def apply(document: Document) -> Diff:
        key = resolve(document, target)
        if wire_at(document.nodes.get(key), path) is None:
            raise refused(f"no wire ends at {path}", title(document, [key]), key)
        route = tuple((float(x), float(y)) for x, y in points)
        if len(route) > MAX_POINTS:
            raise refused(f"a wire has at most {MAX_POINTS} reroute points")
        draft = Draft(document)
        draft.put_route(route_key(key, path), route)
        return draft.diff(f"Reroute {title(document, [key])}.{path}", merge)

    return apply


def set_settings(**fields: object) -> Edit:
    """Changes the title, device, root or description of the document."""

    def apply(document: Document) -> Diff:
        unknown = sorted(fields.keys() - set(Settings.__struct_fields__))
        if unknown:
            raise refused(f"there is no setting {unknown[0]!r}")
        new = dict(fields)
        if new.get("root"):
            new["root"] = resolve(document, str(new["root"]))
        draft = Draft(document)
        draft.put_settings(replace(document.settings, **new))
        return draft.diff(f"Set {', '.join(sorted(fields))}")

    return apply


def _lead(draft: Draft, wire: str, number: int, place: tuple[float, float]) -> None:
    route = draft.route(wire)
    if number >= len(route):
        raise refused(f"the wire has no reroute point {number}")
    draft.put_route(wire, (*route[:number], place, *route[number + 1 :]))


def _place(draft: Draft, key: str, x: float, y: float) -> None:
    document = draft.start
    if key in document.boxes:
        box = document.boxes[key]
        draft.put_box(key, replace(box, x=x, y=y))
    elif key in document.notes:
        note = document.notes[key]
        draft.put_note(key, replace(note, x=x, y=y))
    else:
        draft.put_view(key, replace(document.views.get(key, View()), x=x, y=y))
