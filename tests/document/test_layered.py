"""Layered layout: order, room, groups, and the way without the library."""

from __future__ import annotations

import itertools

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guigrad.document import layered
from guigrad.document.layered import PLAIN, QUICK, Group, Place, Task, arrange

WIDE = 176.0


def rects(task: Task, places: list[Place]) -> list[tuple[float, float, float, float]]:
    return [(x, y, x + w, y + h) for (x, y), (w, h) in zip(places, task.sizes, strict=True)]


def apart(boxes: list[tuple[float, float, float, float]]) -> bool:
    return not any(
        a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
        for index, a in enumerate(boxes)
        for b in boxes[index + 1 :]
    )


@st.composite
def tasks(draw: st.DrawFn) -> Task:
    count = draw(st.integers(1, 24))
    sizes = tuple((WIDE, float(draw(st.sampled_from([40, 112, 168, 320])))) for _ in range(count))
    links = [
        (draw(st.integers(0, target - 1)), 60.0, target, 50.0)
        for target in range(1, count)
        for _ in range(draw(st.integers(0, 2)))
    ]
    return Task(sizes, tuple(links))


@settings(max_examples=60, deadline=None)
@given(tasks(), st.sampled_from([QUICK, PLAIN]))
def test_cards_never_overlap_and_wires_run_to_the_right(task: Task, way: str) -> None:
    places = arrange(task, way)
    assert apart(rects(task, places))
    for source, _, target, _ in task.links:
        assert places[source][0] + WIDE < places[target][0]


@pytest.mark.parametrize("way", ["", QUICK, PLAIN])
def test_a_chain_lies_in_one_line(way: str) -> None:
    task = Task(((WIDE, 112.0),) * 6, tuple((i, 60.0, i + 1, 60.0) for i in range(5)))
    places = arrange(task, way)
    assert len({y for _, y in places}) == 1
    assert [x for x, _ in places] == sorted(x for x, _ in places)


def test_leaves_do_not_bend_the_main_line() -> None:
    # 0 -> 1 -> 2 -> 3, each of 1 to 3 also reads a leaf of its own.
    links = [
        (0, 60.0, 1, 40.0),
        (1, 60.0, 2, 40.0),
        (2, 60.0, 3, 40.0),
        (4, 60.0, 1, 60.0),
        (5, 60.0, 2, 60.0),
        (6, 60.0, 3, 60.0),
    ]
    places = arrange(Task(((WIDE, 112.0),) * 7, tuple(links)))
    line = [places[index][1] for index in range(4)]
    assert max(line) - min(line) <= 20
    for leaf, reader in ((4, 1), (5, 2), (6, 3)):
        assert places[leaf][0] < places[reader][0]
        assert places[reader][0] - places[leaf][0] < 2 * (WIDE + 64)


def test_a_group_stays_together_with_room_around_it() -> None:
    group = Group((1, 2, 3), 22.0, 48.0, 22.0, 22.0)
    inner = Group((2, 3), 22.0, 48.0, 22.0, 22.0)
    links = [(0, 60.0, 1, 60.0), (1, 60.0, 2, 60.0), (2, 60.0, 3, 60.0), (3, 60.0, 4, 60.0), (0, 60.0, 4, 70.0)]
    task = Task(((WIDE, 112.0),) * 5, tuple(links), (group, inner))
    places = arrange(task)
    boxes = rects(task, places)
    assert apart(boxes)
    inside = [boxes[index] for index in group.cards]
    frame = (
        min(b[0] for b in inside) - 22, min(b[1] for b in inside) - 48,
        max(b[2] for b in inside) + 22, max(b[3] for b in inside) + 22,
    )  # fmt: skip
    assert apart([frame, boxes[0]])
    assert apart([frame, boxes[4]])


def test_a_circle_of_units_is_opened() -> None:
    # A group that reads from a card and is read by it.
    task = Task(((WIDE, 112.0),) * 3, ((0, 0.0, 1, 0.0), (1, 0.0, 2, 0.0)), (Group((0, 2), 10.0, 10.0, 10.0, 10.0),))
    assert apart(rects(task, arrange(task)))


def test_nothing_and_one_card() -> None:
    assert arrange(Task(())) == []
    assert arrange(Task(((WIDE, 90.0),))) == [(0.0, 0.0)]


def test_the_same_every_time_and_through_json() -> None:
    task = Task(((WIDE, 112.0),) * 9, tuple((i // 2, 60.0, i, 60.0) for i in range(1, 9)))
    again = msgspec.json.decode(msgspec.json.encode(task), type=Task)
    assert arrange(task) == arrange(again)


@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(0.1, 5)), min_size=1, max_size=12))
def test_isotonic_rises_and_keeps_what_rises(pairs: list[tuple[float, float]]) -> None:
    wanted, weights = [p[0] for p in pairs], [p[1] for p in pairs]
    found = layered.isotonic(wanted, weights)
    assert all(a <= b + 1e-9 for a, b in itertools.pairwise(found))
    assert layered.isotonic(sorted(wanted), weights) == pytest.approx(sorted(wanted))
