"""A document without functions that means the same: each call's body stands where the call was. See Note [Functions] in document.model.

Note [Instances]
The inner nodes of a call ``c`` have the ids ``c/<id in the body>``, nested calls ``c/d/<id>``. A parameter becomes an alias (or literal) of what
the call gives it, the call itself an alias (or tuple …) of the result: whoever is wired to the call stays so. Nothing else changes, so
the order of effects and random draws is that of Python. A call that Python would refuse becomes a ``python.raise``.

Note [Following]
After an edit, the body of an instance is put in as it was if its function and those that it calls are the same; a change of nodes alone
is made in each instance of them, and nothing else is looked at. So an edit costs what it touches, not what the document expands to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct, structs

from guigrad.document.calls import bind
from guigrad.document.diff import Diff
from guigrad.document.model import (
    CALL,
    PARAM,
    Branch,
    DictOf,
    Document,
    Effect,
    Eval,
    Function,
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
from guigrad.document.rewire import rewire, rewire_items, rewire_node
from guigrad.document.scope import inside, owners

RAISE = "python.raise"
"""The op of a call that cannot be: (exception's name, text)."""

LIMIT = 100_000
"""Nodes that functions may expand to."""


def expand(document: Document) -> Document:
    """The document without functions; itself if it has none. Calls in a circle are refused, with a problem."""
    return Expansion(document).document


class _Block(Struct):
    """The body of one instance as it was put in, and what it was made of."""

    function: str
    items: tuple[Item, ...]
    nodes: dict[str, Node]
    places: list[tuple[str, str]]


class Expansion:
    """A document and what it expands to, followed from edit to edit. See Note [Following]."""

    def __init__(self, source: Document) -> None:
        self._kept: dict[str, tuple[Node, Node]] = {}
        self._blocks: dict[str, _Block] = {}
        self._owners: dict[str, str] | None = None
        self._where: dict[str, list[str]] = {}
        self._nodes: dict[str, Node] = {}
        self.source = source
        self.document = self._expand(source.functions)

    def edit(self, diff: Diff) -> Diff:
        """Follows one change of the source; the change of what it expands to."""
        before = self.source
        self.source = diff.apply(before)
        if not before.functions and not self.source.functions:
            self.document = self.source
            return diff
        if diff.only_layout and diff.settings is None:
            return Diff(label=diff.label)
        change = self._patch(diff)
        if change is None:
            old, self.document = self.document, self._expand(self._changed(before, diff))
            return _between(old, self.document, diff.label)
        if change:
            self.document = change.apply(self.document)
        return change

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

    # -- following --------------------------------------------------------------------------------

    def _patch(self, diff: Diff) -> Diff | None:
        """What a change of some nodes alone means in every instance; None if it is more than that."""
        if diff.program is not None or diff.settings is not None or diff.functions:
            return None
        if not all(_is_plain(old) and _is_plain(new) for old, new in diff.nodes.values()):
            return None
        if self._owners is None:
            self._owners = owners(self.source)
            self._where = {}
            for function, at in self._places:
                self._where.setdefault(function, []).append(at)
        was, self._nodes = self.document.nodes, {}
        for key, (_, new) in diff.nodes.items():
            for at in self._where.get(self._owners.get(key, ""), ()):
                if f"{at}{key}" in was:
                    self._node(new, at)
        for path, new in self._nodes.items():
            end = path.find("/")
            while end >= 0:
                block = self._blocks.get(path[: end + 1])
                if block is not None:
                    block.nodes[path] = new
                end = path.find("/", end + 1)
        return Diff(label=diff.label, nodes={path: (was[path], new) for path, new in self._nodes.items()})

    def _changed(self, before: Document, diff: Diff) -> set[str]:
        """The functions whose bodies expand to something else, because they or those that they call have changed."""
        found = set(diff.functions)
        callers: dict[str, set[str]] = {}
        for document in (before, self.source):
            inner = owners(document)
            found.update(inner[key] for key in diff.nodes if key in inner)
            for node in document.nodes.values():
                if node.op.startswith(CALL) and node.id in inner:
                    callers.setdefault(node.op[len(CALL) :], set()).add(inner[node.id])
        pending = list(found)
        while pending:
            more = callers.get(pending.pop(), set()) - found
            found |= more
            pending += more
        return found

    # -- building ---------------------------------------------------------------------------------

    def _expand(self, changed: Iterable[str]) -> Document:
        source, self._owners = self.source, None
        self._stale, self._old, self._blocks = changed, self._blocks, {}
        self._nodes = {}
        self._lines: dict[str, tuple[int, int]] = {}
        self._places: list[tuple[str, str]] = [("", "")]
        self._count = 0
        if not source.functions:
            self._kept.clear()
            return source
        program = self._items(source.program, "", ())
        if len(self._kept) > 2 * len(self._nodes):
            self._kept = {path: pair for path, pair in self._kept.items() if path in self._nodes}
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
        )

    def _items(self, items: tuple[Item, ...], at: str, above: tuple[str, ...]) -> tuple[Item, ...]:
        found: list[Item] = []
        nodes, lines, functions = self.source.nodes, self.source.lines, self.source.functions
        for item in items:
            if isinstance(item, Eval | Effect):
                key, node = item.node, nodes.get(item.node)
                if lines and key in lines:
                    self._lines[f"{at}{key}"] = lines[key]
                if node is None:
                    found.append(item)
                elif node.op.startswith(CALL) and node.op[len(CALL) :] in functions:
                    found += self._call(node, at, above)
                else:
                    self._node(node, at)
                    found.append(item if not at else type(item)(f"{at}{key}"))
                continue
            if item.id in lines:
                self._lines[f"{at}{item.id}"] = lines[item.id]
            match item:
                case Loop():
                    self._node(nodes[item.var], at)
                    new: Item = structs.replace(item, body=())
                case Branch():
                    new = structs.replace(item, body=(), orelse=())
                case Region():
                    new = structs.replace(item, body=())
            for carry in getattr(item, "carried", ()):
                self._node(nodes[carry.port], at)
            if at:
                (new,) = rewire_items((new,), _prefixed(at), lambda name: f"{at}{name}")
            bodies = {
                name: self._items(getattr(item, name), at, above) for name in ("body", "orelse") if hasattr(item, name)
            }
            found.append(structs.replace(new, **bodies))
        return tuple(found)

    def _node(self, node: Node, at: str) -> None:
        path = f"{at}{node.id}"
        kept = self._kept.get(path)
        if kept is None or kept[0] is not node:
            kept = (node, structs.replace(rewire_node(node, _prefixed(at)), id=path) if at else node)
            self._kept[path] = kept
        self._nodes[path] = kept[1]
        self._count += 1

    def _call(self, call: Node, at: str, above: tuple[str, ...]) -> list[Item]:
        source, function = self.source, self.source.functions[call.op[len(CALL) :]]
        path = f"{at}{call.id}"
        given, error = bind(source.nodes, function, call)
        wrong = ("TypeError", error)
        if function.id in above:
            circle = [*above[above.index(function.id) :], function.id]
            names = " → ".join(source.functions[key].name for key in circle)
            wrong = ("Refused", f"{function.name} calls itself ({names}), and that has no end here")
        elif self._count > LIMIT:
            wrong = ("Refused", f"the functions of this document expand to more than {LIMIT} nodes")
        if wrong[1]:
            self._stay(Node(path, RAISE, wrong, (), call.name, call.outputs))
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
        items += self._block(function, inner, above)
        new = _holder(path, rewire(function.result, _prefixed(inner)), call.name)
        self._stay(structs.replace(new, outputs=call.outputs))
        items.append(Eval(path))
        return items

    def _block(self, function: Function, at: str, above: tuple[str, ...]) -> tuple[Item, ...]:
        """The body of an instance, as it was if nothing in it has changed."""
        block = self._old.get(at)
        if block is not None and block.function == function.id and function.id not in self._stale:
            self._count += len(block.nodes)
        else:
            nodes, places = self._nodes, self._places
            self._nodes, self._places = {}, [(function.id, at)]
            items = self._items(function.program, at, (*above, function.id))
            block = _Block(function.id, items, self._nodes, self._places)
            self._nodes, self._places = nodes, places
        self._blocks[at] = block
        self._nodes.update(block.nodes)
        self._places += block.places
        return block.items

    def _stay(self, node: Node) -> None:
        """Puts a node that was made here, as the same object as before if it is the same."""
        kept = self._kept.get(node.id)
        if kept is None or kept[1] != node:
            kept = self._kept[node.id] = (node, node)
        self._nodes[node.id] = kept[1]
        self._count += 1


def _is_plain(node: Node | None) -> bool:
    return node is not None and node.op != PARAM and not node.op.startswith(CALL)


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
    was, now = old.nodes, new.nodes
    nodes: dict[str, tuple[Node | None, Node | None]] = {
        key: (was.get(key), node) for key, node in now.items() if was.get(key) is not node and was.get(key) != node
    }
    nodes.update((key, (was[key], None)) for key in was.keys() - now.keys())
    same = old.program == new.program and repr(_holders(old.program)) == repr(_holders(new.program))
    return Diff(
        label=label,
        nodes=nodes,
        program=None if same else (old.program, new.program),
        settings=None if old.settings == new.settings else (old.settings, new.settings),
    )


def _holders(items: tuple[Item, ...]) -> list[Item]:
    return [item for item in items if not isinstance(item, Eval | Effect)]
