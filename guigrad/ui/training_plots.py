"""The plots of a training: what is watched, until when it trains, what is drawn, what is exported."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QFileDialog

from guigrad.document.problem import Problem
from guigrad.run.recording import Recording
from guigrad.run.training import until_of, watch_of
from guigrad.ui.widgets.curves import curves

if TYPE_CHECKING:
    from guigrad.ui.training_view import TrainingView

PLOT_MS: Final = 100
FILTERS: Final = "Picture (*.png);;Vector picture (*.svg);;Numbers (*.csv)"


class TrainingPlots(QObject):
    """Thread: the GUI thread. It lives as long as the view."""

    def __init__(self, view: TrainingView) -> None:
        super().__init__(view)
        self.view, self.panel, self.window, self.coach = view, view.panel, view.window, view.coach
        self.hidden: set[str] = set()
        self._wrong = False
        self.timer = QTimer(self, singleShot=True, interval=PLOT_MS)
        self.timer.timeout.connect(self.draw)
        panel = self.panel
        panel.until_asked.connect(self._on_until)
        panel.watch_asked.connect(self._on_watch)
        panel.unwatch_asked.connect(self._on_unwatch)
        panel.export_asked.connect(self._on_export)
        panel.watched_menu.aboutToShow.connect(self._fill_watched)

    def later(self) -> None:
        """Draws soon."""
        if not self.timer.isActive():
            self.timer.start()

    def draw(self) -> None:
        """Every run's numbers as they are now; long ones are drawn less often."""
        panel = self.panel
        recording: Recording = self.coach.recording
        if panel.plot is None or not panel.isVisible():
            return
        names = tuple(dict.fromkeys(name for run in recording.runs for name in run.series if name not in self.hidden))
        drawn = curves(recording, names, frozenset(range(len(recording.runs))))
        panel.plot.show_curves(drawn)
        if not self._wrong:
            bad = min((curve.first_nan for curve in drawn if curve.first_nan), default=0)
            panel.say(f"NaN from step {bad:,} on" if bad else "")
        self.timer.setInterval(max(PLOT_MS, round(5000 * panel.plot.cost_s)))

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
        if self.panel.plot is None:
            return
        name, chosen = QFileDialog.getSaveFileName(self.window, "Export the plot", "training.png", FILTERS)
        if not name:
            return
        if not Path(name).suffix:
            name += chosen.rpartition("*")[2].rstrip(")")
        try:
            self.panel.plot.save(name)
        except (OSError, ValueError) as error:
            self.window.bar.say(f"{name} was not written: {error}", "error")
            return
        self.window.messages.add(f"Exported {name}", "note")
