"""The workbench of derivatives between two nodes: v, J and vᵀJ; all paths; what speaks for the gradients.

It draws what it is given and tells what was asked for; guigrad.ui.workbench asks the engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFont, QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from guigrad.document.problem import Fix, Problem
from guigrad.ui.style import Look
from guigrad.ui.widgets import parts
from guigrad.ui.widgets.product_view import ProductView, Shown

PAGES: Final = (
    ("J", "J", "v, J and vᵀJ"),
    ("paths", "Paths", "Every path between the two and its product"),
    ("trust", "Trust", "Gradients held against finite differences"),
)
MODES: Final = (("reverse", "Reverse: vᵀJ"), ("forward", "Forward: J v"), ("hessian", "Hessian: H v"))
LEFT_PX: Final = 276
RIGHT_PX: Final = 260
STACK_PX: Final = 90
WORKING: Final = "Working…"
AUTO: Final = ""
"""The choice that follows the selection."""


class JacobianPanel(QWidget):
    """``page_chosen``, ``ends_chosen(of, wrt)``, ``mode_chosen`` tell a choice by its id; ``v_chosen`` "ones", "basis 2" or "node <id>"."""

    page_chosen = Signal(str)
    ends_chosen = Signal(str, str)
    mode_chosen = Signal(str)
    v_typed = Signal(str)
    v_chosen = Signal(str)
    fill_asked = Signal()
    step_asked = Signal()
    use_asked = Signal()
    structure_asked = Signal(bool)
    cancel_asked = Signal()
    path_chosen = Signal(int)
    gradient_chosen = Signal(int)
    deterministic_chosen = Signal(bool)
    fix_chosen = Signal(object)
    shown_changed = Signal(bool)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.page = "J"
        self.nodes: list[tuple[str, str]] = []
        self._tabs = {name: self._button(title, tip, checkable=True) for name, title, tip in PAGES}
        self.of, self.wrt = parts.ChevronCombo(look), parts.ChevronCombo(look)
        self.of.setAccessibleName("output")
        self.wrt.setAccessibleName("input")
        self.mode = parts.ChevronCombo(look)
        self.mode.setAccessibleName("mode")
        for name, title in MODES:
            self.mode.addItem(title, name)
        self.v = QLineEdit()
        self.v.setProperty("mono", True)
        self.v.setAccessibleName("v")
        self.v.setToolTip("The entries of v as numbers in nested lists; Return takes them")
        self.pick = self._button("…", "Ones, a basis vector, or the value of a node")
        self.fill = self._button("Fill", "Fill J one pass after the other, a basis vector each")
        self.step = self._button("", "One basis vector more")
        self.step.setAccessibleName("one basis vector more")
        self.structure = self._button(
            "Structure", "Show which entries are zero instead of their numbers", checkable=True
        )
        self.use = self._button("Use for Backward", "Backward starts with this v from now on", checkable=True)
        self.deterministic = self._button(
            "Deterministic", "torch.use_deterministic_algorithms(True) as the program's first line", checkable=True
        )
        self.cancel = self._button("Cancel", "Stop asking")
        self.view = ProductView(look)
        self.way = ProductView(look)
        self.way.setAccessibleName("product of a path")
        self.cost = parts.label("", "muted", selectable=True)
        self.paths, self.gradients = QListWidget(), QListWidget()
        self.paths.setAccessibleName("paths")
        self.gradients.setAccessibleName("gradients")
        for rows in (self.paths, self.gradients):
            rows.setWordWrap(True)
            rows.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            rows.setResizeMode(QListWidget.ResizeMode.Adjust)
            rows.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.said = parts.label("", "error", selectable=True)
        self._links = QVBoxLayout()
        self._build()
        self.set_look(look)
        self._show_page("J")
        self.say(())
        self.show_busy(False)

    def _button(self, text: str, tip: str, checkable: bool = False) -> QPushButton:
        made = QPushButton(text)
        made.setProperty("role", "chip" if checkable else "")
        made.setToolTip(tip)
        made.setCheckable(checkable)
        return made

    def _build(self) -> None:
        self._side = side = QWidget()
        self._grid = grid = QGridLayout(side)
        tabs = QHBoxLayout()
        for button in self._tabs.values():
            tabs.addWidget(button)
        tabs.addStretch(1)
        grid.addLayout(tabs, 0, 0, 1, 4)
        grid.addWidget(parts.label("of", "muted"), 1, 0)
        grid.addWidget(self.of, 1, 1)
        grid.addWidget(parts.label("by", "muted"), 1, 2)
        grid.addWidget(self.wrt, 1, 3)
        self._only_j: list[QWidget] = [self.mode, self.fill, self.step, self.structure, self.v, self.pick, self.use]
        self._v_name = parts.label("v", "muted")
        self._only_j.append(self._v_name)
        grid.addWidget(self.mode, 2, 0, 1, 4)
        grid.addWidget(self._v_name, 3, 0)
        line = QHBoxLayout()
        line.addWidget(self.v, 1)
        line.addWidget(self.pick)
        grid.addLayout(line, 3, 1, 1, 3)
        row = QHBoxLayout()
        row.addWidget(self.fill, 1)
        for button in (self.step, self.structure):
            row.addWidget(button)
        grid.addLayout(row, 4, 0, 1, 4)
        grid.addWidget(self.use, 5, 0, 1, 4)
        grid.addWidget(self.deterministic, 6, 0, 1, 4)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
        grid.setRowStretch(7, 1)
        self._stack = QStackedWidget()
        self._stack.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)  # it takes what is left
        ways = QWidget()
        beside = QHBoxLayout(ways)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.addWidget(self.paths, 3)
        beside.addWidget(self.way, 2)
        for widget in (self.view, ways, self.gradients):
            self._stack.addWidget(widget)
        self._right = QWidget()
        right = QVBoxLayout(self._right)
        head = QHBoxLayout()
        head.addWidget(self.cost, 1)
        head.addWidget(self.cancel)
        right.addLayout(head)
        right.addWidget(self.said)
        right.addLayout(self._links)
        right.addWidget(self._stack, 1)
        page = QWidget()
        page.setObjectName("page")
        whole = QHBoxLayout(page)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._side)
        whole.addWidget(self._right, 1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(page)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)
        for name, button in self._tabs.items():
            button.clicked.connect(lambda _, name=name: self.open_page(name))
        for combo in (self.of, self.wrt):
            combo.activated.connect(lambda _: self.ends_chosen.emit(self.of.currentData(), self.wrt.currentData()))
        self.mode.activated.connect(lambda _: self.mode_chosen.emit(self.mode.currentData()))
        self.v.returnPressed.connect(lambda: self.v_typed.emit(self.v.text()))
        self.pick.clicked.connect(lambda: self.v_menu().popup(self.pick.mapToGlobal(self.pick.rect().bottomLeft())))
        self.fill.clicked.connect(lambda: self.fill_asked.emit())
        self.deterministic.clicked.connect(self.deterministic_chosen)
        self.step.clicked.connect(lambda: self.step_asked.emit())
        self.use.clicked.connect(lambda: self.use_asked.emit())
        self.structure.toggled.connect(self.structure_asked)
        self.cancel.clicked.connect(lambda: self.cancel_asked.emit())
        self.paths.currentRowChanged.connect(self.path_chosen)
        self.gradients.currentRowChanged.connect(self.gradient_chosen)
        self.view.refused.connect(lambda text: self.say((Problem(text),)))

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self.look = look
        self._side.setFixedWidth(look.px(LEFT_PX))
        self._stack.setMinimumHeight(look.px(STACK_PX))
        self._right.setMinimumWidth(look.px(RIGHT_PX))
        self._grid.setContentsMargins(look.px(8), look.px(8), look.px(8), look.px(6))
        self._grid.setSpacing(look.px(6))
        for combo in (self.of, self.wrt, self.mode):
            combo.look = look
            combo.setMinimumContentsLength(6)
        self.v.setFont(look.code(11.5))
        self.cost.setFont(look.text(11.5))
        for rows in (self.paths, self.gradients):
            for at in range(rows.count()):
                rows.item(at).setFont(self._font(rows))
            rows.setIconSize(QSize(look.px(14), look.px(14)))
        self.step.setIcon(look.icon("step-forward"))
        for button in (self.fill, self.step):
            button.setIconSize(QSize(look.px(13), look.px(13)))
        self.view.set_look(look)
        self.way.set_look(look)

    def _font(self, rows: QListWidget) -> QFont:
        return self.look.code(11.5) if rows is self.paths else self.look.text(12)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.shown_changed.emit(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.shown_changed.emit(False)

    # --- what is shown ---

    def open_page(self, name: str) -> None:
        """Another of its three pages."""
        self._show_page(name)
        self.page_chosen.emit(name)

    def _show_page(self, name: str) -> None:
        self.page = name
        for each, button in self._tabs.items():
            button.setChecked(each == name)
        self._stack.setCurrentIndex([each for each, _, _ in PAGES].index(name))
        for widget in self._only_j:
            widget.setVisible(name == "J")
        self.deterministic.setVisible(name == "trust")

    def show_ends(self, nodes: list[tuple[str, str]], of: str, wrt: str, auto: tuple[str, str]) -> None:
        """The nodes (id, label) that can be chosen, the choice (AUTO: it follows the selection), and what AUTO means just now."""
        self.nodes = nodes
        for combo, chosen, meant in ((self.of, of, auto[0]), (self.wrt, wrt, auto[1])):
            combo.blockSignals(True)
            combo.clear()
            combo.addItem(f"auto · {meant}" if meant else "auto", AUTO)
            for key, label in nodes:
                combo.addItem(label, key)
            combo.setCurrentIndex(max(combo.findData(chosen), 0))
            combo.setToolTip(combo.currentText())
            combo.blockSignals(False)

    def show_deterministic(self, on: bool) -> None:
        """Whether the program asks for deterministic algorithms."""
        self.deterministic.setChecked(on)
        self.deterministic.setText("Deterministic algorithms: on" if on else "Use deterministic algorithms")

    def show_mode(self, mode: str) -> None:
        """Reverse, forward or Hessian."""
        self.mode.setCurrentIndex(self.mode.findData(mode))
        self.use.setEnabled(mode == "reverse")

    def show_v(self, text: str, used: bool) -> None:
        """v as text, unless it is being typed just now."""
        if not self.v.hasFocus() or not self.v.isModified():
            self.v.setText(text)
            self.v.setCursorPosition(0)
        self.use.setChecked(used)
        self.use.setText("Backward uses it" if used else "Use for Backward")

    def show_fill(self, active: bool, playing: bool, mode: str, there: bool) -> None:
        """Whether J is being filled, and from where."""
        words = "row" if mode == "reverse" else "column"
        self.fill.setText(" Pause" if playing else " Go on" if active else f" Fill by {words}")
        self.fill.setIcon(self.look.icon("pause" if playing else "play"))
        for button in (self.fill, self.step, self.structure):
            button.setEnabled(there)

    def show_product(self, shown: Shown, cost: str) -> None:
        """v, J and their product, and what they cost."""
        self.view.show_product(shown)
        self.cost.setText(cost)

    def show_way(self, shown: Shown) -> None:
        """The product of one path, or the sum of all; nothing for a single number, which its row tells."""
        self.way.show_product(shown)
        self.way.setVisible(shown.matrix is not None and shown.matrix.size > 1)

    def say(self, problems: Sequence[Problem], wrong_v: bool = False) -> None:
        """What is wrong, in place, and what mends it; ``wrong_v``: with what is typed."""
        text = "\n".join(f"{problem.message}\n{problem.why}".strip() for problem in problems)
        self.said.setText(text)
        self.said.setVisible(bool(text))
        if bool(self.v.property("invalid")) != wrong_v:
            self.v.setProperty("invalid", wrong_v)
            self.v.style().unpolish(self.v)
            self.v.style().polish(self.v)
        parts.clear(self._links)
        fixes: dict[str, Fix] = {fix.title: fix for problem in problems for fix in problem.fixes}
        for title, fix in list(fixes.items())[:3]:
            self._links.addWidget(parts.Link(title, partial(self.fix_chosen.emit, fix)))

    def show_busy(self, busy: bool) -> None:
        """Whether an answer is awaited for long."""
        self.cancel.setVisible(busy)
        if busy or self.cost.text() == WORKING:
            self.cost.setText(WORKING if busy else "")

    def show_rows(self, page: str, head: str, rows: Sequence[tuple[str, str, str, str]]) -> None:
        """The rows (text, tip, icon, colour token) of a page that is a list."""
        shown = self.paths if page == "paths" else self.gradients
        if self.page == page:
            self.cost.setText(head)
        shown.blockSignals(True)
        now = shown.currentRow()
        shown.clear()
        for text, tip, icon, token in rows:
            item = QListWidgetItem(text)
            item.setToolTip(tip)
            item.setFont(self._font(shown))
            if icon:
                item.setIcon(self.look.icon(icon, token))
            shown.addItem(item)
        shown.setCurrentRow(now if now < len(rows) else -1)
        shown.blockSignals(False)

    def v_menu(self) -> QMenu:
        """Ways to a v."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Ones", lambda: self.v_chosen.emit("ones"))
        shown = self.view.shown
        count = 0 if shown.vector is None else len(shown.vector)
        basis = menu.addMenu("Basis vector")
        for at in range(min(count, 32)):
            basis.addAction(f"e{at}", partial(self.v_chosen.emit, f"basis {at}"))
        wired = menu.addMenu("The value of a node")
        for key, label in self.nodes:
            wired.addAction(label, partial(self.v_chosen.emit, f"node {key}"))
        return menu
