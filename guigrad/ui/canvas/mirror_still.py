"""The backward graph in a picture: as a canvas shows it, with nothing under a pointer and nothing chosen."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from PySide6.QtGui import QPainter

from guigrad.ui.canvas.backward import Backward
from guigrad.ui.canvas.mirror import Mirrored
from guigrad.ui.canvas.painter import Painter
from guigrad.ui.canvas.scene import Scene
from guigrad.ui.canvas.viewport import Viewport
from guigrad.ui.canvas.wire import Rect

if TYPE_CHECKING:
    from guigrad.ui.canvas.board import Board


class Still:
    """Thread: the GUI thread. It stands for the board that a ``Backward`` asks."""

    def __init__(self, scene: Scene, painter: Painter, what: Mirrored) -> None:
        nothing = SimpleNamespace(refresh=lambda: None)
        self._board: Any = SimpleNamespace(
            scene=scene, painter=painter, viewport=None, selection=(), hover=None, minimap=nothing,
            stir=lambda animated: None, update=lambda: None,
        )  # fmt: skip
        self._backward = Backward(cast("Board", self._board))
        self._backward.exact = True
        self._backward.mirror.take(what)

    def around(self, rect: Rect) -> Rect:
        """A rectangle grown by all of it."""
        return self._backward.around(rect) or rect

    def paint(self, p: QPainter, port: Viewport) -> None:
        """All that is in view."""
        self._board.viewport = port
        self._backward.paint(p)
