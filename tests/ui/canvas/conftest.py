"""Canvas tests share one hand over the lesson."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hand import Hand
from holder import canvas
from PySide6.QtWidgets import QApplication
from samples import lesson, lesson_frame


@pytest.fixture
def hand(qapp: QApplication) -> Iterator[Hand]:
    view, store = canvas(lesson())
    view.set_frame(lesson_frame())
    qapp.processEvents()
    view.setFocus()
    yield Hand(view, store)
    view.close()
    view.deleteLater()
