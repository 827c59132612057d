"""A document with functions in the form that can be written as code: the normal form of its program and of each body."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct, structs

from guigrad.document.forms import is_in_place_method, visible
from guigrad.document.model import AT_RETURN, CALL, CAPTURE, PARAM, RETURN, Document, Function, In, Node, callee
from guigrad.document.names import PYTHON_NAMES, python_name
from guigrad.document.normal import normal, reserved_names
from guigrad.document.plan import Plan
from guigrad.document.scope import inside


class Written(Struct):
    """What is written: ``names`` of the functions by id, ``main`` and each function's body as documents with their plans."""

    names: Mapping[str, str]
    main: tuple[Document, Plan]
    bodies: tuple[tuple[Function, Document, Plan], ...] = ()


def written(document: Document) -> Written:
    """The normal form of every scope. Names of functions are made unique, keywords of calls are those that the parameters get."""
    if not document.functions:
        return Written({}, normal(document))
    names = _function_names(document)
    functions = {key: structs.replace(function, name=names[key]) for key, function in document.functions.items()}
    document = structs.replace(document, functions=functions)
    bodies = []
    renamed: dict[str, dict[str, str]] = {}
    for key, function in functions.items():
        body = _own_names(inside(document, key), function)
        comments = {at: comment for at, comment in body.comments.items() if at != key}
        if f"{key}{AT_RETURN}" in document.comments:
            comments[key] = document.comments[f"{key}{AT_RETURN}"]
        before = {param: body.nodes[param].name for param in function.params if param in body.nodes}
        body, found = normal(structs.replace(body, comments=comments))
        words = {old or "": body.nodes[param].name or "" for param, old in before.items()}
        renamed[CALL + key] = {old: new for old, new in words.items() if old != new}
        bodies.append((function, body, found))
    main, plan = normal(inside(document, ""))
    return Written(
        names,
        (_keywords(main, renamed), plan),
        tuple((function, _keywords(body, renamed), found) for function, body, found in bodies),
    )


def params_of(function: Function, body: Document) -> Iterator[Node]:
    """The parameters of a function as its normal form has them."""
    return (body.nodes[key] for key in function.params if key in body.nodes)


def result_of(body: Document, function: Function) -> Node | None:
    """The node of the result, None where nothing is given."""
    node = body.nodes.get(function.id)
    return node if node is not None and node.op == RETURN and node.args else None


def _function_names(document: Document) -> dict[str, str]:
    reserved = reserved_names(structs.replace(document, functions={}))
    taken: set[str] = set(reserved)
    found: dict[str, str] = {}
    for key, function in document.functions.items():
        base = python_name(function.name)
        name, count = base, 1
        while name in taken or (name in PYTHON_NAMES and name != function.name):
            count += 1
            name = f"{base}_{count}"
        taken.add(name)
        found[key] = name
    return found


def _own_names(body: Document, function: Function) -> Document:
    """The body without other values of the names that it reads from outside: an assignment would make them its own."""
    outer = {body.nodes[key].name: key for key in function.captures if key in body.nodes}
    read = {wire.node for node in body.nodes.values() for wire in visible(node)}
    outer = {name: key for name, key in outer.items() if key in read}
    if not outer:
        return body
    nodes = dict(body.nodes)
    for key, node in body.nodes.items():
        if node.op in (PARAM, "python.carry") or not ({node.name, *node.outputs} & outer.keys()):
            continue
        if is_in_place_method(node.op) or node.op.startswith(("setitem.", "operator.setitem")):
            continue
        outputs = tuple(f"{name}_" if name in outer else name for name in node.outputs)
        name = f"{node.name}_" if node.name in outer else node.name
        nodes[key] = structs.replace(node, name=name, outputs=outputs)
    return structs.replace(body, nodes=nodes)


def _keywords(document: Document, renamed: Mapping[str, Mapping[str, str]]) -> Document:
    changed = {}
    for key, node in document.nodes.items():
        words = renamed.get(node.op) if callee(node) is not None else None
        if words:
            kwargs = tuple((words.get(word, word), value) for word, value in node.kwargs)
            changed[key] = structs.replace(node, kwargs=kwargs)
    return structs.replace(document, nodes={**document.nodes, **changed}) if changed else document


__all__ = ["CAPTURE", "In", "Written", "params_of", "result_of", "written"]
