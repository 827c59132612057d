"""Items put into loops and taken out, with the variables that then carry values on. See Note [Variables] in document/model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from msgspec import structs

from guigrad.document import tree
from guigrad.document.draft import Draft, free_name, names_in
from guigrad.document.edit_program import operands
from guigrad.document.model import (
    Branch,
    Carried,
    Document,
    Effect,
    Eval,
    In,
    Item,
    Loop,
    Node,
    Region,
    Value,
    item_key,
    walk,
    wires_in,
)
from guigrad.document.rewire import rewire, rewire_node
from guigrad.document.training import Training, flat


def make(draft: Draft, op: str, *args: Value, name: str | None = None, **kwargs: Value) -> str:
    """A new node; its id."""
    key = next(draft.ids)
    draft.put_node(Node(key, op, args, tuple(kwargs.items()), None if name is None else fresh(draft, name)))
    return key


def fresh(draft: Draft, name: str) -> str:
    """The name, or the next free one like it."""
    return free_name(names_in(draft.document), name)


def loop_at(document: Document, key: str) -> Loop:
    """A loop by its id."""
    item = tree.item_at(document.program, tree.spots(document)[key])
    assert isinstance(item, Loop)
    return item


def put_before(draft: Draft, key: str, *items: Item) -> None:
    """Items ahead of another one and its hidden operands."""
    document = draft.document
    first = min((*operands(document, key), key), key=lambda each: tree.spots(document)[each])
    _beside(draft, first, lambda item: (*items, item))


def put_behind(draft: Draft, key: str, *items: Item) -> None:
    """Items behind another one."""
    _beside(draft, key, lambda item: (item, *items))


def _beside(draft: Draft, key: str, change: Callable[[Item], tuple[Item, ...]]) -> None:
    draft.put_program(tree.rewrite(draft.program, lambda item: change(item) if item_key(item) == key else (item,)))


def put_last(draft: Draft, loop: str, *items: Item) -> None:
    """Items at the end of a loop's body."""
    change_loop(draft, loop, lambda item: structs.replace(item, body=(*item.body, *items)))


def change_loop(draft: Draft, key: str, change: Callable[[Loop], Loop]) -> None:
    """Replaces a loop."""

    def one(item: Item) -> tuple[Item, ...]:
        return (change(item),) if isinstance(item, Loop) and item.id == key else (item,)

    draft.put_program(tree.rewrite(draft.program, one))


def take_away(draft: Draft, keys: Iterable[str]) -> None:
    """Removes items with their hidden operands, and regions that are left empty."""
    document = draft.document
    doomed: dict[str, None] = {}
    for key in keys:
        if key in tree.spots(document):
            doomed.update(dict.fromkeys((key, *operands(document, key))))
            item = tree.item_at(document.program, tree.spots(document)[key])
            doomed.update(dict.fromkeys((*tree.keys(item), *tree.defined(item))))
    draft.drop(doomed)
    draft.put_program(
        tree.rewrite(draft.program, lambda item: () if isinstance(item, Region) and not item.body else (item,))
    )


def change_reads(draft: Draft, change: Callable[[str, In], In]) -> None:
    """Rewires all that is read: ``change`` gets the key of the reader (of a variable: its own) and the wire."""

    def of(reader: str) -> Callable[[In], In]:
        return lambda wire: change(reader, wire)

    def one(item: Item) -> tuple[Item, ...]:
        match item:
            case Loop():
                head = rewire(item.iter, of(item.id))
                return (item if head == item.iter else structs.replace(item, iter=head),)
            case Branch():
                test = rewire(item.test, of(item.id))
                return (item if test == item.test else structs.replace(item, test=test),)
            case Region():
                args = tuple(rewire(value, of(item.id)) for value in item.args)
                return (item if args == item.args else structs.replace(item, args=args),)
        return (item,)

    document = draft.document
    for key, node in document.nodes.items():
        if key in tree.spots(document):
            new = rewire_node(node, of(key))
            if new != node:
                draft.put_node(new)
    draft.put_program(tree.rewrite(draft.program, one))


