"""Steps that are given a function, LBFGS first: the bits of the script, from any moment too."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import guigrad
from guigrad.document import edit
from guigrad.document.problem import ProblemError
from guigrad.engine.play import Engine
from guigrad.engine.questions import answer
from guigrad.engine.racing import race, sweep
from guigrad.run import checkpoint
from guigrad.run.distributed import distributed
from guigrad.run.landscape import AskLandscape, Landscape
from guigrad.run.loops import trains
from guigrad.run.training import Train, Until, Watch
from tests.engine.test_train_optim import OPTIMIZERS, check

START = """import torch
torch.manual_seed(0)
X = torch.randn(24, 3)
y = torch.randn(24, 2)
w = torch.randn(3, 2, requires_grad=True)
b = torch.zeros(2, requires_grad=True)
opt = torch.optim.{}
"""
BODY = """def closure():
    opt.zero_grad()
    loss = (torch.nn.functional.dropout(X @ w + b, 0.1) - y).square().mean()
    loss.backward()
    return loss
"""
STEP = """loss = opt.step(closure)
print(loss.item(), w, b.grad)
"""


def indented(text: str, depth: int = 1) -> str:
    return "".join("    " * depth + line + "\n" for line in text.splitlines())


def source(optimizer: str, ahead: bool = False, steps: int = 5) -> str:
    head = START.format(optimizer)
    if ahead:
        return f"{head}{BODY}for step in range({steps}):\n{indented(STEP)}"
    return f"{head}for step in range({steps}):\n{indented(BODY + STEP)}"


@pytest.mark.parametrize(("line", "ahead"), [("None", False), ('"strong_wolfe"', True)])
def test_lbfgs(line: str, ahead: bool) -> None:
    check(source(f"LBFGS([w, b], lr=0.5, max_iter=5, history_size=3, line_search_fn={line})", ahead))


@pytest.mark.parametrize("optimizer", [OPTIMIZERS[0], OPTIMIZERS[-1]])
def test_other_optimizers_take_a_function_too(optimizer: str) -> None:
    check(source(optimizer, ahead=True))


@settings(max_examples=3, deadline=None, derandomize=True)
@given(
    rate=st.sampled_from((0.01, 0.3, 1, 3.0)),
    iterations=st.integers(1, 5),
    kept=st.integers(1, 5),
    line=st.sampled_from((None, "strong_wolfe")),
    ahead=st.booleans(),
)
def test_any_lbfgs(rate: float, iterations: int, kept: int, line: str | None, ahead: bool) -> None:
    check(
        source(f"LBFGS([w, b], lr={rate}, max_iter={iterations}, history_size={kept}, line_search_fn={line!r})", ahead)
    )


def test_batches_schedulers_and_loops_in_the_function() -> None:
    check(
        START.format("LBFGS([w, b], lr=0.5, max_iter=3)")
        + "plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, patience=0)\n"
        + "for epoch in range(3):\n    perm = torch.randperm(24)\n    for i in range(0, 24, 8):\n        rows = perm[i:i + 8]\n"
        + "        def closure():\n            opt.zero_grad()\n            total = 0.0\n            for k in range(2):\n"
        + "                loss = ((X[rows] @ w + b - y[rows])[:, k] ** 2).mean()\n                loss.backward()\n"
        + "                total = total + loss.detach()\n            return total\n"
        + "        loss = opt.step(closure)\n        plateau.step(loss)\n        print(loss.item(), opt.param_groups[0]['lr'])\n"
    )


def test_phases_and_what_is_watched() -> None:
    text = source("LBFGS([w, b], lr=0.5, max_iter=4)", steps=4)
    document = guigrad.parse(text)
    found = trains(document)
    assert found is not None
    assert found.phases == ("step",)
    assert document.nodes[found.optimizer].op == "torch.optim.LBFGS"
    whole = Engine(document)
    told = whole.train(Train(watch=None))
    assert told.watched == ("loss",)
    assert [
        float(line.split()[0]) for line in "".join(whole.prints).split("\n") if "tensor" in line and line[0].isdigit()
    ] == list(told.series[0])
    by_phase = Engine(document)
    phases = []
    while True:
        one = by_phase.train(Train(phase=True, watch=(Watch("w", "grad", "norm"), Watch("loss@1"))))
        phases.append(one.phase)
        if one.finished:
            break
    assert set(phases) == {"end"}  # a step of one phase
    assert by_phase.prints == whole.prints
    assert all(math.isfinite(number) for number in one.series[0])


def test_until_and_the_last_evaluation() -> None:
    engine = Engine(guigrad.parse(source("LBFGS([w, b], lr=0.5, max_iter=4)")))
    told = engine.train(Train(until=Until(Watch("loss"), "<", 1.2)))
    assert told.reason == "until"
    assert told.series[0][-1] < 1.2 <= min(told.series[0][:-1])
    inner, weight = engine.value("loss@1"), engine.value("w")
    assert inner.item() != told.series[0][-1]
    assert weight.grad is not None


def test_nan_pauses_behind_the_step_and_the_script_goes_on_from_there() -> None:
    text = source("LBFGS([w, b], lr=1e30, max_iter=3)").replace("0.1)", "0.0)")
    engine = Engine(guigrad.parse(text))
    told = engine.train(Train())
    assert told.reason == "nan"
    assert told.phase == "step"
    assert told.bad
    assert "behind it" in engine.said[-1].why
    while not told.finished:
        told = engine.train(Train())
    assert told.step == 5


def test_a_checkpoint_goes_on_with_the_same_bits() -> None:
    document = guigrad.parse(source('LBFGS([w, b], lr=0.5, max_iter=5, line_search_fn="strong_wolfe")', ahead=True))
    whole, half = Engine(document), Engine(document)
    whole.train(Train())
    moment = half.train(Train(3, keep=True)).moment
    assert moment is not None
    kept = checkpoint.from_bytes(checkpoint.to_bytes(moment, document), document)
    other = Engine(document)
    assert other.train(Train(start=kept)).finished
    keys = [key for key, node in document.nodes.items() if node.name in ("w", "b")]
    for key in keys:
        assert torch.equal(whole.plan.value(key), other.plan.value(key))
        assert torch.equal(whole.plan.value(key).grad, other.plan.value(key).grad)


def test_edits_on_the_way_hold_from_there_on() -> None:
    text = source("LBFGS([w, b], lr=0.5, max_iter=4)", ahead=True)
    engine = Engine(guigrad.parse(text))
    moment = engine.train(Train(3, keep=True)).moment
    square = next(node for node in engine.document.nodes.values() if node.op == "torch.Tensor.square")
    engine.edit(edit.change_op(square.id, "torch.Tensor.abs")(engine.document), 1)
    assert engine.train(Train()).finished, engine.problems
    other = Engine(engine.document)
    assert other.train(Train(start=moment)).finished, other.problems
    assert other.prints == engine.prints[-len(other.prints) :]


VALLEY = """import torch
x = torch.tensor(-1.5, requires_grad=True)
y = torch.tensor(2.0, requires_grad=True)
opt = torch.optim.LBFGS([x, y], lr=0.1, max_iter=3)
def closure():
    opt.zero_grad()
    loss = (1 - x) ** 2 + 100 * (y - x**2) ** 2
    loss.backward()
    return loss
