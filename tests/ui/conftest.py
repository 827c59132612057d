"""What tests of the window share."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from guigrad.document.array import ArrayData
from guigrad.document.store import Store
from guigrad.run.runner import InlineRunner
from guigrad.session import Session
from guigrad.ui.main_window import MainWindow
from guigrad.ui.settings import Settings
from guigrad.ui.style import Look, stylesheet
from guigrad.ui.theme import palette, theme

LESSON = """import torch

t1 = torch.tensor([0.7659, -2.0262, -1.4139, 1.1822, -1.1543], requires_grad=True)
t2 = t1 + 2
t3 = 2 * t2**2
t4 = t3.mean()
"""


@pytest.fixture(autouse=True)
def _widgets_are_gone(qapp: QApplication) -> Iterator[None]:
    """Widgets that a test gave up are really deleted: outside of an event loop ``deleteLater`` waits for ever, and whoever sets a style
    sheet next would style them all."""
    yield
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


class Patient(QtBot):
    """A bot that waits as long as a busy machine takes: no test is about how fast something comes."""

    def waitUntil(self, callback: Callable[[], bool | None], *, timeout: int = 120_000) -> None:
        super().waitUntil(callback, timeout=timeout)


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> Patient:
    """Mouse, keys and waiting."""
    return Patient(request)


@pytest.fixture
def look(qapp: QApplication) -> Look:
    """The dark theme at scale 1, applied to the application."""
    made = Look(theme("dark"), 1.0)
    qapp.setPalette(palette(made.theme))
    qapp.setFont(made.text())
    qapp.setStyleSheet(stylesheet(made))
    return made


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    """The whole window, an engine in the same process behind it."""
    session = Session(Store(), InlineRunner())
    made = MainWindow(session, Settings(tmp_path / "config"))
    made.resize(1600, 1000)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.end()
    session.close()
    made.deleteLater()


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The lesson as a file."""
    path = tmp_path / "lesson.py"
    path.write_text(LESSON)
    return path


@pytest.fixture
def lesson(window: MainWindow, script: Path) -> MainWindow:
    """A window with the lesson, its values computed."""
    assert window.intents.open_path(str(script))
    return window


def array(values: Sequence[float] | float, *shape: int) -> ArrayData:
    """A float32 tensor."""
    flat = list(values) if isinstance(values, Sequence) else [values]
    shape = shape or ((len(flat),) if isinstance(values, Sequence) else ())
    strides, step = [], 1
    for size in reversed(shape):
        strides.insert(0, step)
        step *= size
    return ArrayData("float32", shape, tuple(strides), struct.pack(f"<{len(flat)}f", *flat))