# -- variables --------------------------------------------------------------------------------------


def carry_out(draft: Draft, key: str) -> None:
    """Gives a loop a variable for each value of its body that is read outside of it, or is carried on by a loop around it."""
    document = draft.document
    loop, spots = loop_at(document, key), tree.spots(document)
    inside = {*tree.keys(loop), *tree.defined(loop)}
    here = {node for item in flat(loop.body) for node in _gives(item)}
    known = {wire: carry.port for carry in loop.carried for wire in carry.updates}
    read: dict[In, None] = {}
    for node in here:
        for reader in document.consumers.get(node, ()):
            if reader not in inside:
                read.update(dict.fromkeys(wire for wire in _reads(document, reader) if wire.node == node))
    around = [
        item
        for item in walk(document.program)
        if isinstance(item, Loop) and item.id != key and key in set(tree.keys(item))
    ]
    for item in around:
        for carry in item.carried:
            read.update(dict.fromkeys(wire for wire in carry.updates if wire.node in here))
    ports = {wire: known[wire] if wire in known else _variable(draft, key, wire, around) for wire in read}

    def change(reader: str, wire: In) -> In:
        return In(ports[wire]) if wire in ports and reader not in inside and reader in spots else wire

    if ports:
        change_reads(draft, change)
    if around and ports:
        replaced = {wire: In(port) for wire, port in ports.items()}
        for item in around:
            _rewire_updates(draft, item.id, replaced)


def _variable(draft: Draft, loop: str, wire: In, around: list[Loop]) -> str:
    """A new variable of a loop that takes a value; of the loops around it too, because a name bound in a loop is known in all its rounds."""
    node = draft.node(wire.node or "")
    name = node.outputs[wire.output] if wire.output < len(node.outputs) else node.name
    start: tuple[Value, ...] = ()
    for _ in around:
        outer = next(draft.ids)
        draft.put_node(Node(outer, "python.carry", start, (), name))
        start = (In(outer),)
    port = next(draft.ids)
    draft.put_node(Node(port, "python.carry", start, (), name))
    inner = In(port)
    add_variable(draft, loop, port, wire)
    for item in reversed(around):
        above = draft.node(inner.node or "").args[0]
        assert isinstance(above, In)
        add_variable(draft, item.id, above.node or "", inner)
        inner = above
    return port


def add_variable(draft: Draft, loop: str, port: str, update: In) -> None:
    """A variable among those that a loop carries on."""
    change_loop(draft, loop, lambda item: structs.replace(item, carried=(*item.carried, Carried(port, (update,)))))


def _rewire_updates(draft: Draft, loop: str, replaced: dict[In, In]) -> None:
    def change(item: Loop) -> Loop:
        carried = (Carried(c.port, tuple(dict.fromkeys(replaced.get(w, w) for w in c.updates))) for c in item.carried)
        return structs.replace(item, carried=tuple(carried))

    change_loop(draft, loop, change)


def rebind(draft: Draft, pairs: Iterable[tuple[In, str]], loops: tuple[str, ...]) -> None:
    """Names that nodes inside of loops (outermost first) re-bind, each with what it starts with: variables for them, and everybody reads
    the one that is known there."""
    spots = tree.spots(draft.document)
    ports: dict[In, tuple[str, ...]] = {}
    updates: dict[In, str] = {}
    for start, update in pairs:
        node = draft.node(start.node or "")
        name = node.outputs[start.output] if start.output < len(node.outputs) else node.name
        before: In = start
        made: list[str] = []
        for _ in loops:
            port = next(draft.ids)
            draft.put_node(Node(port, "python.carry", (before,), (), name))
            made.append(port)
            before = In(port)
        draft.put_node(structs.replace(draft.node(update), name=name))
        ports[start], updates[start] = tuple(made), update
    starts = {In(update): start for start, update in updates.items()}
    mine = {port for made in ports.values() for port in made}

    def change(reader: str, wire: In) -> In:
        start = starts.get(wire, wire)
        update = updates.get(start)
        spot = spots.get(reader)
        if update is None or spot is None or reader in mine or (reader == update and wire != start):
            return wire
        found = start if wire == start else In(ports[start][0])
        for loop, port in zip(loops, ports[start], strict=True):
            at = spots[loop]
            if not (spot[: len(at)] == at and len(spot) > len(at)):
                return In(port) if spot > at else found
            found = In(port)
        return In(update) if update in spots and spot > spots[update] else found

    change_reads(draft, change)
    carried: dict[str, list[Carried]] = {loop: [] for loop in loops}
    for start, update in updates.items():
        inner = In(update)
        for loop, port in zip(reversed(loops), reversed(ports[start]), strict=True):
            carried[loop].append(Carried(port, (inner,)))
            inner = In(port)
    for loop in loops:
        change_loop(draft, loop, lambda item: structs.replace(item, carried=(*item.carried, *carried[item.id])))


