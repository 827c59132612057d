"""Landscapes against plain torch: the same bits at every point, and nothing of the session changed."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from guigrad.engine.directions import normalised
from guigrad.engine.play import Engine
from guigrad.engine.questions import answer
from guigrad.engine.values import array_of, tensor_of
from guigrad.run.landscape import AskLandscape, Landscape
from guigrad.run.training import Train
from guigrad.source.parse.parser import parse

SCRIPTS = Path(__file__).resolve().parent.parent / "golden" / "scripts"
WHOLE = [
    "adam_by_hand", "bigram", "clip_and_schedule", "data_attribute", "functions", "linear_regression", "logistic_regression", "mlp_training",
    "momentum", "newton_second_order", "optim_adam_scheduler", "optim_groups", "optim_sgd", "polynomial_fit",
]  # fmt: skip
"""Scripts whose loss is made from all data in each step."""
VALLEY = """
import torch
x = torch.tensor(-1.5, requires_grad=True)
y = torch.tensor(2.0, requires_grad=True)
opt = torch.optim.SGD([x, y], lr=0.001)
for step in range(40):
    loss = (1 - x) ** 2 + 100 * (y - x**2) ** 2
    opt.zero_grad()
    loss.backward()
    opt.step()
"""
NET = """
import torch
import torch.nn.functional as F
torch.manual_seed(3)
X = torch.randn(8, 2)
t = torch.randn(8, 1)
w = torch.randn(2, 5, requires_grad=True)
v = torch.nn.Parameter(torch.randn(1, 5))
b = torch.zeros(5, requires_grad=True)
n = torch.arange(3)
h = F.dropout(torch.tanh(X @ w + b), 0.3)
h[0] *= 2
parts = []
for k in range(2):
    parts.append(F.linear(h, v) * (k + 1))
