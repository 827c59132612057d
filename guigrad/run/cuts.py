"""Leaves that a backward has not reached: nothing leads from them to the root, or what leads there was cut."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from guigrad.document.model import Node, Region, walk
from guigrad.document.problem import Fix, Problem
from guigrad.run.findings import Seen, nodes_in

DETACH: Final = frozenset(("torch.Tensor.detach", "torch.Tensor.data", "torch.detach", "torch.Tensor.detach_"))
LEAVES_TORCH: Final = frozenset(("item", "tolist", "numpy", "float", "int"))
PLAIN: Final = frozenset(("int", "float", "bool", "complex", "str"))
"""Kinds of values that autograd knows nothing of."""
_NOT_RECORDED: Final = ("no_grad", "inference_mode")


def cuts(seen: Seen) -> Iterator[Problem]:
    """One problem for each unused leaf, and one for each place that cuts leaves off."""
    failed = any("does not require grad" in problem.message for problem in seen.frame.problems)
    if not seen.roots or not (seen.frame.order or failed):
        return
    readers, makers = _graph(seen)
    before = _reach(seen.roots, makers)
    after = _reach(seen.roots, readers)
    cut: dict[str, list[str]] = {}
    for node in _forgotten(seen):
        if node.id not in before:
            if not node.name:
                continue  # made for one call alone: nobody's parameter
            if seen.exploring and _reach((node.id,), readers) & after:
                continue  # it comes in behind the node that somebody looks at
            yield _unused(seen, node, bool(readers.get(node.id)))
            continue
        live = _reach((node.id,), {key: [r for r in to if _records(seen, r)] for key, to in readers.items()})
        if live & seen.roots:
            continue  # its gradient was emptied, or its turn has not come
        ends = {r for key in live for r in readers.get(key, ()) if r in before and r not in live}
        place = next((each.id for each in seen.order if each.id in ends), None)
        if place is not None:
            cut.setdefault(place, []).append(seen.label(node.id))
    for place, leaves in cut.items():
        yield _cut(seen, seen.document.nodes[place], leaves)


def _graph(seen: Seen) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Who reads a node, and what it reads; a variable reads what it takes on."""
    readers: dict[str, list[str]] = {}
    makers: dict[str, list[str]] = {}
    pairs = [(wire.node, node.id) for node in seen.document.nodes.values() for wire in node.inputs()]
    for item in walk(seen.document.program):
        for carry in getattr(item, "carried", ()):
            pairs += [(wire.node, carry.port) for wire in carry.updates]
    for source, reader in pairs:
        if source is not None and source in seen.document.nodes:
            readers.setdefault(source, []).append(reader)
            makers.setdefault(reader, []).append(source)
    return readers, makers


def _reach(start: Iterable[str], edges: dict[str, list[str]]) -> set[str]:
    found: set[str] = set()
    todo = list(start)
    while todo:
        key = todo.pop()
        if key not in found:
            found.add(key)
            todo += edges.get(key, ())
    return found


def _records(seen: Seen, key: str) -> bool:
    record = seen.record(key)
    return record is not None and record.requires_grad is not False and record.kind not in PLAIN


def _forgotten(seen: Seen) -> Iterator[Node]:
    """Leaves that want a gradient and have none."""
    for node in seen.order:
        record = seen.record(node.id)
        if record is None or not (record.is_leaf and record.requires_grad):
            continue
        inner = (seen.record(wire.node) for wire in node.inputs())
        if any(each is not None and each.requires_grad for each in inner):
            continue  # another name of a leaf
        if record.grad is None and record.grad_stats is None and record.xray is None:
            yield node


def _unused(seen: Seen, node: Node, read: bool) -> Problem:
    label = seen.label(node.id)
    roots = " or ".join(sorted(seen.label(key) for key in seen.roots))
    constant = Fix(f"Make {label} a constant: requires_grad off", "set_requires_grad", (node.id, False))
    return seen.problem(
        node.id,
        f"{label}.grad is None after backward: {roots} does not depend on {label}.",
        "An unused parameter gets no gradient, not even zeros: "
        + ("what is computed from it never gets into the root." if read else "nothing reads it."),
        (constant,),
    )


def _cut(seen: Seen, node: Node, leaves: list[str]) -> Problem:
    label, names = seen.label(node.id), ", ".join(leaves)
    name, fixes = node.op.rpartition(".")[2], ()
    record = seen.record(node.id)
    region = next(
        (
            item
            for item in walk(seen.document.program)
            if isinstance(item, Region) and item.kind in _NOT_RECORDED and node.id in nodes_in(item)
        ),
        None,
    )
    found: tuple[Fix, ...] = fixes
    if node.op in DETACH:
        why = f"{name} gives the same numbers without their history, so backward cannot get past it."
        found = (Fix(f"Take the {name} away", "keep_history", (node.id,)),)
    elif region is not None:
        why = f"Inside torch.{region.kind}() nothing is recorded, so there is no way back from {label}."
        found = (Fix(f"Compute {label} outside of {region.kind}", "leave_region", (node.id,)),)
    elif name in LEAVES_TORCH:
        why = f"{name} makes a plain Python number of a tensor: autograd knows nothing of it."
    elif record is not None and record.dtype is not None and not _real(record.dtype):
        why = f"{name} is not differentiable: its result is {record.dtype.removeprefix('torch.')}, which cannot change by a little."
        found = _soft(seen, node, name)
    else:
        why = f"The result of {name} does not require grad, so there is no way back from it."
    return seen.problem(node.id, f"The way back to {names} is cut at {label}: {names} gets no gradient.", why, found)


def _real(dtype: str) -> bool:
    return dtype.removeprefix("torch.").startswith(("float", "bfloat", "complex"))


def _soft(seen: Seen, node: Node, name: str) -> tuple[Fix, ...]:
    given = next((seen.record(wire.node) for wire in node.inputs()), None)
    if name not in ("argmax", "argmin") or given is None or given.shape is None or len(given.shape) != 1:
        return ()
    sign = "-" if name == "argmin" else ""
    words = f"Use the softmax's mean place: softmax({sign}x) * arange({given.shape[0]}), summed"
    return (Fix(words, "soft_place", (node.id, given.shape[0])),)
