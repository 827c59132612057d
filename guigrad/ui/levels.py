"""Goes in and out of functions: the breadcrumbs, the view of each level, and where a node of any level is found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from guigrad.document.diff import Diff
from guigrad.document.follow import calls_of
from guigrad.document.model import Document, callee
from guigrad.ui.canvas.viewport import Viewport
from guigrad.ui.level import Way
from guigrad.ui.widgets.breadcrumbs import Breadcrumbs

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow


class Levels:
    """Thread: the GUI thread."""

    def __init__(self, window: MainWindow, bar: Breadcrumbs) -> None:
        self.window, self.bar, self.session = window, bar, window.session
        self._views: dict[Way, Viewport] = {}
        self._path: Way = ()
        self._instances: list[Way] = []
        bar.chosen.connect(self._on_step)
        bar.instance_chosen.connect(self._on_instance)
        window.inspector.function.asked.connect(window.commands.ask)
        self._stops = [
            self.session.level_changed.connect(self._on_level),
            self.session.document_changed.connect(self._on_document),
        ]

    def close(self) -> None:
        """Stops listening."""
        for stop in self._stops:
            stop()
        self._stops.clear()

    # --- asked for ---

    def activate(self, key: str) -> None:
        """A card was entered: a call opens its function, any other node the inspector."""
        if not self.session.enter(key):
            self.window.show_inspector()
            self.window.inspector.focus_parameters()

    def leave(self) -> None:
        """Back to what is around the open function."""
        call = self.session.way[-1] if self.session.way else ""
        if self.session.leave():
            self.window.canvas.reveal(call)

    def find(self, key: str) -> str:
        """Opens the level where a node is; its id there, "" if it is nowhere."""
        found = self.session.place(key)
        if found is None:
            return ""
        self.session.go(found[0])
        return found[1] if found[1] in self.session.document.nodes else ""

    def choose(self, keys: Iterable[str]) -> None:
        """Selects nodes, on the level where the first of them is if none is on this one."""
        wanted = [key for key in keys if key in self.session.whole.nodes or "/" in key]
        here = [key for key in wanted if key in self.session.document.nodes]
        if not here and wanted:
            found = self.find(wanted[0])
            here = [key for key in (found, *wanted) if key in self.session.document.nodes]
        self.session.select(here)

    # --- what happened ---

    def _on_step(self, index: int) -> None:
        while len(self.session.way) > index:
            self.leave()
        self.window.canvas.setFocus()

    def _on_instance(self, index: int) -> None:
        if index < len(self._instances):
            path, view = self._instances[index], self.window.canvas.viewport
            self._views[path] = view  # another instance of the same body is seen from the same place
            self.session.go(path)
        self.window.canvas.setFocus()

    def _on_level(self, path: Way) -> None:
        canvas, session, live = self.window.canvas, self.session, self.window.live
        self._views[self._path] = canvas.viewport
        self._path = path
        view = self._views.get(path)
        canvas.set_document(session.document, fit=view is None)
        if view is not None:
            canvas.set_viewport(view.resized(canvas.width(), canvas.height(), canvas.devicePixelRatioF()))
        canvas.set_frame(session.frame)
        live.refresh_level()
        self._show()

    def _on_document(self, document: Document, diff: Diff) -> None:
        if not diff.label:
            self._views.clear()
            self._path = ()
        if diff.functions or not diff.label or (self.session.way and diff.nodes):
            self._show()

    def _show(self) -> None:
        session = self.session
        nodes, functions = session.whole.nodes, session.whole.functions
        names = [self.window.document_name()]
        for call in session.way:
            function = functions.get(callee(nodes[call]) or "") if call in nodes else None
            names.append(function.name if function is not None else call)
        if not session.way:
            self.bar.show_way(names, (), 0, 0)
            return
        self._instances = sorted(session.instances(session.function))
        titles = [" ▸ ".join(session.title(path[: end + 1]) for end in range(len(path))) for path in self._instances]
        current = self._instances.index(session.way) if session.way in self._instances else -1
        self.bar.show_way(names, titles, current, len(calls_of(session.whole, session.function)))
