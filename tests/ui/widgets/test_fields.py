"""What outputs say over a plane: classes, borders, and numbers that are not finite."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QColor

from guigrad.ui.widgets import fields

COLORS = [QColor("red"), QColor("blue"), QColor("green")]


def test_targets_in_every_form() -> None:
    assert fields.target_numbers(np.array([1, 0, 2]), 3).tolist() == [1, 0, 2]  # type: ignore[union-attr]  # there is one
    assert fields.target_numbers(np.array([[1.5], [0.5]]), 2).tolist() == [1.5, 0.5]  # type: ignore[union-attr]  # the same
    assert fields.target_numbers(np.array([[0, 1], [1, 0]]), 2).tolist() == [1, 0]  # type: ignore[union-attr]  # the same
    assert fields.target_numbers(np.array([[0, 2], [1, 0]]), 2) is None
    assert fields.target_numbers(np.array([1, 2]), 3) is None
    assert fields.target_numbers(np.float64(1), 1) is None
    assert fields.target_numbers(None, 3) is None
    assert fields.are_classes(np.array([0.0, 1.0, 1.0]))
    assert not fields.are_classes(np.array([0.0, 0.5]))
    assert not fields.are_classes(np.array([np.nan]))


@pytest.mark.parametrize(
    ("targets", "logits", "kind", "cut"),
    [([0, 1], True, "binary", 0.0), ([0, 1], False, "binary", 0.5), ([-1, 1], False, "binary", 0.0), ([0.1, 3], False, "number", 0.0),
     ([0, 1, 2], False, "number", 0.0)],
)  # fmt: skip
def test_one_column_is_read_by_its_targets(targets: list[float], logits: bool, kind: str, cut: float) -> None:
    how = fields.reading(np.zeros((4, 1)), np.array(targets, dtype=np.float64), logits)
    assert (how.kind, how.cut) == (kind, cut)
    assert fields.reading(np.zeros((4, 3)), None, False).kind == "classes"


def test_sureness_of_probabilities_logits_and_nan() -> None:
    how = fields.Reading("classes", 2)
    classes, sure = fields.sureness(np.array([[0.5, 0.5], [0.0, 1.0], [np.nan, 1.0]]), how, False)
    assert classes.tolist() == [-1, -1, -1] or classes.tolist()[2] == -1
    classes, sure = fields.sureness(np.array([[0.5, 0.5], [0.0, 1.0]]), how, False)
    assert sure.tolist() == pytest.approx([0, 1])
    classes, sure = fields.sureness(np.array([[-900.0], [0.1], [np.inf]]), fields.Reading("binary", 2), True)
    assert classes.tolist() == [0, 1, -1]
    assert sure[0] == pytest.approx(1)
    rgba = fields.picture(classes, sure, COLORS)
    assert rgba[2, 3] == 0
    assert rgba[0, 3] > rgba[1, 3] > 0


@given(st.floats(-0.9, 0.9), st.floats(-2, 2))
def test_the_border_of_a_slope_is_the_line_where_it_is_zero(offset: float, slope: float) -> None:
    x = y = np.linspace(-1, 1, 12)
    heights = y[:, None] - slope * x[None, :] - offset
    found_x, found_y = fields.contour(heights, x, y)
    assert len(found_x) % 2 == 0
    assert np.abs(found_y - slope * found_x - offset).max(initial=0) < 1e-6
    assert len(found_x) > 0 or abs(offset) + abs(slope) > 0.9


def test_a_border_meets_no_nan_and_a_saddle_is_not_torn() -> None:
    x = y = np.linspace(-1, 1, 9)
    heights = x[None, :] * y[:, None]
    found_x, found_y = fields.contour(heights, x, y)
    assert np.isfinite(found_x).all()
    heights[4, 4] = np.nan
    found_x, found_y = fields.contour(heights, x, y)
    assert np.isfinite(found_x).all()
    assert np.isfinite(found_y).all()
    assert all(len(part) == 0 for part in fields.contour(np.full((9, 9), np.nan), x, y))


def test_boxes_around_points() -> None:
    low, high = fields.span(np.array([[0.0, 5.0], [1.0, 5.0], [np.nan, 1.0]]))
    assert (low < [0, 5]).all()
    assert (high > [1, 5]).all()
    assert fields.span(np.empty((0, 2)))[0].tolist() == [-1, -1]
    axes, points = fields.grid(np.array([0.0, 10.0]), np.array([1.0, 11.0]), 3)
    assert points[:4].tolist() == [[0, 10], [0.5, 10], [1, 10], [0, 10.5]]
    assert len(axes) == 2
    assert fields.rounded(1.23456, 0.01) == 1.235
    assert fields.rounded(0.1 + 0.2, 0.5) == 0.3
