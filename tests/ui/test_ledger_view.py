"""The ledger of a gradient in the window: by keys, in the inspector and on the card."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from guigrad.ui.main_window import MainWindow
from guigrad.ui.widgets.ledger_card import LedgerCard
from guigrad.ui.widgets.step_line import StepLine

CODE = """import torch

x = torch.tensor([1.0, 2.0], requires_grad=True)
y = torch.tensor([3.0, 4.0], requires_grad=True)
z = x * y
u = z + x
loss = u.sum()
"""
SHIFT = Qt.KeyboardModifier.ShiftModifier
FIRST = [
    ("backward 1 · loss", "+ [4, 5]"),
    ("u · other", "1 each"),
    ("z · self", "[3, 4]"),
]


@pytest.fixture
def opened(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> MainWindow:
    """A window with the code, x selected."""
    path = tmp_path / "sums.py"
    path.write_text(CODE)
    assert window.intents.open_path(str(path))
    window.live.follow_now()
    window.canvas.setFocus()
    qtbot.waitUntil(window.canvas.hasFocus)
    window.session.select((window.labels()["x"],))
    return window


def lines(card: LedgerCard) -> list[tuple[str, str]]:
    return [(words, text) for words, text, _ in card.lines]


def on_card(window: MainWindow, name: str) -> tuple[str, str]:
    """(what the foot says of .grad, why there is none)."""
    scene = window.canvas.scene
    content = scene.faces.content(scene.row[window.labels()[name]])
    return content.ledger, content.grad.reason


def attribute(window: MainWindow, name: str) -> str:
    """A row of the inspector."""
    pairs = {left.text(): right.text() for left, right in window.inspector._pairs}
    return pairs[name]


def test_the_stack_grows_and_is_emptied(opened: MainWindow, qtbot: QtBot) -> None:
    card = opened.inspector.ledger
    assert card.isHidden()
    assert attribute(opened, ".grad") == "None"
    qtbot.keyClick(opened, Qt.Key.Key_F6)
    assert lines(card) == FIRST
    assert card.isVisible()
    assert attribute(opened, ".grad") == "a tensor · 1 backward"
    assert on_card(opened, "x") == ("", "")
    qtbot.keyClick(opened, Qt.Key.Key_F5)
    qtbot.keyClick(opened, Qt.Key.Key_F6)
    assert lines(card) == [("backward 2 · loss", "+ [4, 5]"), *FIRST[1:], *FIRST]
    assert on_card(opened, "x") == ("2 backwards", "")
    assert attribute(opened, ".grad") == "a tensor · 2 backwards"
    qtbot.keyClick(opened, Qt.Key.Key_Z, SHIFT)
    assert lines(card) == [("emptied: set to None", "")]
    assert on_card(opened, "x") == ("", "None · emptied")
    assert attribute(opened, ".grad") == "None, emptied"
    opened.session.zero_grad(set_to_none=False)
    assert on_card(opened, "x")[1] == "None · emptied"  # there is nothing to fill with zeros
    qtbot.keyClick(opened, Qt.Key.Key_F5)
    qtbot.keyClick(opened, Qt.Key.Key_F6)
    opened.session.zero_grad(set_to_none=False)
    assert lines(card) == [("emptied: set to zeros", "")]
    assert on_card(opened, "x") == ("zeroed", "")
    assert attribute(opened, ".grad") == "zeros, not None · emptied"
    row = opened.canvas.scene.row[opened.labels()["x"]]
    assert (
        opened.canvas.scene.faces.content(row).grad.text
        or opened.canvas.scene.faces.content(row).grad.cells is not None
    )


def test_a_line_leads_to_the_node_that_sent_it(opened: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(opened, Qt.Key.Key_F6)
    line = next(line for line in opened.inspector.ledger.findChildren(StepLine) if line.node == opened.labels()["z"])
    assert line.accessibleName() == "z · self [3, 4]"
    line.setFocus()
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert opened.session.selection == {opened.labels()["z"]}
    assert opened.inspector.ledger.isHidden()  # torch keeps no gradient of it
    assert attribute(opened, "retains_grad") == "False"


def test_a_step_shows_the_stack_of_its_moment(opened: MainWindow, qtbot: QtBot) -> None:
    card = opened.inspector.ledger
    opened.session.stepper.to_end()
    assert lines(card) == FIRST
    qtbot.keyClick(opened, Qt.Key.Key_F10, SHIFT)
    qtbot.keyClick(opened, Qt.Key.Key_F10, SHIFT)
    assert card.isHidden()
    opened.session.stepper.leave()


def test_without_xray_the_call_is_there_without_parts(opened: MainWindow, qtbot: QtBot) -> None:
    opened.session.set_x_ray(False)
    qtbot.keyClick(opened, Qt.Key.Key_F6)
    assert lines(opened.inspector.ledger) == [("backward 1 · loss · parts not recorded", "")]
    opened.session.set_x_ray(True)
    assert lines(opened.inspector.ledger) == FIRST


def test_nothing_selected_shows_nothing(opened: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(opened, Qt.Key.Key_F6)
    opened.session.select(())
    assert opened.inspector.ledger.isHidden()
    opened.session.select(tuple(opened.session.document.nodes))
    assert opened.inspector.ledger.isHidden()
