"""What torch and Python say -> a Problem with one plain sentence of why, and the fixes that mend it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import torch
from msgspec import Struct

from guigrad.document import ports
from guigrad.document.model import Document, In, Node
from guigrad.document.problem import Fix, Problem
from guigrad.engine.arguments import NotWired, Refused
from guigrad.engine.effects import GRAD_READS
from guigrad.engine.memory import refusal
from guigrad.engine.mixed import MixedDevices
from guigrad.engine.reasons import REASONS, WARNINGS, Reason
from guigrad.engine.upstream import sources_above
from guigrad.engine.values import MISSING

OFFERED = 3
"""Leaves that are offered at most."""
Reader = Callable[[In], Any]
Labels = Callable[[str], str]


class Site(Struct, frozen=True):
    """Where something went wrong: the item's key, the document and its labels, and what its wires carry."""

    key: str
    document: Document
    label: Labels
    read: Reader | None = None

    @property
    def node(self) -> Node | None:
        """The node to blame, None for a loop, branch or region."""
        return self.document.nodes.get(self.key)

    def inputs(self) -> list[tuple[In, Any]]:
        """The node's wires with what they carry."""
        if self.node is None or self.read is None:
            return []
        return [(wire, self.read(wire)) for wire in self.node.inputs() if wire.node is not None]


def explain(error: BaseException, key: str, document: Document, label: Labels, read: Reader | None = None) -> Problem:
    """The problem that an exception of one item is; its text is kept whole."""
    site = Site(key, document, label, read)
    name, message = type(error).__name__, str(error)
    if isinstance(error, NotWired):
        return _problem(site, message, "open", "", "Every input without a default needs a wire or a value.", ())
    if isinstance(error, Refused) or type(error) is LookupError:
        return _problem(
            site, message, "unknown op", "", "Only operations of the catalogue are run, whatever a document says.", ()
        )
    if isinstance(error, MixedDevices):
        why = "torch gives a result here, but one that means nothing: a tensor on the device meta has no numbers."
        return _problem(site, message, "device", "", why, ())
    if isinstance(error, MemoryError) and not message:
        what = f"{label(key)} needs" if site.node is not None else "This needs"
        message = f"{what} more memory than is available: it was not made."
    if isinstance(error, RecursionError):
        message = "maximum recursion depth exceeded"
    for reason in REASONS:
        found = re.search(reason.pattern, message, re.DOTALL)
        if found and (not reason.error or reason.error == name):
            words = refusal(label(key) if site.node is not None else "", message) if reason.kind == "memory" else None
            if words is not None:
                return _problem(site, words, "memory", "", f"{reason.why} torch says: {message.splitlines()[0]}", ())
            return _problem(site, message, reason.kind, name, reason.why, _fixes(reason, site, found))
    why, kind = _PYTHON.get(name, ("The operation refused its inputs; torch's own words say why.", "runtime"))
    return _problem(site, message, kind, name, why, ())


_PYTHON = {
    "ZeroDivisionError": ("A Python number was divided by zero; a tensor would have given inf or nan.", "runtime"),
    "TypeError": ("The operation does not take arguments of these types.", "type"),
    "IndexError": ("An index lies outside of what is there.", "shape"),
    "KeyError": ("The dict has no such key.", "runtime"),
    "NameError": ("The name has no value on this way through the program.", "name"),
    "AttributeError": ("This kind of object has no such attribute.", "type"),
    "AssertionError": ("The program asserts something that is not so.", "runtime"),
    "ValueError": ("The value is of the right type but cannot be used here.", "runtime"),
    "OverflowError": ("A number is too large for what it should be stored in.", "runtime"),
    "MemoryError": ("There is not enough memory for this.", "memory"),
}


def warned(message: str, category: type[Warning], key: str, document: Document, label: Labels) -> Problem:
    """The problem that a warning is; reading a ``.grad`` that is never filled blames the node that is read."""
    site = Site(key, document, label)
    for reason in WARNINGS:
        found = re.search(reason.pattern, message, re.DOTALL)
        if found:
            blamed = _read_node(site) if reason.blame == "read" else site
            fixes = _fixes(reason, blamed, found)
            return _problem(blamed, message, "warning", category.__name__, reason.why, fixes, "warning")
    return _problem(
        site, message, "warning", category.__name__, "torch computed it, and has this to say.", (), "warning"
    )


