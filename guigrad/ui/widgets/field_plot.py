"""Data of one or two dimensions with what a program makes of the whole line or plane: a fitted curve, or who wins where."""

from __future__ import annotations

import csv
import io
from typing import Any, Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from guigrad.ui.style import Look
from guigrad.ui.widgets import fields
from guigrad.ui.widgets.chart import LEGEND, Chart
from guigrad.ui.widgets.fields import CLASSES, SYMBOLS, Reading, rounded
from guigrad.ui.widgets.point_hand import PointHand

SIDE: Final = 72
LINE: Final = 300
"""Grid points of a side of a plane, and of a line."""
NEAR_PX: Final = 10
LEGEND_PX: Final = 48
ABOVE: Final = 0.1
"""Room for them above the points, of the height of the view."""
FEW: Final = 40
"""Points that are drawn larger."""

Numbers = NDArray[np.float64]


class Points(Struct, frozen=True):
    """Rows of data with a target each. ``x`` [n, 1 or 2], ``y`` [n] or None."""

    x: Numbers
    y: Numbers | None = None

    def __len__(self) -> int:
        return len(self.x)


def _same(one: Points, other: Points) -> bool:
    """Whether they hold the same numbers."""
    if (one.y is None) != (other.y is None) or not np.array_equal(one.x, other.x, equal_nan=True):
        return False
    return one.y is None or other.y is None or np.array_equal(one.y, other.y, equal_nan=True)


def _mixed(ground: QColor, color: QColor, part: float) -> QColor:
    """So much of a colour over the ground."""
    pairs = ((ground.red(), color.red()), (ground.green(), color.green()), (ground.blue(), color.blue()))
    return QColor(*[round(a + (b - a) * part) for a, b in pairs])


NOTHING: Final = Points(np.empty((0, 2)))


