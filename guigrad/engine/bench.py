"""The engine against straight-line torch scripts, for ``guigrad bench``: pairs of the same work done both ways.

The scripts are written here, so compiling them is safe; nothing of a document is ever executed as text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from msgspec import Struct

from guigrad.document.diff import Diff
from guigrad.document.model import Document, Node
from guigrad.engine.build import Plan
from guigrad.engine.hessian import hessian
from guigrad.engine.jacobian import jacobian
from guigrad.engine.play import Engine
from guigrad.run.frame import Frame
from guigrad.run.request import Edit, Forward, Load, Want
from guigrad.run.runner import ProcessRunner
from guigrad.source.parse.parser import parse

Pair = tuple[str, Callable[[], object], Callable[[], object], float | None, int]
"""What is compared, the baseline, ours, how many times the baseline ours may take, and how many rounds."""

IMPORTS = "import torch\nimport torch.nn.functional as F\n"
XRAY_GOALS = (2.0, 1.8, 1.2, 1.6)


class Workload(Struct, frozen=True):
    """A computation as text: what makes its leaves once, the lines of one step, the root of its backward."""

    name: str
    leaves: str
    step: str
    root: str

    @property
    def names(self) -> list[str]:
        """The leaves that require a gradient."""
        return [line.split(" = ")[0] for line in self.leaves.splitlines() if "requires_grad" in line]

    @property
    def document(self) -> Document:
        """The computation without its backward."""
        return parse(f"{IMPORTS}{self.leaves}{self.step}")

    @property
    def training(self) -> str:
        """The lines of one training step: forward, backward, gradients to None."""
        return "".join([self.step, f"{self.root}.backward()\n", *(f"{name}.grad = None\n" for name in self.names)])


def scalars(count: int) -> Workload:
    """A chain of ``count`` ops on numbers."""
    leaves = "a = torch.tensor(0.5, requires_grad=True)\nb = torch.tensor(1.5, requires_grad=True)\n"
    kinds = ("{} * a", "{} + b", "torch.tanh({})", "{} - a")
    lines = ["v0 = a * b\n"]
    lines += [f"v{i} = {kinds[i % 4].format(f'v{i - 1}')}\n" for i in range(1, count)]
    return Workload(f"{count:,} scalars", leaves, "".join(lines), f"v{count - 1}")


def mlp(batch: int = 64) -> Workload:
    """A network 784-256-10 with its loss."""
    leaves = (
        f"x = torch.randn({batch}, 784)\n"
        f"target = torch.randint(10, ({batch},))\n"
        "W1 = torch.randn(784, 256, requires_grad=True)\n"
        "b1 = torch.zeros(256, requires_grad=True)\n"
        "W2 = torch.randn(256, 10, requires_grad=True)\n"
        "b2 = torch.zeros(10, requires_grad=True)\n"
    )
    step = "p1 = x @ W1\nh = p1 + b1\na = torch.relu(h)\np2 = a @ W2\ny = p2 + b2\nloss = F.cross_entropy(y, target)\n"
    return Workload("MLP 784-256-10", leaves, step, "loss")


def small_tensors(count: int = 100, size: int = 16) -> Workload:
    """A chain of ops on small matrices."""
    leaves = f"A = torch.randn({size}, {size}, requires_grad=True)\n"
    kinds = ("{} @ A", "torch.tanh({})", "{} + A", "{} * 0.5")
    lines = ["v0 = A * 1.5\n"]
    lines += [f"v{i} = {kinds[i % 4].format(f'v{i - 1}')}\n" for i in range(1, count - 1)]
    return Workload(f"{count} ops {size}×{size}", leaves, "".join(lines) + f"loss = v{count - 2}.sum()\n", "loss")


def straight_line(work: Workload) -> Callable[[], object]:
    """One training step as a plain script does it; every value is kept till its end."""
    return _compiled(work.leaves, work.training)


def planned(work: Workload) -> Callable[[], object]:
    """The same step as a document's plan, nothing recorded. Its leaves are made by a first run of their own."""
    steps = 10
    body = "".join(f"    {line}\n" for line in work.training.splitlines())
    document = parse(f"{IMPORTS}{work.leaves}for step in range({steps}):\n{body}")
    assert not document.problems, document.problems
    return Plan(document).run


def looped(work: Workload) -> Callable[[], object]:
    """What ``planned`` is compared with: the same leaves and the same ten steps as a plain script."""
    body = "".join(f"    {line}\n" for line in work.training.splitlines())
    return _compiled("", f"{work.leaves}for step in range(10):\n{body}")


