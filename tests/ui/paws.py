"""What a hand in a test does with the whole window: real mouse and key events, and ears for everything that goes wrong."""

from __future__ import annotations

import random
import sys
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QFileDialog, QInputDialog, QMessageBox, QWidget
from shiboken6 import isValid

from guigrad.ui.main_window import MainWindow

Mods, Button, Key = Qt.KeyboardModifier, Qt.MouseButton, Qt.Key
NONE: Final = Mods.NoModifier
FILES: Final = ("a.guigrad", "b.py", "c.png", "d.svg", "e.pdf", "no/such/folder.png")
"""What is chosen where a dialog asks for a file."""


class Paws:
    """A mouse and a keyboard over one window, with places that are chosen at random."""

    def __init__(self, window: MainWindow, folder: Path, words: Sequence[str], keys: Sequence[Qt.Key]) -> None:
        self.window, self.folder = window, folder
        self._words, self._keys = words, keys
        self.faults: list[str] = []
        self._busy = False
        self._fired = 0
        self._rng = random.Random(0)
        self._nested = QTimer()
        self._nested.setInterval(5)
        self._nested.timeout.connect(self._inside)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Every exception in a slot, message of Qt and warning is a fault meanwhile."""

        def uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
            self.faults.append("".join(traceback.format_exception(kind, error, trace)))

        def message(kind: QtMsgType, context: object, text: str) -> None:
            if (
                "This plugin does not support" in text and not self._strangers()
            ):  # what this platform says of every menu
                return
            self.faults.append(f"Qt says: {text} {self._strangers()}\n{''.join(traceback.format_stack(limit=12))}")

        hook, sys.excepthook = sys.excepthook, uncaught
        handler = qInstallMessageHandler(message)
        self._nested.start()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                yield
        finally:
            self._nested.stop()
            qInstallMessageHandler(handler)
            sys.excepthook = hook

    def _strangers(self) -> list[QWidget]:
        """Windows that nobody asked for: parts that are shown before they have a parent."""
        tops = [top for top in QApplication.topLevelWidgets() if top.windowHandle() is not None]
        return [top for top in tops if top.windowType() == Qt.WindowType.Window and top is not self.window]

    def _inside(self) -> None:
        """A dialog or a drag runs a loop of its own inside an event: answers it, one way or the other."""
        rng, dialog = self._rng, QApplication.activeModalWidget()
        self._fired += 1
        if dialog is None and (not self._busy or self._fired < 30):
            return
        if dialog is None:  # a drag of Qt's own
            window = self.window
            target = self._on_canvas(QPointF(rng.randrange(40, 300), rng.randrange(40, 200)))
            handle = window.windowHandle()
            QTest.mouseMove(handle, target)
            QTest.mouseRelease(handle, Button.LeftButton, NONE, target)
            return
        if isinstance(dialog, QMessageBox):
            buttons = [b for b in dialog.buttons() if dialog.buttonRole(b) != QMessageBox.ButtonRole.AcceptRole]
            rng.choice(buttons or dialog.buttons()).click()
        elif isinstance(dialog, QFileDialog):
            dialog.selectFile(str(self.folder / rng.choice(FILES)))
            dialog.done(rng.randrange(2))
        elif isinstance(dialog, QInputDialog) and rng.random() < 0.5:
            dialog.setTextValue(rng.choice(self._words))
            dialog.accept()
        else:
            for _ in range(rng.randrange(4)):
                QTest.keyClick(dialog, rng.choice(self._keys))
            for _ in range(rng.randrange(3)):
                found = [b for b in dialog.findChildren(QAbstractButton) if b.isVisible() and b.isEnabled()]
                if found and dialog.isVisible():
                    rng.choice(found).click()
            if dialog.isVisible() and rng.random() < 0.7:
                dialog.close()

    # --- where ---

    def _top(self) -> QWidget:
        return QApplication.activePopupWidget() or QApplication.activeModalWidget() or self.window

    def _mouse(self, what: Callable[..., None], place: QPoint, *how: Any) -> None:
        """A mouse event where the mouse would go now: to the window, or to a popup or dialog above it."""
        top = self._top()
        if top is self.window:  # through the window system's door, so that presses, grabs and enters are real
            what(top.windowHandle(), *how, place)
            return
        target = top.childAt(place) or top
        parts = {
            QTest.mouseClick: (QTest.mousePress, QTest.mouseRelease),
            QTest.mouseDClick: (QTest.mousePress, QTest.mouseRelease),
        }
        for part in parts.get(what, (what,)):
            if isValid(target):  # a press may have been its end
                part(target, *how, target.mapFrom(top, place) if isValid(top) else QPoint())

    def _place(self) -> QPoint:
        """Somewhere in the window that takes the mouse now, more often where something is."""
        rng, top, canvas = self._rng, self._top(), self.window.canvas
        if top is not self.window or not canvas.isVisible() or rng.random() < 0.25:
            return QPoint(rng.randrange(max(top.width(), 1)), rng.randrange(max(top.height(), 1)))
        scene = canvas.scene
        point = QPointF(rng.randrange(max(canvas.width(), 1)), rng.randrange(max(canvas.height(), 1)))
        if scene.row and rng.random() < 0.75:
            row = scene.row[rng.choice(list(scene.row))]
            place = (
                float(scene.x[row]) + rng.uniform(0, 180),
                float(scene.y[row]) + rng.uniform(0, float(scene.height[row])),
            )
            point = QPointF(*canvas.viewport.to_screen(*place))
        return self._on_canvas(point)

    def _on_canvas(self, point: QPointF) -> QPoint:
        canvas = self.window.canvas
        x = min(max(round(point.x()), 0), canvas.width() - 1)
        y = min(max(round(point.y()), 0), canvas.height() - 1)
        return canvas.mapTo(self.window, QPoint(x, y))

    def _clamped(self, place: QPoint) -> QPoint:
        size = self._top().size()
        return QPoint(min(max(place.x(), 0), size.width() - 1), min(max(place.y(), 0), size.height() - 1))

    def _port(self, side: str) -> QPoint | None:
        canvas, scene = self.window.canvas, self.window.canvas.scene
        if not scene.row or not canvas.isVisible():
            return None
        row = scene.row[self._rng.choice(list(scene.row))]
        face = scene.facet(row)
        count = len(face.inputs) if side == "in" else len(face.outputs)
        if not count:
            return None
        point = scene.port_point(row, side, self._rng.randrange(count))
        return self._on_canvas(QPointF(*canvas.viewport.to_screen(*point)))

    def _drag(self, start: QPoint, end: QPoint, button: Button, mods: Mods) -> None:
        start, end = self._clamped(start), self._clamped(end)
        self._mouse(QTest.mouseMove, start)
        self._mouse(QTest.mousePress, start, button, mods)
        for part in (0.1, 0.5, 1.0):
            self._mouse(QTest.mouseMove, self._clamped(start + (end - start) * part))
        if self._rng.random() < 0.3:
            QApplication.processEvents()
        if self._rng.random() < 0.1:
            QTest.keyClick(self._top(), Key.Key_Escape)
        self._mouse(QTest.mouseRelease, self._clamped(end), button, mods)

    @staticmethod
    def _type(target: QWidget, word: str) -> None:
        if word.isascii():
            QTest.keyClicks(target, word)
        else:  # QTest knows the keys of ASCII alone
            for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
                QApplication.sendEvent(target, QKeyEvent(kind, 0, NONE, word))

    def _under(self, place: QPoint) -> str:
        child = self._top().childAt(place)
        return type(child or self._top()).__name__

    # --- after it ---

    def settle(self) -> None:
        """Nothing is open or half done any more."""
        for _ in range(6):
            QTest.keyClick(self._top(), Key.Key_Escape)
        popup = QApplication.activePopupWidget()
        while popup is not None:
            popup.close()
            QApplication.processEvents()
            popup = QApplication.activePopupWidget()
        for other in QApplication.topLevelWidgets():
            if other.isVisible() and other is not self.window:
                other.close()
        self.window.canvas._cancel()
        self.window.canvas.motion.land()
        QApplication.clipboard().clear()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QApplication.processEvents()
        self.window.canvas.motion.land()  # what a late event set gliding


def census(window: MainWindow) -> Counter[str]:
    """How many objects of which class the window and the application hold."""
    found: Iterable[Any] = (*window.findChildren(object), *QApplication.topLevelWidgets())  # type: ignore[call-overload]
    return Counter(type(thing).__name__ for thing in found)
