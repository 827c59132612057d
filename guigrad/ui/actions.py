"""The table of everything a user can ask for: menus, buttons, shortcuts, search, preferences and the keyboard page all read it.

What a user has bound instead of these shortcuts is in ``guigrad.ui.keymap``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

MENUS: Final = ("File", "Edit", "Graph", "Run", "View", "Help")
GROUPS: Final = (*MENUS[:-1], "Canvas", "Timeline", "Lesson", MENUS[-1])
"""Menus, and groups of actions that have keys but no place in a menu."""
SUBMENUS: Final = ("recent", "mistakes")
"""Rows that are menus themselves."""
LATER: Final = "Not there yet: it comes with a later version"


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
    inside: bool = False
    functions: int = 0
    calls: int = 0
    stepping: bool = False
    breakpoints: int = 0
    trains: bool = False
    trained: int = 0
    playing: bool = False


def _always(state: State) -> bool:
    return True


def _has_nodes(state: State) -> bool:
    return state.nodes > 0


def _has_selection(state: State) -> bool:
    return state.selected > 0


def _has_several(state: State) -> bool:
    return state.selected > 1


def _has_call(state: State) -> bool:
    return state.calls == 1 or (state.inside and not state.selected)


def _has_function(state: State) -> bool:
    return state.calls == 1 or state.inside


def _steps(state: State) -> bool:
    return state.stepping


def _trains(state: State) -> bool:
    return state.trains


def _trained(state: State) -> bool:
    return state.trained > 0


def _later(state: State) -> bool:
    return False


WHY_NOT: Final[dict[Callable[[State], bool], str]] = {
    _has_nodes: "The graph is empty",
    _has_selection: "Nothing is selected",
    _has_several: "Select two or more cards",
    _has_call: "Select one call of a function",
    _has_function: "Select a call of a function, or open it",
    _steps: "Not stepping: Step begins",
    _trains: "The program has no loop that could be trained",
    _trained: "Nothing has been trained yet",
    _later: LATER,
}
"""Why an action is disabled, by what enables it; a row's own ``lack`` goes first."""


@dataclass(frozen=True)
class Action:
    """One row. ``intent`` is the method of ``Intents`` it calls, or a command of the canvas (``canvas.keys.COMMANDS``).

    ``menu`` is one of ``GROUPS``. ``on_canvas`` actions answer to their keys only while the canvas has the focus, so that typing
    stays typing. ``shares`` names actions that may have the same key because they are never enabled together. ``tap`` keys act when they
    are let go without anything done meanwhile. ``words`` are other names that a search finds it by; ``lack`` says why it is disabled.
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
    shares: tuple[str, ...] = ()
    tap: bool = False
    words: str = ""
    lack: str = ""

    @property
    def intent(self) -> str:
        """The name of the method that does it."""
        return self.id

    @property
    def title(self) -> str:
        """What it is called where no dialog's dots belong."""
        return self.text.rstrip("…")

    @property
    def scope(self) -> str:
        """Where its keys are heard: "window", "canvas", or "lesson" while one is presented."""
        return "lesson" if self.menu == "Lesson" else "canvas" if self.on_canvas else "window"

    def why_not(self, state: State) -> str:
        """Why it cannot be done now; "" when it can."""
        return "" if self.enabled(state) else self.lack or WHY_NOT.get(self.enabled, "There is nothing to do it with")


_SIDES: Final = (("left", "Left"), ("right", "Right"), ("up", "Up"), ("down", "Down"))
_EDGES: Final = {"left": "left edges", "right": "right edges", "up": "top edges", "down": "bottom edges"}

