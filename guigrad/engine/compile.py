"""One node -> one closure that computes it into its slot.

Note [Closures]
A running program is a list of closures over one list of values, ``env``: every node has a slot in it, and so has every constant. The
frequent shapes of a call (one to four simple arguments, constant keywords) have a closure of their own, so that running costs what the
same line costs in a script. Each closure calls the op itself: torch's Python code warns "one frame up", and that frame must be ours.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch

from guigrad.document.model import Node, Star, Value
from guigrad.engine import lines
from guigrad.engine.arguments import (
    NotWired,
    Place,
    Refused,
    Step,
    constant_of,
    fixed,
    getter,
    numbers,
    raiser,
    simple,
    spread,
)
from guigrad.engine.huge import BOUNDED
from guigrad.engine.resolve import methods, resolve, resolve_property
from guigrad.engine.second import NOTED
from guigrad.engine.statements import SPECIAL
from guigrad.ops import table


def compile_node(node: Node, place: Place, out: int) -> Step:
    """The closure that computes a node into slot ``out``. It raises what the op raises."""
    if any(wire.node is None or place.slot(wire) < 0 for wire in node.inputs()):
        return raiser(NotWired("nothing is wired to an input that it needs"))
    special = SPECIAL.get(node.op)
    if special is not None:
        return special(node, place, out)
    family, _, name = node.op.rpartition(".")
    row = table.find(node.op)
    if family == "operator":
        return _operator(node, place, out, name)
    if row is None:  # the allow-list: below, names are looked up on whatever object comes along
        return raiser(Refused(f"{node.op} is not an operation that guigrad knows"))
    if family == "setitem":
        return _set_item(node, place, out, getattr(operator, name))
    if node.op.startswith("setattr."):
        return _set_attribute(node, place, out)
    if family == "field" or row.family == "attribute":
        return _attribute(node, place, out, name)
    if family in METHOD_OF:
        return _method(node, place, out, name)
    try:
        fn = BOUNDED.get(node.op) or NOTED.get(node.op) or resolve(node.op)
    except LookupError as error:
        return raiser(Refused(str(error)))
    return _call(fn, node, place, out)


METHOD_OF = frozenset(
    [
        "torch.Tensor",
        "object",
        "list",
        "dict",
        "str",
        "tuple",
        "Size",
        "int",
        "float",
        "complex",
        "range",
        "Generator",
        "grad_fn",
        "optimizer",
        "scheduler",
    ]
)


def _call(fn: Callable[..., Any], node: Node, place: Place, out: int) -> Step:
    """``fn(*args, **kwargs)``."""
    env = place.env
    share = node.op.startswith("torch.")
    keywords = dict(node.kwargs)
    if all(fixed(value) or (share and numbers(value)) for value in keywords.values()):
        slots = [simple(value, place, share) for value in node.args]
        if None not in slots:
            return _call_slots(fn, [slot for slot in slots if slot is not None], env, out, _constants(keywords))
    if node.args and isinstance(node.args[-1], Star) and not any(isinstance(v, Star) for v in node.args[:-1]):
        before, star = spread(node.args[:-1], place), getter(node.args[-1].value, place)
        named = {name: getter(value, place) for name, value in node.kwargs}

        def starred() -> None:
            env[out] = fn(*before(), *star(), **{name: get() for name, get in named.items()})

        return starred
    args = spread(node.args, place)
    if not node.kwargs:

        def general() -> None:
            env[out] = fn(*args())

        return general
    named = {name: getter(value, place) for name, value in node.kwargs}

    def step() -> None:
        env[out] = fn(*args(), **{name: get() for name, get in named.items()})

    return step


def _constants(keywords: dict[str, Value]) -> dict[str, Any]:
    return {name: constant_of(value) for name, value in keywords.items()}


def _call_slots(fn: Callable[..., Any], slots: list[int], env: list[Any], out: int, keywords: dict[str, Any]) -> Step:
    match slots:
        case [a]:
            return lines.call_one_with(env, out, fn, a, keywords) if keywords else lines.call_one(env, out, fn, a)
        case [a, b]:
            return lines.call_two_with(env, out, fn, a, b, keywords) if keywords else lines.call_two(env, out, fn, a, b)
        case _:
            return (
                lines.call_more_with(env, out, fn, slots, keywords)
                if keywords
                else lines.call_more(env, out, fn, slots)
            )


def _method(node: Node, place: Place, out: int, name: str) -> Step:
    """``args[0].name(…)``: the tensor's own method, or that of another kind of object if it is allowed."""
    if node.op.startswith("torch.Tensor."):
        try:
            resolve(node.op)
        except LookupError as error:
            return raiser(Refused(str(error)))
    if not node.args or isinstance(node.args[0], Star):
        return raiser(NotWired(f".{name}() needs an object"))
    env = place.env
    known, find = methods(name)
    slots = [simple(value, place, True) for value in node.args]
    if None not in slots and all(fixed(value) for _, value in node.kwargs):
        it, *rest = [slot for slot in slots if slot is not None]
        keywords = _constants(dict(node.kwargs))
        if keywords:
            return lines.method_with(env, out, it, name, known, find, rest, keywords)
        match rest:
            case []:
                return lines.method_none(env, out, it, name, known, find)
            case [a]:
                return lines.method_one(env, out, it, name, known, find, a)
            case _:
                return lines.method_more(env, out, it, name, known, find, rest)
    subject, args = getter(node.args[0], place), spread(node.args[1:], place)
    named = {key: getter(value, place) for key, value in node.kwargs}

    def step() -> None:
        env[out] = find(subject())(*args(), **{key: get() for key, get in named.items()})

    return step


