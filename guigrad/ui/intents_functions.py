"""What the actions about functions do."""

from __future__ import annotations

from PySide6.QtWidgets import QInputDialog

from guigrad.document import edit
from guigrad.document.model import callee
from guigrad.ui.intents_base import Verbs


class FunctionIntents(Verbs):
    """Functions: made, entered, left, expanded, made unique, kept in the library."""

    def make_function(self) -> None:
        """The selection as one node; it is selected then."""
        before = set(self.session.whole.functions)
        scene, chosen = self.window.canvas.scene, tuple(self.session.selection)
        places = {key: (float(scene.x[row]), float(scene.y[row])) for key, row in scene.row.items()}
        if not chosen or not self.session.edit(edit.make_function(chosen, places=places)):
            return
        made = next((key for key in self.session.whole.functions if key not in before), "")
        calls = [node.id for node in self.session.document.nodes.values() if callee(node) == made]
        self.session.select(calls)
        name = self.session.whole.functions[made].name if made else ""
        self.window.say_status(f"Made the function {name}. Enter opens it, Ctrl+Alt+G expands it again.")

    def leave(self) -> None:
        """Back to what is around the open function."""
        self.window.levels.leave()

    def expand_call(self) -> None:
        """The body in place of the selected call."""
        call = self._call()
        if call:
            self.session.edit_whole(edit.expand_call(call))

    def make_unique(self) -> None:
        """A function of its own for the selected call."""
        call = self._call()
        if call:
            self.session.edit_whole(edit.make_unique(call))

    def rename_function(self) -> None:
        """Asks for the name of the selected call's function, or of the open one."""
        self.ask_function_name(self._function())

    def ask_function_name(self, key: str) -> None:
        """Asks for another name of a function."""
        function = self.session.whole.functions.get(key)
        if function is None:
            return
        name, done = QInputDialog.getText(self.window, "Rename function", "Name of the function:", text=function.name)
        if done and name.strip():
            self.session.edit_whole(edit.rename_function(key, name.strip()))

    def add_port(self) -> None:
        """One more parameter for the open function."""
        if self.session.function:
            self.session.edit(edit.add_node("python.param"))

    def remove_unused(self) -> None:
        """Functions that nothing calls go."""
        self.session.edit_whole(edit.remove_unused())

    def save_to_library(self) -> None:
        """Keeps the selected call's function, or the open one, for other documents."""
        key = self._function()
        if key:
            self.window.shelf.keep(key)

    def add_result(self) -> None:
        """The selected node among what the open function gives back."""
        chosen = [key for key in self.session.selection if key in self.session.document.nodes]
        if self.session.function and len(chosen) == 1:
            self.session.edit_whole(edit.add_result(self.session.function, chosen[0]))

    def import_functions(self) -> None:
        """Asks for a file whose functions the library shall keep."""
        self.window.shelf.import_file()

    def _call(self) -> str:
        """The selected call, else the one whose inside is open."""
        nodes = self.session.document.nodes
        found = [key for key in self.session.selection if key in nodes and callee(nodes[key])]
        if len(found) == 1:
            return str(found[0])
        if not found and self.session.way:
            return str(self.session.way[-1])
        self.window.bar.say("Select one call of a function.", "note")
        return ""

    def _function(self) -> str:
        nodes = self.session.document.nodes
        found = [called for key in self.session.selection if key in nodes and (called := callee(nodes[key]))]
        function: str = self.session.function
        return found[0] if len(found) == 1 else function
