"""What scripts become: nodes, items, variables, and problems."""

from __future__ import annotations

import sys
from itertools import pairwise

import pytest

from guigrad.document.model import (
    Branch,
    Document,
    Effect,
    Eval,
    Format,
    In,
    ListOf,
    Loop,
    Node,
    Region,
    Slice,
    Sym,
    walk,
)
from guigrad.source.emit import emit
from guigrad.source.parse.parser import parse
from tests.work import calls

LEAF = "import torch\nx = torch.ones(3)\n"


def read(source: str) -> Document:
    """A document that must be without problems."""
    document = parse(source)
    assert document.problems == ()
    return document


def ops(document: Document) -> list[str]:
    """The ops of Evals and Effects in program order."""
    return [document.nodes[item.node].op for item in walk(document.program) if isinstance(item, Eval | Effect)]


def last(document: Document, name: str) -> Node:
    """The newest node of a name."""
    return [node for node in document.nodes.values() if node.name == name and node.op != "python.carry"][-1]


def test_expression_becomes_nodes_in_evaluation_order() -> None:
    document = read(LEAF + "y = 2 * (x + 1) ** 2 - x.sum()\n")
    assert ops(document)[1:] == [
        "operator.add", "operator.pow", "operator.mul", "torch.Tensor.sum", "operator.sub",
    ]  # fmt: skip
    y = last(document, "y")
    assert [document.nodes[wire.node or ""].op for wire in y.inputs()] == ["operator.mul", "torch.Tensor.sum"]


@pytest.mark.parametrize(
    ("imports", "call", "op"),
    [
        ("import torch as th", "th.relu(1)", "torch.relu"),
        ("import torch.nn.functional as G", "G.relu(1)", "torch.nn.functional.relu"),
        ("from torch import nn", "nn.functional.relu(1)", "torch.nn.functional.relu"),
        ("from torch.nn import functional", "functional.relu(1)", "torch.nn.functional.relu"),
        ("from torch import tensor as t", "t(1)", "torch.tensor"),
        ("import torch.linalg", "torch.linalg.inv(1)", "torch.linalg.inv"),
        ("from math import sqrt", "sqrt(2)", "math.sqrt"),
        ("import torch", "torch.special.expit(1)", "torch.special.expit"),
        ("import torch", "torch.fft.fft(1)", "torch.fft.fft"),
        ("", "len('abc')", "builtins.len"),
    ],
)
def test_functions_are_known_under_any_import(imports: str, call: str, op: str) -> None:
    assert ops(read(f"{imports}\ny = {call}\n")) == [op]


def test_templates_hold_constants_where_they_were_written() -> None:
    document = read(
        "import torch\nimport math\n"
        "x = torch.tensor([[1, 2.5], [-3, math.pi]], dtype=torch.float64, requires_grad=True)\n"
        "y = x[0, 1:, ..., None]\n"
        "z = torch.cat((x, x), dim=0)\n"
    )
    x, y, z = (last(document, name) for name in "xyz")
    assert x.args == (ListOf((ListOf((1, 2.5)), ListOf((-3, Sym("math.pi"))))),)
    assert x.kwargs == (("dtype", Sym("torch.float64")), ("requires_grad", True))
    assert y.args == (In(x.id), (0, Slice(1), ..., None))
    assert z.args == ((In(x.id), In(x.id)),)


def test_names_in_place_make_the_next_version() -> None:
    document = read(LEAF + "x += 1\nx.mul_(2)\nx[0] = 3\nx[1] *= 2\nx.data -= 1\nx.requires_grad = True\ny = x\n")
    versions = [node for node in document.nodes.values() if node.name == "x"]
    assert [node.op for node in versions] == [
        "torch.ones", "operator.iadd", "torch.Tensor.mul_", "operator.setitem", "setitem.imul",
    ]  # fmt: skip
    assert all(new.args[0] == In(old.id) for old, new in pairwise(versions))
    assert last(document, "y").args == (In(versions[-1].id),)


def test_numbers_rebind_and_tensors_change() -> None:
    document = read(LEAF + "n = 1\nn += 2\nx += 1\nl = [1]\nl += [2]\n")
    kinds = {document.nodes[item.node].name: type(item) for item in document.program if isinstance(item, Eval | Effect)}
    assert kinds == {"x": Effect, "n": Eval, "l": Effect}


