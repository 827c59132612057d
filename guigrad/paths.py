"""Finds resources/ in a checkout and in an installed wheel."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

_PACKAGE = Path(__file__).resolve().parent


def resources() -> Path:
    """The resources folder: inside the package when installed, beside it in a checkout."""
    inside = _PACKAGE / "resources"
    return inside if inside.is_dir() else _PACKAGE.parent / "resources"


SHOWN: Final = "guigrad-shown-"
"""How the folders begin, in the system's folder for temporary files, that hold what ``guigrad.show`` opens."""


def is_shown(path: str) -> bool:
    """Whether a file only carries something from a program to its window: it is nobody's, and goes away."""
    folder = Path(path).resolve().parent
    return bool(path) and folder.name.startswith(SHOWN) and folder.parent == Path(tempfile.gettempdir()).resolve()
