"""The document as columns: where every card and wire lies, kept in step with Diffs by id.

Thread: the GUI thread.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from guigrad.document import template
from guigrad.document.diff import Diff
from guigrad.document.model import Document, In, Node, View
from guigrad.ui.canvas import geometry as g
from guigrad.ui.canvas.brackets import Bracket, Compound, brackets, compound
from guigrad.ui.canvas.columns import COLUMNS, Array, Columns
from guigrad.ui.canvas.faces import Faces
from guigrad.ui.canvas.facet import Facet, facet
from guigrad.ui.canvas.leads import Leads
from guigrad.ui.canvas.place import placed
from guigrad.ui.canvas.roles import Roles, changed_stretch
from guigrad.ui.canvas.wire import Wires, rows_array


class Scene(Columns):
    """Rows of cards and wires.

    ``ids[row]`` is the node of a row ("" for a freed one, whose x is NaN and so in no view), ``row[id]`` the way back;
    ``facets[row]`` its fixed face; ``into[row]`` and ``out[row]`` its wires. ``faces`` holds the frame and what each card shows.
    """

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
        for name, (kind, fill) in COLUMNS.items():
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
                for name, (kind, fill) in COLUMNS.items():
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
        for name, (_, fill) in COLUMNS.items():
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

    # ---- questions -------------------------------------------------------

    @property
    def stale(self) -> Array:
        """The cards that were edited since the frame and all that read them. Shapes: bool [rows]"""
        self.faces.spread()
        return self.edited

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
