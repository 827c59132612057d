"""A place for cards that nobody has put anywhere: right of what they read, below what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from guigrad.document.layout import layout
from guigrad.ui.canvas.brackets import HEAD, PAD
from guigrad.ui.canvas.geometry import WIDTH

if TYPE_CHECKING:
    from guigrad.ui.canvas.scene import Scene

STEP: Final = WIDTH + 64.0
SPACE: Final = 32.0
LAID_OUT: Final = 500
"""Up to so many cards are laid out by the document's own layout, which takes its time; more are put in plain columns."""


def placed(scene: Scene, keys: list[str]) -> dict[str, tuple[float, float]]:
    """Left top corners for those of the cards that have no view, in columns by how far they are from a source."""
    waiting = [key for key in keys if key not in scene.document.views]
    if not waiting:
        return {}
    if len(waiting) == len(scene.row) <= LAID_OUT:  # nobody has put any of them anywhere
        views = layout(scene.document)
        if all(key in views for key in waiting):
            return _apart(scene, {key: (views[key].x, views[key].y) for key in waiting})
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


def _apart(scene: Scene, places: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """Moves cards down until none lies on another and brackets have room for their heads."""
    inside: dict[int, str] = {}
    for bracket in scene.brackets:  # outer ones first, so the innermost stays
        inside.update(dict.fromkeys(bracket.rows.tolist(), bracket.key))
    columns: dict[float, list[str]] = {}
    for key in sorted(places, key=lambda key: places[key][1]):
        columns.setdefault(places[key][0], []).append(key)
    found: dict[str, tuple[float, float]] = {}
    for x, keys in columns.items():
        bottom, before = -1e9, ""
        for key in keys:
            row = scene.row[key]
            here = inside.get(row, "")
            y = max(places[key][1], bottom + (SPACE / 2 if here == before else PAD + HEAD + SPACE))
            found[key] = (x, y)
            bottom, before = y + float(scene.height[row]), here
    return found
