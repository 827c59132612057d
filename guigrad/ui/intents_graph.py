"""What the actions of the Graph menu do."""

from __future__ import annotations

from guigrad.ui.intents_base import Verbs


class GraphIntents(Verbs):
    """Nodes: added, named, placed."""

    def rename(self) -> None:
        """A field over the card, or the inspector's own when the keys are elsewhere."""
        if self.window.canvas.hasFocus():
            self.window.canvas.rename()
            return
        self.window.show_inspector()
        self.window.inspector.focus_name()

    def data(self) -> None:
        """A data set for the graph."""
        self.window.data.open()

    def tidy(self) -> None:
        """Arranges the selection, or all cards; asked for again meanwhile, it stops."""
        self.window.tidy.start()
