"""The training editor on loops whose step calls a function: LBFGS chosen, changed, and left again."""

from __future__ import annotations

import pytest

import guigrad
from guigrad.document import edit
from guigrad.document.check import check
from guigrad.document.draft import Edit, Refused
from guigrad.document.model import Document, Region, walk
from guigrad.document.training import HAND
from guigrad.document.training_read import read_training
from guigrad.source.emit import emit

LBFGS = "torch.optim.LBFGS"
HEAD = """import torch

torch.manual_seed(0)
X = torch.randn(12, 3)
y = torch.randn(12)
w = torch.zeros(3, requires_grad=True)
b = torch.zeros((), requires_grad=True)
"""
PLAIN = """opt = torch.optim.Adam([w, b], lr=0.01)
for step in range(8):
    noise = torch.randn(12)
    loss = ((X @ w + b - y + noise) ** 2).mean()
    opt.zero_grad()
    loss.backward()
    print(w.grad.norm())
    opt.step()
    print(loss.item())
print(w, b, loss.item())
"""
CLOSED = """opt = torch.optim.LBFGS([w, b])
for step in range(8):
    noise = torch.randn(12)
    def closure():
        loss = ((X @ w + b - y + noise) ** 2).mean()
        opt.zero_grad()
        loss.backward()
        return loss
    loss = opt.step(closure)
    print(w.grad.norm())
    print(loss.item())
print(w, b, loss.item())
"""
AHEAD = """opt = torch.optim.LBFGS([w, b], lr=0.5)

def closure():
    opt.zero_grad()
    loss = ((X @ w + b - y) ** 2).mean()
    loss.backward()
    return loss

for step in range(8):
    opt.step(closure)
"""


def key(document: Document, name: str) -> str:
    return next(node.id for node in document.nodes.values() if node.name == name)


def done(document: Document, change: Edit) -> Document:
    """The document after one change that can be taken back, and whose code says the same."""
    diff = change(document)
    after = diff.apply(document)
    assert diff.inverse().apply(after) == document
    assert check(after) == ()
    again = guigrad.parse(emit(after))
    assert again.problems == ()
    assert again.canonical() == after.canonical()
    return after


def test_lbfgs_writes_the_loop_with_a_function_and_another_optimizer_without() -> None:
    document = guigrad.parse(HEAD + PLAIN)
    closed = done(document, edit.set_optimizer(LBFGS))
    assert emit(closed) == HEAD + CLOSED
    known = read_training(closed)
    assert known is not None
    assert known.odd == {}
    assert [closed.nodes[wire.node or ""].name for wire in known.leaves] == ["w", "b"]
    assert (known.zero, known.steps and known.steps.value, known.rate and known.rate.value) == ("none", 8, 1)
    back = done(closed, edit.set_optimizer("torch.optim.Adam"))
    lines = PLAIN.replace(", lr=0.01", "").replace(
        "    print(w.grad.norm())\n    opt.step()\n", "    opt.step()\n    print(w.grad.norm())\n"
    )
    assert emit(back) == HEAD + lines
    by_hand = done(closed, edit.set_optimizer(HAND))
    assert "with torch.no_grad():" in emit(by_hand)
    assert "def " not in emit(by_hand)
    assert LBFGS in emit(done(by_hand, edit.set_optimizer(LBFGS)))


