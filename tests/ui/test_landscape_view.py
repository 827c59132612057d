"""The landscape in the window by real mouse and keys: refined, dragged, followed, stopped; planes of two entries and of directions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from guigrad.document import edit
from guigrad.lessons import index
from guigrad.ui import landscape_view
from guigrad.ui.landscape_view import LandscapeView
from guigrad.ui.main_window import MainWindow
from guigrad.ui.widgets.surface_view import START

Key, Left = Qt.Key, Qt.MouseButton.LeftButton
NET = """import torch
torch.manual_seed(0)
X = torch.randn(6, 3)
w = torch.randn(3, 2, requires_grad=True)
b = torch.ones(2, requires_grad=True)
opt = torch.optim.SGD([w, b], lr=0.1)
for step in range(12):
    opt.zero_grad()
    loss = ((X @ w + b) ** 2).mean()
    loss.backward()
    opt.step()
"""


@pytest.fixture(autouse=True)
def _coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landscape_view, "PATIENCE_S", 0.0)


def opened(window: MainWindow, qtbot: QtBot, path: Path, wait: bool = True) -> LandscapeView:
    assert window.intents.open_path(str(path))
    window.tabs.bring("landscape")
    if wait:
        qtbot.waitUntil(lambda: window.landscape.grid_done)
    return window.landscape


@pytest.fixture
def valley(window: MainWindow, qtbot: QtBot) -> LandscapeView:
    return opened(window, qtbot, next(row.path for row in index.functions() if row.name == "rosenbrock"))


@pytest.fixture
def net(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> LandscapeView:
    path = tmp_path / "net.py"
    path.write_text(NET)
    view = opened(window, qtbot, path, wait=False)
    qtbot.waitUntil(lambda: view.shown is not None)
    QTest.mouseClick(view.panel.run, Left)
    qtbot.waitUntil(lambda: view.grid_done)
    return view


def number(view: LandscapeView, name: str) -> float:
    frame = view.session.base.frame
    assert frame is not None
    return float(np.asarray(frame[name].value.numpy()).ravel()[0])


def test_each_test_function_opens_on_its_landscape(window: MainWindow, qtbot: QtBot) -> None:
    view = window.landscape
    for lesson in index.functions():
        window.tabs.bring("training")
        assert window.intents.open_path(str(lesson.path))
        qtbot.waitUntil(lambda: view.grid_done)
        assert window.tabs.currentWidget() is view.panel
        assert view.grid is not None
        assert view.grid.to == window.session.document.settings.landscape[2:]
        relief = view.relief()
        assert np.isfinite(relief.z).all()
        assert relief.point is not None
        x0, x1, y0, y1 = view.grid.to
        assert x0 < relief.point[0] < x1
        assert y0 < relief.point[1] < y1
        if lesson.name == "rosenbrock":
            low = np.unravel_index(int(relief.z.argmin()), relief.z.shape)
            x, y = torch.tensor(float(relief.x[low[1]])), torch.tensor(float(relief.y[low[0]]))
            assert relief.z[low] == ((1 - x) ** 2 + 100 * (y - x**2) ** 2).item()


def test_dragging_the_point_is_one_undo_step_and_the_cards_follow(valley: LandscapeView, qtbot: QtBot) -> None:
    contour, session = valley.panel.contour, valley.session
    assert contour is not None
    before = session.document
    start, end = (contour.place_of(*spot).toPoint() for spot in ((-1.5, 2.0), (0.5, 1.0)))
    port = contour.plot.viewport()
    QTest.mousePress(port, Left, pos=start)
    for part in (0.3, 0.6, 1.0):
        QTest.mouseMove(port, start + (end - start) * part)
    QTest.mouseRelease(port, Left, pos=end)
    x, y = number(valley, "x"), number(valley, "y")
    assert (x, y) == pytest.approx((0.5, 1.0), abs=0.05)
    assert valley.point == (x, y)
    assert number(valley, "loss") == pytest.approx((1 - x) ** 2 + 100 * (y - x**2) ** 2, rel=1e-5)
    assert valley.mover.held is None
    QTest.keyClick(contour, Key.Key_Right)
    contour.dropped.emit()
    assert number(valley, "x") == pytest.approx(x + 0.04, abs=0.01)
    assert session.undo() == "Move the point"
    assert session.undo() == "Move the point"
    assert session.document == before
    assert valley.point == (-1.5, 2.0)
    grid, key = valley.grid, valley.shown.key if valley.shown else ""
    assert valley.session.edit(edit.set_value("x", 1.25))
    qtbot.waitUntil(lambda: valley.shown is not None and valley.shown.here[0] == 1.25)
    assert valley.point == (1.25, 2.0)
    assert valley.grid is grid
    assert valley.shown is not None
    assert valley.shown.key == key


def test_the_training_is_drawn_and_scrubbing_moves_the_point(valley: LandscapeView, qtbot: QtBot) -> None:
    valley.coach.train(30)
    valley.draw()
    (way,) = valley.relief().ways
    assert len(way.x) == 31
    assert (way.x[0], way.y[0]) == (-1.5, 2.0)
    assert valley.point == (way.x[-1], way.y[-1])
    valley.coach.show(10)
    assert valley.point == (way.x[10], way.y[10])
    valley.mover.move(0.0, 0.0)  # an earlier step is no place to move from
    assert valley.point == (way.x[10], way.y[10])
    valley.coach.go(10)
    valley.coach.train(5)
    assert [len(one.x) for one in valley.relief().ways] == [31, 6]
    valley.coach.restart()
    valley.session.forward()
    valley.coach.train(5)
    valley.mover.move(0.25, 0.5)
    valley.mover.drop()
    assert (number(valley, "x"), number(valley, "y")) == (0.25, 0.5)
    assert number(valley, "loss") == pytest.approx(0.5625 + 100 * 0.4375**2, rel=1e-5)
    valley.coach.train(1)
    assert 0 < abs(number(valley, "x") - 0.25) < 0.3


def test_entries_are_typed_and_directions_drawn(net: LandscapeView, qtbot: QtBot) -> None:
    panel = net.panel
    assert net.shown is not None
    assert net.shown.x is not None
    assert net.shown.x.name == "w[0, 0]"
    line = net.panel.x_line
    line.selectAll()
    QTest.keyClicks(line, "w[7, 0]")
    QTest.keyClick(line, Key.Key_Return)
    qtbot.waitUntil(lambda: "3 × 2" in net.panel.message.text())
    line.selectAll()
    QTest.keyClicks(line, "b[1]")
    QTest.keyClick(line, Key.Key_Return)
    qtbot.waitUntil(lambda: net.grid_done)
    assert net.shown is not None
    assert net.shown.x is not None
    assert net.shown.x.name == "b[1]"
    net.show_plane("random")
    qtbot.waitUntil(lambda: net.plane is not None and net.grid_done)
    plane = net.plane
    assert plane is not None
    assert net.point == pytest.approx((0, 0), abs=1e-6)
    net.mover.move(0.5, -0.25)
    net.mover.drop()
    frame = net.session.base.frame
    assert frame is not None
    for at, name in enumerate(("w", "b")):
        expected = plane.origin[at].numpy() + 0.5 * plane.first[at].numpy() - 0.25 * plane.second[at].numpy()
        assert np.array_equal(frame[name].value.numpy(), expected)
    assert net.point == pytest.approx((0.5, -0.25), abs=1e-6)
    QTest.mouseClick(panel.dice, Left)
    qtbot.waitUntil(lambda: net.plane is not plane and net.plane is not None)
    net.show_plane("pca")
    qtbot.waitUntil(lambda: "trajectory" in panel.message.text())
    net.coach.train(12)
    qtbot.waitUntil(lambda: net.plane is not None and net.grid_done)
    assert net.plane is not None
    assert sum(net.plane.explained) > 0.9
    (way,) = net.relief().ways
    assert len(way.x) == 13
    assert way.x[-1] == pytest.approx(0, abs=1e-5)
    away = np.hypot(np.diff(way.x), np.diff(way.y))
    assert away[0] < 3 * away[1]  # it begins where the training began, in this plane too


def test_what_has_no_landscape_says_why(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    view, path = window.landscape, tmp_path / "odd.py"
    for text, said in (
        ("import torch\nw = torch.ones(3, requires_grad=True)\nloss = w**2\nloss.backward()\n", "3 numbers"),
        ("import torch\nn = torch.arange(3)\nloss = n.sum()\n", "no loss"),
    ):
        path.write_text(text)
        opened(window, qtbot, path, wait=False)
        view.session.forward()
        qtbot.waitUntil(lambda said=said: said in view.panel.message.text())  # type: ignore[misc]  # bound for the loop
        assert not view.panel.run.isVisible()
        assert view.panel.message.isVisible()
    window.session.base.new()
    window.tabs.bring("landscape")
    qtbot.waitUntil(lambda: "nothing here" in view.panel.message.text())


LINE = """import torch
w = torch.tensor(3.0, requires_grad=True)
opt = torch.optim.SGD([w], lr=0.9)
for step in range(6):
    opt.zero_grad()
    loss = (w - 1) ** 2 + 0.5
    loss.backward()
    opt.step()
