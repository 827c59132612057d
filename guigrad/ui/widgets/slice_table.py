"""Two dimensions of a tensor as a table: virtual, fluid at a million entries, copyable."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from PySide6.QtCore import QItemSelection, Qt, Signal
from PySide6.QtGui import QFontMetrics, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QWidget

from guigrad.ui.style import Look
from guigrad.ui.widgets.slicing import Shown
from guigrad.ui.widgets.tensor_view import COPY_LIMIT, CellTable, HeatDelegate, TensorModel, number_text

_MEASURED: Final = 12
"""Rows and columns whose texts decide how wide a column is."""


class SliceModel(TensorModel):
    """The grid of what is shown; a vector runs down."""

    shown: Shown | None = None

    def show_slice(self, shown: Shown | None) -> None:
        """Another tensor or slice; the chosen cells stay chosen while the shape does."""
        grid = np.empty((0, 0)) if shown is None or not shown.values.size else shown.grid
        self.turned = shown is not None and shown.cut.rows < 0 and shown.values.ndim == 1
        grid = grid.T if self.turned else grid
        same = grid.size > 0 and grid.shape == self.grid.shape
        if not same:
            self.beginResetModel()
        self.shown, self.grid = shown, grid
        self.limit = shown.limit if shown is not None else 0.0
        if same:
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, self.columnCount() - 1))
        else:
            self.endResetModel()

    turned = False

    def where(self, row: int, column: int) -> str:
        """The index of a cell as torch writes it."""
        if self.shown is None or not self.shown.shape:
            return "()"
        place = self.shown.place(*((column, row) if self.turned else (row, column)))
        return "[" + ", ".join(map(str, place)) + "]"

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role != Qt.ItemDataRole.DisplayRole or self.shown is None:
            return None
        down = (orientation == Qt.Orientation.Vertical) is not self.turned
        dim = self.shown.cut.rows if down else self.shown.cut.columns
        return str(section * (self.shown.steps[dim] if self.shown.steps and dim >= 0 else 1))


class SliceTable(CellTable):
    """Arrows move, Shift selects, Ctrl+C copies the selected block; ``pointed`` tells the chosen cell."""

    pointed = Signal(str)
    refused = Signal(str)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.slices = SliceModel(self)
        self.setModel(self.slices)
        self.delegate = HeatDelegate(look, "value", self)
        self.setItemDelegate(self.delegate)
        self.setShowGrid(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setAccessibleName("Table")
        self.selectionModel().currentChanged.connect(lambda index, _: self._tell(index.row(), index.column()))

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self.delegate.look = look
        self._fit()

    def show_tensor(self, shown: Shown | None) -> None:
        """Another tensor or slice."""
        self.delegate.scale = shown.scale if shown is not None else "value"
        self.slices.show_slice(shown)
        self._fit()

    def _tell(self, row: int, column: int) -> None:
        if 0 <= row < self.slices.rowCount() and 0 <= column < self.slices.columnCount():
            text = f"{self.slices.where(row, column)} = {number_text(self.slices.grid[row, column])}"
            self.setAccessibleDescription(text)
            self.pointed.emit(text)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
            return
        super().keyPressEvent(event)

    def copy(self) -> None:
        """The smallest block that holds the selected cells, tab-separated; without a selection the chosen cell."""
        ranges = self.selectionModel().selection()
        text = self._block(ranges)
        if text:
            QGuiApplication.clipboard().setText(text)

    def _block(self, ranges: QItemSelection) -> str:
        """By ranges: a list of a million indexes would take seconds."""
        if ranges.isEmpty():
            return ""
        spans = [(r.top(), r.bottom(), r.left(), r.right()) for r in ranges]  # type: ignore[attr-defined]  # PySide's stubs lack iteration
        top, bottom = min(s[0] for s in spans), max(s[1] for s in spans)
        left, right = min(s[2] for s in spans), max(s[3] for s in spans)
        block = self.slices.grid[top : bottom + 1, left : right + 1]
        if block.size > COPY_LIMIT:
            self.refused.emit(f"{block.size:,} numbers are too many for the clipboard; save them as .npy")
            return ""
        return "\n".join("\t".join(map(number_text, row)) for row in block)

    def _fit(self) -> None:
        look = self.delegate.look
        vertical, horizontal = self.verticalHeader(), self.horizontalHeader()
        for header in (vertical, horizontal):
            header.setFont(look.code(10))
            header.setMinimumSectionSize(8)
            header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
            header.setHighlightSections(False)
            header.setStyleSheet(
                f"QHeaderView, QHeaderView::section {{ background: transparent; border: none;"
                f"color: {look.css('text_faint')}; padding: 0 {look.px(4)}px; }}"
            )
        vertical.setDefaultSectionSize(look.px(20))
        grid = self.slices.grid
        metrics = QFontMetrics(look.code(11.5))
        corner = grid[:_MEASURED, :_MEASURED].ravel()
        widest = max((metrics.horizontalAdvance(number_text(value)) for value in corner), default=0)
        horizontal.setDefaultSectionSize(max(widest + look.px(18), look.px(70)))
        last = str(self.slices.headerData(max(self.slices.rowCount() - 1, 0), Qt.Orientation.Vertical) or "")
        vertical.setFixedWidth(QFontMetrics(look.code(10)).horizontalAdvance(last + "0") + look.px(10))
