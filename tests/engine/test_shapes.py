"""Shapes before a run: equal to the real ones, unknown where data decide, problems foreseen in torch's own words."""

from __future__ import annotations

import pytest

from guigrad.document.edit import set_value
from guigrad.document.store import Store
from guigrad.engine.handler import Handler
from guigrad.engine.memory import available_bytes, limited
from guigrad.engine.play import Engine
from guigrad.engine.shapes import UNKNOWN, Meta, Shapes, infer
from guigrad.run.request import Edit, Forward, Load, Look, Request
from guigrad.source.parse.parser import parse

SCRIPT = """
import torch
import torch.nn.functional as F
torch.manual_seed(0)
x = torch.randn(8, 6)
W = torch.randn(6, 4, requires_grad=True)
h = F.relu(x @ W + torch.zeros(4))
v, i = h.max(1)
p, q = torch.split(h, 4)
c = torch.cat([p, q], dim=1)
s = c.sum(0, keepdim=True).to(torch.float64)
y = x.clone()
y += 1
z = torch.tensor([[1, 2], [3, 4]]).T
for n in range(3):
    c = torch.cat([c, c])
with torch.no_grad():
    W2 = W * 2
e = torch.ones(3).expand(1000, 3)
"""


def test_inferred_shapes_and_dtypes_are_the_real_ones() -> None:
    document = parse(SCRIPT)
    metas = infer(document)
    engine = Engine(document)
    engine.forward()
    assert not engine.problems
    tensors = 0
    for key, record in engine.frame().records.items():
        if record.shape is not None:
            tensors += 1
            meta = metas[key]
            assert isinstance(meta, Meta)
            assert (meta.shape, meta.dtype) == (record.shape, record.dtype), key
    assert tensors > 20


def test_what_depends_on_data_is_unknown() -> None:
    document = parse("import torch\nx = torch.randn(5)\nm = x[x > 0]\nk = x.sum().item()\ny = m * 2\nz = x * 2\n")
    metas = infer(document)
    named = {node.name: metas.get(key) for key, node in document.nodes.items() if node.name}
    assert (named["m"], named["k"], named["y"]) == (UNKNOWN, UNKNOWN, UNKNOWN)
    assert isinstance(named["z"], Meta)
    assert not Shapes(document).problems()


@pytest.mark.parametrize(
    "line",
    [
        "torch.ones(2, 3) @ torch.ones(2, 3)",
        "torch.ones(2, 3) + torch.ones(2)",
        "torch.cat([torch.ones(2, 3), torch.ones(2, 2)])",
        "torch.ones(2, 3).view(4)",
        "torch.nn.functional.linear(torch.ones(2, 3), torch.ones(4, 5))",
    ],
)
def test_a_foreseen_failure_has_the_text_of_the_real_one(line: str) -> None:
    document = parse(f"import torch\ny = {line}\n")
    shapes = Shapes(document)
    shapes.work()
    (foreseen,) = shapes.problems().values()
    engine = Engine(document)
    engine.forward()
    (real,) = engine.problems
    assert (foreseen.message, foreseen.error, foreseen.node_id, foreseen.kind) == (
        real.message,
        real.error,
        real.node_id,
        real.kind,
    )


TOO_LARGE = [
    ("x = torch.randn(10**12)", "x"),
    ("a = torch.ones(10**6)\nx = a[:, None] + a", "x"),
    ("a = torch.ones(10**5)\nx = a.repeat(10**8)", "x"),
    ("x = torch.arange(0, 1, 1e-13)", "x"),
    ("x = torch.zeros(1).expand(10**12) + 1", "x"),
]


@pytest.mark.parametrize(("lines", "name"), TOO_LARGE)
def test_what_does_not_fit_is_refused_before_it_is_allocated(lines: str, name: str) -> None:
    engine = Engine(parse(f"import torch\n{lines}\n"))
    for verb in (engine.forward, engine.run):
        verb()
        problem = engine.problems[0]
        assert problem.kind == "memory"
        assert problem.node == name
        assert "GiB" in problem.message
        assert problem.message.startswith(f"{name} needs ")


@pytest.mark.parametrize(("lines", "name"), TOO_LARGE)
def test_what_will_not_fit_is_foreseen(lines: str, name: str) -> None:
    shapes = Shapes(parse(f"import torch\n{lines}\n"))
    shapes.work()
    (problem,) = shapes.problems().values()
    assert (problem.kind, problem.node) == ("memory", name)


def test_the_limit_is_lifted_again() -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_AS)
    with limited():
        assert resource.getrlimit(resource.RLIMIT_AS) != before
        with pytest.raises(MemoryError):
            bytearray(2 * available_bytes())
    assert resource.getrlimit(resource.RLIMIT_AS) == before


def test_frames_tell_shapes_of_what_has_not_run_and_follow_edits() -> None:
    handler = Handler()
    store = Store(parse("import torch\nx = torch.tensor([1.0, 2.0])\ny = x * torch.ones(2)\n"))

    def frame(verb: Load | Edit | Look | Forward) -> tuple[object, list[str]]:
        reply = handler.handle(Request(verb))
        assert reply.frame is not None
        return reply.frame["y"].shape, [problem.kind for problem in reply.problems]

    assert frame(Load(store.document)) == (None, [])
    handler.warm()
    assert frame(Look()) == ((2,), [])
    diff = set_value("x", [1.0, 2.0, 3.0])(store.document)
    assert frame(Edit(diff, 0, 1)) == (None, ["shape"])
    assert frame(Forward()) == (None, ["shape"])


def test_inference_stops_when_its_time_is_up_and_goes_on() -> None:
    lines = "".join(f"v{i + 1} = v{i} * 2\n" for i in range(300))
    shapes = Shapes(parse(f"import torch\nv0 = torch.tensor(1.0)\n{lines}"))
    assert not shapes.work(0.0)
    known = len(shapes.metas())
    assert known < 301
    assert shapes.work()
    assert len(shapes.metas()) == 301
