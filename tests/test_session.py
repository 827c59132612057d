"""The session with a real engine in this process and in a child: live refresh, verbs in order, files, stop."""

from __future__ import annotations

import os
import queue
import select
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from guigrad.document.diff import Diff
from guigrad.document.model import Document, Effect, Eval, In, ListOf, Loop, Node, item_key
from guigrad.document.problem import Fix, Problem
from guigrad.document.store import Store
from guigrad.run.frame import Frame
from guigrad.run.host import Host
from guigrad.run.request import Request, Run
from guigrad.run.runner import ENGINE, InlineRunner, ProcessRunner
from guigrad.session import Session
from guigrad.source.parse.parser import parse
from tests.kept import kept

SECONDS = 120.0


class Desk:
    """A session and the thread that it lives in."""

    def __init__(self, document: Document, process: bool, host: Host | None = None) -> None:
        self.calls: queue.Queue[Callable[[], None]] = queue.Queue()
        self.runner = ProcessRunner(host=host) if process else InlineRunner()
        self.session = Session(Store(document), self.runner, self.calls.put if process else lambda call: call())

    def settle(self) -> Frame:
        """Works until nothing runs, and gives the frame."""
        while self.session.running:
            self.calls.get(timeout=SECONDS)()
        assert self.session.frame is not None
        return self.session.frame


def leaf(values: list[float], name: str = "x") -> Node:
    return Node(name, "torch.tensor", (ListOf(tuple(values)),), (("requires_grad", True),), name)


def document(values: list[float]) -> Document:
    nodes = [
        leaf(values),
        Node("y", "operator.mul", (In("x"), In("x")), name="y"),
        Node("z", "torch.Tensor.sum", (In("y"),), name="z"),
    ]
    return Document({node.id: node for node in nodes}, tuple(Eval(node.id) for node in nodes))


def set_leaf(values: list[float], merge: str = "") -> Callable[[Document], Diff]:
    return lambda doc: Diff("set x", nodes={"x": (doc.nodes["x"], leaf(values))}, merge=merge)


@pytest.fixture(scope="module")
def server() -> Iterator[Host | None]:
    yield from kept(ENGINE)


@pytest.fixture(params=[False, True], ids=["inline", "process"])
def desk(request: pytest.FixtureRequest, server: Host | None) -> Iterator[Desk]:
    made = Desk(document([1.0, 2.0]), request.param, server)
    yield made
    made.session.close()


def test_forward_and_backward_accumulate_and_zero_grad_empties(desk: Desk) -> None:
    session = desk.session
    assert desk.settle()["x"].state == "not run"
    session.forward()
    session.backward()
    session.forward()
    session.backward("z")
    frame = desk.settle()
    assert frame["x"].grad is not None
    assert frame["x"].grad.tolist() == [4.0, 8.0]
    assert frame["z"].value.item() == 5.0
    session.zero_grad()
    assert desk.settle()["x"].grad is None


def test_fifty_moves_of_a_slider_leave_the_gradient_of_one_backward(desk: Desk) -> None:
    session = desk.session
    session.forward()
    session.backward()
    desk.settle()
    for step in range(50):
        assert session.edit(set_leaf([1.0, step / 10], merge="slider"))
    frame = desk.settle()
    assert frame["x"].grad is not None
    x = torch.tensor([1.0, 4.9], requires_grad=True)
    (x * x).sum().backward()
    assert frame["x"].grad.tolist() == x.grad.tolist()
    assert session.fresh
    session.undo()
    frame = desk.settle()
    assert frame["x"].grad is not None
    assert frame["x"].grad.tolist() == [2.0, 4.0], "one undo step takes all moves back"


def test_each_verb_of_the_sequence_is_played_again(desk: Desk) -> None:
    session = desk.session
    for verb in (session.forward, session.backward, session.forward, session.backward):
        verb()
    desk.settle()
    session.edit(set_leaf([3.0, 3.0]))
    frame = desk.settle()
    assert frame["x"].grad is not None
    assert frame["x"].grad.tolist() == [6.0, 6.0], "an edited source is new, and the last sequence was one backward"