for step in range(10):
    loss = opt.step(closure)
print(loss)
"""


@pytest.mark.parametrize("verb", ["train", "run", "forward"])
def test_a_landscape_looks_into_the_function(verb: str) -> None:
    engine = Engine(guigrad.parse(VALLEY))
    engine.train(Train(3)) if verb == "train" else getattr(engine, verb)()
    x, y = engine.value("x"), engine.value("y")
    before = x.item(), y.item(), engine.value("opt").state_dict()
    for of in ("", "loss"):
        found = answer(engine, AskLandscape(of=of))
        assert isinstance(found, Landscape)
        assert found.loss == ((1 - x) ** 2 + 100 * (y - x**2) ** 2).item()
    assert (x.item(), y.item(), engine.value("opt").state_dict()) == before


def test_steps_by_hand_are_those_of_the_loop() -> None:
    document = guigrad.parse(VALLEY)
    trained, by_hand = Engine(document), Engine(document)
    trained.train(Train(3))
    by_hand.forward()
    for _ in range(3):
        by_hand.optimizer_step()
    assert by_hand.problems == ()
    assert by_hand.value("x").item() == trained.value("x").item()
    assert by_hand.value("loss").item() == trained.value("loss").item()


def test_what_hangs_on_a_step_is_no_function_of_the_leaves() -> None:
    engine = Engine(guigrad.parse(VALLEY.replace("print(loss)", "    twice = loss * 2")))
    engine.train(Train())
    found = answer(engine, AskLandscape(of="twice"))
    assert isinstance(found, Landscape)
    assert "step" in found.problems[0].message
    with pytest.raises(ProblemError, match="calls the forward part itself"):
        distributed(engine.document)


def test_a_race_may_run_it_beside_others() -> None:
    found = race(guigrad.parse(VALLEY), ["Adam", "torch.optim.LBFGS"], steps=3)
    assert [len(one.loss) for one in found.values()] == [3, 3]
    assert found["torch.optim.LBFGS"].loss[-1] < found["Adam"].loss[-1]
    assert [one.said for one in sweep(guigrad.parse(VALLEY), "lr", (0.1, 1.0), steps=3)] == ["", ""]
