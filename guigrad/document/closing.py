"""Edits of trainings whose step calls a function. See Note [Opened] in document/opening."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import structs

from guigrad.document import order, tree
from guigrad.document.check import Checker
from guigrad.document.diff import Diff
from guigrad.document.draft import Edit, Refused, free_name, names_in, refused
from guigrad.document.edit_program import operands
from guigrad.document.index import fresh_ids
from guigrad.document.model import (
    CLOSURE,
    Document,
    Effect,
    Eval,
    In,
    Item,
    Loop,
    Node,
    Region,
    item_key,
    walk,
    wires_in,
)
from guigrad.document.opening import Opened, calls, opened
from guigrad.document.rewire import rewire_items, rewire_node
from guigrad.document.trainable import ancestors
from guigrad.document.training import Training, source
from guigrad.document.training_read import read_training
from guigrad.ops import table

LBFGS = "torch.optim.LBFGS"
CLOSED = (LBFGS,)
"""Optimizers whose step must be given a function."""


def kept(edit: Edit) -> Edit:
    """An edit of a training that leaves the function of its step a function."""

    def apply(document: Document) -> Diff:
        if not calls(document):
            return edit(document)
        return _changed(document, edit, lambda after: True)

    return apply


def by_optimizer(edit: Edit) -> Edit:
    """An edit that may choose another optimizer: its step gets a function if it needs one, and none otherwise."""

    def apply(document: Document) -> Diff:
        if not calls(document):
            diff = edit(document)
            if not _needs(diff.apply(document)):
                return diff
        return _changed(document, edit, _needs)

    return apply


def _needs(document: Document) -> bool:
    """Whether the optimizer of a training needs a function."""
    if not any(node.op in CLOSED for node in document.nodes.values()):
        return False
    known = read_training(document)
    maker = document.nodes.get(known.optimizer) if known is not None else None
    return maker is not None and maker.op in CLOSED


def _changed(document: Document, edit: Edit, closes: Callable[[Document], bool]) -> Diff:
    start = opened(document)
    if start is None:
        raise refused("the step calls a function in a way of its own: change it in the code")
    diff = edit(start.document)
    after = diff.apply(start.document)
    if closes(after):
        after = closed(after, start)
    checker = Checker()
    before = {(problem.message, problem.node_id) for problem in checker.check(document)}
    for problem in checker.check(after):
        if problem.severity == "error" and (problem.message, problem.node_id) not in before:
            raise Refused((structs.replace(problem, kind="edit"),))
    return structs.replace(Diff.between(document, after, diff.label), merge=diff.merge)


def closed(document: Document, before: Opened) -> Document:
    """The document with the loss, its gradients and what empties and clips them in a function that the step is given.

    Raises: Refused where lines need what only the function knows.
    """
    known = read_training(document)
    if known is None or not known.optimizer or len(known.updates) != 1 or known.loss.node is None or not known.backward:
        raise refused("a step can be given a function where the loop calls loss.backward() and optimizer.step() once")
    step = known.updates[0]
    spot = tree.spots(document)[step]
    loop = tree.item_at(document.program, spot[:-2])
    if not isinstance(loop, Loop) or loop.id != known.loop:
        raise refused("the step stands in a part of the loop of its own: move it into the loop first")
    at = spot[-1]
    inner, made = _inside(document, known, loop, at, before)
    first = [item for item in loop.body if item_key(item) in inner and item_key(item) in known.zeros]
    late = {item_key(item) for item in loop.body[at:]}
    core = [item for item in loop.body if item_key(item) in inner]
    core = [
        *(item for item in first if item_key(item) in late),
        *(item for item in core if item not in first or item_key(item) not in late),
    ]
    backward = next(index for index, item in enumerate(loop.body) if known.backward in set(tree.keys(item)))
    ahead: list[Item] = []
    behind: list[Item] = []
    moved = set(made)
    for index, item in enumerate(loop.body[:at]):
        if item_key(item) in inner:
            continue
        if not moved.isdisjoint(order.reads(document, item)) or index > backward:
            behind.append(item)
            moved.update(tree.defined(item))
        else:
            ahead.append(item)
    rest = [item for item in loop.body[at + 1 :] if item_key(item) not in inner]
    ids = fresh_ids(document)
    function = before.function or Node(next(ids), CLOSURE, (), (), free_name(names_in(document), "closure"))
    function = structs.replace(function, args=(known.loss,))
    region = Region(before.region or next(ids), "closure", (*core, Eval(function.id)))
    name = document.nodes[known.loss.node].name or free_name(names_in(document), "loss")
    read = _reads_of_loss(document, known, (*ahead, *behind, *rest), made, step)
    nodes = dict(document.nodes)
    own = {key for item in core for key in (*tree.keys(item), *tree.defined(item))}
    for key, node in document.nodes.items():
        if key not in own:
            nodes[key] = rewire_node(node, read)
    nodes[function.id] = function
    old = nodes[step]
    nodes[step] = structs.replace(old, args=(*old.args[:1], In(function.id)), kwargs=(), name=name)
    body = (*ahead, region, Effect(step), *behind, *rest)

    def put(item: Item) -> tuple[Item, ...]:
        return (structs.replace(item, body=body),) if isinstance(item, Loop) and item.id == loop.id else (item,)

    program = _rewired(tree.rewrite(document.program, put), read, region.id)
    return structs.replace(document, nodes=nodes, program=program)


def _rewired(items: tuple[Item, ...], read: Callable[[In], In], region: str) -> tuple[Item, ...]:
    """The items with what they read of the loss rewired, those of the function alone left as they are."""
    kept_: list[Item] = []

    def hide(item: Item) -> tuple[Item, ...]:
        if isinstance(item, Region) and item.id == region:
            kept_.append(item)
            return (Region(region, "closure"),)
        return (item,)

    def show(item: Item) -> tuple[Item, ...]:
        return (kept_[0],) if isinstance(item, Region) and item.id == region else (item,)

    return tree.rewrite(rewire_items(tree.rewrite(items, hide), read), show)


def _inside(document: Document, known: Training, loop: Loop, at: int, before: Opened) -> tuple[set[str], set[str]]:
    """The keys of the items of the loop that belong in the function, and the nodes that they make."""
    leaves = {wire.node or "" for wire in known.leaves}
    leaves |= {port.port for port in loop.carried if source(document, In(port.port)) in known.leaves}
    above = ancestors(document, known.loss.node or "")
    parts = {known.backward, *known.zeros, *known.clips}
    parts |= {key for part in parts for key in operands(document, part)}
    made, inner = set(leaves), set[str]()
    for index, item in enumerate(loop.body):
        own = set(tree.defined(item))
        depends = not made.isdisjoint(order.reads(document, item))
        needed = index < at and not above.isdisjoint(own) and item_key(item) != known.backward
        if item_key(item) in before.inside or not parts.isdisjoint(tree.keys(item)) or (depends and needed):
            inner.add(item_key(item))
            made |= own
    filled = {
        source(document, node.args[0]).node
        for key in inner
        if (node := document.nodes.get(key)) and table.effect_of(node.op) == "mutate"
    }
    for item in loop.body[:at]:  # what it fills begins empty each time
        if item_key(item) in filled:
            inner.add(item_key(item))
            made.add(item_key(item))
    return inner, made - leaves


def _reads_of_loss(
    document: Document, known: Training, outside: Iterable[Item], made: set[str], step: str
) -> Callable[[In], In]:
    """What lines outside of the function read: of what it makes the loss alone, from the step. Raises: Refused for anything else."""
    carried = [
        wire
        for item in walk(document.program)
        if isinstance(item, Loop)
        for carry in item.carried
        for wire in carry.updates
    ]
    reads = [wire for item in walk(tuple(outside)) for wire in _own_reads(document, item)]
    for wire in (*carried, *reads):
        if wire.node in made and wire != known.loss and not _within(document, wire, made):
            name = order.name(document, wire.node or "")
            raise refused(
                f"{name} is read outside of what a step calls, which gives the loss alone: move that line into the code of the loss, or take it out",
                node_id=wire.node or "",
            )
    return lambda wire: In(step) if wire == known.loss else wire


def _within(document: Document, wire: In, made: set[str]) -> bool:
    """Whether a wire is a variable of an inner loop of the function itself."""
    holders = [
        item
        for item in walk(document.program)
        if isinstance(item, Loop) and any(wire in carry.updates for carry in item.carried)
    ]
    return bool(holders) and all(item.var in made for item in holders)


def _own_reads(document: Document, item: Item) -> Iterable[In]:
    node = document.nodes.get(getattr(item, "node", ""))
    if node is not None:
        yield from node.inputs()
    for name in ("iter", "test", "args"):
        yield from wires_in(getattr(item, name, None))
    for carry in getattr(item, "carried", ()):
        yield from document.nodes[carry.port].inputs()
