"""The edits that mend what a Problem tells: each is what one click on a Fix does."""

from __future__ import annotations

from msgspec import structs

from guigrad.document import order, ports, tree
from guigrad.document.diff import Diff
from guigrad.document.draft import Draft, Edit, refused, resolve, to_value
from guigrad.document.edit_program import add_effect, operands, wrap
from guigrad.document.edit_wires import connect, put_wire
from guigrad.document.model import Document, Effect, Eval, In, Item, Node, Region, Sym, item_key, walk

_OUT_OF_PLACE = {
    f"operator.i{name}": f"operator.{name}"
    for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul")
}
_BACKWARD = ("torch.Tensor.backward", "torch.autograd.backward", "torch.autograd.grad")


def insert_between(source: str, reader: str, op: str, *args: object) -> Edit:
    """Puts ``op(source, *args)`` on the wire from a node to a reader, the last one if there are several (``x @ x``)."""

    def apply(document: Document) -> Diff:
        draft = Draft(document)
        start, end = resolve(document, source), resolve(document, reader)
        found = [wire for wire in ports.wires(document) if (wire.source, wire.target) == (start, end)]
        if not found:
            raise refused(f"no wire leads from {order.name(document, start)} to {order.name(document, end)}")
        key = _new(draft, end, op, In(start, found[-1].output), *args)
        put_wire(draft, key, 0, end, found[-1].path)
        return draft.diff(f"Insert {order.name(draft.document, key)}")

    return apply


def insert_at(target: str, path: str, op: str, *args: object) -> Edit:
    """Puts ``op(…, *args)`` on the wire that ends at a port."""

    def apply(document: Document) -> Diff:
        draft = Draft(document)
        end = resolve(document, target)
        node = document.nodes.get(end)
        wire = ports.get_at(node, path) if node is not None else None
        if not isinstance(wire, In) or wire.node is None:
            raise refused(f"no wire ends at {path} of {order.name(document, end)}", node_id=end)
        key = _new(draft, end, op, wire, *args)
        put_wire(draft, key, 0, end, path)
        return draft.diff(f"Insert {order.name(draft.document, key)}")

    return apply


def connect_through(source: str, output: int, target: str, path: str, at: str, op: str, *args: object) -> Edit:
    """A wire to a port with ``op(…, *args)`` put on the wire into the port ``at`` of the same node, in one step."""

    def apply(document: Document) -> Diff:
        wired = connect(source, output, target, path)(document)
        return structs.replace(wired.then(insert_at(target, at, op, *args)(wired.apply(document))), label=wired.label)

    return apply


def insert_before(key: str, op: str, *args: object) -> Edit:
    """Puts ``op(…, *args)`` on the first wire into a node."""

    def apply(document: Document) -> Diff:
        found = resolve(document, key)
        node = document.nodes.get(found)
        first = next((wire.node for wire in node.inputs() if wire.node is not None), None) if node else None
        if first is None:
            raise refused(f"{order.name(document, found)} reads nothing")
        return insert_between(first, found, op, *args)(document)

    return apply


def cast(source: str, dtype: str, reader: str) -> Edit:
    """Converts what one reader gets to a dtype ("torch.float32")."""
    return insert_between(source, reader, "torch.Tensor.to", Sym(dtype))


def set_dtype(key: str, dtype: str) -> Edit:
    """Gives a source a dtype ("torch.float32")."""

    def apply(document: Document) -> Diff:
        draft = Draft(document)
        node = _node(document, key)
        if not any(parameter.name == "dtype" for parameter in ports.parameters(node)):
            raise refused(f"{order.name(document, node.id)} has no dtype to set", node_id=node.id)
        draft.put_node(ports.set_at(node, "dtype", Sym(dtype)))
        return draft.diff(f"Set {order.name(document, node.id)}.dtype")

    return apply


def set_device(device: str) -> Edit:
    """The document's wish for a device."""

    def apply(document: Document) -> Diff:
        from guigrad.document.edit_layout import set_settings

        return set_settings(device=device)(document)

    return apply


def change_op(key: str, op: str) -> Edit:
    """Another op with the same arguments."""

    def apply(document: Document) -> Diff:
        draft = Draft(document)
        node = _node(document, key)
        draft.put_node(Node(node.id, op, node.args, node.kwargs, node.name, node.outputs))
        return draft.diff(f"Change {order.name(document, node.id)} to {op.rpartition('.')[2]}")

    return apply


