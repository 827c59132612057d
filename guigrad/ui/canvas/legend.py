"""What the colours and widths of gradient-carrying wires mean: a small panel in the corner that covers the fewest cards.

Where every corner has cards it is one line; with no such wire in view, or far out, it is not there.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np
from msgspec import Struct
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPixmap

from guigrad.ui.canvas import geometry as g
from guigrad.ui.canvas import gradients
from guigrad.ui.canvas.brackets import HEAD
from guigrad.ui.canvas.ink import Ink, elided, text_width
from guigrad.ui.canvas.minimap import SIZE as MINIMAP

if TYPE_CHECKING:
    from guigrad.ui.canvas.board import Board
    from guigrad.ui.canvas.painter import Painter
    from guigrad.ui.canvas.viewport import Viewport

MARGIN: Final = 12.0
WIDTH: Final = 236.0
TALL: Final = 74.0
LINE: Final = 24.0
"""Height of the short form, and of a note."""
SMALLEST: Final = (420, 260)
"""Units: px. A smaller canvas has room for cards alone."""
GROWN: Final = 1.75
"""With larger texts it grows up to so much."""
CORNERS: Final = ("left bottom", "left top", "right top", "right bottom")
WORDS: Final = {
    gradients.PLUS: "+",
    gradients.MINUS: "−",
    gradients.BOTH: "±",
    gradients.ZERO: "0",
    gradients.BAD: "nan",
}


class Key(Struct, frozen=True):
    """What a legend says. ``low`` and ``high`` are powers of ten; ``signs`` those in view; ``root``: what was differentiated;
    ``note``: what else is to be said.
    """

    low: int = 0
    high: int = 0
    signs: tuple[int, ...] = ()
    root: str = ""
    note: str = ""


def key_of(painter: Painter, view: Viewport) -> Key | None:
    """What there is to say of the wires in view; None for nothing."""
    scene, frame = painter.scene, painter.scene.faces.frame
    if painter.lens is not None or view.scale < g.BLOCKS or frame is None:
        return None
    known = painter.updates
    note = f"values {known.words}" if known is not None and known.after is frame else ""
    nothing = Key(note=note) if note else None
    if not painter.gradients:
        return nothing
    table = scene.wires
    rows = table.visible(view.world)
    rows = rows[table.grad[rows] >= 0]
    if not len(rows):
        return nothing
    signs = table.sign[rows]
    low, high = gradients.span(table.grad[rows][signs != gradients.BAD])
    shown = tuple(sign for sign in WORDS if sign in (gradients.PLUS, gradients.MINUS) or (signs == sign).any())
    record = frame.records.get(scene.faces.root or "")
    return Key(low, high, shown, record.label if record is not None else "root", note)


class Legend:
    """The legend of one board. ``key``, ``place`` and ``short`` (one line) are what was settled last."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self.key: Key | None = None
        self.place = QRectF()
        self.short = False
        self._picture: tuple[object, QPixmap] | None = None
        self._corner = CORNERS[0]

    @property
    def _grown(self) -> float:
        return min(self._board.text_scale, GROWN)

    def settle(self) -> None:
        """Finds out what it says and where; it stays where it is as long as that is as good as any other corner."""
        board = self._board
        small = board.width() < SMALLEST[0] or board.height() < SMALLEST[1]
        self.key = None if small else key_of(board.painter, board.viewport)
        if self.key is None or (board.painter.moving and not self.place.isNull()):
            return  # while a gesture runs it does not jump
        place = self._rect(self._corner, size_of(self.key, False))
        if not self._covered(place):
            self.short, self.place = False, place
            return
        for self.short in (False, True):
            size = size_of(self.key, self.short)
            covered = {corner: self._covered(self._rect(corner, size)) for corner in CORNERS}
            best = min(covered.values())
            if best == 0 or self.short:
                break
        if covered[self._corner] > best:
            self._corner = next(corner for corner in CORNERS if covered[corner] == best)
        self.place = self._rect(self._corner, size)

    def _rect(self, corner: str, size: tuple[float, float]) -> QRectF:
        board, (across, down) = self._board, corner.split()
        size = size[0] * self._grown, size[1] * self._grown
        x = MARGIN if across == "left" else board.width() - size[0] - MARGIN
        y = MARGIN if down == "top" else board.height() - size[1] - MARGIN
        if corner == "right bottom" and board.minimap.visible:
            y -= MINIMAP[1] + MARGIN
        return QRectF(x, y, *size)

    def _covered(self, rect: QRectF) -> int:
        """How many cards, grad_fns, notes and heads of loops it would cover, in px."""
        board = self._board
        view, scene = board.viewport, board.scene
        left, top = view.to_world(rect.left(), rect.top())
        right, bottom = view.to_world(rect.right(), rect.bottom())
        rows = scene.visible((left, top, right, bottom), 0.0)
        x, y = scene.x[rows], scene.y[rows]
        across = np.minimum(x + scene.width[rows], right) - np.maximum(x, left)
        down = np.minimum(y + scene.height[rows], bottom) - np.maximum(y, top)
        area = float((np.maximum(across, 0) * np.maximum(down, 0)).sum())
        world = QRectF(left, top, right - left, bottom - top)
        others = [QRectF(note.x, note.y, note.width, note.height) for note in scene.document.notes.values()]
        heads = [bracket.rect(scene) for bracket in scene.brackets]
        high = 20.0 / view.scale  # far out they stand above their frame
        others += [QRectF(x, y - high, far - x, HEAD + high) for x, y, far, _ in heads]
        mirror = board.backward.mirror
        if mirror.shown:
            found = mirror.rects[mirror.visible((left, top, right, bottom))].tolist()
            others += [QRectF(x, y, far - x, low - y) for x, y, far, low in found]
        for other in others:
            meet = world.intersected(other)
            area += max(meet.width(), 0.0) * max(meet.height(), 0.0)
        if board.brush_bar.isVisible() and rect.intersects(QRectF(board.brush_bar.geometry())):
            area += 1e6
        return round(area * view.scale**2)

    def paint(self, p: QPainter) -> None:
        """Draws it where it was settled."""
        if self.key is None:
            return
        board, ink = self._board, self._board.painter.ink
        ratio = board.devicePixelRatioF()
        drawn = (self.key, self.short, self._grown, ratio, ink.theme.name)
        if self._picture is None or self._picture[0] != drawn:
            width, height = (math.ceil(side * self._grown * ratio) for side in size_of(self.key, self.short))
            picture = QPixmap(width, height)
            picture.setDevicePixelRatio(ratio)
            picture.fill(Qt.GlobalColor.transparent)
            on = QPainter(picture)
            draw(on, ink, QRectF(QPointF(0, 0), self.place.size()), self.key, self.short, self._grown)
            on.end()
            self._picture = (drawn, picture)
        p.drawPixmap(self.place.topLeft(), self._picture[1])


