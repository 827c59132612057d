"""J filled by one pass after the other: a basis vector gives a row by VJP, a column by JVP, a column of the Hessian by HVP."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from PySide6.QtCore import QObject, QTimer

from guigrad.document.problem import Problem
from guigrad.run.derivative import AskMatrix, AskProduct, Matrix, Product, Question
from guigrad.ui.vectors import bits

Array = np.ndarray[Any, Any]
Ask = Callable[[Question, Callable[[Any], None]], None]
PAUSE_MS: Final = (16, 320, 6000)
"""Shortest and longest pause between two passes, and how long all of them take together."""
STEPS: Final = 100
"""Steps at most: of a large J several rows come at once."""


class Fill:
    """``changed()`` is told of each step, ``failed(problems)`` why one could not be had; ``ask(question, answer)`` brings the numbers.

    ``at`` is how many basis vectors have been through, -1 when J is not being filled. Thread: the GUI thread.
    """

    def __init__(self, owner: QObject, ask: Ask, changed: Callable[[], None], failed: Callable[[Any], None]) -> None:
        self._ask, self._changed, self._failed = ask, changed, failed
        self._tick = QTimer(owner, singleShot=True)
        self._tick.timeout.connect(self._pass)
        self._matrix: Matrix | None = None
        self._mode = "reverse"
        self._labels = ("", "")
        self._asked = False
        self.at = -1
        self.playing = self.calm = False
        self.grid = np.zeros((0, 0))
        self.there: Array = np.zeros((0, 0), bool)
        self.vector: Array = np.zeros(0)
        self.result: Array | None = None

    @property
    def active(self) -> bool:
        """Whether J is being filled, or waits half filled."""
        return self.at >= 0

    @property
    def total(self) -> int:
        """How many basis vectors there are."""
        matrix = self._matrix
        return 0 if matrix is None else len(matrix.rows if self._mode == "reverse" else matrix.columns)

    def start(self, matrix: Matrix, grid: Array, mode: str, labels: tuple[str, str]) -> None:
        """An empty J. ``labels`` are how output and input are called in questions."""
        self._matrix, self._mode, self._labels = matrix, mode, labels
        self.grid, self.there = np.zeros_like(grid), np.zeros(grid.shape, bool)
        self.vector, self.result = np.zeros(self.total, grid.dtype), None
        self.at, self._asked = 0, False

    def play(self, on: bool) -> None:
        """One pass after the other, or none until further notice."""
        self.playing = on and self.active
        self._tick.stop()
        if self.playing:
            self._pass()
        self._changed()

    def step(self) -> None:
        """One basis vector more; after the last one it ends."""
        self.playing = False
        self._tick.stop()
        if self.at >= self.total:
            self.stop()
            self._changed()
        else:
            self._pass(1)

    def stop(self) -> None:
        """J is whole again."""
        self._tick.stop()
        self.at, self.playing, self._asked = -1, False, False

    def _pass(self, count: int = 0) -> None:
        matrix = self._matrix
        if self._asked or not self.active or matrix is None:
            return
        if self.at >= self.total:
            self.stop()
            self._changed()
            return
        several = count or (self.total if self.calm else max(1, math.ceil(self.total / STEPS)))
        self._asked = True
        if self._mode == "hessian":
            shape = matrix.shapes[1]
            basis = np.zeros(matrix.full[1], self.grid.dtype)
            basis[matrix.columns[self.at]] = 1
            self._ask(AskProduct(*self._labels, bits(basis.reshape(shape)), "hvp"), self._on_column)
            return
        places = matrix.rows if self._mode == "reverse" else matrix.columns
        chosen = tuple(places[self.at : self.at + several])
        rows, columns = (chosen, None) if self._mode == "reverse" else (None, chosen)
        self._ask(AskMatrix(*self._labels, "jacobian", self._mode, rows, columns), self._on_part)

    def _on_column(self, product: Product) -> None:
        if self._matrix is None or product.values is None:
            self._fail(product.problems)
            return
        column = product.values.numpy().reshape(-1)[list(self._matrix.rows)]
        self._came(column.reshape(-1, 1))

    def _on_part(self, part: Matrix) -> None:
        if part.values is None:
            self._fail(part.problems)
        else:
            self._came(part.values.numpy())

    def _fail(self, problems: tuple[Problem, ...]) -> None:
        self.stop()
        self._failed(problems)

    def _came(self, values: Array) -> None:
        if not self.active:
            return
        self._asked = False
        rows, at = self._mode == "reverse", self.at
        count = values.shape[0 if rows else 1]
        part = np.s_[at : at + count] if rows else np.s_[:, at : at + count]
        self.grid, self.there = self.grid.copy(), self.there.copy()
        self.grid[part], self.there[part] = values, True
        self.at = at + count
        last = self.at - 1
        self.vector = np.zeros(self.total, self.grid.dtype)
        self.vector[last] = 1
        self.result = self.grid[last] if rows else self.grid[:, last]
        self._changed()
        if self.playing:
            steps = math.ceil(self.total / count)
            self._tick.start(max(PAUSE_MS[0], min(PAUSE_MS[1], PAUSE_MS[2] // steps)))
