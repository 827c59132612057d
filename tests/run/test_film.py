"""Which moments a film shows, and for how long."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from guigrad.run.film import shown


@given(
    st.integers(1, 5000),
    st.floats(0.1, 1.0),
    st.floats(5.0, 30.0),
    st.none() | st.floats(0.1, 60.0),
    st.integers(1, 60),
)
def test_first_and_last_are_shown_and_the_length_is_kept(
    count: int, each: float, most: float, seconds: float | None, fps: int
) -> None:
    numbers, long = shown(count, each, most, seconds, fps)
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == count
    assert numbers[0] == 1 or len(numbers) == 1
    length = min(count * each, most) if seconds is None else seconds
    assert len(numbers) * long <= length + 1 / fps + 1e-9
    assert long >= 1 / fps - 1e-9 or long * count >= length - 1e-9
    gaps = [after - before for before, after in pairwise(numbers)]
    assert not gaps or max(gaps) - min(gaps) <= 1


def test_nothing_is_shown_of_nothing() -> None:
    assert shown(0, 0.5, 10.0, None, 25) == ([], 0.0)
