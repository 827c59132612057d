"""What each edit does."""

from __future__ import annotations

from typing import Any

import pytest

from guigrad.document import edit
from guigrad.document.edit import Refused
from guigrad.document.model import (
    Document,
    Effect,
    Eval,
    In,
    ListOf,
    Loop,
    Node,
    Region,
    Wire,
    item_key,
    walk,
)
from guigrad.document.store import Store
from guigrad.source.parse.parser import parse


def graph(*items: Any, effects: tuple[str, ...] = ()) -> Document:
    """Nodes (id, op, args…) in order; those named in ``effects`` are effects."""
    nodes = {key: Node(key, op, tuple(args), (), key) for key, op, *args in items}
    return Document(nodes, tuple(Effect(key) if key in effects else Eval(key) for key in nodes))


def order(document: Document) -> list[str]:
    return [item_key(item) for item in walk(document.program)]


def chain_of_four() -> Document:
    return graph(
        ("t1", "torch.ones", 3),
        ("t2", "operator.add", In("t1"), 2),
        ("t3", "operator.mul", 2, In("t2")),
        ("t4", "torch.Tensor.mean", In("t3")),
        ("b", "torch.Tensor.backward", In("t4")),
        effects=("b",),
    )


# -- wires ----------------------------------------------------------------------------------------


def test_wiring_moves_the_reader_later() -> None:
    document = graph(
        ("a", "torch.ones", 2), ("b", "torch.relu", In("a")), ("c", "torch.relu", In("b")), ("d", "torch.exp", In())
    )
    document = edit.connect("a", 0, "d", "self")(document).apply(document)
    diff = edit.connect("d", 0, "b", "self")(document)
    assert diff.label == "Connect d → b.self"
    assert order(diff.apply(document)) == ["a", "d", "b", "c"]


def test_an_effect_is_never_crossed_but_a_dropped_node_goes_before_it() -> None:
    document = chain_of_four()
    document = edit.add_node("torch.relu", name="r")(document).apply(document)
    assert order(document)[-1] not in document.views
    added = order(document)[-1]
    document = edit.connect("t3", 0, "r", "self")(document).apply(document)
    document = edit.connect("r", 0, "t4", "self")(document).apply(document)
    assert order(document) == ["t1", "t2", "t3", added, "t4", "b"]


def test_what_would_change_the_program_is_refused_with_a_reason() -> None:
    document = graph(
        ("x", "torch.ones", 2),
        ("a", "torch.relu", In("x")),
        ("y", "operator.iadd", In("x"), 1),
        ("c", "torch.exp", In("x")),
        effects=("y",),
    )
    with pytest.raises(Refused, match="would change what the program does"):
        edit.connect("c", 0, "a", "self")(document)
    dice = graph(("a", "torch.ones", 2), ("b", "torch.relu", In("a")), ("p", "torch.randn", 2), ("q", "torch.randn", 2))
    with pytest.raises(Refused, match="random draw"):
        edit.connect("q", 0, "b", "self")(dice)


def test_a_cycle_is_refused_and_named() -> None:
    with pytest.raises(Refused, match="cycle"):
        edit.connect("t4", 0, "t2", "self")(chain_of_four())
    with pytest.raises(Refused, match="its own input"):
        edit.connect("t2", 0, "t2", "self")(chain_of_four())


@pytest.mark.parametrize(
    ("source", "target", "path", "words"),
    [
        ("zz", "t2", "self", "there is no 'zz'"),
        ("t1", "zz", "self", "there is no 'zz'"),
        ("t1", "t2", "nothing", "has no port 'nothing'"),
        ("b", "t2", "self", "gives no value"),
        ("t1", "t4", "dtype", "takes a dtype"),
    ],
)
def test_impossible_wires(source: str, target: str, path: str, words: str) -> None:
    document = chain_of_four()
    with pytest.raises(Refused, match=words):
        edit.connect(source, 0, target, path)(document)


def test_a_second_output_is_picked() -> None:
    document = graph(("x", "torch.ones", 2, 2), ("m", "torch.Tensor.max", In("x"), 0), ("r", "torch.relu", In()))
    document = edit.connect("m", 1, "r", "self")(document).apply(document)
    (picked,) = [node for node in document.nodes.values() if node.op == "operator.getitem"]
    assert picked.args == (In("m"), 1)
    assert order(document) == ["x", "m", picked.id, "r"]


def test_a_dropped_node_follows_its_first_wire_into_a_loop() -> None:
    nodes = {
        "i": Node("i", "python.loop_var", name="i"),
        "y": Node("y", "operator.add", (In("i"), 1)),
        "z": Node("z", "torch.relu", (In(),)),
    }
    document = Document(nodes, (Loop("L", "i", 3, (Eval("y"),)), Eval("z")))
    document = edit.connect("y", 0, "z", "self")(document).apply(document)
    assert document.program == (Loop("L", "i", 3, (Eval("y"), Eval("z"))),)
    taken = edit.add_node("torch.relu", name="x")(document).apply(document)
    taken = edit.add_node("torch.relu", name="w", args=(In(order(taken)[-1]),))(taken).apply(taken)
    with pytest.raises(Refused, match="inside the loop over i"):
        edit.connect("y", 0, "x", "self")(taken)


