"""Graphs that a backward makes of itself: which grad_fn made which, and of what order they are."""

from __future__ import annotations

import torch

import guigrad
from guigrad.engine.play import Engine
from guigrad.run.graph import Graph
from guigrad.run.request import Want


def graph_after(source: str, **backward: bool) -> Graph:
    engine = Engine(guigrad.parse(source))
    engine.forward()
    if backward:
        engine.backward(**backward)
    found = engine.frame(Want(graph=True)).graph
    assert found is not None
    return found


def orders(graph: Graph) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for node in graph.nodes:
        found.setdefault(node.order, []).append(node.name)
    return found


GRAD = "import torch\nx = torch.tensor([1.0, 2.0], requires_grad=True)\ny = (x.exp() * x).sum()\n"


def test_who_made_what_with_autograd_grad() -> None:
    graph = graph_after(GRAD + "g, = torch.autograd.grad(y, x, create_graph=True)\np = (g * g).sum()\n")
    by_id = {node.id: node for node in graph.nodes}
    second = [node for node in graph.nodes if node.order == 2]
    assert {node.node for node in second} == {"g", "grad"}
    made = {(by_id[node.maker].name, node.name) for node in second}
    assert made >= {("SumBackward0", "ExpandBackward0"), ("ExpBackward0", "MulBackward0")} or made >= {
        ("MulBackward0", "MulBackward0"), ("ExpBackward0", "MulBackward0"),
    }  # fmt: skip
    assert all(by_id[node.maker].order == 1 for node in second)
    assert {node.name for node in graph.nodes if node.node == "p"} == {"SumBackward0"}
    assert all(node.order == 1 and not node.maker for node in graph.nodes if node.node in ("p", "y", "x"))


def test_every_order_is_told() -> None:
    source = "import torch\nx = torch.tensor(2.0, requires_grad=True)\ny = x ** 4\n"
    for at, what in enumerate(("y", "g1", "g2"), 1):
        source += f"g{at}, = torch.autograd.grad({what}, x, create_graph=True)\n"
    assert sorted(orders(graph_after(source))) == [1, 2, 3, 4]


def test_a_gradient_with_a_graph_is_shown_though_no_node_reads_it() -> None:
    graph = graph_after(GRAD, create_graph=True)
    second = [node for node in graph.nodes if node.order == 2]
    assert second
    assert {node.node for node in second} == {"x.grad"}
    assert all(node.inside for node in second)
    assert not orders(graph_after(GRAD, create_graph=False)).get(2)


def test_the_program_s_own_backward_is_noted_too() -> None:
    engine = Engine(guigrad.parse(GRAD + "y.backward(create_graph=True)\n"))
    engine.run()
    graph = engine.frame(Want(graph=True)).graph
    assert graph is not None
    assert len(orders(graph)[2]) >= 3


def test_listening_changes_no_bit() -> None:
    x = torch.tensor([0.3, -1.2, 4.0], requires_grad=True)
    y = (x.sin() * x + x.exp() / (1 + x * x)).sum()
    (g,) = torch.autograd.grad(y, x, create_graph=True)
    (h,) = torch.autograd.grad(g.pow(2).sum(), x)
    document = guigrad.parse(
        "import torch\nx = torch.tensor([0.3, -1.2, 4.0], requires_grad=True)\n"
        "y = (x.sin() * x + x.exp() / (1 + x * x)).sum()\n"
        "g, = torch.autograd.grad(y, x, create_graph=True)\np = g.pow(2).sum()\np.backward()\n"
    )
    session = guigrad.Session(document)
    session.run()
    found = session.grad("x")
    assert found is not None
    assert torch.equal(found, h)
    ours = session.live("g")
    assert torch.equal(ours.detach(), g.detach())
    plain, listened = [], []
    for fn, names in ((g.grad_fn, plain), (ours.grad_fn, listened)):
        todo, seen = [fn], set()
        while todo:
            one = todo.pop()
            if one is not None and one not in seen:
                seen.add(one)
                names.append(one.name())
                todo += [target for target, _ in one.next_functions]
    assert sorted(plain) == sorted(listened)


def test_warnings_and_errors_are_those_of_torch() -> None:
    engine = Engine(
        guigrad.parse("import torch\nx = torch.ones(2)\ng, = torch.autograd.grad(x.sum(), x, create_graph=True)\n")
    )
    engine.forward()
    (problem,) = [one for one in engine.problems if one.severity == "error"]
    assert problem.message == "element 0 of tensors does not require grad and does not have a grad_fn"
