"""The backward graph in the window: keys, menus, clicks and hovering by real events; what runs, what is freed, what lights up."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QHelpEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QMenu, QToolTip
from pytestqt.qtbot import QtBot

from guigrad.document import edit
from guigrad.ui import menus_canvas
from guigrad.ui.canvas.accessible import interface
from guigrad.ui.canvas.mirror_cards import Card
from guigrad.ui.main_window import MainWindow

ALT = Qt.KeyboardModifier.AltModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def shown(lesson: MainWindow, qtbot: QtBot) -> MainWindow:
    """The lesson with its backward graph."""
    lesson.live._follow()
    return show(lesson, qtbot)


def show(window: MainWindow, qtbot: QtBot) -> MainWindow:
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window, Qt.Key.Key_B, ALT)
    qtbot.waitUntil(lambda: bool(window.canvas.backward.mirror.cards))
    window.canvas.repaint()
    return window


def card(window: MainWindow, name: str) -> Card:
    return next(one for one in window.canvas.backward.mirror.cards if one.main.name == name)


def place(window: MainWindow, one: Card, dx: float = 60.0, dy: float = 12.0) -> QPoint:
    return QPointF(*window.canvas.viewport.to_screen(one.x + dx, one.y + dy)).toPoint()


def hover(window: MainWindow, at: QPoint) -> None:
    canvas = window.canvas
    none = Qt.MouseButton.NoButton
    event = QMouseEvent(
        QEvent.Type.MouseMove, QPointF(at), QPointF(canvas.mapToGlobal(at)), none, none, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(canvas, event)


def test_alt_b_shows_what_torch_made_and_hides_it_again(shown: MainWindow, qtbot: QtBot) -> None:
    mirror = shown.canvas.backward.mirror
    assert [one.main.name for one in mirror.cards] == [
        "AccumulateGrad", "AddBackward0", "PowBackward0", "MulBackward0", "MeanBackward0",
    ]  # fmt: skip
    assert shown.actions_by_id["backward_graph"].isChecked()
    bounds, seen = mirror.bounds(), shown.canvas.viewport.world
    assert bounds is not None
    assert seen[0] <= bounds[0]
    assert bounds[3] <= seen[3]
    qtbot.keyClick(shown, Qt.Key.Key_B, ALT | SHIFT)
    scene = shown.canvas.scene.bounds()
    over = mirror.bounds()
    assert scene is not None
    assert over is not None
    assert over[3] < scene[1]
    qtbot.keyClick(shown, Qt.Key.Key_B, ALT)
    assert mirror.bounds() is None
    assert not shown.actions_by_id["backward_graph"].isChecked()


def test_a_backward_frees_what_was_saved(shown: MainWindow, qtbot: QtBot) -> None:
    backward = shown.canvas.backward
    assert not any(backward.freed(one.main) for one in backward.mirror.cards)
    assert [saved.node for saved in card(shown, "PowBackward0").saved] == ["t2"]
    qtbot.keyClick(shown, Qt.Key.Key_F6)
    qtbot.waitUntil(lambda: backward.freed(card(shown, "PowBackward0").main))
    assert backward.freed(card(shown, "MulBackward0").main)
    assert not backward.freed(card(shown, "AddBackward0").main)
    saved = card(shown, "PowBackward0").saved[0]
    assert (saved.state, saved.node, saved.shape) == ("freed", "t2", (5,)), "what was there before is remembered"
    qtbot.keyClick(shown, Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: not backward.freed(card(shown, "PowBackward0").main))


def test_hovering_lights_both_ways(shown: MainWindow) -> None:
    canvas, backward = shown.canvas, shown.canvas.backward
    power = card(shown, "PowBackward0")
    hover(shown, place(shown, power))
    assert canvas.hover == power.main.key
    assert backward.hovered == power.main.id
    assert backward.lit().nonzero()[0].tolist() == [backward.mirror.cards.index(power)]
    assert len(backward.threads()) == 1
    key = shown.labels()["t3"]
    row = canvas.scene.row[key]
    x, y = canvas.viewport.to_screen(float(canvas.scene.x[row]) + 60, float(canvas.scene.y[row]) + 10)
    hover(shown, QPointF(x, y).toPoint())
    assert backward.hovered == ""
    assert backward.lit().nonzero()[0].tolist() == [backward.mirror.cards.index(card(shown, "MulBackward0"))]


def test_a_click_selects_the_grad_fn_and_its_card(shown: MainWindow, qtbot: QtBot) -> None:
    canvas, backward = shown.canvas, shown.canvas.backward
    power = card(shown, "PowBackward0")
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=place(shown, power))
    assert canvas.selection == (power.main.key,)
    assert shown.session.selection == {power.main.key}
    assert backward.chosen == power.main.id
    canvas.select((shown.labels()["t1"],))
    assert backward.chosen == ""
    assert backward.chosen_cards() == {backward.mirror.cards.index(card(shown, "AccumulateGrad"))}


def test_its_tooltip_and_menu(shown: MainWindow, qtbot: QtBot) -> None:
    canvas = shown.canvas
    at = place(shown, card(shown, "PowBackward0"))
    QApplication.sendEvent(canvas, QHelpEvent(QEvent.Type.ToolTip, at, canvas.mapToGlobal(at)))
    assert "saved <code>self</code>: t2 (5,), _version 0" in canvas.backward.tip(QPointF(at))
    assert "exponent" in QToolTip.text()
    QToolTip.hideText()
    asked: list[tuple[str, str]] = []
    canvas.context_requested.connect(lambda kind, key, where: asked.append((kind, key)))
    shown.live.menus.blockSignals(True)
    menu = QMenu()
    menus_canvas.fill(shown, menu, "grad_fn", card(shown, "PowBackward0").main.id, QPoint(0, 0))
    words = [action.text() for action in menu.actions() if action.text()]
    assert words == ["Go to pow", "Copy its name", "Open composite ops", "Backward graph above", "Backward graph"]
    menu.actions()[1].trigger()
    assert QApplication.clipboard().text() == "PowBackward0"


def test_stepping_lights_the_grad_fn_that_runs(shown: MainWindow, qtbot: QtBot) -> None:
    backward = shown.canvas.backward
    qtbot.keyClick(shown, Qt.Key.Key_F10)
    qtbot.keyClick(shown, Qt.Key.Key_F10)
    qtbot.waitUntil(lambda: backward.ghosts is not None)
    there = {one.main.name for one in backward.mirror.cards if not backward.ghost(one)}
    assert there == {"AccumulateGrad", "AddBackward0"}
    for _ in range(5):
        qtbot.keyClick(shown, Qt.Key.Key_F10)
    qtbot.waitUntil(lambda: bool(backward.running_cards()))

    def running() -> list[str]:
        return [backward.mirror.cards[number].main.name for number in backward.running_cards()]

    assert running() == ["MulBackward0"]
    qtbot.waitUntil(lambda: backward.freed(card(shown, "MulBackward0").main))
    assert not backward.freed(card(shown, "PowBackward0").main), "it has not run yet at this step"
    qtbot.keyClick(shown, Qt.Key.Key_F10, SHIFT)
    assert running() == ["MeanBackward0"]
    assert not backward.freed(card(shown, "MulBackward0").main)
    shown.commands.ask("leave_steps")
    assert backward.ghosts is None
    assert not backward.running_cards()


COMPOSITE = """import torch
import torch.nn.functional as F

