"""Where things stand in the program tree: places, bodies, what is visible from where.

A *spot* is a tuple of numbers: the index in the outermost body, then for each level down which body (0: ``body``, 1:
``orelse``) and the index in it. Spots compare in program order. Variables of a loop or branch share their item's spot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter

from guigrad.document.model import (
    CLOSURE,
    Branch,
    Document,
    Effect,
    Eval,
    Item,
    Loop,
    Region,
    item_key,
)

Spot = tuple[int, ...]


def spots(document: Document) -> Mapping[str, Spot]:
    """The spot of every item and node, by key. Kept with the document, and carried on while its program stays the same."""
    known: dict[str, Spot] | None = document.__dict__.get("spots")
    if known is None:
        known = document.__dict__["spots"] = {}
        collect(document.program, (), known)
    return known


def collect(items: tuple[Item, ...], above: Spot, found: dict[str, Spot], start: int = 0) -> None:
    """Writes down the spots of the items of one body, the first of which has the index ``start``."""
    holders = [index for index, kind in enumerate(map(type, items)) if kind is not Eval and kind is not Effect]
    low = 0
    for index in (*holders, len(items)):
        run, numbers = items[low:index], range(start + low, start + index)
        # runs of ten thousand Evals are usual: zip makes the spots of the outermost body
        found.update(zip(map(_NODE, run), zip(numbers) if not above else ((*above, n) for n in numbers), strict=True))
        low = index + 1
    for index in holders:
        item, spot = items[index], (*above, start + index)
        if isinstance(item, Eval | Effect):
            continue
        found[item.id] = spot
        if isinstance(item, Loop):
            found[item.var] = spot
        if isinstance(item, Loop | Branch):
            for carry in item.carried:
                found[carry.port] = spot
        collect(item.body, (*spot, 0), found)
        if isinstance(item, Branch):
            collect(item.orelse, (*spot, 1), found)


def everything(items: tuple[Item, ...]) -> list[Item]:
    """Every item of the tree in program order, as ``walk`` gives them."""
    holders = [index for index, kind in enumerate(map(type, items)) if kind is not Eval and kind is not Effect]
    if not holders:
        return list(items)
    found: list[Item] = []
    low = 0
    for index in holders:
        found += items[low : index + 1]
        for body in bodies(items[index]):
            found += everything(body)
        low = index + 1
    return found + list(items[low:])


_LEAVES = (Eval, Effect)
_NODE: Callable[[Item], str] = attrgetter("node")


def bodies(item: Item) -> tuple[tuple[Item, ...], ...]:
    """The bodies of a loop, branch or region; none for an Eval or Effect."""
    match item:
        case Loop() | Region():
            return (item.body,)
        case Branch():
            return (item.body, item.orelse)
    return ()


def with_bodies(item: Item, new: tuple[tuple[Item, ...], ...]) -> Item:
    """The same loop, branch or region around other bodies."""
    match item:
        case Loop():
            return Loop(item.id, item.var, item.iter, new[0], item.carried)
        case Branch():
            return Branch(item.id, item.test, new[0], new[1], item.carried)
        case Region():
            return Region(item.id, item.kind, new[0], item.args)
    return item


def item_at(program: tuple[Item, ...], spot: Spot) -> Item:
    """The item at a spot."""
    item = program[spot[0]]
    for which, index in zip(spot[1::2], spot[2::2], strict=True):
        item = bodies(item)[which][index]
    return item


def body_at(program: tuple[Item, ...], above: Spot) -> tuple[Item, ...]:
    """The body whose items' spots begin with ``above`` (of even length: () is the program)."""
    body = program
    for index, which in zip(above[::2], above[1::2], strict=True):
        body = bodies(body[index])[which]
    return body


def replace_body(program: tuple[Item, ...], above: Spot, body: tuple[Item, ...]) -> tuple[Item, ...]:
    """The program with one body replaced."""
    if not above:
        return body
    index, which = above[0], above[1]
    item = program[index]
    inner = bodies(item)
    changed = replace_body(inner[which], above[2:], body)
    new = with_bodies(item, (*inner[:which], changed, *inner[which + 1 :]))
    return (*program[:index], new, *program[index + 1 :])


