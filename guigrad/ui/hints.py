"""The status line: the next sensible action, with the keys that it has now."""

from __future__ import annotations

from collections.abc import Sequence

from guigrad.document.problem import Problem
from guigrad.session import Session
from guigrad.ui.keymap import Keymap
from guigrad.ui.level import Level


def next_action(session: Session | Level, problems: Sequence[Problem], busy: bool, keymap: Keymap) -> str:
    """What to do next; ``busy`` when something has been running for a while."""
    document, frame = session.document, session.frame
    errors = [problem for problem in problems if problem.severity == "error"]
    hints = [problem for problem in problems if problem.severity == "hint"]

    def press(name: str, what: str) -> str:
        key = keymap.text(name)
        return f"Press {key} to {what}" if key else what[0].upper() + what[1:]

    if busy:
        return f"Running… {keymap.text('stop') or 'Stop in the Run menu'} stops it."
    if session.stepper.words:
        back = keymap.text("step_back")
        return f"{session.stepper.words}. {press('step', 'go on')}{f', {back} to go back' if back else ''}."
    if not document.nodes:
        add = keymap.text("add_node")
        return f"Drag an op from the palette, {f'press {add} on the canvas, ' if add else ''}or open a lesson (File › Lessons)."
    if errors:
        place = errors[0].node or (f"line {errors[0].line}" if errors[0].line else "")
        return f"{place + ': ' if place else ''}{errors[0].message.splitlines()[0]}"
    if hints:
        return f"{hints[0].node + ': ' if hints[0].node else ''}{hints[0].why or hints[0].message}"
    if frame is None or not any(record.state == "fresh" for record in frame.records.values()):
        return f"{press('forward', 'compute every value')}."
    several = len(session.selection)
    if several > 1:
        box, find = keymap.text("box_selection"), keymap.text("tidy")
        return f"{several} selected. Drag moves them, {box or 'the menu'} puts them in a box, {find or 'the menu'} tidies them; right-click for all."
    if not any(record.grad is not None or record.xray is not None for record in frame.records.values()):
        if not any(record.requires_grad for record in frame.records.values()):
            return "Select a leaf and tick its requires_grad to have gradients, or select a node to read its value."
        return f"{press('backward', 'compute the gradients')}. Select a node to read its value."
    again, empty = keymap.text("backward") or "Backward", keymap.text("zero_grad") or "zero_grad"
    return f"Select a node to see how its gradient came. {again} again accumulates; {empty} empties the gradients."
