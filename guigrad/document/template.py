"""Places inside a node's template: walk, read and replace the values there.

A *place* is where a value lies: the number of the positional argument or the name of the keyword, then the steps into
tuples, lists, slices and the like. ``(1, 0, 2)`` is the third bound of the slice that is the first index of ``x[0:2, i]``.
Its written form, without the head, is ``[0].step``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from guigrad.document.model import DictOf, Format, In, ListOf, Node, Slice, Star, Value

Place = tuple[int | str, ...]
"""Argument number or keyword, then steps."""

WireChange = Callable[[In], Value]

_SLICE = ("start", "stop", "step")
_TOKEN = re.compile(r"\[(\d+)\]|\.([a-z]+)")


def children(value: Value) -> tuple[Value, ...]:
    """The values one step inside, in evaluation order; empty for a leaf of the template."""
    match value:
        case tuple():
            return value
        case ListOf():
            return value.items
        case DictOf():
            return value.items
        case Slice():
            return (value.start, value.stop, value.step)
        case Star():
            return (value.value,)
        case Format():
            return (value.value, value.spec)
    return ()


def rebuild(value: Value, parts: tuple[Value, ...]) -> Value:
    """The same kind of value around other children."""
    match value:
        case tuple():
            return parts
        case ListOf():
            return ListOf(parts)
        case DictOf():
            return DictOf(parts)  # type: ignore[arg-type]  # children of a DictOf are its pairs
        case Slice():
            return Slice(*parts)
        case Star():
            return Star(parts[0])
        case Format():
            return Format(parts[0], value.conversion, parts[1])  # type: ignore[arg-type]  # the spec is a tuple
    return value


def written(value: Value, step: int) -> str:
    """How a path writes one step into ``value``."""
    match value:
        case Slice():
            return "." + _SLICE[step]
        case Star():
            return ".value"
        case Format():
            return (".value", ".spec")[step]
    return f"[{step}]"


def split_path(path: str) -> tuple[str, tuple[int | str, ...]]:
    """``"index[1].stop"`` as its head ``"index"`` and its tokens ``(1, "stop")``.

    Raises: ValueError when it is not a path.
    """
    cut = min((i for i in (path.find("["), path.find(".")) if i >= 0), default=len(path))
    head, rest = path[:cut], path[cut:]
    tokens: list[int | str] = []
    at = 0
    for match in _TOKEN.finditer(rest):
        if match.start() != at:
            break
        tokens.append(int(match[1]) if match[1] is not None else match[2])
        at = match.end()
    if not head or at != len(rest):
        raise ValueError(f"{path!r} is not the path of a port")
    return head, tuple(tokens)


def step_of(value: Value, token: int | str) -> int:
    """The step that a path's token means inside ``value``; one past the end is allowed (something may be added there).

    Raises: ValueError when there is no such place.
    """
    if isinstance(token, int):
        if isinstance(value, tuple | ListOf | DictOf) and token <= len(children(value)):
            return token
    elif isinstance(value, Slice) and token in _SLICE:
        return _SLICE.index(token)
    elif isinstance(value, Star | Format) and token == "value":
        return 0
    elif isinstance(value, Format) and token == "spec":
        return 1
    raise ValueError(f"there is no {token!r} inside {value!r}")


def leaves(value: Value, steps: Place = (), path: str = "") -> Iterator[tuple[Place, str, Value]]:
    """(steps, written path, value) of everything in a value that has no values inside, in evaluation order."""
    parts = children(value)
    if not parts:
        yield steps, path, value
    for index, part in enumerate(parts):
        yield from leaves(part, (*steps, index), path + written(value, index))


def get(node: Node, place: Place) -> Value:
    """The value at a place.

    Raises: LookupError when there is none.
    """
    head = place[0]
    value: Value = node.args[head] if isinstance(head, int) else dict(node.kwargs)[head]
    for step in place[1:]:
        assert isinstance(step, int)
        value = children(value)[step]
    return value


def put(node: Node, place: Place, value: Value) -> Node:
    """The node with the value at a place replaced; one past the end of the arguments or of a list adds it."""
    head, steps = place[0], place[1:]
    if isinstance(head, int):
        args = list(node.args)
        if head == len(args):
            args.append(value)
        else:
            args[head] = _put(args[head], steps, value)
        return with_template(node, tuple(args), node.kwargs)
    kwargs = dict(node.kwargs)
    kwargs[head] = _put(kwargs[head], steps, value) if head in kwargs else value
    return with_template(node, node.args, tuple(kwargs.items()))


def with_template(node: Node, args: tuple[Value, ...], kwargs: tuple[tuple[str, Value], ...]) -> Node:
    """The same node around another template."""
    return Node(node.id, node.op, args, kwargs, node.name, node.outputs, node.signature)


def _put(into: Value, steps: Place, value: Value) -> Value:
    if not steps:
        return value
    parts = list(children(into))
    step = steps[0]
    assert isinstance(step, int)
    if step == len(parts):
        parts.append(value)
    else:
        parts[step] = _put(parts[step], steps[1:], value)
    return rebuild(into, tuple(parts))


def map_wires(node: Node, change: WireChange) -> Node:
    """The node with every ``In`` of its template replaced by ``change(wire)``; itself when nothing changed."""
    args = tuple(map_value(value, change) for value in node.args)
    kwargs = tuple((key, map_value(value, change)) for key, value in node.kwargs)
    same = all(a is b for a, b in zip(args, node.args, strict=True)) and all(
        a[1] is b[1] for a, b in zip(kwargs, node.kwargs, strict=True)
    )
    return node if same else with_template(node, args, kwargs)


def map_value(value: Value, change: WireChange) -> Value:
    """A value with every ``In`` inside replaced; itself when nothing changed."""
    if isinstance(value, In):
        return change(value)
    parts = children(value)
    if not parts:
        return value
    new = tuple(map_value(part, change) for part in parts)
    return value if all(a is b for a, b in zip(new, parts, strict=True)) else rebuild(value, new)
