"""Steps that are played again, those that lie ready before they are asked for, and what the engine says meanwhile."""

from __future__ import annotations

from functools import cache

import pytest

import guigrad
from guigrad import edit
from guigrad.engine.handler import Handler
from guigrad.run import replay
from guigrad.run.frame import Frame
from guigrad.run.recording import Recording
from guigrad.run.replay import AHEAD, wanted_next
from guigrad.run.request import Again, Load, Reply, Request
from guigrad.run.sent import Sent
from guigrad.run.shared import Packer, Unpacker
from guigrad.run.tensor import AskTensor, Tensor
from guigrad.run.training import Train, Trained
from tests.run import test_coach
from tests.run.test_coach import SOURCE, named
from tests.test_session import Desk

weights = cache(test_coach.weights)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(replay, "AHEAD_SECONDS", 60.0)  # however slow the machine is
    monkeypatch.setattr(replay, "LATE_SECONDS", 60.0)
    made = Desk(guigrad.parse(SOURCE), False)
    made.session.coach.rewind.eager = True
    made.session.coach.train(40)
    return made


def asked(desk: Desk) -> list[float]:
    """What the engine says of w."""
    found: list[Reply | None] = []
    desk.session.ask(AskTensor(named(desk.session, "w")), found.append, "test")
    reply = found[-1]
    assert reply is not None
    assert isinstance(reply.answer, Tensor)
    assert reply.answer.bits is not None
    return list(reply.answer.bits.tolist())


def test_steps_lie_ready_where_somebody_scrubs_with_the_bits_of_the_run(desk: Desk) -> None:
    coach = desk.session.coach
    coach.show(20)
    coach.show(18)
    ready = set(coach.recording.frame_steps)
    assert {16, 14, 17, 13} <= ready
    for step in sorted(ready):
        frame = coach.recording.frame(step)
        assert frame is not None
        assert frame["w"].value.tolist() == weights(step)
    coach.train(2)
    frame = desk.session.frame
    assert frame is not None
    assert frame["w"].value.tolist() == weights(42)
    assert coach.recording.loss == tuple(guigrad.Session(guigrad.parse(SOURCE)).train(42).loss)


def test_the_engine_answers_for_the_step_that_is_shown(desk: Desk) -> None:
    coach = desk.session.coach
    assert asked(desk) == weights(40)
    for step in (10, 8, 9, 8, 40, 3):  # some are played again, some kept, and others are played ahead of them
        coach.show(step)
        assert asked(desk) == weights(step)
        assert desk.session.frame is not None
        assert desk.session.frame["w"].value.tolist() == weights(step)
    coach.show(9)
    desk.session.look()
    assert desk.session.frame["w"].value.tolist() == weights(9)
    coach.show(8)
    desk.session.edit(edit.set_value(named(desk.session, "lr"), 0.06))
    assert desk.session.frame["w"].value.tolist() == weights(8)
    desk.session.forward()  # shows what it played, not the step
    assert coach.shown == 8
    assert asked(desk) == desk.session.frame["w"].value.tolist()


def test_back_at_the_present_edits_hold_at_once_and_training_goes_on(desk: Desk) -> None:
    coach = desk.session.coach
    for step in (39, 38, 40):
        coach.show(step)
    assert coach.rewind.moved
    assert asked(desk) == weights(40)
    assert not coach.rewind.moved
    coach.train(3)
    assert desk.session.frame is not None
    assert desk.session.frame["w"].value.tolist() == weights(43)


def test_another_start_forgets_what_was_played_ahead(desk: Desk) -> None:
    coach = desk.session.coach
    coach.show(20)
    coach.restart()
    coach.train(2)
    assert coach.recording.step == 2
    assert asked(desk) == weights(2)


def test_what_is_wanted_next() -> None:
    recording = Recording()
    recording.add(Trained(100))

    def keep(*steps: int) -> None:
        for step in steps:
            recording.add_frame(step, Frame())

    assert wanted_next(recording, 50, 50) == []
    assert wanted_next(recording, 50, 53) == [46, 47]
    keep(46, 47, 43, 44)
    assert wanted_next(recording, 50, 53) == [40, 41, 42, 45, 48, 49]
    assert wanted_next(recording, 50, 30) == [69, 70]
    keep(69, 70, 89, 90)
    assert wanted_next(recording, 50, 30) == []
    assert wanted_next(recording, 100, 99) == []
    keep(*range(1, AHEAD + 2))
    assert wanted_next(recording, AHEAD + 2, AHEAD + 3) == []


def test_pieces_in_one_answer_are_as_those_one_by_one() -> None:
    document = guigrad.parse(SOURCE)
    one, two = Handler(), Handler()
    for handler in (one, two):
        handler.handle(Request(Load(document)))
    trains = Train(3, xray=False), Train(1), Train(2)
    told = one.handle(Request(Again(trains, (False, True, True))))
    single = [two.handle(Request(train)) for train in trains]
    replies = (*told.passed, told)
    assert [reply.trained.step for reply in replies if reply.trained] == [3, 4, 6]
    assert replies[0].frame is None
    packer, unpacker = Packer(Sent()), Unpacker()
    for _ in range(2):  # several frames in one message, and the next message after them
        head, blobs = packer.message(told)
        came = unpacker.message(head, b"".join(blobs))
        packer = Packer(packer.next)
        for reply, alone in zip((*came.passed, came)[1:], single[1:], strict=True):
            assert reply.frame.records == alone.frame.records
            assert reply.frame.contributions == alone.frame.contributions
    broken = one.handle(Request(Again((Train(1), Train(1)), (True, True), seconds=0.0)))
    assert not broken.passed
    assert broken.trained is not None
    assert broken.trained.step == 7
