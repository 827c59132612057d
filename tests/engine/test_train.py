"""Training against plain Python: the same bits by any steps and pauses, from any moment, on every script that has a loop."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import guigrad
from guigrad.engine.phases import parts_of, phases_of, step_loops
from guigrad.engine.play import Engine
from guigrad.run.training import Moment, Train, Until, until_of
from tests.play import play_here

SCRIPTS = Path(__file__).resolve().parent.parent / "golden" / "scripts"
LOOPS = [
    "adam_by_hand", "batches", "bigram", "carried_and_first_bound", "clip_and_schedule", "data_attribute", "early_stop", "early_stop_batches", "functions",
    "functions_nested", "grad_accumulation", "linear_regression", "lists_and_dicts", "logistic_regression", "manual_backward",
    "mlp_training", "momentum", "newton", "newton_second_order", "numerical_gradient", "optim_adam_scheduler", "optim_groups", "optim_sgd",
    "polynomial_fit", "rnn_by_hand", "weights_two_epochs", "weights_without_zero",
]  # fmt: skip
BATCHES = """import torch
torch.manual_seed(0)
X = torch.randn(24, 2)
y = (X[:, 0] * X[:, 1] > 0).float()
w1 = torch.randn(2, 8, requires_grad=True)
b1 = torch.zeros(8, requires_grad=True)
w2 = torch.randn(8, 1, requires_grad=True)
lr = 0.05
opt = torch.optim.Adam([w1, b1, w2], lr=lr)
sched = torch.optim.lr_scheduler.StepLR(opt, step_size=2, gamma=0.9)
losses = []
for epoch in range(3):
    perm = torch.randperm(24)
    for i, (xb, yb) in enumerate(zip(X[perm].split(8), y[perm].split(8))):
        h = torch.nn.functional.dropout(torch.relu(xb @ w1 + b1), 0.2)
        loss = torch.nn.functional.binary_cross_entropy_with_logits((h @ w2).squeeze(1), yb)
        opt.zero_grad()
        loss.backward()
        opt.step()
        losses.append(loss.item())
    sched.step()
    print(epoch, i, loss.item())
