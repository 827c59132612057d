"""Posthooks on many grad_fns at once.

Note [Cheap hooks]
``Node.register_hook`` hands each hook to ``Function._register_hook``, Python code of torch's that makes a dict and a removable handle and costs
as much as a small op's whole backward. While we register, a version of ours stands in its place: it gives hooks
that our thread registers a bare dict each; those of other threads go to torch's own. Where a torch works
otherwise, which is tried once, the hooks are registered as usual.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from threading import Lock, get_ident
from typing import Any

import torch
from torch.autograd.function import Function

Hook = Callable[[Any, Any], None]

_lock = Lock()
_torchs: Callable[[Any, Any], tuple[Any, Any]] = Function._register_hook
_KEY = "guigrad"


class _Slot(dict[Any, Any]):
    """The hooks of one grad_fn; a removable handle of somebody else's later hook wants weak references to it."""

    __slots__ = ("__weakref__",)


class Hooks:
    """Registered posthooks, to be removed together."""

    def __init__(self) -> None:
        self._dicts: list[Any] = []
        self._handles: list[Any] = []

    def register(self, hooks: Iterable[tuple[Any, Hook]]) -> None:
        """Adds a hook to each grad_fn."""
        if not _works():
            for fn, hook in hooks:
                self._handles.append(fn.register_hook(hook))
            return
        with _lock:
            Function._register_hook = staticmethod(_maker(self._dicts))  # type: ignore[method-assign]  # see the note
            try:
                for fn, hook in hooks:
                    fn.register_hook(hook)
            finally:
                Function._register_hook = staticmethod(_torchs)  # type: ignore[method-assign]  # torch's own again

    def remove(self) -> None:
        """Takes them all away."""
        for known in self._dicts:
            known.pop(_KEY, None)
        for handle in self._handles:
            handle.remove()
        self._dicts.clear()
        self._handles.clear()


def _maker(dicts: list[Any]) -> Callable[[Any, Any], tuple[Any, Any]]:
    add, thread, ours = dicts.append, get_ident, get_ident()

    def register(known: Any, hook: Any) -> tuple[Any, Any]:
        if thread() != ours:
            return _torchs(known, hook)
        if known is None:
            known = _Slot()  # torch's own code makes an ordered dict, which costs twice as much to make and to free
        known[_KEY] = hook  # a later hook of somebody else goes in there too
        add(known)
        return known, None

    return register


@cache
def _works() -> bool:
    """Whether this torch registers hooks by way of ``Function._register_hook``."""
    heard: list[int] = []
    probe = torch.zeros((), device="cpu", requires_grad=True)
    with torch.enable_grad():
        result = probe * 1
    dicts: list[Any] = []

    def hook(left: Any, arrived: Any) -> None:
        heard.append(1)

    with _lock:
        Function._register_hook = staticmethod(_maker(dicts))  # type: ignore[method-assign]  # see the note
        try:
            result.grad_fn.register_hook(hook)  # type: ignore[union-attr]  # it has one
        except (TypeError, AttributeError, RuntimeError):
            return False
        finally:
            Function._register_hook = staticmethod(_torchs)  # type: ignore[method-assign]  # torch's own again
    result.backward()  # type: ignore[no-untyped-call]  # torch has not typed it
    return len(dicts) == 1 and len(heard) == 1
