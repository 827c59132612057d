"""What the window remembers between runs: keys, mouse, look, recent files, sizes. Plain text files, never a document's own data.

Whatever is broken in them is replaced by the usual value and told in ``complaints``; a file that cannot be read at all is kept beside as
``.broken``.
"""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import platformdirs
from PySide6.QtCore import QByteArray, QSettings

from guigrad.document.file import write_atomically
from guigrad.ui import keymap

RECENT_LIMIT = 10
RECENT_OPS: Final = 30
SCALES = (1.0, 1.1, 1.25, 1.5, 1.75, 2.0, 2.25, 2.5)


THEMES = ("dark", "light", "dark-safe", "light-safe")
"""Names of themes; those with "-safe" are for colour-blind eyes."""
WHEEL: Final = ("auto", "zoom", "pan")
"""What a wheel does on the canvas; "auto": a mouse's wheel zooms, two fingers on a touchpad pan."""
MOTION: Final = ("system", "full", "reduced")
"""Whether things move where they could also jump."""
SPEEDS: Final = (0.25, 3.0)
"""Smallest and largest zoom speed of the wheel; 1 is the usual one."""


def config_folder() -> Path:
    """Where settings and recovery files live; GUIGRAD_CONFIG overrides it."""
    override = os.environ.get("GUIGRAD_CONFIG")
    return Path(override) if override else Path(platformdirs.user_config_dir("guigrad", appauthor=False))


