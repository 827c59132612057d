"""What every edit is made with: a draft of the next document that becomes one Diff, and a polite way to refuse."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from guigrad.document import order, tree
from guigrad.document.array import ArrayData
from guigrad.document.closures import closures
from guigrad.document.diff import Diff
from guigrad.document.index import fresh_ids
from guigrad.document.loose import loose_ends, still_there
from guigrad.document.model import (
    Box,
    Branch,
    Carried,
    Comment,
    DataSet,
    DictOf,
    Document,
    Effect,
    Eval,
    Format,
    Function,
    In,
    Item,
    ListOf,
    Loop,
    Node,
    Note,
    Region,
    Settings,
    Slice,
    Star,
    Sym,
    Value,
    View,
    item_key,
)
from guigrad.document.problem import Problem, ProblemError
from guigrad.document.template import map_value, map_wires

Edit = Callable[[Document], Diff]
"""A change that can be made of a document. It returns the Diff and changes nothing itself."""


class Refused(ProblemError):
    """An edit that cannot be done; ``problems`` hold the reason, and nothing was changed."""


def refused(message: str, node: str = "", node_id: str = "") -> Refused:
    """The exception with one reason."""
    return Refused((Problem(message, "edit", node, node_id),))


class Draft:
    """Collects changes on top of a document. ``document`` is always the document as it would be."""

    def __init__(self, document: Document) -> None:
        self.start = document
        self.ids = fresh_ids(document)
        self._tables: dict[str, dict[str, tuple[Any, Any]]] = {}
        self._program = document.program
        self._settings = document.settings
        self._current: Document | None = document

    @property
    def document(self) -> Document:
        """The document with the changes so far."""
        if self._current is None:
            self._current = self.diff("").apply(self.start)
        return self._current

    def _put(self, table: str, key: str, record: Any) -> None:
        before = getattr(self.start, table).get(key)
        changes = self._tables.setdefault(table, {})
        if before is record or before == record:
            changes.pop(key, None)
        else:
            changes[key] = (before, record)
        self._current = None

    def node(self, key: str) -> Node:
        """A node as it would be."""
        changed = self._tables.get("nodes", {}).get(key)
        node: Node = self.start.nodes[key] if changed is None else changed[1]
        return node

    def put_node(self, node: Node) -> None:
        """Adds or replaces a node."""
        self._put("nodes", node.id, node)

    def put_view(self, key: str, view: View | None) -> None:
        """Places a card."""
        self._put("views", key, view)

    def put_box(self, key: str, box: Box | None) -> None:
        """Adds, replaces or removes a box."""
        self._put("boxes", key, box)

    def put_note(self, key: str, note: Note | None) -> None:
        """Adds, replaces or removes a note."""
        self._put("notes", key, note)

    def route(self, key: str) -> tuple[tuple[float, float], ...]:
        """The points of a wire as they would be."""
        changed = self._tables.get("routes", {}).get(key)
        return self.start.routes.get(key, ()) if changed is None else changed[1] or ()

    def put_route(self, key: str, points: tuple[tuple[float, float], ...]) -> None:
        """Leads a wire through points; none: straight from port to port."""
        self._put("routes", key, points or None)

    def put_dataset(self, key: str, data: DataSet | None) -> None:
        """Adds, replaces or removes what is known of a data set; its leaves stay."""
        self._put("datasets", key, data)

    def put_function(self, key: str, function: Function | None) -> None:
        """Adds, replaces or removes a function; its nodes are put and removed one by one."""
        self._put("functions", key, function)

    def put_nothing(self, key: str) -> None:
        """Removes a node's records alone; nothing that reads it is touched."""
        for table in ("nodes", "views", "comments"):
            self._put(table, key, None)

    def put_comment(self, key: str, comment: Comment | None) -> None:
        """Sets the comment of an item."""
        self._put("comments", key, comment)

    def put_settings(self, settings: Settings) -> None:
        """Replaces the settings."""
        self._settings = settings
        self._current = None

    def put_program(self, program: tuple[Item, ...]) -> None:
        """Replaces the program."""
        if program is not self._program:
            self._program = program
            self._current = None

    @property
    def program(self) -> tuple[Item, ...]:
        """The program as it would be."""
        return self._program

    def add(self, item: Item, above: tree.Spot = (), index: int | None = None) -> None:
        """Puts an item into a body, at its end unless an index is given."""
        body = tree.body_at(self._program, above)
        at = len(body) if index is None else index
        self.put_program(tree.replace_body(self._program, above, (*body[:at], item, *body[at:])))

    def drop(self, keys: Iterable[str]) -> None:
        """Removes nodes and items with all that hangs on them; what read them has open ports then.

        A variable that nothing re-binds any more goes too: what read it reads the value that it had before.
        """
        doomed = self._with_idle_variables(dict.fromkeys(keys, In()))
        consumers = self.document.consumers
        readers = {reader for key in doomed for reader in consumers.get(key, ())} - doomed.keys()
        spots = tree.spots(self.document)
        heads = {key for key in readers if key not in self.document.nodes}
        for key in readers - heads:
            self.put_node(map_wires(self.node(key), lambda wire: _open(wire, doomed)))
        for key in heads:
            item = tree.item_at(self._program, spots[key])
            if isinstance(item, Loop | Branch):
                for carry in item.carried:
                    if carry.port not in doomed:
                        self.put_node(map_wires(self.node(carry.port), lambda wire: _open(wire, doomed)))
        lost = {region.id: None for key, region in closures(self.document).items() if key in doomed}
        if any(key in spots for key in doomed):
            self.put_program(self._without(doomed, spots, bool(heads)))
        if lost:  # what was in a function whose node is gone stands where it is
            self.put_program(
                tree.rewrite(self._program, lambda item: tree.bodies(item)[0] if item_key(item) in lost else (item,))
            )
        for key in (*doomed, *lost):
            for table in ("nodes", "views", "comments", "boxes", "notes"):
                if key in getattr(self.start, table) or key in self._tables.get(table, {}):
                    self._put(table, key, None)

    def _with_idle_variables(self, doomed: dict[str, In]) -> dict[str, In]:
        spots, updates = tree.spots(self.document), tree.updates(self.document)
        stack = list(doomed)
        while stack:
            holder = updates.get(stack.pop())
            item = tree.item_at(self._program, spots[holder]) if holder is not None and holder not in doomed else None
            for carry in item.carried if isinstance(item, Loop | Branch) else ():
                if carry.port not in doomed and all(wire.node in doomed for wire in carry.updates):
                    first = next(self.node(carry.port).inputs(), In())
                    doomed[carry.port] = doomed.get(first.node or "", first)
                    stack.append(carry.port)
        return doomed

    def _without(self, doomed: Mapping[str, In], spots: Mapping[str, tree.Spot], heads: bool) -> tuple[Item, ...]:
        gone = {spots[key][0] for key in doomed if key in spots and len(spots[key]) == 1}
        inner = any(len(spots.get(key, ())) > 1 for key in doomed)
        if heads or inner or any(item_key(self._program[index]) not in doomed for index in gone):
            return _without(self._program, doomed)
        kept: list[Item] = []
        low = 0
        for index in sorted(gone):
            kept += self._program[low:index]
            low = index + 1
        return (*kept, *self._program[low:])

    def diff(self, label: str, merge: str = "") -> Diff:
        """Everything as one Diff."""
        tables: dict[str, Any] = loose_ends(self.start, self._tables)
        gone = {key for key, (_, after) in self._tables.get("nodes", {}).items() if after is None}
        self._settings = still_there(self._settings, gone)
        return Diff(
            label=label,
            settings=None if self._settings == self.start.settings else (self.start.settings, self._settings),
            program=None if self._program is self.start.program else (self.start.program, self._program),
            merge=merge,
            **tables,
        )


