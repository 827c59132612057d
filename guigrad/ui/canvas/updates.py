"""What a training step did to the parameters: before, change and after, on a tab below each card.

The tab is one line: three numbers of a scalar, the change of a tensor as cells with the largest of it. On the card under the pointer, or a selected
one, it opens to three strips of cells. Differences are taken in float64 of the bits that torch had before and after.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np
from msgspec import Struct
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter

from guigrad.document.array import ArrayData
from guigrad.run.frame import Frame, Record
from guigrad.ui.canvas import geometry as g
from guigrad.ui.canvas.content import arrange, elements, number
from guigrad.ui.canvas.ink import Ink, elided, text_width
from guigrad.ui.canvas.wire import Array
from guigrad.ui.heat import levels, table

if TYPE_CHECKING:
    from guigrad.ui.canvas.scene import Scene
    from guigrad.ui.canvas.viewport import Viewport

MOST: Final = 80
"""With more parameters in view there are no tabs."""
GAP: Final = 3.0
LINE: Final = 19.0
STRIP: Final = 12.0
OPEN: Final = 20.0 + 3 * (STRIP + 5.0) + 5.0
"""Height of an open tab."""
CELLS: Final = 32


class Change(Struct, frozen=True, eq=False):
    """Of one parameter: ``numbers`` of a scalar (before, change, after), else ``strips`` of cells; ``largest`` is the largest absolute change."""

    numbers: tuple[float, float, float] | None = None
    strips: tuple[Array, Array, Array] | None = None
    largest: float = 0.0


class Updates:
    """What happened between two frames. ``words`` say between which steps."""

    def __init__(self, before: Frame, after: Frame, words: str) -> None:
        self.before, self.after, self.words = before, after, words
        self._known: dict[str, Change | None] = {}

    def change(self, key: str, source: bool) -> Change | None:
        """What became of a node's value; None if it is no parameter or was not touched. ``source``: it has no inputs."""
        if key not in self._known:
            self._known[key] = change(self.before.records.get(key), self.after.records.get(key), source)
        return self._known[key]


def change(before: Record | None, after: Record | None, source: bool) -> Change | None:
    """What became of a parameter (a leaf that requires grad, or another tensor without inputs); None if it was not touched."""
    if before is None or after is None or not isinstance(before.value, ArrayData):
        return None
    if not (source or (after.is_leaf and after.requires_grad)) or before.value == after.value:
        return None
    if not isinstance(after.value, ArrayData) or before.value.shape != after.value.shape:
        return None
    old, new = elements(before.value), elements(after.value)
    if old is None or new is None or old.dtype.kind != "f" or new.dtype.kind != "f" or not old.size:
        return None
    old, new = old.astype(np.float64), new.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        delta = new - old
    if not delta.any():  # other bits, the same number: -0.0, another stride
        return None
    finite = np.abs(delta[np.isfinite(delta)])
    largest = float(finite.max(initial=0.0)) if len(finite) == delta.size else float("nan")
    if old.size == 1:
        return Change((old.item(), delta.item(), new.item()), largest=largest)
    cells = [_strip(array) for array in (old, delta, new)]
    top = max((float(np.abs(each[np.isfinite(each)]).max(initial=0.0)) for each in (cells[0], cells[2])), default=0.0)
    strips = levels(cells[0], top), levels(cells[1]), levels(cells[2], top)
    return Change(strips=strips, largest=largest)


def _strip(array: Array) -> Array:
    flat = arrange(array).reshape(-1)
    return flat if flat.size <= CELLS else flat[np.linspace(0, flat.size - 1, CELLS).astype(np.intp)]


def tabs(
    updates: Updates, scene: Scene, view: Viewport, rows: Array, opened: str
) -> Iterator[tuple[int, Change, QRectF, bool]]:
    """(row, what changed, place on the canvas, whether it is open) of the cards in view. ``opened``: the card under the pointer."""
    if view.scale < g.DETAIL or scene.faces.frame is not updates.after:
        return
    found = []
    for row in rows.tolist():
        face = scene.facet(row)
        made = updates.change(scene.ids[row], face.source) if not scene.collapsed[row] else None
        if made is not None:
            found.append((row, made))
        if len(found) > MOST:
            return
    for row, made in found:
        is_open = made.strips is not None and (scene.ids[row] == opened or bool(scene.selected[row]))
        top = float(scene.y[row] + scene.height[row]) + GAP
        yield row, made, QRectF(float(scene.x[row]), top, float(scene.width[row]), OPEN if is_open else LINE), is_open


