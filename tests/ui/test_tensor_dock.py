"""The tensor viewer in the whole window: real keys and clicks, torch's numbers."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QTabBar
from pytestqt.qtbot import QtBot

from guigrad.files.arrays import read_npy
from guigrad.ui.main_window import MainWindow
from guigrad.ui.tensor_dock import TensorDock, open_viewer

CODE = """import torch

x = torch.tensor([[1.0, -2.0, 0.0], [4.0, 5.5, -6.0]], requires_grad=True)
w = torch.tensor([[1.0, -2.0, 0.0], [4.0, 5.0, -6.0]])
y = x * x
cube = torch.arange(60.0).reshape(3, 4, 5)
z = torch.tensor([3 + 4j, 0j])
bad = torch.log(torch.tensor([-1.0, 0.0, 1.0]))
half = torch.tensor([0.1, 0.2], dtype=torch.bfloat16)
nothing = torch.zeros(0, 3)
scalar = torch.tensor(2.5)
whole = torch.tensor([[1, 2], [3, 2**62 + 1]])
yes = torch.tensor([True, False])
text = "abc"
loss = y.sum()
"""
CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def dock(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> TensorDock:
    """The viewer of a window that has run forward and backward."""
    path = tmp_path / "tensors.py"
    path.write_text(CODE)
    assert window.intents.open_path(str(path))
    window.canvas.setFocus()
    qtbot.waitUntil(window.canvas.hasFocus)
    qtbot.keyClick(window, Qt.Key.Key_F5)
    qtbot.keyClick(window, Qt.Key.Key_F6)
    window.live.follow_now()
    found = window.tabs.panels["tensor"]
    assert isinstance(found, TensorDock)
    return found


def show(window: MainWindow, qtbot: QtBot, name: str, part: str = "value") -> None:
    """Selects a node and presses T."""
    window.session.select((window.labels()[name],))
    window.canvas.setFocus()
    qtbot.keyClick(window.canvas, Qt.Key.Key_T)
    dock = window.tabs.panels["tensor"]
    dock.show_part(part)


def choose(qtbot: QtBot, tabs: QTabBar, name: str) -> None:
    """Clicks a tab."""
    place = next(i for i in range(tabs.count()) if tabs.tabText(i) == name)
    qtbot.mouseClick(tabs, Qt.MouseButton.LeftButton, pos=tabs.tabRect(place).center())


def read(text: str) -> Any:
    """What a text of the clipboard gives in Python."""
    return eval(text, {"np": np, "torch": torch, "base64": base64})


def test_t_opens_the_selected_node_with_its_statistics(window: MainWindow, dock: TensorDock, qtbot: QtBot) -> None:
    show(window, qtbot, "x")
    assert window.tabs.currentWidget() is dock
    assert dock.name.text() == "x  value"
    facts = dock.board.facts.texts
    wide = torch.tensor([[1.0, -2.0, 0.0], [4.0, 5.5, -6.0]], dtype=torch.float64)
    assert (float(facts["min"]), float(facts["max"]), facts["zeros"], facts["NaN"]) == (-6.0, 5.5, "1", "0")
    for name, number in (("mean", wide.mean()), ("std", wide.std(correction=0)), ("norm", wide.norm())):
        assert float(facts[name]) == pytest.approx(float(number), rel=1e-5)
    show(window, qtbot, "x", "grad")
    assert float(dock.board.facts.texts["norm"]) == pytest.approx(float((2 * wide).norm()), rel=1e-5)
    show(window, qtbot, "y", "grad")
    assert dock.board.reason.text().startswith("None · not a leaf")
    assert dock.board.stack.currentWidget() is dock.board.reason
    show(window, qtbot, "y", "xray")
    assert dock.board.facts.texts["mean"] == "1"
    show(window, qtbot, "bad")
    assert (dock.board.facts.texts["NaN"], dock.board.facts.texts["Inf"]) == ("⚠ 1", "⚠ 1")


def test_double_clicked_numbers_of_a_card_open_the_viewer(window: MainWindow, dock: TensorDock, qtbot: QtBot) -> None:
    key, canvas = window.labels()["y"], window.canvas
    scene = canvas.scene
    row = scene.row[key]
    canvas.set_viewport(canvas.viewport.centred(float(scene.x[row]) + 80, float(scene.y[row]) + 50, 1.0))
    window.tabs.bring("code")
    bottom = float(scene.y[row] + scene.height[row])
    spots = (QPointF(float(scene.x[row]) + 60, y) for y in np.arange(bottom, float(scene.y[row]), -3.0))
    for spot in spots:
        place = canvas.viewport.to_screen(spot.x(), spot.y())
        qtbot.mouseDClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(round(place[0]), round(place[1])))
        if window.tabs.currentWidget() is dock:
            break
    assert window.tabs.currentWidget() is dock
    assert (dock.key, dock.part.currentData()) == (key, "xray")  # torch keeps no gradient of it


@pytest.mark.parametrize("name", ["x", "cube", "z", "bad", "half", "nothing", "scalar", "whole", "yes", "text", "loss"])
def test_every_view_draws_every_kind_of_tensor(window: MainWindow, dock: TensorDock, qtbot: QtBot, name: str) -> None:
    show(window, qtbot, name)
    for title in ("Heat-map", "Table", "Histogram", "Lines", "Image", "Slices"):
        choose(qtbot, dock.board.tabs, title)
        view = dock.board.stack.currentWidget()
        assert not dock.board.grab().isNull()
        if name in ("nothing", "text"):
            assert view is dock.board.reason
            assert dock.board.reason.text()
        else:
            assert view is dock.board.views[dock.board.tabs.currentIndex()]
            view.setFocus()
            for key in (Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_Down):
                qtbot.keyClick(view, key)
            assert view.accessibleName()


def test_the_table_shows_and_copies_the_entries(window: MainWindow, dock: TensorDock, qtbot: QtBot) -> None:
    show(window, qtbot, "x")
    choose(qtbot, dock.board.tabs, "Table")
    table = dock.board.table
    table.setFocus()
    table.setCurrentIndex(table.model().index(0, 0))
    qtbot.keyClick(table, Qt.Key.Key_Right)
    assert dock.board.where.text() == "[0, 1] = -2."
    qtbot.keyClick(table, Qt.Key.Key_A, CONTROL)
    qtbot.keyClick(table, Qt.Key.Key_C, CONTROL)
    rows = [[float(cell) for cell in row.split("\t")] for row in QGuiApplication.clipboard().text().split("\n")]
    assert rows == [[1.0, -2.0, 0.0], [4.0, 5.5, -6.0]]


def test_other_slices_of_three_dimensions(window: MainWindow, dock: TensorDock, qtbot: QtBot) -> None:
    show(window, qtbot, "cube")
    choose(qtbot, dock.board.tabs, "Heat-map")
    cube, bar = torch.arange(60.0).reshape(3, 4, 5), dock.board.slices
    assert bar.isVisible()
    field = bar.fields[0]
    field.setFocus()
    qtbot.keyClick(field, Qt.Key.Key_Up)
    shown = dock.board.heat.shown
    assert shown is not None
    assert shown.grid.tolist() == cube[1].tolist()
    bar.rows.setFocus()
    qtbot.keyClick(bar.rows, Qt.Key.Key_Up)  # dimension 0 runs down
    shown = dock.board.heat.shown
    assert shown is not None
    assert shown.grid.tolist() == cube[:, 0, :].tolist()
    choose(qtbot, dock.board.tabs, "Slices")
    tiles = dock.board.tiles
    assert tiles.shown is not None
    _, area, grid = tiles.layout_of(tiles.shown)[2]
    assert grid.tolist() == cube[:, 2, :].tolist()
    qtbot.mouseClick(tiles, Qt.MouseButton.LeftButton, pos=area.center().toPoint())
    shown = dock.board.heat.shown
    assert shown is not None
    assert shown.grid.tolist() == cube[:, 2, :].tolist()


@pytest.mark.parametrize("name", ["x", "cube", "z", "bad", "half", "nothing", "scalar", "whole", "yes"])
def test_what_is_copied_evaluates_to_the_same_bits(
    window: MainWindow, dock: TensorDock, qtbot: QtBot, name: str
) -> None:
    show(window, qtbot, name)
    assert dock.answer is not None
    assert dock.answer.bits is not None
    dock.copy_torch.trigger()
    again = read(QGuiApplication.clipboard().text())
    raw = again.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes() if again.numel() else b""
    assert (raw, tuple(again.shape), str(again.dtype)) == (
        dock.answer.bits.data, dock.answer.shape, f"torch.{dock.answer.dtype}",
    )  # fmt: skip
    dock.copy_numpy.trigger()
    assert read(QGuiApplication.clipboard().text()).tobytes() == dock.answer.bits.numpy().tobytes()


def test_a_file_of_numpy(window: MainWindow, dock: TensorDock, qtbot: QtBot, tmp_path: Path) -> None:
    show(window, qtbot, "x")
    assert dock.answer is not None
    assert dock.answer.bits is not None
    dock.write_npy(str(tmp_path / "x.npy"), dock.answer.bits)
    assert read_npy((tmp_path / "x.npy").read_bytes()).tolist() == [[1.0, -2.0, 0.0], [4.0, 5.5, -6.0]]
    dock.write_npy(str(tmp_path / "no folder" / "x.npy"), dock.answer.bits)
    assert "No such file" in dock.board.where.text()


def test_two_nodes_are_compared(window: MainWindow, dock: TensorDock, qtbot: QtBot) -> None:
    show(window, qtbot, "x")
    compare(dock, "w")
    texts = dock.board.facts.texts
    ulps = int(torch.tensor(5.5).view(torch.int32) - torch.tensor(5.0).view(torch.int32))
    assert (texts["max |a−b|"], texts["max ulp"], texts["at"]) == ("0.5", f"{ulps:,}", "[1, 1]")
    shown = dock.board.heat.shown
    choose(qtbot, dock.board.tabs, "Heat-map")
    shown = dock.board.heat.shown
    assert shown is not None
    assert shown.grid.tolist() == [[0, 0, 0], [0, 0.5, 0]]
    assert "≠ 1 entries differ" in dock.board.facts.accessibleDescription()


def test_two_moments_are_compared(window: MainWindow, dock: TensorDock, qtbot: QtBot) -> None:
    show(window, qtbot, "x", "grad")
    qtbot.mouseClick(dock.pin, Qt.MouseButton.LeftButton)
    qtbot.keyClick(window, Qt.Key.Key_F5)
    qtbot.keyClick(window, Qt.Key.Key_F6)  # it accumulates
    for words in ("Pinned", "Before"):
        compare(dock, words)
        assert dock.board.facts.texts["max |a−b|"] == "12"  # |2 x| is largest at -6


def test_a_step_is_looked_at_as_it_was(window: MainWindow, dock: TensorDock, qtbot: QtBot) -> None:
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ShiftModifier)
    show(window, qtbot, "x", "grad")
    window.session.stepper.to_end()
    assert window.session.stepper.active
    end = dock.answer
    assert end is not None
    assert end.bits is not None
    assert end.bits.tolist() == [[2.0, -4.0, 0.0], [8.0, 11.0, -12.0]]
    qtbot.keyClick(window, Qt.Key.Key_F10, Qt.KeyboardModifier.ShiftModifier)
    assert dock.board.reason.text() == "None · emptied"  # before its AccumulateGrad
    window.session.stepper.leave()


def test_a_window_of_its_own_stays_with_its_node(window: MainWindow, dock: TensorDock, qtbot: QtBot) -> None:
    show(window, qtbot, "x")
    qtbot.mouseClick(dock.window_button, Qt.MouseButton.LeftButton)
    other = dock.windows[0]
    window.session.select((window.labels()["w"],))
    assert (dock.key, other.panel.key) == (window.labels()["w"], window.labels()["x"])
    other.close()
    assert dock.windows == []


def test_arrows_go_from_view_to_view(window: MainWindow, dock: TensorDock, qtbot: QtBot) -> None:
    show(window, qtbot, "x")
    assert dock.board.tabs.hasFocus()
    qtbot.keyClick(dock.board.tabs, Qt.Key.Key_Right)
    assert dock.board.stack.currentWidget() is dock.board.table
    for combo in (dock.part, dock.other, dock.pin, dock.copy, dock.save, dock.window_button):
        assert combo.accessibleName()


def test_nothing_is_asked_while_it_is_hidden(window: MainWindow, dock: TensorDock) -> None:
    window.tabs.bring("code")
    dock.answer = None
    window.session.select((window.labels()["w"],))
    assert dock.answer is None
    open_viewer(window, "", "value")
    assert dock.answer is not None


def compare(dock: TensorDock, start: str) -> None:
    """Chooses what to compare with."""
    place = next(i for i in range(dock.other.count()) if dock.other.itemText(i).startswith(start))
    dock.other.setCurrentIndex(place)
    dock.other.activated.emit(place)
