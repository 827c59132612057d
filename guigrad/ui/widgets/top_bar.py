"""The top bar: what runs the graph, on which device, and the way to everything else."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QWidget

from guigrad.ui.actions import by_id
from guigrad.ui.style import Look
from guigrad.ui.widgets.action_button import FULL, ICON, PLAIN, ActionButton
from guigrad.ui.widgets.parts import ChevronCombo

RUN = (("forward", "primary"), ("backward", "grad"), ("step", ""), ("zero_grad", ""), ("optimizer_step", ""))
NAME_PX = 200
"""Units: px at scale 1. A longer name is cut in its middle."""


class TopBar(QFrame):
    """Shows as much as fits; nothing is ever cut. ``device_chosen`` carries a device's name."""

    device_chosen = Signal(str)

    def __init__(self, actions: Mapping[str, QAction], look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("topbar")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.look, self._actions = look, actions
        self._name = ("", False)
        self.logo = QLabel("guigrad")
        self.logo.setProperty("role", "logo")
        self.file = QLabel()
        self.file.setProperty("role", "muted")
        self.file.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.device_label = QLabel("Device")
        self.device_label.setProperty("role", "muted")
        self.device = ChevronCombo(look)
        self.device.setAccessibleName("Device")
        self.device.setToolTip("The device that runs the graph")
        self.device.activated.connect(lambda index: self.device_chosen.emit(self.device.itemText(index)))
        self.buttons = {name: ActionButton(by_id(name), actions[name], look, tone) for name, tone in RUN}
        self.xray = ActionButton(by_id("xray"), actions["xray"], look, "chip")
        self.search = ActionButton(by_id("commands"), actions["commands"], look, "flat")
        self.theme = ActionButton(by_id("theme"), actions["theme"], look, "flat")
        self.theme.set_level(ICON)
        self._row = QHBoxLayout(self)
        self._row.addWidget(self.logo)
        self._row.addWidget(self.file, 3)
        for button in self.buttons.values():
            self._row.addWidget(button)
        self._row.addSpacing(8)
        self._row.addWidget(self.device_label)
        self._row.addWidget(self.device)
        self._row.addWidget(self.xray)
        self._row.addStretch(2)
        self._row.addWidget(self.search)
        self._row.addWidget(self.theme)
        self.set_look(look)

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self.look = self.device.look = look
        self.theme.icon_name = "sun" if look.theme.dark else "moon"
        self._row.setContentsMargins(look.px(14), look.px(7), look.px(10), look.px(7))
        self._row.setSpacing(look.px(6))
        for button in (*self.buttons.values(), self.xray, self.search, self.theme):
            button.set_look(look)
        self._adapt()

    def set_file(self, name: str, changed: bool) -> None:
        """The document's name, with a dot when it is not saved."""
        if self._name == (name, changed):
            return
        self._name = (name, changed)
        self.file.setToolTip(f"{name}: not saved" if changed else name)
        self._adapt()

    def set_devices(self, names: tuple[str, ...], current: str) -> None:
        """What the engine offers and uses."""
        if [self.device.itemText(i) for i in range(self.device.count())] != list(names):
            self.device.clear()
            self.device.addItems(list(names))
            self._adapt()
        self.device.setCurrentText(current)

    def set_running(self, running: bool) -> None:
        """Forward becomes Stop while something runs."""
        name = "stop" if running else "forward"
        self.buttons["forward"].swap(by_id(name), self._actions[name])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._adapt()

    def _adapt(self) -> None:
        """The fullest level at which everything fits."""
        combo = self.device.sizeHint().width()
        for level, label, logo in ((FULL, 1, 1), (PLAIN, 1, 1), (PLAIN, 0, 0), (ICON, 0, 0)):
            buttons = [*self.buttons.values(), self.xray, self.search]
            need = sum(button.width_at(level) for button in buttons) + self.theme.width_at(ICON) + combo
            need += self.device_label.sizeHint().width() * label + self.logo.sizeHint().width() * logo
            need += self._row.spacing() * (len(buttons) + 8) + self.look.px(32) + self._name_px()
            if need <= self.width() or level == ICON:
                break
        for button in buttons:
            button.set_level(level)
        self.device_label.setVisible(bool(label))
        self.logo.setVisible(bool(logo))
        spare = self.width() - need + self._name_px()
        self.file.setMinimumWidth(max(self.look.px(40), min(self._name_px(), spare)))
        self._elide()

    def _name_px(self) -> int:
        """Room for the document's name, or for as much of it as tells it from others. Units: px"""
        wanted = QFontMetrics(self.look.text(12.5)).horizontalAdvance(f"{self._name[0]} ●")
        return min(wanted, self.look.px(NAME_PX)) + self.look.px(8)

    def _elide(self) -> None:
        name, changed = self._name
        text = f"{name} ●" if changed else name
        metrics = QFontMetrics(self.look.text(12.5))
        self.file.setText(metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, max(self.file.width(), 40)))

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.look.px(44))
