"""Which ops a dropped wire can go to: those with a port, or a result, of its kind."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from guigrad.document import ports
from guigrad.document.kinds import result_kind
from guigrad.document.model import Document, In
from guigrad.ops import table
from guigrad.ops.bind import LENIENT, Kind, element, fits
from guigrad.ui.canvas.live_edits import SLIDER

_NUMBERS: Final = frozenset(("any", "Tensor", "Scalar", "int", "float", "bool", "complex", "Tensor[]"))
"""Results that an operator computes with: what a port of no certain type is offered."""


def kind_of(document: Document, source: tuple[str, int]) -> Kind:
    """What kind of value a wire from here carries."""
    return result_kind(document, In(*source))


def type_at(document: Document, target: tuple[str, str]) -> str:
    """What type a wire that ends here must have."""
    node = document.nodes.get(target[0])
    port = ports.port_at(node, target[1]) if node is not None else None
    if port is None:
        return "any"
    listed = target[1].endswith("]") and "[" in port.type and "|" not in port.type
    return element(port.type) if listed else port.type


@lru_cache(maxsize=16384)
def takes(target: str, kind: Kind) -> bool:
    """Whether a wire that carries this kind of value can end at some port of an op."""
    if target == "python.literal":
        return False
    for overload in table.overloads(target):
        for param in overload.params:
            if not param.is_port and kind in ("Tensor", "any"):
                continue
            if _fits(kind, element(param.type) if param.is_list else param.type):
                return True
    return False


@lru_cache(maxsize=16384)
def gives(target: str, type_: str) -> bool:
    """Whether an op yields what a port of this type takes, or something that may be it."""
    if target == SLIDER:
        return _fits("float", type_)
    return any(
        word.removesuffix("?") in _NUMBERS
        if type_ == "any"
        else word.removesuffix("?") == "any" or _fits(word.removesuffix("?"), type_)
        for overload in table.overloads(target)
        for word in overload.returns
    )


def _fits(kind: Kind, type_: str) -> bool:
    """Whether it fits as it is; a number that torch would make a tensor of is no answer to a wire."""
    return fits(kind, type_) < LENIENT
