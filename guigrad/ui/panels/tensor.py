"""The tensor viewer: one tensor as heat-map, table, histogram, lines, image or slices, its statistics, and what it differs in from another.

Every number that is not an entry itself was computed by torch, in the engine (``engine/closeup``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication, QHideEvent, QShowEvent
from PySide6.QtWidgets import QFileDialog, QMenu, QPushButton, QToolButton, QVBoxLayout, QWidget

from guigrad.document.array import ArrayData
from guigrad.document.file import write_atomically
from guigrad.files.tensor_code import numpy_text, torch_text, write_npy
from guigrad.run.frame import Frame, Record
from guigrad.run.request import Reply
from guigrad.run.tensor import AskTensor, Tensor
from guigrad.ui.style import Look
from guigrad.ui.widgets import parts, story
from guigrad.ui.widgets.sideways import Sideways
from guigrad.ui.widgets.tensor_board import TensorBoard
from guigrad.ui.widgets.tensor_view import COPY_LIMIT

PARTS: Final = (("value", "Value"), ("grad", "Gradient"), ("xray", "X-ray gradient"))
COMPLEX: Final = (("", "complex"), ("re", "real"), ("im", "imaginary"), ("abs", "abs"), ("angle", "angle"))
OTHERS: Final = 200
"""Nodes to compare with that are offered at most."""
BOARD_PX: Final = 150
"""The board is no lower; where there is no room for it the panel scrolls. Units: px at scale 1"""
PINNED, BEFORE = "^pinned", "^before"
EMPTY: Final = "Select a node to look at its tensor; double-click the numbers of a card, or press T."


class TensorPanel(QWidget):
    """Follows the selection, or stays with ``key``. Thread: the GUI thread."""

    window_asked = Signal()
    _count = 0

    def __init__(self, look: Look, session: Any, key: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        TensorPanel._count += 1
        self.look, self.session, self.kept = look, session, key
        self.asker = f"tensor {TensorPanel._count}"
        self.answer: Tensor | None = None
        self.pinned: tuple[str, ArrayData] | None = None
        self._now: Frame | None = None
        self._before: Frame | None = None
        self._asked: tuple[str, str] = ("", "")
        self._pending = False
        self._outputs_of = ""
        self._build()
        self.set_look(look)
        self._stops: list[Callable[[], None]] = [
            session.frame_changed.connect(lambda _: self._on_frame()),
            session.selection_changed.connect(lambda _: self.refresh() if not self.kept else None),
            session.document_changed.connect(lambda *_: self._show()),
        ]

    # --- building ---

    def _build(self) -> None:
        look = self.look
        self.name = parts.ElidedLabel()
        self.name.setMinimumWidth(60)
        self.output, self.part, self.complex, self.other = (parts.ChevronCombo(look) for _ in range(4))
        for value, text in PARTS:
            self.part.addItem(text, value)
        for value, text in COMPLEX:
            self.complex.addItem(text, value)
        names = ("Which output", "What of the node", "What of complex numbers", "Compare with")
        for combo, name in zip((self.output, self.part, self.complex, self.other), names, strict=True):
            combo.setAccessibleName(name)
            combo.setToolTip(name)
            combo.activated.connect(lambda _: self.refresh())
        self.other.setSizeAdjustPolicy(self.other.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.other.setMinimumContentsLength(14)
        self.pin = self._button("Pin", "Keep these numbers, to compare a later moment with them", self.pin_now)
        self.copy = QToolButton()
        self.copy.setText("Copy")
        self.copy.setProperty("role", "flat")
        self.copy.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.copy.setToolTip("Copy the whole tensor as text that reads back to the same bits")
        self.copy.setAccessibleName("Copy the tensor")
        menu = QMenu(self.copy)
        self.copy_numpy = menu.addAction("As NumPy: np.array(…)", lambda: self.copy_as(numpy_text))
        self.copy_torch = menu.addAction("As torch: torch.tensor(…)", lambda: self.copy_as(torch_text))
        self.copy.setMenu(menu)
        self.save = self._button("Save…", "Save the tensor as a .npy file", self.save_npy)
        self.window_button = self._button(
            "Window", "This tensor in a window of its own, beside others", self.window_asked.emit
        )
        self.board = TensorBoard(look)
        head = Sideways()
        head.row.addWidget(self.name, 1)
        for widget in (
            self.output,
            self.part,
            self.complex,
            self.other,
            self.pin,
            self.copy,
            self.save,
            self.window_button,
        ):
            head.row.addWidget(widget)
        inner = QWidget()
        self._body = QVBoxLayout(inner)
        self._body.addWidget(head)
        self._body.addWidget(self.board, 1)
        parts.scrolled(inner, self)

    def _button(self, text: str, tip: str, call: Callable[[], object]) -> QPushButton:
        button = QPushButton(text)
        button.setProperty("role", "flat")
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.clicked.connect(lambda: call())
        return button

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self.look = look
        self._body.setContentsMargins(look.px(10), look.px(6), look.px(10), look.px(4))
        self._body.setSpacing(look.px(4))
        self.board.set_look(look)
        self.board.setMinimumHeight(look.px(BOARD_PX))
        for combo in (self.output, self.part, self.complex, self.other):
            combo.look = look
        self.name.setFont(look.code(12.5, 600))

    # --- what is asked ---

    @property
    def key(self) -> str:
        """The node that is looked at, as the frame calls it; "" for none."""
        chosen = self.session.selection
        node = self.kept or (next(iter(chosen)) if len(chosen) == 1 else "")
        output = self.output.currentData()
        return f"{node}[{output}]" if output is not None and self._outputs_of == node else node

    @property
    def stepping(self) -> bool:
        """What is shown is a step: the engine is already at the end of the pass."""
        return bool(self.session.stepper.active)

    def _on_frame(self) -> None:
        """Another moment, or the same one with other nodes in view."""
        frame: Frame | None = self.session.base.frame
        if frame is not None and frame is not self._now:
            if self._now is not None and (self.stepping or self._now.freshness != frame.freshness):
                self._before = self._now
            self._now = frame
        self.refresh()

    def before(self) -> ArrayData | None:
        """The bits before the last run, step or edit."""
        key = self._whole(self.key)
        record = self._before.records.get(key) if self._before is not None else None
        bits = getattr(record, self.part.currentData()) if record is not None else None
        return bits if isinstance(bits, ArrayData) else None

    def show_part(self, part: str) -> None:
        """Value, gradient or x-ray gradient."""
        self.part.setCurrentIndex(self.part.findData(part))
        self.refresh()

    def refresh(self) -> None:
        """Asks for what is to be shown, if anybody can see it."""
        if not self.isVisible():
            return
        self._fill_outputs()
        record = self.record()
        place, part = self.key, self.part.currentData()
        self._fill_others(record)
        if self._asked != (place, part):
            self.answer = None
            self._asked = (place, part)
        reason = self._why_nothing(record, part)
        if reason:
            self.answer = None
            self._cancel()
            self._show(reason)
            return
        bits = getattr(record, part) if self.stepping and record is not None else None
        against: ArrayData | str | None = self.other.currentData()
        if against in (PINNED, BEFORE):
            against = self.before() if against == BEFORE else self.pinned[1] if self.pinned is not None else None
        elif isinstance(against, str):
            against = self._whole(against)
        view = self.complex.currentData() if record is not None and str(record.dtype).startswith("complex") else ""
        self._pending = True
        self.session.ask(AskTensor(self._whole(place), part, view, bits, against), self._on_answer, self.asker)
        self._show()

    def _whole(self, key: str) -> str:
        """A key of the open level as one of the whole document."""
        way = getattr(self.session, "way", ())
        if way and key == self.session.function:
            return "/".join(way)
        return "/".join((*way, key))

    def record(self) -> Record | None:
        """What the moment says of the node."""
        frame = self.session.frame
        return frame.records.get(self.key) if frame is not None else None

    def _why_nothing(self, record: Record | None, part: str) -> str:
        if not self.key:
            return EMPTY
        if record is None or record.state == "not run":
            return "not run yet · F5"
        if record.state == "failed":
            return "failed · see the problem"
        if record.shape is None or not record.kind:
            return f"This is no tensor but {record.kind or 'nothing'}: {record.text or record.value!r}"
        if part == "grad" and record.grad is None and record.grad_stats is None and self._carried(record):
            return story.missing_grad(record)
        if part == "xray" and record.xray is None and self._carried(record):
            return "no backward with x-ray has passed here"
        if self.stepping and getattr(record, part) is None:
            return "Steps do not keep tensors as large as this one. Stop stepping to see it."
        return ""

    def _carried(self, record: Record) -> bool:
        """Whether frames carry this node's tensors, so that None is torch's None."""
        want = self.session.want
        large = record.value is None and record.stats is not None
        return not large and (want.nodes is None or self.key in want.nodes)

    def _fill_outputs(self) -> None:
        """A node that gives several tensors: which of them."""
        node = (
            self.key.partition("[")[0] if self._outputs_of and self.key.startswith(f"{self._outputs_of}[") else self.key
        )
        frame = self.session.frame
        record = frame.records.get(node) if frame is not None else None
        names: list[str] = []
        if frame is not None and record is not None and record.shape is None:
            while f"{node}[{len(names)}]" in frame.records:
                names.append(frame.records[f"{node}[{len(names)}]"].label)
        if (node, names) != (self._outputs_of, [self.output.itemText(i) for i in range(self.output.count())]):
            self.output.clear()
            self._outputs_of = node if names else ""
            for number, name in enumerate(names):
                self.output.addItem(name, number)
        self.output.setVisible(bool(names))

    def _fill_others(self, record: Record | None) -> None:
        """Pinned numbers, then nodes of the same shape."""
        chosen = self.other.currentData()
        items: list[tuple[str, str | None]] = [("Compare with…", None)]
        if self.before() is not None:
            items.append(("Before the last run or step", BEFORE))
        if self.pinned is not None:
            items.append((f"Pinned: {self.pinned[0]}", PINNED))
        frame = self.session.frame
        if frame is not None and record is not None and record.shape is not None:
            same = [r for k, r in frame.records.items() if r.shape == record.shape and k != self.key and r.kind]
            items += [(r.label, r.id) for r in same[:OTHERS]]
        if [(self.other.itemText(i), self.other.itemData(i)) for i in range(self.other.count())] == items:
            return
        self.other.clear()
        for text, data in items:
            self.other.addItem(text, data)
        self.other.setCurrentIndex(max(self.other.findData(chosen), 0) if chosen is not None else 0)

    def _on_answer(self, reply: Reply | None) -> None:
        self._pending = False
        if reply is None:  # the document is another by now: the next frame asks again
            self._show()
            return
        if isinstance(reply.answer, Tensor):
            self.answer = reply.answer
        elif reply.problems:
            self._show(reply.problems[0].message)
            return
        self._show("" if self.answer is None else self.answer.reason)

    # --- what is shown ---

    def _show(self, reason: str = "") -> None:
        record, answer = self.record(), self.answer
        label = record.label if record is not None else self.key
        state = "" if record is None else record.state
        if state == "fresh" and not self.session.fresh:
            state = "stale"
        self.name.setText(
            f"{label}  {dict(PARTS)[self.part.currentData()].lower()}{'' if state == 'fresh' else f' · {state}'}"
            if label
            else ""
        )
        has = answer is not None and not answer.reason and not reason
        self.complex.setVisible(has and answer is not None and answer.dtype.startswith("complex"))
        for button in (self.pin, self.copy, self.save):
            button.setEnabled(has and answer is not None and answer.bits is not None and not answer.steps)
        self.other.setEnabled(has or self.other.currentIndex() > 0)
        faded = self._pending or not self.session.fresh or state == "stale"
        waits = "…" if self._pending and not reason else ""
        self.board.show_answer(answer if has else None, state, faded, reason or waits)

    # --- what is done with it ---

    def pin_now(self) -> None:
        """Keeps the bits that are shown."""
        answer, record = self.answer, self.record()
        if answer is not None and answer.bits is not None:
            label = record.label if record is not None else answer.place
            self.pinned = (f"{label} {answer.part} (v{answer.freshness[0]}.{answer.freshness[1]})", answer.bits)
            self.refresh()
            self.board.say("pinned: choose it under “Compare with”")

    def copy_as(self, write: Callable[[ArrayData], str]) -> None:
        """The whole tensor as text on the clipboard."""
        data = self._exact()
        if data is None:
            return
        if data.size > COPY_LIMIT:
            self.board.say(f"{data.size:,} numbers are too many for the clipboard; save them as .npy")
            return
        QGuiApplication.clipboard().setText(write(data))
        self.board.say(f"copied {data.size:,} numbers")

    def save_npy(self) -> None:
        """Asks for a name and writes the tensor there."""
        data = self._exact()
        if data is None:
            return
        name, _ = QFileDialog.getSaveFileName(
            self, "Save the tensor", f"{self.name.text().split(' ')[0]}.npy", "NumPy (*.npy)"
        )
        if name:
            self.write_npy(name if name.endswith(".npy") else f"{name}.npy", data)

    def write_npy(self, name: str, data: ArrayData) -> None:
        """Writes a file; says so, or why not."""
        try:
            write_atomically(name, write_npy(data))
        except OSError as error:
            self.board.say(f"{name}: {error.strerror or error}")
            return
        self.board.say(f"saved {name}" + (" (bfloat16 as float32)" if data.dtype == "bfloat16" else ""))

    def _exact(self) -> ArrayData | None:
        """The tensor's own bits, or what stands for them where NumPy has no such type."""
        answer = self.answer
        if answer is None or answer.bits is None:
            return None if answer is None else answer.shown
        try:
            answer.bits.numpy()
        except TypeError:
            return answer.shown
        return answer.bits

    # --- Qt ---

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._cancel()

    def _cancel(self) -> None:
        """Nobody wants the answer any more; to take a question back twice would end the engine."""
        if self._pending:
            self._pending = False
            self.session.cancel(self.asker)

    def stop(self) -> None:
        """Stops listening."""
        self._cancel()
        for stop in self._stops:
            stop()
        self._stops.clear()
