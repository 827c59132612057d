"""A landscape in space, turned by mouse and keys.

Note [Drawn surface]
It is drawn with QPainter, cell by cell from the far end of the plane to the near one: for a surface over a plane that order is exact, a way on it
is drawn with the cell that it crosses, and nothing depends on OpenGL, which is not there on every machine (remote screens, continuous
integration) and would be one more library to ship.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QWidget

from guigrad.ui.style import Look
from guigrad.ui.widgets.contour_view import own_key
from guigrad.ui.widgets.relief import Relief, ink, thinned
from guigrad.ui.widgets.terrain import Numbers, colours, round_levels, short

CELLS: Final = 56
"""Cells along each side at most."""
COARSE: Final = 28
"""The same while it is turned, or something moves on it."""
TURN: Final = 5.0
START: Final = (-52.0, 33.0)
HEIGHT: Final = 1.1
"""Of the highest point, where the plane is 2 wide."""
PIECES: Final = 240
LIFT: Final = 0.012
AMBIENT: Final = 0.62


class SurfaceView(QWidget):
    """Thread: the GUI thread. ``azimuth`` and ``elevation`` are where it is seen from. Units: degrees"""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look, self.relief = look, Relief()
        self.azimuth, self.elevation = START
        self.near = 1.0
        self.coarse = False
        self._still = QTimer(self, singleShot=True, interval=160)
        self._still.timeout.connect(self._on_still)
        self._at: QPointF | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(120, 30)
        self.setAccessibleName("Surface of the loss")
        self.setToolTip(
            "Drag or use the arrow keys to turn it; wheel, + and - bring it closer; double-click turns it back"
        )

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self.look = look
        self.update()

    def show_relief(self, relief: Relief, moving: bool = False) -> None:
        """Another surface, other ways, another point; ``moving``: more will come at once."""
        self.relief = relief
        self._move() if moving else self.update()

    def _move(self) -> None:
        """Drawn quickly now, and finely when it stands still."""
        self.coarse = True
        self._still.start()
        self.update()

    def _on_still(self) -> None:
        self.coarse = False
        self.update()

    def stop(self) -> None:
        """Draws nothing later."""
        self._still.stop()

    # --- projection ---

    def project(self, x: Any, y: Any, h: Any) -> Numbers:
        """Points of the cube (x and y from -1 to 1, h from 0 to HEIGHT) on the widget, and how near they are. Shapes: [n] -> [n, 3]"""
        a, e = math.radians(self.azimuth), math.radians(self.elevation)
        x, y, h = np.asarray(x, np.float64), np.asarray(y, np.float64), np.asarray(h, np.float64) - HEIGHT / 2
        side = x * math.cos(a) - y * math.sin(a)
        deep = x * math.sin(a) + y * math.cos(a)
        up = h * math.cos(e) + deep * math.sin(e)
        towards = h * math.sin(e) - deep * math.cos(e)
        size = min(self.width() / 3.4, self.height() / 2.3) * self.near
        shrink = 1 / (1 - 0.09 * towards)
        return np.stack(
            [self.width() / 2 + side * size * shrink, self.height() * 0.5 - up * size * shrink, towards], -1
        )

    def _unit(self, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
        r = self.relief
        return (x - r.x[0]) / (r.x[-1] - r.x[0]) * 2 - 1, (y - r.y[0]) / (r.y[-1] - r.y[0]) * 2 - 1

    # --- drawing ---

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.look.color("panel"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.relief.known and self.relief.scale is not None:
            self._floor(painter)
            self._mesh(painter)
            self._words(painter)
        if self.hasFocus():
            painter.setPen(self.look.color("focus"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def _floor(self, painter: QPainter) -> None:
        painter.setPen(QPen(self.look.color("border"), 1))
        for t in np.linspace(-1, 1, 9):
            for ends in (((t, t), (-1, 1)), ((-1, 1), (t, t))):
                (x0, y0, _), (x1, y1, _) = self.project(ends[0], ends[1], (0, 0))
                painter.drawLine(QPointF(x0, y0), QPointF(x1, y1))

    def _heights(self) -> tuple[Numbers, Numbers, Numbers]:
        """The mesh: x, y and heights of at most CELLS + 1 points each way."""
        r = self.relief
        assert r.scale is not None
        cells = COARSE if self.coarse else CELLS
        rows = np.unique(np.round(np.linspace(0, len(r.y) - 1, min(len(r.y), cells + 1))).astype(int))
        columns = np.unique(np.round(np.linspace(0, len(r.x) - 1, min(len(r.x), cells + 1))).astype(int))
        x, y = self._unit(r.x[columns], r.y[rows])
        return x, y, np.clip(r.scale.unit(r.z[np.ix_(rows, columns)]), 0, 1)

    def _mesh(self, painter: QPainter) -> None:
        x, y, unit = self._heights()
        gx, gy = np.meshgrid(x, y)
        points = self.project(gx, gy, unit * HEIGHT)
        middle = (unit[:-1, :-1] + unit[1:, :-1] + unit[:-1, 1:] + unit[1:, 1:]) / 4
        slope_x = (unit[:-1, 1:] + unit[1:, 1:] - unit[:-1, :-1] - unit[1:, :-1]) / 2 * HEIGHT / np.diff(x)[None, :]
        slope_y = (unit[1:, :-1] + unit[1:, 1:] - unit[:-1, :-1] - unit[:-1, 1:]) / 2 * HEIGHT / np.diff(y)[:, None]
        with np.errstate(invalid="ignore"):
            light = (0.45 * slope_x - 0.55 * slope_y + 0.9) / (1.15 * np.sqrt(1 + slope_x**2 + slope_y**2))
        shade = AMBIENT + (1 - AMBIENT) * np.clip(np.nan_to_num(light), 0, 1)
        paint = colours(middle, (0, 0, 0))[..., :3] * shade[..., None]
        a = math.radians(self.azimuth)
        cx, cy = (gx[:-1, :-1] + gx[1:, 1:]) / 2, (gy[:-1, :-1] + gy[1:, 1:]) / 2
        order = np.argsort(-(cx * math.sin(a) + cy * math.cos(a)), axis=None, kind="stable")
        known = np.isfinite(middle)
        wide = len(x) - 1
        lines = self._lines(x, y)
        corners = [[QPointF(x, y) for x, y in row] for row in points[..., :2].tolist()]
        whole = (paint[..., 0].astype(int) << 16 | paint[..., 1].astype(int) << 8 | paint[..., 2].astype(int)).tolist()
        seen = known.tolist()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)  # cells that share an edge leave no seam then
        for at in order.tolist():
            i, j = divmod(at, wide)
            if seen[i][j]:
                painter.setBrush(QColor.fromRgb(whole[i][j]))
                above, below = corners[i], corners[i + 1]
                painter.drawConvexPolygon((above[j], above[j + 1], below[j + 1], below[j]))
            if at in lines:
                painter.setRenderHint(QPainter.RenderHint.Antialiasing)
                for line in lines[at]:
                    self._line(painter, *line)
                painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
                painter.setPen(Qt.PenStyle.NoPen)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for line in lines.get(-1, ()):
            self._line(painter, *line)

    def _lines(self, x: Numbers, y: Numbers) -> dict[int, list[tuple[str, Numbers, bool]]]:
        """Pieces of the ways, and the marks on them, by the cell in which they lie."""
        r = self.relief
        found: dict[int, list[tuple[str, Numbers, bool]]] = {}

        def put(token: str, px: Numbers, py: Numbers, dot: bool) -> None:
            ux, uy = self._unit(px, py)
            assert r.scale is not None
            h = np.clip(r.scale.unit(r.height(px, py)), 0, 1) * HEIGHT + LIFT
            seen = self.project(ux, uy, h)
            pairs = [(k, k) for k in range(len(px))] if dot else [(k, k + 1) for k in range(len(px) - 1)]
            for one, other in pairs:
                if np.isfinite(h[[one, other]]).all():
                    column = int(np.clip(np.searchsorted(x, (ux[one] + ux[other]) / 2) - 1, 0, len(x) - 2))
                    row = int(np.clip(np.searchsorted(y, (uy[one] + uy[other]) / 2) - 1, 0, len(y) - 2))
                    cell = -1 if dot else row * (len(x) - 1) + column  # marks are seen through the surface
                    found.setdefault(cell, []).append((token, seen[[one, other], :2], dot))

        for way in r.ways:
            px, py = thinned(way, PIECES)
            if len(px) > 1:
                put(way.token, px, py, False)
            if 0 <= way.here < len(way.x):
                put(way.token, way.x[way.here : way.here + 1], way.y[way.here : way.here + 1], True)
        if r.point is not None:
            put("", np.array([r.point[0]]), np.array([r.point[1]]), True)
        return found

    def _line(self, painter: QPainter, token: str, ends: Numbers, dot: bool) -> None:
        look = self.look
        color = ink(look, token) if token else QColor("#ffffff")
        one, other = (QPointF(*end) for end in ends)
        if dot:
            painter.setPen(QPen(QColor(15, 16, 20), 2 * look.scale))
            painter.setBrush(color)
            painter.drawEllipse(one, look.px(6), look.px(6))
            return
        for pen_color, width in ((QColor(15, 16, 20, 200), 4.0), (color, 2.2)):
            pen = QPen(pen_color, width * look.scale)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            painter.drawLine(one, other)

    def _words(self, painter: QPainter) -> None:
        """Numbers along the two near edges of the plane, levels along the edge at the left."""
        r, look = self.relief, self.look
        assert r.scale is not None
        painter.setFont(look.code(9.5))
        a = math.radians(self.azimuth)
        near_y = -1.0 if math.cos(a) > 0 else 1.0
        near_x = -1.0 if math.sin(a) > 0 else 1.0
        one = self.project((0.0, 0.0), (near_y, near_y * 2.0), (0.0, 0.0))
        away = math.hypot(one[1][0] - one[0][0], one[1][1] - one[0][1])
        out = max(
            1.32, 1.1 + look.px(26) / max(away, 1.0)
        )  # in a small picture the names stand as far from the numbers
        for values, name, edge in ((r.x, r.names[0], "x"), (r.y, r.names[1], "y")):
            for tick in round_levels(float(values[0]), float(values[-1]), 5):
                t = (tick - values[0]) / (values[-1] - values[0]) * 2 - 1
                self._word(painter, short(tick), *((t, near_y * 1.1) if edge == "x" else (near_x * 1.1, t)))
            painter.setFont(look.code(11, 600))
            self._word(
                painter,
                name.partition(" · ")[0],
                *((0.0, near_y * out) if edge == "x" else (near_x * out, 0.0)),
                True,
            )
            painter.setFont(look.code(9.5))
        corners = [(x, y, self.project(x, y, 0.0)[0]) for x in (-1.0, 1.0) for y in (-1.0, 1.0)]
        x, y, _ = min(corners, key=lambda corner: corner[2])
        low, high = self.project((x, x), (y, y), (0.0, HEIGHT))
        painter.setPen(QPen(look.color("border_strong"), 1))
        painter.drawLine(QPointF(*low[:2]), QPointF(*high[:2]))
        last = math.inf
        for level in r.scale.levels:
            h = float(np.clip(r.scale.unit(level), 0, 1)) * HEIGHT
            place = self.project(x, y, h)
            if last - place[1] >= look.px(13):
                last = float(place[1])
                room = QRectF(place[0] - look.px(76), place[1] - look.px(8), look.px(70), look.px(16))
                painter.setPen(look.color("text_muted"))
                painter.drawText(room, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, short(level))
        top = QRectF(high[0] - look.px(80), high[1] - look.px(26), look.px(160), look.px(18))
        painter.setPen(look.color("text"))
        painter.setFont(look.code(11, 600))
        painter.drawText(top, Qt.AlignmentFlag.AlignCenter, r.names[2])

    def _word(self, painter: QPainter, text: str, x: float, y: float, strong: bool = False) -> None:
        place = self.project(x, y, 0.0)
        room = QRectF(place[0] - self.look.px(60), place[1] - self.look.px(9), self.look.px(120), self.look.px(18))
        if strong and room.bottom() > self.height():
            room.moveBottom(self.height())
        painter.setPen(self.look.color("text" if strong else "text_muted"))
        painter.drawText(room, Qt.AlignmentFlag.AlignCenter, text)

    # --- turning ---

    def turn(self, azimuth: float, elevation: float) -> None:
        """Seen from so many degrees further round and further up."""
        self.azimuth = (self.azimuth + azimuth + 180) % 360 - 180
        self.elevation = min(88.0, max(4.0, self.elevation + elevation))
        self._move()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._at = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._at is not None and event.buttons() & Qt.MouseButton.LeftButton:
            moved = event.position() - self._at
            self._at = event.position()
            self.turn(moved.x() * 0.5, moved.y() * 0.5)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._at = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.azimuth, self.elevation = START
        self.near = 1.0
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._zoom(1.1 ** (event.angleDelta().y() / 120))

    def _zoom(self, factor: float) -> None:
        self.near = min(4.0, max(0.4, self.near * factor))
        self.update()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and own_key(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        turns = {
            Qt.Key.Key_Left: (-TURN, 0.0), Qt.Key.Key_Right: (TURN, 0.0), Qt.Key.Key_Up: (0.0, TURN), Qt.Key.Key_Down: (0.0, -TURN),
        }  # fmt: skip
        turn = turns.get(Qt.Key(event.key()))
        if turn is not None:
            self.turn(*turn)
        elif event.text() in ("+", "="):
            self._zoom(1.1)
        elif event.text() == "-":
            self._zoom(1 / 1.1)
        elif event.key() == Qt.Key.Key_Home:
            self.azimuth, self.elevation = START
            self.near = 1.0
            self.update()
        else:
            super().keyPressEvent(event)
