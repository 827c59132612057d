"""Which keys mean what: the shortcuts of the table of actions, and what a user has bound instead.

Two actions whose scopes overlap never have the same key: what a user binds is taken from whoever had it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence

from guigrad.ui.actions import ACTIONS, Action, by_id, is_action

PORTABLE: Final = QKeySequence.SequenceFormat.PortableText
NATIVE: Final = QKeySequence.SequenceFormat.NativeText
MODIFIERS: Final = frozenset((
    Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_Meta, Qt.Key.Key_AltGr, Qt.Key.Key_CapsLock, Qt.Key.Key_NumLock,
    Qt.Key.Key_ScrollLock, Qt.Key.Key_Super_L, Qt.Key.Key_Super_R, Qt.Key.Key_Mode_switch, Qt.Key.Key_unknown,
))  # fmt: skip
"""Keys that mean nothing alone."""
_MODIFIERS: Final = frozenset(key.value for key in MODIFIERS)
FILE_LIMIT: Final = 1_000_000
"""Units: bytes. A larger file is not one of ours."""
_MARK: Final = "guigrad keys"


class Keymap(QObject):
    """Thread: the GUI thread. ``changed`` is sent after every change."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._own: dict[str, tuple[str, ...]] = {}
        self._now: dict[str, tuple[str, ...]] = {}
        self._of_key: dict[str, tuple[str, ...]] = {}
        self._settle()

    # --- asking ---

    def keys(self, name: str) -> tuple[str, ...]:
        """The shortcuts of an action, in the portable form ("Ctrl+Shift+D")."""
        return self._now.get(name, ())

    def text(self, name: str) -> str:
        """The first shortcut as this system writes it; "" for none."""
        return native(self.keys(name)[0]) if self.keys(name) else ""

    def texts(self, name: str) -> str:
        """Every shortcut as this system writes it."""
        return "  ·  ".join(native(key) for key in self.keys(name))

    def tooltip(self, row: Action, why_not: str = "") -> str:
        """What an action does, its shortcut, and why it is disabled."""
        text = self.text(row.id)
        said = f"{row.tip} ({text})" if text else row.tip
        return f"{said}\n{why_not}" if why_not else said

    def is_own(self, name: str) -> bool:
        """Whether an action has other keys than the table gives it."""
        return self.keys(name) != defaults(name)

    def holders(self, key: str, name: str) -> tuple[str, ...]:
        """Actions that have a key where ``name`` would hear it too."""
        return tuple(other for other in self._of_key.get(canonical(key), ()) if other != name and _clash(other, name))

    def heard(self, event: QKeyEvent, scope: str) -> tuple[str, ...]:
        """The actions of a scope that a key event asks for."""
        found = (name for key in _spellings(event) for name in self._of_key.get(key, ()))
        return tuple(name for name in dict.fromkeys(found) if by_id(name).scope == scope)

    # --- changing ---

    def bind(self, name: str, keys: Iterable[str]) -> None:
        """Gives an action these keys and no others; whoever had one of them loses it."""
        wanted = tuple(dict.fromkeys(filter(None, map(canonical, keys))))
        for key in wanted:
            for other in self.holders(key, name):
                theirs = self._own.get(other, self.keys(other))
                self._own[other] = tuple(kept for kept in theirs if kept != key)
        self._own[name] = wanted
        self._settle()
        self.changed.emit()

    def swap(self, name: str, key: str, old: str = "") -> None:
        """Gives an action a key; whoever had it gets ``old``, which the action gives up for it."""
        others = self.holders(key, name)
        mine = self.keys(name)
        wanted = [canonical(key) if kept == old else kept for kept in mine] if old in mine else [*mine, key]
        theirs = {other: [old if kept == canonical(key) else kept for kept in self.keys(other)] for other in others}
        self.bind(name, wanted)
        for other, keys in theirs.items():
            self.bind(other, [kept for kept in keys if kept])

    def reset(self, name: str | None = None) -> None:
        """Back to the table's keys: one action, or all. What others had bound to them is taken from these."""
        if name is None:
            self._own.clear()
        else:
            self.bind(name, defaults(name))
            self._own.pop(name, None)
        self._settle()
        self.changed.emit()

    # --- files ---

    def changes(self) -> dict[str, list[str]]:
        """What differs from the table, as plain data."""
        return {row.id: list(self.keys(row.id)) for row in ACTIONS if self.is_own(row.id)}

    def take(self, found: Any) -> list[str]:
        """Replaces what a user has bound by plain data; what was wrong with it, in words. What is good is used."""
        said: list[str] = []
        own: dict[str, tuple[str, ...]] = {}
        if not isinstance(found, Mapping):
            return ["the keys are not a table of actions"]
        for name, keys in found.items():
            if not isinstance(name, str) or not is_action(name):
                said.append(f"there is no action {str(name)[:60]!r}")
                continue
            if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
                said.append(f"{by_id(name).title}: not a list of keys")
                continue
            good: list[str] = []
            for key in keys:
                plain = canonical(key)
                rival = next((other for other, theirs in own.items() if plain in theirs and _clash(other, name)), "")
                if not plain:
                    said.append(f"{by_id(name).title}: {key[:40]!r} is no key")
                elif rival:
                    said.append(
                        f"{native(plain)} is given to {by_id(rival).title} and {by_id(name).title}; the first has it"
                    )
                else:
                    good.append(plain)
            own[name] = tuple(dict.fromkeys(good))
        self._own = own
        self._settle()
        self.changed.emit()
        return said

    def _settle(self) -> None:
        taken: dict[str, list[str]] = {}
        for name, keys in self._own.items():
            for key in keys:
                taken.setdefault(key, []).append(name)
        self._now = {}
        for row in ACTIONS:
            plain = (key for key in defaults(row.id) if not any(_clash(other, row.id) for other in taken.get(key, ())))
            self._now[row.id] = self._own[row.id] if row.id in self._own else tuple(plain)
        of_key: dict[str, list[str]] = {}
        for name, keys in self._now.items():
            for key in keys:
                of_key.setdefault(key, []).append(name)
        self._of_key = {key: tuple(names) for key, names in of_key.items()}


