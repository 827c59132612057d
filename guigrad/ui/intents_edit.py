"""What the actions of the Edit menu do."""

from __future__ import annotations

from guigrad.ui.intents_base import Verbs


class EditMenuIntents(Verbs):
    """Undo, redo and what is selected."""

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
