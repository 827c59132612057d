"""Landscapes against plain torch, for ``guigrad bench landscape``: the loss at 64 × 64 points, by a loop that a person would write.

The scripts are written here, so compiling them is safe; nothing of a document is ever executed as text.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from typing import Final

from guigrad.engine.bench import IMPORTS, Pair
from guigrad.engine.play import Engine
from guigrad.engine.questions import answer
from guigrad.run.landscape import AskLandscape, Landscape
from guigrad.source.parse.parser import parse

SIDE: Final = 64
GOAL: Final = 1.5
VALLEY: Final = ("x = torch.tensor(-1.5)\ny = torch.tensor(2.0)\n", "loss = (1 - x) ** 2 + 100 * (y - x**2) ** 2\n")
FIT: Final = (
    "torch.manual_seed(0)\nX = torch.randn(200, 1)\nt = 3 * X - 1\nx = torch.tensor(0.0)\ny = torch.tensor(0.0)\n",
    "loss = torch.nn.functional.mse_loss(x * X + y, t)\n",
)


def points(side: int = SIDE) -> tuple[tuple[float, float], ...]:
    """A grid over the plane."""
    return tuple((-2 + 4 * i / side, -1 + 4 * j / side) for i in range(side) for j in range(side))


def plain(leaves: str, step: str, side: int) -> Callable[[], object]:
    """The loop of a script."""
    body = textwrap.indent(f"x.fill_(a)\ny.fill_(b)\n{step}found.append(loss.item())\n", "            ")
    text = (
        f"{IMPORTS}def run(points):\n{textwrap.indent(leaves, '    ')}    found = []\n    with torch.no_grad():\n"
        f"        for a, b in points:\n{body}    return found\n"
    )
    variables: dict[str, Callable[[object], list[float]]] = {}
    exec(compile(text, "<landscape>", "exec"), variables)
    grid = points(side)
    return lambda: variables["run"](grid)


def asked(leaves: str, step: str, side: int) -> Callable[[], object]:
    """The same points asked of a document."""
    engine = Engine(parse(IMPORTS + leaves + step))
    engine.forward()
    question = AskLandscape(x="x", y="y", points=points(side), seconds=1e9)

    def ask() -> object:
        found = answer(engine, question)
        assert isinstance(found, Landscape)
        assert not found.problems, found.problems
        return list(found.values)

    return ask


def pairs(quick: bool = False) -> Iterator[Pair]:
    """The comparisons."""
    side = SIDE // 2 if quick else SIDE
    for name, (leaves, step) in (("Rosenbrock", VALLEY), ("a line through 200 points", FIT)):
        theirs, ours = plain(leaves, step, side), asked(leaves, step, side)
        assert theirs() == ours(), name
        yield f"{name}: the loss at {side} × {side} points", theirs, ours, GOAL, 12
