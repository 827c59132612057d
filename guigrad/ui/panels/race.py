"""Races and sweeps: lanes side by side on one landscape and one plot; a setting tried over a range. It draws what it is given and tells what was asked for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QScrollArea,
    QSpinBox,
    QSplitter,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from guigrad.document.variants import Number
from guigrad.run.race import Lane
from guigrad.run.sweep import Tried
from guigrad.ui.style import Look
from guigrad.ui.widgets import parts
from guigrad.ui.widgets.contour_view import ContourView
from guigrad.ui.widgets.curves import Curve, columns
from guigrad.ui.widgets.lane_row import LaneRow
from guigrad.ui.widgets.relief import Relief
from guigrad.ui.widgets.sideways import Sideways
from guigrad.ui.widgets.step_plot import TOKENS, StepPlot
from guigrad.ui.widgets.sweep_plot import SweepPlot
from guigrad.ui.widgets.terrain import Numbers, short

MARKS: Final = ("o", "s", "t", "d", "star", "p", "h", "+")
OUT: Final = 1e3
"""A lane that diverges is drawn up to so many times the largest loss at the start, else the others would be one line."""
EMPTY: Final = "Add lanes and press Play: the loss of each is drawn here."
NO_SWEEP: Final = "Sweep trains once for each value and draws the final loss against it."
HEADS: Final = ("value", "final loss", "steps", "note")


class RacePanel(QWidget):
    """``lanes_asked(kind)`` "optimizers", "rates", "seeds"; ``play_asked()``, ``step_asked()``, ``reset_asked()``, ``clear_asked()``, ``used(lane)``,
    ``removed(lane)``; ``sweep_asked()``, ``halt_asked()``, ``value_used(value)``; ``number_chosen()``; ``shown()``.
    """

    lanes_asked = Signal(str)
    play_asked = Signal()
    step_asked = Signal()
    reset_asked = Signal()
    clear_asked = Signal()
    used = Signal(object)
    removed = Signal(object)
    sweep_asked = Signal()
    halt_asked = Signal()
    value_used = Signal(float)
    number_chosen = Signal()
    shown = Signal()

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.rows: list[LaneRow] = []
        self.contour: ContourView | None = None  # plots are made when they are first seen: nothing is imported before
        self.plot: StepPlot | None = None
        self.sweep_plot: SweepPlot | None = None
        self.adders = [
            parts.button(text, tip, partial(self.lanes_asked.emit, kind))
            for text, tip, kind in (
                ("+ Optimizers", "Four lanes: SGD, Momentum, RMSprop, Adam", "optimizers"),
                ("+ Learning rates", "Five lanes: the rate times 0.1, 0.3, 1, 3, 10", "rates"),
                (
                    "+ Starts",
                    "Five lanes from other starts: other random numbers, or, where none are drawn, points spread over the landscape",
                    "seeds",
                ),
            )
        ]
        self.play = parts.button("Play", "Trains all lanes, always at the same step", self.play_asked.emit)
        self.play.setProperty("role", "primary")
        self.one = parts.button("Step", "One step of each lane", self.step_asked.emit)
        self.reset = parts.button("Reset", "Every lane back at its start", self.reset_asked.emit)
        self.clear = parts.button("Clear", "Takes all lanes away", self.clear_asked.emit)
        self.log_y = parts.chip("log y", "Losses on a logarithmic axis, as long as all are above zero")
        self.log_y.setChecked(True)
        self.log_y.toggled.connect(lambda _: self._on_style())
        self.race_chip, self.sweep_chip = parts.chip("Race", "Lanes side by side"), parts.chip("Sweep", "One setting over a range")  # fmt: skip
        self.race_chip.clicked.connect(lambda: self.show_page(0))
        self.sweep_chip.clicked.connect(lambda: self.show_page(1))
        self.note = parts.ElidedLabel("", "muted")
        self.empty = parts.label("Add lanes: one click on + Optimizers races SGD, Momentum, RMSprop and Adam from one start.", "muted")  # fmt: skip
        self.why = parts.label("", "muted")
        self.number = parts.ChevronCombo(look)
        self.number.setAccessibleName("Setting that is swept")
        self.number.activated.connect(lambda _: self.number_chosen.emit())
        self.low, self.high = self._line("from"), self._line("to")
        self.count = self._spin("How many values", 2, 200)
        self.count.setValue(9)
        self.count.setSuffix(" values")
        self.log = parts.chip("log", "Values evenly spaced by their logarithms")
        self.steps = self._spin("Steps of each training", 0, 100_000_000)
        self.steps.setSpecialValueText("to the end")
        self.steps.setSuffix(" steps")
        self.go = parts.button("Sweep", "Trains once for each value", self.sweep_asked.emit)
        self.halt = parts.button("Stop", "Ends the sweep at once; what was found stays", self.halt_asked.emit)
        self.halt.hide()
        self.use = parts.button("Use value", "Puts the value of the chosen row, else the best one, into the document", self._on_use)  # fmt: skip
        self.progress = parts.ElidedLabel("", "muted")
        self.table = QTableWidget(0, len(HEADS))
        self.table.setHorizontalHeaderLabels(list(HEADS))
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setAccessibleName("Values and final losses")
        self.tried: tuple[Tried, ...] = ()
        self._positive = True
        self._build()
        self.set_look(look)
        self.show_page(0)

    def _line(self, name: str) -> QLineEdit:
        made = QLineEdit()
        made.setPlaceholderText(name)
        made.setAccessibleName(f"Sweep {name}")
        made.setProperty("mono", True)
        made.returnPressed.connect(self.sweep_asked.emit)
        return made

    def _spin(self, name: str, low: int, high: int) -> QSpinBox:
        made = QSpinBox()
        made.setRange(low, high)
        made.setAccessibleName(name)
        made.setToolTip(name)
        parts.plain(made, self.look)
        return made

    def _build(self) -> None:
        top, under = Sideways(), Sideways()
        self._top, self._under = top.row, under.row
        for widget in (self.race_chip, self.sweep_chip, *self.adders, self.play, self.one, self.reset, self.clear, self.log_y):  # fmt: skip
            self._top.addWidget(widget)
        self._top.addWidget(self.note, 1)
        self._list = QVBoxLayout()
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(0)
        page = QWidget()
        page.setObjectName("page")
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.empty)
        column.addLayout(self._list)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidget(page)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._map, self._chart = QWidget(), QWidget()
        self._map_row, self._chart_row = QHBoxLayout(self._map), QHBoxLayout(self._chart)
        for row in (self._map_row, self._chart_row):
            row.setContentsMargins(0, 0, 0, 0)
        self._map_row.addWidget(self.why)
        self.why.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._split = self._splitter(area, self._map, self._chart, stretch=(3, 4, 4))
        sweep, self._sweep_chart = QWidget(), QWidget()
        self._sweep_row = QHBoxLayout(self._sweep_chart)
        self._sweep_row.setContentsMargins(0, 0, 0, 0)
        ends = [parts.label(text, "muted") for text in ("from", "to")]
        for field in (
            self.number,
            ends[0],
            self.low,
            ends[1],
            self.high,
            self.count,
            self.log,
            self.steps,
            self.go,
            self.halt,
            self.use,
        ):
            self._under.addWidget(field)
        self._under.addWidget(self.progress, 1)
        self._sweep_column = QVBoxLayout(sweep)
        self._sweep_column.addWidget(under)
        self._sweep_column.addWidget(self._splitter(self.table, self._sweep_chart, stretch=(4, 5)), 1)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._split)
        self._pages.addWidget(sweep)
        self._column = QVBoxLayout(self)
        self._column.addWidget(top)
        self._column.addWidget(self._pages, 1)

    def _splitter(self, *widgets: QWidget, stretch: tuple[int, ...]) -> QSplitter:
        made = QSplitter(Qt.Orientation.Horizontal)
        for at, widget in enumerate(widgets):
            made.addWidget(widget)
            made.setStretchFactor(at, stretch[at])
        made.setChildrenCollapsible(False)
        made.setHandleWidth(1)
        made.setSizes([100 * part for part in stretch])
        return made

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self.look = self.number.look = look
        px = look.px
        for row in (self._top, self._under):
            row.setSpacing(px(6))
            row.setContentsMargins(px(10), px(6), px(10), px(4))
        for layout in (self._column, self._sweep_column):
            layout.setContentsMargins(0, 0, 0, 0)
            layout.setSpacing(0)
        self.empty.setContentsMargins(px(12), px(10), px(12), px(10))
        self.why.setContentsMargins(px(16), px(10), px(16), px(10))
        self.number.setFixedWidth(px(150))
        for line in (self.low, self.high):
            line.setFixedWidth(px(84))
        for spin in (self.count, self.steps):
            spin.setFixedWidth(px(104))
            parts.plain(spin, look)
        for view in (self.contour, self.plot, self.sweep_plot):
            if view is not None:
                view.set_look(look)
        lanes = [row.lane for row in self.rows]
        self.show_lanes((), "")
        self.show_lanes(lanes, "")

    # --- what is shown ---

    def show_page(self, at: int) -> None:
        """The race (0) or the sweep (1)."""
        self._pages.setCurrentIndex(at)
        self.race_chip.setChecked(at == 0)
        self.sweep_chip.setChecked(at == 1)
        for widget in (*self.adders, self.play, self.one, self.reset, self.clear, self.log_y):
            widget.setVisible(at == 0)
        self.shown.emit()

    def show_lanes(self, lanes: Sequence[Lane], name: str) -> None:
        """The lanes, their state and their losses; ``name`` is the loss's."""
        if [id(row.lane) for row in self.rows] != [id(lane) for lane in lanes]:
            parts.clear(self._list)
            self.rows = [
                LaneRow(self.look, lane, TOKENS[at % len(TOKENS)], MARKS[at % len(MARKS)])
                for at, lane in enumerate(lanes)
            ]
            for row in self.rows:
                row.used.connect(self.used)
                row.removed.connect(self.removed)
                self._list.addWidget(row)
        for row in self.rows:
            row.show_lane()
        self.empty.setVisible(not self.rows)
        for button in (self.play, self.one, self.reset, self.clear):
            button.setEnabled(bool(self.rows))
        if self.plot is not None:
            drawn = _curves(lanes, name or "loss")
            self._positive = all(not len(curve.y) or not np.nanmin(curve.y, initial=1.0) <= 0 for curve in drawn)
            self._on_style()
            self.plot.show_curves(drawn)
            self.plot.say_empty("" if any(len(curve.y) for curve in drawn) else EMPTY)

    def show_playing(self, playing: bool) -> None:
        """Play or pause on the button."""
        self.play.setText("Pause" if playing else "Play")

    def show_relief(self, relief: Relief | None, why: str = "") -> None:
        """The landscape with the lanes on it; None and why there is none."""
        if self.contour is not None:
            self.contour.setVisible(relief is not None)
            if relief is not None:
                self.contour.show_relief(relief)
        self.why.setVisible(relief is None)
        self.why.setText(why)

    def show_numbers(self, numbers: Sequence[Number], now: str) -> None:
        """What can be swept."""
        names = [f"{number.name} = {number.value:g}" for number in numbers]
        if [self.number.itemText(at) for at in range(self.number.count())] != names:
            self.number.clear()
            for number, text in zip(numbers, names, strict=True):
                self.number.addItem(text, number)
            kept = next((at for at, number in enumerate(numbers) if number.name == now), 0)
            self.number.setCurrentIndex(kept if names else -1)

    def show_tried(self, tried: Sequence[Tried], name: str, log: bool, progress: str, running: bool) -> None:
        """What a sweep has found so far."""
        self.progress.setText(progress)
        self.halt.setVisible(running)
        self.go.setEnabled(not running)
        self.use.setEnabled(bool(tried))
        if tuple(tried) != self.tried:
            self.tried = tuple(tried)
            self.table.setRowCount(len(tried))
            best = self.best
            for at, one in enumerate(tried):
                words = (
                    short(one.value),
                    short(one.loss),
                    f"{one.steps:,}",
                    one.said or ("best" if one is best else ""),
                )
                for column, text in enumerate(words):
                    item = QTableWidgetItem(text)
                    item.setToolTip(text)
                    self.table.setItem(at, column, item)
        if self.sweep_plot is not None:
            self.sweep_plot.show_tried(tried, name, log)
            self.sweep_plot.say_empty("" if tried else NO_SWEEP)

    @property
    def best(self) -> Tried | None:
        """The value with the least loss."""
        return min((one for one in self.tried if one.loss == one.loss), key=lambda one: one.loss, default=None)

    # --- inside ---

    def _on_use(self) -> None:
        at = self.table.currentRow()
        chosen = self.tried[at] if 0 <= at < len(self.tried) else self.best
        if chosen is not None:
            self.value_used.emit(chosen.value)

    def _on_style(self) -> None:
        if self.plot is not None:
            self.plot.set_style(1, False, self.log_y.isChecked() and self._positive)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.contour is None:
            self.contour, self.plot, self.sweep_plot = ContourView(self.look), StepPlot(self.look), SweepPlot(self.look)
            self.contour.movable = False
            self._map_row.addWidget(self.contour, 1)
            self.plot.legend_wanted = False  # the lanes beside it are the legend
            self._chart_row.addWidget(self.plot)
            self._sweep_row.addWidget(self.sweep_plot)
            self.sweep_plot.say_empty(NO_SWEEP)
            self._on_style()
        self.shown.emit()


def _curves(lanes: Sequence[Lane], name: str) -> tuple[Curve, ...]:
    """The losses of the lanes."""
    found: list[tuple[Lane, Numbers, Numbers]] = []
    for lane in lanes:
        series = next(iter(lane.recording.run.series.values()), None)
        x, y = columns(series) if series is not None and len(series) else (np.empty(0), np.empty(0))
        found.append((lane, x, y))
    top = OUT * max((abs(float(y[0])) for _, _, y in found if len(y) and np.isfinite(y[0])), default=math.inf)
    return tuple(
        Curve(
            at, name, lane.variant.name + (" (diverged)" if lane.state == "diverged" else ""), x,
            np.where(np.abs(y) <= top, y, np.nan) if lane.state == "diverged" else y,
        )
        for at, (lane, x, y) in enumerate(found)
    )  # fmt: skip