def test_disconnect_opens_the_port_or_leaves_the_argument_out() -> None:
    document = graph(("x", "torch.ones", 2), ("l", "torch.nn.functional.linear", In("x"), In("x"), In("x")))
    document = edit.disconnect("l", "bias")(document).apply(document)
    assert document.nodes["l"].args == (In("x"), In("x"))
    document = edit.disconnect("l", "weight")(document).apply(document)
    assert document.nodes["l"].args == (In("x"), In())
    with pytest.raises(Refused, match="no wire"):
        edit.disconnect("x", "size")(document)


def test_insert_on_wire_and_extract_are_inverse() -> None:
    document = chain_of_four()
    longer = edit.insert_on_wire(Wire("t2", 0, "t3", "other"), "torch.exp", (1.0, 1.0))(document).apply(document)
    (new,) = longer.nodes.keys() - document.nodes.keys()
    assert longer.nodes["t3"].args == (2, In(new))
    assert longer.nodes[new].args == (In("t2"),)
    assert order(longer).index(new) == order(longer).index("t3") - 1
    assert edit.extract(new)(longer).apply(longer) == document


# -- nodes ----------------------------------------------------------------------------------------


def test_the_first_random_node_brings_a_seed() -> None:
    document = Document()
    document = edit.add_node("torch.randn", (0.0, 0.0))(document).apply(document)
    assert [document.nodes[key].op for key in order(document)] == ["torch.manual_seed", "torch.randn"]
    assert isinstance(document.program[0], Effect)
    assert document.nodes[order(document)[1]].name == "t1"
    document = edit.add_node("torch.randn")(document).apply(document)
    assert [document.nodes[key].op for key in order(document)].count("torch.manual_seed") == 1
    assert document.nodes[order(document)[2]].name == "t2"


def test_removing_takes_effects_along_and_opens_ports() -> None:
    document = chain_of_four()
    document = edit.add_effect("print_grad", "t1")(document).apply(document)
    diff = edit.remove("t1")(document)
    assert diff.label == "Delete t1"
    after = diff.apply(document)
    assert order(after) == ["t2", "t3", "t4", "b"]
    assert after.nodes["t2"].args == (In(), 2)
    assert order(edit.remove("t4")(document).apply(document))[:3] == ["t1", "t2", "t3"]
    assert edit.remove("t2", "t3", "t4")(document).label == "Delete 3 nodes"


def test_extract_joins_the_ends() -> None:
    after = edit.extract("t2", "t3")(chain_of_four()).apply(chain_of_four())
    assert after.nodes["t4"].args == (In("t1"),)


def test_rename_renames_every_version() -> None:
    document = graph(("x", "torch.ones", 2), ("y", "operator.iadd", In("x"), 1), effects=("y",))
    nodes = {**document.nodes, "y": Node("y", "operator.iadd", (In("x"), 1), (), "x")}
    document = Document(nodes, document.program)
    after = edit.rename("x@1", "w")(document).apply(document)
    assert [node.name for node in after.nodes.values()] == ["w", "w"]
    for bad in ("for", "1a", "a b", "", "torch", "F"):
        with pytest.raises(Refused):
            edit.rename("x", bad)(document)
    with pytest.raises(Refused, match="taken"):
        edit.rename("t1", "t2")(chain_of_four())


def test_paste_gives_fresh_ids_and_names() -> None:
    document = chain_of_four()
    document = edit.move({"t1": (10.0, 20.0), "t2": (200.0, 20.0)})(document).apply(document)
    after = edit.duplicate(["t1", "t2"])(document).apply(document)
    new = [after.nodes[key] for key in after.nodes if key not in document.nodes]
    assert [node.name for node in new] == ["t5", "t6"]
    assert new[1].args == (In(new[0].id), 2)
    assert (after.views[new[0].id].x, after.views[new[0].id].y) == (42.0, 52.0)
    alone = edit.duplicate(["t2"])(document).apply(document)
    assert [alone.nodes[key].args for key in alone.nodes if key not in document.nodes] == [(In(), 2)]
    wired = edit.duplicate(["t2"], keep_inputs=True)(document).apply(document)
    assert [wired.nodes[key].args for key in wired.nodes if key not in document.nodes] == [(In("t1"), 2)]


# -- values ---------------------------------------------------------------------------------------


def test_set_value() -> None:
    document = graph(("t1", "torch.randn", 5), ("t2", "torch.relu", In("t1")), ("k", "python.literal", 3))
    after = edit.set_value("t1", [1, 2])(document).apply(document)
    assert after.nodes["t1"] == Node("t1", "torch.tensor", (ListOf((1.0, 2.0)),), (), "t1")
    whole = Document({"t1": Node("t1", "torch.tensor", (ListOf((1, 2)),))}, (Eval("t1"),))
    assert edit.set_value("t1", [3, 4])(whole).apply(whole).nodes["t1"].args == (ListOf((3, 4)),)
    assert edit.set_value("k", 4)(document).apply(document).nodes["k"].args == (4,)
    for bad in ([1, "a"], [[1], [1, 2]], "x", {"a": 1}):
        with pytest.raises(Refused):
            edit.set_value("t1", bad)(document)
    with pytest.raises(Refused, match="computed"):
        edit.set_value("t2", 1)(document)


