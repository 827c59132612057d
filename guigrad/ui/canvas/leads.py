"""Wires that are led through reroute points: their pieces, their points, and how both are called in a selection.

A wire is called ``target:port`` and its points ``target:port:0``, ``target:port:1`` …, in the order from its source.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from guigrad.document.model import route_key, route_port
from guigrad.ui.canvas.wire import Array, handle

if TYPE_CHECKING:
    from guigrad.ui.canvas.scene import Scene

Point = tuple[float, float]
Route = tuple[Point, ...]


def point_key(wire: str, index: int) -> str:
    """How a point of a wire is called."""
    return f"{wire}:{index}"


def of_point(key: str) -> tuple[str, int] | None:
    """The wire and the number of what is called like a point."""
    wire, _, number = key.rpartition(":")
    return (wire, int(number)) if number.isdecimal() and len(number) < 6 and ":" in wire else None


class Leads:
    """The pieces of a scene's led wires. ``shown`` are routes as a gesture shows them, by the wire's name."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.pieces: dict[int, list[int]] = {}
        self.shown: dict[str, Route] = {}

    def clear(self) -> None:
        """No wires."""
        self.pieces.clear()
        self.shown.clear()

    # ---- names -----------------------------------------------------------

    def name(self, wire: int) -> str:
        """How a wire is called."""
        table = self._scene.wires
        return route_key(self._scene.ids[table.target[wire]], table.paths[wire])

    def wire(self, key: str) -> int | None:
        """The row of the wire that is called so."""
        target, path = route_port(key)
        row = self._scene.row.get(target)
        paths = self._scene.wires.paths
        return None if row is None else next((w for w in self._scene.into[row] if paths[w] == path), None)

    def exists(self, key: str) -> bool:
        """Whether there is a wire, or a point of one, of that name."""
        if self.wire(key) is not None:
            return True
        point = of_point(key)
        return point is not None and point[1] < len(self.route(point[0])) and self.wire(point[0]) is not None

    def place_of(self, key: str) -> Point | None:
        """Where a point lies."""
        point = of_point(key)
        route = self.route(point[0]) if point is not None else ()
        return route[point[1]] if point is not None and point[1] < len(route) else None

    def route(self, key: str) -> Route:
        """The points of the wire that is called so."""
        known = self.shown.get(key)
        return known if known is not None else self._scene.document.routes.get(key, ())

    # ---- finding ---------------------------------------------------------

    def point_at(self, x: float, y: float, reach: float) -> str:
        """The name of the point of a wire at a place; "" for none."""
        piece = self._scene.wires.joint_at(x, y, reach)
        if piece is None:
            return ""
        wire = int(self._scene.wires.first[piece])
        return point_key(self.name(wire), self.pieces[wire].index(piece))

    def inside(self, left: float, top: float, right: float, bottom: float) -> list[str]:
        """The names of the points in a rectangle."""
        found = []
        for wire in self.pieces:
            name = self.name(wire)
            for index, (x, y) in enumerate(self.route(name)):
                if left <= x <= right and top <= y <= bottom:
                    found.append(point_key(name, index))
        return found

    def between(self, rows: set[int]) -> list[str]:
        """The names of the points of wires both ends of which are among some cards."""
        table, found = self._scene.wires, []
        for wire in self.pieces:
            if int(table.source[wire]) in rows and int(table.target[wire]) in rows:
                name = self.name(wire)
                found += [point_key(name, index) for index in range(len(self.route(name)))]
        return found

    def index_at(self, key: str, x: float, y: float, reach: float) -> int:
        """Before which of its points a new one at a place of the wire comes."""
        wire = self.wire(key)
        piece = self._scene.wires.piece_at(x, y, reach)
        if wire is None or piece is None or piece == wire or piece not in self.pieces.get(wire, ()):
            return 0
        return self.pieces[wire].index(piece) + 1

    # ---- keeping in step -------------------------------------------------

    def targets(self, keys: Iterable[str]) -> set[int]:
        """The cards at which wires with these routes end."""
        found = (self._scene.row.get(route_port(key)[0]) for key in keys)
        return {row for row in found if row is not None}

    def show(self, routes: dict[str, Route]) -> None:
        """Shows other routes until told otherwise; of as many points each as there are."""
        changed = {*self.shown, *routes}
        self.shown = routes
        self._scene.place_wires(self.targets(changed))

    def add(self, wire: int) -> None:
        """A new wire, which may be led through points."""
        if self._scene.document.routes:
            route = self.route(self.name(wire))
            if route:
                self.pieces[wire] = [self._scene.wires.add_piece(wire) for _ in route]

    def remove(self, wire: int) -> None:
        """A wire goes."""
        for piece in self.pieces.pop(wire, ()):
            self._scene.wires.remove(piece)
            self._scene.faces.drop_wire(piece)

    def place(self, wires: Array) -> None:
        """The ends of some wires have moved: places their pieces."""
        if not self.pieces:
            return
        known = set(wires.tolist()) if len(wires) < len(self.pieces) else None
        for wire in self.pieces if known is None else known & self.pieces.keys():
            self._lead(wire)

    def _lead(self, wire: int) -> None:
        table = self._scene.wires
        rows = np.array([wire, *self.pieces[wire]])
        source, target = int(table.source[wire]), int(table.target[wire])
        start = self._scene.port_point(source, "out", int(table.output[wire]))
        end = self._scene.port_point(target, "in", int(table.inlet[wire]))
        route = self.route(self.name(wire))
        if len(route) != len(rows) - 1:
            route = (*route, *[end] * len(rows))[: len(rows) - 1]
        points = np.array([start, *route, end])
        x1, y1, x2, y2 = points[:-1, 0], points[:-1, 1], points[1:, 0], points[1:, 1]
        bend = (x2 - x1) / 2
        for edge in (0, -1):  # at a port a wire always leaves to the right and comes from the left
            bend[edge] = max(bend[edge], 0.0) or float(handle(x1[edge], x2[edge])) / 2
        table.curve(rows, x1, y1, x2, y2, bend)