def test_edits_of_several_sources_add_up(desk: Desk) -> None:
    session = desk.session
    other = leaf([1.0, 1.0], "w")
    y = Node("y", "operator.mul", (In("x"), In("w")), name="y")
    nodes = {"w": (None, other), "y": (session.document.nodes["y"], y)}
    session.edit(Diff("wire", nodes=nodes, program=(session.document.program, (Eval("w"), *session.document.program))))
    session.forward()
    session.forward()
    session.backward()
    desk.settle()
    for name, value in (("x", 10.0), ("w", 20.0), ("x", 11.0), ("w", 21.0)):
        session.edit(Diff("set", nodes={name: (session.document.nodes[name], leaf([value, value], name))}))
        desk.settle()
    frame = desk.settle()
    assert frame["y"].value.tolist() == [231.0, 231.0]
    assert frame["x"].grad is not None
    assert frame["x"].grad.tolist() == [21.0, 21.0]
    assert frame["w"].grad is not None
    assert frame["w"].grad.tolist() == [11.0, 11.0]


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for the end of a process that is not a child")
def test_a_child_that_dies_after_an_edit_comes_back_with_the_edited_source() -> None:
    desk = Desk(document([1.0, 2.0]), process=True)
    desk.session.forward()
    desk.settle()
    desk.session.reset()
    desk.session.edit(set_leaf([5.0, 5.0]))
    desk.settle()
    runner = desk.runner
    assert isinstance(runner, ProcessRunner)
    assert runner.child_pid is not None
    watch = os.pidfd_open(runner.child_pid)
    os.kill(runner.child_pid, signal.SIGKILL)
    assert select.select([watch], [], [], SECONDS)[0]
    os.close(watch)
    desk.session.forward()
    assert desk.settle()["z"].value.item() == 50.0
    desk.session.close()


def test_random_sources_stay_while_another_is_edited(desk: Desk) -> None:
    session = desk.session
    noise = Node("noise", "torch.randn", (4,), name="noise")
    session.edit(
        Diff(
            "add",
            nodes={"noise": (None, noise)},
            program=(session.document.program, (Eval("noise"), *session.document.program)),
        )
    )
    session.forward()
    session.backward()
    before = desk.settle()["noise"].value
    session.edit(set_leaf([5.0, 5.0]))
    assert desk.settle()["noise"].value == before
    session.edit(set_leaf([6.0, 5.0]))
    assert desk.settle()["noise"].value == before


def test_a_layout_edit_computes_nothing(desk: Desk) -> None:
    from guigrad.document.model import View

    session = desk.session
    session.forward()
    frame = desk.settle()
    session.edit(Diff("move", views={"x": (None, View(3, 4))}))
    assert not session.running
    assert session.frame is frame
    assert session.fresh


def test_run_plays_the_program_and_prints(desk: Desk) -> None:
    session = desk.session
    texts: list[str] = []
    session.printed.connect(texts.extend)
    session.edit(
        Diff(
            "add",
            nodes={"p": (None, Node("p", "python.print", (In("z"),)))},
            program=(session.document.program, (*session.document.program, Effect("p"))),
        )
    )
    session.run()
    desk.settle()
    assert texts == ["tensor(5., grad_fn=<SumBackward0>)\n"]


def test_problems_are_told_and_an_edit_that_mends_them_takes_them_away(desk: Desk) -> None:
    session = desk.session
    seen: list[tuple[Problem, ...]] = []
    session.edit(
        Diff(
            "break",
            nodes={"z": (session.document.nodes["z"], Node("z", "torch.Tensor.mm", (In("y"), In("y")), name="z"))},
        )
    )
    session.problems_changed.connect(seen.append)
    session.forward()
    frame = desk.settle()
    assert frame["z"].state == "failed"
    assert frame["y"].value.tolist() == [1.0, 4.0], "what was computed before stays"
    assert [problem.error for problem in frame.problems] == ["RuntimeError"]
    session.undo()
    assert not desk.settle().problems


def test_files(desk: Desk, tmp_path: Path) -> None:
    session = desk.session
    told: list[Problem] = []
    session.refused.connect(lambda problems: told.extend(problems))
    path = tmp_path / "a.guigrad"
    session.edit(set_leaf([7.0, 8.0]))
    assert session.dirty
    assert session.save(path)
    assert not session.dirty
    assert session.path == str(path)
    session.new()
    assert not session.document.nodes
    assert session.open(path)
    assert session.document.nodes["x"] == leaf([7.0, 8.0])
    session.forward()
    assert desk.settle()["z"].value.item() == 113.0
    assert not told
    assert not session.open(tmp_path / "missing.guigrad")
    assert not session.save(tmp_path / "no" / "folder.guigrad")
    assert [problem.kind for problem in told] == ["file", "file"]
    assert session.document.nodes, "nothing is lost"


