"""Edits of the program rail: effects, and the order of items."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import structs

from guigrad.document import order, tree
from guigrad.document.diff import Diff
from guigrad.document.draft import Draft, Edit, refused, resolve
from guigrad.document.edit_nodes import rewire, with_effects
from guigrad.document.forms import leaves, misplaced
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
    Value,
    item_inputs,
    item_key,
)

EFFECTS: dict[str, tuple[str, ...]] = {
    "backward": ("torch.Tensor.backward",),
    "print": ("python.print",),
    "print_grad": ("torch.Tensor.grad", "python.print"),
    "retain_grad": ("torch.Tensor.retain_grad",),
    "requires_grad_": ("torch.Tensor.requires_grad_",),
    "zero_grad": ("setattr.grad",),
    "zero_": ("torch.Tensor.grad", "torch.Tensor.zero_"),
    "step": ("object.step",),
    "optimizer_zero_grad": ("object.zero_grad",),
}
"""What may be put on the rail for a node: the calls from the inside out, each with the one before as its first argument."""

DETERMINISTIC = "torch.use_deterministic_algorithms"
_BESIDE = frozenset(("retain_grad", "requires_grad_"))


def add_effect(kind: str, node: str, before: str | None = None, into: str | None = None) -> Edit:
    """Something to do with a node: ``kind`` is one of ``EFFECTS``.

    It goes before an item, at the end of a loop's or region's body (``into``), or at the end of the program; retain_grad goes
    right behind its node, where it can still do something.
    """

    def apply(document: Document) -> Diff:
        if kind not in EFFECTS:
            raise refused(f"there is no effect {kind!r}")
        draft = Draft(document)
        about = resolve(document, node)
        value: Value = In(about)
        spot = _spot(document, before, into)
        if kind in _BESIDE and before is None and into is None:
            spot = _behind(document, about)
        items: list[Item] = []
        for op in EFFECTS[kind]:
            key = next(draft.ids)
            draft.put_node(Node(key, op, (value, None) if op == "setattr.grad" else (value,)))
            items.append(Eval(key) if op == "torch.Tensor.grad" else Effect(key))
            value = In(key)
        for offset, item in enumerate(items):
            draft.add(item, spot[:-1], spot[-1] + offset)
        _check(draft.document, {item_key(item) for item in items}, f"{kind} cannot stand there")
        return draft.diff(f"Add {kind} of {order.name(document, about)}")

    return apply


def move_item(key: str, before: str | None = None, into: str | None = None) -> Edit:
    """Moves an item before another one, to the end of a body, or to the end of the program; its hidden operands go along.

    Here the order of effects may change what the program does: that is what the rail is for. Wires may not point backwards.
    """

    def apply(document: Document) -> Diff:
        found = resolve(document, key)
        draft = Draft(document)
        moved = [*operands(document, found), found]
        if before is not None and resolve(document, before) in moved:
            return draft.diff("Move")
        items = {key: tree.item_at(document.program, tree.spots(document)[key]) for key in moved}
        goal = _spot(document, before, into)
        inside = items[found]
        if (into is not None and into in set(tree.keys(inside))) or (
            before is not None and before in set(tree.keys(inside))
        ):
            raise refused(f"{order.name(document, found)} cannot go inside itself")
        mark = Eval("\0")  # holds the place while the items are taken out
        draft.add(mark, goal[:-1], goal[-1])
        program = tree.rewrite(
            draft.program, lambda item: () if any(item is each for each in items.values()) else (item,)
        )
        ordered = tuple(sorted(items.values(), key=lambda item: tree.spots(document)[item_key(item)]))
        draft.put_program(tree.rewrite(program, lambda item: ordered if item is mark else (item,)))
        touched = {name for item in items.values() for name in (*tree.keys(item), *tree.defined(item))}
        _check(draft.document, touched, f"{order.name(document, found)} cannot go there")
        return draft.diff(f"Move {order.name(document, found)}")

    return apply


def remove_item(key: str) -> Edit:
    """Takes an item off the program: a loop, branch or region with all that is in it, an effect with its hidden operands."""

    def apply(document: Document) -> Diff:
        found = resolve(document, key)
        spot = tree.spots(document).get(found)
        if spot is None:
            raise refused(f"{key!r} is not in the program")
        item = tree.item_at(document.program, spot)
        draft = Draft(document)
        doomed = {item_key(item), *tree.keys(item), *tree.defined(item)}
        if isinstance(item, Loop | Branch):  # what was carried is what it was before
            for carry in item.carried:
                rewire(draft, carry.port, next(document.nodes[carry.port].inputs(), None), doomed)
        draft.drop(with_effects(draft.document, doomed))
        return draft.diff(f"Delete {order.name(document, item_key(item))}")

    return apply


def is_deterministic(document: Document) -> bool:
    """Whether the program asks for algorithms that give the same bits each time."""
    calls = [node for node in document.nodes.values() if node.op == DETERMINISTIC]
    return any(node.args[:1] == (True,) or ("mode", True) in node.kwargs for node in calls)


def set_deterministic(on: bool) -> Edit:
    """``torch.use_deterministic_algorithms`` with this mode, as the first line if no line says so yet.

    Off is a line of its own: torch keeps the mode until it is told otherwise.
    """

    def apply(document: Document) -> Diff:
        draft = Draft(document)
        calls = [node for node in document.nodes.values() if node.op == DETERMINISTIC]
        for node in calls:
            rest = tuple(pair for pair in node.kwargs if pair[0] != "mode")
            draft.put_node(structs.replace(node, args=(on, *node.args[1:]), kwargs=rest))
        if not calls:
            key = next(draft.ids)
            draft.put_node(Node(key, DETERMINISTIC, (on,)))
            draft.add(Effect(key), (), 0)
        return draft.diff(f"Deterministic algorithms {'on' if on else 'off'}")

    return apply


def wrap(keys: Iterable[str], kind: str = "no_grad", count: int = 2, variable: str = "i") -> Edit:
    """Puts neighbouring items into a region (``kind`` no_grad, enable_grad, inference_mode) or, for "loop", into
    ``for variable in range(count)``."""

    def apply(document: Document) -> Diff:
        spots = tree.spots(document)
        found = {item_key(tree.item_at(document.program, spots[resolve(document, key)])) for key in keys}
        places = sorted(spots[key] for key in found)
        if not places or any(place[:-1] != places[0][:-1] for place in places):
            raise refused("only items of one body can be put together")
        above, low, high = places[0][:-1], places[0][-1], places[-1][-1] + 1
        body = tree.body_at(document.program, above)
        draft = Draft(document)
        key = next(draft.ids)
        new: Item
        made: tuple[Item, ...] = ()
        if kind == "loop":
            var, times = next(draft.ids), next(draft.ids)
            draft.put_node(Node(var, "python.loop_var", name=variable))
            draft.put_node(Node(times, "builtins.range", (count,)))
            made = (Eval(times),)
            new = Loop(key, var, In(times), body[low:high])
        elif kind in ("no_grad", "enable_grad", "inference_mode"):
            new = Region(key, kind, body[low:high])
        else:
            raise refused(f"there is no region {kind!r}")
        draft.put_program(tree.replace_body(document.program, above, (*body[:low], *made, new, *body[high:])))
        readers = {
            reader
            for item in body[low:high]
            for node in tree.defined(item)
            for reader in document.consumers.get(node, ())
        }
        _check(draft.document, readers, "what is computed in a loop can only be read in it")
        return draft.diff("Repeat" if kind == "loop" else f"Put in {kind}")

    return apply


def chain(label: str, *edits: Edit) -> Edit:
    """Several edits as one undo step."""

    def apply(document: Document) -> Diff:
        current, whole = document, Diff(label=label)
        for place, edit in enumerate(edits, 1):
            step = edit(current)
            whole = whole.then(step)
            if place < len(edits):
                current = step.apply(current)
        return whole

    return apply


def _spot(document: Document, before: str | None, into: str | None) -> tree.Spot:
    """Where a new item goes."""
    spots = tree.spots(document)
    if before is not None:
        key = resolve(document, before)
        return min(spots[each] for each in (*operands(document, key), key))
    if into is None:
        return (len(document.program),)
    which = int(into.endswith("/else"))
    key = resolve(document, into.removesuffix("/else"))
    item = tree.item_at(document.program, spots[key])
    if not isinstance(item, Loop | Branch | Region) or which >= len(tree.bodies(item)):
        raise refused(f"{order.name(document, key)} has no body")
    body = tree.bodies(item)[which]
    return (*spots[key], which, len(body) - leaves(document, body))


def _behind(document: Document, key: str) -> tree.Spot:
    spot = tree.spots(document)[key]
    return (*spot[:-1], spot[-1] + 1)


def operands(document: Document, key: str) -> list[str]:
    """The hidden operands of an item: nameless values beside it that only it needs."""
    spots = tree.spots(document)
    item = tree.item_at(document.program, spots[key])
    mine = {item_key(item)}
    found: list[str] = []
    stack = [wire.node for wire in item_inputs(document, item)]
    while stack:
        source = stack.pop()
        if source is None or source in found or spots.get(source, ())[:-1] != spots[key][:-1]:
            continue
        node = document.nodes[source]
        if node.name is not None or node.outputs or source in document.views:
            continue
        one = tree.item_at(document.program, spots[source])
        if isinstance(one, Eval) and all(reader in mine for reader in document.consumers.get(source, ())):
            found.append(source)
            mine.add(source)
            stack += [wire.node for wire in node.inputs()]
    return found


def _check(document: Document, keys: Iterable[str], message: str) -> None:
    """Refuses when a wire at one of these items points backwards or into a loop, or a ``break`` is not where it can be."""
    for key in misplaced(document, document.program):
        raise refused(f"{message}: {order.name(document, key)} must be the last thing in an if of a loop", node_id=key)
    spots = tree.spots(document)
    for key in keys:
        holder = tree.updates(document).get(key)
        if holder is not None and spots[key][: len(spots[holder])] != spots[holder]:
            raise refused(f"{message}: {order.name(document, holder)} carries its value on", node_id=key)
        item = tree.item_at(document.program, spots[key])
        for wire in item_inputs(document, item):
            if wire.node is not None and not tree.is_visible(document, wire.node, item_key(item)):
                raise refused(f"{message}: it needs {order.name(document, wire.node)}", node_id=key)
        for reader in document.consumers.get(key, ()):
            if key in document.nodes and not tree.is_visible(document, key, reader):
                raise refused(f"{message}: {order.name(document, reader)} needs it", node_id=key)
