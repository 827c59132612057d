"""What a card says about a node before anything has run: title, op, kind, ports."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from types import EllipsisType
from typing import Final

from msgspec import Struct, structs

from guigrad.document import ports as document_ports
from guigrad.document import template
from guigrad.document.array import ArrayData
from guigrad.document.loose import MUTED
from guigrad.document.model import (
    PARAM,
    RETURN,
    DictOf,
    Document,
    Format,
    In,
    ListOf,
    Node,
    Slice,
    Star,
    Sym,
    Value,
    callee,
)
from guigrad.document.template import Place
from guigrad.ops import table
from guigrad.ui.canvas.geometry import ports_height
from guigrad.ui.theme import KINDS

LEAF, OP, REDUCE, LOSS, OPTIM, OTHER = range(len(KINDS))
_FAMILY: Final = {"leaves": LEAF, "reduce": REDUCE, "loss": LOSS, "optimizer": OPTIM}
_SHORT: Final = 14
DEPTH: Final = 4
"""How deep code without cards is written out on a port."""


class Inlet(Struct, frozen=True):
    """A port on the left edge. ``text`` is the literal that stands there, "" for a wire or an open end;
    ``hidden``: what stands there is the code of an operand that has no card.
    """

    path: str
    label: str
    place: Place
    text: str = ""
    optional: bool = False
    hidden: bool = False


class Facet(Struct, frozen=True):
    """The part of a card that depends on its node alone.

    ``outputs`` are the names at the right edge, ("",) for the one value. ``rows`` counts named port rows; a node with one input and
    one output has none, its ports are beside its value. ``open``: an input waits for a wire. ``muted``: it passes its input on; title and op
    are those of what it was.
    """

    title: str
    op: str
    kind: int
    inputs: tuple[Inlet, ...]
    outputs: tuple[str, ...]
    literal: bool
    source: bool
    wants_grad: bool
    open: bool = False
    muted: bool = False

    @property
    def rows(self) -> int:
        """Named port rows."""
        left = len(self.inputs) if len(self.inputs) > 1 else 0
        right = len(self.outputs) if len(self.outputs) > 1 else 0
        return max(left, right)

    @property
    def top(self) -> float:
        """Units: canvas units that the port rows take."""
        return ports_height(self.rows)

    def inlet(self, path: str) -> int:
        """The number of the port with this path, -1 if there is none."""
        for index, inlet in enumerate(self.inputs):
            if inlet.path == path:
                return index
        return -1


def facet(node: Node, document: Document | None = None, hidden: Callable[[str], bool] = lambda key: False) -> Facet:
    """The face of one node; ``hidden`` tells which of the nodes it reads have no card, so that their code is shown instead."""
    view = document.views.get(node.id) if document is not None else None
    if view is not None and view.muted is not None and node.op == MUTED:
        was = facet(structs.replace(view.muted, name=node.name), None)
        now = facet(node, structs.replace(document, views={}) if document is not None else None, hidden)
        return structs.replace(
            was,
            inputs=now.inputs,
            outputs=now.outputs,
            source=now.source,
            kind=OTHER,
            open=now.open,
            muted=True,
        )
    inputs = tuple(_fill(node, inlet, document, hidden) for inlet in inlets(node))
    wired = any(True for _ in node.inputs())
    function = document.functions.get(callee(node) or "") if document is not None else None
    short = short_op(node.op) if function is None else function.name
    literal = node.op == "python.literal"
    glyph = glyph_of(node.op)
    if literal:
        op = value_text(node.args[0]) if node.args else ""
    elif not wired and not node.op.startswith("python."):
        op = _call(short, node)
    else:
        op = short
    if node.name is None:
        title, op = (_variable(node, short), glyph if glyph != short else "")
    else:
        title = node.name
    kind = kind_of(node.op)
    if function is not None:
        steps = len(function.program)
        op, kind = f"ƒ {short} · {steps}" if title != short else f"ƒ {steps} step{'s' * (steps != 1)}", OP
    elif node.op == RETURN:
        title, op = "result", "return"
    elif node.op == PARAM:
        op = "parameter"
    return Facet(
        title=title,
        op=op if len(op) <= _SHORT else op[: _SHORT - 1] + "…",
        kind=LEAF if literal or (kind == OP and not wired) else OP if kind == LEAF and wired else kind,
        inputs=inputs,
        outputs=tuple(name or "_" for name in node.outputs) or ("",),
        literal=literal,
        source=not wired,
        wants_grad=("requires_grad", True) in node.kwargs,
        open=any(wire.node is None for wire in node.inputs()),
    )


def _variable(node: Node, short: str) -> str:
    if node.outputs:
        return ", ".join(name or "_" for name in node.outputs)
    return short


def _call(short: str, node: Node) -> str:
    """``randn(5)``; the bare name where the arguments are long."""
    inside = ", ".join(value_text(value) for value in node.args)
    text = f"{short}({inside})"
    return text if node.args and len(text) <= _SHORT else short


def _shape(value: Value) -> object:
    """What of an argument decides which ports there are: where wires are, not to which node; kinds, not numbers."""
    match value:
        case In():
            return value.node is not None
        case tuple() | ListOf() | DictOf() | Slice() | Star() | Format():
            inside = tuple(_shape(part) for part in template.children(value))
            if isinstance(value, tuple | ListOf) and len(inside) > 8 and len(set(map(repr, inside))) == 1:
                return (type(value).__name__, len(inside), inside[0])
            return (type(value).__name__, inside)
        case bool():
            return "bool"
        case int() | float() | complex():
            return "number"
    return type(value).__name__


_KNOWN: Final[dict[object, tuple[Inlet, ...]]] = {}


def inlets(node: Node) -> tuple[Inlet, ...]:
    """The ports at a node's left edge, without the literals in them; asked of the op table once for all nodes of one shape."""
    args, kwargs = tuple(_shape(v) for v in node.args), tuple((k, _shape(v)) for k, v in node.kwargs)
    shape = (node.op, node.signature, args, kwargs)  # functions of two documents may have one id
    known = _KNOWN.get(shape)
    if known is None:
        if len(_KNOWN) > 4096:
            _KNOWN.clear()
        known = _KNOWN[shape] = _inlets(node)
    return known


