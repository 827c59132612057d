"""A session that trains: slices, pauses, edits on the way, going back, and an engine's process that dies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import guigrad
from guigrad import edit
from guigrad.engine.play import Engine
from guigrad.engine.trainer import Trainer
from guigrad.run.host import Host
from guigrad.run.runner import ENGINE, ProcessRunner
from guigrad.run.training import Until, until_of
from tests.kept import kept
from tests.test_session import Desk

SOURCE = """import torch
torch.manual_seed(0)
lr = 0.05
w = torch.randn(3, requires_grad=True)
opt = torch.optim.Adam([w], lr=lr)
for step in range(40):
    loss = (w * torch.rand(3)).square().sum()
    opt.zero_grad()
    loss.backward()
    opt.step()
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Host | None]:
    yield from kept(ENGINE)


@pytest.fixture(params=[False, True], ids=["inline", "process"])
def desk(request: pytest.FixtureRequest, server: Host | None) -> Iterator[Desk]:
    made = Desk(guigrad.parse(SOURCE), request.param, server)
    made.settle()
    yield made
    made.session.close()


def weights(steps: int, source: str = SOURCE) -> list[float]:
    session = guigrad.Session(guigrad.parse(source))
    session.train(steps)
    value = session.tensor("w")
    assert value is not None
    found: list[float] = value.tolist()
    return found


def test_train_shows_the_bits_of_the_script_and_records(desk: Desk) -> None:
    coach, seen = desk.session.coach, []
    coach.recorded.connect(lambda: seen.append(coach.step))
    coach.train(10)
    frame = desk.settle()
    assert frame["w"].value.tolist() == weights(10)
    assert (coach.step, coach.total, coach.playing, len(coach.recording.loss)) == (10, 40, False, 10)
    assert seen == sorted(seen)
    assert frame["w"].xray is not None
    coach.step_phase()
    desk.settle()
    assert (coach.step, coach.phase) == (10, "forward")
    coach.train()
    assert desk.settle()["w"].value.tolist() == weights(40)
    assert (coach.finished, coach.recording.step) == (True, 40)


def test_until_and_pause(desk: Desk) -> None:
    coach = desk.session.coach
    until = until_of("step >= 7")
    assert isinstance(until, Until)
    coach.train(until=until)
    desk.settle()
    assert (coach.step, coach.reason) == (7, "until")
    coach.train(100_000 if isinstance(desk.runner, ProcessRunner) else 500)  # inline nothing comes between
    coach.recorded.connect(coach.pause)
    desk.settle()
    if isinstance(desk.runner, ProcessRunner):
        assert not coach.playing
        assert coach.step < 100_007


def test_show_and_go_back_are_exact(desk: Desk) -> None:
    coach, session = desk.session.coach, desk.session
    coach.train(12)
    desk.settle()
    coach.show(5)
    assert desk.settle()["w"].value.tolist() == weights(5)
    assert coach.shown == 5
    coach.train(3)
    assert desk.settle()["w"].value.tolist() == weights(15)
    coach.go(4)
    assert desk.settle()["w"].value.tolist() == weights(4)
    session.forward()
    coach.train(6)
    assert desk.settle()["w"].value.tolist() == weights(10)
    assert len(coach.recording.runs) == 2
    assert coach.recording.loss == tuple(guigrad.Session(guigrad.parse(SOURCE)).train(10).loss)


def test_going_back_to_an_earlier_run_is_as_if_never_branched(desk: Desk) -> None:
    coach, session = desk.session.coach, desk.session
    coach.train(9)
    desk.settle()
    coach.go(4)
    desk.settle()
    session.edit(edit.set_value(named(session, "lr"), 0.5))
    coach.train(7)
    branched = desk.settle()["w"].value.tolist()
    assert branched != weights(11)
    coach.switch(0)
    assert desk.settle()["w"].value.tolist() == weights(9)
    assert (coach.step, coach.recording.current, coach.shown) == (9, 0, None)
    coach.train(6)
    assert desk.settle()["w"].value.tolist() == weights(15)
    assert coach.recording.loss == tuple(guigrad.Session(guigrad.parse(SOURCE)).train(15).loss)
    coach.show(7)
    assert desk.settle()["w"].value.tolist() == weights(7)
    coach.switch(1)
    assert desk.settle()["w"].value.tolist() == branched
    assert coach.step == 11
    coach.train(2)
    other = guigrad.Session(guigrad.parse(SOURCE))
    other.train(4)
    other.edit(edit.set_value(named(other, "lr"), 0.5))
    other.train(9)
    found = other.tensor("w")
    assert found is not None
    assert desk.settle()["w"].value.tolist() == found.tolist()
    coach.switch(1)
    coach.switch(7)
    assert (coach.recording.current, coach.step) == (1, 13)


def named(session: Any, name: str) -> str:
    """The id of the node of that name."""
    return next(node.id for node in session.document.nodes.values() if node.name == name)


def test_a_phase_of_a_step_is_shown_and_training_goes_on_behind_the_last(desk: Desk) -> None:
    coach = desk.session.coach
    coach.train(6)
    desk.settle()
    frames = list(Trainer(Engine(guigrad.parse(SOURCE))).frames(4, phases=True))
    phases = len(frames) // 4
    assert phases == 4
    for step, count in ((1, 1), (3, 2), (4, 3)):
        coach.show(step, phases=count)
        shown = desk.settle()
        wanted = frames[(step - 1) * phases + count - 1]
        assert (shown["w"].value, shown["w"].grad) == (wanted["w"].value, wanted["w"].grad)
        assert coach.shown == step
    coach.train(4)
    assert desk.settle()["w"].value.tolist() == weights(10)


def test_edits_hold_from_there_on_and_what_was_before_stays(desk: Desk) -> None:
    coach, session = desk.session.coach, desk.session
    coach.train(6)
    desk.settle()
    key = next(node.id for node in session.document.nodes.values() if node.name == "lr")
    session.edit(edit.set_value(key, 0.5))
    coach.train(4)
    after = desk.settle()["w"].value.tolist()
    assert after != weights(10)
    coach.show(3)
    assert desk.settle()["w"].value.tolist() == weights(3)
    assert session.frame is not None
    assert session.fresh
    assert coach.recording.frame(6) is not None
    coach.show(6)
    assert desk.settle()["w"].value.tolist() == weights(6)
    assert session.fresh
    coach.show(9)
    desk.settle()
    coach.train(1)
    desk.settle()
    coach.show(10)
    assert desk.settle()["w"].value.tolist() == after


def test_a_killed_process_loses_nothing(server: Host | None) -> None:
    desk = Desk(guigrad.parse(SOURCE), True, server)
    coach = desk.session.coach
    try:
        desk.settle()
        coach.train(8)
        desk.settle()
        coach.train(1_000_000)
        desk.session.stop()
        desk.settle()
        assert not coach.playing
        coach.train(steps := 20 - coach.step) if coach.step < 20 else None
        desk.settle()
        assert coach.step == 20
        assert steps > 0
        assert desk.settle()["w"].value.tolist() == weights(20)
        assert coach.recording.loss == tuple(guigrad.Session(guigrad.parse(SOURCE)).train(20).loss)
        desk.session.reset()
        desk.settle()
        assert (coach.step, coach.recording.step) == (0, 0)
        coach.train(5)
        assert desk.settle()["w"].value.tolist() == weights(5)
    finally:
        desk.session.close()
