"""The points of a landscape in the order in which they are asked for: a coarse grid first, then finer ones that keep what is known."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from guigrad.ui.widgets.terrain import Numbers

SIZES: Final = (9, 17, 33, 65, 129)
FAR: Final = 1e6
BATCH: Final = 1024
"""So many points at most are asked for at once."""

Range = tuple[float, float, float, float]


class Grid:
    """One range being computed. ``z`` is the finest grid of which every point is known; ``ready`` how many levels those are.

    ``line``: one row of points along x alone.
    """

    def __init__(self, to: Range, line: bool = False) -> None:
        self.to, self.line = to, line
        self.ready = 0
        self.z: Numbers = np.empty(0)
        self._next = np.full((1 if line else SIZES[0], SIZES[0]), np.nan)
        self._todo: list[tuple[int, int]] = [(i, j) for i in range(len(self._next)) for j in range(SIZES[0])]
        self._done = 0
        self.levels = len(SIZES)

    @property
    def x(self) -> Numbers:
        """The points of ``z`` along x."""
        return np.linspace(self.to[0], self.to[1], self.z.shape[1] if self.ready else 2)

    @property
    def y(self) -> Numbers:
        """The points of ``z`` along y."""
        return np.linspace(self.to[2], self.to[3], len(self.z) if self.ready else 2)

    @property
    def finished(self) -> bool:
        """Whether there is nothing more to ask."""
        return self.ready >= self.levels

    @property
    def count(self) -> tuple[int, int]:
        """How many points are known, and how many there will be."""
        known = self.z.size if self.ready else 0
        return known + (self._done if not self.finished else 0), SIZES[self.levels - 1] ** (1 if self.line else 2)

    def batch(self) -> tuple[tuple[float, float], ...]:
        """The next points."""
        if self.finished:
            return ()
        size = SIZES[self.ready]
        x, y = np.linspace(self.to[0], self.to[1], size), np.linspace(self.to[2], self.to[3], size)
        return tuple((float(x[j]), float(y[i])) for i, j in self._todo[self._done : self._done + BATCH])

    def take(self, values: tuple[float, ...]) -> bool:
        """What the next points are; whether a grid is complete with them."""
        for (i, j), value in zip(self._todo[self._done : self._done + len(values)], values, strict=False):
            self._next[i, j] = value
        self._done += len(values)
        if self.finished or self._done < len(self._todo):
            return False
        self.z, self.ready, self._done = self._next, self.ready + 1, 0
        if self.ready < len(SIZES):  # also beyond ``levels``, which may be raised again
            size = SIZES[self.ready]
            self._next = np.full((1 if self.line else size, size), np.nan)
            self._next[::2, ::2] = self.z
            self._todo = [(i, j) for i in range(len(self._next)) for j in range(size) if i % 2 or j % 2]
        return True

    def stop_at(self, levels: int) -> None:
        """No finer than so many levels."""
        self.levels = max(1, min(len(SIZES), levels))


def home_range(ends: list[tuple[float, float]], points: list[tuple[float, float]]) -> Range:
    """The range that holds ``ends`` along both axes and every point that is not lost far away."""
    found: list[float] = []
    for k in (0, 1):
        values = [point[k] for point in points if math.isfinite(point[k]) and abs(point[k]) < FAR]
        low, high = min([ends[k][0], *values]), max([ends[k][1], *values])
        room = 0.08 * (high - low) if low < ends[k][0] or high > ends[k][1] else 0.0
        room = max(room, 1e-6 * max(1.0, abs(low)) if high <= low else room)
        found += [low - room, high + room]
    return found[0], found[1], found[2], found[3]
