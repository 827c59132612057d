"""The session as the canvas needs it: each gesture as one edit, with the reason when it cannot be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from guigrad.document import edit
from guigrad.document.connect import why_not_connect
from guigrad.document.diff import Diff
from guigrad.document.edit import Edit
from guigrad.document.model import Box, Document, Note, View, Wire
from guigrad.document.ports import ports
from guigrad.document.problem import ProblemError
from guigrad.session import Session
from guigrad.source.emit import emit
from guigrad.source.parse.parser import parse
from guigrad.ui.widgets.literal import LiteralTextError, read_index, read_value


class Desk:
    """Answers the canvas. What changes something returns "" or the reason why it did not, in one sentence."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @property
    def document(self) -> Document:
        """The document as it is."""
        return self.session.document

    def _make(self, wanted: Edit) -> tuple[Diff, str]:
        try:
            diff = wanted(self.document)
        except ProblemError as error:
            return Diff(), error.problems[0].message if error.problems else "this cannot be done"
        self.session.edit(diff)
        return diff, ""

    def _do(self, wanted: Edit) -> str:
        return self._make(wanted)[1]

    def why_not_connect(self, source: str, output: int, target: str, path: str) -> str | None:
        """Why a wire cannot be drawn; None if it can."""
        return why_not_connect(self.document, source, output, target, path)

    def connect(self, source: str, output: int, target: str, path: str, instead: tuple[str, str] | None = None) -> str:
        """Draws a wire; ``instead`` is where it ended before."""
        wanted = edit.connect(source, output, target, path)
        if instead is not None and instead != (target, path):
            wanted = edit.chain("Move a wire", edit.disconnect(*instead), wanted)
        return self._do(wanted)

    def disconnect(self, ends: Sequence[tuple[str, str]]) -> str:
        """Cuts wires."""
        # From the back: cutting one element of a list of tensors moves those behind it forward.
        cuts = [edit.disconnect(*end) for end in sorted(ends, reverse=True)]
        return self._do(cuts[0] if len(cuts) == 1 else edit.chain("Cut wires", *cuts))

    def move(self, places: Mapping[str, tuple[float, float]], merge: str = "") -> str:
        """Puts nodes, boxes and notes."""
        return self._do(edit.move(places, merge))

    def add_node(
        self,
        op: str,
        at: tuple[float, float],
        source: tuple[str, int] | None = None,
        target: tuple[str, str] | None = None,
    ) -> tuple[str, str]:
        """Adds a node, wired from ``source`` and to ``target`` where it fits; (its id, reason)."""
        reasons: list[str] = []

        def wired(document: Document) -> Diff:
            whole = edit.add_node(op, at)(document)
            key = _new_node(whole, op)
            if source is not None:
                whole, reason = _first_fit(document, whole, source, key)
                reasons.append(reason)
            if target is not None:
                after = whole.apply(document)
                reason = why_not_connect(after, key, 0, *target) or ""
                if not reason:
                    whole = whole.then(edit.connect(key, 0, *target)(after))
                reasons.append(reason)
            return whole

        diff, reason = self._make(wired)
        if reason:
            return "", reason
        return _new_node(diff, op), next((each for each in reasons if each), "")

    def insert_on_wire(self, key: str, target: str, path: str) -> str:
        """Puts a node into a wire."""
        node = self.document.nodes[target]
        wire = next((port.value for port in ports(node) if port.path == path), None)
        source, output = getattr(wire, "node", None), getattr(wire, "output", 0)
        if source is None:
            return "there is no wire any more"
        return self._do(edit.insert_on_wire(Wire(source, output, target, path), key))

    def remove(self, keys: Sequence[str]) -> str:
        """Deletes."""
        return self._do(edit.remove(*keys)) if keys else ""

    def extract(self, keys: Sequence[str]) -> str:
        """Deletes and joins the ends."""
        return self._do(edit.extract(*keys)) if keys else ""

    def rename(self, key: str, name: str) -> str:
        """Names a node; titles a box; writes a note."""
        if key in self.document.boxes:
            return self._do(edit.edit_frame(key, title=name))
        if key in self.document.notes:
            return self._do(edit.edit_frame(key, text=name))
        return self._do(edit.rename(key, name.strip() or None))

    def set_argument(self, key: str, path: str, text: str) -> str:
        """Sets a literal from what was typed."""
        try:
            value = read_index(text) if path.partition("[")[0] == "index" else read_value(text)
        except LiteralTextError as error:
            return str(error)
        return self._do(edit.set_argument(key, path, value))

    def duplicate(
        self, keys: Sequence[str], dx: float, dy: float, keep_inputs: bool = False
    ) -> tuple[tuple[str, ...], str]:
        """Copies beside; (new ids, reason)."""
        if not keys:
            return (), ""
        fragment = edit.copy(self.document, keys)
        corner = _corner(fragment)
        at = (corner[0] + dx, corner[1] + dy) if corner else None
        diff, reason = self._make(edit.paste(fragment, at, keep_inputs, "Duplicate"))
        return _added(diff), reason

    def copy(self, keys: Sequence[str]) -> str:
        """The nodes as Python."""
        return emit(edit.copy(self.document, keys)) if keys else ""

    def paste(self, text: str, at: tuple[float, float]) -> tuple[tuple[str, ...], str]:
        """Makes nodes of Python; (ids, reason)."""
        if not text.strip():
            return (), "the clipboard holds no text"
        try:
            fragment = parse(text)
        except ProblemError as error:
            return (), error.problems[0].message if error.problems else "this is no Python"
        if not fragment.nodes:
            return (), fragment.problems[0].message if fragment.problems else "the text has no PyTorch code in it"
        diff, reason = self._make(edit.paste(fragment, at, label="Paste"))
        skipped = fragment.problems
        if not reason and skipped:
            reason = f"line {skipped[0].line}: {skipped[0].message} (the rest was pasted)"
        return _added(diff), reason

    def collapse(self, keys: Sequence[str], collapsed: bool) -> str:
        """Folds cards."""
        return self._do(edit.collapse(keys, collapsed))

    def add_box(self, title: str, rect: tuple[float, float, float, float]) -> str:
        """Draws a box."""
        left, top, right, bottom = rect

        def sized(document: Document) -> Diff:
            made = edit.add_box(title, at=(left, top))(document)
            key = next(iter(made.boxes))
            size = edit.edit_frame(key, width=right - left, height=bottom - top)
            return made.then(size(made.apply(document)))

        return self._do(sized)

    def add_note(self, text: str, at: tuple[float, float]) -> str:
        """Writes a note."""
        return self._do(edit.add_note(text, at))


