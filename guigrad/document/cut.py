"""What of a program a selection is, whether it can be cut out as one piece, and which wires cross the cut.

Note [Cutting]
A selection is some items of one body of the program; a loop, branch or region is in it whole or not at all. It can stand at one
place if what lies between its items can go before or after all of them: what reads it or must not change places with
it goes after, everything else before. An item that has to be on both sides is in the way. Items that were next to each other stay as they were.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from guigrad.document import order, tree
from guigrad.document.closures import is_closure
from guigrad.document.draft import Refused, refused
from guigrad.document.forms import misplaced
from guigrad.document.kinds import results
from guigrad.document.model import (
    CAPTURE,
    CLOSURE,
    PARAM,
    RETURN,
    Branch,
    Document,
    Effect,
    Eval,
    In,
    Item,
    Loop,
    Node,
    callee,
    item_inputs,
    item_key,
    walk,
)
from guigrad.document.names import owned_nodes


class Cut(Struct, frozen=True):
    """A piece of the program: ``items`` of the body ``above``, which now stand between ``before`` and ``after``.

    ``inputs`` are the wires that come in, by first use; ``captures`` those that calls inside take from the script, by name; ``outputs``
    the values that are read outside or that nothing reads, in the order they are computed.
    """

    above: tree.Spot
    before: tuple[Item, ...]
    items: tuple[Item, ...]
    after: tuple[Item, ...]
    inputs: tuple[In, ...]
    captures: tuple[tuple[str, In], ...]
    outputs: tuple[In, ...]


def cut(document: Document, keys: Iterable[str]) -> Cut:
    """The piece that these nodes and items are, with the operands that only they need.

    Raises: Refused with the reason, naming the node in the way.
    """
    wanted = _with_operands(document, keys)
    if not wanted:
        raise refused("select the nodes that shall become a function")
    spots = tree.spots(document)
    above = _common([spots[key] for key in wanted])
    body = tree.body_at(document.program, above)
    chosen = sorted({spots[key][len(above)] for key in wanted})
    for index in chosen:
        _whole(document, body[index], wanted)
    first, last = chosen[0], chosen[-1]
    before, after = _sides(document, body[first : last + 1], {index - first for index in chosen})
    items = tuple(body[index] for index in chosen)
    for key in misplaced(document, items):
        raise refused(f"{order.name(document, key)} leaves a loop that would not be in the function", node_id=key)
    for item in walk(items):
        node = document.nodes.get(getattr(item, "node", ""))
        if is_closure(item) or (node is not None and node.op == CLOSURE):
            raise refused("a step that calls a function cannot stand inside another function", node_id=item_key(item))
    inputs, captures = _crossing(document, items)
    outputs = tuple(_outputs(document, items))
    return Cut(above, (*body[:first], *before), items, (*after, *body[last + 1 :]), inputs, captures, outputs)


def _with_operands(document: Document, keys: Iterable[str]) -> set[str]:
    """The keys that stand in the program, and the hidden operands of those that are effects, loops or the like."""
    spots = tree.spots(document)
    wanted = {key for key in keys if key in spots}
    for key in tuple(wanted):
        node = document.nodes.get(key)
        if node is not None and node.op in (PARAM, RETURN):
            wanted.discard(key)  # the edges of a function stay where they are
    if wanted:
        wanted.update(key for key, owner in owned_nodes(document).items() if owner in wanted and key in spots)
        _add_steps(document, wanted)
    return wanted


def _add_steps(document: Document, wanted: set[str]) -> None:
    """Adds the nameless steps on the way from one wanted node to another that serve nothing else: ``relu(c)`` of ``d = relu(c) + 1``."""
    nodes, known = document.nodes, dict.fromkeys(wanted, True)

    def is_fed(start: str) -> bool:
        stack = [start]
        while stack:
            key = stack[-1]
            waiting = (
                [w.node for w in nodes[key].inputs() if w.node in nodes and w.node not in known] if key in nodes else []
            )
            if waiting and key not in known:
                known[key] = False  # until its inputs are known
                stack.extend(key for key in waiting if key is not None)
                continue
            stack.pop()
            if not known.get(key):
                known[key] = key in nodes and any(known.get(wire.node or "", False) for wire in nodes[key].inputs())
        return known[start]

    stack = [key for key in wanted if key in nodes]
    while stack:
        for wire in nodes[stack.pop()].inputs():
            source = wire.node
            if source is None or source in wanted or source not in nodes or source not in tree.spots(document):
                continue
            node = nodes[source]
            alone = node.name is None and not node.outputs and source not in tree.updates(document)
            if alone and set(document.consumers.get(source, ())) <= wanted and is_fed(source):
                wanted.add(source)
                stack.append(source)


def _common(found: list[tree.Spot]) -> tree.Spot:
    """The innermost body that holds all of these spots."""
    above = found[0][:-1]
    for spot in found:
        while above != spot[: len(above)] or len(spot) <= len(above):
            above = above[:-2]
    return above


def _whole(document: Document, item: Item, wanted: set[str]) -> None:
    """Refuses a part of a loop, branch or region together with what stands outside it."""
    if isinstance(item, Eval | Effect) or item.id in wanted:
        return
    hidden = owned_nodes(document)
    for inner in tree.defined(item):
        node = document.nodes[inner]
        is_variable = node.op in ("python.loop_var", "python.carry")
        if inner not in wanted and inner not in hidden and not is_variable and node.name is not None:
            where = order.name(document, item.id)
            raise refused(f"{node.name} is in {where} too: select all of it, or nothing outside it", node.name, inner)


class _Pile:
    """Items put together: what they make, read, re-bind and do, so that one look tells whether another touches any of them."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.items: list[Item] = []
        self.made: set[str] = set()
        self.read: set[str] = set()
        self.bound: set[str] = set()
        self.marks = order.Mark.NONE

    def add(self, item: Item) -> None:
        self.items.append(item)
        self.made.update(tree.defined(item))
        self.read.update(order.reads(self.document, item))
        self.bound.update(_rebinds(self.document, item))
        self.marks |= order.marks(self.document, item)

    def feeds(self, item: Item) -> bool:
        """Whether an item reads what is made here."""
        return not self.made.isdisjoint(order.reads(self.document, item))

    def holds(self, item: Item) -> bool:
        """Whether an item that stands behind these has to stay behind them."""
        if not self.items:
            return False
        if self.feeds(item) or order.touch(self.marks, order.marks(self.document, item)):
            return True
        if not self.bound.isdisjoint(order.reads(self.document, item)):
            return True
        return any(port in self.read or port in self.bound for port in _rebinds(self.document, item))

    def culprit(self, item: Item) -> Item:
        """The last of them that an item has to stay behind."""
        for mine in reversed(self.items):
            alone = _Pile(self.document)
            alone.add(mine)
            if alone.holds(item):
                return mine
        return self.items[-1]


