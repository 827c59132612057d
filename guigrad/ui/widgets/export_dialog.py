"""What to export and how: a script, or a picture of the graph or of a part of it, with a preview and its size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import Struct
from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from guigrad.ui.render import MOST_AREA, Painting
from guigrad.ui.settings import THEMES
from guigrad.ui.style import Look
from guigrad.ui.widgets import parts
from guigrad.ui.widgets.parts import ChevronCombo

FORMATS: Final = {
    "png": "PNG picture",
    "svg": "SVG, vectors",
    "pdf": "PDF, vectors",
    "py": "Python script",
}
THEME_WORDS: Final = {
    "dark": "Dark",
    "light": "Light",
    "dark-safe": "Dark, for colour-blind eyes",
    "light-safe": "Light, for colour-blind eyes",
}
PREVIEW: Final = (420, 240)
"""Units: px at scale 1."""


class Choice(Struct, frozen=True):
    """What the user wants. ``scale`` is px for one canvas unit, of a PNG alone."""

    kind: str = "png"
    selection: bool = False
    theme: str = "dark"
    scale: float = 2.0
    transparent: bool = False
    values: bool = True


Make = Callable[[Choice], Painting]
"""What is drawn for a choice."""


class ExportDialog(QDialog):
    """Thread: the GUI thread. The file itself is asked for afterwards."""

    def __init__(self, look: Look, make: Make, selected: int, values: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look, self._make = look, make
        self._drawn: tuple[Choice, Painting] | None = None
        self.setWindowTitle("Export")
        self.kind = self._combo("Format", FORMATS, "png")
        self.what = self._combo("What", {"all": "The whole graph", "selection": f"The selection ({selected})"}, "all")
        self.theme = self._combo("Theme", {name: THEME_WORDS[name] for name in THEMES}, look.theme.name)
        self.scale = QDoubleSpinBox()
        self.scale.setRange(0.1, 10.0)
        self.scale.setSingleStep(0.5)
        self.scale.setValue(2.0)
        self.scale.setSuffix(" px a unit")
        parts.plain(self.scale, look)
        self.scale.setAccessibleName("Scale")
        self.transparent = QCheckBox("Transparent background")
        self.values = QCheckBox("Values and gradients")
        self.values.setChecked(values)
        self._has_values = values
        self.preview = QLabel()
        self.preview.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.preview.setMinimumSize(look.px(PREVIEW[0] / 2), look.px(PREVIEW[1] / 2))
        self.preview.setAccessibleName("Preview")
        self.size_text = parts.label("", "muted")
        self.size_text.setWordWrap(True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.save = self.buttons.addButton("Choose file…", QDialogButtonBox.ButtonRole.AcceptRole)
        self.save.setProperty("role", "primary")
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        for text, field in (("Format", self.kind), ("What", self.what), ("Theme", self.theme), ("Scale", self.scale)):
            form.addRow(text, field)
        form.addRow(self.values)
        form.addRow(self.transparent)
        across = QHBoxLayout()
        across.setSpacing(look.px(16))
        across.addLayout(form)
        across.addWidget(self.preview, 1)
        layout = QVBoxLayout(self)
        layout.setSpacing(look.px(10))
        layout.addLayout(across, 1)
        layout.addWidget(self.size_text)
        layout.addWidget(self.buttons)
        self.what.model().item(1).setEnabled(selected > 0)  # type: ignore[attr-defined]  # a combo's own model has items
        for combo in (self.kind, self.what, self.theme):
            combo.currentIndexChanged.connect(self._show)
        self.scale.valueChanged.connect(self._show)
        for box in (self.transparent, self.values):
            box.toggled.connect(self._show)
        room = parent.size() if parent is not None else self.sizeHint()
        self.resize(min(look.px(820), room.width() - 40), min(look.px(430), max(room.height() - 60, 240)))
        self._show()

    def _combo(self, name: str, words: dict[str, str], now: str) -> ChevronCombo:
        combo = ChevronCombo(self.look)
        combo.setAccessibleName(name)
        for value, said in words.items():
            combo.addItem(said, value)
        combo.setCurrentIndex(max(combo.findData(now), 0))
        return combo

    def choice(self) -> Choice:
        """What is chosen now."""
        return Choice(
            str(self.kind.currentData()),
            self.what.currentData() == "selection",
            str(self.theme.currentData()),
            self.scale.value(),
            self.transparent.isChecked(),
            self.values.isChecked(),
        )

    def _painting(self, choice: Choice) -> Painting:
        """The one drawn last where nothing but its size, format or background is another."""
        same = Choice(selection=choice.selection, theme=choice.theme, values=choice.values)
        if self._drawn is None or self._drawn[0] != same:
            self._drawn = (same, self._make(choice))
        return self._drawn[1]

    def _show(self) -> None:
        choice = self.choice()
        script = choice.kind == "py"
        for field in (self.what, self.theme, self.transparent):
            field.setEnabled(not script)
        self.values.setEnabled(not script and self._has_values)
        self.scale.setEnabled(choice.kind == "png")
        self.preview.setVisible(not script)
        if script:
            self.size_text.setText("The program that the graph is, as a script that needs torch alone.")
            return
        painting = self._painting(choice)
        ratio = self.devicePixelRatioF()
        room = max(self.look.px(PREVIEW[0]), 1), max(self.look.px(PREVIEW[1]), 1)
        scale = min(room[0] / painting.width, room[1] / painting.height, 1.0) * ratio
        image = painting.image(scale, choice.transparent)
        image.setDevicePixelRatio(ratio)
        self.preview.setPixmap(QPixmap.fromImage(image))
        self.size_text.setText(self._words(choice, painting))

    def _words(self, choice: Choice, painting: Painting) -> str:
        if choice.kind != "png":
            width, height = painting.size()
            again = ", opens again in guigrad" if choice.kind == "svg" else ""
            return f"{width} × {height} units, sharp at every size{again}."
        used = painting.scale(choice.scale)
        width, height = painting.size(used)
        text = f"{width} × {height} px, opens again in guigrad."
        if used < choice.scale:
            text += f" Larger than {MOST_AREA // 1_000_000} million px needs too much memory: drawn at {used:.2g} px a unit."
        return text
