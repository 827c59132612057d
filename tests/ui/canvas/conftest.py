"""Canvas tests share one hand over the lesson."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication

from tests.ui.canvas.hand import Hand
from tests.ui.canvas.holder import canvas
from tests.ui.canvas.samples import lesson, lesson_frame


@pytest.fixture
def hand(qapp: QApplication) -> Iterator[Hand]:
    view, store = canvas(lesson())
    view.set_frame(lesson_frame())
    qapp.processEvents()
    view.setFocus()
    yield Hand(view, store)
    view.close()
    view.deleteLater()
