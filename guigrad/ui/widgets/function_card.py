"""What the inspector says about a call: the function, its ports, how many calls share it, and what can be done with it."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QPushButton, QVBoxLayout, QWidget

from guigrad.document import ports
from guigrad.document.follow import calls_of, closure, results_of
from guigrad.document.model import PARAM, RETURN, Document, In, Node, callee
from guigrad.document.scope import whole_of
from guigrad.ui.style import Look
from guigrad.ui.widgets import parts

ACTIONS = (
    ("enter", "Open"), ("expand_call", "Expand"), ("make_unique", "Make unique"), ("rename_function", "Rename…"),
    ("save_to_library", "Save to library"),
)  # fmt: skip


class FunctionCard(QFrame):
    """``asked`` carries the id of an action."""

    asked = Signal(str)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.title = parts.label("", "code", selectable=True)
        self.about = parts.label("", "muted")
        self.ports = parts.label("", "code", selectable=True)
        self.buttons: dict[str, QPushButton] = {}
        self._column = QVBoxLayout(self)
        self._column.addWidget(self.title)
        self._column.addWidget(self.about)
        self._column.addWidget(self.ports)
        self._grid = QGridLayout()
        for index, (name, text) in enumerate(ACTIONS):
            button = self.buttons[name] = QPushButton(text)
            button.clicked.connect(partial(self.asked.emit, name))
            self._grid.addWidget(button, index // 2, index % 2)
        self._column.addLayout(self._grid)
        self.hide()
        self.set_look(look)

    def set_look(self, look: Look) -> None:
        """Another theme or scale."""
        self._column.setContentsMargins(look.px(10), look.px(8), look.px(10), look.px(10))
        self._column.setSpacing(look.px(6))
        self._grid.setSpacing(look.px(6))

    def show_call(self, document: Document, node: Node) -> str:
        """Draws the function that a node calls; hides for every other node. The words for what the node is, "" for those."""
        key = callee(node) or ""
        whole = whole_of(document)
        function = whole.functions.get(key)
        self.setVisible(function is not None)
        if function is None:
            return {PARAM: "parameter", RETURN: "what the function gives"}.get(node.op, "")
        params = [whole.nodes[each].name or "_" for each in function.params if each in whole.nodes]
        count = len(calls_of(whole, key))
        others = [whole.functions[each].name for each in closure(whole, (key,)) if each != key]
        self.title.setText(f"{function.name}({', '.join(params)})")
        self.about.setText(
            f"{_many(len(function.program), 'step')} · "
            + (f"shared by {count} calls" if count > 1 else "this call alone")
            + (f" · calls {', '.join(others)}" if others else "")
        )
        lines = []
        for port in ports.ports(node):
            source = document.nodes.get(port.value.node or "") if isinstance(port.value, In) else None
            given = repr(port.value) if not isinstance(port.value, In) else source.name or "value" if source else "…"
            lines.append(f"{port.label} ← {given}")
        for value in results_of(function):
            source = whole.nodes.get(value.node or "") if isinstance(value, In) else None
            name = source.name if source is not None else None
            lines.append(f"→ {name or 'value'}")
        self.ports.setText("\n".join(lines))
        self.buttons["make_unique"].setEnabled(count > 1)
        self.buttons["make_unique"].setToolTip("" if count > 1 else f"{function.name} has no other call")
        return f"call of {function.name}"


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'s' * (count != 1)}"
