"""The canvas's intents as edits of a document that something holds: a Session, or any object with ``document`` and ``edit``."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from msgspec import structs

from guigrad.document import edit as edits
from guigrad.document import file, ports
from guigrad.document.connect import why_not_connect
from guigrad.document.diff import Diff
from guigrad.document.draft import Edit, refused
from guigrad.document.encode import encode
from guigrad.document.loose import wire_at
from guigrad.document.model import CALL, Document, In, Value, View, Wire, wires_in
from guigrad.document.problem import ProblemError
from guigrad.document.scope import inside
from guigrad.ops.table import find
from guigrad.source.emit import emit
from guigrad.source.parse.parser import parse
from guigrad.ui.canvas.layout_edits import LayoutEdits
from guigrad.ui.canvas.live_edits import SLIDER, LiveEdits, slider_node
from guigrad.ui.canvas.place import LAID_OUT
from guigrad.ui.canvas.scene import Scene

Places = Mapping[str, tuple[float, float]]
PASTE_LIMIT: Final = 400_000
"""Characters of text that are pasted; a longer one is opened as a file."""
NOTE_LIMIT: Final = 20_000
"""Characters of text that is no Python and still becomes a note."""


class Holder(Protocol):
    """Holds a document and takes changes of it. ``guigrad.session.Session`` is one."""

    @property
    def document(self) -> Document:
        """The document as it is."""
        ...

    def edit(self, edit: Diff) -> bool:
        """Makes a change."""
        ...


class EditIntents(LayoutEdits, LiveEdits):
    """``Intents`` over a holder; see there what each verb does."""

    def __init__(self, holder: Holder) -> None:
        self._holder = holder

    @property
    def document(self) -> Document:
        """The document as it is."""
        found: Document = self._holder.document
        return found

    def why_not_connect(self, source: str, output: int, target: str, path: str) -> str | None:
        """Why a wire cannot be drawn; None if it can."""
        return why_not_connect(self.document, source, output, target, path)

    def connect(self, source: str, output: int, target: str, path: str, instead: tuple[str, str] | None = None) -> str:
        """Draws a wire, or moves the end of the one at ``instead``."""
        wire = edits.connect(source, output, target, path)
        if instead is None:
            return self._do(wire)
        return self._do(edits.chain("Move wire", edits.disconnect(*instead), wire))

    def disconnect(self, ends: Sequence[tuple[str, str]]) -> str:
        """Cuts wires. From the last port to the first, so that the numbers of list ports stay true."""
        cuts = [edits.disconnect(target, path) for target, path in sorted(ends, key=lambda end: end[1], reverse=True)]
        return self._do(cuts[0] if len(cuts) == 1 else edits.chain(f"Cut {len(cuts)} wires", *cuts))

    def add_node(
        self,
        op: str,
        at: tuple[float, float],
        source: tuple[str, int] | None = None,
        target: tuple[str, str] | None = None,
    ) -> tuple[str, str]:
        """Adds a node and wires it."""
        added: list[str] = []

        def apply(document: Document) -> Diff:
            diff = self.adding(op, at)(document)
            after = diff.apply(document)
            key = next(reversed([key for key in diff.views if key in diff.nodes] or list(diff.nodes)))
            added[:] = [key]
            step = Diff()
            if source is not None:
                step = _first_fit(after, source, key)(after)
            elif target is not None:
                step = edits.connect(key, 0, *target)(after)
            return diff.then(step)

        reason = self._do(apply)
        return ("", reason) if reason or not added else (added[0], "")

    def adding(self, op: str, at: tuple[float, float]) -> Edit:
        """The edit that adds an op, or a call of a function of the document."""
        if op == SLIDER:
            return slider_node(at)
        if op.startswith(CALL):
            return edits.add_call(op.removeprefix(CALL), at)
        if find(op) is None:
            raise refused(f"{op} is not an op that guigrad knows")
        return edits.add_node(op, at)

    def insert_on_wire(self, key: str, target: str, path: str, at: tuple[float, float]) -> str:
        """Puts a node that is there into a wire."""
        node = self.document.nodes.get(target)
        wire = ports.get_at(node, path) if node is not None else None
        if not isinstance(wire, In) or wire.node is None:
            return "that wire is gone"
        into = edits.insert_on_wire(Wire(wire.node, wire.output, target, path), key)
        return self._do(edits.chain("Insert", into, edits.move({key: at})))

    def add_on_wire(self, op: str, target: str, path: str, at: tuple[float, float]) -> tuple[str, str]:
        """Adds a node in the middle of a wire."""
        node = self.document.nodes.get(target)
        wire = wire_at(node, path)
        if wire is None or wire.node is None:
            return "", "that wire is gone"
        return self._made(edits.insert_on_wire(Wire(wire.node, wire.output, target, path), op, at), "views")

    def extract(self, keys: Sequence[str]) -> str:
        """Deletes nodes and joins their wires."""
        return self._do(edits.extract(*keys))

    def rename(self, key: str, name: str) -> str:
        """Gives a node a name, a box a title, a note a text."""
        if key in self.document.boxes:
            return self._do(edits.edit_frame(key, title=name))
        if key in self.document.notes:
            return self._do(edits.edit_frame(key, text=name))
        return self._do(edits.rename(key, name or None))

    def set_argument(self, key: str, path: str, text: str) -> str:
        """Sets a literal from what was typed."""
        try:
            value = literal(text)
        except ProblemError as error:
            return str(error)
        node = self.document.nodes.get(key)
        if node is not None and node.op == "torch.tensor":
            return self._do(edits.set_value(key, value))
        return self._do(edits.set_argument(key, path, value))

    def duplicate(
        self, keys: Sequence[str], dx: float, dy: float, keep_inputs: bool = False, places: Places | None = None
    ) -> tuple[tuple[str, ...], str]:
        """Copies nodes beside themselves."""
        fragment = placed(edits.copy(self.document, keys), places)
        corner = _corner(fragment)
        at = (corner[0] + dx, corner[1] + dy) if corner is not None else None
        return self._paste(edits.paste(fragment, at, keep_inputs, "Duplicate"))

    def copy(self, keys: Sequence[str], places: Places | None = None) -> tuple[str, bytes]:
        """The nodes as Python, and exactly as a document."""
        fragment = placed(edits.copy(self.document, keys), places)
        alone = edits.paste(fragment, _corner(fragment))(Document()).apply(Document())
        return emit(alone), encode(alone, file.MADE_WITH)

    def paste(self, data: str | bytes, at: tuple[float, float]) -> tuple[tuple[str, ...], str]:
        """Makes nodes of copied ones or of Python."""
        if isinstance(data, str) and len(data) > PASTE_LIMIT:
            return (), f"{len(data):,} characters are too long to paste; open them as a file instead"
        try:
            fragment = file.read(data) if isinstance(data, bytes) else parse(data)
        except ProblemError as error:
            return (), f"not pasted: {error}" if isinstance(data, str) else str(error)
        if isinstance(data, str) and is_prose(data, fragment):
            return self._paste_note(data, at)
        if not fragment.program and not fragment.boxes and not fragment.notes:
            why = f"not pasted: {fragment.problems[0].message}" if fragment.problems else "there is nothing to paste"
            return (), why
        if isinstance(data, str):
            fragment = laid_out(fragment)
        made, reason = self._paste(edits.paste(fragment, at))
        if made and fragment.problems:
            first = fragment.problems[0]
            reason = f"line {first.line}: {first.message}"
        return made, reason

    def _paste_note(self, text: str, at: tuple[float, float]) -> tuple[tuple[str, ...], str]:
        if len(text) > NOTE_LIMIT:
            return (), f"this is no Python, and with {len(text):,} characters too long for a note"
        made, reason = self._paste(edits.add_note(text.strip(), at))
        return made, reason or "this is no Python, so it became a note"

    def _paste(self, edit: Edit) -> tuple[tuple[str, ...], str]:
        before = self.document
        reason = self._do(edit)
        after = self.document
        new = [key for key in after.nodes if key not in before.nodes]
        new += [key for key in (*after.boxes, *after.notes) if key not in before.boxes and key not in before.notes]
        return tuple(new), reason

    def _do(self, edit: Edit) -> str:
        try:
            diff = edit(self.document)
        except ProblemError as error:
            return error.problems[0].message if error.problems else str(error)
        self._holder.edit(diff)
        return ""


def placed(fragment: Document, places: Places | None) -> Document:
    """Copied nodes, those that nobody has placed where their cards lie."""
    views = {key: View(*place) for key, place in (places or {}).items() if key in fragment.nodes}
    return structs.replace(fragment, views={**views, **fragment.views})


def is_prose(text: str, parsed: Document) -> bool:
    """Whether a text is no program: nothing of it was understood, or it is no Python at all."""
    if not parsed.problems:
        return False
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    return not parsed.program


def _first_fit(document: Document, source: tuple[str, int], key: str) -> Edit:
    """A wire to the first port that takes it."""
    reasons = []
    for port in ports.ports(document.nodes[key]):
        if not port.open:
            continue
        reason = why_not_connect(document, *source, key, port.path)
        if reason is None:
            return edits.connect(*source, key, port.path)
        reasons.append(reason)
    raise refused(reasons[0] if reasons else f"{document.nodes[key].op} has no free port")


def _corner(fragment: Document) -> tuple[float, float] | None:
    places = [(r.x, r.y) for table in (fragment.views, fragment.boxes, fragment.notes) for r in table.values()]
    return (min(x for x, _ in places), min(y for _, y in places)) if places else None


def literal(text: str) -> Value:
    """The value that a text writes in Python; nothing is evaluated.

    Raises: ProblemError when it is not one literal.
    """
    line = text.strip()
    document = parse(f"import torch\nprint({line}\n)")  # a print takes any value as it is
    nodes = tuple(document.nodes.values())
    if document.problems:
        raise ProblemError(document.problems[:1])
    if len(nodes) != 1 or nodes[0].op != "python.print" or len(nodes[0].args) != 1 or nodes[0].kwargs:
        raise refused(f"{line!r} is not one value")
    value = nodes[0].args[0]
    if any(True for _ in wires_in(value)):
        raise refused(f"{line!r} is not one value")
    return value


def laid_out(document: Document) -> Document:
    """A document whose cards have places, as it would open; a large one as it is, its cards go where there is room."""
    scene = Scene(inside(document, ""))
    if len(scene.row) > LAID_OUT:
        return document
    views = {key: View(float(scene.x[row]), float(scene.y[row])) for key, row in scene.row.items()}
    return structs.replace(document, views={**views, **document.views})
