"""v · J = vᵀJ as heat cells: the entries of v are dragged or typed, rows and columns light up as they are filled."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QLineEdit, QSizePolicy, QToolTip, QWidget

from guigrad.document.edit_cells import read_number
from guigrad.document.problem import ProblemError
from guigrad.ui import heat
from guigrad.ui.canvas.scrub import dragged, step_of
from guigrad.ui.style import Look

Array = np.ndarray[Any, Any]
CELL_PX: Final = (30.0, 54.0)
"""Units: px at scale 1. Smallest and largest width of a cell that shows its number."""
ROW_PX: Final = (15.0, 26.0)
GAPS_PX: Final = 6.0
"""Cells from this size on have gaps between them."""
SQUARE_PX: Final = 3.0
"""Cells that would be smaller as squares get as much of both sides as there is."""
SLACK_PX: Final = 3.0
IMAGE: Final = 4096
"""Rows and columns of a picture of cells at most; a cell has less than a pixel then."""
_COUNT = itertools.count(1)


@dataclass(frozen=True)
class Shown:
    """What is drawn. ``left`` and ``right`` stand before and behind J; the last is what comes of them. None: not there (yet).

    Shapes: ``matrix`` (rows, columns) with NaN-free numbers, ``there`` the same as truth values: which entries are filled. ``vector`` stands left
    of J in reverse mode (one entry a row), right of it otherwise (one a column); ``result`` has the other length.
    """

    matrix: Array | None = None
    there: Array | None = None
    vector: Array | None = None
    result: Array | None = None
    reverse: bool = True
    structure: bool = False
    names: tuple[str, str, str] = ("v", "J", "vᵀJ")
    rows: tuple[int, ...] = ()
    columns: tuple[int, ...] = ()
    shapes: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
    labels: tuple[str, str] = ("", "")
    lit: int = -1
    places: dict[str, QRectF] = field(default_factory=dict)


class ProductView(QWidget):
    """``entry_changed`` tells place, number and a key that is the same for one drag; ``refused`` why a typed number is none."""

    entry_changed = Signal(int, object, str)
    refused = Signal(str)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.shown = Shown()
        self.chosen = -1
        self._press: QPointF | None = None
        self._merge = ""
        self._way = self._start = 0.0
        self.editor = QLineEdit(self)
        self.editor.setAccessibleName("entry of v")
        self.editor.hide()
        self.editor.editingFinished.connect(self._on_typed)
        self.editor.installEventFilter(self)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("v, J and their product")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(200, 90)

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self.look = look
        self.update()

    def show_product(self, shown: Shown) -> None:
        """Draws something else."""
        self.shown = shown
        self._lay_out()
        told = "" if shown.matrix is None else f"J of {shown.matrix.shape[0]} rows and {shown.matrix.shape[1]} columns"
        self.setAccessibleDescription(told)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self.look.px(520), self.look.px(190))

    # --- where things lie ---

    def _lay_out(self) -> None:
        shown, look = self.shown, self.look
        shown.places.clear()
        if shown.matrix is None:
            return
        rows, columns = shown.matrix.shape
        if not rows or not columns:
            return
        caption, sign = look.px(20), look.px(26)
        parts = columns + 2 * (shown.vector is not None)
        room_x = max(self.width() - look.px(36) - 2 * sign, 40)
        room_y = max(self.height() - caption - look.px(8), 20)
        high = min(room_y / rows, look.px(ROW_PX[1]))
        wide = min(room_x / parts, look.px(CELL_PX[1]))
        if wide < look.px(CELL_PX[0]) or high < look.px(ROW_PX[0]):  # no numbers: square cells are easier to read
            small = min(wide, high)
            limit = small if small >= SQUARE_PX else float(look.px(10))
            wide, high = min(wide, limit), min(high, limit)
        side = max(wide, float(look.px(10)))
        across = min(room_y / columns, high)  # a column of as many entries as J has columns
        tall = max(high * rows, across * columns if shown.vector is not None else 0.0)
        x, top = float(look.px(8)), look.px(6)

        def put(name: str, width: float, height: float) -> None:
            nonlocal x
            shown.places[name] = QRectF(x, top + (tall - height) / 2, width, height)
            x += width + sign

        if shown.reverse and shown.vector is not None:
            put("vector", side, high * rows)
        put("matrix", wide * columns, high * rows)
        if not shown.reverse and shown.vector is not None:
            put("vector", side, across * columns)
        if shown.vector is not None:
            put("result", side, across * columns if shown.reverse else high * rows)

    def resizeEvent(self, event: QEvent) -> None:
        self._lay_out()

    def cell_rect(self, part: str, row: int, column: int = 0) -> QRectF:
        """Where one cell lies. Units: px in this widget."""
        place = self.shown.places[part]
        rows, columns = self._grid(part).shape
        wide, high = place.width() / columns, place.height() / rows
        return QRectF(place.left() + column * wide, place.top() + row * high, wide, high)

    def _grid(self, part: str) -> Array:
        found = getattr(self.shown, part)
        if part == "matrix":
            grid: Array = found
            return grid
        if found is None:
            assert self.shown.matrix is not None
            count = self.shown.matrix.shape[1 if self.shown.reverse else 0]
            return np.full((count, 1), np.nan)
        column: Array = np.asarray(found).reshape(-1, 1)
        return column

    def cell_at(self, point: QPointF) -> tuple[str, int, int] | None:
        """The cell under a point: its part, row and column."""
        for part, place in self.shown.places.items():
            if place.contains(point):
                rows, columns = self._grid(part).shape
                row = min(int((point.y() - place.top()) / place.height() * rows), rows - 1)
                return part, row, min(int((point.x() - place.left()) / place.width() * columns), columns - 1)
        return None

    # --- drawing ---

    def paintEvent(self, event: QPaintEvent) -> None:
        p = QPainter(self)
        p.setRenderHint(QPainter.RenderHint.Antialiasing)
        shown, look = self.shown, self.look
        if shown.matrix is None:
            return
        for part in shown.places:
            self._draw(p, part)
        places = shown.places
        order = [name for name in ("vector", "matrix", "result") if name in places]
        if not shown.reverse:
            order.sort(key=lambda name: places[name].left())
        p.setFont(look.text(14, 600))
        p.setPen(look.color("text_muted"))
        middle = max((place.bottom() for place in places.values()), default=0.0) / 2
        for (one, two), sign in zip(itertools.pairwise(order), ("·", "="), strict=False):
            left, right = places[one].right(), places[two].left()
            p.drawText(QRectF(left, middle - 14, right - left, 28), Qt.AlignmentFlag.AlignCenter, sign)
        p.setFont(look.code(11))
        bottom = max((place.bottom() for place in places.values()), default=0.0) + look.px(3)
        titles = dict(zip(("vector", "matrix", "result"), shown.names, strict=True))
        last = 0.0
        for name in order:
            p.setPen(look.color("grad" if name == "result" else "text_muted"))
            wide = p.fontMetrics().horizontalAdvance(titles[name]) + 4.0
            left = max(min(places[name].center().x() - wide / 2, self.width() - wide), last)
            p.drawText(QRectF(left, bottom, wide, look.px(18)), Qt.AlignmentFlag.AlignCenter, titles[name])
            last = left + wide + 4
        if self.chosen >= 0 and self.hasFocus() and "vector" in places:
            p.setPen(QPen(look.color("selected"), 2))
            p.setBrush(Qt.BrushStyle.NoBrush)
            p.drawRoundedRect(self.cell_rect("vector", self.chosen).adjusted(1, 1, -1, -1), 2, 2)

    def _draw(self, p: QPainter, part: str) -> None:
        shown, look, place = self.shown, self.look, self.shown.places[part]
        grid = self._grid(part)
        rows, columns = grid.shape
        wide, high = place.width() / columns, place.height() / rows
        there = shown.there if part == "matrix" and shown.there is not None else np.ones(grid.shape, bool)
        if part != "matrix" and getattr(shown, part) is None:
            there = np.zeros(grid.shape, bool)
        structure = shown.structure and part == "matrix"
        colours = heat.colors(look.theme, "grad", np.where(there, grid, 0.0))
        empty = look.color("raised").rgba()
        if structure:
            colours = np.where(grid != 0, np.uint32(look.color("grad").rgba()), np.uint32(empty))
        colours = np.where(there, colours, np.uint32(empty)).astype(np.uint32)
        if min(wide, high) < GAPS_PX:
            down, right = (range(0, count, -(-count // IMAGE)) for count in (rows, columns))
            flat = np.ascontiguousarray(colours[:: down.step, :: right.step])
            image = QImage(flat.data, len(right), len(down), len(right) * 4, QImage.Format.Format_RGB32)
            p.drawImage(place, image)
            return
        numbers = wide >= look.px(CELL_PX[0]) and high >= look.px(ROW_PX[0]) - 1 and not structure
        p.setFont(look.code(min(10.5, high / look.scale * 0.62)))
        for row in range(rows):
            for column in range(columns):
                rect = self.cell_rect(part, row, column).adjusted(0.75, 0.75, -0.75, -0.75)
                colour = int(colours[row, column])
                p.setPen(Qt.PenStyle.NoPen)
                if there[row, column]:
                    p.setBrush(QColor.fromRgba(colour))
                else:
                    p.setPen(QPen(look.color("border"), 1, Qt.PenStyle.DashLine))
                    p.setBrush(Qt.BrushStyle.NoBrush)
                p.drawRoundedRect(rect, 3, 3)
                if there[row, column] and structure:
                    p.setPen(QColor(heat.text_on(colour)) if grid[row, column] != 0 else look.color("text_muted"))
                    if high >= look.px(ROW_PX[0]) - 1:
                        p.drawText(rect, Qt.AlignmentFlag.AlignCenter, "∗" if grid[row, column] != 0 else "0")
                elif there[row, column] and numbers:
                    p.setPen(QColor(heat.text_on(colour)))
                    p.drawText(rect, Qt.AlignmentFlag.AlignCenter, short(grid[row, column], wide / look.scale))
        if part == "matrix" and shown.lit >= 0:
            p.setPen(QPen(look.color("grad"), 2))
            p.setBrush(Qt.BrushStyle.NoBrush)
            if shown.reverse and shown.lit < rows:
                p.drawRoundedRect(QRectF(place.left(), place.top() + shown.lit * high, place.width(), high), 3, 3)
            elif not shown.reverse and shown.lit < columns:
                p.drawRoundedRect(QRectF(place.left() + shown.lit * wide, place.top(), wide, place.height()), 3, 3)

    # --- what a user does ---

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.tip(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def tip(self, point: QPointF) -> str:
        """What the cell under a point is, with all its digits."""
        hit = self.cell_at(point)
        if hit is None:
            return ""
        part, row, column = hit
        shown = self.shown
        number = self._grid(part)[row, column]
        of, wrt = shown.labels
        if part == "matrix":
            if shown.there is not None and not shown.there[row, column]:
                return "not asked yet"
            out, into = _index(shown.rows, row, shown.shapes[0]), _index(shown.columns, column, shown.shapes[1])
            return f"∂{of}{out} / ∂{wrt}{into} = {number!s}"
        rows = shown.reverse == (part == "vector")
        place = _index(shown.rows if rows else shown.columns, row, shown.shapes[0 if rows else 1])
        name = shown.names[0 if part == "vector" else 2]
        hint = (
            "\nDrag sideways to change it (Shift fine, Ctrl coarse), double-click to type" if part == "vector" else ""
        )
        return f"{name}{place} = {number!s}{hint}"

    def mousePressEvent(self, event: QMouseEvent) -> None:
        hit = self.cell_at(event.position())
        if event.button() != Qt.MouseButton.LeftButton or hit is None or hit[0] != "vector":
            return
        number = self._number(hit[1])
        self.chosen = hit[1]
        if math.isfinite(number):
            self._press, self._merge, self._way, self._start = event.position(), "", 0.0, number
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        hit = self.cell_at(event.position())
        over = hit is not None and hit[0] == "vector"
        self.setCursor(Qt.CursorShape.SizeHorCursor if over else Qt.CursorShape.ArrowCursor)
        if self._press is None:
            return
        moved = event.position().x() - self._press.x()
        if not self._merge and abs(moved) < SLACK_PX:
            return
        self._merge = self._merge or f"v {next(_COUNT)}"
        self._press = event.position()
        factor = _factor(event.modifiers())
        self._way += moved * factor
        self._put(dragged(self._start, self._way, step_of(self._start, False), False, factor))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._press = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        hit = self.cell_at(event.position())
        if hit is not None and hit[0] == "vector":
            self._press = None
            self.edit(hit[1])

    def edit(self, row: int) -> None:
        """Begins to type one entry of v."""
        self.chosen = row
        rect = self.cell_rect("vector", row)
        wide = max(rect.width(), self.look.px(72))
        self.editor.setGeometry(int(rect.left()), int(rect.top()), int(wide), max(int(rect.height()), self.look.px(22)))
        assert self.shown.vector is not None
        self.editor.setText(str(self.shown.vector[row]))
        self.editor.selectAll()
        self.editor.show()
        self.editor.setFocus()

    def eventFilter(self, watched: Any, event: QEvent) -> bool:
        """Esc leaves an entry as it was."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Escape:
            self.editor.blockSignals(True)
            self.editor.hide()
            self.editor.blockSignals(False)
            self.setFocus()
            return True
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        count = 0 if self.shown.vector is None else len(self.shown.vector)
        match event.key():
            case Qt.Key.Key_Up | Qt.Key.Key_Down if count:
                way = 1 if event.key() == Qt.Key.Key_Down else -1
                self.chosen = min(max(self.chosen + way, 0), count - 1)
                self.update()
            case Qt.Key.Key_Left | Qt.Key.Key_Right if 0 <= self.chosen < count:
                way = 1 if event.key() == Qt.Key.Key_Right else -1
                now = self._number(self.chosen)
                self._merge = "v arrows"
                self._put(dragged(now, way, step_of(now, False) * 10 * _factor(event.modifiers()), False))
            case Qt.Key.Key_Return | Qt.Key.Key_Enter if 0 <= self.chosen < count:
                self.edit(self.chosen)
            case _:
                super().keyPressEvent(event)

    def _number(self, row: int) -> float:
        assert self.shown.vector is not None
        return float(np.real(self.shown.vector[row]))

    def _put(self, number: float) -> None:
        assert self.shown.vector is not None
        if number != self._number(self.chosen):
            rest = complex(self.shown.vector[self.chosen]).imag
            self.entry_changed.emit(self.chosen, complex(number, rest) if rest else number, self._merge)

    def _on_typed(self) -> None:
        if not self.editor.isVisible():
            return
        self.editor.hide()
        try:
            number = read_number(self.editor.text())
        except ProblemError as error:
            self.refused.emit(error.problems[0].message)
            return
        self.entry_changed.emit(self.chosen, number, "")


def short(number: Any, room: float) -> str:
    """A number in as many digits as a cell has room for. Units: room in px at scale 1."""
    text = f"{number:.4g}"
    for digits in (3, 2, 1):
        if len(text) * 6.4 <= room:
            break
        text = f"{number:.{digits}g}"
    return "-0" if text == "-0" else text


def _index(places: tuple[int, ...], at: int, shape: tuple[int, ...]) -> str:
    flat = places[at] if at < len(places) else at
    if not shape or flat >= math.prod(shape):
        return "" if not shape else f"[{flat}]"
    return "[" + ", ".join(str(int(place)) for place in np.unravel_index(flat, shape)) + "]"


def _factor(mods: Qt.KeyboardModifier) -> float:
    if mods & Qt.KeyboardModifier.ShiftModifier:
        return 0.1
    return 10.0 if mods & Qt.KeyboardModifier.ControlModifier else 1.0