class FieldPlot(Chart):
    """Training points are filled, test points hollow; each class has a shape and a colour of its own.

    ``view_changed()``: another part of the plane is seen. What the hand does with points is told by ``hand``.
    """

    view_changed = Signal()

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(look, "Data with the decision boundary or the fitted curve", parent)
        self.train, self.test = NOTHING, NOTHING
        self.axes: list[Numbers] = []
        self.values: Numbers | None = None
        self.how = Reading("number", 1)
        self.logits = False
        self.range: tuple[float, float] | None = None  # of numbers that are fitted over a plane
        self.selected = -1
        self.edits_test = False
        self.names = ("x", "y")
        self._framed = False
        self.image: Any = self._pg.ImageItem(axisOrder="row-major")
        self.image.setZValue(-20)
        self.border: Any = self._pg.PlotDataItem(connect="pairs")
        self.curves: list[Any] = []
        self.spots: Any = self._pg.ScatterPlotItem(pxMode=True)
        self.spots.setZValue(10)
        self.ring: Any = self._pg.ScatterPlotItem(pxMode=True, symbol="o", brush=None)
        self.ring.setZValue(11)
        for part in (self.border, self.spots, self.ring):
            self.item.addItem(part, ignoreBounds=True)
        self.item.addItem(self.image, ignoreBounds=True)
        self.put_legend(self.item.addLegend(offset=(6, 4), colCount=LEGEND), LEGEND)
        self.hand = PointHand(self)
        self.item.vb.sigRangeChangedManually.connect(lambda *_: self.view_changed.emit())
        self.set_look(look)

    @property
    def held(self) -> Points:
        """The points that the hand changes: those of the training, or those for testing."""
        return self.test if self.edits_test else self.train

    @property
    def dims(self) -> int:
        """1 for a line, 2 for a plane."""
        return int(self.train.x.shape[1])

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        super().set_look(look)
        self.item.showGrid(x=False, y=False)  # its lines would lie over the picture
        self.legend.setLabelTextColor(look.color("text"))
        self.legend.setLabelTextSize(f"{look.px(11)}px")
        self.legend.setBrush(look.color("raised", 0.85))
        self._draw()

    def show_points(self, train: Points, test: Points, names: tuple[str, str]) -> None:
        """Other data; the view is fitted when there are other axes."""
        fits = train.x.shape[1] != self.train.x.shape[1] or not self._framed
        row, old, new = self.hand.row, self.held, test if self.edits_test else train
        if 0 <= row < len(old) == len(new) and new.x.shape == old.x.shape:  # it is under the hand
            new.x[row] = old.x[row]
            if new.y is not None and old.y is not None:
                new.y[row] = old.y[row]
        same = (names, _same(train, self.train), _same(test, self.test)) == (self.names, True, True)
        self.train, self.test, self.names = train, test, names
        self.selected = min(self.selected, len(self.held) - 1)
        if fits and len(train):
            self.fit_view()
        if not same:
            self._draw_points()

    def show_field(self, axes: list[Numbers], values: Numbers | None, logits: bool) -> None:
        """What the program gives on a grid. Shapes: values [points, columns]; None: nothing."""
        before = (len(self.curves), self.range)
        self.axes, self.values, self.logits = axes, values, logits
        self._draw_field()
        if before != (len(self.curves), self.range):
            self._draw_points()  # their legend, and on which scale their targets are

    def fit_view(self) -> None:
        """Shows all points."""
        both = np.concatenate([self.train.x, self.test.x]) if len(self.test) else self.train.x
        low, high = fields.span(both)
        if self.dims == 1:
            y = self.train.y if self.train.y is not None and len(self.train) else np.zeros(1)
            bottom, top = fields.span(y[:, None], 0.2)
            low, high = np.append(low, bottom), np.append(high, top)
        part = min(max(ABOVE, self.look.px(LEGEND_PX) / max(self.height(), 1)), 0.5)  # of a low plot it is more
        high[1] += part / (1 - part) * (high[1] - low[1])
        self._framed = len(self.train) > 0
        self.item.vb.setRange(xRange=(low[0], high[0]), yRange=(low[1], high[1]), padding=0)

    def reframe(self) -> None:
        """The next points are all shown."""
        self._framed = False

    def move_now(self, row: int, values: list[float], target: float | None) -> None:
        """A point goes with the hand at once; the document follows."""
        if not 0 <= row < len(self.held):
            return
        x, y = self.held.x.copy(), self.held.y
        x[row] = values
        if target is not None and y is not None:
            y = y.copy()
            y[row] = target
        if self.edits_test:
            self.test = Points(x, y)
        else:
            self.train = Points(x, y)
        self._draw_points()

    def grid(self, side: int = SIDE) -> tuple[list[Numbers], Numbers]:
        """The axes and points of what is seen."""
        (left, right), (bottom, top) = self.item.vb.viewRange()
        if self.dims == 1:
            return fields.grid(np.array([left]), np.array([right]), LINE)
        return fields.grid(np.array([left, bottom]), np.array([right, top]), side)

    def select(self, row: int) -> None:
        """The point that keys move, by its row; -1 for none."""
        self.selected = row if 0 <= row < len(self.held) else -1
        self._draw_ring()

    def near(self, place: QPointF) -> int:
        """The row of the point to be changed at a place of the viewport; -1 where there is none. Units: px"""
        where = self._flat()
        if not len(where):
            return -1
        box = self.item.vb
        scale = box.viewPixelSize()
        spot = box.mapSceneToView(self.plot.mapToScene(place.toPoint()))
        away = np.hypot((where[:, 0] - spot.x()) / scale[0], (where[:, 1] - spot.y()) / scale[1])
        away = np.where(np.isfinite(away), away, np.inf)
        row = int(away.argmin())
        return row if away[row] <= self.look.px(NEAR_PX) else -1

    def spot(self, place: QPointF) -> tuple[float, float]:
        """Where a place of the viewport lies among the data, rounded to about a third of a pixel."""
        found = self.item.vb.mapSceneToView(self.plot.mapToScene(place.toPoint()))
        wide, tall = self.item.vb.viewPixelSize()
        return rounded(found.x(), wide), rounded(found.y(), tall)

    def place_of(self, row: int) -> tuple[float, float]:
        """Where a point to be changed is drawn, among the data."""
        where = self._flat()[row]
        return float(where[0]), float(where[1])

    def csv(self) -> str:
        """The points, then the grid with what the program gives there."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        columns = 0 if self.values is None else self.values.shape[1]
        writer.writerow(
            ["what", *[f"x{at}" for at in range(self.dims)], "target", *[f"out{at}" for at in range(columns)]]
        )
        for what, points in (("train", self.train), ("test", self.test)):
            for at, row in enumerate(points.x.tolist()):
                writer.writerow([what, *map(repr, row), "" if points.y is None else repr(float(points.y[at]))])
        if self.values is not None:
            low, high = [axis[0] for axis in self.axes], [axis[-1] for axis in self.axes]
            _, places = fields.grid(np.array(low), np.array(high), len(self.axes[0]))
            for place, value in zip(places.tolist(), self.values.tolist(), strict=True):
                writer.writerow(["grid", *map(repr, place), "", *map(repr, value)])
        return text.getvalue()

    # --- inside ---

    def _flat(self, points: Points | None = None) -> Numbers:
        """Points as they lie in the plot: of a line with their target upwards."""
        found = self.held if points is None else points
        if found.x.shape[1] == 2:
            return found.x
        up = found.y if found.y is not None else np.zeros(len(found))
        return np.column_stack((found.x[:, 0], up))

    def _draw(self) -> None:
        self._draw_field()
        self._draw_points()

    def _draw_field(self) -> None:
        values, self.range = self.values, None
        known = values is not None and len(self.axes) == self.dims
        columns = values.shape[1] if values is not None and known and self.dims == 1 else 0
        while len(self.curves) > columns:
            self.item.removeItem(self.curves.pop())
        if values is None or not known or self.dims == 1:
            self.border.setData([], [])
            self.image.clear()
            if values is not None and columns:
                self._draw_curves(values)
            return
        self.how = fields.reading(values, self.train.y, self.logits)
        x, y = self.axes
        wide, tall = x[1] - x[0], y[1] - y[0]
        shape = (len(y), len(x))
        colors = [self.look.color(token) for token in CLASSES]
        if self.how.kind == "number":
            self.range = fields.range_of(values[:, 0], self.train.y)
            rgba = fields.picture(*fields.on_scale(values[:, 0], *self.range), colors)
            self.border.setData([], [])
        else:
            rgba = fields.picture(*fields.sureness(values, self.how, self.logits), colors)
            pieces = [fields.contour(one.reshape(shape), x, y) for one in fields.margins(values, self.how)]
            self.border.setPen(self._pg.mkPen(self.look.color("text"), width=self.look.scale * 1.6))
            self.border.setData(*[np.concatenate(part) for part in zip(*pieces, strict=True)], connect="pairs")
        self.image.setImage(rgba.reshape(*shape, 4), autoLevels=False)
        self.image.setRect(QRectF(x[0] - wide / 2, y[0] - tall / 2, wide * len(x), tall * len(y)))

    def _draw_curves(self, values: Numbers) -> None:
        many = values.shape[1] > 1
        for at in range(values.shape[1]):
            if at == len(self.curves):
                self.curves.append(self.item.plot())
                self.curves[at].setZValue(12)  # over the points: many of them would hide it
            token = CLASSES[at % len(CLASSES)] if many else "grad"
            self.curves[at].setPen(self._pg.mkPen(self.look.color(token), width=self.look.scale * 2))
            self.curves[at].setData(self.axes[0], values[:, at], connect="finite")

    def _styles(self, points: Points) -> tuple[list[Any], list[str]]:
        """Colour and shape of each point."""
        plain = [self.look.color("value")] * len(points), ["o"] * len(points)
        if points.y is None or self.dims == 1:
            return plain
        if fields.are_classes(self.train.y) and self.range is None:
            known = self.classes
            places = [known.index(value) if value in known else 0 for value in points.y.tolist()]
            colors = [self.look.color(CLASSES[place % len(CLASSES)]) for place in places]
            return colors, [SYMBOLS[place % len(SYMBOLS)] for place in places]
        low, high = self.range or fields.range_of(points.y, self.train.y)
        sides, strong = fields.on_scale(points.y, low, high)
        ground, ends = self.look.color("panel"), [self.look.color(token) for token in CLASSES[:2]]
        return [
            _mixed(ground, ends[side], part) for side, part in zip(sides.tolist(), strong.tolist(), strict=True)
        ], plain[1]

    @property
    def classes(self) -> list[float]:
        """The targets that there are, the smallest first; from 0 on where they are counted so."""
        if self.train.y is None or not fields.are_classes(self.train.y):
            return []
        known = np.unique(self.train.y[np.isfinite(self.train.y)])
        if known.min() >= 0:
            return [float(number) for number in range(int(known.max()) + 1)]
        return [float(number) for number in known.tolist()]

    def _draw_points(self) -> None:
        self.legend.clear()
        for at, curve in enumerate(self.curves):
            self.legend.addItem(curve, f"output [{at}]" if len(self.curves) > 1 else "output")
        places, pens, brushes, symbols = [], [], [], []
        edge = self._pg.mkPen(self.look.color("text" if self.range else "panel"), width=1)
        for points, hollow in ((self.train, False), (self.test, True)):
            where = self._flat(points)
            good = np.isfinite(where).all(axis=1)
            colors, shapes = self._styles(points)
            places.append(where[good])
            inks = {color.rgba(): self._ink(color, edge, hollow) for color in colors}
            for at in np.flatnonzero(good).tolist():
                pen, brush = inks[colors[at].rgba()]
                pens.append(pen)
                brushes.append(brush)
                symbols.append(shapes[at])
        both = np.concatenate(places)
        size = self.look.px(12 if len(self.train) <= FEW else 9)
        self.spots.setData(x=both[:, 0], y=both[:, 1], size=size, pen=pens, brush=brushes, symbol=symbols)
        if self.range is not None:
            for value, token in zip(self.range, CLASSES, strict=False):
                self._name(f"{self.names[1]} = {value:.3g}", token, "o", False)
        for place, value in enumerate(self.classes[: len(CLASSES)] if self.dims == 2 and self.range is None else []):
            self._name(f"{self.names[1]} = {value:g}", CLASSES[place], SYMBOLS[place], False)
        if len(self.test):
            self._name("train (filled)", "text_muted", "o", False)
            self._name("test (hollow)", "text_muted", "o", True)
        self._draw_ring()
        self.item.setLabel("bottom", self.names[0] if self.dims == 1 else f"{self.names[0]}[:, 0]")
        self.item.setLabel("left", self.names[1] if self.dims == 1 else f"{self.names[0]}[:, 1]")
        self._make_room()

    def _ink(self, color: QColor, edge: Any, hollow: bool) -> tuple[Any, Any]:
        """Pen and brush of a point."""
        pen = self._pg.mkPen(color, width=self.look.scale * 1.7) if hollow else edge
        return pen, self._pg.mkBrush(self.look.color("panel") if hollow else color)

    def _name(self, text: str, token: str, symbol: str, hollow: bool) -> None:
        color = self.look.color(token)
        made = self._pg.ScatterPlotItem(
            symbol=symbol, size=self.look.px(9), pen=self._pg.mkPen(color, width=1.5),
            brush=None if hollow else self._pg.mkBrush(color),
        )  # fmt: skip
        self.legend.addItem(made, text)

    def _draw_ring(self) -> None:
        if self.selected < 0:
            self.ring.setData([], [])
            return
        self.ring.setPen(self._pg.mkPen(self.look.color("selected"), width=self.look.scale * 2))
        self.ring.setSize(self.look.px(17))
        x, y = self.place_of(self.selected)
        self.ring.setData([x], [y], pen=self._pg.mkPen(self.look.color("selected"), width=self.look.scale * 2))

    def keyboard(self) -> Any:
        """Who hears keys."""
        self.plot.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        return self.plot
