"""The landscape in the window: asks for the surface piece by piece, follows the training on it, and moves the parameters with the point.

Note [Refining]
The surface is asked for in questions that take ``SLICE_SECONDS`` each, so verbs wait no longer than that and a stop is immediate: the next question is not
asked. Each answer tells a key of all but the point that the loss is made from; as long as it is the same, what is known stays.
While a training plays, questions wait until it stands still: its verbs come first.
"""

from __future__ import annotations

import math
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from msgspec import structs
from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from guigrad.document.array import ArrayData
from guigrad.document.diff import Diff
from guigrad.document.model import Document
from guigrad.run.frame import Frame
from guigrad.run.landscape import AskLandscape, Landscape, Plane
from guigrad.run.listen import Event
from guigrad.run.recording import Recording
from guigrad.run.request import Reply
from guigrad.ui.landscape_grid import SIZES, Grid, Range, home_range
from guigrad.ui.landscape_point import Mover
from guigrad.ui.landscape_ways import Point, Projector, Ways, entries_of, traced_of, trajectory
from guigrad.ui.landscape_words import axes, described
from guigrad.ui.panels.landscape import LandscapePanel
from guigrad.ui.widgets.relief import Relief
from guigrad.ui.widgets.terrain import Scale, scale_of

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow

ASKER: Final = "landscape"
SLICE_SECONDS: Final = 0.06
DRAW_MS: Final = 33
SOON_MS: Final = 40
PATIENCE_S: Final = 4.0
"""A surface that would take longer at the finest grid stays coarser by a level."""
LISTED: Final = 400
"""Entries that are listed at most; others are typed."""


