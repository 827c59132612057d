"""Puts things on the system's clipboard such that the program can end while they are there."""

from __future__ import annotations

import atexit
from functools import cache
from typing import Final

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QGuiApplication

PRIVATE: Final = ("offscreen", "minimal", "minimalegl", "vnc", "linuxfb", "eglfs")
"""Platforms whose clipboard is a static object of Qt's own, which ends later than Python does."""


def put_on_clipboard(data: QMimeData) -> None:
    """Thread: the GUI thread."""
    _watch_the_end()
    QGuiApplication.clipboard().setMimeData(data)


@cache
def _watch_the_end() -> None:
    app = QGuiApplication.instance()
    if app is not None:
        app.aboutToQuit.connect(_let_go)  # the usual end
    atexit.register(_let_go)  # a program that never entered Qt's event loop


def _let_go() -> None:
    """What was made here must not be deleted after Python has ended: that is a crash."""
    if QGuiApplication.instance() is not None and QGuiApplication.platformName() in PRIVATE:
        QGuiApplication.clipboard().clear()
