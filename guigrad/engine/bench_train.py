"""Training against the plain script, for ``guigrad bench train``: nothing recorded, the loss of each step recorded, everything recorded.

The scripts are written here, so compiling them is safe; nothing of a document is ever executed as text.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator

from msgspec import Struct

from guigrad.engine.bench import IMPORTS, Pair, scalars
from guigrad.engine.play import Engine
from guigrad.engine.unroll import HOT
from guigrad.run.recording import Recording
from guigrad.run.request import Want
from guigrad.run.training import Train
from guigrad.source.parse.parser import parse

SEEN = 200
"""So many cards are in view."""


class Lesson(Struct, frozen=True):
    """What is trained: the lines before the loop, those of a step, how many steps make a round (what a slice of the window has); goals with all recorded."""

    name: str
    leaves: str
    step: str
    steps: int
    full: float

    @property
    def source(self) -> str:
        """The script."""
        return f"{IMPORTS}{self.leaves}for step in range(1000000):\n{textwrap.indent(self.step, '    ')}"


def small_net() -> Lesson:
    """2-2-1 on the four points of XOR."""
    leaves = (
        "torch.manual_seed(0)\nX = torch.tensor([[0., 0.], [0., 1.], [1., 0.], [1., 1.]])\ny = torch.tensor([[0.], [1.], [1.], [0.]])\n"
        "w1 = torch.randn(2, 2, requires_grad=True)\nb1 = torch.zeros(2, requires_grad=True)\n"
        "w2 = torch.randn(2, 1, requires_grad=True)\nb2 = torch.zeros(1, requires_grad=True)\n"
        "opt = torch.optim.SGD([w1, b1, w2, b2], lr=0.1)\n"
    )
    step = (
        "h = torch.tanh(X @ w1 + b1)\np = torch.sigmoid(h @ w2 + b2)\nloss = ((p - y) ** 2).mean()\n"
        "opt.zero_grad()\nloss.backward()\nopt.step()\n"
    )
    return Lesson("2-2-1 net", leaves, step, 300, 1.6)


def digits() -> Lesson:
    """An MLP 64-32-10 on batches of 64, as of 8×8 digits."""
    leaves = (
        "torch.manual_seed(0)\nX = torch.randn(64, 64)\ny = torch.randint(10, (64,))\n"
        "w1 = (torch.randn(64, 32) / 8).requires_grad_()\nb1 = torch.zeros(32, requires_grad=True)\n"
        "w2 = (torch.randn(32, 10) / 6).requires_grad_()\nb2 = torch.zeros(10, requires_grad=True)\n"
        "opt = torch.optim.Adam([w1, b1, w2, b2], lr=0.001)\n"
    )
    step = "h = torch.relu(X @ w1 + b1)\nloss = F.cross_entropy(h @ w2 + b2, y)\nopt.zero_grad()\nloss.backward()\nopt.step()\n"
    return Lesson("MLP 64-32-10", leaves, step, 150, 1.6)


def graph(count: int) -> Lesson:
    """A chain of so many ops on numbers, as micrograd has them."""
    work = scalars(count)
    names = ", ".join(work.names)
    step = f"{work.step}{work.root}.backward()\nopt.step()\nopt.zero_grad()\n"
    return Lesson(f"{count:,} scalars", f"{work.leaves}opt = torch.optim.SGD([{names}], lr=0.0001)\n", step, 2, 1.8)


def plain(lesson: Lesson) -> Callable[[], object]:
    """A round of steps as a script plays them."""
    body = textwrap.indent(lesson.step, " " * 12)
    text = f"{IMPORTS}def run():\n{textwrap.indent(lesson.leaves, '    ')}    while True:\n        for step in range({lesson.steps}):\n{body}        yield\n"
    variables: dict[str, Callable[[], Iterator[None]]] = {}
    exec(compile(text, "<lesson>", "exec"), variables)
    course = variables["run"]()
    return lambda: next(course)


def trained(lesson: Lesson, record: str) -> Callable[[], object]:
    """The same round as a training of the document: nothing recorded, "scalars", "window" (what a slice of the window records: its numbers, a frame and
    a moment of its last step) or "all".
    """
    document = parse(lesson.source)
    assert not document.problems, document.problems
    engine = Engine(document)
    if record == "all":
        verb = Train(lesson.steps, every=True)
    elif record == "scalars":
        verb = Train(lesson.steps, xray=False)
    elif record == "window":
        verb = Train(lesson.steps, keep=True)
    else:
        verb = Train(lesson.steps, watch=(), xray=False, on_nan=False)
    recording, seen = Recording(document), Want(tuple(document.nodes)[:SEEN])

    def play() -> None:
        told = engine.train(verb)
        if record:
            recording.add(told)
        if record == "window":
            recording.add_frame(told.step, engine.frame(seen))

    for _ in range(1 + HOT // lesson.steps):  # as it runs on: written out
        play()
    assert not engine.problems, engine.problems
    return play


def pairs(quick: bool = False) -> Iterator[Pair]:
    """The comparisons."""
    for lesson in (small_net(), digits(), graph(1_000 if quick else 10_000)):
        rounds = 20 if lesson.steps < 10 else 60
        yield f"{lesson.name}: training, nothing recorded", plain(lesson), trained(lesson, ""), 1.05, rounds
        yield f"{lesson.name}: the loss of each step recorded", plain(lesson), trained(lesson, "scalars"), 1.08, rounds
        yield (
            f"{lesson.name}: recorded as the window does",
            plain(lesson),
            trained(lesson, "window"),
            lesson.full,
            rounds,
        )
        yield f"{lesson.name}: x-ray and tape of each step", plain(lesson), trained(lesson, "all"), lesson.full, rounds
