"""Edits of calls: the body in place of the call, a function of its own for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec import structs

from guigrad.document import tree
from guigrad.document.diff import KEYED, Diff
from guigrad.document.draft import Draft, Edit, free_name, names_in, refused, replace, resolve
from guigrad.document.edit_functions import home, middle
from guigrad.document.follow import bindings, calls_of
from guigrad.document.model import (
    AT_RETURN,
    CALL,
    DOC,
    Branch,
    Document,
    Effect,
    Eval,
    Function,
    In,
    Item,
    Loop,
    Node,
    Value,
    callee,
    walk,
)
from guigrad.document.rewire import rewire, rewire_items, rewire_node
from guigrad.document.scope import body_keys, inside, lift
from guigrad.document.template import map_wires

_LITERALS = (bool, int, float, complex, str)


def expand_call(key: str) -> Edit:
    """The body of a function in place of one call of it. With its last call the function goes."""

    def apply(document: Document) -> Diff:
        call, function = _call(document, key)
        others = len(calls_of(document, function.id)) > 1
        where = home(document, [call.id])
        here = inside(document, where)
        diff = lift(document, where, _Expansion(document, here, call, function, others).diff())
        gone = () if others else (function.id, *function.params, *function.captures)
        return _true(document, diff, gone)

    return apply


def make_unique(key: str) -> Edit:
    """A copy of the function for one call alone, so that editing it leaves the other calls as they are."""

    def apply(document: Document) -> Diff:
        call, function = _call(document, key)
        if len(calls_of(document, function.id)) < 2:
            raise refused(f"{function.name} has no other call: it is this one's own already", node_id=call.id)
        draft = Draft(document)
        taken = names_in(document) | {each.name for each in document.functions.values()}
        name = free_name(taken, function.name)
        copied = copy_function(draft, document, function, name)
        draft.put_node(structs.replace(call, op=CALL + copied))
        return draft.diff(f"Make {name} of {function.name}")

    return apply


def copy_function(draft: Draft, source: Document, function: Function, name: str, calls: Mapping[str, str] = {}) -> str:
    """Puts a copy of a function with ids of its own into a draft; its id. ``calls`` are the functions that its calls mean there."""
    key = next(draft.ids)
    ids = {each: next(draft.ids) for each in sorted(body_keys(function), key=in_order(function))}
    ids[function.id] = key

    def change(wire: In) -> In:
        return In(ids.get(wire.node or "", wire.node), wire.output)

    for mark in (AT_RETURN, DOC):
        if f"{function.id}{mark}" in source.comments:
            draft.put_comment(f"{key}{mark}", source.comments[f"{function.id}{mark}"])
    for old in ids:
        node = source.nodes.get(old)
        if node is not None:
            new = structs.replace(map_wires(node, change), id=ids[old])
            target = callee(new)
            draft.put_node(new if target not in calls else structs.replace(new, op=CALL + calls[target or ""]))
        if old in source.views:
            draft.put_view(ids[old], source.views[old])
        if old in source.comments:
            draft.put_comment(ids[old], source.comments[old])
    decor = []
    for old in function.decor:
        decor.append(next(draft.ids))
        if old in source.boxes:
            draft.put_box(decor[-1], structs.replace(source.boxes[old], id=decor[-1]))
        elif old in source.notes:
            draft.put_note(decor[-1], structs.replace(source.notes[old], id=decor[-1]))
    draft.put_function(
        key,
        structs.replace(
            function,
            id=key,
            name=name,
            params=tuple(ids[each] for each in function.params),
            captures=tuple(ids[each] for each in function.captures),
            program=rewire_items(function.program, change, lambda each: ids.get(each, each)),
            result=rewire(function.result, change),
            decor=tuple(decor),
        ),
    )
    return key


def in_order(function: Function) -> Callable[[str], int]:
    """Sorts the ids of a body as they come in it."""
    found = [*function.params, *function.captures]
    for item in function.program:
        found.extend(tree.keys(item))
        found.extend(tree.defined(item))
    places = {key: index for index, key in reversed(list(enumerate(found)))}
    return places.__getitem__


def _call(document: Document, key: str) -> tuple[Node, Function]:
    node = document.nodes.get(resolve(document, key))
    function = document.functions.get(callee(node) or "") if node is not None else None
    if node is None or function is None:
        raise refused(f"{key!r} is no call of a function")
    return node, function


def _true(document: Document, diff: Diff, gone: tuple[str, ...]) -> Diff:
    """The change with the records that really stood there before: a body's own were not to be seen from outside. ``gone`` goes too."""
    tables = {}
    for name in KEYED:
        records = getattr(document, name)
        changes = {key: (records.get(key), after) for key, (_, after) in getattr(diff, name).items()}
        changes |= {key: (records[key], None) for key in gone if key in records}
        tables[name] = {key: change for key, change in changes.items() if change[0] is not change[1]}
    return structs.replace(diff, **tables)


