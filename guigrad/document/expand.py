"""A document without functions that means the same: each call's body stands where the call was. See Note [Functions] in document.model.

Note [Instances]
The inner nodes of a call ``c`` have the ids ``c/<id in the body>``, nested calls ``c/d/<id>``. A parameter becomes an alias (or literal) of what
the call gives it, the call itself an alias (or tuple …) of the result: whoever is wired to the call stays so. Nothing else changes, so
the order of effects and random draws is that of Python. A call that Python would refuse becomes a ``python.raise``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from msgspec import structs

from guigrad.document.calls import bind
from guigrad.document.diff import Diff
from guigrad.document.model import (
    CALL,
    Branch,
    DictOf,
    Document,
    Effect,
    Eval,
    In,
    Item,
    ListOf,
    Loop,
    Node,
    Region,
    Value,
    callee,
)
from guigrad.document.names import frame_labels, labels
from guigrad.document.problem import Problem
from guigrad.document.rewire import rewire, rewire_items, rewire_node
from guigrad.document.scope import inside

RAISE = "python.raise"
"""The op of a call that cannot be: (exception's name, text)."""

LIMIT = 100_000
"""Nodes that functions may expand to."""


def expand(document: Document) -> Document:
    """The document without functions; itself if it has none. Calls in a circle are refused, with a problem."""
    return Expansion(document).document


class Expansion:
    """A document and what it expands to, followed from edit to edit."""

    def __init__(self, source: Document) -> None:
        self._kept: dict[str, tuple[Node, Node]] = {}
        self.source = source
        self.document = self._expand()

    def edit(self, diff: Diff) -> Diff:
        """Follows one change of the source; the change of what it expands to."""
        before = self.source
        self.source = diff.apply(before)
        if not before.functions and not self.source.functions:
            self.document = self.source
            return diff
        if diff.only_layout:
            return Diff(label=diff.label)
        old, self.document = self.document, self._expand()
        return _between(old, self.document, diff.label)

    def labels(self) -> dict[str, str]:
        """The label of each node, ``f/x`` for those of a function's instance."""
        found = dict(labels(inside(self.source, "")))
        for call, prefix, key in self._instances():
            body = labels(inside(self.source, key))
            found.update((f"{call}/{node}", f"{prefix}/{label}") for node, label in body.items() if node != key)
        return {key: found.get(key, key) for key in self.document.nodes}

    def frame_labels(self) -> dict[str, tuple[str, int | None]]:
        """Every label that a frame answers to, as ``names.frame_labels``; inner ones also behind the label of their call."""
        found = dict(frame_labels(inside(self.source, "")))
        own = self.labels()
        for call, prefix, key in self._instances():
            for label, (node, output) in frame_labels(inside(self.source, key)).items():
                if node != key:
                    found.setdefault(f"{prefix}/{label}", (f"{call}/{node}", output))
                    found.setdefault(f"{own.get(call, call)}/{label}", (f"{call}/{node}", output))
        return found

    def _instances(self) -> Iterator[tuple[str, str, str]]:
        """(call's id, what stands ahead of its inner labels, its function), outer ones first."""
        pending = [("", "", "")]
        while pending:
            at, prefix, scope = pending.pop(0)
            counts: dict[str, int] = {}
            for node in _calls(self.source, scope):
                key = callee(node) or ""
                call = f"{at}/{node.id}" if at else node.id
                if key not in self.source.functions or call not in self.document.nodes:
                    continue
                name = self.source.functions[key].name
                counts[name] = counts.get(name, 0) + 1
                own = name if counts[name] == 1 else f"{name}_{counts[name]}"
                own = f"{prefix}/{own}" if prefix else own
                if self.document.nodes[call].op != RAISE:
                    yield call, own, key
                    pending.append((call, own, key))

    # -- building ---------------------------------------------------------------------------------

    def _expand(self) -> Document:
        source = self.source
        if not source.functions:
            return source
        self._nodes: dict[str, Node] = {}
        self._lines: dict[str, tuple[int, int]] = {}
        self._problems: list[Problem] = []
        self._new: dict[str, tuple[Node, Node]] = {}
        program = self._items(source.program, "", ())
        self._kept = self._new
        settings = source.settings
        if settings.root is not None and settings.root not in self._nodes:  # inside a function: that of its first call
            tail = f"/{settings.root}"
            settings = structs.replace(settings, root=next((key for key in self._nodes if key.endswith(tail)), None))
        views = {key: view for key, view in source.views.items() if key in self._nodes}
        return structs.replace(
            source,
            nodes=self._nodes,
            program=program,
            functions={},
            views=views,
            settings=settings,
            lines=self._lines,
            problems=(*source.problems, *self._problems),
        )

    def _items(self, items: tuple[Item, ...], at: str, above: tuple[str, ...]) -> tuple[Item, ...]:
        found: list[Item] = []
        for item in items:
            key = getattr(item, "node", None) or item.id  # type: ignore[union-attr]  # items of both kinds
            path = f"{at}{key}"
            if key in self.source.lines:
                self._lines[path] = self.source.lines[key]
            match item:
                case Eval() | Effect():
                    node = self.source.nodes.get(key)
                    if node is None:
                        found.append(item)
                    elif node.op.startswith(CALL) and node.op[len(CALL) :] in self.source.functions:
                        found += self._call(node, at, above)
                    else:
                        self._node(node, at)
                        found.append(item if not at else type(item)(path))
                    continue
                case Loop():
                    self._node(self.source.nodes[item.var], at)
                    new: Item = structs.replace(item, body=())
                case Branch():
                    new = structs.replace(item, body=(), orelse=())
                case Region():
                    new = structs.replace(item, body=())
            for carry in getattr(item, "carried", ()):
                self._node(self.source.nodes[carry.port], at)
            if at:
                (new,) = rewire_items((new,), _prefixed(at), lambda name: f"{at}{name}")
            bodies = {
                name: self._items(getattr(item, name), at, above) for name in ("body", "orelse") if hasattr(item, name)
            }
            found.append(structs.replace(new, **bodies))
        return tuple(found)

    def _node(self, node: Node, at: str) -> None:
        path = f"{at}{node.id}"
        self._put(path, node, lambda: structs.replace(rewire_node(node, _prefixed(at)), id=path) if at else node)

    def _put(self, path: str, source: Node, make: Callable[[], Node]) -> None:
        kept = self._kept.get(path)
        if kept is None or kept[0] is not source:
            kept = (source, make())
        self._new[path] = kept
        self._nodes[path] = kept[1]

    def _call(self, call: Node, at: str, above: tuple[str, ...]) -> list[Item]:
        source, function = self.source, self.source.functions[call.op[len(CALL) :]]
        path = f"{at}{call.id}"
        given, error = bind(source.nodes, function, call)
        wrong = ("TypeError", error)
        if function.id in above:
            circle = [*above[above.index(function.id) :], function.id]
            names = " → ".join(source.functions[key].name for key in circle)
            wrong = ("Refused", f"{function.name} calls itself ({names}), and that has no end here")
        elif len(self._nodes) > LIMIT:
            wrong = ("Refused", f"the functions of this document expand to more than {LIMIT} nodes")
        if wrong[1]:
            self._nodes[path] = Node(path, RAISE, wrong, (), call.name, call.outputs)
            return [Eval(path)]
        items: list[Item] = []
        inner = f"{path}/"
        for key in (*function.captures, *function.params):
            param = source.nodes.get(key)
            if param is None:
                continue
            value = given.get(key)
            if key not in given and key in function.captures:
                text = f"name {param.name!r} is not defined"
                new = Node(f"{inner}{key}", RAISE, ("NameError", text), (), param.name)
            else:
                new = _holder(f"{inner}{key}", rewire(value, _prefixed(at)) if at else value, param.name)
            self._stay(new)
            items.append(Eval(new.id))
            if call.id in source.lines:
                self._lines[new.id] = source.lines[call.id]
        items += self._items(function.program, inner, (*above, function.id))
        new = _holder(path, rewire(function.result, _prefixed(inner)), call.name)
        self._stay(structs.replace(new, outputs=call.outputs))
        items.append(Eval(path))
        return items

    def _stay(self, node: Node) -> None:
        """Puts a node that was made here, as the same object as before if it is the same."""
        kept = self._kept.get(node.id)
        if kept is None or kept[1] != node:
            kept = (node, node)
        self._new[node.id] = kept
        self._nodes[node.id] = kept[1]


def _prefixed(at: str) -> Callable[[In], In]:
    def change(wire: In) -> In:
        return wire if wire.node is None else In(at + wire.node, wire.output)

    return change


def _holder(key: str, value: Value, name: str | None) -> Node:
    """A node that holds a template value."""
    match value:
        case In():
            return Node(key, "python.alias", (value,), name=name)
        case tuple():
            return Node(key, "python.tuple", value, name=name)
        case ListOf(items):
            return Node(key, "python.list", items, name=name)
        case DictOf(items):
            return Node(key, "python.dict", items, name=name)
    return Node(key, "python.literal", (value,), name=name)


def _calls(document: Document, scope: str) -> list[Node]:
    """The calls of one scope in program order."""
    from guigrad.document.names import in_order

    return [node for node in in_order(inside(document, scope)) if node.op.startswith(CALL)]


def _between(old: Document, new: Document, label: str) -> Diff:
    """``Diff.between`` for expansions, whose nodes that did not change are the same objects."""
    was: Mapping[str, Node] = old.nodes
    now: Mapping[str, Node] = new.nodes
    nodes: dict[str, tuple[Node | None, Node | None]] = {}
    for key, node in now.items():
        before = was.get(key)
        if before is not node and before != node:
            nodes[key] = (before, node)
    nodes.update((key, (node, None)) for key, node in was.items() if key not in now)
    same = old.program == new.program and repr(_holders(old.program)) == repr(_holders(new.program))
    return Diff(
        label=label,
        nodes=nodes,
        program=None if same else (old.program, new.program),
        settings=None if old.settings == new.settings else (old.settings, new.settings),
    )


def _holders(items: tuple[Item, ...]) -> list[Item]:
    return [item for item in items if not isinstance(item, Eval | Effect)]
