"""What the search of the whole window lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from guigrad.lessons import index
from guigrad.ops.search import search
from guigrad.ui.actions import ACTIONS, SUBMENUS
from guigrad.ui.intents_base import Verbs
from guigrad.ui.widgets.search_box import Entry, SearchBox, rank

LISTED: Final = 60
"""Entries of one kind that the search lists at most."""
FIRST: Final = (
    "forward",
    "backward",
    "run_program",
    "add_node",
    "find",
    "undo",
    "save",
    "open",
    "new",
    "tidy",
    "preferences",
    "help",
)
"""Commands listed before anything is typed."""
Ranked = tuple[int, Entry]


class SearchIntents(Verbs):
    """Commands, nodes of this graph, ops, lessons and files in one list."""

    def commands(self) -> None:
        """Everything that can be done, gone to or added."""
        self._search(self.found, "Search commands, nodes, ops, lessons, files…")

    def find(self) -> None:
        """Nodes of this graph, in the bar above the canvas."""
        self.window.show_canvas()
        self.window.find_bar.open()

    def find_next(self) -> None:
        """The next hit."""
        self.window.find_bar.step(1)

    def find_before(self) -> None:
        """The hit before."""
        self.window.find_bar.step(-1)

    def _search(self, source: Callable[[str], Sequence[Entry]], prompt: str) -> None:
        for closed in self.window.findChildren(SearchBox):
            if not closed.choosing:
                closed.deleteLater()
        SearchBox(self.window.look, source, prompt, self.window).show()

    def found(self, query: str) -> list[Entry]:
        """What answers a query, best first."""
        if not query:
            return [entry for _, entry in (*self._first(), *self._files(query))]
        ranked = [
            *self._commands(query),
            *self._nodes(query),
            *self._ops(query),
            *self._lessons(query),
            *self._files(query),
        ]
        return [entry for _, entry in sorted(ranked, key=lambda pair: pair[0])]

    def _first(self) -> Iterator[Ranked]:
        entries = {row.id: self._command(number) for number, row in enumerate(ACTIONS)}
        return ((0, entries[name]) for name in FIRST if not entries[name].why_not)

    def _command(self, number: int) -> Entry:
        row, w = ACTIONS[number], self.window
        why = w.commands.why_not(row.id)
        title = w.actions_by_id[row.id].text().rstrip("…")
        choose = partial(w.say_status, f"{title}: {why}") if why else partial(self._do, row.id)
        return Entry("command", title, row.tip, choose, w.keymap.text(row.id), why)

    def _do(self, name: str) -> None:
        if self.window.stack.currentWidget() is self.window.canvas:
            self.window.canvas.setFocus()
        self.window.actions_by_id[name].trigger()

    def _commands(self, query: str) -> Iterator[Ranked]:
        for number, row in enumerate(ACTIONS):
            score = rank(query, row.title, row.words, row.tip) if row.id not in (*SUBMENUS, "commands") else None
            if score is not None:
                entry = self._command(number)
                yield score + 2 * bool(entry.why_not and score), entry

    def _nodes(self, query: str) -> list[Ranked]:
        document = self.session.document
        found = []
        for label, key in self.window.labels().items():
            node = document.nodes.get(key)
            score = rank(query, label, node.op) if node is not None else None
            if node is not None and score is not None:
                found.append((score, Entry("node", label, node.op, partial(self.window.go_to, key))))
        return sorted(found, key=lambda pair: pair[0])[:LISTED]

    def _ops(self, query: str) -> Iterator[Ranked]:
        last = 0  # ops stay in the order of their own search
        for row in search(query, LISTED, self.window.canvas.recent_ops):
            score = rank(query, row.key, row.infix, *row.aliases)
            choose = partial(self.window.add_op, row.targets[0])
            last = max(last, 5 if score is None else score)
            yield last, Entry("op", row.key, row.about or row.targets[0], choose)

    def _lessons(self, query: str) -> Iterator[Ranked]:
        for kind, known in (
            ("lesson", index.lessons()),
            ("landscape", index.functions()),
            ("mistake", index.mistakes()),
        ):
            for lesson in known:
                score = rank(query, lesson.title, f"{kind} lab" if kind == "mistake" else kind, lesson.about)
                if score is not None:
                    choose = partial(self.window.intents.open_path, str(lesson.path))
                    yield score, Entry(kind, lesson.title, lesson.about, choose)

    def _files(self, query: str) -> Iterator[Ranked]:
        for name in self.window.settings.recent:
            score = rank(query, Path(name).name, name)
            if score is not None:
                yield score, Entry("file", Path(name).name, name, partial(self.window.intents.open_path, name))
