"""The one current document, its undo and redo, and who wants to know."""

from __future__ import annotations

from collections.abc import Callable

from guigrad.document.diff import Diff
from guigrad.document.model import Document

Listener = Callable[[Document, Diff], None]


class Store:
    """Holds the current document; every change is a Diff that comes through ``commit``.

    Thread: the thread that made it. Listeners are told once per change, after it, in the order they came.
    """

    def __init__(self, document: Document | None = None) -> None:
        self.document = document or Document()
        self.revision = 0
        self.saved_revision = 0
        self._undo: list[Diff] = []
        self._redo: list[Diff] = []
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Calls ``listener(document, diff)`` after each change; returns what stops it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def commit(self, diff: Diff) -> bool:
        """Applies a change and makes it undoable; False if it changes nothing."""
        if not diff:
            return False
        last = self._undo[-1] if self._undo else None
        if diff.merge and last is not None and last.merge == diff.merge and not self._redo:
            self._undo[-1] = last.then(diff)
        else:
            self._undo.append(diff)
        self._redo.clear()
        self._apply(diff)
        return True

    def end_merge(self) -> None:
        """The gesture is over: the next diff with the same merge key is a step of its own."""
        if self._undo and self._undo[-1].merge:
            last = self._undo[-1]
            self._undo[-1] = Diff(**{name: getattr(last, name) for name in last.__struct_fields__ if name != "merge"})

    def undo(self) -> str | None:
        """Takes the last change back; returns its label, None if there was none."""
        if not self._undo:
            return None
        diff = self._undo.pop()
        self._redo.append(diff)
        self._apply(diff.inverse())
        return diff.label

    def redo(self) -> str | None:
        """Does the change taken back last again; returns its label, None if there was none."""
        if not self._redo:
            return None
        diff = self._redo.pop()
        self._undo.append(diff)
        self._apply(diff)
        return diff.label

    @property
    def undo_label(self) -> str | None:
        """What Undo would take back."""
        return self._undo[-1].label if self._undo else None

    @property
    def redo_label(self) -> str | None:
        """What Redo would do again."""
        return self._redo[-1].label if self._redo else None

    def reset(self, document: Document) -> None:
        """Another document altogether: the history is gone."""
        diff = Diff.between(self.document, document)
        self._undo.clear()
        self._redo.clear()
        self.document = document
        self.revision += 1
        self.saved_revision = self.revision
        self._tell(diff)

    def saved(self, path: str) -> None:
        """The document is in that file now."""
        self.saved_revision = self.revision
        if self.document.path != path:
            fields = {name: getattr(self.document, name) for name in self.document.__struct_fields__}
            self.document = Document(**{**fields, "path": path})

    def _apply(self, diff: Diff) -> None:
        self.document = diff.apply(self.document)
        self.revision += 1
        self._tell(diff)

    def _tell(self, diff: Diff) -> None:
        for listener in tuple(self._listeners):
            listener(self.document, diff)
