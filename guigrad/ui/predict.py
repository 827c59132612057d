"""Predict, then reveal in the window: blanks made on the canvas, answered in their panel, exported as points."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QMenu

from guigrad.document.file import write_atomically
from guigrad.run.blanks import KINDS, Blank, can_blank
from guigrad.run.exercise import blank
from guigrad.ui.intents_base import Verbs
from guigrad.ui.panels.predict import PredictPanel

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow

ACTIONS: Final = {"value": "blank_value", "grad": "blank_grad", "shape": "blank_shape"}
FILTER: Final = "Table (*.csv);;JSON (*.json)"


def make_predict(window: MainWindow) -> PredictPanel:
    """The panel of the exercise, kept in step with the session."""
    panel = PredictPanel(window.look)
    Predict(window, panel)
    return panel


class Predict(QObject):
    """Thread: the GUI thread. It lives as long as the panel."""

    def __init__(self, window: MainWindow, panel: PredictPanel) -> None:
        super().__init__(panel)
        self.window, self.panel = window, panel
        self.exercise = window.session.exercise
        stops = [
            self.exercise.changed.connect(self._show),
            window.session.frame_changed.connect(lambda frame: self._show()),
        ]
        panel.destroyed.connect(lambda: [stop() for stop in stops])
        panel.guessed.connect(self._guess)
        panel.hint_asked.connect(self.exercise.hint)
        panel.reveal_asked.connect(self._reveal)
        panel.restart_asked.connect(self.exercise.restart)
        panel.export_asked.connect(window.intents.export_points)
        panel.chosen.connect(self._go)
        window.keymap.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        entries = self.exercise.entries
        text = self.window.keymap.text
        keys = ", ".join(f"{text(name) or 'the menu'} its {what}" for what, name in ACTIONS.items())
        self.panel.show_entries(
            entries,
            f"Nothing is blanked. Select a card and blank what is to be predicted ({keys}): it is hidden everywhere until it is "
            "answered here. Blanks are saved with the document.",
        )
        tabs = self.window.tabs
        number = tabs.indexOf(self.panel)
        left = sum(not entry.result for entry in entries)
        if number >= 0:
            tabs.call(number, f"Predict {left}" if left else "Predict")

    def _guess(self, wanted: Blank, text: str) -> None:
        if not self.exercise.guess(wanted, text):
            self.panel.focus_row()

    def _reveal(self, wanted: Blank) -> None:
        self.exercise.reveal(wanted)
        self.panel.focus_row()

    def _go(self, wanted: Blank) -> None:
        """The card of the row that has the keys, without taking them."""
        here = self.window.levels.find(wanted.node) or wanted.node
        if here in self.window.canvas.scene.row and self.window.session.selection != {here}:
            self.window.session.select((here,))


def add_blanks(window: MainWindow, menu: QMenu, key: str) -> None:
    """What of a card can be blanked, and what is."""
    node = window.session.document.nodes.get(key)
    if node is None:
        return
    inner = menu.addMenu("Blank, to be predicted")
    there = window.session.whole.settings.exercise
    for what in KINDS:
        why = can_blank(node, what)
        action = inner.addAction(f"Its {'gradient' if what == 'grad' else what}\t{window.keymap.text(ACTIONS[what])}")
        action.setCheckable(True)
        action.setChecked((key, what) in there)
        action.setEnabled(not why)
        action.setToolTip(why)
        action.triggered.connect(lambda on, kind=what: window.session.edit_whole(blank((key,), kind, bool(on))))
    inner.setToolTipsVisible(True)
    if any(found.node == key for found in window.session.exercise.open):
        menu.addAction(window.actions_by_id["guess"])


class PredictIntents(Verbs):
    """Blanks and answers."""

    def blank_value(self) -> None:
        """The values of what is selected are to be predicted, or no longer."""
        self._blank("value")

    def blank_grad(self) -> None:
        """The gradients of what is selected."""
        self._blank("grad")

    def blank_shape(self) -> None:
        """The shapes of what is selected."""
        self._blank("shape")

    def _blank(self, what: str) -> None:
        self.session.edit_whole(blank(sorted(self.session.selection), what))

    def guess(self) -> None:
        """To the answer of what is selected, or the next one."""
        self.window.tabs.open(self.window, "predict")
        if not self.window.tabs.panels["predict"].focus_row(tuple(self.session.selection)):
            self.window.say_status("Nothing is blanked that is not answered yet")

    def export_points(self) -> None:
        """Asks where and writes the points as CSV or JSON."""
        stem = Path(self.session.path).stem if self.session.path else "exercise"
        name, _ = QFileDialog.getSaveFileName(self.window, "Export points", f"{stem}-points.csv", FILTER)
        if not name:
            return
        exercise = self.session.exercise
        name = name if Path(name).suffix.lower() in (".csv", ".json") else f"{name}.csv"
        text = exercise.to_json() if name.lower().endswith(".json") else exercise.to_csv()
        try:
            write_atomically(name, text.encode())
        except OSError as error:
            self.window.bar.say(f"{name} was not written: {error.strerror or error}", "error")
            return
        self.window.messages.add(f"Exported {name}", "note")
