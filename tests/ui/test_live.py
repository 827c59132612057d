"""What somebody meets who builds a graph from nothing: hints instead of failures, mends that work, parameters that can be reached."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from guigrad.document import edit
from guigrad.document.model import In
from guigrad.ui.live import LARGE
from guigrad.ui.main_window import MainWindow
from guigrad.ui.settings import Settings


@pytest.fixture
def empty(window: MainWindow) -> MainWindow:
    """A window with a new document."""
    window.intents.new()
    return window


def add(window: MainWindow, qtbot: QtBot, name: str) -> str:
    """Tab, a name, Enter; the new node's id."""
    before = set(window.session.document.nodes)
    window.canvas.setFocus()
    qtbot.keyClick(window.canvas, Qt.Key.Key_Tab)
    qtbot.keyClicks(window.canvas.search.field, name)
    qtbot.keyClick(window.canvas.search.field, Qt.Key.Key_Return)
    window.live._follow()
    (key,) = set(window.session.document.nodes) - before
    return key


def words(window: MainWindow) -> list[str]:
    """Every text of the inspector."""
    return [label.text() for label in window.inspector.findChildren(QLabel)]


def test_an_op_without_wires_asks_for_them(empty: MainWindow, qtbot: QtBot) -> None:
    key = add(empty, qtbot, "mul")
    reader = add(empty, qtbot, "exp")
    empty.session.edit(edit.connect(key, 0, reader, "self"))
    empty.session.select((key,))
    empty.live._follow()
    canvas, frame = empty.canvas, empty.session.frame
    assert frame is not None
    assert {record.state for record in frame.records.values()} == {"not run"}
    row = canvas.scene.row[key]
    assert not canvas.scene.failed.any()
    assert canvas.scene.faces.content(row).value.reason == "wire its inputs"
    assert canvas.scene.faces.content(canvas.scene.row[reader]).value.reason == "not run yet"
    (hint,) = empty.session.problems
    assert (hint.severity, hint.kind, hint.node_id) == ("hint", "open", key)
    assert empty.tabs.tabText(1) == "Problems"
    said = [text for text in words(empty) if "Wire something" in text]
    assert said == ["Wire something to self and other, or type a value."]
    assert "Wire something" in empty.hint.text()


def test_a_value_typed_on_an_open_port_is_used(empty: MainWindow, qtbot: QtBot) -> None:
    source = add(empty, qtbot, "ones")
    key = add(empty, qtbot, "mul")
    empty.session.edit(edit.connect(source, 0, key, "self"))
    empty.session.select((key,))
    empty.live._follow()
    field = empty.inspector.editors["other"].field
    assert isinstance(field, QLineEdit)
    field.setFocus()
    qtbot.keyClicks(field, "3")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    empty.live._follow()
    assert empty.session.problems == ()
    assert empty.session.frame is not None
    record = empty.session.frame.records[key]
    assert set(record.value.numpy().reshape(-1).tolist()) == {3.0}


def test_a_graph_is_built_and_wired_by_keys_alone(empty: MainWindow, qtbot: QtBot) -> None:
    source, weight, key = add(empty, qtbot, "ones"), add(empty, qtbot, "parameter"), add(empty, qtbot, "linear")
    scene = empty.canvas.scene
    places = {(float(scene.x[row]), float(scene.y[row])) for row in scene.row.values()}
    assert len(places) == 3, "no card lies on another"
    qtbot.keyClick(empty.canvas, Qt.Key.Key_Return)
    assert list(empty.inspector.editors) == ["input", "weight", "bias"]
    for port, name in (("input", "t1"), ("weight", empty.live.names[weight]), ("bias", "t1")):
        field = empty.inspector.editors[port].field
        field.setFocus() if port != "input" else None
        assert field.hasFocus()
        qtbot.keyClicks(field, name)
        qtbot.keyClick(field, Qt.Key.Key_Return)
        empty.live._follow()
    assert tuple(empty.session.document.nodes[key].inputs()) == (In(source), In(weight), In(source))
    field = empty.inspector.editors["bias"].field
    assert isinstance(field, QLineEdit)
    assert field.text() == "t1"
    field.clear()
    field.setFocus()
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert tuple(empty.session.document.nodes[key].inputs()) == (In(source), In(weight)), (
        "a port without a name is left out"
    )
    field.setFocus()
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert empty.canvas.hasFocus()


def test_the_status_line_asks_for_gradients_only_where_something_requires_them(empty: MainWindow, qtbot: QtBot) -> None:
    key = add(empty, qtbot, "ones")
    empty.session.select(())
    assert "F6" not in empty.hint.text()
    assert "requires_grad" in empty.hint.text()
    empty.session.edit(edit.set_requires_grad(key, True))
    assert "Press F6" in empty.hint.text()


def test_a_name_that_would_close_a_cycle_is_refused(empty: MainWindow, qtbot: QtBot) -> None:
    first, second = add(empty, qtbot, "exp"), add(empty, qtbot, "log")
    empty.session.edit(edit.connect(first, 0, second, "self"))
    empty.session.select((first,))
    field = empty.inspector.editors["self"].field
    assert isinstance(field, QLineEdit)
    field.setFocus()
    qtbot.keyClicks(field, empty.live.names[second])
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert tuple(empty.session.document.nodes[first].inputs()) == (In(),)
    field = empty.inspector.editors["self"].field
    assert isinstance(field, QLineEdit)
    assert field.text() == ""


