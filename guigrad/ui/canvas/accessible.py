"""The painted canvas for screen readers: a child for each node, with its name, value and gradient.

Qt keeps no reference to the Python side of an interface: everything handed out is held here until its canvas is gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, QPoint, QRect
from PySide6.QtGui import QAccessible, QAccessibleEvent, QAccessibleInterface, QAccessibleValueChangeEvent
from PySide6.QtWidgets import QAccessibleWidget

from guigrad.document.array import ArrayData
from guigrad.document.model import Document
from guigrad.run.report import value_text

if TYPE_CHECKING:
    from guigrad.ui.canvas.board import Board

_KEPT: Final[dict[int, CanvasAccessible]] = {}


HELP: Final = "Ctrl and arrow keys walk along wires, Enter opens, F2 renames, the Menu key lists what can be done"


class Painted(QAccessibleInterface):
    """Something that is painted on a widget: it has no QObject and nothing inside."""

    def __init__(self, painter: QAccessibleInterface) -> None:
        super().__init__()
        self._painter = painter

    def object(self) -> QObject | None:  # type: ignore[override]  # it has no QObject; Qt's own docs allow none
        return None

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:  # type: ignore[override]  # none is allowed
        return None

    def parent(self) -> QAccessibleInterface:
        return self._painter

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]  # none is allowed
        return None

    def childCount(self) -> int:
        return 0

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        return -1


class NodeAccessible(Painted):
    """One card."""

    def __init__(self, canvas: CanvasAccessible, key: str) -> None:
        super().__init__(canvas)
        self.canvas = canvas
        self.key = key

    def isValid(self) -> bool:
        return self.key in self.canvas.view.scene.row

    def text(self, kind: QAccessible.Text) -> str:
        match kind:
            case QAccessible.Text.Name:
                return self.canvas.name(self.key)
            case QAccessible.Text.Value:
                return self.canvas.description(self.key)
            case QAccessible.Text.Description:
                backward = self.canvas.view.backward.spoken(self.key)
                said = (self.canvas.description(self.key), self.canvas.wiring(self.key), backward)
                return ", ".join(filter(None, said))
            case QAccessible.Text.Help:
                return HELP
        return ""

    def setText(self, kind: QAccessible.Text, text: str) -> None:
        if kind == QAccessible.Text.Name:
            self.canvas.view.intents.rename(self.key, text)

    def rect(self) -> QRect:
        view = self.canvas.view
        scene, row = view.scene, view.scene.row.get(self.key)
        if row is None:
            return QRect()
        x, y = view.viewport.to_screen(float(scene.x[row]), float(scene.y[row]))
        corner = view.mapToGlobal(QPoint(round(x), round(y)))
        scale = view.viewport.scale
        return QRect(corner.x(), corner.y(), round(scene.width[row] * scale), round(scene.height[row] * scale))

    def role(self) -> QAccessible.Role:
        return QAccessible.Role.ListItem

    def state(self) -> QAccessible.State:
        state = QAccessible.State()
        flags: Any = state
        flags.focusable = flags.selectable = True
        flags.selected = self.key in self.canvas.view.selection
        flags.focused = self.canvas.view.hasFocus() and self.canvas.view.focused == self.key
        scene = self.canvas.view.scene
        row = scene.row.get(self.key)
        if row is not None:
            flags.invalid, flags.busy = bool(scene.failed[row]), bool(scene.running[row])
            flags.expandable, flags.collapsed = True, bool(scene.collapsed[row])
        return state


class CanvasAccessible(QAccessibleWidget):
    """The canvas with its cards as children, in program order."""

    def __init__(self, view: Board) -> None:
        super().__init__(view, QAccessible.Role.Canvas, "graph canvas")
        self.view = view
        self._children: dict[str, NodeAccessible] = {}
        self._order: tuple[Document, list[str], dict[str, int]] | None = None
        self.said = ""

    def _ordered(self) -> tuple[list[str], dict[str, int]]:
        """The cards and the place of each, made once for a document: a reader asks for one after the other."""
        document = self.view.scene.document
        if self._order is None or self._order[0] is not document:
            keys = list(self.view.scene.row)
            self._order = (document, keys, {key: place for place, key in enumerate(keys)})
            self._children = {key: child for key, child in self._children.items() if key in self._order[2]}
        return self._order[1], self._order[2]

    def node(self, key: str) -> NodeAccessible:
        """The interface of one card, always the same one."""
        found = self._children.get(key)
        if found is None:
            found = self._children[key] = NodeAccessible(self, key)
        return found

    def childCount(self) -> int:
        return len(self.view.scene.row)

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]  # none is allowed
        keys, _ = self._ordered()
        return self.node(keys[index]) if 0 <= index < len(keys) else None

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        return self._ordered()[1].get(child.key, -1) if isinstance(child, NodeAccessible) else -1

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:  # type: ignore[override]  # none is allowed
        point = self.view.mapFromGlobal(QPoint(x, y))
        row = self.view.scene.node_at(*self.view.viewport.to_world(point.x(), point.y()))
        return None if row is None else self.node(self.view.scene.ids[row])

    def focusChild(self) -> QAccessibleInterface | None:  # type: ignore[override]  # none is allowed
        key = self.view.focused
        return self.node(key) if key is not None and key in self.view.scene.row else None

    def name(self, key: str) -> str:
        """What a card is called: its name and op."""
        scene = self.view.scene
        row = scene.row.get(key)
        if row is None:
            return ""
        face = scene.facet(row)
        return f"{face.title} {face.op}".strip()

    def description(self, key: str) -> str:
        """Its value and gradient, in words."""
        scene = self.view.scene
        row = scene.row.get(key)
        record = scene.faces.record(row) if row is not None else None
        if row is None or record is None or record.state == "not run":
            return "not run yet"
        content = scene.faces.content(row)
        value = value_text(record.value) if record.value is not None else content.value.text or content.value.reason
        parts = ["stale" if content.stale else "", f"value {value}"]
        grad = record.grad if record.grad is not None else record.xray
        if isinstance(grad, ArrayData):
            parts.append(f"{'x-ray gradient' if content.xray else 'gradient'} {value_text(grad)}")
        elif content.grad.reason:
            parts.append(f"gradient: {content.grad.reason}")
        if content.ledger:
            parts.append(content.ledger)
        parts += [problem.message for problem in scene.faces.pins.get(key, ())]
        return ", ".join(part for part in parts if part)

    def wiring(self, key: str) -> str:
        """What comes in and where it goes, in words."""
        scene = self.view.scene
        row = scene.row.get(key)
        if row is None:
            return ""
        face, wires = scene.facet(row), scene.wires
        sources = {int(wires.inlet[wire]): int(wires.source[wire]) for wire in scene.into[row]}
        parts = []
        for number, inlet in enumerate(face.inputs):
            name = inlet.label or inlet.path
            if number in sources:
                parts.append(f"{name} from {scene.facet(sources[number]).title}")
            elif inlet.text:
                parts.append(f"{name} {inlet.text}")
            elif not inlet.optional:
                parts.append(f"{name} is open")
        readers = dict.fromkeys(scene.facet(int(wires.target[wire])).title for wire in scene.out[row])
        found = [f"inputs: {'; '.join(parts)}" if parts else "", f"goes to {', '.join(readers)}" if readers else ""]
        return ", ".join(filter(None, found))


def interface(view: Board) -> CanvasAccessible:
    """The accessibility of a canvas, always the same one."""
    found = _KEPT.get(id(view))
    if found is None or found.view is not view:
        found = _KEPT[id(view)] = CanvasAccessible(view)
        key = id(view)
        view.destroyed.connect(lambda: _KEPT.pop(key, None))
    return found


def _factory(name: str, thing: QObject) -> QAccessibleInterface | None:
    from guigrad.ui.canvas.board import Board  # a cycle otherwise: the board installs this

    return interface(thing) if isinstance(thing, Board) else None


_installed = False


def install() -> None:
    """Teaches Qt about canvases, once. Thread: the GUI thread."""
    global _installed
    if not _installed:
        _installed = True
        QAccessible.installFactory(_factory)


def tell(event: QAccessibleEvent) -> None:
    """Hands an event to whoever listens."""
    QAccessible.updateAccessibility(event)


def announce(view: Board, key: str) -> None:
    """Tells a screen reader, if one listens, that a card has the focus."""
    if not QAccessible.isActive():
        return
    canvas = interface(view)
    place = canvas.indexOfChild(canvas.node(key))
    if place >= 0:
        event = QAccessibleEvent(view, QAccessible.Event.Focus)
        event.setChild(place)
        canvas.said = canvas.description(key)
        tell(event)


def revalue(view: Board) -> None:
    """Tells a screen reader, if one listens, that the focused card shows another value."""
    if not QAccessible.isActive() or view.focused not in view.scene.row:
        return
    canvas = interface(view)
    text = canvas.description(view.focused or "")
    if text != canvas.said:
        canvas.said = text
        tell(QAccessibleValueChangeEvent(canvas.node(view.focused or ""), text))
