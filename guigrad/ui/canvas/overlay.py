"""Drawn over the cards: sliders on numbers, shapes on wires, and what a brush is set to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QRegion

from guigrad.document.connect import broadcasts
from guigrad.run.frame import Record
from guigrad.ui.canvas import geometry as g
from guigrad.ui.canvas.content import SHORT_DTYPE
from guigrad.ui.canvas.ink import Ink, text_width
from guigrad.ui.canvas.scrub import TRACK
from guigrad.ui.canvas.viewport import Viewport
from guigrad.ui.canvas.wire import Rect

if TYPE_CHECKING:
    from guigrad.ui.canvas.board import Board
    from guigrad.ui.canvas.scene import Scene

Array = np.ndarray[Any, Any]
LABELS_FROM: Final = 0.6
"""Zoom from which wires tell what they carry."""
LABELS: Final = 200
"""Wires that tell it at once; more would only be noise."""
PICTURED: Final = 3000
"""Wires up to which a picture has labels."""


def paint(p: QPainter, view: Board, part: QRegion | None = None) -> None:
    """Everything that lies over the cards, or over a part of them."""
    scene, port, ink = view.scene, view.viewport, view.painter.ink
    if port.scale >= g.DETAIL:
        _sliders(p, scene, ink, port, port.world if part is None else port.around(part.boundingRect()))
    view.labels = []
    if not view.painter.moving and view.gesture is None:
        view.labels = labels(scene, ink, port, view.painter.hidden_wire)
        for label in view.labels:
            rect = QRectF(*label[1])
            if part is None or part.intersects(rect.adjusted(-1, -1, 1, 1).toAlignedRect()):
                _label(p, ink, label[0], rect, *label[2:])


def pictured(p: QPainter, scene: Scene, ink: Ink, port: Viewport) -> None:
    """The same in a picture: all of it, as large as the cards are."""
    s = port.scale
    port = Viewport(port.width / s, port.height / s, 1.0, port.left / s, port.top / s)
    p.save()
    p.scale(s, s)
    p.setRenderHint(QPainter.RenderHint.Antialiasing)
    _sliders(p, scene, ink, port, port.world)
    for text, rect, *kinds in labels(scene, ink, port, most=PICTURED):
        _label(p, ink, text, QRectF(*rect), *kinds)
    p.restore()


def _sliders(p: QPainter, scene: Scene, ink: Ink, port: Viewport, world: Rect) -> None:
    s = port.scale
    views = scene.document.views
    for row in scene.visible(world).tolist():  # not all there are: this is every frame
        key = scene.ids[row]
        slider = views[key].slider if key in views else None
        node = scene.document.nodes.get(key)
        if slider is None or scene.collapsed[row] or node is None or not node.args:
            continue
        value = node.args[0]
        if not isinstance(value, int | float):
            continue
        low, high, _ = slider
        part = min(max((float(value) - low) / (high - low), 0.0), 1.0) if value == value else 0.0
        middle = float(scene.y[row]) + g.value_middle(scene.facet(row).rows, float(scene.value_height[row]))
        left, y = port.to_screen(float(scene.x[row]) + g.CELLS_LEFT, middle)
        width = TRACK * s
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(ink.brush("border_strong"))
        p.drawRoundedRect(QRectF(left, y - 1.5 * s, width, 3 * s), 1.5 * s, 1.5 * s)
        p.setBrush(ink.brush("value"))
        p.drawRoundedRect(QRectF(left, y - 1.5 * s, width * part, 3 * s), 1.5 * s, 1.5 * s)
        p.setPen(QPen(ink.color("node"), 1.5 * s))
        p.drawEllipse(QPointF(left + width * part, y), 5.0 * s, 5.0 * s)


Label = tuple[str, tuple[float, float, float, float], bool, bool]
"""What it says; left, top, width and height on the screen; whether it is only foreseen; whether entries are repeated."""


def labels(scene: Scene, ink: Ink, port: Viewport, hidden_wire: int | None = None, most: int = LABELS) -> list[Label]:
    """On a wire before anything has run, or while its node is under the pointer: the shape that it carries. Always: that it is repeated."""
    if scene.faces.frame is None or port.scale < LABELS_FROM:
        return []
    rows = scene.wires.visible(port.world)
    if len(rows) > most:
        return []
    found: list[Label] = []
    cards = _cards(scene, port)
    for wire in rows.tolist():
        if wire == hidden_wire or not _worth(scene, wire):
            continue
        text, predicted = wire_text(scene, wire)
        lit = bool(scene.wires.lit[wire])
        repeated = BROADCAST in text and not text.startswith("()")  # a number in a tensor's formula needs no mark
        if not text or not (predicted or lit or repeated):
            continue
        rect = _place(scene, port, ink, wire, text, cards, False)
        if rect is None and repeated:
            text = SHORT_MARK
            rect = _place(scene, port, ink, wire, text, cards, True)
        if rect is not None:
            found.append((text, (rect.x(), rect.y(), rect.width(), rect.height()), predicted, repeated))
            cards = np.vstack([cards, (rect.left(), rect.top(), rect.right(), rect.bottom())])
    return found


def _cards(scene: Scene, port: Viewport) -> Array:
    """What lies where on the screen. Shapes: [cards, 4]"""
    rows = scene.visible(port.world, 0.0)
    x, y = scene.x[rows] * port.scale + port.left, scene.y[rows] * port.scale + port.top
    return np.stack([x, y, x + scene.width[rows] * port.scale, y + scene.height[rows] * port.scale], axis=1)


def _place(scene: Scene, port: Viewport, ink: Ink, wire: int, text: str, cards: Array, anywhere: bool) -> QRectF | None:
    """Room for a label along a wire where it covers no card, and where the chip of the gradient is not; ``anywhere``: else near its start."""
    x1, y1, x2, y2, _ = scene.wires.ends[:, wire].tolist()
    width, height = text_width(ink.foot, text) + 12.0, ink.foot.pixelSize() + 6.0
    first = None
    for at in (0.3, 0.7, 0.5):
        x, y = port.to_screen(x1 + (x2 - x1) * at, y1 + (y2 - y1) * (at * at * (3 - 2 * at)))
        rect = QRectF(x - width / 2, y - height / 2, width, height)
        first = first or rect
        covered = (cards[:, 0] < rect.right()) & (cards[:, 2] > rect.left()) & (cards[:, 1] < rect.bottom())
        if not (covered & (cards[:, 3] > rect.top())).any():
            return rect
    return first if anywhere else None


SHORT_MARK: Final = "⇉"
"""Entries are repeated along this wire, where there is no room to say how."""
BROADCAST: Final = "broadcast"


def _worth(scene: Scene, wire: int) -> bool:
    """Whether a label may be due: most wires have none, and this is every frame."""
    given = _record(scene, int(scene.wires.source[wire]), int(scene.wires.output[wire]))
    if given is None or given.shape is None:
        return False
    if scene.wires.lit[wire] or given.state == "not run":
        return True
    target = int(scene.wires.target[wire])
    made = scene.faces.record(target) if given.shape else None
    if made is None or made.shape is None or made.shape == given.shape:
        return False
    return broadcasts(scene.node(target).op) and _fits(given.shape, made.shape)


def wire_text(scene: Scene, wire: int) -> tuple[str, bool]:
    """(what a wire carries, whether it is only foreseen); ``(3,) → (2, 3) broadcast`` where entries are repeated."""
    source, target = int(scene.wires.source[wire]), int(scene.wires.target[wire])
    given, made = _record(scene, source, int(scene.wires.output[wire])), scene.faces.record(target)
    if given is None or given.shape is None or scene.veiled[source]:
        return "", False
    predicted = given.state == "not run"
    whole = made.shape if made is not None and not scene.veiled[target] else None
    if whole is not None and given.shape != whole and broadcasts(scene.node(target).op) and _fits(given.shape, whole):
        return f"{_shape(given.shape)} → {_shape(whole)} {BROADCAST}", predicted
    return f"{_shape(given.shape)} {SHORT_DTYPE.get(given.dtype or '', given.dtype or '')}", predicted


def _record(scene: Scene, row: int, output: int) -> Record | None:
    frame = scene.faces.frame
    if frame is None:
        return None
    return frame.records.get(f"{scene.ids[row]}[{output}]") or frame.records.get(scene.ids[row])


def _fits(shape: tuple[int, ...], whole: tuple[int, ...]) -> bool:
    padded = (1,) * (len(whole) - len(shape)) + shape
    return len(shape) <= len(whole) and all(a in (1, b) for a, b in zip(padded, whole, strict=True))


def _shape(shape: tuple[int, ...]) -> str:
    return f"({shape[0]},)" if len(shape) == 1 else f"({', '.join(map(str, shape))})"


def _label(p: QPainter, ink: Ink, text: str, rect: QRectF, predicted: bool, repeated: bool) -> None:
    p.setBrush(ink.brush("canvas"))
    p.setPen(ink.dashes if predicted else ink.pen("border_strong", 1.0))
    p.drawRoundedRect(rect, rect.height() / 2, rect.height() / 2)
    p.setFont(ink.foot)
    p.setPen(ink.color("warning" if repeated else "text_muted"))
    p.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)
