"""The statistics of a tensor beside its picture, and what it differs in from another. All numbers are torch's."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from guigrad.run.tensor import Comparison, Tensor
from guigrad.ui.style import Look
from guigrad.ui.widgets import parts

HOW = "torch computes these in double precision over all entries. NaN are left out of min, max, mean, std and norm, infinities also of std; std has correction=0 (population). Complex numbers count by their magnitude."
WIDTH_PX = 196


class Facts(QScrollArea):
    """Rows of names and numbers; each number can be selected and copied."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.answer: Tensor | None = None
        self.state = ""
        self.texts: dict[str, str] = {}
        self._page = QWidget()
        self._column = QVBoxLayout(self._page)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(3)
        self._note = parts.label("", "muted")
        self._rows, self._grid = parts.grid()
        self._grid.setVerticalSpacing(2)
        self._verdict = parts.label("", "", selectable=True)
        for widget in (self._verdict, self._rows, self._note):
            self._column.addWidget(widget)
        self._column.addStretch(1)
        self._pairs: list[tuple[QLabel, QLabel]] = []
        self.setWidget(self._page)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Statistics")
        self.set_look(look)

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self.look = look
        self.setMinimumWidth(0)
        self.setMaximumWidth(look.px(WIDTH_PX))
        self.show_answer(self.answer, self.state)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 0)

    def sizeHint(self) -> QSize:
        return QSize(self.look.px(WIDTH_PX), self.look.px(120))

    def show_answer(self, answer: Tensor | None, state: str) -> None:
        """The statistics of another tensor; None takes them away."""
        self.answer, self.state = answer, state
        rows = [] if answer is None else fact_rows(answer)
        self.texts = {name: text for name, text, _ in rows}
        while len(self._pairs) > len(rows):
            for label in self._pairs.pop():
                self._grid.removeWidget(label)
                parts.drop(label)
        while len(self._pairs) < len(rows):
            pair = parts.label("", "muted"), parts.label("", "", selectable=True)
            for column, label in enumerate(pair):
                self._grid.addWidget(label, len(self._pairs), column, Qt.AlignmentFlag.AlignTop)
            self._pairs.append(pair)
        for (name, text, token), (left, right) in zip(rows, self._pairs, strict=True):
            for label, words, colour in ((left, name, "text_muted"), (right, text, token)):
                label.setText(words)
                label.setFont(self.look.code(11))
                label.setStyleSheet(f"color: {self.look.css(colour)};")
                label.setToolTip(HOW)
        verdict = verdict_of(answer.comparison) if answer is not None and answer.comparison is not None else ""
        self._verdict.setText(verdict)
        self._verdict.setVisible(bool(verdict))
        note = "" if answer is None else answer.note
        self._note.setText(note)
        self._note.setVisible(bool(note))
        spoken = ", ".join(f"{name} {text}" for name, text, _ in rows)
        self.setAccessibleDescription(". ".join(part for part in (verdict, spoken, note, state) if part))


def verdict_of(comparison: Comparison) -> str:
    """A comparison in one line."""
    if comparison.reason:
        return comparison.reason
    if comparison.same_bits:
        return "= the same bits"
    return "≈ equal, not the same bits" if not comparison.differing else f"≠ {comparison.differing:,} entries differ"


def fact_rows(answer: Tensor) -> list[tuple[str, str, str]]:
    """(name, number, colour token)."""
    rows = [("shape", str(list(answer.shape)), "text"), ("dtype", answer.dtype, "text")]
    comparison = answer.comparison
    if comparison is not None and not comparison.reason:
        rows += [
            ("max |a−b|", f"{comparison.largest:.6g}", "text"),
            ("max rel", f"{comparison.relative:.6g}", "text"),
        ]
        if comparison.ulps >= 0:
            rows.append(("max ulp", f"{comparison.ulps:,}", "text"))
        if comparison.where >= 0:
            rows.append(("at", place_text(comparison.where, answer.shape), "text"))
    stats = answer.stats
    if stats is None:
        return rows
    head = "a−b: " if comparison is not None and not comparison.reason else ""
    numbers = (
        ("min", stats.minimum),
        ("max", stats.maximum),
        ("mean", stats.mean),
        ("std", stats.std),
        ("norm", stats.norm),
    )
    token = "value" if answer.part == "value" else "grad"
    for place, (name, number) in enumerate(numbers):
        whole = place < 2 and answer.extremes
        text = str(answer.extremes[place]) if whole else f"{number:.6g}"
        rows.append((f"{head if not place else ''}{name}", text, token))
    rows.append(("zeros", f"{stats.zeros:,}", "text"))
    for name, count in (("NaN", stats.nans), ("Inf", stats.infs)):
        rows.append((name, f"{'⚠ ' if count else ''}{count:,}", "failed" if count else "text"))
    return rows


def place_text(flat: int, shape: tuple[int, ...]) -> str:
    """A row-major place as an index."""
    found = []
    for size in reversed(shape):
        flat, index = divmod(flat, size)
        found.append(str(index))
    return f"[{', '.join(reversed(found))}]"
