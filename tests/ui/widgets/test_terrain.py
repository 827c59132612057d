"""Levels, contour lines and colours of surfaces that are known exactly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guigrad.ui.widgets.terrain import colours, contour, finer, round_levels, sample, scale_of, short


def bowl(count: int = 41) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # type: ignore[type-arg]  # of floats
    x = y = np.linspace(-2, 2, count)
    return x, y, x[None, :] ** 2 + y[:, None] ** 2


def test_the_line_of_a_bowl_is_a_closed_circle() -> None:
    x, y, z = bowl()
    lines = contour(x, y, z, 1.03)
    assert np.allclose(np.hypot(lines[..., 0], lines[..., 1]), 1.03**0.5, atol=0.01)
    ends = np.round(lines.reshape(-1, 2), 9)
    _, counts = np.unique(ends, axis=0, return_counts=True)
    assert (counts == 2).all()  # each end meets another
    length = np.hypot(*(lines[:, 1] - lines[:, 0]).T).sum()
    assert length == pytest.approx(2 * np.pi * 1.03**0.5, rel=0.01)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.floats(-5, 5), min_size=4, max_size=4), min_size=3, max_size=3), st.floats(-4, 4))
def test_every_end_lies_where_the_surface_has_the_level(rows: list[list[float]], level: float) -> None:
    z = np.array(rows)
    x, y = np.arange(4.0), np.arange(3.0)
    for px, py in contour(x, y, z, level).reshape(-1, 2):
        assert sample(x, y, z, [px], [py])[0] == pytest.approx(level, abs=1e-6)


def test_cells_beside_a_nan_have_no_line() -> None:
    x, y, z = bowl()
    whole = len(contour(x, y, z, 1.03))
    z[20, 30] = np.nan
    z[10, 20] = np.inf
    assert 0 < len(contour(x, y, z, 1.03)) < whole
    unit = scale_of(z).unit(z)  # type: ignore[union-attr]  # it has finite values
    made = colours(unit, (1, 2, 3))
    assert tuple(made[20, 30]) == tuple(made[10, 20]) == (1, 2, 3, 255)
    assert np.isfinite(finer(z, 3)).sum() > 0


def test_levels_are_round_and_log_where_the_range_is_wide() -> None:
    x = np.linspace(-2, 2, 33)
    valley = (1 - x[None, :]) ** 2 + 100 * (x[:, None] - x[None, :] ** 2) ** 2
    scale = scale_of(valley)
    assert scale is not None
    assert scale.log
    assert all(np.isclose(level / 10 ** np.floor(np.log10(level)), [1, 2, 3, 5]).any() for level in scale.levels)
    assert 2 <= len(scale.levels) <= 14
    flat = scale_of(bowl()[2])
    assert flat is not None
    assert not flat.log
    assert flat.levels == tuple(round_levels(0, 8))
    assert scale_of(np.full((3, 3), np.nan)) is None
    same = scale_of(np.full((3, 3), 2.5))
    assert same is not None
    assert same.levels == (2.5,)
    forced = scale_of(bowl()[2] - 10, log=True)
    assert forced is not None
    assert forced.log
    assert (np.diff(forced.unit(np.array([-9.9, -5.0, -2.0]))) > 0).all()
    assert short(1e-05) == "1e-5"
    assert short(100000.0) == "1e5"