def _inlets(node: Node) -> tuple[Inlet, ...]:
    found = []
    for port in document_ports.ports(node):
        wired = isinstance(port.value, In) and bool(port.place)
        extra = not port.place and port.path.endswith("]")
        if wired or port.required or (port.place and not isinstance(port.value, In)):
            found.append(Inlet(port.path, port.label, port.place))
        elif extra and len(found):
            found.append(Inlet(port.path, "…", (), optional=True))
        elif not port.place and not extra:  # a bias
            found.append(Inlet(port.path, port.label, (), optional=True))
    # A call without any wire, and a lone literal, is a source: its numbers are edited in the card, not wired.
    needed = [i for i in found if i.place or not i.optional]
    if not any(isinstance(template.get(node, i.place), In) for i in needed if i.place) and all(i.place for i in needed):
        return ()
    return tuple(found)


def _fill(node: Node, inlet: Inlet, document: Document | None, hidden: Callable[[str], bool]) -> Inlet:
    if not inlet.place:
        return inlet
    value = template.get(node, inlet.place)
    if isinstance(value, In):
        if value.node is None or document is None or not hidden(value.node):
            return inlet
        return Inlet(inlet.path, inlet.label, inlet.place, value_text(value, code_of(document, hidden)), hidden=True)
    return Inlet(inlet.path, inlet.label, inlet.place, value_text(value))


