"""What each node of a program does beside computing a value, and what ``forward()`` therefore plays.

Note [Roles]
Every node has one role. "play": forward plays it. "print", "backward", "zero": forward leaves it out. "update": an optimizer's step or an
in-place change that reads a gradient; forward leaves it out and ``optimizer_step()`` plays it. "operand": an unnamed node that only feeds
nodes left out, and is left out with them.
"""

from __future__ import annotations

from guigrad.document.forms import LEAVES
from guigrad.document.model import Branch, Document, In, Item, Loop, Node, Region, wires_in
from guigrad.ops import table

IN_PLACE_OPERATORS = frozenset(
    f"operator.i{name}"
    for name in [
        "add",
        "sub",
        "mul",
        "truediv",
        "floordiv",
        "mod",
        "pow",
        "matmul",
        "and",
        "or",
        "xor",
        "lshift",
        "rshift",
    ]
)
SEEDS = frozenset(
    ("torch.manual_seed", "torch.random.manual_seed", "torch.cuda.manual_seed", "torch.cuda.manual_seed_all")
)
FLAGS = frozenset(("torch.Tensor.requires_grad_", "torch.Tensor.retain_grad", "setattr.requires_grad"))
_BACKWARD = frozenset(("torch.Tensor.backward", "torch.autograd.backward"))
_OBJECTS = ("object.", "optimizer.", "scheduler.")
HANDED = FLAGS | {"setattr.grad"}
"""Gradients of their own for values that would have none."""
_NEW = frozenset(
    [
        "add",
        "sub",
        "mul",
        "truediv",
        "pow",
        "matmul",
        "neg",
        "tanh",
        "relu",
        "sigmoid",
        "exp",
        "log",
        "sin",
        "cos",
        "sqrt",
        "abs",
        "sum",
        "mean",
    ]
)
GRAD_READS = frozenset(("torch.Tensor.grad", "getattr.grad"))


def is_in_place(node: Node) -> bool:
    """Whether a node changes its first argument (or ``out=``) where it stands."""
    op = node.op
    if op in IN_PLACE_OPERATORS or op == "operator.setitem" or op.startswith(("setitem.", "setattr.data")):
        return True
    name = op.rpartition(".")[2]
    if op.startswith("torch.") and name.endswith("_") and not name.startswith("_") and op not in FLAGS:
        return True
    if table.effect_of(op) == "in-place":
        return True
    return any(key == "out" or (key == "inplace" and value is True) for key, value in node.kwargs)


def makes_new(node: Node) -> bool:
    """Whether a node surely gives a tensor (or number) of its own, never one of those that it was given."""
    owner, _, name = node.op.rpartition(".")
    return (
        name in _NEW
        and owner in ("operator", "torch", "torch.Tensor")
        and not any(key == "out" for key, _ in node.kwargs)
    )


def changes(node: Node) -> bool:
    """Whether values made before this node may differ after it: in-place ops, flags, methods that change a list or dict."""
    return is_in_place(node) or node.op in FLAGS or node.op in _MUTATE


def spares_gradients(node: Node) -> bool:
    """Whether a node that is no backward surely leaves the memory of every ``.grad`` as it is (taking it away is no change of it)."""
    if node.op.endswith(".zero_grad"):
        return not node.args[1:] and all(key == "set_to_none" and value is True for key, value in node.kwargs)
    return not is_in_place(node)


_MUTATE = frozenset(
    [
        "list.append",
        "list.extend",
        "list.insert",
        "list.pop",
        "list.remove",
        "list.clear",
        "list.reverse",
        "list.sort",
        "dict.pop",
        "dict.update",
        "dict.setdefault",
        "dict.clear",
    ]
)


def is_seed(node: Node) -> bool:
    """Whether a node sets where random numbers start."""
    return node.op in SEEDS or table.effect_of(node.op) == "seed"


def is_random(node: Node) -> bool:
    """Whether a node may draw random numbers, sets how they are drawn, or tells where they stand."""
    if node.op in ("torch.get_rng_state", "torch.initial_seed"):
        return True
    return table.is_random(node.op) or is_seed(node) or any(word in node.op for word in _RANDOM)


_RANDOM = (
    "dropout",
    "nn.init.",
    "multi_head",
    "scaled_dot",
    "rrelu",
    "rnn",
    "lstm",
    "gru",
    "lowrank",
    "lobpcg",
    "fractional_max_pool",
)


