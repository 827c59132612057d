"""How wires look by what came back along them, and the legend that says so."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtGui import QColor, QImage, QPainter

from guigrad.document.array import ArrayData
from guigrad.ui.canvas import gradients
from guigrad.ui.canvas.bench import _data
from guigrad.ui.canvas.geometry import BLOCKS
from guigrad.ui.canvas.gradients import BAD, BOTH, MINUS, PLUS, ZERO
from guigrad.ui.canvas.ink import ink
from guigrad.ui.canvas.lens import Lens
from guigrad.ui.canvas.painter import Painter
from guigrad.ui.canvas.view import CanvasView
from guigrad.ui.canvas.viewport import Viewport
from tests.ui.canvas.holder import canvas
from tests.ui.canvas.samples import lesson, lesson_frame
from tests.ui.canvas.test_painter import lesson_scene


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.floats(width=32), min_size=0, max_size=5), min_size=1, max_size=6))
def test_magnitude_and_sign_of_any_numbers(rows: list[list[float]]) -> None:
    arrays = [_data(np.array(row, np.float32)) for row in rows]
    found = gradients.extremes(arrays)
    for row, data in zip(rows, arrays, strict=True):
        finite = [value for value in row if math.isfinite(value)]
        size, sign = found[id(data)]
        assert size == max((abs(value) for value in finite), default=0.0)
        plus, minus = any(value > 0 for value in finite), any(value < 0 for value in finite)
        if len(finite) < len(row):
            assert sign == BAD
        else:
            assert sign == (BOTH if plus and minus else PLUS if plus else MINUS if minus else ZERO)


def test_complex_and_unknown_kinds_have_a_magnitude() -> None:
    data = _data(np.array([3 + 4j, 0j]))
    odd = ArrayData(dtype="float8_e4m3fn", shape=(1,), strides=(1,), data=b"\x01")
    found = gradients.extremes([data, odd])
    assert found[id(data)] == (5.0, BOTH)
    assert found[id(odd)] == (0.0, ZERO)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1e30), min_size=1, max_size=8))
def test_larger_ones_are_no_thinner_and_the_span_holds_them(sizes: list[float]) -> None:
    table = np.array(sizes)
    low, high = gradients.span(table)
    above = table[table > 0]
    assert 1 <= high - low <= gradients.DECADES
    if len(above):
        assert above.max() <= 10.0**high * 1.001
        assert above.min() >= 10.0**low * 0.999 or high - low == gradients.DECADES
    made = gradients.styles(table, np.full(len(table), PLUS)).tolist()
    widths = [gradients.width_of(style) for style in made]
    order = np.argsort(table, kind="stable").tolist()
    assert [widths[at] for at in order] == sorted(widths)
    assert {gradients.sign_of(style) for style in made} == {PLUS}


@pytest.mark.parametrize("sign", [PLUS, MINUS, BOTH, ZERO, BAD])
def test_every_sign_has_a_style_of_its_own(sign: int) -> None:
    (style,) = gradients.styles(np.array([0.5]), np.array([sign])).tolist()
    assert gradients.sign_of(style) == sign
    assert (gradients.over(ink("dark"), style, 1.0) is not None) == (sign == BOTH)
    assert gradients.pen(ink("dark"), style, 1.0).dashPattern() == [] or sign in (MINUS, ZERO)


def _colors(sign: int, exact: bool) -> set[str]:
    """What one wire of a sign is painted in."""
    scene = lesson_scene()
    table = scene.wires
    table.known[: table.count] = True
    table.grad[: table.count], table.sign[: table.count] = 1.0, sign
    painter = Painter(scene, "dark")
    painter.rest = True
    image = QImage(800, 500, QImage.Format.Format_RGB32)
    image.fill(QColor("#000000"))
    p = QPainter(image)
    painter.wires(p, Viewport(800, 500, 1.0, 20.0, 20.0), exact)
    p.end()
    pixels = np.array(image.constBits()).reshape(500, 800, 4)[:, :, 2::-1]
    return {f"#{r:02x}{g:02x}{b:02x}" for r, g, b in np.unique(pixels.reshape(-1, 3), axis=0).tolist()}


@pytest.mark.parametrize("exact", [False, True])
def test_signs_differ_in_colour_and_in_dashes(exact: bool) -> None:
    scale = ink("dark").theme.heat["grad"]
    plus, minus, both, bad = (_colors(sign, exact) for sign in (PLUS, MINUS, BOTH, BAD))
    assert scale[2] in plus
    assert scale[0] not in plus
    assert scale[0] in minus
    assert scale[2] not in minus
    assert {scale[0], scale[2]} <= both
    assert ink("dark").color("failed").name() in bad


def _view() -> CanvasView:
    view, _ = canvas(lesson(), (1200, 800))
    view.minimap.set_wanted(False)
    view.set_frame(lesson_frame())
    view.set_viewport(Viewport(1200, 800, 1.0, 260.0, 120.0))
    view.grab()
    return view


def test_the_legend_lies_where_no_card_is() -> None:
    view = _view()
    legend = view.legend
    assert legend.key is not None
    assert legend.key.root == "t4"
    assert {PLUS, MINUS} <= set(legend.key.signs)
    for left, top in ((260.0, 120.0), (-60.0, 20.0), (500.0, 500.0), (20.0, 560.0)):
        view.set_viewport(Viewport(1200, 800, 1.0, left, top))
        view._on_rest()
        view.grab()
        if legend.key is None or legend.short:
            continue
        place = legend.place
        world = (
            *view.viewport.to_world(place.left(), place.top()),
            *view.viewport.to_world(place.right(), place.bottom()),
        )
        assert not len(view.scene.visible(world, 0.0))


def test_it_is_one_line_where_cards_are_everywhere_and_goes_when_there_is_nothing_to_say() -> None:
    view = _view()
    view.set_viewport(Viewport(1200, 800, 6.0, -600.0, -200.0))
    view._on_rest()
    view.grab()
    assert view.legend.key is None or view.legend.short
    view.set_viewport(Viewport(1200, 800, BLOCKS / 2, 300.0, 300.0))
    view.grab()
    assert view.legend.key is None
    view.set_viewport(Viewport(1200, 800, 1.0, 260.0, 120.0))
    view.set_gradients(False)
    view.grab()
    assert view.legend.key is None
    view.set_gradients(True)
    view.grab()
    assert view.legend.key is not None
    view.set_lens(Lens())
    view.grab()
    assert view.legend.key is None
    view.set_lens(None)
    view.set_frame(None)
    view.grab()
    assert view.legend.key is None


def test_large_texts_enlarge_it() -> None:
    view = _view()
    before = view.legend.place.width()
    view.set_text_scale(1.5)
    view._on_rest()
    view.grab()
    assert view.legend.key is not None
    assert view.legend.place.width() == pytest.approx(before * 1.5)
