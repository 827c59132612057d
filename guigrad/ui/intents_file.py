"""What the actions of the File menu do."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QFileDialog, QMessageBox

from guigrad.document.array import ArrayData
from guigrad.document.diff import Diff
from guigrad.document.edit_data import with_leaves
from guigrad.document.file import write_atomically
from guigrad.document.model import Document
from guigrad.document.problem import ProblemError
from guigrad.files.movie import FORMATS as FILMS
from guigrad.files.notebook import document_notebook
from guigrad.paths import is_shown
from guigrad.run.distributed import distributed
from guigrad.run.frame import Frame
from guigrad.source.emit import emit
from guigrad.source.parse.parser import parse
from guigrad.ui.canvas.mirror import Mirrored
from guigrad.ui.intents_base import Verbs
from guigrad.ui.render import FORMATS as PICTURES
from guigrad.ui.render import Painting, as_seen, render
from guigrad.ui.widgets.dialogs import PasteDialog, ask
from guigrad.ui.widgets.export_dialog import FORMATS, Choice, ExportDialog

OPEN_FILTER: Final = "All that guigrad reads (*.guigrad *.py *.ipynb *.png *.svg);;All files (*)"
SAVE_FILTER: Final = "guigrad documents (*.guigrad)"
MODELS: Final = (".safetensors", ".pt2", ".onnx")
"""What torch is needed for."""
READABLE: Final = (".guigrad", ".py", ".ipynb", ".png", ".svg")


class FileIntents(Verbs):
    """Documents in and out."""

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
        if not is_shown(name):
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
        answer = ask(box)
        return self.save() if answer == kinds.Save else answer == kinds.Discard

    def save(self) -> bool:
        """Saves to the document's own .guigrad file, else asks where."""
        path = self.session.path
        if not path.endswith(".guigrad") or self.window.is_lesson(path) or is_shown(path):
            return self.save_as()
        return self._save_to(path)

    def save_as(self) -> bool:
        """Asks where and saves."""
        stem = Path(self.session.path).with_suffix(".guigrad").name if self.session.path else "untitled.guigrad"
        own = self.session.path and not (self.window.is_lesson(self.session.path) or is_shown(self.session.path))
        start = str(Path(self.session.path).with_suffix(".guigrad")) if own else stem
        name, _ = QFileDialog.getSaveFileName(self.window, "Save as", start, SAVE_FILTER)
        return bool(name) and self._save_to(name if name.endswith(".guigrad") else f"{name}.guigrad")

    def _save_to(self, path: str) -> bool:
        if not self.session.save(path, as_seen(self.window.canvas.scene, self.session.whole)):
            return False
        self.window.settings.add_recent(path)
        self.window.settings.last_document = path
        self.window.saved()
        self.window.messages.add(f"Saved {path}", "note")
        return True

    def export(self) -> None:
        """Asks what and where, and writes the script or the picture."""
        session = self.session
        now = session.frame if session.fresh else None

        def make(choice: Choice) -> Painting:
            only = session.selection if choice.selection else ()
            seen, values = as_seen(self.window.canvas.scene), now if choice.values else None
            return Painting(seen, values, choice.theme, only, self._mirrored if choice.values else None)

        trains = self.window.training.trains is not None
        dialog = ExportDialog(self.window.look, make, len(session.selection), now is not None, self.window, trains)
        chosen = dialog.choice() if ask(dialog) == QDialog.DialogCode.Accepted else None
        dialog.let_go()
        if chosen is not None:
            self.export_as(chosen)

    @property
    def _mirrored(self) -> Mirrored | None:
        """The backward graph, where the canvas shows it."""
        return self.window.canvas.backward.mirror.what

    def export_as(self, chosen: Choice) -> None:
        """Asks where, and writes it."""
        session = self.session
        stem, ending = Path(session.path).stem or "graph", f".{chosen.kind}"
        if chosen.kind == "torchrun":
            stem, ending = f"{stem}_ddp", ".py"
        words = f"{FORMATS[chosen.kind]} (*{ending})"
        name, _ = QFileDialog.getSaveFileName(self.window, "Export", f"{stem}{ending}", words)
        if not name:
            return
        if not Path(name).suffix:
            name += ending
        try:
            self.write_export(name, chosen)
        except ProblemError as error:
            self.window.show_refused(error.problems)
        except (OSError, ValueError) as error:
            self.window.bar.say(f"{name} was not written: {error}", "error")

    def write_export(self, name: str, choice: Choice | None = None) -> None:
        """Writes the document in the format that a name ends in; a film, or what torch writes, is there a while later.

        Raises: OSError, ValueError or ProblemError when it cannot be written.
        """
        chosen = choice or Choice(theme=self.window.look.theme.name, scale=1.0)
        suffix, document = Path(name).suffix.lower(), self.session.whole
        if suffix in (".py", ".ipynb"):
            make = distributed if chosen.kind == "torchrun" else emit
            if suffix == ".ipynb":
                data = document_notebook(as_seen(self.window.canvas.scene, document))
            else:
                data = make(document).encode()
            write_atomically(name, data)
            self.window.messages.add(f"Exported {name}", "note")
            return
        if suffix in MODELS:
            self.window.live.with_whole_frame(partial(self._write_model, name, document))
            return
        if Path(name).suffix.lower() in FILMS:
            whole = as_seen(self.window.canvas.scene, self.session.whole)
            self.window.films.start(whole, name, chosen.theme, chosen.steps, chosen.scale)
            return
        only = self.session.selection if chosen.selection else ()
        shown, whole = (as_seen(self.window.canvas.scene, each) for each in (None, self.session.whole))
        if Path(name).suffix.lower() not in PICTURES:
            known = ", ".join((".py", ".ipynb", *MODELS, *PICTURES, *FILMS))
            raise ValueError(f"{name}: what is exported ends in {known}")

        def write(frame: Frame | None) -> None:
            values = frame if chosen.values and self.session.fresh else None
            theme, scale, clear = chosen.theme, chosen.scale, chosen.transparent
            try:
                note = render(
                    shown,
                    values,
                    name,
                    theme=theme,
                    scale=scale,
                    only=only,
                    transparent=clear,
                    whole=whole,
                    mirrored=self._mirrored if chosen.values else None,
                )
            except OSError as error:
                self.window.bar.say(f"{name} was not written: {error}", "error")
                return
            self.window.messages.add(f"Exported {name}" + (f", {note}" if note else ""), "warning" if note else "note")

        if chosen.values:
            self.window.live.with_whole_frame(write)
        else:
            write(None)

    def _write_model(self, name: str, document: Document, frame: Frame | None) -> None:
        """The leaves as they are now go along."""
        records = frame.records.items() if frame is not None and self.session.fresh else ()
        values = {key: record.value for key, record in records if isinstance(record.value, ArrayData)}
        try:
            self.window.films.write_model(with_leaves(document, values), name)
        except (OSError, ValueError) as error:
            self.window.bar.say(f"{name} was not written: {error}", "error")

    def paste_code(self) -> None:
        """Asks for Python code and opens it as a new graph."""
        text = QGuiApplication.clipboard().text()
        dialog = PasteDialog(self.window.look, text if "\n" in text or "=" in text else "", self.window)
        wanted = ask(dialog) == QDialog.DialogCode.Accepted
        code = dialog.edit.toPlainText()  # before the next question: the dialog is on its way out
        if wanted and self.may_leave():
            self.open_code(code)

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


def readable(name: str) -> bool:
    """Whether a dropped file may be one of ours."""
    return name.lower().endswith(READABLE)
