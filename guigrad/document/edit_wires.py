"""Edits that draw and cut wires."""

from __future__ import annotations

from guigrad.document import order, ports, template, tree
from guigrad.document.connect import movable_into, picks, why_not_connect
from guigrad.document.diff import Diff
from guigrad.document.draft import Draft, Edit, refused, resolve
from guigrad.document.model import Branch, Document, Eval, In, Loop, Node, Region, Value, item_key


def connect(source: str, output: int, target: str, path: str) -> Edit:
    """A wire from an output of a node to a port; it replaces what was there.

    Items move where the order needs it, see Note [Moving items].
    """

    def apply(document: Document) -> Diff:
        draft = Draft(document)
        start, end = resolve(document, source), resolve(document, target)
        put_wire(draft, start, output, end, path)
        return draft.diff(f"Connect {order.name(document, start)} → {order.name(document, end)}.{path}")

    return apply


def disconnect(target: str, path: str) -> Edit:
    """Cuts the wire that ends at a port; an argument that may be left out is left out."""

    def apply(document: Document) -> Diff:
        draft = Draft(document)
        key = resolve(document, target)
        node = document.nodes.get(key)
        if node is None:
            _put_head(draft, key, path, In())
            return draft.diff(f"Disconnect {order.name(document, key)}.{path}")
        place = _place(node, path)
        if not isinstance(template.get(node, place), In):
            raise refused(f"no wire ends at {path}", order.name(document, key), key)
        port = next(port for port in ports.ports(node) if port.path == path)
        if not port.required and len(place) == 1 and (isinstance(place[0], str) or place[0] == len(node.args) - 1):
            draft.put_node(ports.unset(node, path))
        else:
            draft.put_node(template.put(node, place, In()))
        return draft.diff(f"Disconnect {order.name(document, key)}.{path}")

    return apply


def put_wire(draft: Draft, source: str, output: int, target: str, path: str) -> None:
    """Draws a wire in a draft.

    Raises: Refused with the reason why not.
    """
    document = draft.document
    reason = why_not_connect(document, source, output, target, path)
    if reason is not None:
        raise refused(reason, order.name(document, target) if target in document.nodes else "", target)
    wire = In(source, output)
    above = movable_into(document, source, target)
    if above is not None:
        _move_to(draft, target, above)
    if picks(document, source, output, target):
        wire = In(_pick(draft, source, output, target))
    if target in document.nodes:
        try:
            draft.put_node(ports.set_at(draft.node(target), path, wire))
        except ValueError as error:
            raise refused(str(error), order.name(document, target), target) from None
    else:
        _put_head(draft, target, path, wire)
    try:
        draft.put_program(order.make_room(draft.document, wire.node or source, target))
    except order.Illegal as error:
        raise refused(str(error), order.name(document, target), target) from None


def _pick(draft: Draft, source: str, output: int, target: str) -> str:
    """A node that takes one of several values: ``x.max(0)[1]``; the one that is there already, if it can be seen."""
    document = draft.document
    for reader in document.consumers.get(source, ()):
        node = document.nodes.get(reader)
        if node and node.op == "operator.getitem" and node.args == (In(source), output) and type(node.args[1]) is int:
            return reader
    key = next(draft.ids)
    draft.put_node(Node(key, "operator.getitem", (In(source), output)))
    spot = tree.spots(document)[source]
    if item_key(tree.item_at(document.program, spot)) != source:
        spot = tree.spots(document)[target]
        draft.add(Eval(key), spot[:-1], spot[-1])
    else:
        draft.add(Eval(key), spot[:-1], spot[-1] + 1)
    return key


def _move_to(draft: Draft, key: str, above: tree.Spot) -> None:
    program = draft.program
    spot = tree.spots(draft.document)[key]
    item = tree.item_at(program, spot)
    end = tree.body_at(program, above)
    program = tree.replace_body(program, above, (*end, item))
    body = tree.body_at(program, spot[:-1])
    draft.put_program(tree.replace_body(program, spot[:-1], (*body[: spot[-1]], *body[spot[-1] + 1 :])))


def _put_head(draft: Draft, key: str, path: str, value: Value) -> None:
    """Wires the head of a loop, branch or region."""
    spot = tree.spots(draft.document).get(key)
    if spot is None:
        raise refused(f"there is no {key}")
    body = tree.body_at(draft.program, spot[:-1])
    item = body[spot[-1]]
    match item:
        case Loop() if path == "iter":
            item = Loop(item.id, item.var, value, item.body, item.carried)
        case Branch() if path == "test":
            item = Branch(item.id, value, item.body, item.orelse, item.carried)
        case Region() if path == "args[0]" and item.args:
            item = Region(item.id, item.kind, item.body, (value, *item.args[1:]))
        case _:
            raise refused(f"{order.name(draft.document, key)} has no port {path!r}")
    draft.put_program(tree.replace_body(draft.program, spot[:-1], (*body[: spot[-1]], item, *body[spot[-1] + 1 :])))


def _place(node: Node, path: str) -> template.Place:
    try:
        place = ports.find_place(node, path)
    except ValueError as error:
        raise refused(str(error), node_id=node.id) from None
    if place is None:
        raise refused(f"no wire ends at {path}", node_id=node.id)
    return place
