"""Numbers that are dragged on their card: a literal, a slider, a cell of a tensor, a brush over its cells. One undo step each."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from PySide6.QtCore import QPointF, Qt

from guigrad.document import ports
from guigrad.document.array import ArrayData
from guigrad.document.edit_cells import written_dtype
from guigrad.document.model import ListOf
from guigrad.ui.canvas import geometry as g
from guigrad.ui.canvas.content import CELLS, arranged, elements
from guigrad.ui.canvas.drag_things import Move
from guigrad.ui.canvas.facet import value_path
from guigrad.ui.canvas.gesture import Gesture, Mods

if TYPE_CHECKING:
    from guigrad.ui.canvas.board import Board
    from guigrad.ui.canvas.view import CanvasView

WHOLE_PX: Final = 8.0
"""Units: px. So far a whole number is dragged for one step."""
TRACK: Final = 56.0
"""Units: canvas units. How long a slider is; its number stands right of it."""
_COUNT = itertools.count(1)
Button = Qt.MouseButton


class Brush(Struct, frozen=True):
    """What is painted on the cells of one node."""

    key: str
    value: float = 1.0
    size: int = 1


class NumberSpot(Struct, frozen=True):
    """A number on a card that can be dragged: a parameter's (``path``), or one cell of its tensor."""

    key: str
    path: str
    value: float
    cell: int = -1
    dtype: str = ""
    slider: tuple[float, float, float] | None = None
    left: float = 0.0
    width: float = 0.0


