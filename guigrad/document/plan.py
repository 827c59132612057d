"""What the code shows inline and what as a statement of its own, without changing the order of evaluation.

Note [Order]
Items are read in their stored order. A node that nobody names and one reader reads waits on a stack; its reader takes it if
the nodes it reads lie on top of the stack in the order in which Python would evaluate them. Whatever waits below a statement, or cannot be
taken in order, becomes a statement itself. So the code evaluates exactly in the stored order, and nothing is ever moved.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from guigrad.document.forms import (
    COMPARISONS,
    LAZY,
    ORDERED,
    STAND_ALONE,
    compared,
    has_hard_text,
    is_chain,
    is_statement,
    operands,
    rebinds,
    template_wires,
    visible,
)
from guigrad.document.model import (
    CALL,
    Branch,
    Document,
    Effect,
    Eval,
    In,
    Item,
    Loop,
    Node,
    Region,
    item_key,
    walk,
    wires_in,
)

DEPTH: Final = 40
"""How deep expressions nest before a part gets a name: Python's own parser stops at 200 parentheses."""


class Plan(Struct):
    """``inline``: nodes written inside their reader. ``expressions``: Branches written as ``and``, ``or`` or ``if … else``, by
    the id of their variable. ``absorbed``: ``python.unpack`` nodes written as a nested target. ``reads``: how often a wire is read. ``wires``: those of each node's template."""

    inline: set[str]
    expressions: dict[str, Branch]
    absorbed: dict[In, str]
    reads: dict[In, int]
    wires: dict[str, tuple[In, ...]]


def plan(document: Document) -> Plan:
    """What is inline in this document's code. See Note [Order]."""
    return _Planner(document).plan


