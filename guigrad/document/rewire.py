"""Template values and program trees with their wires changed."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import structs

from guigrad.document.model import (
    Branch,
    Carried,
    DictOf,
    Effect,
    Eval,
    Format,
    In,
    Item,
    ListOf,
    Loop,
    Node,
    Region,
    Slice,
    Star,
    Value,
)

Change = Callable[[In], Value]


def rewire(value: Value, change: Change) -> Value:
    """The value with every ``In`` replaced by what ``change`` makes of it."""
    match value:
        case In():
            return change(value)
        case tuple():
            return tuple(rewire(item, change) for item in value)
        case ListOf(items):
            return ListOf(tuple(rewire(item, change) for item in items))
        case DictOf(items):
            return DictOf(tuple((rewire(key, change), rewire(item, change)) for key, item in items))
        case Slice(start, stop, step):
            return Slice(rewire(start, change), rewire(stop, change), rewire(step, change))
        case Star(inner):
            return Star(rewire(inner, change))
        case Format(inner, conversion, spec):
            return Format(rewire(inner, change), conversion, tuple(rewire(part, change) for part in spec))
    return value


def rewire_node(node: Node, change: Change) -> Node:
    """The node with the wires of its template changed."""
    args = tuple(rewire(value, change) for value in node.args)
    return structs.replace(node, args=args, kwargs=tuple((name, rewire(value, change)) for name, value in node.kwargs))


def rewire_items(items: tuple[Item, ...], change: Change, key: Callable[[str], str] = str) -> tuple[Item, ...]:
    """The tree with the wires of its headers changed and its ids mapped by ``key``."""
    return tuple(_rewire_item(item, change, key) for item in items)


def _rewire_item(item: Item, change: Change, key: Callable[[str], str]) -> Item:
    match item:
        case Eval(node):
            return Eval(key(node))
        case Effect(node):
            return Effect(key(node))
        case Region(identity, kind, body, args):
            return Region(key(identity), kind, rewire_items(body, change, key), tuple(rewire(a, change) for a in args))
        case Loop(identity, var, steps, body, carried):
            inner = rewire_items(body, change, key)
            return Loop(key(identity), key(var), rewire(steps, change), inner, _carried(carried, change, key))
        case Branch(identity, test, body, orelse, carried):
            first, second = rewire_items(body, change, key), rewire_items(orelse, change, key)
            return Branch(key(identity), rewire(test, change), first, second, _carried(carried, change, key))


def _carried(carried: tuple[Carried, ...], change: Change, key: Callable[[str], str]) -> tuple[Carried, ...]:
    found = []
    for carry in carried:
        updates = tuple(wire for update in carry.updates if isinstance(wire := change(update), In))
        found.append(Carried(key(carry.port), updates))
    return tuple(found)
