"""The cards in view, in detail: from tiles, cells and numbers at first, all in one call once they have stopped changing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QFont, QPainter

from guigrad.ui.canvas import cells, veil
from guigrad.ui.canvas import geometry as g
from guigrad.ui.canvas.content import Content
from guigrad.ui.canvas.face import number_font
from guigrad.ui.canvas.ink import Ink, text_width
from guigrad.ui.canvas.sheet import Sheet
from guigrad.ui.canvas.tiles import Tiles
from guigrad.ui.canvas.wire import Array

if TYPE_CHECKING:
    from guigrad.ui.canvas.scene import Scene
    from guigrad.ui.canvas.viewport import Viewport

STRETCHED: Final = 250_000
"""Units: px. Cards of more than this together are stretched without smoothing while a gesture runs."""
LOOSE: Final = 8
"""So many cards that are not on the sheet, but could be, are worth a page while a gesture runs."""

Placed = tuple[int, Content, float, float]
"""A card's row, what it shows, and where its left top corner is on screen."""


class Cards:
    """Draws cards in detail. ``pending``: a later frame can be better."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.tiles = Tiles()
        self.sheet = Sheet()
        self.pending = False
        self._last: dict[int, Content] = {}

    def clear(self) -> None:
        """Another theme or document."""
        self.tiles.clear()
        self.sheet.clear()
        self._last.clear()

    def draw(
        self, p: QPainter, ink: Ink, view: Viewport, rows: Array, contents: list[Content], moving: bool, hurry: int = 0
    ) -> list[int]:
        """Draws the cards of some rows; those for which there was no time yet. ``hurry``: the level of a ``Pace``."""
        scene, s = self.scene, view.scale
        self.tiles.begin(moving)
        xs, ys = np.floor(scene.x[rows] * s + view.left), np.floor(scene.y[rows] * s + view.top)
        placed = list(zip(rows.tolist(), contents, xs.tolist(), ys.tolist(), strict=True))
        sheet = self.sheet
        # A zoom stretches what it finds until it ends.
        if not moving or not 0.6 < s / sheet.scale < 1.7:
            sheet.expect(s, view.ratio)
        loose = self._loose(placed)
        # What changes with every frame is not worth a page.
        still = {i for i in loose if self._last.get(placed[i][0]) is placed[i][1]}
        # What is on no page is drawn over all that is. A few that others cover get one at once, many with the next frame.
        below = np.array(loose)[veil.covered(scene, rows, loose, g.MARGIN)].tolist() if loose and not moving else []
        if len(loose) <= LOOSE:
            still.update(below)
        steady = [placed[i][:2] for i in sorted(still)]
        if len(steady) > (LOOSE if moving else 0):
            if sheet.full:
                sheet.clear()
                steady = [card[:2] for card in placed]
            self._fill(ink, steady)
            loose = self._loose(placed)
        # Where stretched cards fill the screen, smoothing would cost the frame.
        crowded = moving and (hurry > 0 or len(rows) * g.WIDTH * g.TITLE * 4 * s * s > STRETCHED)
        p.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not crowded)
        sheet.draw(p, rows, xs, ys, loose, s)
        late, rough = self._draw(p, ink, [placed[i] for i in loose], s, view.ratio) if loose else ([], [])
        waiting = {*late, *rough}
        self._last = {placed[i][0]: placed[i][1] for i in loose if placed[i][0] not in waiting}
        self.pending = self.tiles.pending or sheet.scale != s or not still.issuperset(below)
        veil.draw(p, ink, scene, view, rows, contents)
        return late

    def _loose(self, placed: list[Placed]) -> list[int]:
        """The places in the list of the cards that are not on the sheet as they are now."""
        known, collapsed = self.sheet.known, self.scene.collapsed
        return [
            index
            for index, (row, content, _, _) in enumerate(placed)
            if (found := known.get(row)) is None or found[0] is not content or found[1] != collapsed[row]
        ]

    def _fill(self, ink: Ink, cards: list[tuple[int, Content]]) -> None:
        """Draws cards on a page of their own."""
        sheet = self.sheet
        page = sheet.add(cards, self.scene)
        if page is None:
            return
        p, places = page
        placed: list[Placed] = [(row, content, *places[row]) for row, content in cards]
        late, rough = self._draw(p, ink, placed, sheet.scale, sheet.ratio)
        p.end()
        sheet.finish([*late, *rough])

    def _draw(
        self, p: QPainter, ink: Ink, placed: Sequence[Placed], s: float, ratio: float
    ) -> tuple[list[int], list[int]]:
        """Draws cards one by one and their cells in batches; the rows there was no tile for, and those with one of another scale."""
        scene, tiles = self.scene, self.tiles
        jobs: dict[tuple[int, int, int, int], list[cells.Job]] = {}
        texts: list[tuple[str, float, float, str]] = []
        cells_width = round(g.CELLS_WIDTH * s * ratio)
        late: list[int] = []
        rough: list[int] = []
        index = np.array([card[0] for card in placed])
        middles, belows = scene.row_middles(index)
        geometry = zip(
            placed, scene.height[index].tolist(), scene.collapsed[index].tolist(), middles.tolist(), belows.tolist(),
            strict=True,
        )  # fmt: skip
        cells_left = g.CELLS_LEFT * s
        for (row, content, x, y), height, collapsed, middle, below in geometry:
            tile = tiles.get(row, ink, scene.facet(row), content, height, collapsed, self.sheet.scale, ratio)
            if tile is None:
                late.append(row)
                continue
            if tile.scale != self.sheet.scale:
                rough.append(row)
            if tile.scale == s:
                p.drawPixmap(QPointF(x - tile.edge, y - tile.edge), tile.pixmap)
            else:
                k = s / tile.scale
                size = tile.pixmap.deviceIndependentSize()
                target = QRectF(x - tile.edge * k, y - tile.edge * k, size.width() * k, size.height() * k)
                p.drawPixmap(target, tile.pixmap, QRectF(tile.pixmap.rect()))
            if collapsed:
                continue
            value, grad = content.value, content.grad
            for part, at, base in ((value, middle, 0), (grad, below, 256)):
                if part.cells is not None:
                    shape = (*part.cells.shape, cells_width, max(1, round(part.height * s * ratio)))
                    # ``round`` goes to the even number: a card would look otherwise a px further down.
                    left = math.floor(x + cells_left + 0.5)
                    top = math.floor(y + (at - part.height / 2) * s + 0.5)
                    jobs.setdefault(shape, []).append((left, top, part.cells, base, 1.0))
                elif part.text:
                    token = "value" if base == 0 else "xray" if content.xray else "grad"
                    texts.append((part.text, x, y + at * s, token))
        cells.draw(p, ink.theme, jobs, s, ratio)
        _texts(p, ink, texts, s)
        return late, rough


def _texts(p: QPainter, ink: Ink, texts: list[tuple[str, float, float, str]], s: float) -> None:
    """Numbers and words: (text, left of its card, middle, colour)."""
    if not texts:
        return
    groups: dict[tuple[int, str], tuple[QFont, list[tuple[str, float, float]]]] = {}
    for text, x, y, token in texts:  # another font or colour costs as much as a text
        font = number_font(ink, text)
        groups.setdefault((id(font), token), (font, []))[1].append((text, x, y))
    p.save()
    p.scale(s, s)
    for (_, token), (font, group) in groups.items():
        p.setFont(font)
        p.setPen(ink.color(token))
        right, down = g.WIDTH - 14.0, font.pixelSize() * 0.36
        for text, x, y in group:
            p.drawText(QPointF(x / s + right - text_width(font, text), y / s + down), text)
    p.restore()
