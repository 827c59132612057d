"""The welcome page: lessons as cards with real thumbnails, recent files, a new graph, pasted code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QEvent, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QTextLayout,
)
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from guigrad.lessons.index import Lesson
from guigrad.ui.style import Look
from guigrad.ui.widgets import parts

CARD: Final = (240, 214)
"""Units: px at scale 1."""
PICTURE: Final = 112
"""Height of a thumbnail. Units: px at scale 1."""

Thumbnail = Callable[[Path, QSize, Look], QImage]
"""Draws a document's picture of a size."""


class LessonCard(QWidget):
    """One lesson; the picture, ``picture`` high at scale 1, comes a moment later."""

    chosen = Signal(str)

    def __init__(self, lesson: Lesson, look: Look, picture: int = PICTURE) -> None:
        super().__init__()
        self.lesson, self.look, self._above = lesson, look, picture
        self.picture: QImage | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(lesson.title)
        self.setToolTip(lesson.about or lesson.title)
        self.setFixedHeight(look.px(CARD[1] - PICTURE + picture))
        self.setMinimumWidth(look.px(CARD[0]))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def picture_size(self) -> QSize:
        """Units: px"""
        return QSize(max(self.width(), self.look.px(CARD[0])) - 2, self.look.px(PICTURE))

    def show_picture(self, picture: QImage) -> None:
        """Shows the thumbnail."""
        self.picture = picture
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        look, painter = self.look, QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        over = self.underMouse() or self.hasFocus()
        frame = self.rect().adjusted(1, 1, -1, -1)
        path = QPainterPath()
        path.addRoundedRect(frame, look.px(8), look.px(8))
        painter.fillPath(path, look.color("hover" if over else "raised"))
        painter.save()
        painter.setClipPath(path)
        top = frame.adjusted(0, 0, 0, look.px(self._above) - frame.height())
        painter.fillRect(top, look.color("canvas"))
        if self.picture is not None and self._above:
            size = self.picture.deviceIndependentSize().toSize()
            painter.drawImage(top.left() + (top.width() - size.width()) // 2, top.top(), self.picture)
        painter.restore()
        painter.setPen(QPen(look.color("focus" if self.hasFocus() else "border_strong" if over else "border"), 1))
        painter.drawPath(path)
        room = self.rect().adjusted(look.px(12), look.px(self._above + 8), -look.px(12), -look.px(8))
        below = _lines(painter, room, self.lesson.title, look.text(12.5, 600), look.color("text"), 2)
        _lines(
            painter, below.adjusted(0, look.px(2), 0, 0), self.lesson.about, look.text(11.5), look.color("text_muted")
        )

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.chosen.emit(str(self.lesson.path))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.chosen.emit(str(self.lesson.path))
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Enter, QEvent.Type.Leave):
            self.update()
        return super().event(event)