def test_backward_without_grad_offers_the_leaves(window: MainWindow, qtbot: QtBot) -> None:
    code = "import torch\nt1 = torch.tensor([1.0, 2.0])\nw = torch.ones(2)\nk = torch.arange(2)\nt2 = t1 * w\nt3 = (t2 * k).sum()\n"
    assert window.intents.open_code(code)
    qtbot.keyClick(window, Qt.Key.Key_F6)
    (problem,) = window.session.problems
    assert [fix.title for fix in problem.fixes] == ["Let t1 require grad", "Let w require grad"]
    window.tabs.setCurrentIndex(1)
    (card,) = window.problems.cards
    qtbot.waitUntil(lambda: card.buttons[0].height() > 10)
    qtbot.mouseClick(card.buttons[0], Qt.MouseButton.LeftButton)
    assert window.session.problems == ()
    qtbot.keyClick(window, Qt.Key.Key_F6)
    assert window.session.problems == ()
    frame = window.session.frame
    assert frame is not None
    assert frame["t1"].grad is not None
    assert frame["t1"].grad.tolist() == [0.0, 1.0]


def test_parameters_of_every_overload_that_fits(window: MainWindow, qtbot: QtBot) -> None:
    assert window.intents.open_code("import torch\nx = torch.ones(2, 3)\ns = x.sum()\nm = x.max()\n")
    window.live._follow()
    key = window.labels()["s"]
    window.session.select((key,))
    assert list(window.inspector.editors) == ["self", "dim", "keepdim", "dtype"]
    assert window.inspector.kind.text().startswith("op")
    field = window.inspector.editors["dim"].field
    field.setFocus()
    qtbot.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClicks(field, "0")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    window.live._follow()
    assert "s = x.sum(dim=0)" in window.code.view.toPlainText()
    assert window.session.frame is not None
    assert window.session.frame["s"].shape == (3,)
    field = window.inspector.editors["dim"].field
    field.setFocus()
    qtbot.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClicks(field, "None")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    window.live._follow()
    assert "s = x.sum()" in window.code.view.toPlainText()
    window.inspector.editors["keepdim"].field.click()
    window.live._follow()
    assert "s = x.sum(dim=None, keepdim=True)" in window.code.view.toPlainText()
    assert window.session.frame["s"].shape == (1, 1)
    window.session.select((window.labels()["m"],))
    assert list(window.inspector.editors) == ["self", "dim", "keepdim"]


def test_cards_from_the_palette_never_lie_on_what_is_there(window: MainWindow, qtbot: QtBot) -> None:
    code = "import torch\nx = torch.ones(2, 2)\ny = x\nfor i in range(3):\n    y = y @ x\nloss = y.sum()\n"
    assert window.intents.open_code(code)
    panel, scene = window.palette_panel, window.canvas.scene
    qtbot.keyClicks(panel.field, "mul")
    for _ in range(3):
        panel.field.setFocus()  # adding moves the focus to the canvas
        qtbot.keyClick(panel.field, Qt.Key.Key_Return)
    (bracket,) = scene.brackets
    rects = [bracket.rect(scene)] + [
        (scene.x[r], scene.y[r], scene.x[r] + scene.width[r], scene.y[r] + scene.height[r])
        for r in scene.row.values()
        if r not in bracket.rows
    ]
    assert len(rects) == 8
    for first, second in itertools.combinations(rects, 2):
        apart = first[0] >= second[2] or second[0] >= first[2] or first[1] >= second[3] or second[1] >= first[3]
        assert apart, (first, second)


def test_colours_for_colour_blind_eyes_are_chosen_in_the_view_menu(window: MainWindow) -> None:
    action = window.actions_by_id["safe_colors"]
    assert not action.isChecked()
    action.trigger()
    assert (window.look.theme.name, window.canvas.painter.ink.theme.name) == ("dark-safe", "dark-safe")
    assert action.isChecked()
    window.actions_by_id["theme"].trigger()
    assert Settings(window.settings.folder).theme == "light-safe"
    action.trigger()
    assert window.look.theme.name == "light"
    window.set_theme("dark")


def test_a_large_document_carries_the_values_in_view(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    lines = [f"x{i} = torch.full((2,), {i}.0)" for i in range(LARGE + 20)]
    assert window.intents.open_code("import torch\n" + "\n".join(lines) + "\n")
    window.live._follow()
    far = window.labels()[f"x{LARGE}"]
    qtbot.waitUntil(lambda: window.session.want.nodes is not None)

    def known() -> list[str]:
        frame = window.session.frame
        return [] if frame is None else [key for key, record in frame.records.items() if record.value is not None]

    assert len(known()) < 100
    window.go_to(far)
    qtbot.waitUntil(lambda: far in known())
    assert len(known()) < 200
    window.intents.write_export(str(tmp_path / "all.svg"))
    assert str(LARGE) in (tmp_path / "all.svg").read_text()
    window.session.new()
    qtbot.waitUntil(lambda: window.session.want.nodes is None)
