"""Which nodes do something beside computing, and so stand in the program as Effects."""

from __future__ import annotations

from guigrad.document.model import Node
from guigrad.ops import table


def acts(node: Node) -> bool:
    """Whether evaluating a node changes something: its op has an effect, or it writes into ``out=`` or in place."""
    return bool(table.effect_of(node.op)) or any(
        name in ("out", "inplace") and value not in (None, False) for name, value in node.kwargs
    )
