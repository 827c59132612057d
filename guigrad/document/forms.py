"""The written forms of ops: which are statements, which re-bind a name, in which order operands are evaluated."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Final

from guigrad.document.model import (
    CALL,
    CAPTURE,
    Branch,
    DictOf,
    Document,
    Effect,
    In,
    Item,
    ListOf,
    Loop,
    Node,
    Region,
    Star,
    Value,
    wires_in,
)

STATEMENTS: Final = ("operator.i", "setitem.", "setattr.")
STAND_ALONE: Final = frozenset(
    {"python.literal", "python.param", "python.return", "python.closure", "python.alias", "python.list", "python.tuple", "python.dict", "python.unpack", "python.carry",
     "python.loop_var", "python.assert", "python.break", "python.continue", "operator.setitem"}
)  # fmt: skip
"""Ops that are never part of a larger expression: as an operand their code would read back as a template."""

LEAVES: Final = ("python.break", "python.continue")
"""What ends a round of a loop before its end."""

ORDERED: Final = frozenset(
    {
        "operator.setitem",
        "operator.contains",
        "operator.not_contains",
        "python.and",
        "python.or",
        "python.ifelse",
        "python.fstring",
    }
)
"""Ops whose operands are not simply evaluated in the order of their template."""

COMPARISONS: Final = frozenset(
    f"operator.{name}" for name in ["lt", "le", "gt", "ge", "eq", "ne", "is_", "is_not", "contains", "not_contains"]
)
LAZY: Final = ("python.and", "python.or", "python.ifelse")


def template_wires(node: Node) -> tuple[In, ...]:
    """The wires of a node's template, as ``Node.inputs`` gives them, faster."""
    found: list[In] = []
    for value in node.args:
        if type(value) is In:
            found.append(value)
        elif type(value) not in _PLAIN:
            found.extend(wires_in(value))
    for _, value in node.kwargs:
        if type(value) is In:
            found.append(value)
        elif type(value) not in _PLAIN:
            found.extend(wires_in(value))
    return tuple(found)


_PLAIN: Final = frozenset({int, float, str, bool, type(None)})


def leaves(document: Document, items: tuple[Item, ...]) -> bool:
    """Whether a body ends with ``break`` or ``continue``: nothing of it reaches what stands behind its ``if``."""
    node = document.nodes.get(items[-1].node) if items and isinstance(items[-1], Effect) else None
    return node is not None and node.op in LEAVES


def misplaced(document: Document, items: tuple[Item, ...], loop: bool = False, end: bool = False) -> Iterator[str]:
    """The nodes of ``break`` and ``continue`` that do not end the body of an ``if`` in a loop. ``end``: this is such a body."""
    for at, item in enumerate(items):
        match item:
            case Effect(key):
                node = document.nodes.get(key)
                if node is not None and node.op in LEAVES and not (loop and end and at == len(items) - 1):
                    yield key
            case Loop():
                yield from misplaced(document, item.body, True)
            case Region():
                yield from misplaced(document, item.body, loop and item.kind != "closure")
            case Branch():
                yield from misplaced(document, item.body, loop, True)
                yield from misplaced(document, item.orelse, loop, True)


@cache
def is_statement(op: str) -> bool:
    """Whether an op is written as a statement only (``y += 1``, ``x[0] = 1``)."""
    if op.startswith("operator.i"):
        return op not in ("operator.is_", "operator.is_not", "operator.invert")
    return op.startswith(STATEMENTS) or op in ("operator.setitem", "python.assert", *LEAVES)


def visible(node: Node) -> tuple[In, ...]:
    """The wires of a node's template that the code shows: all but those of captures."""
    if not node.op.startswith(CALL):
        return template_wires(node)
    found = [wire for value in node.args for wire in wires_in(value)]
    found += [wire for word, value in node.kwargs if not word.startswith(CAPTURE) for wire in wires_in(value)]
    return tuple(found)


def hidden(node: Node) -> tuple[tuple[str, Value], ...]:
    """What a call gives to captures, by name."""
    if not node.op.startswith(CALL):
        return ()
    return tuple((word[len(CAPTURE) :], value) for word, value in node.kwargs if word.startswith(CAPTURE))


def is_in_place_method(op: str) -> bool:
    """Whether ``y.op()`` as a statement re-binds y."""
    return op.startswith("torch.Tensor.") and op.endswith("_") and not op[13:].startswith("_")


def rebinds(op: str) -> bool:
    """Whether an op is a statement that re-binds the name that it changes."""
    return is_statement(op) and not op.startswith(("setattr.", "python."))


def operands(node: Node) -> tuple[Value, ...]:
    """A node's template values in the order in which Python evaluates its code."""
    args = node.args
    match node.op:
        case "operator.setitem" if len(args) == 3:
            return (args[2], args[0], args[1])
        case "operator.contains" | "operator.not_contains" if len(args) == 2:
            return (args[1], args[0])
        case op if op.startswith("setattr.") and op.count(".") == 1 and len(args) == 2:
            return (args[1], args[0])
    return (*args, *(value for _, value in node.kwargs))


def compared(node: Node) -> tuple[Value, Value]:
    """Left and right of a comparison as written."""
    first, second = node.args
    return (second, first) if node.op in ("operator.contains", "operator.not_contains") else (first, second)


def is_chain(document: Document, node: Node) -> bool:
    """Whether a ``python.and`` is a chain ``a < b < c`` whose middle operands need no evaluation."""
    parts = [document.nodes.get(arg.node or "") if isinstance(arg, In) else None for arg in node.args]
    sides = []
    for part in parts:
        if part is None or part.op not in COMPARISONS or len(part.args) != 2 or part.name is not None:
            return False
        sides.append(compared(part))
    return len(sides) > 1 and all(repr(a[1]) == repr(b[0]) for a, b in pairwise(sides))


def has_hard_text(values: tuple[object, ...]) -> bool:
    """Whether a template holds a text that an f-string of Python 3.11 cannot hold inside its braces."""
    for value in values:
        if type(value) in (In, int, float, bool):
            continue
        if isinstance(value, str):
            if not value.isprintable() or any(character in value for character in "\\'\"#"):
                return True
        elif isinstance(value, tuple):
            if has_hard_text(value):
                return True
        elif isinstance(value, ListOf | DictOf):
            if has_hard_text(value.items):
                return True
        elif isinstance(value, Star) and has_hard_text((value.value,)):
            return True
    return False
