"""New cards of a loop that stand together, where the loop's frame grows around nothing that is not the loop's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from guigrad.ui.canvas.brackets import HEAD, PAD, Bracket
from guigrad.ui.canvas.geometry import WIDTH
from guigrad.ui.canvas.tidy import grown
from guigrad.ui.canvas.wire import Rect

if TYPE_CHECKING:
    from guigrad.ui.canvas.scene import Scene

GAP: Final = 64.0
SPACE: Final = 32.0
Places: TypeAlias = dict[str, tuple[float, float]]


def blocks(scene: Scene, found: Mapping[str, tuple[float, float]]) -> Places:
    """Other places for those new cards of loops that would draw a frame around cards of elsewhere: above their loop, right of it or below it.

    ``found``: where the new cards would go. Cards that have a place keep it.
    """
    made: Places = {}
    new = {scene.row[key] for key in found}
    old = [bracket for bracket in scene.brackets if not new.issuperset(bracket.rows.tolist())]
    for bracket in reversed(old):  # inner ones first
        own = [key for key in found if _home(old, scene.row[key]) is bracket]
        if not own:
            continue
        rects = {row: rect for row, rect in _rects(scene, {**found, **made}) if scene.ids[row] not in own}
        now = [_card(scene, scene.row[key], *found[key]) for key in own]
        if not _strangers(scene, bracket, rects, now):
            continue
        tight = _frame(bracket, rects, bracket.inner)
        sizes = _stacked(scene, own)
        wide = max(x for x, _ in sizes.values()) + WIDTH
        high = max(y + grown(scene, scene.row[key]) for key, (_, y) in sizes.items())
        corners = (
            (tight[0], tight[1] - SPACE - high), (tight[2] + GAP, tight[1]), (tight[0], tight[3] + SPACE),
        )  # fmt: skip
        for left, top in corners:
            block = (left, top, left + wide, top + high)
            if not any(_meet(block, rect) for rect in rects.values()) and not _strangers(scene, bracket, rects, [block]):  # fmt: skip
                made.update({key: (left + x, top + y) for key, (x, y) in sizes.items()})
                break
    return made


def _home(brackets: list[Bracket], row: int) -> Bracket | None:
    """The innermost of the brackets around a card."""
    return next((bracket for bracket in reversed(brackets) if row in bracket.rows), None)


def _rects(scene: Scene, places: Mapping[str, tuple[float, float]]) -> Iterator[tuple[int, Rect]]:
    """Every card that has a place, or will have one of these."""
    for row in np.nonzero(~np.isnan(scene.x[: scene.count]))[0].tolist():
        if scene.ids[row] not in places:
            yield row, _card(scene, row, float(scene.x[row]), float(scene.y[row]))
    for key, place in places.items():
        yield scene.row[key], _card(scene, scene.row[key], *place)


def _card(scene: Scene, row: int, x: float, y: float) -> Rect:
    return x, y, x + float(scene.width[row]), y + grown(scene, row)


def _stacked(scene: Scene, keys: list[str]) -> Places:
    """The cards from a corner on: each right of those that it reads, the readers of one column below each other."""
    columns: dict[str, int] = {}
    for key in keys:
        columns[key] = max((columns[one] + 1 for one in scene.roles.inputs.get(key, ()) if one in columns), default=0)
    high: dict[int, float] = {}
    found: Places = {}
    for key, column in columns.items():
        found[key] = (column * (WIDTH + GAP), high.get(column, 0.0))
        high[column] = found[key][1] + grown(scene, scene.row[key]) + SPACE
    return found


def _frame(bracket: Bracket, rects: Mapping[int, Rect], depth: int, more: Iterable[Rect] = ()) -> Rect:
    """Around the cards of a bracket that have a place, and around more."""
    mine = [*(rects[row] for row in bracket.rows.tolist() if row in rects), *more]
    pad, head = PAD * depth, HEAD * depth
    return (
        min(rect[0] for rect in mine) - pad, min(rect[1] for rect in mine) - pad - head,
        max(rect[2] for rect in mine) + pad, max(rect[3] for rect in mine) + pad,
    )  # fmt: skip


def _strangers(scene: Scene, bracket: Bracket, rects: Mapping[int, Rect], more: list[Rect]) -> bool:
    """Whether the frame, or one around it, would stand around a card of elsewhere that it does not stand around yet."""
    rows = set(bracket.rows.tolist())
    for frame in scene.brackets:
        mine = set(frame.rows.tolist())
        if not rows <= mine or mine.isdisjoint(rects):
            continue
        before = _frame(frame, rects, 1 + frame.inner)
        after = _frame(frame, rects, 1 + frame.inner, more)
        if any(row not in mine and _meet(after, rect) and not _meet(before, rect) for row, rect in rects.items()):
            return True
    return False


def _meet(one: Rect, other: Rect) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
