"""What a wire would give that nobody has drawn yet: its op alone, tried on stand-ins of what its inputs will be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from guigrad.document.connect import broadcasts
from guigrad.document.model import Document, In
from guigrad.engine.explain import explain
from guigrad.engine.repair import Tried, attempt, described, repairs, stand_ins
from guigrad.engine.values import MISSING
from guigrad.ops.table import effect_of
from guigrad.run.request import Trial, TryWire

Read = Callable[[In], Any]
_BELIEVED = ("shape", "type")
"""Kinds of problems that follow from shapes and dtypes alone; what else goes wrong may come from the zeros of the stand-ins."""
_QUIET = ("", "in-place", "mutate")
"""Effects of ops that act on stand-ins alone."""


def try_wire(document: Document, verb: TryWire, read: Read, label: Callable[[str], str]) -> Trial:
    """Whether the op at the end of the wire takes what the wire brings; nothing of the document or its values changes.

    ``read`` gives what is known of a wire's value, a tensor without memory at least, or MISSING.
    """
    unknown = Trial(verb.source, verb.output, verb.target, verb.path)
    after = verb.diff.apply(document)
    node = after.nodes.get(verb.target)
    if node is None or effect_of(node.op) not in _QUIET:
        return unknown
    fresh = [
        each for key, (old, each) in verb.diff.nodes.items() if old is None and each is not None and key != node.id
    ]
    made = {In(each.id) for each in fresh}
    wires = {wire for each in (*fresh, node) for wire in each.inputs() if wire.node is not None} - made
    values = stand_ins({wire: read(wire) for wire in wires})
    if any(value is MISSING for value in values.values()):
        return unknown
    for each in fresh:
        tried = attempt(each, values)
        if tried.error is not None:
            return unknown
        values[In(each.id)] = tried.result
    brought = next((wire for wire in node.inputs() if wire.node == verb.source or wire in made), None)
    given = values.get(brought, MISSING) if brought is not None else MISSING
    tried = attempt(node, values)
    if tried.error is not None:
        problem = explain(tried.error, node.id, after, label, lambda wire: values.get(wire, MISSING))
        if problem.kind not in _BELIEVED:
            return unknown
        found = repairs(node, values, verb.path, problem.kind == "type")
        return Trial(
            verb.source, verb.output, verb.target, verb.path, False, described(given),
            message=problem.message.strip().splitlines()[0], why=problem.why, repairs=found,
        )  # fmt: skip
    return Trial(
        verb.source, verb.output, verb.target, verb.path, True, described(given), described(tried.result),
        broadcast=broadcasts(node.op) and _differ(given, tried),
    )  # fmt: skip


def _differ(given: Any, tried: Tried) -> bool:
    """Whether an op that works element by element has repeated what it was given."""
    both = isinstance(given, torch.Tensor) and isinstance(tried.result, torch.Tensor)
    return both and given.shape != tried.result.shape
