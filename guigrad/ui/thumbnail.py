"""Small pictures of documents for the welcome page, drawn by the real painter."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize
from PySide6.QtGui import QImage

from guigrad.document.model import Document
from guigrad.document.problem import ProblemError
from guigrad.files.load import load
from guigrad.ui.render import Painting
from guigrad.ui.style import Look

RATIO = 2.0
"""Drawn at twice the size, so that it is sharp on every screen."""


def thumbnail(path: Path, size: QSize, look: Look) -> QImage:
    """The picture of a file's graph, fitted into a size; an empty canvas when it cannot be read."""
    try:
        document = load(path)
    except ProblemError:
        document = Document()
    return Painting(document, None, look.theme.name).fitted(size.width(), size.height(), RATIO)
