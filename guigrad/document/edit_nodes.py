"""Edits that make, remove and rename nodes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import structs

from guigrad.document import order, ports, template, tree
from guigrad.document.defaults import default_node
from guigrad.document.diff import Diff
from guigrad.document.draft import Draft, Edit, check_name, free_name, names_in, refused, resolve, title, to_value
from guigrad.document.edit_wires import put_wire
from guigrad.document.forms import LEAVES
from guigrad.document.kinds import results
from guigrad.document.model import (
    Branch,
    Document,
    Effect,
    Eval,
    In,
    Item,
    Loop,
    Node,
    View,
    Wire,
    item_inputs,
)
from guigrad.ops.spec import OpSpec
from guigrad.ops.table import find


def add_node(
    op: str,
    at: tuple[float, float] | None = None,
    name: str | None = None,
    args: Iterable[object] | None = None,
    kwargs: Mapping[str, object] | None = None,
) -> Edit:
    """A new node at the end of the program. Without ``args`` it gets open ports and values that work at once.

    A leaf gets the next free name ``t1``, ``t2`` …; the first random node brings ``torch.manual_seed(0)`` with it.
    """

    def apply(document: Document) -> Diff:
        draft = Draft(document)
        node = _new_node(draft, op, args, kwargs)
        row = find(op)
        if op in LEAVES:
            raise refused(
                f"{op.rpartition('.')[2]} can only be the last thing in an if of a loop: write it in the code"
            )
        called = name
        if called is None and row is not None and _is_leaf(row, node):
            called = free_name(names_in(document), "t1")
        if called is not None:
            check_name(document, called)
            node = _named(node, called)
        _insert(draft, node, row)
        if at is not None:
            draft.put_view(node.id, View(*at))
        return draft.diff(f"Add {called or order.name(draft.document, node.id)}")

    return apply


def insert_on_wire(wire: Wire, op: str, at: tuple[float, float] | None = None) -> Edit:
    """A new node in the middle of a wire: what it carried goes into the node's first port, and the node to where it ended.

    ``op`` may also be the id of a node that is there already and has a free port; the wires that it has stay.
    """

    def apply(document: Document) -> Diff:
        draft = Draft(document)
        existing = document.nodes.get(op)
        node = existing or _new_node(draft, op, None, None)
        free = [port for port in ports.ports(node) if port.open and (port.given or port.required)]
        if not free:
            raise refused(f"{op} has no free port")
        if wire.source not in document.nodes or wire.target not in tree.spots(document):
            raise refused("that wire is gone")
        if existing is None:
            draft.put_node(node)
            spot = tree.spots(document)[wire.target]
            row = find(op)
            if row is not None and row.effect and row.effect != "in-place":
                raise refused(f"{op} gives no value to pass on")
            draft.add(Eval(node.id) if row is None or not row.effect else Effect(node.id), spot[:-1], spot[-1])
        else:
            _step_before(draft, node.id, wire.target)
        put_wire(draft, wire.source, wire.output, node.id, free[0].path)
        put_wire(draft, node.id, 0, wire.target, wire.path)
        if at is not None:
            draft.put_view(node.id, View(*at))
        return draft.diff(f"Insert {order.name(draft.document, node.id)}")

    return apply


def _step_before(draft: Draft, key: str, target: str) -> None:
    """Moves a node that neither reads nor is read yet up to the one that will read it: less changes its place than if that one moved."""
    document = draft.document
    places = tree.spots(document)
    here, there = places.get(key), places[target]
    wired = document.consumers.get(key) or any(wire.node for wire in document.nodes[key].inputs())
    if here is None or here[:-1] != there[:-1] or here < there or wired:
        return
    body = tree.body_at(document.program, here[:-1])
    item = body[here[-1]]
    if not isinstance(item, Eval) or order.marks(document, item) != order.Mark.NONE:
        return
    low, high = there[-1], here[-1]
    draft.put_program(
        tree.replace_body(document.program, here[:-1], (*body[:low], item, *body[low:high], *body[high + 1 :]))
    )


def remove(*keys: str) -> Edit:
    """Removes nodes, boxes and notes. What read them has open ports; effects that are about them go too."""

    def apply(document: Document) -> Diff:
        found = [resolve(document, key) for key in keys]
        draft = Draft(document)
        _refuse_variables(document, set(found))
        draft.drop(with_effects(document, found))
        return draft.diff(f"Delete {title(document, found)}")

    return apply


def extract(*keys: str) -> Edit:
    """Removes nodes and joins the ends: what read them reads now what they read first."""

    def apply(document: Document) -> Diff:
        found = [resolve(document, key) for key in keys]
        _refuse_variables(document, set(found))
        draft = Draft(document)
        doomed = set(found)
        instead = {key: _passed(document, key, doomed) for key in found}
        for key in found:
            rewire(draft, key, instead[key], doomed)
        draft.drop(with_effects(draft.document, found))
        return draft.diff(f"Extract {title(document, found)}")

    return apply


def rename(key: str, name: str | None, output: int | None = None) -> Edit:
    """Renames a value, all versions of the name together; with ``output`` one name of an unpacking. None makes it nameless."""

    def apply(document: Document) -> Diff:
        draft = Draft(document)
        node = document.nodes.get(resolve(document, key))
        if node is None:
            raise refused(f"{key!r} is no node")
        if name is not None and output is None and not node.outputs and results(node) == ("None",):
            raise refused(f"{order.name(document, node.id)} gives no value that could have a name", node_id=node.id)
        old = node.name if output is None else node.outputs[output] if output < len(node.outputs) else None
        if name == old:
            return draft.diff("Rename")
        if name is not None:
            check_name(document, name)
            if name in names_in(document):
                raise refused(f"{name!r} is taken", order.name(document, node.id), node.id)
        same = [node] if old is None else [n for n in document.nodes.values() if n.name == old or old in n.outputs]
        for each in same:
            outputs = tuple(name if word == old and old is not None else word for word in each.outputs)
            if each is node and output is not None and old is None:
                outputs = tuple(name if index == output else word for index, word in enumerate(each.outputs))
            called = name if (each.name == old and (old is not None or output is None)) else each.name
            draft.put_node(Node(each.id, each.op, each.args, each.kwargs, called, outputs))
        return draft.diff(
            f"Rename {old or order.name(document, node.id)} to {name}" if name else f"Remove the name {old}"
        )

    return apply


def _new_node(draft: Draft, op: str, args: Iterable[object] | None, kwargs: Mapping[str, object] | None) -> Node:
    key = next(draft.ids)
    if args is None and kwargs is None:
        return default_node(key, op)
    values = tuple(to_value(value) for value in args or ())
    return Node(key, op, values, tuple((word, to_value(value)) for word, value in (kwargs or {}).items()))


def _named(node: Node, name: str) -> Node:
    return structs.replace(node, name=name)


def _is_leaf(row: OpSpec, node: Node) -> bool:
    if (
        row.effect
        or any(True for _ in node.inputs())
        or node.op.startswith(("python.", "builtins.", "math.", "torch.optim."))
    ):
        return False
    return any(overload.returns == ("Tensor",) for overload in row.overloads)


def _insert(draft: Draft, node: Node, row: OpSpec | None) -> None:
    """Puts a new node's item where all that it reads can be seen: the end of the program, or of a loop's body."""
    spots = tree.spots(draft.document)
    sources = [wire.node for wire in node.inputs() if wire.node is not None]
    for source in sources:
        if source not in spots:
            raise refused(f"there is no {source}")
    above: tree.Spot = max((_body_of(draft.document, source) for source in sources), key=len, default=())
    draft.put_node(node)
    if (
        row is not None
        and row.random
        and not any(_plays_dice(op) for op in {other.op for other in draft.start.nodes.values()})
    ):
        seed = next(draft.ids)
        draft.put_node(Node(seed, "torch.manual_seed", (0,)))
        draft.add(Effect(seed), above)
    draft.add(Effect(node.id) if row is not None and row.effect else Eval(node.id), above)
    for source in sources:
        if not tree.is_visible(draft.document, source, node.id):
            raise refused(f"{order.name(draft.document, source)} cannot be read from where the others are")


def _body_of(document: Document, key: str) -> tree.Spot:
    """The body where a node can be seen: its own, or around it where it stands in regions only."""
    return tree.spots(document)[key][:-1]


def _plays_dice(op: str) -> bool:
    return bool(order.op_marks(op) & (order.Mark.DRAWS | order.Mark.SEEDS)) and find(op) is not None


def _refuse_variables(document: Document, doomed: set[str]) -> None:
    for key in doomed:
        spot = tree.spots(document).get(key)
        if spot is None:
            continue
        item = tree.item_at(document.program, spot)
        if isinstance(item, Loop) and item.var == key:
            raise refused(
                f"{order.name(document, key)} is the variable of a loop: remove the loop instead", node_id=key
            )


def with_effects(document: Document, keys: Iterable[str]) -> set[str]:
    """The keys of what goes: these, the statements that are about them, and the hidden operands that served only what goes."""
    doomed = set(keys)
    stack = list(doomed)
    while stack:
        for reader in document.consumers.get(stack.pop(), ()):
            if reader not in doomed and _is_statement(document, reader, doomed):
                doomed.add(reader)
                stack.append(reader)
    stack = [key for key in doomed if _item(document, key) is not None]
    while stack:  # operands
        item = _item(document, stack.pop())
        if item is None or (isinstance(item, Eval) and item.node in keys):
            continue
        for wire in item_inputs(document, item):
            source = wire.node
            if source is None or source in doomed:
                continue
            node = document.nodes[source]
            only = all(reader in doomed for reader in document.consumers.get(source, ()))
            if (
                only
                and source not in tree.updates(document)
                and node.name is None
                and not node.outputs
                and source not in document.views
            ):
                doomed.add(source)
                stack.append(source)
    return doomed


def _item(document: Document, key: str) -> Item | None:
    spot = tree.spots(document).get(key)
    return None if spot is None else tree.item_at(document.program, spot)


def _is_statement(document: Document, reader: str, doomed: set[str]) -> bool:
    """An effect whose value nobody wants, or an operand that serves only such."""
    node = document.nodes.get(reader)
    if node is None or node.name is not None or node.outputs:
        return False
    readers = [key for key in document.consumers.get(reader, ()) if key not in doomed]
    if isinstance(_item(document, reader), Effect):
        return not readers
    return (
        bool(readers) and reader not in document.views and all(_is_statement(document, key, doomed) for key in readers)
    )


def _passed(document: Document, key: str, doomed: set[str]) -> In | None:
    """What a removed node's readers read instead."""
    seen = set()
    while key not in seen:
        seen.add(key)
        node = document.nodes.get(key)
        wire = next((wire for wire in node.inputs() if wire.node is not None), None) if node else None
        if wire is None or wire.node not in doomed:
            return wire
        key = wire.node or ""
    return None


def rewire(draft: Draft, old: str, new: In | None, but: set[str]) -> None:
    """Lets everything but some read another wire instead of a node."""
    document = draft.document
    if new is None or new.node is None:
        return

    def instead(wire: In) -> In:
        return new if wire.node == old else wire

    for reader in dict.fromkeys(document.consumers.get(old, ())):
        if reader in but:
            continue
        if reader in document.nodes:
            draft.put_node(template.map_wires(draft.node(reader), instead))
            continue
        item = tree.item_at(document.program, tree.spots(document)[reader])
        if isinstance(item, Loop | Branch):
            for carry in item.carried:
                draft.put_node(template.map_wires(draft.node(carry.port), instead))