def _sides(document: Document, segment: tuple[Item, ...], chosen: set[int]) -> tuple[list[Item], list[Item]]:
    """What lies between the chosen items, as what goes before and what goes after them. See Note [Cutting]."""
    before: list[Item] = []
    piece, after = _Pile(document), _Pile(document)
    for index, item in enumerate(segment):
        if index in chosen:
            if after.holds(item):
                raise _in_the_way(document, piece, after, item)
            piece.add(item)
        elif piece.holds(item) or after.holds(item):
            after.add(item)
        else:
            before.append(item)
    return before, after.items


def _in_the_way(document: Document, piece: _Pile, after: _Pile, item: Item) -> Refused:
    other = after.culprit(item)
    way, last = _title(document, other), _title(document, item)
    fed = next((each for each in after.items if piece.feeds(each)), None)
    if after.feeds(item) and fed is not None:
        text = (
            f"{way} is in the way: it needs {_title(document, piece.culprit(fed))}, and {last} needs it. Select it too"
        )
    else:
        text = f"{way} is in the way: it has to happen before {last}, and after what comes first. Select it too"
    return refused(text, way, _key(document, other))


def _rebinds(document: Document, item: Item) -> Iterator[str]:
    """The variables of loops and branches around an item that it gives another value."""
    updates, spots = tree.updates(document), tree.spots(document)
    for key in tree.defined(item):
        holder = updates.get(key)
        if holder is None or holder == item_key(item) or holder not in spots:
            continue
        around = tree.item_at(document.program, spots[holder])
        if isinstance(around, Loop | Branch):
            yield from (c.port for c in around.carried if any(wire.node == key for wire in c.updates))


def _title(document: Document, item: Item) -> str:
    return order.name(document, item_key(item))


def _key(document: Document, item: Item) -> str:
    key = item_key(item)
    return key if key in document.nodes else ""


