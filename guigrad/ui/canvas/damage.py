"""What of the screen an edit changes: only that is painted, and all once more when everything is at rest.

It is found by comparison, not by following the edit: whatever differs of the cards and wires in view before and after is painted again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from PySide6.QtCore import QRect

from guigrad.document.diff import Diff
from guigrad.ui.canvas import geometry as g

if TYPE_CHECKING:
    from guigrad.ui.canvas.board import Board
    from guigrad.ui.canvas.scene import Scene
    from guigrad.ui.canvas.viewport import Viewport

Array = np.ndarray[Any, Any]
AROUND: Final = 16.0
"""What outlines, shadows and chips reach beyond cards and wires, in px."""
MOST: Final = 0.6
"""With more of the screen than this changed, all is painted."""
_COLUMNS: Final = ("x", "y", "width", "height", "kind", "collapsed", "selected", "failed", "stale", "running")


class Shot(NamedTuple):
    """What is in view at one moment. Shapes: cards [rows, columns], ends and bounds [n, wires]"""

    rows: Array
    cards: Array
    faces: list[tuple[object, object]]
    wires: Array
    ends: Array
    bounds: Array
    styles: Array


def shot(scene: Scene, view: Viewport) -> Shot:
    """The cards and wires in view as they are."""
    rows, table = scene.visible(view.world), scene.wires
    numbers = rows.tolist()
    known: list[object] = [None] * len(numbers)
    if view.scale >= g.DETAIL and len(numbers) <= g.FACES:
        known = list(scene.faces.contents(numbers))  # first: a card whose numbers take more lines grows by it
    wires = table.visible(view.world)
    return Shot(
        rows=rows,
        cards=np.stack([getattr(scene, name)[rows].astype(float) for name in _COLUMNS], axis=1),
        faces=[(scene.facets[row], content) for row, content in zip(numbers, known, strict=True)],
        wires=wires,
        ends=table.ends[:, wires],
        bounds=table.bounds[:, wires],
        styles=np.stack([table.grad[wires], table.lit[wires], table.source[wires], table.target[wires]]),
    )


def possible(board: Board, diff: Diff) -> bool:
    """Whether an edit may be painted in part: it concerns cards and wires alone, and nothing else is drawn that follows them."""
    if diff.settings is not None or diff.boxes or diff.notes or diff.functions or diff.routes:
        return False
    busy = board.gesture is not None or board.motion.active or board.painter.pending or board.painter.moving
    scene = board.scene
    return not busy and not scene.brackets and not any(note.arrows for note in scene.document.notes.values())


def area(scene: Scene, view: Viewport, before: Shot, after: Shot) -> QRect | None:
    """The rectangle of the screen around all that differs; None for all of it."""
    was = {row: index for index, row in enumerate(before.rows.tolist())}
    now = {row: index for index, row in enumerate(after.rows.tolist())}
    both = [row for row in was if row in now]
    if both != [row for row in now if row in was]:  # other cards lie on top
        return None
    old, new = [was[row] for row in both], [now[row] for row in both]
    differs = (before.cards[old] != after.cards[new]).any(axis=1).tolist()
    touched = {
        row
        for row, other, i, j in zip(both, differs, old, new, strict=True)
        if other or before.faces[i][0] is not after.faces[j][0] or before.faces[i][1] is not after.faces[j][1]
    }
    touched |= was.keys() ^ now.keys()
    corners: list[Array] = []
    for seen, index in ((before, was), (after, now)):
        cards = seen.cards[[index[row] for row in touched if row in index]]
        if (cards[:, _COLUMNS.index("failed")] > 0).any():  # a message of any length is pinned to it
            return None
        x, y = cards[:, 0], cards[:, 1]
        corners.append(np.stack([x, y, x + cards[:, 2], y + cards[:, 3]]))
    rows = np.zeros(max(len(scene.ids), 1), bool)
    rows[list(touched)] = True
    length = max(scene.wires.count, 1)
    same = _columns(before, length)
    later = _columns(after, length)
    moved = ~((same == later) | (np.isnan(same) & np.isnan(later))).all(axis=0)
    for seen in (before, after):
        ends = seen.styles[2:].astype(int)
        chosen = moved[seen.wires] | rows[ends[0]] | rows[ends[1]]
        corners.append(seen.bounds[:, chosen])
    all_corners = np.concatenate(corners, axis=1)
    if not all_corners.shape[1]:
        return QRect(0, 0, 0, 0)
    s, around = view.scale, AROUND * max(view.scale, 1.0)
    left = max(0.0, float(all_corners[0].min()) * s + view.left - around)
    top = max(0.0, float(all_corners[1].min()) * s + view.top - around)
    right = min(view.width, float(all_corners[2].max()) * s + view.left + around)
    bottom = min(view.height, float(all_corners[3].max()) * s + view.top + around)
    if right <= left or bottom <= top:
        return QRect(0, 0, 0, 0)
    if (right - left) * (bottom - top) > MOST * view.width * view.height:
        return None
    return QRect(int(left), int(top), int(right) - int(left) + 2, int(bottom) - int(top) + 2)


def _columns(seen: Shot, length: int) -> Array:
    """Ends and looks of each wire in view, NaN for the others. Shapes: -> [9, length]"""
    made = np.full((len(seen.ends) + len(seen.styles), length), np.nan)
    made[:, seen.wires] = np.concatenate([seen.ends, seen.styles])
    return made
