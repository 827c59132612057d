"""Jacobians, Hessians and checks against torch's own functions, without a trace left in the session."""

from __future__ import annotations

import pytest
import torch

from guigrad.engine.hessian import hessian, hessian_vector
from guigrad.engine.jacobian import ENTRIES, check, jacobian
from guigrad.engine.play import Engine
from guigrad.engine.questions import answer
from guigrad.engine.values import array_of, tensor_of
from guigrad.run.derivative import AskProduct, Matrix, Product
from guigrad.source.parse.parser import parse

NET = """
import torch
import torch.nn.functional as F
torch.manual_seed(1)
x = torch.randn(2, 3, requires_grad=True)
W = torch.randn(3, 4, requires_grad=True)
h = F.dropout(torch.tanh(x @ W), 0.3)
h.retain_grad()
y = h.softmax(dim=-1)
loss = (y ** 2).sum()
n = torch.arange(3)
"""


def engine_of(text: str, verb: str = "forward") -> Engine:
    """An engine after forward."""
    document = parse(text)
    assert not document.problems
    engine = Engine(document)
    getattr(engine, verb)()
    assert not engine.problems
    return engine


def values(matrix: Matrix) -> torch.Tensor:
    """The matrix as a tensor."""
    assert matrix.problems == ()
    assert matrix.values is not None
    return tensor_of(matrix.values)


@pytest.mark.parametrize("mode", ["reverse", "forward"])
@pytest.mark.parametrize("wrt", ["x", "W", "h"])
def test_a_jacobian_is_torchs_and_leaves_no_trace(mode: str, wrt: str) -> None:
    engine = engine_of(NET)
    live = {name: engine.value(name) for name in ("x", "W", "h", "y")}
    state = torch.get_rng_state()
    found = jacobian(engine, "y", wrt, mode)
    assert all(live[name].grad is None for name in ("x", "W", "h"))
    expected = torch.stack(
        [torch.autograd.grad(entry, live[wrt], retain_graph=True)[0].reshape(-1) for entry in live["y"].reshape(-1)]
    )
    torch.testing.assert_close(values(found), expected, rtol=1e-5, atol=1e-7)
    assert found.full == (8, live[wrt].numel())
    assert found.passes == (8 if mode == "reverse" else live[wrt].numel())
    assert torch.equal(torch.get_rng_state(), state)
    engine.backward(("loss",))  # the graph is still there
    assert not engine.problems
    assert live["x"].grad is not None


def test_rows_and_columns_one_by_one() -> None:
    engine = engine_of(NET)
    whole = values(jacobian(engine, "y", "x"))
    torch.testing.assert_close(values(jacobian(engine, "y", "x", rows=[3])), whole[3:4])
    torch.testing.assert_close(
        values(jacobian(engine, "y", "x", "forward", columns=[2])), whole[:, 2:3], rtol=1e-5, atol=1e-7
    )


def test_a_large_jacobian_is_sampled_and_says_so() -> None:
    engine = engine_of("import torch\nx = torch.ones(3000, requires_grad=True)\ny = x * 2\n")
    found = jacobian(engine, "y", "x")
    assert found.sampled
    assert found.full == (3000, 3000)
    assert found.rows[0] == 0
    assert found.rows[-1] == 2999
    assert len(found.rows) * len(found.columns) < ENTRIES
    expected = torch.zeros(3000, 3000).fill_diagonal_(2)[list(found.rows)][:, list(found.columns)]
    assert torch.equal(values(found), expected)


def test_what_has_no_jacobian_says_why() -> None:
    engine = engine_of(NET + "k = x * 1\nk += 1\nz = k.detach() * 2\n")
    told = {
        ("y", "n"): "only floating-point",
        ("y", "nothing"): "no node",
        ("n", "x"): "only floating-point",
        ("z", "x"): "no graph",
    }
    for (of, wrt), text in told.items():
        assert text in jacobian(engine, of, wrt).problems[0].message
    assert "in place" in jacobian(engine, "k", "x", "forward").problems[0].message
    fresh = Engine(parse(NET))
    assert "not run" in jacobian(fresh, "y", "x").problems[0].message


def test_a_freed_graph_is_run_once_more_on_the_same_values() -> None:
    engine = engine_of(NET)
    before = values(jacobian(engine, "y", "x"))
    engine.backward(("loss",))
    kept = engine.value("x").grad.clone()
    found = jacobian(engine, "y", "x")
    assert found.again
    torch.testing.assert_close(values(found), before)
    assert torch.equal(engine.value("x").grad, kept)
    engine = engine_of("import torch\nx = torch.ones(2, requires_grad=True)\nk = x * x\nk.mul_(2)\ny = k.exp()\n")
    engine.backward(("y",), ([1.0, 1.0],))
    assert "second time" in jacobian(engine, "y", "x").problems[0].message  # in place: it cannot be run by itself


def test_hessian_and_its_product() -> None:
    engine = engine_of(
        "import torch\nx = torch.tensor([0.5, -1.0, 2.0], requires_grad=True)\nL = (x ** 3).sum() * x[0]\n"
    )
    x = engine.value("x").detach()
    expected = torch.func.hessian(lambda t: (t**3).sum() * t[0])(x)
    torch.testing.assert_close(values(hessian(engine, "L", "x")), expected)
    v = torch.tensor([1.0, 0.0, -2.0])
    torch.testing.assert_close(values(hessian_vector(engine, "L", "x", v)).reshape(-1), expected @ v)
    assert "of a scalar" in hessian(engine, "x", "x").problems[0].message


