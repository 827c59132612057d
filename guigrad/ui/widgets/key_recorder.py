"""A button that takes the next key pressed as a shortcut."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QPushButton, QWidget

from guigrad.ui.keymap import native, of_event

WAITING: Final = "Press a key…"


class KeyRecorder(QPushButton):
    """Shows a shortcut; pressed, it waits for another. ``recorded`` carries it in the portable form; Esc gives up."""

    recorded = Signal(str)

    def __init__(self, key: str, empty: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.key = key
        self._shown = native(key) if key else empty
        self.setCheckable(True)
        self.setAutoDefault(False)
        self.setText(self._shown)
        self.setAccessibleName(f"shortcut {self._shown}")
        self.setToolTip("Press it, then the key or keys at once. Esc gives up.")
        self.toggled.connect(self._on_toggled)

    def _on_toggled(self, waiting: bool) -> None:
        self.setText(WAITING if waiting else self._shown)

    def event(self, event: QEvent) -> bool:
        """While it waits every key is its own: shortcuts of the window, Tab and Enter too."""
        if self.isChecked() and isinstance(event, QKeyEvent):
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if event.type() == QEvent.Type.KeyPress:
                self._take(event)
                return True
            if event.type() == QEvent.Type.KeyRelease:
                return True
        return super().event(event)

    def _take(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and not event.modifiers():
            self.setChecked(False)
            return
        key = of_event(event)
        if key:
            self.setChecked(False)
            self.recorded.emit(key)
        else:
            held = [
                word
                for flag, word in (
                    (Qt.KeyboardModifier.ControlModifier, "Ctrl"),
                    (Qt.KeyboardModifier.AltModifier, "Alt"),
                    (Qt.KeyboardModifier.ShiftModifier, "Shift"),
                )
                if event.modifiers() & flag
            ]
            self.setText("+".join([*held, "…"]) if held else WAITING)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.setChecked(False)
        super().focusOutEvent(event)
