"""New cards of a loop stand where its frame grows around no card of elsewhere; cards that were there stay."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication

from guigrad.document import edit
from guigrad.document.draft import Edit
from guigrad.document.store import Store
from guigrad.source.parse.parser import parse
from guigrad.ui.canvas.scene import Scene

CODE = """import torch
X = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = torch.tensor([[0.0], [1.0], [1.0], [0.0]])
w1 = torch.randn(2, 4, requires_grad=True)
b1 = torch.zeros(4, requires_grad=True)
w2 = torch.randn(4, 1, requires_grad=True)
h = torch.tanh(X @ w1 + b1)
out = h @ w2
loss = ((out - y) ** 2).mean()
"""


@pytest.fixture(autouse=True)
def _fonts(qapp: QApplication) -> None:
    """Faces measure texts."""


def places(scene: Scene) -> dict[str, tuple[float, float, float, float]]:
    return {
        key: (scene.x[row], scene.y[row], scene.x[row] + scene.width[row], scene.y[row] + scene.height[row])
        for key, row in scene.row.items()
    }


def inside(scene: Scene) -> dict[str, set[str]]:
    """By the frame's loop the cards of elsewhere whose middle lies in it."""
    found = {}
    for bracket in scene.brackets:
        left, top, right, bottom = bracket.rect(scene)
        mine = {scene.ids[row] for row in bracket.rows.tolist()}
        found[bracket.title] = {
            scene.facet(scene.row[key]).title
            for key, (x0, y0, x1, y1) in places(scene).items()
            if key not in mine and left < (x0 + x1) / 2 < right and top < (y0 + y1) / 2 < bottom
        }
    return found


def test_what_the_loop_editor_adds_stands_beside_the_loop() -> None:
    store = Store(parse(CODE))
    scene = Scene(store.document)
    store.listen(lambda document, diff: scene.apply(document, diff))

    def do(made: Edit) -> None:
        before = places(scene)
        store.commit(made(store.document))
        now = places(scene)
        assert {key: now[key] for key in before if key in now} == {key: before[key] for key in before if key in now}
        rects = sorted(now.values())
        for at, one in enumerate(rects):
            for other in rects[at + 1 :]:
                assert other[0] >= one[2] or other[1] >= one[3] or one[1] >= other[3], (one, other)
        assert not any(inside(scene).values()), inside(scene)

    do(edit.add_training("loss"))
    do(edit.set_batches(("X", "y"), 2, True))
    do(edit.set_stop(0.01))
    do(edit.set_scheduler("torch.optim.lr_scheduler.StepLR"))
    do(edit.set_batches((), 0))
    do(edit.set_optimizer("by hand"))
