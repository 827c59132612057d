"""A hand that does anything: random but repeatable real events on the whole window.

Each event is a number that seeds its own choices, so that a list of events can be shortened and played again.
"""

from __future__ import annotations

import random
import sys
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QtMsgType, QTimer, QUrl, qInstallMessageHandler
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QFileDialog, QInputDialog, QMessageBox, QWidget
from shiboken6 import isValid

from guigrad.lessons import index
from guigrad.ui.main_window import MainWindow

Mods, Button, Key = Qt.KeyboardModifier, Qt.MouseButton, Qt.Key
NONE: Final = Mods.NoModifier
MODS: Final = (NONE,) * 6 + (
    Mods.ControlModifier, Mods.ShiftModifier, Mods.AltModifier,
    Mods.ControlModifier | Mods.ShiftModifier, Mods.ControlModifier | Mods.AltModifier,
)  # fmt: skip
SPECIAL: Final = (
    Key.Key_Delete, Key.Key_Backspace, Key.Key_Escape, Key.Key_Return, Key.Key_Tab, Key.Key_Backtab, Key.Key_Space, Key.Key_Left,
    Key.Key_Right, Key.Key_Up, Key.Key_Down, Key.Key_Home, Key.Key_End, Key.Key_PageUp, Key.Key_PageDown, Key.Key_Menu,
    *(Qt.Key(Key.Key_F2.value + number) for number in range(11)), Key.Key_Plus, Key.Key_Minus, Key.Key_Comma, Key.Key_Period,
    Key.Key_Question,
)  # fmt: skip
KEYS: Final = (
    *SPECIAL,
    *SPECIAL,
    *(Qt.Key(Key.Key_A.value + n) for n in range(26)),
    *(Qt.Key(Key.Key_0.value + n) for n in range(10)),
)
WORDS: Final = (
    "relu", "add", "const", "@", "mean", "x", "t1", "[1, 2, 3]", "3.5", "-2", "True", "", "None", "(1", "torch.float64", "ones", "ü∂✓",
    "def", "x + ", "0", "plus", "matmul", "lr = 0.1", "[[1, 2], [3]]", "'text'",
)  # fmt: skip
PASTES: Final = (
    "import torch\na = torch.ones(3, requires_grad=True)\nb = (a * 2).sum()\nb.backward()\n",
    "x = torch.randn(2, 3)\ny = x.t() @ x\n",
    "for i in range(2):\n    w = w * 2\n",
    "import torch\nw = torch.ones(2, requires_grad=True)\nfor i in range(2):\n    w.sum().backward()\n    print(w.grad)\n    w.grad.zero_()\n",
    "def f(x):\n    return x * 2\n\ny = f(torch.ones(2))\n",
    "the quick brown fox\njumps over (\n", "1, 2\n3, 4\n", "[[1.5, 2], [3, nan]]", "{", "\0\x01", "x = ", "   ", "import os\nos.system('true')\n",
    '{"guigrad": 1}', "a = b = torch.zeros(2)\na += 1\n", "nan", "𝔘nicode", "torch.nn.Linear(2, 2)", "x" * 3000,
)  # fmt: skip
BANNED: Final = ("quit",)
"""Actions after which there is no window to go on with."""


class Fault(AssertionError):
    """Something went wrong; the text says what."""


