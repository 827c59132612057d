"""Blocks written out as one function: the same bits, the same place of an error, nothing of the document in the text."""

import ast
import inspect
import textwrap

import pytest
import torch

from guigrad.document.model import Eval, Node
from guigrad.engine import lines, unroll
from guigrad.engine.build import Plan
from guigrad.engine.play import Engine
from guigrad.engine.unroll import HOT, Unrolled
from guigrad.run.training import Train
from guigrad.source.parse.parser import parse

FACTORIES = [
    factory for _, factory in inspect.getmembers(lines, inspect.isfunction) if factory.__module__ == lines.__name__
]


@pytest.mark.parametrize("factory", FACTORIES, ids=lambda one: one.__name__)
def test_the_line_is_what_the_closure_does(factory):
    inner = ast.parse(textwrap.dedent(inspect.getsource(factory))).body[0].body[0]
    code = next(one for one in factory.__code__.co_consts if inspect.iscode(one))
    line, _ = unroll._lines[code]
    assert ast.unparse(inner.body) == ast.unparse(ast.parse(line).body)


def hot(source, rounds=HOT + 4):
    engine = Engine(parse(source))
    engine.train(Train(rounds, xray=False, on_nan=False))
    (whole, _), *_ = engine.training.course.body.values()
    return engine, whole


SOURCE = """import torch
torch.manual_seed(0)
x = torch.randn(4, 3)
w = torch.randn(3, 2, requires_grad=True)
b = torch.zeros(2, requires_grad=True)
opt = torch.optim.Adam([w, b], lr=0.01)
for step in range(40):
    h = torch.relu(x @ w + b) - 0.5
    parts = torch.split(h / 2, 1, dim=1)
    joined = torch.cat([parts[0], parts[1]], dim=1)
    loss = (joined ** 2).mean(dim=0).sum() + torch.clamp(joined, -1, 1).abs().max() * 3
    opt.zero_grad(set_to_none=True)
    loss.backward()
    with torch.no_grad():
        b.clamp_(-1, 1)
    opt.step()
"""


def test_bits_are_those_of_python():
    engine, whole = hot(SOURCE, 40)
    assert isinstance(whole.way(), Unrolled)
    scope = {}
    exec(SOURCE, scope)
    for name in ("w", "b", "loss", "joined"):
        assert torch.equal(engine.value(name), scope[name]), name
        assert torch.equal(engine.value("w").grad, scope["w"].grad)


@pytest.mark.parametrize("at", [3, HOT + 5])
def test_an_error_is_at_its_node_early_and_late(at):
    engine = Engine(
        parse(
            f"import torch\nx = torch.ones(2)\nfor step in range(60):\n    y = x * step\n    z = y[1 - step // {at} * 5]\n    v = z * 2\n    w = v.sum()\n"
        )
    )
    told = engine.train(Train(60, watch=(), xray=False))
    if told.reason != "failed":  # not a training: played as a program
        engine.run()
    assert [problem.node for problem in engine.problems] == ["z"]


def test_an_error_in_a_hot_training_step():
    source = "import torch\nw = torch.ones(2, requires_grad=True)\nfor step in range(60):\n    loss = (w * w).sum()\n    loss.backward()\n    bad = w[40 - step]\n    after = bad * 2\n"
    engine = Engine(parse(source))
    told = engine.train(Train(60, watch=(), xray=False))
    assert told.reason == "failed"
    assert [problem.node for problem in engine.problems] == ["bad"]


def test_warnings_and_prints_of_a_hot_step_are_of_their_node():
    source = "import torch\nw = torch.ones(2, requires_grad=True)\nfor step in range(60):\n    loss = (w * w).sum()\n    loss.backward()\n    if step == 50:\n        g = torch.nn.functional.softmax(w * 2)\n    print(step)\n"
    engine = Engine(parse(source))
    engine.train(Train(60, watch=(), xray=False))
    assert list(map(str.strip, engine.prints))[-1] == "59"
    assert any("Implicit dimension" in problem.message and problem.node == "g" for problem in engine.problems)


def test_which_step_runs_is_told():
    plan = Plan(parse("import torch\nx = torch.ones(2)\ny = x * 2\nz = y + 1\n"))
    block = plan.main
    seen = []
    key = next(node.id for node in plan.document.nodes.values() if node.name == "y")
    inner = block.calls[block.keys.index(key)]

    def watched():
        seen.append((plan.current, plan.currents))
        inner()

    block.calls[block.keys.index(key)] = watched
    for _ in range(HOT + 2):
        plan.run()
    assert isinstance(block.way(), Unrolled)
    assert seen == [(key, (key,))] * (HOT + 2)


def test_nothing_of_the_document_is_in_the_text(monkeypatch):
    texts = []
    monkeypatch.setattr(
        unroll, "compile", lambda text, *rest: texts.append(text) or compile(text, *rest), raising=False
    )
    hot(SOURCE.replace("joined", "evil_name").replace("dim=1)", "dim=1)  # evil"))
    nodes = {"a": Node("a", "torch.Tensor.__import__('os')", (1,), (), "x\nimport os")}
    document = parse("import torch\n")
    plan = Plan(type(document)(nodes=nodes, program=(Eval("a"),)))
    Unrolled(plan.main.calls, plan.env)
    words = {name.id for text in texts for name in ast.walk(ast.parse(text)) if isinstance(name, ast.Name)}
    attributes = [one for text in texts for one in ast.walk(ast.parse(text)) if isinstance(one, ast.Attribute)]
    strings = [
        one
        for text in texts
        for one in ast.walk(ast.parse(text))
        if isinstance(one, ast.Constant) and isinstance(one.value, str)
    ]
    assert len(texts) >= 2
    assert not attributes
    assert not strings
    assert {word for word in words if not word[1:].isdigit()} <= {
        "env",
        "play",
        "it",
        "method",
        "base",
        "type",
        "int",
        "getattr",
        "refuse_huge",
    }
