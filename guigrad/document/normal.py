"""A document in the form in which it can be written as code: legal names that mean what is wired, wherever they are read.

What a parse made has this form already. What a canvas made gets names where code needs them; a name that two values claim is given to
one of them, or the older one keeps a second name (an alias).
"""

from __future__ import annotations

from collections.abc import Iterator
from types import EllipsisType
from typing import Final

from msgspec import structs

from guigrad.document.closures import function_of, is_closure, sound
from guigrad.document.forms import hidden, is_in_place_method, is_statement, rebinds, template_wires
from guigrad.document.mend import mend
from guigrad.document.model import (
    Branch,
    Document,
    Effect,
    Eval,
    In,
    Item,
    Loop,
    Region,
    Sym,
    Value,
    walk,
    wires_in,
)
from guigrad.document.names import PYTHON_NAMES, labels, python_name
from guigrad.document.plan import Plan, plan
from guigrad.document.rewire import rewire_items, rewire_node
from guigrad.document.simulate import simulate
from guigrad.document.variables import prune
from guigrad.ops.lambdas import is_lambda, needs_math

_ROUNDS: Final = 8


def normal(document: Document) -> tuple[Document, Plan]:
    """The document as code can say it, and what that code shows inline."""
    document = _clean(sound(document))
    found = plan(document)
    program = tuple(_tests(document, document.program, found))
    nodes, program = prune(dict(document.nodes), program, set(found.expressions))
    if program != document.program or len(nodes) != len(document.nodes):
        document = structs.replace(document, nodes=nodes, program=program)
        found = plan(document)
    document = _named(document, found)
    for _ in range(_ROUNDS):
        seen = simulate(document, found)
        if not seen:
            break
        document, moved = mend(document, seen)
        if moved:
            found = plan(document)
            document = _named(document, found)
    return document, found


# -- wires to nothing -----------------------------------------------------------------------------


def _clean(document: Document) -> Document:
    """Without wires from nodes that are not evaluated; an index that nothing is wired to is ``...``."""
    known: set[str] = set()
    headers: list[In] = []
    for item in walk(document.program):
        match item:
            case Eval() | Effect():
                known.add(item.node)
            case Loop():
                known.add(item.var)
                headers += wires_in(item.iter)
            case Branch():
                headers += wires_in(item.test)
            case Region():
                headers += wires_in(item.args)
        if isinstance(item, Loop | Branch):
            for carry in item.carried:
                known.add(carry.port)
                headers += carry.updates
    whole = known == document.nodes.keys() and all(wire.node in known for wire in headers)
    if whole and all(wire.node in known for node in document.nodes.values() for wire in template_wires(node)):
        return document
    known &= document.nodes.keys()

    def change(wire: In) -> Value:
        return wire if wire.node is None or wire.node in known else In(None)

    nodes = {}
    for key in document.nodes:
        if key not in known:
            continue
        node = document.nodes[key]
        if any(wire.node is None or wire.node not in known for wire in node.inputs()):
            node = rewire_node(node, change)
            at = 1 if node.op == "operator.getitem" or node.op.startswith(("operator.setitem", "setitem.")) else -1
            if 0 < at < len(node.args) and node.args[at] == In(None):
                node = structs.replace(node, args=(*node.args[:at], ..., *node.args[at + 1 :]))
        nodes[key] = node
    program = tuple(_existing(document.program, known))
    return structs.replace(document, nodes=nodes, program=rewire_items(program, change) if program else ())


def _existing(items: tuple[Item, ...], known: set[str]) -> Iterator[Item]:
    for item in items:
        match item:
            case Eval() | Effect():
                if item.node in known:
                    yield item
            case Branch():
                body, orelse = tuple(_existing(item.body, known)), tuple(_existing(item.orelse, known))
                yield structs.replace(item, body=body, orelse=orelse)
            case Loop() | Region():
                yield structs.replace(item, body=tuple(_existing(item.body, known)))