"""


def test_one_value_is_a_curve_with_a_point_to_drag(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "line.py"
    path.write_text(LINE)
    view = opened(window, qtbot, path, wait=False)
    view.session.forward()
    qtbot.waitUntil(lambda: view.grid_done)
    panel, contour = view.panel, view.panel.contour
    assert contour is not None
    assert (panel.plane_kind, panel.y_field.isVisible(), panel.surface.isVisible()) == ("line", False, False)
    relief = view.relief()
    assert relief.line
    assert (relief.names, relief.point) == (("w", "", "loss"), (3.0, 0.0))
    assert relief.z.shape == (1, len(relief.x))
    assert relief.z[0] == pytest.approx((relief.x - 1) ** 2 + 0.5, rel=1e-5)
    assert contour.relief.point == pytest.approx((3.0, 4.5))
    start, end = (contour.place_of(*spot).toPoint() for spot in ((3.0, 4.5), (0.0, 1.5)))
    port = contour.plot.viewport()
    QTest.mousePress(port, Left, pos=start)
    QTest.mouseMove(port, end)
    QTest.mouseRelease(port, Left, pos=end)
    assert number(view, "w") == pytest.approx(0.0, abs=0.05)
    view.session.undo()
    view.coach.train(6)
    view.fit()
    qtbot.waitUntil(lambda: view.grid_done)
    (way,) = contour.relief.ways
    assert len(way.x) == 7
    assert way.y == pytest.approx((way.x - 1) ** 2 + 0.5, abs=0.05)  # on the curve, not where the chords go
    QTest.mouseClick(panel.log, Left)
    assert contour.curve.log
    assert contour.relief.point is not None
    assert contour.relief.point[1] == pytest.approx(np.log10((number(view, "w") - 1) ** 2 + 0.5), abs=0.05)
    contour.zoom(0.5)
    contour._settle.stop()
    contour._tell_range()
    qtbot.waitUntil(lambda: view.grid_done)
    assert view.grid is not None
    assert view.grid.to[2:] == (-1.0, 1.0)
    assert window.intents.open_path(str(next(row.path for row in index.functions() if row.name == "saddle")))
    qtbot.waitUntil(lambda: view.grid_done)
    assert not contour.relief.line
    assert panel.surface.isVisible()


BATCHES = """import torch
torch.manual_seed(0)
X = torch.randn(8, 1)
w = torch.tensor([1.5, -0.5], requires_grad=True)
opt = torch.optim.SGD([w], lr=0.1)
for step in range(9):
    x = X[step % 4 : step % 4 + 2]
    opt.zero_grad()
    loss = ((x * w[0] + w[1] - 2 * x) ** 2).mean()
    loss.backward()
    opt.step()