@lru_cache(maxsize=4096)
def kind_of(op: str) -> int:
    """The kind (index into theme.KINDS) that gives a node its accent."""
    if op.startswith(("torch.optim.", "object.")):
        return OPTIM
    row = table.find(op)
    if row is None:
        return OTHER
    if op.startswith("python."):
        return OTHER
    # A method's or operator's own row has no family of the palette; the function of the same name has.
    front = row if row.front else table.by_key(short_op(op)) or row
    return _FAMILY.get(front.family, _FAMILY.get(row.family, OP))


@lru_cache(maxsize=4096)
def short_op(op: str) -> str:
    """``mean`` for torch.Tensor.mean, ``linalg.inv`` for torch.linalg.inv."""
    for prefix in ("torch.nn.functional.", "torch.Tensor.", "torch.", "operator.", "python.", "builtins."):
        if op.startswith(prefix):
            return op[len(prefix) :]
    return op


@lru_cache(maxsize=4096)
def glyph_of(op: str) -> str:
    """The sign of an op where it has one, else its short name."""
    row = table.find(op)
    return (row.infix or row.glyph or short_op(op)) if row else short_op(op)


Wired = Callable[[In], str]
"""What to write where a wire comes in."""


def value_text(value: Value, wired: Wired = lambda wire: "·") -> str:
    """A template's value much as Python writes it."""
    match value:
        case In():
            return wired(value)
        case Sym():
            return value.path.removeprefix("torch.")
        case EllipsisType():
            return "…"
        case tuple():
            return "(" + _list(value, wired) + ")"
        case ListOf():
            return "[" + _list(value.items, wired) + "]"
        case Slice():
            parts = ["" if part is None else value_text(part, wired) for part in (value.start, value.stop)]
            return ":".join(parts) + ("" if value.step is None else f":{value_text(value.step, wired)}")
        case Star():
            return "*" + value_text(value.value, wired)
        case Format():
            return "{" + value_text(value.value, wired) + "}"
        case DictOf():
            return "{…}"
        case ArrayData():
            return str(list(value.shape))
    return repr(value)


def _list(values: tuple[Value, ...], wired: Wired) -> str:
    return ", ".join(value_text(value, wired) for value in values[:8]) + (", …" if len(values) > 8 else "")


def code_of(document: Document, hidden: Callable[[str], bool], depth: int = DEPTH) -> Wired:
    """Writes a wire as the name of its source; a nameless one as its code if it has no card, as its op if it has."""

    def wired(wire: In) -> str:
        source = document.nodes.get(wire.node or "")
        if source is None:
            return "·"
        if source.name is not None:
            return source.name
        if not depth or not hidden(source.id):
            return short_op(source.op)
        return expression(source, code_of(document, hidden, depth - 1))

    return wired


def expression(node: Node, wired: Wired) -> str:
    """A nameless node as short code; the code pane has the exact text."""
    parts = [value_text(value, wired) for value in node.args]
    row = table.find(node.op)
    if row is not None and row.infix and len(parts) == 2:
        return f"{parts[0]} {row.infix} {parts[1]}"
    if node.op.startswith("torch.Tensor.") and parts:
        return f"{parts[0]}.{short_op(node.op)}" + ("" if len(parts) == 1 else f"({', '.join(parts[1:])})")
    return f"{short_op(node.op)}({', '.join(parts)})"


def value_path(node: Node) -> str | None:
    """The parameter that a source's value is written in, where it can be edited on the card: a literal's, a tensor's."""
    if node.op not in ("python.literal", "torch.tensor") or not node.args or any(True for _ in node.inputs()):
        return None
    return document_ports.path_of(node, (0,))


def literal_text(value: Value) -> str:
    """A literal in full, as Python writes it."""
    match value:
        case ListOf():
            return "[" + ", ".join(map(literal_text, value.items)) + "]"
        case tuple():
            return "(" + ", ".join(map(literal_text, value)) + ("," if len(value) == 1 else "") + ")"
        case Sym():
            return value.path
        case In():
            return ""
    return "..." if value is Ellipsis else repr(value)
