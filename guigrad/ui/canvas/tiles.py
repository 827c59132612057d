"""The unchanging part of visible cards as pixmaps at exactly the current scale, made under a time budget."""

from __future__ import annotations

import math
from time import perf_counter
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPixmap

from guigrad.ui.canvas import geometry as g
from guigrad.ui.canvas.content import Content, fresh
from guigrad.ui.canvas.face import draw_fixed
from guigrad.ui.canvas.facet import Facet
from guigrad.ui.canvas.ink import Ink

BUDGET_MS: Final = 3.5
"""What a frame may spend on making tiles; the cards left over keep their old tile, stretched, until the next frame."""
WHOLE_MS: Final = 250.0
"""The same for a frame that shows something new and follows no gesture."""
BYTES: Final = 40 * 2**20
"""All tiles together."""


class Tile:
    """One card as drawn. ``edge`` is how many px of shadow and ports surround it."""

    __slots__ = ("collapsed", "edge", "facet", "fixed", "height", "pixmap", "scale", "used")

    def __init__(
        self, pixmap: QPixmap, edge: int, scale: float, facet: Facet, fixed: object, height: float, collapsed: bool
    ) -> None:
        self.pixmap = pixmap
        self.edge = edge
        self.scale = scale
        self.facet = facet
        self.fixed = fixed
        self.height = height
        self.collapsed = collapsed
        self.used = 0


class Tiles:
    """Tiles by row of the scene. ``pending``: some could not be made in time; ``bytes_used``: their pixels."""

    def __init__(self) -> None:
        self._tiles: dict[int, Tile] = {}
        self.bytes_used = 0
        self._frame = 0
        self._left = 0.0
        self._moving = False
        self.pending = False

    def clear(self) -> None:
        """Another theme or document."""
        self._tiles.clear()
        self.bytes_used = 0

    def begin(self, moving: bool) -> None:
        """A frame starts. While a gesture moves the view, a zoom stretches tiles and few new ones are made."""
        self._frame += 1
        self._moving = moving
        self._left = (BUDGET_MS if moving else WHOLE_MS) / 1000
        self.pending = False
        if self.bytes_used > BYTES:
            self._forget_oldest()

    def get(
        self,
        row: int,
        ink: Ink,
        facet: Facet,
        content: Content,
        height: float,
        collapsed: bool,
        scale: float,
        ratio: float,
    ) -> Tile | None:
        """The card's tile; one of another scale, or None, where the budget is spent. ``pending`` tells that something was left."""
        tile = self._tiles.get(row)
        current = (
            tile is not None
            and tile.facet is facet
            and tile.height == height
            and tile.collapsed == collapsed
            and tile.fixed == content.fixed
        )
        if tile is not None and current and tile.scale == scale:
            tile.used = self._frame
            return tile
        stretched = tile is not None and current and self._moving and 0.6 < scale / tile.scale < 1.7
        if stretched or self._left <= 0:
            self.pending = True
            if tile is not None:
                tile.used = self._frame
            return tile
        start = perf_counter()
        made = render(ink, facet, content, height, collapsed, scale, ratio)
        self._left -= perf_counter() - start
        if tile is not None:
            self.bytes_used -= _size(tile.pixmap)
        self.bytes_used += _size(made.pixmap)
        made.used = self._frame
        self._tiles[row] = made
        return made

    def _forget_oldest(self) -> None:
        for row, tile in sorted(self._tiles.items(), key=lambda pair: pair[1].used):
            if self.bytes_used <= BYTES // 2 or tile.used >= self._frame - 1:
                break
            self.bytes_used -= _size(tile.pixmap)
            del self._tiles[row]


def render(
    ink: Ink, facet: Facet, content: Content, height: float, collapsed: bool, scale: float, ratio: float
) -> Tile:
    """Draws a card's unchanging part."""
    edge = math.ceil(g.MARGIN * scale)
    width_px = math.ceil(g.WIDTH * scale) + 2 * edge
    height_px = math.ceil(height * scale) + 2 * edge
    pixmap = QPixmap(math.ceil(width_px * ratio), math.ceil(height_px * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    p = QPainter(pixmap)
    p.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
    p.translate(edge, edge)
    p.scale(scale, scale)
    draw_fixed(p, ink, facet, fresh(content), height, collapsed)
    p.end()
    return Tile(pixmap, edge, scale, facet, content.fixed, height, collapsed)


def _size(pixmap: QPixmap) -> int:
    return pixmap.width() * pixmap.height() * 4
