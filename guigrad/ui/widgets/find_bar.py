"""Find in graph: a field above the canvas, every hit outlined, the one in question selected and in view."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QPushButton

from guigrad.document.model import Document, Node, Value
from guigrad.run.frame import Frame
from guigrad.run.report import value_text
from guigrad.ui.style import Look

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow

SHORT = 16
"""Elements of a value up to which its numbers are searched."""


class FindBar(QFrame):
    """Hidden until it is opened. Thread: the GUI thread."""

    def __init__(self, window: MainWindow, look: Look) -> None:
        super().__init__()
        self.setObjectName("card")
        self.window_ = window
        self.hits: list[str] = []
        self.place = -1
        self._texts: dict[str, str] = {}
        self._of: tuple[object, ...] = ()
        self.field = QLineEdit()
        self.field.setPlaceholderText("Find by name, op, value or problem")
        self.field.setAccessibleName("Find in graph")
        self.field.setToolTip("Enter goes to the next, Shift+Enter to the one before, Esc closes")
        self.count = QLabel()
        self.count.setProperty("role", "muted")
        self.count.setAccessibleName("hits")
        self.before = self._button("Previous hit", lambda: self.step(-1))
        self.after = self._button("Next hit", lambda: self.step(1))
        self.away = self._button("Close", self.close_bar)
        self._row = QHBoxLayout(self)
        self._row.addWidget(self.field, 1)
        for part in (self.count, self.before, self.after, self.away):
            self._row.addWidget(part)
        self.field.textChanged.connect(lambda text: self._search(text, True))
        self.field.installEventFilter(self)
        self.set_look(look)
        self.hide()

    def _button(self, text: str, call: object) -> QPushButton:
        button = QPushButton()
        button.setProperty("role", "flat")
        button.setAccessibleName(text)
        button.setToolTip(text)
        button.clicked.connect(call)
        return button

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        for button, icon in ((self.before, "chevron-up"), (self.after, "chevron-down"), (self.away, "x")):
            button.setIcon(look.icon(icon, "text_muted"))
            button.setIconSize(QSize(look.px(15), look.px(15)))
        self._row.setContentsMargins(look.px(10), look.px(5), look.px(6), look.px(5))
        self._row.setSpacing(look.px(6))
        self.count.setMinimumWidth(look.px(70))

    def set_keys(self, before: str, after: str) -> None:
        """The shortcuts that its buttons tell."""
        self.before.setToolTip(f"Previous hit ({before})" if before else "Previous hit")
        self.after.setToolTip(f"Next hit ({after})" if after else "Next hit")
        self.away.setToolTip("Close (Esc)")

    def open(self) -> None:
        """Shows it, what was looked for last marked to be typed over."""
        self.set_keys(self.window_.keymap.text("find_before"), self.window_.keymap.text("find_next"))
        self.show()
        self.field.setFocus()
        self.field.selectAll()
        self._search(self.field.text(), False)

    def close_bar(self) -> None:
        """Hides it and gives the canvas the focus."""
        self.hide()
        self._show((), -1)
        self.window_.canvas.setFocus()

    def step(self, way: int) -> None:
        """Goes to the next or previous hit; opens the bar when it is not there."""
        if self.isHidden():
            self.open()
        self._search(self.field.text(), False)
        if self.hits:
            self.place = (self.place + way) % len(self.hits)
            self._go()

    def _search(self, query: str, jump: bool) -> None:
        """Looks anew; ``jump`` goes to the first hit, or stays on the one that is still among them."""
        words = query.lower().split()
        now = self.hits[self.place] if 0 <= self.place < len(self.hits) else ""
        hits = [key for key, text in self._all().items() if all(_has(text, word) for word in words)] if words else []
        place = hits.index(now) if now in hits else 0 if jump and hits else -1
        self._show(hits, place)
        if jump and hits:
            self._go()

    def _show(self, hits: list[str] | tuple[()], place: int) -> None:
        self.hits, self.place = list(hits), place
        self.window_.canvas.set_found(hits)
        asked = bool(self.field.text().strip())
        at = f"{place + 1} of " if place >= 0 else ""
        self.count.setText(f"{at}{len(self.hits)}" if self.hits else "no hit" if asked else "")
        for button in (self.before, self.after):
            button.setEnabled(bool(self.hits))

    def _go(self) -> None:
        key = self.hits[self.place]
        self.count.setText(f"{self.place + 1} of {len(self.hits)}")
        canvas = self.window_.canvas
        canvas.select((key,))
        canvas.reveal(key)
        document = self.window_.session.document
        thing = document.boxes.get(key) or document.notes.get(key)
        if thing is not None:
            middle = (thing.x + thing.width / 2, thing.y + thing.height / 2)
            canvas.set_viewport(canvas.viewport.centred(*middle, canvas.viewport.scale))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter and the arrows go from hit to hit."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            back = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            match event.key():
                case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                    self.step(-1 if back else 1)
                case Qt.Key.Key_Down:
                    self.step(1)
                case Qt.Key.Key_Up:
                    self.step(-1)
                case Qt.Key.Key_Escape:
                    self.close_bar()
                case _:
                    return super().eventFilter(watched, event)
            return True
        return super().eventFilter(watched, event)

    def _all(self) -> dict[str, str]:
        """What can be found, in the order of the canvas: id -> its words."""
        w = self.window_
        document, frame, problems = w.session.document, w.session.frame, w.live.problems
        if self._of and all(one is other for one, other in zip(self._of, (document, frame, problems), strict=True)):
            return self._texts
        wrong: dict[str, str] = {}
        for problem in problems:
            if problem.node_id:
                wrong[problem.node_id] = (
                    f"{wrong.get(problem.node_id, '')} {problem.message} problem {problem.severity}"
                )
        scene, labels = w.canvas.scene, w.live.names
        places = sorted(
            scene.row, key=lambda key: (round(float(scene.x[scene.row[key]]) / 64), float(scene.y[scene.row[key]]))
        )
        found = {
            key: " ".join((*_words(document, frame, key, labels.get(key, "")), wrong.get(key, ""))).lower()
            for key in places
        }
        found.update({box.id: f"{box.title} box".lower() for box in document.boxes.values()})
        found.update({note.id: f"{note.text} note".lower() for note in document.notes.values()})
        self._texts, self._of = found, (document, frame, problems)
        return found


def _words(document: Document, frame: Frame | None, key: str, label: str) -> Iterator[str]:
    node: Node = document.nodes[key]
    yield from (label, node.op.rpartition(".")[2], f".{node.op}")
    yield from (str(value) for value in (*node.args, *(value for _, value in node.kwargs)) if _plain(value))
    record = frame.records.get(key) if frame is not None else None
    if record is not None and record.value is not None and (record.shape is None or _size(record.shape) <= SHORT):
        yield value_text(record.value)


def _has(text: str, word: str) -> bool:
    """Whether a word is in a text; an op's whole path counts only for a word with a dot, or "t" would find all of torch."""
    if "." in word:
        return word in text
    return any(word in part for part in text.split(" ") if not part.startswith("."))


def _plain(value: Value) -> bool:
    return isinstance(value, int | float | str)


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for side in shape:
        size *= side
    return size