def roles(document: Document) -> dict[str, str]:
    """The role of each node of the program that has another than "play". See Note [Roles]."""
    if not any(_matters(op) for op in {node.op for node in document.nodes.values()}):
        return {}
    found: dict[str, str] = {}
    grads: set[str] = set()
    readers: dict[str, list[str]] = {}
    order: list[str] = []
    _visit(document, document.program, False, found, grads, readers, order)
    for key in reversed(order):
        node = document.nodes[key]
        using = readers.get(key, ())
        if found[key] != "play" or node.name is not None or any(node.outputs) or not using or changes(node):
            continue
        if all(found.get(user, "play") != "play" for user in using):
            found[key] = "operand"
    return {key: role for key, role in found.items() if role != "play"}


def _matters(op: str) -> bool:
    """Whether a node of this op makes roles other than "play" possible."""
    return (
        op in ("python.print", "python.assert", *LEAVES)
        or op in _BACKWARD
        or op in GRAD_READS
        or op.startswith((*_OBJECTS, "setattr.grad"))
        or ".clip_grad_" in op
    )


def _visit(
    document: Document,
    items: tuple[Item, ...],
    untracked: bool,
    found: dict[str, str],
    grads: set[str],
    readers: dict[str, list[str]],
    order: list[str],
) -> None:
    """Roles in program order; ``grads`` collects the nodes whose value comes from a gradient."""

    def read(wires: tuple[In, ...] | list[In], key: str) -> None:
        for wire in wires:
            if wire.node is not None:
                readers.setdefault(wire.node, []).append(key)

    for item in items:
        match item:
            case Loop():
                read(list(wires_in(item.iter)), item.id)
                found[item.id] = "play"
                for carry in item.carried:
                    found[carry.port] = "play"
                    read(list(carry.updates), carry.port)
                    read(list(document.nodes[carry.port].inputs()), carry.port)
                _visit(document, item.body, untracked, found, grads, readers, order)
            case Branch():
                read(list(wires_in(item.test)), item.id)
                found[item.id] = "play"
                for carry in item.carried:
                    found[carry.port] = "play"
                    read(list(carry.updates), carry.port)
                    read(list(document.nodes[carry.port].inputs()), carry.port)
                _visit(document, item.body, untracked, found, grads, readers, order)
                _visit(document, item.orelse, untracked, found, grads, readers, order)
            case Region():
                inner = item.kind in ("no_grad", "inference_mode") or (untracked and item.kind != "enable_grad")
                _visit(document, item.body, inner, found, grads, readers, order)
            case _:
                node = document.nodes.get(item.node)
                if node is None:
                    continue
                order.append(node.id)
                read(list(node.inputs()), node.id)
                found[node.id] = _role(document, node, grads, untracked)


def _role(document: Document, node: Node, grads: set[str], untracked: bool) -> str:
    op = node.op
    if op in ("python.print", "python.assert", *LEAVES):
        return "print"
    if op in _BACKWARD:
        return "backward"
    name = op.rpartition(".")[2]
    if op == "setattr.grad" or (op.startswith(_OBJECTS) and name == "zero_grad"):
        return "zero"
    if op.startswith(_OBJECTS) and name == "step":
        return "scheduler" if _is_scheduler(document, node) else "update"
    reads = [wire.node for wire in node.inputs() if wire.node in grads]
    if op in GRAD_READS:
        grads.add(node.id)
    elif op.startswith("setattr.grad.") or name.startswith("clip_grad_"):
        return "update"
    elif reads:
        if is_in_place(node):
            target = node.args[0] if node.args else None
            if isinstance(target, In) and target.node in grads:
                return "zero" if name in ("zero_", "fill_", "detach_") or op == "operator.setitem" else "update"
            if untracked or op.startswith("setattr.data") or any(_unnamed(document, key) for key in reads if key):
                return "update"
        grads.add(node.id)
    return "play"


def _unnamed(document: Document, key: str) -> bool:
    node = document.nodes.get(key)
    return node is not None and node.name is None and not any(node.outputs)


def _is_scheduler(document: Document, node: Node) -> bool:
    """Whether the object that ``.step()`` is called on was made by torch.optim.lr_scheduler."""
    if node.op.startswith(("optimizer.", "scheduler.")):
        return node.op.startswith("scheduler.")
    seen: set[str] = set()
    value = node.args[0] if node.args else None
    while isinstance(value, In) and value.node is not None and value.node not in seen:
        seen.add(value.node)
        maker = document.nodes.get(value.node)
        if maker is None:
            return False
        if maker.op not in ("python.alias", "python.carry"):
            return maker.op.startswith("torch.optim.lr_scheduler.")
        value = maker.args[0] if maker.args else None
    return False
