"""Random documents: well-formed program trees with loops, branches, regions, effects and every kind of value."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st

from guigrad.document.array import ArrayData
from guigrad.document.calls import synced
from guigrad.document.model import (
    Box,
    Branch,
    Carried,
    Comment,
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
    Sym,
    Value,
    View,
)

NUMBERS = st.one_of(
    st.integers(-3, 3),
    st.integers(),
    st.floats(),
    st.sampled_from((0.0, -0.0, math.inf, -math.inf, math.nan, 1e-310, 2, 2.0, 10**400, -(10**4000))),
    st.complex_numbers(),
    st.booleans(),
)
SYMBOLS = st.sampled_from(("torch.float32", "torch.int64", "math.pi", "torch.channels_last")).map(Sym)
NAMES = st.sampled_from(("a", "b", "x", "y", "t1", "t2", "loss", "w", "größe"))
ARRAYS = st.one_of(
    st.binary(max_size=40).map(lambda data: ArrayData("uint8", (len(data),), (1,), data)),
    st.lists(st.binary(min_size=4, max_size=4), min_size=4, max_size=100).map(
        lambda parts: ArrayData("float32", (2, 2), (2, 1), b"".join(parts), 0, "g")
    ),
    st.lists(st.binary(min_size=2, max_size=2), min_size=3, max_size=8).map(
        lambda parts: ArrayData("bfloat16", (3, 5), (1, 0), b"".join(parts))
    ),
    st.just(ArrayData("complex64", (), (), bytes(8))),
)
PLAIN = st.one_of(st.none(), NUMBERS, st.text(max_size=8), st.just(...), SYMBOLS)
LITERALS: st.SearchStrategy[Value] = st.recursive(
    st.one_of(PLAIN, ARRAYS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: ListOf(tuple(items))),
        st.lists(inner, max_size=3).map(tuple),
        st.lists(st.tuples(inner, inner), max_size=2).map(lambda pairs: DictOf(tuple(pairs))),
        st.builds(Slice, inner, inner, inner),
    ),
    max_leaves=6,
)
PLACES = st.floats(-1e6, 1e6)


class _Maker:
    """Draws one document; ``visible`` are the wires that may be used where it is now."""

    def __init__(self, draw: Any, effects: bool) -> None:
        self.draw = draw
        self.effects = effects
        self.closing = False  # whether a function for a step is being drawn
        self.nodes: dict[str, Node] = {}
        self.count = 0
        self.visible: list[In] = []
        self.functions: dict[str, Function] = {}

    def key(self) -> str:
        self.count += 1
        return f"#{self.count}"

    def wire(self) -> In:
        return self.draw(st.sampled_from(self.visible)) if self.visible else In()

    def node(
        self, op: str, *args: Value, name: str | None = None, outputs: tuple[str | None, ...] = (), **kwargs: Value
    ) -> str:
        key = self.key()
        self.nodes[key] = Node(key, op, args, tuple(kwargs.items()), name, outputs)
        return key

    def name(self) -> str | None:
        return self.draw(st.one_of(st.none(), NAMES))

    def eval(self) -> Item:
        kind = self.draw(st.integers(0, 9))
        name = self.name()
        if self.functions and self.draw(st.booleans()):
            key = self.call(name)
        elif kind == 0 or not self.visible:
            key = self.node("torch.tensor", self.draw(LITERALS), name=name, requires_grad=self.draw(st.booleans()))
        elif kind == 1:
            key = self.node("torch.randn", 2, 3, name=name)
        elif kind == 2:
            key = self.node("torch.mean", self.wire(), name=name)
        elif kind == 3:
            key = self.node("torch.cat", ListOf((self.wire(), self.wire())), name=name, dim=self.draw(LITERALS))
        elif kind == 4:
            key = self.node("operator.getitem", self.wire(), (Slice(None, self.wire()), 0, ...), name=name)
        elif kind == 5:
            key = self.node("torch.Tensor.max", self.wire(), 0, outputs=(self.draw(NAMES), None))
            self.visible.append(In(key, 1))
        elif kind == 6:
            key = self.node("python.fstring", "v = ", Format(self.wire(), "r", (".3f",)), name=name)
        elif kind == 7:
            key = self.node("torch.Tensor.grad", self.wire())
        else:
            right: Value = self.wire() if self.draw(st.booleans()) else self.draw(NUMBERS)
            key = self.node(self.draw(st.sampled_from(("operator.add", "operator.mul"))), self.wire(), right, name=name)
        self.visible.append(In(key))
        return Eval(key)

    def call(self, name: str | None) -> str:
        """A call of one of the functions, by position as far as it goes."""
        function = self.draw(st.sampled_from(list(self.functions.values())))
        args = [self.wire() for _ in function.params]
        keywords = {f"^{self.nodes[key].name}": self.wire() for key in function.captures}
        last = len(args) - function.keyword_only
        for param, value in zip(function.params[last:], args[last:], strict=True):
            keywords[self.nodes[param].name or ""] = value
        return self.node(f"def.{function.id}", *args[:last], name=name, **keywords)

    def function(self) -> None:
        """A function whose body may call those made before."""
        outside, self.visible = self.visible, []
        names = self.draw(st.lists(NAMES, max_size=3, unique=True))
        params = [self.node("python.param", name=name) for name in names]
        keyword_only = self.draw(st.integers(0, len(params)))
        captures = [self.node("python.param", name="outer")] if self.draw(st.booleans()) else []
        self.visible = [In(key) for key in (*params, *captures)]
        program = self.body(1)
        made = [*self.visible]
        result: Value = None
        if made:
            pair = (made[-1], self.draw(st.sampled_from(made)))
            result = self.draw(st.sampled_from((None, 3, made[-1], pair, ListOf(pair))))
        key = self.key()
        name = self.draw(st.sampled_from(("f", "g", "helper")))
        self.functions[key] = Function(key, name, tuple(params), tuple(captures), program, result, 0, keyword_only)
        self.visible = outside

    def effect(self) -> Item:
        kind = self.draw(st.integers(0, 3))
        if kind == 0:
            key = self.node("python.print", self.wire(), self.wire())
        elif kind == 1:
            key = self.node("torch.Tensor.backward", self.wire())
        elif kind == 2:
            key = self.node("torch.manual_seed", 0)
        else:
            key = self.node("operator.iadd", self.wire(), 1, name=self.draw(NAMES))
            self.visible.append(In(key))
        return Effect(key)

    def item(self, depth: int) -> Item:
        kind = self.draw(st.integers(0, 15))
        if kind < 9 or depth > 2 or not self.effects:
            return self.eval()
        if kind < 12:
            return self.effect()
        if kind == 12:
            return Region(self.key(), "no_grad", self.body(depth))
        before = list(self.visible)
        if kind == 15 and not self.closing:
            self.closing = True
            inner = self.body(depth)
            self.closing = False
            function = self.node("python.closure", self.wire(), name=self.draw(st.sampled_from(("closure", "again"))))
            step = self.node(
                "object.step", self.draw(st.sampled_from(before)) if before else In(), In(function), name=self.name()
            )
            self.visible = [*before, In(step)]
            region = Region(self.key(), "closure", (*inner, Eval(function)))
            return Region(self.key(), "enable_grad", (region, Effect(step)))
        if kind == 13:
            head: Value = self.wire() if self.draw(st.booleans()) else 3
            var = self.node("python.loop_var", name="i")
            port = self.node("python.carry", self.wire(), name="c")
            self.visible = [*before, In(var), In(port)]
            body = self.body(depth)
            made = [wire for wire in self.visible if wire not in before and wire not in (In(var), In(port))]
            self.visible = [*before, In(port)]
            updates = (self.draw(st.sampled_from(made)),) if made else ()
            return Loop(self.key(), var, head, body, (Carried(port, updates),))
        test = self.wire()
        body = self.body(depth)
        self.visible = list(before)
        orelse = self.body(depth) if self.draw(st.booleans()) else ()
        self.visible = before
        return Branch(self.key(), test, body, orelse)

    def body(self, depth: int) -> tuple[Item, ...]:
        return tuple(self.item(depth + 1) for _ in range(self.draw(st.integers(1, 3))))


@st.composite
def documents(draw: Any, max_items: int = 10, effects: bool = True, functions: bool = False) -> Document:
    """A well-formed document: every wire comes from before, every item has its node."""
    maker = _Maker(draw, effects)
    for _ in range(draw(st.integers(0, 2)) if functions else 0):
        maker.function()
    program = tuple(maker.item(0) for _ in range(draw(st.integers(0, max_items))))
    maker.nodes.update(synced(maker.nodes, maker.functions))
    shown = [key for key in maker.nodes if draw(st.booleans())]
    boxes = [
        Box(maker.key(), draw(st.text(max_size=5)), draw(PLACES), draw(PLACES)) for _ in range(draw(st.integers(0, 2)))
    ]
    notes = [
        Note(maker.key(), draw(st.text(max_size=5)), draw(PLACES), draw(PLACES)) for _ in range(draw(st.integers(0, 2)))
    ]
    commented = [key for key in maker.nodes if draw(st.integers(0, 4)) == 0]
    root = draw(st.sampled_from(list(maker.nodes))) if maker.nodes and draw(st.booleans()) else None
    return Document(
        nodes=maker.nodes,
        program=program,
        views={key: View(draw(PLACES), draw(PLACES), draw(st.booleans())) for key in shown},
        boxes={box.id: box for box in boxes},
        notes={note.id: note for note in notes},
        comments={key: Comment(("# before", ""), "# behind") for key in commented},
        functions=maker.functions,
        settings=Settings(draw(st.sampled_from(("", "A title"))), draw(st.sampled_from(("cpu", "auto"))), root),
    )
