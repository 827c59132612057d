"""A document, with or without a frame, as a picture: PNG at any scale, SVG, PDF. No display is needed.

PNG and SVG carry the document, so that opening the picture opens the graph.
"""

from __future__ import annotations

import math
import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from msgspec import structs
from PySide6.QtCore import QBuffer, QIODevice, QMarginsF, QRectF, QSize, QSizeF
from PySide6.QtGui import QGuiApplication, QImage, QPageLayout, QPageSize, QPainter, QPdfWriter
from PySide6.QtSvg import QSvgGenerator

from guigrad.document import edit as edits
from guigrad.document.encode import encode
from guigrad.document.file import MADE_WITH, write_atomically
from guigrad.document.model import Document, View
from guigrad.files import picture
from guigrad.run.frame import Frame
from guigrad.ui import theme as themes
from guigrad.ui.canvas.mirror import Mirrored
from guigrad.ui.canvas.mirror_still import Still
from guigrad.ui.canvas.painter import Painter
from guigrad.ui.canvas.scene import Scene
from guigrad.ui.canvas.viewport import Viewport

MARGIN: Final = 32.0
"""Units: canvas units around the graph."""
MOST_PX: Final = 32_000
"""Longest side of a PNG; what would be larger is drawn smaller, and it is said so."""
MOST_AREA: Final = 64_000_000
"""Units: px of a PNG, which take four times as many bytes while it is drawn."""
MOST_POINTS: Final = 14_400
"""Units: points. Readers of PDF know no longer side of a page."""
CLIPBOARD_AREA: Final = 6_000_000
"""Units: px of a picture on the clipboard."""
FORMATS: Final = (".png", ".svg", ".pdf")


def render(
    document: Document,
    frame: Frame | None,
    path: str | os.PathLike[str],
    *,
    theme: str = "dark",
    scale: float = 1.0,
    only: Iterable[str] = (),
    transparent: bool = False,
    whole: Document | None = None,
    mirrored: Mirrored | None = None,
) -> str:
    """Writes the whole graph, or the nodes, boxes and notes ``only``, to a file whose name ends in .png, .svg or .pdf.

    ``scale`` is px for one canvas unit; vectors have the size of the graph whatever the scale. ``transparent`` leaves the background out.
    PNG and SVG carry what they show as a document, or ``whole``, of which that is a part. ``mirrored``: with this backward graph. Returns: what is otherwise than asked for, "" for nothing.
    Raises: ValueError for another ending or a scale that is not a positive number; OSError when it cannot be written.
    """
    target = Path(path)
    ending = target.suffix.lower()
    if ending not in FORMATS:
        raise ValueError(f"{target.name}: a picture ends in {', '.join(FORMATS)}")
    if not (math.isfinite(scale) and scale > 0):
        raise ValueError(f"the scale is {scale}; it must be a positive number")
    application()
    wanted = tuple(only)
    chosen = Painting(document, frame, theme, wanted, mirrored)
    note = ""
    if ending == ".png":
        used = chosen.scale(scale)
        if used < scale:
            width, height = chosen.size(scale)
            note = (
                f"drawn at scale {used:.3g} instead of {scale:g}: {width} × {height} px would need {width * height / 2**28:.1f} GB; "
                "SVG and PDF are sharp at every size"
            )
        data = picture.embed_png(
            _png(chosen.image(scale, transparent), target), carried(document if wanted else whole or document, wanted)
        )
    elif ending == ".svg":
        data = picture.embed_svg(chosen.svg(transparent), carried(document if wanted else whole or document, wanted))
    else:
        data = chosen.pdf(transparent)
    write_atomically(target, data)
    return note


def _png(image: QImage, target: Path) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if image.isNull() or not image.save(buffer, "PNG"):  # type: ignore[call-overload]  # the stub knows no devices here
        raise OSError(f"{target}: there is no memory for this picture")
    return bytes(buffer.data().data())