def canonical(key: str) -> str:
    """A shortcut in the one form that is compared and kept; "" for what is no single key."""
    plain = key.strip().replace("PageDown", "PgDown").replace("PageUp", "PgUp").replace("Escape", "Esc")
    made = QKeySequence.fromString(plain, PORTABLE) if 0 < len(plain) < 60 else QKeySequence()
    if made.count() != 1 or plain.endswith(("Shift", "Ctrl", "Alt", "Meta")):
        return ""
    return made.toString(PORTABLE).replace("Shift+Backtab", "Shift+Tab").replace("Backtab", "Shift+Tab")


def native(key: str) -> str:
    """A shortcut as this system writes it."""
    return QKeySequence.fromString(key, PORTABLE).toString(NATIVE)


def of_event(event: QKeyEvent) -> str:
    """The shortcut that a key event is; "" for a modifier alone."""
    return next(iter(_spellings(event)), "")


def defaults(name: str) -> tuple[str, ...]:
    """The table's own keys of an action."""
    return tuple(dict.fromkeys(map(canonical, by_id(name).shortcuts)))


def to_json(keys: Mapping[str, Any]) -> str:
    """Keys as the text of a file."""
    return json.dumps({"format": _MARK, "version": 1, "keys": keys}, indent=1) + "\n"


def from_json(text: str) -> tuple[Any, str]:
    """(keys, what is wrong with the whole) of such a text."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}, "it is not JSON"
    if not isinstance(found, dict) or found.get("format") != _MARK:
        return {}, "it holds no keys of guigrad"
    return found.get("keys", {}), ""


def read_text(path: Path) -> tuple[str, str]:
    """(text, why it cannot be read) of a file of keys."""
    try:
        if path.stat().st_size > FILE_LIMIT:
            return "", "it is too large"
        return path.read_text("utf-8"), ""
    except OSError as error:
        return "", error.strerror or str(error)
    except UnicodeDecodeError:
        return "", "it is not text"


def _clash(one: str, other: str) -> bool:
    """Whether two actions would both hear a key."""
    if one == other:
        return False
    first, second = by_id(one), by_id(other)
    if other in first.shares or one in second.shares:
        return False
    scopes = {first.scope, second.scope}
    return len(scopes) == 1 or scopes == {"window", "canvas"} or scopes == {"window", "lesson"}


def _spellings(event: QKeyEvent) -> tuple[str, ...]:
    """The ways to write a key event: with Shift, and for signs that need Shift also without."""
    key, mods = event.key(), event.modifiers()
    mods &= ~(Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.GroupSwitchModifier)
    if key in _MODIFIERS or key <= 0:
        return ()
    if key == Qt.Key.Key_Backtab.value:
        key, mods = Qt.Key.Key_Tab.value, mods | Qt.KeyboardModifier.ShiftModifier
    found = [_portable(key, mods)]
    if 0x21 <= key <= 0x7E and not chr(key).isalpha() and mods & Qt.KeyboardModifier.ShiftModifier:
        found.append(_portable(key, mods & ~Qt.KeyboardModifier.ShiftModifier))
    return tuple(filter(None, found))


def _portable(key: int, mods: Qt.KeyboardModifier) -> str:
    return canonical(QKeySequence(key | mods.value).toString(PORTABLE))  # by number: not every key has a name in Qt.Key