class Monkey:
    """Plays numbered events on a window and remembers what they were and everything that went wrong meanwhile."""

    def __init__(self, window: MainWindow, folder: Path) -> None:
        self.window, self.folder = window, folder
        self.log: list[str] = []
        self.faults: list[str] = []
        self.lessons = [str(lesson.path) for lesson in index.lessons()]
        self._busy = False
        self._fired = 0
        self._rng = random.Random(0)
        self._nested = QTimer()
        self._nested.setInterval(5)
        self._nested.timeout.connect(self._inside)
        window.intents.quit = lambda: None  # type: ignore[method-assign]  # the window stays
        weights: dict[Callable[[], str], int] = {
            self.click: 16, self.double_click: 4, self.drag: 18, self.wheel: 5, self.key: 20, self.type: 7, self.undo: 8,
            self.paste: 3, self.resize: 1, self.looks: 1, self.open: 1, self.search: 4, self.run: 4, self.drop: 1, self.action: 5,
            self.wires: 8, self.focus: 3, self.menu: 4, self.drag_rail: 2,
        }  # fmt: skip
        self._kinds, self._weights = list(weights), list(weights.values())

    # --- playing ---

    def play(self, seed: int) -> None:
        """One event. Raises: Fault when something went wrong."""
        self._rng = random.Random(seed)
        kind = self._rng.choices(self._kinds, self._weights)[0]
        self.log.append(f"{seed}: {kind.__name__} …")
        self._busy, self._fired = True, 0
        if self._top() is self.window and QApplication.activeWindow() is not self.window:
            self.window.activateWindow()
        try:
            told = kind()
        finally:
            self._busy = False
        self.log[-1] = f"{seed}: {told}"
        QApplication.processEvents()
        if self.faults:
            raise Fault(self.faults[0])

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
            self.faults.append(f"Qt says: {text}\n{''.join(traceback.format_stack(limit=12))}")

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
            name = rng.choice(("a.guigrad", "b.py", "c.png", "d.svg", "e.pdf", "no/such/folder.png"))
            dialog.selectFile(str(self.folder / name))
            dialog.done(rng.randrange(2))
        elif isinstance(dialog, QInputDialog) and rng.random() < 0.5:
            dialog.setTextValue(rng.choice(WORDS))
            dialog.accept()
        else:
            for _ in range(rng.randrange(4)):
                QTest.keyClick(dialog, rng.choice(KEYS))
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

    # --- events ---

    def click(self) -> str:
        rng, place = self._rng, self._clamped(self._place())
        button, mods = (
            rng.choice((Button.LeftButton,) * 5 + (Button.RightButton, Button.MiddleButton)),
            rng.choice(MODS),
        )
        name = self._under(place)
        self._mouse(QTest.mouseMove, place)
        self._mouse(QTest.mouseClick, place, button, mods)
        return f"click {button.name} {mods} at {place.toTuple()} on {name}"

    def double_click(self) -> str:
        place = self._clamped(self._place())
        name, top = self._under(place), self._top()
        self._mouse(QTest.mouseClick, place, Button.LeftButton, NONE)
        if self._top() is top and isValid(top):
            self._mouse(QTest.mouseDClick, place, Button.LeftButton, NONE)
        return f"double click at {place.toTuple()} on {name}"

    def drag(self) -> str:
        rng, start, end = self._rng, self._place(), self._place()
        button, mods = (
            rng.choice((Button.LeftButton,) * 5 + (Button.RightButton, Button.MiddleButton)),
            rng.choice(MODS),
        )
        name = self._under(start)
        self._drag(start, end, button, mods)
        return f"drag {button.name} {mods} {start.toTuple()} to {end.toTuple()} on {name}"

    def wires(self) -> str:
        rng, sides = self._rng, self._rng.choice((("out", "in"), ("in", "out"), ("in", "in")))
        start = self._port(sides[0])
        end = self._port(sides[1]) if rng.random() < 0.8 else self._place()
        if start is None or end is None:
            return "no wire"
        mods = rng.choice((NONE, NONE, NONE, Mods.ControlModifier, Mods.AltModifier))
        self._drag(start, end, Button.LeftButton, mods)
        return f"wire {sides} {mods} {start.toTuple()} to {end.toTuple()}"

    def drag_rail(self) -> str:
        strip = self.window.rail.strip
        if not strip.isVisible() or not strip.placed or self._top() is not self.window:
            return "no rail"
        start = strip.mapTo(self.window, self._rng.choice(strip.placed).rect.center().toPoint())
        end = strip.mapTo(self.window, QPoint(self._rng.randrange(max(strip.width(), 1)), 10))
        self._drag(start, end, Button.LeftButton, NONE)
        return f"drag on the rail {start.toTuple()} to {end.toTuple()}"

    def wheel(self) -> str:
        place, turn = self._clamped(self._place()), QPoint(0, self._rng.choice((-120, 120, 600, -600, 15)))
        top = self._top()
        if top is self.window:
            QTest.wheelEvent(top.windowHandle(), QPointF(place), turn, QPoint(), self._rng.choice(MODS))
        return f"wheel {turn.y()} at {place.toTuple()}"

    def key(self) -> str:
        key, mods = self._rng.choice(KEYS), self._rng.choice(MODS)
        times = self._rng.choice((1, 1, 1, 4))
        focus = type(QApplication.focusWidget()).__name__
        for _ in range(times):
            QTest.keyClick(self._top(), key, mods)
        return f"key {key.name} {mods} ×{times}, focus on {focus}"

    def type(self) -> str:
        word = self._rng.choice(WORDS)
        focus = QApplication.focusWidget()
        target = focus if focus is not None and focus is not self.window.canvas else self._top()
        self._type(target, word)
        last = self._rng.choice((Key.Key_Return, Key.Key_Return, Key.Key_Escape, Key.Key_Tab))
        QTest.keyClick(self._top(), last)
        return f"type {word!r} {last.name} into {type(target).__name__}"

    def undo(self) -> str:
        key = self._rng.choice((Key.Key_Z, Key.Key_Z, Key.Key_Y))
        times = self._rng.choice((1, 1, 2, 5))
        for _ in range(times):
            QTest.keyClick(self._top(), key, Mods.ControlModifier)
        return f"Ctrl+{key.name} ×{times}"

    def paste(self) -> str:
        rng, clipboard = self._rng, QApplication.clipboard()
        what = rng.choice((*PASTES, "selection", "selection", "selection", "picture"))
        canvas = self.window.canvas
        if what == "selection":
            QTest.keyClick(canvas, Key.Key_A if rng.random() < 0.2 else Key.Key_Escape, Mods.ControlModifier)
            QTest.keyClick(canvas, rng.choice((Key.Key_C, Key.Key_X)), Mods.ControlModifier)
        elif what == "picture":
            clipboard.setImage(QImage(3, 2, QImage.Format.Format_RGB32))
        else:
            clipboard.setText(what)
        QTest.keyClick(canvas if rng.random() < 0.8 else self._top(), Key.Key_V, Mods.ControlModifier)
        return f"paste {what[:40]!r}"

    def drop(self) -> str:
        mime = QMimeData()
        if self._rng.random() < 0.5:
            mime.setUrls([QUrl.fromLocalFile(self._rng.choice((*self.lessons, "/no/such.guigrad", str(self.folder))))])
        else:
            mime.setText(self._rng.choice(PASTES))
        target = self._rng.choice((self.window, self.window.canvas))
        action, place = Qt.DropAction.CopyAction, QPointF(self._rng.randrange(200), self._rng.randrange(200))
        enter = QDragEnterEvent(place.toPoint(), action, mime, Button.LeftButton, NONE)
        enter.ignore()
        QApplication.sendEvent(target, enter)
        if enter.isAccepted():
            QApplication.sendEvent(target, QDropEvent(place, action, mime, Button.LeftButton, NONE))
        return f"drop {mime.text()[:40]!r} on {type(target).__name__}"

    def resize(self) -> str:
        size = self._rng.choice(((1280, 720), (900, 600), (1600, 1000), (640, 480)))
        self.window.resize(*size)
        return f"resize {size}"

    def looks(self) -> str:
        name = self._rng.choice(
            (
                "theme",
                "safe_colors",
                "larger",
                "smaller",
                "smaller",
                "toggle_dock",
                "toggle_palette",
                "toggle_inspector",
            )
        )
        self.window.actions_by_id[name].trigger()
        return f"action {name}"

    def open(self) -> str:
        name = self._rng.choice(
            (*self.lessons, *self.lessons, str(self.folder / "a.guigrad"), str(self.folder / "c.png"))
        )
        self.window.intents.open_path(name)
        return f"open {name}"

    def search(self) -> str:
        self.window.canvas.setFocus()
        QTest.keyClick(self.window.canvas, Key.Key_Tab)
        popup = QApplication.activePopupWidget()
        word = self._rng.choice(WORDS)
        if popup is not None:
            self._type(QApplication.focusWidget() or popup, word)
            for _ in range(self._rng.randrange(3)):
                QTest.keyClick(QApplication.focusWidget() or popup, Key.Key_Down)
            QTest.keyClick(
                QApplication.focusWidget() or popup, self._rng.choice((Key.Key_Return, Key.Key_Return, Key.Key_Escape))
            )
        return f"Tab search {word!r}"

    def run(self) -> str:
        name = self._rng.choice(
            ("forward", "backward", "zero_grad", "optimizer_step", "run_program", "reset", "xray", "stop")
        )
        self.window.actions_by_id[name].trigger()
        return f"action {name}"

    def action(self) -> str:
        names = [
            name for name, action in self.window.actions_by_id.items() if action.isEnabled() and name not in BANNED
        ]
        name = self._rng.choice(sorted(names))
        self.window.actions_by_id[name].trigger()
        return f"action {name}"

    def menu(self) -> str:
        place = self._clamped(self._place())
        self._mouse(QTest.mouseClick, place, Button.RightButton, NONE)
        QApplication.processEvents()
        popup = QApplication.activePopupWidget()
        down = self._rng.randrange(12)
        if popup is not None:
            for _ in range(down):
                QTest.keyClick(popup, Key.Key_Down)
            QTest.keyClick(popup, self._rng.choice((Key.Key_Return, Key.Key_Escape)))
        return f"menu at {place.toTuple()}, {type(popup).__name__} entry {down}"

    def focus(self) -> str:
        found = [
            w for w in self.window.findChildren(QWidget) if w.isVisible() and w.focusPolicy() != Qt.FocusPolicy.NoFocus
        ]
        target = self._rng.choice((*found, self.window.canvas))
        target.setFocus(Qt.FocusReason.TabFocusReason)
        return f"focus on {type(target).__name__}"

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
        self.window.canvas._cancel()
        QApplication.clipboard().clear()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QApplication.processEvents()


def census(window: MainWindow) -> Counter[str]:
    """How many objects of which class the window and the application hold."""
    found: Iterable[Any] = (*window.findChildren(object), *QApplication.topLevelWidgets())  # type: ignore[call-overload]
    return Counter(type(thing).__name__ for thing in found)
