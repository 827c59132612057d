"""The edits that mend what findings tell: histories kept, gradients emptied, steps passed straight through."""

from __future__ import annotations

from guigrad.document import order, tree
from guigrad.document.diff import Diff
from guigrad.document.draft import Draft, Edit, refused, resolve
from guigrad.document.edit_nodes import extract
from guigrad.document.edit_program import add_effect
from guigrad.document.model import Document, Eval, In, Item, Node, Region, item_key


def keep_history(key: str) -> Edit:
    """What ``detach()`` or ``.data`` was called on, in its place."""

    def apply(document: Document) -> Diff:
        node = _node(document, key)
        first = next(node.inputs(), None)
        if node.name is None or first is None:
            return extract(node.id)(document)
        draft = Draft(document)
        draft.put_node(Node(node.id, "python.alias", (first,), (), node.name, node.outputs))
        return draft.diff(f"Keep the history of {order.name(document, node.id)}")

    return apply


def leave_region(key: str) -> Edit:
    """Takes one item out of the region around it, to right before or behind what stays there."""

    def apply(document: Document) -> Diff:
        found = resolve(document, key)
        draft = Draft(document)
        moved = False

        def change(item: Item) -> tuple[Item, ...]:
            nonlocal moved
            if not isinstance(item, Region):
                return (item,)
            keys = [item_key(inner) for inner in item.body]
            if found not in keys:
                return (item,)
            moved, at = True, keys.index(found)
            before, after = item.body[:at], item.body[at + 1 :]
            parts: list[Item] = [Region(item.id, item.kind, before, item.args)] if before else []
            parts.append(item.body[at])
            if after:
                parts.append(Region(next(draft.ids) if before else item.id, item.kind, after, item.args))
            return tuple(parts)

        draft.put_program(tree.rewrite(document.program, change))
        if not moved:
            raise refused(f"{order.name(document, found)} is in no region", node_id=found)
        return draft.diff(f"Compute {order.name(document, found)} outside")

    return apply


def zero_before(backward: str, op: str, what: str) -> Edit:
    """Empties gradients right before a backward: ``what.grad = None`` (op ``setattr.grad``) or ``what.zero_grad()``."""

    def apply(document: Document) -> Diff:
        kind = {"setattr.grad": "zero_grad", "object.zero_grad": "optimizer_zero_grad"}.get(op)
        if kind is None:
            raise refused(f"{op} empties no gradients")
        return add_effect(kind, what, before=backward)(document)

    return apply


def straight_through(key: str) -> Edit:
    """``x + (f(x) - x).detach()`` for what reads ``f(x)``: the same value, with the gradient of x itself."""

    def apply(document: Document) -> Diff:
        node = _node(document, key)
        wire = next(node.inputs(), None)
        if wire is None or wire.node is None:
            raise refused(f"{order.name(document, node.id)} reads nothing", node_id=node.id)
        draft = Draft(document)
        step, gap, cut = (next(draft.ids) for _ in range(3))
        spot = tree.spots(document)[node.id]
        made = [
            Node(step, node.op, node.args, node.kwargs),
            Node(gap, "operator.sub", (In(step), wire)),
            Node(cut, "torch.Tensor.detach", (In(gap),)),
        ]
        for offset, each in enumerate(made):
            draft.put_node(each)
            draft.add(Eval(each.id), spot[:-1], spot[-1] + offset)
        draft.put_node(Node(node.id, "operator.add", (wire, In(cut)), (), node.name, node.outputs))
        return draft.diff(f"Pass the gradient of {order.name(document, node.id)} through")

    return apply


def soft_place(key: str, size: int) -> Edit:
    """The mean place under the softmax instead of ``argmax`` of a vector of ``size`` entries (of its negative for ``argmin``)."""

    def apply(document: Document) -> Diff:
        node = _node(document, key)
        wire = next(node.inputs(), None)
        if wire is None or wire.node is None:
            raise refused(f"{order.name(document, node.id)} reads nothing", node_id=node.id)
        draft = Draft(document)
        weights, places, parts = (next(draft.ids) for _ in range(3))
        made: list[Node] = []
        if node.op.endswith("argmin"):
            minus = next(draft.ids)
            made.append(Node(minus, "operator.neg", (wire,)))
            wire = In(minus)
        made += [
            Node(weights, "torch.softmax", (wire, 0)),
            Node(places, "torch.arange", (size,)),
            Node(parts, "operator.mul", (In(weights), In(places))),
        ]
        spot = tree.spots(document)[node.id]
        for offset, each in enumerate(made):
            draft.put_node(each)
            draft.add(Eval(each.id), spot[:-1], spot[-1] + offset)
        draft.put_node(Node(node.id, "torch.Tensor.sum", (In(parts),), (), node.name, node.outputs))
        return draft.diff(f"Make {order.name(document, node.id)} differentiable")

    return apply


def _node(document: Document, key: str) -> Node:
    node = document.nodes.get(resolve(document, key))
    if node is None:
        raise refused(f"{key!r} is no node")
    return node