print(losses, w1, torch.rand(2))
"""


def engine_of(source: str) -> Engine:
    """An engine that draws the random numbers that ``play_here`` starts with."""
    torch.manual_seed(1234)
    return Engine(guigrad.parse(source))


def text(name: str) -> str:
    return BATCHES if name == "epochs" else (SCRIPTS / f"{name}.py").read_text("utf-8")


@pytest.mark.parametrize("name", ["epochs", *LOOPS])
def test_steps_phases_and_moments_give_the_bits_of_the_script(name: str) -> None:
    source = text(name)
    (printed,) = play_here([source])
    for how in (Train(), Train(phase=True), Train(1, keep=True), Train(1, watch=()), Train(seconds=0.0, xray=False)):
        engine = engine_of(source)
        found: list[tuple[Moment, int]] = []
        while not (told := engine.train(how)).finished:
            assert told.reason != "failed", engine.problems
            if told.moment is not None:
                found.append((told.moment, len("".join(engine.prints))))
        assert "".join(engine.prints) == printed
        for moment, at in found[:: max(1, len(found) // 6)]:
            engine.prints.clear()
            told = engine.train(Train(start=moment))
            assert (told.finished, "".join(engine.prints)) == (True, printed[at:]), (moment.step, engine.problems)
            other = engine_of(source)
            assert other.train(Train(start=moment)).finished
            assert "".join(other.prints).endswith(printed[at:])


def test_verbs_in_between_change_nothing() -> None:
    (printed,) = play_here([BATCHES])
    engine = engine_of(BATCHES)
    while not engine.train(Train(3)).finished:
        engine.forward()
        engine.backward()
        engine.frame()
    assert "".join(engine.prints) == printed


def test_a_range_goes_on_as_long_as_steps_are_asked_for() -> None:
    longer = BATCHES.replace("range(3)", "range(5)")
    (printed,) = play_here([longer])
    engine = engine_of(BATCHES)
    for _ in range(3):
        engine.train(Train(4))
    told = engine.train(Train(3))
    assert (told.step, told.finished) == (15, True)
    assert "".join(engine.prints).splitlines()[-1] == printed.splitlines()[-1]


@pytest.mark.parametrize(
    ("body", "phases"),
    [
        ("loss.backward()\nopt.step()\nopt.zero_grad()", ("forward", "backward", "step", "zero_grad")),
        ("opt.zero_grad()\nloss = (w * w).sum()\nloss.backward()\nopt.step()", ("forward", "zero_grad", "forward", "backward", "step")),
        ("loss.backward()\nopt.step()", ("forward", "backward", "step")),
        ("loss.backward()\nprint(w.grad)\nwith torch.no_grad():\n    w -= 0.1 * w.grad\n    w.grad.zero_()",
         ("forward", "backward", "step", "zero_grad")),
        ("(g,) = torch.autograd.grad(loss, [w])\nwith torch.no_grad():\n    w -= 0.1 * g", ("forward", "backward", "step")),
        ("(g,) = torch.autograd.grad(loss, [w])\nnorm = g.norm()\nw = (w - 0.1 * g).detach().requires_grad_()", ("forward", "backward", "step")),
        ("loss.backward()\nfor p in [w]:\n    p.data -= 0.1 * p.grad\n    p.grad = None", ("forward", "backward", "step")),
        ("loss.backward()\ntorch.nn.utils.clip_grad_norm_([w], 1.0)\nopt.step()", ("forward", "backward", "step")),
    ],
)  # fmt: skip
def test_phases(body: str, phases: tuple[str, ...]) -> None:
    inner = "".join(f"    {line}\n" for line in f"loss = (w * w).sum()\n{body}".splitlines())
    engine = engine_of(
        f"import torch\nw = torch.ones(2, requires_grad=True)\nopt = torch.optim.SGD([w], lr=0.1)\nfor i in range(3):\n{inner}"
    )
    (key,) = step_loops(engine.document, engine.state.roles)
    (loop,) = [item for item in engine.document.program if getattr(item, "id", "") == key]
    assert phases_of(parts_of(engine.document, engine.state.roles, loop)) == phases
    told = [engine.train(Train(phase=True)) for _ in phases]
    assert [one.boundary for one in told] == [False] * (len(phases) - 1) + [True]
    assert [one.phase for one in told[:-1]] == list(phases[:-1])
    assert told[-1].step == 1


def test_until_a_condition() -> None:
    engine = engine_of(text("linear_regression"))
    until = until_of("loss < 0.5")
    assert not isinstance(until, guigrad.Problem)
    told = engine.train(Train(until=until))
    assert told.reason == "until"
    assert told.series[0][-1] < 0.5 <= min(told.series[0][:-1])
    assert isinstance(until_of("loss < __import__('os')"), guigrad.Problem)
    assert isinstance(until_of("loss"), guigrad.Problem)


def test_a_loss_that_is_no_number_stops_before_the_update_and_names_the_node() -> None:
    engine = engine_of(
        "import torch\nw = torch.tensor(1.0, requires_grad=True)\nfor i in range(9):\n    a = 0.5 - w * i\n    b = a.log()\n"
        "    loss = b * 2\n    loss.backward()\n    w.data -= 0.1 * w.grad\n    w.grad = None\n"
    )
    told = engine.train(Train())
    assert (told.reason, told.step, told.bad) == ("nan", 1, engine.names.find("b")[0])  # type: ignore[index]  # it is there
    (problem,) = engine.problems
    assert (problem.kind, problem.node) == ("diverged", "b")
    weight = engine.value("w")
    assert torch.isfinite(weight)
    assert engine.train(Train(1)).step == 2


def test_what_fails_in_a_step_is_told_with_its_node() -> None:
    engine = engine_of(
        "import torch\nw = torch.ones(3, requires_grad=True)\nfor i in range(9):\n    x = torch.ones(6 - i)\n    loss = (w * x[:3]).sum()\n    loss.backward()\n"
    )
    told = engine.train(Train())
    assert told.reason == "failed"
    (problem,) = engine.problems
    assert "size of tensor" in problem.message
    assert problem.node
    assert engine.train(Train(2, restart=True)).step == 2


def test_a_program_without_a_loop_says_so() -> None:
    engine = engine_of("import torch\nw = torch.ones(2, requires_grad=True)\nw.sum().backward()\n")
    assert engine.train(Train(3)).reason == "failed"
    assert "no loop" in engine.problems[0].message


@pytest.mark.parametrize("last", range(1, 13))
def test_a_training_can_be_kept_after_every_step(last: int) -> None:
    engine = engine_of(BATCHES)
    told = engine.train(Train(20, until=Until(None, ">=", last), keep=True))
    assert (told.step, told.reason) == (last, "until")
    assert told.moment is not None
    engine.train(Train(14 - last))
    other = engine_of(BATCHES)
    other.train(Train(14 - last, start=told.moment))
    assert torch.equal(engine.value("w1"), other.value("w1"))
    assert torch.equal(engine.value("w2"), other.value("w2"))


STOPS = """import torch
w = torch.tensor(4.0, requires_grad=True)
for step in range(100):
    loss = (w - 1) ** 2
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
    w.grad = None
    if loss < 1:
        break
