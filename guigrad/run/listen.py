"""Something that happens, and those who want to be told."""

from __future__ import annotations

from collections.abc import Callable


class Event:
    """Something that happened; whoever connected is told, in the order they came."""

    def __init__(self) -> None:
        self._callbacks: list[Callable[..., None]] = []

    def connect(self, callback: Callable[..., None]) -> Callable[[], None]:
        """Calls ``callback`` from now on; returns what stops it."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def tell(self, *what: object) -> None:
        """It happened."""
        for callback in tuple(self._callbacks):
            callback(*what)
