"""A place for cards that nobody has put anywhere: right of what they read, below what is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from guigrad.document.layered import PART_GAP, QUICK, arrange
from guigrad.document.layout import layout
from guigrad.ui.canvas.block import blocks
from guigrad.ui.canvas.brackets import HEAD, PAD, Bracket
from guigrad.ui.canvas.geometry import WIDTH
from guigrad.ui.canvas.tidy import around, grown, plan
from guigrad.ui.canvas.wire import Rect

if TYPE_CHECKING:
    from guigrad.ui.canvas.scene import Scene

STEP: Final = WIDTH + 64.0
SPACE: Final = 32.0
TIDY: Final = 250
"""Up to so many cards are laid out as the tidy layout does it, its quick way."""
LAID_OUT: Final = 500
"""Up to so many cards are laid out by the document's own layout, which takes its time; more are put in plain columns."""


def placed(scene: Scene, keys: list[str]) -> dict[str, tuple[float, float]]:
    """Left top corners for those of the cards that have no view, in columns by how far they are from a source."""
    waiting = [key for key in keys if key not in scene.document.views]
    if not waiting:
        return {}
    if len(waiting) == len(scene.row) <= TIDY:
        return tidied(scene)
    if len(waiting) == len(scene.row) <= LAID_OUT:  # nobody has put any of them anywhere
        views = layout(scene.document)
        if all(key in views for key in waiting):
            return apart(scene, {key: (views[key].x, views[key].y) for key in waiting})
    taken: dict[int, float] = {}
    there = np.nonzero(~np.isnan(scene.x[: scene.count]))[0]
    for row in there.tolist():
        for column in {round(scene.x[row] / STEP), round((scene.x[row] + WIDTH) / STEP - 0.5)}:
            taken[column] = max(taken.get(column, 0.0), float(scene.y[row] + scene.height[row]) + SPACE)
    found: dict[str, tuple[float, float]] = {}
    frames = _frames(scene)
    for key in waiting:
        column, top = 0, 0.0
        for source in scene.roles.inputs.get(key, ()):
            where = found.get(source) or _seen(scene, source)
            if where is not None and round(where[0] / STEP) + 1 > column:
                column, top = round(where[0] / STEP) + 1, where[1]
        y = max(taken.get(column, 0.0), top if not found else 0.0)
        height = grown(scene, scene.row[key])
        y = _below([rect for rows, rect in frames if scene.row[key] not in rows], column * STEP, y, height)
        found[key] = (column * STEP, y)
        taken[column] = y + height + SPACE
    inside = blocks(scene, found)
    if inside:
        found.update(inside)
        _make_way(scene, found)
    return found


def _make_way(scene: Scene, found: dict[str, tuple[float, float]]) -> None:
    """New cards that are of no bracket go below the frames that have grown, and below each other."""
    rows = {row for bracket in scene.brackets for row in bracket.rows.tolist()}
    taken = [rect for _, rect in _frames(scene, found)]
    taken += [_rect(scene, row) for row in np.nonzero(~np.isnan(scene.x[: scene.count]))[0].tolist()]
    for key, (x, y) in found.items():
        row = scene.row[key]
        if row not in rows:
            found[key] = x, _below(taken, x, y, grown(scene, row))
            taken.append((x, found[key][1], x + WIDTH, found[key][1] + grown(scene, row)))


def _rect(scene: Scene, row: int) -> Rect:
    x, y = float(scene.x[row]), float(scene.y[row])
    return x, y, x + float(scene.width[row]), y + float(scene.height[row])


def tidied(scene: Scene) -> dict[str, tuple[float, float]]:
    """The layered layout of all cards: those that no wire joins to others in rows, the connected parts below one another."""
    parts = plan(scene, room=True)
    laid = [arrange(part.task, QUICK) for part in parts]
    wide = max([x for places in laid for x, _ in places] + [3 * STEP])
    found: dict[int, tuple[float, float]] = {}
    x = top = 0.0
    for part in (part for part in parts if len(part.rows) == 1 and not part.task.groups):
        if x > wide:
            x, top = 0.0, top + STEP
        found[part.rows[0]] = (x, top)
        x += STEP
    top += STEP if found else 0.0
    for part, places in zip(parts, laid, strict=True):
        if part.rows[0] in found:
            continue
        left, high, _, low = around(part.task, places)
        found.update({row: (x - left, y - high + top) for row, (x, y) in zip(part.rows, places, strict=True)})
        top += low - high + PART_GAP
    return apart(scene, {scene.ids[row]: place for row, place in found.items()})


