"""A newer edit interrupts a slow refresh: the child lives on, what comes out is that of a new program, nothing accumulates twice."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator

import pytest

from guigrad import run
from guigrad.document import edit
from guigrad.document.store import Store
from guigrad.run.derivative import AskMatrix, Matrix
from guigrad.run.request import Backward, Forward, Load, Reply, Trial
from guigrad.run.runner import ProcessRunner
from guigrad.session import Session
from guigrad.source.parse.parser import parse

SLOW = """import torch

w = torch.tensor([2.0, 3.0], requires_grad=True)
v = torch.tensor([1.0, 1.0], requires_grad=True)
n = 1
s = w * v
for i in range(n):
    s = s + 0 * v
y = s.sum()
"""


class Turns:
    """What the runner's thread asks for, called here."""

    def __init__(self) -> None:
        self.calls: queue.Queue[Callable[[], None]] = queue.Queue()

    def until(self, done: Callable[[], bool]) -> None:
        while not done():
            self.calls.get(timeout=120)()


@pytest.fixture
def runner() -> Iterator[ProcessRunner]:
    made = ProcessRunner()
    yield made
    made.close()


def test_a_slow_refresh_gives_way_to_a_newer_edit(runner: ProcessRunner) -> None:
    turns = Turns()
    session = Session(Store(parse(SLOW)), runner, turns.calls.put)
    session.backward("y")
    turns.until(lambda: not session.running)
    pid = runner.child_pid
    assert session.frame is not None
    assert session.frame["w"].grad.tolist() == [1.0, 1.0]
    session.edit(edit.set_value("w", [5.0, 7.0]))
    session.edit(edit.set_argument("n", "value", 100_000_000))  # hours
    turns.until(lambda: not session._live._queue)
    session.edit(edit.set_value("v", [4.0, 4.0]))
    session.edit(edit.set_argument("n", "value", 2))
    turns.until(lambda: not session.running)
    frame = session.frame
    assert runner.child_pid == pid
    assert session.fresh
    assert frame["y"].value.item() == 48.0
    assert frame["w"].grad.tolist() == [4.0, 4.0]
    assert frame["v"].grad.tolist() == [5.0, 7.0]
    session.close()


def test_a_quick_refresh_is_never_interrupted(runner: ProcessRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interruption waits for ``SLOW_SECONDS``; what has played by then is not in its way."""
    late: list[Callable[[], None]] = []

    class Clock:
        """A timer whose time comes below, however long this machine takes."""

        def __init__(self, seconds: float, call: Callable[..., None], arguments: tuple[object, ...]) -> None:
            late.append(lambda: call(*arguments))

        def start(self) -> None:
            """Nothing runs."""

    monkeypatch.setattr(run.runner.threading, "Timer", Clock)
    monkeypatch.setattr(run.runner, "SLOW_SECONDS", 3600.0)
    for verb in (Load(parse(SLOW)), Forward(), Backward(("y",))):
        future = runner.submit(verb)
        while not (late or future.done()):
            runner.interrupt()
        assert not future.result(120).cancelled
        runner.interrupt()  # nothing plays
        for call in late:
            call()
        late.clear()
    assert not runner.submit(Forward()).result(120).cancelled


def test_a_question_is_answered_between_the_verbs_and_the_latest_wins(runner: ProcessRunner) -> None:
    turns = Turns()
    session = Session(
        Store(parse("import torch\na = torch.ones(2, 3)\nb = torch.ones(2)\ny = a + 1\nz = a * 1\n")),
        runner,
        turns.calls.put,
    )
    ids = {node.name: node.id for node in session.document.nodes.values()}
    answers: list[Trial | None] = []
    session.forward()
    turns.until(lambda: not session.running)
    session.try_wire(ids["b"], 0, ids["y"], "other", answers.append)
    session.try_wire(ids["a"], 0, ids["z"], "other", answers.append)
    session.try_wire(ids["b"], 0, ids["z"], "other", answers.append)
    assert not session.running
    turns.until(lambda: bool(answers))
    (trial,) = answers
    assert trial is not None
    assert (trial.target, trial.fits) == (ids["z"], False)
    session.try_wire(ids["y"], 0, ids["a"], "other", answers.append)
    assert answers[1:] == [None]  # there is no such wire to try
    session.close()


def test_a_question_is_taken_back_and_a_stubborn_one_ends_the_process(runner: ProcessRunner) -> None:
    turns = Turns()
    text = "import torch\n\nx = torch.zeros(1_000_000, requires_grad=True)\ny = x.sin()\n"
    session = Session(Store(parse(text)), runner, turns.calls.put)
    session.forward()
    turns.until(lambda: not session.running)
    pid, before = runner.child_pid, session.frame
    long, short = AskMatrix("y", "x"), AskMatrix("y", "x", rows=(0,), columns=(0, 1))
    answers: list[Reply | None] = []
    lost: list[Reply | None] = []
    session.ask(long, lost.append, "a")
    session.cancel("a")
    session.cancel("a", end=False)
    session.ask(short, answers.append, "a")
    turns.until(lambda: bool(answers))
    assert isinstance(answers[0], Reply)
    assert isinstance(answers[0].answer, Matrix)
    assert answers[0].answer.rows == (0,)
    assert runner.child_pid == pid
    session.ask(long, lost.append, "a")
    while not runner._playing:
        pass
    session.cancel("a")
    session.cancel("a")
    turns.until(lambda: not session.running and runner.child_pid not in (None, pid))
    session.forward()
    turns.until(lambda: not session.running)
    assert lost == []
    assert session.frame is not None
    assert before is not None
    assert session.frame["y"].stats == before["y"].stats


def test_an_answer_on_its_way_when_the_session_closes_reaches_nobody() -> None:
    late: list[Callable[[], None]] = []
    session = Session(Store(parse(SLOW)), ProcessRunner(), late.append)
    session.forward()
    session.close()
    gone: list[object] = []
    session.frame_changed.connect(lambda *told: gone.append(told))
    session.running_changed.connect(lambda *told: gone.append(told))
    for call in late:
        call()
    assert not gone
