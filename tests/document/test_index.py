"""What is carried over from document to document, and how fast ten thousand nodes are edited."""

from __future__ import annotations

import random
import statistics
import time

from guigrad.document import edit, file, tree
from guigrad.document.encode import encode
from guigrad.document.index import fresh_ids
from guigrad.document.model import Document, Eval, In, ListOf, Node, View
from guigrad.document.store import Store


def large() -> Document:
    """10,000 nodes and about 15,000 wires."""
    dice = random.Random(1)
    nodes = {f"#{i}": Node(f"#{i}", "torch.tensor", (ListOf((1.0,)),), (), f"t{i}") for i in range(10)}
    for i in range(10, 10_000):
        a, b = (f"#{dice.randrange(max(0, i - 50), i)}" for _ in range(2))
        nodes[f"#{i}"] = Node(f"#{i}", "operator.add", (In(a), In(b) if i % 2 else 2), (), f"t{i}")
    views = {key: View(225.0 * (i % 100), 150.0 * (i // 100)) for i, key in enumerate(nodes)}
    return Document(nodes, tuple(Eval(key) for key in nodes), views)


def test_opening_and_saving_ten_thousand_nodes() -> None:
    document = large()
    start = time.process_time()
    data = encode(document, "0.1.0")
    saved = time.process_time()
    assert file.read(data) == document
    assert saved - start < 1  # 0.08 s on an idle machine
    assert time.process_time() - saved < 1  # 0.15 s, comparing included


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
        times = []
        for i in range(100, 121):
            diff = make(i)(store.document)
            start = time.process_time()
            store.commit(diff)
            times.append(time.process_time() - start)
        assert statistics.median(times) < 1e-3  # 0.1–0.2 ms on an idle machine
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
