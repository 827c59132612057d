"""Keeps the backward graph of the canvas in step: asks for the grad_fns of what is shown, and tells which of them a step has reached."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec import structs
from PySide6.QtCore import QTimer

from guigrad.document.diff import Diff
from guigrad.document.model import Document
from guigrad.document.recorded import is_recorded
from guigrad.run.frame import Frame
from guigrad.run.graph import GradNode, Graph
from guigrad.run.steps import Cursor
from guigrad.ui.canvas.mirror import OVER, UNDER

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow


class BackwardView:
    """Thread: the GUI thread."""

    def __init__(self, window: MainWindow) -> None:
        self.window, self.session = window, window.session
        self.stepper = window.session.stepper
        self._known: tuple[object, ...] | None = None
        self._asked: tuple[object, ...] | None = None
        self._graph: Graph | None = None
        self._asks = QTimer(window, singleShot=True, interval=0)
        self._asks.timeout.connect(self._ask)
        base = self.session.base
        self._stops: list[Callable[[], None]] = [
            base.frame_changed.connect(lambda frame: self.follow()),
            base.running_changed.connect(lambda running: None if running else self.follow()),
            self.session.level_changed.connect(lambda way: self._show()),
            base.document_changed.connect(self._on_document),
            self.stepper.changed.connect(self._on_step),
        ]

    def close(self) -> None:
        """Stops listening."""
        self._asks.stop()
        for stop in self._stops:
            stop()
        self._stops.clear()

    # --- asked for ---

    @property
    def side(self) -> str:
        """Where it is shown: "under", "over" or "" (nowhere)."""
        return self.window.canvas.backward.mirror.side

    def toggle(self) -> None:
        """Shows it, or hides it."""
        self.set_side("" if self.side else UNDER)

    def toggle_side(self) -> None:
        """Over the forward, or under it."""
        self.set_side(UNDER if self.side == OVER else OVER)

    def set_side(self, side: str) -> None:
        """Shows it there; "" hides it."""
        canvas = self.window.canvas
        self.window.show_canvas()
        canvas.backward.set_side(side)
        self.follow()
        canvas.fit_all()
        self.window.update_actions()

    def _on_document(self, document: Document, diff: Diff) -> None:
        backward = self.window.canvas.backward
        if diff.label:
            if not diff.only_layout:
                backward.fade()
            return
        self._graph = self._known = None  # another document
        backward.show(None)
        if not self.side and is_recorded(document):  # and this is what it is about
            backward.set_side(UNDER)
            self.follow()
            self.window.update_actions()

    # --- the graph ---

    def follow(self) -> None:
        """What is shown may be another moment's."""
        if self.side and self._moment() != self._known:
            self._asks.start()

    def _moment(self) -> tuple[object, ...]:
        frame, cursor = self.session.base.frame, self.stepper.cursor
        if cursor is not None:
            return (id(cursor.steps), cursor.steps.after is not None)
        return (None if frame is None else frame.freshness, self.stepper.played, self.session.whole)

    def _ask(self) -> None:
        frame = self.session.base.frame
        if not self.side or frame is None or self.session.running:
            return  # the end of what runs asks again
        self._asked = self._moment()
        self.stepper.graph(self._on_answer)

    def _on_answer(self, frame: Frame | None) -> None:
        if frame is None:
            return
        self._known, self._graph = self._asked, remembering(frame.graph, self._graph)
        self._show()
        if not self.session.running:
            self.follow()

    def _show(self) -> None:
        way = self.session.way
        backward = self.window.canvas.backward
        before = backward.mirror.bounds() if self.side else None
        backward.show(self._graph, "/".join(way) + "/" if way else "")
        self._on_step()
        if self.side and before is None and backward.mirror.bounds() is not None:
            self.window.canvas.fit_all()

    # --- steps ---

    def _on_step(self) -> None:
        cursor, backward = self.stepper.cursor, self.window.canvas.backward
        if not self.side:
            return
        if cursor is None or self._graph is None:
            backward.show_step(frozenset(), frozenset(), None)
        else:
            backward.show_step(*reached(self._graph, cursor))
        self.follow()


def remembering(graph: Graph | None, before: Graph | None) -> Graph | None:
    """The graph with what was saved where it has been freed since it was seen last: torch itself tells nothing of it any more."""
    if graph is None or before is None:
        return graph
    was = {_mark(node): node for node in before.nodes}
    nodes = []
    for node in graph.nodes:
        old = was.get(_mark(node))
        if node.freed and old is not None and old.name == node.name:
            known = {saved.name: saved for saved in old.saved if saved.shape is not None}
            saved = tuple(
                structs.replace(known[one.name], state="freed") if one.state == "freed" and one.name in known else one
                for one in node.saved
            )
            node = structs.replace(node, saved=saved)
        nodes.append(node)
    return Graph(tuple(nodes), graph.roots)


def reached(graph: Graph, cursor: Cursor) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Ids of the grad_fns that run at a step, that have not run yet, and that are there at all by then."""
    steps, at = cursor.steps, cursor.at
    done = frozenset(steps.order[:at])
    there = frozenset(node.id for node in graph.nodes if node.key in done or not node.key)
    known = {_mark(node): node.id for node in graph.nodes}
    ran = [
        known.get((event.key if event.sequence < 0 else "", event.sequence))
        for event in steps.events[: max(0, at - len(steps.order))]
    ]
    past = frozenset(key for key in ran if key is not None)
    event = cursor.step.event if cursor.step is not None else None
    running = {ran[-1]} if event is not None and ran and ran[-1] is not None else set()
    return frozenset(running), frozenset(node.id for node in graph.nodes) - past, there


def _mark(node: GradNode) -> tuple[Any, int]:
    """What tells a grad_fn from others of its pass: the number that torch gave it, for that of a leaf the leaf."""
    return (node.key if node.sequence < 0 else "", node.sequence)