class WelcomePanel(QScrollArea):
    """The page. Signals carry a path where there is one."""

    lesson_chosen = Signal(str)
    mistake_chosen = Signal(str)
    file_chosen = Signal(str)
    new_asked = Signal()
    open_asked = Signal()
    paste_asked = Signal()
    data_asked = Signal()
    back_asked = Signal()

    def __init__(
        self,
        look: Look,
        lessons: Sequence[Lesson],
        thumbnail: Thumbnail | None = None,
        mistakes: Sequence[Lesson] = (),
        functions: Sequence[Lesson] = (),
    ) -> None:
        super().__init__()
        self.look, self.lessons, self.thumbnail, self.mistakes = look, tuple(lessons), thumbnail, tuple(mistakes)
        self.functions = tuple(functions)
        self.recent: tuple[str, ...] = ()
        self.back = ""
        self.cards: list[LessonCard] = []
        self.mistake_cards: list[LessonCard] = []
        self.function_cards: list[LessonCard] = []
        self._waiting: list[LessonCard] = []
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._draw_next)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._build()

    def show_page(self, recent: Sequence[str], back: str) -> None:
        """The recent files, and the document that Esc goes back to ("" for none)."""
        if (tuple(recent), back) != (self.recent, self.back):
            self.recent, self.back = tuple(recent), back
            self._build()

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self.look = look
        self._build()

    def _build(self) -> None:
        look = self.look
        self._timer.stop()
        page = QWidget()
        page.setObjectName("page")
        column = QVBoxLayout(page)
        column.setContentsMargins(look.px(32), look.px(28), look.px(32), look.px(28))
        column.setSpacing(look.px(12))
        title = QLabel("See autograd work")
        title.setProperty("role", "title")
        column.addWidget(title)
        column.addWidget(
            parts.label(
                "Wire a PyTorch computation, run it forward and backward, read every value and gradient.", "muted"
            )
        )
        column.addLayout(self._starts())
        if self.recent:
            column.addSpacing(look.px(6))
            column.addWidget(parts.label("RECENT FILES", "heading"))
            for name in self.recent:
                link = parts.Link(f"{Path(name).name}   {_folder(name)}", partial(self.file_chosen.emit, name))
                link.setToolTip(name)
                column.addWidget(link, 0, Qt.AlignmentFlag.AlignLeft)
        column.addSpacing(look.px(6))
        column.addWidget(parts.label("LESSONS", "heading"))
        self._grid = QGridLayout()
        self._grid.setSpacing(look.px(16))
        column.addLayout(self._grid)
        self._functions = QGridLayout()
        self._functions.setSpacing(look.px(16))
        if self.functions:
            column.addSpacing(look.px(6))
            column.addWidget(parts.label("LANDSCAPES", "heading"))
            words = "Test functions of optimization: drag the point over the surface, train, race optimizers."
            column.addWidget(parts.label(words, "muted"))
            column.addLayout(self._functions)
        self._lab = QGridLayout()
        self._lab.setSpacing(look.px(12))
        if self.mistakes:
            column.addSpacing(look.px(6))
            self.lab_heading = parts.label("MISTAKE LAB", "heading")
            column.addWidget(self.lab_heading)
            words = (
                "Real failures, one click each: torch's own words where it went wrong, why, and the lines that mend it."
            )
            column.addWidget(parts.label(words, "muted"))
            column.addLayout(self._lab)
        column.addStretch(1)
        self.cards = [LessonCard(lesson, look) for lesson in self.lessons]
        self.function_cards = [LessonCard(lesson, look) for lesson in self.functions]
        for card in (*self.cards, *self.function_cards):
            card.chosen.connect(self.lesson_chosen)
        self.mistake_cards = [LessonCard(lesson, look, 0) for lesson in self.mistakes]
        for card in self.mistake_cards:
            card.chosen.connect(self.mistake_chosen)
        if not self.cards:
            column.addWidget(parts.label("No lessons are installed.", "faint"))
        self._columns = 0
        old = self.takeWidget()
        self.setWidget(page)
        parts.drop(old)
        self._flow()
        self._waiting = [*self.cards, *self.function_cards] if self.thumbnail is not None else []
        if self.isVisible() and self._waiting:
            self._timer.start()

    def _starts(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(self.look.px(8))
        for text, icon, signal, tip, role in (
            ("New graph", "file-plus", self.new_asked, "Start an empty graph (Ctrl+N)", "primary"),
            ("Open…", "folder-open", self.open_asked, "Open a file (Ctrl+O)", ""),
            ("Paste code", "clipboard-paste", self.paste_asked, "Turn PyTorch code into a graph", ""),
            ("Data…", "table-2", self.data_asked, "Begin with a data set", ""),
        ):
            button = QPushButton(text)
            button.setIcon(self.look.icon(icon, "text_on_accent" if role else "text"))
            button.setIconSize(QSize(self.look.px(14), self.look.px(14)))
            button.setProperty("role", role)
            button.setToolTip(tip)
            button.clicked.connect(signal)
            row.addWidget(button)
        row.addStretch(1)
        if self.back:
            row.addWidget(parts.Link(f"Back to {self.back}  (Esc)", self.back_asked.emit))
        return row

    def _flow(self) -> None:
        room = self.viewport().width() - self.look.px(64)
        columns = max(1, (room + self.look.px(16)) // self.look.px(CARD[0] + 16))
        if columns == self._columns:
            return
        self._columns = columns
        for grid, cards in (
            (self._grid, self.cards),
            (self._functions, self.function_cards),
            (self._lab, self.mistake_cards),
        ):
            for number, card in enumerate(cards):
                grid.addWidget(card, number // columns, number % columns)

    def show_lab(self) -> None:
        """The mistake lab, scrolled to."""
        page = self.widget()
        if self.mistake_cards and page is not None:
            page.adjustSize()
            self.verticalScrollBar().setValue(self.lab_heading.y())
            self.mistake_cards[0].setFocus()

    def _draw_next(self) -> None:
        """One picture at a time, so that the page is there at once."""
        if not self._waiting or self.thumbnail is None:
            self._timer.stop()
            return
        card = self._waiting.pop(0)
        card.show_picture(self.thumbnail(card.lesson.path, card.picture_size(), self.look))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.back:
            self.back_asked.emit()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._flow()

    def showEvent(self, event: QEvent) -> None:
        super().showEvent(event)  # type: ignore[arg-type]  # QShowEvent; only passed on
        if self._waiting:
            self._timer.start()

    def hideEvent(self, event: QEvent) -> None:
        self._timer.stop()
        super().hideEvent(event)  # type: ignore[arg-type]  # QHideEvent; only passed on


def _lines(painter: QPainter, room: QRect, text: str, font: QFont, colour: QColor, most: int = 99) -> QRect:
    """Writes the lines of a text that fit, the last one cut with an ellipsis; the room that is left below."""
    painter.setFont(font)
    painter.setPen(colour)
    metrics = painter.fontMetrics()
    most = max(min(most, room.height() // metrics.lineSpacing()), 0)
    layout = QTextLayout(text, font)
    layout.beginLayout()
    top = room.top()
    for number in range(most):
        line = layout.createLine()
        if not line.isValid():
            break
        line.setLineWidth(room.width())
        end = line.textStart() + line.textLength()
        shown = text[line.textStart() : end].strip()
        if number == most - 1 and end < len(text):
            shown = metrics.elidedText(text[line.textStart() :], Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room.left(), top + metrics.ascent(), shown)
        top += metrics.lineSpacing()
    layout.endLayout()
    return room.adjusted(0, top - room.top(), 0, 0)


def _folder(name: str) -> str:
    folder = Path(name).parent
    home = Path.home()
    return f"~/{folder.relative_to(home)}" if folder.is_relative_to(home) and folder != home else str(folder)