def size_of(key: Key, short: bool) -> tuple[float, float]:
    """Width and height of a legend."""
    lines = (LINE if short else TALL) if key.signs else 0.0
    return WIDTH, lines + (LINE - 6.0 * bool(lines) if key.note else 0.0)


def draw(p: QPainter, ink: Ink, place: QRectF, key: Key, short: bool, grown: float = 1.0) -> None:
    """A legend in a rectangle of ``size_of``, ``grown`` so much larger than usual."""
    p.save()
    p.translate(place.topLeft())
    p.scale(grown, grown)
    width, height = size_of(key, short)
    p.setRenderHint(QPainter.RenderHint.Antialiasing)
    p.setPen(ink.pen("border", 1.0))
    p.setBrush(ink.brush("panel"))
    p.setOpacity(0.94)
    p.drawRoundedRect(QRectF(0.5, 0.5, width - 1, height - 1), 8, 8)
    p.setOpacity(1.0)
    if key.note:
        p.setFont(ink.foot)
        p.setPen(ink.color("value"))
        p.drawText(QPointF(10, height - 8), elided(ink.foot, key.note, width - 20))
    if key.signs and short:
        left = _signs(p, ink, key, 10.0, LINE / 2)
        _scale(p, ink, key, left + 6, width - 10, LINE / 2)
    elif key.signs:
        p.setFont(ink.label)
        p.setPen(ink.color("text"))
        p.drawText(QPointF(10, 17), elided(ink.label, f"∂ {key.root} / ∂ value, back along each wire", width - 20))
        _signs(p, ink, key, 10.0, 33.0)
        _scale(p, ink, key, 10.0, width - 10, 50.0)
        p.setFont(ink.foot)
        p.setPen(ink.color("text_muted"))
        p.drawText(QPointF(10, 68), elided(ink.foot, "largest |element|, log scale", width - 20))
    p.restore()


def _signs(p: QPainter, ink: Ink, key: Key, left: float, middle: float) -> float:
    """A piece of wire of each sign with its word; where they end."""
    p.setFont(ink.chip)
    for sign in key.signs:
        style = gradients.style(sign, 2)
        line = QLineF(left, middle, left + 22, middle)
        for pen in filter(None, (gradients.pen(ink, style, 1.0), gradients.over(ink, style, 1.0))):
            p.setPen(pen)
            p.drawLine(line)
        p.setPen(ink.color("text"))
        word = WORDS[sign]
        p.drawText(QPointF(left + 26, middle + 3.5), word)
        left += 26 + text_width(ink.chip, word) + 9
    return left


def _scale(p: QPainter, ink: Ink, key: Key, left: float, right: float, middle: float) -> None:
    """Wires of every width between the numbers that they stand for."""
    low, high = power(key.low), power(key.high)
    p.setFont(ink.foot)
    p.setPen(ink.color("text"))
    p.drawText(QPointF(left, middle + 3.5), low)
    end = right - text_width(ink.foot, high)
    p.drawText(QPointF(end, middle + 3.5), high)
    start, count = left + text_width(ink.foot, low) + 6, len(gradients.WIDTHS)
    each = max((end - 6 - start) / count, 1.0)
    for level, width in enumerate(gradients.WIDTHS):
        pen = ink.pen("text_muted", width)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        p.setPen(pen)
        p.drawLine(QLineF(start + level * each, middle, start + (level + 1) * each - 2, middle))


def power(exponent: int) -> str:
    """A power of ten as people write it."""
    return f"{10.0**exponent:g}" if -3 <= exponent <= 3 else f"1e{exponent}"
