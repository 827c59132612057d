"""Rows that are pictures with what a training takes them for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from guigrad.run.field import AskField, Field
from guigrad.run.fit import Fit, image_shape, is_picture
from guigrad.ui.widgets import fields
from guigrad.ui.widgets.image_plot import MOST, ImagePlot
from guigrad.ui.widgets.plot_page import ChoicePage

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow

from guigrad.ui.plot_asker import NOT_RUN, Asker, rows


class ImageAsker(Asker):
    """Pictures and what they are taken for."""

    def __init__(self, window: MainWindow, page: ChoicePage, plot: ImagePlot) -> None:
        super().__init__(window, page, "images", is_picture)
        self.choice, self.plot = page, plot
        page.changed.connect(self._on_choice)

    def question(self, fit: Fit) -> AskField:
        return AskField(fit.start, fit.end, data=fit.data, targets=fit.targets, rows=(0, MOST))

    def show_answer(self, fit: Fit, answer: Field) -> None:
        frame = self.session.frame
        record = frame.records.get(fit.data) if frame is not None else None
        shape = image_shape(record) if record is not None else None
        if answer.data is None or shape is None:
            self.show_nothing(answer.reason or NOT_RUN)
            return
        plot = self.plot
        found = None
        if answer.values is not None:
            values = rows(answer.values)
            how = fields.Reading(
                "classes" if values.shape[1] > 1 else "binary", values.shape[1], 0.0 if fit.logits else 0.5
            )
            found = tuple(fields.sureness(values, how, fit.logits)[0].tolist())
        pictures = answer.data.numpy().reshape(-1, *shape)
        targets = fields.target_numbers(None if answer.targets is None else answer.targets.numpy(), len(pictures))
        plot.say_empty("")
        plot.show_pictures(pictures, found, None if targets is None else tuple(targets.tolist()))
        where = self.where
        if answer.reason and fit.end:
            self.page.say(f"no predictions: {answer.reason}", bad=True)
        else:
            self.page.say(
                f"{where}{len(plot.pictures):,} of {answer.total:,} pictures · {plot.words()}".removesuffix(" · ")
            )

    def show_nothing(self, text: str) -> None:
        self.plot.show_pictures(np.zeros((0, 1, 1, 1)), None, None)
        self.plot.say_empty(text)
        self.page.say("")

    def _on_choice(self) -> None:
        start, end = str(self.choice.start.currentData() or ""), str(self.choice.end.currentData() or "")
        now = ("", "") if self.fit is None else (self.fit.start, self.fit.end)
        if (start, end) != now:
            self.choose(start, end)
