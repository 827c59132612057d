"""What the actions of the Graph menu do."""

from __future__ import annotations

from guigrad.document import edit
from guigrad.document.layout import layout, shown_nodes
from guigrad.document.model import View
from guigrad.ui.canvas.place import apart
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

    def tidy(self) -> None:
        """Places the selection, or all cards, anew."""
        document = self.session.document
        chosen = [key for key in self.session.selection if key in document.nodes]
        views, scene = layout(document, chosen or shown_nodes(document)), self.window.canvas.scene
        places = apart(scene, {key: (view.x, view.y) for key, view in views.items() if key in scene.row})
        tidied = {key: View(*places[key], view.collapsed) if key in places else view for key, view in views.items()}
        self.session.edit(edit.place_views(tidied))
