"""Where the mirrored grad_fns lie: below the cards that they belong to, beside each other, and in bands by order."""

from __future__ import annotations

import numpy as np
import pytest

import guigrad
from guigrad.engine.play import Engine
from guigrad.run.graph import Graph
from guigrad.run.request import Want
from guigrad.ui.canvas.mirror import OVER, UNDER, Mirror
from guigrad.ui.canvas.mirror_cards import WIDTH
from guigrad.ui.canvas.scene import Scene

LESSON = """import torch
import torch.nn.functional as F
x = torch.randn(2, 4, 8)
w = torch.randn(8, 8, requires_grad=True)
h = x @ w
a = F.scaled_dot_product_attention(h, h, h)
loss = a.softmax(-1).mean()
"""
GRAD = """import torch
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = (x.exp() * x).sum()
g, = torch.autograd.grad(y, x, create_graph=True)
p = (g * g).sum()
"""


def mirrored(source: str, side: str = UNDER) -> tuple[Mirror, Scene]:
    document = guigrad.parse(source)
    engine = Engine(document)
    engine.forward()
    scene = Scene(document)
    mirror = Mirror(scene)
    mirror.show(engine.frame(Want(graph=True)).graph)
    mirror.set_side(side)
    mirror.refresh()
    return mirror, scene


def overlapping(rects: np.ndarray) -> int:
    left, top, right, low = (rects[:, k][:, None] for k in range(4))
    meet = (left < right.T) & (right > left.T) & (top < low.T) & (low > top.T)
    return int(meet.sum() - len(rects)) // 2


@pytest.mark.parametrize("side", [UNDER, OVER])
@pytest.mark.parametrize("source", [LESSON, GRAD])
@pytest.mark.parametrize("wide", [True, False])
def test_nothing_lies_over_anything(source: str, side: str, wide: bool) -> None:
    mirror, scene = mirrored(source, side)
    mirror.flip_all(wide)
    mirror.refresh()
    bounds = scene.bounds()
    assert bounds is not None
    assert not overlapping(mirror.rects)
    if side == UNDER:
        assert mirror.rects[:, 1].min() > bounds[3]
    else:
        assert mirror.rects[:, 3].max() < bounds[1]
    assert {node.id for card in mirror.cards for node in card.nodes} == set(mirror.by_node)


def test_a_grad_fn_lies_below_its_card_and_gradients_run_left() -> None:
    source = "import torch\nx = torch.ones(3, requires_grad=True)\na = x * 2\nb = a.exp()\nc = b.sum()\n"
    mirror, scene = mirrored(source)
    for card in mirror.cards:
        row = scene.row[card.main.key]
        assert card.x + WIDTH / 2 == pytest.approx(float(scene.x[row] + scene.width[row] / 2), abs=1)
    assert len(mirror.wires) == 3
    assert (mirror.ends[2] < mirror.ends[0]).all(), (
        "from the right side of what comes before to the left side of what comes after"
    )


def test_composite_ops_fold_and_open() -> None:
    mirror, _ = mirrored(LESSON)
    folded = next(card for card in mirror.cards if card.folded and card.main.node == "a")
    inside = len(folded.nodes)
    assert inside > 8
    before = len(mirror.cards)
    mirror.flip(folded.group.place)
    assert mirror.refresh()
    assert len(mirror.cards) == before + inside - 1
    opened = next(group for group in mirror.groups if group.open)
    assert mirror.group_at(opened.x + 20, opened.y + 5) is opened
    assert all(opened.x < card.x and card.x + WIDTH < opened.x + opened.width for card in opened.cards)
    mirror.flip(opened.place)
    mirror.refresh()
    assert len(mirror.cards) == before


def test_the_second_graph_lies_in_a_band_of_its_own() -> None:
    mirror, _ = mirrored(GRAD)
    assert [band[0] for band in mirror.bands] == [1, 2]
    first = [card.y for card in mirror.cards if card.main.order == 1]
    second = [card.y for card in mirror.cards if card.main.order == 2]
    assert max(first) < min(second)
    inside = [
        (mirror.cards[int(a)], mirror.cards[int(b)], mirror.ends[:, k]) for k, (a, b, _) in enumerate(mirror.wires)
    ]
    second_alone = [(card, ends) for card, other, ends in inside if card.main.order == other.main.order == 2]
    assert second_alone
    assert all(card.side == -1 and ends[0] == card.x + WIDTH for card, ends in second_alone), "from left to right again"


def test_it_follows_cards_that_move() -> None:
    mirror, scene = mirrored(LESSON)
    assert not mirror.refresh()
    before = mirror.rects.copy()
    scene.x[: scene.count] += 100
    assert mirror.refresh()
    assert np.allclose(mirror.rects[:, 0], before[:, 0] + 100, atol=1)


def test_nothing_of_other_levels_is_shown() -> None:
    mirror, _ = mirrored(LESSON)
    mirror.show(mirror.graph, "elsewhere/")
    mirror.refresh()
    assert mirror.cards == []
    mirror.show(None)
    mirror.refresh()
    assert mirror.bounds() is None
    mirror.show(Graph())
    mirror.refresh()
    assert mirror.bounds() is None
