"""The heat-map cells of all visible cards in a few batch calls."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from PySide6.QtGui import QImage, QPainter, QPixmap

from guigrad.ui.canvas.arrays import c_array
from guigrad.ui.canvas.face import cell_gap
from guigrad.ui.canvas.wire import Array
from guigrad.ui.heat import table
from guigrad.ui.theme import Theme

CLEAR: Final = 512
"""Index of the colour between cells: none."""

Job = tuple[float, float, Array, int, float]
"""left and top on screen in px, levels, 0 for a value or 256 for a gradient, opacity."""


@lru_cache(maxsize=8)
def _colors(theme: Theme) -> Array:
    made = np.zeros(CLEAR + 1, np.uint32)
    made[:256], made[256:512] = table(theme, "value"), table(theme, "grad")
    return made


@lru_cache(maxsize=512)
def _map(rows: int, columns: int, width: int, height: int, scale: float) -> Array:
    """For each pixel the number of its cell, ``rows * columns`` for a gap or a rounded corner. Shapes: [height, width]"""

    def axis(count: int, room: int) -> tuple[Array, Array]:
        gap = cell_gap(count, room / scale) * scale
        pitch = (room + gap) / count
        at = np.arange(room) + 0.5
        cell = np.minimum((at / pitch).astype(np.intp), count - 1)
        inside = at - cell * pitch
        size = pitch - gap
        index = np.where(inside < size, cell, -1)
        edge = (inside < 1.0) | ((inside >= size - 1.0) & (inside < size))
        return index, edge & (size >= 7)

    across, side = axis(columns, width)
    down, lid = axis(rows, height)
    made = down[:, None] * columns + across[None, :]
    made[(down < 0)[:, None] | (across < 0)[None, :]] = rows * columns
    if cell_gap(columns, width / scale):
        made[lid[:, None] & side[None, :]] = rows * columns
    return made


def draw(
    p: QPainter, theme: Theme, jobs: dict[tuple[int, int, int, int], list[Job]], scale: float, ratio: float
) -> None:
    """Paints cells. ``jobs`` are grouped by (rows, columns, width, height) with the size in device px."""
    colors = _colors(theme)
    for (rows, columns, width, height), group in jobs.items():
        count = len(group)
        levels = np.full((count, rows * columns + 1), CLEAR, np.intp)
        levels[:, :-1] = np.stack([job[2] for job in group]).reshape(count, -1)
        levels[:, :-1] += np.array([job[3] for job in group])[:, None]
        pixels = np.ascontiguousarray(colors[levels][:, _map(rows, columns, width, height, scale * ratio)])
        # Image and pixmap look into ``pixels``, which lives until both have been drawn below; neither may be kept.
        image = QImage(pixels.data, width, height * count, width * 4, QImage.Format.Format_ARGB32_Premultiplied)
        sheet = QPixmap.fromImage(image)
        fragments = np.zeros((count, 10))
        place = np.array([(job[0], job[1], job[4]) for job in group])
        fragments[:, 0] = place[:, 0] + width / ratio / 2
        fragments[:, 1] = place[:, 1] + height / ratio / 2
        fragments[:, 3] = np.arange(count) * height
        fragments[:, 4], fragments[:, 5] = width, height
        fragments[:, 6:8] = 1.0 / ratio
        fragments[:, 9] = place[:, 2]
        p.drawPixmapFragments(c_array(fragments, QPainter.PixmapFragment), count, sheet)
        del sheet, image  # before their pixels
