"""The list that Tab, a double click or a dropped wire opens: type, choose, and the op is on the canvas."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
)

from guigrad.document.scope import whole_of
from guigrad.ops.search import search
from guigrad.ops.signature import text as signature
from guigrad.ops.spec import OpSpec
from guigrad.ui.canvas.live_edits import SLIDER
from guigrad.ui.extras import FUNCTIONS, fits_wire, function_rows, with_extras, with_functions
from guigrad.ui.theme import Theme, code_font, load_fonts, text_font

if TYPE_CHECKING:
    from guigrad.ui.canvas.board import Board

SHOWN: Final = 40
SIZE: Final = (440, 400)
ROW: Final = Qt.ItemDataRole.UserRole + 1
ROW_PX: Final = 25
"""Units: px at scale 1"""
FOOT_PX: Final = 66
"""Units: px at scale 1. Room for a signature and a sentence."""
STEPS: Final = {
    Qt.Key.Key_Up.value: -1, Qt.Key.Key_Down.value: 1, Qt.Key.Key_PageUp.value: -8, Qt.Key.Key_PageDown.value: 8,
    Qt.Key.Key_Home.value: -1_000_000, Qt.Key.Key_End.value: 1_000_000,
}  # fmt: skip
"""Keys that move the choice while the field is typed in."""
Index = QModelIndex | QPersistentModelIndex


class SearchPopup(QFrame):
    """A field and the rows of the op table that answer it. Enter or a click chooses, Esc closes."""

    def __init__(self, view: Board) -> None:
        super().__init__(view, Qt.WindowType.Popup)
        self._view = view
        self._choose: Callable[[str], None] = lambda op: None
        self._fits: Callable[[str], bool] = lambda op: True
        self._end = ""
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
        self.list.currentItemChanged.connect(lambda now, before: self._describe(now))
        self.foot = QLabel(self)
        self.foot.setTextFormat(Qt.TextFormat.PlainText)
        self.foot.setWordWrap(True)
        self.foot.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.foot.setAccessibleName("what the op does")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(8)
        layout.addWidget(self.field)
        layout.addWidget(self.list)
        layout.addWidget(self.foot)
        self.setFrameShape(QFrame.Shape.StyledPanel)

    def open(
        self,
        at: QPointF,
        choose: Callable[[str], None],
        fits: Callable[[str], bool] | None = None,
        what: str = "",
        end: str = "",
    ) -> None:
        """Opens at a point of the canvas. ``fits`` says which targets are listed, ``what`` in words which these are.

        ``end`` says where a wire waits for what is chosen: "source", "target", "both" or, without one, "".
        """
        self._end = end
        self._choose, self._fits = choose, fits or (lambda op: True)
        scale = self._view.text_scale
        screen = self._view.screen().availableGeometry()
        self.resize(min(round(SIZE[0] * scale), screen.width()), min(round(SIZE[1] * scale), screen.height()))
        self.foot.setFixedHeight(round(FOOT_PX * scale))
        self.field.setPlaceholderText(f"Add an op that {what}…" if what else "Add an op…")
        self.setStyleSheet(_style(self._view.painter.ink.theme, scale))
        place = self._view.mapToGlobal(at.toPoint())
        # Near the right or lower edge it opens to the other side of the pointer, so that it does not lie under it.
        x = place.x() if place.x() + self.width() <= screen.right() else place.x() - self.width()
        y = place.y() if place.y() + self.height() <= screen.bottom() else place.y() - self.height()
        x = max(screen.left(), min(x, screen.right() + 1 - self.width()))
        y = max(screen.top(), min(y, screen.bottom() + 1 - self.height()))
        self.setGeometry(x, y, self.width(), self.height())
        self.field.clear()
        self._on_text("")
        self.show()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrow keys and Enter in the field act on the list."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            row = moved(event, self.list.currentRow(), self.list.count())
            if row is not None:
                self.list.setCurrentRow(row)
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
            item = QListWidgetItem("No op of that name fits here" if text else "No op fits here", self.list)
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.foot.clear()

    def _found(self, text: str) -> list[OpSpec]:
        found = search(text, 2_000, self._view.recent_ops)
        found = list(islice((row for row in found if self._fits(row.targets[0])), SHOWN))
        found = with_extras(text, found, not self._fits(SLIDER))
        rows = [*function_rows(whole_of(self._view.scene.document)), *self._view.kept_functions]
        return with_functions(text, [row for row in rows if fits_wire(row, self._end)], found, SHOWN)

    def _describe(self, item: QListWidgetItem | None) -> None:
        """Below the list: how the chosen op is called and what it does."""
        row = item.data(ROW) if item is not None else None
        if not isinstance(row, OpSpec):
            self.foot.clear()
            return
        if row.family == FUNCTIONS:
            self.foot.setText(f"{row.key}\n{row.about}")
            return
        call = f"{row.targets[0]}{signature(row.overloads[0]) if row.overloads else ''}"
        self.foot.setText(f"{call}\n{row.about or row.doc.strip().partition(chr(10))[0]}")

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


def moved(event: QKeyEvent, row: int, count: int) -> int | None:
    """Where a key moves the choice in a list while the field above it is typed in; None for other keys."""
    step = STEPS.get(event.key())
    if step is None or not count or event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
        return None
    return max(0, min(row + step, count - 1))


def _style(theme: Theme, scale: float) -> str:
    """The list as the rest of the window looks, wherever the canvas is embedded."""
    colors = {token: theme.color(token).name() for token in ("panel", "border_strong", "text", "input")}
    px = round(12.5 * scale)
    return (
        f"SearchPopup {{ background: {colors['panel']}; border: 1px solid {colors['border_strong']}; border-radius: 6px; }}"
        f"SearchPopup > * {{ color: {colors['text']}; background: {colors['input']}; border: none; "
        f"font-size: {px}px; font-family: '{load_fonts()[0]}'; }}"
        f"SearchPopup > QLabel {{ background: {colors['panel']}; font-size: {round(11 * scale)}px; }}"
        f"SearchPopup > QLineEdit {{ padding: {px // 2}px; border-radius: 4px; }}"
    )
