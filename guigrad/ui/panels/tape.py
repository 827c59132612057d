"""The tape: one row an op or grad_fn that ran, in torch's own order; the row where stepping is stands out, those to come are faint."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QEvent, QModelIndex, QPersistentModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QMouseEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QMenu,
    QPushButton,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from guigrad.document.model import Document
from guigrad.ui.style import Look
from guigrad.ui.widgets import parts
from guigrad.ui.widgets.tape_rows import COLUMNS, TIPS, Tape

WIDTHS: Final = (44, 150, 90, 210, 190, 300, 280, 150)
"""Units: px at scale 1"""
ROW_PX: Final = 24
Index = QModelIndex | QPersistentModelIndex
TOP: Final = QModelIndex()


class TapeModel(QAbstractTableModel):
    """The rows; their words are made when they come into view."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.look = look
        self.tape = Tape.of_frame(Document(), None, "")
        self.at: int | None = None

    def show_tape(self, tape: Tape, at: int | None) -> None:
        """Another tape, or another place on it."""
        if tape is not self.tape:
            self.beginResetModel()
            self.tape, self.at = tape, at
            self.endResetModel()
        elif at != self.at:
            self.at = at
            if len(tape):
                self.dataChanged.emit(self.index(0, 0), self.index(len(tape) - 1, len(COLUMNS) - 1))

    def rowCount(self, parent: Index = TOP) -> int:
        return 0 if parent.isValid() else len(self.tape)

    def columnCount(self, parent: Index = TOP) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.ToolTipRole:
            return TIPS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = index.row(), index.column()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            words = self.tape.row(row)[column]
            here = column == 0 and self.at == row + 1
            return f"▸ {words}" if here and role == Qt.ItemDataRole.DisplayRole else words
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._colour(row, column)
        if role == Qt.ItemDataRole.BackgroundRole and self.at == row + 1:
            return self.look.color("running", 0.22)
        if role == Qt.ItemDataRole.FontRole:
            return self.look.code(11.5, 600 if self.at == row + 1 else 400)
        return None

    def _colour(self, row: int, column: int) -> Any:
        if self.at is not None and row >= self.at:
            return self.look.color("text_faint")
        if column in (3, 5, 6):  # nothing of a forward is a gradient
            forward = self.tape.kind(row) == "forward"
            return self.look.color("grad" if not forward else "value" if column == 3 else "text_muted")
        return self.look.color("text" if column in (1, 2) else "text_muted")


class TapeTable(QTableView):
    """The list; the arrow keys walk it, Return goes there, Ctrl+C copies."""

    entered_row = Signal(int)
    asked_row = Signal(int)
    copy_asked = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_asked.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.asked_row.emit(self.currentIndex().row())
        else:
            super().keyPressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.entered_row.emit(self.rowAt(round(event.position().y())))
        super().mouseMoveEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self.entered_row.emit(-1)
        super().leaveEvent(event)


class TapePanel(QWidget):
    """``row_chosen(number, node id)``, ``node_hovered(node id or "")``, ``shown()`` when it comes to the front."""

    row_chosen = Signal(int, str)
    node_hovered = Signal(str)
    shown = Signal()

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.model = TapeModel(look)
        self.table = TapeTable()
        self.table.setModel(self.model)
        self.table.setObjectName("tape")
        self.table.setAccessibleName("Tape: what torch ran, in order")
        self.table.setMouseTracking(True)
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.setTabKeyNavigation(False)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.table.verticalHeader().setVisible(False)
        self.table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.table.horizontalHeader().setHighlightSections(False)
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._menu)
        self.table.clicked.connect(lambda index: self._choose(index.row()))
        self.table.asked_row.connect(self._choose)
        self.table.entered_row.connect(self._hover)
        self.table.copy_asked.connect(self.copy)
        self.empty = parts.label("", "faint")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.copy_button = QPushButton("Copy as text")
        self.copy_button.setProperty("role", "flat")
        self.copy_button.setToolTip("Copy the whole tape, columns by tabs; Ctrl+C copies the selected rows")
        self.copy_button.clicked.connect(lambda: self._copy(range(len(self.model.tape))))
        self.place = parts.label("", "muted")
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.table)
        self._foot = QHBoxLayout()
        self._foot.addWidget(self.place, 1)
        self._foot.addWidget(self.copy_button)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(self.stack, 1)
        self._column.addLayout(self._foot)
        self._hovered = -1
        self.set_look(look)

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self.look = self.model.look = look
        self.empty.setContentsMargins(look.px(14), look.px(10), look.px(14), look.px(10))
        self._foot.setContentsMargins(look.px(14), look.px(3), look.px(8), look.px(3))
        self.table.verticalHeader().setDefaultSectionSize(look.px(ROW_PX))
        self.table.horizontalHeader().setFont(look.text(11))
        for column, width in enumerate(WIDTHS):
            self.table.setColumnWidth(column, look.px(width))
        self.table.viewport().update()

    def show_tape(self, tape: Tape, at: int | None) -> None:
        """Shows a tape; ``at`` steps of it are done, None where it is not stepped through."""
        self.model.show_tape(tape, at)
        self.empty.setText(tape.empty)
        self.stack.setCurrentWidget(self.table if len(tape) else self.empty)
        self.copy_button.setVisible(len(tape) > 0)
        forward, backward = len(tape.order), len(tape.events)
        words = f"{forward} forward, {backward} backward" if forward else f"{backward} backward"
        self.place.setText("" if not len(tape) else words if at is None else f"step {at} of {len(tape)} · {words}")
        if at and at <= len(tape):
            self.table.scrollTo(self.model.index(at - 1, 0))

    def copy(self) -> None:
        """The selected rows, or all, to the clipboard."""
        rows = sorted({index.row() for index in self.table.selectionModel().selectedRows()})
        self._copy(rows or range(len(self.model.tape)))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.shown.emit()

    def _copy(self, numbers: range | list[int]) -> None:
        QGuiApplication.clipboard().setText(self.model.tape.text(numbers))

    def _choose(self, row: int) -> None:
        self.row_chosen.emit(row, self.model.tape.key(row))

    def _hover(self, row: int) -> None:
        if row != self._hovered:
            self._hovered = row
            self.node_hovered.emit(self.model.tape.key(row) if 0 <= row < len(self.model.tape) else "")

    def _menu(self, place: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        row = self.table.rowAt(place.y())
        if row >= 0:
            menu.addAction("Go there\tReturn", lambda: self._choose(row))
        menu.addAction("Copy the selected rows\tCtrl+C", self.copy)
        menu.addAction("Copy all", lambda: self._copy(range(len(self.model.tape))))
        menu.popup(self.table.viewport().mapToGlobal(place))
