"""Tidying up: which cards are laid out together, and where each part goes so that what is in order stays where it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from msgspec import Struct

from guigrad.document.layered import COLUMN_GAP, PART_GAP, ROW_GAP, Group, Place, Task, parts
from guigrad.ui.canvas.brackets import HEAD, PAD
from guigrad.ui.canvas.geometry import HEIGHTS
from guigrad.ui.canvas.wire import Rect

if TYPE_CHECKING:
    from guigrad.ui.canvas.scene import Scene

BOX_PAD: Final = 24.0
BOX_HEAD: Final = 40.0
WORSE: Final = 1.15
WIDER: Final = 5.0
SLACK: Final = 16.0
"""A part whose wires do not go further up and down than a new layout's by this factor and so many units each, and not across by that, is in order."""
CLOSE: Final = 160.0
"""A note within so many units of a card goes where that card goes."""


class Part(Struct, frozen=True):
    """Cards that are laid out together, as rows, and the boxes among the groups of their task by number."""

    rows: tuple[int, ...]
    task: Task
    boxes: Mapping[int, str] = {}


class Tidied(Struct, frozen=True):
    """Where nodes and notes go, and boxes with their sizes."""

    places: Mapping[str, tuple[float, float]]
    frames: Mapping[str, tuple[float, float, float, float]]


def plan(scene: Scene, chosen: Iterable[str] = (), room: bool = False) -> list[Part]:
    """The connected parts of these cards, of all when there are none; groups connect what is in them.

    ``room``: each is taken to be as high as its numbers can make it.
    """
    rows = [scene.row[key] for key in chosen if key in scene.row] or list(scene.row.values())
    number = {row: index for index, row in enumerate(rows)}
    groups = _groups(scene, number)
    table = scene.wires
    wires = np.fromiter(dict.fromkeys(wire for row in rows for wire in scene.into[row]), np.intp)
    source, target = table.source[wires], table.target[wires]
    outs, ins = scene.outlet_y(source, table.output[wires]), scene.inlet_y(target, table.inlet[wires])
    links = [
        link
        for link in zip(source.tolist(), outs.tolist(), target.tolist(), ins.tolist(), strict=True)
        if link[0] in number
    ]
    pairs = [(number[s], number[t]) for s, _, t, _ in links]
    for _, inside, _ in groups:
        pairs += [(number[inside[0]], number[row]) for row in inside]
    found = []
    by_row: dict[int, int] = {}
    members = [[rows[index] for index in part] for part in parts(len(rows), pairs)]
    for index, part in enumerate(members):
        by_row.update(dict.fromkeys(part, index))
    sorted_links: list[list[tuple[int, float, int, float]]] = [[] for _ in members]
    for link in links:
        sorted_links[by_row[link[2]]].append(link)
    sorted_groups: list[list[tuple[str, list[int], tuple[float, float, float, float]]]] = [[] for _ in members]
    for group in groups:
        sorted_groups[by_row[group[1][0]]].append(group)
    for part, part_links, part_groups in zip(members, sorted_links, sorted_groups, strict=True):
        local = {row: index for index, row in enumerate(part)}
        task = Task(
            tuple((float(scene.width[row]), grown(scene, row) if room else float(scene.height[row])) for row in part),
            tuple((local[s], sy, local[t], ty) for s, sy, t, ty in part_links),
            tuple(Group(tuple(local[row] for row in inside), *pads) for _, inside, pads in part_groups),
        )
        boxes = {index: key for index, (key, _, _) in enumerate(part_groups) if key}
        found.append(Part(tuple(part), task, boxes))
    return found


def grown(scene: Scene, row: int) -> float:
    """The height of a card once it shows a large tensor and its gradient."""
    return float(scene.height[row] - scene.value_height[row] - scene.grad_height[row]) + 2 * HEIGHTS[-1]


def _groups(scene: Scene, number: Mapping[int, int]) -> list[tuple[str, list[int], tuple[float, float, float, float]]]:
    """(box or "", rows, room around) of brackets and boxes whose cards are all to be placed, outer ones first."""
    found: list[tuple[str, list[int], tuple[float, float, float, float]]] = []
    for bracket in scene.brackets:
        rows = bracket.rows.tolist()
        if rows and all(row in number for row in rows):
            below = PAD + (ROW_GAP if bracket.carried else 0.0)
            found.append(("", rows, (PAD, PAD + HEAD, PAD, below)))
    for box in scene.document.boxes.values():
        inside = held(scene, (box.x, box.y, box.x + box.width, box.y + box.height))
        mine = set(inside)
        fits = all(
            mine <= set(rows) or mine >= set(rows) or mine.isdisjoint(rows) for _, rows, _ in found
        )  # a box that cuts through another group cannot be kept whole
        if inside and fits and all(row in number for row in inside):
            found.append((box.id, inside, (BOX_PAD, BOX_HEAD, BOX_PAD, BOX_PAD)))
    return sorted(found, key=lambda group: -len(group[1]))


