"""A data set before it is inserted: its points in the plane, its curve, its images, or its first rows."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from guigrad.datasets.spec import Made
from guigrad.ui.style import Look

KINDS: Final = ("op", "grad", "leaf", "reduce", "loss", "optim", "warning", "value", "xray", "other")
"""Colours of classes, which also differ by their shape."""
MOST_POINTS: Final = 3000
TILES: Final = 40
ROWS: Final = 14
COLUMNS: Final = 8

Array = np.ndarray[Any, Any]


class DataPreview(QWidget):
    """Training points are filled, those for testing hollow. Thread: the GUI thread."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.made: Made | None = None
        self.setMinimumSize(look.px(220), look.px(140))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Preview")

    def show_made(self, made: Made | None) -> None:
        """Another data set, or none."""
        self.made = made
        self.setAccessibleDescription(words(made) if made is not None else "")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self.look.px(420), self.look.px(320))

    def paintEvent(self, event: QPaintEvent) -> None:
        p = QPainter(self)
        p.setRenderHint(QPainter.RenderHint.Antialiasing)
        p.setPen(QPen(self.look.color("border"), 1))
        p.setBrush(self.look.color("canvas"))
        p.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), self.look.px(6), self.look.px(6))
        if self.made is None:
            return
        p.setClipRect(self.rect().adjusted(1, 1, -1, -1))
        way = how(self.made)
        if way == "plane" or way == "curve":
            self._points(p, self.made, way == "curve")
        elif way == "images":
            self._images(p, self.made)
        else:
            self._rows(p, self.made)

    def _points(self, p: QPainter, made: Made, curve: bool) -> None:
        parts = [
            (made.arrays[f"X_{part}"].numpy(), made.arrays.get(f"y_{part}"), part == "train")
            for part in ("test", "train")
            if f"X_{part}" in made.arrays
        ]
        planes = []
        for x, y, train in parts:
            target = y.numpy() if y is not None else None
            flat = np.column_stack([x[:, 0], target[:, 0]]) if curve and target is not None else x
            kinds = target if target is not None and target.ndim == 1 else np.zeros(len(flat), np.int64)
            planes.append((flat[:MOST_POINTS], kinds[:MOST_POINTS], train))
        everything = np.concatenate([flat for flat, _, _ in planes])
        low, high = everything.min(axis=0), everything.max(axis=0)
        span = np.where(high > low, high - low, 1.0)
        edge = self.look.px(18)
        room = QRectF(self.rect()).adjusted(edge, edge, -edge, -edge)
        scale = np.array([room.width(), room.height()]) / span
        if not curve:
            scale[:] = scale.min()
        middle = (low + high) / 2
        size = self.look.px(3.5 if len(everything) < 1000 else 2)
        for flat, kinds, train in planes:
            places = (flat - middle) * scale
            for kind in np.unique(kinds):
                colour = self._colour(int(kind))
                p.setPen(QPen(colour, max(1.0, size / 3)))
                p.setBrush(colour if train else Qt.BrushStyle.NoBrush)
                for dx, dy in places[kinds == kind]:
                    at = QPointF(room.center().x() + dx, room.center().y() - dy)
                    self._mark(p, at, size, int(kind))

    def _mark(self, p: QPainter, at: QPointF, size: float, kind: int) -> None:
        square = QRectF(at.x() - size, at.y() - size, 2 * size, 2 * size)
        match kind % 3:
            case 0:
                p.drawEllipse(at, size, size)
            case 1:
                p.drawRect(square.adjusted(size * 0.15, size * 0.15, -size * 0.15, -size * 0.15))
            case _:
                p.drawPolygon([QPointF(at.x(), square.top()), square.bottomRight(), square.bottomLeft()])

    def _colour(self, kind: int) -> QColor:
        return self.look.color(KINDS[kind % len(KINDS)])

    def _images(self, p: QPainter, made: Made) -> None:
        images, labels = pictures(made)
        edge, gap = self.look.px(12), self.look.px(6)
        room = QRectF(self.rect()).adjusted(edge, edge, -edge, -edge)
        p.setFont(self.look.code(10))
        line = p.fontMetrics().lineSpacing()
        side = self.look.px(44)
        across = max(1, int((room.width() + gap) // (side + gap)))
        down = max(1, int((room.height() + gap) // (side + line + gap)))
        for number, image in enumerate(images[: across * down]):
            left = room.left() + (number % across) * (side + gap)
            top = room.top() + (number // across) * (side + line + gap)
            p.drawImage(QRectF(left, top, side, side), _picture(image))
            if labels is not None:
                text = made.classes[labels[number]] if labels[number] < len(made.classes) else str(labels[number])
                p.setPen(self.look.color("text_muted"))
                below = QRectF(left, top + side, side, line)
                p.drawText(
                    below,
                    Qt.AlignmentFlag.AlignCenter,
                    p.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, side),
                )

    def _rows(self, p: QPainter, made: Made) -> None:
        x = made.arrays["X_train"].numpy()
        y = made.arrays.get("y_train")
        flat = x.reshape(len(x), -1)[:ROWS]
        shown = min(flat.shape[1], COLUMNS)
        heads = list(made.columns[:shown]) if len(made.columns) == flat.shape[1] else [str(n) for n in range(shown)]
        table = [heads, *([f"{value:.4g}" for value in row[:shown]] for row in flat)]
        if flat.shape[1] > shown:
            table = [[*row, "…"] for row in table]
        if y is not None:
            target = y.numpy()[:ROWS]
            named = [made.classes[v] if made.classes else "" for v in target] if target.ndim == 1 else []
            ends = named or [", ".join(f"{value:.4g}" for value in row) for row in target]
            table = [[*row, end] for row, end in zip(table, ["target", *ends], strict=True)]
        self._table(p, table)

    def _table(self, p: QPainter, table: list[list[str]]) -> None:
        edge = self.look.px(12)
        room = QRectF(self.rect()).adjusted(edge, edge, -edge, -edge)
        p.setFont(self.look.code(11))
        height = p.fontMetrics().lineSpacing() + self.look.px(3)
        width = room.width() / len(table[0])
        for number, row in enumerate(table[: int(room.height() // height)]):
            p.setPen(self.look.color("text_muted" if number == 0 else "text"))
            for column, cell in enumerate(row):
                place = QRectF(
                    room.left() + column * width, room.top() + number * height, width - self.look.px(6), height
                )
                text = p.fontMetrics().elidedText(cell, Qt.TextElideMode.ElideRight, int(place.width()))
                p.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)


def how(made: Made) -> str:
    """How a data set is best seen: "plane", "curve", "images" or "rows"."""
    shape = made.arrays["X_train"].shape
    target = made.arrays.get("y_train")
    if len(shape) == 4 or (len(shape) == 3 and min(shape[1:]) > 1) or made.kind == "digits":
        return "images"
    if len(shape) == 2 and shape[1] == 2 and (target is None or len(target.shape) == 1):
        return "plane"
    if len(shape) == 2 and shape[1] == 1 and target is not None and len(target.shape) == 2:
        return "curve"
    return "rows"


def pictures(made: Made) -> tuple[Array, Array | None]:
    """The first images as (count, channels, rows, columns), and their classes."""
    x = made.arrays["X_train"].numpy()[:TILES]
    y = made.arrays.get("y_train")
    labels = y.numpy()[:TILES] if y is not None and len(y.shape) == 1 else None
    if x.ndim == 2:
        side = round(x.shape[1] ** 0.5)
        x = x.reshape(len(x), 1, side, side)
    return (x[:, None] if x.ndim == 3 else x), labels


def _picture(image: Array) -> QImage:
    """Its lowest value black, its highest white."""
    low, high = float(image.min()), float(image.max())
    grey = np.clip((image - low) / (high - low if high > low else 1.0) * 255, 0, 255).astype(np.uint8)
    planes = grey if len(grey) == 3 else np.repeat(grey[:1], 3, axis=0)
    packed = np.ascontiguousarray(planes.transpose(1, 2, 0))
    height, width = packed.shape[:2]
    return QImage(packed.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def words(made: Made) -> str:
    """What its leaves are: names, shapes and dtypes, and how many points each class has."""
    lines = [f"{name}  {' × '.join(map(str, array.shape))}  {array.dtype}" for name, array in made.arrays.items()]
    target = made.arrays.get("y_train")
    if made.classes and target is not None and len(target.shape) == 1:
        counts = np.bincount(target.numpy(), minlength=len(made.classes))
        named = ", ".join(f"{name}: {count}" for name, count in list(zip(made.classes, counts, strict=False))[:8])
        lines.append(f"classes  {named}{', …' if len(made.classes) > 8 else ''}")
    return "\n".join([*lines, *made.notes])
