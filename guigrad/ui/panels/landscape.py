"""The landscape of the loss: over what it is drawn, the surface from above and in space. It draws what it is given and tells what was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (  # fmt: skip
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QSpinBox,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from guigrad.ui.style import Look
from guigrad.ui.widgets import parts
from guigrad.ui.widgets.contour_view import ContourView
from guigrad.ui.widgets.relief import Relief
from guigrad.ui.widgets.scale_bar import ScaleBar
from guigrad.ui.widgets.sideways import Sideways
from guigrad.ui.widgets.surface_view import SurfaceView

KINDS: Final = (
    ("entries", "two entries"),
    ("line", "one entry"),
    ("random", "random directions"),
    ("pca", "PCA of the training"),
)

LOW_PX: Final = 110
"""A panel that is lower has no words below its picture."""


class LandscapePanel(QWidget):
    """``plane_asked()`` when another plane was chosen (``kind``, ``x_field``, ``y_field`` and ``seed`` say which), ``scale_asked()`` for the other kind of levels,
    ``stop_asked()``, ``run_asked()``, ``shown()`` and ``hidden()``.
    """

    plane_asked = Signal()
    scale_asked = Signal()
    fit_asked = Signal()
    stop_asked = Signal()
    run_asked = Signal()
    shown = Signal()
    hidden = Signal()

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.contour: ContourView | None = None  # made when it is first seen: nothing is imported for it before
        self.surface = SurfaceView(look)
        self.bar = ScaleBar(look)
        self.kind = self._combo("What the axes are", False)
        for name, text in KINDS:
            self.kind.addItem(text, name)
        self.x_field, self.y_field = self._combo("Entry along x", True), self._combo("Entry along y", True)
        self.x_line, self.y_line = self.x_field.lineEdit() or QLineEdit(), self.y_field.lineEdit() or QLineEdit()
        for combo in (self.x_field, self.y_field):
            combo.setToolTip("An entry of a leaf: w[0, 1], b. Return draws it")
            combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        for line in (self.x_line, self.y_line):
            line.setPlaceholderText("w[0, 1]")
            line.returnPressed.connect(self.plane_asked.emit)
        self.seed = QSpinBox()
        self.seed.setRange(0, 2**31 - 1)
        self.seed.setPrefix("seed ")
        self.seed.setAccessibleName("Seed of the directions")
        self.seed.setKeyboardTracking(False)
        parts.plain(self.seed, look)
        self.dice = parts.button("Draw anew", "Other random directions", self._on_dice)
        self.above = parts.chip("Contour", "The surface from above; its point can be dragged")
        self.space = parts.chip("3-D", "The surface in space")
        self.log = parts.chip("log levels", "Levels by powers of ten; on by itself where the range is wide")
        self.fit = parts.button("Fit", "The range that shows the point and the whole training (Home)", self.fit_asked.emit)  # fmt: skip
        self.halt = parts.button("Stop", "Computes no further points", self.stop_asked.emit)
        self.halt.hide()
        self.progress = parts.ElidedLabel("", "muted")
        self.note = parts.ElidedLabel("", "muted")
        self.message = parts.label("", "muted")
        self.why = parts.label("", "faint")
        self.run = parts.button("Run forward", "Computes every value", self.run_asked.emit)
        self._build()
        self.kind.activated.connect(lambda _: self.plane_asked.emit())
        for combo in (self.x_field, self.y_field):
            combo.activated.connect(lambda _: self.plane_asked.emit())
        self.seed.valueChanged.connect(lambda _: self.plane_asked.emit())
        self.log.clicked.connect(lambda _: self.scale_asked.emit())
        for chip in (self.above, self.space):
            chip.setChecked(True)
            chip.clicked.connect(self._on_views)
        self.set_look(look)
        self.show_kind("entries")

    def _combo(self, name: str, editable: bool) -> parts.ChevronCombo:
        made = parts.ChevronCombo(self.look)
        made.setAccessibleName(name)
        made.setEditable(editable)
        return made

    def _build(self) -> None:
        bar = Sideways()
        self._top = bar.row
        widgets: tuple[QWidget, ...] = (
            self.kind,
            self.x_field,
            self.y_field,
            self.seed,
            self.dice,
            self.above,
            self.space,
            self.log,
            self.fit,
        )
        for widget in widgets:
            self._top.addWidget(widget)
        self._top.addWidget(self.progress, 1)
        self._top.addWidget(self.halt)
        self._left, self._right = QWidget(), QWidget()
        self._left_row, right = QHBoxLayout(self._left), QVBoxLayout(self._right)
        self._left_row.addWidget(self.bar)
        self._left_row.setContentsMargins(0, 0, 0, 0)
        right.setContentsMargins(0, 0, 0, 0)
        right.addWidget(self.surface)
        self._split = QSplitter(Qt.Orientation.Horizontal)
        self._split.addWidget(self._left)
        self._split.addWidget(self._right)
        self._split.setChildrenCollapsible(False)
        self._split.setStretchFactor(0, 5)
        self._split.setStretchFactor(1, 4)
        self._split.setHandleWidth(1)
        said = QWidget()
        said.setObjectName("page")
        column = QVBoxLayout(said)
        column.addStretch(1)
        for words in (self.message, self.why):
            words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(words)
        column.addWidget(self.run, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(2)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._split)
        page = QWidget()
        parts.scrolled(said, page)
        self._pages.addWidget(page)
        self._pages.setMinimumHeight(30)
        self._column = QVBoxLayout(self)
        self._column.addWidget(bar)
        self._column.addWidget(self._pages, 1)
        self._column.addWidget(self.note)

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self.look = look
        px = look.px
        for combo in (self.kind, self.x_field, self.y_field):
            combo.look = look
        self._top.setSpacing(px(6))
        self._top.setContentsMargins(px(10), px(6), px(10), px(4))
        self._column.setContentsMargins(0, 0, 0, px(4))
        self._column.setSpacing(px(2))
        self.note.setContentsMargins(px(12), 0, px(12), 0)
        for combo in (self.x_field, self.y_field):
            combo.setFixedWidth(px(122))
        self.seed.setFixedWidth(px(128))
        parts.plain(self.seed, look)
        self.surface.set_look(look)
        self.bar.set_look(look)
        if self.contour is not None:
            self.contour.set_look(look)

    # --- what is shown ---

    def show_relief(self, relief: Relief, moving: bool = False) -> None:
        """Another surface, other ways, another point; ``moving``: more will come at once."""
        self._pages.setCurrentIndex(0)
        if self.contour is not None and not self._left.isHidden():
            self.contour.show_relief(relief)
        if not self._right.isHidden():
            self.surface.show_relief(relief, moving)
        self.bar.show_relief(relief)
        log = relief.scale is not None and relief.scale.log
        if self.log.isChecked() != log:
            self.log.setChecked(log)

    def show_message(self, text: str, why: str, run: bool) -> None:
        """There is no landscape, and why."""
        self.message.setText(text)
        self.why.setText(why)
        self.run.setVisible(run)
        self._pages.setCurrentIndex(1)

    def show_progress(self, text: str, busy: bool) -> None:
        """How far the surface is."""
        self.progress.setText(text)
        self.halt.setVisible(busy)

    def show_kind(self, kind: str) -> None:
        """Which plane it is: the fields that belong to it."""
        self.kind.setCurrentIndex([name for name, _ in KINDS].index(kind))
        self.x_field.setVisible(kind in ("entries", "line"))
        self.y_field.setVisible(kind == "entries")
        for chip in (self.above, self.space):
            chip.setVisible(kind != "line")
        self.log.setText("log loss" if kind == "line" else "log levels")
        self._show_views()
        for widget in (self.seed, self.dice):
            widget.setVisible(kind == "random")
        self.kind.show()

    def show_entries(self, names: Sequence[str], x: str, y: str) -> None:
        """What can be chosen, and what is."""
        for combo, line, now in ((self.x_field, self.x_line, x), (self.y_field, self.y_line, y)):
            if [combo.itemText(at) for at in range(combo.count())] != list(names):
                combo.blockSignals(True)
                combo.clear()
                combo.addItems(list(names))
                combo.blockSignals(False)
            if not line.hasFocus() or not line.isModified():
                combo.setEditText(now)

    @property
    def plane_kind(self) -> str:
        """The kind that is chosen."""
        return str(self.kind.currentData())

    # --- inside ---

    def _on_dice(self) -> None:
        self.seed.setValue((self.seed.value() + 1) % 2**31)

    def _on_views(self) -> None:
        if not (self.above.isChecked() or self.space.isChecked()):
            (self.space if self.sender() is self.above else self.above).setChecked(True)
        self._show_views()
        self.shown.emit()

    def _show_views(self) -> None:
        """What is seen of the surface; of a curve there is one view."""
        line = self.plane_kind == "line"
        self._left.setVisible(line or self.above.isChecked())
        self._right.setVisible(not line and self.space.isChecked())
        self.bar.setVisible(not line)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.contour is None:
            self.contour = ContourView(self.look)
            self._left_row.insertWidget(0, self.contour, 1)
        self.shown.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is little height the picture gets it."""
        super().resizeEvent(event)
        self.note.setVisible(self.height() >= self.look.px(LOW_PX))

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.hidden.emit()
