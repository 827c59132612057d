"""A training loop put around graphs, and changed part by part: what the code is then, that it means the same, that nothing else is raised."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from guigrad.document import edit, file
from guigrad.document.check import check
from guigrad.document.draft import Edit, Refused
from guigrad.document.edit_updates import POLICIES, SGD
from guigrad.document.model import Document
from guigrad.document.trainable import trained
from guigrad.document.training import HAND, SCHEDULE
from guigrad.document.training_read import read_training
from guigrad.source.emit import emit
from guigrad.source.parse.parser import parse
from tests.play import play_here

ROOT = Path(__file__).parents[2]
LINE = """import torch

x = torch.linspace(-1, 1, 8)
y = 3 * x + 1
w = torch.tensor(0.0, requires_grad=True)
b = torch.tensor(0.0, requires_grad=True)
pred = w * x + b
acc = (pred > 0).float().mean()
loss = ((pred - y) ** 2).mean()
print(loss)
"""


def made(source: str | Document, *edits: Edit) -> Document:
    """The document after some edits; what each of them leaves reads back to itself and can be undone."""
    document = parse(source) if isinstance(source, str) else source
    for one in edits:
        diff = one(document)
        new = diff.apply(document)
        assert diff.inverse().apply(new) == document
        again = parse(emit(new))
        assert not again.problems, emit(new)
        assert again.canonical() == new.canonical(), emit(new)
        document = new
    return document


def loop_of(document: Document) -> str:
    """The code from the first line that begins with "optimizer", "lr" or "for" on."""
    lines = emit(document).splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith(("optimizer", "lr", "for ")))
    return "\n".join(lines[at:])


def test_a_loop_is_put_around_what_depends_on_the_leaves() -> None:
    document = made(LINE, edit.add_training())
    assert loop_of(document) == (
        "optimizer = torch.optim.SGD([w, b], lr=0.1)\n"
        "for step in range(100):\n"
        "    pred = w * x + b\n"
        "    loss = ((pred - y) ** 2).mean()\n"
        "    optimizer.zero_grad()\n"
        "    loss.backward()\n"
        "    optimizer.step()\n"
        "acc = (pred > 0).float().mean()\n"
        "print(loss)"
    )
    by_hand = made(LINE, edit.add_training(optimizer=HAND, steps=3))
    assert (
        "    w.grad = None\n    b.grad = None\n    loss.backward()\n    with torch.no_grad():\n        w -= lr * w.grad\n        b -= lr * b.grad\n"
        in emit(by_hand)
    )
    assert play_here([emit(made(LINE, edit.add_training(steps=3)))]) == play_here([emit(by_hand)])


def test_what_there_is_of_a_training_goes_into_the_loop() -> None:
    source = (
        LINE + "loss.backward()\nprint(w.grad)\nwith torch.no_grad():\n    w -= 0.1 * w.grad\nw.grad = None\nprint(w)\n"
    )
    document = made(source, edit.add_training())
    assert loop_of(document).startswith("for step in range(100):\n    pred = w * x + b\n    loss")
    assert "    loss.backward()\n    with torch.no_grad():\n        w -= 0.1 * w.grad\n    w.grad = None\n" in emit(
        document
    )
    assert emit(document).endswith("print(w.grad)\nprint(w)\n")
    known = read_training(document)
    assert known is not None
    assert (known.kind, known.rate and known.rate.value, dict(known.odd)) == (HAND, 0.1, {})


def test_every_part_can_be_changed_and_changed_back() -> None:
    first = made(LINE, edit.add_training())
    plain = emit(first)
    steps: list[Edit] = [
        edit.set_optimizer("torch.optim.Adam"), edit.set_number("rate", 0.2), edit.set_optimizer(HAND), edit.set_zero("zeros"),
        edit.set_clip("norm", 2.0), edit.set_leaves(["w"]), edit.set_leaves(["w", "b"]), edit.set_optimizer(SGD),
        edit.set_scheduler(SCHEDULE + "ReduceLROnPlateau"), edit.set_stop(0.001), edit.set_batches(["x", "y"], 4), edit.set_number("batch", 3),
        edit.set_number("steps", 5), edit.set_number("clip_at", 1.5), edit.set_number("stop_at", 0.01),
    ]  # fmt: skip
    full = made(first, *steps)
    assert loop_of(full) == (
        "optimizer = torch.optim.SGD([w, b], lr=0.2)\n"
        "scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer)\n"
        "for epoch in range(5):\n"
        "    perm = torch.randperm(len(x))\n"
        "    for i in range(0, len(x), 3):\n"
        "        batch = perm[i : i + 3]\n"
        "        xb = x[batch]\n"
        "        yb = y[batch]\n"
        "        pred = w * xb + b\n"
        "        loss = ((pred - yb) ** 2).mean()\n"
        "        optimizer.zero_grad(set_to_none=False)\n"
        "        loss.backward()\n"
        "        torch.nn.utils.clip_grad_norm_([w, b], 1.5)\n"
        "        optimizer.step()\n"
        "    scheduler.step(loss)\n"
        "    if loss < 0.01:\n"
        "        break\n"
        "acc = (pred > 0).float().mean()\n"
        "print(loss)"
    )
    back = made(
        full, edit.set_batches([], 0), edit.set_stop(None), edit.set_scheduler(""), edit.set_clip(""), edit.set_zero("none"),
        edit.set_number("rate", 0.1), edit.set_number("steps", 100),
    )  # fmt: skip
    assert emit(back).replace("torch.manual_seed(0)\n", "") == plain


def test_what_a_graph_fills_and_loops_over_goes_into_the_loop_whole() -> None:
    source = (ROOT / "tests/golden/scripts/rnn_by_hand.py").read_text("utf-8").replace("loss.backward()\n", "")
    code = emit(made(source.replace(", Wx.grad.norm(), Wh.grad.norm()", ""), edit.add_training(steps=3)))
    assert "for step in range(3):\n    states = []\n" in code
    assert "        states.append(h)\n    loss = torch.stack(states).mean(0).sum()\n" in code
    assert "ERROR" not in play_here([code])[0]


@pytest.mark.parametrize(
    ("source", "change", "message"),
    [
        ("x = torch.ones(2)\ny = x.sum()\n", edit.add_training("y"), "requires grad: turn on requires_grad of x"),
        ("print(1)\n", edit.add_training(), "there is nothing to make smaller"),
        ("w = torch.tensor([1, 2])\ny = w.sum()\n", edit.add_training("y", ["w"]), "Only Tensors of floating point"),
        ("w = torch.ones(2, requires_grad=True)\ny = w.sum()\nv = torch.ones(2)\n", edit.add_training("y", ["v"]), "y does not depend on v"),
        ("w = torch.ones(2, requires_grad=True)\ny = w.sum()\n", edit.add_training("w"), "w is a leaf"),
        ("w = torch.ones(2, requires_grad=True)\ny = w.sum()\n", edit.set_zero("none"), "no training loop yet"),
        (LINE, edit.chain("", edit.add_training(), edit.set_batches(["w"], 2)), "w is trained"),
        (LINE, edit.chain("", edit.add_training(), edit.set_batches(["pred"], 2)), "pred is computed in the loop"),
        (LINE, edit.chain("", edit.add_training(), edit.set_optimizer("torch.relu")), "there is no optimizer"),
        (LINE, edit.chain("", edit.add_training(optimizer=HAND), edit.set_scheduler(SCHEDULE + "StepLR")), "choose one first"),
        (LINE, edit.chain("", edit.add_training(), edit.set_leaves([])), "at least one leaf"),
        (LINE, edit.chain("", edit.add_training(), edit.set_number("steps", 2.5)), "no number of steps"),
    ],
)  # fmt: skip
def test_what_cannot_be_says_why(source: str, change: Edit, message: str) -> None:
    with pytest.raises(Refused, match=message):
        change(parse(source if "import" in source else "import torch\n" + source))


@pytest.mark.parametrize(
    ("name", "odd"),
    [
        ("momentum", {"optimizer", "leaves", "steps"}), ("mlp_training", {"optimizer", "leaves", "zero"}), ("newton", {"loss", "optimizer", "zero"}),
        ("optim_groups", {"leaves"}), ("early_stop", {"stop"}), ("linear_regression", set()), ("optim_sgd", set()), ("batches", {"optimizer", "leaves"}),
    ],
)  # fmt: skip
def test_loops_written_in_other_ways_are_told_and_left_alone(name: str, odd: set[str]) -> None:
    document = parse((ROOT / f"tests/golden/scripts/{name}.py").read_text("utf-8"))
    known = read_training(document)
    assert known is not None
    assert set(known.odd) >= odd
    assert bool(known.odd) == bool(odd)
    if "optimizer" in odd:
        with pytest.raises(Refused, match="left as it is written"):
            edit.set_optimizer(SGD)(document)


def any_edit(rng: random.Random, document: Document) -> Edit:
    keys = [key for key, node in document.nodes.items() if node.name] or list(document.nodes)
    leaves = [wire.node or "" for wire in trained(document)] or [rng.choice(keys)]
    some, data = (
        rng.sample(leaves, rng.randint(1, len(leaves))),
        [key for key in keys if document.nodes[key].name in ("x", "y", "X")],
    )
    return rng.choice([
        edit.add_training(rng.choice([None, rng.choice(keys)]), rng.choice([None, some]), rng.choice([SGD, HAND, "torch.optim.Adam"])),
        edit.set_optimizer(rng.choice([HAND, "torch.optim.Adam", SGD])), edit.set_leaves(rng.choice([some, [rng.choice(keys)]])),
        edit.set_loss(rng.choice(keys)), edit.set_number(rng.choice(["rate", "decay", "steps", "clip_at", "stop_at", "batch"]), rng.choice([0.3, 2])),
        edit.set_zero(rng.choice(POLICIES)), edit.set_clip(rng.choice(["", "norm", "value"])), edit.set_stop(rng.choice([None, 0.1])),
        edit.set_scheduler(rng.choice(["", SCHEDULE + "OneCycleLR", SCHEDULE + "ReduceLROnPlateau"])),
        edit.set_batches(rng.choice([data, [rng.choice(keys)]]), rng.choice([0, 2]), rng.random() < 0.5),
    ])  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_asked_of_whatever_document_leaves_one_that_is_as_sound(seed: int) -> None:
    rng = random.Random(seed)
    lessons = sorted((ROOT / "resources/lessons").rglob("*.guigrad"))
    scripts = sorted((ROOT / "tests/golden/scripts").glob("*.py"))
    done = 0
    for path in (*rng.sample(lessons, 6), *rng.sample(scripts, 6)):
        document = file.read(path.read_bytes()) if path.suffix == ".guigrad" else parse(path.read_text("utf-8"))
        for _ in range(8):
            try:
                diff = any_edit(rng, document)(document)
            except Refused:
                continue
            new = diff.apply(document)
            known = {problem.message for problem in check(document)}
            assert not [one for one in check(new) if one.severity == "error" and one.message not in known]
            assert diff.inverse().apply(new) == document
            again = parse(emit(new))
            assert not [one for one in again.problems if one.severity == "error" and not document.problems]
            if (
                not document.problems and "choice" not in path.stem
            ):  # there a name may have no value, and `if … else` says so
                assert again.canonical() == new.canonical(), emit(new)
            document = new
            done += 1
    assert done > 3
