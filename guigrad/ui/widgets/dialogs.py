"""The few dialogs: paste code, keyboard page, about."""

from __future__ import annotations

import platform
from importlib import metadata

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QPlainTextEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from guigrad.ui.actions import ACTIONS, GESTURES, GROUPS
from guigrad.ui.keymap import Keymap
from guigrad.ui.style import Look
from guigrad.ui.widgets import parts


def ask(dialog: QDialog) -> int:
    """Shows a dialog until it is answered, then lets it go (a parent would keep it as long as the window lives); the answer."""
    answer = dialog.exec()
    dialog.deleteLater()
    return answer


class PasteDialog(QDialog):
    """Takes Python code that becomes a graph."""

    def __init__(self, look: Look, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Paste code")
        self.edit = QPlainTextEdit(text)
        self.edit.setObjectName("field")
        self.edit.setFont(look.code(12.5))
        self.edit.setPlaceholderText("t1 = torch.randn(5, requires_grad=True)\nt2 = (t1 ** 2).mean()\nt2.backward()")
        self.edit.setAccessibleName("Python code")
        self.edit.setTabChangesFocus(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.accept_button = buttons.addButton("Make graph", QDialogButtonBox.ButtonRole.AcceptRole)
        self.accept_button.setProperty("role", "primary")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(parts.label("PyTorch code becomes a graph. It is read, never executed.", "muted"))
        layout.addWidget(self.edit, 1)
        layout.addWidget(buttons)
        self.resize(look.px(620), look.px(420))
        self.edit.textChanged.connect(self._on_text)
        self._on_text()

    def _on_text(self) -> None:
        self.accept_button.setEnabled(bool(self.edit.toPlainText().strip()))


class KeyboardPage(QDialog):
    """Every shortcut and gesture, from the table of actions."""

    def __init__(self, look: Look, keymap: Keymap, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard and mouse")
        page = QWidget()
        page.setObjectName("page")
        self.grid = QGridLayout(page)
        self.grid.setColumnStretch(0, 1)
        self.grid.setHorizontalSpacing(look.px(24))
        self.grid.setVerticalSpacing(look.px(4))
        row = self._heading(0, "MOUSE")
        for what, how in GESTURES:
            row = self._line(row, what, how, look)
        for group in GROUPS:
            rows = [action for action in ACTIONS if action.menu == group and keymap.keys(action.id)]
            if rows:
                row = self._heading(row, group.upper())
            for action in rows:
                row = self._line(row, f"{action.title}: {action.tip}", keymap.texts(action.id), look)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(page)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(area)
        layout.addWidget(buttons)
        room = parent.size() if parent else self.size()
        self.resize(min(look.px(640), room.width()), min(look.px(620), max(room.height() - 40, 200)))

    def _heading(self, row: int, text: str) -> int:
        self.grid.addWidget(parts.label(text, "heading"), row, 0, 1, 2)
        return row + 1

    def _line(self, row: int, what: str, how: str, look: Look) -> int:
        self.grid.addWidget(parts.label(what), row, 0)
        keys = parts.label(how, "code")
        keys.setFont(look.code(11.5))
        self.grid.addWidget(keys, row, 1)
        return row + 1


class AboutDialog(QDialog):
    """Version, licence and the libraries in use."""

    def __init__(self, look: Look, engine: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("About guigrad")
        layout = QVBoxLayout(self)
        layout.setSpacing(look.px(6))
        title = QLabel("guigrad")
        title.setProperty("role", "title")
        layout.addWidget(title)
        lines = [
            f"Version {_version('guigrad')}, MIT licence.",
            f"PySide6 {_version('PySide6-Essentials')} · Python {platform.python_version()}",
            engine,
            "Fonts: Inter and JetBrains Mono (SIL Open Font License). Icons: Lucide (ISC).",
        ]
        for line in lines:
            if line:
                layout.addWidget(parts.label(line, "muted", selectable=True))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)
        self.resize(look.px(420), self.sizeHint().height())


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "from a checkout"
