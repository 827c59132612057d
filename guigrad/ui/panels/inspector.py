"""The inspector: one node's name, attributes, parameters, value and gradient, and why they are what they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from guigrad.document import ports
from guigrad.document.array import NUMPY, ArrayData
from guigrad.document.model import Document, Node
from guigrad.document.problem import Fix, Problem
from guigrad.ops import table
from guigrad.run.frame import Frame, Record
from guigrad.ui.canvas.paste_tensor import holds_tensor
from guigrad.ui.style import Look
from guigrad.ui.widgets import parts, story
from guigrad.ui.widgets.change import Lines, Link, card
from guigrad.ui.widgets.formula import rich_text
from guigrad.ui.widgets.function_card import FunctionCard
from guigrad.ui.widgets.ledger_card import LedgerCard
from guigrad.ui.widgets.param_editor import ParamEditor
from guigrad.ui.widgets.step_line import StepLine
from guigrad.ui.widgets.tensor_view import TensorView
from guigrad.ui.widgets.typed_wire import Names

NARROW_PX = 250
"""Below this width names stand above their values. Units: px at scale 1"""
MANY = "{} things are selected. Select one to see its value and its gradient."
EMPTY = "Select a node to see its value, its gradient and its parameters."


@dataclass(frozen=True)
class Shown:
    """What the inspector draws: one node of a document, at one moment."""

    document: Document
    frame: Frame
    node: str | None
    selected: int
    label: str
    problems: tuple[Problem, ...]
    xray: bool
    texts: Mapping[str, str] = field(default_factory=dict)


class InspectorPanel(QScrollArea):
    """Signals carry the node id first; ``fix_chosen`` a Fix, ``node_chosen`` and ``node_hovered`` a node id."""

    renamed = Signal(str, str)
    param_edited = Signal(str, str, object)
    param_dragged = Signal(str, str, object, str)
    cells_edited = Signal(str, object)
    paint_asked = Signal(str)
    retain_asked = Signal(str)
    xray_asked = Signal()
    fix_chosen = Signal(object)
    node_chosen = Signal(str)
    node_hovered = Signal(str)
    left = Signal()
    """Esc was pressed: the keys go back to the canvas."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.shown: Shown | None = None
        self.difference: Callable[[Fix], Lines] = lambda fix: ()
        self.editors: dict[str, ParamEditor] = {}
        self._node: Node | None = None
        self._narrow, self._told = False, ""
        self._known: tuple[object, ...] = ()
        self._pairs: list[tuple[QLabel, QLabel]] = []
        self.setWidgetResizable(True)
        self.setMinimumWidth(0)
        page = QFrame()
        page.setObjectName("side")
        self._page = QVBoxLayout(page)
        self.empty = parts.label(EMPTY, "faint")
        self.name = QLineEdit()
        self.name.setAccessibleName("Name")
        self.name.setToolTip("The node's name, as the code writes it (F2)")
        self.name.editingFinished.connect(self._on_renamed)
        self.kind = parts.label("", "muted")
        self._attributes, self._grid = parts.grid()
        self._sections = QWidget(page)
        self.value = TensorView(look, "value", self._sections)  # a widget without a parent would outlive the window
        self.value.cells_edited.connect(lambda cells: self.cells_edited.emit(self._key(), cells))
        self.paint = parts.Link("Edit as a picture…", lambda: self.paint_asked.emit(self._key()))
        self.grad = TensorView(look, "grad", self._sections)
        self._tables = QGridLayout()
        self._parameters, self._story, self._cards, self._about = (QVBoxLayout() for _ in range(4))
        head = QVBoxLayout()
        head.setSpacing(2)
        head.addWidget(self.name)
        head.addWidget(self.kind)
        inner = QVBoxLayout(self._sections)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addLayout(head)
        self.function = FunctionCard(look)
        inner.addWidget(self.function)
        inner.addLayout(self._cards)
        inner.addWidget(self._attributes)
        inner.addLayout(self._tables)
        inner.addWidget(self.paint)
        self.ledger = LedgerCard(look)
        inner.addWidget(self.ledger)
        for part in (self._parameters, self._story, self._about):
            inner.addLayout(part)
        self._inner = inner
        for widget in (self.empty, self._sections):
            self._page.addWidget(widget)
        self._page.addStretch(1)
        self.setWidget(page)
        self.set_look(look)

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self.look = look
        self._narrow = self.width() < look.px(NARROW_PX)
        margin = look.px(16)
        self._page.setContentsMargins(margin, look.px(12), margin, margin)
        self._inner.setSpacing(look.px(12))
        self._tables.setSpacing(look.px(8))
        self._grid.setVerticalSpacing(look.px(4))
        self.name.setFont(look.text(17, 700))
        self.name.setStyleSheet(
            f"QLineEdit {{ font-size: {look.px(17)}px; font-weight: 700; border: 1px solid transparent;"
            f"background: transparent; padding: {look.px(2)}px 0; }} QLineEdit:focus {{"
            f"border-color: {look.css('accent')}; background: {look.css('input')}; padding: {look.px(2)}px {look.px(4)}px; }}"
        )
        for part in (self.function, self.value, self.grad, self.ledger):
            part.set_look(look)
        shown, self.shown, self._node = self.shown, None, None
        if shown is not None:
            self.show_node(shown)
        else:
            self._sections.hide()

    def show_node(self, shown: Shown) -> None:
        """Draws a node; parameter editors stay as they are while their node does."""
        node = shown.document.nodes.get(shown.node or "")
        other = self.shown is None or shown.node != self.shown.node
        self.shown = shown
        self.empty.setVisible(node is None)
        self._sections.setVisible(node is not None)
        if node is None:
            self.empty.setText(MANY.format(shown.selected) if shown.selected > 1 else EMPTY)
            self._node = None
            return
        record = self._record()
        if other or not self.name.hasFocus():
            self.name.setText(node.name or "")
            self.name.setPlaceholderText(shown.label)
            self.name.setCursorPosition(0)
        op = self.function.show_call(shown.document, node) or parts.breakable(node.op)
        self.kind.setText(story.muted_words(shown.document, node) or f"{story.kind_words(node, record)} · {op}")
        self._fill_attributes(record)
        self._fill_tables(record)
        self._fill_cards(node, record)
        self._fill_parameters(node, other)
        self._fill_story(shown, record)
        self._fill_about(node, other)
        if other:
            self.verticalScrollBar().setValue(0)

    def focus_name(self) -> None:
        """Begins renaming."""
        self.name.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.name.selectAll()

    def focus_parameters(self) -> None:
        """Begins to edit: the first port that waits for a wire, else the first parameter, else the name."""
        fields = [editor.field for editor in self.editors.values() if editor.field.isEnabled()]
        waiting = [editor.field for editor in self.editors.values() if editor.waits]
        field = next(iter((*waiting, *fields)), self.name)
        field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.ensureWidgetVisible(field)

    def restore(self) -> None:
        """The fields as the document has them, after an edit was refused."""
        if self._node is not None:
            self._fill_parameters(self._node, True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.restore()
            self.left.emit()
            return
        super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < self.look.px(NARROW_PX)
        if narrow != self._narrow:
            self._narrow = narrow
            self.set_look(self.look)

    def _record(self) -> Record | None:
        return self.shown.frame.records.get(self.shown.node or "") if self.shown else None

    def _key(self) -> str:
        return (self.shown.node or "") if self.shown is not None else ""

    def _on_renamed(self) -> None:
        node, name = self.shown and self.shown.document.nodes.get(self.shown.node or ""), self.name.text().strip()
        if node and name != (node.name or ""):
            self.renamed.emit(node.id, name)

    def _fill_attributes(self, record: Record | None) -> None:
        rows = story.attributes(record)
        self._attributes.setVisible(bool(rows))
        while len(self._pairs) > len(rows):
            for label in self._pairs.pop():
                self._grid.removeWidget(label)
                parts.drop(label)
        while len(self._pairs) < len(rows):
            self._pairs.append((parts.label("", "muted"), parts.label("", "", selectable=True)))
        for number, ((name, text, token), pair) in enumerate(zip(rows, self._pairs, strict=True)):
            self._place(self._grid, number, *pair)
            for label, words, colour in zip(pair, (name, text), ("text_muted", token), strict=True):
                label.setText(words)
                label.setFont(self.look.code(11.5))
                label.setStyleSheet(f"color: {self.look.css(colour)};")

    def _place(self, grid: QGridLayout, number: int, left: QWidget, right: QWidget) -> None:
        """Side by side, or one below the other where the panel is narrow for its text."""
        if self._narrow:
            grid.addWidget(left, 2 * number, 0, 1, 2)
            grid.addWidget(right, 2 * number + 1, 0, 1, 2)
        else:
            grid.addWidget(left, number, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(right, number, 1)

    def _fill_tables(self, record: Record | None) -> None:
        assert self.shown is not None
        value, grad = (record.value, record.grad) if record is not None else (None, None)
        value = value if isinstance(value, ArrayData) else None
        tensor = record is None or record.shape is not None or record.hidden or record.state in ("not run", "failed")
        stale = " · stale" if story.stale(record) else ""
        reason = story.missing_value(record) if value is None else ""
        if record is not None and record.stats is not None and value is None:
            s = record.stats
            reason += f"\nmin {s.minimum:.4g}  mean {s.mean:.4g}  max {s.maximum:.4g}  std {s.std:.4g}"
        self.value.show_tensor(f"VALUE{stale}", value, reason)
        node = self.shown.document.nodes.get(self.shown.node or "")
        own = node is not None and holds_tensor(node) and value is not None and value.dtype in NUMPY
        self.value.set_editable(own)
        self.paint.setVisible(own and value is not None and value.size > 1 and not value.dtype.startswith("complex"))
        heading, why = f"GRAD{stale}", "" if grad is not None else story.missing_grad(record)
        if grad is None and self.shown.xray and record is not None and record.xray is not None:
            grad, heading, why = record.xray, f"X-RAY GRAD{stale}", ""
        self.grad.show_tensor(heading, grad, why)
        beside = not self._narrow and all(data is None or data.ndim <= 1 for data in (value, grad))
        for place, view in enumerate((self.value, self.grad)):
            self._tables.removeWidget(view)
            self._tables.addWidget(view, *((0, place) if beside else (place, 0)), 1, 1 if beside else 2)
            view.setVisible(bool(tensor))  # now that it has a parent: before, it would be a window for a moment
        for column in (0, 1):
            self._tables.setColumnStretch(column, 1)

    def _fill_cards(self, node: Node, record: Record | None) -> None:
        assert self.shown is not None
        parts.clear(self._cards)
        for problem in self.shown.problems:
            if problem.severity == "hint":
                self._cards.addWidget(parts.label(problem.why or problem.message, "muted"))
                continue
            lines = [problem.message, problem.why] if problem.why else [problem.message]
            mends = [(fix.title, partial(self.fix_chosen.emit, fix), self.difference(fix)) for fix in problem.fixes]
            title = problem.error or problem.kind
            self._cards.addWidget(
                card(self.look, "fail" if problem.severity == "error" else "warn", title, lines, mends)
            )
        if record is not None and record.grad is None and story.missing_grad(record) == story.NOT_LEAF:
            ran = any(other.grad is not None for other in self.shown.frame.records.values())
            if ran:
                text = f"{self.shown.label} is not a leaf: autograd keeps .grad only for leaves."
                links: list[Link] = [("Turn on retain_grad()", partial(self.retain_asked.emit, node.id), ())]
                if not self.shown.xray:
                    links.append(("Show in x-ray", self.xray_asked.emit, ()))
                self._cards.addWidget(card(self.look, "warn", f"{self.shown.label}.grad is None", [text], links))

    def _fill_parameters(self, node: Node, other: bool) -> None:
        if node is self._node and not other:
            return
        focused = next((name for name, editor in self.editors.items() if editor.field.hasFocus()), None)
        wanted = [p for p in ports.parameters(node) if not p.is_port or story.has_field(p)]
        same = not other and [p.name for p in wanted] == list(self.editors)
        if same and all(repr(self.editors[p.name].value) == repr(p.value) for p in wanted):
            self._node = node
            return
        self._node = node
        parts.clear(self._parameters)
        self.editors = {}
        if not wanted:
            return
        self._parameters.addWidget(parts.label("PARAMETERS", "heading"))
        names = Names(self.shown.document, node.id) if self.shown is not None else None
        holder, grid = parts.grid()
        grid.setVerticalSpacing(self.look.px(6))
        for row, parameter in enumerate(wanted):
            default = None if parameter.required else parameter.default
            kind, wires = parameter.type, names if parameter.is_port else None
            editor = ParamEditor(self.look, parameter.name, kind, parameter.value, default, wires)
            editor.edited.connect(partial(self.param_edited.emit, node.id, parameter.name))
            editor.dragged.connect(partial(self.param_dragged.emit, node.id, parameter.name))
            label = parts.label(parameter.name, "" if parameter.given else "muted")
            label.setFont(self.look.code(11.5))
            label.setToolTip(f"{parameter.type}" + ("" if parameter.given else " · not given: the default"))
            label.setBuddy(editor.field)
            self._place(grid, row, label, editor)
            self.editors[parameter.name] = editor
        self._parameters.addWidget(holder)
        if focused in self.editors:
            self.editors[focused].field.setFocus()

    def _fill_story(self, shown: Shown, record: Record | None) -> None:
        steps = story.story(shown.document, shown.frame, shown.label, shown.texts) if not story.stale(record) else []
        known = (steps, record and (record.contributions, record.grad is None), shown.xray, shown.label, self.look)
        if known == self._known:
            return
        self._known = known
        parts.clear(self._story)
        if not steps:
            if record is not None and record.grad is not None and not shown.xray:
                why = parts.Link("Turn on x-ray to see how this gradient came here", self.xray_asked.emit)
                self._story.addWidget(why)
            return
        self._story.addWidget(parts.label("HOW THIS GRADIENT CAME HERE", "heading"))
        for step in steps:
            self._story.addWidget(self._step(step.text, step.effect, step.node, step.local))
        if record is not None:
            end = f"accumulated into {shown.label}.grad" if record.grad is not None else "x-ray: .grad stays None"
            self._story.addWidget(self._step("", end, ""))

    def _step(self, text: str, effect: str, node: str, local: str = "") -> QFrame:
        frame = StepLine(node) if node else QFrame()
        if isinstance(frame, StepLine):
            frame.chosen.connect(self.node_chosen)
            frame.hovered.connect(self.node_hovered)
        frame.setObjectName("line")
        layout = QGridLayout(frame)
        layout.setSpacing(self.look.px(2))
        layout.setContentsMargins(self.look.px(9), self.look.px(3), self.look.px(9), self.look.px(3))
        rows = (
            (text, "code", 11.5, 0, 0),
            (effect, "grad", 11.5, 0, 1),
            (local and f"g → {local}", "faint", 10.5, 1, 0),
        )
        for words, role, size, row, column in rows:
            if words:
                label = parts.label(parts.breakable(words), role)
                label.setFont(self.look.code(size))
                label.setAlignment(Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft)
                layout.addWidget(label, row, column, 1, 1 if row == 0 else 2)
        return frame

    def _fill_about(self, node: Node, other: bool) -> None:
        if not other and self._about.count() and node.op == self._told:
            return
        self._told = node.op
        parts.clear(self._about)
        spec = table.find(node.op)
        if spec is None:
            return
        self._about.addWidget(parts.label("WHAT IT DOES", "heading"))
        self._about.addWidget(parts.label(spec.about or spec.doc.strip().partition("\n\n")[0] or node.op, ""))
        if spec.tex:
            formula = parts.label("", "")
            formula.setTextFormat(Qt.TextFormat.RichText)
            formula.setText(rich_text(spec.tex))
            self._about.addWidget(formula)
        for port, text in spec.vjp.items():
            self._about.addWidget(self._step(f"∂/∂{port}", story.plain_formula(text), ""))
