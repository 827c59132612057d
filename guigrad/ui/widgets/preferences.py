"""Preferences: keys, mouse, look, files. What is chosen holds at once and is remembered."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSlider,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from guigrad.ui.settings import MOTION, SCALES, SPEEDS, WHEEL
from guigrad.ui.style import Look
from guigrad.ui.widgets import parts
from guigrad.ui.widgets.keys_page import KeysPage
from guigrad.ui.widgets.parts import ChevronCombo

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow

WHEEL_WORDS: Final = {
    "auto": "A mouse's wheel zooms, two fingers on a touchpad pan",
    "zoom": "Always zoom (two fingers too)",
    "pan": "Always pan (Ctrl + wheel zooms)",
}
MOTION_WORDS: Final = {"system": "As the system asks", "full": "On", "reduced": "Off: nothing moves that could jump"}
PAGES: Final = ("Keys", "Mouse", "Look", "Files")


class Preferences(QDialog):
    """Thread: the GUI thread. It asks the window for every change and holds nothing itself."""

    def __init__(self, window: MainWindow, page: str = "Keys") -> None:
        super().__init__(window)
        self.window_, look = window, window.look
        self.setWindowTitle("Preferences")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.list = QListWidget()
        self.list.setAccessibleName("Pages")
        for name in PAGES:
            item = QListWidgetItem(name, self.list)
            item.setSizeHint(QSize(0, look.px(28)))
        self.list.setFixedWidth(look.px(110))
        self.stack = QStackedWidget()
        self.keys = KeysPage(look, window.keymap)
        for made in (self.keys, self._mouse(look), self._look(look), self._files(look)):
            self.stack.addWidget(made)
        self.list.currentRowChanged.connect(self.stack.setCurrentIndex)
        self.list.setCurrentRow(PAGES.index(page))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        close = buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setAutoDefault(False)  # Enter belongs to the page: on an action it records a key
        close.setDefault(False)
        across = QHBoxLayout()
        across.setSpacing(look.px(16))
        across.addWidget(self.list)
        across.addWidget(self.stack, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(across, 1)
        layout.addWidget(buttons)
        room = window.size()
        (self.keys.field if page == "Keys" else self.list).setFocus()
        self.resize(min(look.px(760), room.width() - 40), min(look.px(640), max(room.height() - 60, 240)))

    def _page(self) -> tuple[QWidget, QFormLayout]:
        page = QWidget()
        form = QFormLayout(page)
        form.setContentsMargins(0, 0, 0, 0)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        return page, form

    def _combo(
        self, form: QFormLayout, text: str, words: dict[str, str], now: str, use: Callable[[str], None]
    ) -> ChevronCombo:
        combo = ChevronCombo(self.window_.look)
        combo.setAccessibleName(text)
        for value, said in words.items():
            combo.addItem(said, value)
        combo.setCurrentIndex(max(combo.findData(now), 0))
        combo.activated.connect(lambda index: use(combo.itemData(index)))
        form.addRow(text, combo)
        return combo

    def _check(self, form: QFormLayout, text: str, now: bool, use: Callable[[bool], None]) -> QCheckBox:
        box = QCheckBox(text)
        box.setChecked(now)
        box.toggled.connect(use)
        form.addRow(box)
        return box

    def _mouse(self, look: Look) -> QWidget:
        settings = self.window_.settings
        page, form = self._page()

        def wheel(value: str) -> None:
            settings.wheel = value
            self.window_.apply_mouse()

        def speed(value: int) -> None:
            settings.zoom_speed = value / 100
            self.speed_text.setText(f"{value} %")
            self.window_.apply_mouse()

        def invert(on: bool) -> None:
            settings.zoom_invert = on
            self.window_.apply_mouse()

        self.wheel = self._combo(
            form, "Wheel and touchpad", {name: WHEEL_WORDS[name] for name in WHEEL}, settings.wheel, wheel
        )
        self.speed = QSlider(Qt.Orientation.Horizontal)
        self.speed.setRange(round(SPEEDS[0] * 100), round(SPEEDS[1] * 100))
        self.speed.setSingleStep(5)
        self.speed.setPageStep(25)
        self.speed.setAccessibleName("Zoom speed")
        self.speed.setValue(round(settings.zoom_speed * 100))
        self.speed.valueChanged.connect(speed)
        self.speed_text = parts.label(f"{self.speed.value()} %", "muted")
        self.speed_text.setMinimumWidth(look.px(48))
        row = QHBoxLayout()
        row.addWidget(self.speed, 1)
        row.addWidget(self.speed_text)
        form.addRow("Zoom speed", row)
        self.invert = self._check(form, "Turning the wheel towards you zooms in", settings.zoom_invert, invert)
        form.addRow(
            parts.label(
                "Ctrl + wheel always zooms at the pointer, Shift + wheel pans sideways where the wheel pans.", "muted"
            )
        )
        return page

    def _look(self, look: Look) -> QWidget:
        window, settings = self.window_, self.window_.settings
        page, form = self._page()
        name = settings.theme

        def themed(base: str, safe: bool) -> None:
            window.set_theme(f"{base}-safe" if safe else base)

        def motion(value: str) -> None:
            settings.motion = value
            window.apply_motion()

        base = name.removesuffix("-safe")
        words = {"dark": "Dark", "light": "Light"}
        self.theme = self._combo(
            form, "Theme", words, base, lambda value: themed(value, settings.theme.endswith("-safe"))
        )
        self.safe = self._check(
            form, "Colours for colour-blind eyes", name.endswith("-safe"),
            lambda on: themed(settings.theme.removesuffix("-safe"), on),
        )  # fmt: skip
        scales = {str(scale): f"{round(scale * 100)} %" for scale in SCALES}
        near = min(SCALES, key=lambda scale: abs(scale - settings.scale))
        self.scale = self._combo(
            form, "Size of every text", scales, str(near), lambda value: window.set_scale(float(value))
        )
        self.motion = self._combo(
            form, "Motion", {name: MOTION_WORDS[name] for name in MOTION}, settings.motion, motion
        )
        return page

    def _files(self, look: Look) -> QWidget:
        window, settings = self.window_, self.window_.settings
        page, form = self._page()

        def reopen(on: bool) -> None:
            settings.reopen = on

        def xray(on: bool) -> None:
            if on != window.session.x_ray:
                window.intents.xray()

        self.reopen = self._check(form, "Open the last document at the start", settings.reopen, reopen)
        self.xray = self._check(form, "X-ray: show the gradient of every intermediate", window.session.x_ray, xray)
        self.forget = QPushButton("Forget the recent files")
        self.forget.setAutoDefault(False)
        self.forget.setEnabled(bool(settings.recent))

        def forget() -> None:
            settings.clear_recent()
            self.forget.setEnabled(False)

        self.forget.clicked.connect(forget)
        form.addRow(self.forget)
        where = parts.label(str(settings.folder), "muted", selectable=True)
        form.addRow("Settings are kept in", where)
        return page
