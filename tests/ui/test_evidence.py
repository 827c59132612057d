"""Paths that light up, and the badge of a gradient, by what a user does."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from guigrad.source.emit import emit
from guigrad.ui.canvas.lens import rows_of
from guigrad.ui.main_window import MainWindow
from guigrad.ui.menus_canvas import fill
from guigrad.ui.panels.jacobian import JacobianPanel
from tests.ui.test_workbench import choose, panel, settle

__all__ = ["panel"]

DIAMOND = """import torch

x = torch.tensor(3.0, requires_grad=True)
a = x * 2
b = x.exp()
c = a * b
d = c + a
n = x.detach()
y = d * n
"""


@pytest.fixture
def diamond(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> MainWindow:
    """Three ways from x to d."""
    path = tmp_path / "diamond.py"
    path.write_text(DIAMOND)
    assert window.intents.open_path(str(path))
    window.session.forward()
    window.live._follow()
    window.tabs.bring("jacobian")
    return window


def rows(found: JacobianPanel, page: str) -> list[str]:
    shown = found.paths if page == "paths" else found.gradients
    return [shown.item(at).text() for at in range(shown.count())]


def texts(menu: QMenu) -> list[str]:
    return [action.text() for action in menu.actions()]


def test_two_nodes_light_their_paths_up(diamond: MainWindow, qtbot: QtBot) -> None:
    found: JacobianPanel = diamond.tabs.panels["jacobian"]
    choose(diamond, qtbot, "x", "d")
    qtbot.mouseClick(found._tabs["paths"], Qt.MouseButton.LeftButton)
    assert found.cost.text().startswith("3 paths from x to d · their sum ")
    assert "✓ equals torch's d d / d x" in found.cost.text()
    lines = rows(found, "paths")
    assert [line.partition("  ")[0] for line in lines] == ["x → b → c → d", "x → a → c → d", "x → a → d"]
    products = [float(line.rpartition("= ")[2]) for line in lines]
    e3 = 20.085536923187668
    assert products == pytest.approx([6 * e3, 2 * e3, 2.0], rel=1e-4)
    lens = diamond.canvas.painter.lens
    assert lens is not None
    assert len(lens.wires) == 6
    assert lens.chosen == ()
    assert -1 not in rows_of(diamond.canvas.scene, lens.wires)
    found.paths.setFocus()
    qtbot.keyClick(found.paths, Qt.Key.Key_Down)
    qtbot.keyClick(found.paths, Qt.Key.Key_Down)
    lens = diamond.canvas.painter.lens
    assert lens is not None
    at = found.paths.currentRow()
    assert len(lens.chosen) == len(lens.factors) == (3 if at < 2 else 2)
    diamond.canvas.grab()
    qtbot.mouseClick(found._tabs["J"], Qt.MouseButton.LeftButton)
    assert diamond.canvas.painter.lens is None
    qtbot.mouseClick(found._tabs["paths"], Qt.MouseButton.LeftButton)
    assert diamond.canvas.painter.lens is not None
    diamond.tabs.setCurrentIndex(0)
    assert diamond.canvas.painter.lens is None


def test_a_cut_has_no_path_and_says_where(diamond: MainWindow, qtbot: QtBot) -> None:
    found: JacobianPanel = diamond.tabs.panels["jacobian"]
    qtbot.mouseClick(found._tabs["paths"], Qt.MouseButton.LeftButton)
    choose(diamond, qtbot, "x", "n")
    assert rows(found, "paths") == []
    assert "n" in found.cost.text() + found.said.text()
    assert found.said.text() or "lets no gradient through" in found.cost.text()


def test_the_menu_of_a_card_opens_both(diamond: MainWindow, qtbot: QtBot) -> None:
    diamond.tabs.setCurrentIndex(0)
    keys = diamond.labels()
    diamond.session.select((keys["x"], keys["c"]))
    menu = QMenu(diamond)
    fill(diamond, menu, "node", keys["c"], QPoint())
    assert "Jacobian of c by x" in texts(menu)
    next(action for action in menu.actions() if action.text() == "Paths from x to c").trigger()
    found: JacobianPanel = diamond.tabs.panels["jacobian"]
    assert diamond.tabs.currentWidget() is found
    settle(diamond, qtbot)
    assert found.cost.text().startswith("2 paths from x to c")


def test_keys_open_each_page(diamond: MainWindow, qtbot: QtBot) -> None:
    found: JacobianPanel = diamond.tabs.panels["jacobian"]
    ctrl, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    for mods, page in ((shift, "paths"), (ctrl | shift, "trust"), (Qt.KeyboardModifier.NoModifier, "J")):
        diamond.tabs.setCurrentIndex(0)
        diamond.canvas.setFocus()
        qtbot.keyClick(diamond.canvas, Qt.Key.Key_J, mods)
        assert diamond.tabs.currentWidget() is found
        assert found.page == page


def test_products_of_matrices_are_drawn(panel: JacobianPanel, lesson: MainWindow, qtbot: QtBot) -> None:
    choose(lesson, qtbot, "t1", "t3")
    qtbot.mouseClick(panel._tabs["paths"], Qt.MouseButton.LeftButton)
    assert "✓ equals torch's J of t3 by t1" in panel.cost.text()
    assert panel.way.shown.names[1] == "sum of all = J of t3 by t1"
    panel.paths.setCurrentRow(0)
    assert panel.way.shown.names[1] == "product of this path"
    assert panel.way.shown.matrix is not None
    assert panel.way.shown.matrix.shape == (5, 5)


def test_the_badge_checks_the_gradient_that_is_looked_at(lesson: MainWindow, qtbot: QtBot) -> None:
    lesson.live._follow()
    badge = lesson.workbench.evidence.badge
    lesson.session.backward()
    choose(lesson, qtbot, "t1")
    assert badge.isVisible()
    assert badge.text() == "check"
    qtbot.mouseClick(badge, Qt.MouseButton.LeftButton)
    assert badge.text() == "✓ checked"
    assert "torch.autograd.gradcheck: passed" in badge.toolTip()
    assert "the stored gradient is within" in badge.toolTip()
    qtbot.mouseClick(badge, Qt.MouseButton.LeftButton)
    found: JacobianPanel = lesson.tabs.panels["jacobian"]
    assert lesson.tabs.currentWidget() is found
    assert found.page == "trust"
    settle(lesson, qtbot)
    assert [line.partition("   ")[0] for line in rows(found, "trust")] == ["d t4 / d t1"]
    choose(lesson, qtbot)
    assert not badge.isVisible()
    choose(lesson, qtbot, "t2")  # no leaf: its x-ray gradient
    qtbot.waitUntil(lambda: badge.text() == "✓ checked")


def test_a_kink_is_explained(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "kink.py"
    path.write_text(
        "import torch\n\nx = torch.tensor([0.0, 1.0], requires_grad=True)\nL = x.relu().sum()\nL.backward()\n"
    )
    assert window.intents.open_path(str(path))
    window.session.run()
    window.live._follow()
    choose(window, qtbot, "x")
    badge = window.workbench.evidence.badge
    qtbot.waitUntil(lambda: badge.text() == "⚠ kink")
    assert "a corner, where no derivative exists" in badge.toolTip()
    assert "relu" in badge.toolTip()
    assert "There is no other device to compare with" in badge.toolTip() or "on cuda" in badge.toolTip()


def test_deterministic_algorithms_are_the_first_line(lesson: MainWindow, qtbot: QtBot) -> None:
    lesson.live._follow()
    lesson.workbench.open(page="trust")
    found: JacobianPanel = lesson.tabs.panels["jacobian"]
    settle(lesson, qtbot)
    qtbot.mouseClick(found.deterministic, Qt.MouseButton.LeftButton)
    assert emit(lesson.session.whole).splitlines()[2] == "torch.use_deterministic_algorithms(True)"
    settle(lesson, qtbot)
    assert found.deterministic.isChecked()
    assert "deterministic algorithms: on" in found.gradients.item(0).toolTip()
    qtbot.mouseClick(found.deterministic, Qt.MouseButton.LeftButton)
    assert emit(lesson.session.whole).splitlines()[2] == "torch.use_deterministic_algorithms(False)"
    settle(lesson, qtbot)
    assert not found.deterministic.isChecked()
    assert "deterministic algorithms: off" in found.gradients.item(0).toolTip()


def test_nothing_to_check_is_said(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "none.py"
    path.write_text("import torch\n\nx = torch.ones(2)\ny = x.sum()\n")
    assert window.intents.open_path(str(path))
    window.session.forward()
    window.live._follow()
    window.workbench.open(page="trust")
    settle(window, qtbot)
    found: JacobianPanel = window.tabs.panels["jacobian"]
    assert "requires grad" in found.cost.text() + found.said.text()
    assert not window.workbench.evidence.badge.isVisible()


def test_inside_a_function_names_and_paths_are_its_own(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "inside.py"
    path.write_text(
        "import torch\n\n\ndef f(a):\n    b = a * 2\n    c = b.sin()\n    return c * b\n\n\n"
        "x = torch.tensor([1.0, 2.0], requires_grad=True)\ny = f(x)\nL = y.sum()\nL.backward()\n"
    )
    assert window.intents.open_path(str(path))
    window.session.run()
    window.live._follow()
    window.workbench.open(page="paths")
    found: JacobianPanel = window.tabs.panels["jacobian"]
    choose(window, qtbot, "x", "y")
    assert found.cost.text().startswith("2 paths from x to y · their sum ✓ equals torch's J of y by x")
    assert rows(found, "paths")[0].startswith("x → f/a → f/b → ")
    window.levels.activate(window.labels()["y"])
    choose(window, qtbot, "b", "c")
    assert found.cost.text().startswith("1 path from b to c · their sum ✓")
    lens = window.canvas.painter.lens
    assert lens is not None
    assert -1 not in rows_of(window.canvas.scene, lens.wires)
    qtbot.mouseClick(found._tabs["J"], Qt.MouseButton.LeftButton)
    assert found.view.shown.labels == ("c", "b")
    assert found.view.shown.matrix is not None
    assert found.view.shown.matrix.shape == (2, 2)
    window.levels.leave()
    settle(window, qtbot)
    assert found.view.shown.labels == ("y", "x")  # the call is selected
