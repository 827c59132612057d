"""Small pictures of documents for the welcome page, drawn by the real painter."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage

from guigrad.document.problem import ProblemError
from guigrad.files.load import load
from guigrad.ui import heat as render
from guigrad.ui.style import Look


def thumbnail(path: Path, size: QSize, look: Look) -> QImage:
    """The picture of a file's graph, fitted into a size; a blank one when it cannot be read."""
    blank = QImage(size, QImage.Format.Format_ARGB32_Premultiplied)
    blank.fill(look.color("canvas"))
    try:
        document = load(path)
    except ProblemError:
        return blank
    image = render.image(document, None, theme=look.theme.name, scale=1.0)
    mode = Qt.TransformationMode.SmoothTransformation
    return image.scaled(size, Qt.AspectRatioMode.KeepAspectRatio, mode)
