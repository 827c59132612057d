"""The one current document, its undo and redo, and who wants to know."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable
from itertools import count

from msgspec import structs

from guigrad.document.diff import Diff
from guigrad.document.model import Document

Listener = Callable[[Document, Diff], None]

UNDO_STEPS = 1000
"""How many changes can be taken back; older ones are forgotten."""


class Store:
    """Holds the current document; every change is a Diff that comes through ``commit``.

    ``revision`` counts up with every change, undo and redo included; the document is the one that was saved while it equals
    ``saved_revision``, and undoing or redoing back to that one makes them equal again.
    Thread: the thread that made it. Listeners are told once per change, after it, in the order they came. When one of them
    changes the document, all hear of the first change before the second; when one raises, the others hear all the same.
    """

    def __init__(self, document: Document | None = None) -> None:
        self.document = document or Document()
        self.revision = 0
        self.saved_revision = 0
        self._undo: list[tuple[Diff, int]] = []  # with the number of the state before it
        self._redo: list[tuple[Diff, int]] = []  # with the number of the state after it
        self._numbers = count(1)
        self._state = self._saved_state = 0
        self._listeners: list[Listener] = []
        self._news: deque[tuple[Document, Diff]] = deque()
        self._telling = False

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Calls ``listener(document, diff)`` after each change; returns what stops it."""
        self._listeners.append(listener)

        def stop() -> None:
            with contextlib.suppress(ValueError):  # stopped before
                self._listeners.remove(listener)

        return stop

    def commit(self, diff: Diff) -> bool:
        """Applies a change and makes it undoable; False if it changes nothing."""
        if not diff:
            return False
        state = next(self._numbers)
        last, before = self._undo[-1] if self._undo else (None, self._state)
        if diff.merge and last is not None and last.merge == diff.merge and not self._redo:
            whole = last.then(diff)
            if whole:
                self._undo[-1] = (whole, before)
            else:  # there and back
                self._undo.pop()
                state = before
        else:
            self._undo.append((diff, self._state))
            del self._undo[:-UNDO_STEPS]
        self._redo.clear()
        self._apply(diff, state)
        return True

    def end_merge(self) -> None:
        """The gesture is over: the next diff with the same merge key is a step of its own."""
        if self._undo and self._undo[-1][0].merge:
            last, before = self._undo[-1]
            self._undo[-1] = (structs.replace(last, merge=""), before)

    def undo(self) -> str | None:
        """Takes the last change back; returns its label, None if there was none."""
        if not self._undo:
            return None
        diff, before = self._undo.pop()
        self._redo.append((diff, self._state))
        self._apply(diff.inverse(), before)
        return diff.label

    def redo(self) -> str | None:
        """Does the change taken back last again; returns its label, None if there was none."""
        if not self._redo:
            return None
        diff, after = self._redo.pop()
        self._undo.append((diff, self._state))
        self._apply(diff, after)
        return diff.label

    @property
    def undo_label(self) -> str | None:
        """What Undo would take back."""
        return self._undo[-1][0].label if self._undo else None

    @property
    def redo_label(self) -> str | None:
        """What Redo would do again."""
        return self._redo[-1][0].label if self._redo else None

    def reset(self, document: Document) -> None:
        """Another document altogether: the history is gone."""
        diff = Diff.between(self.document, document)
        self._undo.clear()
        self._redo.clear()
        self.document = document
        self.revision += 1
        self.saved_revision = self.revision
        self._state = self._saved_state = next(self._numbers)
        self._tell(diff)

    def saved(self, path: str) -> None:
        """The document is in that file now."""
        self.saved_revision = self.revision
        self._saved_state = self._state
        if self._undo and self._undo[-1][0].merge:
            self.end_merge()  # so that undo leads back to what was saved
        if self.document.path != path:
            known = self.document.__dict__
            self.document = structs.replace(self.document, path=path)
            self.document.__dict__.update(known)

    def _apply(self, diff: Diff, state: int) -> None:
        self.document = diff.apply(self.document)
        self.revision += 1
        self._state = state
        if state == self._saved_state:
            self.saved_revision = self.revision
        self._tell(diff)

    def _tell(self, diff: Diff) -> None:
        self._news.append((self.document, diff))
        if self._telling:
            return
        self._telling = True
        failed: Exception | None = None
        try:
            while self._news:
                document, news = self._news.popleft()
                for listener in tuple(self._listeners):
                    if listener not in self._listeners:  # stopped by one before it
                        continue
                    try:
                        listener(document, news)
                    except Exception as error:  # a bug of that listener, and not the others' loss
                        failed = failed or error
        finally:
            self._telling = False
        if failed is not None:
            raise failed
