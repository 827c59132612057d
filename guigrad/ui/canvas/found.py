"""Outlines: what a search found, what is under the pointer, what the keys act on, what boxes and notes are held by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from guigrad.ui.canvas import frames as things
from guigrad.ui.canvas import geometry as g
from guigrad.ui.canvas import traces

if TYPE_CHECKING:
    from guigrad.ui.canvas.board import Board


def paint(p: QPainter, board: Board) -> None:
    """Draws a frame around each hit that is in view."""
    if not board.found:
        return
    scene, view = board.scene, board.viewport
    document = scene.document
    rows = [row for row in scene.visible(view.world, 0.0) if scene.ids[row] in board.found]
    frames = [
        (float(scene.x[row]), float(scene.y[row]), float(scene.width[row]), float(scene.height[row])) for row in rows
    ]
    frames += [(box.x, box.y, box.width, box.height) for box in document.boxes.values() if box.id in board.found]
    frames += [(note.x, note.y, note.width, note.height) for note in document.notes.values() if note.id in board.found]
    p.setBrush(Qt.BrushStyle.NoBrush)
    p.setPen(QPen(board.painter.ink.color("warning"), 2.0))
    radius = 10 * view.scale + 3
    for x, y, width, height in frames:
        left, top = view.to_screen(x, y)
        p.drawRoundedRect(QRectF(left - 3, top - 3, width * view.scale + 6, height * view.scale + 6), radius, radius)


def paint_handles(p: QPainter, board: Board) -> None:
    """What boxes and notes are held by: the handle for a note's arrows, the outline of those selected."""
    document, s = board.scene.document, board.viewport.scale
    ink = board.painter.ink
    p.setPen(QPen(ink.color("text_muted"), 1.4))
    p.setBrush(ink.brush("canvas"))
    for note in document.notes.values() if s >= g.DETAIL and board.gesture is None else ():
        handle = things.handle_of(note)
        x, y = board.viewport.to_screen(handle.x(), handle.y())
        p.drawEllipse(QPointF(x, y), traces.HANDLE, traces.HANDLE)
    p.setBrush(Qt.BrushStyle.NoBrush)
    p.setPen(QPen(ink.color("selected"), 2))
    for key in board.scene.chosen:
        thing = things.frame(board.scene, key)
        if thing is not None:
            rect = board.painter.frames.get(key) or QRectF(thing.x, thing.y, thing.width, thing.height)
            x, y = board.viewport.to_screen(rect.x(), rect.y())
            radius = 14 * s if key in document.boxes else 6 * s
            p.drawRoundedRect(QRectF(x, y, rect.width() * s, rect.height() * s), radius, radius)


def paint_focus(p: QPainter, board: Board) -> None:
    """The node under the pointer and the one that the keys act on."""
    ink, scene, s = board.painter.ink, board.scene, board.viewport.scale
    p.setBrush(Qt.BrushStyle.NoBrush)
    for key, token, out in (
        (board.hover, "wire_hover", 1.0),
        (board.focused if board.hasFocus() else None, "focus", 4.0),
    ):
        row = scene.row.get(key or "")
        if row is None or (key == board.hover and scene.selected[row] and out == 1.0):
            continue
        x, y = board.viewport.to_screen(float(scene.x[row]), float(scene.y[row]))
        rect = QRectF(x - out, y - out, scene.width[row] * s + 2 * out, scene.height[row] * s + 2 * out)
        style = Qt.PenStyle.SolidLine if out == 1.0 else Qt.PenStyle.DotLine
        p.setPen(QPen(ink.color(token), 1.5, style))
        p.drawRoundedRect(rect, 10 * s + out, 10 * s + out)
