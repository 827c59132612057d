"""Tracing: what a function called is a document that gives the same bits."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import guigrad


def run(document: guigrad.Document) -> guigrad.Session:
    """The document played once, also from its own script."""
    again = guigrad.parse(guigrad.emit(document))
    assert not again.problems
    assert again.canonical() == document.canonical()
    session = guigrad.Session(document)
    assert not session.run().problems
    return session


def test_names_and_operators_are_the_functions_own() -> None:
    w = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)

    def model(x: torch.Tensor) -> torch.Tensor:
        h = F.relu(x @ w + 1)
        return (h**2).mean()

    document = guigrad.trace(model, torch.tensor([0.1, -0.5]))
    assert guigrad.emit(document).splitlines()[3:] == [
        "x = torch.tensor([0.1, -0.5])",
        "w = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)",
        "h = F.relu(x @ w + 1)",
        "out = (h**2).mean()",
    ]


class Attention(nn.Module):
    """Several outputs, nested outputs, composite ops, buffers."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(3, 4)
        self.norm = nn.LayerNorm(4)
        self.heads = nn.MultiheadAttention(4, 2)
        self.batch = nn.BatchNorm1d(4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out, (hidden, _) = self.rnn(x)
        mixed, _ = self.heads(out, out, self.norm(out))
        return self.batch(mixed) * hidden


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.Sequential(nn.Linear(3, 8), nn.GELU(), nn.Linear(8, 2), nn.Softmax(dim=-1)),
        lambda: nn.Sequential(nn.Unflatten(1, (1, 3)), nn.Conv1d(1, 2, 2), nn.MaxPool1d(2), nn.Flatten()),
        Attention,
    ],
)
def test_a_module_gives_the_same_bits_and_gradients(make: Callable[[], nn.Module]) -> None:
    torch.manual_seed(3)
    module = make()
    x = torch.randn(5, 3)
    document = guigrad.trace(module, x)
    if isinstance(module, Attention):  # tracing was its first call in training mode
        module.batch.reset_running_stats()
    expected = module(x)
    expected.sum().backward()
    session = run(document)
    name = [name for name in session.frame.names() if name.startswith(("out", "mixed"))][-1]
    result = session.tensor(name)
    assert result is not None
    assert torch.equal(result, expected.detach())
    session.backward(name, gradient=torch.ones_like(expected))
    for path, parameter in module.named_parameters():
        assert parameter.grad is not None
        grad = session.grad(path.replace(".", "_") if not path[0].isdigit() else f"_{path.replace('.', '_')}")
        assert grad is not None
        assert torch.equal(grad, parameter.grad), path


def test_in_place_parts_regions_and_backward() -> None:
    def step(w: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        top, where = (w * x).max(0)
        loss = top.sum() + where.sum()
        loss.backward()
        with torch.no_grad():
            assert w.grad is not None
            w -= 0.1 * w.grad
        buffer = torch.zeros(3)
        buffer[0] = 5
        buffer += 1
        return buffer * w

    def inputs() -> tuple[torch.Tensor, torch.Tensor]:
        return torch.tensor([[1.0, 2.0, 3.0], [4.0, 0.0, 1.0]], requires_grad=True), torch.tensor([1.0, -1.0, 2.0])

    document = guigrad.trace(step, *inputs())
    session = run(document)
    assert torch.equal(session.tensor("out"), step(*inputs()).detach())
    text = guigrad.emit(document)
    assert "top, where = (w * x).max(0)" in text
    assert "with torch.no_grad():" in text
    assert "loss.backward()" in text


def test_random_numbers_come_again_after_a_fresh_seed() -> None:
    def draw() -> torch.Tensor:
        return F.dropout(torch.randn(20)) + torch.rand(20)

    torch.manual_seed(11)
    document = guigrad.trace(draw)
    torch.manual_seed(11)
    assert torch.equal(run(document).tensor("out"), draw())


def test_random_numbers_that_cannot_come_again_are_values_or_told() -> None:
    torch.manual_seed(1)
    torch.rand(1)
    known: list[torch.Tensor] = []

    def draw() -> torch.Tensor:
        known.append(torch.randn(4))
        return known[0] * 2

    document = guigrad.trace(draw)
    assert torch.equal(run(document).tensor("out"), known[0] * 2)
    told = guigrad.trace(lambda x: F.dropout(x), torch.ones(3)).problems
    assert [problem.kind for problem in told] == ["random"]


def test_a_tensor_from_elsewhere_is_a_leaf_and_that_is_told() -> None:
    before = torch.ones(2, requires_grad=True) * 3
    document = guigrad.trace(lambda x: x + before, torch.ones(2))
    assert "MulBackward0" in document.problems[0].message
    assert torch.equal(run_loosely(document).tensor("out"), torch.tensor([4.0, 4.0]))


def run_loosely(document: guigrad.Document) -> guigrad.Session:
    """Run without asking for no problems."""
    session = guigrad.Session(document)
    session.run()
    return session


def test_numbers_read_from_tensors_leave_no_trace() -> None:
    def halve(x: torch.Tensor) -> torch.Tensor:
        while x.sum() > 4:
            x = x / x.shape[0]
        return x.reshape(-1, len(x))

    document = guigrad.trace(halve, torch.tensor([8.0, 8.0]))
    assert [node.op for node in document.nodes.values()].count("operator.truediv") == 2
    assert torch.equal(run(document).tensor("out"), halve(torch.tensor([8.0, 8.0])))


def test_nothing_to_trace_and_errors_of_the_function() -> None:
    with pytest.raises(guigrad.ProblemError, match="called no operation"):
        guigrad.trace(lambda: 3)
    with pytest.raises(RuntimeError, match="must match the size"):
        guigrad.trace(lambda x: x + torch.ones(2), torch.ones(3))
    assert sys.getprofile() is None


def test_another_profiler_is_left_alone() -> None:
    seen: list[Any] = []

    def watch(frame: Any, event: str, argument: Any) -> None:
        seen.append(event)

    sys.setprofile(watch)
    try:
        guigrad.trace(lambda x: x + 1, torch.ones(1))
        assert sys.getprofile() is watch
    finally:
        sys.setprofile(None)
