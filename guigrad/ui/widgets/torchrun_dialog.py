"""Ask how a training shall run under torchrun: here on so many processes, or on other machines by a command."""

from __future__ import annotations

import os

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLineEdit, QSpinBox, QVBoxLayout, QWidget

from guigrad.run.torchrun import command_for_others
from guigrad.ui.style import Look
from guigrad.ui.widgets import parts

ABOUT = (
    "Each process takes its rows of every batch, and their gradients are averaged: the whole batch's gradient up to rounding. "
    "It trains from the program's own start, in processes of its own; the graph stays as it is."
)


class TorchrunDialog(QDialog):
    """``save_asked()`` wants the script saved for other machines. Accepted: train here on ``processes``."""

    save_asked = Signal()

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Train with torchrun")
        count = os.cpu_count() or 1
        self.processes = QSpinBox()
        self.processes.setRange(1, 4 * count)
        self.processes.setValue(max(2, min(count, 4)))
        self.processes.setAccessibleName("Processes")
        parts.plain(self.processes, look)
        self.machines = QSpinBox()
        self.machines.setRange(2, 1000)
        self.machines.setAccessibleName("Machines")
        parts.plain(self.machines, look)
        self.command = QLineEdit()
        self.command.setReadOnly(True)
        self.command.setFont(look.code(11.5))
        self.command.setAccessibleName("Command for each machine")
        form = QFormLayout()
        form.addRow("Processes", self.processes)
        others = QFormLayout()
        others.addRow("Machines", self.machines)
        others.addRow("On each", self.command)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.start = self.buttons.addButton("Train here", QDialogButtonBox.ButtonRole.AcceptRole)
        self.start.setProperty("role", "primary")
        self.copy = self.buttons.addButton("Copy command", QDialogButtonBox.ButtonRole.ActionRole)
        self.save = self.buttons.addButton("Save script…", QDialogButtonBox.ButtonRole.ActionRole)
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.command.text()))
        self.save.clicked.connect(self.save_asked)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(look.px(10))
        layout.addWidget(parts.label(ABOUT, "muted"))
        layout.addWidget(parts.label("ON THIS MACHINE", "heading"))
        layout.addLayout(form)
        layout.addWidget(parts.label("ON SEVERAL", "heading"))
        layout.addWidget(
            parts.label("Save the script on each of them; HOST is the name or address of the first.", "muted")
        )
        layout.addLayout(others)
        layout.addWidget(self.buttons)
        self.setMinimumWidth(look.px(620))
        for spin in (self.processes, self.machines):
            spin.valueChanged.connect(self._show)
        self._show()

    def _show(self) -> None:
        self.command.setText(command_for_others(self.processes.value(), self.machines.value()))
        self.command.setCursorPosition(0)
        self.command.setAlignment(Qt.AlignmentFlag.AlignLeft)
