"""Functions as text: what they compute is what Python computes, to the bit; what is anything else is refused."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from guigrad.document import file
from guigrad.document.check import check
from guigrad.document.decode import read_value
from guigrad.ops.lambdas import LambdaError, function, normal
from guigrad.source.emit import emit
from guigrad.source.parse.parser import parse

GOOD = [
    "lambda epoch: 0.95 ** epoch", "lambda e: 1 / (1 + 0.1 * e)", "lambda e: 0.5 * (1 + math.cos(math.pi * e / 20))", "lambda e: -e + 3 // 2 % 5",
    "lambda e: 1.0 if e < 3 else 0.1 if 3 <= e < 6 else 0.01", "lambda e: max(0.1, 1 - e / 10) * (e > 2 and e < 9 or 0.5)", "lambda e: not e",
    "lambda e: round(math.sqrt(e), 2) + int(2.5) - abs(-e)", "lambda _: 1", "lambda e: 2 ** (-e)",
]  # fmt: skip
BAD = [
    "lambda e: __import__('os')", "lambda e: e.real", "lambda e: open('x')", "lambda e: [e]", "lambda e: (lambda f: f)(e)", "lambda e: 'a'",
    "lambda e: steps", "lambda: 1", "lambda e, f: 1", "lambda e=1: e", "lambda *e: 1", "lambda e: math.factorial(e)", "lambda e: math.cos", "lambda e: print(e)",
    "lambda e: e\nimport os", "lambda e: e; 1", "lambda e: (x := e)", "lambda e: min(e, key=abs)", "1", "lambda e: " + "-" * 3000 + "e", "lambda e: 1j",
    "lambda e: " + "(" * 90 + "e" + ")" * 90 + " @ e", "lambda e: math", "lambda e: math.pi()",
]  # fmt: skip


@pytest.mark.parametrize("text", GOOD)
def test_it_computes_what_python_computes(text: str) -> None:
    ours, python = function(text), eval(text, {"math": math})
    for number in range(12):
        assert repr(ours(number)) == repr(python(number))
    assert normal(text) == text


@pytest.mark.parametrize("text", BAD)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(LambdaError):
        function(text)
    with pytest.raises(LambdaError):
        normal(text)


def test_whole_numbers_do_not_grow_without_end() -> None:
    with pytest.raises(OverflowError):
        function("lambda e: 9 ** 9 ** 9")(1)


def test_files_hold_them_and_nothing_that_is_none(tmp_path: Path) -> None:
    source = (
        "import math\n\nimport torch\n\nw = torch.ones(1, requires_grad=True)\noptimizer = torch.optim.SGD([w], lr=0.1)\n"
        "s = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda e: math.exp(-e))\n"
    )
    document = parse(source)
    assert (document.problems, check(document), emit(document)) == ((), (), source)
    file.save(document, tmp_path / "one.guigrad")
    assert file.read((tmp_path / "one.guigrad").read_bytes()).canonical() == document.canonical()

    class Reading:
        def tell(self, *_: object) -> None:
            """What is not understood."""

    for text in BAD:
        found = read_value({"sym": text}, Reading(), "n")  # type: ignore[arg-type]  # only told
        assert "import os" not in getattr(found, "path", "").partition("{")[0]