def test_unpacking_names_outputs() -> None:
    document = read(LEAF + "v, i = x.max(0)\na, b = v, i\na, b = b, a\n(p, q), r = (a, b), 1\ns, t = r\n")
    outputs = [node.outputs for node in document.nodes.values() if node.outputs]
    assert outputs == [("v", "i"), ("a", "b"), ("s", "t")]
    swap = next(node for node in document.nodes.values() if node.op == "python.tuple")
    assert [document.nodes[wire.node or ""].name for wire in swap.inputs()] == ["b", "a"]


def test_loop_has_variables_only_where_a_value_goes_on() -> None:
    document = read(
        "total = 0\nfor i in range(3):\n    square = i * i\n    total += square\n    unused = square\nprint(total, i)\n"
    )
    (loop,) = (item for item in document.program if isinstance(item, Loop))
    names = {document.nodes[carry.port].name: carry for carry in loop.carried}
    assert set(names) == {"total", "i"}
    update = document.nodes[names["total"].updates[0].node or ""]
    assert (update.op, update.name) == ("operator.iadd", "total")
    assert document.nodes[names["total"].port].args == (In("#1"),)
    assert document.nodes[names["i"].port].args == ()
    printed = document.nodes[document.program[-1].node]  # type: ignore[union-attr]
    assert printed.args == (In(names["total"].port), In(names["i"].port))


def test_branch_variables_are_read_behind_it() -> None:
    document = read(LEAF + "if x.sum() > 1:\n    y = 1\nelse:\n    y = 2\nprint(y)\n")
    (branch,) = (item for item in document.program if isinstance(item, Branch))
    (carry,) = branch.carried
    assert [document.nodes[wire.node or ""].args for wire in carry.updates] == [(1,), (2,)]
    assert document.nodes[document.program[-1].node].args == (In(carry.port),)  # type: ignore[union-attr]


def test_what_may_raise_or_act_is_evaluated_lazily() -> None:
    document = read(LEAF + "a = x is None or x.item()\nb = 1 and 2\nc = x.sum() if b else 0\n")
    first, second = (item for item in document.program if isinstance(item, Branch))
    assert document.nodes[first.carried[0].port].name == "a"
    assert first.test == In(first.carried[0].port)
    assert first.body == ()
    assert [document.nodes[item.node].op for item in first.orelse] == ["torch.Tensor.item"]  # type: ignore[union-attr]
    assert last(document, "b").op == "python.and"
    assert len(second.body) == len(second.orelse) == 1


def test_parts_of_an_fstring_are_formatted_before_a_later_one_acts() -> None:
    document = read(LEAF + 'print(f"{x} {x.add_(1)}")\n')
    assert ops(document) == ["torch.ones", "python.fstring", "torch.Tensor.add_", "python.fstring", "python.print"]
    plain = read(LEAF + 'print(f"{x!r:>{3}} {x=}")\n')
    node = next(node for node in plain.nodes.values() if node.op == "python.fstring")
    assert node.args == (Format(In("#1"), "r", (">", Format(3))), " x=", Format(In("#1"), "r"))


def test_regions_nest_and_keep_their_arguments() -> None:
    document = read(
        LEAF + "with torch.set_grad_enabled(mode=False), torch.inference_mode():\n    y = x + 1\nprint(y)\n"
    )
    outer = document.program[1]
    assert isinstance(outer, Region)
    assert (outer.kind, outer.args) == ("set_grad_enabled", (False,))
    inner = outer.body[0]
    assert isinstance(inner, Region)
    assert inner.kind == "inference_mode"


def test_device_is_read_back() -> None:
    for device in ("cuda:0", "mps", "auto", "cpu"):
        document = Document(settings=read(LEAF).settings.__class__(device=device), **_program(read(LEAF)))
        text = emit(document)
        assert ("set_default_device" in text) == (device != "cpu")
        assert parse(text).settings.device == device
    later = read(LEAF + 'torch.set_default_device("cuda")\n')
    assert later.settings.device == "cpu"
    assert ops(later)[-1] == "torch.set_default_device"


def _program(document: Document) -> dict[str, object]:
    return {"nodes": document.nodes, "program": document.program}


