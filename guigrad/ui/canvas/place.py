"""A place for cards that nobody has put anywhere: right of what they read, below what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from guigrad.ui.canvas.geometry import WIDTH

if TYPE_CHECKING:
    from guigrad.ui.canvas.scene import Scene

STEP: Final = WIDTH + 64.0
SPACE: Final = 32.0


def placed(scene: Scene, keys: list[str]) -> dict[str, tuple[float, float]]:
    """Left top corners for those of the cards that have no view, in columns by how far they are from a source."""
    waiting = [key for key in keys if key not in scene.document.views]
    if not waiting:
        return {}
    taken: dict[int, float] = {}
    there = np.nonzero(~np.isnan(scene.x[: scene.count]))[0]
    for row in there.tolist():
        for column in {round(scene.x[row] / STEP), round((scene.x[row] + WIDTH) / STEP - 0.5)}:
            taken[column] = max(taken.get(column, 0.0), float(scene.y[row] + scene.height[row]) + SPACE)
    found: dict[str, tuple[float, float]] = {}
    for key in waiting:
        column, top = 0, 0.0
        for source in scene.roles.inputs.get(key, ()):
            where = found.get(source) or _seen(scene, source)
            if where is not None and round(where[0] / STEP) + 1 > column:
                column, top = round(where[0] / STEP) + 1, where[1]
        y = max(taken.get(column, 0.0), top if not found else 0.0)
        found[key] = (column * STEP, y)
        taken[column] = y + float(scene.height[scene.row[key]]) + SPACE
    return found


def _seen(scene: Scene, key: str) -> tuple[float, float] | None:
    row = scene.row.get(key)
    return None if row is None or np.isnan(scene.x[row]) else (float(scene.x[row]), float(scene.y[row]))
