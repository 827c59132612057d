"""From a name to the callable that runs, through the allow-list only.

A name is looked up attribute by attribute and only after a row of the table names it, so nothing that is not a row can be reached, whatever a
document says. What is not allowed is a LookupError with a plain text; where Python itself would say AttributeError, that text is given.
"""

from __future__ import annotations

import builtins
import math
import operator
import string
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any, Final

import torch

from guigrad.ops import builtin, table

_ROOTS: Final[Mapping[str, Any]] = {"torch": torch, "math": math, "operator": operator, "builtins": builtins}

_OWNERS: Final[tuple[tuple[str, type[Any]], ...]] = (
    ("Tensor", torch.Tensor),
    ("Size", torch.Size),
    ("list", list),
    ("tuple", tuple),
    ("str", str),
    ("dict", dict),
    ("bool", bool),
    ("int", int),
    ("float", float),
    ("complex", complex),
    ("range", range),
    ("slice", slice),
    ("Generator", torch.Generator),
    ("dtype", torch.dtype),
    ("device", torch.device),
    ("finfo", torch.finfo),
    ("iinfo", torch.iinfo),
    ("optimizer", torch.optim.Optimizer),
    ("scheduler", torch.optim.lr_scheduler.LRScheduler),
    ("type", type),
)


def owner_of(obj: object) -> str:
    """The word for what an object is, "" for what programs do not work with."""
    kind = type(obj)
    found = _known_owners.get(kind)
    if found is None:
        found = _known_owners[kind] = _owner(kind)
    return found


_known_owners: dict[type, str] = {}


def _owner(kind: type) -> str:
    for word, base in _OWNERS:
        if issubclass(kind, base):
            return word
    return "grad_fn" if issubclass(kind, torch.autograd.graph.Node) or hasattr(kind, "next_functions") else ""


class _Formatter(string.Formatter):
    """``str.format`` without the attribute access by which a text could reach into objects."""

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> tuple[Any, Any]:
        if "." in field_name or "[" in field_name:
            raise LookupError(f"a field such as {{{field_name}}} is not allowed in format(): read the attribute before")
        return self.get_value(int(field_name) if field_name.isdigit() else field_name, args, kwargs), field_name


def _format(text: str, *args: Any, **kwargs: Any) -> str:
    return _Formatter().vformat(text, args, kwargs)


def _set_attribute(name: str, obj: Any, value: Any) -> Any:
    if not isinstance(obj, torch.Tensor):
        raise AttributeError(f"{type(obj).__name__!r} object has no attribute {name!r}")
    setattr(obj, name, value)
    return obj


def _set_item(obj: Any, index: Any, value: Any) -> Any:
    obj[index] = value
    return obj


def _in_place_item(sign: Callable[[Any, Any], Any], obj: Any, index: Any, value: Any) -> Any:
    obj[index] = sign(obj[index], value)
    return obj


def _in_place_attribute(name: str, sign: Callable[[Any, Any], Any], obj: Any, value: Any) -> Any:
    return _set_attribute(name, obj, sign(getattr(obj, name), value))


def _type(obj: object) -> type[Any]:
    return type(obj)


def _assert(test: object, message: object = None) -> None:
    if not test:
        raise AssertionError(*(() if message is None else (message,)))


_PYTHON: Final[Mapping[str, Callable[..., Any]]] = {
    "python.literal": lambda value: value,
    "python.alias": lambda value: value,
    "python.unpack": lambda value: value,
    "python.carry": lambda value=None: value,
    "python.tuple": lambda *items: items,
    "python.list": lambda *items: list(items),
    "python.dict": lambda *items: dict(items),
    "python.fstring": lambda *parts: "".join(map(str, parts)),
    "python.print": print,
    "python.assert": _assert,
    "operator.not_contains": lambda container, item: item not in container,
    "operator.setitem": _set_item,
    "builtins.type": _type,
    "str.format": _format,
}
"""What runs for names that are no attribute of a module, or that need a guard."""


def _refuse(target: str) -> LookupError:
    return LookupError(f"{target} is not an operation that guigrad knows")


