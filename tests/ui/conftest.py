"""What tests of the window share."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest
from PySide6.QtWidgets import QApplication

from guigrad.document.array import ArrayData
from guigrad.ui.style import Look, stylesheet
from guigrad.ui.theme import palette, theme


@pytest.fixture
def look(qapp: QApplication) -> Look:
    """The dark theme at scale 1, applied to the application."""
    made = Look(theme("dark"), 1.0)
    qapp.setPalette(palette(made.theme))
    qapp.setFont(made.text())
    qapp.setStyleSheet(stylesheet(made))
    return made


def array(values: Sequence[float] | float, *shape: int) -> ArrayData:
    """A float32 tensor."""
    flat = list(values) if isinstance(values, Sequence) else [values]
    shape = shape or ((len(flat),) if isinstance(values, Sequence) else ())
    strides, step = [], 1
    for size in reversed(shape):
        strides.insert(0, step)
        step *= size
    return ArrayData("float32", shape, tuple(strides), struct.pack(f"<{len(flat)}f", *flat))
