"""What the canvas shows of a training in the window: before, change and after of the parameters, and pulses at the training's pace."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from guigrad.document import edit
from guigrad.ui.canvas.animate import PULSE_MS
from guigrad.ui.main_window import MainWindow
from tests.ui.test_training_view import SOURCE, weights


@pytest.fixture
def window(window: MainWindow, tmp_path: Path) -> MainWindow:
    path = tmp_path / "train.py"
    path.write_text(SOURCE)
    assert window.intents.open_path(str(path))
    window.live._follow()
    return window


def seen(window: MainWindow) -> tuple[str, list[float], list[float]]:
    """Between which steps, and what w was before and after."""
    found = window.canvas.painter.updates
    assert found is not None
    assert found.after is window.canvas.scene.faces.frame
    return found.words, found.before["w"].value.tolist(), found.after["w"].value.tolist()


def test_a_step_shows_before_and_after(window: MainWindow) -> None:
    window.actions_by_id["train_step"].trigger()
    first = weights(1)
    words, before, after = seen(window)
    assert (words, after) == ("step 0 → 1", first)
    assert before != first
    window.actions_by_id["train_step"].trigger()
    assert seen(window) == ("step 1 → 2", first, weights(2))
    window.training.play(10)
    words, before, after = seen(window)
    assert (words, before, after) == ("step 2 → 12", weights(2), weights(12))  # the last that was shown before
    window.training.scrub(7, -1)
    assert seen(window) == ("step 6 → 7", weights(6), weights(7))
    window.training.scrub(2, -1)
    assert seen(window) == ("step 1 → 2", weights(1), weights(2))


def test_phases_change_nothing_until_the_update(window: MainWindow) -> None:
    window.actions_by_id["train_step"].trigger()
    for _ in range(3):  # zero_grad, forward, backward
        window.actions_by_id["train_phase"].trigger()
        words, before, after = seen(window)
        assert (words, before, after) == ("step 1 → 2", weights(1), weights(1))
        shown = window.canvas.painter.updates
        assert shown is not None
        assert shown.change(window.live.labels["w"], True) is None
    window.actions_by_id["train_phase"].trigger()
    assert seen(window) == ("step 1 → 2", weights(1), weights(2))
    shown = window.canvas.painter.updates
    assert shown is not None
    made = shown.change(window.live.labels["w"], True)
    assert made is not None
    assert made.largest == np.abs(np.array(weights(2)) - np.array(weights(1))).max()


def test_another_moment_has_no_change(window: MainWindow) -> None:
    window.actions_by_id["train_step"].trigger()
    seen(window)
    window.session.edit(edit.set_value(window.live.labels["lr"], 0.2))
    frame = window.canvas.scene.faces.frame
    shown = window.canvas.painter.updates
    assert shown is None or shown.after is not frame or shown.after["w"].value.tolist() == weights(1)
    window.session.forward()
    shown = window.canvas.painter.updates
    assert shown is None or shown.after is not window.canvas.scene.faces.frame


def test_it_can_be_switched_off(window: MainWindow) -> None:
    window.actions_by_id["train_step"].trigger()
    action = window.actions_by_id["show_updates"]
    assert action.isChecked()
    action.trigger()
    assert window.canvas.painter.updates is None
    assert not action.isChecked()
    window.actions_by_id["train_step"].trigger()
    assert window.canvas.painter.updates is None
    action.trigger()
    assert seen(window)[0] == "step 1 → 2"
    wires = window.actions_by_id["wire_gradients"]
    assert wires.isChecked()
    wires.trigger()
    assert not window.canvas.painter.gradients
    wires.trigger()
    assert window.canvas.painter.gradients


def test_pulses_are_as_fast_as_the_phases(window: MainWindow, qtbot: QtBot) -> None:
    training, motion = window.training, window.canvas.motion
    for speed, pulse in ((0.25, 600.0), (2.0, 112.5), (8.0, 60.0)):
        training.pacer.set_speed(speed)
        training.play(3)
        assert motion.pulse_ms == pulse
        training.pacer.pause()
    training.pacer.set_speed(0.0)
    training.play(1)
    assert motion.pulse_ms == PULSE_MS


def test_what_was_recorded_is_played_back(window: MainWindow, qtbot: QtBot) -> None:
    training, coach = window.training, window.session.coach
    for _ in range(6):
        window.actions_by_id["train_step"].trigger()
    seen_steps: list[int] = []
    coach.changed.connect(lambda: seen_steps.append(coach.shown if coach.shown is not None else coach.step))
    training.playback.toggle()
    qtbot.waitUntil(lambda: not training.playback.playing)
    assert sorted(set(seen_steps)) == seen_steps == [1, 2, 3, 4, 5, 6]
    assert seen(window)[2] == weights(6)
    training.pacer.set_speed(8.0)
    training.scrub(3, -1)
    seen_steps.clear()
    training.playback.toggle()
    qtbot.waitUntil(lambda: 4 in seen_steps)
    training.playback.toggle()
    assert not training.playback.playing
    window.actions_by_id["play_back"].trigger()
    training.scrub(2, -1)  # a hand on the timeline ends it
    assert not training.playback.playing
    assert (coach.step, coach.shown, seen(window)[2]) == (6, 2, weights(2))
    training.pacer.set_speed(0.0)
    training.play(2)
    assert seen(window)[2] == weights(8)