def test_lines_are_those_python_would_name() -> None:
    document = read(LEAF + "y = (x\n     .exp()\n     .sum())\nz = (x +\n     1)\n")
    places = {document.nodes[key].op: line for key, (line, _) in document.lines.items() if key in document.nodes}
    assert places["torch.Tensor.exp"] == 4
    assert places["torch.Tensor.sum"] == 5
    assert places["operator.add"] == 6


def test_a_refused_statement_leaves_the_rest() -> None:
    document = parse(LEAF + "y = unknown(x)\nz = y + 1\nw = z * 2\nprint(x)\nv = [y, y, y]\n")
    assert [(p.line, p.kind) for p in document.problems] == [(3, "name"), (4, "name"), (5, "name"), (7, "name")]
    assert ops(document) == ["torch.ones", "python.print"]
    assert all(wire.node in document.nodes for node in document.nodes.values() for wire in node.inputs())


def test_a_refused_body_statement_keeps_loop_and_names() -> None:
    document = parse(LEAF + "for i in range(2):\n    y = x + i\n    x = foo(x)\n    print(y)\nprint(x)\n")
    assert [problem.line for problem in document.problems] == [5, 7]
    assert parse(emit(document)).problems == ()
    assert parse(emit(document)).canonical() == document.canonical()


def test_suggestions_name_the_nearest() -> None:
    def whys(source: str) -> list[str]:
        return [problem.why for problem in parse(source).problems]

    assert "`torch.randn`" in whys("import torch\nx = torch.rnadn(3)")[0]
    assert "`.relu()`" in whys(LEAF + "y = x.reul()")[0]
    assert "`weights`" in whys("weights = 1\nprint(wieghts)")[0]


@pytest.mark.parametrize(
    "source",
    [
        LEAF + "y = " + "-" * 1200 + "x",
        LEAF + "y = " + "x + " * 1200 + "x",
        LEAF + "y = x" + ".relu()" * 1200,
        LEAF + "y = x" + "[0]" * 1200,
        LEAF + "y = " + "torch.relu(" * 150 + "x" + ")" * 150,
        LEAF + "y = " + "x.sum() and " * 200 + "1",
        LEAF + "y = " + "x.sum() if x.mean() else " * 60 + "2",
        LEAF + "y = " + " < ".join(["x.sum()"] * 60),
        LEAF + "".join("    " * i + f"for i{i} in range(2):\n" for i in range(60)) + "    " * 60 + "x = x + 1\n",
        LEAF + "if x.sum() == 0:\n    y = 0\n" + "".join(f"elif x.sum() == {i}:\n    y = {i}\n" for i in range(80)),
        LEAF + "y = torch.tensor([" + "1.5, " * 5000 + "])",
    ],
)
def test_deep_and_long_expressions_read_back(source: str) -> None:
    limit = sys.getrecursionlimit()
    document = parse(source)
    assert document.problems == ()
    text = emit(document)
    assert parse(text).canonical() == document.canonical()
    assert emit(parse(text)) == text
    assert sys.getrecursionlimit() == limit


def test_too_deep_is_a_problem() -> None:
    document = parse(LEAF + "y = " + "x.sum() if x.mean() else " * 300 + "2\nz = 1")
    assert [problem.line for problem in document.problems] == [3]
    assert last(document, "z")


def test_work_grows_with_the_length() -> None:
    def work(count: int) -> int:
        body = "\n".join(f"x{i + 1} = torch.relu(x{i}) * 2 + 1  # step {i}" for i in range(count))
        source = "import torch\nx0 = torch.ones(3)\n" + body
        assert parse(source).problems == ()
        return calls(lambda: emit(parse(source)))

    assert work(400) < 4.5 * work(100)


def test_line_ends_marks_and_odd_characters() -> None:
    assert ops(read("\ufeffx = 1\r\nprint(x)\r\n")) == ["python.literal", "python.print"]
    assert ops(read("x = 1\rprint(x)")) == ["python.literal", "python.print"]
    assert ops(read("x = '\u2028'  # \u2028 c\nprint(x)")) == ["python.literal", "python.print"]
    assert read("größe = 1\nprint(größe)").nodes["#1"].name == "größe"
    assert ops(read("")) == []
    assert emit(read("")) == ""


def test_nothing_is_executed() -> None:
    document = parse("import os\nos.system('touch /tmp/never')\n__import__('os')\nexec('1/0')\nprint(1)")
    assert len(document.problems) == 4
    assert ops(document) == ["python.print"]
