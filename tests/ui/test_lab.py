"""The mistake lab in the window: reached three ways, played, pinned, mended by one click; and silent failures found in anybody's code."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from guigrad.lessons.index import Lesson, mistakes
from guigrad.source.emit import emit
from guigrad.ui.main_window import MainWindow
from guigrad.ui.widgets.change import Change

MLP = """import torch

torch.manual_seed(0)
x = torch.randn(8, 4)
target = torch.randn(8, 2)
W1 = torch.randn(4, 6, requires_grad=True)
W2 = torch.randn(6, 2, requires_grad=True)
unused = torch.zeros(3, requires_grad=True)
hidden = torch.relu(x @ W1 - 100.0)
loss = ((hidden @ W2 - target) ** 2).mean()
loss.backward()
"""


def _looked(window: MainWindow, qtbot: QtBot) -> None:
    """The values have been looked through."""
    with qtbot.waitSignal(window.lab._timer.timeout, timeout=120_000):
        pass
    window.live._follow()


def _open(window: MainWindow, qtbot: QtBot, lesson: Lesson) -> None:
    assert window.intents.open_path(str(lesson.path))
    _looked(window, qtbot)


def test_a_click_on_the_welcome_page_opens_and_plays_a_mistake(window: MainWindow, qtbot: QtBot) -> None:
    window.actions_by_id["mistake_lab"].trigger()
    assert window.stack.currentWidget() is window.welcome
    assert [card.lesson for card in window.welcome.mistake_cards] == list(mistakes())
    card = window.welcome.mistake_cards[2]
    qtbot.mouseClick(card, Qt.MouseButton.LeftButton)
    _looked(window, qtbot)
    assert window.stack.currentWidget() is window.canvas
    assert window.tabs.currentWidget() is window.problems
    found = window.problems.cards[0]
    assert "backward through the graph a second time" in found.message.text()
    assert found.changes[0].lines == ("- loss.backward()", "+ loss.backward(retain_graph=True)")
    loss = window.labels()["loss"]
    assert window.session.selection == {loss}  # a backward has no card: its root bears what went wrong
    assert window.canvas.scene.failed[window.canvas.scene.row[loss]]
    assert window.bar.isVisible()
    assert mistakes()[2].about in window.bar.text.text()


@pytest.mark.parametrize("lesson", mistakes(), ids=lambda lesson: lesson.name)
def test_each_is_pinned_and_mended_by_a_click(window: MainWindow, qtbot: QtBot, lesson: Lesson) -> None:
    _open(window, qtbot, lesson)
    assert len(window.session.selection) == 1
    key = next(iter(window.session.selection))
    scene = window.canvas.scene
    assert scene.failed[scene.row[key]] or scene.warned[scene.row[key]]
    assert window.inspector.shown is not None
    assert window.inspector.shown.problems
    card = window.problems.cards[0]
    before = emit(window.session.document).splitlines()
    lines = card.changes[0].lines
    assert lines in [change.lines for change in window.inspector.findChildren(Change)]
    gone = [line[2:] for line in lines if line.startswith("- ")]
    assert gone or any(line.startswith("+ ") for line in lines)
    assert all(line in before for line in gone)
    qtbot.mouseClick(card.buttons[0], Qt.MouseButton.LeftButton)
    _looked(window, qtbot)
    after = emit(window.session.document).splitlines()
    assert all(line[2:] in after for line in lines if line.startswith("+ "))
    assert window.problems.problems == ()
    assert not scene.failed.any()
    assert not scene.warned.any()


def test_the_menu_and_the_search_have_all_of_them(window: MainWindow) -> None:
    menu = window.commands.submenus["mistakes"]
    menu.aboutToShow.emit()
    assert [action.text() for action in menu.actions()] == [lesson.title for lesson in mistakes()]
    menu.actions()[0].trigger()
    assert window.session.path == str(mistakes()[0].path)
    found = [entry for entry in window.intents.found("mistake") if entry.kind == "mistake"]
    assert {entry.text for entry in found} == {lesson.title for lesson in mistakes()}


def test_the_next_one_is_a_click_away(window: MainWindow, qtbot: QtBot) -> None:
    _open(window, qtbot, mistakes()[-1])
    link = window.bar._links.itemAt(0).widget()
    assert link is not None
    qtbot.mouseClick(link, Qt.MouseButton.LeftButton)
    assert window.session.path == str(mistakes()[0].path)


def test_silent_failures_are_found_in_anybodys_code(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    script = tmp_path / "mine.py"
    script.write_text(MLP)
    assert window.intents.open_path(str(script))
    _looked(window, qtbot)
    assert window.problems.problems == ()  # nothing has run backward yet
    window.intents.run_program()
    _looked(window, qtbot)
    labels = window.labels()
    pinned = {problem.node_id: problem.message for problem in window.problems.problems}
    assert set(pinned) == {labels["unused"], labels["hidden"]}
    assert "dead" in pinned[labels["hidden"]]
    scene = window.canvas.scene
    assert scene.warned[scene.row[labels["hidden"]]]
    window.intents.new()
    window.live._follow()
    assert window.problems.problems == ()
