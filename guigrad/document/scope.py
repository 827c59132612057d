"""A function's body as a document of its own, so that every edit and view works inside it. See Note [Functions] in document.model.

In such a document the captures and parameters are the first items, ``python.param`` nodes; the result is its last, an Effect of a
``python.return`` node whose id is the function's (so ``views[function id]`` is where its card lies). The main program is the scope "".
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from msgspec import structs

from guigrad.document import tree
from guigrad.document.diff import Diff
from guigrad.document.draft import Edit, refused
from guigrad.document.follow import follow
from guigrad.document.index import fresh_ids
from guigrad.document.model import (
    CLOSURE,
    PARAM,
    RETURN,
    Document,
    Effect,
    Eval,
    Function,
    Item,
    Node,
    item_key,
    route_port,
)


def inside(document: Document, key: str) -> Document:
    """The body of a function, or for "" the main program, as a document. Kept with the document."""
    if not key and not document.functions:
        return document
    known: dict[str, Document] = document.__dict__.setdefault("inside", {})
    if key not in known:
        known[key] = _inside(document, key) if key else _main(document)
    return known[key]


def whole_of(document: Document) -> Document:
    """The document that this one is the inside of; itself if it is none."""
    whole: Document = document.__dict__.get("whole", document)
    return whole


def within(key: str, edit: Edit) -> Edit:
    """An edit of what ``inside(document, key)`` shows, as an edit of the whole document."""

    def apply(document: Document) -> Diff:
        return lift(document, key, edit(inside(document, key)))

    return apply


def lift(document: Document, key: str, diff: Diff) -> Diff:
    """A change of what ``inside(document, key)`` shows, as a change of the whole document.

    Raises: Refused when the body would be none: a parameter inside a loop, a second result.
    """
    if not key:
        return diff
    function = document.functions[key]
    after = diff.apply(inside(document, key))
    new = _function(after, diff, function)
    functions = dict(diff.functions)
    if new != function:
        functions[key] = (function, new)
    nodes = {node: change for node, change in diff.nodes.items() if node != key}
    taken = {after.nodes[param].name for param in (*new.params, *new.captures)}
    for param in new.params:
        if after.nodes[param].name is None:
            name = next(name for name in _names() if name not in taken)
            taken.add(name)
            before = nodes.get(param, (document.nodes.get(param), None))[0]
            nodes[param] = (before, structs.replace(after.nodes[param], name=name))
    settings = diff.settings
    if settings is not None and settings[1].root == key:  # the result's card is no node of the document
        settings = (settings[0], structs.replace(settings[1], root=None))
    return follow(document, structs.replace(diff, nodes=nodes, functions=functions, program=None, settings=settings))


def _names() -> Iterator[str]:
    """Names for parameters that nobody named."""
    yield from "xyz"
    yield from (f"x{number}" for number in count(1))


def _check(after: Document, old: Function) -> None:
    """Refuses a body that could not be written as a ``def``."""
    spots = tree.spots(after)
    names: set[str] = set()
    if after.consumers.get(old.id):
        raise refused("the result of a function is read where it is called")
    for key, node in after.nodes.items():
        if node.op == CLOSURE:
            raise refused("a step that calls a function cannot stand inside another function", node_id=key)
        if node.op == RETURN and (key != old.id or len(spots[key]) > 1):
            raise refused("a function has one result, at its end")
        if node.op == PARAM:
            if len(spots[key]) > 1:
                raise refused("a parameter stands at the start of its function", node_id=key)
            if node.kwargs or node.outputs or len(node.args) > 1 or any(node.inputs()):
                raise refused("the default of a parameter is a constant", node_id=key)
            if node.name is not None and node.name in names and key not in old.captures:
                raise refused(f"there is a parameter {node.name} already", node_id=key)
            names.add(node.name or "")


def owners(document: Document) -> dict[str, str]:
    """For each node and item of a function's body the function's id; what is not in it belongs to the main program."""
    known: dict[str, str] | None = document.__dict__.get("owners")
    if known is None:
        known = document.__dict__["owners"] = {}
        for function in document.functions.values():
            known.update(dict.fromkeys((function.id, *body_keys(function)), function.id))
    return known


def body_keys(function: Function) -> set[str]:
    """The ids of a function's nodes and items."""
    found = {*function.params, *function.captures}
    for item in function.program:
        found.update(tree.keys(item))
        found.update(tree.defined(item))
    return found


