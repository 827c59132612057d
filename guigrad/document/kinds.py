"""What kind of value a node gives, as far as its row tells without running it."""

from __future__ import annotations

from guigrad.document.binding import heads, kind
from guigrad.document.model import Document, In, Node, Value
from guigrad.ops.bind import Kind


def result_kind(document: Document, wire: In, depth: int = 8) -> Kind:
    """The type word of what comes along a wire; "any" when only running can tell."""
    node = document.nodes.get(wire.node or "")
    if node is None or depth == 0:
        return "any"
    if node.op == "python.literal" and node.args:
        return kind(node.args[0])
    if node.op in ("python.alias", "python.carry"):
        source = node.args[0] if node.args else None
        carried = node.op == "python.carry"  # a loop may put another kind of value in
        return result_kind(document, source, depth - 1) if isinstance(source, In) and not carried else "any"
    words = tuple(word.removesuffix("?") for word in results(node))  # what may be None is mostly there
    if node.outputs:
        return words[wire.output] if len(words) > 1 and wire.output < len(words) else "any"
    return words[0].removesuffix("?") if len(words) == 1 else "tuple" if words else "None"


def results(node: Node) -> tuple[str, ...]:
    """The type words of what a call returns, by the overload that its arguments mean."""
    if node.op.startswith(("setattr.", "setitem.")):
        return ("any",)
    _, overload = heads(node)
    return overload.returns if overload is not None else ("any",)


def kind_in(document: Document, value: Value) -> Kind:
    """The kind of a template value, wires followed to what their nodes give."""
    return result_kind(document, value) if isinstance(value, In) and value.node is not None else kind(value)
