"""The Python side of a program: literals, displays, f-strings, print and the like as closures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from guigrad.document.model import In, Node
from guigrad.engine.arguments import Place, Refused, Step, getter, spread, text_getter
from guigrad.engine.block import BreakError, LeftError
from guigrad.engine.values import MISSING


def _give(node: Node, place: Place, out: int) -> Step:
    """Literals and aliases."""
    env = place.env
    get = getter(node.args[0], place) if node.args else (lambda: MISSING)

    def step() -> None:
        env[out] = get()

    return step


def _start(node: Node, place: Place, out: int) -> Step:
    """A variable's first value; none is no error before it is read."""
    value = node.args[0] if node.args else None
    if not isinstance(value, In):
        return _give(node, place, out)
    env, at = place.env, place.slot(value)

    def step() -> None:
        env[out] = env[at]

    return step


def _display(kind: Callable[[list[Any]], Any]) -> Callable[[Node, Place, int], Step]:
    def maker(node: Node, place: Place, out: int) -> Step:
        env, items = place.env, spread(node.args, place)

        def step() -> None:
            env[out] = kind(items())

        return step

    return maker


def _fstring(node: Node, place: Place, out: int) -> Step:
    env, text = place.env, text_getter(node.args, place)

    def step() -> None:
        env[out] = text()

    return step


def _and_or(stop_at: bool) -> Callable[[Node, Place, int], Step]:
    def maker(node: Node, place: Place, out: int) -> Step:
        env, getters = place.env, [getter(value, place) for value in node.args]

        def step() -> None:
            found: Any = None
            for count, get in enumerate(getters, 1):
                found = get()
                # the last operand is the answer untested: a tensor of many elements may stand there
                if count < len(getters) and bool(found) is stop_at:
                    break
            env[out] = found

        return step

    return maker


def _ifelse(node: Node, place: Place, out: int) -> Step:
    env = place.env
    test, body, orelse = (getter(value, place) for value in node.args)

    def step() -> None:
        env[out] = body() if test() else orelse()

    return step


def _print(node: Node, place: Place, out: int) -> Step:
    env, printer, args = place.env, place.printer, spread(node.args, place)
    named = {key: getter(value, place) for key, value in node.kwargs}

    def step() -> None:
        env[out] = printer(*args(), **{key: get() for key, get in named.items()})

    return step


def _assert(node: Node, place: Place, out: int) -> Step:
    env, getters = place.env, [getter(value, place) for value in node.args]

    def step() -> None:
        if not getters[0]():
            raise AssertionError(*[get() for get in getters[1:]])
        env[out] = None

    return step


def _dict(node: Node, place: Place, out: int) -> Step:
    env, pairs = place.env, [getter(value, place) for value in node.args]

    def step() -> None:
        env[out] = dict(pair() for pair in pairs)

    return step


def _tensor_data(node: Node, place: Place, out: int) -> Step:
    env, get = place.env, getter(node.args[0], place)
    requires_grad = [getter(value, place) for key, value in node.kwargs if key == "requires_grad"]

    def step() -> None:
        tensor = get()
        env[out] = tensor.requires_grad_() if requires_grad and requires_grad[0]() else tensor

    return step


def _raise(node: Node, place: Place, out: int) -> Step:
    """A call that Python would refuse. See Note [Instances] in document.expand."""
    name, text = node.args
    kinds: dict[object, type[Exception]] = {"TypeError": TypeError, "NameError": NameError}
    kind = kinds.get(name, Refused)

    def step() -> None:
        raise kind(str(text))

    return step


def _closure(node: Node, place: Place, out: int) -> Step:
    """A function that a step calls, where its body has just been played. See Note [Closures] in document.closures."""
    env = place.env

    def step() -> None:
        env[out] = place.function_named(node.id)

    return step


def _leave(node: Node, place: Place, out: int) -> Step:
    """``break`` and ``continue``."""
    left = BreakError("'break' outside loop") if node.op == "python.break" else LeftError("'continue' not in loop")

    def step() -> None:
        raise left.with_traceback(None)

    return step


SPECIAL: dict[str, Callable[[Node, Place, int], Step]] = {
    "python.literal": _give,
    "python.alias": _give,
    "python.unpack": _give,
    "python.carry": _start,
    "python.tuple": _display(tuple),
    "python.list": _display(list),
    "python.dict": _dict,
    "python.fstring": _fstring,
    "python.and": _and_or(False),
    "python.or": _and_or(True),
    "python.ifelse": _ifelse,
    "python.print": _print,
    "python.assert": _assert,
    "python.break": _leave,
    "python.continue": _leave,
    "python.raise": _raise,
    "python.closure": _closure,
    "tensor.data": _tensor_data,
}
