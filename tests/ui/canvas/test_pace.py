"""What a gesture leaves out when its frames take too long."""

from __future__ import annotations

import pytest

from guigrad.ui.canvas import pace
from guigrad.ui.canvas.pace import Pace


def test_late_frames_raise_the_level_and_rest_takes_it_down(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(pace, "perf_counter", lambda: now[0])
    made = Pace()

    def frame(ms: float, free: bool = False) -> int:
        with made.frame(free):
            now[0] += ms / 1000
        return made.level

    late, early = pace.BUDGET_MS + 1, pace.BUDGET_MS - 1
    assert [frame(late), frame(early), frame(late)] == [0, 0, 0]  # one late frame is an accident
    assert frame(late) == 1
    assert [frame(late), frame(late)] == [1, 2]
    assert frame(early) == 2  # nothing flickers within a gesture
    for _ in range(8):
        assert frame(late) == pace.LEVELS
    assert frame(50.0, free=True) == 0
