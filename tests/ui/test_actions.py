"""The table of actions: every row explained, every key told apart, everything enabled also done."""

from __future__ import annotations

from guigrad.ui.actions import ACTIONS, GROUPS, LATER, State, by_id
from guigrad.ui.canvas.keys import COMMANDS
from guigrad.ui.intents import Intents
from guigrad.ui.keymap import Keymap, canonical

NO_INTENT = {"recent", "mistakes"}
"""Sub-menus."""


def test_rows_are_unique_and_explained() -> None:
    ids = [row.id for row in ACTIONS]
    assert len(ids) == len(set(ids))
    assert all(row.tip and row.text and row.menu in GROUPS for row in ACTIONS)
    assert all(canonical(key) for row in ACTIONS for key in row.shortcuts)


def test_no_two_rows_fight_for_a_key() -> None:
    keymap = Keymap()
    fights = [(row.id, key, keymap.holders(key, row.id)) for row in ACTIONS for key in keymap.keys(row.id)]
    assert [fight for fight in fights if fight[2]] == []


def test_what_can_be_enabled_can_be_done() -> None:
    busy = State(nodes=3, selected=1, running=True, undo="x", redo="y", grads=True, optimizer=True)
    for row in ACTIONS:
        there = hasattr(Intents, row.intent) or row.id in COMMANDS or row.id in NO_INTENT
        assert there or row.why_not(busy) == LATER, row.id


def test_every_binding_of_the_design_is_a_row() -> None:
    wanted = {
        "zoom_in": "Ctrl++", "zoom_out": "Ctrl+-", "zoom_reset": "Ctrl+0", "select_all": "Ctrl+A", "select_none": "Esc", "add_node": "Tab Shift+A",
        "extract": "Ctrl+Shift+X", "duplicate": "Ctrl+D", "duplicate_wired": "Ctrl+Shift+D", "copy": "Ctrl+C", "cut": "Ctrl+X",
        "paste": "Ctrl+V", "delete": "Del Backspace", "rename": "F2", "mute": "M", "collapse": "H", "box_selection": "Ctrl+G", "add_note": "N",
        "make_function": "Ctrl+Shift+G", "enter": "Return", "leave": "Backspace", "fit": "F", "fit_all": "Home", "tidy": "L",
        "align_left": "Ctrl+Alt+Left", "nudge_up": "Up", "nudge_up_far": "Shift+Up", "find": "Ctrl+F", "commands": "Ctrl+K Ctrl+Shift+P",
        "help": "F1 ?", "toggle_minimap": "Alt+M", "forward": "F5", "backward": "F6", "step": "F10", "step_back": "Shift+F10",
        "optimizer_step": "F8", "zero_grad": "Shift+Z", "play_training": "Space", "stop": "Shift+F5", "breakpoint": "F9", "frame_before": ",",
        "frame_after": ".", "frame_before_far": "Shift+,", "frame_after_far": "Shift+.", "lesson_next": "PgDown Right",
        "lesson_before": "PgUp Left", "present": "F11", "undo": "Ctrl+Z", "redo": "Ctrl+Y Ctrl+Shift+Z", "new": "Ctrl+N", "open": "Ctrl+O",
        "save": "Ctrl+S", "save_as": "Ctrl+Shift+S", "export": "Ctrl+E", "leave_canvas": "Ctrl+Tab", "walk_left": "Ctrl+Left",
        "larger": "Ctrl+Alt++", "preferences": "Ctrl+,",
    }  # fmt: skip
    keymap = Keymap()
    for name, keys in wanted.items():
        assert set(keys.split(" ")) <= set(keymap.keys(name)), name


def test_why_an_action_is_disabled() -> None:
    assert by_id("forward").why_not(State()) == "The graph is empty"
    assert by_id("forward").why_not(State(nodes=1)) == ""
    assert by_id("present").why_not(State(nodes=1)) == LATER
    assert "no optimizer" in by_id("optimizer_step").why_not(State(nodes=1))
