"""A hand that does anything: random but repeatable real events on the whole window.

Each event is a number that seeds its own choices, so that a list of events can be shortened and played again.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

from guigrad.lessons import index
from guigrad.ui.main_window import MainWindow
from tests.ui.paws import NONE, Button, Key, Mods, Paws

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


class Monkey(Paws):
    """Plays numbered events on a window and remembers what they were and everything that went wrong meanwhile."""

    def __init__(self, window: MainWindow, folder: Path) -> None:
        super().__init__(window, folder, WORDS, KEYS)
        self.log: list[str] = []
        self.lessons = [str(lesson.path) for lesson in index.lessons()]
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
