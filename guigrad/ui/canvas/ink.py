"""Colours, pens and fonts of one theme, made once."""

from __future__ import annotations

from functools import cache, lru_cache

from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QPen

from guigrad.ui.theme import KINDS, Theme, code_font, text_font, theme


class Ink:
    """What the painters draw with. Sizes are canvas units; painters scale."""

    def __init__(self, chosen: Theme) -> None:
        self.theme = chosen
        self.title = text_font(14, 600)
        self.label = text_font(11)
        self.pill = text_font(10, 600)
        self.op = code_font(12)
        self.port = code_font(10)
        self.foot = code_font(10)
        self.reason = code_font(10)
        self.number = code_font(15, 500)
        self.small = code_font(11, 500)
        self.chip = code_font(10, 500)
        self.box = text_font(13, 600)
        self.note = text_font(12)
        self.kinds = tuple(chosen.color(kind) for kind in KINDS)
        self.body_edge = QPen(chosen.color("node_border"), 1.0)
        self.dashes = QPen(chosen.color("border_strong"), 1.2, Qt.PenStyle.CustomDashLine)
        self.dashes.setDashPattern([2.6, 2.2])
        self.xray_dashes = QPen(chosen.color("xray"), 1.2, Qt.PenStyle.CustomDashLine)
        self.xray_dashes.setDashPattern([2.6, 2.2])

    def color(self, token: str) -> QColor:
        """A token's colour."""
        return _color(self.theme, token)

    def pen(self, token: str, width: float = 1.0) -> QPen:
        """A solid pen with round ends."""
        return _pen(self.theme, token, width)

    def brush(self, token: str) -> QBrush:
        """A plain fill."""
        return _brush(self.theme, token)


@lru_cache(maxsize=512)
def _color(chosen: Theme, token: str) -> QColor:
    return chosen.color(token)


@lru_cache(maxsize=512)
def _pen(chosen: Theme, token: str, width: float) -> QPen:
    return QPen(_color(chosen, token), width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)


@lru_cache(maxsize=512)
def _brush(chosen: Theme, token: str) -> QBrush:
    return QBrush(_color(chosen, token))


@cache
def ink(name: str) -> Ink:
    """The ink of a theme. Thread: the GUI thread, after a QGuiApplication exists."""
    return Ink(theme(name))


@lru_cache(maxsize=256)
def _metrics(key: str) -> QFontMetricsF:
    font = QFont()
    font.fromString(key)
    return QFontMetricsF(font)


@lru_cache(maxsize=8192)
def _width(key: str, text: str) -> float:
    return _metrics(key).horizontalAdvance(text)


_keys: dict[int, tuple[QFont, str]] = {}
"""Fonts by identity, which are kept so that no other can take their place; asking a QFont for its parts takes longer than the rest."""


@lru_cache(maxsize=64)
def _key(family: str, size: int, weight: int) -> str:
    font = QFont(family)
    font.setPixelSize(size)
    font.setWeight(QFont.Weight(weight))
    return font.toString()


def text_width(font: QFont, text: str) -> float:
    """Units: canvas units. Widths of texts seen before cost a look-up; the font is one that is not changed any more, as an ``Ink``'s."""
    known = _keys.get(id(font))
    if known is None or known[0] is not font:
        if len(_keys) >= 64:
            _keys.clear()
        known = _keys[id(font)] = (font, _key(font.family(), font.pixelSize(), font.weight()))
    return _width(known[1], text)


def elided(font: QFont, text: str, room: float) -> str:
    """The text, or as much of it as fits and an ellipsis."""
    if text_width(font, text) <= room:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if text_width(font, text[:middle] + "…") <= room:
            low = middle
        else:
            high = middle - 1
    return text[:low] + "…" if low else ""
