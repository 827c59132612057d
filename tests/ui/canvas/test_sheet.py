"""Cards that stand still are copied from a sheet; they must look as when they were drawn one by one."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QImage, QPainter

from guigrad.ui.canvas import bench
from guigrad.ui.canvas.content import array_part, array_parts
from guigrad.ui.canvas.gradients import BAD, extremes
from guigrad.ui.canvas.painter import Painter
from guigrad.ui.canvas.scene import Scene
from guigrad.ui.canvas.viewport import Viewport
from guigrad.ui.heat import levels, levels_each

pytestmark = pytest.mark.usefixtures("qapp")


def shot(painter: Painter, view: Viewport) -> np.ndarray:
    """One frame as pixels."""
    image = QImage(int(view.width * view.ratio), int(view.height * view.ratio), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(view.ratio)
    p = QPainter(image)
    painter.paint(p, view)
    p.end()
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    return pixels[:, :, :3].astype(int)


def shown(count: int = 60) -> tuple[Scene, Painter]:
    """A graph with values and gradients."""
    document = bench.graph(count)
    scene = Scene(document)
    scene.faces.set_frame(bench.frame(document, 1))
    return scene, Painter(scene)


@pytest.mark.parametrize(("scale", "ratio"), [(1.0, 1.0), (0.5, 1.0), (0.83, 2.0), (1.3, 1.5)])
def test_the_sheet_looks_as_the_cards(scale: float, ratio: float) -> None:
    _, painter = shown()
    view = Viewport(900, 600, scale, 37, 21, ratio)
    alone = shot(painter, view)
    assert not painter.cards.sheet.known
    shot(painter, view)
    whole = shot(painter, view)
    assert painter.cards.sheet.known
    # Cells may come to lie a pixel higher or lower, no more.
    assert (np.abs(alone - whole).max(axis=2) > 40).mean() < 0.012


def test_what_changes_leaves_the_sheet_and_comes_back() -> None:
    scene, painter = shown()
    view = Viewport(900, 600)
    for _ in range(3):
        before = shot(painter, view)
    scene.faces.set_frame(bench.frame(scene.document, 2))
    changed = shot(painter, view)
    assert (np.abs(changed - before).max(axis=2) > 40).any()
    fresh = Painter(scene)
    for _ in range(3):
        assert (np.abs(shot(painter, view) - shot(fresh, view)).max(axis=2) > 40).mean() < 0.012


def test_a_pan_adds_pages_and_memory_stays_bounded() -> None:
    _, painter = shown(600)
    painter.moving = True
    sheet = painter.cards.sheet
    for step in range(120):
        shot(painter, Viewport(500, 400, 0.7, -20.0 * step, -9.0 * step))
        assert len(sheet._pages) <= 12
        assert sum(page.width() * page.height() for page in sheet._pages) <= 20_000_000
    assert sheet.known


def test_many_tensors_at_once_give_what_each_gives() -> None:
    rng = np.random.default_rng(3)
    arrays = [bench._data(rng.standard_normal(shape).astype(kind))
              for kind in (np.float32, np.float64, np.int16) for shape in ((), (5,), (3, 4), (20, 50), (2, 3, 4), (0, 2))
              for _ in range(3)]  # fmt: skip
    arrays += [bench._data(np.array([1.0, np.nan, np.inf, -2.0])) for _ in range(2)]
    parts = array_parts(arrays)
    for data in arrays:
        one, other = array_part(data), parts[id(data)]
        assert (one.text, one.height) == (other.text, other.height)
        assert (one.cells is None) == (other.cells is None)
        if one.cells is not None:
            np.testing.assert_array_equal(one.cells, other.cells)
    found = extremes(arrays)
    assert found[id(arrays[-1])] == (2.0, BAD)
    for data in arrays[:-2]:
        assert found[id(data)][0] == np.abs(data.numpy()).max(initial=0)


def test_levels_of_each_of_several_arrays() -> None:
    stack = np.array([[0.0, 0.0], [1.0, -3.0], [1e-300, 0.0]])
    assert levels_each(stack).tolist() == [levels(row).tolist() for row in stack]
    broken = np.array([[1.0, np.nan], [1.0, 2.0]])
    assert levels_each(broken).tolist() == [levels(row).tolist() for row in broken]
