"""Follows what each name means through a program, as Python would: which reads would find another value."""

from __future__ import annotations

from collections.abc import Iterable

from guigrad.document.closures import function_of
from guigrad.document.forms import LEAVES, hidden, is_in_place_method, leaves, rebinds, visible
from guigrad.document.model import (
    CALL,
    RETURN,
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
    item_inputs,
    item_key,
    walk,
    wires_in,
)
from guigrad.document.plan import Plan
from guigrad.document.tree import defined


class Simulation:
    """``stale``: wires read where their name means another value, with the readers. ``before`` and ``after``: aliases that are needed."""

    def __init__(self, document: Document, plan: Plan) -> None:
        self.document = document
        self.nodes = document.nodes
        self.plan = plan
        self.env: dict[str, In] = {}
        self.stale: dict[In, set[str]] = {}
        self.tied: dict[In, list[In]] = {}  # values that must share a name, each with those it is tied to
        self.ends: dict[In, tuple[In, ...]] = {}
        self.taken_over: list[
            tuple[Item, tuple[Item, ...], str]
        ] = []  # a body ends with another value in its variable's name
        self.before: list[
            tuple[str, Value, str]
        ] = []  # (item key, value, name): the item's own use of it needs that name
        self.after: list[tuple[In, str, str]] = []  # (value, name, carry): the carry's update needs that name
        self.hidden: list[tuple[str, str, In]] = []  # (call, name, value): what the call reads unseen needs that name
        self.is_body = any(node.op == RETURN for node in document.nodes.values()) if document.functions else False
        self.outer: dict[str, list[tuple[In, str]]] = {}  # what closures read from outside, and who in them
        self.home: dict[str, Loop | Branch] = {}  # variable of a loop or branch -> that item
        self.names: dict[str, tuple[str, ...]] = {}
        self.around: list[Loop] = []  # the loops that are being followed
        self.open: set[str | None] = set()  # the variables of the branches that are
        self.run(document.program)

    def __bool__(self) -> bool:
        return bool(self.stale or self.before or self.after or self.taken_over or self.hidden)

    def tie(self, first: In, second: In) -> None:
        self.tied.setdefault(first, []).append(second)
        self.tied.setdefault(second, []).append(first)

    def group(self, wire: In) -> set[In]:
        """Every value that shares its name with this one for good."""
        found, pending = {wire}, [wire]
        while pending:
            for other in self.tied.get(pending.pop(), ()):
                if other not in found:
                    found.add(other)
                    pending.append(other)
        return found

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
                case Region(kind="closure"):
                    self.closure(item)
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

    def closure(self, item: Region) -> None:
        """What the body binds means nothing outside, and hides what its names mean there, even ahead of where it binds them."""
        key = function_of(self.document, item)
        before, around = self.env, self.around
        own = {name for inner in item.body for name in self.bound(inner, True)}
        own -= {
            self.nodes[one.node].name or ""
            for one in walk(item.body)
            if isinstance(one, Effect | Eval) and self.same(one.node)
        }
        own.discard(self.nodes[key].name or "")
        self.env, self.around = {name: wire for name, wire in before.items() if name not in own}, []
        self.run(item.body)
        self.env, self.around = before, around
        inner = {name for one in item.body for name in defined(one)}
        self.outer[key] = [
            (wire, item_key(one))
            for one in walk(item.body)
            for wire in item_inputs(self.document, one)
            if wire.node not in inner
        ]
        self.bind(self.nodes[key])

    def same(self, key: str) -> bool:
        """Whether a node has its name only because it changes what has that name, without an assignment."""
        op = self.nodes[key].op
        return is_in_place_method(op) or op.startswith(("setitem.", "operator.setitem"))

    def left(self) -> None:
        """A round ends here: the variables of its loop must hold what they pass on."""
        loop = self.around[-1]
        for carry in loop.carried:
            name, variable = self.nodes[carry.port].name or "", In(carry.port)
            value = self.env.get(name)
            while value is not None and value.node in self.open:  # not re-bound in that branch yet
                value = next(self.nodes[value.node or ""].inputs(), None)
            if value is not None and value not in (variable, *self.ends[variable]):
                self.taken_over.append((loop, loop.body, name))

    def node(self, node: Node) -> None:
        if node.op in LEAVES and self.around:
            self.left()
        first = node.args[0] if node.args else None
        if node.name is not None and rebinds(node.op):
            if isinstance(first, In) and self.name_of(first) == node.name:
                self.tie(first, In(node.id))
            else:
                self.before.append((node.id, first, node.name))
        if node.op.startswith(CALL):
            self.read(visible(node), node.id)
            if not self.is_body:  # inside a function captures go by their own names
                for word, value in hidden(node):
                    if isinstance(value, In) and (self.name_of(value) != word or self.env.get(word) != value):
                        self.hidden.append((node.id, word, value))
        else:
            self.read(self.plan.wires[node.id], node.id)
            for wire in self.plan.wires[node.id] if self.outer else ():  # a function reads its names when it is called
                for inner, reader in self.outer.get(wire.node or "", ()):
                    self.read((inner,), reader)
        if node.id not in self.plan.inline:
            self.bind(node)

    def bodies(self, item: Loop | Branch, bodies: tuple[tuple[Item, ...], ...]) -> None:
        bound = self.bound(item)
        variables: dict[str, In] = {}
        for carry in item.carried:
            node = self.nodes[carry.port]
            name = node.name or ""
            variables[name] = In(carry.port)
            self.tie(In(carry.port), In(carry.port))
            self.home[carry.port] = item
            for start in node.inputs():
                if self.name_of(start) != name:
                    self.before.append((item.id, start, name))
                else:
                    self.tie(start, In(carry.port))
                    self.read((start,), carry.port)
            self.ends[In(carry.port)] = carry.updates
            for update in carry.updates:
                if self.name_of(update) == name:
                    self.tie(update, In(carry.port))
                else:
                    self.after.append((update, name, carry.port))
        for body in bodies:
            left = isinstance(item, Branch) and leaves(self.document, body)
            before = dict(self.env) if left else {}
            if isinstance(item, Branch):
                self.open.update(carry.port for carry in item.carried)
            for name in bound:  # what a body binds is known inside, before and behind it, by its variable only
                self.env.pop(name, None)
            self.env.update(variables)
            if isinstance(item, Loop):
                self.home[item.var] = item
                self.bind(self.nodes[item.var])
                self.around.append(item)
            self.run(body)
            if isinstance(item, Loop):
                self.around.pop()
            else:
                self.open.difference_update(carry.port for carry in item.carried)
            if left:  # what it binds is not known behind it
                self.env = before
                continue
            for name, variable in variables.items():
                if self.env.get(name) not in (variable, *self.ends[variable]):
                    self.taken_over.append((item, body, name))
        for name in bound:
            self.env.pop(name, None)
        self.env.update(variables)

    def bound(self, item: Item, gone: bool = False) -> tuple[str, ...]:
        """Every name that a loop or branch binds, its bodies included; those that reach what is behind it, or all (``gone``)."""
        gone = gone or isinstance(item, Loop)
        key = f"{item_key(item)}{'+' * gone}"
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
                bodies = (item.body, item.orelse)
                inner = tuple(one for body in bodies if gone or not leaves(self.document, body) for one in body)
            case Region(kind="closure"):
                keys = [function_of(self.document, item)]
            case Region():
                inner = item.body
        if isinstance(item, Loop | Branch):
            keys += [carry.port for carry in item.carried]
        for node in (self.nodes[key] for key in keys):
            found.update(dict.fromkeys(name for name in (node.name, *node.outputs) if name is not None))
        for each in inner:
            found.update(dict.fromkeys(self.bound(each, gone)))
        if inner:
            self.names[key] = tuple(found)
        return tuple(found)


def simulate(document: Document, plan: Plan) -> Simulation:
    """What would be read wrongly if the document were written as it is."""
    return Simulation(document, plan)
