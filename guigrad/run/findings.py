"""What torch does without a word and people miss: found in the values of a Frame, told as warnings pinned to nodes.

Nothing here runs anything: a finding is read off values and gradients that torch has computed. Each says what is seen, why, and offers an
edit that mends it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Final

import numpy as np

from guigrad.document import ports
from guigrad.document.array import ArrayData
from guigrad.document.expand import expand
from guigrad.document.model import Document, Effect, Eval, In, Loop, Node, Region, Wire, walk
from guigrad.document.problem import Fix, Problem
from guigrad.ops import table
from guigrad.run.frame import Frame, Record

MOST: Final = 5000
"""Documents of more nodes are not looked through."""
FLAT: Final = 1e-4
"""A sigmoid whose slope is below this everywhere is saturated."""

RELU: Final = frozenset(
    ("relu", "relu_", "relu6", "clamp", "clamp_", "clamp_min", "clamp_min_", "clip", "hardtanh", "threshold")
)
"""What is flat in places: a layer that lies in those alone is dead."""
SQUASH: Final = frozenset(("sigmoid", "sigmoid_", "expit", "tanh", "tanh_", "hardsigmoid"))
STEPS: Final = frozenset(("round", "floor", "ceil", "trunc", "fix", "sign", "sgn", "heaviside"))
FELT: Final = 1e-6
"""A gradient below this is none that anybody would miss."""
ROWS: Final = 4
"""A unit is called dead by so many rows of a batch, if all of them are far below zero."""
FAR: Final = 3.0
"""How many standard deviations below zero the mean of a dead unit's inputs is."""
BACKWARD: Final = frozenset(("torch.Tensor.backward", "torch.autograd.backward"))
_CLAMPS: Final[Mapping[str, tuple[float, ...]]] = {
    "log": (1e-6,), "log2": (1e-6,), "log10": (1e-6,), "sqrt": (1e-6,), "rsqrt": (1e-6,), "log1p": (-0.999999,),
    "acos": (-0.999999, 0.999999), "arccos": (-0.999999, 0.999999), "asin": (-0.999999, 0.999999),
    "arcsin": (-0.999999, 0.999999),
}  # fmt: skip


def findings(document: Document, frame: Frame) -> tuple[Problem, ...]:
    """Everything that is found, in the order in which it should be mended."""
    if len(document.nodes) > MOST or not frame.records:
        return ()
    from guigrad.run import cuts, repeats  # a cycle otherwise: they share ``Seen``

    seen = Seen(expand(document) if document.functions else document, frame)
    found = [*cuts.cuts(seen), *_nan(seen), *_flat(seen), *repeats.repeats(seen)]
    return tuple(dict.fromkeys(found))


class Seen:
    """A document without functions and what was computed from it, with the questions that findings ask."""

    def __init__(self, document: Document, frame: Frame) -> None:
        self.document, self.frame = document, frame

    def record(self, key: str | None) -> Record | None:
        """The record of a node that has been run."""
        record = self.frame.records.get(key or "")
        return record if record is not None and record.state == "fresh" else None

    def value(self, key: str | None) -> Any:
        """A node's value as an array of floating point numbers, None where it is none."""
        record = self.record(key)
        return floats(record.value) if record is not None else None

    def arrived(self, key: str) -> Any:
        """The gradient that arrived at a node in the last backward."""
        record = self.record(key)
        return floats(record.xray if record.xray is not None else record.grad) if record is not None else None

    def label(self, key: str) -> str:
        """What a node is called."""
        record = self.frame.records.get(key)
        return record.label if record is not None else key

    def wires(self, node: Node) -> list[Wire]:
        """The wires that end at a node."""
        return [wire for wire in ports.node_wires(node) if wire.source in self.document.nodes]

    @cached_property
    def order(self) -> tuple[Node, ...]:
        """The nodes of the program in its order."""
        found: list[Node] = []
        for item in walk(self.document.program):
            keys = [carry.port for carry in getattr(item, "carried", ())]
            keys += [item.node] if isinstance(item, Eval | Effect) else []
            found += [self.document.nodes[key] for key in keys if key in self.document.nodes]
        return tuple(found)

    @cached_property
    def changed(self) -> frozenset[str]:
        """Nodes whose tensor an in-place operation has changed since: their values are those after it."""
        firsts = [node.args[0] for node in self.order if node.args and table.effect_of(node.op) == "in-place"]
        keys = (first.node for first in firsts if isinstance(first, In))
        return frozenset(key for key in keys if key is not None)

    @cached_property
    def roots(self) -> frozenset[str]:
        """Where backward was started, or would be: the program's own, the document's root, the first in torch's order."""
        nodes = self.document.nodes.values()
        found = {wire.node for node in nodes if node.op in BACKWARD for wire in list(node.inputs())[:1]}
        found.add(self.document.settings.root)
        if self.frame.order:
            found.add(self.frame.labels.get(self.frame.order[0], "").partition("[")[0])
        return frozenset(key for key in found if key is not None and key in self.document.nodes)

    @property
    def exploring(self) -> bool:
        """Whether no backward of the program's own has been asked about: somebody looks at the gradients of some node."""
        return not any(node.op in BACKWARD for node in self.document.nodes.values())

    def problem(self, key: str, message: str, why: str, fixes: tuple[Fix, ...] = ()) -> Problem:
        """A finding about a node."""
        line, column = self.document.lines.get(key, (0, 0))
        return Problem(
            message, "finding", self.label(key), key, line, column + 1 if line else 0, "", why, fixes, "warning"
        )


