"""A plot of a training with what chooses its content and what it says in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from guigrad.ui.style import Look
from guigrad.ui.widgets import parts
from guigrad.ui.widgets.chart import Chart

MODES: Final = (
    ("move", "Move", "Drag a point; Shift+click adds one"),
    ("add", "Add", "A click adds a point of the chosen class"),
    ("remove", "Remove", "A click takes a point away"),
)
CLASSES_MOST: Final = 10


class Bar(QWidget):
    """What chooses the content of a plot; whoever shows the plot gives it a place. Widgets go into ``row``."""

    def __init__(self) -> None:
        super().__init__()
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)


class PlotPage(QWidget):
    """``changed()``: something else was chosen in its ``bar``."""

    changed = Signal()

    def __init__(self, chart: Chart) -> None:
        super().__init__()
        self.chart = chart
        self.combos: list[parts.ChevronCombo] = []
        self._runs: parts.ChevronCombo | None = None
        self.bar = Bar()
        self.words = parts.ElidedLabel("", "muted")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(chart, 1)
        self._column.addWidget(self.words)

    def combo(self, name: str, tip: str) -> parts.ChevronCombo:
        """One more choice."""
        made = parts.ChevronCombo(self.chart.look)
        made.setAccessibleName(name)
        made.setToolTip(tip)
        made.setSizeAdjustPolicy(parts.ChevronCombo.SizeAdjustPolicy.AdjustToContents)
        made.currentIndexChanged.connect(lambda _: self.changed.emit())
        self.combos.append(made)
        self.bar.row.addWidget(made)
        return made

    def choose_runs(self) -> None:
        """The run whose steps are shown can be chosen, where there are several."""
        self._runs = self.combo("run", "Whose steps are shown: those of the run that goes on, or of another")
        self._runs.hide()

    def show_runs(self, names: Mapping[str, str]) -> None:
        """The runs that there are by their number, "" the one that goes on."""
        if self._runs is not None:
            now = str(self._runs.currentData() or "")
            fill(self._runs, names, now if now in names else "")
            self._runs.setVisible(len(names) > 1)

    @property
    def run(self) -> int | None:
        """The run that is chosen, None for the one that goes on."""
        chosen = self._runs.currentData() if self._runs is not None else None
        return int(chosen) if chosen else None

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self.chart.set_look(look)
        self.bar.row.setSpacing(look.px(6))
        self._column.setSpacing(look.px(3))
        for combo in self.combos:
            combo.look = look

    def say(self, text: str, bad: bool = False) -> None:
        """Below the plot."""
        if self.words.property("role") != ("warning" if bad else "muted"):
            self.words.setProperty("role", "warning" if bad else "muted")
            self.words.style().unpolish(self.words)
            self.words.style().polish(self.words)
        self.words.setText(text)


def fill(combo: parts.ChevronCombo, choices: Mapping[str, str], chosen: str) -> None:
    """What can be chosen, by its key, without telling that it changed."""
    known = {str(combo.itemData(at)): combo.itemText(at) for at in range(combo.count())}
    combo.blockSignals(True)
    if known != dict(choices):
        combo.clear()
        for key, text in choices.items():
            combo.addItem(text, key)
    combo.setCurrentIndex(combo.findData(chosen))
    combo.blockSignals(False)


class ChoicePage(PlotPage):
    """A page with an input and an output to choose; ``starts`` and ``ends`` hold node ids, "" for what is found by itself."""

    def __init__(self, chart: Chart, start_tip: str, end_tip: str) -> None:
        super().__init__(chart)
        self.bar.row.addWidget(parts.label("in", "muted"))
        self.start = self.combo("input", start_tip)
        self.bar.row.addWidget(parts.label("out", "muted"))
        self.end = self.combo("output", end_tip)


class HandTools(QWidget):
    """What a click on the points does, and the class of new ones. ``mode_chosen(mode)``."""

    mode_chosen = Signal(str)

    def __init__(self, page: PlotPage) -> None:
        super().__init__()
        self.modes: dict[str, QPushButton] = {}
        for name, text, tip in MODES:
            made = QPushButton(text)
            made.setProperty("role", "chip")
            made.setCheckable(True)
            made.setAutoExclusive(True)
            made.setToolTip(tip)
            made.clicked.connect(lambda _=False, name=name: self.mode_chosen.emit(name))
            self.modes[name] = made
            page.bar.row.addWidget(made)
        self.modes["move"].setChecked(True)
        self.whose = page.combo("points", "Which points are changed by hand: those that train, or those for testing")
        fill(self.whose, {"train": "train points", "test": "test points"}, "train")
        self.whose.hide()
        self.brush = page.combo("class of new points", "The class that new points get; a digit chooses it too")
        self.hide()

    def show_brush(self, classes: list[float], name: str) -> None:
        """The classes that there are, and one more."""
        more = [*classes, classes[-1] + 1] if classes and len(classes) < CLASSES_MOST and classes[0] >= 0 else classes
        chosen = str(self.brush.currentData() or "")
        choices = {f"{value:g}": f"{name} = {value:g}" for value in more}
        fill(self.brush, choices, chosen if chosen in choices else next(iter(choices), ""))
        self.brush.setVisible(bool(choices))

    @property
    def target(self) -> float:
        """The class that is chosen."""
        return float(self.brush.currentData() or 0.0)

    def choose(self, number: int) -> None:
        """The class of a digit, if there is such a class."""
        at = self.brush.findData(str(number))
        if at >= 0:
            self.brush.setCurrentIndex(at)

    def set_editable(self, why_not: str) -> None:
        """ "" when points can be edited."""
        for name, _, tip in MODES:
            self.modes[name].setEnabled(not why_not)
            self.modes[name].setToolTip(why_not or tip)
