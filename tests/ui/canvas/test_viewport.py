"""What part of the canvas is in view."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPointF
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from guigrad.document.model import In
from guigrad.source.parse.parser import parse
from guigrad.ui.canvas.editor import InPlaceEditor
from guigrad.ui.canvas.view import CanvasView
from tests.ui.canvas.holder import canvas


def middle(view: CanvasView) -> tuple[float, float]:
    """Where the middle of the graph is on the screen."""
    rect = view.scene.bounds()
    assert rect is not None
    port = view.viewport
    x, y = (rect[0] + rect[2]) / 2, (rect[1] + rect[3]) / 2
    return x * port.scale + port.left, y * port.scale + port.top


def test_what_nobody_has_moved_stays_in_the_middle(qtbot: QtBot) -> None:
    """A panel that opens below takes room: a graph that was opened before is in view all the same."""
    view, _ = canvas(parse("import torch\nx = torch.ones(3)\ny = x + 1\n"))
    qtbot.addWidget(view)
    with qtbot.waitExposed(view):
        view.show()
    view.repaint()
    for size in ((1200, 300), (500, 700)):
        view.resize(*size)
        view.repaint()
        assert middle(view) == pytest.approx((size[0] / 2, size[1] / 2), abs=1.0)
    view.zoom_by(0.8, QPointF(100, 100))
    corner = view.viewport.left, view.viewport.top
    view.resize(900, 500)
    view.repaint()
    assert (view.viewport.left, view.viewport.top) == corner


def test_a_field_that_loses_the_focus_at_once_is_let_go(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    view, store = canvas(parse("import torch\nx = torch.ones(3)\n"))
    qtbot.addWidget(view)
    monkeypatch.setattr(InPlaceEditor, "setFocus", lambda self, reason: self.commit())
    view.edit_in_place(next(iter(store.document.nodes)), "")
    assert view.editor is None
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    view.zoom_by(0.5, QPointF(100, 100))


def test_wires_alone_are_neither_copied_nor_duplicated(qtbot: QtBot) -> None:
    view, store = canvas(parse("import torch\nx = torch.ones(3)\ny = x + 1\n"))
    qtbot.addWidget(view)
    x, y = store.document.nodes
    wire = view.scene.leads.name(0)
    view.select([wire])
    before, text = store.document, QApplication.clipboard().text()
    view.copy()
    view.duplicate()
    view.extract()
    assert store.document is before
    assert QApplication.clipboard().text() == text
    view.select([wire, x])
    view.copy()
    assert "torch.ones(3)" in QApplication.clipboard().text()
    view.select([wire])
    view.cut()
    assert store.document.nodes[y].args[0] == In()
