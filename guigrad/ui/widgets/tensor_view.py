"""A tensor as a table of heat cells with all its digits, copyable as text; virtual, so any size opens at once."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFontMetrics, QGuiApplication, QKeyEvent, QKeySequence, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from guigrad.document.array import ArrayData
from guigrad.document.edit_cells import read_number
from guigrad.document.problem import ProblemError
from guigrad.files.tensor_text import TensorTextError, read_tensor_text
from guigrad.ui import heat
from guigrad.ui.style import Look
from guigrad.ui.widgets import parts

ROWS_SHOWN: Final = 8
"""Rows before a table scrolls."""
COPY_LIMIT: Final = 200_000
"""Elements that are put on the clipboard at most."""

Index = QModelIndex | QPersistentModelIndex


def number_text(value: Any) -> str:
    """One element with every digit that tells it from its neighbours."""
    if isinstance(value, np.bool_ | bool):
        return str(bool(value))
    if isinstance(value, np.floating | float):
        text = str(value)
        return text.removesuffix(".0") + "." if text.endswith(".0") else text
    return str(value)


def tensor_text(array: ArrayData) -> str:
    """A whole tensor as nested lists, every digit kept."""
    values = array.numpy()
    if values.size > COPY_LIMIT:
        values = values.reshape(-1)[:COPY_LIMIT]
    return str(np.array2string(values, separator=", ", threshold=COPY_LIMIT + 1, floatmode="unique"))


class TensorModel(QAbstractTableModel):
    """A tensor as rows and columns: leading dimensions run down, the last one across; one dimension runs down."""

    edited = Signal(object)
    """{cell in row-major order: number}"""
    refused = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.editable = False
        self.shape: tuple[int, ...] = ()
        self.grid = np.empty((0, 0))
        self.limit = 0.0

    def set_array(self, array: ArrayData | None) -> None:
        """Shows another tensor."""
        values = np.empty((0, 0)) if array is None else array.numpy()
        same = values.size > 0 and values.shape == self.shape
        if not same:
            self.beginResetModel()
        self.shape = values.shape
        columns = values.shape[-1] if values.ndim > 1 else 1
        self.grid = values.reshape(-1, columns) if values.size else np.empty((0, 0))
        magnitude = np.abs(self.grid.astype(np.complex128 if np.iscomplexobj(self.grid) else np.float64))
        finite = magnitude[np.isfinite(magnitude)]
        self.limit = float(finite.max(initial=0.0))
        if same:  # the chosen cell stays chosen while its numbers change
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, self.columnCount() - 1))
        else:
            self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else int(self.grid.shape[0])

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else int(self.grid.shape[1])

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return number_text(self.grid[index.row(), index.column()])
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{self.where(index.row(), index.column())} = {number_text(self.grid[index.row(), index.column()])}"
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        return super().flags(index) | (Qt.ItemFlag.ItemIsEditable if self.editable else Qt.ItemFlag.NoItemFlags)

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.EditRole or not self.editable or str(value) == str(index.data()):
            return False
        try:
            number = read_number(str(value))
        except ProblemError as error:
            self.refused.emit(error.problems[0].message)
            return False
        self.edited.emit({self.cell(index.row(), index.column()): number})
        return True

    def cell(self, row: int, column: int) -> int:
        """The number of a cell in row-major order."""
        return row * int(self.grid.shape[1]) + column

    def where(self, row: int, column: int) -> str:
        """The index of a cell as torch writes it."""
        if not self.shape:
            return "()"
        places = np.unravel_index(row * self.grid.shape[1] + column, self.shape)
        return "[" + ", ".join(str(int(place)) for place in places) + "]"

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if orientation == Qt.Orientation.Horizontal or len(self.shape) <= 2:
            return str(section)
        places = np.unravel_index(section, self.shape[:-1])
        return ",".join(str(int(place)) for place in places)


class HeatDelegate(QStyledItemDelegate):
    """Cells in the colours of the heat-map."""

    def __init__(self, look: Look, scale: str, parent: QObject) -> None:
        super().__init__(parent)
        self.look, self.scale = look, scale

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        assert isinstance(model, TensorModel)
        rect: QRect = option.rect
        cell = model.grid[index.row(), index.column()]
        colour = int(heat.colors(self.look.theme, self.scale, np.asarray([cell]), model.limit)[0])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor.fromRgba(colour))
        painter.drawRoundedRect(rect.adjusted(0, 0, -1, -2), 2, 2)
        painter.setPen(QColor(heat.text_on(colour)))
        painter.setFont(self.look.code(11.5))
        painter.drawText(
            rect.adjusted(4, 0, -self.look.px(6), -2),
            Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight,
            index.data(),
        )
        selection = self.parent()
        if isinstance(selection, QTableView) and selection.selectionModel().isSelected(index):
            painter.setPen(QPen(self.look.color("selected"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(rect.adjusted(1, 1, -2, -3), 2, 2)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter commits and goes down, as in a spreadsheet."""
        enter = isinstance(event, QKeyEvent) and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        table = self.parent()
        if (
            enter
            and event.type() == QEvent.Type.KeyPress
            and isinstance(watched, QWidget)
            and isinstance(table, QTableView)
        ):
            self.commitData.emit(watched)
            self.closeEditor.emit(watched, QStyledItemDelegate.EndEditHint.NoHint)
            index = table.currentIndex()
            below = index.siblingAtRow(index.row() + 1)
            if below.isValid():
                table.setCurrentIndex(below)
            return True
        return super().eventFilter(watched, event)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        width = QFontMetrics(self.look.code(11.5)).horizontalAdvance(index.data()) + self.look.px(16)
        return QSize(width, self.look.px(20))


