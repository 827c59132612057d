"""Every step of a training listened to: the last one's gradients, contributions and ledger are those of the program run as a whole."""

from __future__ import annotations

import pytest

from guigrad.engine.handler import Handler
from guigrad.run.frame import Frame
from guigrad.run.ledger import AskLedger, Ledger
from guigrad.run.request import Ask, Load, Request, Run, Want, ZeroGrad
from guigrad.run.training import Train
from guigrad.source.parse.parser import parse

START = """import torch

torch.manual_seed(1)
x = torch.randn(4, 2)
w = torch.randn(2, 3, requires_grad=True)
b = torch.zeros(3, requires_grad=True)
s = torch.tensor(1.5, requires_grad=True)
opt = torch.optim.SGD([w, b, s], lr=0.05, momentum=0.9)
for step in range(7):
"""
FORWARD = ["h = x @ w + b", "a = h * s + h", "loss = (a ** 2).mean()"]
BODIES = {
    "emptied before": [*FORWARD, "opt.zero_grad()", "loss.backward()", "opt.step()"],
    "emptied behind": [*FORWARD, "loss.backward()", "opt.step()", "opt.zero_grad()"],
    "zeros": ["opt.zero_grad(set_to_none=False)", *FORWARD, "loss.backward()", "opt.step()"],
    "forgotten": [*FORWARD, "loss.backward()", "opt.step()"],
    "clipped": [*FORWARD, "opt.zero_grad()", "loss.backward()", "torch.nn.utils.clip_grad_norm_([w, b], 0.1)", "opt.step()"],
    "changed behind": [*FORWARD, "opt.zero_grad()", "loss.backward()", "opt.step()", "s.grad.mul_(3)"],
    "two losses": [*FORWARD, "opt.zero_grad()", "loss.backward(retain_graph=True)", "other = (b + s).sum()", "other.backward()", "opt.step()"],
    "one leaf emptied": [*FORWARD, "w.grad = None", "loss.backward()", "opt.step()"],
    "retained": [*FORWARD[:2], "a.retain_grad()", FORWARD[2], "opt.zero_grad()", "loss.backward()", "opt.step()"],
}  # fmt: skip


class Told:
    """An engine with a program."""

    def __init__(self, body: list[str]) -> None:
        self.handler = Handler()
        self.play(Load(parse(START + "".join(f"    {line}\n" for line in body))))

    def play(self, verb: object) -> Frame:
        frame = self.handler.handle(Request(verb, Want(limit=0))).frame  # type: ignore[arg-type]  # any verb
        assert frame is not None
        return frame

    def ledger(self, name: str) -> Ledger:
        nodes = self.handler.engine.document.nodes.values()
        key = next(node.id for node in nodes if node.name == name)
        answer = self.handler.handle(Request(Ask(AskLedger(key)), Want())).answer
        assert isinstance(answer, Ledger)
        return answer


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_step_is_told_as_the_whole_program_tells_it(body: list[str]) -> None:
    whole, trained = Told(body), Told(body)
    expected = whole.play(Run())
    frame = trained.play(Train(7, every=True))
    for name in ("w", "b", "s", "h", "a", "loss"):
        one, other = frame[name], expected[name]
        assert (one.xray, one.grad, one.value) == (other.xray, other.grad, other.value), name
        assert (one.contributions, one.emptied) == (other.contributions, other.emptied), name
    assert frame.contributions == expected.contributions
    assert frame.order == expected.order
    for name in ("w", "b", "s"):
        found, asked = trained.ledger(name), whole.ledger(name)
        assert (found.grad, found.emptied, found.edited, found.earlier) == (
            asked.grad,
            asked.emptied,
            asked.edited,
            asked.earlier,
        )
        assert [(call.number, call.total, call.wires) for call in found.calls] == [
            (call.number, call.total, call.wires) for call in asked.calls
        ]


def test_what_happens_to_gradients_behind_a_training_changes_nothing_that_was_told() -> None:
    told = Told(BODIES["emptied before"])
    before = told.play(Train(3, every=True))
    tape = told.handler.engine.tape
    assert tape is not None
    held = {place: gradient.clone() for place, gradient in tape.gradients.items()}
    told.play(ZeroGrad(set_to_none=False))
    assert all(bool((tape.gradients[place] == gradient).all()) for place, gradient in held.items())
    assert before["w"].xray is not None


def test_gradients_of_the_last_step_stay_when_only_the_rest_of_the_program_is_played() -> None:
    told = Told(BODIES["emptied before"])
    before = told.play(Train(7))
    after = told.play(Train())
    assert before["h"].xray is not None
    assert after["h"].xray == before["h"].xray
    assert after.contributions == before.contributions
