"""Pictures of graphs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec import structs
from PySide6.QtCore import QByteArray
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from guigrad.document.model import Document, View
from guigrad.files.load import load
from guigrad.run.frame import Frame, Record
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
    assert image.width() * image.height() <= rendering.MOST_AREA * 1.001


def test_what_is_too_large_is_drawn_smaller_and_said(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering, "MOST_PX", 1000)
    note = render(parse(TEXT), None, tmp_path / "a.png", scale=50)
    assert "instead of 50" in note
    assert "GB" in note
    assert QImage(str(tmp_path / "a.png")).width() == pytest.approx(1000, abs=2)
    assert load(tmp_path / "a.png").nodes
    assert render(parse(TEXT), None, tmp_path / "a.svg", scale=50) == ""


def test_no_background_where_none_is_wanted(qapp: QApplication, tmp_path: Path) -> None:
    render(parse(TEXT), None, tmp_path / "a.png", transparent=True)
    image = QImage(str(tmp_path / "a.png"))
    assert image.hasAlphaChannel()
    assert image.pixelColor(2, 2).alpha() == 0
    assert image.pixelColor(image.width() // 6, image.height() // 2).alpha() == 255
    full, bare = (Painting(parse(TEXT)).svg(transparent) for transparent in (False, True))
    assert full.count(b"<rect") + full.count(b"<path") > bare.count(b"<rect") + bare.count(b"<path")


def test_vectors_hold_no_picture_of_the_whole(qapp: QApplication) -> None:
    document = bench.graph(30)
    painting = Painting(document, bench.frame(document, 1))
    images = re.findall(rb'<image [^>]*width="([\d.]+)"[^>]*height="([\d.]+)"', painting.svg())
    assert all(float(width) * float(height) < 0.02 * painting.width * painting.height for width, height in images)
    pdf = painting.pdf()
    assert b"/Type /Font" in pdf
    sizes = re.findall(rb"/Width (\d+)\s*/Height (\d+)", pdf)
    assert all(int(width) * int(height) < 0.02 * painting.width * painting.height for width, height in sizes)


def test_a_page_is_never_longer_than_readers_know(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    painting = Painting(parse(TEXT))
    monkeypatch.setattr(rendering, "MOST_POINTS", 300)
    box = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)", painting.pdf())
    assert box is not None
    assert max(float(box[1]), float(box[2])) == pytest.approx(300, abs=1)


def test_a_part_carries_itself_alone(qapp: QApplication, tmp_path: Path) -> None:
    document = parse(TEXT)
    first = next(iter(document.nodes))
    for name in ("a.png", "a.svg"):
        render(document, None, tmp_path / name, only=[first])
        assert [node.op for node in load(tmp_path / name).nodes.values()] == ["torch.ones"]


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


def test_sliders_and_the_labels_of_wires_are_in_the_picture(qapp: QApplication) -> None:
    document = parse("import torch\ns = 0.25\nx = torch.ones(3)\ny = torch.zeros(2, 3) + x\nz = y * s\n")
    keys = {node.name: key for key, node in document.nodes.items() if node.name}
    view = structs.replace(document.views.get(keys["s"], View(0.0, 0.0)), slider=(0.0, 1.0, 0.05))
    slid = structs.replace(document, views={**document.views, keys["s"]: view})
    assert Painting(slid).image(1.0) != Painting(
        structs.replace(slid, views={**slid.views, keys["s"]: structs.replace(view, slider=None)})
    ).image(1.0)
    shapes = {"x": (3,), "y": (2, 3), "z": (2, 3)}
    records = {
        keys[name]: Record(id=keys[name], label=name, op="", state="not run", shape=shape, dtype="float32")
        for name, shape in shapes.items()
    }
    texts = Painting(document, Frame(records=records)).svg()
    assert b"(3,) \xe2\x86\x92 (2, 3) broadcast" in texts
    assert b"(2, 3) f32" in texts
