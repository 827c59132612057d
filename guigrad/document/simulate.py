"""Follows what each name means through a program, as Python would, and mends reads that would find another value."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import structs

from guigrad.document.model import (
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
    wires_in,
)
from guigrad.document.plan import Plan, is_statement
from guigrad.document.rewire import rewire_items, rewire_node


class Simulation:
    """``stale``: wires read where their name means another value, with the readers. ``before`` and ``after``: aliases that are needed."""

    def __init__(self, document: Document, plan: Plan) -> None:
        self.document = document
        self.nodes = document.nodes
        self.plan = plan
        self.env: dict[str, In] = {}
        self.stale: dict[In, set[str]] = {}
        self.tied: set[In] = set()
        self.before: list[tuple[str, In, str]] = []  # (item key, value, name): the item's own use of it needs that name
        self.after: list[tuple[In, str, str]] = []  # (value, name, carry): the carry's update needs that name
        self.names: dict[str, tuple[str, ...]] = {}
        self.run(document.program)

    def __bool__(self) -> bool:
        return bool(self.stale or self.before or self.after)

    def name_of(self, wire: In) -> str | None:
        node = self.nodes.get(wire.node or "")
        if node is None:
            return None
        return node.outputs[wire.output] if wire.output < len(node.outputs) else node.name

    def read(self, wires: Iterable[In], reader: str) -> None:
        for wire in wires:
            name = self.name_of(wire)
            if name is not None and self.env.get(name) != wire:
                self.stale.setdefault(wire, set()).add(reader)

    def bind(self, node: Node) -> None:
        if node.name is not None:
            self.env[node.name] = In(node.id)
        for index, name in enumerate(node.outputs):
            if name is not None:
                self.env[name] = In(node.id, index)

    def run(self, items: tuple[Item, ...]) -> None:
        for item in items:
            match item:
                case Eval() | Effect():
                    self.node(self.nodes[item.node])
                case Region():
                    self.read(wires_in(item.args), item.id)
                    self.run(item.body)
                case Branch() if item.carried and item.carried[0].port in self.plan.expressions:
                    carry = self.nodes[item.carried[0].port]
                    self.read((wire for wire in wires_in(item.test) if wire.node != carry.id), item.id)
                    self.read(carry.inputs(), carry.id)
                    self.run(item.body)
                    self.run(item.orelse)
                    self.bind(carry)
                case Branch():
                    own = [carry.port for carry in item.carried]
                    self.read((wire for wire in wires_in(item.test) if wire.node not in own), item.id)
                    self.bodies(item, (item.body, item.orelse))
                case Loop():
                    self.read(wires_in(item.iter), item.id)
                    self.bodies(item, (item.body,))

    def node(self, node: Node) -> None:
        first = node.args[0] if node.args else None
        own = is_statement(node.op) and not node.op.startswith(("setattr.", "python.")) and node.name is not None
        if own and (not isinstance(first, In) or self.name_of(first) is not None or first.node not in self.plan.inline):
            if not isinstance(first, In) or self.name_of(first) != node.name:
                self.before.append((node.id, first, node.name or ""))  # type: ignore[arg-type]  # a literal is named too
            else:
                self.tied.update((first, In(node.id)))
        self.read(self.plan.wires[node.id], node.id)
        if node.id not in self.plan.inline:
            self.bind(node)

    def bodies(self, item: Loop | Branch, bodies: tuple[tuple[Item, ...], ...]) -> None:
        bound = self.bound(item)
        variables: dict[str, In] = {}
        for carry in item.carried:
            node = self.nodes[carry.port]
            name = node.name or ""
            variables[name] = In(carry.port)
            self.tied.add(In(carry.port))
            for start in node.inputs():
                self.tied.add(start)
                if self.name_of(start) != name:
                    self.before.append((item.id, start, name))
                else:
                    self.read((start,), carry.port)
            for update in carry.updates:
                if self.name_of(update) == name:
                    self.tied.add(update)
                else:
                    self.after.append((update, name, carry.port))
        outer = {name: self.env[name] for name in bound if name in self.env}
        for body in bodies:
            for name in bound:
                if isinstance(item, Loop):
                    self.env.pop(name, None)
                elif name in outer:
                    self.env[name] = outer[name]
                else:
                    self.env.pop(name, None)
            self.env.update(variables)
            if isinstance(item, Loop):
                self.bind(self.nodes[item.var])
            self.run(body)
        for name in bound:
            self.env.pop(name, None)
        self.env.update(variables)

    def bound(self, item: Item) -> tuple[str, ...]:
        """Every name that a loop or branch binds, its bodies included."""
        key = item_key(item)
        known = self.names.get(key)
        if known is not None:
            return known
        found: dict[str, None] = {}
        keys: list[str] = []
        inner: tuple[Item, ...] = ()
        match item:
            case Eval() | Effect():
                keys = [item.node]
            case Loop():
                keys, inner = [item.var], item.body
            case Branch():
                inner = (*item.body, *item.orelse)
            case Region():
                inner = item.body
        if isinstance(item, Loop | Branch):
            keys += [carry.port for carry in item.carried]
        for node in (self.nodes[key] for key in keys):
            found.update(dict.fromkeys(name for name in (node.name, *node.outputs) if name is not None))
        for each in inner:
            found.update(dict.fromkeys(self.bound(each)))
        if inner:
            self.names[key] = tuple(found)
        return tuple(found)

    # -- mending ----------------------------------------------------------------------------------

    def mend(self, document: Document) -> tuple[Document, bool]:
        """The document with new names and aliases, and whether items were added."""
        taken = {name for node in self.nodes.values() for name in (node.name, *node.outputs) if name is not None}
        nodes = dict(self.nodes)
        edits = _Edits(nodes, taken)
        for wire, readers in self.stale.items():
            if wire in self.tied:
                edits.alias_after(wire, edits.fresh(self.name_of(wire) or "value"), readers)
            else:
                edits.rename(wire)
        for key, value, name in self.before:
            edits.alias_before(key, value, name)
        for wire, name, carry in self.after:
            edits.alias_after(wire, name, set(), carry)
        if not edits.moved:
            return structs.replace(document, nodes=nodes), False
        return structs.replace(document, nodes=nodes, program=edits.program(document.program)), True


class _Edits:
    """New names, and aliases put ahead of or behind items."""

    def __init__(self, nodes: dict[str, Node], taken: set[str]) -> None:
        self.nodes = nodes
        self.taken = taken
        self.ahead: dict[str, list[str]] = {}
        self.behind: dict[str, list[str]] = {}
        self.reads: dict[str, dict[In, In]] = {}  # reader -> wires to change
        self.updates: dict[str, dict[In, In]] = {}  # carry -> updates to change

    @property
    def moved(self) -> bool:
        return bool(self.ahead or self.behind)

    def fresh(self, base: str) -> str:
        count = 1
        while f"{base}_{count}" in self.taken:
            count += 1
        self.taken.add(f"{base}_{count}")
        return f"{base}_{count}"

    def rename(self, wire: In) -> None:
        node = self.nodes[wire.node or ""]
        if node.outputs:
            name = self.fresh(node.outputs[wire.output] or "value")
            outputs = (*node.outputs[: wire.output], name, *node.outputs[wire.output + 1 :])
            self.nodes[node.id] = structs.replace(node, outputs=outputs)
        else:
            self.nodes[node.id] = structs.replace(node, name=self.fresh(node.name or "value"))

    def _alias(self, value: Value, name: str) -> str:
        key, count = "a1", 1
        while key in self.nodes:
            count += 1
            key = f"a{len(self.nodes) + count}"
        op = "python.alias" if isinstance(value, In) else "python.literal"
        self.nodes[key] = Node(key, op, (value,), name=name)
        return key

    def alias_after(self, wire: In, name: str, readers: set[str], carry: str = "") -> None:
        key = self._alias(wire, name)
        self.behind.setdefault(wire.node or "", []).append(key)
        for reader in readers:
            self.reads.setdefault(reader, {})[wire] = In(key)
            self._rewire(reader)
        if carry:
            self.updates.setdefault(carry, {})[wire] = In(key)

    def alias_before(self, item: str, value: Value, name: str) -> None:
        key = self._alias(value, name)
        self.ahead.setdefault(item, []).append(key)
        if item in self.nodes:
            node = self.nodes[item]
            self.nodes[item] = structs.replace(node, args=(In(key), *node.args[1:]))
        else:
            self.reads.setdefault(f"{item} {name}", {})[value] = In(key)  # type: ignore[index]  # a start is a wire

    def _rewire(self, reader: str) -> None:
        if reader in self.nodes:
            changes = self.reads[reader]
            self.nodes[reader] = rewire_node(self.nodes[reader], lambda wire: changes.get(wire, wire))

    def program(self, items: tuple[Item, ...], first: tuple[str, ...] = ()) -> tuple[Item, ...]:
        """The items with the aliases among them."""
        found: list[Item] = [Eval(key) for owner in first for key in self.behind.get(owner, ())]
        for item in items:
            key = item_key(item)
            found += [Eval(alias) for alias in self.ahead.get(key, ())]
            found.append(self._item(item))
            if isinstance(item, Eval | Effect):
                found += [Eval(alias) for alias in self.behind.get(key, ())]
            elif isinstance(item, Branch | Loop):
                inside = isinstance(item, Loop)
                found += [
                    Eval(alias) for carry in item.carried if not inside for alias in self.behind.get(carry.port, ())
                ]
        return tuple(found)

    def _item(self, item: Item) -> Item:
        changes = self.reads.get(item_key(item), {})
        match item:
            case Loop():
                ports = (item.var, *(carry.port for carry in item.carried))
                new: Item = structs.replace(item, body=self.program(item.body, ports))
            case Branch():
                new = structs.replace(item, body=self.program(item.body), orelse=self.program(item.orelse))
            case Region():
                new = structs.replace(item, body=self.program(item.body))
            case _:
                return item
        if changes:
            new = rewire_items((new,), lambda wire: changes.get(wire, wire))[0]
        if isinstance(new, Loop | Branch):
            for carry in new.carried:
                node = self.nodes[carry.port]
                starts = self.reads.get(f"{new.id} {node.name}", {})
                self.nodes[carry.port] = rewire_node(node, lambda wire, starts=starts: starts.get(wire, wire))  # type: ignore[misc]
            carried = tuple(
                structs.replace(
                    carry,
                    updates=tuple(self.updates.get(carry.port, {}).get(update, update) for update in carry.updates),
                )
                for carry in new.carried
            )
            new = structs.replace(new, carried=carried)
        return new


def simulate(document: Document, plan: Plan) -> Simulation:
    """What would be read wrongly if the document were written as it is."""
    return Simulation(document, plan)
