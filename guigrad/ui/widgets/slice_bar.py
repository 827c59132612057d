"""A control for each dimension of a tensor: which two are shown, and where the others stand."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QScrollArea, QSlider, QSpinBox, QWidget

from guigrad.ui.style import Look
from guigrad.ui.widgets import parts
from guigrad.ui.widgets.slicing import Cut, first_cut


class SliceBar(QScrollArea):
    """Hidden for up to two dimensions. ``changed`` carries the Cut."""

    changed = Signal(object)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.shape: tuple[int, ...] = ()
        self.steps: tuple[int, ...] = ()
        self.cut = first_cut(())
        self.sliders: dict[int, QSlider] = {}
        self.fields: dict[int, QSpinBox] = {}
        self.rows, self.columns = (parts.ChevronCombo(look) for _ in range(2))
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._line = QHBoxLayout()
        holder = QWidget()
        holder.setLayout(self._line)
        self._line.setContentsMargins(0, 0, 0, 0)
        self.setWidget(holder)
        for combo, name in ((self.rows, "Dimension that runs down"), (self.columns, "Dimension that runs across")):
            combo.setAccessibleName(name)
            combo.setToolTip(name)
            combo.currentIndexChanged.connect(self._on_dims)
        self.hide()

    def show_shape(self, shape: tuple[int, ...], steps: tuple[int, ...] = ()) -> Cut:
        """Another tensor; where it has the shape of the last one, the slice stays."""
        if shape != self.shape or steps != self.steps:
            self.shape, self.steps = shape, steps
            self.cut = first_cut(shape)
            self._build()
        return self.cut

    def move_to(self, dim: int, place: int) -> None:
        """Another index of a dimension that stands still."""
        if dim in self.fields:
            self.fields[dim].setValue(place * (self.steps[dim] if self.steps else 1))

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self.look = self.rows.look = self.columns.look = look
        self._build()

    def _build(self) -> None:
        for combo in (self.rows, self.columns):
            self._line.removeWidget(combo)
            combo.setParent(self)
            combo.hide()
        while self._line.count():
            item = self._line.takeAt(0)
            parts.drop(item.widget() if item else None)
        self.sliders, self.fields = {}, {}
        self.setVisible(len(self.shape) > 2)
        if len(self.shape) <= 2:
            return
        for combo, dim, word in ((self.rows, self.cut.rows, "down"), (self.columns, self.cut.columns, "across")):
            self._fill(combo, dim)
            self._line.addWidget(parts_label(word))
            self._line.addWidget(combo)
            combo.show()
        for dim in self.cut.fixed:
            self._add(dim)
        self._line.addStretch(1)
        self.setFixedHeight(self.look.px(34))

    def _fill(self, combo: QComboBox, dim: int) -> None:
        combo.blockSignals(True)
        combo.clear()
        combo.addItems([f"dim {number} ({size})" for number, size in enumerate(self.shape)])
        combo.setCurrentIndex(dim)
        combo.blockSignals(False)

    def _add(self, dim: int) -> None:
        step = self.steps[dim] if self.steps else 1
        last = max(self.shape[dim] - 1, 0)
        slider, field = QSlider(Qt.Orientation.Horizontal), QSpinBox()
        slider.setRange(0, last)
        slider.setValue(self.cut.index[dim])
        slider.setMinimumWidth(self.look.px(70))
        slider.setMaximumWidth(self.look.px(180))
        field.setRange(0, last * step)
        field.setSingleStep(step)
        parts.plain(field, self.look)
        field.setValue(self.cut.index[dim] * step)
        for widget in (slider, field):
            widget.setAccessibleName(f"Index in dimension {dim}")
        slider.valueChanged.connect(partial(self._on_slider, dim))
        field.valueChanged.connect(partial(self._on_field, dim))
        self._line.addWidget(parts_label(f"[{dim}]"))
        self._line.addWidget(slider)
        self._line.addWidget(field)
        self.sliders[dim], self.fields[dim] = slider, field

    def _on_slider(self, dim: int, place: int) -> None:
        self.fields[dim].setValue(place * (self.steps[dim] if self.steps else 1))

    def _on_field(self, dim: int, value: int) -> None:
        place = value // (self.steps[dim] if self.steps else 1)
        self.sliders[dim].setValue(place)
        if self.cut.index[dim] != place:
            self.cut = self.cut.at(dim, place)
            self.changed.emit(self.cut)

    def _on_dims(self, _: int) -> None:
        rows, columns = self.rows.currentIndex(), self.columns.currentIndex()
        if rows < 0 or columns < 0:
            return
        if rows == columns:  # the other one takes the place that was given up
            rows, columns = (rows, self.cut.rows) if self.sender() is self.rows else (self.cut.columns, columns)
        self.cut = self.cut.swapped(rows, columns)
        self._build()
        self.changed.emit(self.cut)


def parts_label(text: str) -> QLabel:
    """A short word before a control."""
    label = QLabel(text)
    label.setProperty("role", "muted")
    return label
