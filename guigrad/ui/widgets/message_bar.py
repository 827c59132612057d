"""A message in place, above the canvas: what happened and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from guigrad.ui.style import Look
from guigrad.ui.widgets import parts

KINDS = {
    "error": ("fail", "circle-x", "failed"),
    "warning": ("warn", "triangle-alert", "warning"),
    "note": ("card", "info", "accent"),
}


class MessageBar(QFrame):
    """Hidden until ``say`` is called; a newer message replaces an older one."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look, self._kind = look, "note"
        self.sign = QLabel()
        self.text = parts.label("", "", selectable=True)
        self.close_button = QPushButton()
        self.close_button.setProperty("role", "flat")
        self.close_button.setToolTip("Close this message")
        self.close_button.setAccessibleName("Close this message")
        self.close_button.clicked.connect(self.hide)
        self._links = QHBoxLayout()
        self._row = QHBoxLayout(self)
        self._row.addWidget(self.sign, 0, Qt.AlignmentFlag.AlignTop)
        self._row.addWidget(self.text, 1)
        self._row.addLayout(self._links)
        self._row.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

    def say(self, text: str, kind: str = "note", links: Sequence[tuple[str, Callable[[], object]]] = ()) -> None:
        """Shows a message; ``kind`` is error, warning or note; each link closes the bar and does its thing."""
        self._kind = kind
        self.text.setText(text)
        parts.clear(self._links)
        for title, call in links:
            button = parts.Link(title, call)
            button.clicked.connect(self.hide)
            self._links.addWidget(button)
        self.set_look(self.look)
        self.show()

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self.look = look
        name, icon, token = KINDS[self._kind]
        self.setObjectName(name)
        self.style().unpolish(self)
        self.style().polish(self)
        self.sign.setPixmap(look.pixmap(icon, 15, token, self.devicePixelRatioF()))
        self.close_button.setIcon(look.icon("x", "text_muted"))
        self._row.setContentsMargins(look.px(12), look.px(7), look.px(6), look.px(7))
        self._row.setSpacing(look.px(9))
