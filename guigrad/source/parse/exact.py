"""The one written form of a tensor that holds exact bits (see ``tensor.data`` in ARCHITECTURE.md): read back."""

from __future__ import annotations

import ast
import base64
import binascii
from collections.abc import Callable

from guigrad.document.array import ArrayData
from guigrad.document.model import Value

Kwargs = tuple[tuple[str, Value], ...]


def exact_tensor(expr: ast.Call, path: Callable[[ast.expr], str]) -> tuple[ArrayData, Kwargs] | None:
    """The array and keywords of ``torch.frombuffer(bytearray(base64.b64decode("…")), dtype=…).as_strided(…)``, else None."""
    kwargs: Kwargs = ()
    match expr:
        case ast.Call(func=ast.Attribute(value=ast.Call() as inner, attr="requires_grad_"), args=[], keywords=[]):
            kwargs = (("requires_grad", True),)
            expr = inner
    match expr:
        case ast.Call(
            func=ast.Attribute(value=ast.Call() as source, attr="as_strided"),
            args=[ast.Tuple(elts=sizes), ast.Tuple(elts=steps), *rest],
            keywords=[],
        ) if len(rest) <= 1 and path(source.func) == "torch.frombuffer":
            data = _data(source, path)
        case ast.Call(args=[ast.Tuple(elts=sizes), ast.Tuple(elts=steps)]) if path(expr.func) == "torch.empty_strided":
            rest, source = [], expr
            data = b"" if 0 in (_numbers(sizes) or ()) else None  # torch.frombuffer takes no empty buffer
        case _:
            return None
    dtype, shape, strides, offset = _dtype(source, path), _numbers(sizes), _numbers(steps), _numbers(rest)
    if data is None or not dtype or shape is None or strides is None or offset is None:
        return None
    return ArrayData(dtype, shape, strides, data, sum(offset)), kwargs


def _numbers(items: list[ast.expr]) -> tuple[int, ...] | None:
    found = [item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, int)]
    return tuple(found) if len(found) == len(items) else None


def _dtype(source: ast.Call, path: Callable[[ast.expr], str]) -> str:
    match source.keywords:
        case [ast.keyword(arg="dtype", value=value)]:
            return path(value).removeprefix("torch.")
    return ""


def _data(source: ast.Call, path: Callable[[ast.expr], str]) -> bytes | None:
    match source.args:
        case [
            ast.Call(
                func=ast.Name(id="bytearray"),
                args=[ast.Call(func=decode, args=[ast.Constant(value=str(text))], keywords=[])],
                keywords=[],
            )
        ] if path(decode) == "base64.b64decode":
            try:
                return base64.b64decode(text, validate=True)
            except binascii.Error:
                return None
    return None