def test_set_requires_grad() -> None:
    document = graph(("t1", "torch.randn", 5), ("t2", "torch.relu", In("t1")))
    on = edit.set_requires_grad("t1", True)(document).apply(document)
    assert on.nodes["t1"].kwargs == (("requires_grad", True),)
    assert edit.set_requires_grad("t1", False)(on).apply(on) == document
    with pytest.raises(Refused, match="computed"):
        edit.set_requires_grad("t2", True)(document)


def test_slider_steps_merge_into_one() -> None:
    document = graph(("k", "python.literal", 3))
    store = Store(document)
    for value in (4, 5, 6):
        store.commit(edit.set_argument("k", "value", value, merge="slider")(store.document))
    assert store.document.nodes["k"].args == (6,)
    store.end_merge()
    store.commit(edit.set_argument("k", "value", 7, merge="slider")(store.document))
    store.undo()
    assert store.document.nodes["k"].args == (6,)
    store.undo()
    assert store.document == document
    assert store.undo() is None


# -- the rail -------------------------------------------------------------------------------------


def test_effects_and_their_places() -> None:
    document = chain_of_four()
    after = edit.add_effect("retain_grad", "t3")(document).apply(document)
    assert [after.nodes[key].op for key in order(after)][2:4] == ["operator.mul", "torch.Tensor.retain_grad"]
    after = edit.add_effect("print", "t4")(after).apply(after)
    assert after.nodes[order(after)[-1]].op == "python.print"
    with pytest.raises(Refused, match="needs t4"):
        edit.add_effect("print", "t4", before="t2")(document)
    with pytest.raises(Refused, match="no effect"):
        edit.add_effect("explode", "t4")(document)


def test_moving_items() -> None:
    document = chain_of_four()
    document = edit.add_effect("print_grad", "t1")(document).apply(document)
    last = order(document)[-1]
    after = edit.move_item(last, before="b")(document).apply(document)
    assert [after.nodes[key].op for key in order(after)][-3:] == [
        "torch.Tensor.grad",
        "python.print",
        "torch.Tensor.backward",
    ]
    with pytest.raises(Refused, match="needs it"):
        edit.move_item("t2")(document)


def test_wrapping_and_removing_a_loop() -> None:
    document = chain_of_four()
    looped = edit.wrap(["t2", "b"], "loop", 3, "epoch")(document).apply(document)
    (loop,) = [item for item in looped.program if isinstance(item, Loop)]
    assert [item_key(item) for item in loop.body] == ["t2", "t3", "t4", "b"]
    with pytest.raises(Refused, match="variable of a loop"):
        edit.remove(loop.var)(looped)
    assert order(edit.remove_item(loop.id)(looped).apply(looped)) == ["t1"]
    region = edit.wrap(["t2"], "no_grad")(document).apply(document)
    assert isinstance(region.program[1], Region)
    with pytest.raises(Refused, match="one body"):
        edit.wrap(["t1", "t2"], "loop")(region)


def test_a_loop_that_carries_its_variable_on_can_be_moved() -> None:
    document = parse("import torch\na = torch.ones(2)\nfor i in range(3):\n    b = a * i\nc = a + 1\nprint(i, b)\n")
    (loop,) = [item for item in document.program if isinstance(item, Loop)]
    c = next(node.id for node in document.nodes.values() if node.name == "c")
    after = edit.move_item(c, before=loop.id)(document).apply(document)
    back = edit.move_item(loop.id, before=c)(after).apply(after)
    assert order(back) == order(document)
    inner = next(key for key in order(document) if document.nodes.get(key) and document.nodes[key].name == "b")
    with pytest.raises(Refused, match="carries its value on"):
        edit.move_item(inner, before=c)(document)


def test_deterministic_algorithms_are_asked_for_in_one_line() -> None:
    store = Store(parse("import torch\nx = torch.ones(2)\ny = x + 1\n"))
    start = store.document
    for on in (True, False, True):
        assert edit.is_deterministic(store.document) is not on
        store.commit(edit.set_deterministic(on)(store.document))
        calls = [node for node in store.document.nodes.values() if node.op == "torch.use_deterministic_algorithms"]
        assert [node.args for node in calls] == [(on,)]
        assert order(store.document)[0] == calls[0].id
        assert edit.is_deterministic(store.document) is on
    for _ in range(3):
        store.undo()
    assert store.document == start
    store = Store(parse("import torch\ntorch.use_deterministic_algorithms(mode=False, warn_only=True)\n"))
    store.commit(edit.set_deterministic(True)(store.document))
    (call,) = store.document.nodes.values()
    assert (call.args, call.kwargs) == ((True,), (("warn_only", True),))
