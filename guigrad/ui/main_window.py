"""The window: palette, canvas, rail, code and inspector around one session. Built from the table of actions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent

from guigrad.document.problem import Problem
from guigrad.ops import search
from guigrad.paths import resources
from guigrad.session import Session
from guigrad.ui.backward_view import BackwardView
from guigrad.ui.command_set import CommandSet, state_of
from guigrad.ui.data_view import DataView
from guigrad.ui.film_export import Films
from guigrad.ui.intents import Intents
from guigrad.ui.intents_file import readable
from guigrad.ui.keymap import Keymap
from guigrad.ui.lab import Lab
from guigrad.ui.landscape_view import LandscapeView
from guigrad.ui.ledger_view import LedgerView
from guigrad.ui.level import Level
from guigrad.ui.levels import Levels
from guigrad.ui.live import Live
from guigrad.ui.panes import Panes
from guigrad.ui.race_view import RaceView
from guigrad.ui.settings import Settings
from guigrad.ui.shelf import Shelf
from guigrad.ui.spoken import Spoken
from guigrad.ui.style import Look
from guigrad.ui.theme import theme
from guigrad.ui.tidy import Tidy
from guigrad.ui.torchrun_view import TorchrunView
from guigrad.ui.training_view import TrainingView
from guigrad.ui.widgets.find_bar import FindBar
from guigrad.ui.workbench import Workbench

SIZE: Final = (1600, 1000)
TITLE_PX: Final = 32
"""Room for the window system's own title bar. Units: px"""
WARM_MS: Final = 1500
"""How long after the start the search of ops is made ready."""