def out_of_place(key: str) -> Edit:
    """The op that makes a new tensor instead of changing its first one: ``y = y + 1`` for ``y += 1``, ``mul`` for ``mul_``."""

    def apply(document: Document) -> Diff:
        draft = Draft(document)
        node = _node(document, key)
        op = _OUT_OF_PLACE.get(node.op, node.op.removesuffix("_") if node.op.startswith("torch.") else node.op)
        if op == node.op:
            raise refused(f"{node.op} has no form that makes a new tensor", node_id=node.id)
        draft.put_node(Node(node.id, op, node.args, node.kwargs, node.name, node.outputs))
        draft.put_program(
            tree.rewrite(draft.program, lambda item: (Eval(node.id),) if item == Effect(node.id) else (item,)),
        )
        return draft.diff(f"Make {order.name(document, node.id)} a new tensor")

    return apply


def retain_grad(key: str) -> Edit:
    """Keeps the gradient of a value that is no leaf; of what ``.grad`` is read from when that reading is named."""

    def apply(document: Document) -> Diff:
        node = _node(document, key)
        about = next(node.inputs(), In()).node if node.op == "torch.Tensor.grad" else node.id
        return add_effect("retain_grad", about or node.id)(document)

    return apply


def retain_graph(key: str) -> Edit:
    """``retain_graph=True`` in the backward before this one; in itself when a loop repeats it."""

    def apply(document: Document) -> Diff:
        draft = Draft(document)
        found = resolve(document, key)
        spots = tree.spots(document)
        earlier = [
            item_key(item)
            for item in walk(document.program)
            if isinstance(item, Eval | Effect)
            and item.node in document.nodes
            and document.nodes[item.node].op in _BACKWARD
        ]
        before = [each for each in earlier if spots[each] < spots.get(found, ())]
        changed = before[-1] if before else found
        if changed not in earlier:
            raise refused("no backward of the program comes before it; run Backward with retain_graph", node_id=found)
        draft.put_node(ports.set_at(document.nodes[changed], "retain_graph", True))
        return draft.diff(f"Keep the graph of {order.name(document, changed)}")

    return apply


def add_gradient(key: str, kind: str = "ones") -> Edit:
    """Gives a backward a vector v of the shape of its root: ``torch.ones_like(root)``."""

    def apply(document: Document) -> Diff:
        draft = Draft(document)
        node = _node(document, key)
        root = next((wire for wire in node.inputs() if wire.node is not None), None)
        if node.op not in _BACKWARD or root is None:
            raise refused(f"{order.name(document, node.id)} is no backward", node_id=node.id)
        new = _new(draft, node.id, f"torch.{kind}_like", root)
        path = {"torch.Tensor.backward": "gradient", "torch.autograd.grad": "grad_outputs"}.get(node.op, "grad_tensors")
        put_wire(draft, new, 0, node.id, path)
        return draft.diff(f"Give {order.name(document, node.id)} a vector")

    return apply


def wrap_region(key: str, kind: str = "no_grad") -> Edit:
    """Puts one item, with the operands that only it needs, into ``with torch.no_grad():``."""
    return lambda document: wrap([*operands(document, resolve(document, key)), key], kind)(document)


def change_regions(old: str, new: str) -> Edit:
    """Every region of one kind becomes another: ``inference_mode`` to ``no_grad``."""

    def apply(document: Document) -> Diff:
        draft = Draft(document)

        def change(item: Item) -> tuple[Item, ...]:
            if isinstance(item, Region) and item.kind == old:
                return (Region(item.id, new, item.body, item.args),)
            return (item,)

        draft.put_program(tree.rewrite(draft.program, change))
        return draft.diff(f"Change {old} to {new}")

    return apply


def _node(document: Document, key: str) -> Node:
    node = document.nodes.get(resolve(document, key))
    if node is None:
        raise refused(f"{key!r} is no node")
    return node


def _new(draft: Draft, before: str, op: str, *args: object) -> str:
    """A new node right before an item."""
    key = next(draft.ids)
    spot = tree.spots(draft.document)[before]
    draft.put_node(Node(key, op, tuple(to_value(value) for value in args)))
    draft.add(Eval(key), spot[:-1], spot[-1])
    return key
