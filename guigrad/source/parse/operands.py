"""Operands that Python evaluates only when they are needed, and values that must be nodes of their own."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Final

from guigrad.document.model import Branch, Carried, DictOf, In, Item, ListOf, Value
from guigrad.ops.table import RECORDED
from guigrad.source.parse import kinds
from guigrad.source.parse.constants import constant_number
from guigrad.source.parse.scope import RefusedError, Scope

BODIES: Final = 100
"""How deep bodies nest; Python stops at 100 indents, a chain of ``elif`` counts too."""


class Operands(Scope):
    """What operands need beside their values. See *Lazy operands* in ARCHITECTURE.md."""

    def path(self, expr: ast.expr) -> str:
        """The full dotted path of ``torch.nn.functional.relu`` under whatever name it was imported, "" if it is no such thing."""
        names: list[str] = []
        while isinstance(expr, ast.Attribute):
            names.append(expr.attr)
            expr = expr.value
        if not isinstance(expr, ast.Name):
            return ""
        bound = self.names.get(expr.id)
        if bound is None and expr.id == RECORDED[:-1] and names:
            return RECORDED + ".".join(reversed(names))
        if bound is None or not bound.path:
            return ""
        return ".".join([bound.path, *reversed(names)])

    def is_plain(self, expr: ast.expr) -> bool:
        """Whether evaluating it makes no node, so that it can neither act nor raise."""
        match expr:
            case ast.Constant():
                return True
            case ast.Name(id=name):
                bound = self.names.get(name)
                return bound is None or not (bound.maybe or bound.refused)
            case ast.JoinedStr(values=parts):
                return all(isinstance(part, ast.Constant) for part in parts)
            case ast.UnaryOp() | ast.BinOp() | ast.Call():
                return constant_number(expr) is not None
            case ast.Attribute():
                return bool(self.path(expr))
            case ast.Tuple(elts=items) | ast.List(elts=items):
                return all(map(self.is_plain, items))
        return False

    def lazy(
        self,
        where: ast.AST,
        start: Value,
        *,
        body: Sequence[Item] = (),
        orelse: Sequence[Item] = (),
        update: In,
    ) -> In:
        """``start and b`` or ``start or b`` as a Branch on its own unnamed variable; the wire of that variable."""
        kind = kinds.join(self.kind(start), self.kind(update))
        wire = self.node(where, "python.carry", (start,), kind=kind, item=False)
        self.kept.add(wire.node or "")
        key = self.new_id()
        self.place(key, where)
        self.items.append(Branch(key, wire, tuple(body), tuple(orelse), (Carried(wire.node or "", (update,)),)))
        return wire

    def materialize(self, where: ast.AST, value: Value) -> In:
        """The value as a node evaluated in this body: a fresh unnamed one as it is, else a literal, display or alias of it."""
        if isinstance(value, In):
            if self.is_fresh(value):
                return value
            return self.node(where, "python.alias", (value,), kind=self.kind(value))
        op, args = display(value)
        return self.node(where, op, args, kind=self.kind(value))

    def is_fresh(self, wire: In) -> bool:
        """Whether the wire is the whole value of an unnamed node that this body evaluates."""
        node = self.nodes.get(wire.node or "")
        if node is None or node.name or node.outputs:
            return False
        for item in reversed(self.items[self.start :]):
            match item:
                case Branch(carried=carried):
                    if any(carry.port == node.id for carry in carried):
                        return True
                case _ if getattr(item, "node", None) == node.id:
                    return True
        return False


class Lazy:
    """Collects the items pushed inside the ``with`` as a body of their own."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.items: list[Item] = []

    def __enter__(self) -> Lazy:
        self.scope.bodies += 1
        if self.scope.bodies > BODIES:
            self.scope.bodies -= 1
            raise RefusedError(None, "this is nested too deeply", why="Give its parts names of their own.")
        self.outer, self.outer_start = self.scope.items, self.scope.start
        self.scope.chain.append(self.outer)
        self.scope.items, self.scope.start = self.items, 0
        return self

    def __exit__(self, *error: object) -> None:
        self.scope.bodies -= 1
        self.scope.chain.pop()
        self.scope.items, self.scope.start = self.outer, self.outer_start
        if error[0] is not None:  # a roll-back sees only the outer body: hand it what was made
            self.outer.extend(self.items)


def display(value: Value) -> tuple[str, tuple[Value, ...]]:
    """The op and arguments of the node that holds a value which is no wire."""
    match value:
        case tuple():
            return "python.tuple", value
        case ListOf(items):
            return "python.list", items
        case DictOf(items):
            return "python.dict", items
    return "python.literal", (value,)
