"""What a ``.grad`` is made of: each backward call with the wires that brought its parts. See Note [Ledger] in run/ledger."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from guigrad.document.array import ArrayData
from guigrad.run.ledger import Call, Contribution, Ledger
from guigrad.ui.style import Look
from guigrad.ui.widgets import parts
from guigrad.ui.widgets.step_line import StepLine
from guigrad.ui.widgets.story import numbers

CALLS: Final = 6
"""Calls that are shown with their parts, the newest."""
WIRES: Final = 12
"""Parts of a call that are shown."""
HEADING: Final = "WHAT .GRAD IS MADE OF"


class LedgerCard(QWidget):
    """Hidden where there is no stack. ``chosen`` and ``hovered`` carry the id of the node at the other end of a wire. Thread: the GUI thread."""

    chosen = Signal(str)
    hovered = Signal(str)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.lines: tuple[tuple[str, str, str], ...] = ()
        """(words, numbers, node id) of each line."""
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(3)
        self.setAccessibleName("What .grad is made of")
        self.hide()

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self.look = look
        self._fill()

    def show_ledger(self, ledger: Ledger | None, count: int | None = None) -> None:
        """A tensor's stack, None to show nothing. ``count``: how many of its calls there were at the moment that is shown, if not all."""
        found = () if ledger is None else tuple(lines_of(ledger, count))
        if found != self.lines:
            self.lines = found
            self._fill()
        self.setVisible(bool(found))

    def _fill(self) -> None:
        parts.clear(self._column)
        if not self.lines:
            return
        self._column.addWidget(parts.label(HEADING, "heading"))
        for words, text, node in self.lines:
            self._column.addWidget(self._line(words, text, node))
        self.setAccessibleDescription(". ".join(f"{words} {text}".strip() for words, text, _ in self.lines))

    def _line(self, words: str, text: str, node: str) -> QWidget:
        line = StepLine(node) if node else QWidget()
        if isinstance(line, StepLine):
            line.chosen.connect(self.chosen)
            line.hovered.connect(self.hovered)
            line.setObjectName("line")
            line.setAccessibleName(f"{words} {text}".strip())
        layout = QGridLayout(line)
        layout.setContentsMargins(self.look.px(9 if node else 0), self.look.px(2), self.look.px(9), self.look.px(2))
        for column, (said, role) in enumerate(((words, "code" if node else "muted"), (text, "grad"))):
            if said:
                label = parts.label(parts.breakable(said), role)
                label.setFont(self.look.code(11))
                label.setAlignment(Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft)
                layout.addWidget(label, 0, column)
        return line


def lines_of(ledger: Ledger, count: int | None = None) -> list[tuple[str, str, str]]:
    """(words, numbers, node id) of each line: the newest call first, under each call its wires."""
    if ledger.reason:
        return []
    calls = ledger.calls if count is None else ledger.calls[: max(count - ledger.earlier, 0)]
    if not calls and not ledger.emptied and not ledger.edited:
        return []
    found: list[tuple[str, str, str]] = []
    for call in reversed(calls[-CALLS:]):
        found.append(_call_line(call))
        found += [_wire_line(wire) for wire in call.wires[:WIRES]]
        if len(call.wires) > WIRES:
            found.append((f"… and {len(call.wires) - WIRES} more wires", "", ""))
    left = len(calls) + ledger.earlier - min(len(calls), CALLS)
    if left > 0:
        found.append((f"… and {left} earlier backward call{'s' if left > 1 else ''}", "", ""))
    if ledger.emptied:
        how = "set to None" if ledger.emptied == "None" else "set to zeros"
        found.append((f"emptied before: {how}" if calls else f"emptied: {how}", "", ""))
    if ledger.edited:
        found.append(
            (
                "changed by something else too, or by backwards that were not recorded: it is not the sum of these",
                "",
                "",
            )
        )
    return found


def _call_line(call: Call) -> tuple[str, str, str]:
    roots = ", ".join(call.roots)
    words = f"backward {call.number} · {roots}" if roots else f"backward {call.number}"
    if not call.recorded:
        return f"{words} · parts not recorded", "", ""
    return words, _numbers(call.total, "+ "), ""


def _wire_line(wire: Contribution) -> tuple[str, str, str]:
    return f"{wire.consumer} · {wire.path}" if wire.path else wire.consumer, _numbers(wire.gradient), wire.node


def _numbers(array: ArrayData | None, sign: str = "") -> str:
    if array is None:
        return "large"
    try:
        return f"{sign}{numbers(array)}"
    except TypeError:
        return array.dtype
