"""The part of a program that leads from one node to another, as a function of that node's value."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

from guigrad.document.closures import meant
from guigrad.document.model import CLOSURE, In
from guigrad.engine.again import again
from guigrad.engine.values import MISSING

if TYPE_CHECKING:
    from guigrad.engine.play import Engine


Place = tuple[str, int | None]
"""A node id, and which of its outputs (None: its whole value)."""


class NoFunction(ValueError):
    """What lies between two nodes cannot be run by itself; the text says why."""


class Between:
    """``between(x)`` is what ``end`` would be if ``start`` were x; everything else keeps the value it has, random draws included.

    Nothing of the session changes. Raises: NoFunction if in-place ops, loops or branches lie between.
    """

    def __init__(
        self, engine: Engine, start: Place, end: Place, dtype: torch.dtype | None = None, device: str | None = None
    ) -> None:
        self._engine, self._dtype, self._device = engine, dtype, device
        inner = meant(engine.document, In(end[0], end[1] or 0))
        if inner.node is not None and inner.node != end[0]:
            end = inner.node, inner.output or None
        self._output, self._end_output = start[1], end[1]
        self._start, self._end = first, last = start[0], end[0]
        state = engine.state
        inside = ancestors(engine, last) & state.below({first})
        self.keys = tuple(key for key in state.order if key in inside and key != first)
        for key in self.keys:
            facts = state.facts(key)
            if state.role(key) == "update" or engine.document.nodes[key].op == CLOSURE:
                raise NoFunction(
                    f"{engine.label(key)} lies between the two, and an optimizer's step is no function of its input."
                )
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
                values[key] = again(node, inputs, self._device or plan.device)
        made = (
            values[self._end] if self._end in values else self._read(values, In(self._end))
        )  # it depends on nothing here
        return made if self._end == self._start or self._end_output is None else tuple(made)[self._end_output]

    def _read(self, values: dict[str, Any], wire: In) -> Any:
        if wire.node == self._start and self._output is not None:
            if wire.output == self._output:
                return values[self._start]
        elif wire.node in values:
            value = values[wire.node]
            return tuple(value)[wire.output] if self._engine.document.nodes[wire.node].outputs else value
        value = self._engine.plan.read(wire)
        if value is MISSING:
            raise NoFunction("Something between the two has not run.")
        if isinstance(value, torch.Tensor):
            value = value.detach() if self._device is None else value.detach().to(self._device)
            if self._dtype is not None and value.is_complex():
                value = value.to(torch.promote_types(self._dtype, torch.complex64))
            elif self._dtype is not None and value.is_floating_point():
                value = value.to(self._dtype)
        return value


def ancestors(engine: Engine, end: str) -> set[str]:
    """A node and all that it is computed from."""
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