def _attribute(node: Node, place: Place, out: int, name: str) -> Step:
    env, get, tensor = place.env, getter(node.args[0], place), torch.Tensor
    if node.op.startswith("torch.Tensor."):
        try:
            resolve(node.op)
        except LookupError as error:
            return raiser(Refused(str(error)))

    def step() -> None:
        it = get()
        env[out] = getattr(it, name) if isinstance(it, tensor) else resolve_property(name, it)

    return step


# --- operators -----------------------------------------------------------------------------------------------------


def _operator(node: Node, place: Place, out: int, name: str) -> Step:
    if name == "not_contains":
        return _binary(lambda a, b: b not in a, node, place, out)
    if name == "setitem":
        return _set_item(node, place, out, None)
    fn = BOUNDED.get(node.op) or getattr(operator, name, None)
    if fn is None or not (name in _NAMES or name.removeprefix("i") in _NAMES or name[1:] + "_" in _NAMES):
        return raiser(Refused(f"unknown op {node.op}"))
    slots = [simple(value, place, False) for value in node.args]
    makers = _SYNTAX.get(name)
    if makers is not None and len(slots) == 2 and slots[0] is not None and slots[1] is not None:
        return makers(place.env, slots[0], slots[1], out)
    if len(node.args) == 2:
        return _binary(fn, node, place, out)
    return _call(fn, node, place, out)


_NAMES = frozenset(
    [
        "add",
        "sub",
        "mul",
        "truediv",
        "floordiv",
        "mod",
        "pow",
        "matmul",
        "and_",
        "or_",
        "xor",
        "lshift",
        "rshift",
        "neg",
        "pos",
        "invert",
        "not_",
        "lt",
        "le",
        "gt",
        "ge",
        "eq",
        "ne",
        "is_",
        "is_not",
        "contains",
        "getitem",
    ]
)


def _binary(fn: Callable[[Any, Any], Any], node: Node, place: Place, out: int) -> Step:
    env = place.env
    left, right = (simple(value, place, False) for value in node.args)
    if left is not None and right is not None:
        return _call_slots(fn, [left, right], env, out, {})
    first, second = (getter(value, place) for value in node.args)

    def step() -> None:
        env[out] = fn(first(), second())

    return step


_SYNTAX: dict[str, Callable[[list[Any], int, int, int], Step]] = {
    "add": lines.add, "sub": lines.sub, "mul": lines.mul, "truediv": lines.truediv, "pow": lines.pow, "matmul": lines.matmul,
}  # fmt: skip


def _set_item(node: Node, place: Place, out: int, change: Callable[[Any, Any], Any] | None) -> Step:
    env = place.env
    subject, index, value = (getter(item, place) for item in node.args)

    def step() -> None:
        it = subject()
        at = index()
        if change is None:
            it[at] = value()
        else:
            it[at] = change(it[at], value())
        env[out] = it

    return step


def _set_attribute(node: Node, place: Place, out: int) -> Step:
    """``x.grad = v`` and ``x.data -= v``."""
    _, name, *rest = node.op.split(".")
    if name not in ("grad", "requires_grad", "data"):
        return raiser(Refused(f"{name} cannot be set"))
    change: Callable[[Any, Any], Any] | None = getattr(operator, rest[0]) if rest else None
    env = place.env
    subject, value = (getter(item, place) for item in node.args)

    def step() -> None:
        it = subject()
        setattr(it, name, value() if change is None else change(getattr(it, name), value()))
        env[out] = it

    return step
