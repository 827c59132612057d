"""Finds operations that torch computes from tensors of different devices without an objection, and without a meaning.

Note [Mixed devices]
Most ops refuse tensors of two devices in torch's own words. Matrix products, convolutions and some others do not when one of them has no
memory (device meta): they give a result that means nothing. A program that names no such device pays nothing for the question.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from guigrad.document.model import Node
from guigrad.engine.values import tensors_in

if TYPE_CHECKING:
    from guigrad.engine.build import Plan

_MAY_MIX = frozenset([
    "to", "type_as", "copy_", "expand_as", "view_as", "reshape_as", "is_same_size", "set_", "setitem", "is_",
    "is_not", "broadcast_tensors", "result_type", "atleast_1d", "atleast_2d", "atleast_3d", "is_set_to",
    "Parameter", "backward", "grad",
])  # fmt: skip
"""Operations that take tensors of several devices by their nature: they copy, or only ask for a shape or dtype."""


class MixedDevices(RuntimeError):
    """Tensors of different devices met in one operation, and torch did not say so."""


def names_meta(node: Node) -> bool:
    """Whether a node's own arguments name the device without memory."""
    return any(type(value) is str and value.startswith("meta") for value in (*node.args, *dict(node.kwargs).values()))


def refuse_mixed(node: Node, plan: Plan) -> None:
    """Raises: MixedDevices when a node that has just run took tensors with and without memory. See Note [Mixed devices]."""
    family, _, name = node.op.rpartition(".")
    if not (family in ("operator", "torch.Tensor", "torch") or family.startswith(("torch.nn.", "torch.linalg"))):
        return
    if name in _MAY_MIX or name.endswith("_like") or name.startswith("new_"):
        return
    values = [(wire, tensor) for wire in node.inputs() for tensor in tensors_in(plan.read(wire))]
    found = {tensor.device.type: None for _, tensor in values if tensor.ndim or tensor.device.type == "meta"}
    if len(found) < 2 or "meta" not in found:
        return
    if name == "getitem" and values[0][1].device.type == "meta":  # indexed by numbers that are there
        return
    other = next(kind for kind in found if kind != "meta")
    raise MixedDevices(
        f"Expected all tensors to be on the same device, but found at least two devices, {other} and meta!"
    )