def carried(document: Document, only: Iterable[str] = ()) -> bytes:
    """The document that a picture carries: the whole, or what is shown of it as a document of its own."""
    wanted = [key for key in only if key in document.nodes or key in document.boxes or key in document.notes]
    if wanted:
        document = edits.paste(edits.copy(document, wanted))(Document()).apply(Document())
    return encode(document, MADE_WITH)


def application() -> QGuiApplication:
    """The Qt application; one without a window system where there is none yet."""
    found = QGuiApplication.instance()
    if isinstance(found, QGuiApplication):
        return found
    # A picture needs no window. Whatever platform is asked for, Qt would abort where it cannot be had.
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    return QGuiApplication([])


class Painting:
    """A graph ready to be painted in full. Thread: the GUI thread."""

    def __init__(
        self,
        document: Document,
        frame: Frame | None = None,
        theme: str = "dark",
        only: Iterable[str] = (),
        mirrored: Mirrored | None = None,
    ) -> None:
        themes.load_fonts()
        self._theme = themes.theme(theme)
        wanted = set(only)
        self.scene = Scene(_part(document, wanted) if wanted else document)
        if frame is not None:
            self.scene.faces.set_frame(frame)
            self.scene.faces.set_problems(frame.problems)
            for row in self.scene.row.values():  # cards take the height of their numbers before they are measured
                self.scene.faces.content(row)
        self.painter = Painter(self.scene, theme)
        found = self.scene.bounds()
        rect = found if found is not None else (0.0, 0.0, 320.0, 160.0)
        self._mirror = Still(self.scene, self.painter, mirrored) if mirrored is not None and not wanted else None
        left, top, right, bottom = self._mirror.around(rect) if self._mirror is not None else rect
        pins = 120.0 if self.scene.failed.any() else 0.0
        self._corner = left - MARGIN, top - MARGIN
        self.width, self.height = right - left + 2 * MARGIN, bottom - top + 2 * MARGIN + pins

    def size(self, scale: float = 1.0) -> tuple[int, int]:
        """(width, height) of its pixels at a scale."""
        return max(1, math.ceil(self.width * scale)), max(1, math.ceil(self.height * scale))

    def scale(self, wanted: float, area: float = MOST_AREA) -> float:
        """The scale wanted, or the largest whose pixels there is room for."""
        return min(wanted, MOST_PX / max(self.width, self.height), math.sqrt(area / (self.width * self.height)))

    def image(self, scale: float = 2.0, transparent: bool = False, area: float = MOST_AREA) -> QImage:
        """As pixels, ``scale`` of them for one canvas unit; fewer where there is no room for so many."""
        scale = self.scale(scale, area)
        size = QSize(*self.size(scale))
        kind = QImage.Format.Format_ARGB32_Premultiplied if transparent else QImage.Format.Format_RGB32
        image = QImage(size, kind)
        if image.isNull():  # no memory
            return image
        image.fill(0 if transparent else self._theme.color("canvas"))
        p = QPainter(image)
        self.paint(p, scale, background=False)
        p.end()
        return image

    def fitted(self, width: int, height: int, ratio: float = 1.0) -> QImage:
        """All of it within so many px: a thumbnail."""
        scale = min(width / self.width, height / self.height, 1.0) * ratio
        image = self.image(scale)
        image.setDevicePixelRatio(ratio)
        return image

    def svg(self, transparent: bool = False) -> bytes:
        """As vectors."""
        with tempfile.TemporaryDirectory() as folder:
            name = str(Path(folder) / "picture.svg")
            generator = QSvgGenerator()
            generator.setFileName(name)
            size = QSizeF(self.width, self.height)
            generator.setSize(size.toSize())
            generator.setViewBox(QRectF(0, 0, self.width, self.height))
            generator.setResolution(96)
            generator.setTitle(self.scene.document.settings.title or "guigrad")
            p = QPainter(generator)
            self.paint(p, 1.0, background=not transparent)
            p.end()
            return slim(Path(name).read_bytes())

    def pdf(self, transparent: bool = False) -> bytes:
        """As vectors on one page of its own size."""
        with tempfile.TemporaryDirectory() as folder:
            name = str(Path(folder) / "picture.pdf")
            writer = QPdfWriter(name)
            writer.setResolution(96)
            unit = min(1.0, MOST_POINTS / (0.75 * max(self.width, self.height)))
            points = QSizeF(self.width * 0.75 * unit, self.height * 0.75 * unit)
            page = QPageSize(points, QPageSize.Unit.Point, "graph", QPageSize.SizeMatchPolicy.ExactMatch)
            writer.setPageLayout(QPageLayout(page, QPageLayout.Orientation.Portrait, QMarginsF(0, 0, 0, 0)))
            writer.setTitle(self.scene.document.settings.title or "guigrad")
            p = QPainter(writer)
            p.scale(unit, unit)
            self.paint(p, 1.0, background=not transparent)
            p.end()
            del p, writer  # the file is whole when the writer is gone
            return Path(name).read_bytes()

    def view(self, scale: float) -> Viewport:
        """The camera that shows all of it."""
        left, top = self._corner
        return Viewport(self.width * scale, self.height * scale, scale, -left * scale, -top * scale)

    def paint(self, p: QPainter, scale: float, background: bool = True) -> None:
        """Into any painter."""
        port = self.view(scale)
        self.painter.paint(p, port, exact=True, background=background)
        if self._mirror is not None:
            self._mirror.paint(p, port)


