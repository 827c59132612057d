"""Layered layout: data flows from left to right in columns, cards of any height never overlap, wires read well.

Note [Layers]
Which column a card stands in, and in which order the cards of a column follow, is found by fast-sugiyama: that is where crossings are avoided. A wire
over several columns gets a place of its own in each that it passes, so that it runs between cards. How high everything lies is found here, because
the library knows nothing of heights and ports: sweeps to and fro bring each card to where its wires are level, and isotonic regression
keeps the order and the distances, which is the nearest such arrangement there is. What belongs together (a loop, a box) is laid out by itself first and
is one large card outside.
The library's network simplex may run for ever on large graphs. Whoever asks for a layout gives it a limit, see run/arranger; ``plain`` is
the way without the library.

Thread: any; in a process of its own for a graph of more than a few nodes.
"""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct

COLUMN_GAP, ROW_GAP, PART_GAP = 64.0, 32.0, 56.0
WIRE_GAP: Final = 16.0
"""Around a wire that passes between cards."""
SWEEPS: Final = 8
MINIMIZE, QUICK, PLAIN = "minimize", "quick", "plain"
SMALL, LARGE = 1_000, 2_500
"""Up to SMALL units wires are as short as can be; from LARGE on neighbours are not swapped to lose the last crossings."""
STEEP: Final = 60.0
LEVEL: Final = 56.0

Link = tuple[int, float, int, float]
"""(source, y of its port, target, y of its port), the ys from the tops."""
Place = tuple[float, float]


class Group(Struct, frozen=True):
    """Cards that stay together, and the room to leave around them."""

    cards: tuple[int, ...]
    left: float = 0.0
    top: float = 0.0
    right: float = 0.0
    bottom: float = 0.0


class Task(Struct, frozen=True):
    """A connected part: sizes of the cards, wires between them, and groups, those around others first."""

    sizes: tuple[tuple[float, float], ...]
    links: tuple[Link, ...] = ()
    groups: tuple[Group, ...] = ()


class Graph(Struct, frozen=True):
    """Units of one connected graph."""

    sizes: Sequence[tuple[float, float]]
    links: Sequence[Link]


def arrange(task: Task, way: str = "") -> list[Place]:
    """Places of the left top corners, the smallest x and y being 0.

    ``way`` is MINIMIZE, QUICK or PLAIN, "" for what suits the size.
    """
    inner, free = _nested(task)
    places, _ = _arranged(task, [*inner[-1]], free[-1], inner, free, way)
    return [places[index] for index in range(len(task.sizes))]


def parts(count: int, pairs: Sequence[tuple[int, int]]) -> list[list[int]]:
    """The connected parts of so many things, each in order, by their first one."""
    boss = list(range(count))

    def find(one: int) -> int:
        while boss[one] != one:
            boss[one] = boss[boss[one]]
            one = boss[one]
        return one

    for one, other in pairs:
        low, high = sorted((find(one), find(other)))
        boss[high] = low
    found: dict[int, list[int]] = {}
    for index in range(count):
        found.setdefault(find(index), []).append(index)
    return list(found.values())


def _nested(task: Task) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """For each group (-1: outside all) the groups and the cards right inside it."""
    holder = dict.fromkeys(range(len(task.sizes)), -1)
    inner: dict[int, list[int]] = defaultdict(list)
    free: dict[int, list[int]] = defaultdict(list)
    for index, group in enumerate(task.groups):
        around = {holder[card] for card in group.cards}
        inner[around.pop() if len(around) == 1 else -1].append(index)
        holder.update(dict.fromkeys(group.cards, index))
    for card, group_index in holder.items():
        free[group_index].append(card)
    return inner, free