class _Expansion:
    """One call of ``here`` about to be replaced by its body; ``copied`` when the function stays, so that the body needs new ids."""

    def __init__(self, whole: Document, here: Document, call: Node, function: Function, copied: bool) -> None:
        self.whole, self.here, self.call, self.function, self.copied = whole, here, call, function, copied
        self.draft = Draft(here)
        given = bindings(whole.nodes, function, call)
        if given is None:
            raise refused(
                f"{function.name} is called with *: what each port gets shows only when it runs", node_id=call.id
            )
        self.bound: dict[str, Value] = given
        self.keys = sorted(body_keys(function) - {*function.params, *function.captures}, key=in_order(function))
        self.ids = {key: next(self.draft.ids) if copied else key for key in self.keys}
        self.first: list[Item] = []
        self.last: list[Item] = []
        for key in (*function.params, *function.captures):
            self._bind(key)

    def diff(self) -> Diff:
        draft, function, call = self.draft, self.function, self.call
        names = self._names()
        for key in self.keys:
            node = self.whole.nodes.get(key)
            if node is not None:
                draft.put_node(structs.replace(_called(rewire_node(node, self._wire), names), id=self.ids[key]))
        instead = self._results(names)
        body = rewire_items(function.program, self._plain, lambda key: self.ids[key])
        spot = tree.spots(self.here)[call.id]
        around = tree.body_at(draft.program, spot[:-1])
        items = (*around[: spot[-1]], *self.first, *body, *self.last, *around[spot[-1] + 1 :])
        draft.put_program(tree.replace_body(draft.program, spot[:-1], items))
        self._readers(instead)
        self._move()
        draft.put_nothing(call.id)
        if self.here.settings.root == call.id:
            root = instead.get(0)
            draft.put_settings(replace(self.here.settings, root=root.node if root is not None else None))
        return draft.diff(f"Expand {function.name}")

    def _bind(self, key: str) -> None:
        """A parameter is what the call gives; what is no plain value becomes a node before the body."""
        param = self.whole.nodes[key]
        value: Value = self.bound.get(key, param.args[0] if param.args else In())
        if isinstance(value, In):
            self.bound[key] = value
            return
        if isinstance(value, _LITERALS) or value is None:
            needs_wire = any(wire.node == key for wire in _heads(self.function))
            if not needs_wire:
                self.bound[key] = value
                return
        made = next(self.draft.ids)
        self.draft.put_node(Node(made, "python.literal", (value,)))
        self.first.append(Eval(made))
        self.bound[key] = In(made)

    def _wire(self, wire: In) -> Value:
        key = wire.node or ""
        if key in self.bound:
            value = self.bound[key]
            return value if not isinstance(value, In) or not wire.output else In(value.node, wire.output)
        return In(self.ids[key], wire.output) if key in self.ids else wire

    def _plain(self, wire: In) -> Value:
        return self._wire(wire)

    def _names(self) -> dict[str, str]:
        """New names of the body's values: what the call is called, and free ones where a name means something else out here."""
        function, call = self.function, self.call
        found: dict[str, str] = {}
        results = function.result if call.outputs and isinstance(function.result, tuple) else (function.result,)
        labels = call.outputs if call.outputs else (call.name,)
        for value, label in zip(results, labels, strict=False):
            name = _name_at(self.whole, value)
            if name is not None and label is not None and isinstance(value, In) and value.node in self.ids:
                found.setdefault(name, label)
        own = {name for key in self.keys for name in _names_of(self.whole.nodes.get(key))}
        kept = {label for label in labels if label is not None}
        taken = names_in(self.here) | own
        clash = self._clashes() - kept
        for name in sorted(own - found.keys()):
            if name in clash or (name in found.values()):
                found[name] = free_name(taken, name)
                taken.add(found[name])
        return found

    def _clashes(self) -> set[str]:
        """Names that mean something before the call that is still read after it."""
        here, spots = self.here, tree.spots(self.here)
        at = spots[self.call.id]
        found = set()
        own = {name for key in self.keys for name in _names_of(self.whole.nodes.get(key))}
        for key, node in here.nodes.items():
            names = own.intersection(_names_of(node))
            if not names or key == self.call.id or key not in spots:
                continue
            late = any(spots[reader] > at for reader in here.consumers.get(key, ()) if reader in spots)
            if spots[key] < at and late:
                found |= names
        return found

    def _results(self, names: dict[str, str]) -> dict[int, In]:
        """What the readers of each output of the call read instead; the results get the call's names."""
        function, call = self.function, self.call
        if call.outputs and isinstance(function.result, tuple):
            values, labels = function.result, call.outputs
        else:
            values, labels = (function.result,), (call.name,)
        found: dict[int, In] = {}
        read = bool(self.here.consumers.get(call.id)) or call.id in tree.updates(self.here)
        taken: set[In] = set()
        for index, value in enumerate(values):
            label = labels[index] if index < len(labels) else None
            wire = self._wire(value) if isinstance(value, In) else None
            if isinstance(wire, In) and isinstance(value, In) and value.node in self.ids and wire not in taken:
                taken.add(wire)
                found[index] = self._named(wire, label)
            elif isinstance(wire, In) and label is None:
                found[index] = wire
            elif read or label is not None:
                found[index] = self._extra(wire if isinstance(wire, In) else rewire(value, self._wire), label)
        if call.outputs and not isinstance(function.result, tuple) and found:
            found = self._unpacked(found[0])
        return found

    def _named(self, wire: In, label: str | None) -> In:
        node = self.draft.node(wire.node or "")
        if label is None or _name_at(self.draft, wire) == label:
            return wire
        if node.outputs:
            outputs = (*node.outputs[: wire.output], label, *node.outputs[wire.output + 1 :])
            self.draft.put_node(structs.replace(node, outputs=outputs))
        else:
            self.draft.put_node(structs.replace(node, name=label))
        return wire

    def _extra(self, value: Value, label: str | None) -> In:
        """A node of its own for a result that no node of the body is."""
        made = next(self.draft.ids)
        op: str = "python.literal"
        args: tuple[Value, ...] = (value,)
        if isinstance(value, In):
            op = "python.alias"
        elif isinstance(value, tuple):
            op, args = "python.tuple", value
        self.draft.put_node(Node(made, op, args, name=label))
        self.last.append(Eval(made))
        return In(made)

    def _unpacked(self, wire: In) -> dict[int, In]:
        """The names of an unpacking call for what its single result holds."""
        node, outputs = self.draft.node(wire.node or ""), self.call.outputs
        body = [reader for reader in self.function.program if isinstance(reader, Eval | Effect)]
        alone = (
            not node.outputs
            and node.name is None
            and not any(
                wire.node == inner.node for item in body for inner in self.draft.node(self.ids[item.node]).inputs()
            )
        )
        if alone and node.op != "python.alias":
            self.draft.put_node(structs.replace(node, outputs=outputs))
            return {index: In(node.id, index) for index in range(len(outputs))}
        made = next(self.draft.ids)
        self.draft.put_node(Node(made, "python.unpack", (wire,), outputs=outputs))
        self.last.append(Eval(made))
        return {index: In(made, index) for index in range(len(outputs))}

    def _readers(self, instead: dict[int, In]) -> None:
        draft, here, key = self.draft, self.here, self.call.id

        def change(wire: In) -> In:
            return instead.get(wire.output, In()) if wire.node == key else wire

        whole = key in tree.updates(here)
        for reader in here.consumers.get(key, ()):
            if reader in here.nodes:
                draft.put_node(map_wires(draft.node(reader), change))
            else:
                whole = True
                for carry in getattr(tree.item_at(here.program, tree.spots(here)[reader]), "carried", ()):
                    draft.put_node(map_wires(draft.node(carry.port), change))
        if whole:
            draft.put_program(rewire_items(draft.program, change))

    def _move(self) -> None:
        """The body's cards around the place of the call."""
        draft, whole, view = self.draft, self.whole, self.here.views.get(self.call.id)
        found = middle(whole, self.keys)
        dx, dy = (view.x - found[0], view.y - found[1]) if view is not None and found is not None else (0.0, 0.0)
        for key in self.keys:
            old = whole.views.get(key)
            if old is not None:
                draft.put_view(self.ids[key], structs.replace(old, x=old.x + dx, y=old.y + dy))
            if self.copied and key in whole.comments:
                draft.put_comment(self.ids[key], whole.comments[key])
        for key in self.function.decor:
            made = next(draft.ids) if self.copied else key
            box, note = whole.boxes.get(key), whole.notes.get(key)
            if box is not None:
                draft.put_box(made, structs.replace(box, id=made, x=box.x + dx, y=box.y + dy))
            elif note is not None:
                draft.put_note(made, structs.replace(note, id=made, x=note.x + dx, y=note.y + dy))


def _heads(function: Function) -> Iterable[In]:
    """The wires of a body that have to stay wires: updates of variables."""
    for item in walk(function.program):
        if isinstance(item, Loop | Branch):
            for carry in item.carried:
                yield from carry.updates


def _names_of(node: Node | None) -> set[str]:
    return set() if node is None else {name for name in (node.name, *node.outputs) if name is not None}


def _name_at(nodes: Document | Draft, value: Value) -> str | None:
    if not isinstance(value, In) or value.node is None:
        return None
    node = nodes.node(value.node) if isinstance(nodes, Draft) else nodes.nodes.get(value.node)
    if node is None:
        return None
    if node.outputs:
        return node.outputs[value.output] if value.output < len(node.outputs) else None
    return node.name


def _called(node: Node, names: dict[str, str]) -> Node:
    name = names.get(node.name, node.name) if node.name is not None else None
    outputs = tuple(names.get(each, each) if each is not None else None for each in node.outputs)
    return node if name == node.name and outputs == node.outputs else structs.replace(node, name=name, outputs=outputs)
