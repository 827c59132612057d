"""Names of nodes: unique labels for people, and the Python names that code may use."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

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
    callee,
    item_key,
    wires_in,
)

PYTHON_NAMES: Final = frozenset(dir(builtins)) | frozenset(keyword.kwlist) | frozenset(keyword.softkwlist)
_SHORT: Final = re.compile(r"[^0-9A-Za-z_]")


def short_name(op: str) -> str:
    """The last word of an op's dotted name."""
    return _SHORT.sub("_", op.rpartition(".")[2]) or "node"


def in_order(document: Document) -> Iterator[Node]:
    """Every node in program order; a loop's variable ahead of its body, a carry behind its item."""
    for item in _walk_out(document.program):
        keys: tuple[str, ...] = ()
        match item:
            case Eval() | Effect():
                keys = (item.node,)
            case str():
                keys = (item,)
        for key in keys:
            node = document.nodes.get(key)
            if node is not None:
                yield node


def _walk_out(items: tuple[Item, ...]) -> Iterator[Item | str]:
    for item in items:
        match item:
            case Loop():
                yield item.var
                yield from _walk_out(item.body)
                yield from (carry.port for carry in item.carried)
            case Branch():
                yield from _walk_out(item.body)
                yield from _walk_out(item.orelse)
                yield from (carry.port for carry in item.carried)
            case Region():
                yield from _walk_out(item.body)
            case _:
                yield item


def labels(document: Document) -> dict[str, str]:
    """One unique label for each node: its name, ``x@1`` … for earlier holders of a name, else ``mul``, ``mul_2`` ….

    Outputs of an unpacking are not here: see ``frame_labels``.
    """
    nodes = dict.fromkeys(node.id for node in in_order(document))
    nodes.update(dict.fromkeys(document.nodes))
    holders = _holders(document, nodes)
    found: dict[str, str] = {}
    taken = set(holders)
    for name, wires in holders.items():
        for version, wire in enumerate(wires, 1):
            if document.nodes[wire.node or ""].name is not None:
                found[wire.node or ""] = name if version == len(wires) else f"{name}@{version}"
    counts: dict[str, int] = {}
    for key in nodes:
        if key not in found:
            found[key] = _fresh(_base(document, document.nodes[key]), counts, taken)
    return {key: found[key] for key in nodes}


def _base(document: Document, node: Node) -> str:
    function = document.functions.get(callee(node) or "") if document.functions else None
    return short_name(node.op) if function is None else function.name


def _holders(document: Document, nodes: Mapping[str, None]) -> dict[str, list[In]]:
    """For each name the wires that held it, in order."""
    holders: dict[str, list[In]] = {}
    for key in nodes:
        node = document.nodes[key]
        if node.name is not None:
            holders.setdefault(node.name, []).append(In(key))
        for index, name in enumerate(node.outputs):
            if name is not None:
                holders.setdefault(name, []).append(In(key, index))
    return holders


def _fresh(base: str, counts: dict[str, int], taken: set[str]) -> str:
    while True:
        counts[base] = counts.get(base, 0) + 1
        label = base if counts[base] == 1 else f"{base}_{counts[base]}"
        if label not in taken:
            taken.add(label)
            return label


def frame_labels(document: Document) -> dict[str, tuple[str, int | None]]:
    """Every label that a frame answers to: node id and output (None: the whole value).

    Beside ``labels``: ``x@1`` … for every version of a name, the newest too, the names of an unpacking, and ``label[0]``.
    """
    nodes = dict.fromkeys(node.id for node in in_order(document))
    nodes.update(dict.fromkeys(document.nodes))
    found: dict[str, tuple[str, int | None]] = {}
    for key, label in labels(document).items():
        found[label] = (key, None)
        for index in range(len(document.nodes[key].outputs)):
            found[f"{label}[{index}]"] = (key, index)
    for name, wires in _holders(document, nodes).items():
        for version, wire in enumerate(wires, 1):
            whole = document.nodes[wire.node or ""].name is not None
            place = (wire.node or "", None if whole else wire.output)
            if len(wires) > 1:
                found[f"{name}@{version}"] = place
            if version == len(wires):
                found[name] = place
    return found


def python_name(name: str) -> str:
    """The nearest name that Python allows."""
    plain = unicodedata.normalize("NFKC", name)  # as Python itself reads names
    cleaned = "".join(character if f"_{character}".isidentifier() else "_" for character in plain) or "_"
    if not cleaned.isidentifier():
        cleaned = f"_{cleaned}"
    return f"{cleaned}_" if keyword.iskeyword(cleaned) else cleaned


def owned_nodes(document: Document) -> dict[str, str]:
    """Nodes that an item owns (see *owned* in ARCHITECTURE.md), with the key of that item.

    A node is owned by an Effect, a Loop header, a Branch test or a Region when it is unnamed and every way out of it leads only there.
    """
    readers: dict[str, list[str]] = {}
    owners: set[str] = set()
    order: list[str] = []
    _collect(document, document.program, readers, owners, order)
    found: dict[str, str] = {}
    for key in reversed(order):
        node = document.nodes.get(key)
        reading = readers.get(key, [])
        if node is None or node.name is not None or node.outputs or not reading or key in owners:
            continue
        to = {found.get(reader, reader) for reader in reading}
        owner = to.pop()
        if not to and owner in owners:
            found[key] = owner
    return found


def _collect(
    document: Document,
    items: tuple[Item, ...],
    readers: dict[str, list[str]],
    owners: set[str],
    order: list[str],
) -> None:
    def read(wires: Iterable[In], key: str) -> None:
        for wire in wires:
            if wire.node is not None:
                readers.setdefault(wire.node, []).append(key)

    for item in items:
        key = item_key(item)
        match item:
            case Eval() | Effect():
                if isinstance(item, Effect):
                    owners.add(key)
                order.append(key)
                node = document.nodes.get(key)
                if node is not None:
                    read(node.inputs(), key)
            case Loop():
                owners.add(key)
                read(wires_in(item.iter), key)
                _collect(document, item.body, readers, owners, order)
            case Branch():
                owners.add(key)
                read(wires_in(item.test), key)
                _collect(document, item.body, readers, owners, order)
                _collect(document, item.orelse, readers, owners, order)
            case Region():
                owners.add(key)
                read(wires_in(item.args), key)
                _collect(document, item.body, readers, owners, order)
        if isinstance(item, Loop | Branch):
            for carry in item.carried:
                read(carry.updates, carry.port)
                read(document.nodes[carry.port].inputs(), carry.port)
