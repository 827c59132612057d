"""A tensor drawn as a heat-map, as a grid of slices, and as an image."""

from __future__ import annotations

from typing import Final

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from guigrad.ui import heat
from guigrad.ui.canvas.content import number
from guigrad.ui.style import Look
from guigrad.ui.widgets.slicing import Array, Shown, picture_of, pixels, tiles_of
from guigrad.ui.widgets.tensor_view import number_text

FADED: Final = 0.45
CELL_PX: Final = 52
"""Widest cell of a heat-map that is not stretched."""
NUMBER_PX: Final = (46, 17)
"""From this width and height on a cell shows its number."""
TILES: Final = 64
"""Slices that are drawn at once."""
LEGEND_PX: Final = 66
_ARROWS: Final = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


class Picture(QWidget):
    """What all pictures of a tensor share. ``pointed`` tells in words what is under the pointer or the keyboard's cursor."""

    pointed = Signal(str)
    title = "Picture"

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.shown: Shown | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.title)

    def sizeHint(self) -> QSize:
        return QSize(self.look.px(360), self.look.px(200))

    def minimumSizeHint(self) -> QSize:
        return QSize(self.look.px(60), self.look.px(40))

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self.look = look
        self.update()

    def show_tensor(self, shown: Shown | None) -> None:
        """Another tensor or slice."""
        self.shown = shown
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        p = QPainter(self)
        if self.shown is not None and self.shown.values.size:
            p.setOpacity(FADED if self.shown.faded else 1.0)
            self.draw(p, self.shown)
        if self.hasFocus():
            p.setOpacity(1.0)
            p.setPen(QPen(self.look.color("focus"), 1))
            p.drawRect(self.rect().adjusted(0, 0, -1, -1))
        p.end()

    def draw(self, p: QPainter, shown: Shown) -> None:
        """Draws what is shown."""
        raise NotImplementedError

    def say(self, text: str) -> None:
        """Tells what is under the pointer, screen readers too."""
        self.setAccessibleDescription(text)
        self.pointed.emit(text)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.pointed.emit("")

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()


