"""The tensor viewer in the window: its tab below the canvas, windows of its own, and where it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from guigrad.ui.panels.tensor import TensorPanel
from guigrad.ui.style import Look

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow


def make(window: MainWindow) -> TensorDock:
    """The tab of a window."""
    dock = TensorDock(window.look, window.session)
    window.inspector.value.open_asked.connect(lambda: open_viewer(window, "", "value"))
    window.inspector.grad.open_asked.connect(lambda: open_viewer(window, "", "grad"))
    window.canvas.numbers_opened.connect(lambda key, part: open_viewer(window, key, part))
    return dock


def open_viewer(window: MainWindow, key: str = "", part: str = "") -> None:
    """The viewer with a node ("": the selected one) and a part of it ("": the one shown last)."""
    if key:
        window.session.select((key,))
    dock = window.tabs.panels["tensor"]
    window.tabs.open(window, "tensor")
    if part:
        record = dock.record()
        kept = (
            part == "grad"
            and record is not None
            and record.grad is None is record.grad_stats
            and record.xray is not None
        )
        dock.show_part("xray" if kept else part)
    dock.board.tabs.setFocus(Qt.FocusReason.ShortcutFocusReason)


class TensorDock(TensorPanel):
    """The viewer that follows the selection, and the windows that were opened from it."""

    def __init__(self, look: Look, session: Any) -> None:
        super().__init__(look, session)
        self.windows: list[TensorWindow] = []
        self.window_asked.connect(self._open_window)

    def _open_window(self) -> None:
        if not self.key:
            return
        made = TensorWindow(self.look, self.session, self.key, self)
        made.panel.part.setCurrentIndex(self.part.currentIndex())
        made.panel.board.tabs.setCurrentIndex(self.board.tabs.currentIndex())
        made.panel.pinned = self.pinned
        self.windows.append(made)
        made.finished.connect(lambda _: self.windows.remove(made))
        made.show()

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        super().set_look(look)
        for window in getattr(self, "windows", ()):
            window.panel.set_look(look)

    def stop(self) -> None:
        """Stops listening and closes the windows."""
        for window in tuple(self.windows):
            window.close()
        super().stop()


class TensorWindow(QDialog):
    """A viewer that stays with one node, in a window of its own."""

    def __init__(self, look: Look, session: Any, key: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.panel = TensorPanel(look, session, key)
        self.panel.window_button.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.panel)
        record = self.panel.record()
        self.setWindowTitle(f"{record.label if record is not None else key} — tensor")
        self.resize(look.px(860), look.px(560))

    def done(self, result: int) -> None:
        self.panel.stop()
        super().done(result)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.panel.stop()
        super().closeEvent(event)