def _inside(document: Document, key: str) -> Document:
    function = document.functions[key]
    keys = body_keys(function)
    order = [*function.captures, *function.params, *(each for item in function.program for each in tree.defined(item))]
    nodes = {node: document.nodes[node] for node in order if node in document.nodes}
    nodes[key] = Node(key, RETURN, () if function.result is None else (function.result,))
    program = (*map(Eval, (*function.captures, *function.params)), *function.program, Effect(key))
    return _part(document, {*keys, key}, set(function.decor), nodes, program)


def _main(document: Document) -> Document:
    inner = owners(document)
    keys = {*document.nodes, *tree.spots(document), "", "^"} - inner.keys()
    decor = {key for function in document.functions.values() for key in function.decor}
    nodes = {key: node for key, node in document.nodes.items() if key not in inner}
    shown = {*document.boxes, *document.notes} - decor
    return _part(document, keys, shown, nodes, document.program)


def _part(
    document: Document, keys: set[str], decor: set[str], nodes: dict[str, Node], program: tuple[Item, ...]
) -> Document:
    tables: dict[str, Any] = {}
    for name, wanted in (("views", keys), ("comments", keys), ("boxes", decor), ("notes", decor)):
        tables[name] = {key: record for key, record in getattr(document, name).items() if key in wanted}
    tables["routes"] = {key: route for key, route in document.routes.items() if route_port(key)[0] in keys}
    tables["datasets"] = {key: data for key, data in document.datasets.items() if data.inputs in keys}
    part = structs.replace(document, nodes=nodes, program=program, **tables)
    fresh_ids(document)  # so that no id of another scope is given again
    part.__dict__["last_id"] = document.__dict__["last_id"]
    part.__dict__["whole"] = document
    return part


def _rank(key: str, first: set[str], last: set[str], has_default: bool) -> int:
    """Which parameters stand ahead of which, as Python wants them."""
    return 0 if key in first else 3 if key in last else 2 if has_default else 1


def _function(after: Document, diff: Diff, old: Function) -> Function:
    """The function that a changed body describes."""
    _check(after, old)
    params: list[str] = []
    captures: list[str] = []
    program: list[Item] = []
    for item in after.program:
        key = item_key(item)
        if isinstance(item, Eval) and after.nodes[key].op == PARAM:
            (captures if key in old.captures else params).append(key)
        elif key != old.id:
            program.append(item)
    last = set(old.params[len(old.params) - old.keyword_only :])
    first = set(old.params[: old.positional_only])
    if any(after.nodes[key].args for key in first):  # one without a default cannot stand behind them
        last.update(key for key in params if key not in old.params and not after.nodes[key].args)
    params.sort(key=lambda key: _rank(key, first, last, bool(after.nodes[key].args)))
    result = after.nodes.get(old.id)
    made = [*diff.boxes.items(), *diff.notes.items()]
    gone = {key for key, (_, record) in made if record is None}
    decor = dict.fromkeys([*old.decor, *(key for key, (record, _) in made if record is None)])
    items = tuple(program)
    same_program = len(items) == len(old.program) and all(a is b for a, b in zip(items, old.program, strict=True))
    return structs.replace(
        after.functions.get(old.id, old),
        params=tuple(params),
        captures=tuple(captures),
        program=old.program if same_program else items,
        result=result.args[0] if result is not None and result.args else None,
        positional_only=len([key for key in params if key in first]),
        keyword_only=len([key for key in params if key in last]),
        decor=tuple(key for key in decor if key not in gone),
    )