def _read_node(site: Site) -> Site:
    node = site.node
    if (
        node is not None
        and node.op in GRAD_READS
        and node.args
        and isinstance(node.args[0], In)
        and node.args[0].node is not None
    ):
        return Site(node.args[0].node, site.document, site.label, site.read)
    return site


def _problem(
    site: Site, message: str, kind: str, error: str, why: str, fixes: Sequence[Fix], severity: str = "error"
) -> Problem:
    line, column = site.document.lines.get(site.key, (0, 0))
    label = site.label(site.key) if site.node is not None else ""
    return Problem(
        message=message,
        kind=kind,
        node=label,
        node_id=site.key if site.node is not None else "",
        line=line,
        column=column + 1 if line else 0,
        error=error,
        why=why,
        fixes=tuple(fixes),
        severity=severity,
    )


def _fixes(reason: Reason, site: Site, found: re.Match[str]) -> tuple[Fix, ...]:
    if reason.fix is None:
        return ()
    made: list[Fix] = []
    for name in reason.fix.split():
        fixes = _FIXES[name](site, found)
        made += fixes if isinstance(fixes, tuple) else () if fixes is None else (fixes,)
    return tuple(made)


# --- fixes -----------------------------------------------------------------------------------------------------------


def _target(site: Site) -> str:
    """The node that the failing one acts on: its first wire."""
    node = site.node
    wires = [wire.node for wire in node.inputs() if wire.node is not None] if node is not None else []
    return wires[0] if wires else site.key


def _no_grad(site: Site, _: re.Match[str]) -> Fix | None:
    return Fix("Do it inside torch.no_grad()", "wrap_region", (site.key, "no_grad"))


def _clone_first(site: Site, _: re.Match[str]) -> Fix | None:
    return Fix(
        "Work on a copy: clone() before the in-place operation", "insert_before", (site.key, "torch.Tensor.clone")
    )


def _out_of_place(site: Site, _: re.Match[str]) -> Fix | None:
    node = site.node
    return Fix("Use the operation that makes a new tensor", "out_of_place", (site.key,)) if node is not None else None


def _retain_grad(site: Site, _: re.Match[str]) -> Fix | None:
    return Fix(f"{site.label(site.key)}.retain_grad()", "retain_grad", (site.key,))


def _retain_graph(site: Site, _: re.Match[str]) -> Fix | None:
    return Fix("Keep the graph: retain_graph=True in the backward before", "retain_graph", (site.key,))


def _forward_again(site: Site, _: re.Match[str]) -> Fix | None:
    return Fix("Run forward again: it builds a new graph", "forward", ())


def _add_v(site: Site, _: re.Match[str]) -> Fix | None:
    return Fix("Give a vector v of the same shape (ones)", "add_gradient", (site.key, "ones"))


def _sum_first(site: Site, _: re.Match[str]) -> Fix | None:
    return Fix("Make it a scalar: sum() before backward", "insert_before", (site.key, "torch.Tensor.sum"))


def _make_float(site: Site, _: re.Match[str]) -> Fix | None:
    return Fix("Use a floating point dtype", "set_dtype", (site.key, "torch.float32"))


def _cast(site: Site, _: re.Match[str]) -> Fix | None:
    """Casts the wire whose dtype is not the widest."""
    tensors = [(wire, value) for wire, value in site.inputs() if isinstance(value, torch.Tensor)]
    if len(tensors) < 2:
        return None
    wanted = tensors[0][1].dtype
    for _wire, value in tensors[1:]:
        wanted = torch.promote_types(wanted, value.dtype)
    for wire, value in tensors:
        if value.dtype != wanted:
            return Fix(f"Cast {site.label(wire.node or '')} to {wanted}", "cast", (wire.node, str(wanted), site.key))
    return None


def _requires_grad(site: Site, _: re.Match[str]) -> tuple[Fix, ...]:
    """One for each source upstream that could be told to require grad."""
    found = [
        Fix(f"Let {site.label(leaf)} require grad", "set_requires_grad", (leaf, True))
        for leaf in sources_above(site.document, site.key, site.read)
    ]
    return tuple(found[:OFFERED])


def _fit_shapes(site: Site, _: re.Match[str]) -> tuple[Fix, ...]:
    """What can be put on a wire so that the shapes fit; each was tried."""
    return _repairs(site, casts=False)


