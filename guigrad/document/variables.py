"""Removes the variables that nothing needs. See Note [Variables] in document.model."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import structs

from guigrad.document import tree
from guigrad.document.model import Branch, Carried, In, Item, Loop, Node, Region, Value, walk, wires_in
from guigrad.document.rewire import rewire_items, rewire_node


def prune(nodes: dict[str, Node], items: tuple[Item, ...], kept: set[str]) -> tuple[dict[str, Node], tuple[Item, ...]]:
    """The nodes and program without variables that are neither read, nor passed on to one that is, nor ``kept``."""
    known: set[str] = set()
    while (fixed := _idle(nodes, items)).keys() - known:  # one that is settled may leave another without updates
        known.update(fixed)
        nodes, items = _settled(nodes, items, fixed)
    updates: dict[str, list[str]] = {}
    read: list[str] = list(kept)
    for item in walk(items):
        if isinstance(item, Loop | Branch):
            read += _wired(item.iter if isinstance(item, Loop) else item.test)
            for carry in item.carried:
                updates[carry.port] = [wire.node for wire in carry.updates if wire.node is not None]
        elif isinstance(item, Region):
            read += _wired(item.args)
    for node in nodes.values():
        if node.id not in updates:
            read += [wire.node for wire in node.inputs() if wire.node is not None]
    live = set()
    pending = [key for key in read if key in updates]
    while pending:
        key = pending.pop()
        if key not in live:
            live.add(key)
            passed = [*updates[key], *(wire.node or "" for wire in nodes[key].inputs())]
            pending += [other for other in passed if other in updates and other not in live]
    dead = updates.keys() - live
    if not dead:
        return nodes, items
    living = {key: node for key, node in nodes.items() if key not in dead}
    return living, _without(items, dead)


def _idle(nodes: dict[str, Node], items: tuple[Item, ...]) -> dict[str, In]:
    """The variables that nothing updates (its statement was refused, or leaves a loop), and what they start from."""
    fixed: dict[str, In] = {}
    for item in walk(items):
        if isinstance(item, Loop | Branch):
            for carry in item.carried:
                start = nodes[carry.port].args[:1]
                if not carry.updates and start and isinstance(start[0], In):
                    fixed[carry.port] = fixed.get(start[0].node or "", start[0])
    return fixed


def _settled(
    nodes: dict[str, Node], items: tuple[Item, ...], fixed: dict[str, In]
) -> tuple[dict[str, Node], tuple[Item, ...]]:
    """Reads of variables become reads of what they start from."""

    def change(wire: In) -> In:
        return fixed.get(wire.node or "", wire)

    found = tree.rewrite(rewire_items(items, change), _own_updates)
    return {key: rewire_node(node, change) for key, node in nodes.items()}, found


def _own_updates(item: Item) -> tuple[Item, ...]:
    """An item whose variables are not updated by themselves, or by one value twice."""
    if isinstance(item, Loop | Branch):
        updates = [tuple(dict.fromkeys(w for w in carry.updates if w.node != carry.port)) for carry in item.carried]
        if any(len(new) != len(carry.updates) for new, carry in zip(updates, item.carried, strict=True)):
            carried = tuple(Carried(carry.port, new) for carry, new in zip(item.carried, updates, strict=True))
            return (structs.replace(item, carried=carried),)
    return (item,)


def _wired(value: Value) -> Iterable[str]:
    return (wire.node for wire in wires_in(value) if wire.node is not None)


def _without(items: tuple[Item, ...], dead: set[str]) -> tuple[Item, ...]:
    found: list[Item] = []
    for item in items:
        match item:
            case Loop():
                carried = tuple(carry for carry in item.carried if carry.port not in dead)
                item = structs.replace(item, body=_without(item.body, dead), carried=carried)
            case Branch():
                carried = tuple(carry for carry in item.carried if carry.port not in dead)
                body, orelse = _without(item.body, dead), _without(item.orelse, dead)
                item = structs.replace(item, body=body, orelse=orelse, carried=carried)
            case Region():
                item = structs.replace(item, body=_without(item.body, dead))
        found.append(item)
    return tuple(found)
