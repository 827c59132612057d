"""A film of the graph: a fixed camera over all of it, painted moment by moment, with a line of words below.

Thread: the GUI thread, or the only one where there is no window.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from msgspec import structs
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPen, QPolygonF

from guigrad.document.model import Document
from guigrad.run.film import Take
from guigrad.run.frame import Frame
from guigrad.ui.canvas import geometry as g
from guigrad.ui.canvas import legend
from guigrad.ui.canvas.animate import pulse
from guigrad.ui.canvas.ink import elided
from guigrad.ui.canvas.updates import Updates
from guigrad.ui.canvas.viewport import Viewport
from guigrad.ui.render import Painting, application

USUAL: Final = (1920, 1080)
"""Units: px. A film is no larger unless a scale is asked for."""
MOST: Final = (3840, 2160)
"""Units: px. What would be larger is drawn smaller."""
NARROW: Final = 520
"""Units: px. No film is narrower: it has words."""
FOOT: Final = 40.0
"""Height of the line of words at scale 1."""
PULSE_SECONDS: Final = 0.3
SEEN_SECONDS: Final = 0.2
"""Pulses run through moments that last so long."""
CURVE: Final = 130.0

Picture = np.ndarray[Any, np.dtype[np.uint8]]


class Film:
    """Pictures of one size. ``frame`` is one in which every card shows what it will show."""

    def __init__(self, document: Document, frame: Frame, theme: str = "dark", scale: float | None = None) -> None:
        application()
        self.painting = Painting(document, frame, theme)
        self.painter = self.painting.painter
        self.painter.rest = True
        width, height = self.painting.width, self.painting.height
        room = MOST if scale is not None else USUAL
        self.words_scale = min(max(scale or 1.0, 0.8), 2.0)
        self.foot = math.ceil(FOOT * self.words_scale)
        fits = min(room[0] / width, (room[1] - self.foot) / height)
        self.scale = min(scale or 1.0, fits)
        self.size = _even(max(width * self.scale, NARROW)), _even(height * self.scale + self.foot)
        self._before: Frame | None = None
        self._losses: list[tuple[float, float]] = []

    def pictures(self, take: Take, fps: int) -> Iterator[tuple[Picture, float]]:
        """The pictures of one moment and how long each is shown. Shapes: [height, width, 3], red, green, blue"""
        base = self._base(take)
        wires = self._wires(take) if take.seconds >= SEEN_SECONDS else []
        count = max(1, round(min(PULSE_SECONDS, take.seconds * 0.6) * fps)) if wires else 0
        back = take.back is not None
        for at in range(count):
            image = base.copy()
            p = QPainter(image)
            token = "grad" if back else "value"
            pulse(p, self.painter.ink, self.painting.scene, self._view, wires, (at + 0.5) / count, token, back)
            p.end()
            yield pixels(image), 1 / fps
        left = take.seconds - count / fps
        if left > 0:
            yield pixels(base), left

    @property
    def _view(self) -> Viewport:
        view = self.painting.view(self.scale)
        spare = (self.size[0] - view.width) / 2
        return Viewport(
            float(self.size[0]), float(self.size[1] - self.foot), view.scale, view.left + max(spare, 0.0), view.top
        )

    def _wires(self, take: Take) -> list[int]:
        scene = self.painting.scene
        row = scene.row.get(take.node)
        if row is None:
            return []
        into = scene.into[row]
        return [wire for wire in into if take.back is None or scene.wires.paths[wire] in take.back]

    def _base(self, take: Take) -> QImage:
        scene, painter, view = self.painting.scene, self.painter, self._view
        scene.faces.set_frame(take.frame)
        scene.faces.set_problems(take.frame.problems)
        before, self._before = self._before, take.frame
        painter.updates = Updates(before, take.frame, "") if take.loss is not None and before is not None else None
        scene.running[:] = False
        row = scene.row.get(take.node)
        if row is not None:
            scene.running[row] = True
        exact = self.scale >= g.DETAIL and scene.count <= g.FACES
        image = QImage(*self.size, QImage.Format.Format_RGB32)
        if image.isNull():
            raise OSError("there is no memory for pictures of this size")
        while scene.faces.ask_gradients(scene.wires.visible(view.world)):
            pass
        p = QPainter(image)
        for _ in range(30):
            painter.paint(p, view, exact=exact)
            if exact or not painter.pending:
                break
        self._words(p, take, view)
        p.end()
        return image

    def _words(self, p: QPainter, take: Take, view: Viewport) -> None:
        ink, s = self.painter.ink, self.words_scale
        p.setRenderHint(QPainter.RenderHint.Antialiasing)
        p.save()
        p.translate(0, self.size[1] - self.foot)
        p.scale(s, s)
        width, middle = self.size[0] / s, self.foot / s / 2
        p.fillRect(QRectF(0, 0, width, self.foot / s), ink.color("panel"))
        p.setPen(ink.pen("border", 1.0))
        p.drawLine(QPointF(0, 0.5), QPointF(width, 0.5))
        right = width - 12.0
        key = legend.key_of(self.painter, view)
        if key is not None and key.signs and right > 420 + legend.WIDTH:
            place = QRectF(right - legend.WIDTH, middle - legend.LINE / 2, legend.WIDTH, legend.LINE)
            legend.draw(p, ink, place, structs.replace(key, note=""), True)
            right = place.left() - 12.0
        if take.loss is not None:
            self._losses.append((take.part, take.loss))
            if right > 300 + CURVE:
                _curve(p, ink.pen("loss", 1.5), self._losses, QRectF(right - CURVE, 7, CURVE, self.foot / s - 14))
                right -= CURVE + 12.0
        p.setFont(ink.op)
        p.setPen(ink.color("text"))
        p.drawText(QPointF(14, middle + 4.5), elided(ink.op, take.words, right - 14))
        p.restore()


def _curve(p: QPainter, pen: QPen, numbers: list[tuple[float, float]], place: QRectF) -> None:
    """(part of the way, number) so far, as high as they are between the lowest and the highest."""
    table = np.array([each for each in numbers if math.isfinite(each[1])])
    if not len(table):
        return
    at, height = table.T
    low, high = float(height.min()), float(height.max())
    up = (height - low) / (high - low) if high > low else np.full(len(table), 0.5)
    spots = zip(
        (place.left() + place.width() * at).tolist(), (place.bottom() - place.height() * up).tolist(), strict=True
    )
    points = [QPointF(x, y) for x, y in spots]
    p.setPen(pen)
    p.setBrush(Qt.BrushStyle.NoBrush)
    p.drawPolyline(QPolygonF(points))
    p.setBrush(pen.color())
    p.drawEllipse(points[-1], 2.5, 2.5)


def pixels(image: QImage) -> Picture:
    """A picture as numbers. Shapes: -> [height, width, 3]"""
    plain = image.convertToFormat(QImage.Format.Format_RGB888)
    lines = np.frombuffer(plain.constBits(), np.uint8).reshape(plain.height(), plain.bytesPerLine())
    found: Picture = lines[:, : plain.width() * 3].reshape(plain.height(), plain.width(), 3).copy()
    return found


def _even(size: float) -> int:
    return max(2, math.ceil(size / 2) * 2)
