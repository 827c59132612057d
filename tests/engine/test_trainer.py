"""Sessions that train: recordings, going back, other settings on the way."""

from __future__ import annotations

import math

import pytest
import torch

import guigrad
from guigrad import edit
from guigrad.engine.play import Engine
from guigrad.run.training import Train, Watch
from tests.engine.test_train import BATCHES


def key(session: guigrad.Session, name: str) -> str:
    return next(node.id for node in session.document.nodes.values() if node.name == name)


def played(source: str) -> dict[str, object]:
    names: dict[str, object] = {}
    exec(compile(source.replace("print(", "(lambda *texts: None)("), "<script>", "exec"), names)
    return names


def test_train_gives_the_losses_and_the_weights_of_the_script() -> None:
    names = played(BATCHES)
    session = guigrad.Session(guigrad.parse(BATCHES))
    recording = session.train()
    assert (recording.step, recording.names, recording.problems) == (9, ("loss",), ())
    assert list(recording.loss) == names["losses"]
    assert torch.equal(session.tensor("w1"), names["w1"].detach())  # type: ignore[attr-defined]  # a tensor
    assert len(recording.prints) == 4
    frames = list(guigrad.Session(guigrad.parse(BATCHES)).training(steps=4))
    assert [frame.loss[0] for frame in frames] == list(recording.loss[:4])
    assert all(frame["w1"].xray is not None for frame in frames)


def test_a_pass_in_pieces_and_phases_is_the_same_pass() -> None:
    whole = guigrad.Session(guigrad.parse(BATCHES)).train()
    session = guigrad.Session(guigrad.parse(BATCHES))
    session.train(steps=2)
    assert len(list(session.training(steps=2, phases=True))) == 8
    session.forward()
    session.train(steps=1)
    assert session.train().loss == whole.loss


@pytest.mark.parametrize("step", [1, 3, 4, 8])
def test_show_and_rewind_are_exact(step: int) -> None:
    there = guigrad.Session(guigrad.parse(BATCHES))
    there.train(steps=step)
    expected = there.tensor("w1")
    there.train(9 - step)
    session = guigrad.Session(guigrad.parse(BATCHES))
    session.train(steps=7 if step < 7 else 8)
    frame = session.show(step)
    assert torch.equal(session.tensor("w1"), expected)
    assert frame["w1"].value == session.frame["w1"].value
    session.train()
    assert torch.equal(session.tensor("w1"), there.tensor("w1"))
    session.rewind(step)
    assert torch.equal(session.tensor("w1"), expected)
    session.train(9 - step)
    assert torch.equal(session.tensor("w1"), there.tensor("w1"))
    assert (session.recording.loss, len(session.recording.runs)) == (there.recording.loss, 2)


def test_an_edit_takes_effect_from_there_on() -> None:
    session = guigrad.Session(guigrad.parse(BATCHES))
    session.train(steps=4)
    session.edit(edit.set_value(key(session, "lr"), 0.5))
    session.train(steps=1)
    by_hand = played(
        BATCHES.replace("        opt.zero_grad()", "        if len(losses) == 4: opt.param_groups[0]['lr'] *= 10\n        opt.zero_grad()", 1)
        .replace("range(3)", "range(2)")
        .replace("losses.append(loss.item())", "losses.append(loss.item()); five = w1.detach().clone() if len(losses) == 5 else None; kept = five if five is not None else globals().get('kept')")
    )  # fmt: skip
    assert torch.equal(session.tensor("w1"), by_hand["kept"])  # type: ignore[arg-type]  # a tensor
    after = session.tensor("w1")
    session.train(steps=2)
    session.show(5)
    assert torch.equal(session.tensor("w1"), after)
    session.show(2)
    other = guigrad.Session(guigrad.parse(BATCHES))
    other.train(2)
    assert torch.equal(session.tensor("w1"), other.tensor("w1"))


