"""Points of a landscape told in any pieces, with the finest level changed on the way, end up where they belong."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from guigrad.ui.landscape_grid import BATCH, SIZES, Grid


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(1, BATCH), st.integers(1, 4)), min_size=1, max_size=12))
def test_every_point_is_at_its_place(pieces: list[tuple[int, int]]) -> None:
    grid = Grid((-1.0, 3.0, 2.0, 4.0))
    for turn in range(200):
        count, levels = pieces[turn % len(pieces)]
        if turn == len(pieces):
            grid.stop_at(4)
        elif turn < len(pieces):
            grid.stop_at(max(levels, grid.ready))
        asked = grid.batch()[: count if turn < len(pieces) else BATCH]
        grid.take(tuple([x + 10 * y for x, y in asked]))
        if grid.ready:
            assert len(grid.z) == SIZES[grid.ready - 1]
            assert np.array_equal(grid.z, grid.x[None, :] + 10 * grid.y[:, None])
        known, whole = grid.count
        assert 0 <= known <= max(whole, SIZES[grid.ready - 1] ** 2)
        if grid.finished and turn >= len(pieces):
            break
    assert grid.finished
