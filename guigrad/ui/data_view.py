"""Data sets for the graph: the dialog, the process that makes them, and the one change that puts them in."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from guigrad.datasets.spec import KINDS, Made, kind_of_file, sound
from guigrad.document import edit
from guigrad.document.draft import Edit
from guigrad.document.problem import ProblemError
from guigrad.run.datamaker import DataMaker, Report
from guigrad.ui.bridge import Bridge
from guigrad.ui.widgets.data_dialog import DataDialog

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow

LEFT = 340.0
"""How far in front of everything else the leaves stand. Units: canvas units."""


class DataView(QObject):
    """Thread: the GUI thread."""

    def __init__(self, window: MainWindow, make: Callable[[Report], DataMaker] = DataMaker) -> None:
        super().__init__(window)
        self.window = window
        self.dialog: DataDialog | None = None
        self._bridge = Bridge(self)
        self._maker = make(lambda number, answer: self._bridge.post(lambda: self._on_answer(number, answer)))
        self._number = 0

    def open(self, kind: str = "", settings: dict[str, Any] | None = None) -> None:
        """The dialog, with the data set of the document that was added last, or with a kind and its settings."""
        there = self.window.session.whole.datasets
        last = next(reversed(list(there.values())), None)
        if not kind and last is not None and last.kind in KINDS:
            kind, settings = last.kind, sound(last.kind, last.settings)
        if self.dialog is not None:
            self.dialog.choose(kind or "moons", settings)
            self.dialog.raise_()
            return
        dialog = self.dialog = DataDialog(
            self.window.look, [(key, data.name) for key, data in there.items()], self.window
        )
        dialog.asked.connect(self._on_asked)
        dialog.looked.connect(self._on_looked)
        dialog.chosen.connect(self._on_chosen)
        dialog.finished.connect(self._on_finished)
        dialog.choose(kind or "moons", settings)
        dialog.open()

    def takes(self, name: str) -> bool:
        """Whether a dropped file or folder holds points: a table, several arrays, a folder of images."""
        return kind_of_file(name, os.path.isdir(name)) in ("csv", "images") or name.lower().endswith(".npz")

    def reads(self, name: str) -> bool:
        """Whether a file or a folder can be read as a data set."""
        return bool(kind_of_file(name, os.path.isdir(name)))

    def open_file(self, name: str) -> None:
        """The dialog for a file or a folder."""
        self.open(kind_of_file(name, os.path.isdir(name)), {"path": name})

    def close(self) -> None:
        """The window closes."""
        self._bridge.close()
        self._maker.close()

    def _on_asked(self, kind: str, settings: dict[str, Any]) -> None:
        self._number = self._maker.make(kind, settings)

    def _on_looked(self, path: str, settings: dict[str, Any]) -> None:
        self._number = self._maker.look(path, settings)

    def _on_answer(self, number: int, answer: tuple[Any, ...]) -> None:
        dialog = self.dialog
        if number != self._number or dialog is None:
            return
        match answer:
            case ("made", tuple(fields)):
                dialog.show_made(Made(*fields))
            case ("looked", dict(found)):
                dialog.show_looked(found)
            case ("progress", int(done), int(total)):
                dialog.show_progress(done, total)
            case ("problem", problem):
                dialog.show_problem(problem.message)

    def _on_finished(self) -> None:
        dialog, self.dialog = self.dialog, None
        self._maker.cancel()
        if dialog is not None:
            dialog.deleteLater()

    def _on_chosen(self, made: Made, key: str) -> None:
        """One change: leaves, cards and what is known of them. Where it cannot be, the dialog stays and says why."""
        window, record = self.window, made.record()
        window.session.go(())  # data are the program's, not a function's
        change: Edit
        if key:
            change = edit.replace_data(key, made.arrays, made.name, made.kind, record)
        else:
            change = edit.add_data(made.arrays, made.name, made.kind, record, self._place())
        before = set(window.session.document.nodes)
        try:
            diff = change(window.session.document)
        except ProblemError as error:
            if self.dialog is not None:
                self.dialog.error.setText(error.problems[0].message)
                self.dialog.error.show()
            return
        if self.dialog is not None:
            self.dialog.accept()
        window.show_canvas()
        window.session.edit(diff)
        new = [node for node in window.session.document.nodes if node not in before]
        if new:
            window.session.select(new)
            window.canvas.reveal(new[0])
        window.say_status(f"{made.name}: {made.arrays['X_train'].shape[0]} points for training")

    def _place(self) -> tuple[float, float]:
        """In front of everything: to the left of the cards."""
        scene = self.window.canvas.scene
        places = [(float(scene.x[row]), float(scene.y[row])) for row in scene.row.values()]
        if not places:
            return 0.0, 0.0
        return min(x for x, _ in places) - LEFT, min(y for _, y in places)
