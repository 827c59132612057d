"""Problems found without running."""

from __future__ import annotations

import random
import statistics

import pytest
from hypothesis import given

from guigrad.document import edit
from guigrad.document.check import Checker, check, open_ports, why_not_connect
from guigrad.document.model import (
    Document,
    Effect,
    Eval,
    In,
    ListOf,
    Loop,
    Node,
    Settings,
    Sym,
    Value,
)
from guigrad.source.parse.parser import parse
from tests.strategies import documents
from tests.work import calls


def one(op: str, *args: Value, name: str | None = "n", **kwargs: Value) -> Document:
    nodes = {
        "x": Node("x", "torch.ones", (2,), (), "x"),
        "s": Node("s", "python.literal", ("text",), (), "s"),
        "n": Node("n", op, args, tuple(kwargs.items()), name),
    }
    return Document(nodes, (Eval("x"), Eval("s"), Eval("n")))


@pytest.mark.parametrize(
    ("document", "kind", "words"),
    [
        (one("torch.nosuch", In("x")), "unknown op", "no op is called torch.nosuch"),
        (one("operator.add", In("x"), In()), "open", "nothing is wired to other"),
        (one("torch.cat", ListOf((In("x"), In()))), "open", "nothing is wired to tensors[1]"),
        (one("torch.mean"), "type", "needs a value for"),
        (one("torch.mean", In("zz")), "order", "does not exist"),
        (one("torch.mean", In("n")), "order", "not computed before it"),
        (one("torch.mean", In("x", 3)), "order", "output 3"),
        (one("torch.mean", In("s")), "type", "takes"),
        (one("torch.Tensor.sum", In("x"), dim="a"), "type", "dim"),
        (one("torch.ones", 2, nosuch=1), "type", "nosuch"),
        (one("torch.ones", 2, dtype=Sym("torch.nosuch")), "name", "no constant"),
        (one("torch.ones", 2, name="for"), "name", "cannot be the name"),
        (one("torch.ones", 2, name="torch"), "name", "cannot be the name"),
        (one("torch.tensor", ListOf((1, 2)), requires_grad=True), "autograd", "Only Tensors of floating point"),
        (
            one("torch.ones", 2, dtype=Sym("torch.int64"), requires_grad=True),
            "autograd",
            "Only Tensors of floating point",
        ),
        (one("torch.ones", 2, dtype=Sym('?{"odd": 1}')), "file", "does not understand"),
    ],
)
def test_what_is_told(document: Document, kind: str, words: str) -> None:
    problems = check(document)
    assert [(p.kind, p.node_id) for p in problems] == [(kind, "n")]
    assert words in problems[0].message
    assert problems[0].node


@pytest.mark.parametrize(
    "document",
    [
        one("operator.add", In("x"), 2),
        one("torch.tensor", ListOf((1.0, 2)), requires_grad=True),
        one("torch.tensor", ListOf((1, 2)), requires_grad=True, dtype=Sym("torch.float64")),
        one("torch.Tensor.sum", In("x"), 0, keepdim=True),
        one("python.print", In("x"), "a", sep=""),
        one("setattr.grad", In("x"), None),
    ],
)
def test_what_is_right(document: Document) -> None:
    assert check(document) == ()


def test_fixes_mend() -> None:
    document = one("torch.tensor", ListOf((1, 2)), requires_grad=True)
    (problem,) = check(document)
    for fix in problem.fixes:
        mended = getattr(edit, fix.verb)(*fix.args)(document).apply(document)
        assert check(mended) == (), fix.title


def test_devices_loops_and_forgotten_nodes() -> None:
    (problem,) = check(Document(settings=Settings(device="gpu")))
    assert problem.kind == "device"
    for device in ("cpu", "auto", "cuda:1", "mps", "xpu"):
        assert check(Document(settings=Settings(device=device))) == ()
    nodes = {"i": Node("i", "python.loop_var", name="i")}
    (problem,) = check(Document(nodes, (Loop("L", "i", 3),)))
    assert (problem.severity, problem.node_id) == ("warning", "L")
    (problem,) = check(Document({"a": Node("a", "torch.ones", (2,))}))
    assert "not in the program" in problem.message
    assert [p.kind for p in check(Document(program=(Effect("q"),)))] == ["order"]


def test_lines_of_the_code_are_told() -> None:
    document = parse("import torch\na = torch.ones(2)\nb = torch.tensor([1, 2], requires_grad=True)\n")
    problem = next(problem for problem in check(document) if problem.kind == "autograd")
    assert (problem.node, problem.line) == ("b", 3)


def test_lessons_have_no_problems() -> None:
    source = """
import torch
weights = torch.ones(4, requires_grad=True)
for epoch in range(2):
    out = (weights * 3).sum()
    out.backward()
    print(weights.grad)
    with torch.no_grad():
        weights -= 0.1 * weights.grad
    weights.grad.zero_()
v, i = torch.ones(2, 2).max(0)
print(f"{v[0].item():.3f}", i.tolist())
"""
    assert check(parse(source)) == ()


@given(documents())
def test_checking_again_says_the_same(document: Document) -> None:
    checker = Checker()
    assert checker.check(document) == check(document) == checker.check(document)
    assert not [problem for problem in check(document) if problem.kind == "order"]
    for node in document.nodes.values():
        told = [problem for problem in check(document) if problem.kind == "open" and problem.node_id == node.id]
        assert len(told) <= len(open_ports(node))


# -- may this wire be drawn? ----------------------------------------------------------------------


def ladder(count: int) -> Document:
    dice = random.Random(1)
    nodes = {f"n{i}": Node(f"n{i}", "torch.tensor", (ListOf((1.0,)),)) for i in range(20)}
    for i in range(20, count):
        a, b = (f"n{dice.randrange(max(0, i - 50), i)}" for _ in range(2))
        nodes[f"n{i}"] = Node(f"n{i}", "operator.add", (In(a), In(b) if i % 2 else 2))
    return Document(nodes, tuple(Eval(key) for key in nodes))


def test_the_answer_is_what_connect_does() -> None:
    document = ladder(60)
    for source in ("n0", "n30", "n59"):
        for target in ("n21", "n40", "n58"):
            reason = why_not_connect(document, source, 0, target, "self")
            try:
                edit.connect(source, 0, target, "self")(document)
            except edit.Refused:
                assert reason is not None
            else:
                assert reason is None


def test_ten_thousand_nodes() -> None:
    document = ladder(10_000)
    why_not_connect(document, "n1", 0, "n9000", "self")  # the indexes are there from the first edit on
    dice = random.Random(2)
    work = []
    for _ in range(101):
        source, target = f"n{dice.randrange(10_000)}", f"n{dice.randrange(20, 10_000)}"
        work.append(calls(lambda source=source, target=target: why_not_connect(document, source, 0, target, "self")))
    assert statistics.median(work) < 500
    assert check(document) == ()
    small, middle = ladder(500), ladder(1000)
    assert calls(lambda: check(middle)) < 2.2 * calls(lambda: check(small))