def number_under(view: Board, point: QPointF) -> NumberSpot | None:
    """The number at a point of the screen that can be dragged there."""
    if view.viewport.scale < g.DETAIL:
        return None
    scene = view.scene
    x, y = view.viewport.to_world(point.x(), point.y())
    row = scene.node_at(x, y)
    if row is None or scene.collapsed[row]:
        return None
    key, node, face = scene.ids[row], scene.node(row), scene.facet(row)
    dx, dy = x - float(scene.x[row]), y - float(scene.y[row])
    if face.rows:
        index = int((dy - g.TITLE - 4.0) // g.PORT_ROW)
        if 0 <= index < len(face.inputs) and dx > g.INSET and dy > g.TITLE + 4.0:
            inlet = face.inputs[index]
            value = ports.get_at(node, inlet.path) if inlet.text and not inlet.hidden else None
            return NumberSpot(key, inlet.path, value) if _draggable(value) else None  # type: ignore[arg-type]  # told by _draggable
    height = float(scene.value_height[row])
    top = g.value_middle(face.rows, height) - height / 2
    if not (top - 2 <= dy <= top + height + 4 and g.CELLS_LEFT <= dx <= g.CELLS_LEFT + g.CELLS_WIDTH):
        return None
    path = value_path(node)
    if path is not None and _draggable(node.args[0]):
        slider = scene.document.views[key].slider if key in scene.document.views else None
        left, _ = view.viewport.to_screen(float(scene.x[row]) + g.CELLS_LEFT, 0.0)
        width = TRACK * view.viewport.scale
        return NumberSpot(key, path, node.args[0], -1, "", slider, left, width)  # type: ignore[arg-type]  # told by _draggable
    cell = cell_under(view, row, dx, dy)
    if cell is None or node.op not in ("torch.tensor", "tensor.data"):
        return None
    dtype = written_dtype(node) if node.op == "torch.tensor" else _dtype(node.args[0])
    number = shown_number(view, row, cell)
    return None if number is None or dtype.startswith("complex") else NumberSpot(key, "", number, cell, dtype)


def cell_under(view: Board, row: int, dx: float, dy: float) -> int | None:
    """Which entry of a tensor of up to 64 lies at a place of its card, counted in row-major order."""
    part = view.scene.faces.content(row).value
    record = view.scene.faces.record(row)
    if part.cells is None or record is None or not isinstance(record.value, ArrayData) or record.value.size > CELLS:
        return None
    rows, columns = part.cells.shape
    top = g.value_middle(view.scene.facet(row).rows, float(view.scene.value_height[row])) - part.height / 2
    r, c = math.floor((dy - top) / part.height * rows), math.floor((dx - g.CELLS_LEFT) / g.CELLS_WIDTH * columns)
    return int(arranged(record.value.shape)[r, c]) if 0 <= r < rows and 0 <= c < columns else None


def live_gesture(view: CanvasView, point: QPointF, mods: Mods, button: Qt.MouseButton) -> Gesture | None:
    """The gesture that changes a number when a button goes down there; None where there is none."""
    if mods & Mods.AltModifier:
        return None
    if view.brush is not None and button in (Button.LeftButton, Button.RightButton):
        x, y = view.viewport.to_world(point.x(), point.y())
        row = view.scene.node_at(x, y)
        if row is not None and view.scene.ids[row] == view.brush.key:
            place = x - float(view.scene.x[row]), y - float(view.scene.y[row])
            if cell_under(view, row, *place) is not None:
                return Paint(view, point, mods, row, 0.0 if button == Button.RightButton else view.brush.value)
    spot = number_under(view, point) if button == Button.LeftButton else None
    if spot is None:
        return None
    return Slide(view, point, mods, spot) if spot.slider is not None else Scrub(view, point, mods, spot)


class Live(Gesture):
    """Changes the document while it goes on; Esc gives back what was there."""

    live = True

    def __init__(self, view: CanvasView, start: QPointF, mods: Mods) -> None:
        super().__init__(view, start, mods)
        self.merge = f"live {next(_COUNT)}"

    def end(self, point: QPointF) -> None:
        self.view.intents.end_gesture()


class Scrub(Live):
    """A number by its distance from the press: sideways, a cell upwards. Shift is fine, Ctrl coarse. A click selects the card."""

    def __init__(self, view: CanvasView, start: QPointF, mods: Mods, spot: NumberSpot) -> None:
        super().__init__(view, start, mods)
        self.spot = spot
        self.cursor = Qt.CursorShape.SizeVerCursor if spot.cell >= 0 else Qt.CursorShape.SizeHorCursor
        self._click = Move(view, start, mods, spot.key)
        self._way = 0.0
        self.number = spot.value
        whole = isinstance(spot.value, int) and (spot.cell < 0 or not spot.dtype.startswith(("float", "bfloat")))
        self._whole = whole or (spot.cell >= 0 and not spot.dtype.startswith(("float", "bfloat")))
        self._step = step_of(spot.value, self._whole)

    def move(self, point: QPointF) -> None:
        moved = self.last.y() - point.y() if self.spot.cell >= 0 else point.x() - self.last.x()
        factor = 0.1 if self.mods & Mods.ShiftModifier else 10.0 if self.mods & Mods.ControlModifier else 1.0
        self._way += moved * factor
        self._put(dragged(self.spot.value, self._way, self._step, self._whole, factor))

    def end(self, point: QPointF) -> None:
        if not self.begun:
            self._click.end(point)
        super().end(point)

    def cancel(self) -> None:
        if self.begun:
            self._put(self.spot.value)
            super().end(self.last)

    def _put(self, number: float) -> None:
        if self.spot.dtype == "bool":
            number = min(max(int(number), 0), 1)
        if number == self.number and type(number) is type(self.number):
            return
        self.number = number
        put(self.view, self.spot, number, self.merge)


class Slide(Live):
    """The knob of a slider follows the pointer; with Shift at a tenth of the speed, with Ctrl by ten steps at a time."""

    cursor = Qt.CursorShape.SizeHorCursor

    def __init__(self, view: CanvasView, start: QPointF, mods: Mods, spot: NumberSpot) -> None:
        super().__init__(view, start, mods)
        self.spot, self.number = spot, spot.value
        self._at = start.x()
        view.select((spot.key,))

    def move(self, point: QPointF) -> None:
        assert self.spot.slider is not None
        fine = bool(self.mods & Mods.ShiftModifier)
        self._at = self._at + (point.x() - self.last.x()) / 10 if fine else point.x()
        low, high, step = self.spot.slider
        coarse = step * 10 if self.mods & Mods.ControlModifier else step
        self._put(
            stepped(low + (high - low) * (self._at - self.spot.left) / max(self.spot.width, 1.0), low, high, coarse)
        )

    def end(self, point: QPointF) -> None:
        super().end(point)

    def cancel(self) -> None:
        if self.begun:
            self._put(self.spot.value)
            super().end(self.last)

    def _put(self, number: float) -> None:
        made = int(number) if isinstance(self.spot.value, int) and number == int(number) else number
        if made != self.number or type(made) is not type(self.number):
            self.number = made
            put(self.view, self.spot, made, self.merge)


class Paint(Live):
    """A brush over the cells of one tensor."""

    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, view: CanvasView, start: QPointF, mods: Mods, row: int, value: float) -> None:
        super().__init__(view, start, mods)
        self.row, self.value = row, value
        self.begun = True  # a click paints
        record = view.scene.faces.record(row)
        self.before = record.value if record is not None and isinstance(record.value, ArrayData) else None
        self.done: set[int] = set()
        self.move(start)

    def move(self, point: QPointF) -> None:
        view, scene = self.view, self.view.scene
        found: set[int] = set()
        steps = max(1, int(math.hypot(point.x() - self.last.x(), point.y() - self.last.y()) / 3))
        for step in range(steps + 1):  # a fast stroke leaves no gaps
            at = self.last + (point - self.last) * (step / steps)
            x, y = view.viewport.to_world(at.x(), at.y())
            found |= self._touched(x - float(scene.x[self.row]), y - float(scene.y[self.row]))
        new = found - self.done
        if new and self.before is not None:
            self.done |= new
            reason = view.intents.set_cells(
                scene.ids[self.row], dict.fromkeys(sorted(new), self.value), self.before, self.merge
            )
            if reason:
                view.answer(reason)

    def _touched(self, dx: float, dy: float) -> set[int]:
        view = self.view
        middle = cell_under(view, self.row, dx, dy)
        if middle is None or self.before is None or view.brush is None:
            return set()
        places = arranged(self.before.shape)
        rows, columns = places.shape
        r, c = (int(found[0]) for found in (places == middle).nonzero())
        reach, even = view.brush.size // 2, view.brush.size % 2 == 0
        return {
            int(places[i, j])
            for i in range(max(0, r - reach + even), min(rows, r + reach + 1))
            for j in range(max(0, c - reach + even), min(columns, c + reach + 1))
        }

    def cancel(self) -> None:
        if self.done and self.before is not None:
            flat = _flat(self.before)
            cells = {cell: flat[cell] for cell in self.done}
            self.view.intents.set_cells(self.view.scene.ids[self.row], cells, self.before, self.merge)
        self.view.intents.end_gesture()


