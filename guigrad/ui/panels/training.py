"""The training: what trains, how far it is, its timeline and its plots. It draws what it is given and tells what was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QPushButton,
    QSpinBox,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from guigrad.ui.style import Look
from guigrad.ui.widgets import parts
from guigrad.ui.widgets.action_button import ICON, PLAIN, ActionButton
from guigrad.ui.widgets.chart import Chart
from guigrad.ui.widgets.loop_card import LoopCard
from guigrad.ui.widgets.plot_page import PlotPage
from guigrad.ui.widgets.sideways import Sideways
from guigrad.ui.widgets.step_plot import StepPlot
from guigrad.ui.widgets.timeline import Course, Timeline

SPEEDS: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 0.0)
"""0 is full speed."""
NUMBERS: Final = "numbers"
VIEWS: Final = (
    (NUMBERS, "Loss and numbers", "The loss and what is watched, over steps"),
    ("spread", "Histograms", "How a parameter or its gradient is spread, over steps"),
    ("ratio", "Update to weight", "How far each step moves a parameter against its size"),
    ("norms", "Gradient norms", "The norm of each parameter's gradient, over steps"),
    ("bars", "Gradient by layer", "The norm of each parameter's gradient in the step that is shown"),
    (
        "fit",
        "Boundary and fit",
        "Points with the decision boundary, or with the fitted curve; points are edited by hand",
    ),
    ("images", "Images", "Rows that are pictures, with what the program takes them for"),
)
"""Plots: name, title, what it shows."""
LOW_PX: Final = 260
"""A panel that is lower has no room to spare."""
MEGABYTE: Final = 1024 * 1024
BUDGET_MB: Final = (1, 1_000_000)


class TrainingPanel(QWidget):
    """``steps_asked(count)``, ``until_asked(text)``, ``speed_chosen(speed)``, ``budget_chosen(bytes)``, ``watch_asked(text)``,
    ``unwatch_asked(text)``, ``view_chosen(name)`` of VIEWS, ``export_asked()``, ``shown()`` when it comes to the front; the rest are its timeline's.
    """

    steps_asked = Signal(int)
    until_asked = Signal(str)
    speed_chosen = Signal(float)
    budget_chosen = Signal(object)
    watch_asked = Signal(str)
    unwatch_asked = Signal(str)
    view_chosen = Signal(str)
    export_asked = Signal()
    shown = Signal()

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.buttons: dict[str, ActionButton] = {}
        self.timeline = Timeline(look)
        self.plot: StepPlot | None = None  # made when it is first seen: nothing is imported for it before
        self.stack = QStackedWidget()
        self.head: LoopCard | None = None
        self._head = QVBoxLayout()
        self.pages: dict[str, PlotPage] = {}
        self.view = parts.ChevronCombo(look)
        self.view.setAccessibleName("plot")
        self.view.setToolTip("Which plot is shown")
        for name, title, tip in VIEWS:
            self.view.addItem(title, name)
            self.view.setItemData(self.view.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.view.currentIndexChanged.connect(lambda _: self._on_view())
        self.where = parts.ElidedLabel("", "")
        self.memory, self.seed = parts.label("", "muted"), parts.label("", "muted")
        for words in (self.memory, self.seed):
            words.setWordWrap(False)
        self.count = self._spin("How many steps", 1, 100_000_000)
        self.count.setValue(100)
        self.go = parts.button("steps", "Train so many steps", lambda: self.steps_asked.emit(self.count.value()))
        self.until = QLineEdit()
        self.until.setPlaceholderText("until loss < 0.01")
        self.until.setProperty("mono", True)
        self.until.setAccessibleName("train until")
        self.until.setToolTip("Train until this holds: loss < 0.01, norm(w.grad) < 1e-3, step >= 500. Return starts")
        self.until.returnPressed.connect(lambda: self.until_asked.emit(self.until.text()))
        self.speed = parts.ChevronCombo(look)
        self.speed.setAccessibleName("speed")
        self.speed.setToolTip(
            "How fast it plays: 1× shows four phases a second, full speed shows what there is time for"
        )
        for speed in SPEEDS:
            self.speed.addItem(f"{speed:g}×" if speed else "full speed", speed)
        self.speed.setCurrentIndex(len(SPEEDS) - 1)
        self.speed.activated.connect(lambda at: self.speed_chosen.emit(SPEEDS[at]))
        self.budget = self._spin("Memory for recorded frames", *BUDGET_MB)
        self.budget.setSuffix(" MB")
        self.budget.setToolTip("So much memory the recording may take; beyond it every second of the old frames goes")
        self.budget.editingFinished.connect(lambda: self.budget_chosen.emit(self.budget.value() * MEGABYTE))
        self.jump = self._spin("Step that is shown", 0, 0)
        self.jump.setPrefix("step ")
        self.jump.editingFinished.connect(self._on_jump)
        self.watch = QLineEdit()
        self.watch.setPlaceholderText("watch norm(w.grad)")
        self.watch.setProperty("mono", True)
        self.watch.setAccessibleName("watch")
        self.watch.setToolTip(
            "One more number of each step from now on: w, w.grad, norm(w), std(w.grad), update(w). Return adds it"
        )
        self.watch.returnPressed.connect(self._on_watch)
        self.watched = parts.button("Watched", "What is watched; a click stops watching it", None)
        self.watched_menu = QMenu(self.watched)
        self.watched.setMenu(self.watched_menu)
        self.smoothing = self._spin("Mean over so many points", 1, 100_000)
        self.smoothing.setPrefix("mean of ")
        self.smoothing.valueChanged.connect(lambda _: self._on_style())
        self.log_x = self._chip("log x", "Steps on a logarithmic axis")
        self.log_y = self._chip("log y", "Numbers on a logarithmic axis; what is not above zero is left out")
        self.export = parts.button("", "Export the plot as PNG or SVG, or its numbers as CSV", self.export_asked.emit)
        self.export.setAccessibleName("Export plot…")
        self.note = parts.ElidedLabel("", "warning")
        self._build()
        self.set_look(look)

    def _chip(self, text: str, tip: str) -> QPushButton:
        made = parts.chip(text, tip)
        made.toggled.connect(lambda _: self._on_style())
        return made

    def _spin(self, name: str, low: int, high: int) -> QSpinBox:
        made = QSpinBox()
        made.setRange(low, high)
        made.setAccessibleName(name)
        made.setToolTip(name)
        parts.plain(made, self.look)
        made.setKeyboardTracking(False)
        return made

    def _build(self) -> None:
        self._left_buttons, self._right_buttons, self._line_buttons = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        bars = [Sideways() for _ in range(3)]
        self._top, self._facts, self._plot_bar = (bar.row for bar in bars)
        self._top.addLayout(self._left_buttons)
        for widget in (self.count, self.go, self.until):
            self._top.addWidget(widget)
        self._top.addLayout(self._right_buttons)
        self._top.addWidget(self.speed)
        self._top.addStretch(1)
        for words in (self.seed, self.memory):
            self._top.addWidget(words)
        self._top.addWidget(self.budget)
        self._facts.addWidget(self.jump)
        self._facts.addLayout(self._line_buttons)
        self._facts.addWidget(self.where, 3)
        left, right = QWidget(), QWidget()
        self._left, self._right = QVBoxLayout(left), QVBoxLayout(right)
        self._left.addWidget(bars[1])
        self._left.addWidget(self.timeline, 1)
        self._plot_bar.addWidget(self.view)
        self._plot_bar.addWidget(self.export)
        self._of_numbers = (self.watch, self.watched, self.smoothing, self.log_x, self.log_y)
        for widget in self._of_numbers:
            self._plot_bar.addWidget(widget)
        self._plot_bar.addWidget(self.note, 1)
        self._right.addWidget(bars[2])
        self._right.addWidget(self.stack, 1)
        self._split = QSplitter(Qt.Orientation.Horizontal)
        self._split.addWidget(left)
        self._split.addWidget(right)
        self._split.setChildrenCollapsible(False)
        self._split.setStretchFactor(0, 4)
        self._split.setStretchFactor(1, 5)
        self._split.setSizes([300, 400])
        self._split.setHandleWidth(1)
        page = QWidget()
        page.setObjectName("page")
        self._column = QVBoxLayout(page)
        self._column.addWidget(bars[0])
        self._column.addWidget(self._split, 1)
        parts.scrolled(page, self)

    def add_buttons(
        self, left: Sequence[ActionButton], right: Sequence[ActionButton], line: Sequence[ActionButton]
    ) -> None:
        """Buttons of actions: those that train, those that end it, those of the timeline."""
        for buttons, layout in ((left, self._left_buttons), (right, self._right_buttons), (line, self._line_buttons)):
            for button in buttons:
                self.buttons[button.row.id] = button
                button.set_level(ICON if button.row.icon else PLAIN)
                layout.addWidget(button)

    def add_head(self, card: LoopCard) -> None:
        """The training loop at a glance, above all else."""
        self.head = card
        self._head.addWidget(card)
        self._column.insertLayout(0, self._head)

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self.export.setIcon(look.icon("download", "text_muted"))
        self.export.setIconSize(QSize(look.px(15), look.px(15)))
        self.look = self.speed.look = self.view.look = look
        px = look.px
        for layout in (
            self._top,
            self._facts,
            self._plot_bar,
            self._left_buttons,
            self._right_buttons,
            self._line_buttons,
        ):
            layout.setSpacing(px(6))
        for buttons in (self._left_buttons, self._right_buttons, self._line_buttons):
            buttons.setSpacing(px(2))
        self._make_room()
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        for column in (self._left, self._right):
            column.setSpacing(px(3))
        for widget, width in (
            (self.count, 70), (self.until, 150), (self.jump, 104), (self.budget, 92), (self.watch, 140), (self.smoothing, 92),
        ):  # fmt: skip
            widget.setFixedWidth(px(width))
            if isinstance(widget, QSpinBox):
                parts.plain(widget, look)
        self.timeline.set_look(look)
        for button in self.buttons.values():
            button.set_look(look)
        if self.head is not None:
            self.head.set_look(look)
        if self.plot is not None:
            self.plot.set_look(look)
        for page in self.pages.values():
            page.set_look(look)

    # --- what is shown ---

    def show_course(self, course: Course, where: str, last: int) -> None:
        """How far it is. ``last``: the last step that can be shown."""
        self.timeline.show_course(course)
        self.where.setText(where)
        if not self.jump.hasFocus():
            self.jump.blockSignals(True)
            self.jump.setRange(min(1, last), last)
            self.jump.setValue(course.step)
            self.jump.blockSignals(False)
        self.jump.setEnabled(last > 0)

    def show_memory(self, used: int, budget: int, frames: int) -> None:
        """What the recording takes. Units: bytes"""
        self.memory.setText(f"{frames:,} frames · {used / MEGABYTE:.1f} MB of")
        if not self.budget.hasFocus():
            self.budget.setValue(max(1, round(budget / MEGABYTE)))

    def show_playing(self, playing: bool) -> None:
        """Play or pause on the button."""
        button = self.buttons["play_training"]
        icon = "pause" if playing else "play"
        if button.icon_name != icon:
            button.icon_name = icon
            button.setAccessibleName("Pause training" if playing else "Play training")
            button.update()

    def show_watched(self, names: Sequence[str], more: Sequence[str]) -> None:
        """What is watched, and what could be of the selection."""
        menu = self.watched_menu
        menu.clear()
        for name in names:
            menu.addAction(f"✓ {name}", partial(self.unwatch_asked.emit, name))
        if more:
            menu.addSeparator()
            for name in more:
                menu.addAction(f"Watch {name}", partial(self.watch_asked.emit, name))
        if not menu.actions():
            menu.addAction("Nothing yet").setEnabled(False)

    def say(self, text: str) -> None:
        """What is wrong with what was typed, or with the numbers."""
        self.note.setText(text)

    def speed_now(self) -> float:
        """The speed that is chosen, 0: full."""
        return float(self.speed.currentData())

    @property
    def view_now(self) -> str:
        """The name of the plot that is shown."""
        return str(self.view.currentData())

    @property
    def chart(self) -> Chart | None:
        """The plot that is shown; None before the first is seen."""
        page = self.pages.get(self.view_now)
        return page.chart if page is not None else self.plot if self.view_now == NUMBERS else None

    def add_page(self, name: str, page: PlotPage) -> None:
        """The plot of that name, made when it is first seen."""
        self.pages[name] = page
        self.stack.addWidget(page)
        self._plot_bar.insertWidget(self._plot_bar.indexOf(self.note), page.bar)
        page.set_look(self.look)

    def show_page(self, name: str) -> None:
        """Brings a plot to the front that has been made."""
        for other, page in self.pages.items():
            page.bar.setVisible(other == name)
        if self.plot is not None:
            self.stack.setCurrentWidget(self.pages.get(name, self.plot))

    # --- inside ---

    def _make_room(self) -> None:
        """Where there is little height the plots get it."""
        px, low = self.look.px, self.height() < self.look.px(LOW_PX)
        self._head.setContentsMargins(px(10), px(2 if low else 6), px(10), 0)
        self._top.setContentsMargins(px(10), px(3 if low else 6), px(10), px(2 if low else 4))
        for column in (self._left, self._right):
            column.setContentsMargins(px(10), px(2), px(10), px(2 if low else 6))
        if self.head is not None:
            self.head.set_low(low)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room()

    def _on_view(self) -> None:
        name = self.view_now
        for widget in self._of_numbers:
            widget.setVisible(name == NUMBERS)
        if self.plot is None:
            return
        self.view_chosen.emit(name)

    def _on_jump(self) -> None:
        if self.jump.value() != self.timeline.course.step:
            self.timeline.scrubbed.emit(self.jump.value(), -1)

    def _on_watch(self) -> None:
        text = self.watch.text().strip()
        if text:
            self.watch_asked.emit(text)

    def _on_style(self) -> None:
        if self.plot is not None:
            self.plot.set_style(self.smoothing.value(), self.log_x.isChecked(), self.log_y.isChecked())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.plot is None:
            self.plot = StepPlot(self.look)
            self.plot.step_chosen.connect(lambda step: self.timeline.scrubbed.emit(step, -1))
            self.stack.insertWidget(0, self.plot)
            self._on_style()
            self._on_view()
        self.shown.emit()
