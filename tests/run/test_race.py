"""Lanes in lockstep and sweeps, by runners that answer at once: each lane is its document trained alone."""

from __future__ import annotations

import math

import pytest
import torch

import guigrad
from guigrad.document.problem import ProblemError
from guigrad.document.variants import (
    Variant,
    find_number,
    made,
    numbers,
    presets,
    rates,
    seeds,
    spaced,
)
from guigrad.run.race import LANES, Lane, Race
from guigrad.run.runner import InlineRunner
from guigrad.run.sweep import Sweep
from guigrad.run.training import Watch

SOURCE = """import torch
torch.manual_seed(3)
X = torch.randn(16, 2)
t = X[:, :1] * 2 - 1
lr = 0.05
w = torch.randn(2, 1, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
opt = torch.optim.SGD([w, b], lr=lr, momentum=0.5)
for step in range(12):
    opt.zero_grad()
    loss = ((X @ w + b - t) ** 2).mean()
    loss.backward()
    opt.step()
"""
HAND = """import torch
x = torch.tensor(2.0, requires_grad=True)
lr = 0.1
for i in range(5):
    loss = (x - 1) ** 2
    loss.backward()
    with torch.no_grad():
        x -= lr * x.grad
    x.grad = None
"""


def plain(optimizer: str, steps: int = 12, seed: int = 3) -> list[float]:
    """The losses of the same training in plain torch."""
    torch.manual_seed(seed)
    data = torch.randn(16, 2)
    target = data[:, :1] * 2 - 1
    w, b = torch.randn(2, 1, requires_grad=True), torch.zeros(1, requires_grad=True)
    opt = eval(f"torch.optim.{optimizer}", {"torch": torch, "p": [w, b]})
    losses = []
    for _ in range(steps):
        opt.zero_grad()
        loss = ((data @ w + b - target) ** 2).mean()
        loss.backward()
        opt.step()
        losses.append(loss.item())
    return losses


def raced(source: str, *variants: Variant) -> Race:
    race = Race(InlineRunner, lambda call: call())
    race.add(guigrad.parse(source), variants)
    return race


def losses(lane: Lane) -> list[float]:
    return list(lane.recording.loss)


PLAIN = {
    "SGD": "SGD(p, lr=0.05)", "Momentum": "SGD(p, lr=0.05, momentum=0.9)", "RMSprop": "RMSprop(p, lr=0.05)", "Adam": "Adam(p, lr=0.05)",
}  # fmt: skip


def test_lanes_are_bit_for_bit_what_each_is_alone() -> None:
    found = guigrad.race(guigrad.parse(SOURCE))
    race = raced(SOURCE, *presets())
    race.trace = (Watch("w[0, 0]"), Watch("b[0]"))
    race.step(3)
    assert [lane.step for lane in race.lanes] == [3] * 4
    race.play()
    for lane in race.lanes:
        alone = plain(PLAIN[lane.variant.name])
        assert losses(lane) == alone == list(found[lane.variant.name].loss)
        assert lane.state == "finished"
        assert len(lane.recording.run.traces["w[0, 0]"]) == 12
        assert lane.start is not None
    starts = {lane.start["w"].value.data for lane in race.lanes if lane.start is not None}
    assert len(starts) == 1
    race.step(2)  # past the end of the program
    assert losses(race.lanes[0]) == plain(PLAIN["SGD"], 14)
    race.reset()
    assert all(lane.state == "ready" and not lane.step for lane in race.lanes)
    race.close()


def test_one_that_diverges_ends_and_the_others_go_on() -> None:
    race = raced(SOURCE, *rates(guigrad.parse(SOURCE), (1.0, 1e5, 1e30)))
    race.play()
    calm, wild, wildest = race.lanes
    assert calm.state == "finished"
    assert wildest.state == "diverged"
    assert wildest.step < 12
    assert "NaN" in wildest.said
    assert wild.step >= wildest.step
    assert calm.step == 12
    race.clear()
    assert not race.lanes


