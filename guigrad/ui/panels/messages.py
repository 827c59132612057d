"""What the program printed and what happened, line by line."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from guigrad.ui.style import Look

LINES: Final = 5000
"""Lines kept."""

KINDS: Final = {"print": "text", "note": "text_muted", "warning": "warning", "error": "failed"}


class MessagesPanel(QWidget):
    """A log. ``added`` tells that something came that deserves a look."""

    added = Signal(str)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self._entries: list[tuple[str, str]] = []
        self.log = QPlainTextEdit()
        self.log.setObjectName("code")
        self.log.setReadOnly(True)
        self.log.setUndoRedoEnabled(False)
        self.log.setMaximumBlockCount(LINES)
        self.log.setAccessibleName("Output and messages")
        self.log.setPlaceholderText("What the program prints and what happens appears here.")
        self.clear_button = QPushButton("Clear")
        self.clear_button.setProperty("role", "flat")
        self.clear_button.setToolTip("Forget these messages")
        self.clear_button.clicked.connect(self.clear)
        self.count = QLabel()
        self.count.setProperty("role", "faint")
        self._bar = QHBoxLayout()
        self._bar.addWidget(self.count)
        self._bar.addStretch(1)
        self._bar.addWidget(self.clear_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self._bar)
        layout.addWidget(self.log, 1)
        self.set_look(look)

    def add(self, text: str, kind: str = "note") -> None:
        """Adds one message; ``kind`` is print, note, warning or error."""
        self._entries.append((text, kind))
        del self._entries[:-LINES]
        self._append(text, kind)
        self._update_count()
        self.added.emit(kind)

    def text(self) -> str:
        """All that is there."""
        return self.log.toPlainText()

    def clear(self) -> None:
        """Forgets everything."""
        self._entries.clear()
        self.log.clear()
        self._update_count()

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self.look = look
        self.log.setFont(look.code(12))
        self._bar.setContentsMargins(look.px(14), look.px(4), look.px(8), 0)
        self.log.clear()
        for text, kind in self._entries:
            self._append(text, kind)
        self._update_count()

    def _append(self, text: str, kind: str) -> None:
        form = QTextCharFormat()
        form.setForeground(QColor(self.look.css(KINDS.get(kind, "text"))))
        cursor = QTextCursor(self.log.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        if not self.log.document().isEmpty():
            cursor.insertBlock()
        cursor.insertText(text.rstrip("\n"), form)
        bar = self.log.verticalScrollBar()
        bar.setValue(bar.maximum())

    def _update_count(self) -> None:
        number = len(self._entries)
        self.count.setText("" if not number else "1 message" if number == 1 else f"{number} messages")
        self.clear_button.setEnabled(number > 0)
