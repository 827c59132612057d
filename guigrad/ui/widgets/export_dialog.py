"""What to export and how: a script, or a picture of the graph or of a part of it, with a preview and its size."""

from __future__ import annotations

import math
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
    QSpinBox,
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
    "torchrun": "Script for torchrun",
    "ipynb": "Notebook",
    "safetensors": "Leaves (safetensors)",
    "pt2": "Program (torch.export)",
    "onnx": "Model (ONNX)",
    "gif": "GIF film",
    "mp4": "MP4 film",
}
NO_PICTURE: Final = {
    "py": "The program that the graph is, as a script that needs torch alone.",
    "torchrun": "The training as a script for several processes, on this machine or on several: torchrun --nproc_per_node=2 FILE.",
    "ipynb": "The program as a notebook, a cell for each part; it opens again in guigrad as it is.",
    "safetensors": "The numbers of every leaf, as they are now, by name.",
    "pt2": "What the graph computes, as a program of torch.export, with the leaves as they are now.",
    "onnx": "What the graph computes forward, for other runtimes, with the leaves as they are now.",
}
"""What those are that are no pictures."""
THEME_WORDS: Final = {
    "dark": "Dark",
    "light": "Light",
    "dark-safe": "Dark, for colour-blind eyes",
    "light-safe": "Light, for colour-blind eyes",
}
PREVIEW: Final = (420, 240)
"""Units: px at scale 1."""


FILMS: Final = ("gif", "mp4")
FILM: Final = (1920, 1040)
FILM_MOST: Final = (3840, 2120)
"""Units: px. How large the graph is in a film usually, and at most."""
FILM_STEPS: Final = 200
"""Steps of a training that are filmed unless another number is chosen."""


class Choice(Struct, frozen=True):
    """What the user wants. ``scale`` is px for one canvas unit, of a PNG or film; ``steps`` of a film of a training, 0 for one of a pass."""

    kind: str = "png"
    selection: bool = False
    theme: str = "dark"
    scale: float = 2.0
    transparent: bool = False
    values: bool = True
    steps: int = 0


Make = Callable[[Choice], Painting]
"""What is drawn for a choice."""


class ExportDialog(QDialog):
    """Thread: the GUI thread. The file itself is asked for afterwards."""

    def __init__(
        self, look: Look, make: Make, selected: int, values: bool, parent: QWidget | None = None, trains: bool = False
    ) -> None:
        super().__init__(parent)
        self.look = look
        self._make: Make | None = make
        self._drawn: tuple[Choice, Painting] | None = None
        self.setWindowTitle("Export")
        self.kind = self._combo("Format", FORMATS, "png")
        self.what = self._combo("What", {"all": "The whole graph", "selection": f"The selection ({selected})"}, "all")
        self.theme = self._combo("Theme", {name: THEME_WORDS[name] for name in THEMES}, look.theme.name)
        self.film = self._combo(
            "Film", {"pass": "Forward and backward, step by step", "training": "Steps of the training"}, "pass"
        )
        self.kind.model().item(list(FORMATS).index("torchrun")).setEnabled(trains)  # type: ignore[attr-defined]  # as below
        self.film.model().item(1).setEnabled(trains)  # type: ignore[attr-defined]  # a combo's own model has items
        self.steps = QSpinBox()
        self.steps.setRange(1, 1_000_000)
        self.steps.setValue(FILM_STEPS)
        self.steps.setSuffix(" steps")
        parts.plain(self.steps, look)
        self.steps.setAccessibleName("Steps")
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
        self._filmed, self._other_scale = False, 0.0
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
        self._film_row = QWidget()
        film_column = QVBoxLayout(self._film_row)
        film_column.setContentsMargins(0, 0, 0, 0)
        film_column.addWidget(self.film)
        film_column.addWidget(self.steps)
        form.addRow("Film", self._film_row)
        self._form = form
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
        for combo in (self.kind, self.what, self.theme, self.film):
            combo.currentIndexChanged.connect(self._show)
        self.scale.valueChanged.connect(self._show)
        self.steps.valueChanged.connect(self._show)
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

    def let_go(self) -> None:
        """Nothing will be drawn any more: what draws knows the whole window, and Qt may hold a dialog longer than that."""
        self._make = self._drawn = None

    def choice(self) -> Choice:
        """What is chosen now."""
        return Choice(
            str(self.kind.currentData()),
            self.what.currentData() == "selection",
            str(self.theme.currentData()),
            self.scale.value(),
            self.transparent.isChecked(),
            self.values.isChecked(),
            self.steps.value() if self._is_film and self.film.currentData() == "training" else 0,
        )

    @property
    def _is_film(self) -> bool:
        return self.kind.currentData() in FILMS

    def _painting(self, choice: Choice) -> Painting:
        """The one drawn last where nothing but its size, format or background is another."""
        same = Choice(selection=choice.selection, theme=choice.theme, values=choice.values)
        if self._drawn is None or self._drawn[0] != same:
            assert self._make is not None
            self._drawn = (same, self._make(choice))
        return self._drawn[1]

    def _show(self) -> None:
        choice = self.choice()
        script, film = choice.kind in NO_PICTURE, self._is_film
        self.theme.setEnabled(not script)
        for field in (self.what, self.transparent):
            field.setEnabled(not script and not film)
        self.values.setEnabled(not script and not film and self._has_values)
        self._form.setRowVisible(self._film_row, film)
        if film != self._filmed:  # each has a scale that suits it
            self._filmed = film
            now, self._other_scale = self._other_scale, self.scale.value()
            self.scale.blockSignals(True)
            self.scale.setValue(now or self._film_scale(choice))
            self.scale.blockSignals(False)
            choice = self.choice()
        self.steps.setVisible(self.film.currentData() == "training")
        self.scale.setEnabled(choice.kind == "png" or film)
        self.preview.setVisible(not script)
        if script:
            self.size_text.setText(NO_PICTURE[choice.kind])
            return
        painting = self._painting(choice)
        ratio = self.devicePixelRatioF()
        room = max(self.look.px(PREVIEW[0]), 1), max(self.look.px(PREVIEW[1]), 1)
        scale = min(room[0] / painting.width, room[1] / painting.height, 1.0) * ratio
        image = painting.image(scale, choice.transparent)
        image.setDevicePixelRatio(ratio)
        self.preview.setPixmap(QPixmap.fromImage(image))
        self.size_text.setText(self._words(choice, painting))

    def _film_scale(self, choice: Choice) -> float:
        """As large as a film usually is."""
        painting = self._painting(choice)
        return max(0.1, math.floor(min(1.0, FILM[0] / painting.width, FILM[1] / painting.height) * 100) / 100)

    def _words(self, choice: Choice, painting: Painting) -> str:
        if choice.kind in FILMS:
            what = f"{choice.steps:,} steps of the training" if choice.steps else "A forward and a backward"
            scale = min(choice.scale, FILM_MOST[0] / painting.width, FILM_MOST[1] / painting.height)
            width, height = painting.size(scale)
            return (
                f"{what}, played anew by a process of its own; about {width} × {height} px with a line of words below."
            )
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
