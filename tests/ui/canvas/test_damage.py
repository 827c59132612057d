"""What an edit paints of the screen, against all of it painted anew."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QEvent
from PySide6.QtGui import QImage, QPaintEvent
from PySide6.QtWidgets import QApplication

from guigrad.document.diff import Diff
from guigrad.document.model import Settings
from guigrad.document.problem import Problem
from guigrad.document.store import Store
from guigrad.ui.canvas import bench
from guigrad.ui.canvas.edits import EditIntents
from guigrad.ui.canvas.view import CanvasView
from guigrad.ui.canvas.wire import Rect

SIZE = (900, 600)


class Seen(CanvasView):
    """A canvas that tells what was painted of it."""

    painted: list[tuple[int, int]]

    def paintEvent(self, event: QPaintEvent) -> None:
        self.painted = [*getattr(self, "painted", []), event.rect().size().toTuple()]
        super().paintEvent(event)


class Desk:
    """A shown graph with numbers, and what can be done to it."""

    def __init__(self, count: int = 60) -> None:
        self.store = Store(bench.graph(count, 3))
        self.intents = EditIntents(self)
        self.view = Seen(self.intents)
        self.view.minimap.set_wanted(False)  # it follows when all is at rest
        self.view.calm = True
        self.view.set_frame(bench.frame(self.store.document, 0))
        self.view.resize(*SIZE)
        self.view.show()
        QApplication.processEvents()
        self.view.clearFocus()  # its dotted outline has its dots elsewhere where it is clipped
        self.store.listen(self.view.apply)

    @property
    def document(self) -> object:
        return self.store.document

    def edit(self, edit: Diff) -> bool:
        return self.store.commit(edit)

    def rest(self) -> None:
        """Waits for everything to be drawn well."""
        self.view._rest.stop()
        self.view._on_rest()
        for _ in range(30):
            self.view.repaint()
            if not self.view.painter.pending:
                break
        QApplication.sendPostedEvents(None, QEvent.Type.UpdateRequest)
        self.view._rest.stop()
        assert not self.view.painter.pending

    def screen(self) -> np.ndarray:
        """What lies on the screen. Shapes: -> [height, width, 4]"""
        pixmap = self.view.screen().grabWindow(self.view.winId())
        image = pixmap.toImage().convertToFormat(QImage.Format.Format_RGB32)
        return np.array(image.constBits()).reshape(image.height(), image.width(), 4)[:, :, :3].astype(int)

    def in_view(self) -> list[str]:
        scene = self.view.scene
        return [scene.ids[row] for row in scene.visible(self.view.viewport.world, -20.0).tolist()]

    def wires_in_view(self) -> list[tuple[str, int, str, str]]:
        scene, table = self.view.scene, self.view.scene.wires
        return [
            (scene.ids[table.source[w]], int(table.output[w]), scene.ids[table.target[w]], table.paths[w])
            for w in table.visible(self.view.viewport.world).tolist()
        ]

    def check(self, what: str) -> bool:
        """Paints what an edit asked for and compares it with the whole; whether it was a part."""
        self.view.painted = []
        QApplication.sendPostedEvents(None, QEvent.Type.UpdateRequest)
        part = bool(self.view.painted) and all(size != SIZE for size in self.view.painted)
        if not part:
            return False
        now = self.screen()
        self.view.repaint()
        whole = self.screen()
        # A smoothed line looks a little different where it is clipped; whatever is stale fills more than single px.
        blocks = np.abs(now - whole).max(axis=2).reshape(SIZE[1] // 6, 6, SIZE[0] // 6, 6).mean(axis=(1, 3))
        assert blocks.max() < 20, (what, blocks.max(), np.argwhere(blocks >= 20)[:3] * 6)
        return True


@pytest.fixture
def desk(qapp: QApplication) -> Iterator[Desk]:
    made = Desk()
    yield made
    made.view.close()
    made.view.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def middle(rect: Rect | None) -> tuple[float, float]:
    assert rect is not None
    return (rect[0] + rect[2]) / 2, (rect[1] + rect[3]) / 2


def an_edit(desk: Desk, chance: random.Random) -> str:
    """One edit of something in view, and what it was."""
    keys, wires, intents = desk.in_view(), desk.wires_in_view(), desk.intents
    views = desk.store.document.views
    key = chance.choice(keys) if keys else None
    if key is None or chance.random() < 0.25:
        undone = desk.store.undo() if chance.random() < 0.7 else desk.store.redo()
        return f"undo or redo of {undone}"
    place = {key: (views[key].x, views[key].y)} if key in views else {}
    what = chance.choice(
        ("move", "far", "remove", "selected", "cut", "join", "mute", "collapse", "rename", "value", "add", "insert", "two", "slider")
    )  # fmt: skip
    if what in ("move", "far"):
        reach = 40 if what == "move" else 600
        x, y = place.get(key, (0.0, 0.0))
        intents.move({key: (x + chance.randint(-reach, reach), y + chance.randint(-reach, reach))})
    elif what == "remove":
        intents.remove([key])
    elif what == "selected":
        desk.view.select([key, chance.choice(keys)])
        desk.rest()
        intents.remove([key])
    elif what in ("cut", "insert", "two") and wires:
        _, _, target, path = chance.choice(wires)
        if what == "insert":
            intents.add_on_wire("torch.exp", target, path, (views[key].x + 30.0, views[key].y + 90.0))
        else:
            intents.disconnect([(target, path)])
        if what == "two":  # before anything is painted
            intents.remove([key])
    elif what == "join" and wires:
        _, _, target, path = chance.choice(wires)
        intents.connect(chance.choice(keys), 0, target, path)
    elif what == "mute":
        intents.mute(place)
    elif what == "collapse":
        intents.collapse(place, not views[key].collapsed)
    elif what == "rename":
        intents.rename(key, f"w{chance.randint(0, 999)}")
    elif what == "value":
        intents.set_argument(next(iter(desk.store.document.nodes)), "size", f"({chance.randint(2, 9)},)")
    elif what == "slider":
        intents.add_node("python.literal", desk.view.viewport.to_world(300.0, 300.0))
    elif what == "add":
        intents.add_node("torch.exp", desk.view.viewport.to_world(chance.randint(0, 800), chance.randint(0, 500)))
    return f"{what} {key}"


@pytest.mark.parametrize("seed", range(4))
def test_what_an_edit_paints_is_what_all_painted_anew_shows(desk: Desk, seed: int) -> None:
    chance = random.Random(seed)
    x, y = middle(desk.view.scene.bounds())
    parts = 0
    for turn in range(40):
        if turn % 8 == 0:
            if turn == 16:
                desk.view.set_theme("light")
            if turn == 24:
                desk.view.set_text_scale(1.5)
            if turn == 32:
                desk.view.set_frame(bench.frame(desk.store.document, seed))
            desk.view.set_viewport(desk.view.viewport.centred(x, y, chance.choice((0.2, 0.5, 0.75, 1.0, 1.3))))
        desk.view.set_hover(chance.choice([*desk.in_view(), None]))
        desk.rest()
        what = an_edit(desk, chance)
        parts += desk.check(what)
    assert parts >= 10


def test_an_edit_paints_a_part_and_everything_when_all_is_at_rest(desk: Desk) -> None:
    x, y = middle(desk.view.scene.bounds())
    desk.view.set_viewport(desk.view.viewport.centred(x, y, 1.0))
    desk.rest()
    key = desk.in_view()[3]
    view = desk.store.document.views[key]
    desk.intents.move({key: (view.x + 8, view.y)})
    assert desk.check("move")
    assert not desk.view.resting
    before = desk.screen()
    leaf = next(iter(desk.store.document.nodes))
    desk.intents.set_argument(leaf, "size", "(7,)")
    stale = {key for key in desk.in_view() if desk.view.scene.stale[desk.view.scene.row[key]]}
    assert len(stale) > 3
    desk.check("value")
    desk.rest()
    assert np.abs(desk.screen() - before).max(axis=2).any()
    assert (desk.view.scene.veiled == desk.view.scene.stale).all()


def test_what_more_than_cards_and_wires_follows_paints_everything(desk: Desk) -> None:
    desk.rest()
    before = desk.store.document.settings
    desk.store.commit(Diff(label="Title", settings=(before, Settings(title="other"))))
    assert not desk.check("settings")
    desk.intents.add_box("a", (0.0, 0.0, 300.0, 200.0))
    desk.rest()
    assert not desk.check("box")
    key = desk.in_view()[0]
    desk.view.set_problems([Problem("a message that is pinned below its card", node_id=key)])
    desk.rest()
    view = desk.store.document.views[key]
    desk.intents.move({key: (view.x + 8, view.y)})
    assert not desk.check("failed")
    desk.intents.remove([other for other in desk.store.document.nodes if other != key])
    desk.rest()
    desk.intents.remove([key])
    assert not desk.check("the last one")
