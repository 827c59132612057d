"""``return`` inside ``if`` and ``with``: the body of a function written so that it returns once, at its end.

What stands behind an ``if`` that returns becomes its ``else``, and each ``return x`` an assignment. Nothing is evaluated twice or
in another order. A ``return`` in a loop, one with statements behind it that are never reached, and one that would need a statement to
stand in two places are left as they are.
"""

from __future__ import annotations

import ast
from itertools import count
from typing import Final

NAME: Final = "result"
BEYOND: Final = 1_000_000
"""A column behind every comment, so that what stands nowhere in the script takes none."""


def with_one_return(function: ast.FunctionDef) -> list[ast.stmt]:
    """The statements of a function, with one ``return`` if that can be."""
    body = function.body
    early = [each for part in body[:-1] for each in _returns(part)]
    early += [] if isinstance(body[-1], ast.Return) else _returns(body[-1])
    if not early:
        return body
    words = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    words |= {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
    name = next(word for number in count(1) if (word := NAME if number == 1 else f"{NAME}_{number}") not in words)
    gives = any(each.value is not None for part in body for each in _returns(part))
    made = _ended(body, name if gives else "")
    if made is None:
        return body
    if gives:
        last = ast.Return(ast.Name(name, ast.Load()))
        made.append(_at_end(last, body[-1]))
    return made


def _ended(body: list[ast.stmt], name: str) -> list[ast.stmt] | None:
    """A body whose end gives the name what the function returns; None if it cannot be written so."""
    at = next((index for index, part in enumerate(body) if _returns(part)), None)
    if at is None:
        if not name:
            return [*body]
        nothing = ast.Assign([ast.Name(name, ast.Store())], ast.Constant(None))
        return [*body, _at_end(nothing, body[-1])] if body else None
    part, rest = body[at], body[at + 1 :]
    match part:
        case ast.Return(value=value) if not rest:
            new: ast.stmt = ast.Pass()
            if name:
                new = ast.Assign([ast.Name(name, ast.Store())], value or ast.Constant(None))
            return [*body[:at], ast.fix_missing_locations(ast.copy_location(new, part))]
        case ast.With() if not rest:
            inner = _ended(part.body, name)
            made = ast.With(part.items, inner or [])
            return None if inner is None else [*body[:at], ast.copy_location(made, part)]
        case ast.If() if not rest or (_always(part.body) and not _always(part.orelse)):
            first, other = _ended(part.body, name), [*part.orelse, *rest]
            second = _ended(other, name) if other else _nothing(part, name)
            if first is None or second is None:
                return None
            return [*body[:at], ast.copy_location(ast.If(part.test, first, second), part)]
    return None


def _always(body: list[ast.stmt]) -> bool:
    """Whether a body never comes to its end."""
    match body[-1] if body else None:
        case ast.Return():
            return True
        case ast.If(body=first, orelse=second):
            return _always(first) and _always(second)
        case ast.With(body=inner):
            return _always(inner)
    return False


def _nothing(part: ast.stmt, name: str) -> list[ast.stmt]:
    """What an ``else`` that is not there does."""
    return [_at_end(ast.Assign([ast.Name(name, ast.Store())], ast.Constant(None)), part)] if name else []


def _returns(part: ast.AST) -> list[ast.Return]:
    return [node for node in ast.walk(part) if isinstance(node, ast.Return)]


def _at_end(made: ast.stmt, last: ast.stmt) -> ast.stmt:
    made.lineno = made.end_lineno = last.end_lineno or last.lineno
    made.col_offset, made.end_col_offset = last.col_offset, BEYOND
    return ast.fix_missing_locations(made)
