"""Pictures of graphs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from guigrad.document.model import Document
from guigrad.files.load import load
from guigrad.source.parse.parser import parse
from guigrad.ui import render as rendering
from guigrad.ui.canvas import bench
from guigrad.ui.render import Painting, render

TEXT = "import torch\nx = torch.ones(3, requires_grad=True)\ny = (x * 2).sum()\ny.backward()\n"


@pytest.mark.parametrize("name", ["a.png", "a.svg", "a.pdf", "A.PNG"])
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_format(tmp_path: Path, qapp: QApplication, name: str, theme: str) -> None:
    render(parse(TEXT), None, tmp_path / name, theme=theme)
    data = (tmp_path / name).read_bytes()
    assert data.startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[name[-3:].lower()])
    assert len(list(tmp_path.iterdir())) == 1


def test_the_scale_is_px_a_unit(qapp: QApplication, tmp_path: Path) -> None:
    sizes = []
    for scale in (0.5, 1.0, 3.0):
        render(parse(TEXT), None, tmp_path / "a.png", scale=scale)
        sizes.append(QImage(str(tmp_path / "a.png")).width())
    assert sizes[1] == pytest.approx(2 * sizes[0], abs=2)
    assert sizes[2] == pytest.approx(3 * sizes[1], abs=3)


def test_a_picture_never_grows_without_bounds(qapp: QApplication) -> None:
    image = Painting(parse(TEXT)).image(10_000.0)
    assert max(image.width(), image.height()) <= 16_001


def test_svg_can_be_read_and_holds_the_texts(qapp: QApplication) -> None:
    data = Painting(parse(TEXT)).svg()
    assert QSvgRenderer(QByteArray(data)).isValid()
    assert ">not run yet<" in data.decode()


def test_a_slim_svg_is_the_same_picture(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    document = bench.graph(30)
    painting = Painting(document, bench.frame(document, 1))
    after = painting.svg()
    monkeypatch.setattr(rendering, "slim", lambda svg: svg)
    before = painting.svg()
    assert len(after) < 8_000 * 30 * 1.2 < len(before)

    def drawn(svg: bytes) -> QImage:
        image = QImage(900, 900, QImage.Format.Format_RGB32)
        image.fill(0)
        p = QPainter(image)
        QSvgRenderer(QByteArray(svg)).render(p)
        p.end()
        return image

    assert drawn(after) == drawn(before)


@pytest.mark.parametrize("name", ["a.png", "a.svg"])
def test_a_picture_carries_its_document(tmp_path: Path, qapp: QApplication, name: str) -> None:
    document = parse(TEXT)
    render(document, None, tmp_path / name)
    assert load(tmp_path / name).canonical() == document.canonical()


def test_an_empty_document_is_a_picture_too(qapp: QApplication) -> None:
    assert Painting(Document()).image(1.0).width() > 100


def test_a_selection_alone(qapp: QApplication) -> None:
    document = parse(TEXT)
    whole, part = Painting(document), Painting(document, only=[next(iter(document.nodes))])
    assert len(part.scene.row) == 1
    assert part.width < whole.width


@pytest.mark.parametrize(("name", "scale"), [("a.bmp", 1.0), ("a", 1.0), ("a.png", 0.0), ("a.png", float("nan"))])
def test_what_cannot_be_is_refused(tmp_path: Path, name: str, scale: float) -> None:
    with pytest.raises(ValueError):
        render(parse(TEXT), None, tmp_path / name, scale=scale)
    assert not list(tmp_path.iterdir())


def test_no_display_is_needed(tmp_path: Path, repository: Path) -> None:
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    code = (
        "from guigrad.source.parse.parser import parse\nfrom guigrad.ui.render import render\n"
        f"render(parse({TEXT!r}), None, {str(tmp_path / 'a.png')!r})\nimport sys\nassert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=repository, env=environment, check=True)
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