w = torch.randn(4, 8, requires_grad=True)
h = F.layer_norm(w, (8,))
a = F.scaled_dot_product_attention(h[None], h[None], h[None])
loss = a.softmax(-1).mean()
"""


def test_a_composite_op_opens_by_a_click(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "composite.py"
    path.write_text(COMPOSITE)
    assert window.intents.open_path(str(path))
    show(window, qtbot)
    mirror = window.canvas.backward.mirror
    folded = next(one for one in mirror.cards if one.folded and one.main.node == "a")
    count, inside = len(mirror.cards), len(folded.nodes)
    at = place(window, folded, 88.0, folded.height - 8)
    qtbot.mouseClick(window.canvas, Qt.MouseButton.LeftButton, pos=at)
    window.canvas.repaint()
    assert len(mirror.cards) == count + inside - 1
    assert {"BmmBackward0", "SafeSoftmaxBackward0"} & {one.main.name for one in mirror.cards}
    opened = next(group for group in mirror.groups if group.open)
    head = QPointF(*window.canvas.viewport.to_screen(opened.x + 40, opened.y + 12)).toPoint()
    qtbot.mouseClick(window.canvas, Qt.MouseButton.LeftButton, pos=head)
    window.canvas.repaint()
    assert len(mirror.cards) == count
    qtbot.keyClick(window, Qt.Key.Key_O, ALT)
    window.canvas.repaint()
    assert not any(one.folded for one in mirror.cards)
    qtbot.keyClick(window, Qt.Key.Key_O, ALT)
    window.canvas.repaint()
    assert len(mirror.cards) == count


def test_inside_a_function_its_own_grad_fns_are_shown(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "function.py"
    path.write_text(
        "import torch\n\n\ndef f(a):\n    b = a.exp()\n    c = b * a\n    return c\n\n\n"
        "x = torch.ones(3, requires_grad=True)\ny = f(x)\nz = y.sum()\n"
    )
    assert window.intents.open_path(str(path))
    show(window, qtbot)
    mirror = window.canvas.backward.mirror
    qtbot.waitUntil(lambda: "y" in window.labels())
    call = window.labels()["y"]
    (folded,) = [mirror.cards[number] for number in mirror.by_key[call] if mirror.cards[number].folded] or [None]
    names = {node.name for card_ in mirror.cards if mirror.key_of(card_.main) == call for node in card_.nodes}
    assert names == {"ExpBackward0", "MulBackward0"}
    assert folded is None or len(folded.nodes) == 2
    assert window.session.enter(call)
    window.canvas.repaint()
    assert {one.main.name for one in mirror.cards} == {"ExpBackward0", "MulBackward0"}
    window.session.leave()
    window.canvas.repaint()
    assert "AccumulateGrad" in {one.main.name for one in mirror.cards}


def test_backward_with_create_graph_brings_a_second_graph(shown: MainWindow, qtbot: QtBot) -> None:
    mirror = shown.canvas.backward.mirror
    qtbot.keyClick(shown, Qt.Key.Key_F6, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: [band[0] for band in mirror.bands] == [1, 2])
    assert not any(shown.canvas.backward.freed(one.main) for one in mirror.cards)


def test_nothing_to_show_is_no_error(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "plain.py"
    path.write_text("import torch\nx = torch.ones(3)\ny = x.sum()\n")
    assert window.intents.open_path(str(path))
    qtbot.keyClick(window, Qt.Key.Key_B, ALT)
    qtbot.waitUntil(lambda: window.backward._known is not None)
    window.canvas.repaint()
    assert window.canvas.backward.mirror.cards == []


def test_a_run_brings_the_rounds_of_a_loop(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "loop.py"
    path.write_text(
        "import torch\n\nw = torch.ones(3, requires_grad=True)\nh = torch.zeros(3)\nfor t in range(4):\n    h = torch.tanh(h + w)\n"
        "loss = h.sum()\nloss.backward()\n"
    )
    assert window.intents.open_path(str(path))
    show(window, qtbot)
    mirror = window.canvas.backward.mirror
    assert len(mirror.by_node) == 4
    qtbot.keyClick(window, Qt.Key.Key_F5, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: len(mirror.by_node) == 10)
    rounds = [group for group in mirror.groups if group.label == "values overwritten since"]
    assert [len(group.nodes) for group in rounds] == [6]


def test_the_backward_graph_follows_cards_that_are_moved(shown: MainWindow) -> None:
    canvas = shown.canvas
    key = card(shown, "PowBackward0").main.key
    assert shown.session.edit(edit.move({key: (900.0, 40.0)}))
    canvas.motion.land()
    canvas.grab()
    assert card(shown, "PowBackward0").x == pytest.approx(900.0, abs=1)


def test_a_screen_reader_is_told_of_the_grad_fns(shown: MainWindow, qtbot: QtBot) -> None:
    backward = shown.canvas.backward
    key = card(shown, "PowBackward0").main.key
    assert backward.spoken(key) == "PowBackward0 saved self t2"
    assert "PowBackward0 saved self t2" in interface(shown.canvas).node(key).text(QAccessible.Text.Description)
    assert backward.spoken(shown.labels()["t1"]) == "AccumulateGrad"
    qtbot.keyClick(shown, Qt.Key.Key_F6)
    qtbot.waitUntil(lambda: backward.spoken(key) == "PowBackward0 freed self t2")
    qtbot.keyClick(shown, Qt.Key.Key_B, ALT)
    assert backward.spoken(key) == ""


def test_an_old_graph_is_never_shown_as_the_present_one(shown: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    backward = shown.canvas.backward
    key = shown.labels()["t3"]
    faded: list[bool] = []
    stop = shown.session.base.document_changed.connect(lambda document, diff: faded.append(backward.stale))
    assert shown.session.edit(edit.set_argument(key, "self", 3))
    assert faded == [True]
    qtbot.waitUntil(lambda: not backward.stale)
    assert not any(backward.ghost(one) for one in backward.mirror.cards)
    assert shown.session.edit(edit.move({key: (0.0, 0.0)}))
    assert faded[1:] == [False], "a card that is moved changes nothing"
    stop()
    path = tmp_path / "other.py"
    path.write_text("import torch\nx = torch.ones(2)\ny = x + 1\n")
    assert shown.intents.open_path(str(path), ask=False)
    qtbot.waitUntil(lambda: shown.session.frame is not None and not shown.session.running)
    shown.canvas.grab()
    assert backward.mirror.cards == []
