"""Races and sweeps in the window by real clicks: lanes on the landscape and the plot, one put into the document, a setting swept."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

import guigrad
from guigrad.ui import landscape_view
from guigrad.ui.main_window import MainWindow
from guigrad.ui.race_view import RaceView

Key, Left = Qt.Key, Qt.MouseButton.LeftButton
SOURCE = """import torch
x = torch.tensor(-1.0, requires_grad=True)
y = torch.tensor(1.5, requires_grad=True)
opt = torch.optim.SGD([x, y], lr=0.05)
for step in range(10):
    opt.zero_grad()
    loss = x**2 + 10 * y**2
    loss.backward()
    opt.step()
"""


@pytest.fixture
def race(window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RaceView:
    monkeypatch.setattr(landscape_view, "PATIENCE_S", 0.0)
    path = tmp_path / "bowl.py"
    path.write_text(SOURCE)
    assert window.intents.open_path(str(path))
    window.session.forward()
    window.tabs.bring("race")
    qtbot.waitUntil(lambda: window.landscape.grid_done)
    return window.race


def test_one_click_races_four_optimizers_on_one_landscape(race: RaceView, qtbot: QtBot) -> None:
    panel, document = race.panel, race.session.whole
    assert panel.empty.isVisible()
    assert not panel.play.isEnabled()
    QTest.mouseClick(panel.adders[0], Left)
    race.draw()
    assert [row.lane.variant.name for row in panel.rows] == ["SGD", "Momentum", "RMSprop", "Adam"]
    QTest.mouseClick(panel.one, Left)
    assert [lane.step for lane in race.race.lanes] == [1] * 4
    QTest.mouseClick(panel.play, Left)
    race.draw()
    assert all(lane.state == "finished" for lane in race.race.lanes)
    relief = race.relief()
    assert relief is not None
    assert relief.known
    assert [len(way.x) for way in relief.ways] == [11] * 4
    assert {(way.x[0], way.y[0]) for way in relief.ways} == {(-1.0, 1.5)}
    assert len({(way.token, way.mark) for way in relief.ways}) == 4
    assert panel.plot is not None
    assert [len(curve.x) for curve in panel.plot.drawn] == [10] * 4
    assert "ahead" in panel.note.text()
    alone = guigrad.race(document)
    assert {lane.variant.name: lane.recording.loss for lane in race.race.lanes} == {
        name: result.loss for name, result in alone.items()
    }
    QTest.mouseClick(panel.rows[3].findChildren(type(panel.play))[0], Left)  # Use
    assert "torch.optim.Adam([x, y], lr=0.05)" in guigrad.emit(race.session.whole)
    race.draw()
    assert "has changed" in panel.note.text()
    assert race.session.undo() == "Train as Adam"
    assert race.session.whole == document
    QTest.mouseClick(panel.reset, Left)
    race.draw()
    assert all(lane.state == "ready" for lane in race.race.lanes)
    QTest.mouseClick(panel.rows[0].findChildren(type(panel.play))[1], Left)  # ×
    assert len(race.race.lanes) == 3
    QTest.mouseClick(panel.clear, Left)
    QTest.mouseClick(panel.adders[2], Left)
    QTest.mouseClick(panel.play, Left)
    relief = race.relief()
    assert relief is not None
    assert len({(way.x[0], way.y[0]) for way in relief.ways}) == 5  # each from its own start
    assert {lane.recording.loss[-1] < lane.recording.loss[0] for lane in race.race.lanes} == {True}
    QTest.mouseClick(panel.clear, Left)
    QTest.mouseClick(panel.adders[1], Left)
    QTest.mouseClick(panel.play, Left)
    race.draw()
    states = {lane.variant.rate: lane.state for lane in race.race.lanes}
    assert states[0.05] == "finished"
    assert race.session.base.new() is None
    assert not race.race.lanes


def test_a_setting_is_swept_and_its_best_value_used(race: RaceView) -> None:
    panel = race.panel
    QTest.mouseClick(panel.sweep_chip, Left)
    assert panel.number.currentText() == "lr = 0.05"
    assert (panel.low.text(), panel.high.text(), panel.log.isChecked()) == ("0.005", "0.5", True)
    panel.low.setText("nothing")
    QTest.mouseClick(panel.go, Left)
    assert panel.progress.text() == "Both ends are numbers."
    panel.low.setText("0")
    QTest.mouseClick(panel.go, Left)
    assert "above zero" in panel.progress.text()
    panel.low.setText("0.01")
    panel.high.setText("1e30")
    panel.count.setValue(3)
    QTest.mouseClick(panel.go, Left)
    race.draw()
    assert panel.table.rowCount() == 3
    assert panel.sweep_plot is not None
    losses = [one.loss for one in panel.sweep_plot.tried]
    rows = guigrad.sweep(race.session.whole, "lr", [one.value for one in race.sweep.tried])
    assert [math.isnan(loss) for loss in losses] == [False, True, True]
    assert losses[0] == rows[0].loss
    assert "NaN" in panel.table.item(2, 3).text()
    assert panel.sweep_plot.csv().startswith("lr,loss,steps,note\n0.01,")
    QTest.mouseClick(panel.use, Left)
    assert "lr=0.01" in guigrad.emit(race.session.whole)
    assert race.session.undo() == "Set lr to 0.01"
