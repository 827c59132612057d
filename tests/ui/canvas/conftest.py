"""Canvas tests share one hand over the lesson."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid

from tests.ui.canvas.hand import Hand
from tests.ui.canvas.holder import OPEN, canvas
from tests.ui.canvas.samples import lesson, lesson_frame


@pytest.fixture(autouse=True)
def _canvases_are_closed() -> Iterator[None]:
    yield
    for view in OPEN:
        if isValid(view):
            view.close()
            view.deleteLater()
    OPEN.clear()


@pytest.fixture
def hand(qapp: QApplication) -> Hand:
    view, store = canvas(lesson())
    view.set_frame(lesson_frame())
    qapp.processEvents()
    view.setFocus()
    return Hand(view, store)
