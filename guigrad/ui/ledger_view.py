"""Keeps the inspector's ledger in step: asks for the stack of the selected node's ``.grad``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from guigrad.run.frame import Record
from guigrad.run.ledger import AskLedger, Ledger
from guigrad.run.request import Reply

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow

ASKER = "ledger"


class LedgerView:
    """Thread: the GUI thread."""

    def __init__(self, window: MainWindow) -> None:
        self.window, self.session = window, window.session
        self.card = window.inspector.ledger
        self.card.chosen.connect(window.go_to)
        self.card.hovered.connect(window.inspector.node_hovered)
        self._asked = ""
        self._known: Ledger | None = None
        self._stops = [
            self.session.frame_changed.connect(lambda _: self.refresh()),
            self.session.selection_changed.connect(lambda _: self.refresh()),
            self.session.level_changed.connect(lambda _: self.refresh()),
        ]

    def close(self) -> None:
        """Stops listening."""
        for stop in self._stops:
            stop()
        self._stops.clear()

    def refresh(self) -> None:
        """Another node or another moment."""
        key, record = self._selected()
        if record is None:
            self._asked, self._known = "", None
            self.card.show_ledger(None)
            return
        place = "/".join((*self.session.way, key))
        if place != self._asked:
            self._known = None
        self._asked = place
        self._show()
        self.session.ask(AskLedger(place), self._on_answer, ASKER)

    def _selected(self) -> tuple[str, Record | None]:
        """The node whose ``.grad`` has, or may have had, something in it."""
        chosen, frame = self.session.selection, self.session.frame
        key = next(iter(chosen)) if len(chosen) == 1 else ""
        record = frame.records.get(key) if frame is not None else None
        there = record is not None and record.state == "fresh" and bool(record.contributions or record.emptied)
        return key, record if there and record is not None and "grad" not in record.hidden else None

    def _on_answer(self, reply: Reply | None) -> None:
        if reply is not None and isinstance(reply.answer, Ledger) and reply.answer.place == self._asked:
            self._known = reply.answer
            self._show()

    def _show(self) -> None:
        _, record = self._selected()
        stepping = self.session.stepper.active and record is not None
        self.card.show_ledger(self._known, record.contributions if stepping and record is not None else None)
