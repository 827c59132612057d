"""What the search of the whole window lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from guigrad.ops import table
from guigrad.ui import actions
from guigrad.ui.intents_base import Verbs
from guigrad.ui.widgets.search_box import Entry, SearchBox, matches

NODES_LISTED: Final = 60
"""Entries of one kind that the search lists at most."""


class SearchIntents(Verbs):
    """Commands, nodes of this graph and ops."""

    def find(self) -> None:
        """Nodes of this graph."""
        self._search(self._nodes, "Find a node…")

    def commands(self) -> None:
        """Commands, nodes and ops."""
        self._search(lambda query: [*self._commands(query), *self._nodes(query), *self._ops(query)], "Search…")

    def _search(self, source: Callable[[str], Sequence[Entry]], prompt: str) -> None:
        for closed in self.window.findChildren(SearchBox):
            closed.deleteLater()
        SearchBox(self.window.look, source, prompt, self.window).show()

    def _commands(self, query: str) -> list[Entry]:
        found = []
        for row in actions.ACTIONS:
            action = self.window.actions_by_id.get(row.id)
            if action is not None and action.isEnabled() and matches(query, row.text, row.tip):
                found.append(
                    Entry("command", row.text.rstrip("…"), row.tip, action.trigger, self.window.keymap.text(row.id))
                )
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
