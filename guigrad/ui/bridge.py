"""The one door from other threads to the GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal
from shiboken6 import isValid


class Bridge(QObject):
    """Turns callbacks into signals on the GUI thread.

    Thread: ``post`` and ``emitter`` may be called from any; everything else belongs to the GUI thread. Once closed, what still arrives
    is dropped, so a late result never reaches a window that is gone.
    """

    _posted = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._closed = False
        self._posted.connect(self._on_posted, Qt.ConnectionType.QueuedConnection)

    def post(self, call: Callable[[], Any]) -> None:
        """Calls ``call`` in the GUI thread, soon, in the order of the posts."""
        if not self._closed and isValid(self):  # its owner may have gone without closing it
            self._posted.emit(call)

    def close(self) -> None:
        """Drops what comes from now on."""
        self._closed = True

    def _on_posted(self, call: Callable[[], Any]) -> None:
        if not self._closed:
            call()
