"""What speaks for a gradient, and what does not."""

from __future__ import annotations

import pytest
import torch

from guigrad.engine.play import Engine
from guigrad.engine.questions import answer
from guigrad.engine.trust import trust
from guigrad.run.derivative import AskMatrix, AskTrust, Matrix, Trust, Trusts
from guigrad.source.parse.parser import parse


def engine_of(text: str) -> Engine:
    """An engine after forward."""
    engine = Engine(parse(f"import torch\n{text}"))
    engine.forward()
    assert not engine.problems
    return engine


def one(engine: Engine, wrt: str, of: str = "") -> Trust:
    """The answer about one gradient."""
    (found,) = trust(engine, AskTrust((wrt,), of), ("cpu",)).gradients
    return found


def test_a_right_gradient_is_trusted_and_stays_as_it_is() -> None:
    engine = engine_of("torch.manual_seed(0)\nx = torch.randn(7, requires_grad=True)\nL = (x.tanh() * x).sum()\n")
    engine.backward()
    grad = engine.value("x").grad
    copy = grad.clone()
    found = one(engine, "x")
    assert (found.of, found.verdict, found.gradcheck, found.check.passed) == ("L", "trusted", "", True)
    assert found.held == 0.0
    assert found.devices == (("cpu", 0.0),)
    assert engine.value("x").grad is grad
    assert torch.equal(grad, copy)
    engine.forward()
    engine.backward()
    assert "accumulated" in one(engine, "x").held_note


def test_a_corner_is_explained() -> None:
    found = one(engine_of("x = torch.tensor([0.0, 1.0], requires_grad=True)\ny = x.relu()\nL = y.sum()\n"), "x")
    assert (found.verdict, found.check.kinks, found.corners) == ("kink", (0,), ("y = relu(…)",))


def test_what_a_cut_hides_is_told() -> None:
    found = one(engine_of("x = torch.ones(2, requires_grad=True)\nk = x.detach()\nL = (x * k).sum()\n"), "x")
    assert (found.verdict, found.cuts) == ("differs", ("k",))


def test_all_leaves_and_a_root_of_several_numbers() -> None:
    engine = engine_of(
        "x = torch.ones(2, requires_grad=True)\nw = torch.ones(2, requires_grad=True)\ny = x * w.exp()\n"
    )
    found = trust(engine, AskTrust((), "y")).gradients
    assert [(each.wrt, each.verdict, each.v) for each in found] == [("x", "trusted", "ones"), ("w", "trusted", "ones")]
    engine.backward(("y",), ([1.0, -2.0],))
    found = trust(engine, AskTrust((), "y")).gradients
    assert [(each.wrt, each.verdict, each.held) for each in found] == [("x", "trusted", 0.0), ("w", "trusted", 0.0)]


@pytest.mark.parametrize("text", ["x = torch.ones(2)\nL = x.sum()\n", "n = torch.arange(2)\nL = n.sum()\n"])
def test_what_cannot_be_checked_says_why(text: str) -> None:
    engine = engine_of(text)
    found = trust(engine, AskTrust(("n" if "n =" in text else "q",), "L"))
    assert found.gradients[0].verdict == "unknown"
    assert found.gradients[0].problems
    assert trust(Engine(parse(text)), AskTrust(())).problems


def test_deterministic_mode_is_told() -> None:
    engine = engine_of("torch.use_deterministic_algorithms(True)\nx = torch.ones(2, requires_grad=True)\nL = x.sum()\n")
    found = answer(engine, AskTrust(("x",)))
    assert isinstance(found, Trusts)
    assert found.gradients[0].deterministic


def test_complex_numbers_are_left_to_gradcheck() -> None:
    text = "z = torch.tensor([1 + 2j, 0.5 - 1j], requires_grad=True)\nw = z * z * torch.tensor(2 - 1j)\nL = w.abs().sum()\n"
    for of in ("L", "w"):
        found = one(engine_of(text), "z", of)
        assert (found.verdict, found.gradcheck, found.check.entries, found.problems) == ("trusted", "", (), ())


def test_ids_in_questions_are_names_in_answers() -> None:
    engine = engine_of("x = torch.arange(3)\nL = x.sum()\n")
    ids = {label: key for key, label in engine.names.by_key.items()}
    found = answer(engine, AskMatrix(ids["L"], ids["x"]))
    assert isinstance(found, Matrix)
    assert (found.of, found.wrt) == ("L", "x")
    assert "L holds int64" in found.problems[0].message


def test_what_is_not_finite_is_not_judged() -> None:
    found = one(engine_of("x = torch.tensor([4.0, -1.0], requires_grad=True)\nL = x.sqrt().sum()\n"), "x")
    assert found.verdict == "unknown"
    assert "not finite" in found.problems[0].message
    wide = one(engine_of("x = torch.ones(5_000_000, requires_grad=True)\nL = x.sum()\n"), "x")
    assert "gradients of up to" in wide.problems[0].message


def test_a_large_sum_is_no_wrong_gradient() -> None:
    found = one(engine_of("x = torch.full((250_000,), 3.0, requires_grad=True)\nL = x.pow(2).sum()\n"), "x")
    assert found.verdict == "trusted"
