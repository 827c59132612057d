"""Every optimizer and scheduler of torch.optim in a document: the bits of the script, from any moment too."""

from __future__ import annotations

import pytest
import torch

import guigrad
from guigrad.engine.play import Engine
from guigrad.run.training import Train
from tests.play import play_here

OPTIMIZERS = [
    *[f"{name}([w, b], lr=0.05)" for name in ("SGD", "Adam", "AdamW", "ASGD", "Adadelta", "Adafactor", "Adagrad", "Adamax", "NAdam", "RAdam", "RMSprop", "Rprop")],
    "SGD([w, b], lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01)",
    "SGD([{'params': [w], 'lr': 0.1}, {'params': [b], 'weight_decay': 0.1}], lr=0.05, momentum=0.5)",
    "Adam([w, b], lr=0.05, amsgrad=True, weight_decay=0.1, foreach=False)",
    "Adam([w, b], lr=torch.tensor(0.05), foreach=False)",
    "RMSprop([w, b], lr=0.05, momentum=0.9, centered=True)",
    "Muon([w], lr=0.05)",
]  # fmt: skip
SCHEDULERS = [
    "LambdaLR(opt, lambda step: 0.9**step if step < 6 else 0.5)", "MultiplicativeLR(opt, lr_lambda=lambda step: 0.9)",
    "StepLR(opt, 2, gamma=0.5)", "MultiStepLR(opt, [2, 4])", "ConstantLR(opt, factor=0.5, total_iters=3)", "LinearLR(opt, total_iters=4)",
    "ExponentialLR(opt, 0.9)", "PolynomialLR(opt, total_iters=5)", "CosineAnnealingLR(opt, T_max=5)", "CosineAnnealingWarmRestarts(opt, T_0=2)",
    "CyclicLR(opt, base_lr=0.01, max_lr=0.1, step_size_up=3)", "OneCycleLR(opt, max_lr=0.1, total_steps=20)", "ReduceLROnPlateau(opt, patience=0)",
    "SequentialLR(opt, [torch.optim.lr_scheduler.ConstantLR(opt, 0.1), torch.optim.lr_scheduler.ExponentialLR(opt, 0.9)], milestones=[3])",
    "ChainedScheduler([torch.optim.lr_scheduler.ConstantLR(opt, 0.1), torch.optim.lr_scheduler.ExponentialLR(opt, 0.9)])",
]  # fmt: skip


def source(optimizer: str, extra: str = "", after: str = "") -> str:
    return (
        "import torch\nfrom torch.optim import lr_scheduler\ntorch.manual_seed(0)\nX = torch.randn(8, 3)\nw = torch.randn(3, 2, requires_grad=True)\n"
        f"b = torch.zeros(2, requires_grad=True)\nopt = torch.optim.{optimizer}\n{extra}"
        "for step in range(7):\n    loss = (torch.nn.functional.dropout(X @ w + b, 0.1) - 1).square().mean()\n    opt.zero_grad()\n"
        f"    loss.backward()\n{after}    opt.step()\n    print(loss.item(), w, opt.param_groups[0]['lr'])\n"
    )


def check(text: str) -> None:
    (printed,) = play_here([text])
    assert "ERROR" not in printed
    torch.manual_seed(1234)
    document = guigrad.parse(text)
    assert document.problems == ()
    engine = Engine(document)
    told = engine.train(Train(3, keep=True))
    begun = len("".join(engine.prints))
    engine.train(Train())
    assert "".join(engine.prints) == printed, engine.problems
    assert told.moment is not None
    for other in (engine, Engine(document)):
        other.prints.clear()
        assert other.train(Train(start=told.moment)).finished, other.problems
        assert "".join(other.prints).endswith(printed[begun:])
        assert other.problems == ()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizers(optimizer: str) -> None:
    check(source(optimizer))


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_schedulers(scheduler: str) -> None:
    step = "loss.item()" if "Plateau" in scheduler else ""
    text = source("SGD([w, b], lr=0.1, momentum=0.9)", f"sched = lr_scheduler.{scheduler}\n")
    check(text.replace("    print(", f"    sched.step({step})\n    print("))


@pytest.mark.parametrize(
    "clip", ["torch.nn.utils.clip_grad_norm_([w, b], 0.5)", "torch.nn.utils.clip_grad_value_([w, b], 0.01)", "w.grad.clamp_(-0.01, 0.01)"]
)  # fmt: skip
def test_clipping(clip: str) -> None:
    check(source("Adam([w, b], lr=0.05)", after=f"    {clip}\n"))


@pytest.mark.parametrize(
    "zero", ["opt.zero_grad(set_to_none=False)", "pass", "w.grad = None", "opt.zero_grad(set_to_none=True)"]
)
def test_zero_grad_policies(zero: str) -> None:
    text = source("SGD([w, b], lr=0.01)")
    check(text.replace("    opt.zero_grad()\n", "" if zero == "pass" else f"    {zero}\n"))


def test_every_optimizer_is_here_or_refused_with_a_reason() -> None:
    named = {line.partition("(")[0] for line in OPTIMIZERS}
    rest = {name for name in dir(torch.optim) if name[0].isupper()} - named - {"Optimizer"}
    assert rest == {"LBFGS", "SparseAdam"}
    torch.manual_seed(1234)
    engine = Engine(guigrad.parse(source("LBFGS([w, b])")))
    told = engine.train(Train())
    assert told.reason == "failed"
    assert "closure" in engine.problems[0].message + engine.problems[0].why
    schedulers = {line.partition("(")[0] for line in SCHEDULERS}
    known = {
        name
        for name in dir(torch.optim.lr_scheduler)
        if name[0].isupper() and name.endswith(("LR", "Restarts", "Plateau", "Scheduler"))
    }
    assert known - schedulers - {"LRScheduler"} == set()
    rates = 0.9
    captured = source("SGD([w, b], lr=0.1)", "sched = lr_scheduler.LambdaLR(opt, lambda step: rates)\n")
    (problem, *_) = guigrad.parse(f"rates = {rates}\n{captured}").problems
    assert "not `rates`" in problem.message


def test_sparse_gradients() -> None:
    text = (
        "import torch\ntorch.manual_seed(0)\nw = torch.randn(5, 2, requires_grad=True)\nopt = torch.optim.SparseAdam([w], lr=0.1)\n"
        "for step in range(7):\n    loss = torch.nn.functional.embedding(torch.tensor([0, 2, step % 5]), w, sparse=True).square().sum()\n"
        "    opt.zero_grad()\n    loss.backward()\n    opt.step()\n    print(loss.item(), w)\n"
    )
    check(text)