def free_place(scene: Scene, x: float, y: float, height: float, inside: bool = False) -> tuple[float, float]:
    """The place itself, or the first one below it where a new card lies on no card, and not ``inside`` a bracket or box."""
    taken = [] if inside else [rect for _, rect in _frames(scene)]
    rows = np.nonzero(~np.isnan(scene.x[: scene.count]))[0].tolist()
    taken += [_rect(scene, row) for row in rows]
    return x, _below(taken, x, y, height)


def _below(rects: list[Rect], x: float, y: float, height: float, width: float = WIDTH, space: float = SPACE) -> float:
    """The first y from here on where a card, or what else is so wide, lies on none of the rectangles."""
    for left, top, right, bottom in sorted(rects, key=lambda rect: rect[1]):
        if left < x + width and x < right and top < y + height + space / 2 and y < bottom + space / 2:
            y = bottom + space
    return y


def _frames(scene: Scene, new: Mapping[str, tuple[float, float]] | None = None) -> list[tuple[frozenset[int], Rect]]:
    """The brackets and boxes with the rows that may stand in them; ``new``: where further cards are."""
    found: list[tuple[frozenset[int], Rect]] = []
    known = new or {}
    for bracket in scene.brackets:
        rows = [row for row in bracket.rows.tolist() if scene.ids[row] in known or not np.isnan(scene.x[row])]
        if not rows:
            continue
        at = [known.get(scene.ids[row], (scene.x[row], scene.y[row])) for row in rows]
        pad = PAD * (1 + bracket.inner)
        left, top = min(x for x, _ in at) - pad, min(y for _, y in at) - pad - HEAD * (1 + bracket.inner)
        right = max(x + scene.width[row] for (x, _), row in zip(at, rows, strict=True)) + pad
        bottom = max(y + scene.height[row] for (_, y), row in zip(at, rows, strict=True)) + pad
        found.append((frozenset(bracket.rows.tolist()), (float(left), float(top), float(right), float(bottom))))
    none: frozenset[int] = frozenset()
    found += [(none, (b.x, b.y, b.x + b.width, b.y + b.height)) for b in scene.document.boxes.values()]
    return found


def _seen(scene: Scene, key: str) -> tuple[float, float] | None:
    row = scene.row.get(key)
    return None if row is None or np.isnan(scene.x[row]) else (float(scene.x[row]), float(scene.y[row]))


def apart(scene: Scene, places: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """Moves cards, and brackets whole, down until no two lie on each other."""
    around: dict[str, list[Bracket]] = {key: [] for key in places}
    for bracket in scene.brackets:  # outer ones first
        for row in bracket.rows.tolist():
            if scene.ids[row] in around:
                around[scene.ids[row]].append(bracket)
    return _settled(scene, places, around, 0)


def _settled(
    scene: Scene, places: dict[str, tuple[float, float]], around: dict[str, list[Bracket]], depth: int
) -> dict[str, tuple[float, float]]:
    """The cards of one body: each of its brackets is settled inside first, then it is a unit like a card."""
    units: dict[str, tuple[Bracket | None, dict[str, tuple[float, float]]]] = {}
    for key, place in places.items():
        bracket = around[key][depth] if len(around[key]) > depth else None
        units.setdefault(bracket.key if bracket is not None else key, (bracket, {}))[1][key] = place
    boxes: list[tuple[Rect, dict[str, tuple[float, float]]]] = []
    for bracket, inside in units.values():
        settled = inside if bracket is None else _settled(scene, inside, around, depth + 1)
        pad, head = (0.0, 0.0) if bracket is None else (PAD * (1 + bracket.inner), HEAD * (1 + bracket.inner))
        rows = [(x, y, scene.row[key]) for key, (x, y) in settled.items()]
        left, right = min(x for x, _, _ in rows) - pad, max(x + float(scene.width[row]) for x, _, row in rows) + pad
        top, bottom = (
            min(y for _, y, _ in rows) - pad - head,
            max(y + grown(scene, row) for _, y, row in rows) + pad,
        )
        if bracket is not None and bracket.carried:
            bottom += SPACE  # the wires that go back run below
        boxes.append(((left, top, right, bottom), settled))
    found: dict[str, tuple[float, float]] = {}
    taken: list[Rect] = []
    for (left, top, right, bottom), settled in sorted(boxes, key=lambda unit: unit[0][1]):
        y = _below(taken, left, top, bottom - top, right - left, SPACE / 2)
        taken.append((left, y, right, y + bottom - top))
        taken.sort(key=lambda rect: rect[1])
        found.update({key: (x, place + y - top) for key, (x, place) in settled.items()})
    return found