class MainWindow(Panes):
    """Thread: the GUI thread. ``Live`` keeps the panels in step with the session; ``Intents`` does what actions ask."""

    def __init__(self, session: Session, settings: Settings) -> None:
        super().__init__()
        self.session, self.settings = Level(session), settings
        self._asks = True
        self.dock_wanted = True
        self.look: Look = Look(theme(settings.theme), settings.scale)
        self.apply_look()
        self.keymap = Keymap(self)
        self.intents = Intents(self)
        self.commands = CommandSet(self)
        self.actions_by_id = self.commands.actions
        self.find_bar = FindBar(self, self.look)
        self.build()
        self.commands.join()
        self.tidy = Tidy(self)
        self.training: TrainingView = TrainingView(self)
        self.landscape: LandscapeView = LandscapeView(self)
        self.race: RaceView = RaceView(self)
        self.live = Live(self)
        self.spoken, self.levels = Spoken(self), Levels(self, self.way)
        self.shelf, self.lab, self.data = Shelf(self), Lab(self), DataView(self)
        self.films, self.torchrun = Films(self), TorchrunView(self)
        self.tabs.fill(self)
        self.workbench, self.backward, self.ledger = Workbench(self), BackwardView(self), LedgerView(self)
        settings.load_keys(self.keymap)
        self.keymap.changed.connect(self._keep_keys)
        self._tell_keys()
        self.apply_mouse()
        self.apply_motion()
        self.setAcceptDrops(True)
        room = self.screen().availableGeometry()
        self.resize(min(SIZE[0], room.width()), min(SIZE[1], room.height() - TITLE_PX))
        self.size_panels()
        for name, splitter in self._splitters.items():
            state = settings.state(name)
            if state is not None:
                splitter.restoreState(state)
        geometry = settings.state("window")
        if geometry is not None:
            self.restoreGeometry(geometry)
        if session.x_ray != settings.xray:
            session.set_x_ray(settings.xray)
        self.live.refresh()
        for said in settings.check():
            self.messages.add(f"Settings: {said}", "warning")

    # --- look and keys ---

    def set_theme(self, name: str) -> None:
        """Dark or light, remembered."""
        self.settings.theme = name
        self.set_look(Look(theme(name), self.look.scale))
        self.update_actions()

    def set_scale(self, scale: float) -> None:
        """The lecture scale, remembered."""
        self.settings.scale = scale
        self.set_look(Look(self.look.theme, scale))
        self.update_actions()
        self.size_panels()
        self.say_status(f"Text at {round(scale * 100)} %")

    def _tell_keys(self) -> None:
        """Where a key is named in passing."""
        key = self.keymap.text("add_node")
        self.palette_panel.field.setPlaceholderText(f"Add node…  ({key})" if key else "Add node…")

    def _keep_keys(self) -> None:
        self._tell_keys()
        try:
            self.settings.save_keys(self.keymap)
        except OSError as error:
            self.bar.say(
                f"The keys hold until the window closes, but were not saved: {error.strerror or error}", "error"
            )

    # --- what others ask ---

    def show_running(self, keys: tuple[str, ...]) -> None:
        """What runs just now: its pill is filled, its card glows."""
        self.rail.strip.show_running(keys)
        self.canvas.set_running(next((key for key in reversed(keys) if key in self.canvas.scene.row), None))

    def labels(self) -> dict[str, str]:
        """Label -> node id of the document as the code calls them."""
        return self.live.labels

    def is_lesson(self, path: str) -> bool:
        """Whether a file is one of those that come with the program, which are never written."""
        return bool(path) and Path(path).resolve().is_relative_to(resources().resolve())

    def document_name(self) -> str:
        """What the title says."""
        document = self.session.document
        return Path(document.path).name if document.path else document.settings.title or "untitled"

    def show_canvas(self) -> None:
        """The canvas instead of the welcome page."""
        self.stack.setCurrentWidget(self.canvas)
        self._show_lower(True)
        self.canvas.setFocus()

    def show_welcome(self) -> None:
        """The welcome page instead of the canvas."""
        there = self.session.document.nodes
        self.welcome.show_page(self.settings.recent, self.document_name() if there else "")
        self.stack.setCurrentWidget(self.welcome)
        self._show_lower(False)
        self.welcome.setFocus()

    def _show_lower(self, canvas: bool) -> None:
        """Rail and dock belong to the graph, not to the welcome page."""
        self.rail.setVisible(canvas)
        self.tabs.setVisible(canvas and self.dock_wanted)
        self.update_actions()

    def show_inspector(self) -> None:
        """The inspector, if it was hidden."""
        self.inspector.show()

    def opened(self, problems: Sequence[Problem] = ()) -> None:
        """Another document is there: shows all of it, computes it, and tells what was not understood."""
        self.show_canvas()
        self.canvas.fit_all()
        found = tuple(problems) or self.session.document.problems
        if found:
            self.show_refused(found, kind="warning")
        if self.session.document.nodes and not self.lab.opened():
            self.session.forward()
        self.live.forget_recovery()

    def start(self, path: str | None, lesson: str) -> None:
        """The first document: the one asked for, else what was not saved last time, else the last one, else the lesson."""
        if path is not None:
            self.intents.open_path(path, ask=False)
        elif not self.live.offer_recovery():
            last = (self.settings.last_document or lesson) if self.settings.reopen else ""
            if last:
                self.intents.open_path(last, ask=False)
        if not self.session.document.nodes:
            self.show_welcome()
        QTimer.singleShot(WARM_MS, self, search.warm)

    def end(self) -> None:
        """Ctrl+C: closes without asking; what was not saved is in the recovery file."""
        self._asks = False
        self.close()

    def saved(self) -> None:
        """The document is on disk."""
        self.live.forget_recovery()
        self.update_actions()

    def show_refused(self, problems: Sequence[Problem], kind: str = "error") -> None:
        """Says in place why something was not done."""
        first = problems[0]
        where = f"line {first.line}: " if first.line else ""
        more = f"  (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        why = f"\n{first.why}" if first.why else ""
        links = [(fix.title, lambda chosen=fix: self.session.apply_fix(chosen)) for fix in first.fixes]
        self.bar.say(f"{where}{first.message}{more}{why}", kind, links)
        for problem in problems:
            self.messages.add(f"{where}{problem.message}" if problem is first else problem.message, kind)

    def say_status(self, text: str) -> None:
        """A passing word in the status line."""
        self.live.say(text)

    def go_to(self, key: str) -> None:
        """Selects a node and brings it into view."""
        self.show_canvas()
        here = self.levels.find(key) or key
        self.session.select((here,))
        self.canvas.reveal(here)

    def add_op(self, target: str) -> None:
        """Adds a node in the middle of what is seen, or below what lies there, and selects it."""
        self.show_canvas()
        self.canvas.add_op_beside(target)

    def update_actions(self) -> None:
        """What can be done now, and the words that depend on it."""
        self.commands.refresh(state_of(self))
        self.top.set_file(self.document_name(), self.session.dirty)
        self.training.later()
        self.setWindowTitle(f"{self.document_name()}{' ●' if self.session.dirty else ''} — guigrad")

    # --- Qt ---

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        names = [url.toLocalFile() for url in event.mimeData().urls()]
        if any(readable(name) or self.data.reads(name) for name in names):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        names = [url.toLocalFile() for url in event.mimeData().urls()]
        name = next((name for name in names if readable(name) or self.data.reads(name)), "")
        if name:
            event.acceptProposedAction()
            if readable(name):
                self.intents.open_path(name)
            else:
                self.data.open_file(name)

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._asks and not self.intents.may_leave():
            event.ignore()
            return
        for name, splitter in self._splitters.items():
            self.settings.set_state(name, splitter.saveState())
        self.settings.set_state("window", self.saveGeometry())
        self.settings.sync()
        self.tabs.stop()
        views = (
            self.workbench,
            self.levels,
            self.backward,
            self.shelf,
            self.tidy,
            self.spoken,
            self.lab,
            self.ledger,
            self.data,
            self.films,
            self.torchrun,
        )
        self.training.close()
        self.landscape.close()
        self.race.close()
        for part in views:
            part.close()
        self.live.close(keep_recovery=not self._asks)
        event.accept()
