"""The plots of a training in the window, by real mouse and keys: decision boundary, points by hand, histograms, norms, images, export."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

import guigrad
from guigrad.document import edit
from guigrad.document.model import DataSet
from guigrad.ui.main_window import MainWindow
from guigrad.ui.panels.training import VIEWS, TrainingPanel
from guigrad.ui.training_fit import FitAsker
from guigrad.ui.widgets.field_plot import FieldPlot
from guigrad.ui.widgets.image_plot import ImagePlot
from guigrad.ui.widgets.norm_bars import NormBars
from guigrad.ui.widgets.spread_plot import SpreadPlot
from guigrad.ui.widgets.step_plot import StepPlot

XOR = """import torch
import torch.nn.functional as F
torch.manual_seed(1)
X = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = torch.tensor([0, 1, 1, 0])
X_test = torch.tensor([[0.5, 0.2], [0.2, 0.4]])
y_test = torch.tensor([0, 1])
w = torch.randn(2, 4, requires_grad=True)
v = torch.randn(4, 2, requires_grad=True)
opt = torch.optim.SGD([w, v], lr=0.1)
for step in range(30):
    out = torch.tanh(X @ w) @ v
    loss = F.cross_entropy(out, y)
    opt.zero_grad()
    loss.backward()
    opt.step()
