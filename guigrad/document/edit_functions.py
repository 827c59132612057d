"""Edits that make functions of nodes, and nodes of functions again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from msgspec import structs

from guigrad.document import order, tree
from guigrad.document.cut import Cut, cut
from guigrad.document.diff import KEYED, Diff
from guigrad.document.draft import Draft, Edit, check_name, free_name, names_in, refused, replace, resolve
from guigrad.document.follow import called, calls_of, closure, does, follow, results_of
from guigrad.document.model import (
    AT_RETURN,
    CALL,
    CAPTURE,
    DOC,
    PARAM,
    Document,
    Effect,
    Eval,
    Function,
    In,
    Node,
    Value,
    View,
)
from guigrad.document.names import PYTHON_NAMES
from guigrad.document.rewire import rewire_items
from guigrad.document.scope import inside, lift, owners
from guigrad.document.template import map_wires

EDGE_PX = 260.0
ROW_PX = 136.0
LETTERS = ("f", "g", "h")


Places = Mapping[str, tuple[float, float]]
NOWHERE: Final[Places] = MappingProxyType({})


def home(document: Document, keys: Iterable[str]) -> str:
    """The function whose body holds these nodes, "" for the main program.

    Raises: Refused when they are not all in one.
    """
    inner = owners(document)
    homes = {inner.get(key, ""): key for key in keys}
    if len(homes) > 1:
        (first, one), (second, other) = sorted(homes.items())[:2]
        where = f"inside {document.functions[first].name}" if first else "in the main program"
        there = document.functions[second].name
        raise refused(
            f"{order.name(document, one)} is {where} and {order.name(document, other)} inside {there}: "
            "a wire goes from one to the other only through a port of the function"
        )
    found = next(iter(homes), "")
    return "" if found in document.nodes else found  # this document is that body already


def make_function(keys: Iterable[str], name: str | None = None, places: Places = NOWHERE) -> Edit:
    """A function of some nodes, and a call where they stood. Its ports are the wires that cross.

    What nothing reads is given back too. See Note [Cutting] for what can be cut out. ``places`` are where cards lie whose places the
    document does not hold.
    """
    wanted = tuple(keys)

    def apply(document: Document) -> Diff:
        chosen = [resolve(document, key) for key in wanted]
        where = home(document, [key for key in chosen if key not in document.boxes and key not in document.notes])
        here = inside(document, where) if where else document
        return lift(document, where, _make(here, chosen, name, places))

    return apply


def _make(document: Document, chosen: list[str], name: str | None, places: Places) -> Diff:
    piece = cut(document, (key for key in chosen if key not in document.boxes and key not in document.notes))
    draft = Draft(document)
    key, call = next(draft.ids), next(draft.ids)
    called = name if name is not None else _free_function_name(document)
    check_function_name(document, called)
    params, captures, into = _ports(draft, document, piece)
    inner = {defined for item in piece.items for defined in tree.defined(item)}

    def arriving(wire: In) -> In:
        return into.get(wire, wire)

    for each in inner:
        draft.put_node(map_wires(draft.node(each), arriving))
    result: Value = piece.outputs if len(piece.outputs) > 1 else piece.outputs[0] if piece.outputs else None
    decor = tuple(key for key in chosen if key in document.boxes or key in document.notes)
    function = Function(key, called, params, captures, rewire_items(piece.items, arriving), result, decor=decor)
    draft.put_function(key, function)
    names = [_name_of(document, wire) for wire in piece.outputs]
    many = len(piece.outputs) > 1
    hidden = tuple((CAPTURE + word, wire) for word, wire in piece.captures)
    draft.put_node(
        Node(
            call,
            CALL + key,
            piece.inputs,
            hidden,
            None if many or not names else names[0],
            tuple(names) if many else (),
        )
    )
    items = (*piece.before, Effect(call) if does(piece.items) else Eval(call), *piece.after)
    draft.put_program(tree.replace_body(draft.program, piece.above, items))
    leaving = {wire: In(call, index) for index, wire in enumerate(piece.outputs)}
    _reroute(draft, document, leaving, inner)
    if document.settings.root in inner:
        single = piece.outputs == (In(document.settings.root),)
        draft.put_settings(replace(document.settings, root=call if single else None))
    for each in inner & places.keys() - document.views.keys():
        draft.put_view(each, View(*places[each]))
    _place(draft, draft.document, inner, function, call)
    return draft.diff(f"Make the function {called}")


def _ports(draft: Draft, document: Document, piece: Cut) -> tuple[tuple[str, ...], tuple[str, ...], dict[In, In]]:
    """The parameters and captures of a piece, and what its nodes read instead of what lies outside."""
    taken = {function.name for function in document.functions.values()} | {word for word, _ in piece.captures}
    into: dict[In, In] = {}
    params: list[str] = []
    captures: list[str] = []
    for wire in piece.inputs:
        wanted = _name_of(document, wire) or "x"
        param = free_name(taken, wanted if wanted not in PYTHON_NAMES else "x")
        taken.add(param)
        params.append(next(draft.ids))
        draft.put_node(Node(params[-1], PARAM, name=param))
        into[wire] = In(params[-1])
    for word, wire in piece.captures:
        captures.append(next(draft.ids))
        draft.put_node(Node(captures[-1], PARAM, name=word))
        into[wire] = In(captures[-1])
    return tuple(params), tuple(captures), into


def _name_of(document: Document, wire: In) -> str | None:
    node = document.nodes[wire.node or ""]
    if node.outputs:
        return node.outputs[wire.output] if wire.output < len(node.outputs) else None
    return node.name


def _reroute(draft: Draft, document: Document, leaving: dict[In, In], inner: set[str]) -> None:
    """Lets everything outside read other wires instead of these."""

    def change(wire: In) -> In:
        return leaving.get(wire, wire)

    whole = False
    sources = {wire.node for wire in leaving if wire.node is not None}
    for source in sources:
        whole = whole or source in tree.updates(document)
        for reader in document.consumers.get(source, ()):
            if reader in document.nodes:
                if reader not in inner:
                    draft.put_node(map_wires(draft.node(reader), change))
            else:
                whole = True
                item = tree.item_at(document.program, tree.spots(document)[reader])
                for carry in getattr(item, "carried", ()):
                    if carry.port not in inner:
                        draft.put_node(map_wires(draft.node(carry.port), change))
    if whole:
        draft.put_program(rewire_items(draft.program, change))


def _place(draft: Draft, document: Document, inner: set[str], function: Function, call: str) -> None:
    """The call where the nodes lay; ports left of them, the result right of them."""
    found = middle(document, inner)
    if found is None:
        return
    x, y, left, right = found
    draft.put_view(call, View(x, y))
    for index, key in enumerate((*function.captures, *function.params)):
        draft.put_view(key, View(left - EDGE_PX, y + (index - (len(function.params) - 1) / 2) * ROW_PX))
    draft.put_view(function.id, View(right + EDGE_PX, y))


def middle(document: Document, keys: Iterable[str]) -> tuple[float, float, float, float] | None:
    """The middle of some cards' corners, and how far left and right they reach; None if they have no places."""
    views = [document.views[key] for key in keys if key in document.views]
    if not views:
        return None
    left, right = min(view.x for view in views), max(view.x for view in views)
    top, bottom = min(view.y for view in views), max(view.y for view in views)
    return (left + right) / 2, (top + bottom) / 2, left, right


