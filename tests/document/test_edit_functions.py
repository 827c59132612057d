"""Functions made of selections, expanded again, and their ports."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guigrad.document import tree
from guigrad.document.draft import Refused
from guigrad.document.edit import connect, disconnect, remove, rename, set_argument
from guigrad.document.edit_calls import expand_call, make_unique
from guigrad.document.edit_functions import (
    add_result,
    make_function,
    remove_function,
    remove_result,
    remove_unused,
    rename_function,
)
from guigrad.document.follow import calls_of
from guigrad.document.model import Document, Effect, In, callee, item_key, walk
from guigrad.document.scope import inside, within
from guigrad.source.parse.parser import parse
from tests.strategies import documents

SCRIPT = """import torch
a = torch.tensor([1., 2.], requires_grad=True)
b = torch.tensor([3., 4.])
c = a * b
d = torch.relu(c)
e = d + b
loss = e.sum()
loss.backward()
"""


def ids(document: Document, *names: str) -> list[str]:
    return [next(node.id for node in document.nodes.values() if node.name == name) for name in names]


def make(document: Document, *names: str) -> Document:
    return make_function(ids(document, *names))(document).apply(document)


def only_function(document: Document):
    (function,) = document.functions.values()
    return function


def call_of(document: Document) -> str:
    return next(node.id for node in document.nodes.values() if callee(node))


def names(document: Document, keys: tuple[str, ...]) -> list[str | None]:
    return [document.nodes[key].name for key in keys]


def test_ports_are_the_wires_that_cross():
    new = make(parse(SCRIPT), "c", "d", "e")
    function = only_function(new)
    assert names(new, function.params) == ["a", "b"]
    assert isinstance(function.result, In)
    assert new.nodes[function.result.node].name == "e"
    call = new.nodes[call_of(new)]
    assert call.name == "e"
    assert [new.nodes[wire.node].name for wire in call.inputs()] == ["a", "b"]
    assert sound(new)


def test_several_results_are_a_tuple():
    new = make(parse(SCRIPT + "print(d)\n"), "c", "d", "e")
    function = only_function(new)
    assert [new.nodes[wire.node].name for wire in function.result] == ["d", "e"]
    assert new.nodes[call_of(new)].outputs == ("d", "e")


@pytest.mark.parametrize("chosen", [("c",), ("c", "d"), ("d", "e"), ("c", "d", "e"), ("a", "b", "c"), ("loss",)])
def test_expanding_takes_it_back(chosen):
    document = parse(SCRIPT)
    new = make(document, *chosen)
    back = expand_call(call_of(new))(new).apply(new)
    assert back.canonical() == document.canonical()
    assert back.nodes == document.nodes
    assert not back.functions


def test_the_node_in_the_way_is_named():
    document = parse(SCRIPT)
    with pytest.raises(Refused, match="d is in the way: it needs c, and e needs it"):
        make(document, "c", "e")
    script = "import torch\nx = torch.zeros(2)\ny = x + 1\nx += 1\nz = x + y\n"
    document = parse(script)
    chosen = ids(document, "y", "z")
    with pytest.raises(Refused, match="x is in the way: it has to happen before z"):
        make_function(chosen)(document)


def test_a_loop_is_cut_out_whole_or_not_at_all():
    script = (
        "import torch\nx = torch.ones(2)\ns = torch.zeros(2)\n"
        "for i in range(3):\n    t = x * i\n    s = s + t\ny = s.sum()\n"
    )
    document = parse(script)
    with pytest.raises(Refused, match="s is in the loop over i too"):
        make_function(ids(document, "t", "y"))(document)
    loop = next(item for item in walk(document.program) if not hasattr(item, "node"))
    new = make_function([item_key(loop), *ids(document, "y")])(document).apply(document)
    assert names(new, only_function(new).params) == ["s", "x"]
    back = expand_call(call_of(new))(new).apply(new)
    assert back.canonical() == document.canonical()
    inner = make(document, "t")
    assert expand_call(call_of(inner))(inner).apply(inner).canonical() == document.canonical()


def test_a_variable_without_a_first_value_cannot_be_given() -> None:
    script = (
        "import torch\nbest = None\nfor i in range(3):\n    v = torch.tensor(float(i))\n"
        "    if best is None or v > best:\n        best = v\n        at = i\nprint(best, at)\n"
    )
    document = parse(script)
    loop = next(item for item in document.program if not hasattr(item, "node"))
    branch = next(item for item in loop.body if not hasattr(item, "node") and len(item.carried) == 2)
    with pytest.raises(Refused, match="at may have no value before"):
        make_function([branch.id])(document)
    assert len(make_function([loop.id])(document).functions) == 1


def test_what_sets_how_everything_works_stays_in_its_place() -> None:
    document = parse("import torch\nx = torch.ones(2)\ntorch.set_printoptions(precision=2)\ny = x + 1\nz = y * 2\n")
    chosen = ids(document, "y", "z")
    assert len(make_function(chosen)(document).functions) == 1
    with pytest.raises(Refused, match="set_printoptions is in the way"):
        make(document, "x", "y")


def test_a_call_that_acts_is_an_effect():
    script = "import torch\nw = torch.ones(2)\nw += 1\nprint(w)\n"
    document = parse(script)
    second = [node.id for node in document.nodes.values() if node.name == "w"][1]
    new = make_function([second])(document).apply(document)
    assert any(isinstance(item, Effect) and item.node == call_of(new) for item in new.program)


def test_undo_takes_every_record_back():
    document = parse(SCRIPT)
    diff = make_function(ids(document, "c", "d"))(document)
    new = diff.apply(document)
    assert diff.inverse().apply(new) == document
    diff = expand_call(call_of(new))(new)
    assert diff.inverse().apply(diff.apply(new)) == new


def test_functions_of_functions():
    document = parse(SCRIPT)
    inner = make(document, "c", "d")
    key = call_of(inner)
    outer = make_function([key, *ids(inner, "e")])(inner).apply(inner)
    assert sorted(function.name for function in outer.functions.values()) == ["f", "g"]
    assert sound(outer)
    call = next(node.id for node in inside(outer, "").nodes.values() if callee(node))
    once = expand_call(call)(outer).apply(outer)
    assert once.canonical() == inner.canonical()
    again = expand_call(key)(once).apply(once)
    assert again.canonical() == document.canonical()
    deep = expand_call(key)(outer).apply(outer)  # the call inside the other function
    assert len(deep.functions) == 1
    assert sound(deep)


def ordered(document: Document) -> bool:
    spots = tree.spots(document)
    return all(
        wire.node in document.nodes for node in document.nodes.values() for wire in node.inputs() if wire.node
    ) and all(
        tree.is_visible(document, wire.node, item_key(item))
        for item in walk(document.program)
        if hasattr(item, "node") and item_key(item) in spots
        for wire in document.nodes[item_key(item)].inputs()
        if wire.node
    )


def sound(document: Document) -> bool:
    return ordered(inside(document, "")) and all(ordered(inside(document, key)) for key in document.functions)


def twice() -> tuple[Document, str, str, str]:
    """A function called twice: the document, the function, both calls."""
    from guigrad.document.edit import duplicate

    document = make(parse(SCRIPT), "c", "d")
    first = call_of(document)
    document = duplicate([first], keep_inputs=True)(document).apply(document)
    second = next(node.id for node in document.nodes.values() if callee(node) and node.id != first)
    return document, only_function(document).id, first, second


def test_a_shared_function_is_copied_when_expanded_and_made_unique():
    document, key, first, second = twice()
    assert [call.id for call in calls_of(document, key)] == [first, second]
    expanded = expand_call(second)(document).apply(document)
    assert list(expanded.functions) == [key]
    assert sound(expanded)
    unique = make_unique(second)(document).apply(document)
    assert len(unique.functions) == 2
    assert len(calls_of(unique, key)) == 1
    assert sound(unique)
    with pytest.raises(Refused, match="no other call"):
        make_unique(first)(unique)


def test_every_edit_works_inside():
    document, key, _first, _second = twice()
    function = document.functions[key]
    mul = ids(document, "c")[0]
    changed = within(key, set_argument(mul, "other", 5.0))(document).apply(document)
    assert changed.nodes[mul].args[1] == 5.0
    changed = within(key, rename(function.params[0], "u"))(document).apply(document)
    assert names(changed, changed.functions[key].params)[0] == "u"
    changed = within(key, remove(function.params[1]))(document).apply(document)
    assert len(changed.functions[key].params) == 1
    assert [len(call.args) for call in calls_of(changed, key)] == [1, 1]
    with pytest.raises(Refused):
        within(key, connect(ids(document, "b")[0], 0, mul, "other"))(document)
    changed = within(key, disconnect(mul, "other"))(document).apply(document)
    assert changed.nodes[mul].args[1] == In()


def test_a_wire_crosses_the_border_only_through_ports() -> None:
    document = make(parse(SCRIPT), "c", "d")
    a, c, e = ids(document, "a", "c", "e")
    with pytest.raises(Refused, match=r"a is in the main program, this is inside f: .* only through its ports"):
        connect(a, 0, c, "self")(document)
    with pytest.raises(Refused, match="c is inside f, this is in the main program"):
        connect(c, 0, e, "self")(document)


def test_names_of_functions():
    document = make(parse(SCRIPT), "c", "d")
    key = only_function(document).id
    renamed = rename_function(key, "scaled")(document).apply(document)
    assert renamed.functions[key].name == "scaled"
    for bad in ("a", "sum", "for", "1x"):
        with pytest.raises(Refused):
            rename_function(key, bad)(document)


def test_unused_functions_go():
    document = make(parse(SCRIPT), "c", "d")
    key = only_function(document).id
    with pytest.raises(Refused, match="called 1 time"):
        remove_function(key)(document)
    alone = remove(call_of(document))(document).apply(document)
    assert key in alone.functions
    gone = remove_unused()(alone).apply(alone)
    assert not gone.functions
    assert "c" not in {node.name for node in gone.nodes.values()}


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_make_then_expand_is_the_identity(data):
    document = data.draw(documents())
    body = document.program
    if not body:
        return
    low = data.draw(st.integers(0, len(body) - 1))
    high = data.draw(st.integers(low, len(body) - 1))
    chosen = [item_key(item) for item in body[low : high + 1]]
    try:
        diff = make_function(chosen)(document)
    except Refused:
        return
    new = diff.apply(document)
    assert diff.inverse().apply(new) == document
    assert sound(new)
    back = expand_call(call_of(new))(new).apply(new)
    assert {key: repr((n.op, n.args, n.kwargs)) for key, n in back.nodes.items()} == {
        key: repr((n.op, n.args, n.kwargs)) for key, n in document.nodes.items()
    }
    moved = [item_key(item) for item in walk(back.program)] != [item_key(item) for item in walk(document.program)]
    if not moved and back.nodes == document.nodes:  # no hidden operand came from further away, no name meant two things
        assert back.canonical() == document.canonical()


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_any_selection_is_cut_out_legally_or_refused(data):
    document = data.draw(documents())
    keys = [*tree.spots(document)]
    if not keys:
        return
    chosen = data.draw(st.lists(st.sampled_from(keys), min_size=1, unique=True))
    try:
        new = make_function(chosen)(document).apply(document)
    except Refused:
        return
    assert sound(new)
    back = expand_call(call_of(new))(new).apply(new)
    assert ordered(back)
    assert back.nodes.keys() == document.nodes.keys()


def test_results_are_added_and_removed_in_every_call() -> None:
    document, key, first, second = twice()
    inner = ids(document, "c")[0]
    more = add_result(key, inner)(document).apply(document)
    assert [more.nodes[wire.node].name for wire in more.functions[key].result] == ["d", "c"]
    assert [len(more.nodes[call].outputs) for call in (first, second)] == [2, 2]
    assert more.nodes[first].outputs[0] == "d"
    assert sound(more)
    less = remove_result(key, 1)(more).apply(more)
    assert less.functions[key].result == document.functions[key].result
    assert less.nodes[first].name == "d"
    assert sound(less)
    with pytest.raises(Refused, match="is not inside f"):
        add_result(key, ids(document, "a")[0])(document)
    gone = remove_result(key, 0)(more).apply(more)
    reader = next(node for node in gone.nodes.values() if node.name == "e")
    assert In() in tuple(reader.inputs())
    assert sound(gone)
