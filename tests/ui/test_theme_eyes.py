"""For every eye: contrast of cells, colours for colour-blind eyes, large text, screens of any resolution."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QScrollArea
from pytestqt.qtbot import QtBot

from guigrad.ui import heat
from guigrad.ui.main_window import MainWindow
from guigrad.ui.theme import KINDS, contrast, theme

NAMES = ("dark", "light", "dark-safe", "light-safe")
# Viénot, Brettel, Mollon (1999), in linear RGB: what an eye without red or green cones sees.
BLIND = {
    "protanopia": np.array([[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]]),
    "deuteranopia": np.array([[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]]),
}


def seen(color: QColor, eye: str) -> np.ndarray:
    """CIE Lab of a colour as an eye sees it."""
    rgb = np.array([color.redF(), color.greenF(), color.blueF()])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(BLIND[eye] @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
    f = np.cbrt(xyz / np.array([0.9505, 1.0, 1.089]))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def apart(first: QColor, second: QColor, eye: str) -> float:
    return float(np.linalg.norm(seen(first, eye) - seen(second, eye)))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scale", ["value", "grad"])
def test_a_number_on_any_cell_can_be_read(name: str, scale: str) -> None:
    for color in {*heat.table(theme(name), scale).tolist(), int(theme(name).color("canvas").rgb())}:
        assert contrast(QColor(heat.text_on(color)), QColor(color & 0xFFFFFF)) >= 4.5


@pytest.mark.parametrize("eye", BLIND)
@pytest.mark.parametrize("name", ["dark-safe", "light-safe"])
def test_signs_differ_for_colour_blind_eyes(name: str, eye: str) -> None:
    for scale in ("value", "grad"):
        for first, second in itertools.combinations([QColor(text) for text in theme(name).heat[scale]], 2):
            assert apart(first, second, eye) > 20, scale


@pytest.mark.parametrize("eye", BLIND)
@pytest.mark.parametrize("name", ["dark-safe", "light-safe"])
def test_meanings_differ_for_colour_blind_eyes(name: str, eye: str) -> None:
    chosen = theme(name)
    for first, second in (("value", "grad"), ("success", "failed"), ("leaf", "loss"), ("wire", "wire_grad")):
        assert apart(chosen.color(first), chosen.color(second), eye) > 20, (first, second)


@pytest.mark.parametrize("name", NAMES)
def test_pills_and_focus_can_be_seen(name: str) -> None:
    chosen = theme(name)
    for token in ("accent", "grad", "success", "optim", "text_muted", *KINDS):
        assert contrast(chosen.color(token), chosen.color("panel")) >= 4.5, token
    for surface in ("canvas", "panel", "raised", "window", "node"):
        assert contrast(chosen.color("focus"), chosen.color(surface)) >= 3, surface


@pytest.mark.parametrize("scale", [2.0, 2.25, 2.5])
def test_nothing_is_cut_off_for_a_lecture(lesson: MainWindow, qtbot: QtBot, scale: float) -> None:
    lesson.resize(1280, 720)
    lesson.session.select((next(iter(lesson.session.document.nodes)),))
    lesson.set_scale(scale)
    for tab in range(lesson.tabs.count()):
        lesson.tabs.setCurrentIndex(tab)
        for _ in range(4):  # one layout asks for the next
            QApplication.processEvents()
        assert (lesson.width(), lesson.height()) == (1280, 720)
        assert lesson.canvas.width() >= 400
        assert lesson.canvas.height() >= 140
        found = []
        for kind in (QLabel, QLineEdit, QPushButton):
            for widget in lesson.findChildren(kind):
                if not widget.isVisible() or not widget.text():
                    continue
                if widget.height() + 1 < widget.fontMetrics().height():
                    found.append(f"{kind.__name__} {widget.text()[:30]!r} is {widget.height()} px high")
                parent = widget.parentWidget()
                inside = parent.rect().adjusted(-1, -1, 1, 1).contains(widget.geometry())
                if not inside and not isinstance(parent.parentWidget(), QScrollArea):
                    found.append(f"{kind.__name__} {widget.text()[:30]!r} sticks out of {type(parent).__name__}")
        assert not found, found
    assert lesson.canvas.text_scale == scale
    lesson.set_scale(1.0)


SHOT = """
import sys
from PySide6.QtWidgets import QApplication
app = QApplication([])
from pathlib import Path
from guigrad.document.store import Store
from guigrad.run.runner import InlineRunner
from guigrad.session import Session
from guigrad.ui.main_window import MainWindow
from guigrad.ui.settings import Settings
from guigrad.lessons import index
window = MainWindow(Session(Store(), InlineRunner()), Settings(Path(sys.argv[1]) / "config"))
window.resize(1280, 720)
window.show()
window.start(str(index.lessons()[0].path), "")
for _ in range(5):
    app.processEvents()
window.canvas.painter.rest = True
print(window.devicePixelRatioF(), [window.canvas.geometry().getRect(), window.inspector.geometry().getRect()])
print([round(v, 2) for v in (window.canvas.viewport.scale, *window.canvas.viewport.world)])
window.grab().save(sys.argv[2])
window.end()
window.session.close()
"""


def test_screens_of_any_resolution_show_the_same_sharply(tmp_path: Path, repository: Path) -> None:
    """The same layout at 1.0, 1.5 and 2.0, with that many more pixels: drawn in them, not stretched."""
    said, images = [], []
    for factor in ("1", "1.5", "2"):
        picture = str(tmp_path / f"{factor}.png")
        done = subprocess.run(
            [sys.executable, "-c", SHOT, str(tmp_path), picture], cwd=repository, capture_output=True, text=True, timeout=120,
            env={**os.environ, "QT_SCALE_FACTOR": factor, "QT_QPA_PLATFORM": "offscreen"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        ratio, _, layout = done.stdout.partition(" ")
        assert float(ratio) == float(factor)
        said.append(layout)
        images.append(QImage(picture))
    assert said[0] == said[1] == said[2]
    assert [image.width() for image in images] == [1280, 1920, 2560]
    for image in images[1:]:
        small = images[0].scaled(image.size(), mode=Qt.TransformationMode.SmoothTransformation)
        assert _edges(image) > 1.15 * _edges(small)  # what is stretched has softer edges


def _edges(image: QImage) -> float:
    grey = image.convertToFormat(QImage.Format.Format_Grayscale8)
    rows = np.frombuffer(grey.constBits(), np.uint8).reshape(grey.height(), grey.bytesPerLine())[:, : grey.width()]
    return float(np.abs(np.diff(rows.astype(int), axis=1)).max(axis=1).mean())
