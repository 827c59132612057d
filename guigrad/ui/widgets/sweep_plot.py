"""What a swept number leads to: one point for each value, drawn by pyqtgraph."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from guigrad.run.sweep import Tried
from guigrad.ui.style import Look
from guigrad.ui.widgets.chart import Chart


class SweepPlot(Chart):
    """Final loss against the value; values that diverged are marked at the lower rim."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(look, "Final loss against the swept setting", parent)
        self.tried: tuple[Tried, ...] = ()
        self.name = ""
        self.log_x = self.log_y = False
        self.line: Any = self.item.plot(connect="finite")
        self.broken: Any = self._pg.ScatterPlotItem(pxMode=True)
        self.item.addItem(self.broken, ignoreBounds=True)
        self.set_look(look)

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        super().set_look(look)
        color = look.color("value")
        self.line.setPen(self._pg.mkPen(color, width=1.7 * look.scale))
        self.line.setSymbol("o")
        self.line.setSymbolSize(look.px(7))
        self.line.setSymbolBrush(color)
        self.line.setSymbolPen(self._pg.mkPen(look.color("panel")))
        self.broken.setBrush(self._pg.mkBrush(QColor(look.theme.invalid)))
        self.broken.setPen(self._pg.mkPen(None))
        self.broken.setSymbol("x")
        self.broken.setSize(look.px(10))

    def show_tried(self, tried: Sequence[Tried], name: str, log_x: bool, loss: str = "loss") -> None:
        """Other values."""
        self.tried, self.name = tuple(tried), name
        x = np.array([one.value for one in tried], np.float64)
        y = np.array([one.loss for one in tried], np.float64)
        good = np.isfinite(y)
        log_y = bool(good.any() and (y[good] > 0).all() and y[good].max() > 30 * y[good].min())
        if (log_x, log_y) != (self.log_x, self.log_y):
            self.log_x, self.log_y = log_x, log_y
            self.item.setLogMode(x=log_x, y=log_y)
        self.item.setLabel("bottom", name)
        self.item.setLabel("left", f"final {loss}" + (" (NaN marked ×)" if not good.all() else ""))
        self.line.setData(x, np.where(good, y, np.nan))
        self.item.enableAutoRange()
        low = self.item.getViewBox().viewRange()[1][0] if good.any() else 0.0
        bad = np.log10(x[~good]) if log_x else x[~good]
        self.broken.setData(bad, np.full(len(bad), low))

    def csv(self) -> str:
        """One row a value."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([self.name, "loss", "steps", "note"])
        writer.writerows([repr(one.value), repr(one.loss), one.steps, one.said] for one in self.tried)
        return text.getvalue()