def _tests(document: Document, items: tuple[Item, ...], found: Plan) -> Iterator[Item]:
    """An ``if`` that tests its own variable (an ``and`` that is not shown as one) tests what the variable starts from."""
    for item in items:
        match item:
            case Branch() if not is_expression(item, found):
                starts = {In(carry.port): document.nodes[carry.port].args[:1] for carry in item.carried}
                (test,) = starts.get(item.test, ()) or (item.test,) if isinstance(item.test, In) else (item.test,)
                body, orelse = (tuple(_tests(document, inner, found)) for inner in (item.body, item.orelse))
                yield structs.replace(item, test=test, body=body, orelse=orelse)
            case Loop() | Region():
                yield structs.replace(item, body=tuple(_tests(document, item.body, found)))
            case _:
                yield item


# -- names ------------------------------------------------------------------------------------------


class _Names:
    """Gives every value that code must name a legal name."""

    def __init__(self, document: Document, found: Plan) -> None:
        self.document = document
        self.plan = found
        self.nodes = dict(document.nodes)
        self.labels: dict[str, str] | None = None
        self.reserved = reserved_names(document)
        self.taken = {name for node in self.nodes.values() for name in (node.name, *node.outputs) if name}
        self.legal: dict[str, str] = {}
        self.counts: dict[str, int] = {}
        for wire, count in found.reads.items():
            self.counts[wire.node or ""] = self.counts.get(wire.node or "", 0) + count

    def name_of(self, wire: Value) -> str | None:
        if not isinstance(wire, In) or wire.node not in self.nodes:
            return None
        node = self.nodes[wire.node]
        return node.outputs[wire.output] if node.outputs and wire.output < len(node.outputs) else node.name

    def label(self, key: str) -> str:
        if self.labels is None:
            self.labels = labels(self.document)
        return self.labels[key]

    def fresh(self, base: str) -> str:
        name = python_name(base.replace("@", "_"))
        if name not in self.taken and name not in PYTHON_NAMES and name not in self.reserved:
            self.taken.add(name)
            return name
        count = 1
        while f"{name}_{count}" in self.taken or f"{name}_{count}" in self.reserved:
            count += 1
        self.taken.add(f"{name}_{count}")
        return f"{name}_{count}"

    def allowed(self, name: str) -> str:
        known = self.legal.get(name)
        if known is None:
            known = name
            if not name.isidentifier() or python_name(name) != name or name in self.reserved:
                known = self.fresh(name)
            self.legal[name] = known
        return known

    def give(self, wire: Value, name: str) -> None:
        """Names a value that has no name yet."""
        if not isinstance(wire, In):
            return
        node = self.nodes.get(wire.node or "")
        if node is None or self.name_of(wire) is not None or node.id in self.plan.inline:
            return
        if node.outputs:
            if wire not in self.plan.absorbed and wire.output < len(node.outputs):
                outputs = (*node.outputs[: wire.output], name, *node.outputs[wire.output + 1 :])
                self.nodes[node.id] = structs.replace(node, outputs=outputs)
        else:
            self.nodes[node.id] = structs.replace(node, name=name)

    def run(self, items: tuple[Item, ...]) -> None:
        for item in items:
            match item:
                case Eval() | Effect():
                    self.node(item)
                case Loop():
                    self.finish(item.var, keep=False)
                    self.run(item.body)
                case Branch() if is_expression(item, self.plan):
                    carry = item.carried[0].port
                    self.run(item.body)
                    self.run(item.orelse)
                    if carry not in self.plan.inline:
                        self.finish(carry)
                case Branch():
                    self.run(item.body)
                    self.run(item.orelse)
                case Region():
                    self.run(item.body)
                    if is_closure(item):
                        self.finish(function_of(self.document, item), keep=False)

    def carries(self, item: Loop | Branch) -> None:
        for carry in item.carried:
            node = self.nodes[carry.port]
            if node.name is None:
                self.give(In(carry.port), self.fresh(self.label(carry.port)))
            name = self.allowed(self.nodes[carry.port].name or "")
            self.nodes[carry.port] = structs.replace(self.nodes[carry.port], name=name)
            for wire in (*carry.updates, *node.inputs()):
                self.give(wire, name)

    def node(self, item: Eval | Effect) -> None:
        node = self.nodes[item.node]
        if node.id in self.plan.inline:
            return
        if node.name is None and not node.outputs and node.args:
            old = self.name_of(node.args[0])
            if old is None and is_statement(node.op) and node.op.startswith("operator.i"):
                old = self.fresh(self.label(node.id))
            alone = isinstance(item, Effect) and not self.counts.get(node.id) and is_in_place_method(node.op)
            if old is not None and (rebinds(node.op) or alone):
                self.nodes[node.id] = structs.replace(node, name=old)
        self.finish(node.id)

    def finish(self, key: str, keep: bool = True) -> None:
        """Names a value that is read, and makes its names legal."""
        node = self.nodes[key]
        if node.outputs:
            outputs = []
            for index, name in enumerate(node.outputs):
                wire = In(key, index)
                if name is None and wire not in self.plan.absorbed:
                    name = self.fresh(f"{self.label(key)}_{index}") if self.plan.reads.get(wire) else "_"
                outputs.append(name and self.allowed(name))
            if tuple(outputs) != node.outputs or node.name is not None:
                self.nodes[key] = structs.replace(node, outputs=tuple(outputs), name=None)
        elif node.name is not None:
            name = self.allowed(node.name)
            if name != node.name:
                self.nodes[key] = structs.replace(node, name=name)
        elif self.counts.get(key) or not keep:
            self.nodes[key] = structs.replace(node, name=self.fresh(self.label(key)))


