"""Expressions to nodes: operators, comparisons, indexing, displays, f-strings, and operands that are evaluated lazily."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Sequence
from types import EllipsisType
from typing import Final

from guigrad.document.model import Branch, Carried, DictOf, Format, In, Item, ListOf, Slice, Star, Sym, Value, wires_in
from guigrad.ops import table
from guigrad.ops.lambdas import LambdaError, text_of
from guigrad.source.parse import kinds
from guigrad.source.parse.constants import constant_number
from guigrad.source.parse.operands import Lazy, Operands
from guigrad.source.parse.scope import RefusedError
from guigrad.source.parse.suggest import unknown_name, unknown_op

BINARY: Final[dict[type[ast.operator], str]] = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "truediv", ast.FloorDiv: "floordiv", ast.Mod: "mod",
    ast.Pow: "pow", ast.MatMult: "matmul", ast.BitAnd: "and_", ast.BitOr: "or_", ast.BitXor: "xor",
    ast.LShift: "lshift", ast.RShift: "rshift",
}  # fmt: skip
UNARY: Final[dict[type[ast.unaryop], str]] = {ast.USub: "neg", ast.UAdd: "pos", ast.Invert: "invert", ast.Not: "not_"}
COMPARE: Final[dict[type[ast.cmpop], str]] = {
    ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.Eq: "eq", ast.NotEq: "ne",
    ast.Is: "is_", ast.IsNot: "is_not", ast.In: "contains", ast.NotIn: "not_contains",
}  # fmt: skip

NOT_HERE: Final[dict[type[ast.expr], tuple[str, str]]] = {
    ast.ListComp: ("a list comprehension is not understood", "Write a `for` loop with `append`, or list the items."),
    ast.SetComp: ("a set comprehension is not understood", "Write a `for` loop."),
    ast.DictComp: ("a dict comprehension is not understood", "Write a `for` loop that sets the keys."),
    ast.GeneratorExp: ("a generator expression is not understood", "Write a `for` loop that adds the items up."),
    ast.Lambda: ("`lambda` is not understood here", "Write the expression where it is used. Only LambdaLR and MultiplicativeLR take one."),
    ast.NamedExpr: ("`:=` is not understood", "Assign the name in a line of its own."),
    ast.Await: ("`await` is not understood", ""),
    ast.Yield: ("`yield` is not understood", ""),
    ast.YieldFrom: ("`yield from` is not understood", ""),
    ast.Set: ("a set is not understood", "Write a list or a tuple."),
    ast.Starred: ("`*` is not understood here", "Name each item."),
    ast.Slice: ("a slice stands only inside an index", ""),
}  # fmt: skip


class Expressions(Operands):
    """Reads expressions. ``value`` gives the template value; the nodes it needs are pushed on ``items`` in Python's order."""

    def value(self, expr: ast.expr) -> Value:
        """The template value of an expression.

        Raises: RefusedError for what is not understood.
        """
        match expr:
            case ast.Constant(value=constant):
                if isinstance(constant, bytes):
                    raise RefusedError(expr, "bytes are not understood", why="Write a list of numbers.")
                return self.unwired(expr) if constant is ... else constant
            case ast.Name():
                return self._name(expr)
            case ast.BinOp():
                return self._binary(expr)
            case ast.Call():
                return self.call(expr)
            case ast.Attribute():
                return self._attribute(expr)
            case ast.Subscript():
                base = self.value(expr.value)
                index = self.index(expr.slice)
                kind = kinds.of_item(self.kind(base), index)
                return self.node(expr, "operator.getitem", (base, index), kind=kind)
            case ast.UnaryOp():
                return self._unary(expr)
            case ast.Compare():
                return self._compare(expr)
            case ast.BoolOp():
                return self._bool(expr)
            case ast.IfExp():
                return self._ifelse(expr)
            case ast.JoinedStr():
                return self._fstring(expr)
            case ast.Tuple():
                return self._items(expr.elts)
            case ast.List():
                return ListOf(self._items(expr.elts))
            case ast.Dict():
                return self._dict(expr)
            case ast.Lambda() if self.takes_lambda:
                return self._lambda(expr)
        message, why = NOT_HERE.get(type(expr), ("this expression is not understood", ""))
        raise RefusedError(expr, message, why=why)

    def _lambda(self, expr: ast.Lambda) -> Sym:
        """A function of one number, as text. See ops/lambdas."""
        for part in ast.walk(expr.body):
            path = self.path(part) if isinstance(part, ast.Attribute) else ""
            if path.startswith("math.") and isinstance(part, ast.Attribute):
                part.value = ast.Name("math", ast.Load())  # whatever it was imported as
        try:
            return Sym(text_of(expr))
        except LambdaError as error:
            where = error.part if isinstance(error.part, ast.expr) and hasattr(error.part, "lineno") else expr
            why = "Its parameter, numbers, `if … else`, min, max, abs, round and math can stand in it."
            raise RefusedError(where, str(error), why=why) from None

    def call(self, expr: ast.Call) -> Value:
        """Overridden by Calls."""
        raise NotImplementedError

    def unwired(self, expr: ast.expr) -> In:
        """``...`` is how a port that nothing is wired to is written."""
        self.report(expr, "nothing is wired here: `...` stands for a missing value", "unwired")
        return In(None)

    def index(self, expr: ast.expr) -> Value:
        """What stands between the brackets of ``x[…]``."""
        match expr:
            case ast.Slice():
                lower, upper, step = (
                    None if part is None else self.value(part) for part in (expr.lower, expr.upper, expr.step)
                )
                return Slice(lower, upper, step)
            case ast.Constant(value=EllipsisType()):
                return ...
            case ast.Tuple():
                for part in expr.elts:
                    if isinstance(part, ast.Starred):
                        raise RefusedError(part, "`*` inside an index is not understood", why="Write the items out.")
                return tuple(self.index(part) for part in expr.elts)
        return self.value(expr)

    # -- names and attributes -------------------------------------------------------------------

    def _name(self, expr: ast.Name) -> Value:
        bound = self.names.get(expr.id)
        if bound is None:
            if table.is_symbol(f"builtins.{expr.id}"):
                return Sym(f"builtins.{expr.id}")
            if expr.id == "Ellipsis":
                return ...
            if expr.id == "__name__":
                return "__main__"
            if hasattr(builtins, expr.id):
                raise RefusedError(expr, f"`{expr.id}` is not understood here", "name")
            raise RefusedError(expr, *unknown_name(expr.id, self.names if self.may_suggest() else ()))
        if bound.refused:
            raise RefusedError(
                expr,
                f"skipped: `{expr.id}` comes from line {bound.refused}, which was not understood",
                "name",
                quiet=True,
            )
        if bound.function is not None:
            why = f"Call it. Only the step of an optimizer takes one: `optimizer.step({expr.id})`."
            raise RefusedError(expr, f"the function `{expr.id}` as a value is not understood", why=why)
        return self._constant(expr, bound.path) if bound.path else bound.value

    def _constant(self, expr: ast.expr, path: str) -> Value:
        if table.is_symbol(path):
            return Sym(path)
        if table.find(path) is not None:
            return Sym(path)  # a function as a value: `act = torch.relu`
        raise RefusedError(expr, *unknown_op(path, self.may_suggest()))

    def _attribute(self, expr: ast.Attribute) -> Value:
        path = self.path(expr)
        if path:
            return self._constant(expr, path)
        base = self.value(expr.value)
        found = kinds.attribute(self.kind(base), expr.attr)
        if found is None:
            if table.is_method(expr.attr) or table.is_object_method(expr.attr):
                raise RefusedError(expr, f"`.{expr.attr}` is a method: call it with `()`", "type")
            raise RefusedError(expr, f"`.{expr.attr}` is not an attribute that can be read here", "unknown op")
        op, kind = found
        return self.node(expr, op, (base,), kind=kind)

    # -- operators ------------------------------------------------------------------------------

    def _unary(self, expr: ast.UnaryOp) -> Value:
        number = constant_number(expr)
        if number is not None:
            return number
        value = self.value(expr.operand)
        name = UNARY[type(expr.op)]
        kind = self.kind(value)
        kind = "bool" if name == "not_" else "int" if kind == "bool" else kind
        return self.node(expr, f"operator.{name}", (value,), kind=kind)

    def _binary(self, expr: ast.BinOp) -> Value:
        number = constant_number(expr)
        if number is not None:
            return number
        chain: list[ast.BinOp] = []
        left: ast.expr = expr
        while (
            isinstance(left, ast.BinOp) and constant_number(left) is None
        ):  # a long sum nests to the left: no recursion
            chain.append(left)
            left = left.left
        value = self.value(left)
        for step in reversed(chain):
            other = self.value(step.right)
            name = BINARY[type(step.op)]
            kind = kinds.of_operator(name, self.kind(value), self.kind(other))
            value = self.node(step, f"operator.{name}", (value, other), kind=kind)
        return value

    def _comparison(self, expr: ast.Compare, op: ast.cmpop, left: Value, right: Value) -> In:
        name = COMPARE[type(op)]
        kind = kinds.of_operator(name, self.kind(left), self.kind(right))
        args = (right, left) if name in ("contains", "not_contains") else (left, right)
        return self.node(expr, f"operator.{name}", args, kind=kind)

    def _compare(self, expr: ast.Compare) -> Value:
        left = self.value(expr.left)
        right = self.value(expr.comparators[0])
        first = self._comparison(expr, expr.ops[0], left, right)
        if len(expr.ops) == 1:
            return first
        if all(self.is_plain(operand) for operand in expr.comparators[1:]):
            found: list[Value] = [first]
            for op, operand in zip(expr.ops[1:], expr.comparators[1:], strict=True):
                left, right = right, self.value(operand)
                found.append(self._comparison(expr, op, left, right))
            return self.node(expr, "python.and", tuple(found), kind=kinds.join(*map(self.kind, found[:2])))
        return self._chain(expr, first, right, 1)

    def _chain(self, expr: ast.Compare, found: In, left: Value, at: int) -> In:
        """``a < b() < c()``: each operand is evaluated only if all before it held."""
        with Lazy(self) as lazy:
            right = self.value(expr.comparators[at])
            update = self._comparison(expr, expr.ops[at], left, right)
            if at + 1 < len(expr.ops):
                update = self._chain(expr, update, right, at + 1)
        return self.lazy(expr, found, body=lazy.items, update=update)

    # -- lazily evaluated operands: see *Lazy operands* in ARCHITECTURE.md ------------------------

    def _bool(self, expr: ast.BoolOp) -> Value:
        is_and = isinstance(expr.op, ast.And)
        plain = 1
        while plain < len(expr.values) and self.is_plain(expr.values[plain]):
            plain += 1
        value = self.value(expr.values[0])
        if plain > 1:
            operands = (value, *(self.value(operand) for operand in expr.values[1:plain]))
            kind = self.kind(value)
            for operand in operands:
                kind = kinds.join(kind, self.kind(operand))
            value = self.node(expr, "python.and" if is_and else "python.or", operands, kind=kind)
        for later in expr.values[plain:]:
            with Lazy(self) as lazy:
                update = self.materialize(later, self.value(later))
            if is_and:
                value = self.lazy(expr, value, body=lazy.items, update=update)
            else:
                value = self.lazy(expr, value, orelse=lazy.items, update=update)
        return value

    def _ifelse(self, expr: ast.IfExp) -> Value:
        test = self.value(expr.test)
        if self.is_plain(expr.body) and self.is_plain(expr.orelse):
            body, orelse = self.value(expr.body), self.value(expr.orelse)
            kind = kinds.join(self.kind(body), self.kind(orelse))
            return self.node(expr, "python.ifelse", (test, body, orelse), kind=kind)
        with Lazy(self) as first:
            taken = self.materialize(expr.body, self.value(expr.body))
        with Lazy(self) as second:
            other = self.materialize(expr.orelse, self.value(expr.orelse))
        kind = kinds.join(self.kind(taken), self.kind(other))
        wire = self.node(expr, "python.carry", kind=kind, item=False)
        self.kept.add(wire.node or "")
        key = self.new_id()
        self.place(key, expr)
        carried = (Carried(wire.node or "", (taken, other)),)
        self.items.append(Branch(key, test, tuple(first.items), tuple(second.items), carried))
        return wire

    # -- displays and texts ---------------------------------------------------------------------

    def _items(self, elements: Sequence[ast.expr]) -> tuple[Value, ...]:
        return tuple(
            Star(self.value(element.value)) if isinstance(element, ast.Starred) else self.value(element)
            for element in elements
        )

    def _dict(self, expr: ast.Dict) -> Value:
        pairs: list[tuple[Value, Value]] = []
        for key, item in zip(expr.keys, expr.values, strict=True):
            if key is None:
                raise RefusedError(expr, "`**` in a dict is not understood", why="Write the pairs out.")
            pairs.append((self.value(key), self.value(item)))
        return DictOf(tuple(pairs))

    def _fstring(self, expr: ast.JoinedStr) -> Value:
        parts = self._parts(expr)
        if not any(isinstance(part, Format) for part in parts):
            return "".join(part for part in parts if isinstance(part, str))
        return self.node(expr, "python.fstring", parts, kind="str")

    def _parts(self, expr: ast.JoinedStr) -> tuple[Value, ...]:
        parts: list[Value] = []
        for piece in expr.values:
            if isinstance(piece, ast.FormattedValue):
                before = len(self.items)
                value = self.value(piece.value)
                spec = self._parts(piece.format_spec) if isinstance(piece.format_spec, ast.JoinedStr) else ()
                if any(not _is_eval(item) for item in self.items[before:]):
                    parts = self._formatted_already(piece, parts, before)
                conversion = chr(piece.conversion) if piece.conversion > 0 else ""
                if isinstance(value, str) and not spec and conversion in ("", "s"):
                    parts.append(value)
                else:
                    parts.append(Format(value, conversion, spec))
            elif isinstance(piece, ast.Constant):
                parts.append(str(piece.value))
        return _joined(parts)

    def _formatted_already(self, where: ast.expr, parts: list[Value], before: int) -> list[Value]:
        """Python formats each part before it evaluates the next: parts ahead of one that acts become a text of their own."""
        read = [part for part in parts if isinstance(part, Format) and any(wires_in((part.value, part.spec)))]
        if all(self.kind(part.value) == "str" and not part.spec for part in read):
            return parts  # a text does not change
        later = self.items[before:]
        del self.items[before:]
        text = self.node(where, "python.fstring", _joined(parts), kind="str")
        self.items.extend(later)
        return [Format(text)]


def _is_eval(item: Item) -> bool:
    return type(item).__name__ == "Eval"


def _joined(parts: Sequence[Value]) -> tuple[Value, ...]:
    found: list[Value] = []
    for part in parts:
        if isinstance(part, str) and found and isinstance(found[-1], str):
            found[-1] += part
        elif part != "":
            found.append(part)
    return tuple(found)
