"""Numbers over steps, drawn by pyqtgraph, which is imported when the first plot is made."""

from __future__ import annotations

from time import perf_counter
from typing import Any, Final

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from guigrad.ui.style import Look
from guigrad.ui.widgets.chart import Chart, StepAxis
from guigrad.ui.widgets.curves import Curve, as_csv, drawable, smooth

TOKENS: Final = ("value", "grad", "success", "xray", "warning", "optim", "loss", "leaf", "reduce", "accent")
"""Colours of the curves in their order."""
DASHES: Final = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine, Qt.PenStyle.DashDotLine)
"""Each run has another, so that curves differ by more than colour."""

GUIDE_PX: Final = 1.2


class StepPlot(Chart):
    """Curves over steps. ``step_chosen(step)``: a click in the plot. ``cost_s`` is how long the last drawing took to prepare. Units: s"""

    step_chosen = Signal(int)

    def __init__(
        self, look: Look, parent: QWidget | None = None, name: str = "Plot of watched numbers over steps"
    ) -> None:
        super().__init__(look, name, parent)
        self.drawn: tuple[Curve, ...] = ()
        self.width_steps, self.log_x, self.log_y = 1, False, False
        self.cost_s = 0.0
        self.left = ""
        self.legend_wanted = True
        self.lines: dict[tuple[int, str], Any] = {}
        self._faint: dict[tuple[int, str], Any] = {}
        self._guide: Any = None
        self.item.setDownsampling(auto=True, mode="peak")
        self.item.setClipToView(True)
        self.put_legend(self.item.addLegend(offset=(-8, 6)))
        self.steps = StepAxis(self, self.step_chosen)
        self.set_look(look)

    @property
    def cursor(self) -> Any:
        """The mark of the step that is shown."""
        return self.steps.line

    def title(self) -> str:
        """What is drawn."""
        return ", ".join(curve.name for curve in self.drawn)

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        super().set_look(look)
        self.steps.set_look(look)
        self.legend.setLabelTextColor(look.color("text"))
        self.legend.setLabelTextSize(f"{look.px(11)}px")
        self.legend.setBrush(look.color("raised", 0.85))
        if self._guide is not None:
            self._style_guide()
        self._rebuild()

    def show_guide(self, value: float, text: str) -> None:
        """A horizontal line that others are held against."""
        self._guide = self._pg.InfiniteLine(
            float(np.log10(value)) if self.log_y else value, angle=0, label=text,
            labelOpts={"position": 0.7, "anchors": [(0, 1), (0, 1)]},
        )  # fmt: skip
        self.item.addItem(self._guide, ignoreBounds=True)
        self._style_guide()

    def _style_guide(self) -> None:
        pen = self._pg.mkPen(
            self.look.color("success"), width=self.look.scale * GUIDE_PX, style=Qt.PenStyle.DashDotLine
        )
        self._guide.setPen(pen)
        self._guide.label.setColor(self.look.color("success"))
        self._guide.label.setFont(self.look.text(10.5))

    def set_style(self, width_steps: int, log_x: bool, log_y: bool) -> None:
        """Smoothing over so many points, and logarithmic axes."""
        if (width_steps, log_x, log_y) == (self.width_steps, self.log_x, self.log_y):
            return
        self.width_steps, self.log_x, self.log_y = width_steps, log_x, log_y
        self.steps.log = log_x
        self.item.setLogMode(x=log_x, y=log_y)
        self.item.enableAutoRange()
        self._draw()

    def show_curves(self, drawn: tuple[Curve, ...]) -> None:
        """Other numbers."""
        same = [(one.run, one.watch, one.name) for one in drawn] == [
            (one.run, one.watch, one.name) for one in self.drawn
        ]
        self.drawn = drawn
        if same:
            self._draw()
        else:
            self._rebuild()

    def show_step(self, step: int | None) -> None:
        """Where the canvas is; None takes the mark away."""
        self.steps.show_step(step)

    def csv(self) -> str:
        """One row a step, one column a curve."""
        return as_csv(self.drawn)

    # --- inside ---

    def _rebuild(self) -> None:
        for line in (*self.lines.values(), *self._faint.values()):
            self.item.removeItem(line)
        self.lines, self._faint = {}, {}
        watches = list(dict.fromkeys(curve.watch for curve in self.drawn))
        for at, curve in enumerate(self.drawn):
            token = TOKENS[at % len(TOKENS)]
            pen = self._pg.mkPen(
                self.look.color(token), width=self.look.scale * 1.7, style=DASHES[curve.run % len(DASHES)]
            )
            self._faint[curve.run, curve.watch] = self.item.plot(
                pen=self._pg.mkPen(self.look.color(token, 0.3), width=1), connect="finite"
            )
            self.lines[curve.run, curve.watch] = self.item.plot(pen=pen, name=curve.name, connect="finite")
        self.item.setLabel("left", self.left or (watches[0] if len(watches) == 1 else "value" if watches else ""))
        self.legend.setVisible(self.legend_wanted and bool(self.drawn))
        self._draw()

    def _draw(self) -> None:
        began = perf_counter()
        for curve in self.drawn:
            line, faint = self.lines[curve.run, curve.watch], self._faint[curve.run, curve.watch]
            x, y = drawable(curve.x, curve.y, self.log_x, self.log_y)
            alone = self.width_steps > 1
            self._put(faint, x, y, alone)
            if alone:
                x, y = drawable(curve.x, smooth(curve.y, self.width_steps), self.log_x, self.log_y)
            self._put(line, x, y, True)
            single = int(np.isfinite(y).sum()) == 1
            line.setSymbol("o" if single else None)  # a line needs two points
        self._label_axes()
        self.cost_s = perf_counter() - began

    def _label_axes(self) -> None:
        """On a logarithmic axis over several decades each has a word, what lies between would lie on each other."""
        for name, log, parts in (
            ("bottom", self.log_x, [curve.x for curve in self.drawn]),
            ("left", self.log_y, [curve.y for curve in self.drawn]),
        ):
            numbers = np.concatenate(parts) if log and parts else np.empty(0)
            numbers = numbers[np.isfinite(numbers) & (numbers > 0)]
            wide = len(numbers) > 0 and numbers.max() >= 50 * numbers.min()
            self.item.getAxis(name).setStyle(maxTextLevel=0 if wide else 2)

    def _put(self, line: Any, x: Any, y: Any, shown: bool) -> None:
        if shown and np.isfinite(y).any():
            line.setData(x, y)
        else:
            line.setData([], [])
