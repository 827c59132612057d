"""Values given in the window: dragged fields, a table that is typed in and pasted into, painting, tensors pasted and dropped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu
from pytestqt.qtbot import QtBot

from guigrad.document import edit
from guigrad.document.array import ArrayData
from guigrad.document.model import In, Node
from guigrad.ui.main_window import MainWindow
from guigrad.ui.widgets.number_line import NumberLine

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
TEXT = """import torch

lr = 0.5
w = torch.tensor(2.0, requires_grad=True)
x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
k = torch.tensor([1, 2])
p = torch.zeros(20, 30)
v = torch.tensor([1.0, 2.0])
y = (x * w * lr).sum()
q = p.sum()
"""


@pytest.fixture
def live(window: MainWindow, tmp_path: Path) -> MainWindow:
    """A window with values and gradients."""
    path = tmp_path / "live.py"
    path.write_text(TEXT)
    assert window.intents.open_path(str(path))
    window.session.backward("y")
    return window


def node(window: MainWindow, name: str) -> Node:
    return next(each for each in window.session.document.nodes.values() if each.name == name)


def choose(window: MainWindow, name: str) -> str:
    key = node(window, name).id
    window.canvas.select((key,))
    window.live._follow()
    for _ in range(4):  # new widgets are laid out one turn later than they are made
        QApplication.processEvents()
    return key


def value(window: MainWindow, name: str) -> object:
    assert window.session.frame is not None
    assert window.session.fresh
    return window.session.frame[name].value.tolist()


def test_a_number_field_is_dragged_in_one_step_and_the_values_follow(live: MainWindow, qtbot: QtBot) -> None:
    choose(live, "w")
    field = live.inspector.editors["data"].field
    assert isinstance(field, NumberLine)
    start = QPoint(20, field.height() // 2)
    qtbot.mousePress(field, LEFT, NONE, start)
    for step in range(1, 6):
        qtbot.mouseMove(field, start + QPoint(10 * step, 0))
    qtbot.mouseRelease(field, LEFT, NONE, start + QPoint(50, 0))
    assert node(live, "w").args == (2.5,)
    assert live.inspector.editors["data"].field is field
    assert value(live, "y") == 26.25
    frame = live.session.frame
    assert frame is not None
    assert frame["w"].grad is not None
    assert frame["w"].grad.item() == 10.5  # of one backward, however often it was played again
    assert live.session.undo() == "Set w.data"
    assert node(live, "w").args == (2.0,)


def test_a_field_is_typed_in_after_a_click_and_stepped_by_arrows(live: MainWindow, qtbot: QtBot) -> None:
    choose(live, "lr")
    field = live.inspector.editors["value"].field
    assert isinstance(field, NumberLine)
    qtbot.mouseClick(field, LEFT)
    qtbot.keyClicks(field, "0.25")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert node(live, "lr").args == (0.25,)
    field = live.inspector.editors["value"].field
    field.setFocus()
    qtbot.keyClick(field, Qt.Key.Key_Up)
    assert node(live, "lr").args == (0.26,)


def typed(window: MainWindow, qtbot: QtBot, text: str, end: Qt.Key = Qt.Key.Key_Return) -> None:
    table = window.inspector.value.table
    qtbot.keyClicks(table, text[0])
    (field,) = table.viewport().findChildren(QLineEdit)
    qtbot.keyClicks(field, text[1:])
    qtbot.keyClick(field, end)
    QApplication.sendPostedEvents(None, 52)  # the editor that is done with goes


def test_cells_are_typed_with_enter_and_tab(live: MainWindow, qtbot: QtBot) -> None:
    choose(live, "x")
    table = live.inspector.value.table
    table.setFocus()
    table.setCurrentIndex(table.model().index(0, 1))
    typed(live, qtbot, "7.5")
    assert (table.currentIndex().row(), table.currentIndex().column()) == (1, 1)
    assert value(live, "x") == [[1.0, 7.5, 3.0], [4.0, 5.0, 6.0]]
    qtbot.keyClick(table, Qt.Key.Key_Left)
    assert table.currentIndex().column() == 0
    typed(live, qtbot, "nope")
    assert "is no number" in live.inspector.value.error.text()
    assert value(live, "x") == [[1.0, 7.5, 3.0], [4.0, 5.0, 6.0]]


def test_a_block_is_pasted_into_a_table(live: MainWindow, qtbot: QtBot) -> None:
    choose(live, "x")
    table = live.inspector.value.table
    table.setFocus()
    table.setCurrentIndex(table.model().index(0, 1))
    QGuiApplication.clipboard().setText("10\t20\n30\t40\n")
    qtbot.keyClick(table, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert value(live, "x") == [[1.0, 10.0, 20.0], [4.0, 30.0, 40.0]]
    table.setCurrentIndex(table.model().index(1, 2))
    qtbot.keyClick(table, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert "does not fit" in live.inspector.value.error.text()
    assert live.session.undo() == "Set the value of x"
    assert value(live, "x") == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]


def test_what_is_computed_cannot_be_typed_in(live: MainWindow) -> None:
    choose(live, "y")
    assert not live.inspector.value.model.editable
    choose(live, "k")
    assert live.inspector.value.model.editable


def test_a_large_leaf_is_painted_on(live: MainWindow, qtbot: QtBot) -> None:
    key = choose(live, "p")
    live.live.values.open_painter(key)
    dialog = live.live.values.painter
    assert dialog is not None
    dialog.value.setValue(2.0)
    paint, room = dialog.paint, dialog.paint.room()
    cell = room.width() / 30

    def at(row: int, column: int) -> QPoint:
        return QPointF(room.left() + (column + 0.5) * cell, room.top() + (row + 0.5) * cell).toPoint()

    before = live.session.document
    qtbot.mousePress(paint, LEFT, NONE, at(3, 2))
    qtbot.mouseMove(paint, at(3, 9))
    qtbot.mouseRelease(paint, LEFT, NONE, at(3, 9))
    assert value(live, "q") == 16.0
    qtbot.mousePress(paint, Qt.MouseButton.RightButton, NONE, at(3, 4))
    qtbot.mouseRelease(paint, Qt.MouseButton.RightButton, NONE, at(3, 4))
    assert value(live, "q") == 14.0
    live.session.undo()
    assert value(live, "q") == 16.0
    assert paint.grid[3, 4] == 2.0
    live.session.undo()
    assert live.session.document == before
    dialog.close()


def paste(window: MainWindow, qtbot: QtBot, text: str) -> None:
    QGuiApplication.clipboard().setText(text)
    window.canvas.setFocus()
    qtbot.keyClick(window.canvas, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)


def test_tensors_are_pasted_as_leaves_or_onto_one(live: MainWindow, qtbot: QtBot) -> None:
    live.canvas.select(())
    live.canvas.pointer = QPointF(30, 30)
    before = set(live.session.document.nodes)
    paste(live, qtbot, "tensor([[1., 2.], [3., 4.]], requires_grad=True)")
    (key,) = set(live.session.document.nodes) - before
    made = live.session.document.nodes[key]
    assert value(live, made.name or "") == [[1.0, 2.0], [3.0, 4.0]]
    assert ("requires_grad", True) in made.kwargs
    live.canvas.pointer = QPointF(-5, -5)
    choose(live, "x")
    paste(live, qtbot, "9\t8\t7\n6\t5\t4")
    assert value(live, "x") == [[9.0, 8.0, 7.0], [6.0, 5.0, 4.0]]
    frame = live.session.frame
    assert frame is not None
    assert (frame["x"].dtype, frame["x"].requires_grad) == ("float32", True)


@pytest.mark.parametrize(
    ("text", "said"), [("array([1., ..., 2.])", "leaves entries out"), ("[[1, 2], [3]]", "equally long")]
)
def test_nonsense_is_refused_in_place_and_changes_nothing(live: MainWindow, qtbot: QtBot, text: str, said: str) -> None:
    before, reasons = live.session.document, []
    live.canvas.answered.connect(reasons.append)
    paste(live, qtbot, text)
    assert live.session.document is before
    assert said in reasons[0]


def test_a_picture_on_the_clipboard_becomes_channels(live: MainWindow, qtbot: QtBot) -> None:
    image = QImage(5, 3, QImage.Format.Format_RGB888)
    image.fill(QColor(255, 0, 51))
    live.canvas.select(())
    QGuiApplication.clipboard().setImage(image)
    live.canvas.setFocus()
    qtbot.keyClick(live.canvas, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    frame = live.session.frame
    assert frame is not None
    array = frame["image"].value.numpy()
    assert array.shape == (3, 3, 5)
    np.testing.assert_allclose(array[:, 0, 0], [1.0, 0.0, 0.2], rtol=1e-6)


def drop(window: MainWindow, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    copy = Qt.DropAction.CopyAction
    QApplication.sendEvent(window.canvas, QDragEnterEvent(QPoint(40, 40), copy, data, LEFT, NONE))
    QApplication.sendEvent(window.canvas, QDropEvent(QPointF(40, 40), copy, data, LEFT, NONE))


def test_files_of_arrays_are_dropped(live: MainWindow, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(6, dtype=np.int32).reshape(2, 3))
    (tmp_path / "my data.csv").write_text("1.5,2\n3,4\n")
    grey = QImage(4, 2, QImage.Format.Format_Grayscale8)
    grey.fill(255)
    grey.save(str(tmp_path / "grey.png"))
    (tmp_path / "bad.npy").write_bytes(b"nonsense")
    live.canvas.select(())
    drop(live, tmp_path / "a.npy", tmp_path / "my data.csv", tmp_path / "grey.png")
    assert value(live, "a") == [[0, 1, 2], [3, 4, 5]]
    assert value(live, "my_data") == [[1.5, 2.0], [3.0, 4.0]]
    assert value(live, "grey") == [[1.0] * 4] * 2
    frame = live.session.frame
    assert frame is not None
    assert frame["a"].dtype == "int32"
    before, reasons = live.session.document, []
    live.canvas.answered.connect(reasons.append)
    drop(live, tmp_path / "bad.npy")
    assert "no .npy file" in reasons[0]
    assert live.session.document is before


def test_a_wire_that_does_not_fit_says_so_and_is_mended_on_drop(live: MainWindow, qtbot: QtBot) -> None:
    canvas, scene = live.canvas, live.canvas.scene
    live.session._live._runner.engine.warm()
    source, target = node(live, "v"), node(live, "y")
    mul = next(each for each in live.session.document.nodes.values() if each.op == "operator.mul")
    canvas.fit_all()
    canvas.repaint()

    def port(key: str, side: str, index: int) -> QPoint:
        x, y = canvas.viewport.to_screen(*scene.port_point(scene.row[key], side, index))
        return QPoint(round(x), round(y))

    end = port(mul.id, "in", 1)
    qtbot.mousePress(canvas, LEFT, NONE, port(source.id, "out", 0))
    qtbot.mouseMove(canvas, (port(source.id, "out", 0) + end) / 2)
    qtbot.mouseMove(canvas, end)
    trial = canvas.gesture.trial  # type: ignore[union-attr]
    assert trial is not None
    assert trial.fits is False
    assert "must match the size" in trial.message
    canvas.repaint()
    before = live.session.document
    qtbot.mouseRelease(canvas, LEFT, NONE, end)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert live.session.document is before
    words = [action.text() for action in menu.actions()]
    assert "Wire it anyway" in words
    chosen = next(action for action in menu.actions() if action.text().startswith("Insert v.unsqueeze(1)"))
    qtbot.mouseClick(menu, LEFT, NONE, menu.actionGeometry(chosen).center())
    assert value(live, "y") == (1 + 2 + 3) * 0.5 + (4 + 5 + 6) * 2 * 0.5
    assert target.id in live.session.document.nodes
    live.session.undo()
    assert live.session.document == before


def test_a_slider_is_added_by_its_name(live: MainWindow, qtbot: QtBot) -> None:
    before = set(live.session.document.nodes)
    live.canvas.setFocus()
    qtbot.keyClick(live.canvas, Qt.Key.Key_Tab)
    qtbot.keyClicks(live.canvas.search.field, "slider")
    qtbot.keyClick(live.canvas.search.field, Qt.Key.Key_Return)
    (key,) = set(live.session.document.nodes) - before
    assert live.session.document.views[key].slider == (0.0, 1.0, 0.01)
    qtbot.keyClick(live.canvas, Qt.Key.Key_Right)
    assert live.session.document.nodes[key].args == (0.51,)


def test_a_failed_card_is_mended_from_its_menu(live: MainWindow, qtbot: QtBot) -> None:
    live.session.edit(edit.add_node("operator.add", args=(live_in(live, "x"), live_in(live, "v")), name="bad"))
    key = choose(live, "bad")
    live.live.menus._canvas_menu("node", key, QPoint(50, 50))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    words = [action.text() for action in menu.actions()]
    assert words[0] == "Insert v.unsqueeze(1)"
    qtbot.mouseClick(menu, LEFT, NONE, menu.actionGeometry(menu.actions()[0]).center())
    frame = live.session.frame
    assert frame is not None
    assert isinstance(frame["bad"].value, ArrayData)
    assert frame["bad"].shape == (2, 3)


def live_in(window: MainWindow, name: str) -> object:
    return In(node(window, name).id)
