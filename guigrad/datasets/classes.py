"""Targets as torch wants them: indices of classes, or numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from guigrad.datasets.builtin import Points
from guigrad.datasets.spec import refused
from guigrad.files.arrays import is_number

MANY_CLASSES = 20
"""Whole numbers of more different values than this are taken for numbers."""


def to_targets(points: Points, labels: Sequence[Sequence[str]], task: str, path: str = "") -> None:
    """Gives points their targets, a row of texts for each.

    Texts that are no numbers are classes, and so are whole numbers of few different values, unless ``task`` says otherwise.
    Raises: ProblemError when they cannot be what they shall be.
    """
    width = len(labels[0])
    numbers = all(is_number(cell) and cell.strip() for row in labels for cell in row)
    if task == "auto":
        task = "classes" if width == 1 and (not numbers or _is_few([float(row[0]) for row in labels])) else "numbers"
    if task == "classes":
        if width != 1:
            raise refused("classes stand in one column", path)
        column = [row[0] for row in labels]
        names = sorted(set(column), key=lambda cell: (float(cell), cell)) if numbers else sorted(set(column))
        if len(names) > len(column) // 2 + 1 and len(names) > MANY_CLASSES:
            raise refused(f"{len(names)} different targets of {len(column)} points are no classes", path)
        place = {name: index for index, name in enumerate(names)}
        points.targets, points.is_classes = np.array([place[cell] for cell in column], dtype=np.int64), True
        points.classes = tuple(names)
        return
    if not numbers:
        cell = next(cell for row in labels for cell in row if not is_number(cell))
        raise refused(f"the target {cell[:40]!r} is no number", path)
    points.targets = np.array([[float(cell) for cell in row] for row in labels])
    if not np.isfinite(points.targets).all():
        raise refused("not all targets are finite numbers", path)


def _is_few(values: Sequence[float]) -> bool:
    if not all(math.isfinite(value) and value == math.floor(value) for value in values):
        return False
    return len(set(values)) <= min(MANY_CLASSES, max(2, len(values) // 2))
