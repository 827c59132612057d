"""Calls follow their function: what each binds stays with the port that it was for when the function gets other ports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import structs

from guigrad.document.diff import Diff
from guigrad.document.model import (
    CALL,
    CAPTURE,
    Document,
    Effect,
    Function,
    In,
    Item,
    Node,
    Star,
    Value,
    callee,
    walk,
)
from guigrad.document.rewire import rewire_items
from guigrad.document.template import map_wires


def calls_of(document: Document, key: str) -> list[Node]:
    """The nodes that call a function, wherever they stand."""
    op = CALL + key
    return [node for node in document.nodes.values() if node.op == op]


def called(document: Document, items: Iterable[Item]) -> Iterator[str]:
    """The functions that the nodes of some items call, each once."""
    seen: dict[str, None] = {}
    for item in walk(tuple(items)):
        node = document.nodes.get(getattr(item, "node", ""))
        key = callee(node) if node is not None else None
        if key is not None:
            seen.setdefault(key)
    yield from seen


def closure(document: Document, keys: Iterable[str]) -> tuple[str, ...]:
    """These functions and those that they call, the called ones first."""
    found: dict[str, None] = {}
    open_: set[str] = set()

    def visit(key: str) -> None:
        function = document.functions.get(key)
        if function is None or key in found or key in open_:
            return
        open_.add(key)
        for inner in called(document, function.program):
            visit(inner)
        open_.discard(key)
        found[key] = None

    for key in keys:
        visit(key)
    return tuple(found)


def does(items: Iterable[Item]) -> bool:
    """Whether a body does something beside computing, so that its calls are Effects."""
    return any(isinstance(item, Effect) for item in walk(tuple(items)))


def results_of(function: Function) -> tuple[Value, ...]:
    """What ``return`` gives, one by one."""
    if isinstance(function.result, tuple):
        return function.result
    return () if function.result is None else (function.result,)


def bindings(nodes: Mapping[str, Node], function: Function, call: Node) -> dict[str, Value] | None:
    """What a call gives to each parameter and capture, by its id; None if ``*`` hides it."""
    if any(isinstance(value, Star) for value in call.args):
        return None
    found: dict[str, Value] = dict(zip(function.params, call.args, strict=False))
    given = dict(call.kwargs)
    for key, mark in (*((k, "") for k in function.params), *((k, CAPTURE) for k in function.captures)):
        word = mark + (nodes[key].name or "")
        if word in given:
            found[key] = given[word]
    return found


def follow(document: Document, diff: Diff) -> Diff:
    """A change of functions with what it means for their calls: arguments and outputs stay with the ports that they were for."""
    pairs = [(old, new) for old, new in diff.functions.values() if old is not None and new is not None]
    if not any(
        _ports(old) != _ports(new) or _names(document, old) != _names_after(diff, document, new) for old, new in pairs
    ):
        return diff
    after = diff.apply(document)
    for old, new in pairs:
        step = _follow(document, after, old, new)
        after, diff = step.apply(after), structs.replace(diff.then(step), label=diff.label, merge=diff.merge)
    nodes = dict(diff.nodes)  # calls that look different from now on are among what changed
    for _, new in pairs:
        for call in calls_of(after, new.id):
            nodes.setdefault(call.id, (document.nodes[call.id], call))
    return structs.replace(diff, nodes=nodes)


def _ports(function: Function) -> object:
    count = len(function.result) if isinstance(function.result, tuple) else -1
    wires = function.result if isinstance(function.result, tuple) else ()
    return function.params, function.captures, count, tuple(repr(wire) for wire in wires), function.keyword_only


def _names(document: Document, function: Function) -> list[str | None]:
    return [document.nodes[key].name for key in (*function.params, *function.captures) if key in document.nodes]


def _names_after(diff: Diff, document: Document, function: Function) -> list[str | None]:
    found = []
    for key in (*function.params, *function.captures):
        node = diff.nodes[key][1] if key in diff.nodes else document.nodes.get(key)
        if node is not None:
            found.append(node.name)
    return found


def _follow(before: Document, after: Document, old: Function, new: Function) -> Diff:
    changed: dict[str, Node] = {}
    moved: dict[str, dict[int, int | None]] = {}
    for call in calls_of(after, new.id):
        made, places = _outputs(_bound(before, after, call, old, new), old, new)
        if made != call:
            changed[call.id] = made
        if places:
            moved[call.id] = places
    nodes = {key: (after.nodes[key], node) for key, node in changed.items()}
    if not moved:
        return Diff(nodes=nodes)

    def change(wire: In) -> In:
        places = moved.get(wire.node or "")
        if places is None or wire.output not in places:
            return wire
        place = places[wire.output]
        return In() if place is None else In(wire.node, place)

    for key, node in after.nodes.items():
        made = map_wires(changed.get(key, node), change)
        if made != node:
            nodes[key] = (node, made)
    program = rewire_items(after.program, change)
    functions = {}
    for function in after.functions.values():
        body = structs.replace(function, program=rewire_items(function.program, change))
        if isinstance(body.result, tuple | In):
            from guigrad.document.template import map_value

            body = structs.replace(body, result=map_value(body.result, change))
        if body != function:
            functions[function.id] = (function, body)
    same = repr(program) == repr(after.program)
    return Diff(nodes=nodes, program=None if same else (after.program, program), functions=functions)


def _bound(before: Document, after: Document, call: Node, old: Function, new: Function) -> Node:
    """The call with its arguments at the places and under the names that the parameters have now."""
    given = bindings(before.nodes, old, call)
    if given is None:
        return call
    args: list[Value] = []
    kwargs: list[tuple[str, Value]] = []
    by_word = {key for key in given if key in old.params and old.params.index(key) >= len(call.args)}
    words = len(new.params) - new.keyword_only
    for index, key in enumerate(new.params):
        node = after.nodes[key]
        if key not in given:
            if key in old.params or node.args:
                continue
            given[key] = In()
        if key in by_word or index >= words or len(args) < index:
            kwargs.append((node.name or "", given[key]))
        else:
            args.append(given[key])
    for key in new.captures:
        kwargs.append((CAPTURE + (after.nodes[key].name or ""), given.get(key, In())))
    return structs.replace(call, args=tuple(args), kwargs=tuple(kwargs))


def _outputs(call: Node, old: Function, new: Function) -> tuple[Node, dict[int, int | None]]:
    """The call with a name for each result, and where each output of before is now."""
    was, now = old.result, new.result
    if isinstance(was, tuple) and isinstance(now, tuple):
        if not call.outputs or was == now:
            return call, {}
        places: dict[int, int | None] = {i: _place(value, i, was, now) for i, value in enumerate(was)}
        names: list[str | None] = [None] * len(now)
        for index, place in places.items():
            if place is not None and index < len(call.outputs):
                names[place] = call.outputs[index]
        return structs.replace(call, outputs=tuple(names)), places
    if isinstance(now, tuple) and not call.outputs:
        place = _place(was, 0, (was,), now)
        if place is None:
            return structs.replace(call, name=None, outputs=(None,) * len(now)), {0: None}
        names = [None] * len(now)
        names[place] = call.name
        return structs.replace(call, name=None, outputs=tuple(names)), {0: place}
    if isinstance(was, tuple) and call.outputs:
        kept = next((index for index, value in enumerate(was) if value == now), None)
        name = call.outputs[kept] if kept is not None and kept < len(call.outputs) else None
        return structs.replace(call, name=name, outputs=()), {
            index: 0 if index == kept else None for index in range(len(call.outputs))
        }
    return call, {}


def _place(value: Value, index: int, was: tuple[Value, ...], now: tuple[Value, ...]) -> int | None:
    """Where a result is now: the same wire, or at the same place if only its wire changed."""
    if value in now:
        return now.index(value)
    return index if len(was) == len(now) and now[index] not in was else None