def _arranged(
    task: Task,
    groups: Sequence[int],
    cards: Sequence[int],
    inner: Mapping[int, list[int]],
    free: Mapping[int, list[int]],
    way: str,
) -> tuple[dict[int, Place], tuple[float, float]]:
    """The places of all cards in a group, and its size without the room around it."""
    owner: dict[int, int] = {}
    offset: dict[int, Place] = {}
    sizes: list[tuple[float, float]] = []
    for card in cards:
        owner[card], offset[card] = len(sizes), (0.0, 0.0)
        sizes.append(task.sizes[card])
    for index in groups:
        group = task.groups[index]
        inside, (width, height) = _arranged(task, inner.get(index, ()), free.get(index, ()), inner, free, way)
        for card, (x, y) in inside.items():
            owner[card], offset[card] = len(sizes), (x + group.left, y + group.top)
        sizes.append((width + group.left + group.right, height + group.top + group.bottom))
    # As if all ports lay at one height: rows of cards in line are more orderly than wires that are quite level.
    links = [
        (owner[s], LEVEL + offset[s][1], owner[t], LEVEL + offset[t][1])
        for s, _, t, _ in task.links
        if s in owner and t in owner and owner[s] != owner[t]
    ]
    corners: list[Place] = [(0.0, 0.0)] * len(sizes)
    top = wide = 0.0
    for part in parts(len(sizes), [(link[0], link[2]) for link in links]):
        number = {unit: index for index, unit in enumerate(part)}
        graph = Graph(
            [sizes[unit] for unit in part],
            [(number[s], sy, number[t], ty) for s, sy, t, ty in links if s in number],
        )
        for unit, (x, y) in zip(part, _layers(graph, way), strict=True):
            corners[unit] = (x, y + top)
            wide = max(wide, x + sizes[unit][0])
        top = max(corners[unit][1] + sizes[unit][1] for unit in part) + ROW_GAP
    places = {
        card: (corners[unit][0] + offset[card][0], corners[unit][1] + offset[card][1]) for card, unit in owner.items()
    }
    return places, (wide, max(top - ROW_GAP, 0.0))


def _layers(graph: Graph, way: str) -> list[Place]:
    """See Note [Layers]."""
    count = len(graph.sizes)
    if count == 1:
        return [(0.0, 0.0)]
    links = forward(count, graph.links)
    order, edges = plain(count, links) if way == PLAIN else _library(count, links, way)
    columns = {vertex: index for index, column in enumerate(order) for vertex in column}
    ports: dict[tuple[int, int], list[tuple[float, float]]] = defaultdict(list)
    for source, sy, target, ty in links:
        ports[source, target].append((sy, ty))
    # A wire that was cut into pieces: each end knows its port.
    out_y = _ports(links, 0)
    in_y = _ports(links, 2)
    bonds = []
    for source, target in edges:
        real = ports.get((source, target))
        if real:
            bonds += [(source, sy, target, ty, 1.0) for sy, ty in real]
            continue
        sy = out_y.get(source, 0.0) if source < count else 0.0
        ty = in_y.get(target, 0.0) if target < count else 0.0
        bonds.append((source, sy, target, ty, 4.0 if source >= count and target >= count else 2.0))
    height = {vertex: graph.sizes[vertex][1] if vertex < count else 0.0 for vertex in columns}
    tops = _heights(order, bonds, height, count)
    low = min(tops[vertex] for vertex in range(count))
    lefts = _lefts(order, graph.sizes, bonds, tops, columns)
    return [(lefts[columns[vertex]], round(tops[vertex] - low)) for vertex in range(count)]


def _ports(links: Sequence[Link], end: int) -> dict[int, float]:
    """The mean height of a unit's ports on one side."""
    found: dict[int, list[float]] = defaultdict(list)
    for link in links:
        found[int(link[end])].append(link[end + 1])
    return {unit: sum(ys) / len(ys) for unit, ys in found.items()}


def forward(count: int, links: Sequence[Link]) -> list[Link]:
    """The wires without those that would close a circle, as boxes around parts of a graph can."""
    following: dict[int, list[int]] = defaultdict(list)
    for link in links:
        following[link[0]].append(link[2])
    state = [0] * count  # 1 on the way, 2 done
    back: set[tuple[int, int]] = set()
    for start in range(count):
        if state[start]:
            continue
        state[start] = 1
        stack = [(start, iter(following[start]))]
        while stack:
            unit, rest = stack[-1]
            for other in rest:
                if state[other] == 1:
                    back.add((unit, other))
                elif not state[other]:
                    state[other] = 1
                    stack.append((other, iter(following[other])))
                    break
            else:
                state[unit] = 2
                stack.pop()
    return [link for link in links if (link[0], link[2]) not in back]


