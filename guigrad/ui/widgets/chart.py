"""What all plots of a training share: pyqtgraph, imported when the first is made, its look, words where there is nothing yet, and export."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np
from PySide6.QtCore import QBuffer, QIODevice, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QResizeEvent
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QGridLayout, QWidget

from guigrad.document.file import write_atomically
from guigrad.ui.style import Look
from guigrad.ui.widgets import parts
from guigrad.ui.widgets.axis import axes

FORMATS: Final = (".png", ".svg", ".csv")
BEHIND: Final = -1000
"""Where the lines of the grid lie: not over the curves."""
LEGEND: Final = 8
"""Names of a legend in one row."""
LOW_PX: Final = 150
"""A plot that is lower has no words beside its axis."""
SHARP: Final = 2
"""Pixels of a picture for each on screen."""


class Chart(QWidget):
    """One plot, which can be exported as a picture or as its numbers."""

    def __init__(self, look: Look, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pg: Any = import_module("pyqtgraph")
        self._pg.setConfigOption("exitCleanup", False)  # it would tear Qt objects down in an order of its own
        self.look = look
        self.plot: Any = self._pg.PlotWidget(antialias=True, axisItems=axes())
        self.plot.setAccessibleName(name)
        self.plot.setMinimumSize(80, 60)
        self.item: Any = self.plot.getPlotItem()
        for side in ("left", "bottom"):
            self.item.getAxis(side).enableAutoSIPrefix(False)  # "loss (x0.001)" would be read as the loss
        self.legend: Any = None
        self.columns = 1
        self.item.setMenuEnabled(False)
        self.item.hideButtons()
        self.empty = parts.label("", "muted")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        room = QGridLayout(self)
        room.setContentsMargins(0, 0, 0, 0)
        room.addWidget(self.plot, 0, 0)
        room.addWidget(self.empty, 0, 0)
        self.empty.hide()

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self.look = look
        self.plot.setBackground(look.color("panel"))
        self.item.showGrid(x=True, y=True, alpha=0.18)
        for name in ("left", "bottom"):
            axis = self.item.getAxis(name)
            axis.ground = look.color("panel")
            axis.setPen(look.color("border_strong"))
            axis.setTextPen(look.color("text_muted"))
            axis.setTickFont(look.code(10))
            axis.label.setFont(look.text(11))
            axis.setZValue(BEHIND)
        margin = look.px(36)
        self.empty.setContentsMargins(margin, margin, margin, margin)

    def put_legend(self, legend: Any, columns: int = 1) -> None:
        """The legend of the plot, as small as its words."""
        self.legend, self.columns = legend, columns
        legend.layout.setContentsMargins(4, 0, 8, 0)  # else it is twice as high as a line of it

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is little height the curves get it: no words at the axis, the legend in one row."""
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        low = self.height() < self.look.px(LOW_PX)
        axis = self.item.getAxis("bottom")
        if axis.isVisible() and axis.labelText:
            axis.showLabel(not low)
        if self.legend is not None:
            self.legend.setColumnCount(LEGEND if low else self.columns)

    def say_empty(self, text: str) -> None:
        """What would fill it; "" when something does."""
        self.empty.setText(text)
        self.empty.setVisible(bool(text))

    def title(self) -> str:
        """What an exported picture is called."""
        return str(self.plot.accessibleName())

    def csv(self) -> str:
        """Its numbers."""
        raise NotImplementedError

    def save(self, name: str) -> None:
        """Writes a picture (.png, .svg) or the numbers (.csv).

        Raises: OSError when it cannot be written, ValueError for another ending.
        """
        match Path(name).suffix.lower():
            case ".csv":
                data = self.csv().encode()
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
        generator.setTitle(self.title())
        self._paint_on(generator, QRectF(0, 0, size.width(), size.height()))
        return bytes(buffer.data().data())

    def _paint_on(self, device: Any, room: QRectF) -> None:
        painter = QPainter(device)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(room, self.look.color("panel"))
        self.plot.render(painter, room, self.plot.viewport().rect())
        painter.end()


class StepAxis:
    """The mark of the step that is shown, on a chart whose x axis are steps, and clicks that choose another."""

    def __init__(self, chart: Chart, chosen: Any) -> None:
        self._chart, self._chosen = chart, chosen
        self.log = False
        self.line: Any = chart._pg.InfiniteLine(angle=90, movable=False)
        self.line.hide()
        chart.item.addItem(self.line, ignoreBounds=True)
        chart.item.setLabel("bottom", "step")
        chart.item.getAxis("bottom").whole = True
        chart.plot.scene().sigMouseClicked.connect(self._on_click)

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self.line.setPen(self._chart._pg.mkPen(look.color("text"), width=1.5))

    def show_step(self, step: int | None) -> None:
        """Where the canvas is; None takes the mark away."""
        if step is None or (self.log and step <= 0):
            self.line.hide()
        else:
            self.line.setPos(float(np.log10(step)) if self.log else float(step))
            self.line.show()

    def _on_click(self, event: Any) -> None:
        item = self._chart.item
        if event.button() == Qt.MouseButton.LeftButton and item.vb.sceneBoundingRect().contains(event.scenePos()):
            if event.double():
                item.enableAutoRange()
                return
            x = float(item.vb.mapSceneToView(event.scenePos()).x())
            self._chosen.emit(round(10 ** min(x, 15.0) if self.log else x))
