"""Led wires as columns: kept in step by every change, found by their points, drawn in pictures."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from guigrad.document import edit
from guigrad.document.draft import Refused
from guigrad.document.model import Document
from guigrad.document.store import Store
from guigrad.ui import render
from guigrad.ui.canvas.scene import Scene
from tests.ui.canvas.samples import lesson, lesson_frame

WIRES = ("t2:self", "t2:other", "sq:self", "t3:other", "t4:self")


def led(**routes: tuple[tuple[float, float], ...]) -> Document:
    document = lesson()
    for key, route in routes.items():
        target, _, path = key.partition("_")
        document = edit.set_route(target, path, route)(document).apply(document)
    return document


def shape(scene: Scene) -> dict[str, list[list[float]]]:
    """Where the pieces of each wire run."""
    found = {}
    for row in scene.row.values():
        for wire in scene.into[row]:
            rows = [wire, *scene.leads.pieces.get(wire, ())]
            found[scene.leads.name(wire)] = np.round(scene.wires.ends[:, rows].T, 6).tolist()
    return found


def test_a_wire_runs_through_its_points_and_is_found_there() -> None:
    scene = Scene(led(t2_self=((210, 60), (150, 80))))
    wire = scene.leads.wire("t2:self")
    assert wire is not None
    first, second, third = shape(scene)["t2:self"]
    assert first[2:4] == second[:2] == [210, 60]
    assert second[2:4] == third[:2] == [150, 80]
    assert second[4] < 0  # it runs back
    assert third[4] > 0
    assert scene.leads.point_at(212, 58, 6) == "t2:self:0"
    assert scene.leads.point_at(150, 80, 6) == "t2:self:1"
    assert scene.leads.point_at(300, 80, 6) == ""
    assert scene.wires.at(180, 70, 12) == wire
    assert scene.wires.crossing(180, 40, 180, 100) == [wire]
    assert set(scene.leads.inside(140, 70, 160, 90)) == {"t2:self:1"}
    assert scene.leads.exists("t2:self:1")
    assert not scene.leads.exists("t2:self:2")
    for bad in ("", ":", "t2", "t2:", ":0", "t2:self:-1", "t2:self:99999999999", "x:self:0"):
        assert not scene.leads.exists(bad)


@pytest.mark.parametrize("seed", range(8))
def test_changes_leave_what_a_fresh_scene_would_have(seed: int) -> None:
    chance = random.Random(seed)
    store = Store(lesson())
    scene = Scene(store.document)
    store.listen(scene.apply)
    for _ in range(30):
        key = chance.choice(WIRES)
        target, _, path = key.partition(":")
        points = [(chance.randrange(900), chance.randrange(500)) for _ in range(chance.randrange(4))]
        change = chance.choice((
            edit.set_route(target, path, points), edit.set_route(target, path, points), edit.disconnect(target, path),
            edit.move({chance.choice(list(scene.row)): (chance.randrange(900), 40)}), edit.mute(["sq"]),
            edit.connect("t1", 0, target, path), edit.collapse([target]), None, None,
        ))  # fmt: skip
        try:
            if change is None:
                store.undo()
            else:
                store.commit(change(store.document))
        except Refused:
            continue
        fresh = Scene(store.document)
        assert shape(scene) == shape(fresh)
        used = (scene.wires.source[: scene.wires.count] >= 0).sum()
        assert used == (fresh.wires.source[: fresh.wires.count] >= 0).sum()


def test_pictures_show_the_points(qapp: QApplication, tmp_path: Path) -> None:
    document = led(t2_self=((210, 20), (150, 0)))
    sizes = []
    for name in ("a.svg", "a.png"):
        render.render(document, lesson_frame(), str(tmp_path / name))
        sizes.append((tmp_path / name).read_bytes())
    render.render(lesson(), lesson_frame(), str(tmp_path / "plain.svg"))
    assert len(sizes[0]) > len((tmp_path / "plain.svg").read_bytes())
