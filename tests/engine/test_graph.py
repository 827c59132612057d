"""The grad_fn graph of the last forward, told by the document's nodes."""

from __future__ import annotations

import torch

import guigrad
from guigrad.engine.play import Engine
from guigrad.run.graph import Graph
from guigrad.run.request import Want


def graph_after(source: str, backward: bool = False) -> tuple[Graph, guigrad.Frame]:
    engine = Engine(guigrad.parse(source))
    engine.forward()
    if backward:
        engine.backward()
    frame = engine.frame(Want(graph=True))
    assert frame.graph is not None
    return frame.graph, frame


def names(graph: Graph, frame: guigrad.Frame, label: str) -> list[str]:
    return [node.name for node in graph.of(frame.labels[label])]


SCRIPT = """
import torch
import torch.nn.functional as F

x = torch.randn(4, 3)
w = torch.randn(3, 2, requires_grad=True)
h = x @ w
loss = F.cross_entropy(h, torch.tensor([0, 1, 1, 0]))
"""


def test_every_grad_fn_is_there_and_composite_ops_open() -> None:
    graph, frame = graph_after(SCRIPT)
    assert names(graph, frame, "w") == ["AccumulateGrad"]
    assert names(graph, frame, "h") == ["MmBackward0"]
    assert names(graph, frame, "loss") == ["LogSoftmaxBackward0", "NllLossBackward0"]
    inside = {node.name: node.inside for node in graph.nodes}
    assert inside == {
        "AccumulateGrad": False, "MmBackward0": False, "LogSoftmaxBackward0": True, "NllLossBackward0": False,
    }  # fmt: skip
    by_id = {node.id: node for node in graph.nodes}
    mm = next(node for node in graph.nodes if node.name == "MmBackward0")
    assert mm.edges[0] is None
    edge = mm.edges[1]
    assert edge is not None
    assert by_id[edge[0]].kind == "accumulate"
    assert [by_id[key].name for key in graph.roots] == ["NllLossBackward0"]
    assert mm.outputs == (((4, 2), "float32"),)
    assert not any(node.freed for node in graph.nodes)


def test_saved_tensors_tell_whose_they_are_and_are_freed_by_a_backward() -> None:
    source = "import torch\nw = torch.ones(3, requires_grad=True)\ne = w.exp()\ny = e * w\nloss = y.sum()\n"
    graph, _ = graph_after(source)
    saved = {node.name: {one.name: one.node for one in node.saved if one.shape is not None} for node in graph.nodes}
    assert saved["ExpBackward0"] == {"result": "e"}
    assert saved["MulBackward0"] == {"self": "e", "other": "w"}
    graph, _ = graph_after(source, backward=True)
    assert {node.name for node in graph.nodes if node.freed} == {"ExpBackward0", "MulBackward0"}


def test_the_same_grad_fns_as_plain_torch() -> None:
    graph, _ = graph_after(
        "import torch\nimport torch.nn.functional as F\n"
        "x = torch.randn(2, 5, 8, requires_grad=True)\ng = torch.ones(8, requires_grad=True)\n"
        "y = F.layer_norm(x, (8,), weight=g)\na = F.scaled_dot_product_attention(y, y, y)\nloss = a.softmax(-1).var()\n"
    )
    x, g = torch.randn(2, 5, 8, requires_grad=True), torch.ones(8, requires_grad=True)
    y = torch.nn.functional.layer_norm(x, (8,), weight=g)
    loss = torch.nn.functional.scaled_dot_product_attention(y, y, y).softmax(-1).var()
    todo, found = [loss.grad_fn], set()
    while todo:
        fn = todo.pop()
        if fn is not None and fn not in found:
            found.add(fn)
            todo += [target for target, _ in fn.next_functions]
    assert sorted(node.name for node in graph.nodes) == sorted(fn.name().rpartition("::")[2] for fn in found if fn)
    assert all(node.key for node in graph.nodes)


