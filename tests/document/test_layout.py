"""Automatic placement: the lessons look good, nothing overlaps, what is placed stays."""

from __future__ import annotations

import random

from hypothesis import given

from guigrad.document import edit
from guigrad.document.layout import COLUMN_PX, ROW_PX, layout, shown_nodes
from guigrad.document.model import Document, Eval, In, ListOf, Node, View
from guigrad.document.names import labels
from guigrad.source.parse.parser import parse
from tests.strategies import documents
from tests.work import calls


def grid(source: str) -> dict[str, tuple[float, float]]:
    document = parse(source)
    known = labels(document)
    return {known[key]: (view.x / COLUMN_PX, view.y / ROW_PX) for key, view in layout(document).items()}


def test_the_lesson_is_one_straight_line() -> None:
    source = """
import torch
t1 = torch.randn(5, requires_grad=True)
t2 = t1 + 2
t3 = 2 * t2**2
t4 = t3.mean()
t4.backward()
print(t1.grad)
"""
    assert grid(source) == {"t1": (0, 0), "t2": (1, 0), "pow": (2, 0), "t3": (3, 0), "t4": (4, 0)}


def test_a_network_keeps_its_main_line_and_leaves_near_their_readers() -> None:
    source = """
import torch
x = torch.randn(1, 2)
W1 = torch.randn(2, 3, requires_grad=True)
b1 = torch.zeros(3, requires_grad=True)
W2 = torch.randn(3, 1, requires_grad=True)
b2 = torch.zeros(1, requires_grad=True)
h = x @ W1 + b1
a = h.relu()
out = a @ W2 + b2
out.backward()
"""
    places = grid(source)
    assert {places[name][1] for name in ("x", "matmul", "h", "a", "matmul_2", "out")} == {0}
    assert places["W1"] == (0, 1)
    assert places["b1"] == (1, 1)
    assert places["W2"] == (3, 1)
    assert places["b2"] == (4, 1)


@given(documents(max_items=12))
def test_nothing_overlaps_and_what_is_placed_stays(document: Document) -> None:
    found = layout(document)
    assert found == layout(document)
    cards = shown_nodes(document)
    assert set(found) == {key for key in cards if key not in document.views}
    everything = {**document.views, **found}
    places = [(round(view.x), round(view.y)) for key, view in everything.items() if key in found]
    assert len(places) == len(set(places))
    bare = Document(document.nodes, document.program)
    anew = layout(bare)
    for key in cards:
        for wire in document.nodes[key].inputs():
            if wire.node in anew and wire.node != key:
                assert anew[wire.node].x < anew[key].x


def test_a_new_card_lies_beside_its_input_and_on_no_other() -> None:
    document = parse("import torch\na = torch.ones(2)\nb = a + 1\n")
    views = layout(document)
    document = edit.place_views({key: View(view.x + 1000, view.y + 7) for key, view in views.items()})(document).apply(
        document
    )
    for _ in range(3):
        document = edit.add_node("torch.relu", args=(In(next(iter(views))),))(document).apply(document)
        new = layout(document)
        assert len(new) == 1
        (view,) = new.values()
        assert view.x == 1000 + COLUMN_PX
        assert all((view.x, view.y) != (other.x, other.y) for other in document.views.values())
        document = edit.place_views(new)(document).apply(document)


def test_tidying_keeps_the_corner() -> None:
    document = parse("import torch\na = torch.ones(2)\nb = a + 1\nc = b * 2\n")
    messy = {key: View(500.0 - 10 * index, 300.0 + 99 * index) for index, key in enumerate(document.nodes)}
    document = edit.place_views(messy)(document).apply(document)
    tidy = layout(document, only=document.nodes)
    assert min(view.x for view in tidy.values()) == min(view.x for view in messy.values())
    assert min(view.y for view in tidy.values()) == min(view.y for view in messy.values())
    assert len({view.y for view in tidy.values()}) == 1


def ladder(count: int) -> Document:
    dice = random.Random(1)
    nodes = {f"n{i}": Node(f"n{i}", "torch.tensor", (ListOf((1.0,)),)) for i in range(20)}
    for i in range(20, count):
        a, b = (f"n{dice.randrange(max(0, i - 50), i)}" for _ in range(2))
        nodes[f"n{i}"] = Node(f"n{i}", "operator.add", (In(a), In(b) if i % 2 else 2))
    return Document(nodes, tuple(Eval(key) for key in nodes))


def test_ten_thousand_nodes_are_placed() -> None:
    found = layout(ladder(10_000))
    assert len({(view.x, view.y) for view in found.values()}) == 10_000
    small, middle = ladder(4000), ladder(8000)
    assert calls(lambda: layout(middle)) < 2.5 * calls(lambda: layout(small))
