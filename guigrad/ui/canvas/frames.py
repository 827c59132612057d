"""Boxes and notes under the pointer: their edges, what a box holds, and how a note's text is drawn."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QColor,
    QFont,
    QPainter,
    QPalette,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
)

from guigrad.document.model import Box, Note
from guigrad.ui.canvas import geometry as g
from guigrad.ui.canvas.wire import Rect

if TYPE_CHECKING:
    from guigrad.ui.canvas.board import Board
    from guigrad.ui.canvas.ink import Ink
    from guigrad.ui.canvas.scene import Scene

HEAD: Final = 30.0
"""Units: canvas units. A box is held by its title."""
EDGE_PX: Final = 6.0
"""How near to an edge a box or note is resized there."""
SMALLEST: Final = {Box: (96.0, 64.0), Note: (64.0, 36.0)}
PAD: Final = (10.0, 8.0)
"""Between the edge of a note and its text."""
INDENT: Final = 16.0
"""Of a list."""
MARKDOWN: Final = 20_000
"""Characters of a note that are drawn."""


def frame(scene: Scene, key: str) -> Box | Note | None:
    """The box or note of this id."""
    return scene.document.boxes.get(key) or scene.document.notes.get(key)


def edge_at(view: Board, point: QPointF) -> tuple[str, str]:
    """The box or note whose edge lies at a point of the screen, and which sides: "l", "r", "t", "b" or two of them; ("", "") for none."""
    x, y = view.viewport.to_world(point.x(), point.y())
    reach = EDGE_PX / view.viewport.scale
    document = view.scene.document
    things: list[Box | Note] = [*document.boxes.values(), *document.notes.values()]
    for thing in reversed(things):  # the topmost first
        left, top, right, bottom = thing.x, thing.y, thing.x + thing.width, thing.y + thing.height
        if not (left - reach <= x <= right + reach and top - reach <= y <= bottom + reach):
            continue
        across = "l" if abs(x - left) <= reach else "r" if abs(x - right) <= reach else ""
        down = "t" if abs(y - top) <= reach else "b" if abs(y - bottom) <= reach else ""
        if across or down:
            return thing.id, across + down
        if isinstance(thing, Note):  # it covers what lies below
            return "", ""
    return "", ""


def handle_at(view: Board, point: QPointF) -> str:
    """The note whose handle for arrows lies at a point of the screen; "" for none."""
    if view.viewport.scale < g.DETAIL:
        return ""
    x, y = view.viewport.to_world(point.x(), point.y())
    for note in reversed(tuple(view.scene.document.notes.values())):
        where = handle_of(note)
        if abs(where.x() - x) <= 8 and abs(where.y() - y) <= 8:
            return note.id
    return ""


def handle_of(note: Note) -> QPointF:
    """Where the handle of a note lies. Units: canvas units"""
    return QPointF(note.x + note.width, note.y + note.height / 2)


def held(scene: Scene, box: Box) -> set[str]:
    """What lies in a box: cards, boxes, notes and points of wires."""
    left, top, right, bottom = box.x, box.y, box.x + box.width, box.y + box.height
    found = set()
    for row in scene.visible((left, top, right, bottom), 0.0).tolist():
        middle = scene.x[row] + scene.width[row] / 2, scene.y[row] + scene.height[row] / 2
        if left <= middle[0] <= right and top <= middle[1] <= bottom:
            found.add(scene.ids[row])
    things: list[Box | Note] = [*scene.document.boxes.values(), *scene.document.notes.values()]
    for thing in things:
        inside = left <= thing.x and thing.x + thing.width <= right and top <= thing.y
        if inside and thing.y + thing.height <= bottom and thing.id != box.id:
            found.add(thing.id)
    found.update(scene.leads.inside(left, top, right, bottom))
    return found


def touched(scene: Scene, rect: Rect) -> list[str]:
    """The notes that touch a rectangle, the boxes that lie in it, and the points of wires."""
    left, top, right, bottom = rect
    found = []
    for note in scene.document.notes.values():
        if note.x < right and note.x + note.width > left and note.y < bottom and note.y + note.height > top:
            found.append(note.id)
    for box in scene.document.boxes.values():
        if left <= box.x and box.x + box.width <= right and top <= box.y and box.y + box.height <= bottom:
            found.append(box.id)
    return [*found, *scene.leads.inside(left, top, right, bottom)]


class _Text(QTextDocument):
    """Loads nothing: a note of a stranger's document may name any file or page as a picture."""

    def loadResource(self, kind: int, name: Any) -> Any:
        return None


@lru_cache(maxsize=256)
def _laid_out(text: str, width: float, family: str, size: float) -> _Text:
    made = _Text()
    font = QFont(family)
    font.setPixelSize(max(1, round(size)))
    made.setDefaultFont(font)
    made.setDocumentMargin(0)
    made.setMarkdown(text[:MARKDOWN], QTextDocument.MarkdownFeature.MarkdownNoHTML)
    made.setIndentWidth(INDENT)
    block = made.begin()
    while block.isValid():  # headings that suit a small frame
        level = block.blockFormat().headingLevel()
        if level:
            cursor = QTextCursor(block)
            cursor.select(QTextCursor.SelectionType.BlockUnderCursor)
            format_ = QTextCharFormat()
            format_.setProperty(QTextFormat.Property.FontSizeAdjustment, max(0, 3 - level))
            cursor.mergeCharFormat(format_)
        block = block.next()
    made.setTextWidth(width)
    return made


def text_height(ink: Ink, text: str, width: float) -> float:
    """How high a note is that shows all of its text."""
    return _of(ink, text, width).size().height() + 2 * PAD[1]


def draw_text(p: QPainter, ink: Ink, rect: QRectF, text: str) -> None:
    """A note's Markdown inside its frame; what does not fit is cut off."""
    made = _of(ink, text, rect.width())
    context = QAbstractTextDocumentLayout.PaintContext()
    palette = QPalette()
    for role, token in (
        (QPalette.ColorRole.Text, "text"),
        (QPalette.ColorRole.Link, "accent"),
        (QPalette.ColorRole.LinkVisited, "accent"),
    ):
        palette.setColor(role, QColor(ink.color(token)))
    context.palette = palette
    p.save()
    p.setClipRect(rect.adjusted(2, 2, -2, -2))
    p.translate(rect.left() + PAD[0], rect.top() + PAD[1])
    made.documentLayout().draw(p, context)
    p.restore()


def _of(ink: Ink, text: str, width: float) -> _Text:
    font = ink.note
    size = font.pixelSize() if font.pixelSize() > 0 else font.pointSizeF() * 4 / 3
    return _laid_out(text, max(20.0, width - 2 * PAD[0]), font.family(), float(size))