def test_seeds_starts_and_numbers_are_variants() -> None:
    document = guigrad.parse(SOURCE)
    race = raced(SOURCE, *seeds(document, 2), Variant("start", start=(("b", [2.0]),)), Variant("half", numbers=((find_number(document, "lr"), 0.025),)))  # fmt: skip
    race.play()
    assert losses(race.lanes[1]) == plain("SGD(p, lr=0.05, momentum=0.5)", seed=4)
    assert losses(race.lanes[3]) == plain("SGD(p, lr=0.025, momentum=0.5)")
    start = race.lanes[2].start
    assert start is not None
    assert start["b"].value.tolist() == [2.0]
    by_hand = guigrad.parse(HAND)
    assert "torch.optim.Adam([x], lr=0.1)" in guigrad.emit(made(by_hand, presets()[3]))
    assert [lane.state for lane in raced(HAND, Variant("as it is"), *presets()).lanes] == ["ready"] * 5


def test_what_cannot_be_a_lane_says_why() -> None:
    document = guigrad.parse("import torch\nw = torch.ones(2, requires_grad=True)\nloss = w.sum()\n")
    race = Race(InlineRunner, lambda call: call())
    assert "no training loop" in race.add(document, presets())
    assert not race.lanes
    assert "At most" in raced(SOURCE).add(
        guigrad.parse(SOURCE), [Variant(str(k), rate=0.1 + k) for k in range(LANES + 1)]
    )
    with pytest.raises(ProblemError, match="manual_seed"):
        seeds(guigrad.parse(HAND))
    found = guigrad.race(document, ["Adam", "torch.optim.Nothing"])
    assert all(result.problems and not result.loss for result in found.values())
    broken = raced(SOURCE.replace("X @ w", "X @ w.T"), *presets()[:2])
    broken.play()
    assert all(lane.state == "failed" and "shape" in lane.said for lane in broken.lanes)


def test_a_sweep_is_each_value_alone() -> None:
    document = guigrad.parse(SOURCE)
    names = [number.name for number in numbers(document)]
    assert names[:3] == ["lr", "weight_decay", "momentum"]
    values = (*spaced(0.01, 0.1, 3, True), 1e30)
    rows = guigrad.sweep(document, "lr", values)
    assert [row.loss for row in rows[:3]] == [plain(f"SGD(p, lr={value!r}, momentum=0.5)")[-1] for value in values[:3]]
    assert math.isnan(rows[3].loss)
    assert "NaN" in rows[3].said
    sweep = Sweep(InlineRunner, lambda call: call())
    told = []
    sweep.changed.connect(lambda: told.append(len(sweep.tried)))
    sweep.start(document, find_number(document, "lr"), values)
    assert [(row.value, row.loss) for row in sweep.tried[:3]] == [(row.value, row.loss) for row in rows[:3]]
    assert not sweep.running
    assert sorted(set(told)) == [0, 1, 2, 3, 4] or told[-1] == 4
    sweep.start(document, find_number(document, "momentum"), (0.0, 0.9), steps=4)
    assert [row.steps for row in sweep.tried] == [4, 4]
    whole = guigrad.sweep(document, "range.stop", (2.0, 2.5))
    assert whole[0].steps == 2
    assert "whole number" in whole[1].said
    with pytest.raises(ProblemError, match="no number 'speed'"):
        guigrad.sweep(document, "speed", (1.0,))


def test_ranges() -> None:
    assert spaced(1e-3, 1e-1, 3, True) == (1e-3, 0.01, 1e-1)
    assert spaced(0.0, 1.0, 5, False) == (0.0, 0.25, 0.5, 0.75, 1.0)
    for low, high in ((0.0, 1.0), (-1.0, 2.0)):
        with pytest.raises(ValueError, match="above zero"):
            spaced(low, high, 3, True)
    with pytest.raises(ValueError, match="finite"):
        spaced(math.nan, 1.0, 3, False)
