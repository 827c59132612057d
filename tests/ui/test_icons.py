"""Icons and fonts: every one is there, used, and has its licence beside it."""

from __future__ import annotations

import re
from pathlib import Path

from guigrad.paths import resources
from guigrad.ui.actions import ACTIONS
from guigrad.ui.icons import pixmap
from guigrad.ui.style import Look


def test_icons_are_those_that_are_used(repository: Path) -> None:
    there = {path.stem for path in (resources() / "icons").glob("*.svg")}
    code = "\n".join(path.read_text("utf-8") for path in (repository / "guigrad" / "ui").rglob("*.py"))
    quoted = set(re.findall(r'"([a-z0-9-]+)"', code))
    assert there - quoted == set()
    assert {row.icon for row in ACTIONS if row.icon} <= there
    assert (resources() / "icons" / "LICENSE.txt").read_text("utf-8").startswith("ISC License")


def test_fonts_carry_their_licences() -> None:
    folder = resources() / "fonts"
    families = {path.stem.partition("-")[0] for path in folder.glob("*.[ot]tf")}
    assert families == {"Inter", "JetBrainsMono"}
    for family in families:
        assert "SIL OPEN FONT LICENSE" in (folder / f"{family}-OFL.txt").read_text("utf-8")
    assert sum(path.stat().st_size for path in folder.iterdir()) < 3_000_000


def test_icons_are_tinted(look: Look) -> None:
    image = pixmap("play", look.css("accent"), 24).toImage()
    found = {
        image.pixelColor(x, y).name() for x in range(24) for y in range(24) if image.pixelColor(x, y).alpha() == 255
    }
    assert look.color("accent").name() in found