print(step, w)
"""


def test_after_an_early_stop_more_steps_go_on_from_there() -> None:
    longer = STOPS.replace("loss < 1", "loss < 0.1")
    (printed, early) = (play_here([longer])[0], play_here([STOPS])[0])
    engine = engine_of(STOPS)
    told = engine.train(Train())
    assert (told.finished, "".join(engine.prints)) == (True, early)
    here = told.step
    assert engine.train(Train(1)).step == here + 1  # it stops again at once
    engine.edit(guigrad.edit.set_number("stop_at", 0.1)(engine.document), 1)
    told = engine.train(Train())
    assert (told.finished, "".join(engine.prints).splitlines()[-1]) == (True, printed.strip())


def test_a_training_follows_another_optimizer_updates_by_hand_and_batches() -> None:
    source = """import torch
torch.manual_seed(0)
x = torch.linspace(-1, 1, 8)
w = torch.tensor(0.0, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.1)
for step in range(100):
    loss = ((w * x - 3 * x) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
    other = "x = torch.linspace(-1, 1, 8)\nw = torch.tensor({}, requires_grad=True)\n"
    engine = engine_of(source)
    engine.train(Train(3))
    for change, alone in (
        (guigrad.edit.set_optimizer("torch.optim.Adam"), "o = torch.optim.Adam([w], lr=0.1)\nfor i in range(2):\n    loss = ((w * x - 3 * x) ** 2).mean()\n"
         "    o.zero_grad()\n    loss.backward()\n    o.step()\n"),
        (guigrad.edit.set_optimizer("by hand"), "for i in range(2):\n    loss = ((w * x - 3 * x) ** 2).mean()\n    loss.backward()\n    w.data -= 0.1 * w.grad\n"
         "    w.grad = None\n"),
        (guigrad.edit.set_batches(["x"], 4, False), "for i in (0, 4):\n    b = x[i : i + 4]\n    loss = ((w * b - 3 * b) ** 2).mean()\n    loss.backward()\n"
         "    w.data -= 0.1 * w.grad\n    w.grad = None\n"),
        (guigrad.edit.set_batches([], 0), "for i in range(2):\n    loss = ((w * x - 3 * x) ** 2).mean()\n    loss.backward()\n    w.data -= 0.1 * w.grad\n"
         "    w.grad = None\n"),
    ):  # fmt: skip
        key = next(key for key, node in engine.document.nodes.items() if node.name == "w")
        before = engine.plan.value(key).item()
        engine.edit(change(engine.document), engine.revision + 1)
        assert engine.train(Train(2)).reason == "steps", engine.problems
        (expected,) = play_here([f"import torch\n{other.format(before)}{alone}print(w.item())\n"])
        assert float(expected) == engine.plan.value(key).item()


def test_an_edit_holds_behind_a_moment_of_before_an_edit_that_was_played() -> None:
    source = BATCHES.replace("sched", "# sched").replace("    # sched.step()\n", "")
    document = guigrad.parse(source)
    rate = next(node.id for node in document.nodes.values() if node.name == "lr")
    faster = guigrad.edit.set_value(rate, 0.5)(document)

    def trained(detour: bool) -> list[float]:
        engine = Engine(document)
        moment = engine.train(Train(3, keep=True)).moment
        if detour:
            engine.edit(faster, 1)
            engine.train(Train(2))
            engine.edit(faster.inverse(), 2)
            engine.train(Train(1, start=moment))
        else:
            engine.train(Train(1))
        engine.edit(faster, 3)
        engine.train(Train(2))
        found: list[float] = engine.value("w2").flatten().tolist()
        return found

    assert trained(detour=True) == trained(detour=False)
