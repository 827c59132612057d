"""Tidying a scene: what is in order stays, only what was asked for moves, groups and notes go along."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec.structs import replace

from guigrad.document import edit
from guigrad.document.layered import arrange
from guigrad.document.model import Box, Document, Note, View
from guigrad.source.parse.parser import parse
from guigrad.ui.canvas.scene import Scene
from guigrad.ui.canvas.tidy import Tidied, plan, settle

CODE = """import torch
a = torch.randn(3)
b = a.exp()
c = b + a
p = torch.ones(2)
q = p * 2
"""


@dataclass
class Made:
    scene: Scene
    tidied: Tidied

    def where(self, name: str) -> tuple[float, float]:
        return self.tidied.places[self.key(name)]

    def key(self, name: str) -> str:
        return next(key for key, node in self.scene.document.nodes.items() if node.name == name)


def placed(places: dict[str, tuple[float, float]], code: str = CODE) -> Document:
    document = parse(code)
    names = {node.name: key for key, node in document.nodes.items()}
    return replace(document, views={names[name]: View(*at) for name, at in places.items()})


def tidy(document: Document, *names: str) -> Made:
    scene = Scene(document)
    chosen = [key for key, node in document.nodes.items() if node.name in names]
    found = plan(scene, chosen)
    return Made(scene, settle(scene, found, [arrange(part.task) for part in found], bool(chosen)))


MESSY = {"a": (900.0, 40.0), "b": (0.0, 0.0), "c": (10.0, 20.0), "p": (0.0, 800.0), "q": (400.0, 800.0)}


def test_a_messy_part_is_arranged_and_one_in_order_stays(qapp: object) -> None:
    made = tidy(placed(MESSY))
    assert made.where("a") == (900.0, 40.0)  # the first card is where it was
    assert made.where("a")[0] < made.where("b")[0] < made.where("c")[0]
    assert {made.scene.document.nodes[key].name for key in made.tidied.places} == {"a", "b", "c"}


def test_tidied_once_more_nothing_moves(qapp: object) -> None:
    document = placed(MESSY)
    found = tidy(document).tidied
    after = edit.arrange(found.places, found.frames)(document).apply(document)
    assert not tidy(after).tidied.places


def test_with_a_selection_only_that_moves_and_covers_nothing(qapp: object) -> None:
    made = tidy(placed({**MESSY, "p": (1100.0, 0.0), "q": (1400.0, 0.0)}), "a", "b", "c")
    assert {made.scene.document.nodes[key].name for key in made.tidied.places} == {"a", "b", "c"}
    rects = []
    for key, row in made.scene.row.items():
        x, y = made.tidied.places.get(key, (float(made.scene.x[row]), float(made.scene.y[row])))
        rects.append((x, y, x + made.scene.width[row], y + made.scene.height[row]))
    for index, one in enumerate(rects):
        for other in rects[index + 1 :]:
            assert not (one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3])


def test_a_box_goes_around_its_cards_and_a_note_with_its_card(qapp: object) -> None:
    document = placed(
        {"a": (0.0, 0.0), "b": (300.0, 300.0), "c": (300.0, 620.0), "p": (0.0, 2000.0), "q": (300.0, 2000.0)}
    )
    key = {node.name: key for key, node in document.nodes.items()}
    box = Box("box1", "two", 280.0, 250.0, 240.0, 600.0)
    note = Note("note1", "here", 600.0, 620.0, arrows=(key["c"],))
    document = replace(document, boxes={"box1": box}, notes={"note1": note})
    made = tidy(document)
    x, y, width, height = made.tidied.frames["box1"]
    for name in ("b", "c"):
        row, (left, top) = made.scene.row[key[name]], made.where(name)
        assert x < left < left + made.scene.width[row] < x + width
        assert y < top < top + made.scene.height[row] < y + height
    left, top = made.where("a")
    assert left + made.scene.width[made.scene.row[key["a"]]] <= x
    moved = made.where("c")[0] - 300.0, made.where("c")[1] - 620.0
    assert made.tidied.places["note1"][0] == 600.0 + moved[0]
    diff = edit.arrange(made.tidied.places, made.tidied.frames)(document)
    assert diff.only_layout
    assert diff.inverse().apply(diff.apply(document)) == document


def test_a_card_without_wires_makes_way(qapp: object) -> None:
    made = tidy(placed({**MESSY, "lone": (1200.0, 60.0)}, CODE + "lone = torch.ones(1)\n"))
    assert made.where("a") == (900.0, 40.0)
    lone = made.scene.row[made.key("lone")]
    top = max(made.where(name)[1] + made.scene.height[made.scene.row[made.key(name)]] for name in ("a", "b", "c"))
    assert made.where("lone")[1] >= top
    assert made.where("lone")[0] == made.scene.x[lone]


def test_a_loop_stays_one_piece(qapp: object) -> None:
    code = "import torch\nw = torch.ones(2)\nx = torch.ones(2)\nfor k in range(2):\n    y = x * 2\n    z = y + w\nr = w * 3\n"
    document = placed(
        {"w": (0.0, 0.0), "x": (900.0, 0.0), "y": (500.0, 0.0), "z": (0.0, 500.0), "r": (200.0, 300.0)}, code
    )
    made = tidy(document)
    after = edit.arrange(made.tidied.places, made.tidied.frames)(document).apply(document)
    scene = Scene(after)
    (bracket,) = scene.brackets
    left, top, right, bottom = bracket.rect(scene)
    for row in set(scene.row.values()) - set(bracket.rows.tolist()):
        x, y = scene.x[row], scene.y[row]
        assert x >= right or x + scene.width[row] <= left or y >= bottom or y + scene.height[row] <= top