def heat_image(look: Look, scale: str, grid: Array, limit: float, width: int, height: int) -> QImage:
    """A grid as an image of at most so many pixels: of a larger one every k-th row and column."""
    down, across = max(1, -(-grid.shape[0] // max(height, 1))), max(1, -(-grid.shape[1] // max(width, 1)))
    colours = np.ascontiguousarray(heat.colors(look.theme, scale, grid[::down, ::across], limit))
    rows, columns = colours.shape
    return QImage(colours.data, columns, rows, columns * 4, QImage.Format.Format_ARGB32).copy()


class HeatMap(Picture):
    """Cells on the diverging scale with its legend; arrows move a cursor. ``chosen`` tells the cell that was clicked."""

    title = "Heat-map"
    chosen = Signal(int, int)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent, look=look)
        self.cursor_at = (0, 0)
        self._image: tuple[Shown, tuple[int, int], Look, QImage] | None = None

    def show_tensor(self, shown: Shown | None) -> None:
        super().show_tensor(shown)
        if shown is not None and shown.values.size:
            rows, columns = shown.grid.shape
            self.cursor_at = (min(self.cursor_at[0], rows - 1), min(self.cursor_at[1], columns - 1))

    def area(self) -> QRectF:
        """Where the cells are. Units: px"""
        if self.shown is None:
            return QRectF()
        rows, columns = self.shown.grid.shape
        room = QRectF(self.rect()).adjusted(4, 4, -self.look.px(LEGEND_PX) - 8, -4)
        wide = min(room.width(), columns * self.look.px(CELL_PX))
        tall = min(room.height(), rows * self.look.px(CELL_PX) * 0.6)
        return QRectF(room.left(), room.top(), max(wide, 1.0), max(tall, 1.0))

    def cell_at(self, point: QPointF) -> tuple[int, int] | None:
        """The cell under a point."""
        area = self.area()
        if self.shown is None or not area.contains(point):
            return None
        rows, columns = self.shown.grid.shape
        row = int((point.y() - area.top()) / area.height() * rows)
        column = int((point.x() - area.left()) / area.width() * columns)
        return min(row, rows - 1), min(column, columns - 1)

    def draw(self, p: QPainter, shown: Shown) -> None:
        grid, area = shown.grid, self.area()
        rows, columns = grid.shape
        ratio = self.devicePixelRatioF()
        size = (round(area.width() * ratio), round(area.height() * ratio))
        known = self._image
        if known is None or known[0] is not shown or known[1:3] != (size, self.look):
            known = self._image = (shown, size, self.look, heat_image(self.look, shown.scale, grid, shown.limit, *size))
        p.drawImage(area, known[3])
        wide, tall = area.width() / columns, area.height() / rows
        if min(wide, tall) >= 6:
            self._lines(p, area, rows, columns)
        least = self.look.px(NUMBER_PX[0]), self.look.px(NUMBER_PX[1])
        if wide >= least[0] and tall >= least[1]:
            self._numbers(p, shown, area)
        self._odd(p, shown, area, wide, tall, wide >= least[0] and tall >= least[1])
        if self.hasFocus():
            row, column = self.cursor_at
            p.setPen(QPen(self.look.color("selected"), 2))
            p.drawRect(QRectF(area.left() + column * wide, area.top() + row * tall, max(wide, 3), max(tall, 3)))
        legend(p, self.look, shown, QRectF(self.rect()))

    def _lines(self, p: QPainter, area: QRectF, rows: int, columns: int) -> None:
        p.setPen(QPen(self.look.color("panel"), 1))
        for row in range(1, rows):
            y = area.top() + row * area.height() / rows
            p.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
        for column in range(1, columns):
            x = area.left() + column * area.width() / columns
            p.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))

    def _numbers(self, p: QPainter, shown: Shown, area: QRectF) -> None:
        grid = shown.grid
        rows, columns = grid.shape
        colours = heat.colors(self.look.theme, shown.scale, grid, shown.limit)
        p.setFont(self.look.code(10.5))
        for row in range(rows):
            for column in range(columns):
                p.setPen(QColor(heat.text_on(int(colours[row, column]))))
                wide, tall = area.width() / columns, area.height() / rows
                room = QRectF(area.left() + column * wide, area.top() + row * tall, wide, tall)
                p.drawText(room, Qt.AlignmentFlag.AlignCenter, number(grid[row, column].item()))

    def _odd(self, p: QPainter, shown: Shown, area: QRectF, wide: float, tall: float, numbers: bool) -> None:
        """NaN and infinities get a ring each, so that none of them is lost in a large picture."""
        if numbers:
            return  # their text tells
        p.setPen(QPen(self.look.color("failed"), 2))
        p.setBrush(Qt.BrushStyle.NoBrush)
        for flat in shown.odd:
            cell = shown.cell(flat)
            if cell is not None:
                middle = QPointF(area.left() + (cell[1] + 0.5) * wide, area.top() + (cell[0] + 0.5) * tall)
                radius = max(4.0, min(wide, tall) / 2)
                p.drawEllipse(middle, radius, radius)

    def _tell(self, row: int, column: int) -> None:
        if self.shown is not None:
            self.say(cell_words(self.shown, row, column))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        cell = self.cell_at(event.position())
        if cell is None:
            self.pointed.emit("")
        else:
            self._tell(*cell)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        cell = self.cell_at(event.position())
        if cell is not None:
            self.cursor_at = cell
            self._tell(*cell)
            self.chosen.emit(*cell)
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        way = _ARROWS.get(Qt.Key(event.key()))
        if way is None or self.shown is None or not self.shown.values.size:
            super().keyPressEvent(event)
            return
        rows, columns = self.shown.grid.shape
        row, column = self.cursor_at[0] + way[0], self.cursor_at[1] + way[1]
        self.cursor_at = (min(max(row, 0), rows - 1), min(max(column, 0), columns - 1))
        self._tell(*self.cursor_at)
        self.update()


def cell_words(shown: Shown, row: int, column: int) -> str:
    """The index of a cell as torch writes it, and its number with every digit."""
    place = ", ".join(map(str, shown.place(row, column)))
    return f"[{place}] = {number_text(shown.grid[row, column])}" if shown.shape else number_text(shown.grid[0, 0])


def legend(p: QPainter, look: Look, shown: Shown, room: QRectF) -> None:
    """The scale at the right edge: the largest magnitude, zero, and what is not finite."""
    wide, tall = look.px(10), min(room.height() - 24.0, look.px(160))
    x, y = room.right() - look.px(LEGEND_PX), room.top() + 8
    colours = np.ascontiguousarray(heat.table(look.theme, shown.scale)[heat.STEPS - 1 :: -1].reshape(-1, 1))
    p.drawImage(QRectF(x, y, wide, tall), QImage(colours.data, 1, heat.STEPS, 4, QImage.Format.Format_ARGB32).copy())
    p.setFont(look.code(10))
    p.setPen(look.color("text_muted"))
    line = look.px(14)
    for part, text in ((0.0, f"+{number(shown.limit)}"), (0.5, "0"), (1.0, f"−{number(shown.limit)}")):
        room_ = QRectF(x + wide + 4, y + part * tall - line / 2, look.px(LEGEND_PX) - wide - 4, line)
        p.drawText(room_, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)