def held(scene: Scene, rect: Rect) -> list[int]:
    """The cards that lie wholly in a rectangle."""
    n = scene.count
    x, y = scene.x[:n], scene.y[:n]
    inside = (x >= rect[0]) & (x + scene.width[:n] <= rect[2]) & (y >= rect[1]) & (y + scene.height[:n] <= rect[3])
    rows: list[int] = np.nonzero(inside)[0].tolist()
    return rows


def settle(scene: Scene, found: Sequence[Part], laid: Sequence[Sequence[Place]], alone: bool) -> Tidied:
    """What moves where. A part in order stays; of another its first card stays, unless something else lies there.

    ``alone``: only these parts were asked for, and everything else stands in the way.
    """
    places: dict[int, Place] = {}
    solid: list[Rect] = []
    moving: list[tuple[Part, Sequence[Place]]] = []
    if alone:
        among = {row for part in found for row in part.rows}
        rest = [row for row in scene.row.values() if row not in among]
        solid += [_card(scene, row, (float(scene.x[row]), float(scene.y[row]))) for row in rest]
    single: list[int] = []
    for part, new in zip(found, laid, strict=True):
        if not alone and len(part.rows) == 1 and not part.boxes:
            single.append(part.rows[0])
        elif not alone and _in_order(scene, part, new):
            solid.append(around(part.task, [(float(scene.x[row]), float(scene.y[row])) for row in part.rows]))
        else:
            moving.append((part, new))
    frames: dict[str, tuple[float, float, float, float]] = {}
    moving.sort(key=lambda each: min(float(scene.y[row]) for row in each[0].rows))
    for part, new in moving:
        anchor = min(range(len(part.rows)), key=lambda i: (new[i][0], new[i][1]))
        dx = round(float(scene.x[part.rows[anchor]])) - new[anchor][0]
        dy = round(float(scene.y[part.rows[anchor]])) - new[anchor][1]
        corners = [(x + dx, y + dy) for x, y in new]
        left, top, right, bottom = around(part.task, corners)
        down = _free(solid, left, top, right, bottom) - top
        corners = [(x, y + down) for x, y in corners]
        solid.append((left, top + down, right, bottom + down))
        places.update(zip(part.rows, corners, strict=True))
        for index, key in part.boxes.items():
            x1, y1, x2, y2 = _frame(part.task, index, corners)
            frames[key] = (x1, y1, x2 - x1, y2 - y1)
    for row in sorted(single, key=lambda row: float(scene.y[row])):  # a card without wires makes way
        left, top, right, bottom = _card(scene, row, (float(scene.x[row]), float(scene.y[row])))
        if any(x1 < right and left < x2 and y1 < bottom and top < y2 for x1, y1, x2, y2 in solid):
            places[row] = (round(left), round(_free(solid, left, top, right, bottom, ROW_GAP)))
            solid.append(_card(scene, row, places[row]))
        else:
            solid.append((left, top, right, bottom))
    keys = {scene.ids[row]: place for row, place in places.items()}
    return Tidied({**keys, **_notes(scene, places, solid)}, frames)


def _in_order(scene: Scene, part: Part, new: Sequence[Place]) -> bool:
    """No card lies on another, all wires run to the right, and they are about as short as they could be."""
    old = [(float(scene.x[row]), float(scene.y[row])) for row in part.rows]
    if len(old) == 1:
        return True
    dx, dy = old[0][0] - new[0][0], old[0][1] - new[0][1]
    if all(abs(a[0] - b[0] - dx) < 2 and abs(a[1] - b[1] - dy) < 2 for a, b in zip(old, new, strict=True)):
        return True
    if part.task.groups or not _clear(part.task, old):
        return False
    gap = COLUMN_GAP / 2
    if any(old[s][0] + part.task.sizes[s][0] + gap > old[t][0] for s, _, t, _ in part.task.links):
        return False
    across, down = _lengths(part.task, old)
    best_across, best_down = _lengths(part.task, new)
    return across <= best_across * WIDER and down <= best_down * WORSE + SLACK * len(part.task.links)


