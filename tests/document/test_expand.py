"""Documents without their functions."""

from __future__ import annotations

from hypothesis import given

from guigrad.document.check import check
from guigrad.document.expand import Expansion, expand
from guigrad.document.model import Document, Eval, Function, In, Node
from tests.document.test_edit_sequences import sound
from tests.document.test_scope import doubled
from tests.strategies import documents


def test_a_call_becomes_its_body() -> None:
    document = expand(doubled())
    assert list(document.nodes) == ["t", "c/x", "c/y", "c"]
    assert document.nodes["c/x"] == Node("c/x", "python.alias", (In("t"),), name="x")
    assert document.nodes["c/y"] == Node("c/y", "operator.mul", (In("c/x"), 2), name="y")
    assert document.nodes["c"] == Node("c", "python.alias", (In("c/y"),))
    assert not document.functions
    assert check(document) == ()


def test_labels_of_instances() -> None:
    labels = Expansion(doubled()).labels()
    assert labels == {"t": "t", "c/x": "f/x", "c/y": "f/y", "c": "f"}


def test_recursion_is_refused_with_its_circle() -> None:
    nodes = {
        "a": Node("a", "def.g"),
        "b": Node("b", "def.f"),
        "c": Node("c", "def.f"),
    }
    functions = {"f": Function("f", "f", program=(Eval("a"),)), "g": Function("g", "g", program=(Eval("b"),))}
    document = expand(Document(nodes, (Eval("c"),), functions=functions))
    raised = document.nodes["c/a/b"]
    assert raised.op == "python.raise"
    assert "f → g → f" in str(raised.args)


@given(documents(functions=True))
def test_what_a_document_expands_to_is_sound(document: Document) -> None:
    found = expand(document)
    sound(found) if document.functions else None
    assert not found.functions
    assert set(Expansion(document).labels()) == set(found.nodes)