class LandscapeView(QObject):
    """Thread: the GUI thread. It lives as long as the window; ``panel`` is the tab."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.window, self.session = window, window.session
        self.coach: Any = window.session.coach
        self.panel = LandscapePanel(window.look)
        self.ways, self.mover = Ways(), Mover(self)
        self.changed = Event()
        self.viewers: list[QWidget] = [self.panel]
        self.shown: Landscape | None = None
        self.grid: Grid | None = None
        self.old: Grid | None = None
        self.log: bool | None = None
        self.x = self.y = ""
        self.plane: Plane | None = None
        self.stopped, self.of_step = False, 0
        self._scale: tuple[int, bool | None, Scale | None] = (0, None, None)
        self._asking, self._turn, self._spent = False, 0, 0.0
        self._soon = QTimer(self, singleShot=True, interval=SOON_MS)
        self._soon.timeout.connect(self._ask)
        self._draws = QTimer(self, singleShot=True, interval=DRAW_MS)
        self._draws.timeout.connect(self.draw)
        panel = self.panel
        panel.plane_asked.connect(self._on_plane)
        panel.scale_asked.connect(self._on_scale)
        panel.fit_asked.connect(self.fit)
        panel.stop_asked.connect(self.stop)
        panel.run_asked.connect(lambda: self.session.forward())
        panel.shown.connect(self._on_shown)
        panel.hidden.connect(self._on_hidden)
        base = window.session.base
        self._ends = [
            base.frame_changed.connect(self._on_frame),
            base.document_changed.connect(self._on_document),
            self.coach.changed.connect(self._later),
            self.coach.recorded.connect(self._later),
            self.coach.restarted.connect(self._on_restarted),
        ]

    def close(self) -> None:
        """Listens and asks no more."""
        for end in self._ends:
            end()
        self._ends.clear()
        self._soon.stop()
        self._draws.stop()
        self.panel.surface.stop()
        if self.panel.contour is not None:
            self.panel.contour.stop()

    # --- what is shown ---

    @property
    def kind(self) -> str:
        """Which plane it is."""
        return self.panel.plane_kind

    @property
    def seen(self) -> bool:
        """Whether anybody looks at the landscape."""
        return any(viewer.isVisible() for viewer in self.viewers)

    @property
    def point(self) -> Point | None:
        """Where the parameters of the frame are."""
        frame, projector = self.session.base.frame, self.ways.projector
        found = projector.of_frame(frame) if frame is not None and projector is not None else None
        if found is None and self.shown is not None and self._good and self.coach.shown is None:
            return self.shown.here  # of a large document a frame has what is in view
        return found

    @property
    def line(self) -> bool:
        """Whether it is the loss along one entry."""
        return self.shown is not None and self.shown.x is not None and self.shown.y is None

    @property
    def _good(self) -> bool:
        return self.shown is not None and not self.shown.problems

    def _scaled(self, grid: Grid) -> Scale | None:
        known = (id(grid.z), bool(self.log) if grid.line else self.log)
        if self._scale[:2] != known:
            self._scale = (*known, scale_of(grid.z, known[1]))
        return self._scale[2]

    def relief(self) -> Relief:
        """What is to be drawn."""
        grid = self.grid if self.grid is not None and self.grid.ready else self.old
        names = axes(self.shown, self.plane)
        point = self.mover.held or self.point
        ways = self.ways.of(self.coach.recording)
        if grid is None or not grid.ready:
            return Relief(names=names, ways=ways, point=point, line=self.line)
        return Relief(grid.x, grid.y, grid.z, self._scaled(grid), names, ways, point, grid.line)

    def draw(self) -> None:
        """Everything as it is now."""
        if self.panel.isVisible() and self._good:
            began = perf_counter()
            self.panel.show_relief(self.relief(), self.coach.playing or self.mover.held is not None)
            self._tell()
            self._draws.setInterval(max(DRAW_MS, round(5000 * (perf_counter() - began))))
        self.changed.tell()

    def _later(self, *_: object) -> None:
        if self.seen:
            if not self._draws.isActive():
                self._draws.start()
            if not self.coach.playing:
                self._soon.start(SOON_MS)

    def _tell(self) -> None:
        grid, shown = self.grid, self.shown
        if grid is None or shown is None:
            return
        known, whole = grid.count
        busy = not grid.finished and not self.stopped
        self.panel.show_progress(f"{known:,} of {whole:,} points" if not grid.finished or self.stopped else "", busy)
        words = described(shown, self.kind, self.of_step, self.coach)
        self.panel.note.setText(" · ".join(words))

    # --- asking ---

    def refresh(self) -> None:
        """Looks again at what the surface is; what is known stays if it is the same."""
        self.stopped = False
        self._soon.start(SOON_MS)

    def _ask(self) -> None:
        if self._asking or not self.seen or self.coach.playing:
            return
        if not self.session.document.nodes:
            self._problem("There is nothing here yet.", "A landscape needs a loss: one number computed from tensors.")
            return
        points = self.grid.batch() if self.grid is not None and not self.stopped else ()
        kind, recording = self.kind, self.coach.recording
        path: tuple[tuple[str, ArrayData], ...] = ()
        if kind == "pca" and self.plane is None:
            leaves = self.shown.leaves if self.shown is not None else ()
            path = trajectory(recording, leaves)
        question = AskLandscape(
            kind=kind, x=self.x, y=self.y, seed=self.panel.seed.value(), plane=self.plane, path=path, points=points, seconds=SLICE_SECONDS
        )  # fmt: skip
        self._asking, turn = True, self._turn
        began = perf_counter()
        self.session.ask(question, lambda reply: self._answered(reply, turn, began), ASKER)

    def _answered(self, reply: Reply | None, turn: int, began: float) -> None:
        self._asking = False
        answer = reply.answer if reply is not None else None
        if turn != self._turn or not isinstance(answer, Landscape):
            if self.seen:
                self._soon.start(SOON_MS)
            return
        if answer.problems:
            self._refused(answer)
            return
        if answer.x is not None and answer.y is None and self.kind == "entries":
            self.panel.show_kind("line")  # there is one alone
        fresh = self.shown is None or self.shown.problems or answer.key != self.shown.key
        planes = answer.plane is not None
        if planes:
            self.plane = answer.plane
        self.shown = structs.replace(answer, plane=self.plane)
        if fresh or planes:
            self.ways.use(Projector(self.shown))
            self._list()
        self.of_step = self.coach.step
        self.coach.trace = traced_of(answer.leaves, tuple(e.name for e in (answer.x, answer.y) if e is not None))
        self._remember_start()
        if fresh or self.grid is None:
            self._begin(self.grid.to if self.grid is not None and not planes else self._home())
        elif answer.values and self.grid.take(answer.values):
            self._pace(len(answer.values), perf_counter() - began)
            self.draw()
        self._tell()
        if not self._draws.isActive():
            self._draws.start()
        if not self.grid_done and not self.stopped:
            self._soon.start(0)

    @property
    def grid_done(self) -> bool:
        """Whether there is nothing more to ask."""
        return self.grid is not None and self.grid.finished

    def _pace(self, count: int, seconds: float) -> None:
        """Grids that would take too long are left out."""
        assert self.grid is not None
        each = seconds / max(1, count)
        across = 1 if self.grid.line else 2
        fitting = [at + 1 for at, size in enumerate(SIZES) if size**across * each <= PATIENCE_S]
        self.grid.stop_at(max(self.grid.ready, min(max(fitting, default=3), len(SIZES)), 3))

    def _begin(self, to: Range) -> None:
        if self.grid is not None and self.grid.ready:
            self.old = self.grid
        self.grid = Grid(to, self.line)
        contour = self.panel.contour
        if contour is not None and contour.range != to:
            contour.set_range(to)
        if contour is not None and not getattr(contour, "heard", False):
            contour.heard = True  # type: ignore[attr-defined]  # connected once, when it is there
            contour.range_changed.connect(self.look_at)
            contour.dragged.connect(self.mover.move)
            contour.dropped.connect(self.mover.drop)
            contour.home_asked.connect(self.fit)

    def _refused(self, answer: Landscape) -> None:
        problem = answer.problems[0]
        self.shown = answer
        if answer.leaves:
            self._list()
        run = any(fix.verb == "forward" for fix in problem.fixes)
        if run and self.session.document.settings.landscape and not self.session.running:
            self.session.forward()
            return
        self._problem(problem.message, problem.why or "", run)

    def _problem(self, text: str, why: str, run: bool = False) -> None:
        self.grid = self.old = None
        self.panel.show_progress("", False)
        self.panel.note.setText("")
        self.panel.show_message(text, why, run)
        self.changed.tell()

    def _list(self) -> None:
        assert self.shown is not None
        names = [name for leaf in self.shown.leaves for name in entries_of(leaf, LISTED)][:LISTED]
        x = self.shown.x.name if self.shown.x is not None else self.x
        y = self.shown.y.name if self.shown.y is not None else self.y
        self.panel.show_entries(names, x, y)

    def _remember_start(self) -> None:
        if not self.coach.step and not self.coach.recording.step:
            self.ways.begin = self.session.base.frame if self.session.base.follows else None

    # --- ranges ---

    def _home(self) -> Range:
        """The range of the document, else what shows the point and the training."""
        hint, shown = self.session.document.settings.landscape, self.shown
        assert shown is not None
        if hint and shown.x is not None and shown.y is not None and (shown.x.name, shown.y.name) == tuple(hint[:2]):
            return hint[2], hint[3], hint[4], hint[5]
        if shown.plane is not None:
            ends = [(-1.0, 1.0), (-1.0, 1.0)]
            if self.kind == "pca":
                ends = [(0.0, 0.0), (0.0, 0.0)]
        else:
            ends = [(here - max(1.0, abs(here)), here + max(1.0, abs(here))) for here in shown.here]  # of a line: -1, 1
        points = [(float(x), float(y)) for way in self.ways.of(self.coach.recording) for x, y in zip(way.x, way.y, strict=True)]  # fmt: skip
        points.append(self.point or shown.here)
        return home_range(ends, points)

    def fit(self) -> None:
        """The range that shows everything."""
        if self._good:
            self.look_at(*self._home())

    def look_at(self, x0: float, x1: float, y0: float, y1: float) -> None:
        """Another range, computed from the coarse grid on."""
        if not all(map(math.isfinite, (x0, x1, y0, y1))) or not (x1 > x0 and y1 > y0) or self.shown is None:
            return
        self._turn += 1
        self.stopped = False
        self._begin((x0, x1, y0, y1))
        self._soon.start(0)

    # --- somebody asks ---

    def show_plane(self, kind: str, x: str = "", y: str = "") -> None:
        """Another plane."""
        self.panel.show_kind(kind)
        self.panel.x_field.setEditText(x)
        self.panel.y_field.setEditText(y)
        self._on_plane()

    def _on_plane(self) -> None:
        panel = self.panel
        panel.show_kind(self.kind)
        if self.kind in ("entries", "line"):
            self.x, self.y = panel.x_field.currentText().strip(), panel.y_field.currentText().strip()
        self._turn += 1
        leaves = self.shown.leaves if self.shown is not None else ()
        self.shown = Landscape(leaves=leaves) if leaves else None
        self.plane, self.grid, self.old, self.stopped = None, None, None, False
        self.ways.use(None)
        self.mover.forget()
        self._soon.start(0)

    def _on_scale(self) -> None:
        self.log = self.panel.log.isChecked()
        self.draw()

    def stop(self) -> None:
        """Asks for no more points; a second time ends what still computes one."""
        again, self.stopped = self.stopped, True
        self.session.cancel(ASKER, again)
        self._asking = False
        self._turn += 1
        self._tell()

    def _on_hidden(self) -> None:
        if not self.seen:
            self.session.cancel(ASKER, False)
            self._asking = False
            self._turn += 1

    def _on_shown(self) -> None:
        self.draw()
        self.refresh()

    # --- what happens ---

    def _on_frame(self, frame: Frame) -> None:
        self._remember_start()
        self.mover.follow()
        self._later()

    def _on_restarted(self, recording: Recording) -> None:
        self.ways.use(self.ways.projector)
        self._later()

    def _on_document(self, document: Document, diff: Diff) -> None:
        if diff.label:
            if not diff.only_layout:
                self.stopped = False
                self._later()
            return
        self._turn += 1
        hint = document.settings.landscape
        self.x, self.y = hint[:2] if hint else ("", "")
        self.shown = self.plane = self.grid = self.old = None
        self.log, self.stopped, self._asking = None, False, False
        self.coach.trace = ()
        self.ways.use(None)
        self.ways.begin = None
        self.mover.forget()
        self.panel.show_kind("entries")
        self.panel.show_entries((), self.x, self.y)
        if hint:
            self.window.tabs.bring("landscape")
        self._later()
