"""Any sequence of edits keeps a document well-formed and undoable."""

from __future__ import annotations

from typing import Any

from hypothesis import given, note
from hypothesis import strategies as st

from guigrad.document import edit, file, ports, tree
from guigrad.document.diff import Diff
from guigrad.document.edit import Edit, Refused
from guigrad.document.encode import encode
from guigrad.document.loose import wire_at
from guigrad.document.model import (
    Document,
    In,
    route_port,
)
from guigrad.document.store import Store
from tests.strategies import documents


def sound(document: Document) -> None:
    """Items and nodes match, and every wire comes from before."""
    keys = [key for item in document.program for key in tree.defined(item)]
    assert len(keys) == len(set(keys))
    assert set(keys) == set(document.nodes)
    for source, readers in document.consumers.items():
        for reader in readers:
            assert tree.is_visible(document, source, reader), (source, reader)
    for key in keys:
        for wire in document.nodes[key].inputs():
            assert wire.node is None or wire.node in document.nodes
    assert set(document.views) <= set(document.nodes)
    for key in document.routes:
        target, path = route_port(key)
        assert wire_at(document.nodes.get(target), path) is not None
    assert all(each in document.nodes for note_ in document.notes.values() for each in note_.arrows)
    assert document.settings.root is None or document.settings.root in document.nodes


def indexed_as_if_new(document: Document) -> None:
    """What was carried over from edit to edit equals what is found afresh."""
    fresh = Document(
        **{name: getattr(document, name) for name in document.__struct_fields__},
    )
    assert dict(tree.spots(document)) == dict(tree.spots(fresh))
    assert dict(document.consumers) == dict(fresh.consumers)


def some_edit(draw: Any, document: Document) -> Edit:
    """A random edit, sensible or not."""
    nodes = [*document.nodes, "nothing"]
    items = [*tree.spots(document), "nothing"]
    node = lambda: draw(st.sampled_from(nodes))  # noqa: E731  # drawn anew each time
    item = lambda: draw(st.sampled_from(items))  # noqa: E731

    def path(key: str) -> str:
        known = [port.path for port in ports.ports(document.nodes[key])] if key in document.nodes else []
        return draw(st.sampled_from([*known, "self", "iter", "test", "dim"]))

    target = item()
    wires = ports.wires(document)
    choices: list[Edit] = [
        edit.connect(node(), draw(st.integers(0, 1)), target, path(target)),
        edit.disconnect(target, path(target)),
        edit.remove(*draw(st.lists(st.sampled_from(nodes), min_size=1, max_size=3))),
        edit.extract(*draw(st.lists(st.sampled_from(nodes), min_size=1, max_size=2))),
        edit.rename(node(), draw(st.sampled_from(("a", "q", "x y", None, "for")))),
        edit.add_node(draw(st.sampled_from(("torch.randn", "torch.relu", "operator.add", "torch.cat", "torch.tensor", "no.such"))), (1.0, 2.0)),
        edit.add_node("torch.relu", args=(In(node()),)),
        edit.set_argument(node(), draw(st.sampled_from(("dim", "self", "size", "requires_grad", "data"))), draw(st.sampled_from((1, 2.5, [1, 2], "a", edit.DEFAULT)))),
        edit.set_value(node(), draw(st.sampled_from((1, [1, 2], [[1.0], [2.0]], [[1], [1, 2]], "x")))),
        edit.set_requires_grad(node(), draw(st.booleans())),
        edit.move({node(): (3.0, 4.0)}),
        edit.collapse([node()]),
        edit.add_effect(draw(st.sampled_from(list(edit.EFFECTS))), node(), before=draw(st.sampled_from([None, *items]))),
        edit.move_item(item(), before=draw(st.sampled_from([None, *items])), into=draw(st.sampled_from([None, *items]))),
        edit.remove_item(item()),
        edit.wrap([item()], draw(st.sampled_from(("no_grad", "loop")))),
        edit.duplicate([node()], keep_inputs=draw(st.booleans())),
        edit.paste(edit.copy(document, [node()]) if draw(st.booleans()) and nodes[:-1] and (n := nodes[0]) and n else document, (5.0, 6.0)) if document.nodes else edit.paste(document),
        edit.add_box("box", around=document.nodes),
        edit.add_note("note"),
        edit.set_settings(root=draw(st.sampled_from(list(document.nodes) or [None])), title="T"),
    ]  # fmt: skip
    choices += [edit.mute([node()]), edit.mute(draw(st.lists(st.sampled_from(nodes), min_size=1, max_size=3)))]
    points = st.lists(st.tuples(st.integers(-99, 99), st.integers(-99, 99)), max_size=3)
    if document.notes:
        arrows = tuple(draw(st.lists(st.sampled_from(nodes[:-1] or ["x"]), unique=True, max_size=2)))
        choices.append(edit.edit_frame(next(iter(document.notes)), arrows=arrows if nodes[:-1] else ()))
    if document.routes:
        key = draw(st.sampled_from(list(document.routes)))
        choices.append(edit.move({f"{key}:{draw(st.integers(0, 2))}": (7, 8)}))
    if wires:
        led = draw(st.sampled_from(wires))
        choices += [edit.set_route(led.target, led.path, draw(points))] * 2
        choices.append(
            edit.insert_on_wire(draw(st.sampled_from(wires)), draw(st.sampled_from(("torch.relu", "torch.cat"))))
        )
    return draw(st.sampled_from(choices))


@given(documents(max_items=8), st.data())
def test_any_sequence_of_edits_is_sound_and_undoable(document: Document, data: Any) -> None:
    store = Store(document)
    tree.spots(document), document.consumers  # so that they are carried over
    history = [document]
    for _ in range(data.draw(st.integers(1, 6))):
        try:
            diff = some_edit(data.draw, store.document)(store.document)
        except Refused:
            continue
        note(f"{diff.label}: {diff.program}, {list(diff.nodes)}")
        if store.commit(diff):
            assert store.undo_label
            sound(store.document)
            indexed_as_if_new(store.document)
            assert diff.inverse().inverse() == Diff(**{**_fields(diff), "merge": ""})
            assert diff.inverse().apply(store.document) == history[-1]
            assert Diff.between(history[-1], store.document).apply(history[-1]) == store.document
            history.append(store.document)
    assert file.read(encode(store.document, "0.1.0")) == store.document
    for earlier in reversed(history[:-1]):
        assert store.undo() is not None
        assert store.document == earlier
        indexed_as_if_new(store.document)
    assert store.undo() is None
    for later in history[1:]:
        assert store.redo() is not None
        assert store.document == later
    assert store.redo() is None


def _fields(diff: Diff) -> dict[str, Any]:
    return {name: getattr(diff, name) for name in diff.__struct_fields__}


@given(documents(max_items=6), st.data())
def test_two_diffs_are_as_good_as_one(document: Document, data: Any) -> None:
    diffs = []
    current = document
    while len(diffs) < 2:
        try:
            diff = some_edit(data.draw, current)(current)
        except Refused:
            diff = Diff(label="nothing")
        diffs.append(diff)
        current = diff.apply(current)
    whole = diffs[0].then(diffs[1])
    assert whole.apply(document) == current
    assert whole.inverse().apply(current) == document
