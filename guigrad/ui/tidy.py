"""Tidy layout: laid out in a process of its own, then one change of the document, and the cards glide to where they go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer

from guigrad.document import edit
from guigrad.document.layered import Place
from guigrad.document.model import Document
from guigrad.run.arranger import Arranger
from guigrad.ui.bridge import Bridge
from guigrad.ui.canvas.tidy import Part, plan, settle

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow

PATIENCE_MS: Final = 400
"""What takes longer is said, with a way to stop it."""


class Tidy(QObject):
    """Thread: the GUI thread."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.window = window
        self._bridge = Bridge(self)
        self._arranger: Arranger | None = None
        self._parts: list[Part] = []
        self._laid: list[list[Place]] = []
        self._document: Document | None = None
        self._alone = False
        self._said = False
        self._late = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._late.timeout.connect(self._say)

    @property
    def running(self) -> bool:
        """Whether a layout is being worked out."""
        return self._arranger is not None

    def start(self) -> None:
        """Tidies the selected cards, all of them when none is; asked for again while it works, it stops."""
        if self.running:
            self.cancel()
            return
        window = self.window
        window.canvas.motion.land()
        scene = window.canvas.scene
        chosen = [key for key in window.canvas.selection if key in scene.row]
        self._parts, self._laid = plan(scene, chosen), []
        if not self._parts:
            return
        self._alone, self._document = bool(chosen), window.session.document

        def report(number: int, places: list[Place] | None) -> None:
            self._bridge.post(lambda: self._on_report(arranger, places))

        arranger = self._arranger = Arranger([part.task for part in self._parts], report)
        self._late.start()

    def cancel(self) -> None:
        """Stops it; nothing has moved."""
        if self._arranger is not None:
            self._arranger.cancel()
            self._done()

    def close(self) -> None:
        """The window closes."""
        self._bridge.close()
        if self._arranger is not None:
            self._arranger.cancel()
            self._arranger.join()
            self._arranger = None

    def _done(self) -> None:
        self._arranger = None
        self._late.stop()
        if self._said:
            self._said = False
            self.window.bar.hide()

    def _on_report(self, arranger: Arranger, places: list[Place] | None) -> None:
        if arranger is not self._arranger:
            return  # cancelled
        if self.window.session.document is not self._document:
            self.cancel()
            self.window.bar.say("The graph was changed while it was being tidied, so nothing was moved.")
            return
        if places is not None:
            self._laid.append(places)
            if self._said:
                self._say()
            return
        self._done()
        if len(self._laid) == len(self._parts):
            canvas = self.window.canvas
            found = settle(canvas.scene, self._parts, self._laid, self._alone)
            self.window.session.edit(edit.arrange(found.places, found.frames))

    def _say(self) -> None:
        self._said = True
        cards = sum(len(part.rows) for part in self._parts)
        done = sum(len(part.rows) for part in self._parts[: len(self._laid)])
        links = (("Cancel", self.cancel),)
        self.window.bar.say(f"Tidying {cards:,} nodes: {100 * done // max(cards, 1)} % done", links=links)
