"""The functions that can be added: those of the document and those of the user's library, in the palette and by command."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMenu, QMessageBox

from guigrad.document import edit
from guigrad.document.diff import Diff
from guigrad.document.draft import Edit, refused
from guigrad.document.model import CALL, Document
from guigrad.document.problem import ProblemError
from guigrad.files.library import SUFFIX, Library, library_folder
from guigrad.ui.canvas.edits import EditIntents
from guigrad.ui.extras import function_row, function_rows
from guigrad.ui.settings import config_folder

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow

KEPT: Final = "library:"
"""How what is dragged out of the library begins; the name of the function follows."""
HERE: Final = "Functions of this document"
MINE: Final = "My functions"
OPEN_FILTER: Final = "Functions (*.guigrad *.py *.ipynb *.png *.svg);;All files (*)"


class Desk(EditIntents):
    """The canvas's intents, with functions of the library among what can be added."""

    library: Library | None = None

    def adding(self, op: str, at: tuple[float, float]) -> Edit:
        """The edit that adds an op, a call of a function of the document, or a function of the library."""
        if not op.startswith(KEPT):
            return super().adding(op, at)
        name = op.removeprefix(KEPT)
        kept = self.library.find(name) if self.library is not None else None
        if kept is None:
            raise refused(f"there is no function {name} in the library that can be read")
        return edit.add_function(kept.document, at)


class Shelf:
    """Thread: the GUI thread."""

    def __init__(self, window: MainWindow) -> None:
        self.window, self.session, self.panel = window, window.session, window.palette_panel
        folder = window.settings.folder
        plain = "GUIGRAD_CONFIG" not in os.environ and folder == config_folder()
        self.library = Library(library_folder(None if plain else folder))
        window.desk.library = self.library
        self._told: set[str] = set()
        self.panel.function_menu.connect(self._menu)
        self.panel.rename_asked.connect(self._rename)
        self.panel.remove_asked.connect(self._remove)
        self._stop = self.session.document_changed.connect(self._on_document)
        self.refresh()

    def close(self) -> None:
        """Stops listening."""
        self._stop()

    def refresh(self) -> None:
        """The palette as document and library are now; what cannot be read is told once."""
        whole = self.session.whole
        here = function_rows(whole)
        kept = [
            function_row(each.document, each.key, KEPT + each.name, each.about) for each in self.library.functions()
        ]
        self.window.canvas.kept_functions = tuple(kept)
        self.panel.set_functions(((HERE, here), (MINE, kept)))
        for complaint in self.library.complaints:
            if complaint not in self._told:
                self._told.add(complaint)
                self.window.messages.add(f"The library skips {complaint}", "warning")

    def keep(self, key: str) -> None:
        """Writes a function of the document to the library, after asking if another of its name is there."""
        function = self.session.whole.functions.get(key)
        if function is None:
            return
        there = self.library.find(function.name) is not None
        if there and not self._sure(
            f"Replace {function.name} in the library?", "The library has a function of that name."
        ):
            return
        if self._try(lambda: self.library.keep(self.session.whole, key)):
            self.window.say_status(f"{function.name} is in the library: Palette › My functions")

    def rename(self, name: str) -> None:
        """Asks for another name of a function of the library."""
        new, done = QInputDialog.getText(self.window, "Rename in the library", "Name of the function:", text=name)
        if done and new.strip() and new.strip() != name:
            self._try(lambda: self.library.rename(name, new.strip()))

    def remove(self, name: str) -> None:
        """Deletes a function of the library, after asking."""
        if self._sure(f"Delete {name} from the library?", "Documents that use it keep it."):
            self._try(lambda: self.library.remove(name))

    def import_file(self) -> None:
        """Asks for a file and takes its functions."""
        name, _ = QFileDialog.getOpenFileName(self.window, "Import functions", "", OPEN_FILTER)
        if name and self._try(lambda: self.library.bring(name)):
            self.window.say_status(f"The functions of {name} are in the library")

    def export(self, name: str) -> None:
        """Asks where and writes a function of the library."""
        path, _ = QFileDialog.getSaveFileName(
            self.window, "Export function", f"{name}{SUFFIX}", f"guigrad documents (*{SUFFIX})"
        )
        if path and self._try(lambda: self.library.export(name, path)):
            self.window.messages.add(f"Exported {path}", "note")

    # --- inside ---

    def _rename(self, target: str) -> None:
        if target.startswith(KEPT):
            self.rename(target.removeprefix(KEPT))
            return
        key = target.removeprefix(CALL)
        self.window.intents.ask_function_name(key)

    def _remove(self, target: str) -> None:
        if target.startswith(KEPT):
            self.remove(target.removeprefix(KEPT))
        else:
            self.session.edit_whole(edit.remove_function(target.removeprefix(CALL)))

    def _try(self, verb: Callable[[], object]) -> bool:
        try:
            verb()
        except ProblemError as error:
            self.window.show_refused(error.problems)
            return False
        self.refresh()
        return True

    def _sure(self, text: str, more: str) -> bool:
        kinds = QMessageBox.StandardButton
        box = QMessageBox(QMessageBox.Icon.Question, "Library", text, kinds.Yes | kinds.Cancel, self.window)
        box.setInformativeText(more)
        box.setDefaultButton(kinds.Cancel)
        answer = box.exec()
        box.deleteLater()
        return bool(answer == kinds.Yes)

    def _menu(self, op: str, place: QPoint) -> None:
        menu = QMenu(self.panel)
        menu.addAction("Add to the graph", lambda: self.window.add_op(op))
        if op.startswith(KEPT):
            name = op.removeprefix(KEPT)
            menu.addSeparator()
            menu.addAction("Rename…", lambda: self.rename(name))
            menu.addAction("Export…", lambda: self.export(name))
            menu.addAction("Import functions…", self.import_file)
            menu.addSeparator()
            menu.addAction("Delete", lambda: self.remove(name))
        elif op.startswith(CALL):
            key = op.removeprefix(CALL)
            menu.addSeparator()
            menu.addAction("Save to library", lambda: self.keep(key))
            menu.addAction("Rename…", lambda: self._rename(op))
            menu.addAction("Delete", lambda: self.session.edit_whole(edit.remove_function(key)))
        menu.popup(place)
        menu.aboutToHide.connect(menu.deleteLater)

    def _on_document(self, document: Document, diff: Diff) -> None:
        if diff.functions or not diff.label or (self.session.whole.functions and diff.nodes):
            self.refresh()
