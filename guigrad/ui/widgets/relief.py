"""What the pictures of a landscape show: the surface, the ways that trainings went on it, where the point is."""

from __future__ import annotations

from typing import Final

import numpy as np
from msgspec import Struct
from PySide6.QtGui import QColor

from guigrad.ui.style import Look
from guigrad.ui.theme import theme
from guigrad.ui.widgets.terrain import Numbers, Scale, sample

NOTHING: Final = np.empty(0)
POINTS: Final = 1500
"""Of a longer way every so many points are drawn."""


class Way(Struct, frozen=True):
    """One training on the plane. ``here``: which of its points is the step that is shown, -1 for none. ``mark`` tells ways apart besides colour."""

    name: str
    x: Numbers
    y: Numbers
    token: str = "grad"
    mark: str = "o"
    here: int = -1


class Relief(Struct, frozen=True):
    """Shapes: ``z`` [len(y), len(x)]; it is empty before anything is known. ``point`` is where the parameters are, None when nobody knows.

    ``line``: the loss along x alone; ``z`` is [1, len(x)], and y of points and ways means nothing.
    """

    x: Numbers = NOTHING
    y: Numbers = NOTHING
    z: Numbers = NOTHING
    scale: Scale | None = None
    names: tuple[str, str, str] = ("", "", "loss")
    ways: tuple[Way, ...] = ()
    point: tuple[float, float] | None = None
    line: bool = False

    @property
    def known(self) -> bool:
        """Whether there is a surface."""
        return self.z.ndim == 2 and self.z.shape[1] >= 2 and (self.line or self.z.shape[0] >= 2)

    def height(self, x: Numbers, y: Numbers) -> Numbers:
        """The surface at points of the plane."""
        return sample(self.x, self.y, self.z, x, y) if self.known else np.full(len(x), np.nan)


def ink(look: Look, token: str) -> QColor:
    """A way's colour on the surface, which is as dark in every theme: that of the dark one."""
    return look.color(token) if look.theme.dark else theme("dark").color(token)


def thinned(way: Way, most: int = POINTS) -> tuple[Numbers, Numbers]:
    """Its finite points, at most so many and the last of them always."""
    x, y = way.x, way.y
    good = np.isfinite(x) & np.isfinite(y)
    x, y = x[good], y[good]
    if len(x) > most:
        keep = np.unique(np.round(np.linspace(0, len(x) - 1, most)).astype(int))
        x, y = x[keep], y[keep]
    return x, y
