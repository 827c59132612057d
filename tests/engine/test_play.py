"""The engine's verbs do what the same lines do in a script."""

from __future__ import annotations

import textwrap

import msgspec
import pytest
import torch

from guigrad.document.diff import Diff
from guigrad.document.model import In, Value
from guigrad.engine.build import Cancelled
from guigrad.engine.play import Engine
from guigrad.run.request import Want
from guigrad.source.parse.parser import parse


def engine(text: str, device: str | None = None, seed: int | None = None) -> Engine:
    document = parse("import torch\n" + textwrap.dedent(text))
    assert document.problems == ()
    return Engine(document, device, seed)


def key_of(it: Engine, label: str) -> str:
    """A node's id."""
    place = it.names.find(label)
    assert place is not None
    return place[0]


def change(it: Engine, label: str, *args: Value) -> None:
    """Gives a node other arguments."""
    node = it.document.nodes[key_of(it, label)]
    it.edit(Diff(nodes={node.id: (node, msgspec.structs.replace(node, args=args))}), it.revision + 1)


def grad(it: Engine, label: str) -> list[float] | None:
    found = it.frame()[label].grad
    return None if found is None else found.tolist()  # type: ignore[no-any-return]  # of a vector


SQUARES = """
    torch.manual_seed(0)
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * x
    d = torch.nn.functional.dropout(y, 0.5)
    z = y.sum()
"""


def test_sources_persist_and_gradients_accumulate() -> None:
    it = engine(SQUARES)
    it.forward()
    x = it.value("x")
    it.backward(["z"])
    assert grad(it, "x") == [2, 4]
    it.forward()
    assert it.value("x") is x
    it.backward(["z"])
    assert grad(it, "x") == [4, 8]
    it.zero_grad(set_to_none=False)
    assert grad(it, "x") == [0, 0]
    it.zero_grad()
    assert grad(it, "x") is None


def test_a_seeded_forward_draws_the_same_numbers_each_time() -> None:
    it = engine(SQUARES)
    it.forward()
    mask = it.value("d").tolist()
    it.forward()
    assert it.value("d").tolist() == mask
    it.forward(partial=True)
    assert it.value("d").tolist() == mask


def test_an_edit_runs_only_what_depends_on_it() -> None:
    it = engine("a = torch.ones(2)\nb = a * 2\nc = a + 1\nd = b * 3\n")
    it.forward()
    kept = it.value("c")
    change(it, "b", In(key_of(it, "a")), 5)
    frame = it.frame()
    assert [frame[name].state for name in "abcd"] == ["fresh", "stale", "fresh", "stale"]
    it.forward(partial=True)
    assert it.value("c") is kept
    assert it.value("d").tolist() == [15, 15]
    assert {record.state for record in it.frame().records.values()} == {"fresh"}


def test_what_a_backward_freed_runs_again_after_an_edit() -> None:
    it = engine("x = torch.ones(2, requires_grad=True)\ny = x.exp()\nz = y * 2\nl = z.sum()\n")
    it.forward()
    it.backward(["l"])
    change(it, "z", In(key_of(it, "y")), 3)
    it.forward(partial=True)
    it.backward(["l"])
    assert it.problems == ()


def test_in_place_on_a_source_is_not_repeated_by_forward() -> None:
    it = engine("x = torch.zeros(2)\nx += 1\ny = x * 2\n")
    for _ in range(3):
        it.forward()
        assert it.value("y").tolist() == [2, 2]
    it.run()
    it.forward()
    assert it.value("y").tolist() == [2, 2]


def test_an_errors_descendants_do_not_run_and_the_rest_does() -> None:
    it = engine("x = torch.ones(2, 3)\ny = torch.ones(2)\nz = x + y\nq = z * 2\nok = x * 2\n")
    it.forward()
    frame = it.frame()
    assert [frame[name].state for name in ("z", "q", "ok")] == ["failed", "not run", "fresh"]
    (problem,) = frame.problems
    assert (problem.node, problem.line, problem.error, problem.kind) == ("z", 4, "RuntimeError", "shape")
    with pytest.raises(RuntimeError) as caught:
        torch.ones(2, 3) + torch.ones(2)
    assert problem.message == str(caught.value)
    assert problem.why