def unbind(draft: Draft, starts: Mapping[str, In]) -> None:
    """The other way round: everybody reads what these updates started with, and the variables for them are gone."""
    document = draft.document
    gone = dict(starts)
    more = True
    while more:
        more = False
        for item in walk(document.program):
            for carry in item.carried if isinstance(item, Loop | Branch) else ():
                start = next((gone[wire.node] for wire in carry.updates if wire.node in gone), None)
                if start is not None and carry.port not in gone:
                    gone[carry.port], more = start, True
    change_reads(draft, lambda reader, wire: gone.get(wire.node or "", wire) if reader not in gone else wire)

    def one(item: Item) -> tuple[Item, ...]:
        if isinstance(item, Loop | Branch) and any(carry.port in gone for carry in item.carried):
            return (structs.replace(item, carried=tuple(carry for carry in item.carried if carry.port not in gone)),)
        return (item,)

    draft.put_program(tree.rewrite(draft.program, one))
    for key in gone:
        if draft.node(key).op == "python.carry":
            draft.put_nothing(key)


def _gives(item: Item) -> tuple[str, ...]:
    """The nodes that the rest of a body may read of an item."""
    match item:
        case Eval() | Effect():
            return (item.node,)
        case Loop() | Branch():
            return tuple(carry.port for carry in item.carried)
    return ()


def _reads(document: Document, reader: str) -> Iterable[In]:
    from guigrad.document.model import item_inputs

    node = document.nodes.get(reader)
    if node is not None:
        return tuple(node.inputs())
    return tuple(item_inputs(document, tree.item_at(document.program, tree.spots(document)[reader])))


def drop_idle(draft: Draft, known: Training) -> None:
    """Removes the variables of a training's loops that nothing reads any more, not even through another variable."""
    document = draft.document
    carried = {c.port: c for item in walk(document.program) if isinstance(item, Loop | Branch) for c in item.carried}
    read: set[str | None] = set()
    for item in walk(document.program):
        match item:
            case Eval() | Effect():
                read.update(wire.node for wire in document.nodes[item.node].inputs())
            case Loop():
                read.update(wire.node for wire in wires_in(item.iter))
            case Branch():
                read.update(wire.node for wire in wires_in(item.test))
            case Region():
                read.update(wire.node for wire in wires_in(item.args))
    live: set[str] = set()
    stack = [port for port in carried if port in read]
    while stack:
        port = stack.pop()
        if port not in live:
            live.add(port)
            passed = [*carried[port].updates, *document.nodes[port].inputs()]
            stack += [wire.node for wire in passed if wire.node in carried]
    for key in dict.fromkeys((known.loop, known.outer)):
        loop = loop_at(draft.document, key)
        kept = tuple(carry for carry in loop.carried if carry.port in live)
        for carry in loop.carried:
            if carry.port not in live:
                draft.put_nothing(carry.port)
        change_loop(draft, key, partial(_with_carried, carried=kept))


def _with_carried(loop: Loop, carried: tuple[Carried, ...]) -> Loop:
    return structs.replace(loop, carried=carried)
