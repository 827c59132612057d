"""Silent failures are found in programs that nobody has prepared, and nothing is found in sound ones."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from guigrad.document.problem import Problem
from guigrad.document.store import Store
from guigrad.run.findings import findings
from guigrad.run.runner import InlineRunner, ProcessRunner
from guigrad.session import Session
from guigrad.source.emit import emit
from guigrad.source.parse.parser import parse

HEAD = "import torch\nimport torch.nn.functional as F\n\ntorch.manual_seed(3)\n"
GOLDEN = Path(__file__).parents[1] / "golden" / "scripts"
KNOWN = {"numerics": "truediv"}
"""Scripts that make NaN on purpose, and where."""


def _session(text: str) -> Session:
    document = parse(HEAD + text)
    assert document.problems == ()
    session = Session(Store(document), InlineRunner())
    session.run()
    return session


def _found(text: str) -> list[Problem]:
    session = _session(text)
    assert session.frame is not None
    found = list(findings(session.document, session.frame))
    session.close()
    return found


WRONG = {
    "dead clamp": ("x = torch.tensor([-1.0, -2.0], requires_grad=True)\ny = x.clamp(min=0.0)\ny.sum().backward()", "y", "dead"),
    "dead relu6 above": ("x = torch.tensor([7.0, 9.0], requires_grad=True)\ny = F.relu6(x)\ny.sum().backward()", "y", "dead"),
    "dead units": (
        "x = torch.randn(8, 3)\nw = torch.randn(3, 4, requires_grad=True)\nb = torch.tensor([0.0, -90.0, 0.0, -90.0], requires_grad=True)\n"
        "h = torch.relu(x @ w + b)\nh.sum().backward()", "h", "2 of 4 units"),
    "dead layer of a deep net": (
        "x = torch.randn(5, 3)\nw1 = torch.randn(3, 4, requires_grad=True)\nw2 = torch.randn(4, 4, requires_grad=True)\nh1 = (x @ w1).relu()\n"
        "h2 = (h1 @ w2 - 1000).relu()\nloss = (h2.sum(1) - 1).pow(2).mean()\nloss.backward()", "h2", "dead"),
    "saturated tanh": ("x = torch.tensor([20.0, -30.0], requires_grad=True)\ny = x.tanh()\ny.sum().backward()", "y", "saturated"),
    "saturated sigmoid, F": ("x = torch.tensor(50.0, requires_grad=True)\ny = F.sigmoid(x * 2)\n(y - 0.5).backward()", "y", "saturated"),
    "saturated sigmoid method": ("x = torch.full((3, 3), -40.0, requires_grad=True)\ny = x.sigmoid()\ny.sum().backward()", "y", "saturated"),
    "exploding by hand": (
        "w = torch.tensor(9.0, requires_grad=True)\na = w * w\nb = a * w\nc = b * w\nd = c * w\ne = d * w\nf = e * w\ng = f * w\nh = g * w\ni = h * w\ni.backward()",
        "w", "exploded"),
    "exploding recurrence": (
        "u = torch.full((3, 3), 2.0, requires_grad=True)\nh = torch.ones(3)\nfor _ in range(15):\n    h = u @ h\nloss = h.mean()\nloss.backward()", "u", "exploded"),
    "log of a negative number": ("x = torch.tensor([2.0, -1.0], requires_grad=True)\ny = (x * 2).log()\nz = y + 1\nz.sum().backward()", "y", "born"),
    "zero by zero": ("x = torch.zeros(2, requires_grad=True)\nn = x / x.sum()\nm = n * 3\nm.sum().backward()", "n", "born"),
    "infinity minus infinity": ("x = torch.tensor([1000.0])\ny = x.exp()\nz = y - y\nw = z * 0", "z", "born"),
    "infinity times zero": ("x = torch.tensor([0.0, 1.0])\ny = x.log()\nz = y * x\ns = z.sum()", "z", "born"),
    "given NaN": ("x = torch.tensor([1.0, float('nan')])\ny = x * 2", "x", "itself"),
    "NaN in backward": ("x = torch.zeros(2, requires_grad=True)\ny = x.norm() * 0 + torch.sqrt(x).sum() * 0\ny.backward()", None, "backward pass"),
    "NaN in a loop": ("x = torch.tensor(4.0)\nfor _ in range(5):\n    x = (x - 2).sqrt()\ny = x * 2", None, "born"),
    "NaN in a function": ("def f(a):\n    b = a - 5\n    return b.log()\n\nx = torch.tensor(2.0)\ny = f(x)", None, "born"),
    "unused": ("a = torch.ones(2, requires_grad=True)\nb = torch.ones(2, requires_grad=True)\n(a * 2).sum().backward()", "b", "None after backward"),
    "forgotten term": (
        "a = torch.ones(2, requires_grad=True)\nb = torch.ones(2, requires_grad=True)\nloss = (a * 2).sum()\ntotal = loss + (b**2).sum()\nloss.backward()",
        "b", "None after backward"),
    "item": ("w = torch.tensor(2.0, requires_grad=True)\nb = torch.tensor(1.0, requires_grad=True)\nk = (w * 3).item()\nloss = (b + k) ** 2\nloss.backward()", "k", "cut"),
    "data": ("w = torch.tensor(2.0, requires_grad=True)\nb = torch.tensor(1.0, requires_grad=True)\nk = (w * 3).data\nloss = (b + k) ** 2\nloss.backward()", "k", "cut"),
    "detach in a function": (
        "def f(a):\n    return a.detach() * 2\n\nw = torch.tensor(2.0, requires_grad=True)\nb = torch.tensor(1.0, requires_grad=True)\nloss = f(w) + b\nloss.backward()",
        None, "cut"),
    "comparison": ("w = torch.tensor([2.0], requires_grad=True)\nb = torch.tensor(1.0, requires_grad=True)\nk = w > 1\nloss = (k * b).sum()\nloss.backward()", "k", "cut"),
    "argmin": ("w = torch.tensor([2.0, 1.0], requires_grad=True)\nb = torch.tensor(1.0, requires_grad=True)\nk = w.argmin()\nloss = b * k\nloss.backward()", "k", "cut"),
    "sign": ("w = torch.tensor([2.0, -1.0], requires_grad=True)\nk = torch.sign(w)\nk.sum().backward()", "k", "derivative of sign"),
    "floor": ("w = torch.tensor([2.5], requires_grad=True)\nk = w.floor()\nk.sum().backward()", "k", "derivative of floor"),
    "no zero_grad with an optimizer": (
        "w = torch.ones(2, requires_grad=True)\nopt = torch.optim.SGD([w], lr=0.1)\nfor i in range(3):\n    loss = (w**2).sum()\n    loss.backward()\n    opt.step()",
        "w", "nobody empties"),
    "one of two is emptied": (
        "a = torch.ones(2, requires_grad=True)\nb = torch.ones(2, requires_grad=True)\nfor i in range(3):\n    loss = (a**2).sum() + (b**2).sum()\n"
        "    loss.backward()\n    with torch.no_grad():\n        a -= 0.1 * a.grad\n        b -= 0.1 * b.grad\n    a.grad.zero_()", "b@1", "nobody empties"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found_where_it_is(name: str) -> None:
    text, place, words = WRONG[name]
    found = _found(text)
    assert len(found) == 1, [(problem.node, problem.message) for problem in found]
    assert words in found[0].message
    assert found[0].why
    if place is not None:
        assert found[0].node == place


@pytest.mark.parametrize("name", WRONG)
def test_what_a_fix_offers_can_be_applied_and_mends_it(name: str) -> None:
    session = _session(WRONG[name][0])
    assert session.frame is not None
    for fix in findings(session.document, session.frame)[0].fixes:
        before = emit(session.document)
        if "/" in str(fix.args[0]):
            continue  # inside a function: the level's to apply
        assert session.apply_fix(fix)
        assert emit(session.document) != before
        assert [p.message for p in session.problems if p.severity == "error"] == []
        left = [
            problem for problem in findings(session.document, session.frame) if words_of(problem) == words_of(problem)
        ]
        assert WRONG[name][2] not in " ".join(problem.message for problem in left if problem.node == WRONG[name][1])
        session.undo()
    session.close()


def words_of(problem: Problem) -> str:
    """What a problem says, without where."""
    return problem.message


SOUND = {
    "training": (
        "x = torch.randn(20, 3)\nt = torch.randn(20, 1)\nw1 = torch.randn(3, 8, requires_grad=True)\nb1 = torch.zeros(8, requires_grad=True)\n"
        "w2 = torch.randn(8, 1, requires_grad=True)\nopt = torch.optim.Adam([w1, b1, w2], lr=0.01)\nfor i in range(10):\n    opt.zero_grad()\n"
        "    h = torch.relu(x @ w1 + b1)\n    loss = F.mse_loss(h @ w2, t)\n    loss.backward()\n    opt.step()"),
    "zero_grad last": (
        "w = torch.ones(2, requires_grad=True)\nopt = torch.optim.SGD([w], lr=0.1)\nfor i in range(3):\n    loss = (w**2).sum()\n    loss.backward()\n"
        "    opt.step()\n    opt.zero_grad(set_to_none=False)"),
    "emptied by data": (
        "w = torch.ones(2, requires_grad=True)\nfor i in range(3):\n    if i > 0:\n        w.grad.data.zero_()\n    loss = (w**2).sum()\n    loss.backward()\n"
        "    with torch.no_grad():\n        w -= 0.1 * w.grad"),
    "collected on purpose": (
        "w = torch.ones(2, requires_grad=True)\nopt = torch.optim.SGD([w], lr=0.1)\nfor i in range(4):\n    loss = (w**2).sum() / 2\n    loss.backward()\n"
        "    if i % 2 == 1:\n        opt.step()\n        opt.zero_grad()"),
    "gradients summed": "w = torch.ones(2, requires_grad=True)\nfor i in range(3):\n    (w * i).sum().backward()",
    "one number below zero": "x = torch.tensor(-2.0, requires_grad=True)\ny = torch.relu(x)\n(y + x).backward()",
    "some units rest": "x = torch.randn(3, 6, requires_grad=True)\ny = torch.relu(x)\ny.sum().backward()",
    "right and sure": (
        "x = torch.tensor([30.0, -30.0], requires_grad=True)\np = torch.sigmoid(x)\nloss = ((p - torch.tensor([1.0, 0.0])) ** 2).sum()\nloss.backward()"),
    "target without a gradient": (
        "w = torch.tensor([1.0, 2.0], requires_grad=True)\nq = w * 2\ntarget = q.detach() + 1\nloss = ((q - target) ** 2).sum()\nloss.backward()"),
    "straight through": "x = torch.tensor([0.4, 1.7], requires_grad=True)\ny = x + (x.round() - x).detach()\ny.sum().backward()",
    "numbers for a print": "w = torch.tensor(2.0, requires_grad=True)\nloss = w**2\nloss.backward()\nprint(loss.item(), w.argmax())",
    "accuracy": (
        "w = torch.randn(3, 2, requires_grad=True)\nx = torch.randn(5, 3)\nlogits = x @ w\nloss = F.cross_entropy(logits, torch.tensor([0, 1, 0, 1, 1]))\n"
        "loss.backward()\naccuracy = (logits.argmax(1) == 1).float().mean()\nprint(accuracy)"),
    "evaluation": (
        "w = torch.randn(3, requires_grad=True)\nx = torch.randn(3)\nloss = (w * x).sum() ** 2\nloss.backward()\nwith torch.no_grad():\n    test = (w * x).sum()\nprint(test)"),
    "a dropout mask": "x = torch.ones(6, requires_grad=True)\ny = F.dropout(x, 0.5)\ny.sum().backward()",
    "two networks": (
        "g = torch.randn(2, requires_grad=True)\nd = torch.randn(2, requires_grad=True)\nfake = g * 2\nloss_d = (d * fake.detach()).sum()\nloss_d.backward()\n"
        "loss_g = (d.detach() * fake).sum()\nloss_g.backward()"),
    "large but right": "x = torch.tensor([1e4, 2e4], requires_grad=True)\ny = (x**3).sum()\ny.backward()",
    "infinity alone": "x = torch.tensor([0.0, 1.0])\ny = x.log()\nmask = torch.full((2, 2), float('-inf')).triu(1)\np = torch.softmax(mask, 1)",
    "grad of grad": "x = torch.tensor(2.0, requires_grad=True)\ny = x**3\n(g,) = torch.autograd.grad(y, x, create_graph=True)\n(h,) = torch.autograd.grad(g, x)",
    "constants": "x = torch.ones(3)\ny = x.relu() - 5\nz = y.relu()",
}  # fmt: skip


@pytest.mark.parametrize("name", SOUND)
def test_nothing_is_found_in_what_is_sound(name: str) -> None:
    assert [(problem.node, problem.message) for problem in _found(SOUND[name])] == []


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.py")), ids=lambda path: path.stem)
def test_nothing_is_found_in_the_scripts_of_the_tests(path: Path) -> None:
    session = Session(Store(parse(path.read_text("utf-8"))), InlineRunner())
    session.run()
    assert session.frame is not None
    found = [problem.node for problem in findings(session.document, session.frame)]
    assert found == ([KNOWN[path.stem]] if path.stem in KNOWN else [])
    session.close()


def test_a_look_at_the_gradients_of_some_node_is_no_mistake() -> None:
    session = _session(
        "a = torch.ones(2, requires_grad=True)\nb = torch.ones(2, requires_grad=True)\ny = (a * 2).sum()\nz = y * b.sum()\nlone = torch.ones(1, requires_grad=True)"
    )
    session.forward()
    session.backward("y")
    assert session.frame is not None
    assert [problem.node for problem in findings(session.document, session.frame)] == ["lone"]
    session.close()


def test_the_engines_own_process_finds_them_too() -> None:
    runner = ProcessRunner()
    session = Session(Store(parse(HEAD + WRONG["dead clamp"][0])), runner)
    try:
        told: list[tuple[Problem, ...]] = []
        session.problems_changed.connect(told.append)
        session.run()
        session.look_through()
        deadline = time.monotonic() + 120
        while not told and time.monotonic() < deadline:
            time.sleep(0.01)
        assert [problem.node for problem in told[-1]] == ["y"]
        assert told[-1][0].kind == "finding"
    finally:
        session.close()


def test_a_thousand_nodes_are_looked_through_at_once() -> None:
    lines = ["x = torch.tensor(1.0, requires_grad=True)", "y0 = x * 1.001"]
    lines += [f"y{n} = y{n - 1} * 1.001" for n in range(1, 1000)]
    session = _session("\n".join([*lines, "y999.backward()"]))
    assert session.frame is not None
    findings(session.document, session.frame)
    start = time.process_time()
    assert findings(session.document, session.frame) == ()
    assert time.process_time() - start < 1.0
    session.close()
