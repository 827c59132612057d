"""Axes that are drawn at once: pyqtgraph plays a recorded picture of them in every frame, which looks each font up anew."""

from __future__ import annotations

from functools import cache, lru_cache
from importlib import import_module
from typing import Any, Final

from PySide6.QtGui import QColor, QPen

WORDED: Final = (1, 2, 5, 10)


@cache
def _kind() -> Any:
    pg: Any = import_module("pyqtgraph")  # late: the first plot brings it

    class Axis(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
        """``picture`` holds what is to be drawn: line, ticks, texts; ``ground`` is the colour behind the plot, ``whole`` axes have no ticks between 1 and 2."""

        picture: Any
        whole = False
        ground: QColor | None = None

        def paint(self, p: Any, opt: Any, widget: Any) -> None:
            p.save()
            if self.picture is None:
                if self.style["tickFont"]:
                    p.setFont(self.style["tickFont"])
                self.picture = _opaque(self.generateDrawSpecs(p), self.ground)
            if self.picture is not None:
                self.drawPicture(p, *self.picture)
            p.restore()

        def tickSpacing(self, low: float, high: float, size: float) -> Any:
            spacing = super().tickSpacing(low, high, size)
            return [one for one in spacing if one[0] >= 1] or [(1.0, 0.0)] if self.whole else spacing

        def logTickStrings(self, values: Any, scale: Any, spacing: Any) -> Any:
            """Of a decade 1, 2 and 5 have a word: all nine would lie on each other."""
            words = super().logTickStrings(values, scale, spacing)
            return [word if round(10 ** (at % 1)) in WORDED else "" for at, word in zip(values, words, strict=False)]

    return Axis


def _opaque(specs: Any, ground: QColor | None) -> Any:
    """Lines of the grid in the colour that they have over the ground: what is translucent takes many times as long."""
    if specs is None or ground is None:
        return specs
    line, ticks, texts = specs
    return line, [(_blended(pen, ground), start, end) for pen, start, end in ticks], texts


def _blended(pen: QPen, ground: QColor) -> QPen:
    made = QPen(pen)
    made.setColor(_mixed(pen.color().rgba(), ground.rgba()))
    return made


@lru_cache(256)
def _mixed(above: int, below: int) -> QColor:
    color, ground = QColor.fromRgba(above), QColor.fromRgba(below)
    part = color.alphaF()
    parts = ((color.redF(), ground.redF()), (color.greenF(), ground.greenF()), (color.blueF(), ground.blueF()))
    return QColor.fromRgbF(*(one * part + other * (1 - part) for one, other in parts))


def axes() -> dict[str, Any]:
    """The axes of a plot: left and bottom, with lines in two densities."""
    return {side: _kind()(orientation=side, maxTickLevel=1) for side in ("left", "bottom")}
