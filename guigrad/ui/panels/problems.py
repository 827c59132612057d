"""Everything that is wrong now: torch's own words, why, and mends that one click applies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from guigrad.document.problem import Fix, Problem
from guigrad.ui.style import Look
from guigrad.ui.widgets import parts
from guigrad.ui.widgets.change import Change, Lines

SHOWN: Final = 100
"""Cards made at most; the rest is counted."""
TOLD: Final = 5
"""Cards that say what their fixes do to the code."""

SEVERITIES: Final = {"error": ("circle-x", "failed"), "warning": ("triangle-alert", "warning")}


class ProblemCard(QFrame):
    """One problem: icon, where, message, why, fixes and what each does to the code."""

    fix_chosen = Signal(object)
    chosen = Signal(object)
    hovered = Signal(object)

    def __init__(self, problem: Problem, look: Look, differences: Sequence[Lines] = ()) -> None:
        super().__init__()
        self.problem = problem
        differences = differences or ((),) * len(problem.fixes)
        error = problem.severity == "error"
        self.setObjectName("fail" if error else "warn")
        icon_name, token = SEVERITIES.get(problem.severity, ("info", "accent"))
        sign = QLabel()
        sign.setPixmap(look.pixmap(icon_name, 15, token, self.devicePixelRatioF()))
        sign.setAccessibleName(problem.severity)
        rows = QVBoxLayout()
        rows.setSpacing(look.px(3))
        place = where(problem)
        if place:
            head = QLabel(place)
            head.setStyleSheet(f"font-weight: 600; color: {look.css(token)};")
            rows.addWidget(head)
        self.message = _text(problem.message, "code")
        rows.addWidget(self.message)
        if problem.why:
            rows.addWidget(_text(problem.why, ""))
        self.buttons: list[parts.Link] = []
        self.changes: list[Change] = []
        for fix, lines in zip(problem.fixes, differences, strict=False):
            button = parts.Link(fix.title, partial(self.fix_chosen.emit, fix))
            button.setToolTip(f"Apply: {fix.title}")
            self.buttons.append(button)
            rows.addWidget(button)
            if lines:
                self.changes.append(Change(lines, look))
                self.changes[-1].chosen.connect(partial(self.fix_chosen.emit, fix))
                rows.addWidget(self.changes[-1])
        layout = QHBoxLayout(self)
        layout.setContentsMargins(look.px(10), look.px(8), look.px(10), look.px(8))
        layout.setSpacing(look.px(9))
        layout.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(rows, 1)
        self.setAccessibleName(f"{problem.severity} {place}: {problem.message}")
        self.setToolTip("Click shows the node" if problem.node_id or problem.node else "")

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Enter:
            self.hovered.emit(self.problem)
        elif event.type() == QEvent.Type.Leave:
            self.hovered.emit(None)
        elif event.type() == QEvent.Type.MouseButtonPress:
            self.chosen.emit(self.problem)
        return super().event(event)


def where(problem: Problem) -> str:
    """The node, or the line and column, that a problem is about."""
    parts = [problem.node] if problem.node else []
    if problem.line:
        parts.append(f"line {problem.line}" + (f", column {problem.column}" if problem.column else ""))
    return " · ".join([*parts, problem.error] if problem.error else parts)


def _text(words: str, role: str) -> QLabel:
    label = QLabel(words)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setProperty("role", role)
    label.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    return label


class ProblemsPanel(QScrollArea):
    """The list of problems. Signals carry the Fix or the Problem."""

    fix_chosen = Signal(object)
    chosen = Signal(object)
    hovered = Signal(object)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.problems: tuple[Problem, ...] = ()
        self.cards: list[ProblemCard] = []
        self.difference: Callable[[Fix], Lines] = lambda fix: ()
        self._differences: dict[int, list[Lines]] = {}
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._rebuild()

    def show_problems(self, problems: tuple[Problem, ...]) -> None:
        """Shows these and no others."""
        differences = {
            number: [self.difference(fix) for fix in problem.fixes] for number, problem in enumerate(problems[:TOLD])
        }
        if (problems, differences) != (self.problems, self._differences):
            self.problems, self._differences = problems, differences
            self._rebuild()

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self.look = look
        self._rebuild()

    def _rebuild(self) -> None:
        page = QWidget()
        page.setObjectName("page")
        layout = QVBoxLayout(page)
        margin = self.look.px(12)
        layout.setContentsMargins(margin, self.look.px(8), margin, margin)
        layout.setSpacing(self.look.px(8))
        self.cards = []
        for number, problem in enumerate(self.problems[:SHOWN]):
            card = ProblemCard(problem, self.look, self._differences.get(number, ()))
            card.fix_chosen.connect(self.fix_chosen)
            card.chosen.connect(self.chosen)
            card.hovered.connect(self.hovered)
            layout.addWidget(card)
            self.cards.append(card)
        more = len(self.problems) - SHOWN
        if more > 0 or not self.problems:
            note = QLabel(
                f"and {more} more" if more > 0 else "No problems. What torch or the code refuses appears here."
            )
            note.setProperty("role", "faint")
            note.setWordWrap(True)
            layout.addWidget(note)
        layout.addStretch(1)
        old: QObject | None = self.takeWidget()
        self.setWidget(page)
        if old is not None:
            old.deleteLater()
