"""Edits of a node's values and arguments."""

from __future__ import annotations

import math
from collections.abc import Mapping

from guigrad.document import order, ports, template
from guigrad.document.array import ArrayData
from guigrad.document.binding import DTYPES
from guigrad.document.diff import Diff
from guigrad.document.draft import Draft, Edit, refused, resolve, to_value
from guigrad.document.model import Document, In, ListOf, Node, Sym, Value
from guigrad.document.tensors import INLINE_ELEMENTS, contiguous, why_bad
from guigrad.ops.table import find

DEFAULT = object()
"""Given as a value: leave the argument out, so that its default holds."""

WRITTEN_ELEMENTS = 256
"""So many numbers of an array are written as numbers; of more, nobody reads them."""

_EXACT = ("float64", "float32", "int64", "bool")
_FLOATS = ("float", "double", "half", "bfloat16", "complex", "cfloat", "cdouble")


def set_argument(key: str, path: str, value: object, merge: str = "") -> Edit:
    """Sets a parameter, or the literal on a port; ``DEFAULT`` leaves it out. Steps with the same ``merge`` are one undo step."""

    def apply(document: Document) -> Diff:
        draft = Draft(document)
        node = _node(document, key)
        wires = list(node.inputs())
        try:
            new = ports.unset(node, path) if value is DEFAULT else ports.set_at(node, path, to_value(value))
        except ValueError as error:
            raise refused(str(error), order.name(document, node.id), node.id) from None
        if any(wire.node is not None and wire not in wires for wire in new.inputs()):
            raise refused("an argument is set to a value here; a wire is drawn with connect", node_id=node.id)
        draft.put_node(new)
        return draft.diff(f"Set {order.name(document, node.id)}.{path}", merge)

    return apply


def set_arguments(key: str, values: Mapping[str, object], merge: str = "") -> Edit:
    """Sets several parameters of a node in one step."""

    def apply(document: Document) -> Diff:
        diff = Diff()
        current = document
        for path, value in values.items():
            step = set_argument(key, path, value)(current)
            current, diff = step.apply(current), diff.then(step)
        names = ", ".join(values)
        node = _node(document, key)
        return Diff(label=f"Set {order.name(document, node.id)}.{names}", nodes=diff.nodes, merge=merge)

    return apply


def set_value(key: str, value: object, merge: str = "") -> Edit:
    """Gives a source another value: nested lists, a number, an array. What makes random numbers becomes ``torch.tensor``.

    Its dtype stays: whole numbers given to a floating point tensor are written as floats. The name of a tensor that is changed in place
    (``w -= …``, ``w.requires_grad_()``) means the source that it is; a label such as "w@2" means that node alone.
    """

    def apply(document: Document) -> Diff:
        draft = Draft(document)
        node = source_of(document, key)
        draft.put_node(_with_value(node, value))
        return draft.diff(f"Set the value of {order.name(document, node.id)}", merge)

    return apply


def set_requires_grad(key: str, on: bool) -> Edit:
    """Whether autograd records what is done with a source."""

    def apply(document: Document) -> Diff:
        draft = Draft(document)
        node = _node(document, key)
        label = order.name(document, node.id)
        known = {parameter.name: parameter for parameter in ports.parameters(node)}
        flag = known.get("requires_grad")
        if flag is None or any(True for _ in _tensors(node)):
            why = "whether a computed value requires grad follows from what it is computed of"
            raise refused(f"{label} cannot be told to require grad: {why}", label, node.id)
        if flag.default == on:
            draft.put_node(ports.unset(node, "requires_grad") if flag.given else node)
        else:
            draft.put_node(ports.set_at(node, "requires_grad", on))
        return draft.diff(f"{'Turn on' if on else 'Turn off'} requires_grad of {label}")

    return apply


def source_of(document: Document, key: str) -> Node:
    """The node that holds the value of a source, as ``set_value`` finds it.

    Raises: ProblemError where the value is computed.
    """
    return _source(document, _first_version(document, _node(document, key), key))


def _node(document: Document, key: str) -> Node:
    found = document.nodes.get(resolve(document, key))
    if found is None:
        raise refused(f"{key!r} is no node")
    return found


def _first_version(document: Document, node: Node, name: str) -> Node:
    """The node whose tensor the in-place nodes of the same name change, at most so far as that name goes."""
    seen = set()
    while node.name == name and node.id not in seen and node.args and isinstance(node.args[0], In):
        seen.add(node.id)
        row, before = find(node.op), document.nodes.get(node.args[0].node or "")
        carry = node.op == "python.carry"
        if before is None or before.name != name or not (carry or (row is not None and row.effect)):
            break
        node = before
    return node


