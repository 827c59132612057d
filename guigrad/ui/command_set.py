"""The actions of the window as Qt knows them: made from the table, with the keys of the keymap, in menus, enabled when they make sense."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu

from guigrad.document.model import callee
from guigrad.lessons import index
from guigrad.ui.actions import ACTIONS, MENUS, SUBMENUS, State, by_id
from guigrad.ui.canvas.keys import COMMANDS
from guigrad.ui.keymap import PORTABLE

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow


def state_of(window: MainWindow) -> State:
    """What decides which actions make sense now."""
    session, store = window.session, window.session.store
    nodes = session.document.nodes
    return State(
        nodes=len(nodes),
        selected=len(session.selection),
        running=session.running,
        undo=store.undo_label,
        redo=store.redo_label,
        optimizer=window.live.updates,
        inside=bool(session.way),
        functions=len(session.whole.functions),
        stepping=session.stepper.active,
        breakpoints=len(session.stepper.breakpoints),
        calls=sum(key in nodes and callee(nodes[key]) is not None for key in session.selection),
        trains=window.training.trains is not None,
        trained=session.coach.recording.step,
        playing=window.training.playing,
    )


_CONDITIONS: Final = {row.enabled for row in ACTIONS}


class CommandSet:
    """``actions`` has a QAction for every row. Thread: the GUI thread."""

    def __init__(self, window: MainWindow) -> None:
        self.window = window
        self.actions: dict[str, QAction] = {}
        self.submenus: dict[str, QMenu] = {}
        self._why: dict[str, str] = {}
        for row in ACTIONS:
            action = QAction(row.text, window)
            action.setStatusTip(row.tip)
            action.setCheckable(row.checkable)
            action.triggered.connect(lambda _=False, name=row.id: self.do(name))
            self.actions[row.id] = action
        window.keymap.changed.connect(self._apply_keys)

    def do(self, name: str) -> None:
        """Does what an action says: the window's intent, else the canvas's command."""
        intent = getattr(self.window.intents, by_id(name).intent, None)
        if intent is not None:
            intent()
        elif name in COMMANDS:
            COMMANDS[name](self.window.canvas)

    def ask(self, name: str) -> None:
        """Does it if it makes sense now."""
        if self.actions[name].isEnabled():
            self.do(name)

    def why_not(self, name: str) -> str:
        """Why an action is disabled; "" when it is not."""
        return self._why.get(name, "")

    def join(self) -> None:
        """Fills the menu bar and gives every action its keys, once the window's parts are there."""
        window, bar = self.window, self.window.menuBar()
        for name in MENUS:
            menu = bar.addMenu(f"&{name}")
            menu.setToolTipsVisible(True)
            for row in (row for row in ACTIONS if row.menu == name):
                if row.separator:
                    menu.addSeparator()
                if row.id in SUBMENUS:
                    self.submenus[row.id] = inner = menu.addMenu(row.text)
                    inner.setToolTipsVisible(True)
                    inner.aboutToShow.connect(self._fill_recent if row.id == "recent" else self._fill_mistakes)
                else:
                    menu.addAction(self.actions[row.id])
        for row in ACTIONS:
            if row.scope == "window":
                window.addAction(self.actions[row.id])
            elif row.scope == "canvas":
                # These answer to their keys only on the canvas itself, so that typing stays typing, also in a field over a card.
                self.actions[row.id].setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
                window.canvas.addAction(self.actions[row.id])
        window.canvas.asked.connect(self.ask)
        self._apply_keys()

    def _apply_keys(self) -> None:
        keymap = self.window.keymap
        for row in ACTIONS:
            action = self.actions[row.id]
            heard = () if row.tap or row.scope == "lesson" else keymap.keys(row.id)
            action.setShortcuts([QKeySequence.fromString(key, PORTABLE) for key in heard])
            action.setToolTip(keymap.tooltip(row, self.why_not(row.id)))

    def _fill_recent(self) -> None:
        menu, names = self.submenus["recent"], self.window.settings.recent
        menu.clear()
        for name in names:
            action = menu.addAction(name)
            action.triggered.connect(lambda _=False, chosen=name: self.window.intents.open_path(chosen))
        if names:
            menu.addSeparator()
            menu.addAction("Forget these files", self.window.settings.clear_recent)
        else:
            menu.addAction("No files yet").setEnabled(False)

    def _fill_mistakes(self) -> None:
        menu = self.submenus["mistakes"]
        menu.clear()
        for lesson in index.mistakes():
            action = menu.addAction(lesson.title)
            action.setToolTip(lesson.about)
            action.triggered.connect(lambda _=False, path=str(lesson.path): self.window.intents.open_path(path))

    def refresh(self, state: State) -> None:
        """What can be done now, and the words that depend on it."""
        window = self.window
        can = {enabled: enabled(state) for enabled in _CONDITIONS}
        for row in ACTIONS:
            may, action = can[row.enabled], self.actions[row.id]
            if may is not bool(self._why.get(row.id)):
                continue
            action.setEnabled(may)
            self._why[row.id] = why = row.why_not(state)
            action.setToolTip(window.keymap.tooltip(row, why))
        for name, label in (("undo", state.undo), ("redo", state.redo)):
            words = by_id(name).text
            self.actions[name].setText(f"{words} {label}" if label else words)
        self.actions["xray"].setChecked(window.session.x_ray)
        self.actions["safe_colors"].setChecked(window.look.theme.name.endswith("-safe"))
        self.actions["theme"].setText("Light theme" if window.look.theme.dark else "Dark theme")
        self.actions["toggle_palette"].setChecked(not window.palette_panel.isHidden())
        self.actions["toggle_inspector"].setChecked(not window.inspector.isHidden())
        self.actions["show_updates"].setChecked(window.settings.updates)
        self.actions["wire_gradients"].setChecked(window.settings.wire_gradients)
        self.actions["backward_graph"].setChecked(bool(window.canvas.backward.mirror.side))
        self.actions["backward_over"].setChecked(window.canvas.backward.mirror.side == "over")
        self.actions["toggle_dock"].setChecked(window.dock_wanted)
