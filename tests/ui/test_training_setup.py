"""A training loop set up and changed by mouse and keys: the card, the editor, the right click; nothing but edits of the document."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox, QMenu, QWidget
from pytestqt.qtbot import QtBot

from guigrad.document.training import HAND
from guigrad.run.loops import trains
from guigrad.source.emit import emit
from guigrad.ui import menus_canvas
from guigrad.ui.main_window import MainWindow
from guigrad.ui.training_setup import TrainingSetup
from guigrad.ui.widgets.param_editor import ParamEditor
from guigrad.ui.widgets.training_editor import TrainingEditor
from tests.play import play_here

LINE = """import torch

torch.manual_seed(0)
x = torch.linspace(-1, 1, 8)
y = 3 * x + 1
w = torch.tensor(0.0, requires_grad=True)
b = torch.tensor(0.0, requires_grad=True)
pred = w * x + b
loss = ((pred - y) ** 2).mean()
print(loss.item())
"""
Left = Qt.MouseButton.LeftButton


@pytest.fixture
def setup(window: MainWindow, tmp_path: Path) -> TrainingSetup:
    path = tmp_path / "line.py"
    path.write_text(LINE)
    assert window.intents.open_path(str(path))
    window.live._follow()
    return window.training.setup


def code(setup: TrainingSetup) -> str:
    return emit(setup.session.whole)


def opened(setup: TrainingSetup) -> TrainingEditor:
    setup.window.actions_by_id["training_loop"].trigger()
    assert setup.editor is not None
    return setup.editor


def choose(editor: TrainingEditor, part: str, text: str) -> None:
    combo = editor.fields[part]
    assert isinstance(combo, QComboBox)
    at = next(at for at in range(combo.count()) if combo.itemText(at).startswith(text))
    combo.setCurrentIndex(at)
    combo.activated.emit(at)


def write(editor: TrainingEditor, field: str, text: str) -> None:
    line = number(editor.fields[field])
    line.setFocus()
    line.selectAll()  # type: ignore[attr-defined]  # a line
    QTest.keyClicks(line, text)
    QTest.keyClick(line, Qt.Key.Key_Return)


def tick(box: QWidget) -> None:
    QTest.keyClick(box, Qt.Key.Key_Space)


def number(widget: QWidget | None) -> QWidget:
    assert isinstance(widget, ParamEditor)
    return widget.field


def drag(field: QWidget, by: int) -> None:
    QTest.mousePress(field, Left, pos=QPoint(20, 8))
    for at in range(1, 9):
        QTest.mouseMove(field, QPoint(20 + by * at // 8, 8))
    QTest.mouseRelease(field, Left, pos=QPoint(20 + by, 8))


def test_the_empty_tab_offers_a_loop_and_undo_takes_it_away(setup: TrainingSetup, qtbot: QtBot) -> None:
    window = setup.window
    window.tabs.bring("training")
    card = setup.card
    qtbot.waitUntil(card.add.isVisible)
    before = code(setup)
    QTest.mouseClick(card.add, Left)
    assert "for step in range(100):\n    pred = w * x + b\n" in code(setup)
    assert "    optimizer.step()\n" in code(setup)
    assert not card.add.isVisible()
    assert list(card.buttons) == ["steps", "loss", "leaves", "optimizer"]
    assert [button.text() for button in card.buttons.values()] == ["100 steps", "loss", "trains w, b", "SGD"]
    assert "SGD lr=0.1" in window.canvas.painter.loop_words
    window.session.undo()
    assert code(setup) == before
    setup.follow()
    assert setup.editor is None
    assert card.add.isVisible()


def test_every_part_is_changed_in_the_editor(setup: TrainingSetup) -> None:
    editor = opened(setup)
    choose(editor, "optimizer", "AdamW")
    write(editor, "settings.weight_decay", "0.2")
    write(editor, "settings.betas", "(0.8, 0.9)")
    choose(editor, "scheduler", "StepLR")
    write(editor, "schedule.gamma", "0.9")
    write(editor, "steps", "30")
    choose(editor, "clip", "clipped by value")
    write(editor, "clip_at", "0.5")
    choose(editor, "zero", "set to zeros")
    setup.session.forward()
    setup.follow()
    tick(editor.fields["batches"])
    write(editor, "batch", "4")
    tick(editor.fields["stop"])
    write(editor, "stop_at", "0.5")
    text = code(setup)
    for line in (
        "optimizer = torch.optim.AdamW([w, b], lr=0.1, weight_decay=0.2, betas=(0.8, 0.9))\n",
        "scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=33, gamma=0.9)\n",
        "for epoch in range(30):\n    perm = torch.randperm(len(x))\n    for i in range(0, len(x), 4):\n",
        "        batch = perm[i : i + 4]\n        xb = x[batch]\n        yb = y[batch]\n",
        "        optimizer.zero_grad(set_to_none=False)\n        loss.backward()\n        torch.nn.utils.clip_grad_value_([w, b], 0.5)\n",
        "    scheduler.step()\n    if loss < 0.5:\n        break\n",
    ):
        assert line in text, text
    tick(editor.fields["batches"])
    choose(editor, "optimizer", "by hand")
    assert "    with torch.no_grad():\n        w -= lr * (w.grad + 0.2 * w)\n" in code(setup)
    assert editor._said.isHidden()
    boxes = editor.fields["leaves"].findChildren(QCheckBox)
    assert [box.text() for box in boxes] == ["w", "b"]
    tick(boxes[1])
    assert "b -= lr" not in code(setup)
    tick(editor.fields["leaves"].findChildren(QCheckBox)[0])
    assert "at least one leaf" in editor._said.text()
    assert editor.fields["leaves"].findChildren(QCheckBox)[0].isChecked()


def test_lbfgs_writes_a_function_and_trains_with_it(setup: TrainingSetup) -> None:
    editor = opened(setup)
    choose(editor, "optimizer", "LBFGS")
    write(editor, "settings.max_iter", "3")
    write(editor, "settings.line_search_fn", "strong_wolfe")
    closed = code(setup)
    assert 'optimizer = torch.optim.LBFGS([w, b], max_iter=3, line_search_fn="strong_wolfe")\n' in closed
    assert "    def closure():\n        pred = w * x + b\n" in closed
    assert "        return loss\n    loss = optimizer.step(closure)\n" in closed
    assert [button.text() for button in setup.card.buttons.values()] == ["100 steps", "loss", "trains w, b", "LBFGS"]
    choose(editor, "scheduler", "SequentialLR")
    write(editor, "schedule.1. LinearLR total_iters", "9")
    assert "LinearLR(optimizer, total_iters=9)" in code(setup)
    setup.session.forward()
    setup.follow()
    tick(editor.fields["batches"])
    choose(editor, "way", "drawn anew")
    assert "    rows = torch.randint(len(x), (16,))\n" in code(setup)
    assert "steps" in editor.fields
    tick(editor.fields["batches"])
    choose(editor, "scheduler", "none")
    assert code(setup) == closed
    setup.light(trains(setup.session.whole), -1)
    assert "calls the function itself" in setup.card.lights.toolTip()
    setup.session.coach.train(3)
    (series,) = setup.session.coach.recording.runs[0].series.values()
    assert [*series.points()][-1][-1] < 1e-3
    choose(editor, "optimizer", "SGD")
    assert "def " not in code(setup)
    assert "    optimizer.step()\n" in code(setup)
    assert editor._said.isHidden()


def test_the_rate_is_dragged_while_it_trains_and_what_was_trained_stays(setup: TrainingSetup, qtbot: QtBot) -> None:
    window = setup.window
    opened(setup)
    window.tabs.bring("training")
    window.training.play(5)
    qtbot.waitUntil(lambda: not window.training.playing)
    assert window.session.coach.step == 5
    assert setup.card.rate is not None
    drag(number(setup.card.rate), 40)
    assert "lr=0.14)" in code(setup)
    window.training.play(5)
    qtbot.waitUntil(lambda: not window.training.playing)
    assert window.session.coach.step == 10
    torch_says = code(setup).replace("range(100)", "range(10)").replace("lr=0.14)", "lr=0.1)")
    torch_says = torch_says.replace(
        "    pred = ", "    if step == 5:\n        optimizer.param_groups[0]['lr'] = 0.14\n    pred = "
    )
    last = window.session.coach.recording.run.series["loss"].values[-1]
    assert f"{last}"[:8] == play_here([torch_says])[0][:8]
    window.session.undo()
    assert "lr=0.1)" in code(setup)  # the drag is one step


def test_a_right_click_makes_a_value_the_loss(setup: TrainingSetup) -> None:
    window = setup.window
    keys = {node.name: node.id for node in window.session.whole.nodes.values() if node.name}
    for name, words in (("loss", "Train loss by a loop…"), ("pred", ""), ("w", "")):
        menu = QMenu()
        menus_canvas.fill(window, menu, "node", keys[name], QPoint())
        offered = [action for action in menu.actions() if "loop" in action.text()]
        assert [action.text() for action in offered if not action.text().startswith("Training")] == (
            [words] if words else []
        )
        if words:
            offered[0].trigger()
            assert setup.known is not None
            window.session.undo()


def test_what_there_is_to_refuse_is_said(window: MainWindow, tmp_path: Path) -> None:
    said: list[str] = []
    end = window.session.base.refused.connect(lambda problems: said.append(problems[0].message))
    for source, words in (
        ("x = torch.ones(3)\ny = x.sum()\n", "nothing to make smaller"),
        ("x = torch.ones(3, requires_grad=True)\n", "nothing to make smaller"),
        ("", "nothing to make smaller"),
        (
            "w = torch.ones(2, requires_grad=True)\ndef train():\n    for step in range(3):\n        w.sum().backward()\n    return w\nprint(train())\n",
            "stands in the function train",
        ),
    ):
        path = tmp_path / "some.py"
        path.write_text(f"import torch\n{source}")
        window.intents.open_path(str(path))
        window.live._follow()
        window.training.setup.open()
        assert window.training.setup.editor is None
        assert words in said[-1]
    end()


def test_an_unusual_loop_is_shown_and_left_alone(window: MainWindow, tmp_path: Path) -> None:
    path = tmp_path / "odd.py"
    path.write_text(
        "import torch\nw = torch.ones(2, requires_grad=True)\nlr = 0.1\nparams = [w]\nfor t in range(1, 9):\n    loss = (w * w).sum()\n"
        "    loss.backward()\n    with torch.no_grad():\n        for p in params:\n            p -= lr * p.grad\n            p.grad = None\n"
    )
    window.intents.open_path(str(path))
    window.live._follow()
    setup = window.training.setup
    editor = opened(setup)
    assert setup.known is not None
    assert set(setup.known.odd) == {"optimizer", "leaves", "zero", "steps"}
    assert not editor.fields["optimizer"].isEnabled()
    assert editor.fields["stop"].isEnabled()
    before = code(setup)
    setup.asked("optimizer", HAND)
    assert "left as it is written" in editor._said.text()
    assert code(setup) == before


def test_phases_light_up_and_lead_to_their_settings(setup: TrainingSetup, qtbot: QtBot) -> None:
    window = setup.window
    editor = opened(setup)
    window.tabs.bring("training")
    lights = setup.card.lights
    qtbot.waitUntil(lambda: lights.phases == ("forward", "zero_grad", "backward", "step"))
    for place in range(3):
        window.training.one_phase()
        assert (lights.at, lights.all_on) == (place, False)
    chip = lights.chips()[3]
    QTest.mouseClick(lights, Left, pos=QPointF(chip.center()).toPoint())
    assert editor.focusWidget() is editor.fields["optimizer"]
    lights.grab()
    assert setup.known is not None
    assert setup.is_its_loop((setup.known.loop,))
    assert not setup.is_its_loop(("#1",))
