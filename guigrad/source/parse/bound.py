"""Which names a piece of code binds, before it is read: loops and branches need to know."""

from __future__ import annotations

import ast
from collections.abc import Iterator

Names = dict[str, None]
"""An ordered set."""


def in_place_name(statement: ast.stmt) -> str:
    """The name y of an expression statement ``y.mul_(2)``, which re-binds y; "" for any other statement."""
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method))):
            if method.endswith("_") and not method.startswith("_"):
                return name
    return ""


def target_names(target: ast.expr) -> Iterator[str]:
    """The names that assigning to a target binds or, by an item, re-binds."""
    pending = [target]
    while pending:
        match pending.pop(0):
            case ast.Name(id=name):
                yield name
            case ast.Tuple(elts=items) | ast.List(elts=items):
                pending[:0] = items
            case ast.Starred(value=value):
                pending.insert(0, value)
            case ast.Subscript(value=ast.Name(id=name)):
                yield name


def bound_names(statements: list[ast.stmt], known: dict[ast.stmt, Names]) -> Names:
    """Every name that the statements bind, in order. ``known`` remembers inner blocks, so that deep nesting stays cheap."""
    found: Names = {}
    for statement in statements:
        found.update(_of_statement(statement, known))
    return found


def _of_statement(statement: ast.stmt, known: dict[ast.stmt, Names]) -> Names:
    cached = known.get(statement)
    if cached is not None:
        return cached
    found: Names = {}
    match statement:
        case ast.Assign(targets=targets):
            for target in targets:
                found.update(dict.fromkeys(target_names(target)))
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target, value=ast.expr()):
            found.update(dict.fromkeys(target_names(target)))
        case ast.Expr():
            name = in_place_name(statement)
            if name:
                found[name] = None
        case ast.For(target=target, body=body, orelse=orelse):
            found.update(dict.fromkeys(target_names(target)))
            found.update(bound_names(body, known))
            found.update(bound_names(orelse, known))
        case ast.If(body=body, orelse=orelse) | ast.While(body=body, orelse=orelse):
            found.update(bound_names(body, known))
            found.update(bound_names(orelse, known))
        case ast.With(items=items, body=body):
            for item in items:
                if item.optional_vars is not None:
                    found.update(dict.fromkeys(target_names(item.optional_vars)))
            found.update(bound_names(body, known))
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            found[name] = None
        case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=final):
            for block in (body, *(handler.body for handler in handlers), orelse, final):
                found.update(bound_names(block, known))
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            found.update(dict.fromkeys((a.asname or a.name).partition(".")[0] for a in names))
    if isinstance(statement, ast.For | ast.If | ast.With):
        known[statement] = found
    return found