ACTIONS: tuple[Action, ...] = (
    Action("new", "New graph", "Start an empty graph", "File", ("Ctrl+N",), "file-plus"),
    Action("open", "Open…", "Open a .guigrad, .py, .ipynb, .png or .svg file", "File", ("Ctrl+O",), "folder-open"),
    Action("recent", "Open recent", "Files opened last", "File"),
    Action("welcome", "Lessons and welcome page", "Lessons, recent files, new graph, paste code", "File", (), "lightbulb"),
    Action("save", "Save", "Save the document", "File", ("Ctrl+S",), "save", separator=True),
    Action("save_as", "Save as…", "Save the document under another name", "File", ("Ctrl+Shift+S",)),
    Action("export", "Export…", "Export as .py, notebook, PNG, SVG, PDF, safetensors, torch.export or ONNX, or film a run as GIF or MP4", "File", ("Ctrl+E",), "download", _has_nodes, words="picture image script film video animation gif mp4 notebook ipynb safetensors pt2 onnx torchrun distributed"),
    Action("paste_code", "Paste code as a new graph…", "Python code becomes a new graph", "File", (), "clipboard-paste", words="import python"),
    Action("quit", "Quit", "Close the window", "File", ("Ctrl+Q",), separator=True, words="exit"),
    Action("undo", "Undo", "Take the last change back", "Edit", ("Ctrl+Z",), "undo-2", lambda s: s.undo is not None, lack="Nothing was changed yet"),
    Action(
        "redo", "Redo", "Do the change again", "Edit", ("Ctrl+Y", "Ctrl+Shift+Z"), "redo-2", lambda s: s.redo is not None,
        lack="Nothing was undone",
    ),
    Action("cut", "Cut", "Cut the selected nodes", "Edit", ("Ctrl+X",), "scissors", _has_selection, False, True, True),
    Action("copy", "Copy", "Copy the selected nodes, for other programs as Python", "Edit", ("Ctrl+C",), "copy", _has_selection, False, True),
    Action("paste", "Paste", "Paste nodes, or Python code as nodes", "Edit", ("Ctrl+V",), "clipboard-paste", on_canvas=True),
    Action(
        "duplicate", "Duplicate", "Copy the selected nodes beside themselves", "Edit", ("Ctrl+D",), "copy-plus",
        _has_selection, False, True,
    ),
    Action(
        "duplicate_wired", "Duplicate with its inputs", "Copy the selected nodes and keep their inputs wired", "Edit", ("Ctrl+Shift+D",), "",
        _has_selection, False, True,
    ),
    Action(
        "delete", "Delete", "Delete what is selected", "Edit", ("Delete", "Backspace"), "trash-2", _has_selection, False, True,
        shares=("leave",), words="remove",
    ),
    Action(
        "extract", "Delete and reconnect", "Delete what is selected and join the ends of its wires", "Edit", ("Ctrl+Shift+X",), "",
        _has_selection, False, True, words="remove extract dissolve",
    ),
    Action("select_all", "Select all", "Select every node", "Edit", ("Ctrl+A",), "", _has_nodes, False, True, True),
    Action("select_none", "Select nothing", "Give up what is being done, then the selection", "Edit", ("Esc",), "", on_canvas=True, words="deselect cancel"),
    Action("find", "Find in graph…", "Find nodes by name, op, value or problem", "Edit", ("Ctrl+F",), "search", _has_nodes, separator=True),
    Action("find_next", "Next hit", "Go to the next that was found", "Edit", ("F3",), "", _has_nodes),
    Action("find_before", "Previous hit", "Go to the one found before", "Edit", ("Shift+F3",), "", _has_nodes),
    Action("commands", "Search", "Search commands, nodes, ops, lessons and files", "Edit", ("Ctrl+K", "Ctrl+Shift+P"), "search", words="command palette"),
    Action("preferences", "Preferences…", "Keys, mouse, look and files", "Edit", ("Ctrl+,",), "settings", separator=True, words="settings options keys shortcuts"),
    Action("add_node", "Add node…", "Search all ops of torch and add one", "Graph", ("Tab", "Shift+A"), "plus", on_canvas=True),
    Action("data", "Data…", "A data set as leaves: moons, digits …, a table, NumPy, safetensors, a folder of images", "Graph", ("Ctrl+Alt+D",), "table-2", words="dataset csv numpy safetensors images moons circles spirals blobs iris digits regression train test split"),
    Action("rename", "Rename…", "Rename the selected node", "Graph", ("F2",), "", lambda s: s.selected == 1, lack="Select one node"),
    Action("mute", "Mute", "Pass the first input through as if the node were not there", "Graph", ("M",), "", _has_selection, False, True, words="bypass disable"),
    Action("collapse", "Collapse", "Fold the selected cards to their titles, or unfold them", "Graph", ("H",), "", _has_selection, False, True, words="fold hide face"),
    Action("box_selection", "Put in a box", "Draw a titled box around the selected cards", "Graph", ("Ctrl+G",), "", _has_selection, False, True, True, words="group frame"),
    Action("add_note", "Add note", "Write a note at the pointer", "Graph", ("N",), "", on_canvas=True, words="comment text"),
    Action("make_function", "Make a function", "The selection becomes one node, a def in the code", "Graph", ("Ctrl+Shift+G",), "", _has_selection, False, True, True, words="group subgraph def"),
    Action("enter", "Open", "The inside of a function, or the inspector of a node", "Graph", ("Return", "Enter"), "", _has_selection, False, True, words="enter function"),
    Action("leave", "Leave the function", "Back to what is around it", "Graph", ("Backspace",), "", lambda s: s.inside and not s.selected, False, True, shares=("delete",), lack="No function is open, or something is selected"),
    Action("expand_call", "Expand the call", "The body of the function in place of the selected call", "Graph", ("Ctrl+Alt+G",), "", _has_call, False, True, words="inline ungroup dissolve function"),
    Action("make_unique", "Make the function unique", "A copy of the function for the selected call alone", "Graph", ("Ctrl+Alt+U",), "", _has_call, False, True, words="copy function own"),
    Action("rename_function", "Rename function…", "Another name for the function of the selected call, or for the open one", "Graph", (), "", _has_function, words="def name"),
    Action("add_port", "Add a parameter", "One more port for the open function", "Graph", (), "", lambda s: s.inside, words="input argument port", lack="No function is open"),
    Action("add_result", "Give it back too", "The selected node becomes one more result of the open function", "Graph", (), "", lambda s: s.inside and s.selected == 1, words="output return port", lack="Open a function and select one node in it"),
    Action("save_to_library", "Save function to library", "Keep the function for other documents", "Graph", (), "", _has_function, words="my functions keep"),
    Action("import_functions", "Import functions to library…", "Take the functions of a file into the library", "Graph", (), "", words="my functions"),
    Action("remove_unused", "Delete unused functions", "Functions that nothing calls go", "Graph", (), "", lambda s: s.functions > 0, words="clean def", lack="There are no functions"),
    Action("tidy", "Tidy layout", "Arrange the selected nodes, or all", "Graph", ("L",), "", _has_nodes, on_canvas=True, separator=True, words="arrange layout"),
    Action("forward", "Forward", "Compute every value", "Run", ("F5",), "play", _has_nodes),
    Action("backward", "Backward", "Compute the gradients of the root", "Run", ("F6",), "arrow-left", _has_nodes, words="gradient differentiate"),
    Action("backward_create", "Backward with create_graph", "Compute gradients that have a graph of their own, for gradients of gradients", "Run", ("Ctrl+F6",), "", _has_nodes, words="double backward second order grad of grad"),
    Action("zero_grad", "zero_grad", "Empty every gradient", "Run", ("Shift+Z",), "eraser", _has_nodes, words="reset gradients"),
    Action(
        "optimizer_step", "Optimizer step", "Let the program's optimizer update its parameters", "Run", ("F8",),
        "trending-down", lambda s: s.optimizer, lack="The program has no optimizer and updates nothing",
    ),
    Action("run_program", "Run program", "Play the whole program from fresh sources", "Run", ("Ctrl+F5",), "square-play", _has_nodes),
    Action("stop", "Stop", "Stop what is running", "Run", ("Shift+F5",), "square", lambda s: s.running or s.playing, lack="Nothing is running"),
    Action("reset", "Reset", "Make every source anew; gradients are gone", "Run", ("Ctrl+R",), "rotate-ccw", _has_nodes),
    Action("training_loop", "Training loop…", "Put a training loop around the graph, or change the one that there is: loss, leaves, optimizer, schedule, batches, early stop", "Run", ("Ctrl+Alt+L",), "repeat", _has_nodes, separator=True, words="optimizer lr epoch batch scheduler clip stop fit learn"),
    Action("train_step", "Train one step", "One step of the training loop: forward, backward, step, zero_grad", "Run", ("Alt+S",), "step-forward", _trains, words="optimizer iteration epoch"),
    Action("train_phase", "Train one phase", "The next phase of the training loop alone", "Run", ("Alt+P",), "chevron-right", _trains, words="forward backward step zero_grad"),
    Action("train_again", "Start training over", "Back to the same initialisation; what was recorded is gone", "Run", ("Ctrl+Alt+R",), "rotate-ccw", _trains, words="reset rewind initialisation"),
    Action("train_anew", "New initialisation", "Another seed, and training from there", "Run", (), "dices", _trains, words="reset random seed"),
    Action("play_back", "Play back", "Show what was recorded step after step, from the step that is shown; nothing is trained", "Run", ("Alt+L",), "square-play", _trained, words="replay timeline watch again"),
    Action("torchrun", "Train with torchrun…", "Train on several processes of this machine, or on other machines", "Run", (), "", _trains, words="distributed ddp processes parallel gloo nccl"),
    Action("branch_here", "Branch here", "Go back to the step that is shown; what is trained from there, with other settings, is another run", "Run", (), "git-branch", _trained, words="fork rewind run"),
    Action("bookmark", "Bookmark this step", "Mark the step that is shown, or take its mark away; what is kept of it stays longest", "Run", ("Alt+K",), "bookmark", _trained, words="mark timeline"),
    Action("step", "Step", "One op on, and after the last one grad_fn by grad_fn", "Run", ("F10",), "step-forward", _has_nodes, separator=True),
    Action("step_back", "Step back", "One step back: what is shown is what was shown then", "Run", ("Shift+F10",), "", _steps, words="reverse"),
    Action("step_to_breakpoint", "Step to the next breakpoint", "On to the next node with a breakpoint, or to the end", "Run", ("Ctrl+F9",), "", _has_nodes, words="continue resume"),
    Action("step_to_node", "Step to this node", "On to the next step of the selected node", "Run", ("Ctrl+F10",), "", _has_selection, words="run to cursor"),
    Action("step_to_end", "Step to the end", "On to the end of the backward", "Run", ("Ctrl+Shift+F10",), "", _has_nodes),
    Action("leave_steps", "Leave stepping", "Show the end of the pass again", "Run", ("Shift+F9",), "", _steps, words="stop stepping"),
    Action("breakpoint", "Breakpoint", "Stepping stops at the selected node, or no more", "Run", ("F9",), "", _has_selection, separator=True),
    Action("clear_breakpoints", "Clear breakpoints", "Stepping stops nowhere", "Run", (), "", lambda s: s.breakpoints > 0, lack="There are no breakpoints"),
    Action("blank_grad", "Blank the gradient", "The gradient of the selected nodes is hidden until it is predicted", "Run", ("B",), "", _has_selection, False, True, True, words="predict exercise quiz hide"),
    Action("blank_value", "Blank the value", "The value of the selected nodes is hidden until it is predicted", "Run", ("Shift+B",), "", _has_selection, False, True, words="predict exercise quiz hide"),
    Action("blank_shape", "Blank the shape", "The shape of the selected nodes is hidden until it is predicted", "Run", ("Ctrl+Shift+B",), "", _has_selection, False, True, words="predict exercise quiz hide"),
    Action("guess", "Predict what is blanked", "To the answer of what is blanked", "Run", ("G",), "", _has_nodes, False, True, words="answer exercise quiz reveal"),
    Action("export_points", "Export points…", "Write the points of the predictions as CSV or JSON", "Run", (), "", _has_nodes, words="exercise score quiz csv json"),
    Action(
        "xray", "X-ray gradients", "Show the gradient of every intermediate; torch's own .grad stays as it is", "Run",
        ("Alt+X",), "scan-eye", checkable=True, separator=True,
    ),
    Action("seed", "Seed…", "Choose the random seed", "Run", (), "dices", words="random"),
    Action(
        "view_tensor", "View tensor", "The selected node's numbers closely: heat-map, table, histogram, slices", "View", ("T",), "",
        lambda s: s.selected == 1, on_canvas=True, lack="Select one node", words="heat-map histogram table image statistics viewer",
    ),
    Action("jacobian", "Jacobian", "v, J and vᵀJ between the selected nodes", "View", ("J",), "", _has_nodes, on_canvas=True, words="vjp jvp hessian jacobian vector product"),
    Action("paths", "Paths between two nodes", "Light up all paths between the selected nodes, with their products and their sum", "View", ("Shift+J",), "", _has_nodes, on_canvas=True, words="chain rule sum product path lens"),
    Action("trust", "Check the gradients", "Hold every leaf's gradient against finite differences and gradcheck", "View", ("Ctrl+Shift+J",), "", _has_nodes, words="gradcheck finite differences trust kink deterministic"),
    Action("fit", "Fit the selection or all", "Show the selection, or everything", "View", ("F",), "maximize", _has_nodes, on_canvas=True),
    Action("fit_all", "Fit all", "Show the whole graph", "View", ("Home",), "", _has_nodes, on_canvas=True),
    Action("zoom_in", "Zoom in", "Zoom the canvas in", "View", ("Ctrl++", "Ctrl+="), "zoom-in"),
    Action("zoom_out", "Zoom out", "Zoom the canvas out", "View", ("Ctrl+-",), "zoom-out"),
    Action("zoom_reset", "100 %", "Show the canvas at its own size", "View", ("Ctrl+0",), words="zoom reset actual size"),
    Action("toggle_minimap", "Minimap", "Show or hide the small overview", "View", ("Alt+M",), "", _has_nodes, words="overview"),
    Action("wire_gradients", "Gradients on wires", "Wires look as what came back along them: colour and dashes are the sign, width is the magnitude", "View", ("Alt+W",), "", _has_nodes, True, words="legend sign magnitude colour"),
    Action("show_updates", "Changes of parameters", "Below each parameter what the training step did: before, change, after", "View", (), "", _trains, True, words="delta update before after"),
    Action("backward_graph", "Backward graph", "Show the grad_fns that torch made under the forward, with what they saved", "View", ("Alt+B",), "", _has_nodes, True, words="grad_fn saved tensors autograd graph mirror", separator=True),
    Action("backward_over", "Backward graph above", "Show the grad_fns over the forward instead of under it", "View", ("Alt+Shift+B",), "", _has_nodes, True, words="grad_fn mirror over"),
    Action("open_grad_fns", "Open composite ops", "Open every op into the grad_fns that torch made for it, or fold them all", "View", ("Alt+O",), "", _has_nodes, words="grad_fn composite fold unfold layer_norm attention"),
    Action("larger", "Larger text", "Enlarge every text, for a projector", "View", ("Ctrl+Alt++", "Ctrl+Alt+="), "a-large-small", separator=True, words="lecture scale zoom"),
    Action("smaller", "Smaller text", "Make every text smaller", "View", ("Ctrl+Alt+-",), words="lecture scale zoom"),
    Action("theme", "Light theme", "Change between dark and light", "View", ("Ctrl+Alt+T",), "sun", words="dark light colours"),
    Action("safe_colors", "Colours for colour-blind eyes", "Scales and accents that do not set red against green", "View", checkable=True, words="accessibility palette"),
    Action("toggle_palette", "Palette", "Show or hide the palette", "View", ("Ctrl+Alt+1",), checkable=True, separator=True),
    Action("toggle_dock", "Code and messages", "Show or hide the code and the messages", "View", ("Ctrl+Alt+2",), checkable=True),
    Action("toggle_inspector", "Inspector", "Show or hide the inspector", "View", ("Ctrl+Alt+3",), checkable=True),
    Action("present", "Present the lesson", "The lesson alone on the whole screen", "View", ("F11",), "", _later, separator=True, words="full screen"),
    Action("leave_canvas", "Leave the canvas", "Move the focus on from the canvas", "Canvas", ("Ctrl+Tab",), on_canvas=True),
    *(Action(f"nudge_{side}", f"Nudge {side}", f"Move the selected things a little {side}", "Canvas", (key,), "", _has_selection, False, True)
      for side, key in _SIDES),
    *(Action(f"nudge_{side}_far", f"Nudge {side} by a large step", f"Move the selected things further {side}", "Canvas", (f"Shift+{key}",), "",
             _has_selection, False, True) for side, key in _SIDES),
    *(Action(f"walk_{side}", f"Go to the node {where}", f"Move the focus {how}", "Canvas", (f"Ctrl+{key}",), "", _has_nodes, False, True)
      for (side, key), where, how in zip(
          _SIDES, ("before", "after", "above", "below"), ("back along a wire", "along a wire", "to the nearest card above", "to the nearest card below"),
          strict=True)),
    *(Action(f"align_{side}", f"Align {_EDGES[side]}", f"Put the {_EDGES[side]} of the selected cards in one line", "Canvas", (f"Ctrl+Alt+{key}",), "",
             _has_several, False, True) for side, key in _SIDES),
    Action("distribute_across", "Distribute across", "Equal gaps from left to right", "Canvas", (), "", _has_several, False, True),
    Action("distribute_down", "Distribute down", "Equal gaps from top to bottom", "Canvas", (), "", _has_several, False, True),
    Action("play_training", "Play or pause training", "Let the training run, or hold it", "Timeline", ("Space",), "play", _trains, False, True, tap=True),
    Action("frame_before", "Previous frame", "One frame back on the timeline", "Timeline", (",",), "", _trained, False, True),
    Action("frame_after", "Next frame", "One frame on along the timeline", "Timeline", (".",), "", _trained, False, True),
    Action("frame_before_far", "Ten frames back", "Ten frames back on the timeline", "Timeline", ("Shift+,", "<"), "", _trained, False, True),
    Action("frame_after_far", "Ten frames on", "Ten frames on along the timeline", "Timeline", ("Shift+.", ">"), "", _trained, False, True),
    Action("lesson_next", "Next step of the lesson", "On in the lesson", "Lesson", ("PgDown", "Right"), "", _later),
    Action("lesson_before", "Previous step of the lesson", "Back in the lesson", "Lesson", ("PgUp", "Left"), "", _later),
    Action("help", "Keyboard and mouse", "List every shortcut", "Help", ("F1", "?"), "circle-question-mark"),
    Action("mistake_lab", "Mistake lab", "Real failures of autograd: torch's words, why, and the lines that mend it", "Help", (), "triangle-alert", separator=True, words="errors failures learn examples"),
    Action("mistakes", "Mistakes", "Open one of the failures of the mistake lab", "Help"),
    Action("about", "About guigrad", "Version, licence and libraries", "Help", (), "info"),
)  # fmt: skip

