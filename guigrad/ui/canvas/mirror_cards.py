"""Cards of grad_fns, their groups, and how groups find their places beside each other."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from guigrad.run.graph import GradNode, Saved
from guigrad.ui.canvas import geometry as g

WIDTH: Final = g.WIDTH
HEAD: Final = 28.0
LINE: Final = 15.0
FOOT: Final = 20.0
PAD: Final = 16.0
"""Around the cards of an open group; its title takes ``TITLE`` above them."""
TITLE: Final = 24.0
BAND: Final = 96.0
"""Between the forward and its mirror image, and between that and the next: room for a heading."""
GAP: Final = 22.0
COLUMN: Final = WIDTH + 52.0
SAVED: Final = 4
"""Saved tensors that a card lists; the rest is counted."""
OPEN: Final = 16
"""Groups of a graph of so many grad_fns are open at first."""
SQUASH: Final = 0.62
"""Cards of grad_fns are lower than those of the forward, and so are the distances between them."""

Place = tuple[int, str]
"""A group: (order of its graph, id of the forward's card)."""


class Group:
    """The grad_fns of one card of the forward, or of what has no card. Places are canvas units."""

    __slots__ = ("cards", "height", "label", "nodes", "open", "place", "width", "x", "y")

    def __init__(self, place: Place, label: str) -> None:
        self.place, self.label = place, label
        self.nodes: list[GradNode] = []
        self.cards: list[Card] = []
        self.open = False
        self.x = self.y = self.width = self.height = 0.0


class Card:
    """One grad_fn, or a folded group of several. ``main`` is the one that it is called by."""

    __slots__ = ("group", "height", "main", "nodes", "x", "y")

    def __init__(self, group: Group, nodes: tuple[GradNode, ...]) -> None:
        self.group, self.nodes = group, nodes
        self.main = next((node for node in reversed(nodes) if not node.inside), nodes[-1])
        self.x = self.y = 0.0
        rows = len(self.saved) if len(nodes) == 1 else min(len(nodes), SAVED)
        self.height = HEAD + rows * LINE + (LINE if self.more else 0.0) + FOOT

    @property
    def side(self) -> int:
        """Where gradients come in: 1 on the right, -1 on the left; they leave on the other side. See Note [Mirror]."""
        return 1 if self.group.place[0] % 2 else -1

    @property
    def folded(self) -> bool:
        """Whether it stands for several."""
        return len(self.nodes) > 1

    @property
    def saved(self) -> tuple[Saved, ...]:
        """What it lists: tensors first, numbers where there is room."""
        kept = tensors_of(self.main)
        return kept[:SAVED]

    @property
    def more(self) -> int:
        """How many it does not list."""
        every = len(self.nodes) if self.folded else len(tensors_of(self.main))
        return max(0, every - SAVED)


def tensors_of(node: GradNode) -> tuple[Saved, ...]:
    """The saved tensors of a grad_fn, without what only says a shape or a number."""
    return tuple(one for one in node.saved if one.state != "number")


def unfold(group: Group) -> None:
    """Puts the grad_fns of a group in columns, what gives its value to the right. Places are from the group's corner."""
    cards = {node.id: Card(group, (node,)) for node in group.nodes}
    column: dict[str, int] = {}
    for node in reversed(group.nodes):  # those that lead to it come after it
        here = column.setdefault(node.id, 0)
        for edge in node.edges:
            if edge is not None and edge[0] in cards:
                column[edge[0]] = max(column.get(edge[0], 0), here + 1)
    last = max(column.values())
    columns: list[list[Card]] = [[] for _ in range(last + 1)]
    for node in group.nodes:
        columns[last - column[node.id] if group.place[0] % 2 else column[node.id]].append(cards[node.id])
    heights = [sum(card.height for card in cards_) + GAP * (len(cards_) - 1) for cards_ in columns]
    room = max(heights)
    for at, (mine, height) in enumerate(zip(columns, heights, strict=True)):
        y = PAD + TITLE + (room - height) / 2
        for card in mine:
            card.x, card.y = PAD + at * COLUMN, y
            y += card.height + GAP
    group.cards = list(cards.values())
    group.width, group.height = last * COLUMN + WIDTH + 2 * PAD, room + 2 * PAD + TITLE


def find_homes(
    groups: list[Group],
    wanted: dict[Place, tuple[float, float]],
    joined: dict[Place, list[tuple[Place, float]]],
    middle: float,
) -> None:
    """What belongs to no card stands beside what it is joined to."""
    for order in (groups[::-1], groups):
        for group in order:
            if group.place in wanted:
                continue
            near = [(wanted[other], side) for other, side in joined[group.place] if other in wanted]
            if near:
                (x, away), side = min(near, key=lambda one: -one[1])
                wanted[group.place] = (x - side * COLUMN, away)
    for group in groups:
        wanted.setdefault(group.place, (middle, 0.0))


def make_room(groups: list[Group], wanted: dict[Place, tuple[float, float]]) -> None:
    """An open group widens its column: what is beside it moves away, so that gradients still run from right to left."""
    columns: list[list[Group]] = []
    last = -math.inf
    for group in sorted(groups, key=lambda group: wanted[group.place][0]):
        x = wanted[group.place][0]
        if x - last > WIDTH / 4:
            columns.append([])
            last = x
        columns[-1].append(group)
    extra = [max(group.width for group in column) - WIDTH for column in columns]
    shift = -sum(extra) / 2
    for column, more in zip(columns, extra, strict=True):
        for group in column:
            x, away = wanted[group.place]
            wanted[group.place] = (x + shift + more / 2, away)
        shift += more


STRIP: Final = 64.0


def drop(groups: Iterable[Group], wanted: dict[Place, tuple[float, float]]) -> float:
    """Each as near to the edge as it wants and those before it let it; how much room they take together."""
    floor: dict[int, float] = {}
    low = 0.0
    for group in groups:
        x, away = wanted[group.place]
        group.x = round(x - group.width / 2)
        strips = range(int(group.x // STRIP), int((group.x + group.width + GAP) // STRIP) + 1)
        group.y = max(away, max((floor.get(strip, 0.0) for strip in strips), default=0.0))
        bottom = group.y + group.height + GAP
        floor.update(dict.fromkeys(strips, bottom))
        low = max(low, bottom)
    return low


def bend(x: float, there: float, side: int, other: int) -> float:
    """The length of a wire's handles between two ports that look to these sides (1: right)."""
    if side == other:
        return min(40.0 + abs(there - x) * 0.2, 160.0)
    way = (there - x) * side
    return max(way * 0.5, 24.0) if way >= 0 else min(72.0 - way * 0.35, 220.0)
