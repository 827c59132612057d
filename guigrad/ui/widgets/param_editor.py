"""One editor for one parameter: the proper widget for its type, wrong text explained while typing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QLineEdit, QPlainTextEdit, QSizePolicy, QVBoxLayout, QWidget

from guigrad.document.model import In, ListOf, Sym, Value, wires_in
from guigrad.ui.style import Look
from guigrad.ui.widgets import literal
from guigrad.ui.widgets.literal import LiteralTextError
from guigrad.ui.widgets.number_line import NumberLine
from guigrad.ui.widgets.parts import ChevronCombo
from guigrad.ui.widgets.typed_wire import Names

DTYPES: Final = tuple(
    f"torch.{name}"
    for name in (
        "float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool",
        "complex64", "complex128",
    )
)  # fmt: skip
ENUMS: Final[dict[str, tuple[str, ...]]] = {
    "reduction": ("mean", "sum", "none"),
    "rounding_mode": ("trunc", "floor"),
    "approximate": ("none", "tanh"),
    "indexing": ("ij", "xy"),
    "padding_mode": ("zeros", "reflect", "replicate", "circular"),
    "side": ("left", "right"),
    "norm": ("backward", "forward", "ortho"),
}
"""Parameters whose texts are few and known. Source: PyTorch docs."""
LAYOUTS: Final = ("torch.strided", "torch.sparse_coo", "torch.sparse_csr")
MEMORY: Final = ("torch.preserve_format", "torch.contiguous_format", "torch.channels_last")
DEVICES: Final = ("cpu", "cuda", "mps", "xpu")


class ParamEditor(QWidget):
    """Edits one value. ``edited`` carries the new Value when it is complete and differs; never a half-typed one.

    Given ``names``, the value is that of a port: a wire comes in where the name of a node is typed.
    """

    edited = Signal(object)
    dragged = Signal(object, str)
    """The number of the moment, and a key that is the same for one whole drag."""

    def __init__(
        self,
        look: Look,
        name: str,
        kind: str,
        value: Value,
        default: Value,
        names: Names | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.look, self.name, self.kind, self.value, self._names = look, name, kind, value, names
        self.error = QLabel()
        self.error.setProperty("role", "error")
        self.error.setWordWrap(True)
        self.error.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        self.field = self._make(kind.removesuffix("?"), kind.endswith("?"), default)
        self.field.setAccessibleName(name)
        self.setFocusProxy(self.field)
        layout.addWidget(self.field)
        layout.addWidget(self.error)

    def _make(self, word: str, optional: bool, default: Value) -> QWidget:
        value = self.value
        if value == In() or (self._names is not None and (value is None or isinstance(value, In))):
            wired = self._names.write(value) if self._names is not None and isinstance(value, In) else ""
            line = self._line(_unwired if isinstance(value, In) else _left_out, wired)
            line.setPlaceholderText(
                "wire it, or type a name or a value" if value == In() else "none: a name or a value"
            )
            return line
        if any(True for _ in wires_in(value)):
            label = QLabel("wired" if isinstance(value, In) else literal.value_text(value))
            label.setProperty("role", "muted")
            label.setToolTip("Wires come in here; change them on the canvas")
            return label
        if word == "bool" and not optional and isinstance(value, bool):
            box = QCheckBox("True" if value else "False")
            box.setChecked(value)
            box.toggled.connect(lambda on: box.setText(str(on)))
            box.toggled.connect(self._commit)
            return box
        if word == "bool" and (value is None or isinstance(value, bool)):
            return self._combo([None, True, False])
        if word == "dtype":
            return self._combo([*([None] if optional else []), *map(Sym, DTYPES)])
        if word == "layout":
            return self._combo([*([None] if optional else []), *map(Sym, LAYOUTS)])
        if word == "memory_format":
            return self._combo([*([None] if optional else []), *map(Sym, MEMORY)])
        if word == "device" and (value is None or isinstance(value, str)):
            return self._combo([None, *DEVICES])
        if word == "str" and self.name in ENUMS and (value is None or isinstance(value, str)):
            return self._combo([*([None] if optional or default is None else []), *ENUMS[self.name]])
        if self.name in ("data", "object") and isinstance(value, ListOf | tuple):
            return self._area()
        return self._line(_reader(word, self.name, optional), _writer(word, self.name)(value))

    def _combo(self, choices: list[Value]) -> QComboBox:
        combo = ChevronCombo(self.look)
        combo.setFont(self.look.code(11.5))
        combo.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        if all(repr(self.value) != repr(choice) for choice in choices):
            choices = [self.value, *choices]
        for choice in choices:
            text = choice if isinstance(choice, str) else literal.value_text(choice).removeprefix("torch.")
            combo.addItem(text)
        combo.setCurrentIndex([repr(choice) for choice in choices].index(repr(self.value)))
        combo.activated.connect(lambda index: self._commit(choices[index]))
        return combo

    def _line(self, read: Callable[[str], Value], text: str) -> QLineEdit:
        if isinstance(self.value, int | float) and not isinstance(self.value, bool):
            line: QLineEdit = NumberLine(text, self.value)
            line.dragged.connect(self._on_dragged)  # type: ignore[attr-defined]  # it is a NumberLine
        else:
            line = QLineEdit(text)
        read = self._or_wire(read)
        line.setFont(self.look.code(11.5))
        line.setCursorPosition(0)
        line.textEdited.connect(lambda typed: self._check(read, typed))
        line.editingFinished.connect(lambda: self._finish(read, line.text()))
        self._read = read
        return line

    def _or_wire(self, read: Callable[[str], Value]) -> Callable[[str], Value]:
        """The reader of a port's text: names of nodes come first, so that ``e`` and ``pi`` may be nodes."""
        names = self._names
        if names is None:
            return read

        def either(text: str) -> Value:
            wire = names.read(text)
            return read(text) if wire is None else wire

        return either

    def _area(self) -> QPlainTextEdit:
        area = _Area()
        area.setObjectName("field")
        area.setFont(self.look.code(11.5))
        area.setPlainText(_rows(literal.value_text(self.value)))
        area.setTabChangesFocus(True)
        lines = min(max(area.blockCount(), len(area.toPlainText()) // 24 + 1), 6)
        area.setFixedHeight(area.fontMetrics().lineSpacing() * lines + 20)
        area.textChanged.connect(lambda: self._check(literal.read_tensor, area.toPlainText()))
        area.left.connect(lambda: self._finish(literal.read_tensor, area.toPlainText()))
        self._read = literal.read_tensor
        return area

    def _check(self, read: Callable[[str], Value], text: str) -> bool:
        """Says what is wrong with a text while it is being typed."""
        try:
            read(text)
        except LiteralTextError as error:
            self._show_error(str(error))
            return False
        self._show_error("")
        return True

    def _finish(self, read: Callable[[str], Value], text: str) -> None:
        if self._check(read, text):
            self._commit(read(text))

    def _show_error(self, text: str) -> None:
        self.error.setText(text)
        self.error.setVisible(bool(text))
        if bool(self.field.property("invalid")) != bool(text):
            self.field.setProperty("invalid", bool(text))
            self.field.style().unpolish(self.field)
            self.field.style().polish(self.field)

    def _on_dragged(self, value: Value, merge: str) -> None:
        """A number is being dragged: what its type refuses is left out."""
        try:
            self._read(literal.value_text(value))
        except LiteralTextError as error:
            self._show_error(str(error))
            return
        self._show_error("")
        self.value = value
        self.dragged.emit(value, merge)

    def _commit(self, value: Value) -> None:
        if repr(value) != repr(self.value):
            self.value = value
            if isinstance(self.field, NumberLine) and isinstance(value, int | float):
                self.field.number = value
            self.edited.emit(value)

    @property
    def waits(self) -> bool:
        """A wire or a value is still missing here."""
        return self.value == In()

    @property
    def dirty(self) -> bool:
        """A text that is not applied yet stands in the field."""
        if isinstance(self.field, QLineEdit | QPlainTextEdit):
            text = self.field.text() if isinstance(self.field, QLineEdit) else self.field.toPlainText()
            try:
                return repr(self._read(text)) != repr(self.value)
            except LiteralTextError:
                return True
        return False


class _Area(QPlainTextEdit):
    """A text area that tells when it is left, by Ctrl+Enter or by focus."""

    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.left.emit()
            return
        super().keyPressEvent(event)

    def focusOutEvent(self, event: object) -> None:
        super().focusOutEvent(event)  # type: ignore[arg-type]  # QFocusEvent; only passed on
        self.left.emit()


def _rows(text: str) -> str:
    """Nested lists one row a line."""
    return text.replace("], [", "],\n [")


def _writer(word: str, name: str) -> Callable[[Value], str]:
    if name in ("index", "indices") and word == "any":
        return literal.index_text
    if word == "str":
        return lambda value: value if isinstance(value, str) else literal.value_text(value)
    return literal.value_text


def _reader(word: str, name: str, optional: bool) -> Callable[[str], Value]:
    if name == "index" and word == "any":
        return literal.read_index
    if name in ("data", "object"):
        return literal.read_tensor
    if word == "str":
        return lambda text: None if optional and text == "None" else text

    def read(text: str) -> Value:
        value = literal.read_value(text)
        if value is None and (optional or word == "any"):
            return value
        problem = _mismatch(word, value)
        if problem:
            raise LiteralTextError(problem)
        return value

    return read


def _unwired(text: str) -> Value:
    """What is typed instead of a wire; nothing typed leaves the port open."""
    return literal.read_value(text) if text.strip() else In()


def _left_out(text: str) -> Value:
    """What is typed on a port that may be left out; nothing typed leaves it out."""
    return literal.read_value(text) if text.strip() else None


def _mismatch(word: str, value: Value) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    whole = isinstance(value, int) and not isinstance(value, bool)
    items = value.items if isinstance(value, ListOf) else value if isinstance(value, tuple) else None
    if word in ("int", "SymInt") and not whole:
        return "a whole number is expected"
    if word == "float" and not number and not isinstance(value, Sym):
        return "a number is expected"
    if word in ("Scalar", "number") and not isinstance(value, int | float | complex | Sym):
        return "a number is expected"
    if word.startswith(("int[", "SymInt[")):
        single = whole and not word.endswith("[]")  # int[2] takes one number for both
        if not single and not (items is not None and all(type(item) is int for item in items)):
            return "whole numbers are expected, such as (2, 3)"
    if word.startswith("float[") and not (items is not None and all(isinstance(item, int | float) for item in items)):
        return "numbers are expected, such as (0.9, 0.999)"
    if word == "bool" and not isinstance(value, bool):
        return "True or False is expected"
    return ""
