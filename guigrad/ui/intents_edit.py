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
