"""``opt.step(closure)``: read, written back as it was, refused with a reason where it cannot be."""

from __future__ import annotations

import pytest

import guigrad
from guigrad.document.check import check
from guigrad.document.closures import closures
from guigrad.source.emit import emit

HEAD = """import torch

torch.manual_seed(0)
X = torch.randn(8, 3)
y = torch.randn(8)
w = torch.zeros(3, requires_grad=True)
b = torch.zeros((), requires_grad=True)
opt = torch.optim.LBFGS([w, b], lr=1, max_iter=5)
"""
INSIDE = """for step in range(3):
    def closure():
        opt.zero_grad()
        loss = ((X @ w + b - y) ** 2).mean()
        loss.backward()
        return loss
    opt.step(closure)
"""
AHEAD = """

# what a step calls
def closure():  # often
    \"\"\"The loss.

    Its gradients too.
    \"\"\"
    opt.zero_grad()
    loss = ((X @ w + b - y) ** 2).mean()
    loss.backward()  # back
    # give it
    return loss  # here


for step in range(3):
    loss = opt.step(closure)
    print(loss.item())
"""
BATCHES = """for step in range(2):
    perm = torch.randperm(8)
    for i in range(0, 8, 4):
        rows = perm[i : i + 4]
        def again():
            opt.zero_grad()
            for k in range(2):
                part = ((X[rows] @ w + b - y[rows]) ** 2).mean() / 2
                part.backward()
            return part * 2
        loss = opt.step(closure=again)
print(loss.item())
"""
TWO = """def closure():
    opt.zero_grad()
    loss = ((X @ w - y) ** 2).mean()
    loss.backward()
    return loss

sgd = torch.optim.SGD([b], lr=0.1)
for step in range(2):
    def other():
        sgd.zero_grad()
        error = ((X @ w + b - y) ** 2).mean()
        error.backward()
        return error.detach()
    opt.step(closure)
    sgd.step(other)
opt.step(closure)
"""


@pytest.mark.parametrize("body", [INSIDE, AHEAD, BATCHES, TWO])
def test_a_closure_is_written_as_it_was(body: str) -> None:
    document = guigrad.parse(HEAD + body)
    assert document.problems == ()
    assert check(document) == ()
    assert emit(document) == HEAD + body
    assert guigrad.parse(emit(document)).canonical() == document.canonical()


def test_one_function_for_two_steps_is_one() -> None:
    document = guigrad.parse(HEAD + TWO)
    assert sorted(document.nodes[key].name or "" for key in closures(document)) == ["closure", "other"]


def test_a_function_whose_names_mean_something_else_by_then_stands_ahead_of_its_step() -> None:
    text = HEAD + INSIDE.replace("for step in range(3):\n", "").replace("    opt.step(closure)\n", "").replace(
        "\n    ", "\n"
    )
    text = text.replace("    def", "def") + "for part in range(2):\n    y = y * 0.5\n    opt.step(closure)\n"
    document = guigrad.parse(text)
    assert document.problems == ()
    written = emit(document)
    assert written.index("for part") < written.index("y = y * 0.5") < written.index("def closure")
    assert emit(guigrad.parse(written)) == written


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("def closure():", "def closure(x):"), "only at the top level"),
        (("return loss", "pass"), "closure returns nothing"),
        (("        return loss\n", "        if step:\n            return loss\n        loss = loss\n        for k in range(2):\n            return loss\n"), "`return`"),
        (("        return loss", "        opt.step(closure)\n        return loss"), "inside itself"),
        (("        loss.backward()\n", "        def inner():\n            return loss\n        loss.backward()\n"), "a function inside a function"),
        (("opt.step(closure)", "opt.step(lambda: closure())"), "written as a `def`"),
        (("opt.step(closure)", "closure()"), "only at the top level"),
        (("opt.step(closure)", "keep = closure"), "as a value"),
        (("opt.step(closure)", "opt.step(closure, 1)"), "as a value"),
    ],
)  # fmt: skip
def test_what_cannot_be_given_to_a_step_is_refused(change: tuple[str, str], message: str) -> None:
    document = guigrad.parse(HEAD + INSIDE.replace(*change))
    assert any(message in problem.message for problem in document.problems), document.problems
    assert all(problem.line for problem in document.problems)
    assert guigrad.parse(emit(document)).canonical() == document.canonical()


def test_arguments_and_functions_around_steps_are_refused() -> None:
    text = HEAD + "def closure(x):\n    return x\nopt.step(closure)\n"
    (problem,) = guigrad.parse(text).problems
    assert problem.message == "closure takes arguments, and a step calls it without any"
    text = (
        HEAD + "def f(x):\n    opt.step(closure)\n    return x\ndef closure():\n    return (w * b).sum()\nprint(f(X))\n"
    )
    assert "not understood inside a function" in guigrad.parse(text).problems[0].message
    shadow = HEAD + "def f(x):\n    return x * b\ndef closure():\n    b = w.sum()\n    return f(b)\nopt.step(closure)\n"
    assert "reads b, which has another meaning here" in guigrad.parse(shadow).problems[0].message


@pytest.mark.parametrize(
    "body", [INSIDE.replace("    opt.step(closure)\n", ""), AHEAD.replace("loss = opt.step(closure)", "loss = w.sum()")]
)
def test_a_function_that_no_step_is_given_yet_is_kept(body: str) -> None:
    document = guigrad.parse(HEAD + body)
    assert document.problems == ()
    assert len(closures(document)) == 1
    assert emit(document) == HEAD + body


def test_a_name_of_the_body_means_nothing_outside() -> None:
    document = guigrad.parse(HEAD + INSIDE + "print(loss)\n")
    assert [problem.kind for problem in document.problems] == ["name"]