class Settings:
    """Typed access to the settings files. ``complaints`` is what was wrong with them, in words."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or config_folder()
        self.complaints: list[str] = []
        path = self.folder / "window.ini"
        if not _is_text(path):
            self._put_aside(path)
        self._store = QSettings(str(path), QSettings.Format.IniFormat)
        if self._store.status() == QSettings.Status.FormatError:
            self._put_aside(path)
            self._store = QSettings(str(path), QSettings.Format.IniFormat)

    def _put_aside(self, path: Path) -> None:
        with contextlib.suppress(OSError):
            path.replace(path.with_name(path.name + ".broken"))
        self._complain(
            f"{path.name} could not be read; the usual settings are used and the file is kept as {path.name}.broken"
        )

    def _complain(self, text: str) -> None:
        if text not in self.complaints:
            self.complaints.append(text)

    def _choice(self, name: str, choices: tuple[str, ...]) -> str:
        """One of some words, the first of them unless the file says otherwise."""
        value = self._store.value(name, choices[0])
        if value in choices:
            return str(value)
        self._complain(f"{name} = {str(value)[:40]!r} is none of {', '.join(choices)}")
        return choices[0]

    def _number(self, name: str, low: float, high: float, usual: float) -> float:
        value = str(self._store.value(name, usual))
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if math.isnan(number):
            self._complain(f"{name} = {value[:40]!r} is no number")
            return usual
        return min(max(number, low), high)

    def _flag(self, name: str, usual: bool) -> bool:
        return str(self._store.value(name, "true" if usual else "false")).lower() == "true"

    def _set(self, name: str, value: object) -> None:
        self._store.setValue(name, str(value).lower() if isinstance(value, bool) else str(value))

    # --- look ---

    @property
    def theme(self) -> str:
        """One of ``THEMES``."""
        return self._choice("theme", THEMES)

    @theme.setter
    def theme(self, name: str) -> None:
        self._set("theme", name)

    @property
    def scale(self) -> float:
        """The lecture scale, 1.0 to 2.5."""
        return self._number("scale", SCALES[0], SCALES[-1], 1.0)

    @scale.setter
    def scale(self, value: float) -> None:
        self._set("scale", value)

    @property
    def motion(self) -> str:
        """One of ``MOTION``."""
        return self._choice("motion", MOTION)

    @motion.setter
    def motion(self, value: str) -> None:
        self._set("motion", value)

    @property
    def xray(self) -> bool:
        """Whether x-ray gradients are shown."""
        return self._flag("xray", True)

    @xray.setter
    def xray(self, on: bool) -> None:
        self._set("xray", on)

    @property
    def wire_gradients(self) -> bool:
        """Whether wires look as the gradients that came back along them."""
        return self._flag("wire_gradients", True)

    @wire_gradients.setter
    def wire_gradients(self, on: bool) -> None:
        self._set("wire_gradients", on)

    @property
    def updates(self) -> bool:
        """Whether cards show what a training step did to the parameters."""
        return self._flag("updates", True)

    @updates.setter
    def updates(self, on: bool) -> None:
        self._set("updates", on)

    # --- mouse ---

    @property
    def wheel(self) -> str:
        """One of ``WHEEL``."""
        return self._choice("wheel", WHEEL)

    @wheel.setter
    def wheel(self, value: str) -> None:
        self._set("wheel", value)

    @property
    def zoom_speed(self) -> float:
        """How fast the wheel zooms, within ``SPEEDS``."""
        return self._number("zoom_speed", *SPEEDS, 1.0)

    @zoom_speed.setter
    def zoom_speed(self, value: float) -> None:
        self._set("zoom_speed", value)

    @property
    def zoom_invert(self) -> bool:
        """Whether turning the wheel towards the user zooms in."""
        return self._flag("zoom_invert", False)

    @zoom_invert.setter
    def zoom_invert(self, on: bool) -> None:
        self._set("zoom_invert", on)

    # --- keys ---

    @property
    def keys_path(self) -> Path:
        """The file of keys that differ from the usual ones."""
        return self.folder / "keys.json"

    def load_keys(self, into: keymap.Keymap) -> None:
        """Gives a keymap what was bound when it was saved."""
        if not self.keys_path.exists():
            return
        text, wrong = keymap.read_text(self.keys_path)
        keys, unfit = keymap.from_json(text) if not wrong else ({}, "")
        if wrong or unfit:
            self._put_aside(self.keys_path)
            return
        for said in into.take(keys):
            self._complain(f"{self.keys_path.name}: {said}")

    def save_keys(self, bound: keymap.Keymap) -> None:
        """Keeps what a user has bound.

        Raises: OSError when it cannot be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self.keys_path, keymap.to_json(bound.changes()).encode())

    # --- files and ops ---

    @property
    def reopen(self) -> bool:
        """Whether the last document opens at the start."""
        return self._flag("reopen", True)

    @reopen.setter
    def reopen(self, on: bool) -> None:
        self._set("reopen", on)

    @property
    def recent(self) -> list[str]:
        """Files opened last, newest first, those that are gone left out."""
        return [name for name in self._list("recent") if Path(name).is_file()]

    def _list(self, name: str) -> list[str]:
        value = self._store.value(name, [])
        found = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        return [text for text in found if isinstance(text, str) and text]

    def add_recent(self, path: str) -> None:
        """Puts a file on top of the recent ones."""
        full = str(Path(path).resolve())
        self._store.setValue("recent", [full, *(name for name in self.recent if name != full)][:RECENT_LIMIT])

    def clear_recent(self) -> None:
        """Forgets the recent files."""
        self._store.setValue("recent", [])

    @property
    def recent_ops(self) -> list[str]:
        """Targets of the ops added last, newest first."""
        return self._list("recent_ops")

    def add_recent_op(self, target: str) -> None:
        """Puts an op on top of those added last."""
        known = (name for name in self.recent_ops if name != target)
        self._store.setValue("recent_ops", [target, *known][:RECENT_OPS])

    @property
    def last_document(self) -> str:
        """The file that was open when the window closed; "" for none or when it is gone."""
        name = self._store.value("last_document", "")
        return name if isinstance(name, str) and name and Path(name).is_file() else ""

    @last_document.setter
    def last_document(self, path: str) -> None:
        self._store.setValue("last_document", str(Path(path).resolve()) if path else "")

    # --- sizes ---

    def state(self, name: str) -> QByteArray | None:
        """A saved geometry or splitter state."""
        value = self._store.value(f"layout/{name}")
        return value if isinstance(value, QByteArray) else None

    def set_state(self, name: str, value: QByteArray) -> None:
        """Remembers a geometry or splitter state."""
        self._store.setValue(f"layout/{name}", value)

    def check(self) -> tuple[str, ...]:
        """Looks at every setting once; what is wrong with the files, in words."""
        asked: tuple[Callable[[], object], ...] = (
            lambda: self.theme, lambda: self.scale, lambda: self.motion, lambda: self.wheel, lambda: self.zoom_speed,
        )  # fmt: skip
        for ask in asked:
            ask()
        return tuple(self.complaints)

    def sync(self) -> None:
        """Writes what changed to disk now."""
        with contextlib.suppress(OSError):  # a folder that cannot be made: the settings last until the program ends
            self.folder.mkdir(parents=True, exist_ok=True)
        self._store.sync()


def _is_text(path: Path) -> bool:
    """Whether a settings file can be one; Qt itself would take any bytes for keys and values."""
    try:
        return (
            path.stat().st_size <= keymap.FILE_LIMIT
            and b"\0" not in path.read_bytes()
            and bool(path.read_text("utf-8") or True)
        )
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, UnicodeDecodeError):
        return False
