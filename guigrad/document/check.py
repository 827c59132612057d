"""What is wrong with a document, found without running anything and without torch."""

from __future__ import annotations

import re
from collections.abc import Iterator

from guigrad.document import order, template
from guigrad.document.array import ArrayData
from guigrad.document.binding import binding_of, heads, is_required, kind
from guigrad.document.calls import cycle
from guigrad.document.closures import function_of, is_closure
from guigrad.document.connect import why_not_connect as why_not_connect
from guigrad.document.decode import is_name
from guigrad.document.encode import UNKNOWN
from guigrad.document.forms import misplaced
from guigrad.document.kinds import result_kind
from guigrad.document.model import (
    CALL,
    Branch,
    Document,
    Effect,
    Eval,
    In,
    Item,
    ListOf,
    Loop,
    Node,
    Region,
    Sym,
    Value,
    callee,
    wires_in,
)
from guigrad.document.model import (
    walk as every,
)
from guigrad.document.ports import path_of
from guigrad.document.problem import Fix, Problem
from guigrad.document.recorded import WHY
from guigrad.document.scope import body_keys, inside
from guigrad.ops import table
from guigrad.ops.bind import Kind, bind_overloads
from guigrad.ops.lambdas import LambdaError, function, is_lambda
from guigrad.ops.search import search

DEVICES = re.compile(
    r"(auto|cpu|cuda|mps|xpu|meta|hip|xla|hpu|mtia|maia|ipu|vulkan|privateuseone|mkldnn|opengl|opencl|ideep|ve|fpga|lazy)(:\d+)?"
)
"""Devices that torch has words for, and ``auto``."""

OPEN = "open"
"""Kind of the problem that an input has no wire: nothing has gone wrong yet, something is left to do."""

_INTEGERS = frozenset(
    ("uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64", "bool", "int", "long", "short")
)
_MODULES = frozenset(("torch", "F", "math"))


def check(document: Document) -> tuple[Problem, ...]:
    """Every problem that shows without running, in program order."""
    return Checker().check(document)


Known = tuple[Node, tuple[Problem, ...], dict[In, Kind]]
"""A node as it was, its own problems, and what its outputs give."""


_NO_FUNCTION = "Undo, or put what it holds outside of it."
_LEAVE = "it can only be the last thing in an if of a loop"


class Checker:
    """Checks documents one after the other; what a node says of itself is worked out once and kept while it stays the same."""

    def __init__(self) -> None:
        self._own: dict[str, Known] = {}

    def check(self, document: Document) -> tuple[Problem, ...]:
        """As the function ``check``; after an edit only changed nodes are looked at closely."""
        found: list[Problem] = list(_labelled(document, list(_settings(document))))
        kept: dict[str, Known] = {}
        for scope in ("", *document.functions):  # each body is a program of its own
            part = inside(document, scope)
            walk = _Walk(part, self._own)
            walk.body(part.program)
            here = walk.problems
            here += [Problem(_LEAVE, "order", node_id=key) for key in misplaced(part, part.program)]
            for key in part.nodes.keys() - walk.seen:
                if not document.extra.get("program"):  # an item that a newer version wrote may hold it
                    here.append(Problem("this node is not in the program", "order", node_id=key))
            found += _labelled(part, here)
            kept |= walk.kept
        self._own = kept
        return (*found, *_circles(document), *_recorded(document))


def _circles(document: Document) -> Iterator[Problem]:
    """Functions that call each other in a circle: nothing ends that."""
    bodies = {key: body_keys(function) for key, function in document.functions.items()}
    circle = cycle(document.nodes, document.functions, bodies) if bodies else []
    if circle:
        names = " → ".join(document.functions[key].name for key in circle)
        first = document.functions[circle[0]]
        call = next((key for key in bodies[circle[-2]] if document.nodes[key].op == CALL + first.id), "")
        yield Problem(f"{first.name} calls itself ({names}), and that has no end here", "type", node_id=call)


