"""Labels, owned nodes, and Python names."""

from __future__ import annotations

import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guigrad.document.model import Document, Eval, In, Loop, Node, walk
from guigrad.document.names import frame_labels, in_order, labels, owned_nodes, python_name, short_name
from guigrad.source.parse.parser import parse
from tests.strategies import documents

TRAINING = """
import torch
w = torch.ones(4, requires_grad=True)
for epoch in range(2):
    loss = (w * 3).sum()
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
    w.grad.zero_()
print(w)
"""


def test_a_name_used_once_is_the_label() -> None:
    document = parse("import torch\nt1 = torch.ones(3)\nt2 = 2 * t1**2\n")
    assert set(labels(document).values()) == {"t1", "pow", "t2"}


def test_versions_are_numbered_and_the_newest_has_the_plain_name() -> None:
    document = parse("import torch\nx = torch.ones(3)\nx = x + 1\nx += 1\ny = (x * 2) * (x * 3)\n")
    assert list(labels(document).values()) == ["x@1", "x@2", "x", "mul", "mul_2", "y"]
    places = frame_labels(document)
    assert places["x"] == places["x@3"]
    assert document.nodes[places["x@1"][0]].op == "torch.ones"


def test_the_newest_is_the_variable_of_the_loop() -> None:
    document = parse(TRAINING)
    by_label = {label: document.nodes[key].op for key, label in labels(document).items()}
    assert by_label["w@1"] == "torch.ones"
    assert by_label["w@2"] == "operator.isub"
    assert by_label["w"] == "python.carry"
    assert by_label["loss"] == "torch.Tensor.sum"
    assert by_label["epoch"] == "python.loop_var"


def test_unnamed_labels_avoid_names() -> None:
    document = parse("import torch\nmul = torch.ones(3)\nmul_3 = (mul * 2 * 2) * 3\n")
    assert list(labels(document).values()) == ["mul", "mul_2", "mul_4", "mul_3"]


def test_outputs_have_labels_of_their_own() -> None:
    document = parse("import torch\nv, i = torch.ones(3).max(0)\nv = v + 1\n")
    places = frame_labels(document)
    node = next(node for node in document.nodes.values() if node.outputs)
    assert places["max"] == (node.id, None)
    assert places["max[0]"] == places["v@1"] == (node.id, 0)
    assert places["i"] == places["max[1]"] == (node.id, 1)
    assert places["v"] != places["v@1"]


def test_operands_of_effects_are_owned() -> None:
    document = parse(TRAINING)
    owned = {document.nodes[key].op: owner for key, owner in owned_nodes(document).items()}
    loop = next(item for item in document.program if isinstance(item, Loop))
    update = next(node.id for node in document.nodes.values() if node.op == "operator.isub")
    assert owned["builtins.range"] == loop.id
    ops = {document.nodes[key].op for key, owner in owned_nodes(document).items() if owner == update}
    assert ops == {"operator.mul", "torch.Tensor.grad"}
    assert all(document.nodes[key].name is None for key in owned_nodes(document))


def test_what_also_leads_elsewhere_is_not_owned() -> None:
    document = parse("import torch\nx = torch.ones(3)\nprint(x.sum())\ny = x.mean()\nprint(y)\n")
    assert {document.nodes[key].op for key in owned_nodes(document)} == {"torch.Tensor.sum"}
    shared = Document(
        nodes={
            "a": Node("a", "torch.ones", (3,)),
            "p": Node("p", "python.print", (In("a"),)),
            "y": Node("y", "torch.exp", (In("a"),), name="y"),
        },
        program=(Eval("a"), Eval("p"), Eval("y")),
    )
    assert owned_nodes(shared) == {}


@pytest.mark.parametrize(
    ("op", "name"),
    [("torch.Tensor.mean", "mean"), ("operator.and_", "and_"), ("python.fstring", "fstring"), ("weird-op", "weird_op")],
)
def test_short_names(op: str, name: str) -> None:
    assert short_name(op) == name


@given(st.text())
def test_python_names_are_legal(text: str) -> None:
    name = python_name(text)
    assert name.isidentifier()
    assert not keyword.iskeyword(name)


@given(documents())
def test_labels_are_unique_and_complete(document: Document) -> None:
    found = labels(document)
    assert set(found) == set(document.nodes)
    assert len(set(found.values())) == len(found)
    places = frame_labels(document)
    assert {key for key, _ in places.values()} == set(document.nodes)
    assert all(label in places for label in found.values())
    assert {node.id for node in in_order(document)} <= set(document.nodes)
    assert len(list(walk(document.program))) >= len(document.program)