def _fit_dtypes(site: Site, _: re.Match[str]) -> tuple[Fix, ...]:
    """Casts that make the dtypes fit; each was tried."""
    return _repairs(site, casts=True)


def _repairs(site: Site, casts: bool) -> tuple[Fix, ...]:
    from guigrad.engine.repair import repairs, stand_ins  # late: it compiles nodes, which explains

    node = site.node
    values = dict(site.inputs())
    if node is None or any(value is MISSING for value in values.values()):
        return ()
    made = []
    for found in repairs(node, stand_ins(values), casts=casts):
        wire = ports.get_at(node, found.path)
        name = site.label(wire.node) if isinstance(wire, In) and wire.node else found.path
        made.append(Fix(f"Insert {name}{found.call}", "insert_at", (node.id, found.path, found.op, *found.args)))
    return tuple(made[:OFFERED])


def _reshape(site: Site, _: re.Match[str]) -> Fix | None:
    return Fix("Use reshape, which copies where it must", "change_op", (site.key, "torch.Tensor.reshape"))


def _allow_unused(site: Site, _: re.Match[str]) -> Fix | None:
    return Fix("Let it be None: allow_unused=True", "set_argument", (site.key, "allow_unused", True))


def _detach(site: Site, _: re.Match[str]) -> Fix | None:
    return Fix(
        f"Use {site.label(_target(site))}.detach()", "insert_between", (_target(site), site.key, "torch.Tensor.detach")
    )


def _add_dim(site: Site, _: re.Match[str]) -> Fix | None:
    return Fix("Say which dimension: dim=-1", "set_argument", (site.key, "dim", -1))


def _same_device(site: Site, _: re.Match[str]) -> tuple[Fix, ...]:
    """A source that lies elsewhere than the others, made where they are."""
    tensors = [(wire, value) for wire, value in site.inputs() if isinstance(value, torch.Tensor)]
    homes = [str(value.device) for _, value in tensors if value.device.type != "meta"]
    made = []
    for wire, value in tensors:
        source = site.document.nodes.get(wire.node or "")
        if source is None or not homes or str(value.device) == homes[0]:
            continue
        if any(parameter.name == "device" and parameter.given for parameter in ports.parameters(source)):
            made.append(
                Fix(f"Make {site.label(source.id)} on {homes[0]}", "set_argument", (source.id, "device", homes[0]))
            )
    return tuple(made)


def _run_backward(site: Site, _: re.Match[str]) -> Fix | None:
    return Fix("Run backward first", "backward", ())


def _no_inference(site: Site, _: re.Match[str]) -> Fix | None:
    return Fix("Use no_grad instead of inference_mode", "change_regions", ("inference_mode", "no_grad"))


_FIXES: dict[str, Callable[[Site, re.Match[str]], Fix | tuple[Fix, ...] | None]] = {
    "no_grad": _no_grad, "clone_first": _clone_first, "out_of_place": _out_of_place, "retain_grad": _retain_grad,
    "retain_graph": _retain_graph, "forward_again": _forward_again, "add_v": _add_v, "sum_first": _sum_first,
    "make_float": _make_float, "cast": _cast, "requires_grad": _requires_grad, "fit_shapes": _fit_shapes, "fit_dtypes": _fit_dtypes, "reshape": _reshape,
    "allow_unused": _allow_unused, "detach": _detach, "add_dim": _add_dim, "run_backward": _run_backward,
    "no_inference": _no_inference, "same_device": _same_device,
}  # fmt: skip


def in_place_to_blame(message: str, values: Sequence[tuple[str, Any]]) -> str | None:
    """Which in-place node broke a saved tensor: the last one whose result fits what torch says about it.

    ``values`` are the in-place nodes that ran, in order, with their values.
    """
    said = re.search(r"\[torch\.(?:\w+\.)*(\w+) \[([\d, ]*)\]\].*is at version (\d+)", message, re.DOTALL)
    fitting = []
    for key, value in values:
        if value is MISSING or not isinstance(value, torch.Tensor):
            continue
        if said is None:
            fitting.append(key)
            continue
        kind, sizes, version = said.groups()
        shape = tuple(int(size) for size in sizes.split(",") if size.strip())
        if value.type().rpartition(".")[2] == kind and value._version >= int(version):
            fitting.append(key) if tuple(value.shape) == shape else fitting.insert(0, key)
    return fitting[-1] if fitting else None
