"""A document holder for tests: a store that keeps a view in step, as a session and a window do."""

from __future__ import annotations

from guigrad.document.model import Document
from guigrad.document.store import Store
from guigrad.ui.canvas.bench import Held, graph
from guigrad.ui.canvas.edits import EditIntents
from guigrad.ui.canvas.view import CanvasView

OPEN: list[CanvasView] = []
"""Canvases of this test; the fixture beside closes them."""


def zoomed(nodes: int, zoom: float) -> tuple[Held, CanvasView]:
    """The bench's graph of so many nodes, seen near its beginning."""
    held = Held(graph(nodes))
    view = shown(held, (1000, 700))
    view.set_viewport(view.viewport.centred(300.0, 300.0, zoom))
    return held, view


def shown(held: Held, size: tuple[int, int]) -> CanvasView:
    """A shown canvas that follows the store of its holder."""
    view = CanvasView(EditIntents(held))
    held.store.listen(view.apply)
    view.resize(*size)
    view.show()
    view.repaint()
    OPEN.append(view)
    return view


def canvas(document: Document, size: tuple[int, int] = (1200, 700)) -> tuple[CanvasView, Store]:
    """A shown canvas that follows its store."""
    held = Held(document)
    return shown(held, size), held.store
