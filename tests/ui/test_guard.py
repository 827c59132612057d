"""Whatever an override raises, the program lives and hears of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import shiboken6
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from guigrad.ui import guard


def deleted() -> None:
    widget = QWidget()
    shiboken6.delete(widget)
    widget.show()


CASES: dict[str, Callable[[], object]] = {
    "index": lambda: [][1],
    "type": lambda: len(3),  # type: ignore[arg-type]  # it shall fail
    "value": lambda: int("x"),
    "key": lambda: {}["x"],
    "unpacking": lambda: dict([(1,)]),  # type: ignore[list-item]  # it shall fail
    "deleted": deleted,
    "raised": lambda: pytest.fail("said"),
}


@pytest.mark.parametrize("what", CASES)
def test_an_exception_in_an_override_is_told(qtbot: QtBot, what: str) -> None:
    guard.overrides()

    class Filter(QWidget):
        __module__ = "guigrad.ui.made_by_a_test"

        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.KeyPress:
                CASES[what]()
            return False

    target, listener = QWidget(), Filter()
    qtbot.addWidget(target)
    qtbot.addWidget(listener)
    target.installEventFilter(listener)
    with qtbot.captureExceptions(), pytest.raises(BaseException, match=r"."):
        QTest.keyClick(target, Qt.Key.Key_A)
    target.removeEventFilter(listener)
