"""The table of everything a user can ask for: menus, buttons, shortcuts and the keyboard page all read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtGui import QKeySequence

MENUS = ("File", "Edit", "Graph", "Run", "View", "Help")


@dataclass(frozen=True)
class State:
    """What decides which actions make sense now."""

    nodes: int = 0
    selected: int = 0
    running: bool = False
    undo: str | None = None
    redo: str | None = None
    grads: bool = False
    optimizer: bool = False
    stale: bool = False


def _always(state: State) -> bool:
    return True


def _has_nodes(state: State) -> bool:
    return state.nodes > 0


def _has_selection(state: State) -> bool:
    return state.selected > 0


@dataclass(frozen=True)
class Action:
    """One row. ``intent`` is the method of ``Intents`` it calls; ``menu`` "" keeps it out of the menus.

    ``on_canvas`` actions answer to their keys only while the canvas has the focus, so that typing stays typing.
    """

    id: str
    text: str
    tip: str
    menu: str
    shortcuts: tuple[str, ...] = ()
    icon: str = ""
    enabled: Callable[[State], bool] = _always
    checkable: bool = False
    on_canvas: bool = False
    separator: bool = False

    @property
    def intent(self) -> str:
        """The name of the method that does it."""
        return self.id

    @property
    def shortcut_text(self) -> str:
        """The first shortcut as this system writes it."""
        if not self.shortcuts:
            return ""
        return QKeySequence(self.shortcuts[0]).toString(QKeySequence.SequenceFormat.NativeText)

    @property
    def tooltip(self) -> str:
        """What a tooltip says: what it does and its shortcut."""
        return f"{self.tip} ({self.shortcut_text})" if self.shortcuts else self.tip


ACTIONS: tuple[Action, ...] = (
    Action("new", "New graph", "Start an empty graph", "File", ("Ctrl+N",), "file-plus"),
    Action("open", "Open…", "Open a .guigrad, .py, .ipynb, .png or .svg file", "File", ("Ctrl+O",), "folder-open"),
    Action("recent", "Open recent", "Files opened last", "File"),
    Action("welcome", "Lessons and welcome page", "Lessons, recent files, new graph, paste code", "File", (), "lightbulb"),
    Action("save", "Save", "Save the document", "File", ("Ctrl+S",), "save", separator=True),
    Action("save_as", "Save as…", "Save the document under another name", "File", ("Ctrl+Shift+S",)),
    Action("export", "Export…", "Export as .py, PNG or SVG", "File", ("Ctrl+E",), "download", _has_nodes),
    Action("quit", "Quit", "Close the window", "File", ("Ctrl+Q",), separator=True),
    Action("undo", "Undo", "Take the last change back", "Edit", ("Ctrl+Z",), "undo-2", lambda s: s.undo is not None),
    Action(
        "redo", "Redo", "Do the change again", "Edit", ("Ctrl+Y", "Ctrl+Shift+Z"), "redo-2", lambda s: s.redo is not None
    ),
    Action("cut", "Cut", "Cut the selected nodes", "Edit", ("Ctrl+X",), "scissors", _has_selection, False, True, True),
    Action("copy", "Copy", "Copy the selected nodes as Python", "Edit", ("Ctrl+C",), "copy", _has_selection, False, True),
    Action("paste", "Paste", "Paste nodes, or Python code as nodes", "Edit", ("Ctrl+V",), "clipboard-paste", on_canvas=True),
    Action(
        "duplicate", "Duplicate", "Copy the selected nodes beside themselves", "Edit", ("Ctrl+D",), "copy-plus",
        _has_selection, False, True,
    ),
    Action(
        "delete", "Delete", "Delete what is selected", "Edit", ("Delete", "Backspace"), "trash-2", _has_selection, False, True
    ),
    Action("select_all", "Select all", "Select every node", "Edit", ("Ctrl+A",), "", _has_nodes, False, True, True),
    Action("find", "Find node…", "Find a node of this graph", "Edit", ("Ctrl+F",), "search", _has_nodes),
    Action("commands", "Search", "Search commands, nodes and ops", "Edit", ("Ctrl+K", "Ctrl+Shift+P"), "search"),
    Action("add_node", "Add node…", "Search all ops of torch and add one", "Graph", ("Shift+A",), "plus", on_canvas=True),
    Action("rename", "Rename…", "Rename the selected node", "Graph", ("F2",), "", lambda s: s.selected == 1),
    Action("tidy", "Tidy layout", "Arrange the nodes", "Graph", ("L",), "", _has_nodes, on_canvas=True),
    Action("forward", "Forward", "Compute every value", "Run", ("F5",), "play", _has_nodes),
    Action("backward", "Backward", "Compute the gradients of the root", "Run", ("F6",), "arrow-left", _has_nodes),
    Action("step", "Step", "Step op by op: not there yet", "Run", ("F10",), "step-forward", lambda s: False),
    Action("zero_grad", "zero_grad", "Empty every gradient", "Run", ("Shift+Z",), "eraser", _has_nodes),
    Action(
        "optimizer_step", "Optimizer step", "Let the program's optimizer update its parameters", "Run", ("F8",),
        "trending-down", lambda s: s.optimizer,
    ),
    Action("run_program", "Run program", "Play the whole program from fresh sources", "Run", ("Ctrl+F5",), "square-play", _has_nodes),
    Action("stop", "Stop", "Stop what is running", "Run", ("Shift+F5",), "square", lambda s: s.running),
    Action("reset", "Reset", "Make every source anew; gradients are gone", "Run", ("Ctrl+R",), "rotate-ccw", _has_nodes),
    Action(
        "xray", "X-ray gradients", "Show the gradient of every intermediate; torch's own .grad stays as it is", "Run",
        ("Alt+X",), "scan-eye", checkable=True, separator=True,
    ),
    Action("seed", "Seed…", "Choose the random seed", "Run", (), "dices"),
    Action("fit", "Fit the selection or all", "Show the selection, or everything", "View", ("F",), "maximize", _has_nodes, on_canvas=True),
    Action("fit_all", "Fit all", "Show the whole graph", "View", ("Home",), "", _has_nodes, on_canvas=True),
    Action("zoom_in", "Zoom in", "Zoom the canvas in", "View", ("Ctrl++", "Ctrl+="), "zoom-in"),
    Action("zoom_out", "Zoom out", "Zoom the canvas out", "View", ("Ctrl+-",), "zoom-out"),
    Action("zoom_reset", "100 %", "Show the canvas at its own size", "View", ("Ctrl+0",)),
    Action("larger", "Larger text", "Enlarge every text, for a projector", "View", ("Ctrl+Alt++", "Ctrl+Alt+="), "a-large-small", separator=True),
    Action("smaller", "Smaller text", "Make every text smaller", "View", ("Ctrl+Alt+-",)),
    Action("theme", "Light theme", "Change between dark and light", "View", ("Ctrl+Alt+T",), "sun"),
    Action("safe_colors", "Colours for colour-blind eyes", "Scales and accents that do not set red against green", "View", checkable=True),
    Action("toggle_palette", "Palette", "Show or hide the palette", "View", ("Ctrl+Alt+1",), checkable=True, separator=True),
    Action("toggle_dock", "Code and messages", "Show or hide the code and the messages", "View", ("Ctrl+Alt+2",), checkable=True),
    Action("toggle_inspector", "Inspector", "Show or hide the inspector", "View", ("Ctrl+Alt+3",), checkable=True),
    Action("help", "Keyboard and mouse", "List every shortcut", "Help", ("F1", "?"), "circle-question-mark"),
    Action("about", "About guigrad", "Version, licence and libraries", "Help", (), "info"),
)  # fmt: skip

GESTURES: tuple[tuple[str, str], ...] = (
    ("pan", "middle drag · Space + drag · two-finger scroll"),
    ("zoom at the pointer", "wheel · pinch"),
    ("select", "click · drag a box · Shift adds · Ctrl toggles · Esc none"),
    ("add a node", "Tab or double-click on empty canvas · drag from the palette"),
    ("wire", "drag port to port · drop on empty canvas for a list of what fits"),
    ("disconnect", "drag off an input · Alt+click the port"),
    ("nudge", "arrow keys · Shift moves further"),
    ("fit", "F the selection · Home everything"),
)


def by_id(name: str) -> Action:
    """One row of the table."""
    return _BY_ID[name]


_BY_ID = {action.id: action for action in ACTIONS}