"""


def test_the_surface_says_of_which_step_it_is(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "batches.py"
    path.write_text(BATCHES)
    view = opened(window, qtbot, path, wait=False)
    view.session.forward()
    qtbot.waitUntil(lambda: view.grid_done)
    first = view.relief().z
    view.coach.train(3)
    with monkeypatch.context() as patch:
        patch.setattr(view.coach, "playing", True)
        view.draw()
        assert "surface of step 0" in view.panel.note.text()
        assert view.relief().z is first
    view._later()
    qtbot.waitUntil(lambda: view.of_step == 3 and view.grid_done)
    assert "batch of step 3" in view.panel.note.text()
    assert not np.array_equal(view.relief().z, first)


def test_undo_of_a_drag_in_a_training_brings_back_what_was_trained(valley: LandscapeView) -> None:
    valley.coach.train(20)
    before = number(valley, "x"), number(valley, "y")
    valley.mover.move(0.25, 0.5)
    valley.mover.move(0.5, 0.5)
    valley.mover.drop()
    assert (number(valley, "x"), number(valley, "y")) == (0.5, 0.5)
    valley.session.undo()
    assert (number(valley, "x"), number(valley, "y")) == before
    valley.session.redo()
    assert (number(valley, "x"), number(valley, "y")) == (0.5, 0.5)
    valley.session.undo()
    valley.session.undo()
    assert (number(valley, "x"), number(valley, "y")) == (-1.5, 2.0)


def test_stop_and_zoom_and_turn(valley: LandscapeView, qtbot: QtBot) -> None:
    contour = valley.panel.contour
    assert contour is not None
    contour.zoom(0.5)
    contour._settle.stop()
    contour._tell_range()
    assert valley.grid is not None
    assert valley.grid.to == pytest.approx((-1.0, 1.0, 0.0, 2.0))
    valley.stop()
    assert not valley.grid_done
    count = valley.grid.count
    qtbot.wait(60)
    assert valley.grid.count == count
    QTest.keyClick(contour, Key.Key_Home)
    qtbot.waitUntil(lambda: valley.grid_done)
    assert valley.grid is not None
    assert valley.grid.to == (-2.0, 2.0, -1.0, 3.0)
    surface = valley.panel.surface
    before = surface.grab().toImage()
    QTest.keyClick(surface, Key.Key_Right)
    QTest.keyClick(surface, Key.Key_Up)
    assert surface.grab().toImage() != before
    azimuth = surface.azimuth
    QTest.mousePress(surface, Left, pos=QPoint(50, 50))
    QTest.mouseMove(surface, QPoint(90, 50))
    QTest.mouseRelease(surface, Left, pos=QPoint(90, 50))
    assert surface.azimuth != azimuth
    QTest.keyClick(surface, Key.Key_Home)
    assert (surface.azimuth, surface.elevation) == START
    QTest.mouseClick(valley.panel.above, Left)
    assert not valley.panel.contour.isVisible()  # type: ignore[union-attr]  # it is there
    QTest.mouseClick(valley.panel.space, Left)  # one of the two is always there
    assert valley.panel.above.isChecked()
