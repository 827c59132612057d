"""The search of Ctrl+K and Ctrl+F: commands, nodes of this graph and ops of torch in one list."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from PySide6.QtCore import QAbstractListModel, QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QFrame,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from guigrad.ops.search import near
from guigrad.ui.canvas.search import moved
from guigrad.ui.style import Look

_SPLIT: Final = re.compile(r"[\s._]+")
ENTRY: Final = Qt.ItemDataRole.UserRole
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Entry:
    """One thing that can be chosen; ``kind`` is "command", "node", "op", "lesson", "mistake" or "file". ``why_not`` says why it cannot be chosen now."""

    kind: str
    text: str
    detail: str
    choose: Callable[[], object]
    hint: str = ""
    why_not: str = ""


Source = Callable[[str], Sequence[Entry]]
"""What answers a query, best first."""


class _Model(QAbstractListModel):
    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.entries: list[Entry] = []

    def show_entries(self, entries: Sequence[Entry]) -> None:
        self.beginResetModel()
        self.entries = list(entries)
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.entries)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        entry = self.entries[index.row()]
        if role == ENTRY:
            return entry
        said = f"{entry.kind} {entry.text}" + (f": {entry.why_not}" if entry.why_not else "")
        return said if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole) else None


class _Delegate(QStyledItemDelegate):
    def __init__(self, look: Look, parent: QObject) -> None:
        super().__init__(parent)
        self.look = look

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        look, entry = self.look, index.data(ENTRY)
        rect: QRect = option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.color("accent_soft"))
            painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), look.px(5), look.px(5))
        inner = rect.adjusted(look.px(10), 0, -look.px(10), 0)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setFont(look.text(10.5))
        painter.setPen(look.color("text_faint"))
        kind_width = look.px(72)
        painter.drawText(inner, middle | Qt.AlignmentFlag.AlignLeft, entry.kind)
        hint_width = painter.fontMetrics().horizontalAdvance(entry.hint)
        painter.drawText(inner, middle | Qt.AlignmentFlag.AlignRight, entry.hint)
        painter.setFont(look.code(12) if entry.kind in ("node", "op") else look.text(12.5, 500))
        painter.setPen(look.color("text_faint" if entry.why_not else "text"))
        left = inner.adjusted(kind_width, 0, -hint_width - look.px(8), 0)
        metrics = painter.fontMetrics()
        text = metrics.elidedText(entry.text, Qt.TextElideMode.ElideRight, left.width())
        painter.drawText(left, middle | Qt.AlignmentFlag.AlignLeft, text)
        rest = left.adjusted(metrics.horizontalAdvance(text) + look.px(12), 0, 0, 0)
        painter.setFont(look.text(11.5))
        painter.setPen(look.color("warning" if entry.why_not else "text_muted"))
        detail = painter.fontMetrics().elidedText(
            entry.why_not or entry.detail, Qt.TextElideMode.ElideRight, rest.width()
        )
        painter.drawText(rest, middle | Qt.AlignmentFlag.AlignLeft, detail)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, self.look.px(28))


class SearchBox(QDialog):
    """A field and a list; Enter or a click chooses, Esc closes."""

    def __init__(self, look: Look, source: Source, prompt: str, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.source = source
        self.choosing = False
        frame = QFrame()
        frame.setObjectName("card")
        self.field = QLineEdit()
        self.field.setPlaceholderText(prompt)
        self.field.setAccessibleName(prompt)
        self.model = _Model(self)
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setItemDelegate(_Delegate(look, self.list))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setUniformItemSizes(True)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setStyleSheet("QListView { background: transparent; }")
        outer, inner = QVBoxLayout(self), QVBoxLayout(frame)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(frame)
        inner.setContentsMargins(look.px(8), look.px(8), look.px(8), look.px(8))
        inner.setSpacing(look.px(6))
        inner.addWidget(self.field)
        inner.addWidget(self.list)
        width = min(look.px(560), parent.width() - 40)
        height = min(look.px(400), parent.height() - 80)
        corner = parent.mapToGlobal(parent.rect().topLeft())
        self.setGeometry(corner.x() + (parent.width() - width) // 2, corner.y() + min(look.px(60), 80), width, height)
        self.field.textChanged.connect(self._on_text)
        self.field.installEventFilter(self)
        self.list.clicked.connect(self._choose)
        self._on_text("")
        self.field.setFocus()

    def _on_text(self, query: str) -> None:
        self.model.show_entries(self.source(query.strip()))
        if self.model.entries:
            self.list.setCurrentIndex(self.model.index(0))

    def _choose(self, index: QModelIndex) -> None:
        entry = index.data(ENTRY) if index.isValid() else None
        self.close()
        if isinstance(entry, Entry):
            self.choosing = True  # this box is still on its way out of its own list
            entry.choose()
            self.choosing = False

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            row = moved(event, self.list.currentIndex().row(), len(self.model.entries))
            if row is not None:
                self.list.setCurrentIndex(self.model.index(row))
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._choose(self.list.currentIndex())
                return True
        return super().eventFilter(watched, event)


def rank(query: str, name: str, *more: str) -> int | None:
    """How well a query names something, 0 best; None when it does not. ``more`` are other words that it may be found by."""
    words, title = " ".join(query.lower().split()), name.lower()
    if not words or title == words:
        return 0
    if title.startswith(words):
        return 1
    parts = words.split()
    spaced = f" {_SPLIT.sub(' ', title)}"
    if all(f" {part}" in spaced for part in parts):
        return 2
    whole = f"{title} {' '.join(more).lower()}"
    if all(part in whole for part in parts):
        return 3 if words in title else 4
    if len(words) > 3 and all(any(near(part, word, 1) for word in spaced.split()) for part in parts if len(part) > 3):
        return 6 if all(len(part) > 3 or f" {part}" in spaced for part in parts) else None
    return None
