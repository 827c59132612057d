"""Sketches of parameters are kept within bounds, and what they say in words follows its rules."""

from __future__ import annotations

import array
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guigrad.run.sketch import Bins, Sketch, Sketches, Spot
from guigrad.run.vital import gradients, said_of, updates


def bins(*counts: int, low: float = 0.0, high: float = 1.0, odd: int = 0) -> Bins:
    return Bins(low, high, array.array("I", counts).tobytes(), odd)


def spot(name: str, grad: float, ratio: float = 1e-3, size: int = 4, odd: int = 0) -> Spot:
    return Spot(name, name, size, 1.0, grad, ratio, bins(4), bins(4, odd=odd))


@given(st.lists(st.integers(1, 5000), unique=True, max_size=400), st.integers(4, 60))
def test_so_many_samples_are_kept_and_the_last_is_one_of_them(steps: list[int], samples: int) -> None:
    kept = Sketches(samples=max(samples, 10))
    for step in sorted(steps):
        kept.add(0, Sketch(step, (spot("w", 1.0),)))
    found = [one.step for one in kept.of(0)]
    assert found == sorted(found)
    assert len(found) <= max(samples, 10)
    assert set(found) <= set(steps)
    if steps:
        assert found[-1] == max(steps)


def test_all_runs_share_one_limit() -> None:
    kept = Sketches(limit_bytes=20_000)
    for run in range(3):
        for step in range(1, 200):
            kept.add(run, Sketch(step, (spot("w", 1.0),)))
            assert kept.size_bytes <= 20_000
    assert all(kept.of(run) for run in range(3))
    assert [one.step for one in kept.along([(0, -1, 2), (1, 2, 3)])] in (
        [],
        [1],
        [1, 2],
        [1, 2, 3],
        [2, 3],
        [1, 3],
        [2],
        [3],
    )


@pytest.mark.parametrize(
    ("spots", "kinds"),
    [
        ([spot("a", 1.0), spot("b", 0.5)], []),
        ([spot("a", 1e-6), spot("b", 1.0)], ["vanishing"]),
        ([spot("a", 2000.0), spot("b", 1999.0)], ["exploding", "exploding"]),
        ([spot("a", math.nan), spot("b", math.inf), spot("c", 1.0)], ["exploding", "exploding"]),
        ([spot("a", 0.0), spot("b", 1.0)], ["zero"]),
        ([Spot("a", "a"), spot("b", 1.0)], ["none"]),
        ([spot("a", 1.0, odd=1)], ["exploding"]),
    ],
)  # fmt: skip
def test_gradients_that_vanish_or_explode_are_named(spots: list[Spot], kinds: list[str]) -> None:
    found = gradients([Sketch(1, tuple(spots))])
    assert [one.kind for one in found] == kinds
    assert all(one.text.startswith(one.label) for one in found)


def test_a_jump_explodes_and_a_size_is_no_vanishing() -> None:
    before = [Sketch(step, (spot("w", 0.01),)) for step in range(1, 11)]
    assert [one.kind for one in gradients([*before, Sketch(11, (spot("w", 5.0),))])] == ["exploding"]
    assert gradients([*before, Sketch(11, (spot("w", 0.5),))]) == ()
    large, small = spot("w", 1.0, size=1_000_000), spot("b", 0.01, size=1)
    assert gradients([Sketch(1, (large, small))]) == ()


def test_the_same_words_of_several_are_said_once() -> None:
    spots = (spot("a", 0.0), spot("b", 0.0), spot("c", math.nan), spot("d", 1.0))
    assert said_of(gradients([Sketch(1, spots)])) == (
        "c: exploding, the gradient is not finite · a, b: the gradient is exactly 0"
    )
    assert said_of(()) == ""


def test_ratios_far_off_are_said_with_their_size() -> None:
    steps = [Sketch(step, (spot("a", 1, 0.5), spot("b", 1, 1e-7), spot("c", 1, 1e-3))) for step in range(1, 8)]
    found = updates(steps)
    assert [(one.label, one.kind) for one in found] == [("a", "large"), ("b", "small")]
    assert "50 %" in found[0].text
    assert updates([Sketch(1, (spot("a", 1, math.nan),))]) == ()
    assert updates([]) == gradients([]) == ()
