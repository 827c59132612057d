"""What a screen reader is told beside the canvas: the pills of the rail, and what a run gave or why it failed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, QPoint, QRect
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QAccessibleInterface
from PySide6.QtWidgets import QAccessibleWidget

from guigrad.document.problem import Problem
from guigrad.run.frame import Frame
from guigrad.ui.canvas import accessible
from guigrad.ui.rail_items import Pill
from guigrad.ui.rail_strip import Placed, RailStrip

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow

_KEPT: Final[dict[int, RailAccessible]] = {}
"""Qt keeps no reference to the Python side of an interface."""


class PillAccessible(accessible.Painted):
    """One pill or bracket of the program."""

    def __init__(self, rail: RailAccessible, number: int) -> None:
        super().__init__(rail)
        self.rail, self.number = rail, number

    def _placed(self) -> Placed | None:
        placed = self.rail.strip.placed
        return placed[self.number] if self.number < len(placed) else None

    def isValid(self) -> bool:
        return self._placed() is not None

    def text(self, kind: QAccessible.Text) -> str:
        placed = self._placed()
        if placed is None:
            return ""
        if kind == QAccessible.Text.Name:
            return placed.item.text
        if kind == QAccessible.Text.Description:
            what = placed.item.kind if isinstance(placed.item, Pill) else "a block with steps inside"
            deep = f", {placed.depth} blocks deep" if placed.depth else ""
            return f"step {self.number + 1} of {len(self.rail.strip.placed)}, {what}{deep}"
        return ""

    def setText(self, kind: QAccessible.Text, text: str) -> None:
        """A step is its code: it has no name to change."""

    def rect(self) -> QRect:
        placed, strip = self._placed(), self.rail.strip
        if placed is None:
            return QRect()
        rect = placed.rect.toRect()
        return QRect(strip.mapToGlobal(QPoint(rect.x(), rect.y())), rect.size())

    def role(self) -> QAccessible.Role:
        return QAccessible.Role.ListItem

    def state(self) -> QAccessible.State:
        state, placed = QAccessible.State(), self._placed()
        flags: Any = state
        flags.focusable = flags.selectable = True
        if placed is not None:
            flags.selected = bool(self.rail.strip.selected) and placed.keys == self.rail.strip.selected
            flags.focused = flags.selected and self.rail.strip.hasFocus()
            flags.busy = bool(self.rail.strip.running.intersection(placed.keys))
        return state


class RailAccessible(QAccessibleWidget):
    """The program as a list of its steps."""

    def __init__(self, strip: RailStrip) -> None:
        super().__init__(strip, QAccessible.Role.List, "Program")
        self.strip = strip
        self._children: list[PillAccessible] = []

    def childCount(self) -> int:
        return len(self.strip.placed)

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]  # none is allowed
        if not 0 <= index < self.childCount():
            return None
        while len(self._children) <= index:
            self._children.append(PillAccessible(self, len(self._children)))
        return self._children[index]

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        return child.number if isinstance(child, PillAccessible) and child.isValid() else -1

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:  # type: ignore[override]  # none is allowed
        placed = self.strip.at(self.strip.mapFromGlobal(QPoint(x, y)).toPointF())
        return None if placed is None else self.child(self.strip.placed.index(placed))

    def focusChild(self) -> QAccessibleInterface | None:  # type: ignore[override]  # none is allowed
        chosen = (n for n, placed in enumerate(self.strip.placed) if placed.keys == self.strip.selected)
        number = next(chosen, None)
        return None if number is None else self.child(number)


def _factory(name: str, thing: QObject) -> QAccessibleInterface | None:
    if not isinstance(thing, RailStrip):
        return None
    key = id(thing)
    found = _KEPT.get(key)
    if found is None or found.strip is not thing:
        found = _KEPT[key] = RailAccessible(thing)
        thing.destroyed.connect(lambda: _KEPT.pop(key, None))
    return found


_installed = False


class Spoken(QObject):
    """Says what happens to whoever cannot see it. Thread: the GUI thread."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        global _installed
        if not _installed:
            _installed = True
            QAccessible.installFactory(_factory)
        self.window, self.last = window, ""
        window.inspector.setAccessibleName("Inspector")
        window.tabs.setAccessibleName("Code, problems and messages")
        session = window.session
        self._stops = [
            session.frame_changed.connect(self._on_frame),
            session.problems_changed.connect(self._on_problems),
            session.refused.connect(self._on_problems),
        ]
        window.canvas.answered.connect(self.say)
        window.rail.strip.chosen.connect(self._on_step)

    def close(self) -> None:
        """The window is on its way out."""
        for stop in self._stops:
            stop()
        self._stops.clear()

    def say(self, text: str) -> None:
        """A sentence, once."""
        if text and text != self.last and QAccessible.isActive():
            accessible.tell(QAccessibleAnnouncementEvent(self.window, text))
        self.last = text

    def _on_frame(self, frame: Frame) -> None:
        if not any(problem.severity == "error" for problem in frame.problems):
            words = "Gradients computed" if frame.order else "Values computed"
            key = self.window.canvas.focused or ""
            self.say(f"{words} on {frame.device}" if not key else f"{words}, {self._node(key)}")

    def _node(self, key: str) -> str:
        canvas = accessible.interface(self.window.canvas)
        return f"{canvas.name(key)}: {canvas.description(key)}"

    def _on_problems(self, problems: Sequence[Problem]) -> None:
        wrong = [problem for problem in problems if problem.severity == "error"]
        if wrong:
            more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
            self.say(f"Error: {wrong[0].message}{more}")

    def _on_step(self, keys: object) -> None:
        strip = self.window.rail.strip
        chosen = next((placed for placed in strip.placed if placed.keys == strip.selected), None)
        if chosen is not None and strip.hasFocus():
            self.say(chosen.item.text)
