"""Wires as columns: their ends, bounds, segments, and which one lies under the pointer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Rect = tuple[float, float, float, float]
"""left, top, right, bottom."""

NONE = np.float32(-1.0)


class Wires:
    """Every wire in a row of columns; freed rows are used again.

    ``x1 y1 x2 y2`` are the ends, ``bend`` the length of the handles of its curve, ``left top right bottom`` the bounds. ``grad`` is the
    magnitude of the gradient that came back along it, -1 for none, ``sign`` one of ``gradients.PLUS`` and so on; ``known`` is false while the present frame was not asked.
    A wire that is led through points has a row for each of its pieces; ``first`` is the row of the first of them, which is the wire's.
    """

    def __init__(self) -> None:
        self.count = 0
        self._free: list[int] = []
        self.paths: list[str] = []
        self.source = np.zeros(64, np.int32)
        self.target = np.zeros(64, np.int32)
        self.output = np.zeros(64, np.int16)
        self.inlet = np.zeros(64, np.int16)
        self.first = np.zeros(64, np.int32)
        self.grad = np.full(64, NONE, np.float32)
        self.sign = np.zeros(64, np.int8)
        self.known = np.zeros(64, bool)
        self.lit = np.zeros(64, bool)
        self.ends = np.full((5, 64), np.nan)
        self.bounds = np.full((4, 64), np.nan)

    def add(self, source: int, output: int, target: int, inlet: int, path: str) -> int:
        """A new wire between node rows; its ends are unknown until ``place``."""
        if self._free:
            row = self._free.pop()
            self.paths[row] = path
        else:
            row = self.count
            self.count += 1
            if row >= len(self.source):
                self._grow()
            self.paths.append(path)
        self.source[row], self.target[row] = source, target
        self.output[row], self.inlet[row] = output, inlet
        self.first[row] = row
        self.grad[row] = NONE
        self.known[row] = False
        self.lit[row] = False
        return row

    def add_piece(self, wire: int) -> int:
        """One more piece of a wire."""
        source, output, target, inlet = (
            int(getattr(self, name)[wire]) for name in ("source", "output", "target", "inlet")
        )
        row = self.add(source, output, target, inlet, self.paths[wire])
        self.first[row] = wire
        return row

    def remove(self, row: int) -> None:
        """Forgets a wire; NaN bounds are in no view."""
        self.ends[:, row] = np.nan
        self.bounds[:, row] = np.nan
        self.source[row] = self.target[row] = -1
        self._free.append(row)

    def place(self, rows: Array, x1: Array, y1: Array, x2: Array, y2: Array) -> None:
        """New ends for some wires. Shapes: all [len(rows)]"""
        self.curve(rows, x1, y1, x2, y2, handle(x1, x2))

    def curve(self, rows: Array, x1: Array, y1: Array, x2: Array, y2: Array, bend: Array) -> None:
        """New ends and handles for some rows; a handle below 0 runs back. Shapes: all [len(rows)]"""
        self.ends[:, rows] = x1, y1, x2, y2, bend
        self.bounds[:, rows] = (
            np.minimum(np.minimum(x1, x2), x2 - bend), np.minimum(y1, y2),
            np.maximum(np.maximum(x1, x2), x1 + bend), np.maximum(y1, y2),
        )  # fmt: skip

    def visible(self, view: Rect) -> Array:
        """The rows of wires that may cross a rectangle."""
        left, top, right, bottom = self.bounds[:, : self.count]
        found: Array = np.nonzero((right > view[0]) & (left < view[2]) & (bottom > view[1]) & (top < view[3]))[0]
        return found

    def at(self, x: float, y: float, reach: float) -> int | None:
        """The wire nearest to a point within reach."""
        piece = self.piece_at(x, y, reach)
        return None if piece is None else int(self.first[piece])

    def piece_at(self, x: float, y: float, reach: float) -> int | None:
        """The row of the piece of a wire nearest to a point within reach."""
        near = self.visible((x - reach, y - reach, x + reach, y + reach))
        if not len(near):
            return None
        lines = segments(self.ends[:, near], 20).reshape(-1, 4)
        distance = distances(lines, x, y)
        best = int(np.argmin(distance))
        return int(near[best // 20]) if distance[best] <= reach * reach else None

    def joint_at(self, x: float, y: float, reach: float) -> int | None:
        """The piece of a wire that begins at the point of its route nearest to a point within reach."""
        near = self.visible((x - reach, y - reach, x + reach, y + reach))
        near = near[self.first[near] != near]
        if not len(near):
            return None
        distance = (self.ends[0, near] - x) ** 2 + (self.ends[1, near] - y) ** 2
        best = int(np.argmin(distance))
        return int(near[best]) if distance[best] <= reach * reach else None

    def crossing(self, x1: float, y1: float, x2: float, y2: float) -> list[int]:
        """The wires that a straight cut crosses."""
        box = (min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))
        near = self.visible(box)
        if not len(near):
            return []
        lines = segments(self.ends[:, near], 24)
        ax, ay, bx, by = (lines[:, :, k] for k in range(4))

        def side(px: Array | float, py: Array | float, qx: Array | float, qy: Array | float, rx: Any, ry: Any) -> Array:
            found: Array = np.sign((qx - px) * (ry - py) - (qy - py) * (rx - px))
            return found

        cut = (side(x1, y1, x2, y2, ax, ay) != side(x1, y1, x2, y2, bx, by)) & (
            side(ax, ay, bx, by, x1, y1) != side(ax, ay, bx, by, x2, y2)
        )
        found: list[int] = np.unique(self.first[near[cut.any(axis=1)]]).tolist()
        return found

    def touching(self, rect: Rect) -> list[int]:
        """The wires that run through a rectangle."""
        near = self.visible(rect)
        lines = segments(self.ends[:, near], 24)
        left, top, right, bottom = rect
        x, y = lines[:, :, 0], lines[:, :, 1]
        within = ((x >= left) & (x <= right) & (y >= top) & (y <= bottom)).any(axis=1)
        found = set(self.first[near[within]].tolist())
        for x1, y1, x2, y2 in (
            (left, top, right, top),
            (left, bottom, right, bottom),
            (left, top, left, bottom),
            (right, top, right, bottom),
        ):
            found.update(self.crossing(x1, y1, x2, y2))
        return sorted(found)

    def forget_gradients(self) -> None:
        """Another frame: what came back along each wire is to be asked anew."""
        self.known[: self.count] = False

    def _grow(self) -> None:
        for name in ("source", "target", "output", "inlet", "first", "grad", "sign", "known", "lit"):
            column = getattr(self, name)
            setattr(self, name, np.concatenate([column, np.zeros_like(column)]))
        self.ends = np.concatenate([self.ends, np.full_like(self.ends, np.nan)], axis=1)
        self.bounds = np.concatenate([self.bounds, np.full_like(self.bounds, np.nan)], axis=1)


def handle(x1: Any, x2: Any) -> Any:
    """Length of a curve's handles: half the way, longer where the wire runs back, so that it leaves a port level."""
    way = x2 - x1
    return np.where(way >= 0, np.maximum(way * 0.5, 24.0), np.minimum(72.0 - way * 0.7, 360.0))


