"""Keeps the program's order legal: every wire comes from before, and no move changes what the program does.

Note [Moving items]
A new wire whose source stands behind its reader needs one of them moved. First the reader and what depends on it go behind
the source, but never across an effect, a loop or a random draw (they would see another world). Otherwise the source and
what it needs go before the reader, across effects too as long as these do not touch it: a print, a backward. What
touches what is told by marks: an in-place change touches every reader of tensors, a seed every draw, and so on.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Flag, auto
from functools import lru_cache

from guigrad.document.model import (
    Branch,
    Document,
    Effect,
    Eval,
    Item,
    Loop,
    Node,
    Region,
    callee,
    item_inputs,
    item_key,
)
from guigrad.document.tree import Spot, bodies, body_at, defined, meeting, replace_body, spots
from guigrad.ops.table import find


class Mark(Flag):
    """What an item does beside computing its value, and what it looks at."""

    NONE = 0
    READS = auto()  # has inputs, so an in-place change may show in it
    DRAWS = auto()  # takes random numbers
    SEEDS = auto()
    CHANGES = auto()  # changes values in place
    GRADS = auto()  # makes or clears gradients
    STATE = auto()  # looks at gradients or flags
    SAYS = auto()  # prints, asserts
    SETS = auto()  # changes how everything after it works
    ACTS = auto()  # is an effect, or holds one


_EFFECTS = {
    "in-place": Mark.CHANGES, "mutate": Mark.CHANGES, "assign": Mark.CHANGES | Mark.GRADS, "requires_grad": Mark.CHANGES,
    "backward": Mark.GRADS, "grad": Mark.GRADS, "retain": Mark.GRADS, "zero": Mark.GRADS | Mark.CHANGES,
    "step": Mark.CHANGES | Mark.GRADS, "seed": Mark.SEEDS, "setting": Mark.SETS, "print": Mark.SAYS, "assert": Mark.SAYS, "return": Mark.NONE,
}  # fmt: skip
_ANYTHING = Mark.READS | Mark.DRAWS | Mark.CHANGES | Mark.GRADS | Mark.STATE
_STATE = frozenset(
    ("grad", "requires_grad", "retains_grad", "grad_fn", "is_leaf", "_version", "state", "param_groups", "data")
)


@lru_cache(maxsize=8192)
def op_marks(op: str) -> Mark:
    """The marks of an op by its row; an op without a row may do anything."""
    if op.startswith(("setattr.", "setitem.")):
        return _EFFECTS["assign"]
    owner, _, name = op.rpartition(".")
    row = find(op)
    if row is None:
        return Mark.STATE if owner == "getattr" else _ANYTHING
    marks = _EFFECTS.get(row.effect, Mark.NONE) if not row.effect or row.effect in _EFFECTS else _ANYTHING
    if row.random:
        marks |= Mark.DRAWS
    if name in _STATE and owner in ("torch.Tensor", "getattr", "object", "optimizer"):
        marks |= Mark.STATE
    return marks


def node_marks(node: Node) -> Mark:
    """The marks of one node."""
    reads = any(wire.node is not None for wire in node.inputs())
    return op_marks(node.op) | (Mark.READS if reads else Mark.NONE)


def marks(document: Document, item: Item) -> Mark:
    """The marks of an item, those of its bodies included."""
    match item:
        case Eval():
            node = document.nodes.get(item.node)
            return node_marks(node) if node else Mark.NONE
        case Effect():
            node = document.nodes.get(item.node)
            return (node_marks(node) if node else Mark.NONE) | Mark.ACTS
    result = Mark.ACTS | Mark.READS
    for body in bodies(item):
        for inner in body:
            result |= marks(document, inner)
    return result


def touch(a: Mark, b: Mark) -> bool:
    """Whether two items may not change places, wires aside."""
    chance = Mark.DRAWS | Mark.SEEDS
    if (a & chance and b & chance) or Mark.SETS in a | b:
        return True
    for one, other in ((a, b), (b, a)):
        if Mark.CHANGES in one and other & (Mark.READS | Mark.CHANGES | Mark.STATE | Mark.GRADS):
            return True
        if Mark.GRADS in one and other & (Mark.GRADS | Mark.STATE):
            return True
    return Mark.SAYS in a and Mark.SAYS in b


def reads(document: Document, item: Item) -> Iterator[str]:
    """The nodes that an item reads, those that its bodies read included."""
    for wire in item_inputs(document, item):
        if wire.node is not None:
            yield wire.node
    for body in bodies(item):
        for inner in body:
            yield from reads(document, inner)


class Illegal(Exception):
    """A wire that no order of the program allows; the text says why."""


def make_room(document: Document, source: str, reader: str) -> tuple[Item, ...]:
    """The program in an order in which ``reader`` (an item's or variable's key) may read ``source``.

    See Note [Moving items].
    Raises: Illegal with a reason.
    """
    met = meeting(document, source, reader)
    if met is None:
        where = _holder(document, source)
        raise Illegal(f"{name(document, source)} is computed inside {where}: only nodes in it can read it")
    at, to = met
    if at < spots(document)[reader]:
        return document.program
    if at[-1] == to[-1]:
        raise Illegal(f"{name(document, reader)} would need itself")
    above = at[:-1]
    body = body_at(document.program, above)
    low, high = to[-1], at[-1]
    chain = _cycle(document, body[low : high + 1])
    if chain:
        raise Illegal("that closes a cycle: " + " → ".join(chain))
    segment = body[low : high + 1]
    new = _reader_later(document, segment) or _source_earlier(document, segment)
    if new is None:
        raise Illegal(_why(document, segment, source, reader))
    return replace_body(document.program, above, (*body[:low], *new, *body[high + 1 :]))


def _reader_later(document: Document, segment: tuple[Item, ...]) -> tuple[Item, ...] | None:
    """The first item and all that depend on it behind the last one; None if that would cross what must not be crossed."""
    moved: list[Item] = []
    stay: list[Item] = []
    made: set[str] = set()
    carried = Mark.NONE
    for item in segment:
        if not moved or not made.isdisjoint(reads(document, item)):
            moved.append(item)
            made.update(defined(item))
            carried |= marks(document, item)
        else:
            crossed = marks(document, item)
            if crossed & (Mark.ACTS | Mark.DRAWS | Mark.SEEDS) or touch(crossed, carried):
                return None
            stay.append(item)
    return (*stay, *moved)


def _source_earlier(document: Document, segment: tuple[Item, ...]) -> tuple[Item, ...] | None:
    """The last item and all that it needs before the first one; None if one of them touches what it would pass."""
    needed: list[Item] = []
    rest: list[Item] = []
    wanted: set[str] = set()
    carried = Mark.NONE
    for item in reversed(segment):
        if not needed or not wanted.isdisjoint(defined(item)):
            needed.append(item)
            wanted.update(reads(document, item))
            mark = marks(document, item)
            carried |= mark
        else:
            rest.append(item)
    passed = Mark.NONE
    kept = set(map(id, needed))
    for item in segment:
        mark = marks(document, item)
        if id(item) in kept:
            if Mark.ACTS in mark or touch(mark, passed):
                return None
        else:
            passed |= mark
    return (*reversed(needed), *reversed(rest))


def _cycle(document: Document, segment: tuple[Item, ...]) -> list[str]:
    """The names along the way from the first item to the last, if the last needs the first; else nothing."""
    owner = dict.fromkeys(defined(segment[0]), 0)
    via: dict[int, int] = {}
    for index, item in enumerate(segment[1:], 1):
        source = next((source for source in reads(document, item) if source in owner), None)
        if source is not None:
            via[index] = owner[source]
            owner.update(dict.fromkeys(defined(item), index))
    at = len(segment) - 1
    if at not in via:
        return []
    chain = [at]
    while at:
        at = via[at]
        chain.append(at)
    named = [name(document, item_key(segment[index])) for index in reversed(chain)]
    return [*named, named[0]]


def _why(document: Document, segment: tuple[Item, ...], source: str, reader: str) -> str:
    last = marks(document, segment[-1])
    for item in segment[:-1]:
        mark = marks(document, item)
        if mark & Mark.ACTS and touch(mark, last):
            return (
                f"{name(document, source)} is computed after {name(document, item_key(item))}, "
                f"and {name(document, reader)} before: changing that order would change what the program does"
            )
    return (
        f"{name(document, source)} is computed after {name(document, reader)}, and an effect or a random draw "
        "between them keeps them from changing places"
    )


def _holder(document: Document, key: str) -> str:
    spot: Spot = spots(document)[key][:-2]
    while spot:
        item = body_at(document.program, spot[:-1])[spot[-1]]
        if not isinstance(item, Region):
            return name(document, item_key(item))
        spot = spot[:-2]
    return "another part of the program"


def name(document: Document, key: str) -> str:
    """A short name of a node or item for a sentence: what the code calls it, without ``@1``."""
    node = document.nodes.get(key)
    if node is not None:
        function = document.functions.get(callee(node) or "")
        short = function.name if function is not None else node.op.rpartition(".")[2]
        return node.name or (f"{node.outputs[0]}, …" if node.outputs and node.outputs[0] else short)
    spot = spots(document).get(key)
    if spot is None:
        return key
    match body_at(document.program, spot[:-1])[spot[-1]]:
        case Loop() as loop:
            return f"the loop over {name(document, loop.var)}"
        case Branch():
            return "the if"
        case Region(kind="closure"):
            return "a function that a step calls"
        case Region() as region:
            return f"the {region.kind} region"
    return key
