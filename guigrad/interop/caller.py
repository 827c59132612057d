"""What a program calls its tensors: names that are given, variables of the caller, parameters and buffers of its modules by path."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from types import FrameType, ModuleType
from typing import Any

import torch

_DEPTH = 3
"""Lists in lists, modules in dicts …: so deep is looked."""
_ITEMS = 1000
_ALL = 100_000
"""More than so many values are not looked at."""

Named = list[tuple[str, torch.Tensor]]


def named(given: Mapping[str, Any] | None, frame: FrameType | None) -> Named:
    """Names with their tensors, the surest first: those ``given``, then the variables of ``frame`` and its globals."""
    looked = _Looked()
    for name, value in (given or {}).items():
        looked.note(str(name), value)
    if frame is not None:
        local = frame.f_locals
        for name, value in list(local.items()):
            looked.note(name, value, private=not name.startswith("__"))
        if frame.f_globals is not local:
            for name, value in list(frame.f_globals.items()):
                looked.note(name, value, private=not name.startswith("__"))
        _let_go(frame, local)
    return looked.found


def _let_go(frame: FrameType, local: Any) -> None:
    """Until Python 3.12 reading ``f_locals`` leaves a copy of a function's variables in its frame, which would keep tensors alive."""
    if sys.version_info >= (3, 13) or not frame.f_code.co_flags & inspect.CO_OPTIMIZED:
        return
    if (
        sys.getrefcount(local) <= 4
    ):  # the frame, the caller's variable and this one, and the count's own: nobody asked for locals()
        local.clear()


class _Looked:
    def __init__(self) -> None:
        self.found: Named = []
        self.left = _ALL
        self.seen: set[int] = set()

    def note(self, name: str, value: Any, private: bool = True) -> None:
        if private:
            self._note(name, value, _DEPTH)

    def _note(self, name: str, value: Any, depth: int) -> None:
        self.left -= 1
        if self.left < 0 or isinstance(value, type | ModuleType | str | bytes | int | float):
            return
        if isinstance(value, torch.Tensor):
            self.found.append((name, value))
            return
        if id(value) in self.seen:
            return
        for part, inner in _parts(value):
            self.seen.add(id(value))
            if depth or isinstance(inner, torch.Tensor):
                self._note(part.format(name), inner, depth - 1)


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """What is in a value, with its name as a form around the value's own."""
    match value:
        case torch.nn.Module():
            for path, tensor in (*value.named_parameters(), *value.named_buffers()):
                yield "{}." + path.replace("{", "").replace("}", ""), tensor
        case list() | tuple():
            for at, item in enumerate(value[:_ITEMS]):
                yield f"{{}}_{at}", item
        case dict():
            for number, (key, item) in enumerate(list(value.items())):
                if number >= _ITEMS:
                    return
                if isinstance(key, str) and len(key) < 60:
                    yield "{}_" + key.replace("{", "").replace("}", ""), item
        case _:
            inside = getattr(value, "__dict__", None)
            if type(inside) is dict and type(value).__module__.partition(".")[0] not in _FOREIGN:
                for key, item in list(inside.items())[:_ITEMS]:
                    if isinstance(item, torch.Tensor | torch.nn.Module):
                        yield "{}." + str(key), item


_FOREIGN = frozenset(("torch", "numpy", "builtins", "threading", "logging", "types", "importlib", "functools"))
