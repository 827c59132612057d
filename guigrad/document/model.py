"""What a document is: nodes in single-assignment form under one ordered program tree.

Everything here is an immutable value. Sequences are tuples; the mappings are plain dicts that nobody changes
(copying a dict of 10,000 nodes costs 0.1 ms, a persistent map would cost more on every read). An argument of a node is a
*Value*: see Note [Values] in document.values.

Note [Variables]
A name that a loop or branch re-binds is a variable: a node with op ``python.carry`` whose only argument is its value
before the item (or no argument when it has none), listed in ``carried`` of that item. Each time one of ``updates`` is evaluated
the variable takes that value. Reads in the body before the re-binding, and every read after the item, are wired to the variable.
So wires stay acyclic, and the engine needs no other rule. The carry node is evaluated where its item starts.

Note [Functions]
A ``def`` is a ``Function`` in ``Document.functions``. The nodes of its body are in ``nodes`` and ``views`` as all others are (ids are
unique in the document); only its program is its own, and no wire crosses its border. A parameter is a node with op ``python.param``,
the parameter's name and, as its only argument, the constant that it takes when a call leaves it out. A name of the surrounding script
that the body reads (its value at the time of the call, as in Python) is a *capture*: a ``python.param`` node too, listed in ``captures``.
A call is a node with op ``def.<function id>``: ``args`` and ``kwargs`` bind the parameters as the code does, and a keyword ``^x`` that no
code shows binds the capture of the name x. Those a function has for the sake of functions that it calls, too. ``result`` is what
``return`` gives: a wire, a template with wires (``return a, b``) or a constant; None without ``return``. A default that is no constant is
a node of the surrounding program, evaluated where the ``def`` stood, and calls that leave the argument out are wired to it.
``document/expand`` puts the body where the call stands; ``document/scope`` shows a body as a document of its own, for edits and views.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TypeAlias

from msgspec import Struct

from guigrad.document.problem import Problem
from guigrad.document.values import DictOf, Format, In, ListOf, Slice, Star, Sym, Value, same, wires_in
from guigrad.ops.spec import Overload

__all__ = [
    "AT_RETURN", "CALL", "CAPTURE", "CLOSURE", "DOC", "PARAM", "RETURN", "TABLES", "Box", "Branch", "Carried", "Comment", "DataSet", "DictOf", "Document", "Effect",
    "Eval", "Format", "Function", "In", "Item", "ListOf", "Loop", "Node", "Note", "Region", "Settings", "Slice",
    "Star", "Sym", "Value", "View", "Wire", "callee", "item_inputs", "item_key", "route_key", "route_port", "same", "walk",
    "wires_in",
]  # fmt: skip


class Node(Struct, frozen=True, eq=False):
    """One evaluated expression: ``op`` applied to a template of arguments.

    ``op`` is the exact callable that runs and that the code shows (``torch.mean``, ``torch.Tensor.mean``,
    ``operator.add`` …), so the three ways to write one sum stay three. ``outputs`` are the names an unpacking gives.
    ``signature`` is that of the function which a call calls, so that its ports can be told without the document. It follows
    from the document, so it is no part of the node's value; ``Diff.apply`` keeps it up.
    """

    id: str
    op: str
    args: tuple[Value, ...] = ()
    kwargs: tuple[tuple[str, Value], ...] = ()
    name: str | None = None
    outputs: tuple[str | None, ...] = ()
    signature: Overload | None = None

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Node):
            return NotImplemented
        mine, its = (self.id, self.op, self.name, self.outputs), (other.id, other.op, other.name, other.outputs)
        return mine == its and same(self.args, other.args) and same(self.kwargs, other.kwargs)

    def __ne__(self, other: object) -> bool:  # msgspec's own would compare identities
        return not self == other

    def __hash__(self) -> int:
        return hash((self.id, self.op))

    def inputs(self) -> Iterator[In]:
        """Every ``In`` of the template in evaluation order, unwired ones included."""
        for value in self.args:
            yield from wires_in(value)
        for _, value in self.kwargs:
            yield from wires_in(value)


class Eval(Struct, frozen=True, tag=True):
    """Evaluate a node."""

    node: str


class Effect(Struct, frozen=True, tag=True):
    """Do what a node does (backward, print, an in-place op …); its value, if any, is the node's value."""

    node: str


class Carried(Struct, frozen=True):
    """A variable of a loop or branch. See Note [Variables]."""

    port: str
    updates: tuple[In, ...] = ()


