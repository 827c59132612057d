"""Document columns and a frame into any QPainter: a widget, a picture, an SVG, a PDF.

On screen a frame's cost is bounded by pixels, not by nodes: what is out of view is culled by one comparison, faces come from
tiles made under a time budget, cells and wires go out in batches, and detail falls with the zoom. ``exact`` painting (pictures, vectors)
draws every card in full instead.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Final, cast

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPixmap, QRegion

from guigrad.ui.canvas import decor, gradients, lens, overlay, traces, updates
from guigrad.ui.canvas import geometry as g
from guigrad.ui.canvas.arrays import c_array
from guigrad.ui.canvas.cards import Cards
from guigrad.ui.canvas.content import Content
from guigrad.ui.canvas.face import draw_fixed, draw_numbers
from guigrad.ui.canvas.ink import Ink, ink
from guigrad.ui.canvas.pace import Pace
from guigrad.ui.canvas.scene import Scene
from guigrad.ui.canvas.viewport import Viewport
from guigrad.ui.canvas.wire import Array, Rect, segments

TITLES: Final = 320
"""Most cards that show their title when zoomed out."""
PIECES: Final = 24_000
"""Most straight pieces of wires in a frame."""
SMOOTH: Final = 8_000
"""Antialias wires up to so many pieces."""
SHORT_PX: Final = 160.0
"""A wire shorter than this on screen is drawn of few pieces while something moves."""


class Painter:
    """Paints a scene. One for each widget: it keeps the tiles.

    ``rest``: nothing changes, so time may be spent on looks; ``moving``: a gesture runs, so new tiles may wait. ``hidden_wire`` is being dragged elsewhere; ``gradients``: wires look as what came back along them; ``updates``: what a step did to the parameters, ``opened`` the card that
    shows all of it; ``frames`` are boxes and notes as a gesture shows them.
    ``below`` draws what lies under the cards and is none of the scene's.
    """

    def __init__(self, scene: Scene, theme: str = "dark") -> None:
        self.scene = scene
        self.cards = Cards(scene)
        self.ink: Ink = ink(theme)
        self.pace = Pace()
        self.glow = 0.5
        self.pending = False
        self.rest = self.moving = False
        self.hidden_wire: int | None = None
        self.gradients = True
        self.updates: updates.Updates | None = None
        self.opened = ""
        self.lens: lens.Lens | None = None
        self.frames: dict[str, QRectF] = {}
        self.below: Callable[[QPainter], None] | None = None
        self.loop_words = ""  # behind the head of the loop that trains
        self.phases: tuple[str, tuple[str, ...], int, bool] = (
            "",
            (),
            -1,
            False,
        )  # loop, its phases, the last, whether all
        self.chips: list[decor.Chip] = []
        self._chip_scale = 0.0
        self._dots: tuple[float, float, str, QPixmap] | None = None

    def set_theme(self, name: str) -> None:
        """Other colours from the next frame on."""
        self.ink = ink(name)
        self.cards.clear()

    def paint(
        self, p: QPainter, view: Viewport, exact: bool = False, background: bool = True, part: QRegion | None = None
    ) -> None:
        """One frame, or a ``part`` of one. ``pending`` tells afterwards that a later frame can be better: paint again when at rest."""
        with self.pace.frame(free=exact or not self.moving):
            self._paint(p, view, exact, background, part)

    def _paint(self, p: QPainter, view: Viewport, exact: bool, background: bool, part: QRegion | None) -> None:
        self.pending = False
        if background and exact:
            p.fillRect(QRectF(0, 0, view.width, view.height), self.ink.color("canvas"))
        elif background:
            self._background(p, view, part)
        self._under(p, view)
        if self.below is not None:
            self.below(p)
        rows = shown = self.scene.visible(view.world)
        detail = exact or (view.scale >= g.DETAIL and len(shown) <= g.FACES)
        worlds = None if part is None else [view.around(rect) for rect in _rects(part)]
        if worlds is not None:
            rows = shown[self._near(shown, worlds)]
        contents: list[Content] = []
        if detail:  # before the wires: a card whose numbers take more lines moves its ports
            contents = self.scene.faces.contents(rows.tolist())
        self.wires(p, view, exact, worlds)
        if self.lens is None:
            traces.draw(p, self.ink, self.scene, view)
        else:
            lens.draw(p, self.ink, self.scene, view, self.lens)
        if exact:
            self._exact(p, view, rows)
        elif detail:
            late = self.cards.draw(p, self.ink, view, rows, contents, self.moving, self.pace.level)
            self._blocks(p, view, np.array(late, np.intp), len(late) <= TITLES)
            self.pending |= self.cards.pending
        else:
            self._blocks(p, view, rows, len(shown) <= TITLES)
        self.chips = []
        if detail and (self.lens is None or not self.lens.chosen):
            self._chip_scale = self._chip_scale if self.moving and self._chip_scale else view.scale
            self.chips = decor.chips(self.ink, self.scene, view, shown)
            decor.draw_chips(p, self.ink, view, self.chips, 0.0 if exact else self._chip_scale, worlds)
        decor.marks(p, self.ink, self.scene, view, shown, detail, self.glow)
        if self.updates is not None and detail:
            updates.draw(p, self.ink, self.updates, self.scene, view, shown, self.opened)
        if exact:
            overlay.pictured(p, self.scene, self.ink, view)
        if self.lens is not None:
            lens.draw_factors(p, self.ink, self.scene, view, self.lens)

    # ---- below the cards -------------------------------------------------

    def _background(self, p: QPainter, view: Viewport, part: QRegion | None) -> None:
        step = g.DOTS * view.scale
        while step < 14:
            step *= 2
        size = max(1, round(step * view.ratio))
        known = self._dots
        if known is None or known[:3] != (size, view.ratio, self.ink.theme.name):
            one = QPixmap(size, size)
            one.fill(self.ink.color("canvas"))
            dot = QPainter(one)
            dot.setRenderHint(QPainter.RenderHint.Antialiasing)
            dot.setPen(Qt.PenStyle.NoPen)
            dot.setBrush(self.ink.brush("grid"))
            dot.drawEllipse(QPointF(size / 2, size / 2), 1.1 * view.ratio, 1.1 * view.ratio)
            dot.end()
            many = max(1, 512 // size)  # few large tiles: each costs a call
            tile = QPixmap(size * many, size * many)
            dot = QPainter(tile)
            dot.drawTiledPixmap(tile.rect(), one)
            dot.end()
            tile.setDevicePixelRatio(view.ratio)
            known = self._dots = (size, view.ratio, self.ink.theme.name, tile)
        pitch = known[3].width() / view.ratio
        rects = [QRect(0, 0, math.ceil(view.width), math.ceil(view.height))] if part is None else _rects(part)
        for rect in rects:
            start = QPointF((rect.x() - view.left) % pitch, (rect.y() - view.top) % pitch)
            p.drawTiledPixmap(QRectF(rect), known[3], start)

    def _near(self, rows: Array, worlds: list[Rect]) -> Array:
        """Which cards lie in some parts of the canvas. Shapes: [n] -> bool [n]"""
        scene, margin = self.scene, g.MARGIN
        corners = (
            scene.x[rows] - margin, scene.y[rows] - margin,
            scene.x[rows] + scene.width[rows] + margin, scene.y[rows] + scene.height[rows] + margin,
        )  # fmt: skip
        return meeting(corners, worlds)

    def _under(self, p: QPainter, view: Viewport) -> None:
        scene = self.scene
        if not (scene.document.boxes or scene.document.notes or scene.brackets):
            return
        p.setRenderHint(QPainter.RenderHint.Antialiasing)
        p.save()
        p.translate(view.left, view.top)
        p.scale(view.scale, view.scale)
        shown = view.world
        for box in scene.document.boxes.values():
            rect = self.frames.get(box.id) or QRectF(box.x, box.y, box.width, box.height)
            if overlaps(shown, rect):
                decor.draw_box(p, self.ink, rect, box.title, view.scale)
        for bracket in scene.brackets:
            left, top, right, bottom = bracket.rect(scene)
            rect = QRectF(left, top, right - left, bottom - top)
            if overlaps(shown, rect):
                trains = bracket.key == self.phases[0] and self.loop_words
                title = f"{bracket.title}   {self.loop_words}" if trains else bracket.title
                share = 1 - decor.PHASES_SHARE if bracket.key == self.phases[0] else 1.0
                decor.draw_bracket(p, self.ink, rect, title, view.scale, share)
                if bracket.key == self.phases[0]:
                    decor.draw_phases(p, self.ink, rect, *self.phases[1:], view.scale)
        for bracket in scene.brackets:
            decor.draw_carried(p, self.ink, scene, bracket)
        for note in scene.document.notes.values():
            rect = self.frames.get(note.id) or QRectF(note.x, note.y, note.width, note.height)
            if overlaps(shown, rect):
                decor.draw_note(p, self.ink, rect, note.text, view.scale)
        traces.draw_arrows(p, self.ink, scene, self.frames)
        p.restore()

    def wires(self, p: QPainter, view: Viewport, exact: bool = False, worlds: list[Rect] | None = None) -> None:
        """Every visible wire (of those that cross one of ``worlds``), gradient-carrying ones above the others."""
        table = self.scene.wires
        rows = table.visible(view.world)
        if self.hidden_wire is not None:
            rows = rows[table.first[rows] != self.hidden_wire]
        if not len(rows):
            return
        s = view.scale
        self.pending |= self.scene.faces.ask_gradients(rows)
        if len(rows) > PIECES:  # a regular sample of so many lines looks the same
            rows = rows[:: math.ceil(len(rows) / PIECES)]
        styles = self.styles(rows)
        if exact:
            self._curves(p, view, rows, styles)
            return
        most = PIECES // len(rows)
        if worlds is not None:  # they look as they do beside all the others
            inside = meeting(table.bounds[:, rows], worlds)
            rows, styles = rows[inside], styles[inside]
        if self.rest or s < g.STRAIGHT:
            best = min(40, int(12 + 28 * s))
            self._lines(p, view, rows, styles, 1 if s < g.STRAIGHT else max(1, min(best, most)))
            return
        # Until all is at rest a short wire makes do with few pieces.
        left, top, right, bottom = table.bounds[:, rows]
        long = np.maximum(right - left, bottom - top) * s > SHORT_PX
        few = max(1, min(most, int(4 + 3 * s) - self.pace.level))
        for chosen, pieces in ((~long, few), (long, min(few * 2, most))):
            if chosen.any():
                self._lines(p, view, rows[chosen], styles[chosen], max(1, pieces))

    def _lines(self, p: QPainter, view: Viewport, rows: Array, styles: Array, pieces: int) -> None:
        """Wires as straight pieces: solid ones, then the dashes of those that have some, in one call for each style."""
        order = np.argsort(styles, kind="stable")
        rows, styles = rows[order], styles[order]
        p.setRenderHint(QPainter.RenderHint.Antialiasing, self._smooth(len(rows) * pieces))
        dashed = np.zeros(len(rows), bool) if pieces == 1 else gradients.dashed(styles)
        solid = ~dashed
        if solid.any():
            lines, mine = self._segments(view, rows[solid], pieces), styles[solid]
            cuts = np.searchsorted(mine, np.arange(gradients.STYLES + 1)).tolist()
            for style in range(gradients.STYLES):
                if cuts[style + 1] > cuts[style]:
                    width = gradients.width_of(style) * view.scale
                    self._style_pen(p, gradients.color_of(self.ink, style), width)
                    self._draw(p, lines[cuts[style] : cuts[style + 1]])
        if dashed.any():
            self._dashes(p, view, rows[dashed], styles[dashed])

    def _segments(self, view: Viewport, rows: Array, pieces: int) -> Array:
        lines = segments(self.scene.wires.ends[:, rows], pieces)
        lines *= view.scale
        lines[:, :, 0::2] += view.left
        lines[:, :, 1::2] += view.top
        return lines

    def _dashes(self, p: QPainter, view: Viewport, rows: Array, styles: Array) -> None:
        """Every other piece of wires, as many as their lengths take; of dotted ones the beginning of each, of those with both signs both in turn."""
        x1, y1, x2, y2, _ = self.scene.wires.ends[:, rows]
        counts = gradients.dashes(np.hypot(x2 - x1, y2 - y1) * view.scale)
        found: list[Array] = []
        kinds: list[Array] = []
        for count in set(counts.tolist()):
            chosen = counts == count
            lines, mine = self._segments(view, rows[chosen], count * 2), styles[chosen]
            found.append(lines[:, 0::2].reshape(-1, 4))
            kinds.append(np.repeat(mine, count))
            both = gradients.is_both(mine)
            if both.any():
                found.append(lines[both, 1::2].reshape(-1, 4))
                kinds.append(np.repeat(gradients.as_plus(mine[both]), count))
        lines, mine = np.concatenate(found), np.concatenate(kinds)
        order = np.argsort(mine, kind="stable")
        lines, mine = lines[order], mine[order]
        cuts = np.searchsorted(mine, np.arange(gradients.STYLES + 1)).tolist()
        for style in range(gradients.STYLES):
            part = lines[cuts[style] : cuts[style + 1]]
            if not len(part):
                continue
            dots = style == gradients.DOTTED
            if dots:
                part[:, 2:] = part[:, :2] + (part[:, 2:] - part[:, :2]) * 0.3
            color = gradients.color_of(self.ink, style)
            if gradients.sign_of(style) == gradients.BOTH:
                color = gradients.minus(self.ink)
            self._style_pen(p, color, gradients.width_of(style) * view.scale, flat=True)
            self._draw(p, part[None])

    def _draw(self, p: QPainter, lines: Array) -> None:
        plain = np.ascontiguousarray(lines)
        p.drawLines(c_array(plain, QLineF), plain.shape[0] * plain.shape[1])

    def _smooth(self, pieces: int) -> bool:
        """Whether so many pieces of wire are antialiased: when at rest, else while they are few and the frames keep their time."""
        return self.rest or (self.pace.level == 0 and pieces <= SMOOTH)

    def _curves(self, p: QPainter, view: Viewport, rows: Array, styles: Array) -> None:
        """True curves, one by one: what vectors want, and what no screen has time for."""
        p.setRenderHint(QPainter.RenderHint.Antialiasing)
        p.setBrush(Qt.BrushStyle.NoBrush)
        order = np.argsort(styles, kind="stable")
        last = -1
        pens: list[QPen] = []
        for row, style in zip(rows[order].tolist(), styles[order].tolist(), strict=True):
            if style != last:
                made = (make(self.ink, style, view.scale) for make in (gradients.pen, gradients.over))
                pens = [pen for pen in made if pen is not None]
                last = style
            x1, y1, x2, y2, bend = self.scene.wires.ends[:, row].tolist()
            points = [QPointF(*view.to_screen(x, y)) for x, y in ((x1, y1), (x1 + bend, y1), (x2 - bend, y2), (x2, y2))]
            path = QPainterPath(points[0])
            path.cubicTo(points[1], points[2], points[3])
            for pen in pens:
                p.setPen(pen)
                p.drawPath(path)

    def styles(self, rows: Array) -> Array:
        """Per wire: plain, lit, or by the gradient that came back along it (``gradients.styles``)."""
        table = self.scene.wires
        made = np.zeros(len(rows), np.int8)
        carries = np.zeros(len(rows), bool)
        if self.gradients and self.lens is None:  # paths have that colour to themselves
            carries = table.grad[rows] >= 0
            if carries.any():
                made[carries] = gradients.styles(table.grad[rows[carries]], table.sign[rows[carries]])
        made[table.lit[rows] & ~carries] = gradients.LIT
        return made

    def _style_pen(self, p: QPainter, color: QColor, width: float, flat: bool = False) -> None:
        # Round ends close the joints of the pieces, at four times the cost: when at rest.
        cap = Qt.PenCapStyle.RoundCap if self.rest and width >= 1.1 and not flat else Qt.PenCapStyle.FlatCap
        p.setPen(QPen(color, width if width >= 1.1 else 0, Qt.PenStyle.SolidLine, cap))

    # ---- cards -----------------------------------------------------------

    def _blocks(self, p: QPainter, view: Viewport, rows: Array, titles: bool) -> None:
        """Zoomed out: a body with a coloured title strip, or one coloured block."""
        if not len(rows):
            return
        scene, s = self.scene, view.scale
        rects = np.empty((len(rows), 4), np.int32)  # QRect: left, top, right, bottom inclusive
        rects[:, 0] = scene.x[rows] * s + view.left
        rects[:, 1] = scene.y[rows] * s + view.top
        rects[:, 2] = rects[:, 0] + max(1, round(g.WIDTH * s)) - 1
        rects[:, 3] = rects[:, 1] + np.maximum(1, np.rint(scene.height[rows] * s)).astype(np.int32) - 1
        kinds = scene.kind[rows]
        order = np.argsort(kinds, kind="stable")
        sorted_rects, sorted_kinds = np.ascontiguousarray(rects[order]), kinds[order]
        p.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        p.setPen(Qt.PenStyle.NoPen)
        if s >= g.BLOCKS:
            p.setBrush(self.ink.brush("node"))
            p.drawRects(c_array(sorted_rects, QRect), len(rows))
            sorted_rects[:, 3] = sorted_rects[:, 1] + max(2, round(7 * s**0.5)) - 1
        cuts = np.searchsorted(sorted_kinds, np.arange(len(self.ink.kinds) + 1))
        for kind, color in enumerate(self.ink.kinds):
            first, last = int(cuts[kind]), int(cuts[kind + 1])
            if last > first:
                p.setBrush(color)
                part = np.ascontiguousarray(sorted_rects[first:last])
                p.drawRects(c_array(part, QRect), last - first)
        if s >= g.BLOCKS and titles:
            decor.block_titles(p, self.ink, scene, rows, rects)

    def _exact(self, p: QPainter, view: Viewport, rows: Array) -> None:
        p.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
        scene = self.scene
        for row in rows.tolist():
            p.save()
            p.translate(scene.x[row] * view.scale + view.left, scene.y[row] * view.scale + view.top)
            p.scale(view.scale, view.scale)
            face, content, collapsed = scene.facet(row), scene.faces.content(row), bool(scene.collapsed[row])
            draw_fixed(p, self.ink, face, content, float(scene.height[row]), collapsed)
            if not collapsed:
                draw_numbers(p, self.ink, face, content)
            p.restore()


def _rects(region: QRegion) -> list[QRect]:
    return list(cast(Iterable[QRect], region))


def meeting(corners: Sequence[Array] | Array, worlds: list[Rect]) -> Array:
    """Which rectangles touch one of some. Shapes: 4 times [n] -> bool [n]"""
    left, top, right, bottom = corners
    found = np.zeros(len(left), bool)
    for world in worlds:
        found |= (right > world[0]) & (left < world[2]) & (bottom > world[1]) & (top < world[3])
    return found


def overlaps(view: Rect, rect: QRectF) -> bool:
    """Whether a rectangle is in view."""
    return rect.right() > view[0] and rect.left() < view[2] and rect.bottom() > view[1] and rect.top() < view[3]