class _Walk:
    def __init__(self, document: Document, known: dict[str, Known]) -> None:
        self.document = document
        self.known = known
        self.kept: dict[str, Known] = {}
        self.problems: list[Problem] = []
        self.visible: set[str] = set()
        self.seen: set[str] = set()

    def body(self, items: tuple[Item, ...]) -> None:
        for item in items:
            match item:
                case Eval() | Effect():
                    self.node(item.node)
                case Loop():
                    self.head(item.id, item.iter, "iter")
                    for carry in item.carried:
                        self.node(carry.port)
                    if not item.body:
                        self.tell("this loop has nothing in it", "order", item.id, severity="warning")
                    self.inside(item.body, item.var)
                case Branch():
                    for carry in item.carried:  # first: the test of an ``a or b`` reads its own variable
                        self.node(carry.port)
                    self.head(item.id, item.test, "test")
                    self.inside(item.body)
                    self.inside(item.orelse)
                case Region(kind="closure"):
                    self.closure(item)
                case Region():
                    self.head(item.id, item.args, "args")
                    self.body(item.body)

    def closure(self, item: Region) -> None:
        """The function alone is seen outside. See Note [Closures] in document.closures."""
        self.inside(item.body)
        if any(is_closure(inner) for inner in every(item.body)):
            self.tell(
                "a function that a step calls cannot stand inside another one", "order", item.id, why=_NO_FUNCTION
            )
        key = function_of(self.document, item)
        if key:
            self.visible.add(key)
        else:
            self.tell("this function gives nothing: the node of it is gone", "order", item.id, why=_NO_FUNCTION)

    def inside(self, items: tuple[Item, ...], var: str | None = None) -> None:
        outside = set(self.visible)
        if var is not None:
            self.define(var)
        self.body(items)
        self.visible = outside

    def tell(self, message: str, kind_: str, key: str, severity: str = "error", why: str = "") -> None:
        self.problems.append(Problem(message, kind_, node_id=key, why=why, severity=severity))

    def define(self, key: str) -> None:
        if key not in self.document.nodes:
            self.tell(f"the program names {key!r}, which does not exist", "order", key)
        elif key in self.seen:
            self.tell("this is evaluated twice", "order", key)
        self.visible.add(key)
        self.seen.add(key)

    def head(self, key: str, value: Value, path: str) -> None:
        for wire in wires_in(value):
            if wire.node is None:
                self.tell(f"nothing is wired to {path}", OPEN, key)
            else:
                self.wire(key, wire)

    def node(self, key: str) -> None:
        node = self.document.nodes.get(key)
        if node is not None:
            known = self.known.get(key)
            if known is None or known[0] is not node:
                known = (node, tuple(_node_problems(node)), {})
            self.kept[key] = known
            self.problems += known[1]
            wires = [wire for wire in node.inputs() if wire.node is not None]
            for wire in wires:
                self.wire(key, wire)
            if wires and not known[1]:
                self.types(node, {wire: self.gives(wire) for wire in wires})
        self.define(key)

    def wire(self, key: str, wire: In) -> None:
        source = self.document.nodes.get(wire.node or "")
        if source is None:
            self.tell(f"it reads {wire.node!r}, which does not exist", "order", key)
        elif source.id not in self.visible:
            name = order.name(self.document, source.id)
            self.tell(f"it reads {name}, which is not computed before it", "order", key)
        elif wire.output >= max(1, len(source.outputs)):
            self.tell(
                f"it reads output {wire.output} of {order.name(self.document, source.id)}, which has fewer",
                "order",
                key,
            )

    def gives(self, wire: In) -> Kind:
        known = self.kept.get(wire.node or "")
        if known is None:
            return "any"
        word = known[2].get(wire)
        if word is None:
            word = result_kind(self.document, wire)
            if known[0].op != "python.alias":  # what that gives depends on another node
                known[2][wire] = word
        return word

    def types(self, node: Node, given: dict[In, Kind]) -> None:
        """Whether what comes along the wires fits: only where a wire surely carries something else than a tensor."""
        if all(word in ("Tensor", "any") for word in given.values()):
            return

        def known(value: Value) -> Kind:
            if isinstance(value, In):
                return given[value]
            if isinstance(value, tuple | ListOf):
                return tuple(known(item) for item in template.children(value))
            return kind(value)

        args, kwargs = tuple(map(known, node.args)), tuple((name, known(value)) for name, value in node.kwargs)
        if args and isinstance(node.args[0], In) and node.op.split(".")[0] not in ("torch", "operator", "python"):
            args = ("any", *args[1:])  # a method of Python's types: that of whatever object comes along runs
        found = binding_of(node.op, args, kwargs)
        if found is not None and found.problem and not _open_ended(node):
            self.tell(found.problem, "type", node.id)


