"""The list that Tab, a double click or a dropped wire opens: type, choose, and the op is on the canvas."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QPoint, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
)

from guigrad.ops import table
from guigrad.ops.spec import OpSpec
from guigrad.ui.extras import with_extras
from guigrad.ui.theme import Theme, code_font, load_fonts, text_font

if TYPE_CHECKING:
    from guigrad.ui.canvas.board import Board

SHOWN: Final = 40
SIZE: Final = (360, 340)
ROW: Final = Qt.ItemDataRole.UserRole + 1
ROW_PX: Final = 25
"""Units: px at scale 1"""
Index = QModelIndex | QPersistentModelIndex


class SearchPopup(QFrame):
    """A field and the rows of the op table that answer it. Enter or a click chooses, Esc closes."""

    def __init__(self, view: Board) -> None:
        super().__init__(view, Qt.WindowType.Popup)
        self._view = view
        self._choose: Callable[[str], None] = lambda op: None
        self._takes = self._gives = False
        self.field = QLineEdit(self)
        self.field.setPlaceholderText("Add an op…")
        self.field.setAccessibleName("search ops")
        self.field.textChanged.connect(self._on_text)
        self.field.installEventFilter(self)
        self.list = QListWidget(self)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setUniformItemSizes(True)
        self.list.setItemDelegate(_Rows(view, self.list))
        self.list.setAccessibleName("ops found")
        self.list.itemClicked.connect(self._on_item)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(8)
        layout.addWidget(self.field)
        layout.addWidget(self.list)
        self.setFrameShape(QFrame.Shape.StyledPanel)

    def open(self, at: QPointF, choose: Callable[[str], None], takes: bool = False, gives: bool = False) -> None:
        """Opens at a point of the canvas. ``takes``: only what has a tensor port; ``gives``: only what yields a tensor."""
        self._choose, self._takes, self._gives = choose, takes, gives
        scale = self._view.text_scale
        self.resize(round(SIZE[0] * scale), round(SIZE[1] * scale))
        self.setStyleSheet(_style(self._view.painter.ink.theme, scale))
        place = self._view.mapToGlobal(at.toPoint())
        screen = self._view.screen().availableGeometry()
        x = max(screen.left(), min(place.x(), screen.right() - self.width()))
        y = max(screen.top(), min(place.y(), screen.bottom() - self.height()))
        self.move(QPoint(x, y))
        self.field.clear()
        self._on_text("")
        self.show()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrow keys and Enter in the field act on the list."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
                step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageUp: -8, Qt.Key.Key_PageDown: 8}
                row = self.list.currentRow() + step[Qt.Key(event.key())]
                self.list.setCurrentRow(max(0, min(row, self.list.count() - 1)))
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab):
                item = self.list.currentItem()
                if item is not None:
                    self._on_item(item)
                return True
            if event.key() == Qt.Key.Key_Escape:
                self.close()
                return True
        return super().eventFilter(watched, event)

    def _on_text(self, text: str) -> None:
        self.list.clear()
        for row in self._found(text):
            item = QListWidgetItem(row.key, self.list)
            item.setData(Qt.ItemDataRole.UserRole, row.targets[0])
            item.setData(ROW, row)
            item.setToolTip(row.doc or row.about or row.targets[0])
        self.list.setCurrentRow(0)
        self.list.scrollToTop()
        if not self.list.count():
            item = QListWidgetItem("No op of that name", self.list)
            item.setFlags(Qt.ItemFlag.NoItemFlags)

    def _found(self, text: str) -> list[OpSpec]:
        found = table.search(text, 400 if self._takes or self._gives else SHOWN)
        if self._takes:
            found = [row for row in found if takes_tensor(row.targets[0])]
        if self._gives:
            found = [row for row in found if gives_tensor(row.targets[0])]
        return with_extras(text, found, self._takes)[:SHOWN]

    def _on_item(self, item: QListWidgetItem) -> None:
        target = item.data(Qt.ItemDataRole.UserRole)
        if isinstance(target, str):
            self.close()
            self._choose(target)


class _Rows(QStyledItemDelegate):
    """Name, sign and, as far as there is room, what the op does."""

    def __init__(self, view: Board, parent: QObject) -> None:
        super().__init__(parent)
        self._view = view

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme, s = self._view.painter.ink.theme, self._view.text_scale
        rect: QRect = option.rect
        inner = rect.adjusted(round(8 * s), 0, -round(8 * s), 0)
        row, left = index.data(ROW), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        if not isinstance(row, OpSpec):
            painter.setPen(theme.color("text_faint"))
            painter.setFont(text_font(11.5 * s))
            painter.drawText(inner, left, str(index.data()))
            return
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent_soft"))
            painter.drawRoundedRect(rect.adjusted(0, 1, 0, -1), 4 * s, 4 * s)
        sign = row.infix or row.glyph
        for text, font, token, gap in (
            (row.key, code_font(11.5 * s), "text", 8),
            ("" if sign == row.key else sign, code_font(11.5 * s), "text_muted", 12),
            (row.about or row.doc.strip().partition("\n")[0], text_font(11 * s), "text_faint", 0),
        ):
            if not text or inner.width() < 16 * s:
                continue
            painter.setFont(font)
            painter.setPen(theme.color(token))
            shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, inner.width())
            painter.drawText(inner, left, shown)
            inner.setLeft(inner.left() + painter.fontMetrics().horizontalAdvance(shown) + round(gap * s))

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, round(ROW_PX * self._view.text_scale))


def _style(theme: Theme, scale: float) -> str:
    """The list as the rest of the window looks, wherever the canvas is embedded."""
    colors = {token: theme.color(token).name() for token in ("panel", "border_strong", "text", "input")}
    px = round(12.5 * scale)
    return (
        f"SearchPopup {{ background: {colors['panel']}; border: 1px solid {colors['border_strong']}; border-radius: 6px; }}"
        f"SearchPopup > * {{ color: {colors['text']}; background: {colors['input']}; border: none; "
        f"font-size: {px}px; font-family: '{load_fonts()[0]}'; }}"
        f"SearchPopup > QLineEdit {{ padding: {px // 2}px; border-radius: 4px; }}"
    )


@lru_cache(maxsize=8192)
def takes_tensor(target: str) -> bool:
    """Whether a wire that carries a tensor can end at some port of the op."""
    return any(param.is_port for overload in table.overloads(target) for param in overload.params)


@lru_cache(maxsize=8192)
def gives_tensor(target: str) -> bool:
    """Whether the op yields a tensor, or something that may be one."""
    return any(word.startswith(("Tensor", "any")) for o in table.overloads(target) for word in o.returns)
