"""Guesses: read without being executed, compared within a tolerance."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guigrad.run.guess import Unreadable, read, right


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2.5", 2.5), (" -3 ", -3.0), ("2*3/5", 1.2), ("2^3", 8.0), ("[1, 2*3]", [1.0, 6.0]), ("(1, [2, 3])", [1.0, [2.0, 3.0]]),
        ("sqrt(2)/2", math.sqrt(2) / 2), ("pi", math.pi), ("tensor([1., 2.])", [1.0, 2.0]), ("torch.Size([2, 3])", [2.0, 3.0]),
        ("None", None), ("[True, False]", [True, False]), ("1e-3", 0.001), ("[]", []), ("exp(-1)", math.exp(-1)),
    ],
)  # fmt: skip
def test_what_is_understood(text: str, value: Any) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "a", "x.grad", "__import__('os').system('true')", "open('/etc/passwd')", "(lambda: 1)()", "[x for x in (1,)]", "'2'", "1 if 1 else 2",
        "9**9**9**9", "1/0", "1" * 3000, "[" * 500, "exp(1e9)", "sqrt(-1)", "(-8)**0.5", "1j", "[1] * 3", "True + 1", "1 2", "print(1)", "f'{1}'", "1 < 2",
        "math.sqrt(2)", "exp(1, 2)", "exp(x=1)", "().__class__", "\x00", "-" * 1900 + "1",
    ],
)  # fmt: skip
def test_what_is_not_says_so(text: str) -> None:
    with pytest.raises(Unreadable) as told:
        read(text)
    assert str(told.value).endswith(".")


@given(st.text(max_size=60))
def test_no_text_does_anything_else(text: str) -> None:
    found: object = None
    with suppress(Unreadable):
        found = read(text)
    assert found is None or isinstance(found, bool | int | float | complex | list | tuple)


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=5))
def test_what_torch_prints_is_right(values: list[float]) -> None:
    array = np.asarray(values, np.float32)
    assert right(read(str(array.tolist())), array) == ""
    assert right(read(str((array * 1.001).tolist())), array) == ""


@pytest.mark.parametrize(
    ("guess", "wanted", "said"),
    [
        ("1", [1.0, 2.0], "One number is not enough"), ("[1, 2, 3]", [1.0, 2.0], "shape does not fit"), ("[[1], [2, 3]]", [1.0, 2.0], "different lengths"),
        ("[1, 3]", [1.0, 2.0], "1 of 2 entries"), ("5", 4.0, "not it"), ("[1, None]", [1.0, 2.0], "Only numbers"), ("None", 1.0, "There is a number"),
        ("0", "None", "not it"), ("1.1", 1.0, "not it"), ("True", 1.0, "not it"), ("1", [], "shape does not fit"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_it(guess: str, wanted: Any, said: str) -> None:
    found = right(read(guess), wanted if isinstance(wanted, str) else np.asarray(wanted))
    assert said in found


def test_special_values() -> None:
    assert right(read("None"), "None") == ""
    assert right(read("nan"), np.asarray(float("nan"))) == ""
    assert right(read("inf"), np.asarray(float("inf"))) == ""
    assert right(read("[2]"), np.asarray(2.0)) == ""
    assert right(read("[True, False]"), np.asarray([True, False])) == ""
    assert right(read("1.2345"), np.asarray(1.23)) == ""
    assert right(read("0"), np.asarray(0.0)) == ""
    assert right(read("[]"), np.zeros(0)) == ""
