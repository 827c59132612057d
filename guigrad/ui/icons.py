"""Icons from resources/icons, tinted to the theme's colour."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from guigrad.paths import resources


@lru_cache(maxsize=256)
def _source(name: str) -> str:
    return (resources() / "icons" / f"{name}.svg").read_text("utf-8")


@lru_cache(maxsize=512)
def pixmap(name: str, colour: str, size_px: int, ratio: float = 1.0) -> QPixmap:
    """One icon as a pixmap of ``size_px`` logical pixels. ``colour`` is any CSS colour."""
    image = QPixmap(round(size_px * ratio), round(size_px * ratio))
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    renderer = QSvgRenderer(QByteArray(_source(name).replace("currentColor", colour).encode()))
    renderer.render(painter, QRectF(0, 0, image.width(), image.height()))
    painter.end()
    image.setDevicePixelRatio(ratio)
    return image


def icon(name: str, colour: str, disabled: str = "", size_px: int = 64) -> QIcon:
    """One icon for buttons and menus, greyed to ``disabled`` when its action is."""
    made = QIcon(pixmap(name, colour, size_px))
    if disabled:
        made.addPixmap(pixmap(name, disabled, size_px), QIcon.Mode.Disabled)
    return made
