"""Which sources a gradient could reach, whatever lies between."""

from __future__ import annotations

import pytest

from guigrad.engine.play import Engine
from guigrad.engine.upstream import sources_above
from guigrad.source.parse.parser import parse

HEAD = "import torch\na = torch.ones(2)\nb = torch.rand(2)\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("y = (a * b).sum()\n", ["a", "b"]),
        ("y = (a.detach() * b).sum()\n", ["b"]),
        ("y = (torch.zeros_like(a) + b).sum()\n", ["b"]),
        ("with torch.no_grad():\n    c = a * 2\ny = (c * b).sum()\n", ["b"]),
        ("y = (a > 0) * b\n", ["b"]),
        ("y = torch.arange(3).sum()\n", []),
        ("y = a\nfor i in range(2):\n    y = y * b\n", ["a", "b"]),
        ("for x in a:\n    y = x * b\nz = y\n", ["b", "a"]),
    ],
)
def test_only_what_a_gradient_reaches(code: str, expected: list[str]) -> None:
    engine = Engine(parse(HEAD + code))
    engine.forward()
    last = "z" if "z =" in code else "y"
    place = engine.names.find(last)
    assert place is not None
    found = [engine.label(key) for key in sources_above(engine.document, place[0], engine.plan.read)]
    assert found == expected