def replace(settings: Settings, **fields: Any) -> Settings:
    """The settings with some of them changed."""
    known = {name: getattr(settings, name) for name in settings.__struct_fields__}
    return Settings(**{**known, **fields})


def _open(wire: In, doomed: Mapping[str, In]) -> In:
    return doomed.get(wire.node or "", wire)


def _without(program: tuple[Item, ...], doomed: Mapping[str, In]) -> tuple[Item, ...]:
    """The program without some items. What a loop or branch has left over is kept, and so are its other variables."""

    def change(item: Item) -> tuple[Item, ...]:
        match item:
            case Eval() | Effect():
                return () if item.node in doomed else (item,)
            case _ if item.id in doomed:
                return ()
            case Loop():
                head = map_value(item.iter, lambda wire: _open(wire, doomed))
                carried = _carried(item.carried, doomed)
                same = head is item.iter and carried is item.carried
                return (item,) if same else (Loop(item.id, item.var, head, item.body, carried),)
            case Branch():
                test = map_value(item.test, lambda wire: _open(wire, doomed))
                carried = _carried(item.carried, doomed)
                same = test is item.test and carried is item.carried
                return (item,) if same else (Branch(item.id, test, item.body, item.orelse, carried),)
            case Region():
                args = tuple(map_value(value, lambda wire: _open(wire, doomed)) for value in item.args)
                return (item,) if args == item.args else (Region(item.id, item.kind, item.body, args),)
        return (item,)

    return tree.rewrite(program, change)


