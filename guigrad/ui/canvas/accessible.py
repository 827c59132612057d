"""The painted canvas for screen readers: a child for each node, with its name, value and gradient.

Qt keeps no reference to the Python side of an interface: everything handed out is held here until its canvas is gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, QPoint, QRect
from PySide6.QtGui import QAccessible, QAccessibleEvent, QAccessibleInterface
from PySide6.QtWidgets import QAccessibleWidget

from guigrad.document.array import ArrayData
from guigrad.run.report import value_text

if TYPE_CHECKING:
    from guigrad.ui.canvas.board import Board

_KEPT: Final[dict[int, CanvasAccessible]] = {}


class NodeAccessible(QAccessibleInterface):
    """One card."""

    def __init__(self, canvas: CanvasAccessible, key: str) -> None:
        super().__init__()
        self.canvas = canvas
        self.key = key

    def isValid(self) -> bool:
        return self.key in self.canvas.view.scene.row

    def object(self) -> QObject | None:  # type: ignore[override]  # a painted node has no QObject; Qt's own docs allow none
        return None

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:  # type: ignore[override]  # none is allowed
        return None

    def parent(self) -> QAccessibleInterface:
        return self.canvas

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]  # none is allowed
        return None

    def childCount(self) -> int:
        return 0

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        return -1

    def text(self, kind: QAccessible.Text) -> str:
        match kind:
            case QAccessible.Text.Name:
                return self.canvas.name(self.key)
            case QAccessible.Text.Value | QAccessible.Text.Description:
                return self.canvas.description(self.key)
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
        return state


class CanvasAccessible(QAccessibleWidget):
    """The canvas with its cards as children, in program order."""

    def __init__(self, view: Board) -> None:
        super().__init__(view, QAccessible.Role.Canvas, "graph canvas")
        self.view = view
        self._children: dict[str, NodeAccessible] = {}

    def _keys(self) -> list[str]:
        return list(self.view.scene.row)

    def node(self, key: str) -> NodeAccessible:
        """The interface of one card, always the same one."""
        found = self._children.get(key)
        if found is None:
            found = self._children[key] = NodeAccessible(self, key)
        return found

    def childCount(self) -> int:
        return len(self.view.scene.row)

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]  # none is allowed
        keys = self._keys()
        return self.node(keys[index]) if 0 <= index < len(keys) else None

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        keys = self._keys()
        return keys.index(child.key) if isinstance(child, NodeAccessible) and child.key in keys else -1

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
        value = value_text(record.value) if record.value is not None else content.value.text
        parts = ["stale" if content.stale else "", f"value {value}"]
        grad = record.grad if record.grad is not None else record.xray
        if isinstance(grad, ArrayData):
            parts.append(f"{'x-ray gradient' if content.xray else 'gradient'} {value_text(grad)}")
        elif content.grad.reason:
            parts.append(f"gradient: {content.grad.reason}")
        parts += [problem.message for problem in scene.faces.pins.get(key, ())]
        return ", ".join(part for part in parts if part)


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


def announce(view: Board, key: str) -> None:
    """Tells a screen reader, if one listens, that a card has the focus."""
    if not QAccessible.isActive():
        return
    event = QAccessibleEvent(view, QAccessible.Event.Focus)
    keys = list(view.scene.row)
    if key in keys:
        event.setChild(keys.index(key))
        QAccessible.updateAccessibility(event)