def test_a_weight_is_changed_in_the_tensor_that_its_optimizer_knows() -> None:
    source = "import torch\nw = torch.tensor([1.0, 2.0], requires_grad=True)\nopt = torch.optim.SGD([w], lr=0.1, momentum=0.9)\nfor i in range(5):\n    loss = (w * w).sum()\n    opt.zero_grad()\n    loss.backward()\n    opt.step()\n"
    session = guigrad.Session(guigrad.parse(source))
    session.train(steps=2)
    live, momentum = session.live("w"), session.live("opt").state[session.live("w")]["momentum_buffer"].clone()
    session.edit(edit.set_value(key(session, "w"), [3.0, 4.0]))
    session.train(steps=1)
    assert session.live("w") is live
    expected = torch.tensor([3.0, 4.0]) - 0.1 * (0.9 * momentum + torch.tensor([6.0, 8.0]))
    torch.testing.assert_close(session.tensor("w"), expected)


def test_a_branch_takes_the_document_as_it_is_now() -> None:
    source = "import torch\nlr = 0.1\nw = torch.tensor(2.0, requires_grad=True)\nfor i in range(6):\n    loss = w * w\n    loss.backward()\n    with torch.no_grad():\n        w -= lr * w.grad\n        w.grad = None\n"
    session = guigrad.Session(guigrad.parse(source))
    session.train()
    session.edit(edit.set_value(key(session, "lr"), 0.25))
    session.rewind(2)
    recording = session.train(4)
    value = torch.tensor(2.0)
    losses = []
    for step in range(6):
        losses.append((value * value).item())
        value = value - (0.1 if step < 2 else 0.25) * (2 * value)
    assert recording.loss == pytest.approx(losses, rel=1e-6)
    assert recording.lineage()[0].series["loss"].values[2] != recording.loss[3]
    assert len(recording.runs) == 2


def test_conditions_and_watches_that_make_no_sense_play_nothing() -> None:
    session = guigrad.Session(guigrad.parse(BATCHES))
    recording = session.train(until="loss <")
    assert (recording.step, [problem.kind for problem in recording.problems]) == (0, ["syntax"])
    assert session.train(steps=2, watch=["norm(w1.grad)", "update(w1)", "nope"]).names == (
        "norm(w1.grad)",
        "update(w1)",
        "nope",
    )
    assert session.recording["norm(w1.grad)"][0] > 0
    assert session.recording["update(w1)"][1] > 0


def test_ctrl_c_in_a_script_loses_no_step(monkeypatch: pytest.MonkeyPatch) -> None:
    session = guigrad.Session(guigrad.parse(BATCHES))
    session.train(steps=2)
    zero_grad = torch.optim.Adam.zero_grad

    def interrupted(*args: object) -> None:
        monkeypatch.setattr(torch.optim.Adam, "zero_grad", zero_grad)
        raise KeyboardInterrupt

    monkeypatch.setattr(torch.optim.Adam, "zero_grad", interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(session.training(steps=3))
    assert session.train().loss == guigrad.Session(guigrad.parse(BATCHES)).train().loss


def test_entries_are_traced_from_before_the_first_step_on() -> None:
    source = "import torch\nw = torch.tensor([[1.0, 2.0]], requires_grad=True)\nfor i in range(3):\n    loss = (w**2).sum()\n    loss.backward()\n    with torch.no_grad():\n        w -= 0.25 * w.grad\n    w.grad = None\n"
    engine = Engine(guigrad.parse(source))
    first = engine.train(Train(1, trace=(Watch("w[0, 1]"), Watch("w[0, 5]"))))
    assert first.traced == ("w[0, 1]", "w[0, 5]")
    assert first.watched == ("loss",)
    assert first.origin[0] == 2.0
    assert first.traces[0] == (1.0,)
    assert math.isnan(first.origin[1])
    later = engine.train(Train(2, trace=(Watch("w[0, 1]"),)))
    assert later.origin == ()
    assert later.traces == ((0.5, 0.25),)


def test_an_edit_holds_that_was_made_while_another_verb_had_the_values() -> None:
    source = "import torch\nx = torch.tensor(1.0, requires_grad=True)\nopt = torch.optim.SGD([x], lr=0.25)\nfor i in range(9):\n    opt.zero_grad()\n    loss = x**2\n    loss.backward()\n    opt.step()\n"
    engine = Engine(guigrad.parse(source))
    engine.train(Train(2))
    engine.forward()
    engine.edit(edit.set_value("x", 8.0)(engine.expansion.source), 1)
    engine.train(Train(1))
    assert engine.value("x").item() == 4.0
