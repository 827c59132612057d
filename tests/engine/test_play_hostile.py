"""What a hostile document asks of the engine: nothing raises, and the words are in place."""

from __future__ import annotations

import pytest
import torch

import guigrad
from guigrad.api import Session
from guigrad.document.diff import Diff
from guigrad.document.model import Node

_META = "torch.ones(2, 2, device='meta')"


def _session(*lines: str) -> Session:
    return Session(guigrad.parse("\n".join(("import torch", "import torch.nn.functional as F", *lines, ""))))


def test_a_view_with_an_invalid_history_is_shown_as_torch_prints_it() -> None:
    session = _session(
        "a = torch.ones(3, requires_grad=True)",
        "b = a * 2",
        "with torch.no_grad():",
        "    v = b.view(-1)",
        "b.mul_(2)",
        "s = b.sum()",
    )
    for _ in range(2):
        frame = session.forward()
        assert frame["v"].grad_fn == "Invalid"
        assert frame["v"].is_leaf is False
        assert session.backward("s").problems == ()
        session.zero_grad(set_to_none=False)
    value = session.tensor("v")
    assert value is not None
    assert value.tolist() == [4.0, 4.0, 4.0]


@pytest.mark.parametrize(
    "call",
    [
        f"torch.ones(2, 2) @ {_META}",
        f"torch.mm(torch.ones(2, 2), {_META})",
        f"torch.ones(2, 2).matmul({_META})",
        f"torch.addmm(torch.ones(2, 2), torch.ones(2, 2), {_META})",
        f"F.linear(torch.ones(2, 2), {_META})",
        "F.conv1d(torch.ones(1, 2, 5), torch.ones(2, 2, 3, device='meta'))",
        f"torch.einsum('ij,jk->ik', torch.ones(2, 2), {_META})",
    ],
)
def test_a_product_of_two_devices_is_a_problem(call: str) -> None:
    for verb in ("forward", "run"):
        session = _session(f"r = {call}")
        problems = getattr(session, verb)().problems
        assert [(problem.node, problem.line, problem.kind) for problem in problems] == [("r", 3, "device")]
        assert "cpu and meta" in problems[0].message
        assert session.frame["r"].state == "failed"
        assert session.tensor("r") is None


@pytest.mark.parametrize(
    "call",
    [
        f"torch.ones(2, 2).to({_META})",
        f"torch.ones(2, 2).expand_as({_META})",
        f"{_META} * torch.tensor(2.0)",
        f"{_META} @ {_META}",
        f"{_META}[torch.tensor([0])]",
        f"{_META}.copy_(torch.ones(2, 2))",
        f"torch.zeros_like({_META}, device='cpu')",
    ],
)
def test_what_may_mix_devices_does(call: str) -> None:
    assert _session(f"r = {call}").forward().problems == ()


def test_an_edit_may_bring_the_other_device() -> None:
    document = guigrad.parse("import torch\na = torch.ones(2, 2)\nr = a @ torch.ones(2, 2)\n")
    other = guigrad.parse(f"import torch\na = torch.ones(2, 2)\nr = a @ {_META}\n")
    session = Session(document)
    assert session.run().problems == ()
    session.edit(Diff.between(document, other))
    assert [problem.kind for problem in session.run().problems] == ["device"]


def test_an_allocation_that_python_refuses_has_words() -> None:
    problems = _session("r = [0] * 10**12").forward().problems
    assert [problem.kind for problem in problems] == ["memory"]
    assert problems[0].message == "r needs more memory than is available: it was not made."


def test_a_verb_for_an_unknown_node_changes_nothing() -> None:
    session = _session("x = torch.tensor([1.0, 2.0], requires_grad=True)", "x.data.mul_(3)", "y = (x * x).sum()")
    session.forward()
    before = session.backward()
    after = session.forward(to="nope")
    assert [problem.kind for problem in after.problems] == ["name"]
    assert {name: after[name] for name in after.names()} == {name: before[name] for name in before.names()}
    assert after.contributions == before.contributions