def recorded(work: Workload) -> Callable[[], object]:
    """One training step by the verbs of a session, with the x-ray and the tape of every gradient."""
    engine = Engine(work.document)
    document = work.document
    assert not document.problems, document.problems

    def step() -> None:
        engine.forward()
        engine.backward([work.root], xray=True)
        engine.zero_grad()

    step()
    assert not engine.problems, engine.problems
    assert engine.tape is not None or engine.state.order
    return step


def pairs(quick: bool = False) -> Iterator[Pair]:
    """The comparisons of torch-facts, one after the other."""
    works = [scalars(1_000), scalars(10_000), mlp(), small_tensors()]
    for work in works:
        yield f"{work.name}: training, nothing recorded", looped(work), planned(work), 1.05, 30
    for work, goal in zip(works, XRAY_GOALS, strict=True):
        yield f"{work.name}: training with x-ray and tape", straight_line(work), recorded(work), goal, 40
    yield from _incremental()
    yield from _derivatives()
    yield from _child()


def _derivatives() -> Iterator[Pair]:
    """J of a map from so many to so many numbers and the Hessian of a scalar of it, against torch's own fastest ways to them."""
    for count, goal in ((64, None), (256, 1.1)):  # of 64 torch itself takes no longer than the answer's own record
        yield f"J of {count} by {count} entries against vmap over the graph", *_rows_of(count), goal, 60
    engine, x, w = _map(64)

    def scalar(at: torch.Tensor) -> torch.Tensor:
        return torch.tanh(w @ torch.tanh(w @ at)).square().sum()

    def plain() -> object:
        return torch.func.hessian(scalar)(x.detach())

    yield "Hessian by 64 entries against torch.func", plain, lambda: hessian(engine, "loss", "x"), 1.1, 60


def _map(count: int) -> tuple[Engine, torch.Tensor, torch.Tensor]:
    leaves = (
        f"torch.manual_seed(0)\nx = torch.randn({count}, requires_grad=True)\nW = torch.randn({count}, {count}) / 8\n"
    )
    engine = Engine(parse(f"{IMPORTS}{leaves}y = torch.tanh(W @ torch.tanh(W @ x))\nloss = y.square().sum()\n"))
    engine.forward()
    return engine, engine.value("x"), engine.value("W")


def _rows_of(count: int) -> tuple[Callable[[], object], Callable[[], object]]:
    engine, x, _ = _map(count)
    y, eye = engine.value("y"), torch.eye(count)

    def plain() -> object:
        return torch.func.vmap(lambda v: torch.autograd.grad(y, x, v, retain_graph=True)[0])(eye)

    return plain, lambda: jacobian(engine, "y", "x")


def _incremental() -> Iterator[Pair]:
    """An edit near the end of 1,000 nodes, whose 75 descendants are computed again."""
    engine = Engine(scalars(1_000).document)
    engine.forward()
    toggle = _Toggle(engine.document, "v925")

    def changed() -> None:
        engine.edit(toggle(), engine.revision + 1)
        engine.forward(partial=True)

    yield "1,000 scalars: an edit with 75 descendants against all anew", engine.forward, changed, 0.5, 40


def _child() -> Iterator[Pair]:
    """Edit to result: the engine alone, and through the child process with the frame of what is on a screen."""
    document = scalars(1_000).document
    seen = Want(tuple(list(document.nodes)[:60]))
    engine, toggle = Engine(document), _Toggle(document, "v1")
    runner, remote = ProcessRunner(), _Toggle(document, "v1")
    revision = 0

    def alone() -> Frame:
        engine.edit(toggle(), engine.revision + 1)
        engine.forward(partial=True)
        return engine.frame(seen)

    def through() -> Frame | None:
        nonlocal revision
        revision += 1
        runner.submit(Edit(remote(), revision - 1, revision))
        return runner.submit(Forward(partial=True), seen).result().frame

    try:
        runner.submit(Load(document)).result()
        runner.submit(Forward()).result()
        engine.forward()
        yield "1,000 scalars: edit to result, child against engine alone", alone, through, 1.3, 40
    finally:
        runner.close()


class _Toggle:
    """Changes one number of one node there and back."""

    def __init__(self, document: Document, name: str) -> None:
        self._node = next(node for node in document.nodes.values() if node.name == name)
        self._other = Node(self._node.id, "operator.add", (self._node.args[0], 0.25), (), name)

    def __call__(self) -> Diff:
        self._node, self._other = self._other, self._node
        return Diff(label="Change", nodes={self._node.id: (self._other, self._node)})


def _compiled(leaves: str, body: str) -> Callable[[], object]:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    variables: dict[str, Callable[[], object]] = {}
    exec(compile(f"{IMPORTS}{leaves}def step():\n{lines}", "<workload>", "exec"), variables)
    return variables["step"]
