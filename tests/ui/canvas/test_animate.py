"""Motion: tidied cards glide and arrive, pulses end, nothing ticks afterwards, and calm means none of it."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from guigrad.document import edit
from guigrad.ui.canvas import animate, bench
from guigrad.ui.canvas.bench import Held
from guigrad.ui.canvas.view import CanvasView
from tests.ui.canvas.holder import zoomed


@pytest.fixture
def shown(qtbot: QtBot) -> tuple[Held, CanvasView]:
    held, view = zoomed(12, 0.6)
    qtbot.addWidget(view)
    qtbot.waitExposed(view)
    return held, view


def test_tidied_cards_glide_and_arrive(shown: tuple[Held, CanvasView], qtbot: QtBot) -> None:
    held, view = shown
    row = view.scene.row["n3"]
    held.edit(edit.arrange({"n3": (1000.0, 900.0)})(held.document))
    assert view.motion.active
    assert view.scene.x[row] < 1000.0
    qtbot.waitUntil(lambda: not view.motion.active)
    assert (view.scene.x[row], view.scene.y[row]) == (1000.0, 900.0)
    held.store.undo()
    assert view.motion.active  # and back
    qtbot.waitUntil(lambda: not view.motion.active)
    assert view.scene.x[row] == held.document.views["n3"].x


def test_another_change_ends_a_glide_at_once(shown: tuple[Held, CanvasView]) -> None:
    held, view = shown
    held.edit(edit.arrange({"n3": (1000.0, 900.0)})(held.document))
    held.edit(edit.rename("n4", "other")(held.document))
    row = view.scene.row["n3"]
    assert (view.scene.x[row], view.scene.y[row]) == (1000.0, 900.0)


def test_calm_nothing_moves(shown: tuple[Held, CanvasView]) -> None:
    held, view = shown
    view.calm = True
    held.edit(edit.arrange({"n3": (1000.0, 900.0)})(held.document))
    view.set_frame(bench.frame(held.document, 0))
    view.set_running("n3")
    assert not view.motion.active
    assert view.scene.x[view.scene.row["n3"]] == 1000.0


def test_new_values_pulse_to_the_right_then_gradients_to_the_left(
    shown: tuple[Held, CanvasView], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, view = shown
    drawn: list[tuple[str, bool, float]] = []
    monkeypatch.setattr(
        view.motion, "_draw", lambda p, wires, t, token, back: drawn.append((token, back, t)) if wires else None
    )
    view.set_frame(bench.frame(held.document, 0))
    assert view.motion.active
    qtbot.waitUntil(lambda: not view.motion.active)
    assert drawn[0][:2] == ("value", False)
    assert drawn[-1][:2] == ("grad", True)
    drawn.clear()
    view.set_frame(bench.frame(held.document, 0))  # the same numbers: no news
    assert not view.motion.active


def test_who_looks_for_a_moment_among_many_sees_them_without_pulses(
    shown: tuple[Held, CanvasView], monkeypatch: pytest.MonkeyPatch
) -> None:
    held, view = shown
    now = [100.0]
    monkeypatch.setattr(animate, "perf_counter", lambda: now[0])
    view.motion.hurried = True
    for number in range(3):  # the first moment pulses, those that follow at once end that
        view.set_frame(bench.frame(held.document, number))
        assert bool(view.motion._forward) is (number == 0)
        now[0] += 0.02
    now[0] += 1.0
    view.set_frame(bench.frame(held.document, 4))
    assert view.motion._forward


def test_a_pulse_is_seen_on_its_wire(shown: tuple[Held, CanvasView], monkeypatch: pytest.MonkeyPatch) -> None:
    _, view = shown
    view.painter.rest = True
    still = view.grab().toImage()
    now = [100.0]
    monkeypatch.setattr(animate, "perf_counter", lambda: now[0])
    wires = view.scene.wires.visible(view.viewport.world).tolist()
    view.motion.pulse(wires, [])
    now[0] += animate.PULSE_MS / 2000
    moving: QImage = view.grab().toImage()
    assert moving != still
    now[0] += animate.PULSE_MS / 1000
    assert view.grab().toImage() == still
    view.motion.stop()


def test_what_runs_glows_until_it_has_run(shown: tuple[Held, CanvasView], qtbot: QtBot) -> None:
    _, view = shown
    view.set_running("n3")
    assert view.motion.active
    view.set_running(None)
    qtbot.waitUntil(lambda: not view.motion.active)


def test_a_step_comes_to_rest(shown: tuple[Held, CanvasView], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    _, view = shown
    view.show_step("n3")
    assert view.motion.active
    later = animate.perf_counter() + animate.STEP_GLOW_MS / 1000
    monkeypatch.setattr(animate, "perf_counter", lambda: later + 0.001)
    qtbot.waitUntil(lambda: not view.motion.active)
    assert view.scene.running.any()