def _lengths(task: Task, corners: Sequence[Place]) -> tuple[float, float]:
    """How far all wires go across, and how far up and down."""
    across = sum(corners[t][0] - corners[s][0] - task.sizes[s][0] for s, _, t, _ in task.links)
    return across, sum(abs(corners[t][1] + ty - corners[s][1] - sy) for s, sy, t, ty in task.links)


def _clear(task: Task, corners: Sequence[Place]) -> bool:
    """Whether no two cards touch."""
    order = sorted(range(len(corners)), key=lambda i: corners[i][0])
    active: list[int] = []
    for index in order:
        x, y = corners[index]
        active = [i for i in active if corners[i][0] + task.sizes[i][0] > x]
        for other in active:
            if corners[other][1] < y + task.sizes[index][1] and y < corners[other][1] + task.sizes[other][1]:
                return False
        active.append(index)
    return True


def around(task: Task, corners: Sequence[Place]) -> Rect:
    """The rectangle around a part with its groups."""
    rects = [(x, y, x + w, y + h) for (x, y), (w, h) in zip(corners, task.sizes, strict=True)]
    rects += [_frame(task, index, corners) for index in range(len(task.groups))]
    return min(r[0] for r in rects), min(r[1] for r in rects), max(r[2] for r in rects), max(r[3] for r in rects)


def _frame(task: Task, index: int, corners: Sequence[Place]) -> Rect:
    """The rectangle around a group, with room for those inside it."""
    group, mine = task.groups[index], set(task.groups[index].cards)
    rects = [(*corners[i], corners[i][0] + task.sizes[i][0], corners[i][1] + task.sizes[i][1]) for i in group.cards]
    for later in range(index + 1, len(task.groups)):
        if set(task.groups[later].cards) <= mine:
            rects.append(_frame(task, later, corners))
    return (
        min(r[0] for r in rects) - group.left,
        min(r[1] for r in rects) - group.top,
        max(r[2] for r in rects) + group.right,
        max(r[3] for r in rects) + group.bottom,
    )


def _card(scene: Scene, row: int, at: Place) -> Rect:
    return at[0], at[1], at[0] + float(scene.width[row]), at[1] + float(scene.height[row])


def _free(solid: Sequence[Rect], left: float, top: float, right: float, bottom: float, gap: float = PART_GAP) -> float:
    """The first top from here on where a rectangle touches nothing."""
    for x1, y1, x2, y2 in sorted(solid, key=lambda rect: rect[1]):
        if x1 < right and left < x2 and y1 < bottom + gap / 2 and top < y2 + gap / 2:
            down = y2 + gap - top
            top, bottom = top + down, bottom + down
    return top


def _notes(scene: Scene, places: Mapping[int, Place], solid: Sequence[Rect]) -> dict[str, Place]:
    """Notes go with the card they point at or lie beside, and off what would lie on them."""
    found: dict[str, Place] = {}
    if not places:
        return found
    for note in scene.document.notes.values():
        row = next((scene.row[key] for key in note.arrows if key in scene.row), None)
        if row is None:
            row = _beside(scene, (note.x, note.y, note.x + note.width, note.y + note.height))
        if row is None or row not in places:
            dx = dy = 0.0
        else:
            dx, dy = places[row][0] - float(scene.x[row]), places[row][1] - float(scene.y[row])
        x, y = note.x + dx, note.y + dy
        cards = [_card(scene, r, at) for r, at in places.items()]
        y = _free(cards, x, y, x + note.width, y + note.height, ROW_GAP)
        if (x, y) != (note.x, note.y):
            found[note.id] = (round(x), round(y))
    return found


def _beside(scene: Scene, rect: Rect) -> int | None:
    """The card that is next to a rectangle."""
    rows = np.array(list(scene.row.values()), np.intp)
    if not len(rows):
        return None
    x, y = scene.x[rows], scene.y[rows]
    across = np.maximum(np.maximum(x - rect[2], rect[0] - x - scene.width[rows]), 0.0)
    down = np.maximum(np.maximum(y - rect[3], rect[1] - y - scene.height[rows]), 0.0)
    distance = np.hypot(across, down)
    best = int(np.argmin(distance))
    return int(rows[best]) if distance[best] <= CLOSE else None
