"""Stepping: what is shown at a step is the record without what came later, forward and back."""

from __future__ import annotations

import pytest
import torch

import guigrad

LESSON = """
import torch
t1 = torch.tensor([1.0, -2.0], requires_grad=True)
t2 = t1 + 2
t2.retain_grad()
t3 = t1 * t2
t4 = (t3 * t2).mean()
"""


def test_forward_op_by_op() -> None:
    session = guigrad.Session(guigrad.parse(LESSON))
    frame = session.step_forward()
    assert [frame[name].state for name in ("t1", "t2", "t4")] == ["fresh", "not run", "not run"]
    frame = session.step_forward()
    assert frame["t2"].value is not None
    assert frame["t3"].value is None
    for _ in range(20):
        frame = session.step_forward()
    assert frame["t4"].value is not None
    assert frame["t4"].value == session.frame["t4"].value


def test_backward_grad_fn_by_grad_fn_and_back_again() -> None:
    session = guigrad.Session(guigrad.parse(LESSON))
    session.forward()
    frames = [session.step_backward("t4") for _ in range(6)]
    assert [event.grad_fn for event in frames[-1].events] == [
        "MeanBackward0", "MulBackward0", "MulBackward0", "AddBackward0", "AccumulateGrad",
    ]  # fmt: skip
    assert frames[0]["t4"].xray is not None
    assert frames[0]["mul"].xray is None
    assert frames[2]["t2"].grad is None
    assert frames[3]["t2"].grad is not None  # what retain_grad keeps comes when the gradient arrives
    assert frames[3]["t1"].grad is None
    assert frames[4]["t1"].grad == session.frame["t1"].grad
    assert list(frames[1].contributions) == [
        key for key in frames[5].contributions if key[0] in ("t3", "t2", "mul") and key[1] in ("mul", "t4")
    ]
    for frame in reversed(frames[:4]):
        assert session.step_back() == frame


def test_a_verb_after_stepping_back_does_not_accumulate_twice() -> None:
    session = guigrad.Session(guigrad.parse(LESSON))
    session.forward()
    once = session.backward("t4")["t1"].grad
    other = guigrad.Session(guigrad.parse(LESSON))
    other.forward()
    other.step_backward("t4")
    other.step_back()
    assert other.step_back()["t1"].grad is None
    assert other.backward("t4")["t1"].grad == once


def test_a_second_backward_stands_on_the_gradient_of_the_first() -> None:
    session = guigrad.Session(guigrad.parse(LESSON))
    session.forward()
    first = session.backward("t4", retain_graph=True)["t1"].grad
    frame = session.step_backward("t4")
    assert frame["t1"].grad == first
    for _ in range(8):
        frame = session.step_backward("t4") if frame["t1"].grad == first else frame
    grad = session.grad("t1")
    assert grad is not None
    assert frame["t1"].grad is not None
    assert torch.equal(grad, torch.tensor(frame["t1"].grad.numpy()))


@pytest.mark.parametrize(
    "text", ["import torch\nx = torch.ones(2)\n", "import torch\nx = torch.ones(2, requires_grad=True)\ny = x * 2\n"]
)
def test_a_backward_that_fails_leaves_the_forward(text: str) -> None:
    session = guigrad.Session(guigrad.parse(text))
    frame = session.step_backward()
    assert frame.problems
    assert frame["x"].value is not None
    assert session.step_back()["x"].state in ("fresh", "not run")