@pytest.mark.parametrize("text", [CLOSED, AHEAD])
def test_every_part_can_be_changed_and_the_function_stays(text: str) -> None:
    document = guigrad.parse(HEAD + text)
    document = done(document, edit.set_number("rate", 0.25))
    assert ("def closure():\n    opt" in emit(document)) == (text == AHEAD)
    document = done(document, edit.set_clip("norm", 1.0))
    document = done(document, edit.set_zero("zeros"))
    document = done(document, edit.set_stop(0.01))
    document = done(document, edit.set_scheduler("torch.optim.lr_scheduler.ReduceLROnPlateau"))
    document = (
        done(document, edit.set_batches([key(document, "X"), key(document, "y")], 4, False))
        if text == AHEAD
        else document
    )
    document = done(document, edit.set_leaves([key(document, "w")]))
    code = emit(document)
    function = code[code.index("def closure") : code.index("return loss")]
    assert "opt.zero_grad(set_to_none=False)" in function
    assert "clip_grad_norm_([w], 1.0)" in function
    rest = code[code.index("return loss") :]
    assert "loss = opt.step(closure)" in rest
    assert "scheduler.step(loss)" in rest
    assert "if loss < 0.01:" in rest
    if text == AHEAD:
        assert "xb = X[i : i + 4]" in code[: code.index("def closure")]
        document = done(document, edit.set_batches([], 0))
    document = done(document, edit.set_zero("forgotten"))
    assert "zero_grad" not in emit(document)
    document = done(document, edit.set_scheduler(""))
    document = done(document, edit.set_stop(None))
    document = done(document, edit.set_clip(""))
    assert "def " not in emit(done(document, edit.set_optimizer("torch.optim.SGD")))


def test_a_graph_without_a_loop_gets_one_with_a_function() -> None:
    document = guigrad.parse(HEAD + "loss = ((X @ w + b - y) ** 2).mean()\n")
    code = emit(done(document, edit.add_training(optimizer=LBFGS)))
    assert "    def closure():\n        loss = " in code
    assert "loss = optimizer.step(closure)" in code


def test_what_needs_more_than_the_loss_is_refused() -> None:
    document = guigrad.parse(
        HEAD
        + PLAIN.replace("loss = (", "pred = X @ w + b\n    loss = (").replace("(X @ w + b -", "(pred -")
        + "print(pred)\n"
    )
    with pytest.raises(Refused, match="pred is read outside"):
        edit.set_optimizer(LBFGS)(document)
    two = guigrad.parse(HEAD + CLOSED.replace("    print(w.grad.norm())", "    opt.step(closure)"))
    known = read_training(two)
    assert known is not None
    assert "loss" in known.odd
    with pytest.raises(Refused, match="in a way of its own"):
        edit.set_zero("zeros")(two)
    with pytest.raises(Refused, match="in a way of its own"):
        edit.set_optimizer("torch.optim.SGD")(two)


@pytest.mark.parametrize("kind", ["SequentialLR", "ChainedScheduler"])
@pytest.mark.parametrize("text", [PLAIN, CLOSED])
def test_schedules_made_of_others_are_written_and_taken_away_whole(kind: str, text: str) -> None:
    document = guigrad.parse(HEAD + text)
    after = done(document, edit.set_scheduler(f"torch.optim.lr_scheduler.{kind}"))
    assert "LinearLR(opt, total_iters=2)" in emit(after)
    assert "    scheduler.step()" in emit(after)
    known = read_training(after)
    assert known is not None
    assert after.nodes[known.scheduler].op.endswith(kind)
    assert emit(done(after, edit.set_scheduler(""))) == HEAD + text


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [(CLOSED, "closure", "nothing is wired to closure"), (AHEAD, "loss", "nothing is wired to value")],
)
def test_what_is_left_when_the_function_or_a_part_of_it_is_deleted(text: str, name: str, message: str) -> None:
    document = guigrad.parse(HEAD + text)
    diff = edit.remove(key(document, name))(document)
    after = diff.apply(document)
    assert diff.inverse().apply(after) == document
    assert [problem.message for problem in check(after)] == [message]
    assert guigrad.parse(emit(after)).canonical() == after.canonical()
    assert ("def closure" in emit(after)) == (name != "closure")
    assert any(isinstance(item, Region) for item in walk(after.program)) == (name != "closure")
    region = next(item.id for item in walk(document.program) if isinstance(item, Region))
    whole = edit.remove_item(region)(document).apply(document)
    assert "zero_grad" not in emit(whole)
    assert ("opt.step(...)" in emit(whole)) == (text == CLOSED)
