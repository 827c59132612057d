"""A document holder for tests: a store that keeps a view in step, as a session and a window do."""

from __future__ import annotations

from guigrad.document.diff import Diff
from guigrad.document.model import Document
from guigrad.document.store import Store
from guigrad.ui.canvas.edits import EditIntents
from guigrad.ui.canvas.view import CanvasView


class Held:
    """A store as the canvas's holder."""

    def __init__(self, document: Document) -> None:
        self.store = Store(document)

    @property
    def document(self) -> Document:
        return self.store.document

    def edit(self, diff: Diff) -> bool:
        return self.store.commit(diff)


def canvas(document: Document, size: tuple[int, int] = (1200, 700)) -> tuple[CanvasView, Store]:
    """A shown canvas that follows its store."""
    held = Held(document)
    view = CanvasView(EditIntents(held))
    held.store.listen(view.apply)
    view.resize(*size)
    view.show()
    view.repaint()
    return view, held.store
