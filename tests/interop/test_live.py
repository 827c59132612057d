"""Live tensors: what a real program's graph tells, without changing it."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

import guigrad
from guigrad.document.array import ArrayData
from guigrad.document.check import check
from guigrad.document.model import In


def same(array: Any, tensor: torch.Tensor) -> bool:
    """Whether a record holds exactly a tensor's numbers."""
    return isinstance(array, ArrayData) and array.numpy().tolist() == tensor.detach().tolist()


def frame_of(document: guigrad.Document) -> guigrad.Frame:
    frame = guigrad.recorded(document)
    assert frame is not None
    again = guigrad.parse(guigrad.emit(document))
    assert not again.problems
    assert again.canonical() == document.canonical()
    return frame


def test_names_values_and_gradients() -> None:
    x = torch.randn(4, 3)
    w = torch.randn(3, 2, requires_grad=True)
    layer = nn.Linear(2, 1)
    h = (x @ w).relu()
    h.retain_grad()
    loss = (layer(h) ** 2).mean()
    loss.backward(retain_graph=True)
    document = guigrad.from_tensor(loss)
    frame = frame_of(document)
    assert {"x", "w", "h", "loss", "layer_weight", "layer_bias"} <= set(frame.names())
    assert frame["h"].op == "recorded.ReluBackward0"
    assert frame["h"].state == "recorded"
    for name, tensor in {"x": x, "w": w, "h": h, "loss": loss, "layer_weight": layer.weight}.items():
        assert same(frame[name].value, tensor)
        if tensor.is_leaf or tensor.retains_grad:
            grad = tensor.grad
            assert frame[name].grad is None if grad is None else same(frame[name].grad, grad)
    assert frame["mm"].value is None
    assert frame["mm"].shape == (4, 2)
    assert "did not keep" in frame["mm"].text
    node = document.nodes[frame.labels["mm"]]
    assert node.args == (None, In(frame.labels["w"]))
    assert dict(node.kwargs)["self"] == In(frame.labels["x"])
    assert document.settings.root == frame.labels["loss"]


def test_given_names_win_and_need_no_variables() -> None:
    def made() -> torch.Tensor:
        inner = torch.ones(2, requires_grad=True)
        return (inner * 3).sum()

    loss = made()
    leaf = loss.grad_fn.next_functions[0][0].next_functions[0][0].variable  # type: ignore[union-attr]  # it is there
    frame = frame_of(guigrad.from_tensor(loss, names={"theta": leaf, "cost": loss}))
    assert same(frame["theta"].value, leaf)
    assert frame["cost"].op == "recorded.SumBackward0"


def test_a_freed_graph_says_so() -> None:
    w = torch.randn(3, requires_grad=True)
    loss = w.sin().exp().sum()
    loss.backward()
    frame = frame_of(guigrad.from_tensor(loss))
    assert "freed" in frame["exp"].text
    assert frame["exp"].shape == (3,)
    graph = frame.graph
    assert graph is not None
    assert {node.name: node.freed for node in graph.nodes}["ExpBackward0"]
    assert same(frame["w"].grad, w.grad)  # type: ignore[arg-type]  # it has one


def test_nothing_of_the_live_graph_changes_and_nothing_is_kept() -> None:
    w = torch.randn(3, requires_grad=True)
    calls: list[int] = []
    w.register_hook(lambda gradient: calls.append(1))
    h = w * 2
    loss = h.tanh().sum()
    nodes = [loss.grad_fn, h.grad_fn]
    before = (w._version, h._version, loss._version, len(w._backward_hooks or ()), h._backward_hooks)
    document = guigrad.from_tensor(loss)
    assert (w._version, h._version, loss._version, len(w._backward_hooks or ()), h._backward_hooks) == before
    assert w.grad is None
    assert not calls
    assert [loss.grad_fn, h.grad_fn] == nodes
    graph = frame_of(document).graph
    assert graph is not None
    assert [node.hooks for node in graph.nodes if node.kind == "accumulate"] == [1]
    gc.collect()
    gc.disable()
    try:
        document = guigrad.from_tensor(loss)
        gone = [weakref.ref(tensor) for tensor in (w, h, loss)]
        del w, h, loss, nodes
        assert [ref() for ref in gone] == [None, None, None]
    finally:
        gc.enable()
    assert len(document.nodes) == 4