class Loop(Struct, frozen=True, tag=True):
    """``for var in iter: body``; ``var`` is the id of a ``python.loop_var`` node."""

    id: str
    var: str
    iter: Value
    body: tuple[Item, ...] = ()
    carried: tuple[Carried, ...] = ()


class Branch(Struct, frozen=True, tag=True):
    """``if test: body else: orelse``."""

    id: str
    test: Value
    body: tuple[Item, ...] = ()
    orelse: tuple[Item, ...] = ()
    carried: tuple[Carried, ...] = ()


class Region(Struct, frozen=True, tag=True):
    """``with torch.no_grad(): body``; ``kind`` is no_grad, enable_grad, inference_mode or set_grad_enabled.

    "closure": the ``def`` of a function that a step calls. See Note [Closures] in document.closures.
    """

    id: str
    kind: str
    body: tuple[Item, ...] = ()
    args: tuple[Value, ...] = ()


Item: TypeAlias = Eval | Effect | Loop | Branch | Region


class Function(Struct, frozen=True, eq=False):
    """A ``def``. See Note [Functions].

    ``params`` and ``captures`` are ids of ``python.param`` nodes; ``positional_only`` counts the first, ``keyword_only`` the last of
    ``params`` that can be given in one way alone. ``decor`` are ids of the boxes and notes on this function's canvas.
    """

    id: str
    name: str
    params: tuple[str, ...] = ()
    captures: tuple[str, ...] = ()
    program: tuple[Item, ...] = ()
    result: Value = None
    positional_only: int = 0
    keyword_only: int = 0
    decor: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Function):
            return NotImplemented
        plain = ("id", "name", "params", "captures", "positional_only", "keyword_only", "decor")
        return (
            all(getattr(self, field) == getattr(other, field) for field in plain)
            and same(self.result, other.result)
            and (self.program is other.program or repr(self.program) == repr(other.program))
        )

    def __ne__(self, other: object) -> bool:  # msgspec's own would compare identities
        return not self == other

    def __hash__(self) -> int:
        return hash((self.id, self.name))


CALL = "def."
"""How the op of a call begins; the id of its function follows."""

PARAM = "python.param"
RETURN = "python.return"
"""The op of the node that stands for a function's result in the document that shows its body (see document.scope)."""

CAPTURE = "^"
"""First letter of a keyword that binds a capture."""

CLOSURE = "python.closure"
"""The op of a function that an optimizer's step calls. See Note [Closures] in document.closures."""


AT_RETURN, DOC = "/return", "/doc"
"""What follows a function's id in the keys of the comment at its ``return`` and of its docstring."""


def callee(node: Node) -> str | None:
    """The id of the function that a node calls; None for every other node."""
    return node.op[len(CALL) :] if node.op.startswith(CALL) else None


class View(Struct, frozen=True):
    """Where a node's card lies on the canvas, in canvas units (px at zoom 1), and how it is shown.

    ``slider`` is (lowest, highest, step) of the slider on the face of a number; None: there is none. ``muted`` is what a node was
    that only passes its first input on now (then its op is ``python.alias``), so that it can be that again.
    """

    x: float = 0.0
    y: float = 0.0
    collapsed: bool = False
    slider: tuple[float, float, float] | None = None
    muted: Node | None = None


class Box(Struct, frozen=True):
    """A titled frame drawn around nodes."""

    id: str
    title: str = ""
    x: float = 0.0
    y: float = 0.0
    width: float = 320.0
    height: float = 200.0


class Note(Struct, frozen=True):
    """A text on the canvas, in Markdown; ``arrows`` are ids of the nodes that it points at."""

    id: str
    text: str = ""
    x: float = 0.0
    y: float = 0.0
    width: float = 240.0
    height: float = 96.0
    arrows: tuple[str, ...] = ()


class Comment(Struct, frozen=True):
    """Comments around one item: whole lines before it ("" is a blank line, "# …" a comment) and one behind it."""

    before: tuple[str, ...] = ()
    after: str = ""


class DataSet(Struct, frozen=True):
    """Which leaves are the points of a data set, and what they were made of; the values themselves are in the leaves.

    ``kind`` is the name of a built-in set or of a file format, ``settings`` what it was made with: plain values, and lists of them.
    The others are node ids: the leaf of the inputs, and where there are some of the targets and of both for testing.
    """

    id: str
    name: str = ""
    kind: str = ""
    settings: Mapping[str, object] = {}
    inputs: str = ""
    targets: str | None = None
    test_inputs: str | None = None
    test_targets: str | None = None

    def leaves(self) -> tuple[str, ...]:
        """The ids of its leaves."""
        return tuple(key for key in (self.inputs, self.targets, self.test_inputs, self.test_targets) if key)


