"""The part of a program that leads from one node to another, as a function of that node's value."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

from guigrad.document.model import In
from guigrad.engine.again import again
from guigrad.engine.values import MISSING

if TYPE_CHECKING:
    from guigrad.engine.play import Engine


class NoFunction(ValueError):
    """What lies between two nodes cannot be run by itself; the text says why."""


class Between:
    """``between(x)`` is what ``end`` would be if ``start`` were x; everything else keeps the value it has, random draws included.

    Nothing of the session changes. Raises: NoFunction if in-place ops, loops or branches lie between.
    """

    def __init__(self, engine: Engine, start: str, end: str, dtype: torch.dtype | None = None) -> None:
        self._engine, self._start, self._end, self._dtype = engine, start, end, dtype
        state = engine.state
        above = _ancestors(engine, end)
        self.keys = tuple(key for key in state.order if key in state.below({start}) and key in above and key != start)
        for key in self.keys:
            facts = state.facts(key)
            if facts.changes:
                raise NoFunction(f"{engine.label(key)} changes a tensor in place between the two.")
            if any(place in state.loops for place in state.context[key]) or state.updates(key):
                raise NoFunction(f"{engine.label(key)} is computed in a loop or branch.")

    def __call__(self, x: Any) -> Any:
        engine = self._engine
        plan, document = engine.plan, engine.document
        values: dict[str, Any] = {self._start: x}
        with _random_kept():
            for key in self.keys:
                node = document.nodes[key]
                inputs = [self._read(values, wire) for wire in node.inputs()]
                known = engine.state.random.get(key)
                if known is not None:
                    torch.set_rng_state(known[0])
                values[key] = again(node, inputs, plan.device)
        return values[self._end]

    def _read(self, values: dict[str, Any], wire: In) -> Any:
        if wire.node in values:
            value = values[wire.node]
            return tuple(value)[wire.output] if self._engine.document.nodes[wire.node].outputs else value
        value = self._engine.plan.read(wire)
        if value is MISSING:
            raise NoFunction("Something between the two has not run.")
        if isinstance(value, torch.Tensor):
            value = value.detach()
            if self._dtype is not None and value.is_floating_point():
                value = value.to(self._dtype)
        return value


def _ancestors(engine: Engine, end: str) -> set[str]:
    found: set[str] = set()
    todo = [end]
    while todo:
        key = todo.pop()
        if key not in found and key in engine.document.nodes:
            found.add(key)
            todo += engine.state.facts(key).reads
    return found


@contextmanager
def _random_kept() -> Iterator[None]:
    before = torch.get_rng_state()
    try:
        yield
    finally:
        torch.set_rng_state(before)