def test_in_place_changes_views_and_versions() -> None:
    graph, frame = graph_after(
        "import torch\nw = torch.ones(3, requires_grad=True)\ny = w * 2\nv = y[1:]\ny.mul_(3)\nloss = v.sum()\n"
    )
    leaf = graph.of(frame.labels["w"])[0]
    assert leaf.version == 0
    assert not leaf.view
    assert names(graph, frame, "y@1") == ["MulBackward0"]
    view = graph.of(frame.labels["v"])[0]
    assert view.view
    assert view.version == 1


def test_there_is_none_before_a_run_and_none_unless_asked() -> None:
    engine = Engine(guigrad.parse(SCRIPT))
    assert engine.frame(Want(graph=True)).graph is None
    engine.forward()
    assert engine.frame().graph is None


def test_it_crosses_to_the_window() -> None:
    from guigrad.run.sent import Sent
    from guigrad.run.shared import Packer, Unpacker

    graph, frame = graph_after(SCRIPT)
    head, blobs = Packer(Sent()).message(frame)
    assert Unpacker().message(head, b"".join(blobs)).graph == graph


LOOP = """
import torch

w = torch.randn(3, 3, requires_grad=True)
x = torch.randn(4, 3)
h = torch.zeros(3)
for t in range(4):
    h = torch.tanh(h @ w + x[t])
loss = h.sum()
loss.backward()
"""


def test_earlier_rounds_of_a_loop_are_no_node_s_inside() -> None:
    engine = Engine(guigrad.parse(LOOP))
    engine.run()
    graph = engine.frame(Want(graph=True)).graph
    assert graph is not None
    assert len([node for node in graph.nodes if node.name == "TanhBackward0"]) == 4
    by_key: dict[str, list[str]] = {}
    for node in graph.nodes:
        by_key.setdefault(engine.document.nodes[node.key].op if node.key else "", []).append(node.name)
    assert by_key["torch.tanh"] == ["TanhBackward0"]
    assert by_key["operator.matmul"] == ["UnsqueezeBackward0", "MmBackward0", "SqueezeBackward4"]
    assert by_key["operator.add"] == ["AddBackward0"]
    assert len(by_key[""]) == len(graph.nodes) - 7, "three earlier rounds"
    assert {node.name for node in graph.nodes if node.node == "loss"} == {"SumBackward0"}


def test_a_loop_of_gradients_of_gradients() -> None:
    engine = Engine(guigrad.parse(
        "import torch\nx = torch.tensor([1.5, -0.5], requires_grad=True)\nfor step in range(3):\n"
        "    f = (x**4).sum()\n    (g,) = torch.autograd.grad(f, x, create_graph=True)\n"
        "    with torch.no_grad():\n        x -= 0.01 * g\n"
    ))  # fmt: skip
    engine.run()
    graph = engine.frame(Want(graph=True)).graph
    assert graph is not None
    assert {node.order for node in graph.nodes} == {1, 2}
    assert all(node.key for node in graph.nodes)


def test_looking_at_a_loop_changes_nothing() -> None:
    source = (
        "import torch\nimport torch.nn.functional as F\ntorch.manual_seed(0)\nw = torch.randn(4, 3, requires_grad=True)\n"
        "mean, var = torch.zeros(3), torch.ones(3)\nh = w * 1\nacc = torch.zeros(3)\nfor t in range(3):\n"
        "    h = F.batch_norm(h, mean, var, training=True)\n    h = F.dropout(h, 0.3)\n    acc += h.sum(0)\n"
        "    h = h.softmax(1) @ torch.eye(3)\nloss = h.sum() + acc.sum()\n"
    )
    engine = Engine(guigrad.parse(source))
    engine.run()
    before, random = engine.frame(), torch.get_rng_state()
    graph = engine.frame(Want(graph=True)).graph
    assert graph is not None
    after = engine.frame()
    assert after.records == before.records
    assert torch.equal(torch.get_rng_state(), random)
    inside = {node.node for node in graph.nodes if node.inside}
    assert inside <= {
        engine.label(key) for key in engine.state.order if engine.document.nodes[key].op == "operator.matmul"
    }
    (own,) = [node for node in graph.nodes if node.key and engine.document.nodes[node.key].op == "operator.iadd"]
    assert own.name == "AddBackward0"
    assert engine.frame(Want(graph=True)).graph == graph
