"""v as text and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from guigrad.ui.vectors import bits, read, text_of
from guigrad.ui.widgets.literal import LiteralTextError

SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, max_side=4)


@given(
    st.sampled_from(["<f4", "<f8", "<f2", "<c8", "<c16"]).flatmap(
        lambda dtype: hnp.arrays(dtype, SHAPES, elements={"allow_nan": False})
    )
)
def test_what_is_written_is_read_back_to_the_bit(values: np.ndarray) -> None:
    found = read(text_of(values.reshape(-1), values.shape), values.dtype.str)
    assert found.dtype == values.dtype
    assert found.shape == values.shape
    assert np.array_equal(found, values)
    assert np.array_equal(bits(values).numpy(), values)


def test_long_vectors_are_counted() -> None:
    assert text_of(np.zeros(1000), (1000,)) == "1,000 entries"
    assert text_of(None, ()) == ""


@pytest.mark.parametrize("text", ["", "[", "[1, [2]]", "True if 1 else 2", "'a'", "x", "[1, None]", "1_000 entries"])
def test_what_is_no_vector_is_told(text: str) -> None:
    with pytest.raises(LiteralTextError):
        read(text, "<f4")


def test_numbers_too_large_for_the_dtype_are_infinite_and_specials_are_read() -> None:
    assert read("[1e300, -1e300, nan, inf]", "<f4").tolist()[:2] == [float("inf"), float("-inf")]
    assert read("[1, 2j]", "<f4").dtype == np.complex64
    assert read("[10000000000000000000000000]", "<f8").tolist() == [1e25]
