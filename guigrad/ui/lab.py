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
        self._shown = False
        self._timer = QTimer(self, singleShot=True, interval=LOOK_MS)
        self._timer.timeout.connect(self._look_through)
        self._stops = [
            self.session.frame_changed.connect(self._on_frame),
            self.session.document_changed.connect(self._on_document),
            self.session.problems_changed.connect(lambda problems: self._show_mistake()),
        ]
        window.problems.difference = self.difference
        window.welcome.mistake_chosen.connect(window.intents.open_path)

    def close(self) -> None:
        """Listens no more."""
        self._timer.stop()
        for stop in self._stops:
            stop()
        self._stops.clear()

    def difference(self, fix: Fix) -> tuple[str, ...]:
        """What a fix does to the code, as changed lines; () for one that leaves the code as it is."""
        edit = self.session.edit_of(fix)
        return difference(self.session.whole, edit) if edit is not None else ()

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
            self._mistake, self._shown = index.mistake_at(self.session.path), False

    def opened(self) -> bool:
        """A document has been opened; whether it is a mistake, which is played and explained."""
        lesson = self._mistake
        if lesson is None:
            return False
        self.session.run()
        self.window.tabs.bring("problems")
        known = index.mistakes()
        after = known[(known.index(lesson) + 1) % len(known)]
        self.window.bar.say(
            f"{lesson.title}. {lesson.about}",
            "note",
            [(f"Next: {after.title}", partial(self.window.intents.open_path, str(after.path)))],
        )
        return True

    def _show_mistake(self) -> None:
        """Goes to the card that the first problem is pinned to."""
        problems = self.window.live.pinned
        if self._mistake is None or self._shown or not problems or self.session.running:
            return
        places = [problem.node_id for problem in problems if problem.node_id in self.window.canvas.scene.row]
        if places:
            self._shown = True
            self.session.select(places[:1])
