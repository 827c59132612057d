"""``lambda epoch: 0.95 ** epoch`` as text: a small function of one number that a scheduler calls. It is read and interpreted, never executed.

A template holds it as a ``Sym`` whose path is that text. Its numbers are those of Python: each operator is Python's own.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from typing import Any, Final

PREFIX: Final = "lambda "
TAKERS: Final = ("torch.optim.lr_scheduler.LambdaLR", "torch.optim.lr_scheduler.MultiplicativeLR")
"""What may be given one."""
LONGEST: Final = 2_000
BITS: Final = 4_096
"""Whole numbers of more bits are refused: they would take for ever."""

_Run = Callable[[Any], Any]
_BINARY: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod,
}  # fmt: skip
_UNARY: Final[dict[type[ast.unaryop], Callable[[Any], Any]]] = {
    ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Not: operator.not_,
}  # fmt: skip
_COMPARE: Final[dict[type[ast.cmpop], Callable[[Any, Any], Any]]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip
_BUILTINS: Final[dict[str, Callable[..., Any]]] = {
    "min": min,
    "max": max,
    "abs": abs,
    "round": round,
    "int": int,
    "float": float,
}
_MATH: Final = frozenset(
    [
        "acos",
        "acosh",
        "asin",
        "asinh",
        "atan",
        "atan2",
        "atanh",
        "ceil",
        "copysign",
        "cos",
        "cosh",
        "degrees",
        "exp",
        "expm1",
        "fabs",
        "floor",
        "fmod",
        "hypot",
        "log",
        "log10",
        "log1p",
        "log2",
        "pow",
        "radians",
        "sin",
        "sinh",
        "sqrt",
        "tan",
        "tanh",
        "trunc",
        "pi",
        "e",
        "tau",
        "inf",
    ]
)


class LambdaError(ValueError):
    """A text that is no such function; its words say why. ``part`` is the syntax node in the way."""

    def __init__(self, words: str, part: ast.AST | None = None) -> None:
        super().__init__(words)
        self.part = part


def is_lambda(path: str) -> bool:
    """Whether the path of a ``Sym`` is the text of a function."""
    return path.startswith(PREFIX)


def needs_math(path: str) -> bool:
    """Whether the code that shows it needs ``import math``."""
    return is_lambda(path) and "math." in path


def text_of(tree: ast.Lambda) -> str:
    """The text as code shows it. Raises: LambdaError for what cannot stand in there."""
    _compiled(tree)
    text = ast.unparse(tree)
    if len(text) > LONGEST:
        raise LambdaError("this function is too long", tree)
    return text


def normal(path: str) -> str:
    """A text as code shows it. Raises: LambdaError."""
    return text_of(_tree(path))


def sound(path: str) -> str:
    """The same for a text from anywhere; "" for one that is no such function."""
    try:
        return normal(path) if is_lambda(path) else ""
    except LambdaError:
        return ""


def _tree(path: str) -> ast.Lambda:
    if len(path) > LONGEST:
        raise LambdaError("this function is too long")
    try:
        tree = ast.parse(path, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise LambdaError("this is no function of Python") from None
    if not isinstance(tree, ast.Lambda):
        raise LambdaError("this is no lambda")
    return tree


def function(path: str) -> Callable[[Any], Any]:
    """The function that a text means. Raises: LambdaError."""
    run = _compiled(_tree(path))

    def call(number: Any) -> Any:
        return run(number)

    return call


def _compiled(tree: ast.Lambda) -> _Run:
    given = tree.args
    if given.posonlyargs or given.kwonlyargs or given.vararg or given.kwarg or given.defaults or len(given.args) != 1:
        raise LambdaError("a function here takes one number: `lambda epoch: 0.95 ** epoch`", tree)
    try:
        return _reader(given.args[0].arg, tree.body)
    except RecursionError:
        raise LambdaError("this function is nested too deeply", tree) from None


def _reader(name: str, part: ast.expr) -> _Run:
    """What computes one part from the number that the function is given."""

    def inner(other: ast.expr) -> _Run:
        return _reader(name, other)

    match part:
        case ast.Constant(value=bool() | int() | float() as value):
            return lambda _: value
        case ast.Name(id=word) if word == name:
            return lambda number: number
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            base, power = inner(left), inner(right)
            return lambda number: _power(base(number), power(number))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            act, one, two = _BINARY[type(op)], inner(left), inner(right)
            return lambda number: act(one(number), two(number))
        case ast.UnaryOp(op=sign, operand=operand) if type(sign) in _UNARY:
            change, of = _UNARY[type(sign)], inner(operand)
            return lambda number: change(of(number))
        case ast.Compare(left=left, ops=ops, comparators=others) if all(type(op) in _COMPARE for op in ops):
            sides, tests = [inner(left), *map(inner, others)], [_COMPARE[type(op)] for op in ops]
            return lambda number: _chain(sides, tests, number)
        case ast.BoolOp(op=ast.And(), values=values):
            parts = list(map(inner, values))
            return lambda number: _first(parts, False, number)
        case ast.BoolOp(op=ast.Or(), values=values):
            parts = list(map(inner, values))
            return lambda number: _first(parts, True, number)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            asked, yes, no = inner(test), inner(body), inner(orelse)
            return lambda number: yes(number) if asked(number) else no(number)
        case ast.Call(func=func, args=args, keywords=[]):
            call, given = _named(func, True), list(map(inner, args))
            return lambda number: call(*[one(number) for one in given])
        case ast.Attribute():
            value = _named(part, False)
            return lambda _: value
    raise LambdaError(
        f"a function here may use `{name}`, numbers, min, max, abs, round and math, not `{ast.unparse(part)}`", part
    )


def _named(part: ast.expr, called: bool) -> Any:
    match part:
        case ast.Name(id=word) if called and word in _BUILTINS:
            return _BUILTINS[word]
        case ast.Attribute(value=ast.Name(id="math"), attr=word) if (
            word in _MATH and callable(getattr(math, word)) is called
        ):
            return getattr(math, word)
    raise LambdaError(f"`{ast.unparse(part)}` cannot be used in a function here", part)


def _power(base: Any, power: Any) -> Any:
    if type(base) is int and type(power) is int and power > 0 and base.bit_length() * power > BITS:
        raise OverflowError(f"{base} ** {power} is too large a whole number")
    return base**power


def _chain(sides: list[_Run], tests: list[Callable[[Any, Any], Any]], number: Any) -> Any:
    left = sides[0](number)
    found: Any = True
    for test, side in zip(tests, sides[1:], strict=True):
        right = side(number)
        found = test(left, right)
        if not found:
            return found
        left = right
    return found


def _first(parts: list[_Run], stop: bool, number: Any) -> Any:
    found: Any = None
    for part in parts:
        found = part(number)
        if bool(found) is stop:
            return found
    return found
