"""A session's random numbers and settings are its own, however late they are put in place."""

from __future__ import annotations

import random

import pytest
import torch

from guigrad.document.diff import Diff
from guigrad.document.model import Node
from guigrad.engine.device import Ambient, current
from guigrad.engine.play import Engine
from guigrad.source.parse.parser import parse

SOURCE = """import torch
import torch.nn.functional as F
{seed}a = torch.randn(3, requires_grad=True)
n = 0.5
b = F.dropout(a, n)
s = torch.get_rng_state()
r = torch.rand(2)
c = F.dropout(b * 2, 0.5)
k = torch.initial_seed()
loss = (c * c).sum() + r.sum()
"""


class Forgetful(dict[str, int]):
    """Remembers of no node that its numbers have been compared."""

    def __setitem__(self, key: str, value: int) -> None:
        """Keeps nothing."""


def act(engine: Engine, rnd: random.Random) -> None:
    match rnd.randrange(7):
        case 0:
            engine.forward()
        case 1 | 2:
            engine.forward(partial=True)
        case 3:
            engine.backward(["loss"], retain_graph=True)
        case 4:
            engine.run()
        case 5:
            torch.rand(rnd.randrange(1, 4))  # the host draws
        case 6:
            node = next(node for node in engine.document.nodes.values() if node.name == "n")
            new = Node(node.id, node.op, (rnd.choice([0.1, 0.5, 0.9]),), (), "n")
            engine.edit(Diff(nodes={node.id: (node, new)}), engine.revision + 1)


@pytest.mark.parametrize("seed", range(12))
def test_late_random_numbers_are_those_that_were_there_from_the_start(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = SOURCE.format(seed="torch.manual_seed(1)\n" if seed % 2 else "")
    found: list[list[object]] = []
    for early in (False, True):
        torch.manual_seed(99)
        rnd = random.Random(seed)
        engine = Engine(parse(source), seed=None if seed % 3 else 7)
        if early:
            active = engine.ambient.active
            monkeypatch.setattr(engine.ambient, "active", lambda draws=True, active=active: active(True))
        seen: list[object] = []
        for _ in range(30):
            if early:
                engine.state.passed = Forgetful()
            act(engine, rnd)
            seen += [repr(engine.frame().records), repr(engine.point()), torch.get_rng_state().tolist()]
        found.append(seen)
    assert found[0] == found[1]


def test_settings_that_differ_change_places() -> None:
    ambient = Ambient()
    torch.set_default_dtype(torch.float64)
    try:
        before = current()
        with ambient.active(draws=False):
            assert torch.get_default_dtype() is torch.float32
            torch.set_printoptions(precision=2)
            torch.set_grad_enabled(False)
        assert current() == before
        with ambient.active():
            assert not torch.is_grad_enabled()
            assert torch._tensor_str.PRINT_OPTS.precision == 2
            torch.set_grad_enabled(True)
        assert current() == before
    finally:
        torch.set_default_dtype(torch.float32)


def test_nothing_drawn_leaves_the_hosts_random_numbers_alone() -> None:
    ambient = Ambient(seed=5)
    before = torch.get_rng_state()
    with ambient.active(draws=False):
        pass
    assert torch.equal(torch.get_rng_state(), before)
    with ambient.active(draws=False):
        ambient.draw()
        first = torch.rand(3)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first, torch.rand(3, generator=torch.Generator().manual_seed(5)))
