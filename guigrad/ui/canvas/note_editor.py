"""The field over a note that is being written: Markdown, as many lines as it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QPlainTextEdit

from guigrad.ui.canvas import frames
from guigrad.ui.theme import code_font

if TYPE_CHECKING:
    from guigrad.ui.canvas.board import Board


class NoteEditor(QPlainTextEdit):
    """Ctrl+Enter or leaving it keeps what was written, Esc does not."""

    def __init__(self, view: Board, key: str, text: str) -> None:
        super().__init__(text, view)
        self._view, self.key, self.path = view, key, ""
        self._before = text
        self._done = False
        self.setAccessibleName("note, in Markdown")
        self.setPlaceholderText("Markdown. Ctrl+Enter keeps it, Esc does not")
        self.setTabChangesFocus(True)
        self.textChanged.connect(self.follow)

    @staticmethod
    def over(view: Board, key: str) -> NoteEditor | None:
        """A field over a note; None if it lost the focus at once."""
        editor = view.editor = NoteEditor(view, key, view.scene.document.notes[key].text)
        editor.follow()
        editor.show()
        editor.selectAll()
        editor.setFocus(Qt.FocusReason.OtherFocusReason)
        return None if editor._done else editor

    def follow(self) -> None:
        """Stays over its note while the canvas moves."""
        note, scale = self._view.scene.document.notes.get(self.key), self._view.viewport.scale
        if note is None:
            self.close_without()
            return
        x, y = self._view.viewport.to_screen(note.x, note.y)
        self.setFont(code_font(max(11.0, 12.0 * scale)))
        width, height = max(160, round(note.width * scale)), max(60, round(note.height * scale))
        lines = round(self.document().size().height()) + 1  # a plain text is as many lines high
        wanted = min(lines * self.fontMetrics().lineSpacing() + 12, self._view.height() - 40)
        self.setGeometry(QRect(round(x), round(y), width, max(height, wanted)))

    def commit(self) -> None:
        """Asks for what was written; a note without text goes."""
        if self._done:
            return
        view, text, note = self._view, self.toPlainText(), self._view.scene.document.notes.get(self.key)
        self.close_without(keep=True)
        if note is None:
            return
        if not text.strip():
            view.answer(view.intents.remove([self.key]))
        elif text != self._before:
            needed = frames.text_height(view.painter.ink, text, note.width)
            view.answer(view.intents.write_note(self.key, text, max(note.height, round(needed))))

    def close_without(self, keep: bool = False) -> None:
        """Closes and changes nothing; a note that never had any text goes, unless it is to be kept."""
        if self._done:
            return
        self._done = True
        if self._view.editor is self:
            self._view.editor = None
        self.hide()
        self._view.setFocus()
        self.deleteLater()
        note = self._view.scene.document.notes.get(self.key)
        if not keep and note is not None and not note.text:
            self._view.intents.remove([self.key])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if event.key() == Qt.Key.Key_Escape:
            self.close_without()
        elif enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.commit()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason and self.isVisible():
            self.commit()
