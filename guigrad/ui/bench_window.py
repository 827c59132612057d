"""How fast the whole window is while something happens, for ``guigrad bench train``: a real engine's process behind it, nothing faked.

What the window's process works for a frame is held against its goal; other programs do not lengthen that. What the clock showed is told beside it, and
it is what counts where two processes take turns.
"""

from __future__ import annotations

import gc
import os
import statistics
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from time import perf_counter, process_time
from typing import Final

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtWidgets import QApplication

from guigrad.document.store import Store
from guigrad.run.frame import Frame
from guigrad.run.request import Reply, Verb, Want
from guigrad.run.runner import ProcessRunner
from guigrad.session import Session
from guigrad.ui.bridge import Bridge
from guigrad.ui.canvas.bench import Row
from guigrad.ui.main_window import MainWindow
from guigrad.ui.settings import Settings

SIZE: Final = (1600, 1000)
TICK_MS: Final = 16
FRAME_MS: Final = 16.7
STEPS: Final = 1_000
NODES: Final = 1_000
WAIT_S: Final = 60.0
AWAKE_MS: Final = 250
NET: Final = """import torch
torch.manual_seed(0)
X = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = torch.tensor([[0.0], [1.0], [1.0], [0.0]])
w1 = torch.randn(2, 2, requires_grad=True)
b1 = torch.zeros(2, requires_grad=True)
w2 = torch.randn(2, 1, requires_grad=True)
b2 = torch.zeros(1, requires_grad=True)
opt = torch.optim.SGD([w1, b1, w2, b2], lr=0.1)
for step in range(10000000):
    h = torch.tanh(X @ w1 + b1)
    p = torch.sigmoid(h @ w2 + b2)
    loss = ((p - y) ** 2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
"""


class Heard(ProcessRunner):
    """A runner that remembers when torch had finished."""

    ended = 0.0

    def submit(self, verb: Verb, want: Want | None = None, point: bool = False) -> Future[Reply]:
        future = super().submit(verb, want, point)
        future.add_done_callback(self._on_done)
        return future

    def _on_done(self, future: Future[Reply]) -> None:
        if not future.cancelled() and future.exception() is None:
            self.ended = max(self.ended, future.result().ended)


class Bench:
    """A window with an engine, without a screen."""

    def __init__(self, source: str) -> None:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        self.app = QApplication.instance() or QApplication([])
        self.folder = tempfile.TemporaryDirectory(prefix="guigrad-", ignore_cleanup_errors=True)
        path = Path(self.folder.name) / "bench.py"
        path.write_text(source)
        self.runner, self.bridge = Heard(), Bridge()
        self.session = Session(Store(), self.runner, self.bridge.post)
        self.window = MainWindow(self.session, Settings(Path(self.folder.name) / "settings"))
        self.window.resize(*SIZE)
        self.window.show()
        self.window.intents.open_path(str(path), ask=False)
        self.wait(lambda: self.session.frame is not None and not self.session.running)
        self.run(1.0)
        gc.freeze()  # as the program does

    def run(self, seconds: float) -> None:
        """Lets the window be for so long."""
        loop = QEventLoop()
        QTimer.singleShot(round(seconds * 1000), loop.quit)
        loop.exec()

    def wait(self, until: Callable[[], bool]) -> None:
        """Lets the window be until something holds."""
        end = perf_counter() + WAIT_S
        awake = QTimer(
            interval=AWAKE_MS
        )  # the loop sleeps between events, as the program's does; with a limit of its own it would spin
        awake.start()
        while not until():
            self.app.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
            if perf_counter() > end:
                raise TimeoutError("the window did not get there")
        awake.stop()

    def close(self) -> None:
        """Ends window and engine."""
        self.window.end()
        self.bridge.close()
        self.session.close()
        gc.unfreeze()
        self.window.deleteLater()
        self.folder.cleanup()


def rows(quick: bool = False) -> Iterator[Row]:
    """Every figure as soon as it is known."""
    bench = Bench(NET)
    try:
        yield from _training(bench, 2.0 if quick else 8.0)
    finally:
        bench.close()
    bench = Bench(NET)
    try:
        yield from _scrubbing(bench, 60 if quick else 300)
    finally:
        bench.close()
    bench = Bench(chain(NODES))
    try:
        yield from _large(bench, 40 if quick else 200, 6 if quick else 20)
    finally:
        bench.close()