class Cube(torch.autograd.Function):
    """A Function of the program's own, with two results."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        ctx.save_for_backward(x)
        return x**3, x + 1

    @staticmethod
    def backward(ctx: Any, cube: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        (x,) = ctx.saved_tensors
        return cube * 3 * x**2 + other


def test_custom_functions_outputs_and_several_roots() -> None:
    w = torch.randn(3, requires_grad=True)
    h = w * 2
    a, b = Cube.apply(h)
    loss, other = (a * b).sum(), b.max()
    frame = frame_of(guigrad.from_tensor((loss, {"b": other})))
    assert frame["a"].op == frame["b"].op == "recorded.CubeBackward"
    assert same(frame["a"].value, a)
    assert same(frame["b"].value, b)
    assert same(frame["h"].value, h)
    assert frame["other"].op == "recorded.MaxBackward1"


def test_a_second_graph_is_a_graph() -> None:
    x = torch.randn(3, requires_grad=True)
    y = (x**3).sum()
    (first,) = torch.autograd.grad(y, x, create_graph=True)
    penalty = (first**2).sum()
    frame = frame_of(guigrad.from_tensor(penalty))
    assert same(frame["first"].value, first)
    assert same(frame["x"].value, x)
    assert penalty.grad_fn is not None


def test_in_place_views_and_versions() -> None:
    w = torch.randn(4, requires_grad=True)
    y = w * 2
    part = y[1:]
    part.mul_(3)
    s = y.sin()
    y.add_(1)
    graph = frame_of(guigrad.from_tensor((s.sum(), y.sum()))).graph
    assert graph is not None
    sine = next(node for node in graph.nodes if node.name == "SinBackward0")
    (saved,) = sine.saved
    assert saved.state == "changed"
    assert saved.version == 2
    assert any(node.name == "CopySlices" for node in graph.nodes)


def test_hooks_of_the_program_are_not_called() -> None:
    w = torch.randn(3, requires_grad=True)
    runs: list[int] = []

    def block(x: torch.Tensor) -> torch.Tensor:
        runs.append(1)
        return (x * x).sin()

    loss = checkpoint(block, w, use_reentrant=False).sum()
    frame = frame_of(guigrad.from_tensor(loss))
    assert runs == [1]
    assert frame.graph is not None
    assert any(saved.state == "packed" for node in frame.graph.nodes for saved in node.saved)
    loss.backward()
    assert runs == [1, 1]


def test_a_very_deep_graph() -> None:
    y = w = torch.tensor(1.5, requires_grad=True)
    for _ in range(10_000):
        y = y * 1.0001
    document = guigrad.from_tensor(y)
    frame = frame_of(document)
    assert len(document.nodes) == 10_001
    assert same(frame["y"].value, y)
    assert same(frame["w"].value, w)


def test_large_tensors_are_statistics() -> None:
    w = torch.arange(3_000_000.0).requires_grad_()
    h = w * torch.ones(3_000_000)
    loss = h.exp().sum()
    document = guigrad.from_tensor(loss)
    frame = frame_of(document)
    assert frame["w"].value is None
    stats = frame["w"].stats
    assert stats is not None
    assert stats.maximum == 2_999_999
    assert document.nodes[frame.labels["w"]].op == "recorded.leaf"
    assert frame["exp"].stats is not None


def test_the_frame_travels_in_the_file(tmp_path: Any) -> None:
    w = torch.tensor([1.0, float("nan"), 2.0], requires_grad=True)
    loss = w.exp().sum()
    loss.backward(retain_graph=True)
    document = guigrad.from_tensor(loss)
    guigrad.save(document, tmp_path / "live.guigrad")
    again = guigrad.load(tmp_path / "live.guigrad")
    assert not again.problems
    assert again == document
    assert repr(guigrad.recorded(again)) == repr(guigrad.recorded(document))
    assert [problem.kind for problem in check(again)] == ["recorded"]
    frame = guigrad.Session(again).frame
    assert frame["exp"].state == "recorded"
    assert frame["w"].grad is not None


@pytest.mark.parametrize("broken", ["x", {"records": 3}, {"records": {"n1": 5, "n2[": {}, "n2[x]": {"kind": 3}}}])
def test_a_broken_recording_is_left_out(broken: Any) -> None:
    w = torch.tensor([1.0], requires_grad=True)
    loss = w.exp()
    document = guigrad.from_tensor(loss)
    extra = {**document.extra, "recorded": broken}
    fields = {name: getattr(document, name) for name in document.__struct_fields__} | {"extra": extra}
    session = guigrad.Session(guigrad.Document(**fields))
    assert session.frame["loss"].state == "not run"


def test_it_cannot_be_run_and_says_why() -> None:
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    loss = (w**2).sum()
    session = guigrad.Session(guigrad.from_tensor(loss))
    for verb in (session.forward, session.backward, lambda: session.run().frames[0]):
        frame = verb()
        (problem,) = frame.problems
        assert problem.kind == "recorded"
        assert "recorded from a live graph" in problem.message
        assert problem.severity == "error"
        assert frame["loss"].state == frame["w"].state == "recorded"


def test_what_can_be_run_beside_it_is_run() -> None:
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    loss = (w**2).sum()
    session = guigrad.Session(guigrad.from_tensor(loss))
    key = session.frame.labels["w"]
    session.edit(guigrad.edit.add_node("torch.Tensor.prod", args=(In(key),)))
    session.edit(guigrad.edit.add_node("torch.Tensor.exp", args=(In(session.frame.labels["loss"]),)))
    frame = session.forward()
    assert [problem.severity for problem in frame.problems] == ["warning"]
    assert same(frame["prod"].value, torch.tensor(2.0))
    assert frame["exp"].state == "not run"
    assert frame["loss"].state == "recorded"
    frame = session.backward()
    assert same(frame["w"].grad, torch.tensor([2.0, 1.0]))
    text = guigrad.emit(session.document)
    assert "# recorded: loss.exp()" in text
    assert guigrad.parse(text).canonical() == session.document.canonical()
    frame = session.edit(guigrad.edit.set_value(key, [5.0, 6.0]))
    assert same(frame["prod"].value, torch.tensor(30.0))


def test_what_is_no_graph() -> None:
    with pytest.raises(guigrad.ProblemError, match="needs a tensor"):
        guigrad.from_tensor(3.0)
    plain = torch.ones(2)
    frame = frame_of(guigrad.from_tensor(plain))
    assert same(frame["plain"].value, plain)


def test_locals_that_were_asked_for_stay() -> None:
    w = torch.ones(2, requires_grad=True)
    loss = w.sum()
    asked = locals()
    guigrad.from_tensor(loss)
    assert asked["loss"] is loss
