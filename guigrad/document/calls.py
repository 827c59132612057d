"""Calls of the document's own functions: which parameter each argument is, in Python's words where it is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import structs

from guigrad.document.model import CALL, CAPTURE, Function, Node, Star, Value, callee
from guigrad.ops.spec import REQUIRED, Overload, Param


def signature(nodes: Mapping[str, Node], function: Function) -> Overload:
    """The parameters of a function as a row of the op table would have them, captures last."""
    last = len(function.params) - function.keyword_only
    params = [
        Param(_name(nodes, key), "any", _default(nodes[key]), index >= last)
        for index, key in enumerate(function.params)
        if key in nodes
    ]
    params += [Param(CAPTURE + _name(nodes, key), "any", REQUIRED, True) for key in function.captures if key in nodes]
    count = len(function.result) if isinstance(function.result, tuple) else 1
    returns = ("None",) if function.result is None else ("any",) * count if count else ("tuple",)
    return Overload(tuple(params), returns)


def synced(nodes: Mapping[str, Node], functions: Mapping[str, Function]) -> dict[str, Node]:
    """The calls among the nodes whose signature is no longer that of their function, as they must be."""
    if not functions:
        return {}
    known = {CALL + key: signature(nodes, function) for key, function in functions.items()}
    return {
        node.id: structs.replace(node, signature=known.get(node.op))
        for node in nodes.values()
        if node.op.startswith(CALL) and node.signature != known.get(node.op)
    }


def cycle(
    nodes: Mapping[str, Node], functions: Mapping[str, Function], bodies: Mapping[str, Iterable[str]]
) -> list[str]:
    """Ids of functions that call each other in a circle, the first also last; [] if none do. ``bodies``: the nodes of each."""
    called: dict[str, list[str]] = {}
    for key, inner in bodies.items():
        found = (callee(nodes[node]) for node in inner if node in nodes)
        called[key] = [other for other in dict.fromkeys(found) if other is not None and other in functions]
    done: set[str] = set()
    for start in called:
        path: list[str] = []
        stack: list[tuple[str, bool]] = [(start, False)]
        while stack:
            key, leaving = stack.pop()
            if leaving:
                done.add(path.pop())
            elif key in path:
                return [*path[path.index(key) :], key]
            elif key not in done:
                path.append(key)
                stack.append((key, True))
                stack += [(other, False) for other in reversed(called[key])]
    return []


def bind(nodes: Mapping[str, Node], function: Function, call: Node) -> tuple[dict[str, Value], str]:
    """The value of each parameter and capture that a call gives, defaults included, and what Python's TypeError would say ("": nothing)."""
    name = function.name
    params = [key for key in function.params if key in nodes]
    last = len(params) - function.keyword_only
    found: dict[str, Value] = {}
    if any(isinstance(value, Star) for value in call.args):
        return found, f"{name}() is given *values, and guigrad must know how many they are"
    found.update(zip(params[:last], call.args, strict=False))
    by_name = {_name(nodes, key): key for key in params[function.positional_only :]}
    hidden = {CAPTURE + _name(nodes, key): key for key in function.captures if key in nodes}
    only = {_name(nodes, key) for key in params[: function.positional_only]}
    misplaced: list[str] = []
    for word, value in call.kwargs:
        if word in hidden:
            found[hidden[word]] = value
        elif word in by_name:
            if by_name[word] in found:
                return found, f"{name}() got multiple values for argument {word!r}"
            found[by_name[word]] = value
        elif word in only:
            misplaced.append(word)
        elif not word.startswith(CAPTURE):
            return found, f"{name}() got an unexpected keyword argument {word!r}"
    if misplaced:
        words = ", ".join(misplaced)
        return found, f"{name}() got some positional-only arguments passed as keyword arguments: {words!r}"
    if len(call.args) > last:
        return found, f"{name}() takes {_too_many(nodes, params, last, len(call.args), found)}"
    for key in params:
        if key not in found and nodes[key].args:
            found[key] = nodes[key].args[0]
    for group, what in ((params[:last], "positional"), (params[last:], "keyword-only")):
        missing = [repr(_name(nodes, key)) for key in group if key not in found]
        if missing:
            plural = "s" if len(missing) > 1 else ""
            return found, f"{name}() missing {len(missing)} required {what} argument{plural}: {_listed(missing)}"
    return found, ""


def _too_many(
    nodes: Mapping[str, Node], params: Sequence[str], last: int, given: int, found: Mapping[str, Value]
) -> str:
    required = len([key for key in params[:last] if not nodes[key].args])
    takes = f"from {required} to {last}" if required < last else str(last)
    plural = "s" if required < last or last != 1 else ""
    keywords = len([key for key in params[last:] if key in found])
    were = "was" if given == 1 and not keywords else "were"
    if keywords:
        many = "s" if given != 1 else ""
        more = "s" if keywords != 1 else ""
        return f"{takes} positional argument{plural} but {given} positional argument{many} (and {keywords} keyword-only argument{more}) were given"
    return f"{takes} positional argument{plural} but {given} {were} given"


def _listed(words: list[str]) -> str:
    if len(words) < 3:
        return " and ".join(words)
    return ", ".join(words[:-1]) + f", and {words[-1]}"


def _name(nodes: Mapping[str, Node], key: str) -> str:
    return nodes[key].name or "value"


def _default(node: Node) -> object:
    if not node.args:
        return REQUIRED
    value = node.args[0]
    return value if isinstance(value, bool | int | float | str) else None  # shown only: what binds is in the node
