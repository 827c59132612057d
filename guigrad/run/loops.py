"""What of a program trains, read from the document alone: the loop, its phases, its optimizer, its loss. See Note [Steps] in run/training.

It is what a window shows before anything has run; which phase is played is told by the engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from guigrad.document.closures import called, function_of, is_closure
from guigrad.document.model import (
    Branch,
    Document,
    Effect,
    Eval,
    In,
    Item,
    Loop,
    Node,
    Region,
    item_inputs,
    item_key,
    walk,
)
from guigrad.ops import table

_GRADIENTS = ("torch.autograd.grad", "torch.autograd.functional.", "torch.func.")
_GRAD_READS = ("torch.Tensor.grad", "getattr.grad")
_OF_EFFECT = {"backward": "backward", "step": "step", "zero": "zero_grad", "print": "?"}
_STRENGTH = ("?", "zero_grad", "backward", "step")


class Trains(Struct, frozen=True):
    """The loop ``loop`` trains. ``phases`` are those of a step in their order, ``keys`` the item keys of each, by its place.

    ``optimizer`` and ``losses`` are node ids; "" and () where there are none.
    """

    loop: str
    phases: tuple[str, ...]
    keys: tuple[tuple[str, ...], ...]
    optimizer: str = ""
    losses: tuple[str, ...] = ()


def trains(document: Document) -> Trains | None:
    """The loop whose rounds are the steps of a training; None where the program has no loop."""
    loop = _loop(document)
    if loop is None:
        return None
    grads = _grads(document, loop)
    flat = _with_closures(document, [(item, _phase(document, item, grads)) for item in _flat(loop.body)])
    last = max((at for at, (_, name) in enumerate(flat) if name == "backward"), default=-1)
    phases: list[str] = []
    keys: list[list[str]] = []
    now, seen = "forward", set[str]()
    for at, (item, name) in enumerate(flat):
        if name and name != "?":
            now = name
        elif not name and at < last:
            now = "forward"
        if not phases or phases[-1] != now:
            phases.append(now)
            keys.append([])
        for inner in walk((item, *called(document, (item,)))):
            if item_key(inner) not in seen:
                seen.add(item_key(inner))
                keys[-1].append(item_key(inner))
    optimizer, losses = _made_of(document, loop)
    return Trains(loop.id, tuple(phases) or ("forward",), tuple(map(tuple, keys)) or ((),), optimizer, losses)


def _with_closures(document: Document, flat: list[tuple[Item, str]]) -> list[tuple[Item, str]]:
    """A function that a step calls belongs to that step."""
    phases: dict[str | None, str] = {}
    for at in reversed(range(len(flat))):
        item, name = flat[at]
        if is_closure(item):
            flat[at] = item, phases.get(function_of(document, item), "?")
        phases.update((wire.node, name) for wire in item_inputs(document, item))
    return flat


def _loop(document: Document) -> Loop | None:
    outer = [item for item in _all(document.program) if isinstance(item, Loop)]
    for item in outer:
        for inner in (one for one in walk((item,)) if isinstance(one, Loop)):
            grads = _grads(document, inner)
            own = [item for item in _flat(inner.body) if not isinstance(item, Loop) and not _schedules(document, item)]
            if any(_phase(document, item, grads) in ("backward", "step") for item in own):
                return inner
    return outer[0] if outer else None


def _schedules(document: Document, item: Item) -> bool:
    """Whether an item moves a learning rate on: that alone makes no loop the one that trains."""
    node = document.nodes.get(item_key(item))
    first = node.args[0] if node is not None and node.args else None
    maker = document.nodes.get(first.node or "") if isinstance(first, In) else None
    return maker is not None and maker.op.startswith("torch.optim.lr_scheduler.")


def _all(items: tuple[Item, ...]) -> Iterator[Item]:
    """Items that are not inside a loop."""
    for item in items:
        yield item
        if isinstance(item, Region):
            yield from _all(item.body) if not is_closure(item) else ()
        elif isinstance(item, Branch):
            yield from _all((*item.body, *item.orelse))


def _flat(items: tuple[Item, ...]) -> Iterator[Item]:
    for item in items:
        if isinstance(item, Region) and not is_closure(item):
            yield from _flat(item.body)
        else:
            yield item


def _nodes(document: Document, items: tuple[Item, ...]) -> Iterator[Node]:
    for item in walk(items):
        node = document.nodes.get(item.node) if isinstance(item, Eval | Effect) else None
        if node is not None:
            yield node


def _grads(document: Document, loop: Loop) -> Mapping[str, bool]:
    """Nodes of a loop that are made from gradients; True for those that are gradients."""
    found: dict[str, bool] = {}
    for node in _nodes(document, loop.body):
        if node.op.startswith(_GRADIENTS) or node.op in _GRAD_READS:
            found[node.id] = True
        elif any(wire.node in found for wire in node.inputs()):
            found[node.id] = False
    return found


def _phase(document: Document, item: Item, grads: Mapping[str, bool]) -> str:
    """The phase that an item begins; "" for one that can be in any, "?" for one that goes on with what is there."""
    if is_closure(item):  # it belongs to the step that calls it
        return "?"
    names = {_phase_of(node, grads) for node in _nodes(document, (item,))} - {""}
    return max(names, key=_STRENGTH.index, default="")


def _phase_of(node: Node, grads: Mapping[str, bool]) -> str:
    op, name = node.op, node.op.rpartition(".")[2]
    effect = table.effect_of(op)
    if op.startswith(_GRADIENTS):
        return "backward"
    if op == "setattr.grad":
        return "zero_grad"
    if name.startswith("clip_grad_"):
        return "step"
    if effect in _OF_EFFECT:
        return _OF_EFFECT[effect]
    target = node.args[0] if node.args else None
    if isinstance(target, In) and grads.get(target.node or ""):
        return "zero_grad" if name in ("zero_", "fill_", "detach_") else "step" if effect else "?"
    if node.id in grads:
        return "step" if effect in ("in-place", "assign") else "?"
    return ""


def _made_of(document: Document, loop: Loop) -> tuple[str, tuple[str, ...]]:
    optimizer, losses = "", list[str]()
    within = (*loop.body, *called(document, loop.body))
    for node in _nodes(document, within):
        target = node.args[0] if node.args else None
        maker = document.nodes.get(target.node or "") if isinstance(target, In) else None
        if maker is None:
            continue
        effect = table.effect_of(node.op)
        if effect == "step" and not optimizer and not maker.op.startswith("torch.optim.lr_scheduler"):
            optimizer = maker.id
        elif (effect == "backward" or node.op.startswith(_GRADIENTS)) and maker.id not in losses:
            losses.append(maker.id)
    return optimizer, tuple(losses)
