"""Edits of the training loop: one is put around a graph, and each part of it is changed. See Note [Parts of a training].

What a loop repeats is what depends on the trained leaves and leads to the loss; all else stays ahead of it or behind it. The
other parts are in document/edit_updates and document/edit_rounds.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import structs

from guigrad.document import order, ports, tree
from guigrad.document.closing import by_optimizer, kept
from guigrad.document.diff import Diff
from guigrad.document.draft import Draft, Edit, refused, resolve
from guigrad.document.edit_updates import (
    RATES,
    SGD,
    as_called,
    finished,
    in_program,
    put_optimizer,
    put_updates,
    put_zero,
    take_updates,
    training_now,
    training_of,
)
from guigrad.document.enclose import (
    carry_out,
    change_reads,
    fresh,
    make,
    put_before,
    rebind,
)
from guigrad.document.model import Document, Effect, Eval, In, Item, ListOf, Loop, Node, item_key, walk
from guigrad.document.trainable import (
    ancestors,
    depends_on,
    feeds_on_grad,
    guess_loss,
    is_optimizer,
    leaves_of,
    machinery,
    trained,
)
from guigrad.document.training import BACKWARD, HAND, Training, source
from guigrad.document.training_read import read_training
from guigrad.ops import table


def add_training(
    loss: str | None = None, leaves: Iterable[str] | None = None, optimizer: str = SGD, steps: int = 100
) -> Edit:
    """A loop that trains: ``loss`` (else what the program or its root says) by ``leaves`` (else all that require grad and it depends on).

    What the program already has of a training (``loss.backward()``, ``optimizer.step()`` …) goes into the loop.
    """
    chosen = None if leaves is None else tuple(leaves)

    def apply(document: Document) -> Diff:
        if read_training(document) is not None:
            raise refused("the program has a training loop already")
        root = in_program(document, loss) if loss is not None else guess_loss(document)
        if root is None:
            raise refused("there is nothing to make smaller: add a scalar that depends on a leaf with requires_grad")
        spot = tree.spots(document).get(root)
        if spot is None or len(spot) != 1:
            raise refused(
                f"{order.name(document, root)} is computed inside a part of the program: choose a value outside it"
            )
        draft = Draft(document)
        wires = _wanted(draft, root, chosen)
        loop = _enclose(draft, root, wires, steps)
        known = read_training(draft.document)
        assert known is not None
        assert known.loop == loop
        if not known.optimizer and not known.updates:
            if optimizer == HAND:
                put_updates(draft, known, wires, RATES[HAND])
            else:
                put_optimizer(draft, known, wires, optimizer, {})
            if not known.zeros:
                put_zero(draft, training_now(draft), "none")
        name = order.name(draft.document, root)
        return finished(draft, f"Add a training loop for {name}")

    return by_optimizer(apply)


def set_leaves(keys: Iterable[str]) -> Edit:
    """Which leaves are trained; those that do not require grad yet do from now on."""
    chosen = tuple(keys)

    def apply(document: Document) -> Diff:
        known = training_of(document, "leaves")
        if not chosen:
            raise refused("a training needs at least one leaf")
        if known.loss.node is None:
            raise refused(f"{known.odd.get('loss', '')} It is left as it is written.")
        draft = Draft(document)
        wires = _wanted(draft, known.loss.node, chosen)
        if wires == known.leaves:
            return draft.diff("Train the same leaves")
        _pull_in(draft, known, wires)
        maker = draft.document.nodes.get(known.optimizer)
        if maker is not None:
            draft.put_node(ports.set_at(maker, "params", ListOf(wires)))
            _later(draft, maker.id, wires)
        else:
            take_updates(draft, known)
            bare = training_now(draft)
            put_updates(
                draft,
                bare,
                wires,
                known.rate.value if known.rate else RATES[HAND],
                known.decay.value if known.decay else 0,
                known.rate,
            )
            put_zero(draft, training_now(draft), known.zero)
        _clip_those(draft, wires)
        return finished(draft, f"Train {', '.join(order.name(document, wire.node or '') for wire in wires)}")

    return kept(apply)


def set_loss(key: str) -> Edit:
    """What is made smaller: a value of the loop, or one behind it, which then goes into it."""

    def apply(document: Document) -> Diff:
        known = training_of(document, "loss")
        root = in_program(document, key)
        root = _carried_value(document, root)
        before = tree.spots(document).get(root)
        loop = tree.spots(document)[known.loop]
        if before is None:
            raise refused(f"{order.name(document, root)} is not in the program")
        if not depends_on(document, root, known.leaves):
            raise refused(f"{order.name(document, root)} does not depend on any leaf that is trained", node_id=root)
        draft = Draft(document)
        if before[: len(loop)] != loop:
            _move_in(draft, known, root)
        elif len(before) != len(loop) + 2 and document.nodes[root].op != "python.carry":
            raise refused(
                f"{order.name(document, root)} is computed inside a part of the loop: choose a value of the loop itself"
            )
        old = known.loss
        mine = {known.backward, *(wire for wire in (_test_of(document, known), _plateau(document, known)) if wire)}
        change_reads(draft, lambda reader, wire: In(root) if wire == old and reader in mine else wire)
        _behind(draft, known.backward, root)
        carry_out(draft, known.loop)
        return finished(draft, f"Train {order.name(document, root)}")

    return kept(apply)


def _carried_value(document: Document, key: str) -> str:
    """The value that a variable of a loop takes in it; another node itself."""
    carried = {carry.port: carry for item in walk(document.program) if isinstance(item, Loop) for carry in item.carried}
    while key in carried and carried[key].updates:
        key = carried[key].updates[0].node or ""
    return key


# -- putting the loop around ------------------------------------------------------------------------


def _wanted(draft: Draft, root: str, chosen: tuple[str, ...] | None) -> tuple[In, ...]:
    """The leaves to train, as the loss reads them. Raises: Refused when the loss cannot be changed by one of them."""
    document = draft.document
    able = {source(document, wire).node: wire for wire in trained(document)}
    above = ancestors(document, root)
    if root in able or (chosen is not None and any(resolve(document, name) == root for name in chosen)):
        raise refused(f"{order.name(document, root)} is a leaf: choose a value that is computed from it", node_id=root)
    if chosen is None:
        found = tuple(wire for wire in trained(document) if wire.node in above)
        if not found:
            names = [order.name(document, key) for key in leaves_of(document, root)]
            hint = f": turn on requires_grad of {', '.join(names[:3])}" if names else ""
            raise refused(f"no leaf that {order.name(document, root)} depends on requires grad{hint}", node_id=root)
        return found
    wires: list[In] = []
    for name in chosen:
        key = source(document, In(in_program(document, name))).node or ""
        wire = able.get(key)
        if wire is None:
            from guigrad.document.edit_values import set_requires_grad

            step = set_requires_grad(key, True)(draft.document)
            for node_key, (_, new) in step.nodes.items():
                draft.put_node(new) if new is not None else draft.put_nothing(node_key)
            wire = In(key)
        if wire.node not in above:
            raise refused(f"{order.name(document, root)} does not depend on {order.name(document, key)}", node_id=key)
        wires.append(wire)
    return tuple(dict.fromkeys(wires))


def _refuse_changed(document: Document, wires: tuple[In, ...], body: tuple[Item, ...]) -> None:
    """A leaf that other lines of a loop change in place cannot be trained: torch refuses that."""
    for item in walk(body):
        node = document.nodes.get(getattr(item, "node", ""))
        if node is not None and node.args and table.effect_of(node.op) in ("in-place", "assign"):
            start = source(document, node.args[0])
            if start in wires and not node.op.startswith("setattr.") and not feeds_on_grad(document, node):
                raise refused(
                    f"{order.name(document, start.node or '')} is changed in place by other lines", node_id=node.id
                )


def _enclose(draft: Draft, root: str, wires: tuple[In, ...], steps: int) -> str:
    """Puts the loop around what is to be repeated; its id."""
    document = draft.document
    node = draft.node(root)
    if node.name is None and not node.outputs:
        draft.put_node(structs.replace(node, name=fresh(draft, "loss")))
    parts = machinery(document, root, {wire.node or "" for wire in wires})
    _refuse_changed(document, wires, parts.body)
    backward = [item_key(item) for item in parts.body if _is_backward(document, item)]
    var, count, loop = next(draft.ids), next(draft.ids), next(draft.ids)
    draft.put_node(Node(var, "python.loop_var", name=fresh(draft, "step")))
    draft.put_node(Node(count, "builtins.range", (steps,)))
    body = parts.body
    if not backward:
        key = make(draft, BACKWARD, In(root))
        at = next(index for index, item in enumerate(body) if root in set(tree.defined(item))) + 1
        body = (*body[:at], Effect(key), *body[at:])
    draft.put_program((*parts.before, Eval(count), Loop(loop, var, In(count), body), *parts.after))
    made = {key for item in body for key in tree.defined(item)}
    for item in walk(body):
        own = draft.document.nodes.get(getattr(item, "node", ""))
        if own is not None and own.args and isinstance(own.args[0], In) and _is_update(draft.document, own):
            start = source(draft.document, own.args[0])
            if start in wires or (own.name is not None and start.node not in made):
                rebind(draft, ((start, own.id),), (loop,))
    carry_out(draft, loop)
    return loop


def _is_backward(document: Document, item: Item) -> bool:
    node = document.nodes.get(getattr(item, "node", ""))
    return node is not None and table.effect_of(node.op) == "backward"


def _is_update(document: Document, node: Node) -> bool:
    return table.effect_of(node.op) == "in-place" and not node.op.startswith("setattr")


def _pull_in(draft: Draft, known: Training, wires: tuple[In, ...]) -> None:
    """What depends on newly trained leaves and stands ahead of the loop goes into it."""
    document = draft.document
    needed = {
        name
        for item in walk((tree.item_at(document.program, tree.spots(document)[known.outer]),))
        for name in order.reads(document, item)
    }
    place = tree.spots(document)[known.outer]
    body = tree.body_at(document.program, place[:-1])[: place[-1]]
    moved: list[Item] = []
    made = {wire.node for wire in wires if wire not in known.leaves}
    for item in body:
        if not is_optimizer(document, item) and not made.isdisjoint(order.reads(document, item)):
            made.update(tree.defined(item))
            moved.append(item)
    for item in reversed(tuple(moved)):
        if needed.isdisjoint(tree.defined(item)):
            moved.remove(item)
        else:
            needed.update(order.reads(document, item))
    if not moved:
        return
    gone = {id(item) for item in moved}
    draft.put_program(tree.rewrite(draft.program, lambda item: () if id(item) in gone else (item,)))
    first = tree.body_at(draft.program, (*tree.spots(draft.document)[known.loop], 0))[0]
    put_before(draft, item_key(first), *moved)
    for loop in dict.fromkeys((known.loop, known.outer)):
        carry_out(draft, loop)


def _move_in(draft: Draft, known: Training, root: str) -> None:
    """A value behind the loop, with what it needs of the loop, goes ahead of the backward."""
    document = draft.document
    outer = tree.spots(document)[known.outer]
    if known.epochs:
        raise refused(f"{order.name(document, root)} is computed behind the epochs: choose a value of the loop itself")
    spot = tree.spots(document)[root]
    if spot[:-1] != outer[:-1] or spot < outer:
        raise refused(f"{order.name(document, root)} is computed ahead of the loop, and is the same in each step")
    above = ancestors(document, root)
    body = tree.body_at(document.program, outer[:-1])[outer[-1] + 1 :]
    moved = [item for item in body if not above.isdisjoint(tree.defined(item))]
    if any(not isinstance(item, Eval) for item in moved):
        raise refused(f"{order.name(document, root)} needs something that is done behind the loop")
    loop = tree.item_at(document.program, outer)
    assert isinstance(loop, Loop)
    inner = {In(carry.port): carry.updates[-1] for carry in loop.carried if carry.updates}
    mine = {item_key(item) for item in moved}
    change_reads(draft, lambda reader, wire: inner.get(wire, wire) if reader in mine else wire)
    draft.put_program(tree.rewrite(draft.program, lambda item: () if item_key(item) in mine else (item,)))
    put_before(draft, known.backward, *moved)


def _behind(draft: Draft, backward: str, root: str) -> None:
    """The backward stands behind what it starts from: where not, it and what follows cannot be moved by guessing."""
    document = draft.document
    if not tree.is_visible(document, root, backward):
        raise refused(f"{order.name(document, root)} is computed behind the backward: move that first")


def _later(draft: Draft, key: str, wires: tuple[In, ...]) -> None:
    """An optimizer behind the leaves that it is given."""
    document = draft.document
    spots = tree.spots(document)
    if all(tree.is_visible(document, wire.node or "", key) for wire in wires):
        return
    last = max(spots[wire.node or ""] for wire in wires)
    try:
        draft.put_program(order.make_room(document, item_key(tree.item_at(document.program, last)), key))
    except order.Illegal as error:
        raise refused(str(error)) from None


# -- what moves the parameters ------------------------------------------------------------------------


def _clip_those(draft: Draft, wires: tuple[In, ...]) -> None:
    now = read_training(draft.document)
    for key in now.clips if now is not None and "clip" not in now.odd else ():
        node = draft.node(key)
        new = tuple(as_called(draft.document, wire, key) for wire in wires)
        draft.put_node(structs.replace(node, args=(ListOf(new), *node.args[1:])))


def _test_of(document: Document, known: Training) -> str:
    return known.stop_at.node if known.stop_at is not None and known.stop_at.path else ""


def _plateau(document: Document, known: Training) -> str:
    node = document.nodes.get(known.schedule)
    return node.id if node is not None and len(node.args) > 1 else ""
