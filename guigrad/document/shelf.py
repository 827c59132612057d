"""Functions taken from one document into another: with what they call, and only once where they are the same."""

from __future__ import annotations

from collections.abc import Iterable

from guigrad.document import tree
from guigrad.document.calls import cycle
from guigrad.document.diff import Diff
from guigrad.document.draft import Draft, Edit, free_name, names_in, refused
from guigrad.document.edit_calls import copy_function, in_order
from guigrad.document.follow import closure, does
from guigrad.document.model import (
    AT_RETURN,
    CALL,
    DOC,
    Document,
    Effect,
    Eval,
    Function,
    In,
    Item,
    Node,
    Settings,
    Value,
    View,
    callee,
)
from guigrad.document.rewire import rewire, rewire_items, rewire_node
from guigrad.document.scope import body_keys, whole_of


def take(document: Document, keys: Iterable[str], title: str = "") -> Document:
    """A document that holds only these functions and those that they call."""
    wanted = closure(document, keys)
    held: set[str] = set()
    decor: set[str] = set()
    for key in wanted:
        held |= {key, f"{key}{AT_RETURN}", f"{key}{DOC}", *body_keys(document.functions[key])}
        decor.update(document.functions[key].decor)
    return Document(
        nodes={key: node for key, node in document.nodes.items() if key in held},
        functions={key: document.functions[key] for key in wanted},
        views={key: view for key, view in document.views.items() if key in held},
        comments={key: comment for key, comment in document.comments.items() if key in held},
        boxes={key: box for key, box in document.boxes.items() if key in decor},
        notes={key: note for key, note in document.notes.items() if key in decor},
        settings=Settings(title=title),
    )


def entry(document: Document) -> str:
    """The function that a document of functions is about: the one of its title, else the last that no other calls; "" for none."""
    for key, function in document.functions.items():
        if function.name == document.settings.title:
            return key
    called = {callee(node) for node in document.nodes.values()}
    free = [key for key in document.functions if key not in called]
    return free[-1] if free else ""


def add_call(key: str, at: tuple[float, float] | None = None) -> Edit:
    """One more call of a function that the document has, its ports open."""

    def apply(document: Document) -> Diff:
        draft = Draft(document)
        _call(draft, document, key, at)
        return draft.diff(f"Add {draft.document.functions[key].name}")

    return apply


def add_function(source: Document, at: tuple[float, float] | None = None) -> Edit:
    """A call of the function that another document is about, which comes along unless it is here already."""

    def apply(document: Document) -> Diff:
        key = entry(source)
        if not key:
            raise refused("there is no function in it")
        draft = Draft(document)
        made = bring(draft, document, source, (key,))[key]
        _call(draft, document, made, at)
        return draft.diff(f"Add {draft.document.functions[made].name}")

    return apply


def bring(draft: Draft, document: Document, source: Document, keys: Iterable[str]) -> dict[str, str]:
    """Puts functions of another document into a draft; for each, and for each that they call, its id there.

    One that is there already under the same name with the same body is shared.
    """
    whole = whole_of(document)
    found: dict[str, str] = {}
    known: dict[object, str] = {}
    mine: dict[str, object] = {}
    for key in closure(whole, whole.functions):
        mine[key] = print_of(whole, whole.functions[key], mine)
        known.setdefault(mine[key], key)
    prints: dict[str, object] = {}
    taken = names_in(document) | names_in(whole) | {each.name for each in whole.functions.values()}
    for key in closure(source, keys):
        function = source.functions[key]
        prints[key] = print_of(source, function, prints)
        if prints[key] in known:
            found[key] = known[prints[key]]
            continue
        name = free_name(taken, function.name)
        taken.add(name)
        found[key] = known[prints[key]] = copy_function(draft, source, function, name, found)
    return found


def print_of(document: Document, function: Function, calls: dict[str, object]) -> object:
    """What a function is, whatever its ids and places: equal for functions that are the same. ``calls``: those of what it calls."""
    order = sorted(body_keys(function), key=in_order(function))
    place = {key: f"${index}" for index, key in enumerate(order)}

    def change(wire: In) -> In:
        return In(place.get(wire.node or "", wire.node), wire.output)

    nodes = []
    for key in order:
        node = document.nodes.get(key)
        if node is not None:
            plain = rewire_node(node, change)
            called = callee(node)
            op = node.op if called is None else ("call", calls.get(called, called))
            nodes.append((op, repr(plain.args), repr(plain.kwargs), node.name, node.outputs))
    program = rewire_items(function.program, change, lambda key: place.get(key, key))
    return (
        function.name, tuple(nodes), repr(program), repr(rewire(function.result, change)), len(function.params), len(function.captures),
        function.positional_only, function.keyword_only,
    )  # fmt: skip


def _call(draft: Draft, document: Document, key: str, at: tuple[float, float] | None) -> None:
    after = draft.document
    function = after.functions.get(key)
    if function is None:
        raise refused("that function is gone")
    whole = whole_of(document)
    here = next((owner for owner in whole.functions if owner in document.nodes), "")
    bodies = {each: body_keys(body) for each, body in whole.functions.items()}
    made = next(draft.ids)
    nodes = dict(whole.nodes) | {each: after.nodes[each] for each in after.nodes if each not in whole.nodes}
    node = Node(made, CALL + key, tuple(_arguments(nodes, function)), tuple(_captures(nodes, document, function)))
    if here:
        bodies[here] = {*bodies[here], made}
        circle = cycle(nodes | {made: node}, dict(after.functions), bodies)
        if circle:
            names = " → ".join(after.functions[each].name for each in circle)
            raise refused(f"{function.name} would call itself: {names}")
    draft.put_node(node)
    item: Item = Effect(made) if does(function.program) else Eval(made)
    draft.add(item)
    if at is not None:
        draft.put_view(made, View(*at))


def _arguments(nodes: dict[str, Node], function: Function) -> list[Value]:
    """Open ends for the parameters that have no default."""
    plain = function.params[: len(function.params) - function.keyword_only]
    return [In() for key in plain if not nodes[key].args]


def _captures(nodes: dict[str, Node], document: Document, function: Function) -> list[tuple[str, Value]]:
    """What the script calls so at the end of the program, for the names that the body reads."""
    found: list[tuple[str, Value]] = []
    spots = tree.spots(document)
    here = next((each for each in document.functions.values() if each.id in document.nodes), None)
    for key in function.captures:
        name = nodes[key].name or ""
        seen = document.nodes.keys() if here is None else here.captures
        holders = [each for each in seen if document.nodes[each].name == name and len(spots.get(each, ())) == 1]
        found.append((f"^{name}", In(max(holders, key=lambda each: spots[each], default=None))))
    return found
