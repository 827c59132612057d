"""Events of a backward: torch's own order and gradients, told by nodes and wires."""

from __future__ import annotations

import torch

from guigrad.engine.events import events
from guigrad.engine.play import Engine
from guigrad.engine.values import tensor_of
from guigrad.run.tape import Event
from guigrad.source.parse.parser import parse


def played(text: str, root: str) -> tuple[Engine, tuple[Event, ...]]:
    """Forward and backward, and what the tape tells."""
    document = parse(f"import torch\nimport torch.nn.functional as F\n{text}")
    assert not document.problems
    engine = Engine(document)
    engine.forward()
    engine.backward((root,))
    assert not engine.problems
    assert engine.tape is not None
    return engine, events(engine.tape, engine.names.label)


def test_the_lesson_event_by_event() -> None:
    _, found = played(
        "t1 = torch.tensor([1.0, 2.0], requires_grad=True)\nt2 = t1 + 2\nt3 = 2 * t2 ** 2\nt4 = t3.mean()\n", "t4"
    )
    assert [(event.node, event.grad_fn, event.kind) for event in found] == [
        ("t4", "MeanBackward0", "backward"),
        ("t3", "MulBackward0", "backward"),
        ("pow", "PowBackward0", "backward"),
        ("t2", "AddBackward0", "backward"),
        ("t1", "AccumulateGrad", "accumulate"),
    ]
    mean, mul, power = found[0], found[1], found[2]
    assert mean.arrived[0] is not None
    assert tensor_of(mean.arrived[0]).item() == 1.0
    assert mean.left[0].wire == ("t3", "t4", "self")
    assert mean.left[0].gradient == mul.arrived[0]
    assert [part.to for part in mul.left] == ["", "PowBackward0"] or [part.to for part in mul.left] == [
        "PowBackward0",
        "",
    ]
    assert power.saved == ("exponent", "self")
    assert found[-1].arrived[0] == found[-2].left[0].gradient


def test_a_fan_out_tells_how_many_came_together() -> None:
    engine, found = played("x = torch.tensor([3.0], requires_grad=True)\na = x * 2\ny = (a * a + a).sum()\n", "y")
    event = next(event for event in found if event.node == "a")
    assert event.arrivals == 3
    wires = {part.wire: part.gradient for e in found for part in e.left if part.wire and part.wire[0] == "a"}
    assert len(wires) == 3
    total = sum(tensor_of(gradient) for gradient in wires.values() if gradient is not None)
    assert event.arrived[0] is not None
    assert torch.equal(tensor_of(event.arrived[0]), total)
    assert engine.value("x").grad.item() == 2 * tensor_of(event.arrived[0]).item()


def test_a_composite_op_opens_into_its_grad_fns() -> None:
    text = "torch.manual_seed(0)\nx = torch.randn(2, 3, 4, requires_grad=True)\ny = F.cross_entropy(x, torch.zeros(2, 4, dtype=torch.long))\n"
    _, found = played(text, "y")
    own = [event for event in found if event.node == "y"]
    assert [event.grad_fn for event in own] == ["NllLoss2DBackward0", "ViewBackward0", "LogSoftmaxBackward0"]
    assert [event.last for event in own] == [False, False, True]
    assert own[0].left[0].wire is None
    assert own[2].left[0].wire == ("x", "y", "input")


def test_large_tensors_may_be_left_out() -> None:
    engine, _ = played("x = torch.ones(100, requires_grad=True)\ny = x.sum()\n", "y")
    assert engine.tape is not None
    found = events(engine.tape, engine.names.label, limit=10)
    assert found[0].arrived[0] is not None
    assert found[0].left[0].gradient is None