def floats(value: object) -> Any:
    """A tensor's floating point numbers; None for everything else.

    Shapes: any -> the same
    """
    if not isinstance(value, ArrayData):
        return None
    try:
        array = value.numpy()
    except TypeError:  # a kind that NumPy does not have
        return None
    return array if array.dtype.kind == "f" and array.size else None


def _has_nan(array: Any) -> bool:
    return array is not None and bool(np.isnan(array).any())


# --- NaN: where it was born ---


def _nan(seen: Seen) -> Iterator[Problem]:
    bad = {node.id for node in seen.order if _has_nan(seen.value(node.id))}
    if bad:
        born = next((node for node in seen.order if node.id in bad and not _inherits(seen, node, bad)), None)
        looped = born is None
        if born is None or born.op == "python.carry":  # every node of a loop has its own from the round before
            looped, born = True, _likely(seen, bad)
        yield _birth(seen, born, looped)
        return
    labels = {seen.label(node.id): node for node in seen.order}
    order = {label: number for number, label in enumerate(seen.frame.order)}
    spoilt = [key for key, data in seen.frame.contributions.items() if _has_nan(floats(data))]
    for _, consumer, path in sorted(spoilt, key=lambda key: order.get(key[1], len(order))):
        node = labels.get(consumer)
        if node is not None and not _has_nan(seen.arrived(node.id)):
            name = node.op.rpartition(".")[2]
            yield seen.problem(
                node.id,
                f"The first NaN of the backward pass comes out of {seen.label(node.id)}: what arrives there is a number, what leaves is not.",
                f"The derivative of {name} is infinite here, and infinity times zero is not a number.",
                _clamp(seen, node, path),
            )
            return


def _inherits(seen: Seen, node: Node, bad: set[str]) -> bool:
    if node.id in seen.changed:
        return True  # the in-place operation after it may be to blame, and comes later
    return any(wire.source in bad and wire.source not in seen.changed for wire in seen.wires(node))


def _likely(seen: Seen, bad: set[str]) -> Node:
    nodes = [node for node in seen.order if node.id in bad and node.op != "python.carry"]
    able = [node for node in nodes if node.op.rpartition(".")[2] in (*_CLAMPS, "truediv", "div", "pow", "sub")]
    return next(iter((*able, *nodes, *(node for node in seen.order if node.id in bad))))


def _birth(seen: Seen, node: Node, looped: bool) -> Problem:
    array = seen.value(node.id)
    count = int(np.isnan(array).sum())
    name, label = node.op.rpartition(".")[2], seen.label(node.id)
    where = "in a round of the loop, most likely " if looped else ""
    how_many = f"{count} of {array.size} values" if array.size > 1 else "its value"
    if not seen.wires(node):
        why = f"{label} is given that way: NaN (not a number) spoils everything that is computed from it."
        return seen.problem(node.id, f"The first NaN is in {label} itself: {how_many}.", why)
    why = f"Its inputs are still numbers, but {name} has no value for some of them."
    fixes: tuple[Fix, ...] = ()
    for wire in seen.wires(node):
        given = seen.value(wire.source)
        fixes = fixes or _clamp(seen, node, wire.path)
        if given is not None and np.isinf(given).any():
            why = f"{seen.label(wire.source)} holds infinity, and {name} makes of it what is no number."
            maker = seen.document.nodes[wire.source]
            fixes = fixes or next((_clamp(seen, maker, each.path) for each in seen.wires(maker)), ())
    return seen.problem(node.id, f"The first NaN is born {where}in {label}: {how_many}.", why, fixes)


def _clamp(seen: Seen, node: Node, path: str) -> tuple[Fix, ...]:
    name = node.op.rpartition(".")[2]
    wire = next((wire for wire in seen.wires(node) if wire.path == path), None)
    if wire is None:
        return ()
    source = seen.label(wire.source)
    if name in _CLAMPS:
        bounds = _CLAMPS[name]
        words = ", ".join(f"{bound:g}" for bound in bounds)
        return (
            Fix(
                f"Keep it in range: {source}.clamp({words})",
                "insert_at",
                (node.id, path, "torch.Tensor.clamp", *bounds),
            ),
        )
    if name in ("truediv", "div"):
        last = [wire for wire in seen.wires(node) if wire.path == "other"]
        if last:
            below = seen.label(last[0].source)
            return (
                Fix(f"Never divide by zero: {below} + 1e-06", "insert_at", (node.id, "other", "operator.add", 1e-6)),
            )
    return ()


