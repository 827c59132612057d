"""Small pictures of documents for the welcome page, drawn by the real painter."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize
from PySide6.QtGui import QImage, QPainter

from guigrad.document.problem import ProblemError
from guigrad.files.load import load
from guigrad.ui.canvas.painter import Painter
from guigrad.ui.canvas.scene import Scene
from guigrad.ui.canvas.viewport import Viewport
from guigrad.ui.style import Look

RATIO = 2.0
"""Drawn at twice the size, so that it is sharp on every screen."""


def thumbnail(path: Path, size: QSize, look: Look) -> QImage:
    """The picture of a file's graph, fitted into a size; an empty canvas when it cannot be read."""
    image = QImage(size * RATIO, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(RATIO)
    image.fill(look.color("canvas"))
    try:
        scene = Scene(load(path))
    except ProblemError:
        return image
    rect = scene.bounds()
    if rect is not None:
        painter = Painter(scene, look.theme.name)
        painter.rest = True
        view = Viewport(size.width(), size.height(), ratio=RATIO).fitted(rect, 12.0, 1.0)
        on = QPainter(image)
        painter.paint(on, view)
        on.end()
    return image
