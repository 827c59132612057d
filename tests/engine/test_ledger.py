"""The ledger of ``.grad``: every part and every sum against plain torch."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from guigrad.engine.handler import Handler
from guigrad.engine.values import tensor_of
from guigrad.run.ledger import AskLedger, Ledger
from guigrad.run.request import (
    Ask,
    Backward,
    Edit,
    Forward,
    Load,
    OptimizerStep,
    Request,
    Reset,
    Restore,
    Run,
    Want,
    ZeroGrad,
)
from guigrad.source.parse.parser import parse

CODE = """import torch

x = torch.tensor([1.0, 2.0], requires_grad=True)
y = torch.tensor([3.0, 4.0], requires_grad=True)
z = x * y
u = z + x
c = torch.tensor([1.0])
loss = (u * c).sum()
"""


class Told:
    """An engine with a document."""

    def __init__(self, code: str) -> None:
        self.handler = Handler()
        self.play(Load(parse(code)))

    def play(self, *verbs: Any) -> Any:
        reply: Any = None
        for verb in verbs:
            reply = self.handler.handle(Request(verb, Want(), point=True))
        return reply

    def key(self, name: str) -> str:
        return next(k for k, n in self.handler.engine.document.nodes.items() if n.name == name or name in n.outputs)

    def ledger(self, name: str, **more: int) -> Ledger:
        answer = self.play(Ask(AskLedger(self.key(name), **more))).answer
        assert isinstance(answer, Ledger)
        return answer


def parts(ledger: Ledger) -> list[list[tuple[str, str, Any]]]:
    """(consumer, path, gradient) of each wire of each call."""
    return [[(w.consumer, w.path, w.gradient and w.gradient.tolist()) for w in call.wires] for call in ledger.calls]


def test_one_backward_by_wire() -> None:
    told = Told(CODE)
    told.play(Forward(), Backward())
    found = told.ledger("x")
    assert parts(found) == [
        [("u", "other", [1.0, 1.0]), ("z", "self", [3.0, 4.0])]
    ]  # the order in which torch came to them
    call = found.calls[0]
    assert (call.number, call.roots, call.recorded, call.total and call.total.tolist()) == (
        1,
        ("loss",),
        True,
        [4.0, 5.0],
    )
    assert (found.emptied, found.edited, found.earlier, found.reason) == ("", False, 0, "")
    assert told.ledger("c").calls == ()
    assert told.ledger("z").calls == ()


def test_calls_pile_up_until_they_are_emptied() -> None:
    told = Told(CODE)
    told.play(Forward(), Backward(retain_graph=True), Backward())
    found = told.ledger("x")
    assert [call.number for call in found.calls] == [1, 2]
    assert [call.total and call.total.tolist() for call in found.calls] == [[4.0, 5.0], [4.0, 5.0]]
    assert found.grad is not None
    assert found.grad.tolist() == [8.0, 10.0]
    frame = told.play(ZeroGrad()).frame
    assert (frame["x"].contributions, frame["x"].emptied, frame["x"].grad) == (0, "None", None)
    assert told.ledger("x").emptied == "None"
    told.play(Forward(), Backward(), ZeroGrad(set_to_none=False))
    found = told.ledger("x")
    assert (found.calls, found.emptied) == ((), "zeros")
    assert found.grad is not None
    assert found.grad.tolist() == [0.0, 0.0]
    frame = told.play(Forward(), Backward()).frame
    assert (frame["x"].contributions, frame["x"].emptied) == (1, "zeros")
    assert parts(told.ledger("x")) == [[("u", "other", [1.0, 1.0]), ("z", "self", [3.0, 4.0])]]
    assert told.play(Reset(), Forward(), Backward()).frame["x"].contributions == 1
    assert told.ledger("x").calls[0].number == 1


def test_the_parts_of_every_call_add_up_to_torchs_bits() -> None:
    code = """import torch

torch.manual_seed(1)
x = torch.randn(50, requires_grad=True)
a = x.sin()
b = x * a
d = torch.exp(x) + b
loss = (a * b * d).sum()
other = (d * d).mean()
"""
    told = Told(code)
    told.play(Forward(), Backward(("loss",), retain_graph=True), Backward(("other",)))
    found = told.ledger("x")
    space: dict[str, Any] = {}
    exec(code + "loss.backward(retain_graph=True)\nfirst = x.grad.clone()\nother.backward()\n", space)
    first, whole = space["first"], space["x"].grad
    assert [call.roots for call in found.calls] == [("loss",), ("other",)]
    sums = []
    for call in found.calls:
        total = None
        for wire in call.wires:
            assert wire.gradient is not None
            part = tensor_of(wire.gradient)
            total = part if total is None else total + part
        assert total is not None
        assert call.total is not None
        assert torch.equal(total, tensor_of(call.total))
        sums.append(total)
    assert torch.equal(sums[0], first)
    assert torch.equal(first + sums[1], whole)
    assert found.grad is not None
    assert torch.equal(tensor_of(found.grad), whole)


LOOP = """import torch

