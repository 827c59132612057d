"""Ports and parameters by path."""

from __future__ import annotations

import pytest

from guigrad.document import ports
from guigrad.document.model import (
    DictOf,
    Document,
    Eval,
    Format,
    In,
    ListOf,
    Loop,
    Node,
    Slice,
    Star,
    Value,
    Wire,
)
from guigrad.ops import table
from guigrad.ops.spec import REQUIRED

X = In("x")


def node(op: str, *args: Value, **kwargs: Value) -> Node:
    return Node("n", op, args, tuple(kwargs.items()))


def paths(it: Node, *, given: bool = True) -> list[str]:
    return [port.path for port in ports.ports(it) if port.given is given]


@pytest.mark.parametrize(
    ("it", "given", "possible"),
    [
        (node("operator.mul", 2, X), ["self", "other"], []),
        (node("operator.pow", X, 2), ["self", "exponent"], []),
        (node("torch.cat", ListOf((X, X)), dim=1), ["tensors[0]", "tensors[1]"], ["tensors[2]"]),
        (node("operator.getitem", X, (1, Slice(None, In("i"), 2), ...)), ["self", "index[1].stop"], []),
        (node("torch.nn.functional.linear", X, In()), ["input", "weight"], ["bias"]),
        (node("torch.tensor", ListOf((1.0, 2.0))), [], []),
        (node("torch.Tensor.view", X, 2, In("n")), ["self", "size[1]"], []),
        (node("python.fstring", "a", Format(X, "r", ("f", Format(In("w"))))), ["parts[1].value", "parts[1].spec[1].value"], []),
        (node("python.print", X, "hi", Star(In("l"))), ["values[0]", "arg2.value"], []),
        (node("nosuch.op", X, 2, ListOf((X,)), k=In("b")), ["arg0", "arg2[0]", "k"], []),
        (node("torch.Tensor.backward", X), ["self"], ["gradient", "inputs"]),
        (node("torch.optim.SGD", ListOf((X, DictOf((("params", ListOf((X,))),)))), lr=0.1), ["params[0]", "params[1][0][1][0]"], ["params[2]"]),
    ],
)  # fmt: skip
def test_paths(it: Node, given: list[str], possible: list[str]) -> None:
    assert (paths(it), paths(it, given=False)) == (given, possible)
    for port in ports.ports(it):
        changed = ports.set_at(it, port.path, In("new"))
        assert ports.get_at(changed, port.path) == In("new")
        if port.given:
            assert (ports.find_place(it, port.path), ports.path_of(it, port.place)) == (port.place, port.path)
            assert ports.get_at(it, port.path) == port.value
        else:
            assert [wire.path for wire in ports.node_wires(changed)].count(port.path) == 1


def test_every_row_has_ports_that_can_be_wired() -> None:
    for row in table.all_rows():
        target = row.targets[0]
        for overload in row.overloads[:1]:
            required = [p for p in overload.params if p.default == REQUIRED and not p.name.startswith("*")]
            it = node(target, *(In() if p.type.startswith("Tensor") else 1 for p in required if not p.keyword_only))
            for port in ports.ports(it):
                assert X in ports.set_at(it, port.path, X).inputs(), (
                    target,
                    port,
                )  # another overload may fit better now
            for parameter in ports.parameters(it):
                if not parameter.given and not parameter.is_port:
                    assert ports.get_at(it, parameter.name) == parameter.value


def test_parameters_tell_defaults() -> None:
    it = node("torch.Tensor.sum", X, 0)
    known = {p.name: (p.type, p.value, p.given, p.required) for p in ports.parameters(it)}
    assert known["dim"] == ("int[1]?", 0, True, False)  # x.sum() is another overload
    assert known["keepdim"] == ("bool", False, False, False)
    assert known["self"] == ("Tensor", X, True, True)


def test_setting_and_leaving_out() -> None:
    it = node("torch.Tensor.sum", X, 0, True)
    assert ports.unset(it, "dim") == node("torch.Tensor.sum", X, keepdim=True)
    assert ports.set_at(node("torch.randn", 2, 3), "size", ListOf((4,))) == node("torch.randn", ListOf((4,)))
    assert ports.set_at(node("torch.randn", 2, 3), "size[2]", 5) == node("torch.randn", 2, 3, 5)
    assert ports.set_at(node("torch.mean", X), "dtype", None) == node("torch.mean", X, dtype=None)
    assert ports.unset(node("torch.cat", ListOf((X, In("y")))), "tensors[0]") == node("torch.cat", ListOf((In("y"),)))
    for bad in ("nothing", "self[0]", "tensors[7]", "", "[", "self.x", "tensors[0"):
        with pytest.raises(ValueError):
            ports.set_at(node("torch.cat", ListOf((X,))), bad, X)
    with pytest.raises(ValueError):
        ports.unset(it, "dtype")


def test_wires_of_a_document() -> None:
    nodes = {
        "x": Node("x", "torch.ones", (2,)),
        "n": Node("n", "python.literal", (3,)),
        "i": Node("i", "python.loop_var"),
        "y": Node("y", "operator.add", (In("x"), In("i"))),
    }
    loop = Loop("loop", "i", In("n"), (Eval("y"),))
    document = Document(nodes, (Eval("x"), Eval("n"), loop))
    assert ports.wires(document) == (
        Wire("n", 0, "loop", "iter"),
        Wire("x", 0, "y", "self"),
        Wire("i", 0, "y", "other"),
    )
