"""What every action does: one method an action, called by its id."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QFileDialog, QInputDialog, QMessageBox, QWidget

from guigrad.document import edit
from guigrad.document.diff import Diff
from guigrad.document.layout import layout, shown_nodes
from guigrad.document.model import View
from guigrad.document.problem import ProblemError
from guigrad.ops import table
from guigrad.source.emit import emit
from guigrad.source.parse.parser import parse
from guigrad.ui import actions
from guigrad.ui.canvas.place import apart
from guigrad.ui.settings import SCALES
from guigrad.ui.widgets.dialogs import AboutDialog, KeyboardPage, PasteDialog
from guigrad.ui.widgets.search_box import Entry, SearchBox, matches

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow

OPEN_FILTER: Final = "All that guigrad reads (*.guigrad *.py *.ipynb *.png *.svg);;All files (*)"
SAVE_FILTER: Final = "guigrad documents (*.guigrad)"
EXPORT_FILTER: Final = "Python script (*.py);;Picture (*.png);;Vector picture (*.svg);;PDF (*.pdf)"
READABLE: Final = (".guigrad", ".py", ".ipynb", ".png", ".svg")
NODES_LISTED: Final = 60
"""Entries of one kind that the search lists at most."""


class Intents:
    """The verbs behind menus, buttons and keys. Thread: the GUI thread."""

    def __init__(self, window: MainWindow) -> None:
        self.window = window
        self.session = window.session

    # --- files ---

    def new(self) -> None:
        """An empty graph, after asking about unsaved changes."""
        if self.may_leave():
            self.window.bar.hide()
            self.session.new()
            self.session.forward()  # from now on values answer to every edit
            self.window.show_canvas()

    def open(self) -> None:
        """Asks for a file and opens it."""
        folder = str(Path(self.session.path).parent) if self.session.path else ""
        name, _ = QFileDialog.getOpenFileName(self.window, "Open", folder, OPEN_FILTER)
        if name:
            self.open_path(name)

    def open_path(self, name: str, ask: bool = True) -> bool:
        """Opens a file; when it cannot be read the current document stays and the message bar says why."""
        if ask and not self.may_leave():
            return False
        self.window.bar.hide()
        if not self.session.open(name):
            return False
        settings = self.window.settings
        if not self.window.is_lesson(name):
            settings.add_recent(name)
        settings.last_document = name
        self.window.opened()
        return True

    def discard(self) -> None:
        """Gives up what was recovered."""
        self.session.new()
        self.window.live.forget_recovery()
        self.window.show_welcome()

    def may_leave(self) -> bool:
        """True when nothing would be lost: saved, not changed, or the user says so."""
        if not self.session.dirty:
            return True
        box = QMessageBox(self.window)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("Unsaved changes")
        box.setText(f"{self.window.document_name()} has changes that are not saved.")
        kinds = QMessageBox.StandardButton
        box.setStandardButtons(kinds.Save | kinds.Discard | kinds.Cancel)
        box.setDefaultButton(kinds.Save)
        answer = box.exec()
        return self.save() if answer == kinds.Save else answer == kinds.Discard

    def save(self) -> bool:
        """Saves to the document's own .guigrad file, else asks where."""
        path = self.session.path
        if not path.endswith(".guigrad") or self.window.is_lesson(path):
            return self.save_as()
        return self._save_to(path)

    def save_as(self) -> bool:
        """Asks where and saves."""
        stem = Path(self.session.path).with_suffix(".guigrad").name if self.session.path else "untitled.guigrad"
        own = self.session.path and not self.window.is_lesson(self.session.path)
        start = str(Path(self.session.path).with_suffix(".guigrad")) if own else stem
        name, _ = QFileDialog.getSaveFileName(self.window, "Save as", start, SAVE_FILTER)
        return bool(name) and self._save_to(name if name.endswith(".guigrad") else f"{name}.guigrad")

    def _save_to(self, path: str) -> bool:
        if not self.session.save(path):
            return False
        self.window.settings.add_recent(path)
        self.window.settings.last_document = path
        self.window.saved()
        self.window.messages.add(f"Saved {path}", "note")
        return True

    def export(self) -> None:
        """Asks where and writes the script or the picture."""
        stem = Path(self.session.path).stem or "graph"
        name, chosen = QFileDialog.getSaveFileName(self.window, "Export", f"{stem}.py", EXPORT_FILTER)
        if not name:
            return
        if not Path(name).suffix:
            name += chosen.partition("*")[2].partition(")")[0]
        try:
            self.write_export(name)
        except (OSError, ValueError) as error:
            self.window.bar.say(f"{name} was not written: {error}", "error")
        else:
            self.window.messages.add(f"Exported {name}", "note")

    def write_export(self, name: str) -> None:
        """Writes the document as .py, .png, .svg or .pdf.

        Raises: OSError or ValueError when it cannot be written.
        """
        if name.endswith(".py"):
            from guigrad.document.file import write_atomically

            write_atomically(name, emit(self.session.document).encode())
            return
        from guigrad.ui import render

        document, theme = self.session.document, self.window.look.theme.name
        self.window.live.with_whole_frame(lambda frame: render.render(document, frame, name, theme=theme))

    def paste_code(self) -> None:
        """Asks for Python code and opens it as a new graph."""
        text = QGuiApplication.clipboard().text()
        dialog = PasteDialog(self.window.look, text if "\n" in text or "=" in text else "", self.window)
        if dialog.exec() == QDialog.DialogCode.Accepted and self.may_leave():
            self.open_code(dialog.edit.toPlainText())

    def open_code(self, text: str) -> bool:
        """A new graph from Python text; what was not understood is listed, the rest stays."""
        try:
            document = parse(text)
        except ProblemError as error:
            self.window.show_refused(error.problems)
            return False
        self.session.new()
        self.session.edit(Diff.between(self.session.document, document, "Paste code"))
        self.window.opened(document.problems)
        return True

    def welcome(self) -> None:
        """The welcome page."""
        self.window.show_welcome()

    def quit(self) -> None:
        """Closes the window."""
        self.window.close()

    # --- editing ---

    def undo(self) -> None:
        """Takes the last change back."""
        label = self.session.undo()
        if label is not None:
            self.window.say_status(f"Undone: {label}")

    def redo(self) -> None:
        """Does it again."""
        label = self.session.redo()
        if label is not None:
            self.window.say_status(f"Done again: {label}")

    def cut(self) -> None:
        """Copies, then deletes."""
        self.window.canvas.cut()

    def copy(self) -> None:
        """The selected nodes as text."""
        self.window.canvas.copy()

    def paste(self) -> None:
        """Nodes, or Python as nodes."""
        self.window.canvas.paste()

    def duplicate(self) -> None:
        """A copy beside."""
        self.window.canvas.duplicate()

    def delete(self) -> None:
        """What is selected goes."""
        self.window.canvas.delete()

    def select_all(self) -> None:
        """Every node."""
        self.window.canvas.select_all()

    def rename(self) -> None:
        """A field over the card, or the inspector's own when the keys are elsewhere."""
        if self.window.canvas.hasFocus():
            self.window.canvas.rename()
            return
        self.window.show_inspector()
        self.window.inspector.focus_name()

    def add_node(self) -> None:
        """The search list on the canvas."""
        self.window.canvas.add_node()

    def tidy(self) -> None:
        """Places the selection, or all cards, anew."""
        document = self.session.document
        chosen = [key for key in self.session.selection if key in document.nodes]
        views, scene = layout(document, chosen or shown_nodes(document)), self.window.canvas.scene
        places = apart(scene, {key: (view.x, view.y) for key, view in views.items() if key in scene.row})
        tidied = {key: View(*places[key], view.collapsed) if key in places else view for key, view in views.items()}
        self.session.edit(edit.place_views(tidied))

    # --- search ---

    def find(self) -> None:
        """Nodes of this graph."""
        self._search(self._nodes, "Find a node…")

    def commands(self) -> None:
        """Commands, nodes and ops."""
        self._search(lambda query: [*self._commands(query), *self._nodes(query), *self._ops(query)], "Search…")

    def _search(self, source: Callable[[str], Sequence[Entry]], prompt: str) -> None:
        SearchBox(self.window.look, source, prompt, self.window).show()

    def _commands(self, query: str) -> list[Entry]:
        found = []
        for row in actions.ACTIONS:
            action = self.window.actions_by_id.get(row.id)
            if action is not None and action.isEnabled() and matches(query, row.text, row.tip):
                found.append(Entry("command", row.text.rstrip("…"), row.tip, action.trigger, row.shortcut_text))
        return found if query else found[:12]

    def _nodes(self, query: str) -> list[Entry]:
        document = self.session.document
        found = []
        for label, key in self.window.labels().items():
            node = document.nodes.get(key)
            if node is not None and matches(query, label, node.op):
                found.append(Entry("node", label, node.op, partial(self.window.go_to, key)))
                if len(found) == NODES_LISTED:
                    break
        return found

    def _ops(self, query: str) -> list[Entry]:
        if not query:
            return []
        return [
            Entry("op", row.key, row.about or row.targets[0], partial(self.window.add_op, row.targets[0]))
            for row in table.search(query, NODES_LISTED)
        ]

    # --- running ---

    def forward(self) -> None:
        """Every value."""
        self.session.forward()

    def backward(self) -> None:
        """The gradients of the root: the selected node if it is marked so, else the document's."""
        self.session.backward()

    def zero_grad(self) -> None:
        """Empties gradients."""
        self.session.zero_grad()

    def optimizer_step(self) -> None:
        """The program's updates."""
        self.session.optimizer_step()

    def run_program(self) -> None:
        """The whole program."""
        self.session.run()

    def stop(self) -> None:
        """Stops what runs."""
        self.session.stop()

    def reset(self) -> None:
        """As if just opened."""
        self.session.reset()

    def xray(self) -> None:
        """Shows or hides the gradients of intermediates."""
        self.session.set_x_ray(not self.session.x_ray)
        self.window.settings.xray = self.session.x_ray

    def seed(self) -> None:
        """Asks for the seed."""
        now = self.session.seed
        words = "A number overrides the program's own seeds; leave it empty to keep them."
        text, done = QInputDialog.getText(self.window, "Random seed", words, text="" if now is None else str(now))
        if not done:
            return
        try:
            self.session.set_seed(int(text) if text.strip() else None)
        except ValueError:
            self.window.bar.say(f"{text!r} is no whole number: the seed stays as it was.", "error")

    # --- view ---

    def fit(self) -> None:
        """The selection or all in view."""
        self.window.canvas.fit()

    def fit_all(self) -> None:
        """All in view."""
        self.window.canvas.fit_all()

    def zoom_in(self) -> None:
        """Closer."""
        self.window.canvas.zoom_in()

    def zoom_out(self) -> None:
        """Further."""
        self.window.canvas.zoom_out()

    def zoom_reset(self) -> None:
        """100 %."""
        self.window.canvas.zoom_reset()

    def larger(self) -> None:
        """The next lecture scale."""
        self._scale(1)

    def smaller(self) -> None:
        """The lecture scale before."""
        self._scale(-1)

    def _scale(self, step: int) -> None:
        now = min(range(len(SCALES)), key=lambda i: abs(SCALES[i] - self.window.look.scale))
        self.window.set_scale(SCALES[min(max(now + step, 0), len(SCALES) - 1)])

    def theme(self) -> None:
        """Dark or light."""
        name = self.window.look.theme.name
        self.window.set_theme("light" + name[4:] if name.startswith("dark") else "dark" + name[5:])

    def safe_colors(self) -> None:
        """Colours for colour-blind eyes, or the usual ones."""
        name = self.window.look.theme.name
        self.window.set_theme(name.removesuffix("-safe") if name.endswith("-safe") else f"{name}-safe")

    def toggle_palette(self) -> None:
        """Shows or hides the palette."""
        self._toggle(self.window.palette_panel)

    def toggle_dock(self) -> None:
        """Shows or hides code and messages."""
        self.window.dock_wanted = not self.window.dock_wanted
        self.window.show_canvas()

    def toggle_inspector(self) -> None:
        """Shows or hides the inspector."""
        self._toggle(self.window.inspector)

    def _toggle(self, panel: QWidget) -> None:
        panel.setVisible(not panel.isVisible())
        self.window.update_actions()

    # --- help ---

    def help(self) -> None:
        """Every shortcut."""
        KeyboardPage(self.window.look, self.window).exec()

    def about(self) -> None:
        """Version and licences."""
        frame = self.session.frame
        engine = f"The engine computes on {frame.device}." if frame is not None else ""
        AboutDialog(self.window.look, engine, self.window).exec()


def readable(name: str) -> bool:
    """Whether a dropped file may be one of ours."""
    return name.lower().endswith(READABLE)