def segments(ends: Array, pieces: int) -> Array:
    """The curves as straight pieces. Shapes: [5, wires] -> [wires, pieces, 4]"""
    x1, y1, x2, y2, bend = ends
    made = np.empty((len(x1), pieces, 4))
    if pieces == 1:
        made[:, 0] = np.stack([x1, y1, x2, y2], 1)
        return made
    t = np.linspace(0.0, 1.0, pieces + 1)
    u = 1.0 - t
    b0, b1, b2, b3 = u**3, 3 * u * u * t, 3 * u * t * t, t**3
    x = np.outer(x1, b0 + b1) + np.outer(bend, b1 - b2) + np.outer(x2, b2 + b3)
    y = np.outer(y1, b0 + b1) + np.outer(y2, b2 + b3)
    made[:, :, 0], made[:, :, 1], made[:, :, 2], made[:, :, 3] = x[:, :-1], y[:, :-1], x[:, 1:], y[:, 1:]
    return made


def curve_points(wires: Wires, rows: Array, t: Array) -> Array:
    """Points of some wires, at the same parts of the way of each. Shapes: [n], [m] -> [n, m, 2]"""
    x1, y1, x2, y2, bend = wires.ends[:, rows]
    u = 1.0 - t
    b0, b1, b2, b3 = u**3, 3 * u * u * t, 3 * u * t * t, t**3
    x = np.outer(x1, b0 + b1) + np.outer(bend, b1 - b2) + np.outer(x2, b2 + b3)
    y = np.outer(y1, b0 + b1) + np.outer(y2, b2 + b3)
    found: Array = np.stack([x, y], axis=2)
    return found


def distances(lines: Array, x: float, y: float) -> Array:
    """Squared distances of a point from straight pieces. Shapes: [n, 4] -> [n]"""
    dx, dy = lines[:, 2] - lines[:, 0], lines[:, 3] - lines[:, 1]
    t = np.clip(((x - lines[:, 0]) * dx + (y - lines[:, 1]) * dy) / np.maximum(dx * dx + dy * dy, 1e-9), 0.0, 1.0)
    found: Array = (lines[:, 0] + t * dx - x) ** 2 + (lines[:, 1] + t * dy - y) ** 2
    return found


def rows_array(rows: Iterable[int]) -> Array:
    """Row numbers as an index."""
    return np.fromiter(rows, np.intp)
