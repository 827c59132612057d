"""The program alone, for comparing: two documents with the same code have equal canonical forms."""

from __future__ import annotations

from msgspec import structs

from guigrad.document.acts import acts
from guigrad.document.deep import deep_recursion
from guigrad.document.model import Branch, Document, Effect, Eval, In, Item, Loop, Node, Region, Settings, Value
from guigrad.document.normal import normal
from guigrad.document.rewire import rewire_items, rewire_node


def canonical(document: Document) -> Document:
    """The document with ids counted in program order, names as its code shows them, without layout and comments."""
    with deep_recursion():
        document, _ = normal(document)
    document = structs.replace(document, program=_by_name(document, document.program))
    ids: dict[str, str] = {}
    _number(document.program, ids)

    def key(old: str) -> str:
        return ids[old]

    def change(wire: In) -> Value:
        return In(ids[wire.node], wire.output) if wire.node is not None else wire

    nodes: dict[str, Node] = {}
    for old, new in ids.items():
        node = document.nodes.get(old)
        if node is not None:
            nodes[new] = structs.replace(rewire_node(node, change), id=new)
    program = _sorted_out(rewire_items(document.program, change, key), nodes)
    return Document(nodes=nodes, program=program, settings=Settings(device=document.settings.device))


def _sorted_out(items: tuple[Item, ...], nodes: dict[str, Node]) -> tuple[Item, ...]:
    """Evals and Effects by what the node does: on ``y += 1`` they differ only by what is known of y."""
    found: list[Item] = []
    for item in items:
        match item:
            case Eval(key) | Effect(key):
                item = Effect(key) if acts(nodes[key]) else Eval(key)
            case Loop() | Region():
                item = structs.replace(item, body=_sorted_out(item.body, nodes))
            case Branch():
                body, orelse = _sorted_out(item.body, nodes), _sorted_out(item.orelse, nodes)
                item = structs.replace(item, body=body, orelse=orelse)
        found.append(item)
    return tuple(found)


def _number(items: tuple[Item, ...], ids: dict[str, str]) -> None:
    for item in items:
        match item:
            case Eval() | Effect():
                ids[item.node] = f"n{len(ids)}"
            case Region():
                ids[item.id] = f"r{len(ids)}"
                _number(item.body, ids)
            case Loop():
                ids[item.id] = f"l{len(ids)}"
                _carries(item, ids)
                ids[item.var] = f"n{len(ids)}"
                _number(item.body, ids)
            case Branch():
                ids[item.id] = f"b{len(ids)}"
                _carries(item, ids)
                _number(item.body, ids)
                _number(item.orelse, ids)


def _by_name(document: Document, items: tuple[Item, ...]) -> tuple[Item, ...]:
    """The tree with the variables of each item in the order of their names: it means nothing in which order they stand."""
    found: list[Item] = []
    for item in items:
        match item:
            case Loop():
                item = structs.replace(item, body=_by_name(document, item.body))
            case Region():
                item = structs.replace(item, body=_by_name(document, item.body))
            case Branch():
                body, orelse = _by_name(document, item.body), _by_name(document, item.orelse)
                item = structs.replace(item, body=body, orelse=orelse)
        if isinstance(item, Loop | Branch) and len(item.carried) > 1:
            carried = sorted(item.carried, key=lambda carry: document.nodes[carry.port].name or "")
            item = structs.replace(item, carried=tuple(carried))
        found.append(item)
    return tuple(found)


def _carries(item: Loop | Branch, ids: dict[str, str]) -> None:
    for carry in item.carried:
        ids[carry.port] = f"n{len(ids)}"