def rewrite(items: tuple[Item, ...], change: Callable[[Item], tuple[Item, ...]]) -> tuple[Item, ...]:
    """Every item replaced by what ``change`` gives for it, bodies first; the same tuple where nothing changed."""
    result: list[Item] = []
    same = True
    for item in items:
        inner = bodies(item)
        new = tuple(rewrite(body, change) for body in inner)
        whole = item if all(a is b for a, b in zip(new, inner, strict=True)) else with_bodies(item, new)
        changed = change(whole)
        same = same and len(changed) == 1 and changed[0] is item
        result.extend(changed)
    return items if same else tuple(result)


def defined(item: Item) -> Iterator[str]:
    """The nodes that an item evaluates, those of its bodies and its variables included."""
    if isinstance(item, Eval | Effect):
        yield item.node
        return
    if isinstance(item, Loop):
        yield item.var
    if isinstance(item, Loop | Branch):
        for carry in item.carried:
            yield carry.port
    for body in bodies(item):
        for inner in body:
            yield from defined(inner)


def own(item: Item) -> Iterator[str]:
    """The key of an item and of the variables that it has itself."""
    yield item_key(item)
    if isinstance(item, Loop):
        yield item.var
    if isinstance(item, Loop | Branch):
        for carry in item.carried:
            yield carry.port


def keys(item: Item) -> Iterator[str]:
    """The keys of an item and of everything in its bodies."""
    yield item_key(item)
    for body in bodies(item):
        for inner in body:
            yield from keys(inner)


def meeting(document: Document, source: str, reader: str) -> tuple[Spot, Spot] | None:
    """Where a node and its reader stand in the body that holds both; None if the node cannot be seen from there.

    What a region computes is seen after it; what a loop or branch computes, and a loop's variable, only inside it (Note
    [Variables]).
    """
    where = spots(document)
    at, to = where[source], where[reader]
    if to[: len(at)] != at or len(to) == len(at):
        item = item_at(document.program, at)
        if isinstance(item, Loop) and item.var == source:
            return None
    while at[:-1] != to[: len(at) - 1]:
        holder = item_at(document.program, at[:-2])
        if not isinstance(holder, Region) or (holder.kind == "closure" and first_function(document, holder) != source):
            return None
        at = at[:-2]
    return at, to[: len(at)]


def first_function(document: Document, closure: Region) -> str:
    """The id of the node that is the closure itself, which alone is seen outside of it; "" where it is gone. See Note [Closures] in document.closures."""
    for one in closure.body:
        node = document.nodes.get(one.node) if type(one) is Eval else None
        if node is not None and node.op == CLOSURE:
            return node.id
    return ""


def updates(document: Document) -> Mapping[str, str]:
    """The nodes whose values loops and branches carry on, each with the key of its loop or branch."""
    known: dict[str, str] | None = document.__dict__.get("updates")
    if known is None:
        known = document.__dict__["updates"] = {}
        stack = [item for item in document.program if type(item) not in _LEAVES]
        for item in stack:  # grows by what is inside
            stack += [inner for body in bodies(item) for inner in body if type(inner) not in _LEAVES]
            if isinstance(item, Loop | Branch):
                for carry in item.carried:
                    known.update((wire.node, item.id) for wire in carry.updates if wire.node is not None)
    return known


def is_visible(document: Document, source: str, reader: str) -> bool:
    """Whether a reader may be wired to a node as the program stands."""
    met = meeting(document, source, reader)
    if met is None:
        return False
    spot = spots(document)[reader]
    if met[0] == spot:  # the test of an ``a or b`` reads the branch's own variable
        item = item_at(document.program, spot)
        return isinstance(item, Branch) and item.id == reader and any(carry.port == source for carry in item.carried)
    return met[0] < spot