def _carried(carried: tuple[Carried, ...], doomed: Mapping[str, In]) -> tuple[Carried, ...]:
    kept = []
    for carry in carried:
        if carry.port not in doomed:
            updates = tuple(wire for wire in carry.updates if wire.node not in doomed)
            kept.append(carry if len(updates) == len(carry.updates) else Carried(carry.port, updates))
    same = len(kept) == len(carried) and all(a is b for a, b in zip(kept, carried, strict=True))
    return carried if same else tuple(kept)


def resolve(document: Document, key: str) -> str:
    """The id of what is called so: an id, or a name or label as the code shows it ("x" is the newest x, "x@1" the first).

    Raises: Refused when there is no such thing.
    """
    if key in document.nodes:
        return key
    other = key in document.boxes or key in document.notes or key in tree.spots(document)
    if other and key.startswith("#"):  # no name is written so
        return key
    from guigrad.document.names import frame_labels  # late: it walks the whole program

    found = frame_labels(document).get(key)
    if found is not None:
        return found[0]
    if other:
        return key
    raise refused(f"there is no {key!r}")


def title(document: Document, keys: Iterable[str]) -> str:
    """ "t1", or "3 nodes", for the label of an edit."""
    known = list(keys)
    if len(known) != 1:
        return f"{len(known)} nodes"
    key = known[0]
    if key in document.boxes:
        return "box"
    return "note" if key in document.notes else order.name(document, key)


_TAKEN = frozenset(("torch", "F", "math"))
_NUMBERED = re.compile(r"(.*?)_?(\d*)")


def check_name(document: Document, name: str) -> None:
    """Whether a value may be called so.

    Raises: Refused with the reason.
    """
    if not name.isidentifier():
        raise refused(f"{name!r} is no name: letters, digits and _ only, a letter first")
    if keyword.iskeyword(name):
        raise refused(f"{name!r} is a word of Python")
    if name in _TAKEN:
        raise refused(f"{name!r} is what the script calls a module")
    if hasattr(builtins, name):
        used = {
            node.op.rpartition(".")[2]
            for node in document.nodes.values()
            if node.op.startswith(("builtins.", "python."))
        }
        if name in used:
            raise refused(f"{name!r} is a function that this program calls")


def free_name(taken: set[str], wanted: str) -> str:
    """The wanted name, or the next one with a number that is free."""
    if wanted not in taken:
        return wanted
    match = _NUMBERED.fullmatch(wanted)
    assert match is not None
    base, digits = (wanted, "") if not match[1] else (match[1], match[2])
    joint = "" if digits and not wanted.endswith(f"_{digits}") else "_"
    number = int(digits or 1) + 1
    while f"{base}{joint}{number}" in taken:
        number += 1
    return f"{base}{joint}{number}"


def names_in(document: Document) -> set[str]:
    """Every name that a value has."""
    found = {node.name for node in document.nodes.values()}
    found.update(name for node in document.nodes.values() for name in node.outputs)
    return {name for name in found if name is not None}


def to_value(value: object) -> Value:
    """A template value of a plain Python one: lists and dicts become displays.

    Raises: Refused for what cannot stand in a program.
    """
    match value:
        case (
            None | bool() | int() | float() | complex() | str() | In() | Sym() | Slice() | ListOf() | DictOf() | Star()
        ):
            return value
        case Format() | ArrayData():
            return value
        case tuple():
            return tuple(to_value(item) for item in value)
        case list():
            return ListOf(tuple(to_value(item) for item in value))
        case dict():
            return DictOf(tuple((to_value(key), to_value(item)) for key, item in value.items()))
        case slice():
            return Slice(to_value(value.start), to_value(value.stop), to_value(value.step))
    if value is Ellipsis:
        return value
    plain = getattr(value, "tolist", None)  # NumPy's arrays and numbers, torch's tensors
    if callable(plain):
        return to_value(plain())
    raise refused(f"{type(value).__name__} is nothing that a program can hold")
