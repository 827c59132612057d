"""``guigrad.from_tensor`` on whole programs: the graph that torch has, node by node and edge by edge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

import guigrad
from guigrad.ops.table import RECORDED

F = nn.functional


def mlp() -> Any:
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))(torch.randn(5, 3)).pow(2).mean()


def cnn() -> Any:
    body = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(18, 3)
    )
    return F.cross_entropy(body(torch.randn(4, 1, 8, 8)), torch.tensor([0, 1, 2, 0]))


def transformer() -> Any:
    return nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)(torch.randn(2, 3, 8)).sum()


def lstm() -> Any:
    out, (h, c) = nn.LSTM(3, 4, num_layers=2)(torch.randn(5, 2, 3))
    return out.sum() + h.sum() + c.sum()


def many_outputs() -> Any:
    x = torch.randn(6, 4, requires_grad=True)
    a, b, c = x.chunk(3)
    d, _ = x.split([1, 5])
    values, _ = x.max(dim=1)
    q, r = torch.linalg.qr(x)
    first, *_ = x.unbind()
    return (a * b + c).sum() + d.sum() + values.sum() + q.sum() + r.sum() + first.sum()


def complex_numbers() -> Any:
    z = torch.randn(3, dtype=torch.complex64, requires_grad=True)
    return (torch.fft.fft(z) * z.conj()).abs().sum() + torch.view_as_real(z).sum()


def in_place_and_views() -> Any:
    w = torch.randn(4, requires_grad=True)
    y = w * 2
    y[1:3] *= 3
    v = y.view(2, 2)
    v.add_(1)
    return (v.t() @ v).sum() + y.sum()


def loop() -> Any:
    w, h = torch.randn(3, 3, requires_grad=True), torch.randn(2, 3)
    for _ in range(5):
        h = torch.tanh(h @ w)
    return h.sum()


def double_backward() -> Any:
    x = torch.randn(3, requires_grad=True)
    (g,) = torch.autograd.grad((x.exp() * x).sum(), x, create_graph=True)
    return (g.norm() - 1) ** 2


class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, twice: bool) -> Any:
        ctx.save_for_backward(x)
        return x * x, x.detach() + 1

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        (x,) = ctx.saved_tensors
        return 2 * x * grads[0], None


def custom() -> Any:
    x = torch.randn(3, requires_grad=True)
    y, z = Square.apply(x, True)
    return y.sum() + z.sum()


def retained() -> Any:
    x = torch.randn(3, requires_grad=True)
    y = x.exp()
    y.retain_grad()
    z = y.sum()
    z.backward(retain_graph=True)
    return z


def freed() -> Any:
    loss = mlp()
    loss.backward()
    return loss


def sparse() -> Any:
    return nn.Embedding(5, 3, sparse=True)(torch.tensor([0, 2])).sum()


PROGRAMS = (
    mlp, cnn, transformer, lstm, many_outputs, complex_numbers, in_place_and_views, loop, double_backward, custom, retained, freed, sparse,
)  # fmt: skip


def walk(loss: torch.Tensor) -> tuple[Counter[str], int]:
    """Names of all grad_fns of a live graph, and how many edges lead from one to another."""
    todo, seen, edges = [loss.grad_fn], {loss.grad_fn}, 0
    while todo:
        fn = todo.pop()
        assert fn is not None
        for target, _ in fn.next_functions:
            if target is not None:
                edges += 1
                if target not in seen:
                    seen.add(target)
                    todo.append(target)
    return Counter(fn.name().rpartition("::")[2] for fn in seen if fn is not None), edges


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_graph_is_that_of_torch(program: Callable[[], Any]) -> None:
    torch.manual_seed(0)
    loss = program()
    names, edges = walk(loss)
    document = guigrad.from_tensor(loss)
    frame = guigrad.recorded(document)
    assert frame is not None
    graph = frame.graph
    assert graph is not None
    assert Counter(node.name for node in graph.nodes) == names
    assert sum(edge is not None for node in graph.nodes for edge in node.edges) == edges
    made = Counter(
        node.op.removeprefix(RECORDED)
        for node in document.nodes.values()
        if node.op.startswith(RECORDED) and "leaf" not in node.op
    )
    assert made == Counter({name: count for name, count in names.items() if name != "AccumulateGrad"})
    assert frame["loss"].requires_grad
    value = frame["loss"].value
    assert value is not None
    assert value.numpy().item() == loss.item()
    assert walk(loss) == (names, edges), "the live graph is as it was"
    if program is not freed:
        loss.backward()


@pytest.mark.parametrize("program", PROGRAMS)
def test_it_opens_again_from_a_file_and_from_code(program: Callable[[], Any], tmp_path: Any) -> None:
    torch.manual_seed(0)
    loss = program()
    document = guigrad.from_tensor(loss)
    guigrad.save(document, tmp_path / "loss.guigrad")
    again = guigrad.load(tmp_path / "loss.guigrad")
    assert guigrad.recorded(again) == guigrad.recorded(document)
    parsed = guigrad.parse(guigrad.emit(document))
    assert not [problem for problem in parsed.problems if problem.severity == "error"]
    assert Counter(node.op for node in parsed.nodes.values()) == Counter(node.op for node in document.nodes.values())