def test_a_check_passes_finds_kinks_and_finds_a_wrong_gradient() -> None:
    engine = engine_of(NET)
    found = check(engine, "loss", "x")
    assert found.passed
    assert found.kinks == ()
    engine.backward(("loss",))
    torch.testing.assert_close(torch.tensor(found.shown), engine.value("x").grad.reshape(-1), rtol=1e-5, atol=1e-7)
    corner = check(
        engine_of("import torch\nx = torch.tensor([0.0, 1.0, -1.0], requires_grad=True)\ny = x.relu().sum()\n"),
        "y",
        "x",
    )
    assert corner.passed
    assert corner.kinks == (0,)
    cut = engine_of("import torch\nx = torch.tensor([1.0, 2.0], requires_grad=True)\ny = (x * x.detach()).sum()\n")
    wrong = check(cut, "y", "x")  # the derivative of x² is 2x: half of it was cut off
    assert not wrong.passed
    assert wrong.analytic == (1.0, 2.0)


def test_two_nodes_that_have_nothing_to_do_with_each_other() -> None:
    engine = engine_of(NET + "u = torch.ones(2, requires_grad=True)\n")
    for mode in ("reverse", "forward"):
        assert not values(jacobian(engine, "y", "u", mode)).any()


def test_samples_take_no_more_passes_than_there_is_time_for() -> None:
    engine = engine_of("import torch\nx = torch.ones(3_000_000, requires_grad=True)\ny = x * 2\nL = (y * y).sum()\n")
    for found in (jacobian(engine, "y", "x"), jacobian(engine, "y", "x", "forward"), hessian(engine, "L", "x")):
        assert found.problems == ()
        assert found.sampled
        fewer = found.columns if found.mode == "forward" else found.rows
        assert 8 <= len(fewer) < 64
        assert (fewer[0], fewer[-1]) == (0, 2_999_999)
        same = torch.tensor(found.rows)[:, None] == torch.tensor(found.columns)[None]
        assert torch.equal(values(found), same * (8.0 if found.of == "L" else 2.0))


def test_forward_mode_of_a_wide_input_takes_some_columns() -> None:
    engine = engine_of("import torch\nx = torch.ones(5000, requires_grad=True)\nL = (x * x).sum()\n")
    found = jacobian(engine, "L", "x", "forward")
    assert (found.sampled, len(found.columns), found.full) == (True, 256, (1, 5000))
    assert torch.equal(values(found), torch.full((1, 256), 2.0))
    assert not jacobian(engine, "L", "x").sampled


def test_a_hessian_through_dropout_keeps_its_mask() -> None:
    engine = engine_of(NET)
    found = values(hessian(engine, "loss", "x"))
    x, loss = engine.value("x"), engine.value("loss")
    (slope,) = torch.autograd.grad(loss, x, create_graph=True)
    rows = [torch.autograd.grad(entry, x, retain_graph=True)[0].reshape(-1) for entry in slope.reshape(-1)]
    torch.testing.assert_close(found, torch.stack(rows), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_tensors_without_entries(mode: str) -> None:
    engine = engine_of("import torch\nx = torch.ones(0, requires_grad=True)\ny = x * 2\n")
    assert values(jacobian(engine, "y", "x", mode)).shape == (0, 0)


def test_too_large_for_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = engine_of("import torch\nx = torch.ones(300_000, requires_grad=True)\ny = x * 2\nL = y.sum()\n")
    monkeypatch.setattr("guigrad.engine.jacobian.available_bytes", lambda: 1 << 20)
    for found in (jacobian(engine, "y", "x"), jacobian(engine, "y", "x", "forward"), hessian(engine, "L", "x")):
        assert found.values is None
        assert "300,000 × 300,000: too large for the memory there is" in found.problems[0].message


@pytest.mark.parametrize("kind", ["hvp", "jvp"])
def test_a_v_of_another_shape_or_kind_is_refused(kind: str) -> None:
    engine = engine_of("import torch\nx = torch.ones(2, 3, requires_grad=True)\nL = (x ** 3).sum()\n")
    for v, text in (
        (torch.ones(6), "v has a shape of torch.Size([6]) and x has a shape of torch.Size([2, 3])"),
        (torch.ones(2, 3, dtype=torch.int64), "v holds int64"),
        (torch.ones(2, 3, dtype=torch.complex64), "v holds complex64 and x float32"),
    ):
        found = answer(engine, AskProduct("L", "x", array_of(v), kind))
        assert isinstance(found, Product)
        assert found.values is None
        assert text in found.problems[0].message


@pytest.mark.parametrize("scale", [1.0, 1e4, 1e8, 1e-6])
def test_checks_pass_at_every_size_of_the_value(scale: float) -> None:
    engine = engine_of(
        f"import torch\nx = torch.tensor([0.3, -1.7, 4.0], requires_grad=True)\nL = (torch.exp(x) * {scale}).sum()\n"
    )
    found = check(engine, "L", "x")
    assert (found.passed, found.kinks) == (True, ())
    bent = engine_of("import torch\nx = torch.tensor([0.3, -0.2], requires_grad=True)\nL = (1e6 * x ** 2).sum()\n")
    assert check(bent, "L", "x").kinks == ()  # steep, but no corner


def test_a_graph_that_the_program_itself_has_freed_is_run_once_more() -> None:
    text = "import torch\nx = torch.tensor([1.0, 2.0], requires_grad=True)\ny = x.exp()\nL = y.sum()\nL.backward()\n"
    engine = engine_of(text, "run")
    found = jacobian(engine, "L", "x")
    assert found.again
    assert torch.equal(values(found)[0], torch.tensor([1.0, 2.0]).exp())
    told = answer(engine, AskProduct("y", "x", array_of(torch.ones(2))))
    assert isinstance(told, Product)
    assert told.problems == ()
    assert told.again
