"""Stepping in a session: forward, backward, back, breakpoints, other verbs, x-ray off; in this process and in a child."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator

import pytest
import torch

from guigrad.document import edit
from guigrad.document.store import Store
from guigrad.run.frame import Frame
from guigrad.run.host import Host
from guigrad.run.runner import ENGINE, InlineRunner, ProcessRunner
from guigrad.session import Session
from guigrad.source.parse.parser import parse
from tests.kept import kept

LESSON = """
import torch
t1 = torch.tensor([1.0, -2.0], requires_grad=True)
t2 = t1 + 2
t3 = t1 * t2
t4 = (t3 * t2).mean()
"""
EVENTS = ["MeanBackward0", "MulBackward0", "MulBackward0", "AddBackward0", "AccumulateGrad"]
SECONDS = 120.0


class Desk:
    """A session and the thread that it lives in."""

    def __init__(self, text: str, host: Host | None = None, process: bool = False) -> None:
        self.calls: queue.Queue[Callable[[], None]] = queue.Queue()
        runner = ProcessRunner(host=host) if process else InlineRunner()
        self.session = Session(Store(parse(text)), runner, self.calls.put if process else lambda call: call())
        self.stepper = self.session.stepper
        self.key = {node.name: key for key, node in self.session.document.nodes.items() if node.name}

    @property
    def frame(self) -> Frame:
        """What is shown when nothing runs."""
        while self.session.running:
            self.calls.get(timeout=SECONDS)()
        assert self.session.frame is not None
        return self.session.frame

    def step(self, count: int = 1) -> Frame:
        """Some steps on."""
        for _ in range(count):
            self.stepper.forward()
        return self.frame


@pytest.fixture(scope="module")
def server() -> Iterator[Host | None]:
    yield from kept(ENGINE)


@pytest.fixture(params=[False, True], ids=["inline", "process"])
def desk(request: pytest.FixtureRequest, server: Host | None) -> Iterator[Desk]:
    made = Desk(LESSON, server, request.param)
    yield made
    made.session.close()


def test_forward_op_by_op_then_backward_grad_fn_by_grad_fn_and_back_exactly(desk: Desk) -> None:
    shown = [desk.step()]
    assert desk.stepper.words == "step 1 of 5: t1"
    assert [shown[0][name].state for name in ("t1", "t2", "t4")] == ["fresh", "not run", "not run"]
    while desk.stepper.note == "":
        shown.append(desk.step())
    shown.pop()
    assert len(shown) == 5 + len(EVENTS)
    assert [event.grad_fn for event in shown[-1].events] == EVENTS
    assert shown[8]["t1"].grad is None
    assert shown[9]["t1"].grad is not None
    assert shown[9]["t2"].xray is not None
    for before in reversed(shown[:-1]):
        desk.stepper.back()
        assert desk.frame == before
    assert desk.stepper.words == "step 1 of 10: t1"


def test_many_steps_asked_for_at_once_are_all_made(desk: Desk) -> None:
    desk.step(7)
    assert desk.stepper.words == "step 7 of 10: MulBackward0 of mul"


def test_a_breakpoint_stops_forward_and_backward(desk: Desk) -> None:
    desk.stepper.toggle_breakpoints([desk.key["t2"]])
    desk.stepper.to_breakpoint()
    assert desk.frame["t2"].value is not None
    assert desk.frame["t3"].value is None
    desk.stepper.to_breakpoint()
    assert desk.frame.events
    assert desk.stepper.words == "step 9 of 10: AddBackward0 of t2"
    desk.stepper.to_breakpoint()
    assert desk.frame["t1"].grad is not None
    assert desk.stepper.cursor is not None
    assert desk.stepper.cursor.ended
    desk.stepper.to([desk.key["t2"]], back=True)
    assert desk.stepper.words == "step 9 of 10: AddBackward0 of t2"
    desk.stepper.toggle_breakpoints([desk.key["t2"]])
    assert not desk.stepper.breakpoints


def test_another_verb_from_the_backward_part_acts_on_its_end(desk: Desk) -> None:
    desk.step(6)
    desk.session.forward()
    desk.session.backward()
    x = torch.tensor([1.0, -2.0], requires_grad=True)
    for _ in range(2):
        (x * (x + 2) * (x + 2)).mean().backward()
    grad = desk.frame["t1"].grad
    assert grad is not None
    assert x.grad is not None
    assert grad.tolist() == x.grad.tolist()
    assert not desk.stepper.active


def test_another_verb_from_the_forward_part_takes_the_backward_back(desk: Desk) -> None:
    desk.step(6)
    desk.stepper.go(3)
    desk.session.backward()
    x = torch.tensor([1.0, -2.0], requires_grad=True)
    (x * (x + 2) * (x + 2)).mean().backward()
    grad = desk.frame["t1"].grad
    assert grad is not None
    assert x.grad is not None
    assert grad.tolist() == x.grad.tolist()


def test_an_edit_ends_stepping_and_replays(desk: Desk) -> None:
    desk.step(3)
    assert desk.session.edit(edit.rename(desk.key["t3"], "product"))
    frame = desk.frame
    assert not desk.stepper.active
    assert frame["product"].value is not None
    assert frame["t4"].value is not None


def test_a_move_of_a_card_does_not_end_it(desk: Desk) -> None:
    desk.step(3)
    before = desk.frame
    assert desk.session.edit(edit.move({desk.key["t3"]: (50.0, 60.0)}))
    assert desk.stepper.active
    assert desk.frame is before


def test_leaving_from_the_forward_part_leaves_no_gradient(desk: Desk) -> None:
    desk.step(8)
    desk.stepper.go(2)
    desk.stepper.leave()
    frame = desk.frame
    assert frame["t4"].value is not None
    assert frame["t1"].grad is None


def test_with_x_ray_off_no_gradient_of_an_intermediate_is_shown(desk: Desk) -> None:
    desk.session.set_x_ray(False)
    desk.stepper.to_end()
    frame = desk.frame
    assert len(frame.events) == len(EVENTS)
    assert all(record.xray is None for record in frame.records.values())
    assert not frame.contributions
    assert frame["t1"].grad is not None
    desk.session.set_x_ray(True)
    assert desk.frame["t2"].xray is not None
    desk.session.set_x_ray(False)
    desk.session.look()
    desk.stepper.leave()
    desk.session.look()
    assert all(record.xray is None for record in desk.frame.records.values())


def test_at_the_end_a_new_pass_begins_only_when_asked_for_twice(desk: Desk) -> None:
    desk.stepper.to_end()
    end = desk.frame
    desk.stepper.forward()
    assert desk.frame is end
    assert "new pass" in desk.stepper.words
    assert desk.step()["t2"].value is None
    assert desk.stepper.words == "step 1 of 5: t1"


def test_stop_while_a_pass_is_played_forgets_it(server: Host | None) -> None:
    desk = Desk(LESSON, server, True)
    desk.stepper.forward()
    desk.session.stop()
    while desk.session.running:
        desk.calls.get(timeout=SECONDS)()
    desk.step()
    assert desk.stepper.words == "step 1 of 5: t1"
    desk.session.close()


def test_nothing_to_differentiate_ends_after_the_forward() -> None:
    desk = Desk("import torch\nx = torch.ones(2)\ny = x * 2\n")
    desk.step(3)
    assert desk.stepper.words == "step 2 of 2: y · the end: nothing here requires a gradient"
    assert not desk.session.problems
    desk.session.close()


def test_a_backward_that_fails_leaves_the_forward_and_says_so() -> None:
    desk = Desk("import torch\nx = torch.ones(2, requires_grad=True)\ny = x * 2\n")
    desk.step(3)
    assert "see the problem" in desk.stepper.words
    assert any("scalar outputs" in problem.message for problem in desk.session.problems)
    assert desk.frame["y"].value is not None
    desk.session.close()


def test_an_in_place_op_shows_what_was_there_before_it() -> None:
    desk = Desk("import torch\nx = torch.ones(2, requires_grad=True)\ny = x * 2\ny += 1\nz = y.sum()\n")
    frame = desk.step(2)
    assert frame["y@1"].value.tolist() == [2.0, 2.0]
    assert frame["y@1"].version == 0
    frame = desk.step()
    assert frame["y"].value.tolist() == [3.0, 3.0]
    assert frame["y@1"].value.tolist() == [3.0, 3.0], "it is the same tensor"
    assert frame["y@1"].version == 1
    desk.stepper.back()
    assert desk.frame["y@1"].value.tolist() == [2.0, 2.0]
    desk.session.close()


def test_steps_inside_a_function_and_a_breakpoint_in_its_body() -> None:
    text = "import torch\n\ndef f(a):\n    b = a * 2\n    return b * a\n\nx = torch.tensor(3.0, requires_grad=True)\ny = f(x)\nz = f(y)\n"
    desk = Desk(text)
    desk.stepper.toggle_breakpoints([desk.key["b"]])
    seen = []
    for _ in range(4):
        desk.stepper.to_breakpoint()
        step = desk.stepper.step
        assert step is not None
        seen.append((step.kind, step.label))
    assert seen == [("forward", "f/b"), ("forward", "f_2/b"), ("backward", "f_2/b"), ("backward", "f/b")]
    desk.session.close()


def test_one_round_of_a_loop_is_stepped() -> None:
    text = (
        "import torch\nx = torch.tensor(2.0, requires_grad=True)\ny = x\nfor i in range(3):\n    y = y * x\nz = y + 1\n"
    )
    desk = Desk(text)
    desk.stepper.to_end()
    frame = desk.frame
    assert desk.stepper.cursor is not None
    assert desk.stepper.cursor.ended
    assert frame["x"].grad is not None
    desk.session.close()


def test_a_step_touches_only_the_records_that_it_changes() -> None:
    lines = ["import torch", "x0 = torch.ones(3, requires_grad=True)"]
    lines += [f"x{k} = x{k - 1} * 1.5 + x{k - 1}" for k in range(1, 60)]
    desk = Desk("\n".join([*lines, "y = x59.sum()"]))
    before = desk.step(40)
    after = desk.step()
    changed = [key for key in after.records if after.records[key] is not before.records[key]]
    assert len(changed) == 1
    desk.stepper.to_forward_end()
    desk.stepper.forward()
    before, after = desk.frame, desk.step()
    changed = [key for key in after.records if after.records[key] is not before.records[key]]
    assert len(changed) == 1
    desk.session.close()