def _tensors(node: Node) -> list[In]:
    """The wires of a node but those of ``nn.Parameter(x)``, which is a source of its own."""
    return [] if node.op == "torch.nn.Parameter" else [wire for wire in node.inputs() if wire.node is not None]


def _source(document: Document, node: Node) -> Node:
    """The node that holds the value: that inside ``nn.Parameter``, else itself."""
    if node.op == "torch.nn.Parameter" and node.args and isinstance(node.args[0], In) and node.args[0].node:
        return _source(document, document.nodes[node.args[0].node])
    row = find(node.op)
    makes = row is not None and not row.effect and any(overload.returns == ("Tensor",) for overload in row.overloads)
    if node.op != "python.literal" and (not makes or _tensors(node)):
        label = order.name(document, node.id)
        raise refused(f"{label} is computed; only the value of a source can be set", label, node.id)
    return node


def _with_value(node: Node, value: object) -> Node:
    if node.op == "python.literal":
        return template.with_template(node, (to_value(value),), ())
    kept = tuple(
        (name, node_value)
        for name, node_value in ((p.name, p.value) for p in ports.parameters(node) if p.given)
        if name in ("requires_grad", "dtype", "device")
    )
    if isinstance(value, ArrayData):
        if bad := why_bad(value):
            raise refused(bad, node_id=node.id)
        if value.dtype not in _EXACT or len(value.data) > INLINE_ELEMENTS * 8 or value.alias:
            flags = tuple(pair for pair in kept if pair[0] == "requires_grad")
            return Node(node.id, "tensor.data", (value,), flags, node.name, node.outputs)
        if value.dtype in ("float64", "int64" if _holds_floats(node) else ""):
            kept = (*(pair for pair in kept if pair[0] != "dtype"), ("dtype", Sym(f"torch.{value.dtype}")))
        value = value.tolist()
    data = _numbers(to_value(value))
    if _holds_floats(node) and _only_ints(data):
        data = _floats(data)
    return Node(node.id, "torch.tensor", (data,), kept, node.name, node.outputs)


def written_array(node: Node, array: ArrayData) -> Node:
    """A source node with the exact bits of an array: numbers as they are written shortest, many or unusual ones as ``tensor.data``."""
    flags = tuple(pair for pair in node.kwargs if pair[0] == "requires_grad")
    plain = array.dtype in ("float32", "int64", "bool") and array.strides == contiguous(array.shape)
    if plain and 0 < array.size <= WRITTEN_ELEMENTS and not array.alias:
        values = array.numpy()
        data = values.astype(str).astype("float64").tolist() if array.dtype == "float32" else values.tolist()
        if array.dtype != "float32" or math.isfinite(float(abs(values).max())):
            return Node(node.id, "torch.tensor", (to_value(data),), flags, node.name, node.outputs)
    return Node(node.id, "tensor.data", (array,), flags, node.name, node.outputs)


def _numbers(value: Value) -> Value:
    """A value made of numbers alone, tuples written as lists.

    Raises: Refused for anything else, and for rows of different lengths.
    """
    if isinstance(value, bool | int | float | complex):
        return value
    if not isinstance(value, ListOf | tuple):
        raise refused(f"{value!r} is no number")
    items = tuple(_numbers(item) for item in template.children(value))
    shapes = {_shape(item) for item in items}
    if len(shapes) > 1:
        raise refused("the rows of a tensor are all of the same length")
    return ListOf(items)


def _shape(value: Value) -> tuple[int, ...]:
    if not isinstance(value, ListOf):
        return ()
    return (len(value.items), *(_shape(value.items[0]) if value.items else ()))


def _holds_floats(node: Node) -> bool:
    """Whether the source's dtype is a floating point one as written."""
    dtype = next((value for name, value in node.kwargs if name == "dtype"), None)
    if isinstance(dtype, Sym):
        word = dtype.path.rpartition(".")[2]
        return word in DTYPES and word.startswith(_FLOATS)
    if node.op == "torch.tensor" and node.args:
        leaves = [leaf for _, _, leaf in template.leaves(node.args[0])]
        return any(isinstance(leaf, float | complex) for leaf in leaves)
    if node.op == "tensor.data" and node.args and isinstance(node.args[0], ArrayData):
        return node.args[0].dtype.startswith(_FLOATS)
    if node.op in ("torch.arange", "torch.full"):
        return any(isinstance(value, float) for value in node.args)
    return node.op.rpartition(".")[2] not in ("randint", "randperm")


def _only_ints(value: Value) -> bool:
    return all(type(leaf) is int for _, _, leaf in template.leaves(value) if not isinstance(leaf, ListOf))


def _floats(value: Value) -> Value:
    if isinstance(value, ListOf):
        return ListOf(tuple(_floats(item) for item in value.items))
    return float(value) if isinstance(value, int) else value
