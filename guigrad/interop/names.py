"""What the tensors of a caller are called: parameters of functions, paths in modules, local variables."""

from __future__ import annotations

import inspect
import keyword
import re
import sys
from collections.abc import Callable, Mapping
from types import CodeType, FrameType
from typing import Any

import torch


def identifier(text: str) -> str:
    """A text as a Python name: ``fc1.weight`` is fc1_weight, ``0.weight`` is _0_weight."""
    name = re.sub(r"\W+", "_", text)
    if not name or name[0].isdigit():
        name = f"_{name}"
    return f"{name}_" if keyword.iskeyword(name) else name


def unique(name: str, taken: set[str]) -> str:
    """The name, or the first of name_2, name_3 … that is free; taken from now on."""
    found, count = name, 1
    while found in taken:
        count += 1
        found = f"{name}_{count}"
    taken.add(found)
    return found


def names_of(function: Callable[..., Any], inputs: tuple[Any, ...], keywords: Mapping[str, Any]) -> dict[int, str]:
    """Names of the tensors that a call can see, by ``id``: its arguments, the function's own module or closure, globals it reads."""
    found: dict[int, str] = {}
    try:
        called = function.forward if isinstance(function, torch.nn.Module) else function
        bound = inspect.signature(called).bind(*inputs, **keywords)
        for name, value in bound.arguments.items():
            _note(found, name, value)
    except (TypeError, ValueError):  # no signature, or arguments that do not fit: the call itself will say so
        for at, value in enumerate(inputs):
            _note(found, f"x{at}", value)
    owner = function if isinstance(function, torch.nn.Module) else getattr(function, "__self__", None)
    if isinstance(owner, torch.nn.Module):
        _note(found, "", owner)
    elif owner is not None and hasattr(owner, "__dict__"):
        for name, value in vars(owner).items():
            _note(found, name, value)
    if inspect.isfunction(function):
        seen = inspect.getclosurevars(function)
        for name, value in {**seen.globals, **seen.nonlocals}.items():
            _note(found, name, value)
    return found


def _note(found: dict[int, str], name: str, value: Any) -> None:
    match value:
        case torch.Tensor():
            found.setdefault(id(value), identifier(name))
        case torch.nn.Module():
            for path, tensor in (*value.named_parameters(), *value.named_buffers()):
                found.setdefault(id(tensor), identifier(f"{name}_{path}" if name else path))
        case tuple() | list():
            for at, item in enumerate(value):
                _note(found, f"{name}_{at}", item)
        case dict():
            for key, item in value.items():
                _note(found, f"{name}_{key}", item)


class Locals:
    """A context that reads a function's local variables when it returns: ``names`` are those of its tensors, by ``id``."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.names: dict[int, str] = {}
        self._alive: list[Any] = []
        self._code = _code_of(function)
        self._arguments = () if self._code is None else self._code.co_varnames[: self._code.co_argcount]
        self._former: Any = None

    def __enter__(self) -> Locals:
        self._former = sys.getprofile()
        if self._code is not None and self._former is None:  # somebody's profiler goes on undisturbed
            sys.setprofile(self._watch)
        return self

    def __exit__(self, *error: object) -> None:
        if self._code is not None and self._former is None:
            sys.setprofile(None)

    def _watch(self, frame: FrameType, event: str, argument: Any) -> None:
        if event != "return" or frame.f_code is not self._code:
            return
        for name, value in frame.f_locals.items():
            if isinstance(value, torch.Tensor) and name not in self._arguments:
                self.names[id(value)] = name
                self._alive.append(value)


def _code_of(function: Any) -> CodeType | None:
    if isinstance(function, torch.nn.Module):
        function = type(function).forward
    code = getattr(getattr(inspect.unwrap(function), "__func__", inspect.unwrap(function)), "__code__", None)
    return code if isinstance(code, CodeType) else None
