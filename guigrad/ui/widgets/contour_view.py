"""A landscape from above: colours, labelled contour lines, ways and the point, drawn by pyqtgraph, which is imported when the first one is made.

Along one value alone it is a curve (widgets/loss_curve).
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from guigrad.ui.style import Look
from guigrad.ui.widgets.loss_curve import LossCurve
from guigrad.ui.widgets.relief import Relief, Way, ink, thinned
from guigrad.ui.widgets.terrain import Numbers, colours, contour, finer, short

LOW_PX: Final = 150
"""A picture that is lower has no words below its axis."""
REACH_PX: Final = 14
"""So near to the point a press takes it."""
SETTLE_MS: Final = 160
"""The range holds still for so long before it is told."""
STEP: Final = 0.01
ARROWS: Final = {
    Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Down: (0, -1), Qt.Key.Key_Up: (0, 1),
}  # fmt: skip
Range = tuple[float, float, float, float]


def own_key(event: QKeyEvent) -> bool:
    """Whether a key is one that a picture of the landscape takes for itself."""
    plain = not event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
    return plain and (Qt.Key(event.key()) in (*ARROWS, Qt.Key.Key_Home) or event.text() in ("+", "-", "="))


class ContourView(QWidget):
    """``range_changed(x0, x1, y0, y1)``: somebody zoomed or moved; ``dragged(x, y)`` while the point is moved, ``dropped()`` when it is let go.

    ``home_asked()``: the range that shows everything.
    """

    range_changed = Signal(float, float, float, float)
    dragged = Signal(float, float)
    dropped = Signal()
    home_asked = Signal()

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pg: Any = import_module("pyqtgraph")
        self._pg.setConfigOption("exitCleanup", False)  # it would tear Qt objects down in an order of its own
        self.look, self.relief = look, Relief()
        self.movable = True
        self._surface: tuple[Any, ...] = ()
        self._holding = False
        self._offset = QPointF()
        self.plot: Any = self._pg.PlotWidget()
        self.plot.setMinimumSize(120, 30)
        item = self.plot.getPlotItem()
        item.setMenuEnabled(False)
        item.hideButtons()
        for name in ("left", "bottom"):
            item.getAxis(name).enableAutoSIPrefix(False)
        self.box = item.getViewBox()
        self.box.setDefaultPadding(0.0)
        self.image: Any = self._pg.ImageItem(axisOrder="row-major")
        self.lines: Any = self._pg.PlotCurveItem(connect="pairs", antialias=True)
        item.addItem(self.image, ignoreBounds=True)
        item.addItem(self.lines, ignoreBounds=True)
        self.curve = LossCurve(self._pg, item)
        self.labels: list[Any] = []
        self.ways: list[tuple[Any, Any, Any]] = []
        self.point: Any = self._pg.ScatterPlotItem(pxMode=True)
        self.point.setZValue(30)
        item.addItem(self.point, ignoreBounds=True)
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(self._tell_range)
        self._let_go = QTimer(self, singleShot=True, interval=400)
        self._let_go.timeout.connect(self.dropped.emit)
        self.box.sigRangeChangedManually.connect(lambda *_: self._settle.start())
        self.plot.viewport().installEventFilter(self)
        self.plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.plot)
        self.set_look(look)

    @property
    def range(self) -> Range:
        """What is in view. Units: those of the axes."""
        (x0, x1), (y0, y1) = self.box.viewRange()
        if self.curve.line:
            y0, y1 = -1.0, 1.0
        return float(x0), float(x1), float(y0), float(y1)

    @property
    def moving(self) -> bool:
        """Whether somebody is zooming or moving it."""
        return self._settle.isActive()

    def set_range(self, to: Range) -> None:
        """Shows that much."""
        if self.curve.line:  # its height is that of the curve
            self.box.setRange(xRange=to[:2], padding=0, disableAutoRange=True)
        else:
            self.box.setRange(xRange=to[:2], yRange=to[2:], padding=0, disableAutoRange=True)

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self.look = look
        self.plot.setBackground(look.color("panel"))
        item = self.plot.getPlotItem()
        item.setContentsMargins(0, look.px(6), look.px(6), 0)  # for the numbers at the ends of the axes
        for name in ("left", "bottom"):
            axis = item.getAxis(name)
            axis.setPen(look.color("border_strong"))
            axis.setTextPen(look.color("text_muted"))
            axis.setTickFont(look.code(10))
            axis.label.setFont(look.code(11))
        self._surface = ()
        self.curve.set_look(look)
        self.show_relief(self.relief)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is little height the picture gets it: no words below its axis."""
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        axis = self.plot.getPlotItem().getAxis("bottom")
        if axis.labelText:
            axis.showLabel(self.height() >= self.look.px(LOW_PX))

    def show_relief(self, relief: Relief) -> None:
        """Another surface, other ways, another point; what is the same is not drawn anew."""
        if relief.line != self.curve.line:
            self._surface = ()
        self.relief = relief = self.curve.take(relief)
        item = self.plot.getPlotItem()
        for name, text in (("bottom", relief.names[0]), ("left", relief.names[2 if relief.line else 1])):
            if item.getAxis(name).labelText != text:
                item.setLabel(name, text)
                self._make_room()
        surface = (id(relief.z), relief.scale, relief.z.shape)
        if surface != self._surface:
            self._surface = surface
            self._draw_surface()
        self._draw_ways()
        self._draw_point()

    # --- drawing ---

    def _draw_surface(self) -> None:
        relief, item = self.relief, self.plot.getPlotItem()
        for label in self.labels:
            item.removeItem(label)
        self.labels.clear()
        self.curve.draw()
        if not relief.known or relief.scale is None or relief.line:
            self.image.clear()
            self.lines.setData([], [])
            return
        x, y, scale = relief.x, relief.y, relief.scale
        unit = scale.unit(relief.z)
        invalid = QColor(self.look.theme.invalid)
        times = max(1, 256 // max(relief.z.shape))
        pixels = colours(finer(unit, times), (invalid.red(), invalid.green(), invalid.blue()))
        self.image.setImage(pixels, levels=None, autoLevels=False)
        dx, dy = (x[-1] - x[0]) / (pixels.shape[1] - 1), (y[-1] - y[0]) / (pixels.shape[0] - 1)
        self.image.setRect(QRectF(x[0] - dx / 2, y[0] - dy / 2, x[-1] - x[0] + dx, y[-1] - y[0] + dy))
        found = [(level, contour(x, y, unit, float(scale.unit(level)))) for level in scale.levels]
        segments = np.concatenate([lines for _, lines in found]) if found else np.empty((0, 2, 2))
        self.lines.setData(segments[:, :, 0].ravel(), segments[:, :, 1].ravel())
        ink = QColor(255, 255, 255, 120)
        self.lines.setPen(self._pg.mkPen(ink, width=self.look.scale))
        self._label_levels(found)

    def _label_levels(self, found: list[tuple[float, Numbers]]) -> None:
        """Each level once, as far from the labels before as its line goes, not at the rim and not on another."""
        relief, item = self.relief, self.plot.getPlotItem()
        spans = np.array([relief.x[-1] - relief.x[0], relief.y[-1] - relief.y[0]])
        corner = np.array([relief.x[0], relief.y[0]])
        placed: list[Numbers] = []
        view = self.plot.viewport().size()
        room = np.array([view.width() / self.look.px(58), view.height() / self.look.px(30)])
        for level, lines in found:
            if not len(lines):
                continue
            spots = (lines.mean(axis=1) - corner) / spans
            rim = np.minimum(spots, 1 - spots).min(axis=1)
            away = [np.hypot(*((spots - one) * room).T) for one in placed]
            distance = np.min(away, axis=0) if placed else np.ones(len(spots))
            best = int(np.argmax(np.minimum(distance, 4 * rim)))
            if rim[best] < 0.03 or distance[best] < 1:
                continue
            placed.append(spots[best])
            text = self._pg.TextItem(short(level), color=(255, 255, 255), anchor=(0.5, 0.5), fill=(20, 22, 27, 110))
            text.setFont(self.look.code(9.5))
            text.setPos(*lines[best].mean(axis=0))
            text.setZValue(10)
            item.addItem(text, ignoreBounds=True)
            self.labels.append(text)

    def _draw_ways(self) -> None:
        item, pg = self.plot.getPlotItem(), self._pg
        while len(self.ways) > len(self.relief.ways):
            for part in self.ways.pop():
                item.removeItem(part)
        while len(self.ways) < len(self.relief.ways):
            parts = (
                pg.PlotCurveItem(antialias=True),
                pg.PlotCurveItem(antialias=True),
                pg.ScatterPlotItem(pxMode=True),
            )
            for at, part in enumerate(parts):
                part.setZValue(14 + at)
                item.addItem(part, ignoreBounds=True)
            self.ways.append(parts)
        for (casing, line, marks), way in zip(self.ways, self.relief.ways, strict=True):
            x, y = thinned(way)
            color = ink(self.look, way.token)
            casing.setData(x, y)
            casing.setPen(pg.mkPen(QColor(15, 16, 20, 210), width=4.5 * self.look.scale))
            line.setData(x, y)
            line.setPen(pg.mkPen(color, width=2.2 * self.look.scale))
            marks.setData(**self._marks(way, x, y, color))

    def _marks(self, way: Way, x: Numbers, y: Numbers, color: QColor) -> dict[str, Any]:
        """Where it began, its steps where they are few, and the step that is shown."""
        if not len(x):
            return {"x": [], "y": []}
        pg, look = self._pg, self.look
        few = len(x) <= 60
        xs, ys = (x, y) if few else (x[:1], y[:1])
        sizes, symbols = [look.px(5)] * len(xs), [way.mark] * len(xs)
        sizes[0] = look.px(8)
        here = way.here if 0 <= way.here < len(way.x) else -1
        if here >= 0 and np.isfinite(way.x[here]) and np.isfinite(way.y[here]):
            xs, ys = np.append(xs, way.x[here]), np.append(ys, way.y[here])
            sizes.append(look.px(12))
            symbols.append(way.mark)
        return {
            "x": xs, "y": ys, "size": sizes, "symbol": symbols, "brush": pg.mkBrush(color),
            "pen": pg.mkPen(QColor(15, 16, 20), width=look.scale),
        }  # fmt: skip

    def _draw_point(self) -> None:
        point = self.relief.point
        if point is None or not np.isfinite(point).all():
            self.point.setData([], [])
            return
        pen = self._pg.mkPen(QColor(15, 16, 20), width=2 * self.look.scale)
        self.point.setData(
            [point[0]], [point[1]], size=self.look.px(15), symbol="o", brush=self._pg.mkBrush("#ffffff"), pen=pen
        )

    # --- the point is moved, the range told ---

    def place_of(self, x: float, y: float) -> QPointF:
        """Where a point of the plane is. Units: px of the plot."""
        found = self.box.mapViewToScene(QPointF(x, y))
        return QPointF(self.plot.mapFromScene(found))

    def plane_at(self, place: QPointF) -> tuple[float, float]:
        """Which point of the plane is there."""
        found = self.box.mapSceneToView(self.plot.mapToScene(place.toPoint()))
        return float(found.x()), float(found.y())

    def _tell_range(self) -> None:
        self.range_changed.emit(*self.range)

    def _near(self, place: QPointF) -> bool:
        point = self.relief.point
        if point is None or not self.movable:
            return False
        away = self.place_of(*point) - place
        return bool(np.hypot(away.x(), away.y()) <= self.look.px(REACH_PX))

    def zoom(self, factor: float) -> None:
        """Closer to the middle (below 1) or further off."""
        x0, x1, y0, y1 = self.range
        w, h = (x1 - x0) * factor / 2, (y1 - y0) * factor / 2
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
        self.set_range((x - w, x + w, y - h, y + h))
        self._settle.start()

    def stop(self) -> None:
        """Tells nothing more."""
        self._settle.stop()
        self._let_go.stop()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QMouseEvent):
            return False
        left = Qt.MouseButton.LeftButton
        kind = event.type()
        if kind == QEvent.Type.MouseButtonPress and event.button() == left:
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            if self._near(event.position()):
                point = self.relief.point or (0.0, 0.0)
                self._holding, self._offset = True, self.place_of(*point) - event.position()
                self.plot.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
                return True
        elif kind == QEvent.Type.MouseMove and self._holding:
            self.dragged.emit(*self.plane_at(event.position() + self._offset))
            return True
        elif kind == QEvent.Type.MouseMove and not event.buttons():
            near = self._near(event.position())
            self.plot.viewport().setCursor(Qt.CursorShape.OpenHandCursor if near else Qt.CursorShape.CrossCursor)
        elif kind == QEvent.Type.MouseButtonRelease and self._holding and event.button() == left:
            self._holding = False
            self.plot.viewport().setCursor(Qt.CursorShape.OpenHandCursor)
            self.dropped.emit()
            return True
        elif kind == QEvent.Type.MouseButtonDblClick and event.button() == left and self.movable:
            if self.relief.point is not None:
                self.dragged.emit(*self.plane_at(event.position()))
                self.dropped.emit()
            return True
        return False

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and own_key(event):
            event.accept()  # shortcuts of the window wait while this has the focus
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        way = ARROWS.get(Qt.Key(event.key()))
        point = self.relief.point
        if way is not None and point is not None and self.movable:
            x0, x1, y0, y1 = self.range
            step = STEP * (10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
            self.dragged.emit(point[0] + way[0] * step * (x1 - x0), point[1] + way[1] * step * (y1 - y0))
            self._let_go.start()
        elif event.text() in ("+", "="):
            self.zoom(0.8)
        elif event.text() == "-":
            self.zoom(1.25)
        elif event.key() == Qt.Key.Key_Home:
            self.home_asked.emit()
        else:
            super().keyPressEvent(event)
