"""A window that was closed is let go, with all that it held."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from guigrad.document.store import Store
from guigrad.run.runner import InlineRunner
from guigrad.session import Session
from guigrad.ui.main_window import MainWindow
from guigrad.ui.settings import Settings


@pytest.mark.parametrize("used", [False, True], ids=["untouched", "used"])
def test_a_closed_window_is_let_go(qapp: QApplication, tmp_path: Path, script: Path, used: bool) -> None:
    """A widget without a parent, connected to a function that holds its panel, would keep the whole window for ever."""
    before = set(qapp.topLevelWidgets())
    session = Session(Store(), InlineRunner())
    window = MainWindow(session, Settings(tmp_path / "config"))
    window.show()
    qapp.processEvents()
    if used:
        use(window, script)
    window.end()
    session.close()
    window.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    held = weakref.ref(window), weakref.ref(session)
    del window, session
    gc.collect()
    assert [thing() for thing in held] == [None, None]
    assert set(qapp.topLevelWidgets()) <= before


def use(window: MainWindow, script: Path) -> None:
    """Every tab and panel with the lesson in it, a training, a second look at a tensor, a picture in the clipboard."""
    assert window.intents.open_path(str(script))
    session = window.session
    session.run()
    nodes = tuple(session.document.nodes)
    for selection in (nodes[:1], nodes[-1:], nodes[:2], ()):
        session.select(selection)
        QApplication.processEvents()
    session.select(nodes[:1])
    for number in range(window.tabs.count()):
        window.tabs.setCurrentIndex(number)
        QApplication.processEvents()
    window.tabs.panels["tensor"].window_asked.emit()
    window.set_scale(1.25)
    window.find_bar.show()
    session.undo()
    QApplication.processEvents()
