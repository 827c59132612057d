"""The gradient norm of each parameter in one step, as bars on a logarithmic axis; what vanishes or explodes says so beside its bar."""

from __future__ import annotations

import csv
import io
import math
from typing import Any, Final

import numpy as np
from PySide6.QtWidgets import QWidget

from guigrad.run.sketch import Sketch
from guigrad.run.vital import Verdict
from guigrad.ui.style import Look
from guigrad.ui.widgets.chart import Chart

MOST: Final = 40
"""Bars that there is room for."""
ROOM: Final = 0.45
"""Room for the words beside the longest bar, of its length."""
BAD: Final = {"vanishing": "warning", "exploding": "failed", "zero": "warning", "none": "text_muted"}


class NormBars(Chart):
    """Bars from top to bottom in the program's order."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(look, "Gradient norm of each parameter in one step", parent)
        self.sketch = Sketch()
        self.verdicts: dict[str, Verdict] = {}
        self.bars: Any = None
        self.texts: list[Any] = []
        self.item.getAxis("bottom").setLogMode(x=True, y=False)
        self.item.setLabel("bottom", "gradient norm")
        self.item.vb.setMouseEnabled(x=False, y=False)
        self.set_look(look)

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        super().set_look(look)
        self._draw()

    def show_sketch(self, sketch: Sketch, verdicts: tuple[Verdict, ...]) -> None:
        """Another step."""
        self.sketch, self.verdicts = sketch, {verdict.id: verdict for verdict in verdicts}
        self._draw()

    def csv(self) -> str:
        """One row a parameter."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["step", "parameter", "gradient norm", "norm", "update ratio", "said"])
        for spot in self.sketch.spots:
            said = self.verdicts[spot.id].text if spot.id in self.verdicts else ""
            numbers = [repr(number) for number in (spot.grad_norm, spot.norm, spot.ratio)]
            writer.writerow([self.sketch.step, spot.label, *numbers, said])
        return text.getvalue()

    def _draw(self) -> None:
        for old in (self.bars, *self.texts):
            if old is not None:
                self.item.removeItem(old)
        self.bars, self.texts = None, []
        spots = self.sketch.spots[:MOST]
        if not spots:
            self.item.getAxis("left").setTicks([[]])
            return
        norms = [spot.grad_norm for spot in spots]
        logs = [math.log10(norm) for norm in norms if math.isfinite(norm) and norm > 0]
        low, high = math.floor(min(logs, default=0.0)) - 0.5, max(logs, default=0.0)
        ends = [_end(norm, low, high) for norm in norms]
        places = -np.arange(len(spots), dtype=np.float64)
        kinds = [self.verdicts[spot.id].kind if spot.id in self.verdicts else "" for spot in spots]
        brushes = [self._pg.mkBrush(self.look.color(BAD.get(kind, "grad"))) for kind in kinds]
        self.bars = self._pg.BarGraphItem(
            x0=[low] * len(spots), x1=ends, y=places, height=0.62, brushes=brushes, pen=self._pg.mkPen(None)
        )
        self.bars.setZValue(1)
        self.item.addItem(self.bars)
        for spot, kind, end, place in zip(spots, kinds, ends, places.tolist(), strict=True):
            number = "none" if spot.grad is None else f"{spot.grad_norm:.3g}"
            text = self._pg.TextItem(
                f"{number} · {kind}" if kind and kind != "none" else number,
                color=self.look.color(BAD.get(kind, "text_muted")), anchor=(0, 0.5),
            )  # fmt: skip
            text.setFont(self.look.code(10.5))
            text.setPos(end, place)
            self.item.addItem(text, ignoreBounds=True)
            self.texts.append(text)
        ticks = [(place, spot.label) for spot, place in zip(spots, places.tolist(), strict=True)]
        self.item.getAxis("left").setTicks([ticks])
        decades = range(math.ceil(low), math.ceil(high + (high - low) * ROOM) + 1)
        every = max(1, len(decades) // 8)
        self.item.getAxis("bottom").setTicks([[(decade, f"{10.0**decade:g}") for decade in decades[::every]]])
        room = max(1.0, (high - low) * ROOM)
        self.item.vb.setRange(xRange=(low, high + room), yRange=(places[-1] - 0.7, 0.7), padding=0)


def _end(norm: float, low: float, high: float) -> float:
    """Where a bar ends: what is not finite reaches as far as the longest, what is not there is none."""
    if math.isinf(norm):
        return high
    return math.log10(norm) if norm > 0 else low
