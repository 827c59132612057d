"""What of the screen an edit changes: only that is painted, and all once more when everything is at rest.

It is found by comparison, not by following the edit: whatever differs of the cards, wires and marks in view before and after is painted again.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from PySide6.QtCore import QRect
from PySide6.QtGui import QRegion

from guigrad.document.diff import Diff
from guigrad.ui.canvas import decor, overlay, updates
from guigrad.ui.canvas import geometry as g
from guigrad.ui.canvas.painter import PIECES
from guigrad.ui.canvas.wire import segments

if TYPE_CHECKING:
    from guigrad.ui.canvas.board import Board
    from guigrad.ui.canvas.viewport import Viewport

Array = np.ndarray[Any, Any]
AROUND: Final = 16.0
"""What outlines, shadows and dots reach beyond cards and wires, in canvas units and at least px."""
GRID: Final = 100
"""Units: px. Of what size the parts are."""
CURVE: Final = 12
"""In so many pieces a wire is looked at."""
MOST: Final = 0.6
"""With more of the screen than this changed, all is painted."""
_COLUMNS: Final = (
    "x",
    "y",
    "width",
    "height",
    "kind",
    "collapsed",
    "selected",
    "failed",
    "warned",
    "veiled",
    "running",
)

Mark = tuple[object, tuple[float, float, float, float]]
"""What it is, and left, top, right and bottom on the screen."""


class Shot(NamedTuple):
    """What is in view at one moment. Shapes: cards [rows, columns], ends [5, wires], styles [3, wires]"""

    rows: Array
    cards: Array
    faces: list[tuple[object, object]]
    wires: Array
    ends: Array
    styles: Array
    marks: frozenset[Mark]
    chosen: tuple[str, ...]


def possible(board: Board, diff: Diff) -> bool:
    """Whether an edit may be painted in part: it concerns cards and wires alone, and nothing else is drawn that follows them."""
    if diff.settings is not None or diff.boxes or diff.notes or diff.functions or diff.routes:
        return False
    painter, scene = board.painter, board.scene
    if board.motion.active or painter.pending or painter.moving or not board.plain or not board.isVisible():
        return False
    return bool(scene.row) and not scene.brackets and not any(note.arrows for note in scene.document.notes.values())


def shot(board: Board, before: bool = False) -> Shot:
    """The cards, wires and marks in view as they are; ``before`` an edit: the marks as they were painted last."""
    scene, view = board.scene, board.viewport
    rows, table = scene.visible(view.world), scene.wires
    numbers = rows.tolist()
    known: list[object] = [None] * len(numbers)
    wires = table.visible(view.world)
    scene.faces.ask_gradients(wires)  # as a paint does first
    if view.scale >= g.DETAIL and len(numbers) <= g.FACES:
        known = list(scene.faces.contents(numbers))  # a card whose numbers take more lines grows by it
        wires = table.visible(view.world)
    if not before:
        board.painter.chips = decor.chips(board.painter.ink, scene, view, rows)
        board.labels = overlay.labels(board.scene, board.painter.ink, board.viewport, board.painter.hidden_wire)
        board.legend.settle()
    return Shot(
        rows=rows,
        cards=np.stack([getattr(scene, name)[rows].astype(float) for name in _COLUMNS], axis=1),
        faces=[(scene.facets[row], content) for row, content in zip(numbers, known, strict=True)],
        wires=wires,
        ends=table.ends[:, wires],
        styles=np.stack([board.painter.styles(wires), table.source[wires], table.target[wires]]),
        marks=frozenset(_marks(board)),
        chosen=scene.chosen,
    )


def _marks(board: Board) -> list[Mark]:
    """Chips and labels, whose places depend on all that lies around, and the outlines that no column tells of."""
    scene, view = board.scene, board.viewport
    found: list[Mark] = []
    for text, left, top, right, bottom in board.painter.chips:
        found.append((text, (*view.to_screen(left, top), *view.to_screen(right, bottom))))
    for said, (x, y, width, height), *kinds in board.labels:
        found.append(((said, *kinds), (x, y, x + width, y + height)))
    if board.legend.key is not None:
        place = board.legend.place
        found.append((board.legend.key, (place.left(), place.top(), place.right(), place.bottom())))
    if board.painter.updates is not None:
        rows = scene.visible(view.world)
        for _, made, rect, _ in updates.tabs(board.painter.updates, scene, view, rows, board.painter.opened):
            corners = (*view.to_screen(rect.left(), rect.top()), *view.to_screen(rect.right(), rect.bottom()))
            found.append((id(made), corners))
    for what, key in (("hover", board.hover), ("focus", board.focused)):
        row = scene.row.get(key or "")
        if row is not None:
            x, y = scene.x[row].item(), scene.y[row].item()
            corner = view.to_screen(x + scene.width[row].item(), y + scene.height[row].item())
            found.append((what, (*view.to_screen(x, y), *corner)))
    return found


def area(board: Board, diff: Diff, before: Shot, after: Shot) -> QRegion | None:
    """The parts of the screen with all that differs; None for all of it."""
    scene, view = board.scene, board.viewport
    was = {row: index for index, row in enumerate(before.rows.tolist())}
    now = {row: index for index, row in enumerate(after.rows.tolist())}
    both = [row for row in was if row in now]
    if both != [row for row in now if row in was]:  # other cards lie on top
        return None
    if before.chosen != after.chosen or (len(before.rows) > g.FACES) != (len(after.rows) > g.FACES):
        return None
    if _pieces(len(before.wires)) != _pieces(len(after.wires)):
        return None
    old, new = [was[row] for row in both], [now[row] for row in both]
    differs = (before.cards[old] != after.cards[new]).any(axis=1).tolist()
    touched = {
        row
        for row, other, i, j in zip(both, differs, old, new, strict=True)
        if other or before.faces[i][0] is not after.faces[j][0] or before.faces[i][1] is not after.faces[j][1]
    }
    touched |= was.keys() ^ now.keys()
    touched |= {scene.row[key] for key in (*diff.nodes, *diff.views) if key in scene.row}
    corners: list[Array] = []
    curves: list[Array] = []
    for seen, index in ((before, was), (after, now)):
        cards = seen.cards[[index[row] for row in touched if row in index]]
        if (
            cards[:, [_COLUMNS.index("failed"), _COLUMNS.index("warned")]] > 0
        ).any():  # a message of any length is pinned to it
            return None
        x, y = cards[:, 0], cards[:, 1]
        corners.append(np.stack([x, y, x + cards[:, 2], y + cards[:, 3]]))
    rows = np.zeros(max(len(scene.ids), 1), bool)
    rows[list(touched)] = True
    moved = _moved(before, after, max(scene.wires.count, 1))
    for seen in (before, after):
        chosen = moved[seen.wires] | rows[seen.styles[1]] | rows[seen.styles[2]]
        curves.append(seen.ends[:, chosen])
    lines = segments(np.concatenate(curves, axis=1), CURVE).reshape(-1, 4).T
    corners.append(np.concatenate([np.minimum(lines[:2], lines[2:]), np.maximum(lines[:2], lines[2:])]))
    on_screen = np.concatenate(corners, axis=1) * view.scale
    on_screen += np.array([view.left, view.top, view.left, view.top])[:, None]
    marks = before.marks ^ after.marks
    if marks:
        on_screen = np.concatenate([on_screen, np.array([place for _, place in marks]).T], axis=1)
    return _region(on_screen, AROUND * max(view.scale, 1.0), view)


def _region(rects: Array, around: float, view: Viewport) -> QRegion | None:
    """The squares of a grid that some rectangles touch; None for most of them. Units: px. Shapes: [4, n]"""
    mask = np.zeros((math.ceil(view.height / GRID), math.ceil(view.width / GRID)), bool)
    first = np.maximum(np.floor((rects[:2] - around) / GRID), 0).astype(int)
    last = np.floor((rects[2:] + around) / GRID).astype(int) + 1
    for left, top, right, bottom in set(zip(*first.tolist(), *last.tolist(), strict=True)):
        if right > 0 and bottom > 0:
            mask[top:bottom, left:right] = True
    if mask.mean() > MOST:
        return None
    found = QRegion()
    for row, line in enumerate(mask):
        edges = np.nonzero(np.diff(line, prepend=False, append=False))[0].tolist()
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            found += QRect(start * GRID, row * GRID, (end - start) * GRID, GRID)
    return found


def _pieces(wires: int) -> int:
    """Of how many straight pieces each of so many wires in view may be."""
    return min(40, PIECES // max(wires, 1))


def _moved(before: Shot, after: Shot, count: int) -> Array:
    """Which wires lie elsewhere, look otherwise, came or went. Shapes: -> bool [count]"""
    columns = []
    for seen in (before, after):
        made = np.full((len(seen.ends) + len(seen.styles), count), np.nan)
        made[:, seen.wires] = np.concatenate([seen.ends, seen.styles])
        columns.append(made)
    same, later = columns
    found: Array = ~((same == later) | (np.isnan(same) & np.isnan(later))).all(axis=0)
    return found
