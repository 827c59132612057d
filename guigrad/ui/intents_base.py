"""What the mix-ins of ``Intents`` share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow


class Verbs:
    """The window whose actions they do. Thread: the GUI thread."""

    def __init__(self, window: MainWindow) -> None:
        self.window = window
        self.session = window.session
