"""What a document is: nodes in single-assignment form under one ordered program tree.

Everything here is an immutable value. Sequences are tuples; the mappings are plain dicts that nobody changes
(copying a dict of 10,000 nodes costs 0.1 ms, a persistent map would cost more on every read).

Note [Values]
An argument of a node is a *Value*: ``None``, ``bool``, ``int``, ``float``, ``complex``, ``str``, ``Ellipsis``, a tuple of
Values, or one of ``In``, ``Sym``, ``Slice``, ``ListOf``, ``DictOf``, ``Star``, ``Format``, ``ArrayData`` below.
``In(None)`` is a port that nothing is wired to.

Note [Variables]
A name that a loop or branch re-binds is a variable: a node with op ``python.carry`` whose only argument is its value
before the item (or no argument when it has none), listed in ``carried`` of that item. Each time one of ``updates`` is evaluated
the variable takes that value. Reads in the body before the re-binding, and every read after the item, are wired to the variable.
So wires stay acyclic, and the engine needs no other rule. The carry node is evaluated where its item starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from types import EllipsisType
from typing import TypeAlias, Union

from msgspec import Struct

from guigrad.document.array import ArrayData
from guigrad.document.problem import Problem


class In(Struct, frozen=True):
    """A place in an argument template where a wire comes in.

    ``output`` counts the names of an unpacking node (``v, i = x.max(0)``); for every other node 0 is its whole value.
    """

    node: str | None = None
    output: int = 0


class Sym(Struct, frozen=True):
    """A constant known by its dotted name: ``torch.float32``, ``torch.pi``, ``math.e``, ``torch.channels_last``."""

    path: str


class Slice(Struct, frozen=True):
    """``start:stop:step`` inside an index."""

    start: Value = None
    stop: Value = None
    step: Value = None


class ListOf(Struct, frozen=True):
    """A list display ``[a, b]`` (a tuple display is a plain tuple)."""

    items: tuple[Value, ...] = ()


class DictOf(Struct, frozen=True):
    """A dict display ``{"params": [w]}`` in source order."""

    items: tuple[tuple[Value, Value], ...] = ()


class Star(Struct, frozen=True):
    """``*value`` in a call."""

    value: Value


class Format(Struct, frozen=True):
    """One ``{value!conversion:spec}`` of an f-string (``{x=}`` is split into its text and the value)."""

    value: Value
    conversion: str = ""
    spec: tuple[Value, ...] = ()


Value: TypeAlias = Union[
    None, bool, int, float, complex, str, EllipsisType, tuple["Value", ...],
    In, Sym, Slice, ListOf, DictOf, Star, Format, ArrayData,
]  # fmt: skip


class Node(Struct, frozen=True, eq=False):
    """One evaluated expression: ``op`` applied to a template of arguments.

    ``op`` is the exact callable that runs and that the code shows (``torch.mean``, ``torch.Tensor.mean``,
    ``operator.add`` …), so the three ways to write one sum stay three. ``outputs`` are the names an unpacking gives.
    """

    id: str
    op: str
    args: tuple[Value, ...] = ()
    kwargs: tuple[tuple[str, Value], ...] = ()
    name: str | None = None
    outputs: tuple[str | None, ...] = ()

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Node):
            return NotImplemented
        mine, its = (self.id, self.op, self.name, self.outputs), (other.id, other.op, other.name, other.outputs)
        return mine == its and same(self.args, other.args) and same(self.kwargs, other.kwargs)

    def __hash__(self) -> int:
        return hash((self.id, self.op))

    def inputs(self) -> Iterator[In]:
        """Every ``In`` of the template in evaluation order, unwired ones included."""
        for value in self.args:
            yield from wires_in(value)
        for _, value in self.kwargs:
            yield from wires_in(value)


def same(a: object, b: object) -> bool:
    """Whether two template values are the same program: 2, 2.0 and True differ here, and nan is nan; unlike ``==`` in Python."""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    match a, b:
        case ((float() | complex()), _):
            return repr(a) == repr(b)
        case tuple(), tuple():
            return len(a) == len(b) and all(map(same, a, b))
        case ((ListOf() | DictOf() | Slice() | Star() | Format()), (ListOf() | DictOf() | Slice() | Star() | Format())):
            return all(same(getattr(a, field), getattr(b, field)) for field in a.__struct_fields__)
    return a == b


def wires_in(value: Value) -> Iterator[In]:
    """The ``In`` markers of one value, left to right."""
    match value:
        case In():
            yield value
        case tuple():
            for item in value:
                yield from wires_in(item)
        case ListOf():
            for item in value.items:
                yield from wires_in(item)
        case DictOf():
            for key, item in value.items:
                yield from wires_in(key)
                yield from wires_in(item)
        case Slice():
            yield from wires_in((value.start, value.stop, value.step))
        case Star():
            yield from wires_in(value.value)
        case Format():
            yield from wires_in(value.value)
            yield from wires_in(value.spec)


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
    """``with torch.no_grad(): body``; ``kind`` is no_grad, enable_grad, inference_mode or set_grad_enabled."""

    id: str
    kind: str
    body: tuple[Item, ...] = ()
    args: tuple[Value, ...] = ()


Item: TypeAlias = Eval | Effect | Loop | Branch | Region


class View(Struct, frozen=True):
    """Where a node's card lies on the canvas, in canvas units (px at zoom 1), and how it is shown.

    ``slider`` is (lowest, highest, step) of the slider on the face of a number; None: there is none.
    """

    x: float = 0.0
    y: float = 0.0
    collapsed: bool = False
    slider: tuple[float, float, float] | None = None


class Box(Struct, frozen=True):
    """A titled frame drawn around nodes."""

    id: str
    title: str = ""
    x: float = 0.0
    y: float = 0.0
    width: float = 320.0
    height: float = 200.0


class Note(Struct, frozen=True):
    """A text on the canvas."""

    id: str
    text: str = ""
    x: float = 0.0
    y: float = 0.0
    width: float = 240.0
    height: float = 96.0


class Comment(Struct, frozen=True):
    """Comments around one item: whole lines before it ("" is a blank line, "# …" a comment) and one behind it."""

    before: tuple[str, ...] = ()
    after: str = ""


class Settings(Struct, frozen=True):
    """Document-wide choices; ``device`` is a wish, ``root`` the node that F6 differentiates."""

    title: str = ""
    device: str = "cpu"
    root: str | None = None
    about: str = ""


class Wire(Struct, frozen=True):
    """One wire, derived from a template: (source node, output) to (target node, port path)."""

    source: str
    output: int
    target: str
    path: str


class Document(Struct, frozen=True, dict=True, eq=False):
    """The whole document. ``problems``, ``lines`` and ``path`` tell where it was read from and are not part of its value.

    ``comments`` are keyed by item key (node id, or loop/branch/region id), "" for the lines after the last item and
    "^" for those above the imports. ``lines`` maps an item key to (line, column), both counted from 1 and 0.
    ``extra`` keeps what a newer version wrote.
    """

    nodes: Mapping[str, Node] = {}
    program: tuple[Item, ...] = ()
    views: Mapping[str, View] = {}
    boxes: Mapping[str, Box] = {}
    notes: Mapping[str, Note] = {}
    comments: Mapping[str, Comment] = {}
    settings: Settings = Settings()
    extra: Mapping[str, object] = {}
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


TABLES = ("nodes", "views", "boxes", "notes", "comments", "settings", "extra")
"""Fields that make up a document's value beside ``program``."""


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
