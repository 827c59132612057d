"""Overloads of torch's Python functions, from their signatures and annotations."""

from __future__ import annotations

import contextlib
import inspect
import re
import types
import typing
from collections.abc import Callable, Sequence
from typing import Any, Final

import torch
from msgspec import structs
from torch import _jit_internal

from guigrad.ops.spec import REQUIRED, Overload, Param

_SIMPLE: Final[dict[Any, str]] = {
    int: "int",
    float: "float",
    bool: "bool",
    str: "str",
    complex: "complex",
    torch.Tensor: "Tensor",
    torch.dtype: "dtype",
    torch.device: "device",
    torch.layout: "layout",
    torch.memory_format: "memory_format",
    torch.Generator: "Generator",
    torch.Size: "int[]",
}

_TENSORS: Final = re.compile(
    r"input\d?|self|other|target|weight|bias|tensor\d?|x\d?|A|B|query|key|value|mask|.*_mask|indices|offsets|anchor|positive|negative|grid|"
    r"log_probs|targets|M|R|running_mean|running_var|.*_weights?|.*_bias|bias_.*|static_."
)
"""Names of parameters that take tensors where no annotation says so."""


def word(annotation: Any, name: str) -> str | None:
    """An annotation as a row's type word, or None for one that says nothing.

    ``name`` is the function's: its "2d" tells the length of a BroadcastingList2, which evaluates to None.
    """
    if annotation is None or annotation is type(None):
        length = re.search(r"([123])d", name)
        return f"int[{length.group(1)}]" if length else "int[]"
    if isinstance(annotation, str) or annotation is inspect.Parameter.empty:
        return None
    try:
        if annotation in _SIMPLE:
            return _SIMPLE[annotation]
    except TypeError:
        return None
    origin, inside = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        given = [part for part in inside if part is not type(None)]
        words = [word(part, name) for part in given] or [word(None, name)]
        mark = "?" if len(given) < len(inside) else ""
        known = sorted(
            {f"{part}{mark}" for part in words if part}, key=lambda part: (not part.startswith("Tensor"), part)
        )
        return "|".join(known) or None
    if origin in (list, tuple, Sequence):
        kind = word(inside[0], name) if inside else None
        return f"{kind}[]" if kind and "|" not in kind and "[" not in kind else "any"
    if origin is typing.Literal:
        return "str"
    return "any" if inside else None


def _guess(name: str, default: Any) -> str:
    if (default is REQUIRED or default is None) and _TENSORS.fullmatch(name):
        return "Tensor" if default is REQUIRED else "Tensor?"
    if isinstance(default, bool | int | float | str):
        return type(default).__name__
    if isinstance(default, torch.memory_format):
        return "memory_format"
    return "any"


def _returns(annotation: Any, name: str) -> tuple[str, ...]:
    if typing.get_origin(annotation) is tuple and Ellipsis not in typing.get_args(annotation):
        return tuple(word(part, name) or "any" for part in typing.get_args(annotation))
    if annotation is None:
        return ("None",)
    return (word(annotation, name) or "Tensor",)


def python_overloads(
    function: Any, name: str, overridable: Callable[..., Any] | None, constant: Callable[[Any], Any]
) -> list[Overload]:
    """The overloads of a Python function, or of a builtin that torch's list of overridable functions describes."""
    chosen = _jit_internal.boolean_dispatched.get(function) if inspect.isfunction(function) else None
    described = chosen["if_true"] if chosen else function if inspect.isfunction(function) else overridable
    if described is None:
        return []
    signature = inspect.signature(described)
    with contextlib.suppress(NameError, TypeError):  # an annotation that only a type checker can follow
        signature = inspect.signature(described, eval_str=True)
    params = tuple(
        _param(parameter, name, constant)
        for parameter in signature.parameters.values()
        if parameter.name not in ("out", "_stacklevel") and parameter.kind is not parameter.VAR_KEYWORD
    )
    if chosen:  # max_pool2d and its like give the indices too when they are asked to
        asked = tuple(structs.replace(p, default=REQUIRED) if p.name == "return_indices" else p for p in params)
        plain = tuple(p for p in params if p.name != "return_indices")
        return [Overload(plain), Overload(asked, ("any",))]
    return [Overload(params, _returns(signature.return_annotation, name))]


def _param(parameter: inspect.Parameter, name: str, constant: Callable[[Any], Any]) -> Param:
    if parameter.kind is parameter.VAR_POSITIONAL:
        return Param(f"*{parameter.name}", "Tensor[]", [])
    default = REQUIRED if parameter.default is parameter.empty else parameter.default
    if parameter.annotation is parameter.empty or isinstance(parameter.annotation, str):
        kind = _guess(parameter.name, default)
    else:
        kind = word(parameter.annotation, name) or _guess(parameter.name, default)
    if parameter.name in ("dtype", "layout"):  # scripting's int
        kind = kind.replace("int", parameter.name)
    if parameter.name == "output_ratio":
        kind = kind.replace("int", "float")
    if parameter.name == "dim" and kind == "int[]?":  # torch.masked takes one number too
        kind = "int?|int[]?"
    if default is None and not kind.endswith("?") and kind != "any":
        kind += "?"
    return Param(parameter.name, kind, constant(default), parameter.kind is parameter.KEYWORD_ONLY)
