"""Keeps the frames of a gesture within their time: what looks need more is left out until all is at rest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Final

BUDGET_MS: Final = 4.5
"""What painting a frame of a gesture may take; the rest of the frame is for everything else."""
PATIENCE: Final = 2
"""So many frames in a row over the budget are no accident."""
LEVELS: Final = 2


class Pace:
    """How much is left out: ``level`` 0 nothing, 1 what smooths wires and stretched cards, 2 fine pieces of wires too.

    It only rises while a gesture runs, so that nothing flickers, and falls when the gesture ends.
    """

    def __init__(self) -> None:
        self.level = 0
        self._late = 0

    @contextmanager
    def frame(self, free: bool) -> Iterator[None]:
        """Around the painting of a frame; a ``free`` one may take as long as it likes."""
        if free:
            self.level = self._late = 0
            yield
            return
        start = perf_counter()
        yield
        self._late = self._late + 1 if (perf_counter() - start) * 1000 > BUDGET_MS else 0
        if self._late >= PATIENCE and self.level < LEVELS:
            self.level += 1
            self._late = 0
