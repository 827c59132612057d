"""Which sources a value comes from, along the ways that a gradient can take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

from guigrad.document import ports
from guigrad.document.model import Branch, Document, In, Item, Loop, Region, item_key, walk, wires_in

_NO_WAY = ("detach", "detach_", "data", "item", "tolist", "numpy", "grad")
"""Names of ops that no gradient passes."""


def sources_above(document: Document, key: str, read: Callable[[In], Any] | None) -> Iterator[str]:
    """The floating point sources that a node depends on, and that can be told to require grad, the nearest first.

    ``read`` tells what a wire carries: whole numbers end the way, as what is not recorded does.
    """
    if read is None:
        return
    more, silent = _variables(document), set(_unrecorded(document.program, False))
    todo, seen = [key], {key}
    while todo:
        node = document.nodes.get(todo.pop(0))
        if node is None or (node.id != key and (node.id in silent or node.op.rpartition(".")[2] in _NO_WAY)):
            continue
        reads = [wire.node for wire in node.inputs() if wire.node is not None]
        value = read(In(node.id)) if not node.outputs else None
        if isinstance(value, torch.Tensor) and not (value.is_floating_point() or value.is_complex()):
            continue
        if any(parameter.name == "requires_grad" for parameter in ports.parameters(node)):
            source = node.op == "torch.nn.Parameter" or not reads
            if source and isinstance(value, torch.Tensor) and not value.requires_grad:
                yield node.id
            continue  # zeros_like(x) and its kind have the flag too, and no gradient reaches their x
        for other in (*reads, *more.get(node.id, ())):
            if other not in seen:
                seen.add(other)
                todo.append(other)


def _variables(document: Document) -> dict[str, tuple[str, ...]]:
    """What the variables of loops and branches get their values from, beside their start."""
    found: dict[str, tuple[str, ...]] = {}
    for item in walk(document.program):
        if isinstance(item, Loop):
            found[item.var] = tuple(wire.node for wire in wires_in(item.iter) if wire.node is not None)
        if isinstance(item, Loop | Branch):
            for carry in item.carried:
                found[carry.port] = tuple(wire.node for wire in carry.updates if wire.node is not None)
    return found


def _unrecorded(items: tuple[Item, ...], silent: bool) -> Iterator[str]:
    """The nodes inside ``no_grad`` and ``inference_mode``; a source made there can still require grad, what is computed cannot."""
    for item in items:
        match item:
            case Region():
                yield from _unrecorded(item.body, silent or item.kind in ("no_grad", "inference_mode"))
            case Loop():
                yield from _unrecorded(item.body, silent)
            case Branch():
                yield from _unrecorded((*item.body, *item.orelse), silent)
            case _ if silent:
                yield item_key(item)
