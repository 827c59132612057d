"""The program alone, for comparing: two documents with the same code have equal canonical forms."""

from __future__ import annotations

from msgspec import structs

from guigrad.document.acts import acts
from guigrad.document.deep import deep_recursion
from guigrad.document.model import (
    CALL,
    CAPTURE,
    PARAM,
    RETURN,
    Branch,
    Document,
    Effect,
    Eval,
    Function,
    In,
    Item,
    Loop,
    Node,
    Region,
    Settings,
    Value,
)
from guigrad.document.rewire import rewire, rewire_items, rewire_node
from guigrad.document.written import result_of, written


def canonical(document: Document) -> Document:
    """The document with ids counted in program order, names as its code shows them, without layout and comments."""
    with deep_recursion():
        found = written(document)
    document, _ = found.main
    document = structs.replace(document, program=_by_name(document, document.program))
    ids: dict[str, str] = {}
    for function, body, _ in found.bodies:
        document = _with_body(document, function, body, ids)
    _number(document.program, ids)

    def key_of(old: str) -> str:
        return ids[old]

    def change(wire: In) -> Value:
        return In(ids[wire.node], wire.output) if wire.node is not None else wire

    nodes: dict[str, Node] = {}
    for old, new in ids.items():
        node = document.nodes.get(old)
        if node is not None:
            nodes[new] = structs.replace(_of_call(rewire_node(node, change), ids), id=new)
    functions: dict[str, Function] = {}
    for key, old_function in document.functions.items():
        items = _sorted_out(rewire_items(old_function.program, change, key_of), nodes)
        functions[ids[key]] = structs.replace(
            old_function,
            id=ids[key],
            params=tuple(map(key_of, old_function.params)),
            captures=tuple(map(key_of, old_function.captures)),
            program=items,
            result=rewire(old_function.result, change),
            decor=(),
        )
    program = _sorted_out(rewire_items(document.program, change, key_of), nodes)
    settings = Settings(device=document.settings.device)
    return Document(nodes=nodes, program=program, settings=settings, functions=functions)


def _with_body(document: Document, function: Function, body: Document, ids: dict[str, str]) -> Document:
    """The document with the nodes and the function of a body in its normal form."""
    params = {PARAM, RETURN}
    inner: tuple[Item, ...] = ()
    for item in body.program:
        node = body.nodes.get(getattr(item, "node", ""))
        if node is None or node.op not in params:
            inner = (*inner, item)
    inner = _by_name(body, inner)
    captures = tuple(sorted(function.captures, key=lambda key: body.nodes[key].name or ""))
    ids[function.id] = f"f{len(ids)}"
    for key in (*captures, *function.params):
        ids[key] = f"n{len(ids)}"
    _number(inner, ids)
    result = result_of(body, function)
    value = result.args[0] if result is not None else None
    name = body.functions[function.id].name
    own = structs.replace(function, name=name, captures=captures, program=inner, result=value)
    nodes = {**document.nodes, **{key: node for key, node in body.nodes.items() if node.op != RETURN}}
    return structs.replace(document, nodes=nodes, functions={**document.functions, function.id: own})


def _of_call(node: Node, ids: dict[str, str]) -> Node:
    """A call of a function by its new id, captures in the order of their names."""
    if not node.op.startswith(CALL):
        return node
    shown = tuple(pair for pair in node.kwargs if not pair[0].startswith(CAPTURE))
    unseen = tuple(sorted((pair for pair in node.kwargs if pair[0].startswith(CAPTURE)), key=lambda pair: pair[0]))
    op = CALL + ids.get(node.op[len(CALL) :], node.op[len(CALL) :])
    return structs.replace(node, op=op, kwargs=(*shown, *unseen), signature=None)


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