class _Planner:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.nodes = document.nodes
        self.plan = Plan(set(), {}, {}, {}, {key: template_wires(node) for key, node in document.nodes.items()})
        self.count: dict[str, int] = {}
        self.depth: dict[str, int] = {}
        self.hard: set[str] = set()  # nodes whose text cannot stand inside an f-string
        self.tried: dict[str, bool] = {}
        self.shared: set[str] = set()  # middle operands of chains a < b() < c: read twice, written once
        self._count(document.program)
        self._chains(document.program)
        self.body(document.program)

    def _count(self, items: tuple[Item, ...]) -> None:
        for item in walk(items):
            match item:
                case Eval() | Effect():
                    self._read(self.plan.wires.get(item.node, ()))
                case Loop():
                    self._read(wires_in(item.iter))
                case Branch():
                    self._read(wire for wire in wires_in(item.test) if not _is_own(item, wire))
                case Region():
                    self._read(wires_in(item.args))
            if isinstance(item, Loop | Branch):
                for carry in item.carried:
                    self._read(carry.updates)
                    self._read(self.plan.wires[carry.port])

    def _read(self, wires: Iterable[In]) -> None:
        for wire in wires:
            if wire.node is not None:
                self.plan.reads[wire] = self.plan.reads.get(wire, 0) + 1
                self.count[wire.node] = self.count.get(wire.node, 0) + 1

    def _chains(self, items: tuple[Item, ...]) -> None:
        """Finds chains whose comparisons stand right ahead of them."""
        for index, item in enumerate(items):
            match item:
                case Eval(key) if key in self.nodes and self.nodes[key].op == "python.and":
                    node = self.nodes[key]
                    parts = [arg.node or "" for arg in node.args if isinstance(arg, In)]
                    ahead = [item_key(other) for other in items[max(0, index - len(parts)) : index]]
                    if ahead == parts and is_chain(self.document, node):
                        middles = (compared(self.nodes[part])[1] for part in parts[:-1])
                        self.shared.update(
                            m.node or "" for m in middles if isinstance(m, In) and self.plan.reads[m] == 2
                        )
                case Loop() | Region():
                    self._chains(item.body)
                case Branch():
                    self._chains(item.body)
                    self._chains(item.orelse)

    # -- one body -------------------------------------------------------------------------------

    def body(self, items: tuple[Item, ...], update: str = "") -> bool:
        """Plans a body; with ``update``, whether it is one expression: that of the node ``update``."""
        waiting: list[str] = []
        opened: set[In] = set()
        for item in items:
            match item:
                case Eval() | Effect():
                    node = self.nodes.get(item.node)
                    if node is None:
                        continue
                    self.take(waiting, self._wanted(node))
                    if self._waits(node, waiting, update):
                        opened.clear()
                        continue
                    if update:
                        return False
                    waiting.clear()
                    self._absorb(node, opened)
                case Branch() if self.is_expression(item):
                    carry = self.nodes[item.carried[0].port]
                    wired = list(wires_in(item.test)) if not carry.args else list(carry.inputs())
                    self.take(waiting, wired)
                    inner = [self.depth.get(wire.node or "", 0) for wire in (*item.carried[0].updates, *wired)]
                    self.depth[carry.id] = 1 + max(inner, default=0)
                    free = carry.name is None and not carry.outputs and self.count.get(carry.id) == 1
                    if free:  # without parentheses, and parse lets only so many nest
                        waiting.append(carry.id)
                        continue
                    if update:
                        return False
                    waiting.clear()
                case _:
                    if update:
                        return False
                    self.compound(item, waiting)
                    opened.clear()
        return waiting == [update]

    def compound(self, item: Item, waiting: list[str]) -> None:
        """Plans a loop, branch or region: its header takes what it can, the rest become statements ahead of it."""
        match item:
            case Loop():
                self.take(waiting, wires_in(item.iter))
                waiting.clear()
                self._absorb_first(item)
                self.body(item.body)
            case Branch():
                self.take(waiting, wires_in(item.test))
                waiting.clear()
                self.body(item.body)
                self.body(item.orelse)
            case Region():
                self.take(waiting, wires_in(item.args))
                waiting.clear()
                self.body(item.body)

    def _wanted(self, node: Node) -> Iterable[In]:
        if node.op in ORDERED or node.op.startswith("setattr."):
            return self._in_order(node)
        if node.op.startswith(CALL):
            return visible(node)
        changed = bool(node.args) and isinstance(node.args[0], In) and rebinds(node.op) and self._is_named(node)
        return self.plan.wires[node.id][changed:]

    def _is_named(self, node: Node) -> bool:
        """Whether what an in-place statement changes must be a name: it is always for ``y += 1``, else if its value is read."""
        return node.op.startswith("operator.i") or node.name is not None or bool(self.count.get(node.id))

    def _in_order(self, node: Node) -> Iterator[In]:
        values = operands(node)
        if node.op == "operator.setitem" and self._is_named(node):
            values = (values[0], values[2])
        if node.op in LAZY and not is_chain(self.document, node):
            values = values[:1]  # what is evaluated lazily takes no node in: it would be evaluated too late
        for value in values:
            for wire in wires_in(value):
                if node.op != "python.fstring" or wire.node not in self.hard:
                    yield wire

    def take(self, waiting: list[str], wires: Iterable[In]) -> None:
        """Moves what is read, and lies in order on top of the stack, inside its reader."""
        if not waiting:
            return
        wanted = [wire.node or "" for wire in wires]
        matched = 0
        for key in reversed(wanted):
            if matched < len(waiting) and waiting[-1 - matched] == key:
                matched += 1
        taken = waiting[len(waiting) - matched :]
        del waiting[len(waiting) - matched :]
        self.plan.inline.update(taken)
        left = set(waiting).intersection(wanted)
        if left:  # read, but not in order: statements, with everything evaluated before them
            last = max(index for index, key in enumerate(waiting) if key in left)
            del waiting[: last + 1]

    def _waits(self, node: Node, waiting: list[str], update: str) -> bool:
        depth, hard = 0, node.op == "python.fstring" or has_hard_text(node.args) or has_hard_text(node.kwargs)
        for wire in self.plan.wires[node.id]:
            if wire.node in self.plan.inline:
                depth = max(depth, self.depth.get(wire.node or "", 0))
                hard = hard or wire.node in self.hard
        self.depth[node.id] = depth + 1
        if hard:
            self.hard.add(node.id)
        once = self.count.get(node.id) == 1 or node.id in self.shared
        if node.name is None and not node.outputs and once and (depth + 1 < DEPTH or node.op in COMPARISONS):
            alone = node.op in STAND_ALONE or is_statement(node.op)
            if not alone or node.id == update:
                waiting.append(node.id)
                return True
        return False

    # -- branches that are expressions ------------------------------------------------------------

    def is_expression(self, item: Branch) -> bool:
        """Whether a Branch is written as ``a and b``, ``a or b`` or ``b if t else c`` (see *Lazy operands* in ARCHITECTURE.md)."""
        known = self.tried.get(item.id)
        if known is None:
            known = self.tried[item.id] = self._try(item)
            if known:
                self.plan.expressions[item.carried[0].port] = item
        return known

    def _try(self, item: Branch) -> bool:
        if len(item.carried) != 1:
            return False
        carry, updates = self.nodes[item.carried[0].port], item.carried[0].updates
        for wire in updates:
            node = self.nodes.get(wire.node or "")
            if node is None or node.name is not None or node.outputs or self.count.get(node.id) != 1:
                return False
        bodies = [(body, wire.node or "") for body, wire in zip(_bodies(item, carry), updates, strict=False)]
        if len(bodies) != len(updates) or not bodies:
            return False
        for body, update in bodies:  # a failed trial leaves no trace: what it took inline would be inline anyway
            if not self.body(body, update):
                return False
        self.plan.inline.update(update for _, update in bodies)
        return True

    # -- nested targets ---------------------------------------------------------------------------

    def _absorb(self, node: Node, opened: set[In]) -> None:
        if node.op == "python.unpack" and len(node.args) == 1 and node.args[0] in opened:
            wire = node.args[0]
            assert isinstance(wire, In)
            if self.plan.reads.get(wire) == 1:
                self.plan.absorbed[wire] = node.id
                opened.update(_unnamed(node))
                return
        opened.clear()
        opened.update(_unnamed(node))

    def _absorb_first(self, item: Loop) -> None:
        var = self.nodes.get(item.var)
        if var is None:
            return
        opened = set(_unnamed(var))
        for inner in item.body:
            node = self.nodes.get(item_key(inner))
            if not opened or node is None or node.op != "python.unpack":
                return
            self._absorb(node, opened)


def _unnamed(node: Node) -> Iterator[In]:
    return (In(node.id, index) for index, name in enumerate(node.outputs) if name is None)


def _is_own(item: Branch, wire: In) -> bool:
    return any(carry.port == wire.node for carry in item.carried)


def _bodies(item: Branch, carry: Node) -> list[tuple[Item, ...]]:
    """The bodies whose last value the variable takes, [] if the Branch has not the form of an expression."""
    if not carry.args:
        return [item.body, item.orelse] if item.body and item.orelse else []
    if item.test != In(carry.id):
        return []
    if item.body and not item.orelse:
        return [item.body]
    return [item.orelse] if item.orelse and not item.body else []