@cache
def resolve(target: str) -> Callable[..., Any]:
    """The callable of an exact target.

    Raises: LookupError for a name that is not on the allow-list, or that this torch lacks.
    """
    row = table.find(target)
    if row is None or not isinstance(target, str):
        raise _refuse(target)
    if target in _PYTHON:
        return _PYTHON[target]
    owner, _, name = target.rpartition(".")
    if owner == "setattr":
        return partial(_set_attribute, name)
    if owner.startswith("setattr."):
        return partial(_in_place_attribute, owner.removeprefix("setattr."), getattr(operator, name))
    if owner == "setitem":
        return partial(_in_place_item, getattr(operator, name))
    if owner == "field" or (owner == "torch.Tensor" and name in builtin.ATTRIBUTES["Tensor"]):
        return partial(resolve_property, name)
    root, *path = target.split(".")
    if root not in _ROOTS:
        if owner != "object" and owner not in builtin.OWNERS:
            raise LookupError(f"{target} is not a callable: the program plays it")
        return partial(resolve_property, name) if row.family == "attribute" else _method_caller(name)
    found: Any = _ROOTS[root]
    for part in path:
        found = getattr(found, part, None)
    if not callable(found):
        raise LookupError(f"{target} is not in this version of torch ({torch.__version__})")
    return found  # type: ignore[no-any-return]  # looked up by name: its type is not known


def methods(name: str) -> tuple[set[type], Callable[[Any], Callable[..., Any]]]:
    """The types whose own method of this name is allowed, and what finds the bound method of any object and adds its type there."""
    known: set[type] = set()

    def find(it: Any) -> Callable[..., Any]:
        found = resolve_method(name, it)
        if not isinstance(found, partial):  # else ours, in place of the object's own
            known.add(type(it))
        return found

    return known, find


def _method_caller(name: str) -> Callable[..., Any]:
    known, find = methods(name)

    def call(it: Any, /, *args: Any, **kwargs: Any) -> Any:
        return (getattr(it, name) if type(it) in known else find(it))(*args, **kwargs)

    return call


def resolve_method(name: str, obj: object) -> Callable[..., Any]:
    """The bound method of an object.

    Raises: AttributeError with Python's own text where there is no such attribute, LookupError where there is one that is not allowed.
    """
    owner = owner_of(obj)
    target = f"torch.Tensor.{name}" if owner == "Tensor" else f"{owner}.{name}"
    if target == "str.format":
        return partial(_format, str(obj))
    if owner == "Size" and table.find(target) is None:
        target = f"tuple.{name}"
    row = table.find(target)
    if row is None or row.family == "attribute":
        raise _missing(name, obj)
    return getattr(obj, name)  # type: ignore[no-any-return]  # looked up by name: its type is not known


def resolve_property(name: str, obj: object) -> Any:
    """What ``obj.name`` is.

    Raises: AttributeError with Python's own text where there is no such attribute, LookupError where there is one that is not allowed.
    """
    owner = owner_of(obj)
    if name in builtin.ATTRIBUTES.get(owner, ()) or (owner == "grad_fn" and name.startswith("_saved_")):
        return getattr(obj, name)
    if owner == "tuple" and name in builtin.FIELDS and _is_result(obj):
        return getattr(obj, name)
    if owner == "bool" and name in builtin.ATTRIBUTES["int"]:
        return getattr(obj, name)
    raise _missing(name, obj)


def _is_result(obj: object) -> bool:
    return (type(obj) is not tuple and hasattr(obj, "n_fields")) or hasattr(obj, "_fields")


def _missing(name: str, obj: object) -> Exception:
    if not name.startswith("__"):
        try:
            getattr(obj, name)
        except AttributeError as error:
            return AttributeError(str(error))
        except (RuntimeError, TypeError):  # it is there, and reading it now is an error: still not allowed
            pass
    return LookupError(f"{name!r} of a {type(obj).__name__} is not something that guigrad can use")


def resolve_symbol(path: str) -> Any:
    """The constant of a dotted name: ``torch.float32``, ``math.pi``, ``torch.Tensor``, ``builtins.int``.

    Raises: LookupError for a name that is not on the list, or that this torch lacks.
    """
    if not table.is_symbol(path):
        raise LookupError(f"{path} is not a constant that guigrad knows")
    root, *parts = path.split(".")
    found: Any = _ROOTS[root]
    for part in parts:
        if not hasattr(found, part):
            raise LookupError(f"{path} is not in this version of torch ({torch.__version__})")
        found = getattr(found, part)
    return found
