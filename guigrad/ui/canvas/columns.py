"""Where every card lies, as columns, and what lies at a point: the part of a scene that follows from its rows alone.

Thread: the GUI thread.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from guigrad.document.model import Document, Node
from guigrad.ui.canvas import geometry as g
from guigrad.ui.canvas.brackets import Bracket
from guigrad.ui.canvas.facet import Facet
from guigrad.ui.canvas.wire import Rect, rows_array

Array = np.ndarray[Any, Any]
GONE: Final = np.nan

COLUMNS: Final = {
    "x": (np.float64, GONE), "y": (np.float64, GONE), "width": (np.float64, g.WIDTH), "height": (np.float64, 0.0),
    "kind": (np.uint8, 0), "port_rows": (np.int16, 0), "value_height": (np.float64, g.LINE),
    "grad_height": (np.float64, g.LINE), "collapsed": (bool, False), "selected": (bool, False), "failed": (bool, False), "warned": (bool, False),
    "named_left": (bool, False), "named_right": (bool, False), "edited": (bool, False), "veiled": (bool, False), "running": (bool, False), "level": (np.int64, 0),
}  # fmt: skip
"""Of each column its type and what a row that nothing is in holds."""


class Columns:
    """Rows of cards. ``Scene`` fills them."""

    x: Array
    y: Array
    width: Array
    height: Array
    kind: Array
    port_rows: Array
    value_height: Array
    grad_height: Array
    collapsed: Array
    named_left: Array
    named_right: Array
    selected: Array
    failed: Array
    warned: Array
    edited: Array
    veiled: Array
    running: Array
    level: Array
    document: Document
    count: int
    ids: list[str]
    row: dict[str, int]
    facets: list[Facet | None]
    brackets: tuple[Bracket, ...]

    def inlet_y(self, rows: Array, index: Array) -> Array:
        """How far below a card's top an input lies. Shapes: [n], [n] -> [n]"""
        named = g.TITLE + 4.0 + (index + 0.5) * g.PORT_ROW
        single = g.TITLE + g.GAP + self.value_height[rows] / 2
        return self._port_y(rows, self.named_left[rows], named, single)

    def outlet_y(self, rows: Array, index: Array) -> Array:
        """How far below a card's top an output lies. Shapes: [n], [n] -> [n]"""
        named = g.TITLE + 4.0 + (index + 0.5) * g.PORT_ROW
        top = np.where(self.port_rows[rows] > 0, self.port_rows[rows] * g.PORT_ROW + 4.0, 0.0)
        single = g.TITLE + top + g.GAP + self.value_height[rows] / 2
        return self._port_y(rows, self.named_right[rows], named, single)

    def row_middles(self, rows: Array) -> tuple[Array, Array]:
        """How far below a card's top the middles of its value and of its gradient lie. Shapes: [n] -> [n], [n]"""
        ports, value = self.port_rows[rows], self.value_height[rows]
        middle: Array = g.TITLE + np.where(ports > 0, ports * g.PORT_ROW + 4.0, 0.0) + g.GAP + value / 2
        return middle, middle + value / 2 + g.GAP + self.grad_height[rows] / 2

    def _port_y(self, rows: Array, is_named: Array, named: Array, single: Array) -> Array:
        open_y = np.where(is_named, named, single)
        found: Array = np.where(self.collapsed[rows], g.TITLE / 2, open_y)
        return found

    def facet(self, row: int) -> Facet:
        """The fixed face of a row that is in use."""
        found = self.facets[row]
        assert found is not None
        return found

    def node(self, row: int) -> Node:
        """The node of a row that is in use."""
        return self.document.nodes[self.ids[row]]

    def visible(self, view: Rect, margin: float = g.MARGIN) -> Array:
        """Rows of the cards that touch a rectangle, the lowest level first."""
        n = self.count
        x, y = self.x[:n], self.y[:n]
        found = np.nonzero(
            (x + self.width[:n] > view[0] - margin) & (x < view[2] + margin)
            & (y + self.height[:n] > view[1] - margin) & (y < view[3] + margin)
        )[0]  # fmt: skip
        ordered: Array = found[np.argsort(self.level[found], kind="stable")]
        return ordered

    def bounds(self, rows: Iterable[int] | None = None) -> Rect | None:
        """The rectangle around some cards, around everything when None; None if there is nothing."""
        chosen = np.nonzero(~np.isnan(self.x[: self.count]))[0] if rows is None else rows_array(rows)
        corners = []
        if len(chosen):
            x, y = self.x[chosen], self.y[chosen]
            corners.append((x.min(), y.min(), (x + self.width[chosen]).max(), (y + self.height[chosen]).max()))
        if rows is None:
            corners += [(b.x, b.y, b.x + b.width, b.y + b.height) for b in self.document.boxes.values()]
            corners += [(n.x, n.y, n.x + n.width, n.y + n.height) for n in self.document.notes.values()]
            corners += [(x, y, x, y) for route in self.document.routes.values() for x, y in route]
            corners += [bracket.rect(self) for bracket in self.brackets if len(bracket.rows)]
        if not corners:
            return None
        table = np.array(corners)
        return (
            float(table[:, 0].min()), float(table[:, 1].min()), float(table[:, 2].max()), float(table[:, 3].max())
        )  # fmt: skip

    def node_at(self, x: float, y: float) -> int | None:
        """The topmost card under a point."""
        found = self.visible((x, y, x, y), 0.0)
        return int(found[-1]) if len(found) else None

    def port_at(self, x: float, y: float, reach: float = g.REACH, only: str = "") -> tuple[int, str, int] | None:
        """(row, "in" or "out", number) of the nearest port within reach, on one side only if asked."""
        best: tuple[float, tuple[int, str, int]] | None = None
        for row in self.visible((x, y, x, y), reach).tolist():
            face = self.facet(row)
            for side, count in (("in", len(face.inputs)), ("out", len(face.outputs))):
                for index in range(count if only in ("", side) else 0):
                    px, py = self.port_point(row, side, index)
                    distance = (px - x) ** 2 + (py - y) ** 2
                    if distance <= reach * reach and (best is None or distance <= best[0]):
                        best = (distance, (row, side, index))
        return best and best[1]

    def port_point(self, row: int, side: str, index: int) -> tuple[float, float]:
        """Where a port lies."""
        rows, numbers = np.array([row]), np.array([index])
        if side == "in":
            return float(self.x[row]), float(self.y[row] + self.inlet_y(rows, numbers)[0])
        return float(self.x[row] + self.width[row]), float(self.y[row] + self.outlet_y(rows, numbers)[0])
