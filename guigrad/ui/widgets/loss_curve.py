"""A landscape along one value: the loss as a curve, on a plot of pyqtgraph that shows landscapes."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from msgspec import structs

from guigrad.ui.style import Look
from guigrad.ui.widgets.relief import Relief
from guigrad.ui.widgets.terrain import Numbers

ROOM: Final = 0.06
"""So much of its height is free above and below the curve."""


class LossCurve:
    """Thread: the GUI thread. It draws where a relief is one of a line, and is hidden where it is a surface."""

    def __init__(self, pg: Any, item: Any) -> None:
        self._item, self._box = item, item.getViewBox()
        self._pg = pg
        self._curve: Any = pg.PlotCurveItem(antialias=True, connect="finite")
        self._curve.setZValue(5)
        item.addItem(self._curve, ignoreBounds=True)
        self.line, self.log = False, False
        self._x: Numbers = np.empty(0)
        self._heights: Numbers = np.empty(0)

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self._curve.setPen(self._pg.mkPen(look.color("value"), width=2 * look.scale))

    def take(self, relief: Relief) -> Relief:
        """The relief as it is drawn: of a line, ways and the point lie on the curve."""
        if relief.line != self.line:
            self.line = relief.line
            self._box.setMouseEnabled(x=True, y=not self.line)
            self._item.showGrid(x=self.line, y=self.line, alpha=0.18)
        if not self.line:
            self._set_log(False)
            return relief
        good = relief.z[np.isfinite(relief.z)]
        self._set_log(relief.scale is not None and relief.scale.log and bool((good > 0).all()))
        self._x = relief.x if relief.known else np.empty(0)
        self._heights = self._scaled(relief.z[0]) if relief.known else np.empty(0)
        ways = tuple(structs.replace(way, y=self._at(way.x)) for way in relief.ways)
        point = relief.point
        if point is not None:
            point = (point[0], float(self._at(np.array(point[:1]))[0]))
        return structs.replace(relief, ways=ways, point=point)

    def draw(self) -> None:
        """The curve, as high as the plot."""
        if not self.line:
            self._curve.setData([], [])
            return
        self._curve.setData(self._x, self._heights)
        good = self._heights[np.isfinite(self._heights)]
        if len(good):
            low, high = float(good.min()), float(good.max())
            room = (high - low) * ROOM or max(abs(low), 1.0) * ROOM
            self._box.setYRange(low - room, high + room, padding=0)

    def _set_log(self, log: bool) -> None:
        if log != self.log:
            self.log = log
            self._item.getAxis("left").setLogMode(log)

    def _scaled(self, z: Numbers) -> Numbers:
        with np.errstate(all="ignore"):
            heights: Numbers = np.log10(z) if self.log else np.asarray(z, np.float64)
        return np.where(np.isfinite(heights), heights, np.nan)

    def _at(self, x: Numbers) -> Numbers:
        """The height over places, linear between what is known; NaN outside."""
        if not len(self._x):
            return np.full(len(x), np.nan)
        found: Numbers = np.interp(x, self._x, self._heights, left=np.nan, right=np.nan)
        return found
