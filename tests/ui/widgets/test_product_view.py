"""v, J and their product as cells: every shape can be drawn, hit and read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, Qt
from pytestqt.qtbot import QtBot

from guigrad.ui.style import Look
from guigrad.ui.widgets.product_view import ProductView, Shown, short


def view_of(qtbot: QtBot, look: Look, shown: Shown, size: tuple[int, int] = (640, 200)) -> ProductView:
    view = ProductView(look)
    qtbot.addWidget(view)
    view.resize(*size)
    view.show_product(shown)
    view.show()
    return view


def shown(rows: int, columns: int, reverse: bool = True, dtype: str = "<f4") -> Shown:
    matrix = np.linspace(-1, 1, rows * columns).reshape(rows, columns).astype(dtype)
    v = np.ones(rows if reverse else columns, dtype)
    result = v @ matrix if reverse else matrix @ v
    sides = (tuple(range(rows)), tuple(range(columns)))
    return Shown(matrix, None, v, result, reverse, False, ("v", "J", "r"), *sides, ((rows,), (columns,)), ("y", "x"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(st.integers(0, 70), st.integers(0, 70), st.booleans(), st.sampled_from(["<f4", "<f8", "<c8", "<f2"]))
def test_every_shape_is_drawn_inside_the_widget(
    qtbot: QtBot, look: Look, rows: int, columns: int, reverse: bool, dtype: str
) -> None:
    view = view_of(qtbot, look, shown(rows, columns, reverse, dtype))
    view.grab()
    assert bool(view.shown.places) == bool(rows and columns)
    for part, place in view.shown.places.items():
        assert view.rect().adjusted(-1, -1, 1, 1).contains(place.toRect())
        cell = view.cell_rect(part, 0)
        assert view.cell_at(cell.center()) == (part, 0, 0)
        assert view.tip(cell.center())


@pytest.mark.parametrize("shape", [(1, 250_000), (250_000, 1), (256, 256), (4, 5000)])
def test_large_ones_are_pictures(qtbot: QtBot, look: Look, shape: tuple[int, int]) -> None:
    view = view_of(qtbot, look, shown(*shape))
    image = view.grab().toImage()
    place = view.shown.places["matrix"]
    last = image.pixelColor(int(place.right()) - 1, int(place.bottom()) - 1)
    first = image.pixelColor(int(place.left()) + 1, int(place.top()) + 1)
    assert last != first


def test_what_is_not_finite_or_not_there_is_drawn_so(qtbot: QtBot, look: Look) -> None:
    matrix = np.array([[np.nan, np.inf], [0.0, -1.0]], "<f4")
    there = np.array([[True, True], [False, False]])
    view = view_of(qtbot, look, Shown(matrix, there, None, None, rows=(0, 1), columns=(0, 1), lit=0))
    view.grab()
    assert view.tip(view.cell_rect("matrix", 1, 0).center()) == "not asked yet"
    assert view.tip(view.cell_rect("matrix", 0, 1).center()).endswith("= inf")
    view.show_product(Shown())
    view.grab()
    assert view.cell_at(QPointF(5, 5)) is None


def test_dragging_a_complex_entry_keeps_its_imaginary_part(qtbot: QtBot, look: Look) -> None:
    matrix = np.ones((1, 1), "<c8")
    view = view_of(qtbot, look, Shown(matrix, None, np.array([1 + 2j], "<c8"), matrix[0], rows=(0,), columns=(0,)))
    view.chosen = 0
    told: list[tuple[int, object, str]] = []
    view.entry_changed.connect(lambda *each: told.append(each))
    view.setFocus()
    qtbot.keyClick(view, Qt.Key.Key_Right)
    ((place, number, _),) = told
    assert place == 0
    assert isinstance(number, complex)
    assert number.imag == 2
    assert number.real > 1
    view.edit(0)
    assert view.editor.text() == "(1+2j)"


@pytest.mark.parametrize(
    ("number", "room", "text"), [(0.123456, 40, "0.1235"), (-0.5, 20, "-0.5"), (0.0, 54, "0"), (1e30, 54, "1e+30")]
)
def test_numbers_fit_their_cells(number: float, room: float, text: str) -> None:
    assert short(np.float32(number), room) == text