TRAINING = """
    w = torch.ones(4, requires_grad=True)
    for epoch in range(2):
        out = (w * 3).sum()
        out.backward()
        print(w.grad)
        with torch.no_grad():
            w -= 0.1 * w.grad
        w.grad.zero_()
"""


def test_a_training_loop_by_verbs_and_as_a_run() -> None:
    it = engine(TRAINING)
    it.forward()
    assert it.prints == []
    it.backward()
    it.optimizer_step()
    assert it.value("w@1").tolist() == pytest.approx([0.7] * 4)
    assert grad(it, "w@1") == [3] * 4
    it.run()
    assert it.prints == ["tensor([3., 3., 3., 3.])\n"] * 2
    assert it.value("out").item() == pytest.approx(8.4)
    assert it.value("w").tolist() == pytest.approx([0.4] * 4)


def test_an_optimizer_keeps_its_momentum() -> None:
    it = engine("""
        w = torch.nn.Parameter(torch.ones(2))
        opt = torch.optim.SGD([w], lr=0.1, momentum=0.9)
        loss = (w * w).sum()
        opt.zero_grad()
        loss.backward()
        opt.step()
    """)
    w = torch.nn.Parameter(torch.ones(2))
    opt = torch.optim.SGD([w], lr=0.1, momentum=0.9)
    for _ in range(3):
        it.zero_grad()
        it.forward()
        it.backward()
        it.optimizer_step()
        opt.zero_grad()
        (w * w).sum().backward()
        opt.step()
        assert it.problems == ()
        assert torch.equal(it.value("w"), w)


def test_the_host_process_keeps_its_settings() -> None:
    torch.manual_seed(3)
    state = torch.get_rng_state()
    it = engine("torch.manual_seed(1)\ntorch.set_default_dtype(torch.float64)\ny = torch.rand(2)\n")
    it.forward()
    it.run()
    assert it.value("y").dtype is torch.float64
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_default_dtype() is torch.float32
    with torch.no_grad():
        other = engine("x = torch.ones(2, requires_grad=True)\ny = x * 2\n")
        other.forward()
    assert other.value("y").requires_grad


def test_a_restore_point_brings_values_gradients_and_random_numbers_back() -> None:
    it = engine("x = torch.rand(3, requires_grad=True)\ny = torch.nn.functional.dropout(x, 0.5)\nz = y.sum()\n", seed=4)
    it.forward()
    it.backward(["z"])
    point = it.point()
    x, gradient = it.value("x").tolist(), grad(it, "x")
    it.forward()
    after = it.value("y").tolist()
    fresh = Engine(it.document, seed=4)
    fresh.restore(point)
    assert fresh.value("x").tolist() == x
    assert grad(fresh, "x") == gradient
    fresh.forward()
    assert fresh.value("y").tolist() == after


def test_a_missing_device_is_said_and_the_cpu_is_used() -> None:
    it = engine("x = torch.ones(2)\n", device="cuda:77")
    it.forward()
    assert it.device == "cpu"
    assert [problem.kind for problem in it.problems] == ["device"]
    assert it.value("x").tolist() == [1, 1]


def test_cancelling_keeps_what_was_computed() -> None:
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 2

    it = Engine(parse("import torch\na = torch.ones(1)\nb = a + 1\nc = b + 1\nd = c + 1\n"), cancelled=cancelled)
    with pytest.raises(Cancelled):
        it.forward()
    assert [it.frame()[name].state for name in "abcd"] == ["fresh", "fresh", "not run", "not run"]


def test_a_frame_carries_only_what_is_wanted() -> None:
    it = engine("a = torch.ones(2, requires_grad=True)\nb = torch.ones(50)\n")
    it.forward()
    frame = it.frame(Want(nodes=(key_of(it, "a"),)))
    assert frame["a"].value is not None
    assert frame["b"].value is None
    assert frame["b"].shape == (50,)
    small = it.frame(Want(limit=10))
    assert small["b"].value is None
    assert small["b"].stats is not None
    assert small["b"].stats.mean == 1
