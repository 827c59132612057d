"""Copying parts of documents. A fragment is a Document; the session turns it into text and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import structs

from guigrad.document import order, template, tree
from guigrad.document.diff import KEYED, Diff
from guigrad.document.draft import Draft, Edit, check_name, free_name, names_in, resolve
from guigrad.document.forms import misplaced
from guigrad.document.loose import wire_at, without
from guigrad.document.model import (
    CALL,
    PARAM,
    RETURN,
    Box,
    Branch,
    Carried,
    Document,
    Effect,
    Eval,
    In,
    Item,
    Loop,
    Node,
    Region,
    callee,
    route_key,
    route_port,
)
from guigrad.document.problem import ProblemError
from guigrad.document.scope import inside, whole_of
from guigrad.document.shelf import bring, take

STEP_PX = 32.0


def copy(document: Document, keys: Iterable[str]) -> Document:
    """The part of a document that these nodes, items, boxes and notes are, with the operands that only they need.

    Wires from outside stay in it; pasting decides what becomes of them. The result of a function stays where it is.
    """
    wanted = set()
    spots = tree.spots(document)
    for key in keys:
        found = resolve(document, key)
        wanted.add(found)
        if found in spots:
            item = tree.item_at(document.program, spots[found])
            if not isinstance(item, Eval | Effect):
                wanted.update((*tree.keys(item), *tree.defined(item)))
    wanted -= {key for key in wanted if key in document.nodes and document.nodes[key].op == RETURN}
    stack = [key for key in wanted if key in document.nodes]
    while stack:
        for wire in document.nodes[stack.pop()].inputs():
            source = wire.node
            if source is None or source in wanted or source in document.views:
                continue
            node = document.nodes[source]
            if node.name is None and all(reader in wanted for reader in document.consumers.get(source, ())):
                wanted.add(source)
                stack.append(source)
    program = _part(document.program, wanted)
    nodes = {key: document.nodes[key] for item in program for key in tree.defined(item)}
    called = take(whole_of(document), (used for node in nodes.values() if (used := callee(node)) is not None))
    part = Document(
        nodes=nodes,
        program=program,
        views={key: view for key, view in document.views.items() if key in nodes},
        boxes={key: document.boxes[key] for key in wanted if key in document.boxes},
        notes={key: document.notes[key] for key in wanted if key in document.notes},
        comments={key: comment for key, comment in document.comments.items() if key in wanted},
        routes={key: route for key, route in document.routes.items() if _inside(nodes, key)},
        datasets={
            key: part
            for key, data in document.datasets.items()
            if (part := without(data, set(data.leaves()) - nodes.keys())) is not None
        },
    )
    if not called.functions:
        return part
    tables = {name: {**getattr(part, name), **getattr(called, name)} for name in KEYED}
    return structs.replace(part, **tables)


def _inside(nodes: Mapping[str, Node], key: str) -> bool:
    """Whether both ends of a wire with a route are among these nodes."""
    target, path = route_port(key)
    wire = wire_at(nodes.get(target), path)
    return wire is not None and wire.node in nodes


def _part(items: tuple[Item, ...], wanted: set[str]) -> tuple[Item, ...]:
    """The wanted items; what is wanted of the body of an unwanted loop stands alone."""
    result: list[Item] = []
    for item in items:
        if isinstance(item, Eval | Effect):
            if item.node in wanted:
                result.append(item)
        elif item.id in wanted:
            result.append(item)
        else:
            for body in tree.bodies(item):
                result.extend(_part(body, wanted))
    return tuple(result)


def paste(
    fragment: Document, at: tuple[float, float] | None = None, keep_inputs: bool = False, label: str = ""
) -> Edit:
    """Adds a fragment, or a whole document, with ids and names of its own, at the end of the program.

    ``at`` is where its upper left corner goes, else it lies a step beside where it was. Wires from outside it are open, or
    with ``keep_inputs`` stay wired to the same nodes. Parameters go only into functions.
    """
    if whole_of(fragment) is not fragment:
        fragment = copy(fragment, fragment.nodes)
    whole, fragment = fragment, inside(fragment, "")

    def apply(document: Document) -> Diff:
        return _pasted(document, whole, fragment if _is_body(document) else _without_parameters(fragment))

    def _pasted(document: Document, whole: Document, fragment: Document) -> Diff:
        draft = Draft(document)
        functions = bring(draft, document, whole, whole.functions) if whole.functions else {}
        keys = {
            key: next(draft.ids)
            for key in (*fragment.nodes, *(k for k in tree.spots(fragment) if k not in fragment.nodes))
        }
        taken = names_in(document)
        names: dict[str, str] = {}
        for name in _names(fragment):
            names[name] = free_name(taken, _allowed(document, name))
            taken.add(names[name])

        def wire(old: In) -> In:
            if old.node in keys:
                return In(keys[old.node], old.output)
            kept = keep_inputs and old.node is not None and len(tree.spots(document).get(old.node, ())) == 1
            return old if kept else In()

        for key, node in fragment.nodes.items():
            new = template.map_wires(node, wire)
            called = callee(node)
            if called in functions:
                new = structs.replace(new, op=CALL + functions[called or ""])
            outputs = tuple(name and names[name] for name in node.outputs)
            draft.put_node(structs.replace(new, id=keys[key], name=node.name and names[node.name], outputs=outputs))
        items = tuple(_renamed(item, keys, wire) for item in fragment.program)
        draft.put_program((*draft.program, *items))
        for key in tuple(misplaced(draft.document, items)):  # its loop was not copied
            draft.drop((key,))
        dx, dy = _shift(fragment, at)
        for key, view in fragment.views.items():
            muted = view.muted and structs.replace(template.map_wires(view.muted, wire), id=keys[key])
            draft.put_view(keys[key], structs.replace(view, x=view.x + dx, y=view.y + dy, muted=muted))
        for key, route in fragment.routes.items():
            target, path = route_port(key)
            draft.put_route(route_key(keys[target], path), tuple((x + dx, y + dy) for x, y in route))
        for box in fragment.boxes.values():
            new_key = next(draft.ids)
            draft.put_box(new_key, Box(new_key, box.title, box.x + dx, box.y + dy, box.width, box.height))
        for note in fragment.notes.values():
            new_key = next(draft.ids)
            arrows = tuple(keys[each] for each in note.arrows if each in keys)
            moved = structs.replace(note, id=new_key, x=note.x + dx, y=note.y + dy, arrows=arrows)
            draft.put_note(new_key, moved)
        for data in fragment.datasets.values():
            new_key = next(draft.ids)
            leaves = ("inputs", "targets", "test_inputs", "test_targets")
            draft.put_dataset(
                new_key, structs.replace(data, id=new_key, **{name: keys.get(getattr(data, name)) for name in leaves})
            )
        for key, comment in fragment.comments.items():
            if key in keys:
                draft.put_comment(keys[key], comment)
        return draft.diff(label or f"Paste {_what(fragment)}")

    return apply


def duplicate(keys: Iterable[str], keep_inputs: bool = False) -> Edit:
    """A copy of nodes beside them."""
    wanted = tuple(keys)

    def apply(document: Document) -> Diff:
        fragment = copy(document, wanted)
        return paste(fragment, keep_inputs=keep_inputs, label=f"Duplicate {_what(fragment)}")(document)

    return apply


def _is_body(document: Document) -> bool:
    return whole_of(document) is not document and any(node.op == RETURN for node in document.nodes.values())


def _without_parameters(fragment: Document) -> Document:
    nodes = {key: node for key, node in fragment.nodes.items() if node.op != PARAM}
    if len(nodes) == len(fragment.nodes):
        return fragment
    program = tuple(item for item in fragment.program if not isinstance(item, Eval) or item.node in nodes)
    views = {key: view for key, view in fragment.views.items() if key in nodes}
    routes = {key: route for key, route in fragment.routes.items() if _inside(nodes, key)}
    return structs.replace(fragment, nodes=nodes, program=program, views=views, routes=routes)


def _names(fragment: Document) -> list[str]:
    found: dict[str, None] = {}
    for node in fragment.nodes.values():
        for name in (node.name, *node.outputs):
            if name is not None:
                found[name] = None
    return list(found)


def _allowed(document: Document, name: str) -> str:
    try:
        check_name(document, name)
    except ProblemError:
        return name + "_"
    return name


def _renamed(item: Item, keys: dict[str, str], wire: template.WireChange) -> Item:
    match item:
        case Eval():
            return Eval(keys[item.node])
        case Effect():
            return Effect(keys[item.node])
        case Loop():
            body = tuple(_renamed(inner, keys, wire) for inner in item.body)
            head = template.map_value(item.iter, wire)
            return Loop(keys[item.id], keys[item.var], head, body, _carried(item.carried, keys, wire))
        case Branch():
            test = template.map_value(item.test, wire)
            body = tuple(_renamed(inner, keys, wire) for inner in item.body)
            orelse = tuple(_renamed(inner, keys, wire) for inner in item.orelse)
            return Branch(keys[item.id], test, body, orelse, _carried(item.carried, keys, wire))
        case Region():
            args = tuple(template.map_value(value, wire) for value in item.args)
            return Region(keys[item.id], item.kind, tuple(_renamed(inner, keys, wire) for inner in item.body), args)


def _carried(carried: tuple[Carried, ...], keys: dict[str, str], wire: template.WireChange) -> tuple[Carried, ...]:
    return tuple(
        Carried(keys[c.port], tuple(new for update in c.updates if isinstance(new := wire(update), In) and new.node))
        for c in carried
    )


def _shift(fragment: Document, at: tuple[float, float] | None) -> tuple[float, float]:
    places = [
        (record.x, record.y) for table in (fragment.views, fragment.boxes, fragment.notes) for record in table.values()
    ]
    if at is None or not places:
        return (STEP_PX, STEP_PX)
    return (at[0] - min(x for x, _ in places), at[1] - min(y for _, y in places))


def _what(fragment: Document) -> str:
    cards = [key for key in fragment.nodes if key in fragment.views] or list(fragment.nodes)
    if len(cards) == 1:
        return order.name(fragment, cards[0])
    return f"{len(cards)} nodes" if cards else "notes"
