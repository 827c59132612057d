"""The grad_fn graph as it lies under or over the cards of the forward: each grad_fn below the card that it belongs to.

Note [Mirror]
What is to the right and below in the forward is to the right and above in its mirror image, so a gradient runs from right to left.
The grad_fns of one card are a group, which is one card while it is folded. A graph that a backward made of itself (``create_graph``)
lies in a band of its own behind the first, each grad_fn below the one that made it: the mirror image of a mirror image, in which gradients run
from left to right again.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from msgspec import Struct

from guigrad.run.graph import GradNode, Graph
from guigrad.ui.canvas.mirror_cards import (
    BAND,
    HEAD,
    OPEN,
    PAD,
    SQUASH,
    TITLE,
    WIDTH,
    Card,
    Group,
    Place,
    bend,
    drop,
    find_homes,
    make_room,
    unfold,
)
from guigrad.ui.canvas.scene import Scene
from guigrad.ui.canvas.wire import Array, Rect

UNDER, OVER = "under", "over"
EARLIER: Final = "values overwritten since"


class Mirrored(Struct, frozen=True):
    """Which graph is shown where. ``flipped``: the groups that are otherwise open or folded than they would be."""

    graph: Graph
    side: str = UNDER
    prefix: str = ""
    flipped: frozenset[Place] = frozenset()


class Mirror:
    """A layout of a graph for a scene. ``side`` is "under", "over" or "" (not shown)."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.side = ""
        self.graph: Graph | None = None
        self.prefix = ""
        self.flipped: set[Place] = set()
        self.groups: list[Group] = []
        self.cards: list[Card] = []
        self.by_node: dict[str, int] = {}
        self.by_key: dict[str, list[int]] = {}
        self.bands: list[tuple[int, float, float, float, int]] = []
        self.rects: Array = np.empty((0, 4))
        self.leaf: Array = np.empty(0, bool)
        self.on_left: Array = np.empty(0, bool)
        self.ends: Array = np.empty((6, 0))
        self.wires: Array = np.empty((0, 3), np.intp)
        self.loose: Array = np.empty((0, 2))
        self._seen: tuple[object, ...] | None = None
        self._places: Array = np.empty((0, 2))

    # --- what it shows ---

    def show(self, graph: Graph | None, prefix: str = "") -> None:
        """Another graph; ``prefix`` ("call/") is the way to the open level, whose grad_fns alone are shown."""
        self.graph, self.prefix = graph, prefix

    @property
    def what(self) -> Mirrored | None:
        """What is shown, for another scene; None for nothing."""
        return Mirrored(self.graph, self.side, self.prefix, frozenset(self.flipped)) if self.graph and self.side else None  # fmt: skip

    def take(self, what: Mirrored) -> None:
        """Shows that."""
        self.graph, self.side, self.prefix, self.flipped = what.graph, what.side, what.prefix, set(what.flipped)

    def set_side(self, side: str) -> None:
        """Under, over or not at all."""
        self.side = side

    def flip(self, place: Place) -> None:
        """Opens a group, or folds it."""
        self.flipped ^= {place}

    def flip_all(self, wide: bool) -> None:
        """Opens every group, or folds all."""
        self.flipped = set() if wide == self._wide() else {group.place for group in self.groups}

    def _wide(self) -> bool:
        return self.graph is not None and len(self.graph.nodes) <= OPEN

    @property
    def shown(self) -> bool:
        """Whether there is anything to draw."""
        return bool(self.side and self.cards)

    def key_of(self, node: GradNode) -> str:
        """The card of the open level that a grad_fn belongs to, "" for none."""
        if not node.key.startswith(self.prefix):
            return ""
        return node.key[len(self.prefix) :].partition("/")[0]

    def refresh(self) -> bool:
        """Follows the cards of the forward and the graph; whether anything lies elsewhere now."""
        count = self.scene.count
        places = np.stack([self.scene.x[:count], self.scene.y[:count] + self.scene.height[:count]])
        seen = (self.graph, self.side, self.prefix, frozenset(self.flipped), self.scene.document.boxes)
        if self._seen == seen and np.array_equal(places, self._places, equal_nan=True):
            return False
        self._seen, self._places = seen, places
        self._lay()
        return True

    # --- where what lies ---

    def bounds(self) -> Rect | None:
        """The rectangle around everything here."""
        self.refresh()
        if not self.shown:
            return None
        left, top = self.rects[:, 0].min(), self.rects[:, 1].min()
        right, low = self.rects[:, 2].max(), self.rects[:, 3].max()
        heads = [band[2] for band in self.bands]
        return float(left) - PAD, float(min(top, *heads)) - PAD, float(right) + PAD, float(low) + PAD + TITLE

    def visible(self, view: Rect) -> Array:
        """The numbers of the cards that touch a rectangle."""
        r = self.rects
        found: Array = np.nonzero(
            (r[:, 2] > view[0]) & (r[:, 0] < view[2]) & (r[:, 3] > view[1]) & (r[:, 1] < view[3])
        )[0]
        return found

    def card_at(self, x: float, y: float) -> int | None:
        """The card at a point."""
        if not self.shown:
            return None
        found = self.visible((x, y, x, y))
        return int(found[-1]) if len(found) else None

    def group_at(self, x: float, y: float) -> Group | None:
        """The open group whose title is at a point."""
        if not self.shown:
            return None
        for group in self.groups:
            if group.open and group.x <= x <= group.x + group.width and group.y <= y <= group.y + TITLE + 6:
                return group
        return None

    # --- laying out ---

    def _lay(self) -> None:
        self.groups, self.cards, self.bands = [], [], []
        self.by_node, self.by_key = {}, {}
        if self.side and self.graph is not None:
            groups = self._grouped(self.graph)
            wide = self._wide()
            for group in groups:
                group.open = len(group.nodes) > 1 and (wide != (group.place in self.flipped))
                if group.open:
                    unfold(group)
                else:
                    card = Card(group, tuple(group.nodes))
                    group.cards, group.width, group.height = [card], WIDTH, card.height
            self.groups = groups
            edge = self._edge()
            for order in sorted({group.place[0] for group in groups}):
                edge = self._place(order, [group for group in groups if group.place[0] == order], edge)
        for group in self.groups:
            for card in group.cards:
                number = len(self.cards)
                self.cards.append(card)
                for node in card.nodes:
                    self.by_node[node.id] = number
                    for key in {self.key_of(node), card.group.place[1]}:
                        mine = self.by_key.setdefault(key, [])
                        if not mine or mine[-1] != number:
                            mine.append(number)
        self.by_key.pop("", None)
        self.rects = np.array([(c.x, c.y, c.x + WIDTH, c.y + c.height) for c in self.cards]).reshape(-1, 4)
        self.leaf = np.array([card.main.kind == "accumulate" for card in self.cards], bool)
        self.on_left = np.array([card.side < 0 for card in self.cards], bool)
        self._wire()

    def _grouped(self, graph: Graph) -> list[Group]:
        known = {node.id: node for node in graph.nodes}
        found: dict[Place, Group] = {}
        for node in graph.nodes:
            if self.prefix and not node.key.startswith(self.prefix):
                continue
            first = node
            while first.order > 1 and first.maker in known:
                first = known[first.maker]
            key = self.key_of(first)
            place = (node.order, key if key in self.scene.row else f"?{node.key}")
            group = found.get(place)
            if group is None:
                label = node.node.partition("[")[0] or EARLIER
                if node.order > 1:
                    label = f"the backward of {known[node.maker].name}" if node.maker in known else node.node
                group = found[place] = Group(place, label)
            if node.key and not node.inside and node.order == 1:
                group.label = node.node
            group.nodes.append(node)
        return list(found.values())

    def _edge(self) -> tuple[float, float, float]:
        """(where the mirror's edge is, the left side, the right side) of the forward."""
        rect = self.scene.bounds() or (0.0, 0.0, 0.0, 0.0)
        return (rect[3] if self.side == UNDER else rect[1], rect[0], rect[2])

    def _place(self, order: int, groups: list[Group], edge: tuple[float, float, float]) -> tuple[float, float, float]:
        """Puts one band behind an edge; the edge of the next one."""
        start, left, right = edge
        scene, sign = self.scene, 1.0 if self.side == UNDER else -1.0
        rect = scene.bounds() or (0.0, 0.0, 0.0, 0.0)
        axis = rect[3] if sign > 0 else rect[1]
        wanted: dict[Place, tuple[float, float]] = {}  # the middle, and how far from the edge
        for group in groups:
            row = scene.row.get(group.place[1])
            if row is not None:
                x, y, height = float(scene.x[row]), float(scene.y[row]), float(scene.height[row])
                away = axis - (y + height) if sign > 0 else y - axis
                wanted[group.place] = (x + float(scene.width[row]) / 2, max(away, 0.0) * SQUASH)
        find_homes(groups, wanted, self._neighbours(groups), (left + right) / 2)
        make_room(groups, wanted)
        low = drop(sorted(groups, key=lambda group: wanted[group.place][1]), wanted)
        for group in groups:
            group.y = start + BAND + group.y if sign > 0 else start - BAND - group.y - group.height
            for card in group.cards:
                card.x, card.y = card.x + group.x, card.y + group.y
        end = start + sign * (BAND + low)
        top = start if sign > 0 else start - BAND
        sides = min(group.x for group in groups), max(group.x + group.width for group in groups)
        self.bands.append((order, sides[0], top, sides[1], sum(len(group.nodes) for group in groups)))
        return end, min(left, sides[0]), max(right, sides[1])

    def _neighbours(self, groups: list[Group]) -> dict[Place, list[tuple[Place, float]]]:
        """By group: the others that it is joined to, with where they are from it (1: to the right)."""
        owner = {node.id: group.place for group in groups for node in group.nodes}
        found: dict[Place, list[tuple[Place, float]]] = {group.place: [] for group in groups}
        for group in groups:
            for node in group.nodes:
                for edge in node.edges:
                    other = owner.get(edge[0]) if edge is not None else None
                    if other is not None and other != group.place:
                        found[other].append((group.place, 1.0))
                        found[group.place].append((other, -1.0))
        return found

    def _wire(self) -> None:
        """The edges between cards, from where a gradient leaves to where it comes in. ``ends``: x, y of both, the lengths of their handles."""
        rows: list[tuple[int, int, int]] = []
        lines: list[tuple[float, ...]] = []
        loose: list[tuple[float, float]] = []
        seen: set[tuple[int, int, int]] = set()
        for number, card in enumerate(self.cards):
            for node in card.nodes:
                count = len(node.edges)
                for at, edge in enumerate(node.edges):
                    part = (at + 1) / (count + 1) if not card.folded else 0.5
                    y = (
                        card.y + HEAD + (card.height - HEAD - 6.0) * part
                        if not card.folded
                        else card.y + card.height / 2
                    )
                    target = self.by_node.get(edge[0]) if edge is not None else None
                    x = card.x if card.side > 0 else card.x + WIDTH
                    if target is None:
                        if not card.folded:
                            loose.append((x, y))
                        continue
                    row = (number, target, 0 if card.folded else at)
                    if target == number or row in seen:
                        continue
                    seen.add(row)
                    other = self.cards[target]
                    rows.append(row)
                    there = other.x + WIDTH if other.side > 0 else other.x
                    away = bend(x, there, -card.side, other.side)
                    lines.append((x, y, there, other.y + HEAD / 2, -card.side * away, other.side * away))
        self.ends = np.array(lines).reshape(-1, 6).T
        self.wires = np.array(rows, np.intp).reshape(-1, 3)
        self.loose = np.array(loose).reshape(-1, 2)