def draw(p: QPainter, ink: Ink, updates: Updates, scene: Scene, view: Viewport, rows: Array, opened: str = "") -> None:
    """The tabs of all cards in view, open ones last."""
    found = sorted(tabs(updates, scene, view, rows, opened), key=lambda tab: tab[3])
    if not found:
        return
    p.save()
    p.setRenderHint(QPainter.RenderHint.Antialiasing)
    p.translate(view.left, view.top)
    p.scale(view.scale, view.scale)
    for _, made, place, is_open in found:
        p.setPen(ink.pen("border", 1.0))
        p.setBrush(ink.brush("node_title"))
        p.drawRoundedRect(place.adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        if is_open:
            _strips(p, ink, made, place, updates.words)
        elif made.numbers is not None:
            _numbers(p, ink, made.numbers, place)
        else:
            _line(p, ink, made, place)
    p.restore()


def signed(value: float) -> str:
    """A change with its sign."""
    text = number(abs(value), 3)
    return f"{'−' if value < 0 else '+'}{text}" if value == value else "nan"


def _numbers(p: QPainter, ink: Ink, numbers: tuple[float, float, float], place: QRectF) -> None:
    """before, change, after on one line."""
    before, delta, after = number(numbers[0]), signed(numbers[1]), number(numbers[2])
    baseline = place.center().y() + 3.5
    p.setFont(ink.foot)
    p.setPen(ink.color("value"))
    p.drawText(QPointF(place.left() + 8, baseline), before)
    right = place.right() - 8 - text_width(ink.foot, after)
    p.drawText(QPointF(right, baseline), after)
    left = place.left() + 8 + text_width(ink.foot, before)
    middle = f"{delta} →" if text_width(ink.foot, f"{delta} →") < right - left - 6 else "→"
    p.setFont(ink.foot)
    p.setPen(ink.color("text"))
    p.drawText(QPointF((left + right - text_width(ink.foot, middle)) / 2, baseline), middle)


def _line(p: QPainter, ink: Ink, made: Change, place: QRectF) -> None:
    """The change of a tensor: its cells, and the largest of it."""
    assert made.strips is not None
    baseline = place.center().y() + 3.5
    p.setFont(ink.foot)
    p.setPen(ink.color("text_muted"))
    p.drawText(QPointF(place.left() + 8, baseline), "Δ")
    words = f"≤ {number(made.largest, 2)}"
    width = text_width(ink.foot, words)
    p.setPen(ink.color("text"))
    p.drawText(QPointF(place.right() - 8 - width, baseline), words)
    left = place.left() + 22
    _cells(p, ink, made.strips[1], QRectF(left, place.center().y() - 5, place.right() - 14 - width - left, 10))


def _strips(p: QPainter, ink: Ink, made: Change, place: QRectF, words: str) -> None:
    """before, change and after as strips, and between which steps."""
    assert made.strips is not None
    p.setFont(ink.foot)
    p.setPen(ink.color("text"))
    said = f"{words} · |Δ| ≤ {number(made.largest, 2)}"
    p.drawText(QPointF(place.left() + 8, place.top() + 14), elided(ink.foot, said, place.width() - 16))
    top = place.top() + 20.0
    for name, cells in zip(("before", "Δ", "after"), made.strips, strict=True):
        p.setFont(ink.foot)
        p.setPen(ink.color("text_muted"))
        p.drawText(QPointF(place.left() + 8, top + STRIP / 2 + 3.5), name)
        _cells(p, ink, cells, QRectF(place.left() + 50, top, place.width() - 58, STRIP))
        top += STRIP + 5.0


def _cells(p: QPainter, ink: Ink, cells: Array, place: QRectF) -> None:
    pixels = np.ascontiguousarray(table(ink.theme, "value")[cells][None])
    image = QImage(pixels.data, len(cells), 1, len(cells) * 4, QImage.Format.Format_RGB32)
    p.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
    p.drawImage(place, image.copy())
    room = place.width() / len(cells)
    if room >= 4.0:
        p.setPen(ink.pen("node_title", 1.0))
        for at in range(1, len(cells)):
            x = place.left() + at * room
            p.drawLine(QPointF(x, place.top()), QPointF(x, place.bottom()))
    p.setPen(Qt.PenStyle.NoPen)
