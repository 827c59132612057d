"""The pills of the program rail: drawn, chosen, dragged and moved by keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QApplication, QToolTip, QWidget

from guigrad.ui import rail_thread
from guigrad.ui.canvas.threads import Thread
from guigrad.ui.rail_items import COLOURS, SOFT, Bracket, Pill
from guigrad.ui.style import Look

TIP: Final = "Drag or Alt+arrows reorder, Enter shows it on the canvas, Delete removes, right-click for all"
LONGEST: Final = 46
"""Characters of a pill before it is cut; the tooltip has all of them."""


@dataclass
class Placed:
    """A pill or bracket where it is drawn."""

    item: Pill | Bracket
    rect: QRectF
    depth: int
    above: str

    @property
    def keys(self) -> tuple[str, ...]:
        """The item keys it stands for."""
        return self.item.keys if isinstance(self.item, Pill) else (self.item.key,)


class RailStrip(QWidget):
    """Draws the pills and answers the mouse. Signals carry item keys or node ids (tuples)."""

    chosen = Signal(object)
    hovered = Signal(object)
    delete_asked = Signal(object)
    move_asked = Signal(object, str, str)
    menu_asked = Signal(object, QPoint)
    thread_changed = Signal()
    """``tied`` tells something else now."""
    opened = Signal(object)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.look = look
        self.items: tuple[Pill | Bracket, ...] = ()
        self.placed: list[Placed] = []
        self.selected: tuple[str, ...] = ()
        self.highlighted: frozenset[str] = frozenset()
        self.running: frozenset[str] = frozenset()
        self._hover: Placed | None = None
        self._pressed: tuple[Placed, QPointF] | None = None
        self._drop_x: float | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Program")

    def show_items(self, items: tuple[Pill | Bracket, ...]) -> None:
        """Another program."""
        if items != self.items:
            self.items = items
            self.lay_out()

    def lay_out(self) -> None:
        """Places everything; called when the program or the look changes."""
        look = self.look
        self._metrics = QFontMetricsF(look.code(11.5))
        self.placed, self._hover, self._pressed = [], None, None
        end = self._row(self.items, float(look.px(4)), 0, "")
        self.setFixedSize(QSize(round(end) + look.px(4), look.px(38)))
        self.update()

    def _row(self, items: tuple[Pill | Bracket, ...], x: float, depth: int, above: str) -> float:
        look, gap = self.look, float(self.look.px(8))
        for item in items:
            inset = look.px(8) - min(depth, 2) * -look.px(1)
            if isinstance(item, Pill):
                width = self._metrics.horizontalAdvance(cut(item.text)) + look.px(22)
                rect = QRectF(x, inset, width, look.px(38) - 2 * inset)
                self.placed.append(Placed(item, rect, depth, above))
                x += width + gap
                continue
            header = self._metrics.horizontalAdvance(cut(item.text)) + look.px(22)
            placed = Placed(item, QRectF(), depth, above)
            self.placed.append(placed)
            end = self._row(item.items, x + header, depth + 1, inside_of(item))
            top = float(look.px(3 + 2 * min(depth, 2)))
            placed.rect = QRectF(x, top, end - x, look.px(38) - 2 * top)
            x = end + gap
        return x

    def paintEvent(self, event: QPaintEvent) -> None:
        look = self.look
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(look.code(11.5))
        for placed in self.placed:
            self._paint(painter, placed)
        rail_thread.paint(painter, self)
        if self.hasFocus() and (here := next((p for p in self.placed if p.keys == self.selected), None)) is not None:
            painter.setPen(QPen(look.color("focus"), 1.5, Qt.PenStyle.DotLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(here.rect.adjusted(-2, -2, 2, 2), look.px(14), look.px(14))
        if self._drop_x is not None:
            painter.setPen(QPen(look.color("accent"), look.px(2)))
            painter.drawLine(QPointF(self._drop_x, look.px(4)), QPointF(self._drop_x, self.height() - look.px(4)))

    def _paint(self, painter: QPainter, placed: Placed) -> None:
        look, item, rect = self.look, placed.item, placed.rect
        chosen = bool(self.selected) and placed.keys == self.selected
        lit = placed is self._hover or bool(self.highlighted.intersection(item.nodes))
        radius = min(rect.height() / 2, look.px(14))
        if isinstance(item, Bracket):
            pen = QPen(
                look.color("selected" if chosen else "text_muted" if lit else "border_strong"), 2 if chosen else 1
            )
            pen.setStyle(Qt.PenStyle.SolidLine if chosen else Qt.PenStyle.DashLine)
            painter.setPen(pen)
            painter.setBrush(look.color("running", 0.16) if item.key in self.running else Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
            painter.setPen(look.color("text_muted"))
            painter.drawText(
                rect.adjusted(look.px(11), 0, 0, 0),
                Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft,
                cut(item.text),
            )
            return
        token = COLOURS.get(item.kind, "text_muted")
        running = bool(self.running.intersection(item.keys))
        painter.setPen(QPen(look.color("selected" if chosen else token), look.px(2) if chosen else 1.2))
        fill = look.color(token) if running else look.color(SOFT.get(token, "raised")) if lit else look.color("panel")
        painter.setBrush(fill)
        painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), radius, radius)
        painter.setPen(look.color("text_on_accent" if running else "text" if lit else token))
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, cut(item.text))

    def show_running(self, keys: tuple[str, ...]) -> None:
        """Fills the pills of the items that are being played."""
        self.running = frozenset(keys)
        self.update()

    @property
    def pointed(self) -> Placed | None:
        """What the pointer is on."""
        return self._hover

    def tied(self) -> Thread | None:
        """Where a thread begins, see ``rail_thread``."""
        return rail_thread.tied(self)

    def at(self, place: QPointF) -> Placed | None:
        """The innermost thing under a point."""
        found = [placed for placed in self.placed if placed.rect.contains(place)]
        return max(found, key=lambda placed: (placed.depth, isinstance(placed.item, Pill)), default=None)

    def spot(self, x: float) -> tuple[str, str, float]:
        """Where something dropped at x goes: (key it stands before or "", bracket it is in or "", x of the mark)."""
        inside = ""
        for placed in self.placed:
            if isinstance(placed.item, Bracket) and placed.rect.left() + self.look.px(10) < x < placed.rect.right():
                inside = inside_of(placed.item)
        row = [placed for placed in self.placed if placed.above == inside]
        for placed in row:
            if x < placed.rect.center().x():
                return placed.keys[0], inside, placed.rect.left() - self.look.px(4)
        last = max((placed.rect.right() for placed in row), default=float(x))
        return "", inside, last + self.look.px(4)

    def show_drop(self, x: float | None) -> None:
        """The mark where something dragged here would go; None takes it away."""
        mark = None if x is None else self.spot(x)[2]
        if mark != self._drop_x:
            self._drop_x = mark
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        placed = self.at(event.position())
        self.select(placed.keys if placed else ())
        if placed is not None and event.button() == Qt.MouseButton.LeftButton:
            self._pressed = (placed, event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is not None:
            far = (event.position() - self._pressed[1]).manhattanLength() >= QApplication.startDragDistance()
            if far or self._drop_x is not None:
                self._drop_x = self.spot(event.position().x())[2]
                self.update()
            return
        placed = self.at(event.position())
        if placed is not self._hover:
            self._hover = placed
            self.hovered.emit(placed.item.nodes if placed else ())
            self.thread_changed.emit()
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, self._pressed = self._pressed, None
        if pressed is not None and self._drop_x is not None:
            before, inside, _ = self.spot(event.position().x())
            self._drop_x = None
            if before not in pressed[0].keys and inside not in pressed[0].keys:
                self.move_asked.emit(pressed[0].keys, before, inside)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hover = None
        self.hovered.emit(())
        self.thread_changed.emit()
        self.update()

    def select(self, keys: tuple[str, ...]) -> None:
        """Selects the pill of these keys."""
        self.selected = keys
        placed = next((p for p in self.placed if p.keys == keys), None)
        self.chosen.emit(placed.item.nodes if placed else ())
        self.thread_changed.emit()
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        order = [placed.keys for placed in self.placed]
        place = order.index(self.selected) if self.selected in order else -1
        alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        match event.key():
            case Qt.Key.Key_Right | Qt.Key.Key_Left if alt:
                self.move_selected(1 if event.key() == Qt.Key.Key_Right else -1)
            case Qt.Key.Key_Return | Qt.Key.Key_Enter if self.selected:
                self.open_selected()
            case Qt.Key.Key_Home if order:
                self.select(order[0])
            case Qt.Key.Key_End if order:
                self.select(order[-1])
            case Qt.Key.Key_Delete | Qt.Key.Key_Backspace if self.selected:
                self.delete_asked.emit(self.selected)
            case Qt.Key.Key_Right if order:
                self.select(order[min(place + 1, len(order) - 1)])
            case Qt.Key.Key_Left if order:
                self.select(order[max(place - 1, 0)])
            case Qt.Key.Key_Escape if self._drop_x is not None:
                self._drop_x, self._pressed = None, None
                self.update()
            case Qt.Key.Key_Menu if self.selected:
                rect = self.placed[place].rect
                self.menu_asked.emit(self.selected, self.mapToGlobal(rect.center().toPoint()))
            case _:
                super().keyPressEvent(event)

    def open_selected(self) -> None:
        """Asks to see what the selected pill is about."""
        placed = next((p for p in self.placed if p.keys == self.selected), None)
        if placed is not None:
            self.opened.emit(placed.item.nodes)

    def move_selected(self, step: int) -> None:
        """Asks to move the selected pill by one place, into and out of the brackets on its way."""
        placed = next((p for p in self.placed if p.keys == self.selected), None)
        goal = None if placed is None else self._beside(placed, step)
        if placed is not None and goal is not None:
            self.move_asked.emit(placed.keys, *goal)

    def _beside(self, placed: Placed, step: int) -> tuple[str, str] | None:
        """(what it would stand before or "", the bracket that it would be in or ""); None at the end."""
        row = [each for each in self.placed if each.above == placed.above]
        place = row.index(placed)
        if not 0 <= place + step < len(row):
            return self._out(placed, step)
        other = row[place + step]
        if isinstance(other.item, Bracket):
            inner = [each for each in self.placed if each.above == inside_of(other.item)]
            return (inner[0].keys[0] if inner and step > 0 else ""), inside_of(other.item)
        if step < 0:
            return other.keys[0], placed.above
        beyond = row[place + 2].keys[0] if place + 2 < len(row) else ""
        return beyond, placed.above

    def _out(self, placed: Placed, step: int) -> tuple[str, str] | None:
        """Out of the bracket that it is in."""
        around = next(
            (p for p in self.placed if isinstance(p.item, Bracket) and inside_of(p.item) == placed.above), None
        )
        if around is None:
            return None
        if step < 0:
            return around.keys[0], around.above
        row = [each for each in self.placed if each.above == around.above]
        behind = [each for each in row[row.index(around) + 1 :] if each.keys != around.keys]  # not its own else
        return (behind[0].keys[0] if behind else ""), around.above

    def focusInEvent(self, event: QFocusEvent) -> None:
        if not self.selected and self.placed and event.reason() != Qt.FocusReason.MouseFocusReason:
            self.select(self.placed[0].keys)
        self.update()
        self.thread_changed.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()
        self.thread_changed.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.open_selected()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        placed = self.at(QPointF(event.pos()))
        if placed is not None:
            self.select(placed.keys)
            self.menu_asked.emit(placed.keys, event.globalPos())

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            placed = self.at(QPointF(event.pos()))
            tip = f"{placed.item.text}\n{TIP}" if placed else ""
            QToolTip.showText(event.globalPos(), tip, self)
            return True
        return super().event(event)


def inside_of(bracket: Bracket) -> str:
    """How the body of a bracket is named where something goes into it."""
    return bracket.key + ("/else" if bracket.otherwise else "")


def cut(text: str) -> str:
    """A pill's text, shortened in the middle."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 16]}…{text[-14:]}"
