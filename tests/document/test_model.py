"""Equality of programs."""

from __future__ import annotations

import math

import pytest
from hypothesis import given

from guigrad.document.array import ArrayData
from guigrad.document.model import DictOf, Format, In, ListOf, Node, Slice, Star, Sym, Value, same
from tests.strategies import LITERALS

KINDS: tuple[Value, ...] = (
    2, 2.0, True, 0.0, -0.0, math.nan, 1j, complex(0.0, -0.0), "2", None, ..., (2,), (2.0,), ListOf((2,)), ListOf((True,)),
    In("a"), In("a", 1), Sym("a"), Slice(1), Slice(1.0), Star(2), Star(2.0), DictOf(((1, 2),)), DictOf(((1, 2.0),)), Format(1), Format(1.0),
    ArrayData("int8", (1,), (1,), b"1"), ArrayData("int8", (1,), (1,), b"2"),
)  # fmt: skip


@pytest.mark.parametrize("first", range(len(KINDS)))
def test_only_the_same_value_is_the_same(first: int) -> None:
    for second, value in enumerate(KINDS):
        assert same(KINDS[first], value) == (first == second)
        assert (Node("n", "f", (KINDS[first],)) == Node("n", "f", (value,))) == (first == second)


@given(LITERALS, LITERALS)
def test_it_is_what_is_written_that_counts(a: Value, b: Value) -> None:
    assert same(a, b) == (repr(a) == repr(b))


def test_nan_is_nan_wherever_it_stands() -> None:
    assert same((float("nan"),), (float("nan"),))
    assert Node("n", "f", (), (("x", float("nan")),)) == Node("n", "f", (), (("x", float("nan")),))


def test_large_tensors_are_compared_at_once() -> None:
    data = bytes(50_000_000)
    array, other = (ArrayData("uint8", (len(data),), (1,), part) for part in (data, data[:-1] + b"1"))
    assert Node("n", "f", (array,)) != Node("n", "f", (other,))