def _node_problems(node: Node) -> Iterator[Problem]:
    """What is wrong with a node whatever is wired to it."""
    key = node.id
    for name in (node.name, *node.outputs):
        if name is not None and (not is_name(name) or name in _MODULES):
            yield Problem(f"{name!r} cannot be the name of a value", "name", node_id=key)
    if callee(node) is not None and node.signature is not None:
        args, kwargs = tuple(map(kind, node.args)), tuple((name, kind(value)) for name, value in node.kwargs)
        bound = bind_overloads((node.signature,), args, dict(kwargs))
        missing = [path for path in open_ports(node) if path.partition("[")[0] not in dict(kwargs)]
        if bound.problem and not missing:
            yield Problem(bound.problem, "type", node_id=key)
        elif missing and all(wire.node is not None for wire in node.inputs()):
            names = ", ".join(path.lstrip("^") for path in missing)
            why = f"Wire something to {names}, or type a value."
            yield Problem(f"nothing is wired to {names}", OPEN, node_id=key, why=why)
    elif table.find(node.op) is None:
        if not node.op.startswith(("setattr.", "setitem.", "getattr.")):
            yield _unknown(node)
    else:
        binding = binding_of(
            node.op, tuple(map(kind, node.args)), tuple((name, kind(value)) for name, value in node.kwargs)
        )
        if binding is not None and binding.problem and not _open_ended(node):
            yield Problem(binding.problem, "type", node_id=key)
    if any(wire.node is None for wire in node.inputs()):
        yield _open(node)
    for value in (*node.args, *(value for _, value in node.kwargs)):
        yield from _value_problems(node, value)
    yield from _integers_with_grad(node)


def _recorded(document: Document) -> Iterator[Problem]:
    """One word for all nodes of a live graph, at the first of them."""
    keys = [key for key, node in document.nodes.items() if node.op.startswith(table.RECORDED)]
    if keys:
        text = (
            f"{len(keys)} {'node was' if len(keys) == 1 else 'nodes were'} recorded from a live graph and cannot be run"
        )
        yield from _labelled(document, [Problem(text, "recorded", node_id=keys[0], why=WHY, severity="warning")])


def _unknown(node: Node) -> Problem:
    short = node.op.rpartition(".")[2]
    similar = [row.targets[0] for row in search(short, 3)] if len(short) > 2 else []
    why = f"Similar: {', '.join(similar)}." if similar else ""
    return Problem(f"no op is called {node.op}", "unknown op", node_id=node.id, why=why)


def _value_problems(node: Node, value: Value) -> Iterator[Problem]:
    if isinstance(value, Sym):
        if is_lambda(value.path):
            try:
                function(value.path)
            except LambdaError as error:
                yield Problem(str(error), "type", node_id=node.id)
        elif value.path.startswith(UNKNOWN):
            yield Problem("an argument that this version does not understand", "file", node_id=node.id)
        elif not table.is_symbol(value.path) and table.find(value.path) is None:
            yield Problem(f"no constant is called {value.path}", "name", node_id=node.id)
        return
    for part in template.children(value):
        yield from _value_problems(node, part)


def _open_ended(node: Node) -> bool:
    """``out=`` is not among the parameters of the catalogue, and a text may be formatted with any names."""
    return node.op == "str.format" or any(name == "out" for name, _ in node.kwargs)