def is_expression(item: Branch, found: Plan) -> bool:
    """Whether the code shows a Branch as an expression."""
    return bool(item.carried) and item.carried[0].port in found.expressions


def _named(document: Document, found: Plan) -> Document:
    names = _Names(document, found)
    for item in walk(document.program):  # first: what a variable starts from and is updated by takes its name
        if isinstance(item, Loop) or (isinstance(item, Branch) and not is_expression(item, found)):
            names.carries(item)
    for item in reversed(list(walk(document.program))):
        if isinstance(item, Eval | Effect):
            node = names.nodes[item.node]
            if node.name is not None and node.args and rebinds(node.op):
                names.give(node.args[0], node.name)
            for word, value in hidden(node):
                names.give(value, word)
    names.run(document.program)
    return structs.replace(document, nodes=names.nodes)


def reserved_names(document: Document) -> frozenset[str]:
    """Names that the document's code needs for modules and built-ins."""
    found: set[str] = {function.name for function in document.functions.values()}
    for node in document.nodes.values():
        found.add(_root(node.op))
        for value in (*node.args, *(value for _, value in node.kwargs)):
            found.update(_needed(value))
    if "tensor" in found:
        found.update(("torch", "base64", "bytearray"))
    if any(isinstance(item, Region) for item in walk(document.program)):
        found.add("torch")
    return frozenset(found)


def _root(op: str) -> str:
    root, _, rest = op.partition(".")
    if root == "torch":
        return "F" if rest.startswith("nn.functional.") else "" if rest.startswith("Tensor.") else "torch"
    if root == "builtins":
        return rest
    if op == "python.print":
        return "print"
    return root if root in ("math", "tensor") else ""


def _needed(value: object) -> Iterator[str]:
    match value:
        case EllipsisType():
            yield "Ellipsis"
        case Sym(path):
            yield ("math" if needs_math(path) else "min") if is_lambda(path) else _root(path) or "torch"
        case float() | complex():
            text = repr(value)
            if "inf" in text or "nan" in text:
                yield from ("float", "complex")
        case tuple():
            for item in value:
                yield from _needed(item)
        case _ if hasattr(value, "items"):
            yield from _needed(value.items)