def as_seen(scene: Scene, document: Document | None = None) -> Document:
    """The document with every card where a canvas shows it, those too that nobody has put anywhere."""
    document = document or scene.document
    loose = {key: row for key, row in scene.row.items() if key not in document.views and key in document.nodes}
    places = {key: View(float(scene.x[row]), float(scene.y[row])) for key, row in loose.items()}
    return structs.replace(document, views={**document.views, **places}) if places else document


_EMPTY: Final = re.compile(rb"<g [^>]*>\s*</g>\s*")
_TAG: Final = re.compile(rb"<(?:g|path|text|circle|polyline) [^>]*>")
_DEFAULT: Final = re.compile(
    rb'\s(?:fill-opacity="1"|stroke-opacity="1"|vector-effect="none"|fill-rule="evenodd"|stroke-linecap="square"'
    rb'|stroke-linejoin="bevel"|stroke-width="1"|font-style="normal"|font-weight="400")'
)
_GROUP_FONT: Final = re.compile(rb'\sfont-(?:family|size|weight|style)="[^"]*"')
_SHIFT: Final = re.compile(rb'transform="matrix\(1,0,0,1,([^,]*),([^)]*)\)"')


def slim(svg: bytes) -> bytes:
    """What QSvgGenerator writes without what changes nothing, at little more than half the length: groups of nothing, defaults, attributes that the
    outermost group gives already, the fonts of groups (each text has its own), shifts written as matrices.
    """
    head, start, body = svg.partition(b"<g ")
    outermost, close, rest = body.partition(b">")
    inherited = (b'fill-rule="evenodd"', b'stroke-linecap="square"', b'stroke-linejoin="bevel"', b'stroke-width="1"')
    if not all(attribute in outermost for attribute in inherited):
        return svg  # another Qt writes something else

    def short(match: re.Match[bytes]) -> bytes:
        tag = match.group()
        if tag.startswith(b"<g "):
            tag = _SHIFT.sub(rb'transform="translate(\1,\2)"', _GROUP_FONT.sub(b"", tag))
        return b" ".join(_DEFAULT.sub(b"", tag).split())

    return head + start + outermost + close + _TAG.sub(short, _EMPTY.sub(b"", rest))


def _part(document: Document, wanted: set[str]) -> Document:
    """The document as if only these had cards; wires to others are not drawn."""
    return structs.replace(
        document,
        nodes={key: node for key, node in document.nodes.items() if key in wanted},
        boxes={key: box for key, box in document.boxes.items() if key in wanted},
        notes={key: note for key, note in document.notes.items() if key in wanted},
    )