def check_function_name(document: Document, name: str, but: str = "") -> None:
    """Whether a function may be called so.

    Raises: Refused with the reason.
    """
    check_name(document, name)
    if name in PYTHON_NAMES:
        raise refused(f"{name!r} is a word or a function of Python")
    if any(function.name == name and key != but for key, function in document.functions.items()):
        raise refused(f"there is a function {name} already")
    if name in names_in(document):
        raise refused(f"{name!r} is the name of a value")


def _free_function_name(document: Document) -> str:
    taken = names_in(document) | {function.name for function in document.functions.values()}
    return next((letter for letter in LETTERS if letter not in taken), None) or free_name(taken, "f")


def rename_function(key: str, name: str) -> Edit:
    """Another name for a function."""

    def apply(document: Document) -> Diff:
        function = _function(document, key)
        if name == function.name:
            return Diff(label="Rename")
        check_function_name(document, name, key)
        return Diff(
            label=f"Rename {function.name} to {name}",
            functions={key: (function, structs.replace(function, name=name))},
        )

    return apply


def move_port(key: str, param: str, index: int) -> Edit:
    """Another place for a parameter; every call keeps what it gives to it."""

    def apply(document: Document) -> Diff:
        function = _function(document, key)
        if param not in function.params:
            raise refused(f"{param!r} is no parameter of {function.name}")
        rest = [each for each in function.params if each != param]
        at = max(0, min(index, len(rest)))
        plain = range(function.positional_only, len(function.params) - function.keyword_only)
        if function.params.index(param) not in plain or at not in plain:
            raise refused(f"{document.nodes[param].name} can be given in one way alone: it stays where it is")
        params = (*rest[:at], param, *rest[at:])
        required = [not document.nodes[each].args for each in params[: len(params) - function.keyword_only]]
        if required != sorted(required, reverse=True):
            raise refused("a parameter without a default stands before those that have one")
        change = {key: (function, structs.replace(function, params=params))}
        return follow(document, Diff(label=f"Move {document.nodes[param].name}", functions=change))

    return apply


