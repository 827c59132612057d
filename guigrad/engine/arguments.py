"""Argument templates -> closures that give their values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import EllipsisType
from typing import Any, Protocol

from guigrad.document.array import ArrayData
from guigrad.document.model import DictOf, Format, In, ListOf, Slice, Star, Sym, Value
from guigrad.engine.resolve import resolve, resolve_symbol
from guigrad.engine.values import MISSING, tensor_of
from guigrad.ops.lambdas import LambdaError, function, is_lambda

Step = Callable[[], None]
Getter = Callable[[], Any]


class NotWired(Exception):
    """An input that a node needs has no wire."""


class Refused(Exception):
    """The op is not on the allow-list, or not here."""


class Place(Protocol):
    """Where values lie."""

    env: list[Any]
    device: str | None

    def slot(self, wire: In) -> int:
        """The slot that a wire reads; -1 when it leads nowhere."""

    def constant(self, value: object) -> int:
        """A slot that always holds this value."""

    def may_miss(self, wire: In) -> str | None:
        """The name of the variable that a wire reads if it may have no value yet."""

    def printer(self, *values: Any, **options: Any) -> None:
        """Where print goes."""

    def function_named(self, key: str) -> Callable[[], Any]:
        """The function that a ``python.closure`` node is."""


def raiser(error: Exception) -> Callable[[], Any]:
    """A closure that raises an error."""

    def step() -> None:
        raise error.with_traceback(None)

    return step


def constant_of(value: Value, device: str | None = None) -> Any:
    """The Python object that a Value without wires stands for.

    Raises: Refused for an unknown Sym; KeyError if there is a wire after all.
    """
    if value is None or isinstance(value, bool | int | float | complex | str | EllipsisType):
        return value
    if isinstance(value, tuple):
        return tuple(constant_of(item, device) for item in value)
    if isinstance(value, Sym) and is_lambda(value.path):
        try:
            return function(value.path)
        except LambdaError as error:
            raise Refused(str(error)) from None
    if isinstance(value, Sym):
        try:
            return resolve_symbol(value.path)
        except LookupError as error:
            try:
                return resolve(value.path)  # a second name for a function: relu = torch.relu
            except LookupError:
                raise Refused(str(error)) from None
    if isinstance(value, ListOf):
        return [constant_of(item, device) for item in value.items]
    if isinstance(value, DictOf):
        return {constant_of(key, device): constant_of(item, device) for key, item in value.items}
    if isinstance(value, Slice):
        return slice(constant_of(value.start), constant_of(value.stop), constant_of(value.step))
    if isinstance(value, ArrayData):
        return tensor_of(value, device)
    raise KeyError(value)


def fixed(value: Value) -> bool:
    """No wire inside, and nothing that a callee could change and keep."""
    if isinstance(value, tuple):
        return all(map(fixed, value))
    if isinstance(value, Slice):
        return fixed((value.start, value.stop, value.step))
    return not isinstance(value, In | ListOf | DictOf | Star | Format | ArrayData)


def numbers(value: Value) -> bool:
    """A list display of numbers only, at any depth: safe to share where torch copies it at once."""
    if isinstance(value, ListOf):
        return all(map(numbers, value.items))
    if isinstance(value, tuple):
        return all(map(numbers, value))
    return isinstance(value, bool | int | float | complex)


def getter(value: Value, place: Place) -> Getter:
    """A closure that gives an argument's value at the time it is called."""
    env = place.env
    if isinstance(value, In):
        at = place.slot(value)
        name = place.may_miss(value)
        if name is not None:

            def checked() -> Any:
                found = env[at]
                if found is MISSING:
                    raise NameError(f"name {name!r} is not defined")
                return found

            return checked
        return lambda: env[at]
    if fixed(value):
        constant = constant_of(value)
        return lambda: constant
    match value:
        case tuple():
            items = [getter(item, place) for item in value]
            return lambda: tuple([item() for item in items])
        case ListOf():
            items = [getter(item, place) for item in value.items]
            return lambda: [item() for item in items]
        case DictOf():
            pairs = [(getter(key, place), getter(item, place)) for key, item in value.items]
            return lambda: {key(): item() for key, item in pairs}
        case Slice():
            start, stop, step = (getter(item, place) for item in (value.start, value.stop, value.step))
            return lambda: slice(start(), stop(), step())
        case ArrayData():
            array, device = value, place.device
            return lambda: tensor_of(array, device)
        case Format():
            return _formatted(value, place)
        case _:
            raise Refused(f"{type(value).__name__} cannot stand here")


def simple(value: Value, place: Place, share: bool) -> int | None:
    """The slot of an argument that is a wire or a constant, else None."""
    if isinstance(value, In):
        return None if place.may_miss(value) is not None else place.slot(value)
    if fixed(value) or (share and numbers(value)):
        return place.constant(constant_of(value))
    return None


def spread(values: Sequence[Value], place: Place) -> Callable[[], list[Any]]:
    """Positional arguments, ``*stars`` included."""
    parts = [(isinstance(v, Star), getter(v.value if isinstance(v, Star) else v, place)) for v in values]

    def gather() -> list[Any]:
        found: list[Any] = []
        for star, get in parts:
            if star:
                found.extend(get())
            else:
                found.append(get())
        return found

    if any(star for star, _ in parts):
        return gather
    getters = [get for _, get in parts]
    return lambda: [get() for get in getters]


def _formatted(value: Format, place: Place) -> Getter:
    get = getter(value.value, place)
    convert: Callable[[Any], Any] = _CONVERSIONS[value.conversion]
    spec = text_getter(value.spec, place)
    return lambda: format(convert(get()), spec())


def _same(value: Any) -> Any:
    return value


_CONVERSIONS: dict[str, Callable[[Any], Any]] = {"": _same, "r": repr, "s": str, "a": ascii}


def text_getter(parts: Sequence[Value], place: Place) -> Callable[[], str]:
    getters = [getter(part, place) for part in parts]
    return lambda: "".join([get() for get in getters])
