"""The mistake lab: one click opens a real failure, plays it, and goes to where it is pinned; and the looking for silent ones, everywhere."""

from __future__ import annotations

from collections.abc import Container
from functools import partial
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace
from PySide6.QtCore import QObject, QTimer

from guigrad.document.diff import Diff
from guigrad.document.model import Document
from guigrad.document.problem import Fix, Problem
from guigrad.lessons import index
from guigrad.lessons.index import Lesson
from guigrad.run.frame import Frame
from guigrad.source.difference import difference

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow

ROOMY: Final = 1.5
"""From this text scale on there is room for titles alone."""
LOOK_MS: Final = 150
"""How long after the last frame its values are looked through."""


def on_cards(problems: tuple[Problem, ...], document: Document, cards: Container[str]) -> tuple[Problem, ...]:
    """The problems, those of an effect without a card of its own (``loss.backward()``) pinned to the card of what it acts on."""
    found = []
    for problem in problems:
        node = document.nodes.get(problem.node_id)
        if node is not None and node.id not in cards:
            place = next((wire.node for wire in node.inputs() if wire.node is not None and wire.node in cards), None)
            problem = problem if place is None else replace(problem, node_id=place)
        found.append(problem)
    return tuple(found)


class Lab(QObject):
    """Thread: the GUI thread. It lives as long as the window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.window, self.session = window, window.session
        self._mistake: Lesson | None = None
        self._chosen = ""
        self._known: tuple[Document | None, dict[tuple[str, str, str], tuple[str, ...]]] = (None, {})
        self._timer = QTimer(self, singleShot=True, interval=LOOK_MS)
        self._timer.timeout.connect(self._look_through)
        self._stops = [
            self.session.frame_changed.connect(self._on_frame),
            self.session.document_changed.connect(self._on_document),
            self.session.problems_changed.connect(lambda problems: self._show_mistake()),
        ]
        window.problems.difference = window.inspector.difference = self.difference
        window.welcome.mistake_chosen.connect(window.intents.open_path)

    def close(self) -> None:
        """Listens no more."""
        self._timer.stop()
        for stop in self._stops:
            stop()
        self._stops.clear()

    def difference(self, fix: Fix) -> tuple[str, ...]:
        """What a fix does to the code, as changed lines; () for one that leaves the code as it is."""
        if self._known[0] is not self.session.whole:
            self._known = (self.session.whole, {})
        known, key = self._known[1], (self.session.function, fix.verb, repr(fix.args))
        if key not in known:
            edit = self.session.edit_of(fix)
            known[key] = difference(self.session.whole, edit) if edit is not None else ()
        return known[key]

    # --- looking ---

    def _on_frame(self, frame: Frame) -> None:
        self._timer.start()

    def _look_through(self) -> None:
        if not self.session.running:
            self.session.look_through()
            self._show_mistake()

    # --- the lab ---

    def _on_document(self, document: Document, diff: Diff) -> None:
        if not diff.label:
            self._mistake, self._chosen = index.mistake_at(self.session.path), ""
        elif not diff.only_layout:
            self._mistake = None  # at work on it

    def opened(self) -> bool:
        """A document has been opened; whether it is a mistake, which is played and explained."""
        lesson = self._mistake
        if lesson is None:
            return False
        self.session.run()
        known = index.mistakes()
        after = known[(known.index(lesson) + 1) % len(known)]
        room = self.window.look.scale < ROOMY
        self.window.bar.say(
            f"{lesson.title}. {lesson.about}" if room else lesson.title,
            "note",
            [(f"Next: {after.title}" if room else "Next", partial(self.window.intents.open_path, str(after.path)))],
        )
        return True

    def _show_mistake(self) -> None:
        """Goes to the card that the first problem is pinned to; another may turn out to be the first while nobody has done anything."""
        row = self.window.canvas.scene.row
        places = [problem.node_id for problem in self.window.live.pinned if problem.node_id in row]
        untouched = self.session.selection <= {self._chosen}
        if self._mistake is None or self.session.running or not places or not untouched or places[0] == self._chosen:
            return
        self._chosen = places[0]
        self.window.tabs.bring("problems")  # what the program printed may have come to the front
        self.session.select(places[:1])
        self.window.canvas.reveal(places[0])