def _library(count: int, links: Sequence[Link], way: str) -> tuple[list[list[int]], list[tuple[int, int]]]:
    """Columns with their order, and the wires between neighbouring ones; what is not below ``count`` is a wire passing by."""
    import fast_sugiyama

    pairs = list(dict.fromkeys((link[0], link[2]) for link in links))
    # Leaves beside their readers, or results beside what they are made of, whichever there are more of.
    starts, ends = count - len({target for _, target in pairs}), count - len({source for source, _ in pairs})
    shortest = way == MINIMIZE or (not way and count <= SMALL)
    found = fast_sugiyama.from_edges(
        pairs,
        vertex_spacing=10,
        dummy_vertices=True,
        ranking_type="minimize" if shortest else "down" if starts > ends else "up",
        transpose=count < LARGE,
        check_layout=False,
    )
    (spots, _, _, edges), *_ = found
    rows: dict[float, list[tuple[float, int]]] = defaultdict(list)
    for vertex, (x, y) in spots:
        rows[y].append((x, int(vertex)))
    order = [[vertex for _, vertex in sorted(rows[y])] for y in sorted(rows, reverse=True)]
    return order, [(int(source), int(target)) for source, target in edges or pairs]


def plain(count: int, links: Sequence[Link]) -> tuple[list[list[int]], list[tuple[int, int]]]:
    """The same without the library: columns by the longest way, leaves beside their readers, an order by the means of neighbours."""
    pairs = list(dict.fromkeys((link[0], link[2]) for link in links))
    after: dict[int, list[int]] = defaultdict(list)
    before: dict[int, list[int]] = defaultdict(list)
    for source, target in pairs:
        after[source].append(target)
        before[target].append(source)
    waiting = [len(before[unit]) for unit in range(count)]
    ready = [unit for unit in range(count) if not waiting[unit]]
    column = [0] * count
    for unit in ready:  # grows while it is walked
        for reader in after[unit]:
            column[reader] = max(column[reader], column[unit] + 1)
            waiting[reader] -= 1
            if not waiting[reader]:
                ready.append(reader)
    for unit in range(count):
        if not before[unit] and after[unit]:
            column[unit] = min(column[reader] for reader in after[unit]) - 1
    order: list[list[int]] = [[] for _ in range(max(column) + 1)]
    for unit in ready:
        order[column[unit]].append(unit)
    for turn in range(4):
        near = before if turn % 2 == 0 else after
        place = {unit: index / max(len(each), 1) for each in order for index, unit in enumerate(each)}
        for each in order if turn % 2 == 0 else reversed(order):
            mean = {u: sum(place[n] for n in near[u]) / len(near[u]) if near[u] else place[u] for u in each}
            each.sort(key=mean.__getitem__)
            place.update({unit: index / max(len(each), 1) for index, unit in enumerate(each)})
    return order, pairs


Bond = tuple[int, float, int, float, float]
"""(source, its port, target, its port, weight)"""