def _added(diff: Diff) -> tuple[str, ...]:
    """The cards that a change made."""
    shown = {key for key, (before, after) in diff.views.items() if before is None and after is not None}
    made = [key for key, (before, after) in diff.nodes.items() if before is None and after is not None]
    return tuple(key for key in made if not shown or key in shown)


def _new_node(diff: Diff, op: str) -> str:
    """The node of that op that a change made (a first random node brings a seed with it)."""
    made = [after for before, after in diff.nodes.values() if before is None and after is not None]
    return next((node.id for node in made if node.op == op), made[-1].id if made else "")


def _first_fit(document: Document, whole: Diff, source: tuple[str, int], key: str) -> tuple[Diff, str]:
    """The change with a wire from ``source`` to the first port of the new node that takes it."""
    after = whole.apply(document)
    reason = "it has no free port for this wire"
    for port in ports(after.nodes[key]):
        if not port.open:
            continue
        why = why_not_connect(after, source[0], source[1], key, port.path)
        if why is None:
            return whole.then(edit.connect(source[0], source[1], key, port.path)(after)), ""
        reason = why
    return whole, reason


def _corner(fragment: Document) -> tuple[float, float] | None:
    places: list[View | Box | Note] = [*fragment.views.values(), *fragment.boxes.values(), *fragment.notes.values()]
    if not places:
        return None
    return min(place.x for place in places), min(place.y for place in places)