class Settings(Struct, frozen=True):
    """Document-wide choices; ``device`` is a wish, ``root`` the node that F6 differentiates, ``exercise`` what is blanked when the document
    is opened, as (node id, "value", "grad" or "shape"). ``landscape``: the document opens with its landscape in front, of these two entries from
    least to greatest, (x, y, x0, x1, y0, y1).
    """

    title: str = ""
    device: str = "cpu"
    root: str | None = None
    about: str = ""
    exercise: tuple[tuple[str, str], ...] = ()
    landscape: tuple[str, str, float, float, float, float] | tuple[()] = ()


class Wire(Struct, frozen=True):
    """One wire, derived from a template: (source node, output) to (target node, port path)."""

    source: str
    output: int
    target: str
    path: str


class Document(Struct, frozen=True, dict=True, eq=False):
    """The whole document. ``problems``, ``lines`` and ``path`` tell where it was read from and are not part of its value.

    ``comments`` are keyed by item key (node id, or loop/branch/region/function id), "" for the lines after the last item and
    "^" for those above the imports. ``lines`` maps an item key to (line, column), both counted from 1 and 0.
    ``extra`` keeps what a newer version wrote. ``routes`` are the points that a wire is led through on the canvas, by the port where
    it ends (``route_key``).
    """

    nodes: Mapping[str, Node] = {}
    program: tuple[Item, ...] = ()
    views: Mapping[str, View] = {}
    boxes: Mapping[str, Box] = {}
    notes: Mapping[str, Note] = {}
    comments: Mapping[str, Comment] = {}
    settings: Settings = Settings()
    extra: Mapping[str, object] = {}
    functions: Mapping[str, Function] = {}
    routes: Mapping[str, tuple[tuple[float, float], ...]] = {}
    datasets: Mapping[str, DataSet] = {}
    problems: tuple[Problem, ...] = ()
    lines: Mapping[str, tuple[int, int]] = {}
    path: str = ""

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Document):
            return NotImplemented
        return all(getattr(self, field) == getattr(other, field) for field in TABLES) and repr(self.program) == repr(
            other.program
        )

    def __ne__(self, other: object) -> bool:  # msgspec's own would compare identities
        return not self == other

    def __hash__(self) -> int:
        return hash((len(self.nodes), len(self.program)))

    @cached_property
    def consumers(self) -> Mapping[str, tuple[str, ...]]:
        """For each node id the keys of the nodes and items that read it, in program order, repeats included."""
        found: dict[str, list[str]] = {key: [] for key in self.nodes}
        for item in walk(self.program):
            for wire in item_inputs(self, item):
                if wire.node is not None and wire.node in found:
                    found[wire.node].append(item_key(item))
        return {key: tuple(value) for key, value in found.items()}

    def canonical(self) -> Document:
        """The program alone: ids counted in program order, no layout, no comments, names as the code shows them."""
        from guigrad.document.canonical import canonical  # a cycle otherwise: canonical builds Documents

        return canonical(self)


TABLES = ("nodes", "views", "boxes", "notes", "comments", "settings", "extra", "functions", "routes", "datasets")
"""Fields that make up a document's value beside ``program``."""


def route_key(target: str, path: str) -> str:
    """The key of a wire's route: the node and the port where it ends."""
    return f"{target}:{path}"


def route_port(key: str) -> tuple[str, str]:
    """The node and the port of a route's key."""
    target, _, path = key.rpartition(":")
    return target, path


def item_key(item: Item) -> str:
    """The id an item is known by: its node's for Eval and Effect, its own for the others."""
    return item.node if isinstance(item, Eval | Effect) else item.id


def walk(items: tuple[Item, ...]) -> Iterator[Item]:
    """Every item of the tree in program order, a Loop, Branch or Region before its body."""
    for item in items:
        yield item
        match item:
            case Loop() | Region():
                yield from walk(item.body)
            case Branch():
                yield from walk(item.body)
                yield from walk(item.orelse)


def item_inputs(document: Document, item: Item) -> Iterator[In]:
    """What an item itself reads (not what its body reads)."""
    match item:
        case Eval() | Effect():
            node = document.nodes.get(item.node)
            if node is not None:
                yield from node.inputs()
        case Loop():
            yield from wires_in(item.iter)
            for carry in item.carried:
                yield from document.nodes[carry.port].inputs()
        case Branch():
            yield from wires_in(item.test)
            for carry in item.carried:
                yield from document.nodes[carry.port].inputs()
        case Region():
            yield from wires_in(item.args)