def _heights(
    order: Sequence[Sequence[int]], bonds: Sequence[Bond], height: Mapping[int, float], count: int
) -> dict[int, float]:
    """The tops of all vertices: near to where their wires are level, in their order, apart."""
    into: dict[int, list[tuple[int, float, float]]] = defaultdict(list)
    out: dict[int, list[tuple[int, float, float]]] = defaultdict(list)
    degree: dict[int, int] = defaultdict(int)
    for source, _, target, _, _ in bonds:
        degree[source] += 1
        degree[target] += 1
    first = {target: source for source, _, target, _, _ in reversed(bonds)}
    for source, sy, target, ty, weight in bonds:
        if degree[source] == 1 or degree[target] == 1:
            # An end hangs on the main line and does not bend it; where there are only ends the first one is in line.
            weight *= 0.04 if first[target] == source else 0.005
        into[target].append((source, sy - ty, weight))
        out[source].append((target, ty - sy, weight))
    tops: dict[int, float] = {}
    steps: list[list[float]] = []
    for column in order:
        y, offsets, last = 0.0, [], -1
        for vertex in column:
            if last >= 0:
                gap = ROW_GAP if vertex < count and last < count else WIRE_GAP
                y += height[last] + gap
            offsets.append(y)
            last = vertex
        steps.append(offsets)
        middle = (y + (height[last] if last >= 0 else 0.0)) / 2
        tops.update({vertex: offset - middle for vertex, offset in zip(column, offsets, strict=True)})

    def settle(index: int, sides: Sequence[Mapping[int, list[tuple[int, float, float]]]], level: bool = False) -> None:
        wanted, weights = [], []
        for vertex, offset in zip(order[index], steps[index], strict=True):
            calls = [
                (tops[other] + shift, strength) for side in sides for other, shift, strength in side.get(vertex, ())
            ]
            best = median if level else mean
            wanted.append((best(calls) if calls else tops[vertex]) - offset)
            weights.append(sum(strength for _, strength in calls) or 0.005)
        for vertex, offset, z in zip(order[index], steps[index], isotonic(wanted, weights), strict=True):
            tops[vertex] = z + offset

    for _ in range(SWEEPS):
        for index in range(1, len(order)):
            settle(index, (into,))
        for index in range(len(order) - 2, -1, -1):
            settle(index, (out,))
    for _ in range(2):
        for index in range(1, len(order)):
            settle(index, (into, out), level=True)
        for index in range(len(order) - 1, -1, -1):
            settle(index, (into, out), level=True)
    return tops


def mean(calls: list[tuple[float, float]]) -> float:
    """The weighted mean of (number, weight)."""
    return sum(value * weight for value, weight in calls) / sum(weight for _, weight in calls)


def median(calls: list[tuple[float, float]]) -> float:
    """The weighted median of (number, weight): unlike a mean it makes one wire level rather than all nearly so."""
    if len(calls) == 1:
        return calls[0][0]
    calls.sort()
    half = sum(weight for _, weight in calls) / 2
    for value, weight in calls:
        half -= weight
        if half <= 1e-9:
            return value
    return calls[-1][0]


def isotonic(wanted: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The rising numbers that are nearest to some others by weighted squares (pool adjacent violators)."""
    pools: list[tuple[float, float, int]] = []
    for value, weight in zip(wanted, weights, strict=True):
        many = 1
        while pools and pools[-1][0] >= value:
            mean, mass, size = pools.pop()
            value = (value * weight + mean * mass) / (weight + mass)
            weight += mass
            many += size
        pools.append((value, weight, many))
    return [value for value, _, many in pools for _ in range(many)]


def _lefts(
    order: Sequence[Sequence[int]],
    sizes: Sequence[tuple[float, float]],
    bonds: Sequence[Bond],
    tops: Mapping[int, float],
    columns: Mapping[int, int],
) -> list[float]:
    """The left edges of the columns: further apart where many wires are steep."""
    steep = [0] * len(order)
    for source, sy, target, ty, _ in bonds:
        if abs(tops[source] + sy - tops[target] - ty) > STEEP and columns[source] < len(order):
            steep[columns[source]] += 1
    lefts, x = [], 0.0
    for index, column in enumerate(order):
        lefts.append(x)
        wide = max((sizes[vertex][0] for vertex in column if vertex < len(sizes)), default=0.0)
        x += wide + COLUMN_GAP + min(64.0, 8.0 * math.sqrt(steep[index]) * 2)
    return [round(left) for left in lefts]


def serve() -> None:
    """Answers tasks on standard input, one a line as ``[number, way, task]``, with ``[number, places]``. A process's main function."""
    for line in sys.stdin.buffer:
        number, way, task = msgspec.json.decode(line, type=tuple[int, str, Task])
        sys.stdout.buffer.write(msgspec.json.encode((number, arrange(task, way))) + b"\n")
        sys.stdout.buffer.flush()
