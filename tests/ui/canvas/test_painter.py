"""What is painted: on a QImage, without a display."""

from __future__ import annotations

import weakref

import numpy as np
import pytest
from PySide6.QtCore import QLineF, QObject, Signal
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication

from guigrad.document.problem import Problem
from guigrad.source.parse.parser import parse
from guigrad.ui.canvas import bench
from guigrad.ui.canvas.arrays import c_array
from guigrad.ui.canvas.painter import Painter
from guigrad.ui.canvas.scene import Scene
from guigrad.ui.canvas.viewport import Viewport
from guigrad.ui.theme import theme
from tests.ui.canvas.samples import lesson, lesson_frame


@pytest.fixture(autouse=True)
def _application(qapp: QApplication) -> None:
    """Fonts and pixmaps need one."""


def paint(scene: Scene, scale: float = 1.0, name: str = "dark", exact: bool = False, ratio: float = 1.0) -> np.ndarray:
    """Shapes: uint8 [height, width, 4] in the order blue, green, red, alpha"""
    painter = Painter(scene, name)
    image = QImage(round(1000 * ratio), round(600 * ratio), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    for _ in range(20):
        p = QPainter(image)
        painter.paint(p, Viewport(1000, 600, scale, 20, 20, ratio), exact)
        p.end()
        if not painter.pending:
            break
    assert not painter.pending
    return np.array(image.constBits()).reshape(image.height(), image.width(), 4).copy()


def has(picture: np.ndarray, color: QColor, tolerance: int = 12) -> bool:
    wanted = np.array([color.blue(), color.green(), color.red()])
    return bool((np.abs(picture[:, :, :3].astype(int) - wanted).max(axis=2) <= tolerance).any())


def lesson_scene() -> Scene:
    scene = Scene(lesson())
    scene.faces.set_frame(lesson_frame())
    return scene


@pytest.mark.parametrize("name", ["dark", "light", "dark-safe", "light-safe"])
@pytest.mark.parametrize("scale", [0.05, 0.14, 0.3, 0.6, 1.0, 2.5])
def test_every_zoom_in_every_theme(name: str, scale: float) -> None:
    picture = paint(lesson_scene(), scale, name)
    assert has(picture, theme(name).color("canvas"))
    assert has(picture, theme(name).color("leaf"))
    assert has(picture, theme(name).color("wire_grad"), 40)


def test_gradients_are_warm_only_after_backward() -> None:
    warm = theme("dark").color("wire_grad")
    assert not has(paint(Scene(lesson())), warm)
    assert has(paint(lesson_scene()), warm)


def test_batched_cells_show_the_colours_of_single_ones() -> None:
    scene = lesson_scene()
    row = scene.row["t1"]
    batched, exact = paint(scene), paint(scene, exact=True)
    y = round(20 + scene.y[row] + scene.value_height[row] / 2 + 40.5)
    for index in range(5):
        x = round(20 + scene.x[row] + 50 + (112 + 2) / 5 * (index + 0.5) - 1)
        assert np.abs(batched[y, x].astype(int) - exact[y, x]).max() <= 2


def test_two_device_pixels_for_one() -> None:
    one, two = paint(lesson_scene()), paint(lesson_scene(), ratio=2.0)
    assert two.shape == (1200, 2000, 4)
    assert np.abs(two[::2, ::2].astype(int).mean() - one.astype(int).mean()) < 1.0


def test_the_failed_card_is_red_with_its_message() -> None:
    scene = lesson_scene()
    before = paint(scene)
    scene.faces.set_problems([Problem("mat1 and mat2 shapes cannot be multiplied", node_id="t4", error="RuntimeError")])
    after = paint(scene)
    failed = theme("dark").color("failed")
    assert has(after, failed, 2)
    assert (before != after).any()
    assert has(after, theme("dark").color("failed_soft"), 3)
    scene.faces.set_problems([])
    assert (paint(scene) == before).all()


def test_a_warning_is_no_failure() -> None:
    scene = lesson_scene()
    scene.faces.set_problems([Problem("The .grad attribute …", node_id="t2", severity="warning")])
    assert not scene.failed.any()


def test_stale_faces_fade() -> None:
    scene = lesson_scene()
    before = paint(scene)
    scene.faces.outdate({scene.row["t4"]})
    scene.faces.fade()
    after = paint(scene)
    row = scene.row["t4"]
    x, y = round(20 + scene.x[row]), round(20 + scene.y[row])
    card = (slice(y + 38, y + 80), slice(x + 60, x + 165))
    assert after[card].astype(int).sum() < before[card].astype(int).sum()
    assert (before[:, :300] == after[:, :300]).all()


def test_a_thousand_nodes_at_every_zoom_and_a_bounded_number_of_tiles() -> None:
    document = bench.graph(1000)
    scene = Scene(document)
    scene.faces.set_frame(bench.frame(document, 0))
    painter = Painter(scene)
    image = QImage(1600, 1000, QImage.Format.Format_RGB32)
    for scale in (0.03, 0.2, 0.45, 0.6, 1.0, 3.0):
        for left in range(0, -4000, -700):
            p = QPainter(image)
            painter.paint(p, Viewport(1600, 1000, scale, left, -100))
            p.end()
    assert painter.cards.tiles.bytes_used <= 60 * 2**20


def test_programs_with_everything_paint() -> None:
    text = """import torch
x = torch.randn(3, 4, requires_grad=True)
v, i = x.max(0)
y = [x, x * 2]
z = torch.cat([x, y[1]])
s = f"sum {x.sum():.3f}"
for k in range(3):
    x2 = x * k
    if k > 1:
        x2 = x2 + 1
w = x[1:, ::2]
n = torch.tensor(1e400)
print(z, s)
"""
    scene = Scene(parse(text))
    for exact in (False, True):
        paint(scene, exact=exact)


def test_c_arrays_reach_qt() -> None:
    lines = np.array([[0.0, 0.5, 10.0, 0.5], [0.0, 5.5, 10.0, 5.5]])
    image = QImage(10, 10, QImage.Format.Format_RGB32)
    image.fill(0)
    p = QPainter(image)
    p.setPen(QColor("white"))
    p.drawLines(c_array(lines, QLineF), 2)
    p.end()
    assert [QColor(image.pixel(5, y)).value() for y in (0, 5, 8)] == [255, 255, 0]


def test_a_c_array_keeps_its_array_alive() -> None:
    array = np.zeros((3, 4))
    alive = weakref.ref(array)
    seen = c_array(array, QLineF)
    del array
    assert alive() is not None
    assert (seen.x1(), seen.y2()) == (0.0, 0.0)
    del seen
    assert alive() is None


def test_many_void_calls_and_signals_do_no_harm() -> None:
    # One release of Qt's bindings gave away a reference of None at each; the process died after a few thousand.
    class Sender(QObject):
        sent = Signal(object)

    sender = Sender()
    heard: list[int] = []
    sender.sent.connect(lambda thing: heard.append(len(thing)))
    image = QImage(4, 4, QImage.Format.Format_RGB32)
    for _ in range(20_000):
        image.fill(0)
        sender.sent.emit({1: 2})
    assert heard == [1] * 20_000