def test_device_and_seed_load_the_document_anew(desk: Desk) -> None:
    session = desk.session
    session.forward()
    desk.settle()
    session.set_seed(3)
    assert desk.settle()["x"].state == "not run"
    session.set_device("no such device")
    frame = desk.settle()
    assert frame.device == "cpu"
    assert any(problem.kind == "device" for problem in frame.problems)


def test_x_ray_is_shown_or_not_for_the_backward_that_was_played(desk: Desk) -> None:
    session = desk.session
    session.forward()
    session.backward()
    assert desk.settle()["y"].xray is not None
    session.set_x_ray(False)
    assert desk.settle()["y"].xray is None
    session.set_x_ray(True)
    frame = desk.settle()
    assert frame["y"].xray is not None
    assert frame["x"].grad is not None
    assert frame["x"].grad.tolist() == [2.0, 4.0]


def test_fixes_are_verbs_of_the_session_or_edits(desk: Desk) -> None:
    session = desk.session
    assert session.apply_fix(Fix("Run forward again", "forward"))
    assert desk.settle()["z"].state == "fresh"
    assert not session.apply_fix(Fix("", "close"))
    assert not session.apply_fix(Fix("", "_private"))


def test_fixes_of_a_backward_that_was_asked_for_here(desk: Desk) -> None:
    session = desk.session
    session.forward()
    session.backward("y")
    (problem,) = desk.settle().problems
    assert "scalar outputs" in problem.message
    by_verb = {fix.verb: fix for fix in problem.fixes}
    assert session.apply_fix(by_verb["add_gradient"])
    frame = desk.settle()
    assert not frame.problems
    assert frame["x"].grad is not None
    assert frame["x"].grad.tolist() == [2.0, 4.0]
    session.forward()
    session.backward("y")
    assert session.apply_fix(by_verb["insert_before"])
    assert not desk.settle().problems
    session.forward()
    session.backward("z")
    session.backward("z")
    problems = {fix.verb: fix for problem in desk.settle().problems for fix in problem.fixes}
    assert session.apply_fix(problems["retain_graph"])
    assert not desk.settle().problems


def test_stop_leaves_edits_and_the_state_before() -> None:
    desk = Desk(document([1.0, 2.0]), process=True)
    session = desk.session
    session.forward()
    session.backward()
    desk.settle()
    session.forward()
    session.backward()
    session.edit(set_leaf([3.0, 4.0]))
    session.stop()
    desk.settle()
    session.forward()
    frame = desk.settle()
    assert frame["z"].value.item() == 25.0
    assert frame["x"].grad is None
    session.close()


def test_selection_follows_the_document(desk: Desk) -> None:
    session = desk.session
    seen: list[frozenset[str]] = []
    session.selection_changed.connect(seen.append)
    session.select(["x", "z"])
    session.edit(
        Diff(
            "remove",
            nodes={"z": (session.document.nodes["z"], None)},
            program=(session.document.program, session.document.program[:2]),
        )
    )
    assert session.selection == {"x"}
    assert seen == [{"x", "z"}, {"x"}]
    desk.settle()


def test_a_long_run_tells_which_item_is_played(server: Host | None) -> None:
    code = "import torch\nx = torch.rand(300, 300)\nfor i in range(10**9):\n    y = x @ x\n    print(y.sum() > 0)\n"
    desk = Desk(parse(code), True, server)
    told: list[tuple[str, ...]] = []
    desk.session.at_changed.connect(told.append)
    try:
        desk.settle()
        desk.session.run()
        while not told:
            desk.calls.get(timeout=SECONDS)()
        (loop,) = (item for item in desk.session.document.program if isinstance(item, Loop))
        inside = {item_key(item) for item in loop.body}
        assert told[0][0] == loop.id
        assert set(told[0][1:]) <= inside
        desk.session.stop()
        desk.settle()
        assert told[-1] == (), "nothing is played any more"
    finally:
        desk.session.close()


def test_nobody_who_does_not_listen_is_told() -> None:
    assert not Request(Run()).watch
    runner = InlineRunner()
    assert runner.told is None
    runner.close()