def add_result(key: str, node: str, output: int = 0) -> Edit:
    """One more value that a function gives back; every call gets one more output, and what it gave stays where it was."""

    def apply(document: Document) -> Diff:
        function, wire = _function(document, key), In(resolve(document, node), output)
        if home(document, [wire.node or ""]) != key:
            raise refused(f"{order.name(document, wire.node or '')} is not inside {function.name}")
        if tree.meeting(inside(document, key), wire.node or "", key) is None:
            raise refused(
                f"{order.name(document, wire.node or '')} is computed inside a loop or branch: it is not seen at the end"
            )
        now = results_of(function)
        if wire in now:
            raise refused(f"{function.name} gives it back already")
        change = {key: (function, structs.replace(function, result=(*now, wire) if now else wire))}
        return follow(document, Diff(label=f"Give back {order.name(document, wire.node or '')} too", functions=change))

    return apply


def remove_result(key: str, index: int) -> Edit:
    """One value less that a function gives back; what read it has open ports."""

    def apply(document: Document) -> Diff:
        function = _function(document, key)
        now = results_of(function)
        if not 0 <= index < len(now):
            raise refused(f"{function.name} gives {len(now)} values")
        rest = (*now[:index], *now[index + 1 :])
        result = rest if len(rest) > 1 else rest[0] if rest else None
        change = {key: (function, structs.replace(function, result=result))}
        return follow(document, Diff(label=f"Remove a result of {function.name}", functions=change))

    return apply


def remove_unused() -> Edit:
    """Functions that no program calls go, and those that only such functions call."""

    def apply(document: Document) -> Diff:
        used = set(closure(document, called(document, document.program)))
        doomed = [key for key in document.functions if key not in used]
        if not doomed:
            raise refused("every function is called")
        return without(document, doomed, f"Delete {len(doomed)} unused functions" if len(doomed) > 1 else "")

    return apply


def remove_function(key: str) -> Edit:
    """A function that nothing calls goes."""

    def apply(document: Document) -> Diff:
        function = _function(document, key)
        calls = calls_of(document, key)
        if calls:
            raise refused(f"{function.name} is called {len(calls)} times: delete or expand the calls first")
        return without(document, [key], f"Delete the function {function.name}")

    return apply


def without(document: Document, doomed: Iterable[str], label: str = "") -> Diff:
    """The change that takes functions away with everything in them."""
    tables: dict[str, dict[str, tuple[object, None]]] = {table: {} for table in KEYED}
    inner = owners(document)
    keys = list(doomed)
    gone = {key for key, owner in inner.items() if owner in keys} | {
        f"{key}{mark}" for key in keys for mark in (AT_RETURN, DOC)
    }
    for key in keys:
        gone.update(document.functions[key].decor)
    gone.update(key for key, data in document.datasets.items() if data.inputs in gone)
    for table in KEYED:
        records = getattr(document, table)
        tables[table] = {key: (records[key], None) for key in records if key in gone}
    names = ", ".join(document.functions[key].name for key in keys)
    return Diff(label=label or f"Delete {names}", **tables)  # type: ignore[arg-type]  # one dict of each table's own records


def _function(document: Document, key: str) -> Function:
    function = document.functions.get(key)
    if function is None:
        raise refused(f"there is no function {key}")
    return function
