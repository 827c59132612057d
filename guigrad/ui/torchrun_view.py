"""Train with torchrun…: asks, starts it, draws its loss beside the other runs, ends it, and takes its parameters into the graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDialog

from guigrad.document import edit
from guigrad.document.names import labels
from guigrad.document.problem import ProblemError
from guigrad.files.arrays import read_arrays
from guigrad.run.distributed import distributed
from guigrad.run.loops import trains
from guigrad.run.series import Series
from guigrad.run.torchrun import Report, Torchrun
from guigrad.ui.bridge import Bridge
from guigrad.ui.widgets.curves import Curve, columns
from guigrad.ui.widgets.dialogs import ask
from guigrad.ui.widgets.export_dialog import Choice
from guigrad.ui.widgets.torchrun_dialog import TorchrunDialog

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow

KEPT = 4
"""Runs whose loss stays on the plot."""

Start = Callable[[str, int, Report], Torchrun]


class TorchrunView(QObject):
    """Thread: the GUI thread. One at a time; the window ends it when it closes."""

    def __init__(self, window: MainWindow, start: Start = Torchrun) -> None:
        super().__init__(window)
        self.window, self._start = window, start
        self._bridge = Bridge(self)
        self.now: Torchrun | None = None
        self.losses: list[tuple[str, Series]] = []
        self._count = 0
        self._loss, self._of = "loss", ("", "")
        self._done: list[Torchrun] = []  # whose parameters may still be taken

    def open(self) -> None:
        """Asks, and starts it; says why where the training cannot be shared out."""
        if self.now is not None:
            self._say()
            return
        try:
            script = distributed(self.window.session.whole)
        except ProblemError as error:
            self.window.show_refused(error.problems)
            return
        dialog = TorchrunDialog(self.window.look, self.window)
        dialog.save_asked.connect(self._save)
        if ask(dialog) == QDialog.DialogCode.Accepted:
            self.train(script, dialog.processes.value())

    def train(self, script: str, processes: int) -> None:
        """Starts it on this machine."""
        self._count += 1
        words = f"torchrun {self._count}, {processes} process{'es' if processes > 1 else ''}"
        series = Series()

        def report(what: str, losses: tuple[float, ...]) -> None:
            self._bridge.post(lambda: self._on_report(running, what, losses))

        try:
            running = self.now = self._start(script, processes, report)
        except OSError as error:
            self.window.bar.say(f"torchrun cannot be started: {error.strerror or error}", "error")
            return
        found = trains(self.window.session.whole)
        loss = found.losses[0] if found is not None and found.losses else ""
        self._loss = labels(self.window.session.whole).get(loss, "loss")
        if self._of != (self.window.session.path, loss):  # of another program
            self.losses = []
        self._of = (self.window.session.path, loss)
        self.losses = [*self.losses[1 - KEPT :], (words, series)]
        self.window.tabs.open(self.window, "training")
        self._say()

    def cancel(self) -> None:
        """Ends all of its processes at once."""
        if self.now is not None:
            self.now.cancel()

    def close(self) -> None:
        """The window closes."""
        self._bridge.close()
        if self.now is not None:
            self.now.close()
            self.now = None
        for running in self._done:
            running.close()

    def curves(self, first: int) -> tuple[Curve, ...]:
        """The losses over steps, as runs numbered from ``first``."""
        found = []
        path, loss = self._of
        if path != self.window.session.path or loss not in self.window.session.whole.nodes:
            return ()
        for number, (words, series) in enumerate(self.losses, first):
            if len(series):
                x, y = columns(series)
                found.append(Curve(number, self._loss, f"{self._loss} · {words}", x, np.asarray(y), series.first_nan))
        return tuple(found)

    def _say(self) -> None:
        self.window.bar.say(f"{self.losses[-1][0]} trains in processes of its own", "note", [("Cancel", self.cancel)])

    def _save(self) -> None:
        self.window.intents.export_as(Choice("torchrun"))

    def _on_report(self, running: Torchrun, what: str, losses: tuple[float, ...]) -> None:
        if running is not self.now:
            return
        words, series = self.losses[-1]
        if what == "losses":
            series.extend(losses)
            self.window.training.plots.later()
            self.window.say_status(f"{words}: step {series.end:,}, loss {series.at(series.end):.6g}")
            return
        self.now = None
        bar = self.window.bar
        bar.hide()
        if what == "done":
            step = f"{series.end:,} steps, loss {series.at(series.end):.6g}" if len(series) else "no steps"
            bar.say(
                f"{words}: done, {step}", "note", [("Take its parameters into the graph", lambda: self._take(running))]
            )
        elif what == "failed":
            bar.say(f"{words} failed: {running.why()}", "error")
            self.window.messages.add(running.said().strip() or "torchrun said nothing", "error")
        else:
            self.window.say_status(f"{words}: cancelled")
        running.close(keep=what == "done")
        self._done += [running] if what == "done" else []
        self.window.training.plots.later()

    def _take(self, running: Torchrun) -> None:
        """Its parameters become the values of the leaves, as one change."""
        try:
            values = read_arrays(running.parameters)
            label = "Take the parameters of torchrun"
            done = self.window.session.base.edit(edit.set_leaf_values(values, label))
        except ProblemError as error:
            self.window.show_refused(error.problems)
            return
        if done:
            self.window.bar.hide()
