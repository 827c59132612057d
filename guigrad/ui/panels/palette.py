"""The palette: torch's ops by family, a search over all of them, drag or Enter to add one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from PySide6.QtCore import (
    QAbstractListModel,
    QByteArray,
    QEvent,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QLabel,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from guigrad.ops import table
from guigrad.ops.search import search
from guigrad.ops.spec import OpSpec
from guigrad.ui.extras import FUNCTIONS, SLIDER_ROW, with_extras
from guigrad.ui.style import Look

MIME: Final = "application/x-guigrad-op"
"""What a dragged op carries: its target, UTF-8."""

ROW_ROLE: Final = Qt.ItemDataRole.UserRole
SEARCH_LIMIT: Final = 200
WIDE_PX: Final = 260
"""From this width on rows also say what an op does. Units: px at scale 1"""

ACCENTS: Final = {
    "leaves": "leaf",
    "reduce": "reduce",
    "loss": "loss",
    "optimizer": "optim",
    "autograd": "reduce",
    "functions": "accent",
}
"""Family -> the kind whose accent its bar has; the others are ops."""

Index = QModelIndex | QPersistentModelIndex


class PaletteModel(QAbstractListModel):
    """Headings (str) and ops (OpSpec) in the order they are shown."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.entries: list[str | OpSpec] = []
        self.functions: tuple[tuple[str, tuple[OpSpec, ...]], ...] = ()
        self.query = ""
        self.recent: tuple[str, ...] = ()
        self.search("")

    def search(self, query: str) -> None:
        """Shows the families, or what answers a query."""
        self.beginResetModel()
        self.query = query
        self.entries = []
        for heading, rows in self.functions:
            wanted = [row for row in rows if query.strip().lower() in row.key.partition("(")[0].lower()]
            if wanted:
                self.entries += [heading, *wanted]
        if query.strip():
            found = with_extras(query, search(query, SEARCH_LIMIT, self.recent))
            self.entries += [f"{len(found)} ops" if len(found) != 1 else "1 op", *found]
        else:
            for family, rows in table.families():
                self.entries += [family, *rows, *((SLIDER_ROW,) if family == SLIDER_ROW.family else ())]
        self.endResetModel()

    def first_op(self) -> QModelIndex:
        """The first row that is an op; an invalid index when there is none."""
        for row, entry in enumerate(self.entries):
            if isinstance(entry, OpSpec):
                return self.index(row)
        return QModelIndex()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.entries)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        entry = self.entries[index.row()]
        if role == ROW_ROLE:
            return entry
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return entry if isinstance(entry, str) else entry.key
        if role == Qt.ItemDataRole.ToolTipRole and isinstance(entry, OpSpec):
            about = entry.about or entry.doc.strip().partition("\n")[0]
            return f"{entry.targets[0]}\n{about}\nDrag it to the canvas, or press Enter." if about else entry.targets[0]
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if index.isValid() and isinstance(self.entries[index.row()], OpSpec):
            return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsDragEnabled
        return Qt.ItemFlag.NoItemFlags

    def mimeTypes(self) -> list[str]:
        return [MIME]

    def mimeData(self, indexes: Any) -> QMimeData:
        data = QMimeData()
        for index in indexes:
            entry = self.entries[index.row()]
            if isinstance(entry, OpSpec):
                data.setData(MIME, QByteArray(entry.targets[0].encode()))
        return data


class _Delegate(QStyledItemDelegate):
    """Paints a heading, or an op with its family's accent bar and its sign."""

    def __init__(self, look: Look, parent: QObject) -> None:
        super().__init__(parent)
        self.look = look

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        look, entry = self.look, index.data(ROW_ROLE)
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        if isinstance(entry, str):
            painter.setFont(look.text(10.5, 600))
            painter.setPen(look.color("text_muted"))
            painter.drawText(rect.adjusted(look.px(2), look.px(10), 0, 0), Qt.AlignmentFlag.AlignVCenter, entry.upper())
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        body = rect.adjusted(0, 1, 0, -look.px(2))
        selected = bool(state & QStyle.StateFlag.State_Selected)
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.color("accent_soft" if selected else "hover" if hovered else "raised"))
        painter.drawRoundedRect(body, look.px(4), look.px(4))
        painter.setBrush(look.color(ACCENTS.get(entry.family, "op")))
        painter.drawRoundedRect(
            QRect(body.x(), body.y() + look.px(4), look.px(3), body.height() - look.px(8)), 1.5, 1.5
        )
        painter.setFont(look.code(11.5))
        painter.setPen(look.color("text"))
        inner = body.adjusted(look.px(12), 0, -look.px(8), 0)
        metrics = painter.fontMetrics()
        sign = entry.infix or entry.glyph
        sign_width = metrics.horizontalAdvance(sign) + look.px(8) if sign else 0
        name = metrics.elidedText(entry.key, Qt.TextElideMode.ElideRight, inner.width() - sign_width)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(inner, middle | Qt.AlignmentFlag.AlignLeft, name)
        painter.setPen(look.color("text_muted"))
        if sign != entry.key:
            painter.drawText(inner, middle | Qt.AlignmentFlag.AlignRight, sign)
        room = inner.width() - metrics.horizontalAdvance(name) - sign_width - look.px(14)
        if inner.width() > look.px(WIDE_PX) and entry.about:  # a wide panel has room for what it does
            painter.setFont(look.text(11))
            painter.setPen(look.color("text_faint"))
            about = painter.fontMetrics().elidedText(entry.about, Qt.TextElideMode.ElideRight, room)
            rest = inner.adjusted(metrics.horizontalAdvance(name) + look.px(10), 0, 0, 0)
            painter.drawText(rest, middle | Qt.AlignmentFlag.AlignLeft, about)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        heading = isinstance(index.data(ROW_ROLE), str)
        return QSize(0, self.look.px(32 if heading and index.row() else 24 if heading else 26))


