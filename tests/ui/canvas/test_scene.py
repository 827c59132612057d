"""Columns in step with the document: which cards there are, where, and which wires."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from guigrad.document import edit
from guigrad.document.draft import Refused
from guigrad.document.layout import shown_nodes
from guigrad.document.model import Document, In, View
from guigrad.document.scope import body_keys, inside
from guigrad.document.store import Store
from guigrad.files.load import load
from guigrad.source.parse.parser import parse
from guigrad.ui.canvas import geometry as g
from guigrad.ui.canvas.geometry import WIDTH
from guigrad.ui.canvas.scene import Scene
from guigrad.ui.canvas.tidy import grown
from tests.ui.canvas.samples import lesson, lesson_frame

GOLDEN_SCRIPTS = sorted((Path(__file__).resolve().parents[2] / "golden" / "scripts").glob("*.py"))
LOOP = """import torch
weights = torch.ones(4, requires_grad=True)
for epoch in range(2):
    output = (weights * 3).sum()
    output.backward()
    print(weights.grad)
    with torch.no_grad():
        weights -= 0.1 * weights.grad
    weights.grad.zero_()
print(weights, output)
"""


@pytest.fixture(autouse=True)
def _fonts(qapp: QApplication) -> None:
    """Faces measure texts."""


def titles(scene: Scene) -> list[str]:
    return sorted(scene.facet(row).title for row in scene.row.values())


def wires(scene: Scene) -> set[tuple[str, int, str, str]]:
    table = scene.wires
    return {
        (scene.ids[table.source[w]], int(table.output[w]), scene.ids[table.target[w]], table.paths[w])
        for row in scene.row.values()
        for w in scene.into[row]
    }


def same(scene: Scene) -> None:
    """A scene that followed diffs is what a new scene of the same document would be."""
    fresh = Scene(scene.document)
    assert set(scene.row) == set(fresh.row)
    assert wires(scene) == wires(fresh)
    for key, row in scene.row.items():
        other = fresh.row[key]
        assert scene.facets[row] == fresh.facets[other]
        assert scene.height[row] == fresh.height[other]
        if key in scene.document.views:
            assert (scene.x[row], scene.y[row]) == (fresh.x[other], fresh.y[other])
    assert [b.title for b in scene.brackets] == [b.title for b in fresh.brackets]
    assert [len(scene.out[row]) for row in scene.row.values()] == [len(fresh.out[fresh.row[k]]) for k in scene.row]


def test_effects_alone_have_no_card() -> None:
    scene = Scene(lesson())
    assert titles(scene) == ["pow", "t1", "t2", "t3", "t4", "two"]
    assert wires(scene) == {
        ("t1", 0, "t2", "self"),
        ("two", 0, "t2", "other"),
        ("t2", 0, "sq", "self"),
        ("sq", 0, "t3", "other"),
        ("t3", 0, "t4", "self"),
    }


def test_a_loop_is_a_bracket_around_its_cards_and_hides_operands_of_effects() -> None:
    scene = Scene(parse(LOOP))
    assert "backward" not in titles(scene)
    assert "print" not in titles(scene)
    assert "grad" not in titles(scene)  # an operand of the update
    assert {"weights", "output", "mul"} <= set(titles(scene))
    assert [bracket.title for bracket in scene.brackets] == ["for epoch in range(2)", "with torch.no_grad()"]
    outer, inner = (bracket.rect(scene) for bracket in scene.brackets)
    assert outer[0] < inner[0]
    assert outer[2] > inner[2]
    mul = next(row for row in scene.row.values() if scene.facet(row).title == "mul")
    assert outer[0] < scene.x[mul]
    assert scene.x[mul] + scene.width[mul] < outer[2]


def test_cards_without_a_place_do_not_lie_on_each_other() -> None:
    text = "import torch\nx = torch.ones(3)\n" + "".join(f"y{i} = x + {i}\nz{i} = y{i}.exp()\n" for i in range(20))
    scene = Scene(parse(text))
    rows = list(scene.row.values())
    for a in rows:
        for b in rows:
            apart = abs(scene.x[a] - scene.x[b]) >= g.WIDTH or abs(scene.y[a] - scene.y[b]) >= scene.height[a]
            assert a == b or apart or scene.y[b] - scene.y[a] >= scene.height[a] or scene.y[a] > scene.y[b]


def test_an_operand_without_a_card_is_shown_as_code() -> None:
    scene = Scene(parse(LOOP))
    update = next(row for row in scene.row.values() if scene.facet(row).op == "isub")
    assert [inlet.text for inlet in scene.facet(update).inputs] == ["", "0.1 * weights.grad"]
    back = [scene.ids[source] for bracket in scene.brackets for source, _, _ in bracket.carried]
    assert scene.ids[update] in back


def test_a_wire_ends_at_the_ports() -> None:
    scene = Scene(lesson())
    wire = scene.into[scene.row["t3"]][0]
    x1, y1, x2, y2, _ = scene.wires.ends[:, wire]
    assert (x1, y1) == scene.port_point(scene.row["sq"], "out", 0)
    assert (x2, y2) == scene.port_point(scene.row["t3"], "in", 1)
    assert scene.port_at(x2 + 3, y2 - 3) == (scene.row["t3"], "in", 1)
    assert scene.port_at(x1, y1, only="in") is None
    assert scene.wires.at((x1 + x2) / 2, (y1 + y2) / 2, 3.0) == wire
    assert scene.wires.at(-500.0, -500.0, 3.0) is None


def test_a_literal_on_a_port_is_its_own_port() -> None:
    scene = Scene(lesson())
    inputs = scene.facet(scene.row["t3"]).inputs
    assert [(inlet.path, inlet.text) for inlet in inputs] == [("self", "2"), ("other", "")]


def test_hits_are_topmost() -> None:
    scene = Scene(lesson())
    a, b = scene.row["t1"], scene.row["two"]
    scene.put([b], scene.x[[a]] + 10, scene.y[[a]] + 10)
    x, y = scene.x[a] + 40, scene.y[a] + 40
    assert scene.node_at(x, y) == b
    scene.select(["t1"])
    assert scene.node_at(x, y) == a
    assert scene.node_at(-1e6, 0) is None


def test_random_edits_keep_the_columns_true() -> None:
    rng = random.Random(4)
    store = Store(parse(LOOP + "a = torch.rand(3)\nb = a * 2 + 1\nc = torch.cat([a, b])\nm = c.max()\n"))
    scene = Scene(store.document)
    store.listen(lambda document, diff: scene.apply(document, diff) and None)
    ops = ["operator.add", "torch.nn.functional.relu", "torch.cat", "torch.randn", "torch.Tensor.sum", "torch.where"]
    done = 0
    for step in range(150):
        keys = list(store.document.nodes)
        one, two = rng.choice(keys), rng.choice(keys)
        ports = scene.facet(scene.row[two]).inputs if two in scene.row else ()
        choices = [
            lambda: edit.add_node(rng.choice(ops), (rng.randrange(900), rng.randrange(600))),
            lambda one=one: edit.remove(one),
            lambda one=one, step=step: edit.rename(one, rng.choice([None, f"v{step}", "x"])),
            lambda one=one: edit.move({one: (rng.randrange(900), rng.randrange(600))}),
            lambda one=one: edit.collapse([one], rng.random() < 0.5),
            lambda one=one: edit.duplicate([one], keep_inputs=True),
            lambda one=one, two=two, ports=ports: edit.connect(one, 0, two, rng.choice(ports).path),
            lambda two=two, ports=ports: edit.disconnect(two, rng.choice(ports).path),
        ]
        if step % 9 == 8:
            store.undo()
        elif step % 17 == 16:
            store.redo()
        else:
            try:
                done += store.commit(rng.choice(choices)()(store.document))
            except (Refused, IndexError):
                continue
        same(scene)
    assert done > 40
    while store.undo() is not None:
        pass
    same(scene)


def test_a_reset_forgets_everything() -> None:
    scene = Scene(lesson())
    scene.faces.set_frame(lesson_frame())
    scene.reset(Document())
    assert scene.row == {}
    assert scene.bounds() is None
    assert scene.faces.frame is None
    assert not len(scene.wires.visible((-1e9, -1e9, 1e9, 1e9)))


def test_culling_finds_exactly_what_touches_the_view() -> None:
    scene = Scene(lesson())
    assert len(scene.visible((-1e5, -1e5, 1e5, 1e5))) == 6
    assert [scene.ids[r] for r in scene.visible((30.0, 130.0, 40.0, 140.0), 0.0)] == ["t1"]
    assert not len(scene.visible((5000.0, 5000.0, 6000.0, 6000.0)))


def test_a_cut_crosses_the_wires_between_its_ends() -> None:
    scene = Scene(lesson())
    wire = scene.into[scene.row["t4"]][0]
    x1, y1, x2, y2, _ = scene.wires.ends[:, wire]
    middle = (x1 + x2) / 2
    assert scene.wires.crossing(middle - 60, (y1 + y2) / 2, middle + 60, (y1 + y2) / 2 + 5) == [wire]
    assert scene.wires.crossing(middle, 5000, middle + 10, 6000) == []


def test_an_edit_makes_what_follows_stale_until_the_next_frame() -> None:
    store = Store(lesson())
    scene = Scene(store.document)
    store.listen(lambda document, diff: scene.apply(document, diff) and None)
    scene.faces.set_frame(lesson_frame())
    store.commit(edit.set_argument("sq", "exponent", 3)(store.document))
    stale = {key for key, row in scene.row.items() if scene.stale[row]}
    assert stale == {"sq", "t3", "t4"}
    assert scene.faces.content(scene.row["t4"]).stale
    assert not scene.faces.content(scene.row["t2"]).stale
    scene.faces.set_frame(lesson_frame())
    assert not scene.stale[: scene.count].any()


def test_moving_a_card_makes_nothing_stale() -> None:
    store = Store(lesson())
    scene = Scene(store.document)
    store.listen(lambda document, diff: scene.apply(document, diff) and None)
    scene.faces.set_frame(lesson_frame())
    store.commit(edit.move({"t1": (0, 0)})(store.document))
    assert not np.any(scene.stale[: scene.count])
    assert scene.x[scene.row["t1"]] == 0


def test_cards_are_those_that_the_layout_places(repository: Path) -> None:
    for path in sorted((repository / "resources" / "lessons").glob("*.guigrad")):
        document = load(path)
        assert set(Scene(document).row) == set(shown_nodes(document))


def strangers(scene: Scene) -> list[tuple[str, str]]:
    """Cards that lie in a bracket that is not theirs."""
    found = []
    for bracket in scene.brackets:
        left, top, right, bottom = bracket.rect(scene)
        for row in scene.row.values():
            x, y = scene.x[row], scene.y[row]
            apart = x >= right or x + scene.width[row] <= left or y >= bottom or y + scene.height[row] <= top
            if row not in bracket.rows and not apart:
                found.append((scene.facet(row).title, bracket.title))
    return found


@pytest.mark.parametrize("path", GOLDEN_SCRIPTS, ids=lambda path: path.stem)
def test_no_card_is_laid_into_a_bracket_that_is_not_its_own(path: Path) -> None:
    assert strangers(Scene(parse(path.read_text("utf-8")))) == []


def test_a_card_added_after_a_loop_stays_clear_of_it() -> None:
    code = "import torch\nx = torch.ones(2, 2)\ny = x\nfor i in range(3):\n    z = x.sin()\n    y = y @ z.cos()\n"
    before = parse(code)
    scene = Scene(before)
    views = {key: View(float(scene.x[row]), float(scene.y[row])) for key, row in scene.row.items()}
    store = Store(edit.place_views(views)(before).apply(before))
    scene = Scene(store.document)
    y = next(key for key, node in before.nodes.items() if node.op == "python.carry")
    for _ in range(4):
        diff = edit.add_node("torch.Tensor.sum", args=(In(y),))(store.document)
        store.commit(diff)
        scene.apply(store.document, diff)
        assert strangers(scene) == []


def test_a_card_that_nobody_had_placed_goes_back_when_its_first_move_is_undone() -> None:
    document = parse("import torch\nx = torch.ones(3)\ny = x.exp()\n")
    scene = Scene(document)
    key = next(iter(scene.row))
    place = scene.x[scene.row[key]], scene.y[scene.row[key]]
    gone = edit.remove(key)(document)
    scene.apply(gone.apply(document), gone)
    scene.apply(document, gone.inverse())
    assert (scene.x[scene.row[key]], scene.y[scene.row[key]]) == place
    diff = edit.move({key: (500, 600)})(document)
    after = diff.apply(document)
    scene.apply(after, diff)
    assert scene.x[scene.row[key]] == 500
    scene.apply(diff.inverse().apply(after), diff.inverse())
    assert (scene.x[scene.row[key]], scene.y[scene.row[key]]) == place


@pytest.mark.parametrize("path", GOLDEN_SCRIPTS, ids=lambda path: path.stem)
def test_what_is_inside_a_function_has_no_card_around_it(path: Path) -> None:
    document = parse(path.read_text("utf-8"))
    assert set(Scene(document).row) == set(Scene(inside(document, "")).row)
    for function in document.functions:
        assert set(Scene(inside(document, function)).row) <= {*body_keys(document.functions[function]), function}


@pytest.mark.parametrize("path", GOLDEN_SCRIPTS, ids=lambda path: path.stem)
def test_cards_that_nobody_placed_have_room_for_their_numbers(path: Path) -> None:
    scene = Scene(inside(parse(path.read_text("utf-8")), ""))
    rects = [(float(scene.x[row]), float(scene.y[row]), grown(scene, row)) for row in scene.row.values()]
    for (x, y, height), (other_x, other_y, other_height) in itertools.combinations(rects, 2):
        across = abs(x - other_x) >= WIDTH
        assert across or y + height <= other_y or other_y + other_height <= y, ((x, y), (other_x, other_y))
