"""Which grad_fn made which, where a backward built a graph of itself (``create_graph``).

Note [Second graphs]
torch numbers the grad_fns of a thread as they are made. While a backward with ``create_graph`` runs, the number at the moment when each
grad_fn begins is taken down: one whose number lies between two such moments was made by the first of them. The sums at a fan-out, which are
made between two grad_fns, so belong to the one that sent the last part. What a grad_fn of order n made is of order n + 1.
Numbers of a thread never come again, so the notes of several sessions do not meet.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import local
from typing import Any

import torch

from guigrad.engine.recorder import ACCUMULATE, Tensor, edge_of
from guigrad.engine.values import tensors_in

LEAF = -1
"""The number of every AccumulateGrad."""
NOBODY = -2
LIMIT = 1 << 18
"""More notes than this are not kept: the older half goes."""


def sequence(fn: Any) -> int:
    """Counts up with the forward of one thread; LEAF for the grad_fns of leaves."""
    if type(fn) is ACCUMULATE:
        return LEAF
    try:
        number = int(fn._sequence_nr())
    except (AttributeError, RuntimeError):
        return LEAF
    return number if number < 1 << 62 else LEAF


class _Notes(local):
    def __init__(self) -> None:
        self.starts: list[int] = []
        self.makers: list[int] = []

    def add(self, maker: int) -> None:
        self.starts.append(torch._C._autograd._get_sequence_nr())
        self.makers.append(maker)


_notes = _Notes()


@contextmanager
def noting(roots: Iterable[Tensor]) -> Iterator[None]:
    """While a backward with ``create_graph`` runs from some tensors. See Note [Second graphs]."""
    notes = _notes
    if len(notes.starts) > LIMIT:
        del notes.starts[: LIMIT // 2], notes.makers[: LIMIT // 2]
    todo = [edge[0] for tensor in roots if (edge := edge_of(tensor)) is not None]
    fns = dict.fromkeys(todo)
    while todo:
        fresh = [target for target, _ in todo.pop().next_functions if target is not None and target not in fns]
        fns.update(dict.fromkeys(fresh))
        todo += fresh
    handles = [fn.register_prehook(_begins(notes, sequence(fn))) for fn in fns]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
        notes.add(NOBODY)


def _begins(notes: _Notes, number: int) -> Callable[[Any], None]:
    def hook(arrived: Any) -> None:
        notes.add(number)

    return hook


def maker(number: int) -> int | None:
    """The number of the grad_fn that made one, LEAF for an AccumulateGrad; None for what the forward made."""
    at = bisect_right(_notes.starts, number) - 1
    if number < 0 or at < 0 or _notes.makers[at] == NOBODY:
        return None
    return _notes.makers[at]


def order(number: int) -> int:
    """1 for what the forward made, 2 for what its backward made …"""
    found = 1
    made = maker(number)
    while made is not None:
        found += 1
        made = maker(made)
    return found


def autograd_grad(outputs: Any, *args: Any, **kwargs: Any) -> Any:
    """``torch.autograd.grad``, noted where it builds a graph."""
    # In its signature ``create_graph`` is the fifth.
    if not (kwargs.get("create_graph") or (len(args) > 3 and args[3])):
        return torch.autograd.grad(outputs, *args, **kwargs)
    with noting(tensors_in(outputs)):
        return torch.autograd.grad(outputs, *args, **kwargs)


NOTED: dict[str, Callable[..., Any]] = {"torch.autograd.grad": autograd_grad}
"""What takes the place of an op whose backward may build a graph."""
