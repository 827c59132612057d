"""What verbs do with what is not there, and what the order calls an element."""

from __future__ import annotations

import guigrad
from guigrad.document.edit import set_argument


def session_of(code: str) -> guigrad.Session:
    return guigrad.Session(guigrad.parse(f"import torch\n{code}"))


def test_backward_with_no_inputs_says_what_torch_says() -> None:
    session = session_of("x = torch.ones(2, requires_grad=True)\ny = x.sum()\n")
    session.forward()
    (problem,) = session.backward(inputs=[]).problems
    assert problem.message == "`inputs` argument to `backward()` cannot be empty."
    assert session.grad("x") is None
    assert session.backward(inputs=["x"]).problems == ()
    grad = session.grad("x")
    assert grad is not None
    assert grad.tolist() == [1, 1]


def test_a_forward_to_nothing_leaves_the_refresh_as_it_was() -> None:
    session = session_of("x = torch.tensor(1.0, requires_grad=True)\ny = x * 2\n")
    frame = session.forward()
    session.backward()
    session.forward(to="nope")
    frame = session.edit(set_argument(frame.labels["y"], "other", 3))
    assert frame.problems == ()
    value, grad = session.tensor("y"), session.grad("x")
    assert value is not None
    assert grad is not None
    assert (value.item(), grad.item()) == (3, 3)


def test_the_order_names_nodes() -> None:
    code = "t = torch.arange(3.0, requires_grad=True)\na, b = t.max(0)\nc = t.split(1)\nd = c[0] * c[1]\ne = (a * d).sum()\n"
    session = session_of(code)
    session.forward()
    assert session.backward().order == ("e", "mul", "d", "c", "a", "t")
