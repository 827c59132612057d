"""What goes wrong by being repeated: gradients that add up because nobody empties them, products that explode."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from guigrad.document.model import In, Loop, Node, walk
from guigrad.document.problem import Fix, Problem
from guigrad.ops import table
from guigrad.run.findings import BACKWARD, Seen, floats, in_loops, nodes_in

HUGE: Final = 1e6
"""A gradient this many times that of the root has exploded."""
LONG: Final = 8
"""Factors in a row that make a product long."""
PRODUCTS: Final = frozenset(("mul", "matmul", "mm", "mv", "dot", "bmm", "linear", "pow", "square", "exp", "imul"))
_STEP: Final = frozenset(("optimizer.step", "object.step"))
_ZERO: Final = frozenset(("optimizer.zero_grad", "object.zero_grad"))
_GRAD: Final = frozenset(("torch.Tensor.grad", "getattr.grad"))
_EMPTY: Final = frozenset(("torch.Tensor.zero_", "torch.Tensor.fill_", "operator.setitem", "operator.imul"))
_SAME: Final = frozenset(("torch.Tensor.data", "torch.Tensor.detach", "getattr.data"))
_UPDATES: Final = frozenset(("in-place", "step", "assign"))


def repeats(seen: Seen) -> Iterator[Problem]:
    """Forgotten zero_grad, then exploding products."""
    for item in walk(seen.document.program):
        if isinstance(item, Loop):
            yield from _never_emptied(seen, item)
    yield from _exploded(seen)


# --- zero_grad ---


def _never_emptied(seen: Seen, loop: Loop) -> Iterator[Problem]:
    nodes = [seen.document.nodes[key] for key in nodes_in(loop) if key in seen.document.nodes]
    backward = next((node for node in nodes if node.op in BACKWARD), None)
    if backward is None:
        return
    emptied = {_emptied(seen, node) for node in nodes}
    if None in emptied:
        return
    if not any(_steps(seen, node) for node in nodes):
        return  # gradients that are only collected may be meant to add up
    optimizer = next((node for node in nodes if node.op in _STEP), None)
    for node in seen.order:
        record = seen.record(node.id)
        stored, last = (floats(record.grad), floats(record.xray)) if record is not None else (None, None)
        if record is None or not record.is_leaf or stored is None or last is None or node.op == "python.carry":
            continue
        if any(True for _ in node.inputs()) or np.allclose(stored, last, 1e-4, 1e-7, equal_nan=True):
            continue
        if node.id in emptied or not stored.any():
            continue
        label = seen.label(node.id).partition("@")[0]
        inside = next((c.port for c in loop.carried if _start(seen, c.port) == node.id), node.id)
        if optimizer is not None and isinstance(optimizer.args[0], In):
            fix = Fix("Empty the gradients first: zero_grad() before backward()", "zero_before", (backward.id, "object.zero_grad", optimizer.args[0].node))  # fmt: skip
        else:
            fix = Fix(
                f"Empty it first: {label}.grad = None before backward()",
                "zero_before",
                (backward.id, "setattr.grad", inside),
            )
        yield seen.problem(
            node.id,
            f"{label}.grad holds more than the last backward gave ({_short(stored)} instead of {_short(last)}): nobody empties it between two steps.",
            "backward() adds to .grad; without zero_grad() every step also follows the gradients of all steps before.",
            (fix,),
        )


def _emptied(seen: Seen, node: Node) -> str | None:
    """The leaf whose gradient a node empties; "" for a node that empties none, None for one that may empty all of them."""
    if node.op in _ZERO:
        return None
    first = node.args[0] if node.args else None
    target = first.node if isinstance(first, In) else None
    if node.op in _EMPTY:
        while target is not None and seen.document.nodes[target].op not in _GRAD:
            source = next(seen.document.nodes[target].inputs(), None)
            target = source.node if seen.document.nodes[target].op in _SAME and source is not None else None
        source = next(seen.document.nodes[target].inputs(), None) if target is not None else None
        target = source.node if source is not None else None
    elif node.op != "setattr.grad":
        return ""
    if target is None:
        return ""
    leaf = _start(seen, target)
    record = seen.record(leaf)
    return leaf if record is not None and record.is_leaf else None  # an element of a list: who knows which


def _steps(seen: Seen, node: Node) -> bool:
    """Whether a node changes something by what a gradient says."""
    if node.op in _STEP:
        return True
    if table.effect_of(node.op) not in _UPDATES and not node.op.startswith("setattr.data"):
        return False
    todo, known = [wire.node for wire in node.inputs()], set()
    while todo:
        key = todo.pop()
        if key is None or key in known:
            continue
        known.add(key)
        source = seen.document.nodes.get(key)
        if source is not None and source.op in _GRAD:
            return True
        if source is not None and source.name is None:
            todo += [wire.node for wire in source.inputs()]
    return False


def _start(seen: Seen, port: str) -> str:
    """The node whose tensor a variable, or a chain of in-place changes, has at first."""
    for _ in range(64):
        node = seen.document.nodes.get(port)
        same = node is not None and (node.op == "python.carry" or table.effect_of(node.op) == "in-place")
        wire = next(node.inputs(), None) if node is not None and same else None
        if wire is None or wire.node is None:
            break
        port = wire.node
    return port


# --- products ---


def _exploded(seen: Seen) -> Iterator[Problem]:
    seeds = [seen.arrived(key) for key in seen.roots]
    seed = max((float(np.abs(each).max()) for each in seeds if each is not None), default=1.0) or 1.0
    worst: tuple[float, Node, Any] | None = None
    for node in seen.order:
        record = seen.record(node.id)
        if record is None or not record.is_leaf or not record.requires_grad or node.op == "python.carry":
            continue
        grad = floats(record.grad if record.grad is not None else record.xray)
        if grad is None or np.isnan(grad).any() or any(True for _ in node.inputs()):
            continue
        size = float(np.abs(grad).max())
        if size > HUGE * seed and (worst is None or size > worst[0]) and _long(seen, node.id):
            worst = (size, node, grad)
    if worst is None:
        return
    size, node, _ = worst
    label = seen.label(node.id)
    yield seen.problem(
        node.id,
        f"The gradient of {label} has exploded: its largest entry is {size:.3g}, {size / seed:.1e} times what went in at the root.",
        "A long product multiplies its factors' derivatives: with factors above 1 that grows with every further one.",
        _shrink(seen, node),
    )


def _long(seen: Seen, leaf: str) -> bool:
    """Whether many products lie one after the other behind a leaf, or some in a loop."""
    loops = in_loops(seen.document)
    depth: dict[str, int] = {leaf: 0}
    for node in seen.order:
        before = [depth[wire.node] for wire in node.inputs() if wire.node in depth]
        if not before:
            continue
        product = node.op.rpartition(".")[2] in PRODUCTS
        if product and node.id in loops and _repeated(seen, loops[node.id], node.id):
            return True
        depth[node.id] = max(before) + product
    return max(depth.values()) >= LONG


def _repeated(seen: Seen, loop: Loop, key: str) -> bool:
    """Whether a loop feeds what a node gives into its next round."""
    return any(wire.node == key or _leads(seen, key, wire.node) for carry in loop.carried for wire in carry.updates)


def _leads(seen: Seen, start: str, end: str | None) -> bool:
    todo, known = [end], set()
    while todo:
        key = todo.pop()
        if key == start:
            return True
        node = seen.document.nodes.get(key or "")
        if node is None or key in known or node.op == "python.carry":
            continue
        known.add(key)
        todo += [wire.node for wire in node.inputs()]
    return False


def _shrink(seen: Seen, node: Node) -> tuple[Fix, ...]:
    value = seen.value(node.id)
    if node.op != "torch.tensor" or value is None or value.size > 256 or not np.isfinite(value).all():
        return ()
    size = float(np.linalg.norm(value, 2)) if value.ndim == 2 else float(np.abs(value).max())
    if size <= 1:
        return ()
    smaller = np.vectorize(lambda x: float(f"{x:.4g}"))(value / size).tolist()
    words = f"Start smaller: divide {seen.label(node.id)} by its largest stretch, {size:.3g}"
    return (Fix(words, "set_value", (node.id, _frozen(smaller))),)


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def _short(array: Any) -> str:
    flat = array.reshape(-1)
    words = ", ".join(f"{x:.4g}" for x in flat[:3].tolist())
    return words if array.ndim == 0 else f"[{words}{', …' if flat.size > 3 else ''}]"