def _open(node: Node) -> Problem:
    """What a node with open ports needs: one problem, however many they are."""
    places: list[template.Place] = [(i,) for i in range(len(node.args))] + [(name,) for name, _ in node.kwargs]
    paths = [
        path_of(node, (*place, *steps))
        for place in places
        for steps, _, leaf in template.leaves(template.get(node, place))
        if isinstance(leaf, In) and leaf.node is None
    ]
    names = " and ".join(part for part in (", ".join(paths[:-1]), *paths[-1:]) if part) or "a port"
    why = f"Wire something to {names}, or type a value."
    return Problem(f"nothing is wired to {names}", OPEN, node_id=node.id, why=why)


def _integers_with_grad(node: Node) -> Iterator[Problem]:
    given = dict(node.kwargs)
    if given.get("requires_grad") is not True:
        return
    dtype = given.get("dtype")
    whole = isinstance(dtype, Sym) and dtype.path.rpartition(".")[2] in _INTEGERS
    fixes: tuple[Fix, ...] = (Fix("Make it float32", "set_dtype", (node.id, "torch.float32")),)
    if not whole and "dtype" not in given and node.args:
        if node.op == "torch.tensor":
            leaves = [leaf for _, _, leaf in template.leaves(node.args[0])]
            whole = bool(leaves) and all(isinstance(leaf, int) for leaf in leaves)
            fixes = (
                (Fix("Write the numbers as floats", "set_value", (node.id, _as_floats(node.args[0]))), *fixes)
                if whole
                else ()
            )
        elif node.op in ("torch.arange", "torch.full"):
            numbers = node.args if node.op == "torch.arange" else node.args[1:2]
            whole = bool(numbers) and all(isinstance(value, int) for value in numbers)
        elif node.op == "tensor.data" and isinstance(node.args[0], ArrayData):
            whole, fixes = node.args[0].dtype in _INTEGERS, ()
    if whole or node.op == "torch.randint":
        text = "Only Tensors of floating point and complex dtype can require gradients"
        why = "A whole number cannot change by a little, so it has no derivative."
        yield Problem(text, "autograd", node_id=node.id, error="RuntimeError", why=why, fixes=fixes)


def _as_floats(value: Value) -> Value:
    if isinstance(value, tuple | ListOf):
        return ListOf(tuple(_as_floats(item) for item in template.children(value)))
    return float(value) if isinstance(value, int) else value


def _settings(document: Document) -> Iterator[Problem]:
    settings = document.settings
    if not DEVICES.fullmatch(settings.device):
        fix = Fix("Use the CPU", "set_device", ("cpu",))
        yield Problem(f"no device is called {settings.device[:60]!r}", "device", fixes=(fix,))
    if settings.root is not None and settings.root not in document.nodes:
        yield Problem("the root of backward does not exist", "name")


def _labelled(document: Document, problems: list[Problem]) -> tuple[Problem, ...]:
    """The problems with the labels of their nodes."""
    if not any(problem.node_id in document.nodes for problem in problems):
        return tuple(problems)
    from guigrad.document.names import labels  # walks the whole program: only when there is something to tell

    known = labels(document)
    result = []
    for problem in problems:
        line, column = document.lines.get(problem.node_id, (0, 0))
        fields = {name: getattr(problem, name) for name in problem.__struct_fields__}
        fields |= {
            "node": known.get(problem.node_id, ""),
            "line": problem.line or line,
            "column": problem.column or (column + 1 if line else 0),
        }
        result.append(Problem(**fields))
    return tuple(result)


def open_ports(node: Node) -> tuple[str, ...]:
    """The paths of the ports that need a wire."""
    found, overload = heads(node)
    given = {head.param.name for head in found if head.param}
    paths = [
        path_of(node, (*head.place, *steps))
        for head in found
        for steps, _, leaf in template.leaves(template.get(node, head.place))
        if isinstance(leaf, In) and leaf.node is None
    ]
    return (*paths, *(p.name for p in (overload.params if overload else ()) if is_required(p) and p.name not in given))