class PalettePanel(QFrame):
    """Search field and list. ``op_chosen`` carries the target that Enter or a double-click asks for."""

    op_chosen = Signal(str)
    function_menu = Signal(str, QPoint)
    """What the user may do with a function: its target, and where on the screen the menu opens."""
    rename_asked = Signal(str)
    remove_asked = Signal(str)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("side")
        self.field = QLineEdit()
        self.field.setPlaceholderText("Add node…  (Tab)")
        self.field.setClearButtonEnabled(True)
        self.field.setAccessibleName("Search ops")
        self.field.setToolTip("Search all ops of torch; Down goes to the list, Enter adds the first")
        self.model = PaletteModel(self)
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setAccessibleName("Ops")
        self.list.setDragEnabled(True)
        self.list.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.list.setMouseTracking(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.delegate = _Delegate(look, self.list)
        self.list.setItemDelegate(self.delegate)
        self.empty = QLabel("No op of torch answers this.\nTry its name, its sign or what it does.")
        self.empty.setProperty("role", "faint")
        self.empty.setWordWrap(True)
        self.empty.hide()
        self._layout = QVBoxLayout(self)
        self._layout.addWidget(self.field)
        self._layout.addWidget(self.empty)
        self._layout.addWidget(self.list, 1)
        self.field.textChanged.connect(self._on_text)
        self.field.returnPressed.connect(self._on_enter)
        self.field.installEventFilter(self)
        self.list.installEventFilter(self)
        self.list.doubleClicked.connect(self._on_chosen)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._on_menu)
        self.set_look(look)

    def set_functions(self, functions: Sequence[tuple[str, Sequence[OpSpec]]]) -> None:
        """The functions that can be added, by heading; they stand before the ops."""
        wanted = tuple((heading, tuple(rows)) for heading, rows in functions)
        if self.model.functions != wanted:
            self.model.functions = wanted
            self.model.search(self.model.query)

    def _on_menu(self, place: QPoint) -> None:
        index = self.list.indexAt(place)
        entry = index.data(ROW_ROLE) if index.isValid() else None
        if isinstance(entry, OpSpec) and entry.family == FUNCTIONS:
            self.function_menu.emit(entry.targets[0], self.list.viewport().mapToGlobal(place))

    def _on_key(self, key: int) -> bool:
        """F2, Delete and the menu key on a function."""
        index = self.list.currentIndex()
        entry = index.data(ROW_ROLE) if index.isValid() else None
        if not isinstance(entry, OpSpec) or entry.family != FUNCTIONS:
            return False
        if key == Qt.Key.Key_Menu:
            self._on_menu(self.list.visualRect(index).center())
        elif key in (Qt.Key.Key_F2, Qt.Key.Key_Delete):
            (self.rename_asked if key == Qt.Key.Key_F2 else self.remove_asked).emit(entry.targets[0])
        return key in (Qt.Key.Key_Menu, Qt.Key.Key_F2, Qt.Key.Key_Delete)

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self.delegate.look = look
        self._layout.setContentsMargins(look.px(12), look.px(12), look.px(6), look.px(4))
        self._layout.setSpacing(look.px(6))
        self.list.doItemsLayout()

    def _on_text(self, query: str) -> None:
        self.model.search(query)
        self.empty.setVisible(bool(query.strip()) and not self.model.first_op().isValid())
        self.list.scrollToTop()

    def _on_enter(self) -> None:
        self._on_chosen(self.model.first_op())

    def _on_chosen(self, index: QModelIndex) -> None:
        entry = index.data(ROW_ROLE) if index.isValid() else None
        if isinstance(entry, OpSpec):
            self.op_chosen.emit(entry.targets[0])

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.list and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            entry = self.list.currentIndex().data(ROW_ROLE)
            own = isinstance(entry, OpSpec) and entry.family == FUNCTIONS
            if own and event.key() in (Qt.Key.Key_F2, Qt.Key.Key_Delete):  # not the selected node's
                event.accept()
                return True
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            key = event.key()
            if watched is self.field and key == Qt.Key.Key_Down:
                self.list.setCurrentIndex(self.model.first_op())
                self.list.setFocus()
                return True
            if watched is self.field and key == Qt.Key.Key_Escape and self.field.text():
                self.field.clear()
                return True
            if watched is self.list and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._on_chosen(self.list.currentIndex())
                return True
            if watched is self.list and self._on_key(key):
                return True
        return super().eventFilter(watched, event)
