"""Integers that no machine can compute are refused, and nothing else is."""

from __future__ import annotations

import pytest

import guigrad


@pytest.mark.parametrize(
    "code",
    [
        "n = 10**10**10",
        "n = 10\nn **= 10**9",
        "n = -7 << 10**11",
        "k = 40\nn = 1\nn <<= 1 << k",
        "import math\nn = math.factorial(10**7)",
    ],
)
def test_an_endless_integer_is_refused_at_once(code: str) -> None:
    session = guigrad.Session(guigrad.parse(f"import torch\n{code}\nx = torch.ones(2)\n"))
    (problem,) = session.forward().problems
    assert "it is not computed" in problem.message
    assert problem.error == "OverflowError"
    assert session.tensor("x") is not None


def test_ordinary_integers_are_as_in_python() -> None:
    code = "import math\nprint(2**64, 1**10**10, (-1)**(10**9 + 1), 0**10**10, 2**-2, 0 << 10**11, math.factorial(20), 3 << 70)\n"
    result = guigrad.Session(guigrad.parse(f"import torch\n{code}")).run()
    assert result.problems == ()
    expected = (2**64, 1, -1, 0, 0.25, 0, 2432902008176640000, 3 << 70)
    assert result.prints == (" ".join(map(str, expected)) + "\n",)
