"""What a fix does to the code, and a card that says something about a node with what could be done about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout

from guigrad.ui.style import Look
from guigrad.ui.widgets import parts

Lines = tuple[str, ...]
Link = tuple[str, Callable[[], object], Lines]
"""What it is called, what it does, and how it changes the code."""


class Change(QFrame):
    """What a fix does to the code: lines that go and lines that come, by sign and colour. A double click applies it."""

    chosen = Signal()

    def __init__(self, lines: Lines, look: Look) -> None:
        super().__init__()
        self.lines = lines
        self.setObjectName("line")
        column = QVBoxLayout(self)
        column.setContentsMargins(look.px(8), look.px(3), look.px(8), look.px(3))
        column.setSpacing(0)
        for line in lines:
            label = parts.label(line, "code", selectable=True)
            token = {"-": "failed", "+": "success"}.get(line[:1], "text_muted")
            label.setStyleSheet(f"color: {look.css(token)};")
            column.addWidget(label)
        self.setAccessibleName("Changed code: " + "; ".join(lines))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.chosen.emit()


def card(look: Look, name: str, title: str, lines: Sequence[str], links: Sequence[Link]) -> QFrame:
    """A card of the style sheet's ``name``: what is the matter, in words, and links."""
    made = QFrame()
    made.setObjectName(name)
    layout = QVBoxLayout(made)
    layout.setContentsMargins(look.px(12), look.px(9), look.px(12), look.px(9))
    layout.setSpacing(look.px(3))
    layout.addWidget(parts.label(title, "warning" if name == "warn" else "error"))
    for line in lines:
        layout.addWidget(parts.label(line, "", selectable=True))
    for text, slot, changes in links:
        layout.addWidget(parts.Link(text, slot))
        if changes:
            shown = Change(changes, look)
            shown.chosen.connect(slot)
            layout.addWidget(shown)
    return made