class CellTable(QTableView):
    """Ctrl+C copies the selected cells, tab-separated; where cells can be edited, Ctrl+V puts a block and Delete zeros."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        model = self.model()
        if isinstance(model, TensorModel) and model.editable:
            if event.matches(QKeySequence.StandardKey.Paste):
                self._paste(model)
                return
            if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
                zeros = {model.cell(index.row(), index.column()): 0 for index in self.selectedIndexes()}
                if zeros:
                    model.edited.emit(zeros)
                return
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.edit(self.currentIndex())
                return
        if event.matches(QKeySequence.StandardKey.Copy):
            cells = sorted((i.row(), i.column(), str(i.data())) for i in self.selectedIndexes())
            rows: dict[int, list[str]] = {}
            for row, _, text in cells:
                rows.setdefault(row, []).append(text)
            QGuiApplication.clipboard().setText("\n".join("\t".join(row) for row in rows.values()))
            return
        super().keyPressEvent(event)

    def _paste(self, model: TensorModel) -> None:
        """A block of numbers from the clipboard, its corner at the chosen cell."""
        try:
            block, _ = read_tensor_text(QGuiApplication.clipboard().text())
        except TensorTextError as error:
            model.refused.emit(str(error))
            return
        at = self.currentIndex()
        text = QGuiApplication.clipboard().text()
        values = block.numpy()
        lines = len([line for line in text.splitlines() if line.strip()])
        down = values.ndim == 1 and (lines > 1 or model.columnCount() == 1)
        grid = values.reshape(-1, 1) if down else values.reshape(-1, values.shape[-1] if values.ndim else 1)
        row, column = max(at.row(), 0), max(at.column(), 0)
        if row + grid.shape[0] > model.rowCount() or column + grid.shape[1] > model.columnCount():
            shape = f"{grid.shape[0]} × {grid.shape[1]}"
            model.refused.emit(
                f"the block of {shape} does not fit here; select the card and paste to replace the whole tensor"
            )
            return
        numbers = grid.tolist()
        model.edited.emit(
            {model.cell(row + r, column + c): numbers[r][c] for r in range(grid.shape[0]) for c in range(grid.shape[1])}
        )


class TensorView(QWidget):
    """A heading, the table, or the reason in a dashed outline where there is no tensor. ``scale`` is "value" or "grad"."""

    cells_edited = Signal(object)
    """{cell in row-major order: number}"""
    open_asked = Signal()

    def __init__(self, look: Look, scale: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look, self.scale = look, scale
        self.array: ArrayData | None = None
        self.heading = parts.label("")
        self.heading.setProperty("role", "grad" if scale == "grad" else "heading")
        self.reason = QLabel()
        self.reason.setWordWrap(True)
        self.reason.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.model = TensorModel(self)
        self.table = CellTable()
        self.table.setModel(self.model)
        self.delegate = HeatDelegate(look, scale, self.table)
        self.table.setItemDelegate(self.delegate)
        self.table.setShowGrid(False)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.table.setAccessibleName(f"{scale} table")
        self.table.setTabKeyNavigation(False)
        self.error = parts.label("", "error")
        self.error.hide()
        self.model.edited.connect(self._on_edited)
        self.model.refused.connect(self.say)
        self.copy_button = parts.copy_button(f"Copy the {scale} as text", self.text)
        self.open_button = QPushButton()
        self.open_button.setProperty("role", "link")
        self.open_button.setToolTip(f"Look at the {scale} closely: heat-map, histogram, slices … (T)")
        self.open_button.setAccessibleName(f"View the {scale} in the tensor viewer")
        self.open_button.clicked.connect(self.open_asked)
        self._head = head = QHBoxLayout()
        head.addWidget(self.heading, 1)
        head.addWidget(self.open_button)
        head.addWidget(self.copy_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addWidget(self.reason)
        layout.addWidget(self.table)
        layout.addWidget(self.error)
        layout.addStretch(1)

    def add_to_head(self, widget: QWidget) -> None:
        """One more thing beside the heading."""
        self._head.insertWidget(1, widget)

    def set_editable(self, editable: bool) -> None:
        """Whether its cells can be typed in."""
        if editable == self.model.editable:
            return
        self.model.editable = editable
        trigger = QAbstractItemView.EditTrigger
        typed = trigger.DoubleClicked | trigger.AnyKeyPressed | trigger.EditKeyPressed
        self.table.setEditTriggers(typed if editable else trigger.NoEditTriggers)
        self.say("")

    def say(self, text: str) -> None:
        """Why something typed or pasted was refused; "" for nothing."""
        self.error.setText(text)
        self.error.setVisible(bool(text))

    def _on_edited(self, cells: object) -> None:
        self.say("")
        self.cells_edited.emit(cells)

    def show_tensor(self, heading: str, array: ArrayData | None, reason: str = "") -> None:
        """Shows a tensor, or why there is none."""
        self.heading.setText(heading)
        self.heading.setFont(self.look.text(10.5, 600))
        self.reason.setText(reason or ("empty" if array is not None and not array.size else ""))
        self.reason.setVisible(bool(self.reason.text()))
        look = self.look
        self.reason.setStyleSheet(
            f"border: 1px dashed {look.css('border_strong')}; border-radius: {look.px(4)}px;"
            f"padding: {look.px(4)}px; color: {look.css('text_muted')};"
        )
        if array is not self.array or array is None:
            self.array = array
            self.model.set_array(array)
        self.table.setVisible(array is not None and array.size > 0)
        self.copy_button.setIcon(look.icon("copy", "text_muted"))
        self.copy_button.setIconSize(QSize(look.px(12), look.px(12)))
        self.copy_button.setVisible(array is not None)
        self.open_button.setIcon(look.icon("maximize", "text_muted"))
        self.open_button.setIconSize(QSize(look.px(12), look.px(12)))
        if array is not None and array.size:
            self._fit()

    def text(self) -> str:
        """The whole tensor as text."""
        return tensor_text(self.array) if self.array is not None else self.reason.text()

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self.look = self.delegate.look = look
        self.show_tensor(self.heading.text(), self.array, self.reason.text())

    def _fit(self) -> None:
        rows, columns = self.model.rowCount(), self.model.columnCount()
        height = self.look.px(20)
        vertical, horizontal = self.table.verticalHeader(), self.table.horizontalHeader()
        for header in (vertical, horizontal):
            header.setFont(self.look.code(10))
            header.setMinimumSectionSize(8)
            header.setSectionsClickable(False)
            header.setStyleSheet(
                f"QHeaderView, QHeaderView::section {{ background: transparent; border: none;"
                f"color: {self.look.css('text_faint')}; padding: 0 {self.look.px(4)}px; }}"
            )
        vertical.setDefaultSectionSize(height)
        single = columns == 1
        horizontal.setVisible(not single)
        last = self.model.headerData(rows - 1, Qt.Orientation.Vertical) if rows else ""
        vertical.setFixedWidth(QFontMetrics(self.look.code(10)).horizontalAdvance(f"{last}0") + self.look.px(10))
        vertical.setVisible(rows > 1 and (not single or rows > ROWS_SHOWN))
        if single:
            horizontal.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        else:
            horizontal.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
            shown = (self.model.index(r, c) for r in range(min(rows, 20)) for c in range(min(columns, 20)))
            widest = max(self.delegate.sizeHint(QStyleOptionViewItem(), index).width() for index in shown)
            horizontal.setDefaultSectionSize(widest)
        bar = self.look.px(10) if not single and columns * horizontal.defaultSectionSize() > self.width() else 0
        head = 0 if single else horizontal.sizeHint().height()
        self.table.setFixedHeight(min(rows, ROWS_SHOWN) * height + head + bar + 2)