def put(view: Board, spot: NumberSpot, number: float, merge: str) -> None:
    """Writes a dragged number where it stands."""
    if spot.cell >= 0:
        record = view.scene.faces.record(view.scene.row[spot.key])
        now = record.value if record is not None and isinstance(record.value, ArrayData) else None
        reason = view.intents.set_cells(spot.key, {spot.cell: number}, now, merge)
    else:
        reason = view.intents.set_number(spot.key, spot.path, number, merge)
    if reason:
        view.answer(reason)


def step_of(value: float, whole: bool) -> float:
    """How much one px of a drag is: a hundredth of the number's own power of ten."""
    if whole:
        return 1.0 / WHOLE_PX
    return 10.0 ** (math.floor(math.log10(abs(value))) - 2) if value and math.isfinite(value) else 0.01


def dragged(start: float, way: float, step: float, whole: bool, factor: float = 1.0) -> float:
    """The number after a drag of ``way`` px, with no more digits than its steps have."""
    if whole:
        return int(start) + round(way * step)
    grain = step * min(factor, 1.0)
    digits = max(0, -math.floor(math.log10(grain) + 1e-9))
    return round(start + way * step, digits)


def stepped(value: float, low: float, high: float, step: float) -> float:
    """The nearest step of a slider within its range, without the dust of binary fractions."""
    count = round((min(max(value, low), high) - low) / step)
    digits = max(0, 12 - math.ceil(math.log10(max(abs(low), abs(high), step))))
    return min(max(round(low + count * step, digits), low), high)


def nudge(view: Board, direction: int, factor: float = 1.0) -> bool:
    """Left and Right move the slider of the one selected card; whether there is one."""
    key = view.selection[0] if len(view.selection) == 1 else ""
    shown, node = view.scene.document.views.get(key), view.scene.document.nodes.get(key)
    if shown is None or node is None or shown.slider is None or not node.args or not _draggable(node.args[0]):
        return False
    low, high, step = shown.slider
    value = node.args[0]
    number = stepped(float(value) + direction * step * factor, low, high, step * min(factor, 1.0))  # type: ignore[arg-type]
    path = value_path(node)
    if path is not None:
        made = int(number) if isinstance(value, int) and number == int(number) else number
        put(view, NumberSpot(key, path, float(value)), made, f"slider {key}")  # type: ignore[arg-type]
    return True


def _draggable(value: object) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and (isinstance(value, int) or math.isfinite(value))
    )


def shown_number(view: Board, row: int, cell: int) -> float | None:
    """The number of a cell: as it is written where it is, else as it was computed."""
    node = view.scene.node(row)
    if node.op == "torch.tensor" and isinstance(node.args[0], ListOf):
        written = _leaves(node.args[0])
        value = written[cell] if cell < len(written) else None
    else:
        record = view.scene.faces.record(row)
        flat = _flat(record.value) if record is not None and isinstance(record.value, ArrayData) else []
        value = flat[cell] if cell < len(flat) else None
    if isinstance(value, bool):
        return int(value)
    return value if isinstance(value, int | float) and math.isfinite(value) else None


def _leaves(value: object) -> list[object]:
    items = value.items if isinstance(value, ListOf) else value if isinstance(value, tuple) else None
    return [value] if items is None else [leaf for item in items for leaf in _leaves(item)]


def _flat(array: ArrayData) -> list[float]:
    found = elements(array)
    return [] if found is None else found.reshape(-1).tolist()


def _dtype(value: object) -> str:
    return value.dtype if isinstance(value, ArrayData) else ""
