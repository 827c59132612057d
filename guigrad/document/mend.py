"""Mends what a simulation found: new names, and aliases that keep what an older holder of a name held."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from msgspec import structs

from guigrad.document.model import (
    CAPTURE,
    Branch,
    Document,
    Effect,
    Eval,
    In,
    Item,
    Loop,
    Node,
    Region,
    Value,
    item_key,
    walk,
)
from guigrad.document.rewire import rewire_items, rewire_node
from guigrad.document.simulate import Simulation


def mend(document: Document, seen: Simulation) -> tuple[Document, bool]:
    """The document with new names and aliases, and whether items were added."""
    edits = _Edits(seen)
    for item, body, name in seen.taken_over:
        own = {wire for carry in getattr(item, "carried", ()) for wire in seen.group(In(carry.port))}
        for wire in _binders(seen, body, name):
            if wire not in own and seen.name_of(wire) == edits.name_of(wire):
                fresh = edits.fresh(name)
                for other in seen.group(wire):
                    edits.give(other, fresh)
    if seen.taken_over and edits.nodes != seen.nodes:  # names first: they may be all that is needed
        return structs.replace(document, nodes=edits.nodes), False
    for wire, readers in seen.stale.items():
        if wire not in seen.tied:
            edits.rename(wire)
            continue
        base = seen.name_of(wire) or "value"
        home = seen.home.get(wire.node or "")
        inside = readers & _keys(home) if home is not None else set()
        if inside and isinstance(home, Loop):
            edits.read(edits.put(edits.inside, wire.node or "", wire, edits.fresh(base)), wire, inside)
        elif inside and home is not None:
            for start in edits.nodes[wire.node or ""].args[:1]:
                edits.read(edits.put(edits.ahead, home.id, start, edits.fresh(base)), wire, inside)
        if readers - inside:
            edits.read(edits.put(edits.behind, wire.node or "", wire, edits.fresh(base)), wire, readers - inside)
    for key, value, name in seen.before:
        alias = edits.put(edits.ahead, key, value, name)
        if key in edits.nodes:
            node = edits.nodes[key]
            edits.nodes[key] = structs.replace(node, args=(alias, *node.args[1:]))
        else:
            edits.starts[key, name] = alias
    for key, word, value in seen.hidden:
        alias = edits.put(edits.ahead, key, value, word)
        kwargs = ((k, alias if k == CAPTURE + word else v) for k, v in edits.nodes[key].kwargs)
        edits.nodes[key] = structs.replace(edits.nodes[key], kwargs=tuple(kwargs))
    for wire, name, carry in seen.after:
        place = edits.inside if wire.node in edits.vars else edits.behind
        edits.updates.setdefault(carry, {})[wire] = edits.put(place, wire.node or "", wire, name)
    if not edits.moved:
        return structs.replace(document, nodes=edits.nodes), False
    program = edits.program(document.program)
    return structs.replace(document, nodes=edits.nodes, program=program), True


def _binders(seen: Simulation, body: tuple[Item, ...], name: str) -> Iterator[In]:
    """Every value inside a body that has this name."""
    for item in walk(body):
        keys = [item_key(item)]
        if isinstance(item, Loop | Branch):
            keys += [carry.port for carry in item.carried]
        if isinstance(item, Loop):
            keys.append(item.var)
        for key in keys:
            node = seen.nodes.get(key)
            if node is not None:
                wires = [In(key, index) for index in range(len(node.outputs) or 1)]
                yield from (wire for wire in wires if seen.name_of(wire) == name)


def _keys(home: Loop | Branch) -> set[str]:
    """Keys of the items inside a loop or branch, with their variables."""
    found: set[str] = set()
    for item in walk((home,)):
        if item is not home:
            found.add(item_key(item))
            if isinstance(item, Loop | Branch):
                found.update(carry.port for carry in item.carried)
    return found


class _Edits:
    """New names, and aliases put ahead of items, behind them, or first in a loop's body."""

    def __init__(self, seen: Simulation) -> None:
        self.nodes = dict(seen.nodes)
        self.taken = {name for node in self.nodes.values() for name in (node.name, *node.outputs) if name is not None}
        self.vars = {key for key, node in self.nodes.items() if node.op == "python.loop_var"}
        self.ahead: dict[str, list[str]] = {}
        self.behind: dict[str, list[str]] = {}
        self.inside: dict[str, list[str]] = {}
        self.reads: dict[str, dict[In, In]] = {}  # reader -> wires to change
        self.starts: dict[tuple[str, str], In] = {}  # (loop or branch, name of its variable) -> what it starts from
        self.updates: dict[str, dict[In, In]] = {}  # variable -> updates to change

    @property
    def moved(self) -> bool:
        return bool(self.ahead or self.behind or self.inside)

    def fresh(self, base: str) -> str:
        count = 1
        while f"{base}_{count}" in self.taken:
            count += 1
        self.taken.add(f"{base}_{count}")
        return f"{base}_{count}"

    def name_of(self, wire: In) -> str | None:
        node = self.nodes[wire.node or ""]
        return node.outputs[wire.output] if wire.output < len(node.outputs) else node.name

    def rename(self, wire: In) -> None:
        self.give(wire, self.fresh(self.name_of(wire) or "value"))

    def give(self, wire: In, name: str) -> None:
        node = self.nodes[wire.node or ""]
        if node.outputs:
            outputs = (*node.outputs[: wire.output], name, *node.outputs[wire.output + 1 :])
            self.nodes[node.id] = structs.replace(node, outputs=outputs)
        else:
            self.nodes[node.id] = structs.replace(node, name=name)

    def put(self, place: dict[str, list[str]], at: str, value: Value, name: str) -> In:
        """Puts an alias of a value at a place; its wire."""
        count = len(self.nodes)
        while (key := f"a{count}") in self.nodes:
            count += 1
        op = "python.alias" if isinstance(value, In) else "python.literal"
        self.nodes[key] = Node(key, op, (value,), name=name)
        place.setdefault(at, []).append(key)
        return In(key)

    def read(self, alias: In, wire: In, readers: Iterable[str]) -> None:
        """Lets readers of a wire read its alias."""
        for reader in readers:
            changes = self.reads.setdefault(reader, {})
            changes[wire] = alias
            if reader in self.nodes:
                self.nodes[reader] = rewire_node(self.nodes[reader], _now(changes))

    def program(self, items: tuple[Item, ...], first: Iterable[str] = ()) -> tuple[Item, ...]:
        """The items with the aliases among them."""
        found: list[Item] = [Eval(alias) for owner in first for alias in self.inside.get(owner, ())]
        for item in items:
            key = item_key(item)
            found += [Eval(alias) for alias in self.ahead.get(key, ())]
            found.append(self._item(item))
            made = [carry.port for carry in item.carried] if isinstance(item, Loop | Branch) else [key]
            if isinstance(item, Loop):
                made.append(item.var)
            found += [Eval(alias) for owner in made for alias in self.behind.get(owner, ())]
        return tuple(found)

    def _item(self, item: Item) -> Item:
        changes = self.reads.get(item_key(item), {})
        match item:
            case Eval() | Effect():
                return item
            case Region():
                new: Item = structs.replace(item, body=self.program(item.body))
            case Loop():
                ports = (item.var, *(carry.port for carry in item.carried))
                new = structs.replace(item, body=self.program(item.body, ports))
            case Branch():
                new = structs.replace(item, body=self.program(item.body), orelse=self.program(item.orelse))
        if changes:
            new = rewire_items((new,), lambda wire: changes.get(wire, wire))[0]
        return self._variables(new) if isinstance(new, Loop | Branch) else new

    def _variables(self, item: Loop | Branch) -> Item:
        carried = []
        for carry in item.carried:
            node = self.nodes[carry.port]
            start = self.starts.get((item.id, node.name or ""))
            if start is not None:
                self.nodes[carry.port] = structs.replace(node, args=(start,))
            changes = self.updates.get(carry.port, {})
            carried.append(structs.replace(carry, updates=tuple(changes.get(wire, wire) for wire in carry.updates)))
        return structs.replace(item, carried=tuple(carried))


def _now(changes: dict[In, In]) -> Callable[[In], In]:
    return lambda read: changes.get(read, read)
