"""What moves by itself: cards that glide to a new place, values and gradients that pulse along their wires, the glow of what runs.

Motion explains and never delays: a gesture, an edit or another document ends a glide at once. Nothing ticks while nothing moves, and nothing moves
where the system asks for calm.
"""

from __future__ import annotations

import math
from time import perf_counter
from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QTimer
from PySide6.QtGui import QPainter, QPen, QPolygonF, Qt

from guigrad.document.diff import Diff
from guigrad.run.frame import Frame
from guigrad.ui.canvas import geometry as g
from guigrad.ui.canvas.arrays import c_array
from guigrad.ui.canvas.wire import Array, curve_points

if TYPE_CHECKING:
    from guigrad.ui.canvas.board import Board
    from guigrad.ui.canvas.ink import Ink
    from guigrad.ui.canvas.scene import Scene
    from guigrad.ui.canvas.viewport import Viewport

TIDY: Final = "Tidy"
"""The label of changes whose cards glide to their places."""
TICK_MS: Final = 16
GLIDE_MS: Final = 220.0
PULSE_MS: Final = 230.0
GLOW_MS: Final = 1200.0
STEP_GLOW_MS: Final = 2400.0
"""Where stepping has stopped the glow comes to rest: a window that waits for somebody draws nothing."""
TAIL: Final = 0.28
"""How much of its wire a pulse covers."""
PIECES: Final = 8
PULSES: Final = 80
"""With more wires in view a pulse on each would explain nothing."""
GLIDERS: Final = 12_000
"""More cards jump."""


