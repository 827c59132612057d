"""v, J and their product in the window: mouse, keys and what is refused; every number is held against plain torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QMenu
from pytestqt.qtbot import QtBot

from guigrad.document import edit
from guigrad.run.derivative import Product
from guigrad.ui.main_window import MainWindow
from guigrad.ui.panels.jacobian import JacobianPanel
from guigrad.ui.vectors import bits
from guigrad.ui.workbench import Workbench

LEFT = Qt.MouseButton.LeftButton
T1 = [0.7659, -2.0262, -1.4139, 1.1822, -1.1543]


@pytest.fixture
def panel(lesson: MainWindow, qtbot: QtBot) -> JacobianPanel:
    """The panel in front, the values computed."""
    lesson.live._follow()
    lesson.session.forward()
    lesson.tabs.bring("jacobian")
    found = lesson.tabs.panels["jacobian"]
    assert isinstance(found, JacobianPanel)
    settle(lesson, qtbot)
    return found


def settle(window: MainWindow, qtbot: QtBot) -> None:
    """Until what changed has been asked about."""
    qtbot.waitUntil(lambda: not window.workbench._late.isActive())


def choose(window: MainWindow, qtbot: QtBot, *labels: str) -> Workbench:
    names = window.labels()
    window.session.select(tuple(names[label] for label in labels))
    settle(window, qtbot)
    return window.workbench


def press(qtbot: QtBot, panel: JacobianPanel, name: str) -> None:
    qtbot.mouseClick(getattr(panel, name), LEFT)


def pick(qtbot: QtBot, combo: QComboBox, text: str) -> None:
    """By keys, as a user without a mouse."""
    combo.setFocus()
    at = next(at for at in range(combo.count()) if combo.itemText(at) == text)
    while combo.currentIndex() != at:
        qtbot.keyClick(combo, Qt.Key.Key_Down if combo.currentIndex() < at else Qt.Key.Key_Up)


def entry(menu: QMenu, *way: str) -> None:
    """Chooses an entry of a menu or of a menu in it."""
    for word in way[:-1]:
        menu = next(action.menu() for action in menu.actions() if action.text() == word)
    next(action for action in menu.actions() if action.text() == way[-1]).trigger()


def type_v(qtbot: QtBot, panel: JacobianPanel, text: str) -> None:
    panel.v.setFocus()
    panel.v.selectAll()
    qtbot.keyClick(panel.v, Qt.Key.Key_Delete)
    qtbot.keyClicks(panel.v, text)
    qtbot.keyClick(panel.v, Qt.Key.Key_Return)


def at(panel: JacobianPanel, part: str, row: int, column: int = 0) -> QPoint:
    return panel.view.cell_rect(part, row, column).center().toPoint()


def slope() -> torch.Tensor:
    """d t3 / d t1 on its diagonal, by plain torch."""
    t1 = torch.tensor(T1, requires_grad=True)
    (2 * (t1 + 2) ** 2).sum().backward()
    assert t1.grad is not None
    return t1.grad


def test_two_selected_nodes_show_v_j_and_their_product(panel: JacobianPanel, lesson: MainWindow, qtbot: QtBot) -> None:
    choose(lesson, qtbot, "t1", "t3")
    shown = panel.view.shown
    assert shown.matrix is not None
    assert np.array_equal(shown.matrix, torch.diag(slope()).numpy())
    assert np.array_equal(shown.vector, np.ones(5))
    assert np.array_equal(shown.result, slope().numpy())
    assert "reverse mode 5 passes (a row each), as much as forward mode 5 passes" in panel.cost.text()
    assert "20 of 25 entries zero" in panel.cost.text()
    assert list(shown.places) == ["vector", "matrix", "result"]
    choose(lesson, qtbot, "t1")  # and the root
    assert panel.view.shown.labels == ("t4", "t1")
    assert "reverse mode 1 pass (a row each), less than forward mode 5 passes" in panel.cost.text()


def test_v_is_dragged_typed_in_a_cell_and_moved_by_arrows(
    panel: JacobianPanel, lesson: MainWindow, qtbot: QtBot
) -> None:
    bench = choose(lesson, qtbot, "t1", "t3")
    view, start = panel.view, at(panel, "vector", 1)
    QTest.mousePress(view, LEFT, pos=start)
    for far in (5, 20, 40):
        QTest.mouseMove(view, start + QPoint(far, 0))
    QTest.mouseRelease(view, LEFT, pos=start + QPoint(40, 0))
    assert bench.vector is not None
    dragged = float(bench.vector[1])
    assert dragged > 1
    assert float(bench.vector[0]) == 1
    assert np.array_equal(view.shown.result, (slope() * torch.tensor(bench.vector)).numpy())
    QTest.mouseDClick(view, LEFT, pos=at(panel, "vector", 2))
    qtbot.keyClicks(view.editor, "-3")
    qtbot.keyClick(view.editor, Qt.Key.Key_Return)
    assert bench.vector[2] == -3
    view.setFocus()
    qtbot.keyClick(view, Qt.Key.Key_Up)
    assert view.chosen == 1
    qtbot.keyClick(view, Qt.Key.Key_Left)
    assert float(bench.vector[1]) < dragged
    before = bench.vector.copy()
    QTest.mouseDClick(view, LEFT, pos=at(panel, "vector", 0))
    qtbot.keyClicks(view.editor, "twelve")
    qtbot.keyClick(view.editor, Qt.Key.Key_Return)
    assert "twelve" in panel.said.text()
    QTest.mouseDClick(view, LEFT, pos=at(panel, "vector", 0))
    qtbot.keyClicks(view.editor, "9")
    qtbot.keyClick(view.editor, Qt.Key.Key_Escape)
    assert np.array_equal(bench.vector, before)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[1, 2]", "Mismatch in shape: grad_output[0] has a shape of torch.Size([2])"),
        ("[[1, 2], [3]]", "v:"),
        ("[1, 2, 3, 4, 'a']", "v: a tensor holds numbers"),
        ("import os", "v:"),
        ("__import__('os')", "v:"),
        ("", "v: type its entries"),
        ("[1, 2, 3, 4, 5j]", "grad_output[0] has a dtype of torch.complex64"),
        ("((((", "v:"),
    ],
)
def test_a_wrong_v_is_told_in_place_and_nothing_changes(
    panel: JacobianPanel, lesson: MainWindow, qtbot: QtBot, text: str, words: str
) -> None:
    bench = choose(lesson, qtbot, "t1", "t3")
    before, shown = bench.vector, panel.view.shown
    type_v(qtbot, panel, text)
    assert words in panel.said.text()
    assert panel.v.property("invalid") is True
    assert bench.vector is before
    assert panel.view.shown.result is shown.result
    type_v(qtbot, panel, "[1, 0, 0, 0, 2]")
    assert panel.said.text() == ""
    assert panel.v.property("invalid") is False
    assert panel.view.shown.result is not None
    assert panel.view.shown.result.tolist() == [float(slope()[0]), 0, 0, 0, 2 * float(slope()[4])]


def test_v_from_the_menu_ones_basis_and_a_node(panel: JacobianPanel, lesson: MainWindow, qtbot: QtBot) -> None:
    bench = choose(lesson, qtbot, "t1", "t3")
    entry(panel.v_menu(), "Basis vector", "e2")
    assert panel.v.text() == "[0.0, 0.0, 1.0, 0.0, 0.0]"
    entry(panel.v_menu(), "The value of a node", "t2")
    assert np.array_equal(bench.vector, (torch.tensor(T1) + 2).numpy())
    before = bench.vector
    entry(panel.v_menu(), "The value of a node", "t4")
    assert "Mismatch in shape" in panel.said.text()
    assert bench.vector is before
    entry(panel.v_menu(), "Ones")
    assert panel.v.text() == "[1.0, 1.0, 1.0, 1.0, 1.0]"
    entry(panel.v_menu(), "The value of a node", "t2")
    node = lesson.session.document.nodes[lesson.labels()["t1"]]
    lesson.session.edit(edit.set_value(node.id, [1.0] * 5))
    lesson.session.forward()
    settle(lesson, qtbot)
    assert bench.vector.tolist() == [3.0] * 5  # it is wired: it follows the node


@pytest.mark.parametrize("mode", ["Reverse: vᵀJ", "Forward: J v", "Hessian: H v"])
def test_j_is_filled_by_play_and_step(panel: JacobianPanel, lesson: MainWindow, qtbot: QtBot, mode: str) -> None:
    bench = choose(lesson, qtbot, "t1", "t4" if "H" in mode else "t3")
    pick(qtbot, panel.mode, mode)
    settle(lesson, qtbot)
    whole, v = panel.view.shown.matrix, bench.vector
    assert whole is not None
    press(qtbot, panel, "step")
    press(qtbot, panel, "step")
    shown = panel.view.shown
    assert shown.there is not None
    assert shown.vector is not None
    assert shown.vector.tolist() == [0, 1, 0, 0, 0]
    filled = shown.there.all(axis=1 if shown.reverse else 0)
    assert filled.tolist() == [True, True, False, False, False]
    assert shown.lit == 1
    assert "2 passes so far" in panel.cost.text()
    assert panel.fill.text().strip() == "Go on"
    press(qtbot, panel, "fill")
    assert panel.fill.text().strip() == "Pause"
    press(qtbot, panel, "fill")
    assert not bench.fill.playing
    assert bench.fill.active
    press(qtbot, panel, "fill")
    qtbot.waitUntil(lambda: not bench.fill.active)
    assert panel.view.shown.there is None
    assert np.array_equal(panel.view.shown.matrix, whole)
    assert bench.vector is v


def test_forward_mode_multiplies_from_the_right(panel: JacobianPanel, lesson: MainWindow, qtbot: QtBot) -> None:
    choose(lesson, qtbot, "t1", "t4")
    pick(qtbot, panel.mode, "Forward: J v")
    settle(lesson, qtbot)
    type_v(qtbot, panel, "[1, 0, 0, 0, 1]")
    shown = panel.view.shown
    assert shown.result is not None
    assert shown.result == pytest.approx([float(slope()[0] + slope()[4]) / 5])
    assert list(shown.places) == ["matrix", "vector", "result"]
    type_v(qtbot, panel, "[1, 2]")
    assert panel.said.text()
    assert panel.view.shown.result is shown.result


def test_the_hessian_is_of_scalars(panel: JacobianPanel, lesson: MainWindow, qtbot: QtBot) -> None:
    choose(lesson, qtbot, "t1", "t4")
    pick(qtbot, panel.mode, "Hessian: H v")
    settle(lesson, qtbot)
    assert np.allclose(panel.view.shown.matrix, 0.8 * np.eye(5), atol=1e-6)
    type_v(qtbot, panel, "[1, 2, 3, 4, 5]")
    assert panel.view.shown.result == pytest.approx([0.8, 1.6, 2.4, 3.2, 4.0])
    choose(lesson, qtbot, "t1", "t3")
    assert "second derivatives are of a scalar" in panel.said.text()
    assert panel.view.shown.matrix is None


def test_structure_and_tips(panel: JacobianPanel, lesson: MainWindow, qtbot: QtBot) -> None:
    choose(lesson, qtbot, "t1", "t3")
    press(qtbot, panel, "structure")
    assert panel.view.shown.structure
    panel.view.grab()
    tip = panel.view.tip(QPointF(at(panel, "matrix", 1, 1)))
    assert tip.startswith("∂t3[1] / ∂t1[1] = ")
    assert tip.endswith(str(np.float32(slope()[1])))
    assert "Drag" in panel.view.tip(QPointF(at(panel, "vector", 0)))
    assert panel.view.tip(QPointF(at(panel, "result", 4))).startswith("vᵀJ, as t1.grad[4]")


def test_backward_starts_with_the_v_that_was_chosen(panel: JacobianPanel, lesson: MainWindow, qtbot: QtBot) -> None:
    choose(lesson, qtbot, "t1", "t3")
    type_v(qtbot, panel, "[1, 0, 0, 0, 2]")
    press(qtbot, panel, "use")
    qtbot.keyClick(lesson, Qt.Key.Key_F6)
    frame = lesson.session.frame
    assert frame is not None
    assert frame["t1"].grad is not None
    assert frame["t1"].grad.tolist() == [float(slope()[0]), 0, 0, 0, 2 * float(slope()[4])]
    settle(lesson, qtbot)
    assert "once more on the same values" in panel.cost.text()  # that backward has freed the graph
    press(qtbot, panel, "use")
    lesson.session.reset()
    qtbot.keyClick(lesson, Qt.Key.Key_F6)
    frame = lesson.session.frame
    assert frame is not None
    assert frame["t1"].grad is not None
    assert frame["t1"].grad.tolist() == pytest.approx((slope() / 5).tolist())


def test_nothing_computed_and_what_has_no_derivative(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    panel = window.tabs.panels["jacobian"]
    window.tabs.bring("jacobian")
    settle(window, qtbot)
    assert "Run forward" in panel.cost.text()
    path = tmp_path / "a.py"
    path.write_text(
        "import torch\n\na = torch.arange(3)\nx = torch.ones(2, requires_grad=True)\nk = x.argmax()\nb = a + 1\n"
    )
    assert window.intents.open_path(str(path))
    window.session.forward()
    window.live._follow()
    settle(window, qtbot)
    names = [panel.of.itemText(at) for at in range(1, panel.of.count())]
    assert names == ["x"]
    press(qtbot, panel, "fill")
    press(qtbot, panel, "step")
    type_v(qtbot, panel, "1")
    panel.view.grab()


def test_a_node_that_is_gone_is_not_asked_about(panel: JacobianPanel, lesson: MainWindow, qtbot: QtBot) -> None:
    bench = choose(lesson, qtbot)
    pick(qtbot, panel.of, "t3")
    pick(qtbot, panel.wrt, "t2")
    settle(lesson, qtbot)
    assert panel.view.shown.labels == ("t3", "t2")
    press(qtbot, panel, "use")
    lesson.canvas.select((lesson.labels()["t3"],))
    lesson.canvas.setFocus()
    qtbot.keyClick(lesson.canvas, Qt.Key.Key_Delete)
    assert bench.of == ""
    assert bench.upstream.arguments() == ((), ())
    lesson.session.undo()
    settle(lesson, qtbot)


def test_an_entry_too_large_and_an_entry_while_j_fills(panel: JacobianPanel, lesson: MainWindow, qtbot: QtBot) -> None:
    bench = choose(lesson, qtbot, "t1", "t3")
    before = bench.vector
    panel.view.entry_changed.emit(0, 10**400, "")
    assert "too large" in panel.said.text()
    assert bench.vector is before
    press(qtbot, panel, "step")
    assert bench.fill.active
    QTest.mouseDClick(panel.view, LEFT, pos=at(panel, "vector", 2))
    qtbot.keyClicks(panel.view.editor, "7")
    qtbot.keyClick(panel.view.editor, Qt.Key.Key_Return)
    assert not bench.fill.active
    assert bench.vector is not None
    assert bench.vector.tolist() == [1, 1, 7, 1, 1]
    assert panel.view.shown.there is None


def test_answers_about_another_shape_are_let_go(panel: JacobianPanel, lesson: MainWindow, qtbot: QtBot) -> None:
    """Between an edit and its frame there are answers about both; none of them may be mixed."""
    bench = choose(lesson, qtbot, "t1", "t3")
    assert bench.vector is not None
    assert bench.matrix is not None
    before, answer = bench.vector.copy(), bits(np.ones(2, np.float32))
    bench._on_product("typed", Product("t3", "t1", v=answer, values=answer))
    assert np.array_equal(bench.vector, before)
    bench.vector = np.ones(2, np.float32)
    bench._draw()
    assert panel.view.shown.vector is None
    assert panel.view.shown.matrix is not None


def test_v_starts_as_that_of_the_programs_own_backward(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "v.py"
    path.write_text(
        "import torch\nx = torch.tensor([1.0, 2.0], requires_grad=True)\ny = x * x\n"
        "v = torch.tensor([0.1, 3.0])\ny.backward(gradient=v)\n"
    )
    window.start(str(path), "")
    window.session.forward()
    window.tabs.bring("jacobian")
    settle(window, qtbot)
    bench = window.workbench
    assert bench.vector is not None
    assert bench.vector.tolist() == torch.tensor([0.1, 3.0]).tolist()
    window.session.backward()
    frame = window.session.frame
    grad = frame["x"].grad if frame is not None else None
    assert grad is not None
    assert bench.result is not None
    assert grad.numpy().tolist() == bench.result.tolist()
