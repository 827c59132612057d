"""Bodies of functions as documents of their own, and edits inside them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from guigrad.document import edit, file, ports, scope, tree
from guigrad.document.calls import bind
from guigrad.document.edit import Refused
from guigrad.document.encode import encode
from guigrad.document.index import fresh_ids
from guigrad.document.model import RETURN, Document, Eval, Function, In, Node, View
from guigrad.document.store import Store
from tests.document.test_edit_sequences import some_edit
from tests.strategies import documents


def doubled() -> Document:
    """``def f(x): y = x * 2; return y`` and ``t = torch.tensor(1.0); f(t)``."""
    nodes = {
        "x": Node("x", "python.param", name="x"),
        "y": Node("y", "operator.mul", (In("x"), 2), name="y"),
        "t": Node("t", "torch.tensor", (1.0,), name="t"),
        "c": Node("c", "def.f", (In("t"),)),
    }
    functions = {"f": Function("f", "f", ("x",), (), (Eval("y"),), In("y"))}
    views = {key: View(index * 100.0) for index, key in enumerate((*nodes, "f"))}
    return Document(nodes, (Eval("t"), Eval("c")), views, functions=functions)


def test_a_body_is_a_document_with_its_parameters_and_its_result() -> None:
    body = scope.inside(doubled(), "f")
    assert [getattr(item, "node", "") for item in body.program] == ["x", "y", "f"]
    assert body.nodes["f"] == Node("f", RETURN, (In("y"),))
    assert set(body.views) == {"x", "y", "f"}
    main = scope.inside(doubled(), "")
    assert set(main.nodes) == set(main.views) == {"t", "c"}


def test_an_edit_inside_is_one_step_of_the_whole_document() -> None:
    store = Store(doubled())
    store.commit(scope.within("f", edit.add_node("torch.relu", (1.0, 2.0), args=(In("y"),)))(store.document))
    body = scope.inside(store.document, "f")
    (added,) = body.nodes.keys() - {"x", "y", "f"}
    store.commit(scope.within("f", edit.connect(added, 0, "f", "value"))(store.document))
    assert store.document.functions["f"].result == In(added)
    assert store.document.program == doubled().program
    store.commit(scope.within("f", edit.remove("y"))(store.document))
    assert [item.node for item in store.document.functions["f"].program if isinstance(item, Eval)] == [added]
    for _ in range(3):
        store.undo()
    assert store.document == doubled()


def test_a_parameter_added_and_removed_inside() -> None:
    document = doubled()
    document = scope.within("f", edit.remove("x"))(document).apply(document)
    assert document.functions["f"].params == ()
    assert document.nodes["y"].args == (In(), 2)


def test_boxes_drawn_inside_belong_to_the_function() -> None:
    document = doubled()
    document = scope.within("f", edit.add_box("b", around=["x", "y"]))(document).apply(document)
    (box,) = document.boxes
    assert document.functions["f"].decor == (box,)
    assert not scope.inside(document, "").boxes
    document = scope.within("f", edit.remove(box))(document).apply(document)
    assert document.functions["f"].decor == ()


def test_new_ids_differ_from_those_of_every_scope() -> None:
    document = Document(
        {"#7": Node("#7", "python.param", name="x"), "#1": Node("#1", "torch.tensor", (1,))},
        (Eval("#1"),),
        functions={"#9": Function("#9", "f", ("#7",))},
    )
    assert next(fresh_ids(document)) == "#10"
    assert next(fresh_ids(scope.inside(document, "#9"))) == "#10"


def is_sound(document: Document) -> None:
    for key in ("", *document.functions):
        body = scope.inside(document, key)
        keys = [found for item in body.program for found in tree.defined(item)]
        assert len(keys) == len(set(keys))
        assert set(keys) == set(body.nodes)
        for source, readers in body.consumers.items():
            for reader in readers:
                assert tree.is_visible(body, source, reader), (source, reader)


@given(documents(max_items=4, functions=True), st.data())
def test_any_edits_inside_any_scope_are_sound_and_undoable(document: Document, data: Any) -> None:
    store = Store(document)
    is_sound(document)
    history = [document]
    for _ in range(data.draw(st.integers(1, 4))):
        key = data.draw(st.sampled_from(["", *document.functions]))
        try:
            change = some_edit(data.draw, scope.inside(store.document, key))
            diff = scope.within(key, change)(store.document)
        except Refused:
            continue
        if store.commit(diff):
            is_sound(store.document)
            assert diff.inverse().apply(store.document) == history[-1]
            history.append(store.document)
    assert file.read(encode(store.document, "0.1.0")) == store.document
    for earlier in reversed(history[:-1]):
        store.undo()
        assert store.document == earlier


def test_calls_follow_the_parameters_of_their_function() -> None:
    document = file.read(encode(doubled(), "0.1.0"))
    assert document.nodes["c"].signature is not None
    document = scope.within("f", edit.rename("x", "z"))(document).apply(document)
    assert [port.path for port in ports.ports(document.nodes["c"])] == ["z"]
    document = scope.within("f", edit.add_node("python.param"))(document).apply(document)
    added = document.functions["f"].params[1]
    document = scope.within("f", edit.rename(added, "w"))(document).apply(document)
    assert [(port.path, port.value) for port in ports.ports(document.nodes["c"])] == [("z", In("t")), ("w", In())]
    document = scope.within("f", edit.remove("x"))(document).apply(document)
    assert document.nodes["c"].args == (In(),)
    assert [port.path for port in ports.ports(document.nodes["c"])] == ["w"]
    diff = edit.connect("t", 0, "c", "w")(document)
    assert diff.apply(document).nodes["c"].inputs().__next__() == In("t")


def test_python_says_what_is_wrong_with_a_call() -> None:
    params = {key: Node(key, "python.param", (2,) if key == "b" else (), name=key) for key in "abck"}
    function = Function("f", "f", ("a", "b", "c", "k"), positional_only=1, keyword_only=1)
    scopes = [("a, /, b=2, c=3, *, k", ("a", "b", "c", "k")), ("a, /, b, c, *, k", ("a", "b", "c", "k"))]
    for text, _ in scopes:
        space: dict[str, Any] = {}
        exec(f"def f({text}): pass", space)  # the test's own text
        nodes = dict(params)
        for key in "bc":
            nodes[key] = Node(key, "python.param", (2,) if f"{key}=" in text else (), name=key)
        for args, kwargs in (
            ((), {}), ((1,), {}), ((1, 2, 3, 4), {}), ((1, 2, 3, 4, 5), {"k": 1}), ((1, 2), {"b": 1}), ((1,), {"z": 1}),
            ((), {"a": 1, "k": 2}), ((1, 2, 3), {}), ((1, 2, 3), {"k": 0}), ((), {"k": 0}), ((1, 2, 3, 4), {"k": 1}),
        ):  # fmt: skip
            call = Node("c", "def.f", args, tuple(kwargs.items()))
            try:
                space["f"](*args, **kwargs)
                said = ""
            except TypeError as error:
                said = str(error)
            assert bind(nodes, function, call)[1] == said, (text, args, kwargs)


def test_a_whole_body_is_copied_out_without_its_ports_and_in_with_new_ones() -> None:
    document = doubled()
    body = scope.inside(document, "f")
    fragment = edit.copy(body, body.nodes)
    assert RETURN not in {node.op for node in fragment.nodes.values()}
    outside = edit.paste(fragment, (5.0, 6.0))(document).apply(document)
    assert {node.op for node in scope.inside(outside, "").nodes.values()} == {"torch.tensor", "def.f", "operator.mul"}
    inner = scope.within("f", edit.paste(fragment))(document).apply(document)
    assert [inner.nodes[key].name for key in inner.functions["f"].params] == ["x", "x_2"]
    assert inner.nodes["c"].args == (In("t"), In())


def test_a_parameter_without_a_default_stands_ahead_of_those_with_one() -> None:
    document = doubled()
    default = Node("x", "python.param", (1.0,), name="x")
    document = structs.replace(document, nodes={**document.nodes, "x": default})
    document = scope.within("f", edit.add_node("python.param"))(document).apply(document)
    assert [document.nodes[key].args for key in document.functions["f"].params] == [(), (1.0,)]
    assert document.nodes["c"].args == (In(), In("t"))
