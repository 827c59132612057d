"""What surrounds the cards: boxes, brackets, notes, chips on wires, outlines and pinned messages."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QFont, QPainter, QPainterPath, QPen, QPixmap

from guigrad.ui.canvas import geometry as g
from guigrad.ui.canvas.arrays import c_array
from guigrad.ui.canvas.brackets import Bracket
from guigrad.ui.canvas.face import draw_ports
from guigrad.ui.canvas.frames import draw_text
from guigrad.ui.canvas.ink import Ink, elided, text_width
from guigrad.ui.canvas.ink import ink as make_ink
from guigrad.ui.canvas.scene import Scene
from guigrad.ui.canvas.viewport import Viewport
from guigrad.ui.canvas.wire import Array, Rect, handle

CHIP_ZOOM: Final = 0.7
CHIPS: Final = 60
"""Most chips in a frame."""
PIN_WIDTH: Final = 208.0
OUTLINES: Final = 60
"""More outlined cards than this get plain frames, in one call."""


def draw_box(p: QPainter, ink: Ink, rect: QRectF, title: str, scale: float) -> None:
    """A titled frame around cards."""
    p.setPen(ink.pen("box", 1.2))
    p.setBrush(ink.brush("box_fill"))
    p.setOpacity(0.55)
    p.drawRoundedRect(rect, 14, 14)
    p.setOpacity(1.0)
    p.setPen(Qt.PenStyle.NoPen)
    p.drawRoundedRect(rect.adjusted(1, 1, -1, -1), 13, 13)
    _head(p, ink, rect, title, "box", ink.box, scale)


def draw_bracket(p: QPainter, ink: Ink, rect: QRectF, title: str, scale: float, share: float = 1.0) -> None:
    """A loop, branch or region: a dashed frame with its head as code, which may take ``share`` of the width."""
    pen = QPen(ink.color("loop"), 1.4, Qt.PenStyle.CustomDashLine)
    pen.setDashPattern([5, 4])
    p.setPen(pen)
    p.setBrush(ink.brush("loop_fill"))
    p.drawRoundedRect(rect, 14, 14)
    _head(p, ink, rect, title, "loop", ink.op, scale, share, above=True)


PHASES: Final = {"forward": "value", "backward": "grad", "step": "optim", "zero_grad": "text_muted"}
"""The colour of each phase of a training step."""
PHASES_SHARE: Final = 0.6
"""So much of the width of a training loop may its phases take; its own words have the rest."""


def draw_phases(
    p: QPainter, ink: Ink, rect: QRectF, phases: tuple[str, ...], at: int, all_on: bool, scale: float
) -> None:
    """The phases of a training loop at the right of its head: the one that was played last is filled, at full speed all are."""
    if scale < g.BLOCKS:
        return
    grow = max(1.0, 0.75 / scale)  # as the head's words do
    p.save()
    p.translate(
        rect.right() - 12, rect.top() + (24 if grow == 1 else -4)
    )  # larger than the head they stand above the frame
    p.scale(grow, grow)
    p.setFont(ink.chip)
    right, room = 0.0, rect.width() * PHASES_SHARE / grow
    for place in range(len(phases) - 1, -1, -1):
        name = phases[place]
        token, width = PHASES.get(name, "text_muted"), text_width(ink.chip, name) + 14
        if width - right > room:
            break  # the head's own words come first
        chip = QRectF(right - width, -17, width, 17)
        on = place == at or all_on
        p.setPen(ink.pen(token, 1.0))
        p.setBrush(ink.brush(token if on else "canvas"))
        p.drawRoundedRect(chip, 8.5, 8.5)
        p.setPen(ink.color("canvas" if on else token))
        p.drawText(chip, Qt.AlignmentFlag.AlignCenter, name)
        right -= width + 6
    p.restore()


def _head(
    p: QPainter,
    ink: Ink,
    rect: QRectF,
    title: str,
    token: str,
    font: QFont,
    scale: float,
    share: float = 1.0,
    above: bool = False,
) -> None:
    if not title or scale < g.BLOCKS:
        return
    grow = max(1.0, 0.75 / scale)  # a title stays readable when zoomed out
    p.save()
    p.translate(rect.left() + 16, rect.top() + (-8 if above and grow > 1 else 6 + 16 * grow))
    p.scale(grow, grow)
    p.setFont(font)
    p.setPen(ink.color(token))
    p.drawText(QPointF(0, 0), elided(font, title, max(0.0, (rect.width() * share - 32) / grow)))
    p.restore()


def draw_carried(p: QPainter, ink: Ink, scene: Scene, bracket: Bracket) -> None:
    """What a loop carries back into its variables: a dashed way around below the cards."""
    if not bracket.carried:
        return
    pen = QPen(ink.color("loop"), 1.5, Qt.PenStyle.CustomDashLine)
    pen.setDashPattern([4, 4])
    p.setPen(pen)
    p.setBrush(Qt.BrushStyle.NoBrush)
    bottom = bracket.rect(scene)[3]
    for source, output, target in bracket.carried:
        start = QPointF(*scene.port_point(source, "out", output))
        end = QPointF(float(scene.x[target]), float(scene.y[target] + scene.height[target] - 12))
        path = QPainterPath(start)
        if end.x() > start.x():
            bend = float(handle(start.x(), end.x()))
            path.cubicTo(start + QPointF(bend, 0), end - QPointF(bend, 0), end)
            p.drawPath(path)
            continue
        low = max(bottom, end.y() + 24) + 10
        path.cubicTo(start + QPointF(48, 0), QPointF(start.x() + 48, low), QPointF(start.x() - 12, low))
        path.lineTo(end.x() + 12, low)
        path.cubicTo(QPointF(end.x() - 40, low), QPointF(end.x() - 40, end.y()), end)
        p.drawPath(path)
        p.drawLine(end, end + QPointF(-6, -4))
        p.drawLine(end, end + QPointF(-6, 4))


def draw_note(p: QPainter, ink: Ink, rect: QRectF, text: str, scale: float) -> None:
    """A text on the canvas."""
    p.setPen(Qt.PenStyle.NoPen)
    p.setBrush(ink.brush("note"))
    p.drawRoundedRect(rect, 6, 6)
    if scale < 0.3:
        return
    draw_text(p, ink, rect, text)


Chip = tuple[str, float, float, float, float]
"""What it says, and its rectangle on the canvas: left, top, right, bottom."""


def chips(ink: Ink, scene: Scene, view: Viewport, rows: Array) -> list[Chip]:
    """What came back along each wire in view, where there is room for it between the cards of some rows."""
    if view.scale < CHIP_ZOOM or scene.faces.frame is None:
        return []
    table = scene.wires
    wires = table.visible(view.world)
    wires = wires[(table.grad[wires] >= 0) & (table.first[wires] == wires)][:CHIPS]
    if not len(wires):
        return []
    x1, y1, x2, y2, _ = table.ends[:, wires]
    # The middle of the curve is the middle of its ends.
    xs = (x1 + x2) / 2
    ys = (y1 + y2) / 2
    texts = [scene.faces.chip(wire) for wire in wires.tolist()]
    widths = np.array([text_width(ink.chip, text) + 14 for text in texts])
    left, right, top, bottom = xs - widths / 2, xs + widths / 2, ys - 9, ys + 9
    x1, y1 = scene.x[rows], scene.y[rows]
    across = (x1 < right[:, None]) & (x1 + scene.width[rows] > left[:, None])
    down = (y1 < bottom[:, None]) & (y1 + scene.height[rows] > top[:, None])
    # Chips of one place would cover each other: the first stays.
    meets = (left < right[:, None]) & (right > left[:, None]) & (top < bottom[:, None]) & (bottom > top[:, None])
    free = ~(across & down).any(axis=1)
    found: list[Chip] = []
    for index, text in enumerate(texts):
        if free[index] and text:
            free &= ~meets[index]
            found.append((text, float(left[index]), float(top[index]), float(right[index]), float(bottom[index])))
    return found


def draw_chips(
    p: QPainter, ink: Ink, view: Viewport, chips: list[Chip], pixmap_scale: float, worlds: list[Rect] | None = None
) -> None:
    """Draws chips. ``pixmap_scale``: the scale of the ready pictures to use, 0 to draw each anew. ``worlds``: only those in these parts of the canvas."""
    for text, left, top, right, bottom in chips:
        if worlds is not None and all(right < w[0] or left > w[2] or bottom < w[1] or top > w[3] for w in worlds):
            continue
        x, y = view.to_screen(left, top)
        if not pixmap_scale:
            p.save()
            p.translate(x, y)
            p.scale(view.scale, view.scale)
            _chip(p, ink, text, right - left)
            p.restore()
            continue
        pixmap = _chip_pixmap(ink.theme.name, text, pixmap_scale, view.ratio)
        if pixmap_scale == view.scale:
            p.drawPixmap(QPointF(round(x), round(y)), pixmap)
        else:
            target = QRectF(x, y, (right - left) * view.scale, 18 * view.scale)
            p.drawPixmap(target, pixmap, QRectF(pixmap.rect()))


def _chip(p: QPainter, ink: Ink, text: str, width: float) -> None:
    p.setRenderHint(QPainter.RenderHint.Antialiasing)
    rect = QRectF(0.5, 0.5, width - 1, 17)
    p.setPen(ink.pen("grad", 1.0))
    p.setBrush(ink.brush("canvas"))
    p.drawRoundedRect(rect, 8.5, 8.5)
    p.setFont(ink.chip)
    p.setPen(ink.color("grad"))
    p.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)


@lru_cache(maxsize=512)
def _chip_pixmap(theme: str, text: str, scale: float, ratio: float) -> QPixmap:
    chosen = make_ink(theme)
    width = text_width(chosen.chip, text) + 14
    pixmap = QPixmap(math.ceil(width * scale * ratio), math.ceil(18 * scale * ratio))
    pixmap.fill(Qt.GlobalColor.transparent)
    p = QPainter(pixmap)
    p.scale(scale * ratio, scale * ratio)
    _chip(p, chosen, text, width)
    p.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def marks(p: QPainter, ink: Ink, scene: Scene, view: Viewport, rows: Array, detail: bool, bright: float = 0.5) -> None:
    """Outlines of selected, running, failed and warned cards, and the messages pinned to them; ``bright`` is the glow, 0 to 1."""
    marked = scene.failed[rows] | scene.warned[rows] | scene.running[rows]
    chosen = rows[scene.selected[rows] | marked]
    if not len(chosen):
        return
    s = view.scale
    if len(chosen) > OUTLINES or s < g.BLOCKS:
        _outlines(p, ink, scene, view, rows[scene.selected[rows] & ~marked])
        chosen = rows[marked][:OUTLINES]
    p.setRenderHint(QPainter.RenderHint.Antialiasing)
    p.setBrush(Qt.BrushStyle.NoBrush)
    radius = g.CORNER * s
    for row in chosen.tolist():
        x, y = np.floor(scene.x[row] * s + view.left), np.floor(scene.y[row] * s + view.top)
        rect = QRectF(x, y, scene.width[row] * s, scene.height[row] * s)
        if scene.running[row]:
            glow = ink.color("running")
            for grow in (3 * s, 6 * s, 9 * s):
                p.setOpacity((0.12 + 0.3 * bright) * (1.0 - grow / (14 * s)))
                p.setPen(QPen(glow, 5 * s))
                p.drawRoundedRect(rect.adjusted(-grow, -grow, grow, grow), radius + grow, radius + grow)
            p.setOpacity(1.0)
            p.setPen(QPen(glow, max(1.5, 2 * s)))
            p.drawRoundedRect(rect, radius, radius)
        if scene.failed[row] or scene.warned[row]:
            p.setPen(QPen(ink.color("failed" if scene.failed[row] else "warning"), max(1.5, 2 * s)))
            p.drawRoundedRect(rect, radius, radius)
            if detail:
                _pin(p, ink, scene, row, rect, s)
        if scene.selected[row]:
            p.setBrush(Qt.BrushStyle.NoBrush)
            p.setPen(QPen(ink.color("selected"), max(1.5, 2 * s)))
            grow = 3 * s if scene.failed[row] or scene.warned[row] or scene.running[row] else 0.0
            p.drawRoundedRect(rect.adjusted(-grow, -grow, grow, grow), radius + grow, radius + grow)
        if detail:  # the outline runs over the ports: once more on top
            p.save()
            p.translate(x, y)
            p.scale(s, s)
            draw_ports(p, ink, scene.facet(row), scene.faces.content(row), bool(scene.collapsed[row]))
            p.restore()


def _outlines(p: QPainter, ink: Ink, scene: Scene, view: Viewport, rows: Array) -> None:
    """Plain frames around many selected cards in one call."""
    rects = np.empty((len(rows), 4), np.int32)  # QRect: left, top, right, bottom inclusive
    rects[:, 0] = scene.x[rows] * view.scale + view.left
    rects[:, 1] = scene.y[rows] * view.scale + view.top
    rects[:, 2] = rects[:, 0] + np.maximum(1, np.rint(scene.width[rows] * view.scale)).astype(np.int32)
    rects[:, 3] = rects[:, 1] + np.maximum(1, np.rint(scene.height[rows] * view.scale)).astype(np.int32)
    p.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    if view.scale >= g.BLOCKS:
        p.setBrush(Qt.BrushStyle.NoBrush)
        p.setPen(QPen(ink.color("selected"), 2))
        rects[:, 2:] -= 1
    else:  # a frame around a block of few px is the block
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(ink.brush("selected"))
    p.drawRects(c_array(rects, QRect), len(rects))


def _pin(p: QPainter, ink: Ink, scene: Scene, row: int, card: QRectF, s: float) -> None:
    problems, failed = scene.faces.pins.get(scene.ids[row], ()), bool(scene.failed[row])
    if not problems or not (failed or scene.selected[row]):  # a warning outlines its card and speaks when it is chosen
        return
    severity = "error" if failed else "warning"
    text = next((problem.message for problem in problems if problem.severity == severity), problems[0].message)
    most = 1000 if scene.selected[row] else 160
    if len(text) > most:
        text = text[: most - 1] + "…"
    p.save()
    p.translate(card.left(), card.bottom() + 8 * s)
    p.scale(s, s)
    p.setFont(ink.label)
    flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
    inside = p.boundingRect(QRectF(10, 7, PIN_WIDTH - 20, 600), flags, text)
    p.setPen(ink.pen("failed" if failed else "warning", 1.2))
    p.setBrush(ink.brush("failed_soft" if failed else "warning_soft"))
    p.drawRoundedRect(QRectF(0, 0, PIN_WIDTH, inside.height() + 14), 6, 6)
    p.drawLine(QPointF(20, -8), QPointF(20, 0))
    p.setPen(ink.color("text"))
    p.drawText(QRectF(10, 7, PIN_WIDTH - 20, inside.height() + 2), flags, text)
    p.restore()


def block_titles(p: QPainter, ink: Ink, scene: Scene, rows: Array, rects: Array) -> None:
    """Titles of cards that are too small for more, at a size that can be read."""
    width = int(rects[0, 2] - rects[0, 0])
    letters = int((width - 4) / 6.3)
    if letters < 2:
        return
    p.setFont(ink.label)
    p.setPen(ink.color("text"))
    for row, (left, top, _, bottom) in zip(rows.tolist(), rects.tolist(), strict=True):
        if bottom - top < 14:
            continue
        title = scene.facet(row).title
        text = title if len(title) <= letters else title[: letters - 1] + "…"
        p.drawText(QPointF(left + 4, (top + bottom) / 2 + 6), text)
