"""What an argument of a node can be.

Note [Values]
An argument of a node is a *Value*: ``None``, ``bool``, ``int``, ``float``, ``complex``, ``str``, ``Ellipsis``, a tuple of
Values, or one of ``In``, ``Sym``, ``Slice``, ``ListOf``, ``DictOf``, ``Star``, ``Format``, ``ArrayData`` below.
``In(None)`` is a port that nothing is wired to.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import EllipsisType
from typing import TypeAlias, Union

from msgspec import Struct

from guigrad.document.array import ArrayData


class In(Struct, frozen=True):
    """A place in an argument template where a wire comes in.

    ``output`` counts the names of an unpacking node (``v, i = x.max(0)``); for every other node 0 is its whole value.
    """

    node: str | None = None
    output: int = 0


class Sym(Struct, frozen=True):
    """A constant known by its dotted name: ``torch.float32``, ``torch.pi``, ``math.e``, ``torch.channels_last``."""

    path: str


class Slice(Struct, frozen=True):
    """``start:stop:step`` inside an index."""

    start: Value = None
    stop: Value = None
    step: Value = None


class ListOf(Struct, frozen=True):
    """A list display ``[a, b]`` (a tuple display is a plain tuple)."""

    items: tuple[Value, ...] = ()


class DictOf(Struct, frozen=True):
    """A dict display ``{"params": [w]}`` in source order."""

    items: tuple[tuple[Value, Value], ...] = ()


class Star(Struct, frozen=True):
    """``*value`` in a call."""

    value: Value


class Format(Struct, frozen=True):
    """One ``{value!conversion:spec}`` of an f-string (``{x=}`` is split into its text and the value)."""

    value: Value
    conversion: str = ""
    spec: tuple[Value, ...] = ()


Value: TypeAlias = Union[
    None, bool, int, float, complex, str, EllipsisType, tuple["Value", ...],
    In, Sym, Slice, ListOf, DictOf, Star, Format, ArrayData,
]  # fmt: skip


def same(a: object, b: object) -> bool:
    """Whether two template values are the same program: 2, 2.0 and True differ here, and nan is nan; unlike ``==`` in Python."""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    match a, b:
        case ((float() | complex()), _):
            return repr(a) == repr(b)
        case tuple(), tuple():
            return len(a) == len(b) and all(map(same, a, b))
        case ((ListOf() | DictOf() | Slice() | Star() | Format()), (ListOf() | DictOf() | Slice() | Star() | Format())):
            return all(same(getattr(a, field), getattr(b, field)) for field in a.__struct_fields__)
    return a == b


def wires_in(value: Value) -> Iterator[In]:
    """The ``In`` markers of one value, left to right."""
    match value:
        case In():
            yield value
        case tuple():
            for item in value:
                yield from wires_in(item)
        case ListOf():
            for item in value.items:
                yield from wires_in(item)
        case DictOf():
            for key, item in value.items:
                yield from wires_in(key)
                yield from wires_in(item)
        case Slice():
            yield from wires_in((value.start, value.stop, value.step))
        case Star():
            yield from wires_in(value.value)
        case Format():
            yield from wires_in(value.value)
            yield from wires_in(value.spec)
