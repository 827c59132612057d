"""Calls follow their function: what each binds stays with the port that it was for when the function gets other ports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import structs

from guigrad.document.calls import followed, signature, synced
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
    wires_in,
)
from guigrad.document.rewire import rewire_items
from guigrad.document.template import map_value, map_wires
from guigrad.ops.spec import Overload


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
    """A change of functions with what it means for their calls: arguments and outputs stay with the ports that they were for.

    Calls that are new get the signature of their function.
    """
    functions = {key: new for key, (_, new) in diff.functions.items() if new is not None}
    known = functions or document.functions
    if not known:
        return diff
    fresh = {key: node for key, (_, node) in diff.nodes.items() if node is not None and callee(node) is not None}
    pairs = [(old, new) for old, new in diff.functions.values() if old is not None and new is not None]
    if not fresh and not functions:
        return diff
    after = diff.apply(document)
    nodes = {key: (after.nodes[key], node) for key, node in synced(after.nodes, after.functions, fresh).items()}
    steps = Diff(nodes=nodes)
    after = steps.apply(after)
    for old, new in pairs:
        was, now = signature(document.nodes, old), signature(after.nodes, new)
        if was != now or results_of(old) != results_of(new):
            step = _follow(after, old, new, was, now)
            after, steps = step.apply(after), steps.then(step)
    return structs.replace(diff.then(steps), label=diff.label, merge=diff.merge) if steps else diff


def _follow(after: Document, old: Function, new: Function, was: Overload, now: Overload) -> Diff:
    changed: dict[str, Node] = {}
    moved: dict[str, dict[int, int | None]] = {}
    places = {node: index for index, node in enumerate((*old.params, *old.captures))}
    ports = list(zip(now.params, (places.get(key, -1) for key in (*new.params, *new.captures)), strict=True))
    for call in calls_of(after, new.id):
        bound = structs.replace(followed(call, was.params, ports), signature=now)
        made, shifted = _outputs(bound, old, new)
        if made != call:
            changed[call.id] = made
        if shifted:
            moved[call.id] = shifted
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
        if any(True for _ in wires_in(body.result)):
            body = structs.replace(body, result=map_value(body.result, change))
        if body != function:
            functions[function.id] = (function, body)
    same = repr(program) == repr(after.program)
    return Diff(nodes=nodes, program=None if same else (after.program, program), functions=functions)


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
