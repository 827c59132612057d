"""The page of histograms over steps: which parameter, its value or its gradient."""

from __future__ import annotations

from guigrad.run.sketch import Sketch
from guigrad.ui.style import Look
from guigrad.ui.widgets.plot_page import PlotPage, fill
from guigrad.ui.widgets.spread_plot import SpreadPlot

NO_GRADIENT = (
    "No gradient of it was there at the end of a step. With x-ray on it is kept although zero_grad empties .grad."
)
NO_HISTOGRAM = "Train on with this plot in view: each step that is shown adds a histogram."


class SpreadPage(PlotPage):
    """A parameter and a part of it are chosen above the plot."""

    def __init__(self, look: Look) -> None:
        self.drawing = SpreadPlot(look)
        super().__init__(self.drawing)
        self.parameter = self.combo("parameter", "Whose histogram is shown")
        self.part = self.combo("value or gradient", "The parameter itself, or its gradient")
        fill(self.part, {"value": "value", "grad": "gradient"}, "value")

    def show_sketches(self, sketches: tuple[Sketch, ...]) -> None:
        """Of the run that goes on, in order."""
        labels = {spot.id: spot.label for spot in (sketches[-1].spots if sketches else ())}
        chosen = str(self.parameter.currentData() or "")
        key = chosen if chosen in labels else next(iter(labels), "")
        fill(self.parameter, labels, key)
        part = str(self.part.currentData())
        self.drawing.show_sketches(sketches, key, part)
        self.say(self.drawing.words())
        if sketches:
            self.drawing.say_empty("" if self.drawing.samples else NO_GRADIENT if part == "grad" else NO_HISTOGRAM)
