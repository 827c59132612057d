"""The training loop as a form: every part of it with its present setting, changed at once; what cannot be changed says why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from msgspec import Struct
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from guigrad.document.model import Value
from guigrad.ui.style import Look
from guigrad.ui.widgets import parts
from guigrad.ui.widgets.param_editor import ParamEditor

Choice = tuple[str, str]
"""What is asked for, and how it is shown."""

ZEROS: Final = (("none", "set to None"), ("zeros", "set to zeros"), ("forgotten", "forgotten on purpose"))
WAYS: Final = (
    ("shuffled", "in another order in each epoch"), ("ordered", "in their order"), ("drawn", "drawn anew for each step"),
)  # fmt: skip
CLIPS: Final = (("", "as they are"), ("norm", "clipped by their norm"), ("value", "clipped by value"))
SHOWN: Final = (
    "lr",
    "momentum",
    "betas",
    "weight_decay",
    "alpha",
    "rho",
    "gamma",
    "step_size",
    "T_max",
    "max_lr",
    "factor",
    "patience",
    "max_iter",
    "history_size",
    "line_search_fn",
    "milestones",
)
"""Parameters that stand above the fold; the rest come with "more"."""


class Number(Struct, frozen=True):
    """A parameter: its name, type word, value and default."""

    name: str
    kind: str
    value: Value
    default: Value = None


class Offer(Struct, frozen=True):
    """What a training is and could be. Ids of nodes with their names; ``odd``: why a part cannot be changed."""

    losses: tuple[Choice, ...] = ()
    loss: str = ""
    leaves: tuple[tuple[str, str, bool], ...] = ()
    optimizers: tuple[Choice, ...] = ()
    optimizer: str = ""
    settings: tuple[Number, ...] = ()
    schedulers: tuple[Choice, ...] = ()
    scheduler: str = ""
    schedule: tuple[Number, ...] = ()
    steps: Value = None
    data: tuple[tuple[str, str, bool], ...] = ()
    batch: int = 0
    way: str = "shuffled"
    zero: str = "none"
    clip: str = ""
    clip_at: Value = None
    stops: bool = False
    stop_at: Value = None
    odd: Mapping[str, str] = {}


class TrainingEditor(QDialog):
    """Beside the window while it works. ``asked(part, value, merge)``: a part is to be another; ``merge`` is that of a drag, else "".

    Thread: the GUI thread.
    """

    asked = Signal(str, object, str)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.offer = Offer()
        self.more = {"settings": False, "schedule": False}
        self.fields: dict[str, QWidget] = {}
        self._keys: dict[str, str] = {}
        self._holders: dict[str, QVBoxLayout] = {}
        self._said = parts.label("", "error")
        self._said.hide()
        self.setWindowTitle("Training loop")
        page = QWidget()
        page.setObjectName("page")
        self._grid = QGridLayout(page)
        self._grid.setColumnStretch(1, 1)
        self._grid.setHorizontalSpacing(look.px(14))
        self._grid.setVerticalSpacing(look.px(9))
        for row, (part, title) in enumerate(
            (("loss", "Loss"), ("leaves", "Trains"), ("optimizer", "Optimizer"), ("scheduler", "Schedule"), ("steps", "Steps"),
             ("batch", "Batches"), ("zero", "Old gradients"), ("clip", "Gradients"), ("stop", "Early stop"))
        ):  # fmt: skip
            label = QLabel(title)
            label.setProperty("role", "muted")
            label.setContentsMargins(0, look.px(5), 0, 0)
            holder = QVBoxLayout()
            holder.setSpacing(look.px(4))
            self._grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addLayout(holder, row, 1)
            self._holders[part] = holder
        self._grid.setRowStretch(self._grid.rowCount(), 1)
        area = QScrollArea()
        area.setWidget(page)
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area = area
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        buttons.button(QDialogButtonBox.StandardButton.Close).setAutoDefault(False)
        outer = QVBoxLayout(self)
        outer.addWidget(area, 1)
        outer.addWidget(self._said)
        outer.addWidget(buttons)
        room = parent.size() if parent is not None else self.sizeHint()
        self.resize(min(look.px(470), room.width() - 20), min(look.px(600), max(room.height() - 120, 240)))

    # --- what is shown ---

    def say(self, text: str) -> None:
        """Why something that was asked for cannot be; "" takes that away."""
        if text:  # what was clicked shows what was not done
            self._keys.clear()
            self.show_offer(self.offer)
        self._said.setText(text)
        self._said.setVisible(bool(text))

    def show_offer(self, offer: Offer) -> None:
        """The training as it is now. What shows the same already is left as it stands, so that a drag goes on."""
        self.offer = offer
        self._put(
            "loss",
            repr((offer.losses, offer.loss)),
            lambda: [self._combo("loss", offer.losses, offer.loss, "what backward() starts from")],
        )
        self._put("leaves", repr(offer.leaves), lambda: [self._boxes("leaves", offer.leaves, self._leaves)])
        self._put(
            "optimizer",
            repr((offer.optimizers, offer.optimizer)),
            lambda: [self._combo("optimizer", offer.optimizers, offer.optimizer, "what moves the parameters")],
        )
        self._numbers("optimizer", "settings", offer.settings)
        self._put(
            "scheduler",
            repr((offer.schedulers, offer.scheduler)),
            lambda: [self._combo("scheduler", offer.schedulers, offer.scheduler, "how the learning rate changes")],
        )
        self._numbers("scheduler", "schedule", offer.schedule)
        self._number(
            "steps", "steps", "epochs" if offer.batch and offer.way != "drawn" else "steps", "int", offer.steps
        )
        self._put("batch", repr((offer.data, bool(offer.batch), offer.way)), lambda: self._batch(offer))
        self._number("batch", "batch", "samples in a batch", "int", offer.batch or None)
        self._put(
            "zero",
            offer.zero,
            lambda: [self._combo("zero", ZEROS, offer.zero, "what becomes of the gradients of the step before")],
        )
        self._put(
            "clip",
            offer.clip,
            lambda: [self._combo("clip", CLIPS, offer.clip, "whether gradients are made smaller before the update")],
        )
        self._number("clip", "clip_at", "at most", "float", offer.clip_at)
        self._put("stop", repr(offer.stops), lambda: [self._check("stop", "when the loss is below", offer.stops)])
        self._number("stop", "stop_at", "loss <", "float", offer.stop_at)

    def show_part(self, part: str) -> None:
        """Brings a part into view, and the keyboard to it."""
        field = self.fields.get({"batch": "batches"}.get(part, part))
        if field is not None:
            self.area.ensureWidgetVisible(field)
            field.setFocus(Qt.FocusReason.OtherFocusReason)

    # --- rows ---

    def _put(self, part: str, key: str, make: Callable[[], list[QWidget]]) -> None:
        """The first widgets of a part, made anew when what they show is another; why they cannot be changed."""
        odd = self.offer.odd.get(part, "")
        if self._keys.get(part) == key + odd:
            return
        self._keys[part] = key + odd
        head = self._section(part, "head")
        parts.clear(head)
        for widget in make():
            widget.setEnabled(not odd)
            head.addWidget(widget)
        if odd:
            head.addWidget(parts.label(f"{odd} It is left as it is written: change it in the code.", "muted"))

    def _section(self, part: str, name: str) -> QVBoxLayout:
        key = f"{part}/{name}"
        if key not in self._holders:
            made = QVBoxLayout()
            made.setSpacing(self.look.px(4))
            self._holders[part].addLayout(made)
            self._holders[key] = made
        return self._holders[key]

    def _combo(self, part: str, choices: tuple[Choice, ...], now: str, tip: str) -> QWidget:
        combo = parts.ChevronCombo(self.look)
        combo.setAccessibleName(part)
        combo.setToolTip(tip)
        if all(now != key for key, _ in choices):
            choices = (*choices, (now, now.rpartition(".")[2] or "–"))
        for key, text in choices:
            combo.addItem(text, key)
        combo.setCurrentIndex([key for key, _ in choices].index(now))
        combo.activated.connect(lambda at: self._ask(part, choices[at][0], now))
        self.fields[part] = combo
        return combo

    def _ask(self, part: str, value: object, now: object) -> None:
        if value != now:
            self.asked.emit(part, value, "")

    def _boxes(self, part: str, rows: tuple[tuple[str, str, bool], ...], asked: Callable[[], None]) -> QWidget:
        holder = QWidget()
        grid = QGridLayout(holder)
        grid.setContentsMargins(0, 0, 0, 0)
        columns = 3
        for at, (key, name, on) in enumerate(rows):
            box = QCheckBox(name)
            box.setFont(self.look.code(11.5))
            box.setChecked(on)
            box.setProperty("key", key)
            box.clicked.connect(asked)
            grid.addWidget(box, at // columns, at % columns)
        grid.setColumnStretch(columns, 1)
        if not rows:
            grid.addWidget(parts.label("There is nothing to choose.", "muted"), 0, 0)
        self.fields[part] = holder
        return holder

    def _chosen(self, part: str) -> tuple[str, ...]:
        boxes = self.fields[part].findChildren(QCheckBox)
        return tuple(str(box.property("key")) for box in boxes if box.isChecked())

    def _leaves(self) -> None:
        self.asked.emit("leaves", self._chosen("leaves"), "")

    def _batch(self, offer: Offer) -> list[QWidget]:
        on = QCheckBox("take some samples in each step")
        on.setChecked(bool(offer.batch))
        on.setEnabled(bool(offer.data))
        boxes = self._boxes("data", offer.data, self._batches)
        way = parts.ChevronCombo(self.look)
        way.setAccessibleName("how samples are taken")
        for key, text in WAYS:
            way.addItem(text, key)
        way.setCurrentIndex([key for key, _ in WAYS].index(offer.way))
        self.fields["batches"], self.fields["way"] = on, way
        on.clicked.connect(self._batches)
        way.activated.connect(self._batches)
        for widget in (boxes, way) if not offer.batch else ():
            widget.hide()
        rows: list[QWidget] = [on, boxes, way]
        if not offer.data:
            rows = [on, parts.label("No value that the loop reads has samples along its first dimension.", "muted")]
        return rows

    def _batches(self) -> None:
        on, way = self.fields["batches"], self.fields["way"]
        assert isinstance(on, QCheckBox)
        assert isinstance(way, parts.ChevronCombo)
        data = self._chosen("data") or tuple(key for key, _, _ in self.offer.data)
        size = (self.offer.batch or 16) if on.isChecked() else 0
        self.asked.emit("batches", (data, size, way.currentData()), "")

    def _check(self, part: str, text: str, now: bool) -> QWidget:
        box = QCheckBox(text)
        box.setChecked(now)
        box.clicked.connect(lambda on: self.asked.emit(part, bool(on), ""))
        self.fields[part] = box
        return box

    # --- numbers ---

    def _numbers(self, part: str, name: str, rows: tuple[Number, ...]) -> None:
        """The parameters of an optimizer or scheduler; the less usual ones behind "more"."""
        key = repr([(row.name, row.kind) for row in rows]) + str(self.more[name])
        section = self._section(part, name)
        if self._keys.get(name) != key:
            self._keys[name] = key
            for field in [one for one in self.fields if one.startswith(f"{name}.")]:
                del self.fields[field]
            parts.clear(section)
            usual = [row for row in rows if row.name in SHOWN or repr(row.value) != repr(row.default)]
            for row in rows if self.more[name] else usual:
                self._line(section, f"{name}.{row.name}", row)
            if len(usual) < len(rows):
                link = QPushButton("less" if self.more[name] else f"{len(rows) - len(usual)} more…")
                link.setProperty("role", "link")
                link.setAutoDefault(False)
                link.clicked.connect(partial(self._fold, name))
                section.addWidget(link)
            return
        for row in rows:
            self._same(f"{name}.{row.name}", row)

    def _fold(self, name: str) -> None:
        self.more[name] = not self.more[name]
        self.show_offer(self.offer)

    def _number(self, part: str, name: str, text: str, kind: str, value: Value) -> None:
        section = self._section(part, name)
        row = Number(text, kind, value)
        key = f"{text} {value is None}"
        if self._keys.get(name) == key and name in self.fields:
            self._same(name, row)
            return
        self._keys[name] = key
        self.fields.pop(name, None)
        parts.clear(section)
        if value is not None:
            self._line(section, name, row)

    def _line(self, section: QVBoxLayout, field: str, row: Number) -> None:
        holder = QWidget()
        layout = QHBoxLayout(holder)
        layout.setContentsMargins(0, 0, 0, 0)
        name = QLabel(row.name)
        name.setFont(self.look.code(11.5))
        name.setFixedWidth(self.look.px(150))
        layout.addWidget(name)
        layout.addWidget(self._editor(field, row), 1)
        section.addWidget(holder)

    def _editor(self, field: str, row: Number) -> ParamEditor:
        editor = ParamEditor(self.look, row.name, row.kind, row.value, row.default)
        editor.edited.connect(lambda value: self.asked.emit(field, value, ""))
        editor.dragged.connect(lambda value, merge: self.asked.emit(field, value, merge))
        self.fields[field] = editor
        return editor

    def _same(self, field: str, row: Number) -> None:
        """Shows another value, unless it is the one that stands there (it may be the one that is being dragged)."""
        editor = self.fields.get(field)
        if isinstance(editor, ParamEditor) and repr(editor.value) != repr(row.value):
            holder = editor.parentWidget()
            layout = holder.layout() if holder is not None else None
            if layout is not None:
                layout.replaceWidget(editor, self._editor(field, row))
                parts.drop(editor)
