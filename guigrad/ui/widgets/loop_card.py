"""The training loop at a glance: what repeats, what is made smaller, by which optimizer; its phases light up as they run."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from msgspec import Struct
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from guigrad.document.model import Value
from guigrad.ui.canvas.decor import PHASES
from guigrad.ui.style import Look
from guigrad.ui.widgets import parts
from guigrad.ui.widgets.param_editor import ParamEditor
from guigrad.ui.widgets.sideways import Sideways

PART_OF: Final = {"forward": "loss", "backward": "loss", "step": "optimizer", "zero_grad": "zero"}
"""Which part of the editor a phase belongs to."""


class Facts(Struct, frozen=True):
    """What a card says: pairs of a part of the editor and its words; ``rate`` None where the learning rate cannot be changed."""

    words: tuple[tuple[str, str], ...]
    rate: float | None = None


TIP: Final = "The phases of a step; the one that was played last is lit. A click opens its settings"
CALLS: Final = (
    "The optimizer's step calls the function itself, as often as it wants: gradients are emptied, the loss and its gradients computed in there. "
    "So all of that is one phase, and values are those of its last call"
)


class PhaseLights(QWidget):
    """The phases of a step as a ring of lights. ``chosen(phase)`` when one is clicked."""

    chosen = Signal(str)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.phases: tuple[str, ...] = ()
        self.at = -1
        self.all_on = False
        self.low = False
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setToolTip(TIP)

    def show_phases(self, phases: tuple[str, ...], at: int, all_on: bool) -> None:
        """``at``: the phase that was played last, -1 for none; ``all_on``: they run at full speed."""
        if (phases, at, all_on) != (self.phases, self.at, self.all_on):
            longer = phases != self.phases
            self.phases, self.at, self.all_on = phases, at, all_on
            self.setAccessibleName(", ".join(f"{name}{' (now)' if i == at else ''}" for i, name in enumerate(phases)))
            if longer:
                self.setToolTip(CALLS if "step" in phases and "backward" not in phases else TIP)
                self.updateGeometry()
            self.update()

    def chips(self) -> list[QRectF]:
        """Where each light is."""
        px, metrics = self.look.px, self.fontMetrics()
        left, found = px(6), []
        for name in self.phases:
            width = metrics.horizontalAdvance(name) + px(28)
            found.append(QRectF(left, px(4 if self.low else 5), width, px(22)))
            left += width + px(14)
        return found

    def sizeHint(self) -> QSize:
        chips = self.chips()
        return QSize(round(chips[-1].right()) + self.look.px(6) if chips else 0, self.look.px(30 if self.low else 38))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        for name, chip in zip(self.phases, self.chips(), strict=True):
            if chip.contains(event.position()):
                self.chosen.emit(name)

    def paintEvent(self, event: QPaintEvent) -> None:
        p = QPainter(self)
        p.setRenderHint(QPainter.RenderHint.Antialiasing)
        px, color, chips = self.look.px, self.look.color, self.chips()
        p.setPen(QPen(color("border_strong"), 1.3))
        for one, other in pairwise(chips):
            self._arrow(
                p, QPointF(one.right() + px(3), one.center().y()), QPointF(other.left() - px(3), one.center().y())
            )
        if len(chips) > 1 and not self.low:  # the way back to the next step
            low = chips[0].bottom() + px(6)
            path = QPainterPath(QPointF(chips[-1].center().x(), chips[-1].bottom() + px(2)))
            path.lineTo(chips[-1].center().x(), low)
            path.lineTo(chips[0].center().x(), low)
            p.drawPath(path)
            self._arrow(
                p, QPointF(chips[0].center().x(), low), QPointF(chips[0].center().x(), chips[0].bottom() + px(2))
            )
        for place, (name, chip) in enumerate(zip(self.phases, chips, strict=True)):
            token, on = PHASES.get(name, "text_muted"), self.all_on or place == self.at
            radius = chip.height() / 2
            if on:
                for grow, strength in ((px(4), 0.12), (px(2), 0.22)):
                    p.setPen(Qt.PenStyle.NoPen)
                    p.setBrush(color(token, strength))
                    p.drawRoundedRect(chip.adjusted(-grow, -grow, grow, grow), radius + grow, radius + grow)
            p.setPen(QPen(color(token), 1.3))
            p.setBrush(color(token) if on else color("panel"))
            p.drawRoundedRect(chip, radius, radius)
            dot = QRectF(chip.left() + px(9), chip.center().y() - px(3), px(6), px(6))
            p.setBrush(color("panel") if on else color(token, 0.35))
            p.setPen(Qt.PenStyle.NoPen)
            p.drawEllipse(dot)
            p.setPen(color("panel") if on else color(token))
            p.drawText(chip.adjusted(px(14), 0, 0, 0), Qt.AlignmentFlag.AlignCenter, name)

    def _arrow(self, p: QPainter, start: QPointF, end: QPointF) -> None:
        p.drawLine(start, end)
        size, way = self.look.px(3), 1 if end.x() > start.x() else 0
        if way:
            p.drawLine(end, end + QPointF(-size, -size))
            p.drawLine(end, end + QPointF(-size, size))
        else:
            p.drawLine(end, end + QPointF(-size, size))
            p.drawLine(end, end + QPointF(size, size))


class LoopCard(QFrame):
    """``opened(part)`` asks for the editor at a part of it ("": its beginning), ``rate_dragged(value, merge)`` for another learning
    rate (``merge`` "" when it was typed), ``add_asked()`` for a loop where there is none.
    """

    opened = Signal(str)
    rate_dragged = Signal(object, str)
    add_asked = Signal()

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.setObjectName("card")
        self.facts: Facts | None = None
        self.buttons: dict[str, QPushButton] = {}
        self.rate: ParamEditor | None = None
        self.rate_name = QLabel("lr")
        self.rate_name.setProperty("role", "muted")
        self.lights = PhaseLights(look)
        self.lights.chosen.connect(lambda name: self.opened.emit(PART_OF.get(name, "")))
        self.none = parts.label("Nothing trains yet.", "muted")
        self.none.setWordWrap(False)
        self.add = QPushButton("Add a training loop…")
        self.add.setProperty("role", "primary")
        self.add.setToolTip(
            "A loop around the graph: forward, backward, step; loss, optimizer and all else can be chosen then"
        )
        self.add.clicked.connect(self.add_asked)
        self.more = QPushButton()
        self.more.setProperty("role", "flat")
        self.more.setAccessibleName("Training loop settings")
        self.more.setToolTip("The training loop: everything that it is, to be changed")
        self.more.clicked.connect(lambda: self.opened.emit(""))
        self._bar = Sideways()
        self._words = QHBoxLayout()
        self._rate = QHBoxLayout()
        self._rate.addWidget(self.rate_name)
        self._bar.row.addWidget(self.more)
        self._bar.row.addWidget(self.lights)
        for layout in (self._words, self._rate):
            self._bar.row.addLayout(layout)
        for widget in (self.none, self.add):
            self._bar.row.addWidget(widget)
        self._bar.row.addStretch(1)
        self._outer = QVBoxLayout(self)
        self._outer.addWidget(self._bar)
        self.set_look(look)
        self.show_loop(None)

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self.look = self.lights.look = look
        px = look.px
        self._outer.setContentsMargins(*self._margins())
        for layout in (self._bar.row, self._words, self._rate):
            layout.setSpacing(px(4))
        self.more.setIcon(look.icon("repeat", "optim"))
        self.more.setIconSize(QSize(px(16), px(16)))
        self.more.setStyleSheet(f"padding: {px(3)}px {px(5)}px;")
        self.lights.setFont(look.code(11, 600))
        self.lights.updateGeometry()
        facts, self.facts = self.facts, None
        parts.drop(self.rate)
        self.rate = None
        self.show_loop(facts)

    def set_low(self, low: bool) -> None:
        """Whether it is to take little height: without the way back."""
        if low != self.lights.low:
            self.lights.low = low
            self.lights.updateGeometry()
            self.lights.update()
            self._outer.setContentsMargins(*self._margins())

    def _margins(self) -> tuple[int, int, int, int]:
        side, above = self.look.px(8), self.look.px(0 if self.lights.low else 2)
        return side, above, side, above

    def show_loop(self, facts: Facts | None) -> None:
        """What trains; None: nothing."""
        if facts == self.facts and facts is not None:
            return
        words = () if facts is None else facts.words
        if self.facts is None or facts is None or self.facts.words != words:
            for button in self.buttons.values():
                parts.drop(button)
            self.buttons = {}
            for part, text in words:
                button = QPushButton(text)
                button.setProperty("role", "flat")
                button.setFont(self.look.code(11.5))
                button.setStyleSheet(f"padding: {self.look.px(3)}px {self.look.px(4)}px;")
                button.setToolTip("Opens its settings")
                button.clicked.connect(lambda _=False, part=part: self.opened.emit(part))
                self.buttons[part] = button
                self._words.addWidget(button)
        self._show_rate(None if facts is None else facts.rate)
        self.facts = facts
        shown: tuple[tuple[QWidget, bool], ...] = (
            (self.none, facts is None), (self.add, facts is None), (self.lights, facts is not None), (self.more, facts is not None),
        )  # fmt: skip
        for widget, on in shown:
            widget.setVisible(on)

    def _show_rate(self, rate: Value) -> None:
        if self.rate is not None and rate is not None and repr(self.rate.value) == repr(rate):
            return
        parts.drop(self.rate)
        self.rate = None
        self.rate_name.setVisible(rate is not None)
        if rate is None:
            return
        self.rate = ParamEditor(self.look, "lr", "float", rate, None)
        self.rate.setFixedWidth(self.look.px(70))
        self.rate.edited.connect(lambda value: self.rate_dragged.emit(value, ""))
        self.rate.dragged.connect(self.rate_dragged)
        self._rate.addWidget(self.rate)
