"""Nodes in a row that need no watching: they are played as bare closures, and the state is brought up to date for all at once.

Note [Stretches]
A watched pass asks a dozen questions about each node, which costs more than a small op. For most nodes the answers were the same the last
time: the op changes nothing, draws no random numbers, keeps nothing, and made a tensor from tensors. Such nodes in a row are a stretch. Which
nodes these are is found from a pass that was watched; after each play one look at the types in C tells whether that still holds, and if it
does not, or a node fails, each is looked at again.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import torch

from guigrad.document.model import Effect, Eval, Item
from guigrad.engine.arguments import Step
from guigrad.engine.values import is_leaf

if TYPE_CHECKING:
    from guigrad.engine.state import State

SHORTEST = 2
EVERY = 64
"""After how many nodes a long stretch ends, so that a stop is heard."""

_TENSOR = {torch.Tensor}


class Stretch:
    """Nodes in a row that are played without watching. ``slots`` holds what must be tensors for that: each value and one of its inputs."""

    __slots__ = ("fresh", "keys", "known", "slots", "steps")

    def __init__(self, state: State, keys: list[str], inputs: list[int]) -> None:
        plan = state.plan
        self.keys = tuple(keys)
        self.known = frozenset(keys)
        self.steps: tuple[Step, ...] = tuple([plan.steps[key] for key in keys])
        self.fresh = dict.fromkeys(keys, "fresh")
        self.slots: Callable[[Any], Any] = itemgetter(*dict.fromkeys([*map(plan.whole, keys), *inputs]))

    def settle(self, state: State) -> None:
        """All nodes have just been computed."""
        state.status.update(self.fresh)
        if state.freed:
            state.freed -= self.known
        if set(map(type, self.slots(state.plan.env))) != _TENSOR:
            self.settle_each(state, len(self.keys))

    def settle_each(self, state: State, count: int) -> None:
        """The first ``count`` nodes have just been computed, and each is to be looked at."""
        for key in self.keys[:count]:
            state.status[key] = "fresh"
            state.pristine.pop(key, None)
            state.made(key)
        state.forget_stretches()


Part = Item | Stretch


def split(state: State, items: tuple[Item, ...]) -> tuple[Part, ...]:
    """Items with stretches in the place of nodes that need no watching."""
    parts: list[Part] = []
    run: list[tuple[Item, str, int]] = []

    def close() -> None:
        for at in range(0, len(run), EVERY):
            piece = run[at : at + EVERY]
            if len(piece) < SHORTEST:
                parts.extend(item for item, _, _ in piece)
            else:
                parts.append(Stretch(state, [key for _, key, _ in piece], [slot for _, _, slot in piece]))
        run.clear()

    for item in items:
        if isinstance(item, Eval | Effect) and (slot := _input(state, item.node)) is not None:
            run.append((item, item.node, slot))
        else:
            close()
            parts.append(item)
    close()
    return tuple(parts)


def parts_of(state: State, items: tuple[Item, ...]) -> tuple[Part, ...]:
    """The same, kept as long as it holds."""
    known = state.stretches.get(id(items))
    if known is not None and known[0] is items:
        return known[1]
    if any(isinstance(item, Eval) and state.status.get(item.node) != "fresh" for item in items):
        return items
    parts = split(state, items)
    state.keep_stretches(items, parts)
    return parts


def _input(state: State, key: str) -> int | None:
    """The slot of a tensor that a node reads, if the node needs no watching."""
    plan = state.plan
    if state.status.get(key) != "fresh" or state.role(key) != "play" or key not in plan.steps:
        return None
    facts = state.facts(key)
    if any(name == "requires_grad" for name, _ in plan.document.nodes[key].kwargs):
        return None
    if facts.changes or facts.in_place or facts.random or facts.keepable or facts.reads_grad:
        return None
    if key in state.sources or key in state.made_from or key in state.pristine:
        return None
    env = plan.env
    value = plan.value(key)
    if type(value) is not torch.Tensor or (value.requires_grad and is_leaf(value)):
        return None
    return next((at for at in facts.slots if type(env[at]) is torch.Tensor), None)
