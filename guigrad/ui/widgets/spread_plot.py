"""A histogram for each step, as a picture: steps from left to right, values upwards, the more entries the stronger the colour."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtWidgets import QWidget

from guigrad.run.sketch import Bins, Sketch
from guigrad.ui.canvas.content import number
from guigrad.ui.style import Look
from guigrad.ui.widgets.chart import Chart, StepAxis

ROWS: Final = 96
COLUMNS: Final = 500
QUANTILES: Final = (0.05, 0.5, 0.95)
SHADES: Final = 64

Numbers = NDArray[np.float64]


class Heat:
    """The histograms of one parameter on a common grid. Shapes: ``density`` is [rows, columns], 0 to 1; ``lines`` [quantiles, samples]."""

    def __init__(self, samples: Sequence[tuple[int, Bins]]) -> None:
        self.steps = np.array([step for step, _ in samples], dtype=np.float64)
        known = [bins for _, bins in samples if bins.counts]
        self.low = min((bins.low for bins in known), default=0.0)
        self.high = max((bins.high for bins in known), default=0.0)
        if self.low == self.high:
            self.low, self.high = self.low - 0.5, self.high + 0.5
        edges = np.linspace(self.low, self.high, ROWS + 1)
        made = [_on(bins, edges) for _, bins in samples]
        per_sample = np.array([density for density, _ in made]).reshape(len(samples), ROWS)
        self.lines = np.array([quantiles for _, quantiles in made]).reshape(len(samples), len(QUANTILES)).T
        self.odd = np.array([step for step, bins in samples if bins.odd], dtype=np.float64)
        self.first, self.last = (float(self.steps[0]), float(self.steps[-1])) if len(samples) else (0.0, 0.0)
        columns = int(min(COLUMNS, max(1.0, self.last - self.first + 1)))
        at = self.first + (np.arange(columns) + 0.5) * (self.last - self.first + 1) / columns - 0.5
        held = np.clip(np.searchsorted(self.steps, at, side="right") - 1, 0, max(0, len(samples) - 1))
        self.density: Numbers = per_sample[held].T if len(samples) else np.zeros((ROWS, 1))


def _on(bins: Bins, edges: Numbers) -> tuple[Numbers, Numbers]:
    """A histogram on other edges, its densest bin 1, and its quantiles."""
    counts = np.frombuffer(bins.counts, dtype=np.uint32).astype(np.float64)
    total = counts.sum()
    if not total:
        return np.zeros(len(edges) - 1), np.full(len(QUANTILES), np.nan)
    if bins.low == bins.high:
        found = np.zeros(len(edges) - 1)
        found[min(max(int(np.searchsorted(edges, bins.low, side="right")) - 1, 0), len(found) - 1)] = 1.0
        return found, np.full(len(QUANTILES), bins.low)
    own = bins.low + (bins.high - bins.low) * np.arange(len(counts) + 1) / len(counts)
    sums = np.concatenate(([0.0], np.cumsum(counts)))
    found = np.diff(np.interp(edges, own, sums))
    return found / found.max(), np.interp(np.array(QUANTILES) * total, sums, own)


class SpreadPlot(Chart):
    """The spread of one parameter, or of its gradient, over steps. ``step_chosen(step)``: a click."""

    step_chosen = Signal(int)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(look, "Histogram of a parameter over steps", parent)
        self.samples: tuple[tuple[int, Bins], ...] = ()
        self.heat: Heat | None = None
        self.token, self.name = "value", ""
        self.image: Any = self._pg.ImageItem(axisOrder="row-major")
        self.item.addItem(self.image)
        self.lines = [self.item.plot() for _ in QUANTILES]
        self.odd: Any = self._pg.ScatterPlotItem(symbol="x", pxMode=True)
        self.item.addItem(self.odd)
        self.steps = StepAxis(self, self.step_chosen)
        self.set_look(look)

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        super().set_look(look)
        self.item.showGrid(x=False, y=False)  # its lines would lie over the picture
        self.steps.set_look(look)
        self._style()

    def title(self) -> str:
        return f"Histogram of {self.name} over steps"

    def show_sketches(self, sketches: Sequence[Sketch], key: str, part: str) -> None:
        """A parameter by its node id; ``part`` is "value" or "grad"."""
        found = []
        for sketch in sketches:
            spot = next((one for one in sketch.spots if one.id == key), None)
            if spot is not None:
                self.name = f"{spot.label}.grad" if part == "grad" else spot.label
                bins = spot.grad if part == "grad" else spot.value
                if bins is not None and (bins.counts or bins.odd):
                    found.append((sketch.step, bins))
        self.samples = tuple(found)
        if self.token != part:
            self.token = part
            self._style()
        self._draw()

    def show_step(self, step: int | None) -> None:
        """Where the canvas is."""
        self.steps.show_step(step if self.samples else None)

    def csv(self) -> str:
        """One row a bin of each step; what is not finite is counted at the end of each step's rows."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["step", "low", "high", "count"])
        for step, bins in self.samples:
            counts = np.frombuffer(bins.counts, dtype=np.uint32).tolist()
            wide = (bins.high - bins.low) / max(1, len(counts))
            for at, count in enumerate(counts):
                writer.writerow([step, repr(bins.low + at * wide), repr(bins.low + (at + 1) * wide), count])
            if bins.odd:
                writer.writerow([step, "not finite", "", bins.odd])
        return text.getvalue()

    def words(self) -> str:
        """The last histogram in words."""
        if not self.samples or self.heat is None:
            return ""
        step, bins = self.samples[-1]
        low, middle, high = self.heat.lines[:, -1].tolist()
        odd = f" · {bins.odd:,} not finite" if bins.odd else ""
        if not bins.counts:
            return f"step {step:,}: nothing finite{odd}"
        return f"step {step:,}: median {number(middle)}, 5–95 % {number(low)} to {number(high)}{odd}"

    # --- inside ---

    def _style(self) -> None:
        color, ground = self.look.color(self.token), self.look.color("panel")
        mix = np.linspace(0.0, 1.0, SHADES)[:, None] ** 0.6
        ends = np.array([[ground.red(), ground.green(), ground.blue()], [color.red(), color.green(), color.blue()]])
        self.image.setLookupTable((ends[0] * (1 - mix) + ends[1] * mix).astype(np.uint8))
        styles = (Qt.PenStyle.DotLine, Qt.PenStyle.SolidLine, Qt.PenStyle.DotLine)
        for line, style in zip(self.lines, styles, strict=True):
            line.setPen(self._pg.mkPen(self.look.color("text", 0.8), width=self.look.scale * 1.2, style=style))
        self.odd.setPen(self._pg.mkPen(self.look.color("failed"), width=self.look.scale * 1.5))
        self.odd.setSize(self.look.px(8))

    def _draw(self) -> None:
        if not self.samples:
            self.heat = None
            self.image.clear()
            for line in self.lines:
                line.setData([], [])
            self.odd.setData([], [])
            return
        heat = self.heat = Heat(self.samples)
        self.image.setImage(heat.density, autoLevels=False, levels=(0.0, 1.0))
        self.image.setRect(QRectF(heat.first - 0.5, heat.low, heat.last - heat.first + 1.0, heat.high - heat.low))
        for line, numbers in zip(self.lines, heat.lines, strict=True):
            line.setData(heat.steps, numbers, connect="finite")
        self.odd.setData(heat.odd, np.full(len(heat.odd), heat.low))
        self.item.setLabel("left", self.name)
