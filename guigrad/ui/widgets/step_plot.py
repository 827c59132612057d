"""Numbers over steps, drawn by pyqtgraph, which is imported when the first plot is made."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np
from PySide6.QtCore import QBuffer, QIODevice, QRectF, Qt, Signal
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QVBoxLayout, QWidget

from guigrad.document.file import write_atomically
from guigrad.ui.style import Look
from guigrad.ui.widgets.curves import Curve, as_csv, drawable, smooth

TOKENS: Final = ("value", "grad", "success", "xray", "warning", "optim", "loss", "leaf", "reduce", "accent")
"""Colours of the curves in their order."""
DASHES: Final = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine, Qt.PenStyle.DashDotLine)
"""Each run has another, so that curves differ by more than colour."""
FORMATS: Final = (".png", ".svg", ".csv")
SHARP: Final = 2
"""Pixels of a picture for each on screen."""


class StepPlot(QWidget):
    """Curves over steps. ``step_chosen(step)``: a click in the plot. ``cost_s`` is how long the last drawing took to prepare. Units: s"""

    step_chosen = Signal(int)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pg: Any = import_module("pyqtgraph")
        self._pg.setConfigOption("exitCleanup", False)  # it would tear Qt objects down in an order of its own
        self.look = look
        self.drawn: tuple[Curve, ...] = ()
        self.width_steps, self.log_x, self.log_y = 1, False, False
        self.cost_s = 0.0
        self.lines: dict[tuple[int, str], Any] = {}
        self._faint: dict[tuple[int, str], Any] = {}
        self.plot: Any = self._pg.PlotWidget(antialias=True)
        self.plot.setAccessibleName("Plot of watched numbers over steps")
        self.plot.setMinimumSize(80, 60)
        item = self.plot.getPlotItem()
        item.setDownsampling(auto=True, mode="peak")
        item.setClipToView(True)
        item.setLabel("bottom", "step")
        for name in ("left", "bottom"):
            item.getAxis(name).enableAutoSIPrefix(False)  # "loss (x0.001)" would be read as the loss
        item.setMenuEnabled(False)
        self.legend: Any = item.addLegend(offset=(-8, 6))
        self.cursor: Any = self._pg.InfiniteLine(angle=90, movable=False)
        self.cursor.hide()
        item.addItem(self.cursor, ignoreBounds=True)
        self.plot.scene().sigMouseClicked.connect(self._on_click)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.plot)
        self.set_look(look)

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self.look = look
        self.plot.setBackground(look.color("panel"))
        item = self.plot.getPlotItem()
        item.showGrid(x=True, y=True, alpha=0.18)
        for name in ("left", "bottom"):
            axis = item.getAxis(name)
            axis.setPen(look.color("border_strong"))
            axis.setTextPen(look.color("text_muted"))
            axis.setTickFont(look.code(10))
            axis.label.setFont(look.text(11))
        self.cursor.setPen(self._pg.mkPen(look.color("text"), width=1.5))
        self.legend.setLabelTextColor(look.color("text"))
        self.legend.setLabelTextSize(f"{look.px(11)}px")
        self.legend.setBrush(look.color("raised", 0.85))
        self._rebuild()

    def set_style(self, width_steps: int, log_x: bool, log_y: bool) -> None:
        """Smoothing over so many points, and logarithmic axes."""
        if (width_steps, log_x, log_y) == (self.width_steps, self.log_x, self.log_y):
            return
        self.width_steps, self.log_x, self.log_y = width_steps, log_x, log_y
        self.plot.getPlotItem().setLogMode(x=log_x, y=log_y)
        self.plot.getPlotItem().enableAutoRange()
        self._draw()

    def show_curves(self, drawn: tuple[Curve, ...]) -> None:
        """Other numbers."""
        same = [(one.run, one.watch, one.name) for one in drawn] == [
            (one.run, one.watch, one.name) for one in self.drawn
        ]
        self.drawn = drawn
        if same:
            self._draw()
        else:
            self._rebuild()

    def show_step(self, step: int | None) -> None:
        """Where the canvas is; None takes the mark away."""
        if step is None or (self.log_x and step <= 0):
            self.cursor.hide()
        else:
            self.cursor.setPos(float(np.log10(step)) if self.log_x else float(step))
            self.cursor.show()

    # --- export ---

    def save(self, name: str) -> None:
        """Writes a picture (.png, .svg) or the numbers (.csv).

        Raises: OSError when it cannot be written, ValueError for another ending.
        """
        match Path(name).suffix.lower():
            case ".csv":
                data = as_csv(self.drawn).encode()
            case ".png":
                data = self._png()
            case ".svg":
                data = self._svg()
            case other:
                raise ValueError(f"{other or name!r} is no format of a plot: {', '.join(FORMATS)}")
        write_atomically(name, data)

    def _png(self) -> bytes:
        size = self.plot.viewport().size() * SHARP
        image = QImage(size, QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(self.look.color("panel"))
        self._paint_on(image, QRectF(0, 0, size.width(), size.height()))
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        image.save(buffer, "PNG")  # type: ignore[call-overload]  # PySide6 takes the name as str; its stub says bytes
        return bytes(buffer.data().data())

    def _svg(self) -> bytes:
        size = self.plot.viewport().size()
        buffer = QBuffer()
        generator = QSvgGenerator()
        generator.setOutputDevice(buffer)
        generator.setSize(size)
        generator.setViewBox(QRectF(0, 0, size.width(), size.height()))
        generator.setTitle(", ".join(curve.name for curve in self.drawn))
        self._paint_on(generator, QRectF(0, 0, size.width(), size.height()))
        return bytes(buffer.data().data())

    def _paint_on(self, device: Any, room: QRectF) -> None:
        painter = QPainter(device)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(room, self.look.color("panel"))
        self.plot.render(painter, room, self.plot.viewport().rect())
        painter.end()

    # --- inside ---

    def _rebuild(self) -> None:
        item = self.plot.getPlotItem()
        for line in (*self.lines.values(), *self._faint.values()):
            item.removeItem(line)
        self.lines, self._faint = {}, {}
        watches = list(dict.fromkeys(curve.watch for curve in self.drawn))
        for at, curve in enumerate(self.drawn):
            token = TOKENS[at % len(TOKENS)]
            pen = self._pg.mkPen(
                self.look.color(token), width=self.look.scale * 1.7, style=DASHES[curve.run % len(DASHES)]
            )
            self._faint[curve.run, curve.watch] = item.plot(
                pen=self._pg.mkPen(self.look.color(token, 0.3), width=1), connect="finite"
            )
            self.lines[curve.run, curve.watch] = item.plot(pen=pen, name=curve.name, connect="finite")
        item.setLabel("left", watches[0] if len(watches) == 1 else "value" if watches else "")
        self._draw()

    def _draw(self) -> None:
        began = perf_counter()
        for curve in self.drawn:
            line, faint = self.lines[curve.run, curve.watch], self._faint[curve.run, curve.watch]
            x, y = drawable(curve.x, curve.y, self.log_x, self.log_y)
            alone = self.width_steps > 1
            self._put(faint, x, y, alone)
            if alone:
                x, y = drawable(curve.x, smooth(curve.y, self.width_steps), self.log_x, self.log_y)
            self._put(line, x, y, True)
            single = int(np.isfinite(y).sum()) == 1
            line.setSymbol("o" if single else None)  # a line needs two points
        self._label_axes()
        self.cost_s = perf_counter() - began

    def _label_axes(self) -> None:
        """On a logarithmic axis over several decades each has a word, what lies between would lie on each other."""
        item = self.plot.getPlotItem()
        for name, log, parts in (
            ("bottom", self.log_x, [curve.x for curve in self.drawn]),
            ("left", self.log_y, [curve.y for curve in self.drawn]),
        ):
            numbers = np.concatenate(parts) if log and parts else np.empty(0)
            numbers = numbers[np.isfinite(numbers) & (numbers > 0)]
            wide = len(numbers) > 0 and numbers.max() >= 50 * numbers.min()
            item.getAxis(name).setStyle(maxTextLevel=0 if wide else 2)

    def _put(self, line: Any, x: Any, y: Any, shown: bool) -> None:
        if shown and np.isfinite(y).any():
            line.setData(x, y)
        else:
            line.setData([], [])

    def _on_click(self, event: Any) -> None:
        box = self.plot.getPlotItem().vb
        if event.button() == Qt.MouseButton.LeftButton and box.sceneBoundingRect().contains(event.scenePos()):
            if event.double():
                self.plot.getPlotItem().enableAutoRange()
                return
            x = float(box.mapSceneToView(event.scenePos()).x())
            self.step_chosen.emit(round(10 ** min(x, 15.0) if self.log_x else x))
