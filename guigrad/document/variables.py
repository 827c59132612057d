"""Removes the variables that nothing needs. See Note [Variables] in document.model."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import structs

from guigrad.document.model import Branch, In, Item, Loop, Node, Region, Value, walk, wires_in
from guigrad.document.rewire import rewire_items, rewire_node


def prune(nodes: dict[str, Node], items: tuple[Item, ...], kept: set[str]) -> tuple[dict[str, Node], tuple[Item, ...]]:
    """The nodes and program without variables that are neither read, nor passed on to one that is, nor ``kept``."""
    nodes, items = _settled(nodes, items)
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


def _settled(nodes: dict[str, Node], items: tuple[Item, ...]) -> tuple[dict[str, Node], tuple[Item, ...]]:
    """Reads of variables that nothing updates (its statement was refused) become reads of what they start from."""
    fixed: dict[str, In] = {}
    for item in walk(items):
        if isinstance(item, Loop | Branch):
            for carry in item.carried:
                start = nodes[carry.port].args[:1]
                if not carry.updates and start and isinstance(start[0], In):
                    fixed[carry.port] = fixed.get(start[0].node or "", start[0])
    if not fixed:
        return nodes, items

    def change(wire: In) -> In:
        return fixed.get(wire.node or "", wire)

    return {key: rewire_node(node, change) for key, node in nodes.items()}, rewire_items(items, change)


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
