"""The sum over paths against what autograd gives, on graphs whose paths are known."""

from __future__ import annotations

import time

import pytest
import torch

from guigrad.engine.play import Engine
from guigrad.engine.questions import answer
from guigrad.engine.values import tensor_of
from guigrad.run.derivative import AskPaths, Paths
from guigrad.source.parse.parser import parse

FAN = """
import torch
x = torch.tensor(2.0, requires_grad=True)
a = x * x
b = a + x
c = b * a
d = c.sin()
"""
NET = """
import torch
import torch.nn.functional as F
torch.manual_seed(1)
x = torch.randn(4, 3, requires_grad=True)
W = torch.randn(3, 3, requires_grad=True)
h = F.dropout(F.relu(x @ W), 0.4)
a, b = h.chunk(2)
g = torch.stack([a, b, a * b])
v, i = g.max(dim=0)
y = v.softmax(-1) + a
L = (y * y.detach()).sum()
"""


def asked(text: str, of: str, wrt: str, best: int = 24, backward: bool = False) -> Paths:
    """The answer about a script after its forward."""
    engine = Engine(parse(text))
    engine.forward()
    assert not engine.problems
    if backward:
        engine.backward((of,))
        assert not engine.problems
    before = {key: leaf.grad for key, leaf in engine.state.leaves().items()}
    found = answer(engine, AskPaths(of, wrt, best))
    assert isinstance(found, Paths)
    assert {key: leaf.grad for key, leaf in engine.state.leaves().items()} == before
    return found


def summed(found: Paths) -> torch.Tensor:
    """The products of all paths, added up here."""
    assert found.whole
    products = [tensor_of(path.product) for path in found.paths if path.product is not None]
    return torch.stack(products).sum(0)


def test_every_path_of_a_small_graph_with_its_factors() -> None:
    found = asked(FAN, "d", "x")
    assert (found.count, found.whole, found.agrees) == (5, True, True)
    told = {tuple((hop.name, hop.path) for hop in path.hops) for path in found.paths}
    assert told == {
        (("a", "self"), ("c", "other"), ("d", "self")),
        (("a", "other"), ("c", "other"), ("d", "self")),
        (("a", "self"), ("b", "self"), ("c", "self"), ("d", "self")),
        (("a", "other"), ("b", "self"), ("c", "self"), ("d", "self")),
        (("b", "other"), ("c", "self"), ("d", "self")),
    }
    for path in found.paths:
        product = 1.0
        for hop in path.hops:
            assert hop.scalar
            product *= hop.local
        assert path.product is not None
        assert tensor_of(path.product).item() == pytest.approx(product, rel=1e-6)
    x = torch.tensor(2.0, requires_grad=True)
    a = x * x
    ((a + x) * a).sin().backward()
    assert x.grad is not None
    assert summed(found).item() == pytest.approx(x.grad.item(), rel=1e-6)


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("wrt", ["x", "W", "h", "b"])
def test_paths_through_tensors_tuples_and_cuts_add_up(wrt: str, backward: bool) -> None:
    found = asked(NET, "L", wrt, backward=backward)
    assert not found.problems
    assert found.agrees
    assert found.torch is not None
    torch.testing.assert_close(summed(found), tensor_of(found.torch), rtol=1e-5, atol=1e-6)
    assert "detach" in found.cut


def test_more_paths_than_atoms_are_counted_and_the_largest_found_in_time() -> None:
    lines = [f"y{i} = y{i - 1} * y{i - 1}.sin() + y{i - 1}" for i in range(1, 150)]
    text = "\n".join(["import torch", "x = torch.tensor(0.1, requires_grad=True)", "y0 = x + x", *lines])
    start = time.process_time()
    found = asked(text, "y149", "x", best=10)
    assert time.process_time() - start < 20
    assert found.count == 2 * 3**149
    assert not found.whole
    assert found.agrees
    assert len(found.paths) == 10
    sizes = [path.size for path in found.paths]
    assert sizes == sorted(sizes, reverse=True)


def test_the_largest_paths_are_really_the_largest() -> None:
    text = FAN + "e = d * x + d * a * b\nf = e * d + e.exp()\n"
    whole = asked(text, "f", "x")
    assert whole.whole
    from guigrad.engine import paths as module

    few = sorted((path.size for path in whole.paths), reverse=True)[:4]
    kept, module.WHOLE = module.WHOLE, 3
    try:
        found = asked(text, "f", "x", best=4)
    finally:
        module.WHOLE = kept
    assert found.count == whole.count
    assert [path.size for path in found.paths] == pytest.approx(few)


def test_what_has_no_paths_says_why() -> None:
    assert "no node" in asked(FAN, "d", "q").problems[0].message
    assert "in place" in asked(FAN + "k = x * 2\nk.mul_(3)\nz = k + 1\n", "z", "x").problems[0].message
    assert asked("import torch\nx = torch.ones(2)\ny = x * 2\n", "y", "x").problems
    apart = asked(FAN + "w = torch.ones(1, requires_grad=True)\n", "d", "w")
    assert apart.count == 0
    assert apart.agrees


def test_a_node_by_itself_is_one_path_of_no_wire() -> None:
    found = asked(FAN, "b", "b")
    assert found.count == 1
    assert found.paths[0].hops == ()
    assert summed(found).item() == 1.0


def test_wide_tensors_infinities_and_too_large_ones() -> None:
    found = asked("import torch\nx = torch.ones(64, 64, requires_grad=True)\ny = torch.tanh(x @ x)\n", "y", "x")
    assert (found.count, found.agrees, found.full) == (2, True, (4096, 4096))
    assert 0 < len(found.rows) < 4096
    odd = asked("import torch\nx = torch.tensor([0.0, -1.0], requires_grad=True)\ny = x.sqrt()\n", "y", "x")
    assert (odd.agrees, odd.difference) == (True, 0.0)
    wide = asked("import torch\nx = torch.ones(5_000_000, requires_grad=True)\ny = x * 2\n", "y", "x")
    assert "5,000,000 entries" in wide.problems[0].message
    assert (
        "x has no entries"
        in asked("import torch\nx = torch.ones(0, requires_grad=True)\ny = x.sum()\n", "y", "x").problems[0].message
    )
