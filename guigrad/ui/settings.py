"""What the window remembers between runs: recent files, theme, scale, sizes. A plain INI file, never a document's own data."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs
from PySide6.QtCore import QByteArray, QSettings

RECENT_LIMIT = 10
SCALES = (1.0, 1.1, 1.25, 1.5, 1.75, 2.0, 2.25, 2.5)


THEMES = ("dark", "light", "dark-safe", "light-safe")
"""Names of themes; those with "-safe" are for colour-blind eyes."""


def config_folder() -> Path:
    """Where settings and recovery files live; GUIGRAD_CONFIG overrides it."""
    override = os.environ.get("GUIGRAD_CONFIG")
    return Path(override) if override else Path(platformdirs.user_config_dir("guigrad", appauthor=False))


class Settings:
    """Typed access to the settings file."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or config_folder()
        self._store = QSettings(str(self.folder / "window.ini"), QSettings.Format.IniFormat)

    @property
    def theme(self) -> str:
        """One of ``THEMES``."""
        name = str(self._store.value("theme", "dark"))
        return name if name in THEMES else "dark"

    @theme.setter
    def theme(self, name: str) -> None:
        self._store.setValue("theme", name)

    @property
    def scale(self) -> float:
        """The lecture scale, 1.0 to 2.5."""
        try:
            value = float(str(self._store.value("scale", "1.0")))
        except ValueError:
            return 1.0
        return min(max(value, SCALES[0]), SCALES[-1])

    @scale.setter
    def scale(self, value: float) -> None:
        self._store.setValue("scale", str(value))

    @property
    def xray(self) -> bool:
        """Whether x-ray gradients are shown."""
        return str(self._store.value("xray", "true")) == "true"

    @xray.setter
    def xray(self, on: bool) -> None:
        self._store.setValue("xray", "true" if on else "false")

    @property
    def recent(self) -> list[str]:
        """Files opened last, newest first, those that are gone left out."""
        value = self._store.value("recent", [])
        names = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        return [name for name in names if isinstance(name, str) and name and Path(name).is_file()]

    def add_recent(self, path: str) -> None:
        """Puts a file on top of the recent ones."""
        full = str(Path(path).resolve())
        self._store.setValue("recent", [full, *(name for name in self.recent if name != full)][:RECENT_LIMIT])

    def clear_recent(self) -> None:
        """Forgets the recent files."""
        self._store.setValue("recent", [])

    @property
    def last_document(self) -> str:
        """The file that was open when the window closed; "" for none or when it is gone."""
        name = self._store.value("last_document", "")
        return name if isinstance(name, str) and name and Path(name).is_file() else ""

    @last_document.setter
    def last_document(self, path: str) -> None:
        self._store.setValue("last_document", str(Path(path).resolve()) if path else "")

    def state(self, name: str) -> QByteArray | None:
        """A saved geometry or splitter state."""
        value = self._store.value(f"layout/{name}")
        return value if isinstance(value, QByteArray) else None

    def set_state(self, name: str, value: QByteArray) -> None:
        """Remembers a geometry or splitter state."""
        self._store.setValue(f"layout/{name}", value)

    def sync(self) -> None:
        """Writes what changed to disk now."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._store.sync()