def test_an_unknown_gradient_or_input_is_a_name_problem() -> None:
    session = _session("x = torch.tensor([1.0, 2.0], requires_grad=True)", "y = x * x")
    for arguments in ({"gradient": "nope"}, {"inputs": "nope"}):
        problems = session.backward("y", **arguments).problems
        assert [(problem.node, problem.kind) for problem in problems] == [("y", "name")]
    assert session.backward("y", gradient=[10**400, 1]).problems[0].kind != "name"


def test_what_the_last_verb_said_ends_with_the_next_edit() -> None:
    session = _session("x = torch.tensor([1.0, 2.0], requires_grad=True)", "y = x * x")
    assert session.optimizer_step().problems
    assert session.edit(guigrad.edit.set_value("x", [3.0, 4.0])).problems == ()
    assert torch.equal(session.forward() and session.tensor("y"), torch.tensor([9.0, 16.0]))


def test_a_tensor_may_have_more_dimensions_than_numpy_knows() -> None:
    session = _session(f"x = torch.tensor({'[' * 70}1.0{']' * 70}, requires_grad=True)", "y = (x * 2).sum()")
    frame = session.backward("y")
    assert frame.problems == ()
    assert frame["x"].shape == (1,) * 70
    assert frame["x"].value is not None
    assert frame["x"].value.data == torch.tensor(1.0).numpy().tobytes()


@pytest.mark.parametrize(
    "lines",
    [
        ["a.add_(1)", "y = (a * 2).sum()"],
        ["v = a.detach()", "v.add_(1)", "y = (a * v).sum()"],
        ["a.requires_grad_()", "b = a * 2", "b.retain_grad()", "b.mul_(3)", "y = b.sum()"],
        ["a.requires_grad_()", "b = a.mean()", "b.retain_grad()", "y = b * 2"],
    ],
)
def test_a_refresh_plays_in_place_changes_and_kept_gradients_once(lines: list[str]) -> None:
    start = ("a = torch.tensor([0.5, -1.0])", "c = torch.tensor([1.0])", "d = c + 1", *lines)
    session, other = _session(*start), _session(*start)
    for verb in ("forward", "backward"):
        getattr(session, verb)()
    for value in ([2.0], [3.0]):
        session.edit(guigrad.edit.set_value("c", value))
        other.edit(guigrad.edit.set_value("c", value))
        other.reset()
        other.forward()
        played, fresh = session.frame, other.backward()
        for name in fresh.names():
            for field in ("value", "grad", "grad_fn", "is_leaf", "requires_grad", "state"):
                assert getattr(played[name], field) == getattr(fresh[name], field), (name, field)


def test_a_call_without_its_object_is_told() -> None:
    document = guigrad.parse("import torch\nx = torch.ones(2, 2)\ny = x.T\n")
    node = next(node for node in document.nodes.values() if node.name == "y")
    broken = Node(node.id, node.op, (), (), node.name)
    document = Diff(nodes={node.id: (node, broken)}).apply(document)
    assert [problem.node for problem in Session(document).forward().problems] == ["y"]


@pytest.mark.parametrize(
    ("lines", "first"),
    [
        (["w.requires_grad_()", "y = w * 2"], "w = torch.tensor([5.0, 6.0])"),
        (["for i in range(2):", "    w -= 0.1"], "w = torch.tensor([5.0, 6.0])"),
        (["w = w * 2"], "w = torch.ones(2)"),
    ],
)
def test_the_name_of_a_tensor_changed_in_place_means_its_source(lines: list[str], first: str) -> None:
    session = _session("w = torch.ones(2)", *lines)
    problems = session.edit(guigrad.edit.set_value("w", [5.0, 6.0])).problems
    assert first in guigrad.emit(session.document)
    assert bool(problems) == (first == "w = torch.ones(2)")
