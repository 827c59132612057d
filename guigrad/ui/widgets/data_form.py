"""The settings of one kind of data set as a form, made from its rows in datasets.spec."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSpinBox,
    QWidget,
)

from guigrad.datasets.spec import LAST_COLUMN, SPLIT, Kind, Setting
from guigrad.ui.style import Look
from guigrad.ui.widgets import parts
from guigrad.ui.widgets.parts import ChevronCombo

MOST_INT = (1 << 31) - 1
"""A spin box counts no further."""
NONE = "none"


class DataForm(QWidget):
    """``changed`` when a setting is another; ``path_changed`` when a file is chosen, whose columns or arrays can be chosen then."""

    changed = Signal()
    path_changed = Signal()

    def __init__(self, look: Look, kind: Kind, given: Mapping[str, Any], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look, self.kind = look, kind
        self.fields: dict[str, QWidget] = {}
        self._settings = {each.name: each for each in (*kind.settings, *SPLIT)}
        self._target = ""
        self._chosen = {name: value for name, value in given.items() if name in self._settings}
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(look.px(6))
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for setting in self._settings.values():
            field = self.fields[setting.name] = self._field(setting, self._chosen.get(setting.name, setting.default))
            field.setAccessibleName(setting.words)
            field.setToolTip(setting.about)
            if isinstance(field, QCheckBox):
                form.addRow(field)
            elif setting.kind == "text":
                form.addRow(setting.words if "/" not in kind.suffixes else "Folder", self._with_button(field))
            else:
                form.addRow(setting.words, field)

    def settings(self) -> dict[str, Any]:
        """What is set now."""
        return {name: self._value(name) for name in self.fields}

    def choose_file(self) -> None:
        """Asks for the file or folder."""
        line = self.fields["path"]
        assert isinstance(line, QLineEdit)
        if "/" in self.kind.suffixes:
            name = QFileDialog.getExistingDirectory(self, self.kind.title, line.text())
        else:
            patterns = " ".join(f"*{suffix}" for suffix in self.kind.suffixes)
            name, _ = QFileDialog.getOpenFileName(self, self.kind.title, line.text(), f"{self.kind.title} ({patterns})")
        if name:
            line.setText(name)
            self._on_path()

    def offer_columns(self, names: tuple[str, ...]) -> None:
        """The columns that a table has."""
        targets, inputs = self.fields["targets"], self.fields["inputs"]
        assert isinstance(targets, ChevronCombo)
        assert isinstance(inputs, QListWidget)
        wanted = [str(each) for each in self._chosen.get("targets", [LAST_COLUMN])] or [NONE]
        target = names[-1] if wanted[0] == LAST_COLUMN and LAST_COLUMN not in names else wanted[0]
        _fill(targets, [(NONE, "None"), *((name, name) for name in names)], target)
        self._target = targets.currentText()
        taken = set(self._chosen.get("inputs", []))
        inputs.blockSignals(True)
        inputs.clear()
        for name in names:
            item = QListWidgetItem(name, inputs)
            on = name in taken if taken else name != target
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
        inputs.blockSignals(False)

    def offer_arrays(self, arrays: list[tuple[str, str, tuple[int, ...]]], guess: Mapping[str, str]) -> None:
        """The arrays that a file has, each with its dtype and shape."""
        named = [(name, f"{name}   {' × '.join(map(str, shape))} {dtype}") for name, dtype, shape in arrays]
        for role, combo in self.fields.items():
            if self._settings[role].kind == "array" and isinstance(combo, ChevronCombo):
                more = [("", "None")] if role != "inputs" else []
                more += [(LAST_COLUMN, "Last column of the inputs")] if role == "targets" else []
                _fill(combo, [*more, *named], str(self._chosen.get(role) or guess.get(role, "")))

    def _field(self, setting: Setting, value: Any) -> QWidget:
        match setting.kind:
            case "int":
                whole = QSpinBox()
                whole.setRange(int(setting.low), int(min(setting.high, MOST_INT)))
                whole.setValue(min(int(value), MOST_INT))
                whole.setSpecialValueText("all" if setting.name == "limit" else "")
                parts.plain(whole, self.look)
                whole.valueChanged.connect(self.changed)
                return whole
            case "float":
                real = QDoubleSpinBox()
                real.setDecimals(3)
                real.setSingleStep(0.05)
                real.setRange(setting.low, setting.high)
                real.setValue(float(value))
                parts.plain(real, self.look)
                real.valueChanged.connect(self.changed)
                return real
            case "bool":
                box = QCheckBox(setting.words)
                box.setChecked(bool(value))
                box.toggled.connect(self.changed)
                return box
            case "columns":
                if setting.name == "inputs":
                    listed = QListWidget()
                    listed.setFixedHeight(self.look.px(96))
                    listed.itemChanged.connect(self.changed)
                    return listed
                combo = self._combo([], "")
                combo.currentTextChanged.connect(self._on_target)
                return combo
            case "array":
                return self._combo([], "")
            case "choice":
                return self._combo(list(setting.choices), str(value))
        line = QLineEdit(str(value))
        line.editingFinished.connect(self._on_path)
        return line

    def _combo(self, choices: list[tuple[str, str]], now: str) -> ChevronCombo:
        combo = ChevronCombo(self.look)
        combo.setSizeAdjustPolicy(ChevronCombo.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        combo.setMinimumContentsLength(8)
        _fill(combo, choices, now)
        combo.currentIndexChanged.connect(self.changed)
        return combo

    def _with_button(self, line: QWidget) -> QWidget:
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(line, 1)
        button = QPushButton("Choose…")
        button.setAutoDefault(False)
        button.clicked.connect(self.choose_file)
        layout.addWidget(button)
        return row

    def _on_target(self, name: str) -> None:
        """The target is no input; what was one before is an input again."""
        inputs = self.fields.get("inputs")
        if isinstance(inputs, QListWidget):
            for row in range(inputs.count()):
                item = inputs.item(row)
                if item.text() in (name, self._target):
                    item.setCheckState(Qt.CheckState.Unchecked if item.text() == name else Qt.CheckState.Checked)
        self._target = name

    def _on_path(self) -> None:
        path = self._value("path")
        if path != self._chosen.get("path", ""):
            self._chosen = {"path": path}  # what was chosen of another file is no choice of this one
            self.path_changed.emit()

    def _value(self, name: str) -> Any:
        field = self.fields[name]
        match field:
            case QCheckBox():
                return field.isChecked()
            case QSpinBox() | QDoubleSpinBox():
                return field.value()
            case QLineEdit():
                return field.text().strip()
            case QListWidget():
                items = [field.item(row) for row in range(field.count())]
                return [item.text() for item in items if item.checkState() == Qt.CheckState.Checked]
            case ChevronCombo():
                value = field.currentData()
                if self._settings[name].kind == "columns":
                    if value is None:
                        return self._chosen.get(name, self._settings[name].default)
                    return [] if value == NONE else [value]
                return value if value is not None else self._chosen.get(name, self._settings[name].default)
        raise TypeError(name)


def _fill(combo: ChevronCombo, choices: list[tuple[str, str]], now: str) -> None:
    combo.blockSignals(True)
    combo.clear()
    for value, said in choices:
        combo.addItem(said, value)
    combo.setCurrentIndex(max(combo.findData(now), 0) if choices else -1)
    combo.blockSignals(False)
