"""Programs asked at points that are not their own, and parameters looked at in a training, against plain torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import guigrad
from guigrad.document.array import ArrayData
from guigrad.document.model import Document
from guigrad.engine.handler import Handler
from guigrad.engine.values import array_of
from guigrad.run.field import AskField, Field
from guigrad.run.fit import Finder, is_picture
from guigrad.run.frame import Frame
from guigrad.run.request import Ask, Load, Request
from guigrad.run.sketch import AskSketch, Sketch
from guigrad.run.training import Train

HEAD = "import torch\nimport torch.nn.functional as F\ntorch.manual_seed(0)\n"
NET = """w1 = torch.randn(2, 8, requires_grad=True)
w2 = torch.randn(8, 2, requires_grad=True)
opt = torch.optim.SGD([w1, w2], lr=0.1, momentum=0.9)
"""
STEP = "    opt.zero_grad()\n    loss.backward()\n    opt.step()\n"
BATCH = (
    HEAD
    + "X = torch.randn(40, 2)\ny = (X[:, 0] > 0).long()\n"
    + NET
    + """for step in range(50):
    idx = torch.randperm(40)[:8]
    xb = X[idx]
    out = torch.tanh(xb @ w1) @ w2
    loss = F.cross_entropy(out, y[idx])
"""
    + STEP
)
GRID = torch.rand(60, 2, generator=torch.Generator().manual_seed(1)) * 4 - 2


def bits(tensor: torch.Tensor) -> ArrayData:
    found = array_of(tensor.detach())
    assert found is not None
    return found


def trained(source: str, steps: int = 3) -> tuple[Document, Handler, Frame]:
    document = guigrad.parse(source)
    assert not document.problems, document.problems
    handler = Handler()
    handler.handle(Request(Load(document)))
    reply = handler.handle(Request(Train(steps)))
    assert reply.frame is not None
    assert not reply.problems, reply.problems
    return document, handler, reply.frame


def asked(handler: Handler, question: AskField) -> Field:
    found = handler.handle(Request(Ask(question))).answer
    assert isinstance(found, Field)
    return found


def values(found: Field) -> torch.Tensor:
    assert found.values is not None, found.reason
    return torch.from_numpy(np.array(found.values.numpy()))


def test_it_is_the_program_itself_bit_for_bit_and_training_does_not_notice() -> None:
    _, handler, _ = trained(BATCH)
    found = asked(handler, AskField("xb", "out", bits(GRID), data="X", targets="y", mark=7))
    w1, w2 = handler.engine.value("w1"), handler.engine.value("w2")
    assert torch.equal(values(found), torch.tanh(GRID @ w1) @ w2)
    assert (found.mixes, found.fixed, found.total, found.mark) == (False, 0, 40, 7)
    assert found.data is not None
    assert found.targets is not None
    assert found.data.shape == (40, 2)
    handler.handle(Request(Train(5)))
    _, other, _ = trained(BATCH, 8)
    assert torch.equal(handler.engine.value("w1"), other.engine.value("w1"))


def test_the_parameters_of_another_step_are_used_when_they_are_given() -> None:
    _, handler, frame = trained(BATCH)
    now = handler.engine.value("w1").detach().clone()
    key = frame["w1"].id
    question = AskField("xb", "out", bits(GRID), ((key, bits(torch.zeros(2, 8))),))
    assert torch.equal(values(asked(handler, question)), torch.zeros(60, 2))
    assert torch.equal(handler.engine.value("w1"), now)


CASES = {
    "regression": (
        "x = torch.linspace(-3, 3, 20).reshape(20, 1)\ny = torch.sin(x)\nw = torch.randn(1, 8, requires_grad=True)\n"
        "v = torch.randn(8, 1, requires_grad=True)\nfor i in range(9):\n    pred = torch.relu(x @ w) @ v\n"
        "    loss = ((pred - y) ** 2).mean()\n    loss.backward()\n    with torch.no_grad():\n        w -= 0.01 * w.grad\n"
        "        v -= 0.01 * v.grad\n    w.grad = None\n    v.grad = None\nprint(pred.shape)\n",
        ("linspace", "x", "pred@1", "y", False),
    ),
    "function": (
        "X = torch.tensor([[0., 0.], [0., 1.], [1., 0.], [1., 1.]])\ny = torch.tensor([0., 1., 1., 0.])\n"
        "w = torch.randn(2, 4, requires_grad=True)\nv = torch.randn(4, requires_grad=True)\ndef model(x):\n"
        "    h = torch.tanh(x @ w)\n    return h @ v\nopt = torch.optim.SGD([w, v], lr=0.1)\nfor i in range(9):\n"
        "    out = model(X)\n    loss = F.binary_cross_entropy_with_logits(out, y)\n" + STEP,
        ("X", "model/x", "out", "y", True),
    ),
    "scalars": (
        "x = torch.randn(30)\ny = 2 * x + 1\na = torch.tensor(0.5, requires_grad=True)\nopt = torch.optim.SGD([a], lr=0.1)\n"
        "for i in range(9):\n    loss = F.mse_loss(a * x, y)\n" + STEP,
        ("x", "x", "mul_2", "y", False),
    ),
    "layers": (
        "X = torch.randn(40, 2)\ny = torch.randint(0, 3, (40,))\n"
        "params = [torch.randn(2, 8, requires_grad=True), torch.randn(8, 3, requires_grad=True)]\n"
        "opt = torch.optim.Adam(params, lr=0.01)\nfor i in range(9):\n    h = X\n    for w in params:\n"
        "        h = torch.tanh(h @ w)\n    loss = F.cross_entropy(h, y)\n" + STEP,
        ("X", "h@1", "h", "y", False),
    ),
    "zipped": (
        "X = torch.randn(40, 2)\ny = torch.randint(0, 2, (40,))\nw = torch.randn(2, 2, requires_grad=True)\nfor epoch in range(3):\n"
        "    for xb, yb in zip(X.split(10), y.split(10)):\n        out = xb @ w\n        loss = F.cross_entropy(out, yb)\n"
        "        loss.backward()\n        with torch.no_grad():\n            w -= 0.1 * w.grad\n        w.grad = None\n",
        ("X", "xb", "out", "y", False),
    ),
    "epochs": (
        "X = torch.randn(40, 2)\ny = torch.randint(0, 2, (40,))\n" + NET + "for epoch in range(3):\n"
        "    perm = torch.randperm(40)\n    for i in range(0, 40, 10):\n"
        "        out = torch.tanh(X[perm[i:i + 10]] @ w1) @ w2\n        loss = F.cross_entropy(out, y[perm[i:i + 10]])\n"
        + STEP.replace("    opt", "        opt").replace("    loss", "        loss"),
        ("X", "getitem", "out", "y", False),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_is_fitted_is_found_and_can_be_asked(name: str) -> None:
    source, (data, start, end, targets, logits) = CASES[name]
    document, handler, frame = trained(HEAD + source)
    fit = Finder(document, frame).fit()
    assert fit is not None
    label = {key: record.label for key, record in frame.records.items()}
    found = (label[fit.data], label[fit.start], label[fit.end], label[fit.targets], fit.logits)
    assert found[0] == data
    assert found[3:] == (targets, logits)
    assert found[2] == end or name == "scalars"
    assert found[1] == start or name == "epochs"
    columns = (frame.records[fit.data].shape or ())[1:]
    points = GRID[:, :1] if not columns or columns == (1,) else GRID
    answer = asked(handler, AskField(fit.start, fit.end, bits(points), data=fit.data, targets=fit.targets))
    assert answer.reason == ""
    assert len(values(answer)) == 60
    assert not answer.mixes


def test_what_is_changed_in_place_on_the_way_is_the_points_own() -> None:
    source = HEAD + (
        "X = torch.randn(6, 2)\nw = torch.randn(2, 3, requires_grad=True)\nb = torch.randn(3)\nfor i in range(5):\n    xb = X[0:4]\n"
        "    xb *= 1.5\n    h = xb @ w\n    h += b\n    if h.shape[1] > 2:\n        h = h.relu_()\n    out = h * 2\n"
        "    loss = out.pow(2).mean()\n    loss.backward()\n"
    )  # fmt: skip
    document, handler, frame = trained(source)
    engine = handler.engine
    before, data = engine.value("X").clone(), GRID.clone()
    first = frame.labels["xb@1"]
    out = values(asked(handler, AskField(first, "out", bits(GRID))))
    expected = (GRID * 1.5) @ engine.value("w").detach()
    expected += engine.value("b")
    assert torch.equal(out, expected.relu() * 2)
    assert torch.equal(engine.value("X"), before)
    assert torch.equal(GRID, data)
    assert not asked(handler, AskField(first, "out", bits(GRID))).mixes
    assert Finder(document, frame).fit() is not None


def test_batches_of_one_size_and_rows_that_depend_on_each_other_are_told() -> None:
    fixed = HEAD + (
        "X = torch.randn(6, 2)\nnoise = torch.zeros(6, 1)\nw = torch.randn(2, 1, requires_grad=True)\nfor i in range(5):\n"
        "    out = X @ w + noise\n    loss = out.pow(2).mean()\n    loss.backward()\n"
    )  # fmt: skip
    _, handler, _ = trained(fixed)
    answer = asked(handler, AskField("X", "out", bits(GRID)))
    assert (answer.fixed, answer.reason) == (6, "")
    assert torch.equal(values(answer)[:6], GRID[:6] @ handler.engine.value("w").detach())
    mixed = fixed.replace("X @ w + noise", "(X - X.mean(0)) @ w")
    document, handler, frame = trained(mixed)
    assert asked(handler, AskField("X", "out", bits(GRID))).mixes
    fit = Finder(document, frame).fit()
    assert fit is not None
    later = Finder(document, frame).later(fit.start, fit.end)
    assert frame.records[later[0]].op == "operator.sub"


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("xb", "loss", "target batch_size"), ("y", "out", "does not depend"), ("xb", "nobody", "no node"),
        ("X", "out", "out of bounds"), ("w1", "out", "8 entries, not 2"), ("opt", "out", "does not depend"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_says_why(start: str, end: str, words: str) -> None:
    _, handler, _ = trained(BATCH)
    before = handler.engine.value("w1").detach().clone()
    answer = asked(handler, AskField(start, end, bits(GRID)))
    assert answer.values is None
    assert words in answer.reason
    assert torch.equal(before, handler.engine.value("w1"))
    assert not handler.handle(Request(Train(1))).problems


def test_nothing_has_run_and_leaves_edited_since() -> None:
    document = guigrad.parse(CASES["function"][0].join((HEAD, "")))
    handler = Handler()
    handler.handle(Request(Load(document)))
    assert "no value yet" in asked(handler, AskField("X", "out", bits(GRID), data="X")).reason
    handler.handle(Request(Train(2)))
    found = asked(handler, AskField("X", "", data="X", rows=(1, 3)))
    assert (found.total, found.data and found.data.tolist()) == (4, [[0.0, 1.0], [1.0, 0.0]])


def test_pictures_are_found() -> None:
    source = HEAD + (
        "X = torch.rand(20, 64)\ny = torch.randint(0, 10, (20,))\nW = torch.zeros(64, 10, requires_grad=True)\nfor i in range(5):\n"
        "    out = X @ W\n    loss = F.cross_entropy(out, y)\n    loss.backward()\n"
    )  # fmt: skip
    document, handler, frame = trained(source)
    assert Finder(document, frame).fit() is None
    fit = Finder(document, frame, is_picture).fit()
    assert fit is not None
    answer = asked(handler, AskField(fit.start, fit.end, data=fit.data, targets=fit.targets, rows=(0, 5)))
    assert values(answer).shape == (5, 10)
    assert answer.total == 20


# --- parameters ---


def test_norms_ratios_and_histograms_are_those_of_plain_torch() -> None:
    document = guigrad.parse(BATCH)
    handler = Handler()
    handler.handle(Request(Load(document)))
    reply = handler.handle(Request(Train(4, asks=(AskSketch(),))))
    assert reply.trained is not None
    sketch = reply.trained.answers[0]
    assert isinstance(sketch, Sketch)
    torch.manual_seed(0)
    X = torch.randn(40, 2)
    y = (X[:, 0] > 0).long()
    w = [torch.randn(2, 8, requires_grad=True), torch.randn(8, 2, requires_grad=True)]
    opt = torch.optim.SGD(w, lr=0.1, momentum=0.9)
    for _ in range(4):
        idx = torch.randperm(40)[:8]
        loss = F.cross_entropy(torch.tanh(X[idx] @ w[0]) @ w[1], y[idx])
        opt.zero_grad()
        loss.backward()
        before = [one.detach().clone() for one in w]
        opt.step()
    assert (sketch.step, [spot.label for spot in sketch.spots]) == (4, ["w1", "w2"])
    for spot, now, old in zip(sketch.spots, w, before, strict=True):
        assert now.grad is not None
        assert spot.grad_norm == pytest.approx(float(now.grad.norm()), rel=1e-6)
        assert spot.norm == pytest.approx(float(now.detach().norm()), rel=1e-6)
        assert spot.ratio == pytest.approx(float((now.detach() - old).norm() / old.norm()), rel=1e-5)
        counts = np.frombuffer(spot.value.counts, dtype=np.uint32)
        assert counts.sum() == now.numel()
        expected = torch.histc(now.detach().double(), len(counts))
        assert np.abs(np.cumsum(counts) - np.cumsum(expected.numpy())).max() <= 1
        assert (spot.value.low, spot.value.high) == (float(now.detach().min()), float(now.detach().max()))
    _, other, _ = trained(BATCH, 4)
    assert torch.equal(handler.engine.value("w1"), other.engine.value("w1"))


def test_emptied_gradients_are_heard_by_x_ray_and_nan_is_counted() -> None:
    source = HEAD + (
        "w = torch.tensor([1.0, 2.0], requires_grad=True)\nb = torch.tensor([0.0], requires_grad=True)\nfor i in range(9):\n"
        "    loss = (w * w).sum()\n    loss.backward()\n    with torch.no_grad():\n        w -= 0.1 * w.grad\n    w.grad = None\n"
    )  # fmt: skip
    handler = Handler()
    handler.handle(Request(Load(guigrad.parse(source))))
    for xray, known in ((True, True), (False, False)):
        told = handler.handle(Request(Train(1, asks=(AskSketch(),), xray=xray))).trained
        assert told is not None
        sketch = told.answers[0]
        assert isinstance(sketch, Sketch)
        if not sketch.spots:  # too soon after the last
            continue
        assert (sketch.spots[0].grad is not None) is known
        assert sketch.spots[1].grad is None
    told = handler.handle(Request(Train(phase=True, asks=(AskSketch(),)))).trained
    assert told is not None
    assert not told.boundary
    assert told.answers == (Sketch(),)