class Tiles(Picture):
    """A grid of slices along a dimension that stands still; ``chosen`` tells the slice that was clicked (its dimension, its index)."""

    title = "Grid of slices"
    chosen = Signal(int, int)

    def layout_of(self, shown: Shown) -> list[tuple[int, QRectF, Array]]:
        """Each slice with its index and where it is drawn."""
        _, start, slices = tiles_of(shown, TILES)
        room = QRectF(self.rect()).adjusted(4, 4, -4, -4)
        count, ratio = len(slices), max(slices[0].shape[1], 1) / max(slices[0].shape[0], 1)
        ratio = min(max(ratio, 0.4), 3.0)
        head = self.look.px(14)
        best = max(range(1, count + 1), key=lambda across: _fit(room, across, count, ratio, head))
        height = _fit(room, best, count, ratio, head)
        found = []
        for number_, grid in enumerate(slices):
            row, column = divmod(number_, best)
            x, y = room.left() + column * (height * ratio + 6), room.top() + row * (height + head + 2)
            found.append((start + number_, QRectF(x, y + head, max(height * ratio, 1), max(height, 1)), grid))
        return found

    def draw(self, p: QPainter, shown: Shown) -> None:
        dim = tiles_of(shown, TILES)[0]
        p.setFont(self.look.code(10))
        ratio = self.devicePixelRatioF()
        for place, area, grid in self.layout_of(shown):
            size = round(area.width() * ratio), round(area.height() * ratio)
            p.drawImage(area, heat_image(self.look, shown.scale, grid, shown.limit, *size))
            here = dim >= 0 and shown.cut.index[dim] == place
            p.setPen(self.look.color("selected" if here else "text_muted"))
            p.drawText(QPointF(area.left(), area.top() - 3), str(place * (shown.steps[dim] if shown.steps else 1)))
            p.setPen(QPen(self.look.color("selected" if here else "border"), 2 if here else 1))
            p.drawRect(area)

    def _slice_at(self, point: QPointF) -> int | None:
        if self.shown is None or not self.shown.values.size:
            return None
        return next((place for place, area, _ in self.layout_of(self.shown) if area.contains(point)), None)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = self._slice_at(event.position())
        dim = -1 if self.shown is None else tiles_of(self.shown, TILES)[0]
        self.pointed.emit("" if place is None else f"slice {place} of dimension {dim}; click to see it alone")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        place = self._slice_at(event.position())
        if place is not None and self.shown is not None:
            self._choose(place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None or self.shown is None or not self.shown.values.size:
            super().keyPressEvent(event)
            return
        dim = tiles_of(self.shown, TILES)[0]
        if dim >= 0:
            self._choose(min(max(self.shown.cut.index[dim] + step, 0), self.shown.values.shape[dim] - 1), False)

    def _choose(self, place: int, open_it: bool = True) -> None:
        assert self.shown is not None
        dim = tiles_of(self.shown, TILES)[0]
        if dim >= 0:
            self.say(f"slice {place} of dimension {dim}")
            self.chosen.emit(dim, place if open_it else -1 - place)


def _fit(room: QRectF, across: int, count: int, ratio: float, head: int) -> float:
    """The height of a slice when so many stand beside each other."""
    down = -(-count // across)
    return float(min((room.width() / across - 6) / ratio, room.height() / down - head - 2))


class ImageView(Picture):
    """Grey or coloured pixels: H×W, H×W×3, C×H×W; what is not finite has the colour of NaN."""

    title = "Image"

    def draw(self, p: QPainter, shown: Shown) -> None:
        array, how = picture_of(shown)
        line = self.look.px(18)
        room = QRectF(self.rect()).adjusted(4, 4, -4, -4 - line)
        scale = min(room.width() / array.shape[1], room.height() / array.shape[0])
        wide, tall = max(array.shape[1] * scale, 1.0), max(array.shape[0] * scale, 1.0)
        ratio = self.devicePixelRatioF()
        down = max(1, round(array.shape[0] / max(tall * ratio, 1)))
        across = max(1, round(array.shape[1] / max(wide * ratio, 1)))
        part = array[::down, ::across]
        grey, span = pixels(part, shown.spread.low, shown.spread.high)
        image = np.full((*grey.shape[:2], 4), 255, np.uint8)
        image[..., :3] = (grey[..., None] if grey.ndim == 2 else grey[..., :3])[..., ::-1]
        if grey.ndim == 3 and grey.shape[2] == 4:
            image[..., 3] = grey[..., 3]
        if part.dtype.kind in "fc":
            wrong = ~np.isfinite(part)
            color = QColor(self.look.theme.invalid)
            image[wrong if wrong.ndim == 2 else wrong.any(2)] = (color.blue(), color.green(), color.red(), 255)
        rows, columns = image.shape[:2]
        p.drawImage(
            QRectF(4, 4, wide, tall), QImage(image.data, columns, rows, columns * 4, QImage.Format.Format_ARGB32).copy()
        )
        p.setFont(self.look.code(10))
        p.setPen(self.look.color("text_muted"))
        p.drawText(QPointF(4, 4 + tall + line - 5), f"{how} · black … white: {span}")
