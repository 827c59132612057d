"""The canvas's intents about what surrounds the program: wires' routes and ends, boxes, notes, muted and folded cards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import structs

from guigrad.document import edit as edits
from guigrad.document.connect import cycle
from guigrad.document.diff import Diff
from guigrad.document.draft import Edit
from guigrad.document.loose import wire_at
from guigrad.document.model import Document, route_port
from guigrad.ui.canvas.leads import of_point


class LayoutEdits:
    """A part of ``EditIntents``; see ``Intents`` for what each verb does."""

    @property
    def document(self) -> Document:
        """The document as it is."""
        raise NotImplementedError

    def _do(self, edit: Edit) -> str:
        raise NotImplementedError

    def _made(self, edit: Edit, table: str) -> tuple[str, str]:
        """(the id of the new record of a table that an edit makes, reason)."""
        made: list[str] = []

        def apply(document: Document) -> Diff:
            diff = edit(document)
            made[:] = [key for key, (before, _) in getattr(diff, table).items() if before is None]
            return diff

        reason = self._do(apply)
        return ("" if reason or not made else made[0]), reason

    def cycle(self, source: str, target: str) -> tuple[str, ...]:
        """The nodes of the cycle that a wire would close."""
        return cycle(self.document, source, target)

    def remove(self, keys: Sequence[str]) -> str:
        """Deletes whatever is named: nodes, boxes, notes, wires and points of wires."""
        document = self.document
        things = [key for key in keys if key in document.nodes or key in document.boxes or key in document.notes]
        others = [key for key in keys if key not in set(things)]
        points: dict[str, set[int]] = {}
        wires = []
        for key in others:
            target, path = route_port(key)
            point = of_point(key)
            if wire_at(document.nodes.get(target), path) is not None:
                if target not in things:
                    wires.append((target, path))
            elif point is not None and point[0] in document.routes:
                points.setdefault(point[0], set()).add(point[1])
        steps: list[Edit] = []
        for wire, gone in points.items():
            left = tuple(place for index, place in enumerate(document.routes[wire]) if index not in gone)
            steps.append(edits.set_route(*route_port(wire), left))
        # from the last port to the first, so that the numbers of list ports stay true
        steps += [edits.disconnect(*end) for end in sorted(wires, key=lambda end: end[1], reverse=True)]
        if things or not steps:
            steps.append(edits.remove(*(things or keys)))
        return self._do(steps[0] if len(steps) == 1 else edits.chain(f"Delete {len(keys)} things", *steps))

    def reconnect(self, ends: Sequence[tuple[str, str]], source: str, output: int) -> str:
        """Lets wires leave another output, in one step."""
        steps = [edits.connect(source, output, *end) for end in ends]
        return self._do(steps[0] if len(steps) == 1 else edits.chain(f"Move {len(steps)} wires", *steps))

    def reroute(self, wire: str, points: Sequence[tuple[float, float]]) -> str:
        """Leads a wire through points."""
        return self._do(edits.set_route(*route_port(wire), points))

    def resize(self, key: str, x: float, y: float, width: float, height: float) -> str:
        """Gives a box or note another rectangle."""
        return self._do(edits.edit_frame(key, x=x, y=y, width=width, height=height))

    def write_note(self, key: str, text: str, height: float) -> str:
        """Gives a note another text, and the height that it needs."""
        return self._do(edits.edit_frame(key, text=text, height=height))

    def point(self, note: str, node: str) -> str:
        """Lets a note point at a node, or no longer if it does."""
        record: Any = self.document.notes.get(note)
        if record is None:
            return "that note is gone"
        without = tuple(each for each in record.arrows if each != node)
        arrows = without if len(without) < len(record.arrows) else (*without, node)
        return self._do(edits.edit_frame(note, arrows=arrows))

    def mute(self, places: Mapping[str, tuple[float, float]]) -> str:
        """Mutes nodes, or lets them do what they did."""
        return self._do(self._placed(edits.mute(places), places))

    def collapse(self, places: Mapping[str, tuple[float, float]], collapsed: bool) -> str:
        """Folds cards, or unfolds them."""
        return self._do(self._placed(edits.collapse(places, collapsed), places))

    def _placed(self, edit: Edit, places: Mapping[str, tuple[float, float]]) -> Edit:
        """An edit of cards, some of which may lie where nobody has put them: they stay there."""
        views = self.document.views
        loose = {key: place for key, place in places.items() if key not in views}

        def apply(document: Document) -> Diff:
            placed = edits.move(loose)(document) if loose else Diff()
            diff = edit(placed.apply(document) if loose else document)
            return structs.replace(placed.then(diff), label=diff.label)

        return apply

    def move(self, places: Mapping[str, tuple[float, float]], merge: str = "") -> str:
        """Puts nodes, boxes, notes and points of wires somewhere."""
        return self._do(edits.move(places, merge))

    def add_box(self, title: str, rect: tuple[float, float, float, float]) -> tuple[str, str]:
        """Draws a titled box around a rectangle."""
        return self._made(edits.add_box(title, rect=rect), "boxes")

    def add_note(self, text: str, at: tuple[float, float]) -> tuple[str, str]:
        """Writes a note."""
        return self._made(edits.add_note(text, at), "notes")