w = torch.tensor([1.0, 2.0], requires_grad=True)
for i in range({rounds}):
    loss = (w * w).sum()
    loss.backward()
    {empty}
"""


@pytest.mark.parametrize(
    ("empty", "calls", "how"),
    [
        ("w.grad = None", 0, "None"),
        ("w.grad.zero_()", 0, "zeros"),
        ("w.grad.fill_(0)", 0, "zeros"),
        ("print(1)", 6, ""),
    ],
)
def test_a_program_that_empties_or_forgets_to(empty: str, calls: int, how: str) -> None:
    told = Told(LOOP.format(rounds=6, empty=empty))
    frame = told.play(Run()).frame
    assert (frame["w"].contributions, frame["w"].emptied) == (calls, how)
    found = told.ledger("w")
    assert (len(found.calls) + found.earlier, found.emptied) == (calls, how)
    for call in found.calls[-3:]:
        assert call.total is not None
        assert call.total.tolist() == [2.0, 4.0]
        assert call.recorded
    if calls:
        assert not found.calls[0].recorded
        assert (found.calls[0].wires, found.calls[0].total) == ((), None)


def test_an_optimizer_empties_too() -> None:
    code = """import torch

w = torch.tensor([1.0, 2.0], requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.1)
for i in range(3):
    optimizer.zero_grad(set_to_none={none})
    loss = (w * w).sum()
    loss.backward()
    optimizer.step()
"""
    for none, how in ((True, "None"), (False, "zeros")):
        told = Told(code.format(none=none))
        frame = told.play(Run()).frame
        assert (frame["w"].contributions, frame["w"].emptied) == (1, how)
        found = told.ledger("w")
        assert found.grad is not None
        assert found.calls[0].total == found.grad
        assert found.calls[0].number == 3


def test_what_something_else_writes_is_said() -> None:
    told = Told(CODE + "x.grad.mul_(0.5)\n")
    told.play(Forward(), Backward())
    assert not told.ledger("x").edited
    told.play(OptimizerStep())
    found = told.ledger("x")
    assert found.edited
    assert parts(found) == [[("u", "other", [1.0, 1.0]), ("z", "self", [3.0, 4.0])]]
    assert found.calls[0].total is not None
    assert found.calls[0].total.tolist() == [4.0, 5.0]
    assert found.grad is not None
    assert found.grad.tolist() == [2.0, 2.5]


def test_without_xray_only_the_calls_are_known() -> None:
    told = Told(CODE)
    told.play(Forward(), Backward(xray=False))
    call = told.ledger("x").calls[0]
    assert (call.recorded, call.wires, call.total) == (False, (), None)


def test_a_tensor_that_retains_its_gradient_has_a_stack() -> None:
    told = Told(CODE.replace("u = z", "z.retain_grad()\nu = z"))
    told.play(Forward(), Backward())
    assert parts(told.ledger("z")) == [[("u", "self", [1.0, 1.0])]]
    assert told.play(Forward()).frame["z"].contributions == 0  # another tensor


def test_an_alias_is_the_same_tensor() -> None:
    told = Told(CODE.replace("u = z + x", "v = x\nu = z + v"))
    told.play(Forward(), Backward())
    wanted = [[("u", "other", [1.0, 1.0]), ("z", "self", [3.0, 4.0])]]
    assert parts(told.ledger("x")) == wanted
    assert parts(told.ledger("v")) == wanted


def test_a_failed_backward_adds_nothing() -> None:
    told = Told(CODE)
    told.play(Forward(), Backward())
    reply = told.play(Backward())
    assert reply.problems
    assert len(told.ledger("x").calls) == 1


def test_a_live_refresh_brings_the_stack_back() -> None:
    told = Told(CODE)
    told.play(Forward(), Backward())
    point = told.play(Forward()).point
    told.play(Backward())
    assert [call.number for call in told.ledger("x").calls] == [1, 2]
    document = told.handler.engine.document
    from guigrad.document import edit  # late: only here

    told.play(Edit(edit.set_value(told.key("c"), [2.0])(document), 0, 1))
    told.play(Restore(point), Forward(partial=True), Backward())
    found = told.ledger("x")
    assert [call.total and call.total.tolist() for call in found.calls] == [[4.0, 5.0], [8.0, 10.0]]
    assert found.grad is not None
    assert found.grad.tolist() == [12.0, 15.0]
    assert not found.edited


def test_large_gradients_are_told_of_without_their_numbers() -> None:
    told = Told(CODE)
    told.play(Forward(), Backward())
    found = told.ledger("x", limit=1)
    assert [wire.gradient for wire in found.calls[0].wires] == [None, None]
    assert found.calls[0].recorded


def test_what_has_no_ledger_says_why() -> None:
    told = Told(CODE)
    assert told.ledger("x").reason == "not run yet"
    answer = told.play(Ask(AskLedger("nobody"))).answer
    assert isinstance(answer, Ledger)
    assert "no such node" in answer.reason
