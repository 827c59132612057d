"""Static kinds: what a value is, as far as the script alone tells, in the op table's own type words."""

from __future__ import annotations

from functools import cache
from typing import Final

from guigrad.document.array import ArrayData
from guigrad.document.model import DictOf, ListOf, Sym, Value
from guigrad.ops import table
from guigrad.ops.builtin import ATTRIBUTES, FIELDS

NUMBERS: Final = frozenset({"int", "float", "bool", "complex", "Scalar"})
REBOUND: Final = NUMBERS | {"str", "tuple", "Size"}
"""Kinds on which ``x += 1`` makes a new object."""

OBJECTS: Final = (
    "list",
    "dict",
    "str",
    "Size",
    "tuple",
    "Generator",
    "grad_fn",
    "optimizer",
    "scheduler",
    "range",
    "int",
    "float",
    "complex",
)
"""Kinds whose methods have rows of their own."""  # fmt: skip

_COMPARISONS: Final = frozenset({"lt", "le", "gt", "ge", "eq", "ne"})
_SEQUENCES: Final = frozenset({"str", "tuple", "list"})


def of_constant(value: Value) -> str:
    """The kind of a value that holds no wire at its top."""
    match value:
        case None:
            return "None"
        case bool() | int() | float() | complex() | str():
            return type(value).__name__
        case tuple():
            return "tuple"
        case ListOf():
            return "list"
        case DictOf():
            return "dict"
        case ArrayData():
            return "Tensor"
        case Sym(path):
            if path.startswith("math.") or path in ("torch.pi", "torch.e", "torch.inf", "torch.nan"):
                return "float"
            return "dtype" if path.startswith("torch.") and path[6:7].islower() else "type"
    return "any"


@cache
def has_effect(target: str) -> bool:
    """Whether calling a target does something beside computing."""
    return bool(table.effect_of(target))


@cache
def of_call(target: str) -> str:
    """The kind that a call of this target gives."""
    words = table.returns(target)
    if len(words) != 1:
        return "tuple"
    word = words[0]
    if word in ("Tensor[]", "int[]", "float[]"):
        return "tuple"
    return "any" if word.endswith("?") else word


@cache
def of_output(target: str, index: int) -> str:
    """The kind of one item of what a call gives."""
    words = table.returns(target)
    if len(words) > 1:
        return words[index] if index < len(words) and not words[index].endswith("?") else "any"
    return "Tensor" if words == ("Tensor[]",) else "any"


def of_operator(name: str, left: str, right: str) -> str:
    """The kind of ``left <operator> right``."""
    if name in ("is_", "is_not", "contains", "not_contains", "not_"):
        return "bool"
    if left == "str" and name in ("mod", "add", "mul"):
        return "str"
    if "Tensor" in (left, right):
        return "Tensor"
    if left in NUMBERS and right in NUMBERS:
        if name in _COMPARISONS:
            return "bool"
        if "complex" in (left, right):
            return "complex"
        if "Scalar" in (left, right):
            return "Scalar"
        if "float" in (left, right) or name == "truediv":
            return "float"
        return "Scalar" if name == "pow" else "int"
    if left in _SEQUENCES and ((right == left and name == "add") or name == "mul"):
        return left
    return "any"


def of_item(kind: str, index: Value) -> str:
    """The kind of ``value[index]``."""
    if kind == "Tensor":
        return "Tensor"
    if kind == "Size" and isinstance(index, int):
        return "int"
    return "str" if kind == "str" else "any"


def attribute(kind: str, name: str) -> tuple[str, str] | None:
    """(op, kind) of reading ``value.name``; None where no row allows it."""
    owner = kind if kind in ATTRIBUTES and name in ATTRIBUTES[kind] else ""
    if not owner and name in ATTRIBUTES["Tensor"]:
        owner = "Tensor"
    if not owner and name in FIELDS:
        return f"field.{name}", "Tensor" if name not in ("mode", "count") else "any"
    if not owner:
        owner = next((owner for owner, names in ATTRIBUTES.items() if name in names), "")
    if owner:
        word = ATTRIBUTES[owner][name]
        return f"{'torch.Tensor' if owner == 'Tensor' else owner}.{name}", "any" if word.endswith("?") else word
    if name.startswith("_saved_"):
        return f"grad_fn.{name}", "any"
    return None


def method(kind: str, name: str) -> str | None:
    """The op of calling ``value.name(…)``; None where no row allows it."""
    if kind in OBJECTS and table.find(f"{kind}.{name}") is not None:
        return f"{kind}.{name}"
    if table.is_method(name):
        return f"torch.Tensor.{name}"
    return f"object.{name}" if table.is_object_method(name) else None


def join(first: str, second: str) -> str:
    """The kind of what is one or the other."""
    if first == second:
        return first
    return "Scalar" if first in NUMBERS and second in NUMBERS else "any"
