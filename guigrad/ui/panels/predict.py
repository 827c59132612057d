"""Predict, then reveal: every blank of the document as a row to be answered, with the points so far."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QPushButton, QScrollArea, QVBoxLayout, QWidget

from guigrad.run.exercise import Entry
from guigrad.ui.style import Look
from guigrad.ui.widgets import parts

ASKED: Final = {"value": "2.5 or [1, 2*3]", "grad": "0.8 or [2/5, 1]", "shape": "[2, 3]"}
"""What an answer looks like."""


TALL: Final = 1.5
"""From this text scale on the buttons stand below."""


class Row(QFrame):
    """One blank: what is asked, the answer, and what was said about it."""

    guessed = Signal(object, str)
    hint_asked = Signal(object)
    reveal_asked = Signal(object)
    chosen = Signal(object)

    def __init__(self, entry: Entry, look: Look) -> None:
        super().__init__()
        self.entry, self.look = entry, look
        self.setObjectName("card")
        self.name = parts.label("", "code")
        self.name.setWordWrap(False)
        self.field = QLineEdit()
        self.field.setProperty("mono", "true")
        self.field.setPlaceholderText(ASKED[entry.blank.what])
        self.field.returnPressed.connect(self._guess)
        self.field.installEventFilter(self)
        self.check = self._button("Check", "Compare the answer with torch's numbers (Return)", self._guess)
        self.hint = self._button(
            "Hint", "Upstream times local; again for the formula", partial(self.hint_asked.emit, entry.blank)
        )
        self.reveal = self._button("Reveal", "Show it, for no points", partial(self.reveal_asked.emit, entry.blank))
        self.said = parts.label("", "", selectable=True)
        line = QHBoxLayout()
        line.setSpacing(look.px(6))
        line.addWidget(self.name)
        line.addWidget(self.field, 1)
        below = QHBoxLayout() if look.scale >= TALL else line
        for button in (self.check, self.hint, self.reveal):
            below.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(look.px(10), look.px(6), look.px(8), look.px(6))
        column.setSpacing(look.px(4))
        column.addLayout(line)
        if below is not line:
            column.addLayout(below)
        column.addWidget(self.said)
        self.show_entry(entry)

    def _button(self, text: str, tip: str, call: object) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.clicked.connect(call)
        return button

    def show_entry(self, entry: Entry) -> None:
        """How far it is now."""
        self.entry = entry
        self.name.setText(entry.title)
        self.field.setAccessibleName(f"Your answer: {entry.title}")
        for widget in (self.field, self.check, self.hint, self.reveal):
            widget.setEnabled(not entry.result)
        for button in (self.check, self.hint, self.reveal):
            button.setVisible(not entry.result)
            button.setAccessibleName(f"{button.text()}: {entry.title}")
        if entry.answer and (entry.result or not self.field.text()):
            self.field.setText(entry.answer)
        if entry.result == "right":
            words, token = f"Right: {points_text(entry.points)} of 1 point.", "success"
        elif entry.result:
            words, token = "Revealed: no point.", "text_muted"
        else:
            words, token = entry.said, "text"
        self.said.setText(words)
        self.said.setStyleSheet(f"color: {self.look.css(token)};")
        self.said.setVisible(bool(words))

    def _guess(self) -> None:
        if not self.entry.result:
            self.guessed.emit(self.entry.blank, self.field.text())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusIn:
            self.chosen.emit(self.entry.blank)
        return False


class PredictPanel(QScrollArea):
    """All blanks. Signals carry a Blank, and the answer where there is one."""

    guessed = Signal(object, str)
    hint_asked = Signal(object)
    reveal_asked = Signal(object)
    chosen = Signal(object)
    restart_asked = Signal()
    export_asked = Signal()

    def __init__(self, look: Look, empty: str = "") -> None:
        super().__init__()
        self.look, self.empty = look, empty
        self.entries: tuple[Entry, ...] = ()
        self.rows: list[Row] = []
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._rebuild()

    def show_entries(self, entries: Sequence[Entry], empty: str) -> None:
        """Shows these blanks; ``empty`` says how to make one."""
        known = [entry.blank for entry in self.entries]
        self.entries = tuple(entries)
        if known != [entry.blank for entry in entries] or empty != self.empty:
            self.empty = empty
            self._rebuild()
            return
        for row, entry in zip(self.rows, entries, strict=True):
            if row.entry != entry:
                row.show_entry(entry)
        self._count()

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self.look = look
        self._rebuild()

    def focus_row(self, nodes: Sequence[str] = ()) -> bool:
        """The keys go to the first open row, of one of these nodes if there is such; False when all are answered."""
        rows = [row for row in self.rows if not row.entry.result]
        chosen = [row for row in rows if row.entry.blank.node in nodes] or rows
        if chosen:
            self.ensureWidgetVisible(chosen[0])
            chosen[0].field.setFocus()
        return bool(chosen)

    def _rebuild(self) -> None:
        typed = {row.entry.blank: row.field.text() for row in self.rows}
        focused = next((row.entry.blank for row in self.rows if row.field.hasFocus()), None)
        page = QWidget()
        page.setObjectName("page")
        column = QVBoxLayout(page)
        margin = self.look.px(12)
        column.setContentsMargins(margin, self.look.px(8), margin, margin)
        column.setSpacing(self.look.px(6))
        self.points = QLabel(page)
        self.restart = QPushButton("Start again", page)
        self.restart.setToolTip("All blanks are open again, nothing is counted")
        self.restart.clicked.connect(self.restart_asked)
        self.export = QPushButton("Export points…", page)
        self.export.setToolTip("Write the points as CSV or JSON")
        self.export.clicked.connect(self.export_asked)
        self.rows = []
        if self.entries:
            head = QHBoxLayout()
            if self.look.scale >= TALL:
                column.addWidget(self.points)
            else:
                head.addWidget(self.points, 1)
            head.addWidget(self.restart)
            head.addWidget(self.export)
            column.addLayout(head)
        else:
            for widget in (self.points, self.restart, self.export):
                widget.hide()
            column.addWidget(parts.label(self.empty, "faint"))
        for entry in self.entries:
            row = Row(entry, self.look)
            row.field.setText(typed.get(entry.blank, entry.answer))
            for name in ("guessed", "hint_asked", "reveal_asked", "chosen"):
                getattr(row, name).connect(getattr(self, name))
            column.addWidget(row)
            self.rows.append(row)
        column.addStretch(1)
        self._count()
        old = self.takeWidget()
        self.setWidget(page)
        parts.drop(old)
        for row in self.rows:
            if row.entry.blank == focused:
                row.field.setFocus()

    def _count(self) -> None:
        got = sum(entry.points for entry in self.entries)
        left = sum(not entry.result for entry in self.entries)
        self.points.setText(f"{points_text(got)} of {len(self.entries)} points · {left} open" if self.entries else "")


def points_text(points: float) -> str:
    """2, 1.5, 0.25."""
    return f"{points:g}"
