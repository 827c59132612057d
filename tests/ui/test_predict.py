"""Predict, then reveal with mouse and keys: blanked on the card, answered in the panel, nowhere to be seen before."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QMenu
from pytestqt.qtbot import QtBot

from guigrad.document import edit
from guigrad.run.blanks import Blank
from guigrad.run.exercise import blank
from guigrad.ui.canvas.accessible import interface
from guigrad.ui.canvas.overlay import wire_text
from guigrad.ui.canvas.tips import node_tip
from guigrad.ui.main_window import MainWindow
from guigrad.ui.panels.predict import PredictPanel, Row
from guigrad.ui.predict import add_blanks
from guigrad.ui.render import Painting

SCRIPT = """import torch

a = torch.tensor(1.7182, requires_grad=True)
b = torch.tensor(-3.3071, requires_grad=True)
c = a * b
d = c ** 2
d.backward()
print(c)
"""


@pytest.fixture
def opened(window: MainWindow, tmp_path: Path) -> MainWindow:
    """A small program that has run."""
    script = tmp_path / "exercise.py"
    script.write_text(SCRIPT)
    assert window.intents.open_path(str(script))
    window.live._follow()
    window.intents.run_program()
    window.canvas.setFocus()
    return window


def _panel(window: MainWindow) -> PredictPanel:
    found: PredictPanel = window.tabs.panels["predict"]
    return found


def _row(window: MainWindow, title: str) -> Row:
    return next(row for row in _panel(window).rows if row.entry.title == title)


def _place(window: MainWindow, label: str) -> QPoint:
    canvas, scene = window.canvas, window.canvas.scene
    row = scene.row[window.labels()[label]]
    x, y = canvas.viewport.to_screen(float(scene.x[row]) + 30, float(scene.y[row]) + 12)
    return QPointF(x, y).toPoint()


def _everything(window: MainWindow) -> str:
    """All the words that the window has about its document: cards, chips, hovers, screen reader, inspector, tape, messages, pictures."""
    canvas, scene = window.canvas, window.canvas.scene
    words, reader = [], interface(canvas)
    for key, row in scene.row.items():
        content = scene.faces.content(row)
        words += [content.value.text, content.grad.text, content.foot, node_tip(canvas, row), reader.description(key)]
        window.session.select((key,))
        words += [label.text() for label in window.inspector.findChildren(QLabel)]
        for view in (window.inspector.value, window.inspector.grad):
            words += [str(view.model.index(line, 0).data()) for line in range(view.model.rowCount())]
    for wire in range(len(scene.wires.paths)):
        found = scene.faces.contribution(wire)
        words += ["" if found is None else str(found.numpy()), str(wire_text(scene, wire))]
    window.tabs.bring("tape")
    tape = window.tabs.panels["tape"]
    words.append(tape.model.tape.text(range(len(tape.model.tape))))
    words.append(Painting(window.session.document, window.session.frame).svg().decode())
    return "\n".join([*words, window.messages.text(), window.code.view.toPlainText()])


def test_a_key_blanks_the_gradient_and_an_answer_brings_it_back(opened: MainWindow, qtbot: QtBot) -> None:
    qtbot.mouseClick(opened.canvas, Qt.MouseButton.LeftButton, pos=_place(opened, "c"))
    number = f"{2 * 1.7182 * -3.3071:.3f}"[:6]
    assert number in _everything(opened)
    opened.session.select((opened.labels()["c"],))
    opened.canvas.setFocus()
    qtbot.keyClick(opened.canvas, Qt.Key.Key_B)
    assert number not in _everything(opened)
    opened.session.select((opened.labels()["c"],))
    opened.canvas.setFocus()
    qtbot.keyClick(opened.canvas, Qt.Key.Key_G)
    row = _row(opened, "grad of c")
    assert opened.tabs.currentWidget() is _panel(opened)
    assert QApplication.focusWidget() is row.field
    qtbot.keyClicks(row.field, "12")
    qtbot.keyClick(row.field, Qt.Key.Key_Return)
    assert "not it" in row.said.text()
    qtbot.mouseClick(row.hint, Qt.MouseButton.LeftButton)
    assert "upstream g = 1" in row.said.text()
    row.field.clear()
    qtbot.keyClicks(row.field, "2 * 1.7182 * -3.3071")
    qtbot.mouseClick(row.check, Qt.MouseButton.LeftButton)
    assert "Right: 0.5" in row.said.text()
    assert "0.5 of 1 points" in _panel(opened).points.text()
    assert number in _everything(opened)
    qtbot.mouseClick(_panel(opened).restart, Qt.MouseButton.LeftButton)
    assert number not in _everything(opened)


@pytest.mark.parametrize(
    ("label", "what", "number"),
    [("c", "value", "5.68"), ("d", "value", "32.28"), ("a", "grad", "37.58"), ("b", "grad", "19.52")],
)
def test_what_is_blanked_is_nowhere(opened: MainWindow, label: str, what: str, number: str) -> None:
    words = _everything(opened)
    assert number in words
    opened.messages.clear()
    assert opened.session.edit_whole(blank((opened.labels()[label],), what))
    assert number not in _everything(opened)
    opened.intents.run_program()
    opened.intents.step()
    opened.session.stepper.to_end()
    assert number not in _everything(opened)
    opened.session.exercise.reveal(Blank(opened.labels()[label], what))
    assert number in _everything(opened)


def test_a_shape_is_nowhere(opened: MainWindow, tmp_path: Path) -> None:
    script = tmp_path / "shapes.py"
    script.write_text("import torch\n\nx = torch.ones(7, 13)\ny = x.T\nz = torch.flatten(y)\n")
    assert opened.intents.open_path(str(script))
    opened.live._follow()
    told = ("[91]", "(91,)")
    assert any(words in _everything(opened) for words in told)
    assert opened.session.edit_whole(blank((opened.labels()["z"],), "shape"))
    assert not any(words in _everything(opened) for words in told)
    row = _row(opened, "shape of z")
    row.guessed.emit(row.entry.blank, "[7*13]")
    assert any(words in _everything(opened) for words in told)


def test_the_menu_of_a_card_blanks_and_unblanks(opened: MainWindow, qtbot: QtBot) -> None:
    for on in (True, False):
        menu = QMenu()
        add_blanks(opened, menu, opened.labels()["c"])
        inner = menu.actions()[0].menu()
        assert isinstance(inner, QMenu)
        entry = inner.actions()[0]
        assert entry.isChecked() is not on
        entry.trigger()
        assert bool(_panel(opened).rows) is on
        menu.deleteLater()
    menu = QMenu()
    add_blanks(opened, menu, opened.labels()["a"])
    inner = menu.actions()[0].menu()
    assert isinstance(inner, QMenu)
    assert [entry.isEnabled() for entry in inner.actions()] == [False, True, False]  # its value is in the program
    menu.deleteLater()
    opened.session.select((opened.labels()["a"],))
    opened.canvas.setFocus()
    qtbot.keyClick(opened.canvas, Qt.Key.Key_B, Qt.KeyboardModifier.ShiftModifier)
    assert opened.bar.isVisible()
    assert "nothing to guess" in opened.bar.text.text()


def test_points_are_exported(opened: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened.session.edit_whole(blank((opened.labels()["d"],), "value"))
    opened.tabs.bring("predict")
    row = _row(opened, "value of d")
    qtbot.mouseClick(row.reveal, Qt.MouseButton.LeftButton)
    assert "Revealed" in row.said.text()
    for name in ("points.csv", "points.json"):
        target = str(tmp_path / name)
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *rest, chosen=target: (chosen, ""))
        qtbot.mouseClick(_panel(opened).export, Qt.MouseButton.LeftButton)
    assert (tmp_path / "points.csv").read_text().splitlines()[1] == "d,value,revealed,0.0,0,0,"
    assert json.loads((tmp_path / "points.json").read_text())["of"] == 1
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *rest: (str(tmp_path / "no" / "where.csv"), ""))
    qtbot.mouseClick(_panel(opened).export, Qt.MouseButton.LeftButton)
    assert "was not written" in opened.bar.text.text()


def test_undo_and_another_document(opened: MainWindow) -> None:
    opened.session.edit_whole(blank((opened.labels()["d"],), "value"))
    assert opened.tabs.tabText(opened.tabs.indexOf(_panel(opened))) == "Predict 1"
    opened.intents.undo()
    assert _panel(opened).rows == []
    opened.intents.redo()
    assert len(_panel(opened).rows) == 1
    opened.session.edit(edit.remove(opened.labels()["d"]))
    assert _panel(opened).rows == []
    opened.session.store.saved("")
    opened.intents.new()
    assert _panel(opened).rows == []
    assert "Nothing is blanked" in _panel(opened).empty