"""
LINE = """import torch
torch.manual_seed(1)
x = torch.tensor([[0.0], [1.0], [2.0]])
y = torch.tensor([[1.0], [3.0], [5.0]])
a = torch.tensor([[0.5]], requires_grad=True)
for step in range(30):
    pred = x @ a
    loss = ((pred - y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        a -= 0.1 * a.grad
    a.grad = None
"""
IMAGES = """import torch
import torch.nn.functional as F
X = torch.rand(6, 16)
y = torch.tensor([0, 1, 2, 0, 1, 2])
W = torch.zeros(16, 3, requires_grad=True)
for step in range(5):
    out = X @ W
    loss = F.cross_entropy(out, y)
    loss.backward()
"""
Key = Qt.Key
Left = Qt.MouseButton.LeftButton


def opened(window: MainWindow, tmp_path: Path, source: str) -> TrainingPanel:
    path = tmp_path / "train.py"
    path.write_text(source)
    assert window.intents.open_path(str(path))
    window.live._follow()
    window.resize(1400, 1000)
    window.tabs.bring("training")
    found = window.training.panel
    assert found.plot is not None
    return found


def chosen(window: MainWindow, name: str) -> TrainingPanel:
    panel = window.training.panel
    panel.view.setCurrentIndex(panel.view.findData(name))
    window.training.plots.draw()
    return panel


def fitted(window: MainWindow, qtbot: QtBot) -> FieldPlot:
    panel = chosen(window, "fit")
    plot = panel.chart
    assert isinstance(plot, FieldPlot)
    qtbot.waitUntil(lambda: len(plot.train) > 0 and plot.values is not None)
    return plot


def asker(window: MainWindow) -> FitAsker:
    found = window.training.plots.askers["fit"]
    assert isinstance(found, FitAsker)
    return found


def place(plot: FieldPlot, x: float, y: float) -> QPoint:
    found: QPoint = plot.plot.mapFromScene(plot.item.vb.mapViewToScene(QPointF(x, y)))
    return found


def rows(window: MainWindow, name: str) -> str:
    text = guigrad.emit(window.session.base.document)
    return next(line for line in text.splitlines() if line.startswith(f"{name} = "))


def test_the_boundary_follows_training_and_scrubbing(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    opened(window, tmp_path, XOR)
    window.training.play(5)
    plot = fitted(window, qtbot)
    assert (plot.dims, plot.how.kind, plot.names, plot.classes) == (2, "classes", ("X", "y"), [0.0, 1.0])
    window.training.plots.draw()
    at_five = plot.values.copy()
    window.training.play(10)
    window.training.plots.draw()
    qtbot.waitUntil(lambda: not (plot.values == at_five).all())
    at_fifteen = plot.values.copy()
    window.training.scrub(5, -1)
    window.training.plots.draw()
    qtbot.waitUntil(lambda: bool((plot.values == at_five).all()))
    assert "step 5" in window.training.panel.pages["fit"].words.text()
    window.training.scrub(15, -1)
    window.training.plots.draw()
    qtbot.waitUntil(lambda: bool((plot.values == at_fifteen).all()))


def test_points_are_moved_added_and_removed_by_mouse_and_each_is_one_undo(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    opened(window, tmp_path, XOR)
    window.training.play(3)
    plot = fitted(window, qtbot)
    view, session = plot.plot.viewport(), window.session.base
    before = session.document
    qtbot.mousePress(view, Left, pos=place(plot, 1, 0))
    for x in (0.9, 0.8, 0.7):
        qtbot.mouseMove(view, place(plot, x, 0.1))
    qtbot.mouseRelease(view, Left, pos=place(plot, 0.7, 0.1))
    assert rows(window, "X").startswith("X = torch.tensor([[0.0, 0.0], [0.0, 1.0], [0.")
    assert plot.train.x[2].tolist() == pytest.approx([0.7, 0.1], abs=0.01)
    window.training.plots.draw()
    qtbot.waitUntil(lambda: plot.train.x[2].tolist() == pytest.approx([0.7, 0.1], abs=0.01))
    session.undo()
    assert session.document == before
    tools = asker(window).tools
    window.training.plots.draw()
    qtbot.mouseClick(tools.modes["add"], Left)
    tools.choose(1)
    qtbot.mouseClick(view, Left, pos=place(plot, 0.5, 0.5))
    assert rows(window, "y") == "y = torch.tensor([0, 1, 1, 0, 1])"
    qtbot.waitUntil(lambda: len(plot.train) == 5)
    qtbot.mouseClick(tools.modes["remove"], Left)
    qtbot.mouseClick(view, Left, pos=place(plot, 0, 1))
    assert rows(window, "y") == "y = torch.tensor([0, 1, 0, 1])"
    session.undo()
    session.undo()
    assert session.document == before
    window.training.play(2)
    assert session.coach.step == 5
    assert not session.problems


def test_points_by_keys_alone(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    opened(window, tmp_path, XOR)
    window.training.play(1)
    plot = fitted(window, qtbot)
    keys = plot.keyboard()
    qtbot.keyClick(keys, Key.Key_PageDown)
    qtbot.keyClick(keys, Key.Key_PageDown)
    assert plot.selected == 1
    qtbot.keyClick(keys, Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert plot.train.x[1, 0] > 0.03
    qtbot.keyClick(keys, Key.Key_0)
    assert rows(window, "y") == "y = torch.tensor([0, 0, 1, 0])"
    qtbot.keyClick(keys, Key.Key_Insert)
    assert rows(window, "y") == "y = torch.tensor([0, 0, 1, 0, 0])"
    qtbot.waitUntil(lambda: len(plot.train) == 5)
    qtbot.keyClick(keys, Key.Key_Delete)
    assert rows(window, "y") == "y = torch.tensor([0, 1, 0, 0])"
    for _ in range(6):
        qtbot.keyClick(keys, Key.Key_PageUp)
        qtbot.keyClick(keys, Key.Key_Delete)
        window.training.plots.draw()
    assert rows(window, "y").count(",") <= 1
    assert not any(problem.severity == "error" for problem in window.session.problems)


def test_a_line_moves_input_and_target_together(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    opened(window, tmp_path, LINE)
    window.training.play(4)
    plot = fitted(window, qtbot)
    assert (plot.dims, plot.names) == (1, ("x", "y"))
    assert len(plot.curves) == 1
    view = plot.plot.viewport()
    qtbot.mousePress(view, Left, pos=place(plot, 1, 3))
    qtbot.mouseMove(view, place(plot, 1.5, 2))
    qtbot.mouseRelease(view, Left, pos=place(plot, 1.5, 2))
    assert plot.train.x[1, 0] == pytest.approx(1.5, abs=0.02)
    assert rows(window, "y") != "y = torch.tensor([[1.0], [3.0], [5.0]])"
    window.session.undo()
    assert rows(window, "y") == "y = torch.tensor([[1.0], [3.0], [5.0]])"
    assert rows(window, "x") == "x = torch.tensor([[0.0], [1.0], [2.0]])"


def test_test_points_are_hollow_and_named(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    opened(window, tmp_path, XOR)
    window.training.play(1)
    base = window.session.base
    ids = {name: key for key, name in window.live.names.items()}
    known = DataSet("d", "xor", "", {}, ids["X"], ids["y"], ids["X_test"], ids["y_test"])
    from guigrad.document.diff import Diff

    base.edit(Diff(label="data", datasets={"d": (None, known)}))
    plot = fitted(window, qtbot)
    qtbot.waitUntil(lambda: len(plot.test) == 2)
    texts = [label.text for _, label in plot.legend.items]
    assert "train (filled)" in texts
    assert "test (hollow)" in texts
    whose = asker(window).tools.whose
    qtbot.waitUntil(whose.isVisible)
    whose.setCurrentIndex(1)
    port = plot.plot.viewport()
    at, to = place(plot, 0.5, 0.2), place(plot, 0.7, 0.4)
    qtbot.mousePress(port, Left, pos=at)
    qtbot.mouseMove(port, to)
    qtbot.mouseRelease(port, Left, pos=to)
    assert plot.test.x[0] == pytest.approx([0.7, 0.4], abs=0.03)
    assert rows(window, "X_test") != "X_test = torch.tensor([[0.5, 0.2], [0.2, 0.4]])"
    assert rows(window, "X") == "X = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])"
    plot.select(1)
    qtbot.keyClick(plot.plot, Key.Key_Delete)
    assert rows(window, "y_test") == "y_test = torch.tensor([0])"
    assert rows(window, "y") == "y = torch.tensor([0, 1, 1, 0])"


def test_another_run_is_chosen(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    opened(window, tmp_path, XOR)
    window.training.play(6)
    plot = fitted(window, qtbot)
    page = chosen(window, "fit").pages["fit"]
    window.training.plots.draw()
    at_six, runs = plot.values.copy(), page.combos[-1]
    assert (runs.isVisible(), page.run) == (False, None)
    window.training.branch(2)
    window.training.play(9)
    window.training.plots.draw()
    qtbot.waitUntil(lambda: not (plot.values == at_six).all(), timeout=5000)
    at_eleven = plot.values.copy()
    assert runs.count() == 2
    runs.setCurrentIndex(1)
    qtbot.waitUntil(lambda: bool((plot.values == at_six).all()), timeout=5000)
    assert page.words.text().startswith("run 1, step 6: ")
    runs.setCurrentIndex(0)
    qtbot.waitUntil(lambda: bool((plot.values == at_eleven).all()), timeout=5000)
    spread = chosen(window, "spread").pages["spread"]
    chart = spread.chart
    assert isinstance(chart, SpreadPlot)
    last = chart.samples[-1][0] if chart.samples else 0
    spread.combos[-1].setCurrentIndex(1)
    assert spread.run == 0
    assert chart.samples
    assert (last, chart.samples[-1][0]) == (11, 6)


def test_histograms_ratios_and_norms_fill_up_while_they_are_seen(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    panel = opened(window, tmp_path, XOR)
    for name in ("spread", "ratio", "norms", "bars"):
        chosen(window, name)
        assert panel.chart is not None
        assert panel.chart.empty.text().startswith("Train a step")
    for _ in range(4):
        window.training.one_step()
    recording = window.session.coach.recording
    assert recording.sketches.of(0)
    for name, kind in (("spread", SpreadPlot), ("ratio", StepPlot), ("norms", StepPlot), ("bars", NormBars)):
        chosen(window, name)
        assert isinstance(panel.chart, kind)
        assert panel.chart.empty.text() == ""
        assert panel.pages[name].words.text()
    spread = panel.pages["spread"].combos
    assert [spread[0].itemText(at) for at in range(spread[0].count())] == ["w", "v"]
    chosen(window, "spread")
    spread[1].setCurrentIndex(1)
    chart = panel.chart
    assert isinstance(chart, SpreadPlot)
    assert chart.name == "w.grad"
    ratio = panel.pages["ratio"].chart
    assert isinstance(ratio, StepPlot)
    assert [curve.name for curve in ratio.drawn] == ["w", "v"]
    assert ratio.log_y


def test_steps_trained_out_of_sight_are_filled_in_from_their_frames(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    opened(window, tmp_path, LINE)
    window.tabs.bring("code")
    for _ in range(3):
        window.training.one_step()
    recording = window.session.coach.recording
    assert recording.sketches.of(0) == ()
    window.tabs.bring("training")
    panel = chosen(window, "norms")
    qtbot.waitUntil(lambda: bool(window.training.plots.draw() or len(recording.sketches.of(0)) == 3))
    assert [[spot.label for spot in one.spots] for one in recording.sketches.of(0)] == [["a"]] * 3
    chart = panel.chart
    assert isinstance(chart, StepPlot)
    frames = [recording.frame(step) for step in (1, 2, 3)]
    norms = [abs(frame["a"].xray.item()) for frame in frames if frame is not None and frame["a"].xray is not None]
    assert chart.drawn[0].y.tolist() == pytest.approx(norms)
    window.training.branch(1)
    base = window.session.base
    base.edit(edit.set_value("a", [[0.75]]))
    window.training.one_step()
    chosen(window, "norms")
    assert [curve.name for curve in chart.drawn] == ["a · run 1", "a · run 2 (a changed)"]


def test_pictures_with_what_they_are_taken_for(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    panel = opened(window, tmp_path, IMAGES)
    window.training.play(1)
    chosen(window, "images")
    chart = panel.chart
    assert isinstance(chart, ImagePlot)
    qtbot.waitUntil(lambda: len(chart.pictures) == 6)
    assert chart.wanted == (0, 1, 2, 0, 1, 2)
    assert chart.found == (0, 0, 0, 0, 0, 0)
    assert "2 of 6 shown are right" in panel.pages["images"].words.text()


def test_every_plot_is_exported_in_every_format(
    window: MainWindow, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = opened(window, tmp_path, XOR)
    for _ in range(2):
        window.training.one_step()
    fitted(window, qtbot)
    for (name, _, _), suffix in itertools.product(VIEWS, (".png", ".svg", ".csv")):
        chosen(window, name)
        path = tmp_path / f"{name}{suffix}"
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, path=path: (str(path), ""))
        panel.export_asked.emit()
        data = path.read_bytes()
        assert data.startswith({".png": b"\x89PNG", ".svg": b"<?xml", ".csv": data[:1]}[suffix])
        assert suffix != ".csv" or data.count(b"\n") >= (1 if name == "images" else 2), name


def test_nothing_to_fit_nan_and_other_documents(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    panel = opened(window, tmp_path, "import torch\nw = torch.tensor(1.0, requires_grad=True)\nv = w * 2\n")
    for name in ("fit", "images"):
        chosen(window, name)
        window.session.forward()
        window.training.plots.draw()
        assert panel.chart is not None
        assert "would fill this" in panel.chart.empty.text()
    opened(window, tmp_path, XOR.replace("lr=0.1", "lr=1e30").replace("30", "3"))
    window.training.play(3)
    plot = fitted(window, qtbot)
    for name, _, _ in VIEWS:
        chosen(window, name)
    assert "not finite" in panel.pages["fit"].words.text() or bool((plot.values == plot.values).all())
    opened(window, tmp_path, LINE)
    chosen(window, "fit")
    window.training.play(2)
    qtbot.waitUntil(lambda: plot.dims == 1 and plot.values is not None)