class Motion:
    """The motions of one board. ``glow`` is how bright the running card's outline is now, 0 to 1; ``pulse_ms`` how long one pulse takes.

    ``hurried``: somebody looks for a moment among many, so one that comes sooner than a pulse takes after another does not pulse.
    """

    def __init__(self, board: Board) -> None:
        self._board = board
        self.glow = 0.5
        self.pulse_ms = PULSE_MS
        self._timer = QTimer(board, interval=TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._start = 0.0
        self._rows: list[int] = []
        self._from: tuple[Array, Array] = (np.empty(0), np.empty(0))
        self._to: tuple[Array, Array] = (np.empty(0), np.empty(0))
        self._forward: list[int] = []
        self._backward: list[int] = []
        self._pulse_start = 0.0
        self._glow_end = 0.0
        self._last_news = 0.0
        self.hurried = False

    @property
    def active(self) -> bool:
        """Whether something moves."""
        return self._timer.isActive()

    # ---- cards that glide --------------------------------------------------

    def before(self, diff: Diff) -> dict[int, tuple[float, float]]:
        """Where cards are that a diff is about to move which no hand has moved."""
        if diff.label != TIDY or not diff.only_layout:
            return {}
        scene = self._board.scene
        rows = [scene.row[key] for key, (old, new) in diff.views.items() if old and new and key in scene.row]
        return {row: (float(scene.x[row]), float(scene.y[row])) for row in rows}

    def glide(self, before: dict[int, tuple[float, float]]) -> None:
        """Cards come from these places to where the scene has them now."""
        scene = self._board.scene
        rows = [row for row, (x, y) in before.items() if scene.x[row] != x or scene.y[row] != y]
        if self._board.calm or not rows or len(rows) > GLIDERS:
            return
        self._rows = rows
        self._from = np.array([before[row][0] for row in rows]), np.array([before[row][1] for row in rows])
        self._to = scene.x[rows].copy(), scene.y[rows].copy()
        self._start = perf_counter()
        scene.put(rows, *self._from)
        self._run()

    def land(self) -> None:
        """Cards that glide are where they go."""
        if self._rows:
            rows, self._rows = self._rows, []
            self._board.scene.put(rows, *self._to)

    # ---- pulses ------------------------------------------------------------

    def news(self, before: Frame | None, after: Frame | None) -> None:
        """Another moment: what is new of it pulses along the wires in view."""
        board = self._board
        last, self._last_news = self._last_news, perf_counter()
        if self.hurried and (self._last_news - last) * 1000 < self.pulse_ms:
            self._forward, self._backward = [], []
            return
        if board.calm or after is None or board.viewport.scale < g.BLOCKS or not board.isVisible():
            return
        scene, table = board.scene, board.scene.wires
        wires = table.visible(board.viewport.world)
        if len(wires) > PULSES:
            return
        forward, backward = [], []
        for wire in wires.tolist():
            key = scene.ids[table.source[wire]]
            now = after.records.get(key)
            was = before.records.get(key) if before is not None else None
            if now is not None and now.value is not None and (was is None or was.value != now.value):
                forward.append(wire)
        if after.contributions and (before is None or before.contributions is not after.contributions):
            changed = before is None or before.contributions != after.contributions
            backward = [wire for wire in wires.tolist() if changed and scene.faces.contribution(wire) is not None]
        if forward or backward:
            self.pulse(forward, backward)

    def pulse(self, forward: list[int], backward: list[int], anew: bool = False) -> None:
        """Values run along some wires from left to right, then gradients along others from right to left.

        ``anew``: also while those of a moment ago still run.
        """
        if self._board.calm:
            return
        now = perf_counter()
        if not anew and (now - self._pulse_start) * 1000 < self._length and (self._forward or self._backward):
            return  # those of a moment ago still run: numbers that are dragged would only flicker
        self._forward, self._backward, self._pulse_start = forward, backward, now
        self._run()

    @property
    def _length(self) -> float:
        return self.pulse_ms * ((1 if self._forward else 0) + (1 if self._backward else 0))

    def paint(self, p: QPainter) -> None:
        """Draws the pulses over the wires."""
        if not self._forward and not self._backward:
            return
        t = (perf_counter() - self._pulse_start) * 1000 / self.pulse_ms
        if self._forward and t < 1.0:
            self._draw(p, self._forward, t, "value", False)
        elif self._backward:
            self._draw(p, self._backward, t - (1.0 if self._forward else 0.0), "grad", True)

    def _draw(self, p: QPainter, wires: list[int], t: float, token: str, back: bool) -> None:
        board = self._board
        pulse(p, board.painter.ink, board.scene, board.viewport, wires, t, token, back)

    # ---- the clock ---------------------------------------------------------

    def stir(self) -> None:
        """Something may glow now."""
        if self._board.scene.running.any() and not self._board.calm:
            self._glow_end = perf_counter() + STEP_GLOW_MS / 1000
            self._run()

    def stop(self) -> None:
        """Ends everything: another document, or calm is asked for."""
        self.land()
        self._forward, self._backward = [], []
        self._timer.stop()
        self.glow = 0.5

    def _run(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    def _tick(self) -> None:
        board, now = self._board, perf_counter()
        if board.calm:
            self.stop()
        if self._rows:
            t = min(1.0, (now - self._start) * 1000 / GLIDE_MS)
            if t >= 1.0:
                self.land()
                board.settled()
            else:
                eased = 1.0 - (1.0 - t) ** 3
                x, y = ((1 - eased) * a + eased * b for a, b in zip(self._from, self._to, strict=True))
                board.scene.put(self._rows, x, y)
        if (self._forward or self._backward) and (now - self._pulse_start) * 1000 >= self._length:
            self._forward, self._backward = [], []
        glows = bool(board.scene.running.any()) and not board.calm and not (board.stepping and now > self._glow_end)
        self.glow = 0.5 + 0.5 * math.sin(now * 2000 * math.pi / GLOW_MS) if glows else 0.5
        if not (self._rows or self._forward or self._backward or glows):
            self._timer.stop()
        board.update()


def pulse(
    p: QPainter, ink: Ink, scene: Scene, view: Viewport, wires: list[int], t: float, token: str, back: bool
) -> None:
    """What runs along some wires at a moment ``t`` of its way, 0 to 1; ``back``: from right to left."""
    table = scene.wires
    alive = [wire for wire in wires if wire < table.count and table.source[wire] >= 0]
    if not alive or not 0.0 <= t <= 1.0:
        return
    head = t * (1.0 + TAIL)
    at = np.linspace(max(0.0, head - TAIL), min(1.0, head), PIECES + 1)
    points = curve_points(table, np.array(alive), 1.0 - at if back else at)
    points = points * view.scale + (view.left, view.top)
    lines = np.ascontiguousarray(np.concatenate([points[:, :-1], points[:, 1:]], axis=2))
    p.setRenderHint(QPainter.RenderHint.Antialiasing)
    color = ink.color(token)
    width = max(2.0, 4.0 * view.scale)
    p.setPen(QPen(color, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    p.drawLines(c_array(lines, QLineF), len(alive) * PIECES)
    if head <= 1.0:
        p.setPen(QPen(color, width * 2.2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        p.drawPoints(QPolygonF([QPointF(x, y) for x, y in points[:, -1].tolist()]))
