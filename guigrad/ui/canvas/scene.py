"""The document as columns: where every card and wire lies, kept in step with Diffs by id.

Thread: the GUI thread.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from guigrad.document import template
from guigrad.document.diff import Diff
from guigrad.document.model import Document, In, Node, View
from guigrad.ui.canvas import geometry as g
from guigrad.ui.canvas.brackets import Bracket, Compound, brackets, compound
from guigrad.ui.canvas.faces import Faces
from guigrad.ui.canvas.facet import Facet, facet
from guigrad.ui.canvas.leads import Leads
from guigrad.ui.canvas.place import placed
from guigrad.ui.canvas.roles import Roles, changed_stretch
from guigrad.ui.canvas.wire import Rect, Wires, rows_array

Array = np.ndarray[Any, Any]
GONE: Final = np.nan

_COLUMNS: Final = {
    "x": (np.float64, GONE), "y": (np.float64, GONE), "width": (np.float64, g.WIDTH), "height": (np.float64, 0.0),
    "kind": (np.uint8, 0), "port_rows": (np.int16, 0), "value_height": (np.float64, g.LINE),
    "grad_height": (np.float64, g.LINE), "collapsed": (bool, False), "selected": (bool, False), "failed": (bool, False), "warned": (bool, False),
    "named_left": (bool, False), "named_right": (bool, False), "edited": (bool, False), "veiled": (bool, False), "running": (bool, False), "level": (np.int64, 0),
}  # fmt: skip


class Scene:
    """Rows of cards and wires.

    ``ids[row]`` is the node of a row ("" for a freed one, whose x is NaN and so in no view), ``row[id]`` the way back;
    ``facets[row]`` its fixed face; ``into[row]`` and ``out[row]`` its wires. ``faces`` holds the frame and what each card shows.
    """

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

    def __init__(self, document: Document | None = None) -> None:
        self.document = Document()
        self.faces = Faces(self)
        self.leads = Leads(self)
        self.chosen: tuple[str, ...] = ()
        self._clear()
        self.reset(document or Document())

    def _clear(self) -> None:
        self.count = self._top = 0
        self._free: list[int] = []
        self.ids: list[str] = []
        self.row: dict[str, int] = {}
        self._homes: dict[str, tuple[float, float]] = {}
        self.facets: list[Facet | None] = []
        self.into: list[list[int]] = []
        self.out: list[list[int]] = []
        self.wires = Wires()
        self.leads.clear()
        self.brackets: tuple[Bracket, ...] = ()
        self._compound: tuple[Compound, ...] = ()
        self.roles = Roles()
        for name, (kind, fill) in _COLUMNS.items():
            setattr(self, name, np.full(64, fill, kind))
        self.faces.forget()

    # ---- the document ----------------------------------------------------

    def reset(self, document: Document) -> None:
        """Another document altogether."""
        self._clear()
        self.document = document
        self.roles.add_items(document.program)
        for key, node in document.nodes.items():
            self.roles.set_inputs(key, _sources(node))
        drawn = self.roles.drawn(document, reversed(tuple(document.nodes)))
        shown = [key for key in document.nodes if drawn[key]]
        for key in shown:
            self._add(key)
        for key in shown:  # when it is known which nodes have cards
            self._face(self.row[key])
        self._compound = compound(document.program)
        self.brackets = brackets(self, self._compound)
        for key in shown:
            self._wire(self.row[key])
        self._lay(shown)
        self.place_wires(None)

    def apply(self, document: Document, diff: Diff) -> set[int]:
        """Follows one change, touching only what the diff names; the rows it touched."""
        self.document = document
        changed: set[str] = set(diff.nodes)
        if diff.program is not None:
            before, after = changed_stretch(*diff.program)
            touched = self.roles.add_items(before, -1) | self.roles.add_items(after)
            changed |= touched
            if compound(before) or compound(after):
                self._compound = compound(document.program)
        servants = set(changed)
        for key in diff.nodes:
            node = document.nodes.get(key)
            sources = _sources(node) if node is not None else ()
            servants.update(sources)
            servants.update(self.roles.set_inputs(key, sources))
        affected = self.roles.above(document, servants)
        drawn = self.roles.drawn(document, affected)
        gone = [key for key in affected if key in self.row and not drawn[key]]
        fresh = [key for key in affected if drawn[key] and key not in self.row]
        if len(fresh) > 1:  # sources first
            wanted = set(fresh)
            fresh = [key for key in document.nodes if key in wanted]
        for key in gone:
            self._remove(key)
        for key in fresh:
            self._add(key)
        rewire = {self.row[key] for key in (*diff.nodes, *fresh) if key in self.row}
        rewire |= self._showing((*diff.nodes, *gone, *fresh))
        for changed_row in rewire:
            self._face(changed_row)
        moved = set(rewire)
        for key in diff.views:
            row = self.row.get(key)
            if row is not None:
                self._view(row, document.views.get(key))
                moved.add(row)
        if diff.nodes or diff.program is not None:
            self.brackets = brackets(self, self._compound)
        self._lay([key for key in fresh if key not in self._homes])
        led = self.leads.targets(diff.routes)
        moved |= led
        for row in rewire | led:
            self._wire(row)
        self.place_wires(moved)
        if diff.nodes or diff.program is not None:
            self.faces.outdate({self.row[key] for key in changed if key in self.row})
        return moved

    def _add(self, key: str) -> int:
        if self._free:
            row = self._free.pop()
            self.ids[row] = key
        else:
            row = self.count
            self.count += 1
            if row >= len(self.x):
                for name, (kind, fill) in _COLUMNS.items():
                    column = getattr(self, name)
                    setattr(self, name, np.concatenate([column, np.full(len(column), fill, kind)]))
            self.ids.append(key)
            self.facets.append(None)
            self.into.append([])
            self.out.append([])
            self.faces.grow()
        self.row[key] = row
        self._top += 1
        self.level[row] = self._top
        self._view(row, self.document.views.get(key))
        return row

    def _remove(self, key: str) -> None:
        row = self.row.pop(key)
        for wire in (*self.into[row], *self.out[row]):
            self._unwire(wire)
        for name, (_, fill) in _COLUMNS.items():
            getattr(self, name)[row] = fill
        self.ids[row], self.facets[row] = "", None
        self.faces.drop(row)
        self._free.append(row)

    def _view(self, row: int, view: View | None) -> None:
        home = (view.x, view.y) if view is not None else self._homes.get(self.ids[row])
        if home is not None:
            self.x[row], self.y[row] = home
        self.collapsed[row] = view is not None and view.collapsed
        self._measure(row)

    def _face(self, row: int) -> None:
        made = facet(self.document.nodes[self.ids[row]], self.document, self._hidden)
        self.facets[row] = made
        self.kind[row], self.port_rows[row] = made.kind, made.rows
        self.named_left[row], self.named_right[row] = len(made.inputs) > 1, len(made.outputs) > 1
        self.faces.drop(row)
        self._measure(row)

    def _showing(self, keys: Iterable[str]) -> set[int]:
        """The cards that read these nodes, at once or in the code of operands that have no card."""
        found: set[int] = set()
        seen: set[str] = set()
        stack = list(keys)
        while stack:
            for reader in self.roles.readers.get(stack.pop(), ()):
                if reader in self.row:
                    found.add(self.row[reader])
                elif reader not in seen:
                    seen.add(reader)
                    stack.append(reader)
        return found

    def _hidden(self, key: str) -> bool:
        return key not in self.row and key in self.document.nodes

    def _measure(self, row: int) -> None:
        self.height[row] = (
            g.TITLE
            if self.collapsed[row]
            else g.card_height(int(self.port_rows[row]), float(self.value_height[row]), float(self.grad_height[row]))
        )

    def resize(self, row: int, value: float, grad: float) -> None:
        """The card's numbers take more or fewer lines than before."""
        self.value_height[row], self.grad_height[row] = value, grad
        self._measure(row)
        self.place_wires({row})

    def _lay(self, keys: list[str]) -> None:
        """Gives a place to cards that have none."""
        for key, (x, y) in placed(self, keys).items():
            row = self.row[key]
            self.x[row], self.y[row] = self._homes[key] = x, y

    # ---- wires -----------------------------------------------------------

    def _wire(self, row: int) -> None:
        for wire in self.into[row].copy():
            self._unwire(wire)
        node, face = self.document.nodes[self.ids[row]], self.facet(row)
        for index, inlet in enumerate(face.inputs):
            value = template.get(node, inlet.place) if inlet.place else None
            source = self.row.get(value.node or "") if isinstance(value, In) else None
            if source is not None and isinstance(value, In):
                wire = self.wires.add(source, value.output, row, index, inlet.path)
                self.into[row].append(wire)
                self.out[source].append(wire)
                self.leads.add(wire)

    def _unwire(self, wire: int) -> None:
        self.into[self.wires.target[wire]].remove(wire)
        self.out[self.wires.source[wire]].remove(wire)
        self.leads.remove(wire)
        self.wires.remove(wire)
        self.faces.drop_wire(wire)

    def place_wires(self, rows: set[int] | None) -> None:
        """Computes the ends of the wires of some cards, of all when None."""
        wires = self.wires
        if rows is None or len(rows) > self.count // 3:
            chosen = np.nonzero(wires.source[: wires.count] >= 0)[0]
        else:
            chosen = rows_array({w for row in rows for w in (*self.into[row], *self.out[row])})
        if not len(chosen):
            return
        source, target = wires.source[chosen], wires.target[chosen]
        wires.place(
            chosen,
            self.x[source] + self.width[source],
            self.y[source] + self.outlet_y(source, wires.output[chosen]),
            self.x[target],
            self.y[target] + self.inlet_y(target, wires.inlet[chosen]),
        )
        self.leads.place(chosen)

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

    # ---- questions -------------------------------------------------------

    @property
    def stale(self) -> Array:
        """The cards that were edited since the frame and all that read them. Shapes: bool [rows]"""
        self.faces.spread()
        return self.edited

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

    # ---- state of the session --------------------------------------------

    def select(self, keys: Iterable[str]) -> None:
        """Marks the selected cards and lifts them above the others; what is no card is ``chosen``."""
        keys = tuple(keys)
        self.chosen = tuple(key for key in keys if key not in self.row)
        self.selected[: self.count] = False
        rows = rows_array(self.row[key] for key in keys if key in self.row)
        self.selected[rows] = True
        self.level[rows] = np.arange(self._top + 1, self._top + 1 + len(rows))
        self._top += len(rows)

    def put(self, rows: list[int], x: Array, y: Array) -> None:
        """Moves cards for the eye only; the document learns of it when the gesture ends."""
        index = rows_array(rows)
        self.x[index], self.y[index] = x, y
        self.place_wires(set(rows))


def _sources(node: Node) -> tuple[str, ...]:
    return tuple(wire.node for wire in node.inputs() if wire.node is not None)