def chain(count: int) -> str:
    """A chain of so many ops on numbers, and its backward."""
    lines = [f"x{at} = x{at - 1} {'*+'[at % 2]} {1 + 1e-4 * at}" for at in range(1, count)]
    return "\n".join(
        ["import torch", "x0 = torch.tensor(1.01, requires_grad=True)", *lines, f"x{count - 1}.backward()\n"]
    )


def _training(bench: Bench, seconds: float) -> Iterator[Row]:
    """The window's frames while a small net trains at full speed, its plots in view."""
    window = bench.window
    window.tabs.bring("training")
    bench.run(1.0)
    window.training.play()
    bench.run(1.0)
    worked: list[float] = []
    took: list[float] = []
    last = [perf_counter(), process_time()]

    def tick() -> None:
        window.canvas.update()
        now, work = perf_counter(), process_time()
        took.append(now - last[0])
        worked.append(work - last[1])
        last[:] = now, work

    timer = QTimer(interval=TICK_MS, timerType=Qt.TimerType.PreciseTimer)
    timer.timeout.connect(tick)
    before = bench.session.coach.step
    timer.start()
    bench.run(seconds)
    timer.stop()
    steps = bench.session.coach.step - before
    window.training.pacer.pause()
    bench.wait(lambda: not bench.session.running)
    what = f"window: a frame while a 2-2-1 net trains ({steps / seconds:,.0f} steps/s)"
    yield _row(what, worked[1:], took[1:], 33.0, 33.0)


def _scrubbing(bench: Bench, count: int) -> Iterator[Row]:
    """From a step of 1,000 to another, until it is on screen and nothing is left to paint: along the timeline as a hand drags, 60 moves a second at most,
    the first time and again.
    """
    window, coach = bench.window, bench.session.coach
    window.tabs.bring("training")
    bench.run(0.5)
    window.training.play(STEPS)
    bench.wait(lambda: coach.step == STEPS and not bench.session.running)
    bench.run(0.5)
    stride = STEPS / count
    way = [max(1, round(STEPS - at * stride)) for at in range(count)]
    for name, steps in (("the first time", way), ("again", way)):
        worked, took = [], []
        for step in steps:
            start, work = perf_counter(), process_time()
            window.training.scrub(step, -1)
            bench.wait(lambda: not window.training.replaying and coach.shown in (step, None))  # noqa: B023  # called at once
            window.canvas.repaint()
            bench.app.processEvents()
            took.append(perf_counter() - start)
            worked.append(process_time() - work)
            bench.run(max(0.0, TICK_MS / 1000 - took[-1]))
        yield _row(f"window: a frame of scrubbing {STEPS:,} recorded steps, {name}", took, took, 16.0)


def _large(bench: Bench, steps: int, backwards: int) -> Iterator[Row]:
    window, session = bench.window, bench.session
    name = f"{NODES:,} nodes"
    took: list[float] = []

    def seen(frame: Frame) -> None:
        if frame.order and len(took) < turn:  # the window's own parts have heard of it before
            window.canvas.repaint()
            took.append(perf_counter() - bench.runner.ended)

    stop = session.frame_changed.connect(seen)
    for turn in range(1, backwards + 1):
        session.forward()
        bench.wait(lambda: not session.running)
        bench.run(0.1)
        session.backward()
        bench.wait(lambda: len(took) == turn and not session.running)  # noqa: B023  # called at once
    stop()
    yield _row(f"window: backward of {name}: from torch's end to the screen", took, took, FRAME_MS)
    window.actions_by_id["step"].trigger()
    bench.wait(lambda: session.stepper.active and not session.stepper.busy)
    times, works = [], []
    for _ in range(steps):
        start, work = perf_counter(), process_time()
        window.actions_by_id["step"].trigger()
        window.canvas.repaint()
        times.append(perf_counter() - start)
        works.append(process_time() - work)
        bench.app.processEvents()
    yield _row(f"window: one step of {name}, until it is on screen", works, times, FRAME_MS)


def _row(what: str, held: list[float], clock: list[float], goal: float, most: float | None = None) -> Row:
    """Median, first quartile and 99th percentile. Units: s"""
    ordered = sorted(1000 * each for each in held)
    high = ordered[min(len(ordered) - 1, round(0.99 * len(ordered)))]
    return Row(
        what, statistics.median(ordered), ordered[len(ordered) // 4], high, goal, "ms", most,
        1000 * statistics.median(clock) if clock is not held else None,
    )  # fmt: skip
