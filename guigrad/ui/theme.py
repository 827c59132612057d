"""The visual language as tokens: colours by meaning, heat-map scales, fonts, spacing; dark and light.

Surfaces, texts and meanings are read from resources/themes; nothing else in the window names a colour.
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import Final

import msgspec
from msgspec import Struct
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette

from guigrad.paths import resources

GRID: Final = 8
"""Units: px. Every distance is a multiple of it."""
CORNER: Final = 10
"""Units: px. Corner radius of a node."""
TEXT_PX: Final = 12.5
"""Units: px. Base text size at scale 1."""
SCALES: Final = (1.0, 2.5)
"""Smallest and largest lecture scale."""

KINDS: Final = ("leaf", "op", "reduce", "loss", "optim", "other")
"""Kinds of nodes that have an accent colour (and a ``<kind>_soft`` fill for their pill)."""

PAIRS: Final = (
    *((text, surface) for text in ("text", "text_muted", "text_faint") for surface in (
        "window", "canvas", "panel", "raised", "hover", "input", "node", "node_title", "box_fill", "loop_fill")),
    ("text", "tooltip"), ("text_muted", "tooltip"), ("text", "pressed"),
    ("text", "note"), ("text_muted", "note"), ("text", "accent_soft"), ("text_on_accent", "accent"),
    ("text_on_accent", "accent_hover"),
    *((text, surface) for text in ("value", "grad", "accent", "failed", "warning", "success", "xray") for surface in (
        "panel", "canvas", "node", "raised")),
    ("value", "value_soft"), ("grad", "grad_soft"), ("failed", "failed_soft"), ("warning", "warning_soft"),
    ("success", "success_soft"), ("text", "failed_soft"), ("text", "warning_soft"), ("text", "grad_soft"),
    ("accent", "warning_soft"), ("accent", "failed_soft"), ("accent", "accent_soft"),
    *((kind, f"{kind}_soft") for kind in KINDS), *((kind, "panel") for kind in KINDS),
    *((kind, "canvas") for kind in KINDS), ("box", "box_fill"), ("loop", "loop_fill"), ("loop", "canvas"),
    *((f"code_{part}", surface) for part in ("keyword", "string", "number", "comment", "name", "call")
      for surface in ("panel", "canvas", "raised")),
)  # fmt: skip
"""(text token, background token) of every text the window shows; each has a contrast of 4.5 or more (WCAG AA)."""


class Theme(Struct, frozen=True, dict=True):
    """One set of tokens. ``heat`` are the colours at -1, 0 and 1 of a diverging scale, ``invalid`` that of NaN and inf."""

    name: str
    dark: bool
    colors: dict[str, str]
    heat: dict[str, tuple[str, str, str]]
    invalid: str

    @cached_property
    def _made(self) -> dict[str, QColor]:
        return {token: QColor(text) for token, text in self.colors.items()}

    def __hash__(self) -> int:
        return hash(self.name)

    def color(self, token: str, opacity: float = 1.0) -> QColor:
        """The colour of a token (a copy, so that a caller may change it).

        Raises: KeyError for a token that the theme lacks.
        """
        color = QColor(self._made[token])
        if opacity < 1.0:
            color.setAlphaF(opacity)
        return color


@cache
def theme(name: str = "dark") -> Theme:
    """The theme of that name: "dark", "light", or either with "-safe", whose scales are safe for colour-blind eyes.

    Raises: ValueError for a name that is none of these.
    """
    base, _, variant = name.partition("-")
    if base not in ("dark", "light") or variant not in ("", "safe"):
        raise ValueError(f"there is no theme {name!r}")
    found = msgspec.json.decode((resources() / "themes" / f"{base}.json").read_bytes(), type=Theme)
    return found if not variant else _safe(found, name)


def _safe(plain: Theme, name: str) -> Theme:
    """Okabe and Ito's hues: red and green carry no difference of their own."""
    middle = plain.heat["value"][1]
    dark = plain.dark
    accents = {
        "leaf": "#56b4e9" if dark else "#00629b",
        "loss": "#e69f00" if dark else "#8a5a00",
        "success": "#56b4e9" if dark else "#00629b",
        "leaf_soft": "#173a4f" if dark else "#d8ecf8",
        "loss_soft": "#47361a" if dark else "#f6ead2",
        "success_soft": "#173a4f" if dark else "#d8ecf8",
    }
    heat = {
        "value": ("#2f7fd0", middle, "#f0e442" if dark else "#8f7a00"),
        "grad": ("#cc79a7", middle, "#e69f00" if dark else "#b87400"),
    }
    return Theme(name=name, dark=dark, colors={**plain.colors, **accents}, heat=heat, invalid=plain.invalid)


def contrast(first: QColor, second: QColor) -> float:
    """The WCAG contrast ratio of two opaque colours, 1 to 21."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: QColor) -> float:
    parts = ((0.2126, color.redF()), (0.7152, color.greenF()), (0.0722, color.blueF()))
    return sum(w * (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4) for w, c in parts)


def palette(chosen: Theme) -> QPalette:
    """The theme as Qt's own palette, for every widget that is not styled otherwise."""
    roles = {
        QPalette.ColorRole.Window: "window", QPalette.ColorRole.WindowText: "text", QPalette.ColorRole.Base: "input",
        QPalette.ColorRole.AlternateBase: "raised", QPalette.ColorRole.Text: "text", QPalette.ColorRole.Button: "raised",
        QPalette.ColorRole.ButtonText: "text", QPalette.ColorRole.BrightText: "failed", QPalette.ColorRole.Link: "accent",
        QPalette.ColorRole.Highlight: "accent", QPalette.ColorRole.HighlightedText: "text_on_accent",
        QPalette.ColorRole.ToolTipBase: "tooltip", QPalette.ColorRole.ToolTipText: "text",
        QPalette.ColorRole.PlaceholderText: "text_faint", QPalette.ColorRole.Mid: "border",
        QPalette.ColorRole.Dark: "border_strong", QPalette.ColorRole.Light: "hover",
    }  # fmt: skip
    made = QPalette()
    for role, token in roles.items():
        made.setColor(role, chosen.color(token))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, role, chosen.color("text_faint"))
    return made


@cache
def load_fonts() -> tuple[str, str]:
    """Registers the fonts shipped in resources/fonts; (text family, code family) that are there to use.

    Thread: the GUI thread, after a QGuiApplication exists.
    """
    for path in sorted((resources() / "fonts").glob("*.[ot]tf")):
        QFontDatabase.addApplicationFont(str(path))
    there = set(QFontDatabase.families())
    fixed = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont).family()
    general = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont).family()
    return ("Inter" if "Inter" in there else general, "JetBrains Mono" if "JetBrains Mono" in there else fixed)


def text_font(px: float = TEXT_PX, weight: int = 400) -> QFont:
    """The font of words. Units: px is a height in device-independent pixels; weight as in CSS."""
    return _font(load_fonts()[0], px, weight)


def code_font(px: float = TEXT_PX, weight: int = 400) -> QFont:
    """The font of code and numbers; its digits all have one width."""
    font = _font(load_fonts()[1], px, weight)
    font.setStyleHint(QFont.StyleHint.Monospace)
    return font


def _font(family: str, px: float, weight: int) -> QFont:
    font = QFont(family)
    font.setPixelSize(max(1, round(px)))
    font.setWeight(QFont.Weight(weight))
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return font
