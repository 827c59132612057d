"""Documents without their functions."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from guigrad.document import edit, scope
from guigrad.document.check import check
from guigrad.document.diff import Diff
from guigrad.document.edit import Refused
from guigrad.document.expand import Expansion, expand
from guigrad.document.model import Document, Eval, Function, In, Node
from guigrad.document.store import Store
from guigrad.source.parse.parser import parse
from tests.document.test_edit_sequences import some_edit, sound
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


@given(documents(max_items=5, functions=True), st.data())
def test_what_a_document_expands_to_is_followed_from_edit_to_edit(document: Document, data: Any) -> None:
    store = Store(document)
    following = [Expansion(document)]
    shown = [following[0].document]

    def follow(diff: Diff) -> None:
        shown[0] = following[0].edit(diff).apply(shown[0])
        wanted = expand(store.document)
        for each in (following[0].document, shown[0]):
            assert (each.nodes, repr(each.program)) == (wanted.nodes, repr(wanted.program))
            assert each.settings == wanted.settings

    for _ in range(data.draw(st.integers(1, 4))):
        key = data.draw(st.sampled_from(["", *store.document.functions]))
        try:
            change = scope.within(key, some_edit(data.draw, scope.inside(store.document, key)))(store.document)
        except Refused:
            continue
        if not store.commit(change):
            continue
        follow(change)
        if data.draw(st.booleans()):
            store.undo()
            follow(change.inverse())


def test_an_edit_costs_what_it_touches() -> None:
    lines = "".join(f"    y = torch.tanh(y * {number}.5)\n" for number in range(20))
    calls = "y = f(y)\n" * 30
    document = parse(
        f"import torch\n\n\ndef f(y):\n{lines}    return y\n\n\ny = torch.ones(2)\nx = torch.ones(3)\n{calls}"
    )
    following = Expansion(document)
    was = following.document
    key = next(key for key, node in document.nodes.items() if node.op == "operator.mul")
    diff = scope.within(next(iter(document.functions)), edit.set_argument(key, "other", 7.0))(document)
    change = following.edit(diff)
    assert len(change.nodes) == 30
    assert change.program is None
    document = diff.apply(document)
    (alone,) = following.edit(edit.remove("x")(document)).nodes.values()
    assert alone[1] is None
    now = following.document
    same = [path for path in now.nodes if now.nodes[path] is was.nodes[path]]
    assert len(same) == len(now.nodes) - 30