def _crossing(document: Document, items: tuple[Item, ...]) -> tuple[tuple[In, ...], tuple[tuple[str, In], ...]]:
    made = {key for item in items for key in tree.defined(item)}
    inputs: dict[In, None] = {}
    captures: dict[str, In] = {}
    starts = {wire for item in items for wire in _starts(document, item)}
    for item in items:
        for node, word, wire in _reads(document, item):
            if wire.node is None:
                continue
            if not word.startswith(CAPTURE):
                if wire.node not in made:
                    inputs.setdefault(wire)
                continue
            name = word[len(CAPTURE) :]
            if wire.node in made:
                called = document.functions.get(callee(node) or "") if node is not None else None
                who = called.name if called is not None else "a function called here"
                raise refused(
                    f"{who} reads {name} from the script: {name} cannot be inside a function", name, wire.node
                )
            if captures.setdefault(name, wire) != wire:
                raise refused(f"two values of {name} are read from the script here")
    for wire in inputs:
        if wire in starts and _may_be_unset(document, wire.node):
            name = order.name(document, wire.node or "")
            raise refused(
                f"{name} may have no value before: it gets its first one inside, so it cannot be given from outside",
                name,
                wire.node or "",
            )
    known = set(captures.values())
    return tuple(wire for wire in inputs if wire not in known), tuple(captures.items())


def _reads(document: Document, item: Item) -> Iterator[tuple[Node | None, str, In]]:
    """(node, keyword, wire) of everything that an item and its bodies read."""
    if isinstance(item, Eval | Effect):
        node = document.nodes[item.node]
        hidden = {id(value): word for word, value in node.kwargs if word.startswith(CAPTURE)}
        for wire in node.inputs():
            yield node, hidden.get(id(wire), ""), wire
        return
    for wire in item_inputs(document, item):
        yield None, "", wire
    for body in tree.bodies(item):
        for inner in body:
            yield from _reads(document, inner)


def _starts(document: Document, item: Item) -> Iterator[In]:
    """What the variables of an item's loops and branches start from."""
    for inner in walk((item,)):
        if isinstance(inner, Loop | Branch):
            for carry in inner.carried:
                yield from document.nodes[carry.port].inputs()


def _may_be_unset(document: Document, key: str | None) -> bool:
    """Whether it is a variable that has no value until a loop or branch gives it one."""
    node = document.nodes.get(key or "")
    while node is not None and node.op == "python.carry":
        start = node.args[0] if node.args else None
        if start is None:
            return True
        node = document.nodes.get(start.node or "") if isinstance(start, In) else None
    return False


def _outputs(document: Document, items: tuple[Item, ...]) -> Iterator[In]:
    inner = {key for item in items for key in tree.keys(item)}
    updates = tree.updates(document)
    for item in items:
        for key in _visible(item):
            node = document.nodes[key]
            readers = document.consumers.get(key, ())
            outside = [reader for reader in readers if reader not in inner]
            wires = {wire for reader in outside for wire in _wires_of(document, reader) if wire.node == key}
            holder = updates.get(key)
            if holder is not None and holder not in inner:
                wires |= {wire for wire in _update_wires(document, holder) if wire.node == key}
            if not readers and not wires and _is_result(document, item, node):
                wires = {In(key, index) for index, name in enumerate(node.outputs) if name} or {In(key)}
            yield from sorted(wires, key=lambda wire: wire.output)


def _visible(item: Item) -> Iterator[str]:
    """The nodes of an item that can be read after it."""
    if isinstance(item, Eval | Effect):
        yield item.node
    elif isinstance(item, Loop | Branch):
        yield from (carry.port for carry in item.carried)
    else:
        for inner in item.body:
            yield from _visible(inner)


def _wires_of(document: Document, reader: str) -> Iterator[In]:
    if reader in document.nodes:
        yield from document.nodes[reader].inputs()
    else:
        yield from item_inputs(document, tree.item_at(document.program, tree.spots(document)[reader]))


def _update_wires(document: Document, holder: str) -> Iterator[In]:
    item = tree.item_at(document.program, tree.spots(document)[holder])
    if isinstance(item, Loop | Branch):
        for carry in item.carried:
            yield from carry.updates


def _is_result(document: Document, item: Item, node: Node) -> bool:
    """Whether a value that nothing reads is what the piece is for."""
    if document.settings.root == node.id:
        return True
    if isinstance(item, Effect):
        return False
    named = node.name is not None or any(node.outputs)
    return named or (isinstance(item, Eval) and results(node) != ("None",))
