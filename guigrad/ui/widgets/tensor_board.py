"""A tensor's views side by side with its statistics: heat-map, table, histogram, lines, image, slices."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from guigrad.run.tensor import Tensor
from guigrad.ui.style import Look
from guigrad.ui.widgets import parts
from guigrad.ui.widgets.slice_bar import SliceBar
from guigrad.ui.widgets.slice_table import SliceTable
from guigrad.ui.widgets.slicing import Shown
from guigrad.ui.widgets.tensor_facts import Facts
from guigrad.ui.widgets.tensor_pictures import HeatMap, ImageView, Tiles
from guigrad.ui.widgets.tensor_plots import Histogram, Lines

VIEWS: Final = ("Heat-map", "Table", "Histogram", "Lines", "Image", "Slices")


class TensorBoard(QWidget):
    """Draws an answer; only the open view is drawn. ``where`` tells what is under the pointer."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.answer: Tensor | None = None
        self.faded = False
        self._values: Any = None
        self.tabs = QTabBar()
        self.tabs.setAccessibleName("View of the tensor")
        self.tabs.setDrawBase(False)
        self.tabs.setUsesScrollButtons(True)
        for title in VIEWS:
            self.tabs.addTab(title)
        self.heat, self.table, self.histogram = HeatMap(look), SliceTable(look), Histogram(look)
        self.lines, self.image, self.tiles = Lines(look), ImageView(look), Tiles(look)
        self.views = (self.heat, self.table, self.histogram, self.lines, self.image, self.tiles)
        self.stack = QStackedWidget()
        self.reason = parts.label("", "muted")
        self.reason.setAlignment(Qt.AlignmentFlag.AlignCenter)
        for view in self.views:
            self.stack.addWidget(view)
            view.pointed.connect(self.say)
        self.stack.addWidget(self.reason)
        self.slices, self.facts = SliceBar(look), Facts(look)
        self.where = parts.ElidedLabel("", "muted")
        self.tabs.currentChanged.connect(lambda _: self._draw())
        self.slices.changed.connect(lambda _: self._draw())
        self.tiles.chosen.connect(self._on_tile)
        self.table.refused.connect(self.say)
        right = QVBoxLayout()
        right.setSpacing(2)
        for part, stretch in ((self.tabs, 0), (self.stack, 1), (self.slices, 0), (self.where, 0)):
            right.addWidget(part, stretch)
        body = QHBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.addWidget(self.facts, 2)
        body.addLayout(right, 3)

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        for part in (*self.views, self.slices, self.facts):
            part.set_look(look)
        self.where.setFont(look.code(11))
        self.tabs.setIconSize(QSize(look.px(12), look.px(12)))

    def show_answer(self, answer: Tensor | None, state: str, faded: bool, reason: str = "") -> None:
        """Another tensor or moment; ``reason`` says why there is none."""
        self.answer, self.faded, self._values = answer, faded, None
        data = None if answer is None else answer.shown or answer.bits
        if answer is not None and data is not None:
            self._values = data.numpy()
        self.slices.show_shape(
            () if self._values is None else tuple(self._values.shape), () if answer is None else answer.steps
        )
        self.facts.show_answer(answer, state)
        self.say("")
        if answer is None:
            self._say_instead(reason)
        else:
            self._draw()

    def _draw(self) -> None:
        answer, values = self.answer, self._values
        if answer is None or values is None:
            return
        if not values.size:
            self._say_instead(f"empty: shape {answer.shape} has no entries")
            return
        scale = "value" if answer.part == "value" else "grad"
        cut, limit = self.slices.cut, limit_of(answer)
        view = self.views[self.tabs.currentIndex()]
        view.show_tensor(
            Shown(values, answer.shape, cut, answer.steps, scale, limit, answer.spread, answer.odd, self.faded)
        )
        self.stack.setCurrentWidget(view)

    def _say_instead(self, reason: str) -> None:
        self.reason.setText(reason)
        self.stack.setCurrentWidget(self.reason)

    def say(self, text: str) -> None:
        """What is under the pointer, or why something was refused."""
        steps = self.answer.steps if self.answer is not None else ()
        thin = " × ".join(map(str, steps))
        self.where.setText(text or (f"every {thin}-th entry is shown; the statistics are of all" if steps else ""))

    def _on_tile(self, dim: int, place: int) -> None:
        self.slices.move_to(dim, place if place >= 0 else -1 - place)
        if place >= 0:
            self.tabs.setCurrentIndex(0)


def limit_of(answer: Tensor) -> float:
    """The magnitude that gets the full colour: the largest finite one."""
    spread = answer.spread
    largest = max(abs(spread.low), abs(spread.high))
    shown = answer.shown or answer.bits
    whole = shown is not None and shown.dtype.startswith(("int", "uint", "bool"))
    wide = spread.high - spread.low == len(spread.counts)  # a bin for each number reaches half beyond it
    return largest - 0.5 if whole and wide and spread.counts else largest