GESTURES: tuple[tuple[str, str], ...] = (
    ("pan", "middle drag · Space + drag · two-finger scroll"),
    ("zoom at the pointer", "wheel · pinch · Ctrl + two-finger scroll"),
    ("select", "click a card, box, note or wire · drag a box · Shift adds · Ctrl toggles"),
    ("add a node", "double-click on empty canvas · drag from the palette"),
    ("wire", "drag port to port · drop on empty canvas for a list of what fits"),
    ("move a wire's end", "Ctrl+drag from the port"),
    ("disconnect", "drag off an input · Alt+click the port"),
    ("insert", "drop a node on a wire"),
    ("cut wires", "Ctrl+right drag across them"),
    ("reroute point", "Alt+click on a wire · Alt+click on the point takes it away"),
    ("copy", "Ctrl+drag a selected node"),
    (
        "boxes and notes",
        "drag the title or the note · Alt+drag the box alone · drag edges and corners · double-click to write",
    ),
    ("arrow of a note", "drag from its round handle to a card; once more takes it away"),
)


def by_id(name: str) -> Action:
    """One row of the table."""
    return _BY_ID[name]


def is_action(name: str) -> bool:
    """Whether the table has a row of this id."""
    return name in _BY_ID


_BY_ID = {action.id: action for action in ACTIONS}
