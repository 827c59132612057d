"""The canvas for other Qt programs: a widget with a document and its undo of its own, no window of guigrad around it.

Another canvas, as many as are wanted, a layout, a splitter or a ``QGraphicsScene.addWidget``: it is a QWidget like any other.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QWidget

from guigrad.document.diff import Diff
from guigrad.document.draft import Edit
from guigrad.document.model import Document
from guigrad.document.store import Store
from guigrad.ui.canvas.edits import EditIntents
from guigrad.ui.canvas.view import CanvasView

READ_ONLY: Final = "this graph can only be looked at"


class _Desk(EditIntents):
    """The intents over the widget's own store, as long as it may be edited."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.editable = True
        super().__init__(self)

    @property
    def document(self) -> Document:
        return self.store.document

    def edit(self, edit: Diff) -> bool:
        """Makes a change, unless the graph is only shown."""
        return self.editable and self.store.commit(edit)

    def why_not_connect(self, source: str, output: int, target: str, path: str) -> str | None:
        return super().why_not_connect(source, output, target, path) if self.editable else READ_ONLY

    def _do(self, edit: Edit) -> str:
        return super()._do(edit) if self.editable else READ_ONLY


class GraphCanvas(CanvasView):
    """Shows a document, with the values of a frame if there is one, and lets it be edited by mouse and keys.

    Thread: the GUI thread.
    """

    document_changed = Signal(object, object)
    """(document, diff) after every change, undo and redo too; ``session.edit(diff)`` makes a Session follow."""

    def __init__(
        self,
        document: Document | None = None,
        parent: QWidget | None = None,
        *,
        theme: str = "dark",
        editable: bool = True,
    ) -> None:
        self._desk = _Desk(Store(document))
        super().__init__(self._desk, parent, theme)
        self._desk.editable = editable
        self._desk.store.listen(self._on_store)

    @property
    def document(self) -> Document:
        """The document as it is now."""
        return self._desk.document

    @property
    def editable(self) -> bool:
        """Whether the user may change the graph; looking, selecting and copying always work."""
        return self._desk.editable

    @editable.setter
    def editable(self, on: bool) -> None:
        self._desk.editable = on

    def set_document(self, document: Document, fit: bool = True) -> None:
        """Another document altogether; its history begins anew and its values are not known yet."""
        if document is not self._desk.document:
            self._desk.store.reset(document)
        super().set_document(document, fit)
        self.set_frame(None)

    def undo(self) -> str | None:
        """Takes the last change back; its label, None if there was none."""
        return self._desk.store.undo() if self.editable else None

    def redo(self) -> str | None:
        """Makes the change again that was taken back last; its label, None if there was none."""
        return self._desk.store.redo() if self.editable else None

    def open_search(
        self, at: QPointF, source: tuple[str, int] | None = None, target: tuple[str, str] | None = None
    ) -> None:
        """Opens the list of ops, where the graph may be edited."""
        if self.editable:
            super().open_search(at, source, target)
        else:
            self.answer(READ_ONLY)

    def edit_in_place(self, key: str, path: str) -> None:
        """Opens a field over a card, where the graph may be edited."""
        if self.editable:
            super().edit_in_place(key, path)
        else:
            self.answer(READ_ONLY)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Undo):
            self.undo()
        elif event.matches(QKeySequence.StandardKey.Redo):
            self.redo()
        else:
            super().keyPressEvent(event)

    def _on_store(self, document: Document, diff: Diff) -> None:
        if diff.label:  # a reset has none, and shows itself
            self.apply(document, diff)
            self.document_changed.emit(document, diff)
