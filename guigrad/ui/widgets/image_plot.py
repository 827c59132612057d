"""Rows that are pictures, side by side, each with what the program takes it for."""

from __future__ import annotations

import csv
import io
import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from guigrad.ui.style import Look
from guigrad.ui.widgets.chart import Chart

MOST: Final = 40
"""Pictures that are shown at once."""
GAP: Final = 0.35
"""Room below each picture for its words, of its height."""
BLANK: Final = 0


class ImagePlot(Chart):
    """Shapes: pictures [n, channels, height, width]."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(look, "Pictures with what the program takes them for", parent)
        self.pictures: NDArray[Any] = np.zeros((0, 1, 1, 1))
        self.found: tuple[int, ...] | None = None
        self.wanted: tuple[float, ...] | None = None
        self.image: Any = self._pg.ImageItem(axisOrder="row-major")
        self.item.addItem(self.image)
        self.texts: list[Any] = []
        self.item.hideAxis("left")
        self.item.hideAxis("bottom")
        self.item.invertY(True)
        self.item.setAspectLocked(True)
        self.set_look(look)

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        super().set_look(look)
        self.item.showGrid(x=False, y=False)
        self._draw()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._draw()

    def show_pictures(
        self, pictures: NDArray[Any], found: tuple[int, ...] | None, wanted: tuple[float, ...] | None
    ) -> None:
        """Others; ``found`` is the class that the program gives each, ``wanted`` its target."""
        self.pictures, self.found, self.wanted = pictures[:MOST], found, wanted
        self._draw()

    def words(self) -> str:
        """How many are right."""
        if self.found is None or self.wanted is None:
            return ""
        right = sum(one == other for one, other in zip(self.found, self.wanted, strict=True))
        return f"{right} of {len(self.found)} shown are right"

    def csv(self) -> str:
        """One row a picture."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        count, size = len(self.pictures), int(np.prod(self.pictures.shape[1:]))
        writer.writerow(["row", "output", "target", *[f"pixel{at}" for at in range(size)]])
        flat = self.pictures.reshape(count, size)
        for at in range(count):
            output = "" if self.found is None else self.found[at]
            target = "" if self.wanted is None else f"{self.wanted[at]:g}"
            writer.writerow([at, output, target, *map(repr, flat[at].tolist())])
        return text.getvalue()

    # --- inside ---

    def _columns(self, count: int, wide: float) -> int:
        room = max(1, self.plot.viewport().width()) / max(1, self.plot.viewport().height())
        return max(1, min(count, round(math.sqrt(count * room * (1 + GAP) / wide))))

    def _draw(self) -> None:
        for text in self.texts:
            self.item.removeItem(text)
        self.texts = []
        count = len(self.pictures)
        if not count:
            self.image.clear()
            return
        _, _, tall, wide = self.pictures.shape
        columns = self._columns(count, wide / tall)
        rows = math.ceil(count / columns)
        below = max(1, round(tall * GAP))
        sheet = np.zeros((rows * (tall + below), columns * (wide + 1), 4), dtype=np.uint8)
        for at, picture in enumerate(_shades(self.pictures)):
            top, left = (at // columns) * (tall + below), (at % columns) * (wide + 1)
            sheet[top : top + tall, left : left + wide, :3] = picture
            sheet[top : top + tall, left : left + wide, 3] = 255
            self._put_words(at, left + wide / 2, top + tall)
        self.image.setImage(sheet, autoLevels=False)
        self.item.vb.setRange(xRange=(0, sheet.shape[1]), yRange=(0, sheet.shape[0]), padding=0.02)

    def _put_words(self, at: int, x: float, y: float) -> None:
        found = None if self.found is None else self.found[at]
        wanted = None if self.wanted is None else self.wanted[at]
        if found is None and wanted is None:
            return
        right = found is None or wanted is None or found == wanted
        words = f"{wanted:g}" if found is None else f"{found}" if wanted is None else (
            f"{found} ✓" if right else f"{found} ✗ {wanted:g}"
        )  # fmt: skip
        token = "text_muted" if found is None or wanted is None else "success" if right else "failed"
        text = self._pg.TextItem(words, color=self.look.color(token), anchor=(0.5, 0.1))
        text.setFont(self.look.code(10))
        text.setPos(x, y)
        self.item.addItem(text, ignoreBounds=True)
        self.texts.append(text)


def _shades(pictures: NDArray[Any]) -> NDArray[np.uint8]:
    """Grey or colour from the smallest to the largest number of all. Shapes: [n, c, h, w] -> uint8 [n, h, w, 3]"""
    numbers = pictures.astype(np.float64)
    good = np.isfinite(numbers)
    low, high = (float(numbers[good].min()), float(numbers[good].max())) if good.any() else (0.0, 1.0)
    part = np.where(good, (numbers - low) / ((high - low) or 1.0), BLANK)
    shades = np.round(255 * part).astype(np.uint8).transpose(0, 2, 3, 1)
    return np.repeat(shades, 3, axis=3) if shades.shape[3] == 1 else shades
