"""Numbers over steps as arrays: buckets, branches, means, logarithms, tables."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guigrad.run.recording import Recording
from guigrad.run.series import Series
from guigrad.run.training import Trained
from guigrad.ui.widgets.curves import Curve, as_csv, columns, curves, drawable, smooth

NUMBERS = st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), max_size=60)


def test_columns_keep_every_spike_of_a_long_series() -> None:
    series = Series(1, limit=4)
    series.extend([0.0, 9.0, 1.0, -7.0, 2.0, 3.0, 4.0])
    x, y = columns(series)
    assert series.stride == 2
    assert (y.min(), y.max()) == (-7.0, 9.0)
    assert x.tolist() == [2, 2, 4, 4, 6, 6, 7, 7]
    short = Series(5)
    short.extend([1.0, 2.0])
    assert [part.tolist() for part in columns(short)] == [[5, 6], [1, 2]]
    short.append(3.0)  # nothing that was given away holds it


@given(NUMBERS, st.integers(1, 20))
def test_smooth_is_the_mean_of_what_is_finite(numbers: list[float], width: int) -> None:
    y = np.array(numbers, np.float64)
    found = smooth(y, width)
    assert len(found) == len(y)
    for at in range(len(y)) if width > 1 else ():
        part = y[max(0, at - width + 1) : at + 1]
        part = part[np.isfinite(part)]
        if len(part):
            scale = float(np.abs(y[np.isfinite(y)]).max()) * len(y)
            assert found[at] == pytest.approx(part.mean(), abs=1e-12 * scale + 1e-30)
        else:
            assert math.isnan(found[at])


@given(NUMBERS, st.booleans(), st.booleans())
def test_what_is_drawn_has_a_logarithm(numbers: list[float], log_x: bool, log_y: bool) -> None:
    x, y = drawable(np.arange(len(numbers), dtype=np.float64), np.array(numbers, np.float64), log_x, log_y)
    there = y[~np.isnan(y)]
    assert len(x) == len(y)
    assert np.isfinite(there).all()
    assert not log_y or (there > 0).all()
    assert not log_x or (x > 0).all()


def test_branches_begin_where_they_left_and_tables_have_all() -> None:
    recording = Recording()
    recording.add(Trained(step=3, watched=("loss",), first=1, series=((3.0, 2.0, math.nan),)))
    recording.branch(2)
    recording.add(Trained(step=4, watched=("loss",), first=3, series=((1.5, 1.0),)))
    drawn = curves(recording, ("loss", "other"), frozenset((0, 1)))
    assert [(one.name, one.x.tolist()) for one in drawn] == [("loss · run 1", [1, 2, 3]), ("loss · run 2", [2, 3, 4])]
    assert drawn[1].y.tolist() == [2.0, 1.5, 1.0]
    assert drawn[0].first_nan == 3
    assert as_csv(drawn).splitlines() == [
        "step,loss · run 1,loss · run 2", "1,3.0,", "2,2.0,2.0", "3,nan,1.5", "4,,1.0",
    ]  # fmt: skip
    assert as_csv(()) == "step\n"
    assert isinstance(drawn[0], Curve)
