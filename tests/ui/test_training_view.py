"""Training in the window by real keys and mouse: played, paused, paced, scrubbed, branched, watched, plotted, exported."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

import guigrad
from guigrad.ui.main_window import MainWindow
from guigrad.ui.panels.training import TrainingPanel
from guigrad.ui.widgets import lanes

SOURCE = """import torch
torch.manual_seed(0)
lr = 0.05
w = torch.randn(3, requires_grad=True)
opt = torch.optim.SGD([w], lr=lr)
for step in range(20):
    opt.zero_grad()
    loss = (w * w).sum()
    loss.backward()
    opt.step()
"""
Key = Qt.Key


@pytest.fixture
def window(window: MainWindow, tmp_path: Path) -> MainWindow:
    path = tmp_path / "train.py"
    path.write_text(SOURCE)
    assert window.intents.open_path(str(path))
    window.live._follow()
    return window


@pytest.fixture
def panel(window: MainWindow, qtbot: QtBot) -> TrainingPanel:
    window.tabs.bring("training")
    found = window.training.panel
    qtbot.waitUntil(lambda: found.plot is not None)
    return found


def weights(steps: int, source: str = SOURCE) -> list[float]:
    session = guigrad.Session(guigrad.parse(source))
    session.train(steps)
    value = session.tensor("w")
    assert value is not None
    found: list[float] = value.tolist()
    return found


def shown(window: MainWindow) -> list[float]:
    assert window.session.frame is not None
    found: list[float] = window.session.frame["w"].value.tolist()
    return found


def refreshed(window: MainWindow) -> TrainingPanel:
    window.training._show_all()
    return window.training.panel


def test_a_tap_of_space_on_the_canvas_plays_and_every_side_says_so(
    panel: TrainingPanel, window: MainWindow, qtbot: QtBot
) -> None:
    assert panel.where.text() == "step 0"
    assert not window.actions_by_id["frame_before"].isEnabled()
    window.canvas.setFocus()
    qtbot.keyClick(window.canvas, Key.Key_Space)
    assert (window.session.coach.step, shown(window)) == (20, weights(20))
    refreshed(window)
    assert panel.timeline.course.end == 20
    assert panel.timeline.course.phases == ("zero_grad", "forward", "backward", "step")
    assert panel.where.text() == "step 20 of 20 · the program has ended"
    assert "frames · " in panel.memory.text()
    assert window.actions_by_id["frame_before"].isEnabled()
    qtbot.keyClick(window.canvas, Key.Key_Space)
    assert window.session.coach.step == 20
    assert window.hint.text().startswith("All 20 steps of the program are done")


def test_steps_until_and_what_cannot_be_understood(panel: TrainingPanel, window: MainWindow, qtbot: QtBot) -> None:
    coach = window.session.coach
    panel.count.setValue(3)
    qtbot.mouseClick(panel.go, Qt.MouseButton.LeftButton)
    assert coach.step == 3
    for text, words in (("loss <", "is no condition"), ("nobody < 1", "no node 'nobody'"), ("norm(w < 1", "no node")):
        panel.until.setText(text)
        qtbot.keyClick(panel.until, Key.Key_Return)
        assert words in panel.note.text() or "cannot be" in panel.note.text(), text
        assert coach.step == 3
    panel.until.setText("norm(w) < 1.0")
    qtbot.keyClick(panel.until, Key.Key_Return)
    assert coach.reason == "until"
    norms = coach.recording["norm(w)"]
    assert norms[-1] < 1.0 <= norms[-2]
    assert panel.note.text() == ""


def test_one_phase_lights_up_on_rail_code_and_loop_card(panel: TrainingPanel, window: MainWindow, qtbot: QtBot) -> None:
    lit = []
    known = window.training.trains
    assert known is not None
    for _ in range(4):
        qtbot.mouseClick(panel.buttons["train_phase"], Qt.MouseButton.LeftButton)
        _, phases, at, playing = window.canvas.painter.phases
        lit.append(phases[at] if at >= 0 else "")
        if at >= 0:
            assert window.rail.strip.running == {known.loop, *known.keys[at]}
            assert window.code.view.step_line in {window.live.lines.get(key) for key in known.keys[at]}
        assert not playing
    assert lit == ["zero_grad", "forward", "backward", ""]
    assert not window.rail.strip.running
    assert shown(window) == weights(1)
    qtbot.mouseClick(panel.buttons["train_step"], Qt.MouseButton.LeftButton)
    assert shown(window) == weights(2)


def test_slow_play_goes_phase_by_phase_and_is_paused_by_space(
    panel: TrainingPanel, window: MainWindow, qtbot: QtBot
) -> None:
    panel.speed.setFocus()
    qtbot.keyClick(panel.speed, Key.Key_Home)
    for _ in range(5):
        qtbot.keyClick(panel.speed, Key.Key_Down)
    panel.speed.activated.emit(panel.speed.currentIndex())
    assert panel.speed_now() == 8
    coach = window.session.coach
    qtbot.mouseClick(panel.buttons["play_training"], Qt.MouseButton.LeftButton)
    assert window.training.playing
    assert coach.phase == "zero_grad"
    qtbot.waitUntil(lambda: coach.step >= 2)
    assert window.training.playing
    refreshed(window)
    assert panel.buttons["play_training"].icon_name == "pause"
    panel.timeline.setFocus()
    qtbot.keyClick(panel.timeline, Key.Key_Space)
    assert not window.training.playing
    at = (coach.step, coach.phase)
    panel.count.setValue(1)
    qtbot.mouseClick(panel.go, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not window.training.playing)
    assert coach.step == at[0] + 1
    assert shown(window) == weights(coach.step)


def test_stop_and_starting_over(panel: TrainingPanel, window: MainWindow, qtbot: QtBot) -> None:
    window.training.pacer.set_speed(0.25)
    qtbot.mouseClick(panel.buttons["play_training"], Qt.MouseButton.LeftButton)
    assert window.training.playing
    window.canvas.setFocus()
    qtbot.keyClick(window, Key.Key_F5, Qt.KeyboardModifier.ShiftModifier)
    assert not window.training.playing
    window.training.pacer.set_speed(0.0)
    panel.count.setValue(5)
    qtbot.mouseClick(panel.go, Qt.MouseButton.LeftButton)
    before = window.session.coach.recording.step
    assert before
    qtbot.mouseClick(panel.buttons["train_again"], Qt.MouseButton.LeftButton)
    assert (window.session.coach.step, window.session.coach.recording.step) == (0, 0)
    refreshed(window)
    assert panel.timeline.course.end == 0
    panel.count.setValue(4)
    qtbot.mouseClick(panel.go, Qt.MouseButton.LeftButton)
    assert shown(window) == weights(4)
    qtbot.mouseClick(panel.buttons["train_anew"], Qt.MouseButton.LeftButton)
    refreshed(window)
    assert panel.seed.text() == f"seed {window.session.seed}"
    qtbot.mouseClick(panel.go, Qt.MouseButton.LeftButton)
    assert shown(window) != weights(4)


def test_scrubbing_by_mouse_and_keys_shows_the_steps_and_training_goes_on(
    panel: TrainingPanel, window: MainWindow, qtbot: QtBot
) -> None:
    line = panel.timeline
    panel.count.setValue(10)
    qtbot.mouseClick(panel.go, Qt.MouseButton.LeftButton)
    refreshed(window)
    room = line._room()

    def at(step: int, row: int) -> QPoint:
        return QPoint(round(line.x_of(step)), round(room.top() + (row + 0.5) * room.height() / 4))

    qtbot.mousePress(line, Qt.MouseButton.LeftButton, pos=at(3, 3))
    assert shown(window) == weights(3)
    qtbot.mouseMove(line, at(7, 3))
    qtbot.mouseRelease(line, Qt.MouseButton.LeftButton, pos=at(7, 3))
    assert shown(window) == weights(7)
    refreshed(window)
    assert panel.where.text() == "shows step 7 · goes on from 10"
    qtbot.keyClick(line, Key.Key_Left)
    assert (shown(window), window.session.coach.shown) == (weights(6), 6)
    refreshed(window)
    qtbot.keyClick(line, Key.Key_Home)
    assert shown(window) == weights(1)
    window.canvas.setFocus()
    qtbot.keyClick(window.canvas, Key.Key_Period)
    assert shown(window) == weights(2)
    qtbot.keyClick(window.canvas, Key.Key_Period, Qt.KeyboardModifier.ShiftModifier)
    assert (shown(window), window.session.coach.shown) == (weights(10), None)
    refreshed(window)
    panel.jump.setFocus()
    panel.jump.setValue(4)
    qtbot.keyClick(panel.jump, Key.Key_Return)
    assert shown(window) == weights(4)
    panel.count.setValue(2)
    qtbot.mouseClick(panel.go, Qt.MouseButton.LeftButton)
    assert (window.session.coach.step, shown(window)) == (12, weights(12))


def test_a_phase_of_a_step_on_the_timeline(panel: TrainingPanel, window: MainWindow, qtbot: QtBot) -> None:
    line = panel.timeline
    panel.count.setValue(6)
    qtbot.mouseClick(panel.go, Qt.MouseButton.LeftButton)
    refreshed(window)
    room = line._room()
    spot = QPoint(round(line.x_of(4)), round(room.top() + 0.5 * room.height() / 4))
    qtbot.mouseClick(line, Qt.MouseButton.LeftButton, pos=spot)
    frame = window.session.frame
    assert frame is not None
    assert (shown(window), frame["w"].grad) == (weights(3), None)  # zero_grad comes first
    refreshed(window)
    assert (line.course.step, line.course.phase) == (4, 0)
    for _ in range(2):
        qtbot.keyClick(line, Key.Key_Down)
        refreshed(window)
    frame = window.session.frame
    assert frame is not None
    assert (line.course.step, line.course.phase) == (4, 2)
    assert shown(window) == weights(3)
    assert frame["w"].grad is not None
    qtbot.keyClick(line, Key.Key_Down)
    assert shown(window) == weights(4)
    qtbot.mouseClick(panel.go, Qt.MouseButton.LeftButton)
    assert shown(window) == weights(12)


def test_bookmarks_and_branches(panel: TrainingPanel, window: MainWindow, qtbot: QtBot) -> None:
    coach, line = window.session.coach, panel.timeline
    panel.count.setValue(8)
    qtbot.mouseClick(panel.go, Qt.MouseButton.LeftButton)
    refreshed(window)
    qtbot.keyClick(line, Key.Key_Home)
    qtbot.keyClick(window, Key.Key_K, Qt.KeyboardModifier.AltModifier)
    refreshed(window)
    assert line.course.marks == {1: ""}
    qtbot.mouseClick(panel.buttons["bookmark"], Qt.MouseButton.LeftButton)
    assert coach.recording.bookmarks == {}
    window.training.bookmark(5, "here")
    window.training.scrub(5, -1)
    qtbot.mouseClick(panel.buttons["branch_here"], Qt.MouseButton.LeftButton)
    assert (len(coach.recording.runs), coach.step, shown(window)) == (2, 5, weights(5))
    window.session.edit(guigrad.edit.set_value(window.labels()["lr"], 0.1))
    panel.count.setValue(3)
    qtbot.mouseClick(panel.go, Qt.MouseButton.LeftButton)
    assert coach.step == 8
    assert shown(window) != weights(8)
    refreshed(window)
    assert (line.course.marks, line.course.branches) == ({5: "here"}, (5,))
    assert panel.where.text().startswith("run 2 · step 8")
    assert panel.plot is not None
    assert [curve.name for curve in panel.plot.drawn] == ["loss · run 1", "loss · run 2 (lr = 0.1)"]
    assert panel.plot.drawn[1].x.tolist() == [5, 6, 7, 8]
    assert panel.plot.drawn[1].y[0] == panel.plot.drawn[0].y[4]


def test_a_press_on_its_lane_goes_back_to_an_earlier_run(
    panel: TrainingPanel, window: MainWindow, qtbot: QtBot
) -> None:
    coach, line = window.session.coach, panel.timeline
    panel.count.setValue(8)
    qtbot.mouseClick(panel.go, Qt.MouseButton.LeftButton)
    refreshed(window)
    assert lanes.places(line) == []
    window.training.scrub(3, -1)
    qtbot.mouseClick(panel.buttons["branch_here"], Qt.MouseButton.LeftButton)
    window.session.edit(guigrad.edit.set_value(window.labels()["lr"], 0.25))
    panel.count.setValue(4)
    qtbot.mouseClick(panel.go, Qt.MouseButton.LeftButton)
    other = shown(window)
    refreshed(window)
    assert [(lane.name, lane.start, lane.end, lane.current) for lane in line.course.runs] == [
        ("run 1", 0, 8, False), ("run 2", 3, 7, True),
    ]  # fmt: skip
    assert line.describe(1).split("\n")[0].startswith("run 2 · steps 4–7 · from run 1 at step 3 · loss ")
    assert line.describe(1).split("\n")[1:] == ["- lr = 0.05", "+ lr = 0.25"]

    def press(number: int) -> None:
        row = next(row for lane, row, _ in lanes.places(line) if lane.number == number)
        qtbot.mouseClick(line, Qt.MouseButton.LeftButton, pos=row.center().toPoint())
        refreshed(window)

    line.grab()
    press(0)
    assert (shown(window), coach.step, window.session.document.nodes[window.labels()["lr"]].args) == (
        weights(8), 8, (0.05,),
    )  # fmt: skip
    assert [lane.current for lane in line.course.runs] == [True, False]
    panel.count.setValue(5)
    qtbot.mouseClick(panel.go, Qt.MouseButton.LeftButton)
    assert shown(window) == weights(13)  # the bits of a training that was never branched
    press(1)
    assert (shown(window), coach.step) == (other, 7)
    assert window.session.document.nodes[window.labels()["lr"]].args == (0.25,)
    assert window.session.undo() == "Back to run 2"
    refreshed(window)
    assert window.session.document.nodes[window.labels()["lr"]].args == (0.05,)


def test_watching_plotting_and_exporting(
    panel: TrainingPanel, window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel.watch.setText("norm(w.grad)")
    qtbot.keyClick(panel.watch, Key.Key_Return)
    panel.watch.setText("norm(nobody)")
    qtbot.keyClick(panel.watch, Key.Key_Return)
    assert "nobody" in panel.note.text()
    panel.watch.clear()
    qtbot.mouseClick(panel.buttons["train_step"], Qt.MouseButton.LeftButton)
    panel.count.setValue(9)
    qtbot.mouseClick(panel.go, Qt.MouseButton.LeftButton)
    refreshed(window)
    plot = panel.plot
    assert plot is not None
    assert [(curve.name, len(curve.x)) for curve in plot.drawn] == [("loss", 10), ("norm(w.grad)", 10)]
    assert plot.drawn[0].y.tolist() == list(guigrad.Session(guigrad.parse(SOURCE)).train(10).loss)
    qtbot.mouseClick(panel.log_y, Qt.MouseButton.LeftButton)
    assert plot.log_y
    panel.smoothing.setValue(4)
    line = plot.lines[0, "loss"]
    assert line.yData[-1] == pytest.approx(plot.drawn[0].y[-4:].mean())
    for ending, start in ((".png", b"\x89PNG"), (".svg", b"<?xml"), (".csv", b"step,loss,norm(w.grad)\n1,")):
        target = tmp_path / f"plot{ending}"
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, name=target: (str(name), ""))
        qtbot.mouseClick(panel.export, Qt.MouseButton.LeftButton)
        assert target.read_bytes().startswith(start)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "none" / "plot.csv"), ""))
    qtbot.mouseClick(panel.export, Qt.MouseButton.LeftButton)
    assert "was not written" in window.bar.text.text() if hasattr(window.bar, "text") else window.bar.isVisible()
    window.set_theme("light")
    refreshed(window)


def test_a_budget_is_seen_and_set(panel: TrainingPanel, window: MainWindow, qtbot: QtBot) -> None:
    panel.budget.setFocus()
    panel.budget.selectAll()
    qtbot.keyClicks(panel.budget, "7")
    qtbot.keyClick(panel.budget, Key.Key_Return)
    assert window.session.coach.recording.budget_bytes == 7 * 1024 * 1024


def test_a_program_without_a_loop_says_so(lesson: MainWindow, qtbot: QtBot) -> None:
    lesson.live._follow()
    lesson.tabs.bring("training")
    refreshed(lesson)
    assert lesson.training.panel.where.text() == ""
    assert lesson.commands.why_not("play_training") == "The program has no loop that could be trained"
    lesson.canvas.setFocus()
    qtbot.keyClick(lesson.canvas, Key.Key_Space)
    assert lesson.session.coach.step == 0


def test_a_loss_that_is_no_number_pauses_and_is_named(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "bad.py"
    path.write_text(SOURCE.replace("lr = 0.05", "lr = 1e30"))
    assert window.intents.open_path(str(path))
    window.live._follow()
    window.tabs.bring("training")
    window.canvas.setFocus()
    qtbot.keyClick(window.canvas, Key.Key_Space)
    assert not window.training.playing
    assert window.session.coach.reason == "nan"
    refreshed(window)
    assert "not finite" in window.training.panel.where.text()
    assert any(problem.kind == "diverged" for problem in window.session.problems)


def test_plots_are_imported_when_they_are_seen() -> None:
    import subprocess

    code = (
        "import sys; from PySide6.QtWidgets import QApplication; app = QApplication([]);"
        "import guigrad.ui.main_window; assert 'pyqtgraph' not in sys.modules and 'torch' not in sys.modules"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=_offscreen())
    assert found.returncode == 0, found.stderr


def _offscreen() -> dict[str, str]:
    import os

    return {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