loss = ((sum(parts) - t) ** 2).mean()
far = torch.zeros(3, requires_grad=True)
many = w * 2
"""


def engine_of(text: str, *verbs: str) -> Engine:
    document = parse(text)
    assert not document.problems
    engine = Engine(document)
    for verb in verbs:
        getattr(engine, verb)()
    return engine


def asked(engine: Engine, **what: object) -> Landscape:
    found = answer(engine, AskLandscape(**{"seconds": 100.0, **what}))  # type: ignore[arg-type]  # as the record has them
    assert isinstance(found, Landscape)
    return found


def message(engine: Engine, **what: object) -> str:
    found = asked(engine, **what)
    assert found.problems
    return found.problems[0].message


@pytest.mark.parametrize("name", WHOLE)
def test_the_loss_here_is_that_of_the_next_step_to_the_bit(name: str) -> None:
    engine = engine_of((SCRIPTS / f"{name}.py").read_text("utf-8"))
    engine.train(Train(2))
    found = asked(engine)
    along = asked(engine, kind="random", points=((0.0, 0.0),))
    assert not found.problems
    engine.train(Train(1))
    assert engine.value(found.of).item() == found.loss
    if name != "linear_regression":  # its parameters begin at zero, and directions have their size
        assert along.values == (along.loss,) == (found.loss,)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.floats(-3, 3, width=32), st.floats(-3, 3, width=32)), min_size=1, max_size=9))
def test_points_are_those_of_plain_torch(points: list[tuple[float, float]]) -> None:
    found = asked(engine_of(VALLEY, "forward"), points=tuple(points))
    for (a, b), value in zip(points, found.values, strict=True):
        x, y = torch.tensor(a), torch.tensor(b)
        assert value == ((1 - x) ** 2 + 100 * (y - x**2) ** 2).item()


def test_two_entries_are_the_axes_and_the_key_knows_what_else_counts() -> None:
    engine = engine_of(VALLEY, "forward")
    found = asked(engine)
    assert (found.of, found.here, found.loss) == ("loss", (-1.5, 2.0), 12.5)
    assert found.x is not None
    assert found.y is not None
    assert (found.x.name, found.y.name) == ("x", "y")
    engine.train(Train(5))
    later = asked(engine)
    assert later.here != found.here
    assert later.key == found.key  # two entries are all there is: the surface is the same
    assert asked(engine_of(VALLEY.replace("100", "50"), "forward")).key != found.key
    net = engine_of(NET, "forward")
    before = asked(net, x="w[0, 0]", y="b[1]").key
    assert asked(net, x="w[0, 0]", y="b[2]").key != before
    net.value("w").data[1, 1] += 1  # another entry moved
    assert asked(net, x="w[0, 0]", y="b[1]").key != before


def test_dropout_lists_loops_and_in_place_ops_are_played_as_in_the_frame() -> None:
    engine = engine_of(NET, "run")
    kept = {key: tensor.clone() for key, tensor in engine.state.leaves().items()}
    random, loss = torch.get_rng_state(), engine.value("loss").item()
    found = asked(engine_of(NET, "run"), x="w[0, 3]", y="v[0, 4]", of="loss")
    engine_of(NET, "forward")
    assert found.random
    twice = asked(engine, x="w[0, 3]", y="v[0, 4]", of="loss", points=((0.5, 0.25), (0.5, 0.25)))
    assert twice.values[0] == twice.values[1]  # the same masks
    assert torch.equal(random, torch.get_rng_state())
    assert engine.value("loss").item() == loss
    assert all(torch.equal(kept[key], tensor) for key, tensor in engine.state.leaves().items())


def test_directions_have_the_norms_of_the_weights() -> None:
    found = asked(engine_of(NET, "forward"), kind="random", seed=7, of="loss", points=((0.5, -0.25),))
    plane = found.plane
    assert plane is not None
    names = {leaf.id: leaf.name for leaf in found.leaves}
    parts = {names[key]: at for at, key in enumerate(plane.leaves)}
    w, d = tensor_of(plane.origin[parts["w"]]), tensor_of(plane.first[parts["w"]])
    assert torch.allclose(d.norm(dim=0), w.norm(dim=0))  # w stands at the right of @: its columns are the units
    v, e = tensor_of(plane.origin[parts["v"]]), tensor_of(plane.second[parts["v"]])
    assert torch.allclose(e.norm(dim=1), v.norm(dim=1))
    assert tensor_of(plane.first[parts["b"]]).norm() == 0  # it is zero
    again = asked(engine_of(NET, "forward"), kind="random", seed=7, of="loss")
    other = asked(engine_of(NET, "forward"), kind="random", seed=8, of="loss")
    assert again.plane == plane
    assert other.plane != plane
    filters = torch.randn(4, 3, 2, 2)
    assert torch.allclose(normalised(torch.randn(4, 3, 2, 2), filters).flatten(1).norm(dim=1), filters.flatten(1).norm(dim=1))  # fmt: skip


def test_a_plane_is_kept_while_the_parameters_move_on_it() -> None:
    engine = engine_of(VALLEY, "forward")
    plane = asked(engine, kind="random", seed=1).plane
    assert plane is not None
    first, second = ([tensor_of(part) for part in parts] for parts in (plane.first, plane.second))
    with torch.no_grad():
        for name, along, across in zip("xy", first, second, strict=True):
            engine.value(name).data += 0.5 * along - 0.25 * across
    found = asked(engine, kind="random", plane=plane, points=((0.5, -0.25),))
    assert found.here == pytest.approx((0.5, -0.25), abs=1e-5)
    assert found.loss == pytest.approx(found.values[0])


def test_pca_directions_are_those_of_the_path() -> None:
    engine = engine_of(VALLEY, "forward")
    assert "trajectory" in message(engine, kind="pca")
    steps = torch.tensor([[0.0, 0.0], [3.0, 0.1], [6.0, -0.1], [9.0, 0.0]])
    leaves = asked(engine).leaves
    path = tuple((leaf.id, array_of(steps[:, at].clone())) for at, leaf in enumerate(leaves))
    found = asked(engine, kind="pca", path=path).plane
    assert found is not None
    assert found.explained
    assert found.explained[0] > 0.9
    assert sum(found.explained) == pytest.approx(1.0)
    straight = tuple(
        (leaf.id, array_of(torch.arange(4.0) + now)) for leaf, now in zip(leaves, (-1.5, 2.0), strict=True)
    )
    assert "straight line" in message(engine, kind="pca", path=straight)


def test_time_is_kept_and_refused_points_are_nan() -> None:
    text = VALLEY.replace("loss = ", "assert x < 1\n    loss = ")
    engine = engine_of(VALLEY.replace("(1 - x) ** 2", "torch.log(x)"), "forward")
    found = asked(engine, points=((-1.0, 0.0), (0.0, 0.0), (1.0, 1.0)))
    assert math.isnan(found.values[0])
    assert found.values[1:] == (-math.inf, 0.0)
    assert len(asked(engine, points=((1.0, 1.0),) * 100_000, seconds=0.0).values) == 1
    assert not asked(engine_of(text, "forward")).problems
    odd = engine_of("import torch\nw = torch.ones(2, requires_grad=True)\nloss = torch.linalg.inv(torch.diag(w)).sum()\n", "forward")  # fmt: skip
    found = asked(odd, points=((0.0, 1.0), (1.0, 1.0)))
    assert math.isnan(found.values[0])
    assert found.values[1] == 2.0
    assert "singular" in found.error


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ({"x": "n[0]", "y": "b[0]"}, "int64"),
        ({"x": "w[0]", "y": "b[0]"}, "2 × 5"),
        ({"x": "w[0, 9]", "y": "b[0]"}, "no entry"),
        ({"x": "w[a]", "y": "b[0]"}, "no node"),
        ({"x": "nothing", "y": "b[0]"}, "no node 'nothing'"),
        ({"x": "h[0, 0]", "y": "b[0]"}, "computed"),
        ({"x": "far[0]", "y": "b[0]"}, "does not depend on far"),
        ({"x": "b[1]", "y": "b[-4]"}, "both axes"),
        ({"of": "many"}, "10 numbers"),
        ({"of": "gone"}, "no node 'gone'"),
        ({"of": "n"}, "of 3 numbers"),
    ],
)
def test_what_cannot_be_is_said(what: dict[str, object], expected: str) -> None:
    assert expected in message(engine_of(NET, "forward"), **{"of": "loss", **what})


def test_programs_without_a_landscape() -> None:
    assert "nothing here" in message(Engine())
    assert "not run" in message(engine_of(VALLEY))
    assert "No floating-point leaf" in message(
        engine_of("import torch\nn = torch.arange(3)\nloss = n.sum().float()\n", "forward")
    )
    assert "no loss" in message(engine_of("import torch\nw = torch.ones(3, requires_grad=True)\nl = w**2\n", "forward"))
    assert "Several" in message(
        engine_of("import torch\nw = torch.ones(3, requires_grad=True)\na = w.sum()\nb = w.mean()\n", "forward")
    )
    with_grad = "import torch\nw = torch.ones(3, requires_grad=True)\ny = (w**2).sum()\ny.backward()\nloss = (w * w.grad).sum()\n"
    assert "reads a .grad" in message(engine_of(with_grad, "run"), of="loss")
    buffer = "import torch\nw = torch.ones(2, requires_grad=True)\nbuf = torch.zeros(2)\nfor i in range(3):\n    buf.data += w.detach()\n    loss = (buf * w).sum()\n    loss.backward()\n"
    assert "in place" in message(engine_of(buffer, "forward"))


def test_along_one_entry() -> None:
    engine = engine_of("import torch\nw = torch.tensor([3.0], requires_grad=True)\nloss = ((w - 1) ** 2).sum()\n", "forward")  # fmt: skip
    points = ((0.0, 0.0), (0.3, 7.0), (-2.0, 0.0))
    for kind in ("entries", "line"):
        found = asked(engine, kind=kind, points=points, seconds=10.0)
        assert found.x is not None
        assert (found.x.name, found.y, found.here) == ("w[0]", None, (3.0, 0.0))
        assert found.values == tuple(((torch.tensor([a]) - 1) ** 2).sum().item() for a, _ in points)
    net = engine_of(NET, "forward")
    one = asked(net, of="loss", kind="line", x="b[1]", points=((0.5, 0.0),))
    two = asked(net, of="loss", x="b[1]", y="b[2]", points=((0.5, 0.0),))
    assert one.x == two.x
    assert (one.y, len(one.values)) == (None, 1)
    other = asked(net, of="loss", x="w[0, 1]")  # the first of the others is taken for y
    assert other.y is not None
    assert other.y.name == "w[0, 0]"
