"""A training whose step calls a function, and the same one written out: what the function does stands ahead of the step.

Note [Opened]
LBFGS must be given a function; all other loops are written without one. The training editor reads and changes the ordinary form alone: a
loop with a function is opened first, changed, and closed again, and choosing LBFGS is closing (document/closing). Ids of nodes stay, so what is
read of an opened document is true of the closed one.
"""

from __future__ import annotations

from msgspec import Struct, structs

from guigrad.document import tree
from guigrad.document.closures import closures, function_of, inner
from guigrad.document.index import fresh_ids
from guigrad.document.model import Document, Effect, In, Item, Loop, Node, Region
from guigrad.document.rewire import rewire_items, rewire_node
from guigrad.ops import table

NOT_PLAIN = "The optimizer's step calls a function in a way of its own."


class Opened(Struct, frozen=True):
    """A document with its closure opened, and what was closed: ``region`` (its id), ``function`` (the node), ``inside`` (keys of the items)."""

    document: Document
    region: str = ""
    function: Node | None = None
    inside: frozenset[str] = frozenset()


def calls(document: Document) -> list[tuple[Node, Region]]:
    """The steps that call a function, with it."""
    known = closures(document)
    if not known:
        return []
    return [
        (node, known[wire.node or ""])
        for node in document.nodes.values()
        if table.effect_of(node.op) == "step"
        for wire in node.inputs()
        if wire.node in known
    ]


def opened(document: Document) -> Opened | None:
    """The document with the function of its one such step written out; None where that cannot be. Itself if there is none."""
    found = calls(document)
    if not found:
        return Opened(document)
    step, region = found[0]
    spots = tree.spots(document)
    spot = spots.get(step.id, ())
    last = function_of(document, region)
    core = inner(document, region)
    function = document.nodes[last]
    result = function.args[0] if function.args else None
    holder = tree.item_at(document.program, spot[:-2]) if len(spot) > 2 else None
    if len(found) > 1 or len(closures(document)) > 1 or not isinstance(holder, Loop) or not isinstance(result, In):
        return None
    if result.node not in document.nodes or Effect(step.id) not in holder.body:
        return None

    def place(item: Item) -> tuple[Item, ...]:
        if isinstance(item, Region) and item.id == region.id:
            return ()
        return (*core, item) if isinstance(item, Effect) and item.node == step.id else (item,)

    def read(wire: In) -> In:
        return result if wire.node == step.id else wire

    nodes = {key: rewire_node(node, read) for key, node in document.nodes.items() if key != last}
    nodes[step.id] = structs.replace(step, args=step.args[:1], kwargs=(), name=None)
    program = rewire_items(tree.rewrite(document.program, place), read)
    inside = frozenset(key for item in core for key in (*tree.keys(item), *tree.defined(item)))
    plain = structs.replace(document, nodes=nodes, program=program)
    fresh_ids(document)  # so that the ids of the closure are not given again
    plain.__dict__["last_id"] = document.__dict__["last_id"]
    return Opened(plain, region.id, function, inside)
