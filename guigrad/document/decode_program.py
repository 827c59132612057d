"""The program of a file: items from JSON, then mended until every item has its node and every wire comes from before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from guigrad.document.decode import MAX_DEPTH, Reading, read_value
from guigrad.document.model import (
    CLOSURE,
    Branch,
    Carried,
    Effect,
    Eval,
    In,
    Item,
    Loop,
    Node,
    Region,
    Value,
)
from guigrad.document.template import map_value, map_wires

REGIONS = ("no_grad", "enable_grad", "inference_mode", "set_grad_enabled", "closure")


class ProgramReader:
    """Reads one program; ``nodes`` grows by what an item needs and the file forgot, and loses what no item can hold."""

    def __init__(self, nodes: dict[str, Node], reading: Reading) -> None:
        self.nodes = nodes
        self.reading = reading
        self.seen: set[str] = set()

    def program(self, raw: Any) -> tuple[Item, ...]:
        """The whole program. Nodes that it forgot are evaluated at its end, unless an unknown item may hold them."""
        items = self.body(raw, "", 0)
        forgotten = [key for key in self.nodes if key not in self.seen]
        if forgotten and not self.reading.unknown_items:
            named = ", ".join(forgotten[:5]) + (" …" if len(forgotten) > 5 else "")
            self.reading.tell(f"not in the program, now at its end: {named}", severity="warning")
            items += tuple(Eval(key) for key in forgotten)
        return Wires(self.nodes, self.reading).mend(items)

    def function(self, raw: Any, result: Any, key: str, params: set[str]) -> tuple[tuple[Item, ...], Value]:
        """The body and the result of a function."""
        items = self.body(raw, key, 1)
        wires = Wires(self.nodes, self.reading)
        wires.visible = params
        mended = wires.mend(items)
        return mended, wires.value(self._value(result, key), key)

    def body(self, raw: Any, container: str, depth: int) -> tuple[Item, ...]:
        """The items of one body."""
        if not isinstance(raw, list) or depth > MAX_DEPTH:
            self.reading.tell(
                "a part of the program is no list of items" if depth <= MAX_DEPTH else "bodies nested too deeply"
            )
            return ()
        items: list[Item] = []
        last = ""
        for record in raw:
            item = self.item(record, depth)
            if item is not None:
                items.append(item)
                last = item.node if isinstance(item, Eval | Effect) else item.id
            elif not self._is_known(record):
                self.reading.tell("an item of the program is not known to this version; it is kept", severity="warning")
                self.reading.unknown_items.append({"in": container, "after": last, "item": record})
        return tuple(items)

    def item(self, raw: Any, depth: int) -> Item | None:
        """One item; None when it is unknown, or wrong (then with a problem)."""
        match raw:
            case str():
                return Eval(raw) if self.take(raw) else None
            case {"effect": str(key), **rest} if not rest:
                return Effect(key) if self.take(key) else None
            case {"loop": str(key), "var": str(var), **rest} if rest.keys() <= {"iter", "carried", "body"}:
                if not self.own(key):
                    return None
                self.take(var, "python.loop_var")
                carried = self._carried(rest.get("carried", []))
                body = self.body(rest.get("body", []), key, depth + 1)
                return Loop(key, var, self._value(rest.get("iter"), key), body, carried)
            case {"if": str(key), **rest} if rest.keys() <= {"test", "carried", "then", "else"}:
                if not self.own(key):
                    return None
                carried = self._carried(rest.get("carried", []))
                body = self.body(rest.get("then", []), key, depth + 1)
                orelse = self.body(rest.get("else", []), f"{key}/else", depth + 1)
                return Branch(key, self._value(rest.get("test"), key), body, orelse, carried)
            case {"with": str(key), "kind": str(kind), **rest} if kind in REGIONS and rest.keys() <= {"args", "body"}:
                args = rest.get("args", [])
                if not isinstance(args, list) or not self.own(key):
                    return None
                return Region(
                    key,
                    kind,
                    self.body(rest.get("body", []), key, depth + 1),
                    tuple(self._value(arg, key) for arg in args),
                )
        return None

    @staticmethod
    def _is_known(raw: Any) -> bool:
        """An item of a known kind that was left out for a reason already told."""
        return isinstance(raw, str) or (
            isinstance(raw, dict) and list(raw) == ["effect"] and isinstance(raw["effect"], str)
        )

    def _value(self, raw: Any, key: str) -> Value:
        return read_value(raw, self.reading, key)

    def own(self, key: str) -> bool:
        """Claims the id of a loop, branch or region."""
        if not key or key in self.seen or key in self.nodes:
            self.reading.tell(f"the id {key[:60]!r} is used twice", key)
            return False
        self.seen.add(key)
        return True

    def take(self, key: str, missing_op: str = "") -> bool:
        """Claims a node for an item; False, with a problem, when there is none or another item has it."""
        if key in self.seen:
            self.reading.tell(f"{key[:60]} is evaluated twice", key)
            return False
        if key not in self.nodes:
            if not missing_op or not key:
                self.reading.tell(f"the program names {key[:60]!r}, which does not exist", key)
                return False
            self.nodes[key] = Node(key, missing_op)
        self.seen.add(key)
        return True

    def _carried(self, raw: Any) -> tuple[Carried, ...]:
        result = []
        for record in raw if isinstance(raw, list) else ():
            port = record.get("port") if isinstance(record, dict) else None
            if not isinstance(port, str) or not self.take(port):
                continue
            updates = record.get("updates", [])
            wires = [self._value(update, port) for update in updates] if isinstance(updates, list) else []
            result.append(Carried(port, tuple(wire for wire in wires if isinstance(wire, In))))
        return tuple(result)


class Wires:
    """Cuts wires that come from nowhere, from later, or from inside a loop or branch that the reader is not in."""

    def __init__(self, nodes: dict[str, Node], reading: Reading) -> None:
        self.nodes = nodes
        self.reading = reading
        self.visible: set[str] = set()

    def mend(self, items: Iterable[Item]) -> tuple[Item, ...]:
        """The items with sound wires; ``nodes`` is changed likewise."""
        return tuple(self._item(item) for item in items)

    def _item(self, item: Item) -> Item:
        match item:
            case Eval() | Effect():
                self._node(item.node)
                return item
            case Loop():
                head = self.value(item.iter, item.id)
                self._carries(item.carried)
                body = self._inside(item.body, item.var)
                return Loop(item.id, item.var, head, body, self._updates(item.carried, body, item.var))
            case Branch():
                self._carries(item.carried)  # first: the test of an ``a or b`` reads its own variable
                test = self.value(item.test, item.id)
                body, orelse = self._inside(item.body), self._inside(item.orelse)
                return Branch(item.id, test, body, orelse, self._updates(item.carried, body + orelse))
            case Region(kind="closure"):
                body = self._inside(item.body)
                known = (one.node for one in body if isinstance(one, Eval) and self.nodes[one.node].op == CLOSURE)
                self.visible.add(next(known, ""))  # the function alone is seen outside
                return Region(item.id, item.kind, body)
            case Region():
                args = tuple(self.value(value, item.id) for value in item.args)
                return Region(item.id, item.kind, self.mend(item.body), args)

    def _inside(self, items: tuple[Item, ...], var: str = "") -> tuple[Item, ...]:
        outside = set(self.visible)
        self.visible.add(var)
        body = self.mend(items)
        self.visible = outside
        return body

    def _carries(self, carried: tuple[Carried, ...]) -> None:
        for carry in carried:
            self._node(carry.port)

    def _updates(self, carried: tuple[Carried, ...], body: tuple[Item, ...], var: str = "") -> tuple[Carried, ...]:
        """A variable takes values from inside its own item only."""
        inside = set(_defined(body)) | ({var} if var else set())
        result = []
        for carry in carried:
            kept = tuple(wire for wire in carry.updates if wire.node in inside)
            if kept != carry.updates:
                self.reading.tell(f"{carry.port} takes a value that its loop or branch does not make; cut", carry.port)
            result.append(Carried(carry.port, kept))
        return tuple(result)

    def _node(self, key: str) -> None:
        self.nodes[key] = map_wires(self.nodes[key], lambda wire: self._wire(wire, key))
        self.visible.add(key)

    def value(self, value: Value, key: str) -> Value:
        """A template value with sound wires."""
        return map_value(value, lambda wire: self._wire(wire, key))

    def _wire(self, wire: In, key: str) -> In:
        source = wire.node
        if source is None:
            return wire if wire.output == 0 else In()
        if source not in self.nodes:
            self.reading.tell(f"{key} reads {source[:60]!r}, which does not exist; the port is open now", key)
            return In()
        if source not in self.visible:
            self.reading.tell(f"{key} reads {source[:60]}, which is not computed before it; the port is open now", key)
            return In()
        if wire.output >= max(1, len(self.nodes[source].outputs)):
            self.reading.tell(
                f"{key} reads output {wire.output} of {source[:60]}, which has fewer; the port is open now", key
            )
            return In()
        return wire


def _defined(items: Iterable[Item]) -> Iterable[str]:
    for item in items:
        match item:
            case Eval() | Effect():
                yield item.node
            case Loop() | Branch():
                yield from (carry.port for carry in item.carried)
                if isinstance(item, Loop):
                    yield item.var
                yield from _defined(item.body)
                if isinstance(item, Branch):
                    yield from _defined(item.orelse)
            case Region():
                yield from _defined(item.body)
