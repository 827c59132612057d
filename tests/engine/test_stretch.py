"""Forward without watching: the same state as a watched pass, whatever happens on the way."""

from __future__ import annotations

import torch

from guigrad.engine.play import Engine
from guigrad.engine.stretch import Stretch
from guigrad.source.parse.parser import parse

TEXT = """import torch
a = torch.tensor([1.0, 2.0], requires_grad=True)
b = a * 2
c = torch.tanh(b)
d = b + 1
e = c * d
"""


def twice() -> tuple[Engine, dict[str | None, str]]:
    engine = Engine(parse(TEXT))
    engine.forward()
    engine.forward()
    return engine, {node.name: node.id for node in engine.document.nodes.values()}


def test_the_second_forward_plays_a_stretch() -> None:
    engine, keys = twice()
    ((_, parts),) = engine.state.stretches.values()
    assert [part.keys for part in parts if isinstance(part, Stretch)] == [tuple(keys[name] for name in "bcde")]
    assert engine.state.status == dict.fromkeys(keys.values(), "fresh")
    engine.backward(["e"], gradient=[[1.0, 1.0]])
    assert engine.state.freed == {keys[name] for name in "bcde"}
    engine.forward()
    assert not engine.state.freed
    assert not engine.problems


def test_a_node_that_fails_takes_only_its_readers_along() -> None:
    engine, keys = twice()
    good = engine.plan.steps[keys["c"]]

    def bad() -> None:
        raise RuntimeError("not today")

    engine.plan.steps[keys["c"]] = bad
    engine.state.forget_stretches()
    engine.forward()
    status = engine.state.status
    assert [status.get(keys[name]) for name in "abcde"] == ["fresh", "fresh", "failed", "fresh", None]
    assert [problem.node for problem in engine.problems] == ["c"]
    engine.plan.steps[keys["c"]] = good
    engine.forward()
    assert not engine.problems
    b = torch.tensor([1.0, 2.0]) * 2
    assert torch.equal(engine.value("e"), torch.tanh(b) * (b + 1))
