"""Races and sweeps in the window: lanes by engines of their own, on the landscape that the Landscape tab computes. See Note [Lanes] in run/race."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from msgspec import structs
from PySide6.QtCore import QObject, QTimer

from guigrad.document.diff import Diff
from guigrad.document.model import Document
from guigrad.document.problem import ProblemError
from guigrad.document.variants import SEEDS, Number, Variant, edit_of, numbers, presets, rates, seeds, set_to, spaced
from guigrad.run.race import Lane, Race
from guigrad.run.sweep import Sweep
from guigrad.ui.landscape_ways import traced_of
from guigrad.ui.panels.race import MARKS, RacePanel
from guigrad.ui.widgets.relief import Relief, Way
from guigrad.ui.widgets.step_plot import TOKENS
from guigrad.ui.widgets.terrain import short

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow

DRAW_MS: Final = 33
SPREAD: Final = ((0.15, 0.2), (0.85, 0.25), (0.5, 0.55), (0.2, 0.85), (0.8, 0.8))
"""Where other starts lie, as parts of the range."""


class RaceView(QObject):
    """Thread: the GUI thread. It lives as long as the window; ``panel`` is the tab."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.window, self.session, self.landscape = window, window.session, window.landscape
        self.panel = RacePanel(window.look)
        base: Any = window.session.base
        self.race, self.sweep = Race(base.another_runner, base.post), Sweep(base.another_runner, base.post)
        self.said = ""
        self.stale = False
        self._heard = False
        self._listed: Document | None = None
        self._draws = QTimer(self, singleShot=True, interval=DRAW_MS)
        self._draws.timeout.connect(self.draw)
        panel = self.panel
        panel.lanes_asked.connect(self.add)
        panel.play_asked.connect(self.play_or_pause)
        panel.step_asked.connect(self.step)
        panel.reset_asked.connect(self.reset)
        panel.clear_asked.connect(self._on_clear)
        panel.used.connect(self.use)
        panel.removed.connect(self.race.remove)
        panel.sweep_asked.connect(self.start_sweep)
        panel.halt_asked.connect(self.sweep.stop)
        panel.value_used.connect(self._on_value)
        panel.number_chosen.connect(self._suggest)
        panel.shown.connect(self._on_shown)
        self._ends = [
            self.race.changed.connect(self._later),
            self.sweep.changed.connect(self._later),
            self.landscape.changed.connect(self._later),
            base.document_changed.connect(self._on_document),
        ]
        self.landscape.viewers.append(panel)

    def close(self) -> None:
        """Ends every engine."""
        for end in self._ends:
            end()
        self._ends.clear()
        self._draws.stop()
        self.race.close()
        self.sweep.stop()
        if self.panel.contour is not None:
            self.panel.contour.stop()

    # --- the race ---

    def add(self, kind: str) -> None:
        """More lanes: "optimizers", "rates" or "seeds"."""
        document = self.session.whole
        variants = self._starts() if kind == "seeds" else ()
        try:
            if not variants:
                variants = (
                    presets() if kind == "optimizers" else rates(document) if kind == "rates" else seeds(document)
                )
        except ProblemError as error:
            self._say(error.problems[0].message)
            return
        self._follow()
        self._say(self.race.add(document, variants))

    def _starts(self) -> tuple[Variant, ...]:
        """Starts spread over the landscape, where nothing is drawn at random and its axes are two numbers of the program; else none."""
        shown, grid = self.landscape.shown, self.landscape.grid
        random = any(node.op in SEEDS for node in self.session.whole.nodes.values())
        if random or grid is None or shown is None or shown.x is None or shown.y is None:
            return ()
        if shown.x.index or shown.y.index:
            return ()
        x0, x1, y0, y1 = grid.to
        found = []
        for u, v in SPREAD:
            at = tuple(float(f"{low + part * (high - low):.3g}") for part, low, high in ((u, x0, x1), (v, y0, y1)))
            found.append(Variant(f"from ({at[0]:g}, {at[1]:g})", start=((shown.x.name, at[0]), (shown.y.name, at[1]))))
        return tuple(found)

    def play_or_pause(self) -> None:
        """Plays all lanes, or holds them."""
        if self.race.playing:
            self.race.pause()
            return
        self._follow()
        self._trace()
        if self.race.lanes and all(lane.over or lane.state == "finished" for lane in self.race.lanes):
            self.race.reset()
        self.race.play()

    def step(self) -> None:
        """One step of each lane."""
        self._follow()
        self._trace()
        self.race.step()

    def reset(self) -> None:
        """Every lane back at the start, of the document as it is."""
        self.stale = self.stale or bool(self.race.lanes)
        self._follow()

    def use(self, lane: Lane) -> None:
        """Puts the lane's settings into the document."""
        if self.session.edit_whole(edit_of(lane.variant)):
            self.window.say_status(f"The document trains as {lane.variant.name} now ({lane.variant.words})")

    def _follow(self) -> None:
        """Lanes of a document that was changed begin again."""
        if self.stale:
            self.stale = False
            self._say(self.race.follow(self.session.whole))

    def _trace(self) -> None:
        shown = self.landscape.shown
        if shown is not None and not shown.problems and not self.race.step_now:
            names = tuple(entry.name for entry in (shown.x, shown.y) if entry is not None)
            self.race.trace = traced_of(shown.leaves, names)

    def _say(self, text: str) -> None:
        self.said = text
        self._later()

    def _on_clear(self) -> None:
        self.race.clear()
        self._say("")

    # --- the sweep ---

    def start_sweep(self) -> None:
        """Tries the chosen number over the range."""
        panel = self.panel
        number = panel.number.currentData()
        if not isinstance(number, Number):
            panel.progress.setText("The program writes no number that could be swept.")
            return
        try:
            low, high = float(panel.low.text()), float(panel.high.text())
            values = spaced(low, high, panel.count.value(), panel.log.isChecked())
        except ValueError as error:
            text = str(error)
            panel.progress.setText("Both ends are numbers." if "convert" in text else text)
            return
        if number not in numbers(self.session.whole):
            self._list()
            panel.progress.setText("The program has changed: choose the setting again.")
            return
        self.sweep.start(self.session.whole, number, values, panel.steps.value() or None)

    def _on_value(self, value: float) -> None:
        number = self.sweep.number
        if number is not None and self.session.edit_whole(
            lambda document: structs.replace(
                set_to(number, value)(document), label=f"Set {number.name} to {value:g}", merge=""
            )
        ):
            self.window.say_status(f"{number.name} is {value:g} now")

    def _suggest(self) -> None:
        number = self.panel.number.currentData()
        if not isinstance(number, Number):
            return
        value = number.value
        fraction = number.name in ("momentum", "dampening", "beta") or (value == 0 and "decay" not in number.name)
        log = value > 0 and not fraction and value != int(value)
        low, high = (value / 10, value * 10) if log else (0.0, 0.99) if fraction and 0 <= value < 1 else (
            value - max(1.0, abs(value)), value + max(1.0, abs(value))
        )  # fmt: skip
        if value == int(value) and value > 1 and not fraction:
            low, high = 1.0, 2 * value
        if number.name == "weight_decay" and not value:
            low, high, log = 1e-4, 1.0, True
        self.panel.low.setText(f"{low:g}")
        self.panel.high.setText(f"{high:g}")
        self.panel.log.setChecked(log)

    def _list(self) -> None:
        document = self.session.whole
        if self._listed is document:
            return
        self._listed = document
        now = self.panel.number.currentData()
        before = now.name if isinstance(now, Number) else ""
        self.panel.show_numbers(numbers(document), before)
        found = self.panel.number.currentData()
        if not isinstance(found, Number) or found.name != before:
            self._suggest()

    # --- what is shown ---

    def relief(self) -> Relief | None:
        """The landscape with the lanes on it."""
        landscape = self.landscape
        shown = landscape.shown
        if shown is None or shown.problems:
            return None
        ways = []
        projector = landscape.ways.projector
        for at, lane in enumerate(self.race.lanes):
            traced = projector.of_traces(lane.recording.run) if projector is not None else None
            begin = projector.of_frame(lane.start) if projector is not None and lane.start is not None else None
            x, y = (traced[1], traced[2]) if traced is not None else (np.empty(0), np.empty(0))
            if begin is not None and (traced is None or traced[0][0] > 0):
                x, y = np.insert(x, 0, begin[0]), np.insert(y, 0, begin[1])
            ways.append(Way(lane.variant.name, x, y, TOKENS[at % len(TOKENS)], MARKS[at % len(MARKS)], len(x) - 1))
        return structs.replace(landscape.relief(), ways=tuple(ways), point=None)

    def draw(self) -> None:
        """Everything as it is now."""
        panel, race, sweep = self.panel, self.race, self.sweep
        if not panel.isVisible():
            return
        shown = self.landscape.shown
        panel.show_lanes(race.lanes, shown.of if shown is not None else "")
        panel.show_playing(race.playing)
        words = self.said
        if not words and self.stale and race.lanes:
            words = "The document has changed: Play and Reset begin again with it."
        if not words and race.lanes:
            good = [lane for lane in race.lanes if not lane.over and lane.loss is not None]
            best = min(good, key=lambda lane: lane.loss if lane.loss is not None else math.inf, default=None)
            words = f"step {race.step_now:,}" + (f" · ahead: {best.variant.name} with {short(best.loss or 0.0)}" if best else "")  # fmt: skip
        if race.playing and not race.step_now:
            words = "starting an engine for each lane…"
        panel.note.setText(words if panel.race_chip.isChecked() else "")
        relief = self.relief()
        why = ""
        if relief is None and shown is not None and shown.problems:
            why = f"No landscape to race on: {shown.problems[0].message}"
        panel.show_relief(relief, why)
        self._hear()
        count, whole = len(sweep.tried), len(sweep.values)
        progress = f"{count} of {whole} values" if sweep.running else f"{whole} values" if whole and count == whole else f"{count} of {whole} values, stopped" if whole else panel.progress.text()  # fmt: skip
        if whole or sweep.running:
            panel.show_tried(sweep.tried, sweep.number.name if sweep.number else "", panel.log.isChecked(), progress, sweep.running)  # fmt: skip

    def _hear(self) -> None:
        contour, grid = self.panel.contour, self.landscape.grid
        if contour is None or grid is None:
            return
        if not self._heard:
            self._heard = True
            contour.range_changed.connect(self.landscape.look_at)
            contour.home_asked.connect(self.landscape.fit)
        if contour.range != grid.to and not contour.moving:
            contour.set_range(grid.to)

    def _later(self, *_: object) -> None:
        if self.panel.isVisible() and not self._draws.isActive():
            self._draws.start()

    def _on_shown(self) -> None:
        self._list()
        self.landscape.refresh()
        self._later()

    def _on_document(self, document: Document, diff: Diff) -> None:
        if not diff.label:
            self.race.clear()
            self.sweep.stop()
            self.sweep.values, self.sweep.results = (), {}
            self.panel.show_tried((), "", False, "", False)
            self.stale, self.said = False, ""
        elif not diff.only_layout:
            self.stale, self.said = bool(self.race.lanes), ""
            self.race.pause()
        if self.panel.isVisible():
            self._list()
        self._later()
