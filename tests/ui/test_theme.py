"""Tokens: both themes have the same ones, every text can be read, fonts are found."""

import os

import pytest
from PySide6.QtGui import QColor, QGuiApplication, QRawFont

from guigrad.ops import table
from guigrad.paths import resources
from guigrad.ui.theme import KINDS, PAIRS, code_font, contrast, load_fonts, palette, text_font, theme

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
NAMES = ("dark", "light", "dark-safe", "light-safe")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("pair", dict.fromkeys(PAIRS))
def test_every_text_reaches_aa(name: str, pair: tuple[str, str]) -> None:
    chosen = theme(name)
    assert contrast(chosen.color(pair[0]), chosen.color(pair[1])) >= 4.5


@pytest.mark.parametrize("name", NAMES)
def test_marks_stand_out(name: str) -> None:
    # Lines and marks need 3:1 (WCAG 1.4.11).
    chosen = theme(name)
    for token in ("selected", "failed", "running", "focus", "wire_grad", "value", *KINDS):
        assert contrast(chosen.color(token), chosen.color("canvas")) >= 3, token


def test_both_themes_have_the_same_tokens() -> None:
    assert theme("dark").colors.keys() == theme("light").colors.keys()
    assert theme("dark-safe").colors.keys() == theme("light").colors.keys()


def test_black_on_white_is_21() -> None:
    assert contrast(QColor("black"), QColor("white")) == pytest.approx(21)
    assert contrast(QColor("#777777"), QColor("#777777")) == 1


def test_an_unknown_theme_is_refused() -> None:
    with pytest.raises(ValueError, match="no theme 'mauve'"):
        theme("mauve")


def test_a_colour_handed_out_can_be_changed_without_harm() -> None:
    theme("dark").color("text").setAlpha(0)
    assert theme("dark").color("text").alpha() == 255
    assert theme("dark").color("text", 0.5).alphaF() == pytest.approx(0.5, abs=0.01)


def test_fonts_and_palette(qapp: QGuiApplication) -> None:
    words, code = load_fonts()
    assert words != ""
    assert code != ""
    assert text_font(20).pixelSize() == 20
    assert code_font(weight=700).weight() == 700
    assert palette(theme("light")).window().color() == theme("light").color("window")


def test_every_sign_of_an_op_is_in_the_shipped_code_font(qapp: QGuiApplication) -> None:
    font = QRawFont(str(resources() / "fonts" / "JetBrainsMono-Regular.ttf"), 12)
    assert font.isValid()
    rows = list(table.all_rows())
    assert sum(bool(row.glyph or row.infix) for row in rows) > 100
    missing = {
        row.key: sign
        for row in rows
        for sign in (row.glyph, row.infix)
        for letter in sign
        if not font.supportsCharacter(ord(letter))
    }  # type: ignore[call-overload]
    assert missing == {}
