"""The plots of a training: what is watched, until when it trains, what is drawn, what is exported."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QFileDialog

from guigrad.document.problem import Problem
from guigrad.run.derivative import Question
from guigrad.run.recording import Recording
from guigrad.run.sketch import AskSketch, Sketch, bare
from guigrad.run.training import until_of, watch_of
from guigrad.run.vital import GUIDE, Verdict, gradients, said_of, updates
from guigrad.ui.panels.training import NUMBERS, VIEWS
from guigrad.ui.training_words import differs
from guigrad.ui.widgets.chart import Chart
from guigrad.ui.widgets.curves import curves, sketch_curves
from guigrad.ui.widgets.frame_sketch import fill_in
from guigrad.ui.widgets.plot_page import ChoicePage, PlotPage
from guigrad.ui.widgets.step_plot import StepPlot

if TYPE_CHECKING:
    from guigrad.ui.plot_asker import Asker
    from guigrad.ui.training_view import TrainingView

PLOT_MS: Final = 100
NO_NUMBERS: Final = "Train a step: the loss, and every number that is watched, is drawn here."
NO_SKETCH: Final = "Train a step: how the parameters and their gradients are spread is drawn here, where there are leaves that require grad."
FILTERS: Final = "Picture (*.png);;Vector picture (*.svg);;Numbers (*.csv)"


class TrainingPlots(QObject):
    """Thread: the GUI thread. It lives as long as the view."""

    def __init__(self, view: TrainingView) -> None:
        super().__init__(view)
        self.view, self.panel, self.window, self.coach = view, view.panel, view.window, view.coach
        self.hidden: set[str] = set()
        self._wrong = False
        self._step: int | None = None
        self.timer = QTimer(self, singleShot=True, interval=PLOT_MS)
        self.timer.timeout.connect(self.draw)
        panel = self.panel
        panel.until_asked.connect(self._on_until)
        panel.watch_asked.connect(self._on_watch)
        panel.unwatch_asked.connect(self._on_unwatch)
        panel.export_asked.connect(self._on_export)
        panel.watched_menu.aboutToShow.connect(self._fill_watched)
        panel.view_chosen.connect(self._on_view)
        self.coach.asks = self._asks
        self.askers: dict[str, Asker] = {}
        self._ends = [self.coach.answered.connect(self._on_answered), self.coach.restarted.connect(self._on_restarted)]

    def close(self) -> None:
        """Asks and draws nothing more."""
        for end in self._ends:
            end()
        self._ends.clear()
        self.coach.asks = lambda: ()
        self.timer.stop()
        for asker in self.askers.values():
            asker.stop()

    def later(self) -> None:
        """Draws soon."""
        if not self.timer.isActive():
            self.timer.start()

    def draw(self) -> None:
        """What is shown as it is now; what takes long is drawn less often."""
        panel = self.panel
        if panel.plot is None or not panel.isVisible():
            return
        name = panel.view_now
        began = perf_counter()
        self._mark()
        if name in panel.pages:
            recording = self.coach.recording
            others = {str(run.number): run.name for run in recording.runs if run.number != recording.current}
            panel.pages[name].show_runs({"": recording.run.name, **others})
        if name == NUMBERS:
            self._draw_numbers()
        elif name in self.askers:
            self.askers[name].refresh()
        elif name in panel.pages:
            self._draw_sketches(name, panel.pages[name])
        self.timer.setInterval(max(PLOT_MS, round(5000 * (perf_counter() - began))))

    def show_step(self, step: int | None) -> None:
        """Where the canvas is. While a training plays, plots are painted when there is more to draw, not for that alone."""
        self._step = step
        if not self.coach.playing:
            self._mark()
        if self.panel.view_now == "bars":
            self.later()

    def _mark(self) -> None:
        panel, step = self.panel, self._step
        if panel.plot is not None:
            panel.plot.show_step(step)
        for name, page in panel.pages.items():
            if name in ("spread", "ratio", "norms"):
                page.chart.show_step(step)  # type: ignore[attr-defined]  # these have steps on their axis

    def _draw_numbers(self) -> None:
        panel, recording = self.panel, self.coach.recording
        names = tuple(dict.fromkeys(name for run in recording.runs for name in run.series if name not in self.hidden))
        drawn = curves(recording, names, frozenset(range(len(recording.runs))), differs(recording, self._words_of))
        drawn += self.window.torchrun.curves(len(recording.runs))
        assert panel.plot is not None  # asked before
        panel.plot.show_curves(drawn)
        panel.plot.say_empty("" if drawn else NO_NUMBERS)
        if not self._wrong:
            bad = min((curve.first_nan for curve in drawn if curve.first_nan), default=0)
            panel.say(f"NaN from step {bad:,} on" if bad else "")

    # --- pages ---

    def _on_view(self, name: str) -> None:
        """Makes a plot when it is first seen."""
        if name != NUMBERS and name not in self.panel.pages:
            page = self._make(name)
            self.panel.add_page(name, page)
            page.changed.connect(self.draw)
        self.panel.show_page(name)
        self._wrong = False
        self.panel.say("")
        self.draw()

    def _make(self, name: str) -> PlotPage:
        page = self._page(name)
        if name not in ("ratio", "norms"):  # these show every run
            page.choose_runs()
        return page

    def _page(self, name: str) -> PlotPage:
        look = self.panel.look
        if name == "fit":
            from guigrad.ui.training_fit import FitAsker  # late: what only some look at
            from guigrad.ui.widgets.field_plot import FieldPlot

            field = FieldPlot(look)
            fit = ChoicePage(field, "Where points enter: rows of one or two numbers", "The output that is drawn")
            self.askers[name] = FitAsker(self.window, fit, field)
            return fit
        if name == "images":
            from guigrad.ui.training_images import ImageAsker  # late: the same
            from guigrad.ui.widgets.image_plot import ImagePlot

            pictures = ImagePlot(look)
            images = ChoicePage(pictures, "Rows that are pictures", "The output that tells what they are")
            self.askers[name] = ImageAsker(self.window, images, pictures)
            return images
        if name == "bars":
            from guigrad.ui.widgets.norm_bars import NormBars  # late: the same

            return PlotPage(NormBars(look))
        if name == "spread":
            from guigrad.ui.widgets.spread_page import SpreadPage  # late: the same

            spread = SpreadPage(look)
            spread.drawing.step_chosen.connect(lambda step: self.panel.timeline.scrubbed.emit(step, -1))
            return spread
        title = next(words for key, words, _ in VIEWS if key == name)
        plot = StepPlot(look, name=f"{title} over steps")
        plot.set_style(1, False, True)
        if name == "ratio":
            plot.show_guide(GUIDE, "1e-3, usual")
        plot.left = "update / weight" if name == "ratio" else "gradient norm"
        plot.step_chosen.connect(lambda step: self.panel.timeline.scrubbed.emit(step, -1))
        return PlotPage(plot)

    def _sketches(self, run: int | None) -> tuple[Sketch, ...]:
        """Those of a run; None: of the one that goes on."""
        recording = self.coach.recording
        if not self.coach.playing:
            bins = self.panel.view_now == "spread"
            if not fill_in(recording, self.window.session.base.document, bins, run):
                self.later()  # goes on with the other frames
        found: tuple[Sketch, ...] = recording.sketches.along(recording.spans(run))
        return found

    def _shown(self, sketches: tuple[Sketch, ...]) -> tuple[Sketch, ...]:
        step = self.coach.shown
        return sketches if step is None else tuple(one for one in sketches if one.step <= step)

    def _draw_sketches(self, name: str, page: PlotPage) -> None:
        sketches = self._sketches(page.run)
        until = self._shown(sketches) if page.run is None else sketches
        page.chart.say_empty("" if sketches else NO_SKETCH)
        match name:
            case "spread":
                page.show_sketches(sketches)  # type: ignore[attr-defined]  # a SpreadPage
            case "bars":
                said = gradients(until)
                page.chart.show_sketch(until[-1] if until else Sketch(), said)  # type: ignore[attr-defined]  # NormBars
                self._say_of(page, until, said, "no gradient vanishes or explodes")
            case "norms" | "ratio":
                what = "grad_norm" if name == "norms" else "ratio"
                drawn = sketch_curves(self.coach.recording, what, differs(self.coach.recording, self._words_of))
                page.chart.show_curves(drawn)  # type: ignore[attr-defined]  # a StepPlot
                said = gradients(until) if name == "norms" else updates(until)
                fine = (
                    "no gradient vanishes or explodes" if name == "norms" else "every ratio lies between 1e-5 and 0.1"
                )
                self._say_of(page, until, said, fine)

    def _say_of(self, page: PlotPage, sketches: tuple[Sketch, ...], said: tuple[Verdict, ...], fine: str) -> None:
        if not sketches:
            page.say("")
            return
        last, run = sketches[-1], page.run
        whose = f"{self.coach.recording.runs[run].name}, " if run is not None else ""
        more = f" · {last.more:,} more parameters are not shown" if last.more else ""
        page.say(f"{whose}step {last.step:,}: {said_of(said) or fine}{more}", bad=bool(said))

    def _words_of(self, key: str) -> str:
        return bare(self.window.live.names.get(key, key))

    # --- what is asked of each slice ---

    def _asks(self) -> tuple[Question, ...]:
        if not self.panel.isVisible() or self.panel.plot is None or self.window.session.base.exercise.keys:
            return ()
        asker = self.askers.get(self.panel.view_now)
        return (AskSketch(self.panel.view_now == "spread"), *(asker.asks() if asker is not None else ()))

    def _on_answered(self, answer: object) -> None:
        asker = self.askers.get(self.panel.view_now)
        if asker is not None:
            asker.heard(answer)

    def _on_restarted(self, recording: Recording) -> None:
        store = self.window.session.base.store
        for asker in self.askers.values():
            asker.forget(another=store.revision == store.saved_revision)

    # --- until and watch ---

    def _say(self, problem: Problem | None) -> None:
        self._wrong = problem is not None
        self.panel.say(f"{problem.message} {problem.why or ''}".strip() if problem is not None else "")

    def _on_until(self, text: str) -> None:
        until = until_of(text.strip().removeprefix("until "))
        problem = until if isinstance(until, Problem) else None
        if problem is None and not isinstance(until, Problem) and until.watch is not None:
            problem = self._missing(until.watch.label)
        self._say(problem)
        if problem is not None or isinstance(until, Problem):
            return
        if until.watch is not None:
            self._watch(until.watch.text)
        self.view.play(until=until)

    def _on_watch(self, text: str) -> None:
        watch = watch_of(text)
        problem = watch if isinstance(watch, Problem) else self._missing(watch.label)
        self._say(problem)
        if problem is None and not isinstance(watch, Problem):
            self.panel.watch.clear()
            self._watch(watch.text)

    def _missing(self, label: str) -> Problem | None:
        known = self.window.live.labels
        if label in known or label.partition("[")[0] in known or "/" in label:
            return None
        return Problem(f"There is no node {label!r}.", kind="name")

    def watching(self) -> list[str]:
        """What is watched, as it is written."""
        names, known = self.window.live.names, self.view.trains
        if self.coach.watch is not None:
            return [watch.text for watch in self.coach.watch]
        return [names[key] for key in known.losses if key in names] if known is not None else []

    def _watch(self, text: str) -> None:
        self.hidden.discard(text)
        now = self.watching()
        if text not in now:
            self._put([*now, text])
        self.later()

    def _on_unwatch(self, text: str) -> None:
        self.hidden.add(text)
        self._put([name for name in self.watching() if name != text])
        self.later()

    def _put(self, texts: list[str]) -> None:
        found = [watch_of(text) for text in texts]
        self.coach.watch = tuple(watch for watch in found if not isinstance(watch, Problem))

    def _fill_watched(self) -> None:
        names = [self.window.live.names.get(key, "") for key in sorted(self.window.session.selection)]
        forms = ("norm({})", "norm({}.grad)", "update({})")
        now = self.watching()
        more = [form.format(name) for name in names[:3] if name for form in forms]
        self.panel.show_watched(now, [text for text in more if text not in now])

    # --- export ---

    def _on_export(self) -> None:
        chart: Chart | None = self.panel.chart
        if chart is None:
            return
        view = self.panel.view_now
        proposed = "training.png" if view == NUMBERS else f"training-{view}.png"
        name, chosen = QFileDialog.getSaveFileName(self.window, "Export the plot", proposed, FILTERS)
        if not name:
            return
        if not Path(name).suffix:
            name += chosen.rpartition("*")[2].rstrip(")")
        try:
            chart.save(name)
        except (OSError, ValueError) as error:
            self.window.bar.say(f"{name} was not written: {error}", "error")
            return
        self.window.messages.add(f"Exported {name}", "note")
