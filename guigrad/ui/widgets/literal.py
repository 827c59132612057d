"""A parameter's value as the text a user types, and back. Read with ``ast`` alone; nothing typed is ever run."""

from __future__ import annotations

import ast
import math

from guigrad.document.array import ArrayData
from guigrad.document.model import DictOf, Format, In, ListOf, Slice, Star, Sym, Value
from guigrad.ops import table
from guigrad.ops.lambdas import LambdaError, text_of


class LiteralTextError(ValueError):
    """What is wrong with a typed text, in words."""


def value_text(value: Value) -> str:
    """A value as Python would write it; a wire is ``⟵``."""
    match value:
        case float() if math.isinf(value) or math.isnan(value):
            return {"inf": "inf", "-inf": "-inf", "nan": "nan"}[str(value)]
        case None | bool() | int() | float() | complex() | str():
            return repr(value)
        case tuple():
            inner = ", ".join(value_text(item) for item in value)
            return f"({inner},)" if len(value) == 1 else f"({inner})"
        case ListOf():
            return f"[{', '.join(value_text(item) for item in value.items)}]"
        case DictOf():
            return "{" + ", ".join(f"{value_text(k)}: {value_text(v)}" for k, v in value.items) + "}"
        case Slice():
            parts = [value_text(part) if part is not None else "" for part in (value.start, value.stop, value.step)]
            return ":".join(parts[:2]) + (f":{parts[2]}" if parts[2] else "")
        case Sym():
            return value.path
        case Star():
            return f"*{value_text(value.value)}"
        case In():
            return "⟵"
        case ArrayData():
            return f"<{value.dtype} {list(value.shape)}>"
        case Format():
            return f"{{{value_text(value.value)}}}"
        case _:
            return "..."


def index_text(value: Value) -> str:
    """An index as it stands between brackets: ``0, 1:3``."""
    if isinstance(value, tuple) and value:
        return ", ".join(value_text(item) for item in value) + ("," if len(value) == 1 else "")
    return value_text(value)


def read_value(text: str) -> Value:
    """The value of a literal.

    Raises: LiteralTextError with the reason in words.
    """
    return _convert(_parse(text.strip()), text)


def read_index(text: str) -> Value:
    """The value of an index, slices included.

    Raises: LiteralTextError with the reason in words.
    """
    tree = _parse(f"_[{text.strip()}]", text)
    if not isinstance(tree, ast.Subscript):
        raise LiteralTextError("an index such as 0, 1:3, -1 or ... is expected")
    return _convert(tree.slice, text)


def read_tensor(text: str) -> Value:
    """The value of a tensor's data: numbers in nested lists, every row as long as the others.

    Raises: LiteralTextError with the reason in words.
    """
    value = read_value(text)
    _shape(value)
    return value


def _parse(text: str, shown: str = "") -> ast.expr:
    if not (shown or text).strip():
        raise LiteralTextError("a value is expected")
    if len(text) > 2_000_000:
        raise LiteralTextError("the text is too long to type here: open it from a file")
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise LiteralTextError(_syntax_words(text, error)) from error
    except (ValueError, MemoryError, RecursionError) as error:
        raise LiteralTextError("this cannot be read as a value") from error


def _syntax_words(text: str, error: SyntaxError) -> str:
    pairs = {"(": ")", "[": "]", "{": "}"}
    stack = []
    for sign in text:
        if sign in pairs:
            stack.append(sign)
        elif sign in pairs.values() and (not stack or pairs[stack.pop()] != sign):
            return f"{sign!r} closes nothing"
    if stack:
        return f"{stack[-1]!r} is not closed: {pairs[stack[-1]]!r} is missing"
    where = f" at column {error.offset}" if error.offset else ""
    return f"{error.msg}{where}"


def _convert(tree: ast.expr, text: str) -> Value:
    match tree:
        case ast.Constant(value=value) if not isinstance(value, bytes):
            return value
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
            number = _convert(operand, text)
            if not isinstance(number, int | float | complex):
                raise LiteralTextError("a sign stands before numbers only")
            return -number if isinstance(sign, ast.USub) else number
        case ast.Tuple(elts=items):
            return tuple(_convert(item, text) for item in items)
        case ast.List(elts=items):
            return ListOf(tuple(_convert(item, text) for item in items))
        case ast.Slice():
            parts = (_convert(part, text) if part else None for part in (tree.lower, tree.upper, tree.step))
            return Slice(*parts)
        case ast.Lambda():
            try:
                return Sym(text_of(tree))
            except LambdaError as error:
                raise LiteralTextError(str(error)) from None
        case ast.Name(id="nan" | "inf" as name):
            return float(name)
        case ast.Name(id="nanj" | "infj" as name):
            return complex(0.0, float(name[:-1]))
        case ast.Name() | ast.Attribute():
            path = ast.unparse(tree)
            for full in (path, f"torch.{path}"):
                if table.is_symbol(full):
                    return Sym(full)
            raise LiteralTextError(f"{path!r} is no number and no constant of torch")
        case ast.BinOp(op=ast.Add() | ast.Sub() as sign, left=left, right=right):
            first, second = _convert(left, text), _convert(right, text)
            if isinstance(second, complex) and isinstance(first, int | float):
                return complex(first, second.imag if isinstance(sign, ast.Add) else -second.imag)
    raise LiteralTextError("only numbers, texts, lists and constants of torch can stand here")


def _shape(value: Value) -> tuple[int, ...]:
    match value:
        case bool() | int() | float() | complex() | Sym():
            return ()
        case tuple() | ListOf():
            items = value if isinstance(value, tuple) else value.items
            shapes = [_shape(item) for item in items]
            for number, shape in enumerate(shapes):
                if shape != shapes[0]:
                    raise LiteralTextError(
                        f"rows must be equally long: row 0 has shape {list(shapes[0])}, row {number} {list(shape)}"
                    )
            return (len(items), *(shapes[0] if shapes else ()))
    raise LiteralTextError(f"a tensor holds numbers, not {value_text(value)}")
