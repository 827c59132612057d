"""Functions that an optimizer's step is given and calls itself, as LBFGS does: ``opt.step(closure)``.

Note [Closures]
A ``def`` without parameters that a step is given is no ``Function``: it is a ``Region`` of kind "closure" that stands where the ``def``
stands. Its body is the function's, and its last item evaluates the one node that can be seen from outside, op ``python.closure``: the
function itself, under its name. That node's only argument is what ``return`` gives. A step that is wired to it calls it: the nodes of the body
are played then, as often as the optimizer likes, and have the values of the last time. So the body belongs to the program like a loop's
body, without parameters or captures; only that names bound in it mean nothing outside. Where a name that the body reads means something
else at the step than it did at the ``def``, parse puts the region ahead of the step, which is what Python would do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import structs

from guigrad.document.model import CLOSURE, Document, Effect, Eval, In, Item, Loop, Region, item_inputs, walk
from guigrad.document.tree import bodies, first_function, rewrite


def is_closure(item: Item) -> bool:
    """Whether an item is the ``def`` of a function that a step calls."""
    return isinstance(item, Region) and item.kind == "closure"


def function_of(document: Document, item: Item) -> str:
    """The id of the node that is the function itself; "" where it is gone."""
    return first_function(document, item) if isinstance(item, Region) else ""


def inner(document: Document, item: Region) -> tuple[Item, ...]:
    """The items that a call plays."""
    key = function_of(document, item)
    return tuple(one for one in item.body if not isinstance(one, Eval) or one.node != key)


def sound(document: Document) -> Document:
    """The document with the function of each closure at its end; a body that has lost its function stands where it is, as it is."""
    holders: list[Item] = [item for item in document.program if not isinstance(item, Eval | Effect)]
    for item in holders:  # grows by what is inside
        holders += [inner for body in bodies(item) for inner in body if not isinstance(inner, Eval | Effect)]
    regions = [item for item in holders if isinstance(item, Region) and is_closure(item)]
    found = {function_of(document, item) for item in regions}
    made = {node.id for node in document.nodes.values() if node.op == CLOSURE}
    if found == made and all(item.body[-1] == Eval(function_of(document, item)) for item in regions):
        return document

    def change(item: Item) -> tuple[Item, ...]:
        if not isinstance(item, Region) or not is_closure(item):
            return (item,)
        key = function_of(document, item)
        return (Region(item.id, item.kind, (*inner(document, item), Eval(key)), item.args),) if key else item.body

    program = rewrite(document.program, change)
    whole = structs.replace(document, program=program)
    nodes = dict(document.nodes)
    for key in made - closures(whole).keys():  # one that stands alone is only another name
        nodes[key] = structs.replace(nodes[key], op="python.alias")
    return structs.replace(whole, nodes=nodes)


def closures(document: Document) -> Mapping[str, Region]:
    """The closures of a program by the id of the node that is the function. Kept with the document."""
    known: dict[str, Region] | None = document.__dict__.get("closures")
    if known is None:
        known = document.__dict__["closures"] = {}
        if any(node.op == CLOSURE for node in document.nodes.values()):
            for item in walk(document.program):
                if isinstance(item, Region) and is_closure(item) and (key := function_of(document, item)):
                    known[key] = item
    return known


def called(document: Document, items: Iterable[Item]) -> Iterator[Region]:
    """The closures that items call which do not stand among them."""
    known = closures(document)
    if not known:
        return
    within = tuple(walk(tuple(items)))
    here = {item.id for item in within if isinstance(item, Region)}
    for item in within:
        for wire in item_inputs(document, item):
            found = known.get(wire.node or "")
            if found is not None and found.id not in here:
                here.add(found.id)
                yield found


def meant(document: Document, wire: In) -> In:
    """What a value is computed by: where it is what a step gave, or a loop's variable for that, the loss in the function that the step called."""
    known = closures(document)
    if not known:
        return wire
    carried = {
        one.port: one.updates for item in walk(document.program) if isinstance(item, Loop) for one in item.carried
    }
    found: In = wire
    while len(carried.get(found.node or "", ())) == 1:
        found = carried[found.node or ""][0]
    node = document.nodes.get(found.node or "")
    for one in node.inputs() if node is not None and node.op != CLOSURE else ():
        result = document.nodes[one.node or ""].args[:1] if one.node in known else ()
        if result and isinstance(result[0], In):
            return result[0]
    return wire


def played(document: Document, items: tuple[Item, ...]) -> Iterator[Item]:
    """Every item of a tree, and those of the closures that it calls."""
    yield from walk(items)
    for region in called(document, items):
        yield from walk((region,))