# --- slopes that are zero ---


def _flat(seen: Seen) -> Iterator[Problem]:
    for node in seen.order:
        name = node.op.rpartition(".")[2]
        if name not in (*RELU, *SQUASH, *STEPS):
            continue
        record, value, arrived = seen.record(node.id), seen.value(node.id), seen.arrived(node.id)
        if record is None or not record.requires_grad or value is None or arrived is None:
            continue
        if not np.nan_to_num(np.abs(arrived), nan=1.0).max() > FELT:
            continue  # nothing arrives that could be lost
        if name in RELU:
            yield from _dead(seen, node, name, value)
        elif name in SQUASH:
            slope = 1 - value * value if name.startswith("tanh") else value * (1 - value)
            if float(np.max(slope)) < FLAT:
                yield _saturated(seen, node, name.rstrip("_"), float(np.max(slope)))
        elif name in STEPS:
            yield _stairs(seen, node, name)


def _dead(seen: Seen, node: Node, name: str, value: Any) -> Iterator[Problem]:
    """All of a layer, or the units (last dimension) that no row of the batch comes near."""
    if value.size < 2:
        return  # one number below zero is nothing to worry about
    wire = next((wire for wire in seen.wires(node) if wire.path in ("self", "input")), None)
    given = seen.value(wire.source) if wire is not None and wire.source not in seen.changed else None
    label = seen.label(node.id)
    fixes = _leaky(node, name)
    why = f"{name.rstrip('_')} has the slope 0 there; where no input is beyond that, nothing before it can learn."
    sent = [data for key, data in seen.frame.contributions.items() if key[1] == label]
    back = [each for each in (floats(data) for data in sent) if each is not None]
    if back and not any(each.any() for each in back):
        said = "gives 0 for all inputs" if not value.any() else "is flat at all of its inputs"
        message = f"Every unit of {label} is dead: {name.rstrip('_')} {said}, so the gradient that arrives ends here."
        yield seen.problem(node.id, message, why, fixes)
    elif name.startswith("relu") and given is not None and given.shape == value.shape and value.ndim == 2:
        rows, units = value.shape
        far = given.mean(0) < -FAR * given.std(0)
        dead = int((~value.any(0) & far).sum()) if rows >= ROWS else 0
        if dead:
            message = f"{dead} of {units} units of {label} are dead: relu gives 0 for each of the {rows} rows."
            yield seen.problem(node.id, message, why, fixes)


def _leaky(node: Node, name: str) -> tuple[Fix, ...]:
    if name != "relu" or any(not isinstance(each, In) for each in node.args):
        return ()
    return (
        Fix("Use leaky_relu, which lets a little through", "change_op", (node.id, "torch.nn.functional.leaky_relu")),
    )


def _saturated(seen: Seen, node: Node, name: str, slope: float) -> Problem:
    label = seen.label(node.id)
    fixes: tuple[Fix, ...] = ()
    for wire in seen.wires(node)[:1]:
        given = seen.value(wire.source)
        if given is not None and np.isfinite(given).all() and np.abs(given).max() > 0:
            factor = float(f"{2 / float(np.abs(given).max()):.1g}")
            fixes = (Fix(f"Scale its input: {seen.label(wire.source)} * {factor:g}", "insert_at", (node.id, wire.path, "operator.mul", factor)),)  # fmt: skip
    return seen.problem(
        node.id,
        f"{label} is saturated: the slope of {name} is at most {slope:.2g} for every entry, so almost no gradient passes.",
        f"{name} is flat far from zero: a gradient is multiplied by a slope near 0 there.",
        fixes,
    )


def _stairs(seen: Seen, node: Node, name: str) -> Problem:
    label = seen.label(node.id)
    return seen.problem(
        node.id,
        f"The gradient ends at {label}: the derivative of {name} is 0 everywhere.",
        f"{name} makes steps: between them it is flat, so nothing before it gets a gradient but zeros.",
        (Fix(f"Pass the gradient straight through: x + ({name}(x) - x).detach()", "straight_through", (node.id,)),),
    )


def in_loops(document: Document) -> dict[str, Loop]:
    """The innermost loop that each node is evaluated in."""
    found: dict[str, Loop] = {}
    for item in walk(document.program):
        if isinstance(item, Loop):
            found |= dict.fromkeys(nodes_in(item), item)
    return found


def nodes_in(item: Loop | Region) -> Iterator[str]:
    """The nodes that are evaluated in a body."""
    for inner in walk(item.body):
        if isinstance(inner, Eval | Effect):
            yield inner.node
