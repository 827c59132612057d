"""What is carried over from document to document, and how little an edit of ten thousand nodes looks at."""

from __future__ import annotations

import random

from guigrad.document import edit, file, tree
from guigrad.document.encode import encode
from guigrad.document.index import fresh_ids
from guigrad.document.model import Document, Eval, In, ListOf, Node, View
from guigrad.document.store import Store
from tests.work import calls


def large(count: int = 10_000) -> Document:
    """So many nodes and one and a half times as many wires."""
    dice = random.Random(1)
    nodes = {f"#{i}": Node(f"#{i}", "torch.tensor", (ListOf((1.0,)),), (), f"t{i}") for i in range(10)}
    for i in range(10, count):
        a, b = (f"#{dice.randrange(max(0, i - 50), i)}" for _ in range(2))
        nodes[f"#{i}"] = Node(f"#{i}", "operator.add", (In(a), In(b) if i % 2 else 2), (), f"t{i}")
    views = {key: View(225.0 * (i % 100), 150.0 * (i // 100)) for i, key in enumerate(nodes)}
    return Document(nodes, tuple(Eval(key) for key in nodes), views)


def test_opening_and_saving_ten_thousand_nodes() -> None:
    document = large()
    assert file.read(encode(document, "0.1.0")) == document
    small, middle = large(500), large(1000)
    assert calls(lambda: encode(middle, "0.1.0")) < 2.2 * calls(lambda: encode(small, "0.1.0"))
    before, after = encode(small, "0.1.0"), encode(middle, "0.1.0")
    assert calls(lambda: file.read(after)) < 2.2 * calls(lambda: file.read(before))


def test_an_edit_does_not_walk_the_program() -> None:
    store = Store(large())
    assert next(fresh_ids(store.document)) == "#10000"
    assert len(tree.spots(store.document)) == len(store.document.consumers)  # known from here on
    edits = [
        lambda i: edit.move({f"#{i}": (1.0, 2.0)}),
        lambda i: edit.set_argument(f"#{2 * i}", "other", 3.5 + i),
        lambda i: edit.connect(f"#{i}", 0, f"#{5000 + i}", "self"),
        lambda i: edit.disconnect(f"#{5000 + i}", "self"),
    ]
    for make in edits:
        for i in range(100, 121):
            diff = make(i)(store.document)
            assert calls(lambda diff=diff: store.commit(diff)) < 200
    fresh = Document(store.document.nodes, store.document.program)
    assert dict(fresh.consumers) == dict(store.document.consumers)
    assert tree.spots(fresh) == tree.spots(store.document)


def test_ids_are_never_used_again() -> None:
    document = Document()
    used = set()
    for _ in range(5):
        document = edit.add_node("torch.ones")(document).apply(document)
        (key,) = document.nodes
        assert key not in used
        used.add(key)
        document = edit.remove(key)(document).apply(document)
    boxed = edit.add_box("b")(document).apply(document)
    (box,) = boxed.boxes
    assert box not in used
