"""What a right click on a card offers about its numbers: a slider, a brush, and the mends of what is wrong with it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QInputDialog, QMenu

from guigrad.document.array import ArrayData
from guigrad.document.draft import refused
from guigrad.document.edit_cells import read_number
from guigrad.document.edit_layout import scalar, slider_range
from guigrad.document.model import View
from guigrad.document.problem import ProblemError
from guigrad.ui.canvas.content import CELLS
from guigrad.ui.canvas.scrub import Brush

if TYPE_CHECKING:
    from guigrad.ui.main_window import MainWindow

MENDS = 4
"""Fixes of a failed card that its menu offers."""


def add_mends(window: MainWindow, menu: QMenu, key: str) -> None:
    """One click for each fix of what is wrong with a node."""
    pinned = window.canvas.scene.faces.pins.get(key, ())
    fixes = [fix for problem in pinned for fix in problem.fixes][:MENDS]
    for fix in fixes:
        menu.addAction(fix.title, partial(window.session.apply_fix, fix))
    if fixes:
        menu.addSeparator()


def add_number_actions(window: MainWindow, menu: QMenu, key: str) -> None:
    """Slider and brush, where the node is a number or a source with cells."""
    document, canvas = window.session.document, window.canvas
    node = document.nodes.get(key)
    if node is None:
        return
    number = scalar(node)
    if number is not None:
        if document.views.get(key, View()).slider is None:
            menu.addAction("Make it a slider", lambda: canvas.set_slider(key, slider_range(number)))
        else:
            menu.addAction("Range of the slider…", lambda: ask_range(window, key))
            menu.addAction("Take the slider away", lambda: canvas.set_slider(key, None))
        menu.addSeparator()
    row = canvas.scene.row.get(key)
    record = canvas.scene.faces.record(row) if row is not None else None
    source = not any(wire.node is not None for wire in node.inputs())
    if source and record is not None and isinstance(record.value, ArrayData) and record.value.size > 1:
        if record.value.size <= CELLS:
            menu.addAction("Paint on its cells", lambda: canvas.set_brush(Brush(key)))
        menu.addAction("Edit as a picture…", lambda: window.live.values.open_painter(key))
        menu.addSeparator()


def ask_range(window: MainWindow, key: str) -> None:
    """Asks for lowest, highest and step of a slider."""
    shown = window.session.document.views.get(key, View()).slider or (0.0, 1.0, 0.01)
    text, ok = QInputDialog.getText(
        window, "Range of the slider", "lowest, highest, step", text=", ".join(f"{number:g}" for number in shown)
    )
    if not ok:
        return
    try:
        window.canvas.set_slider(key, read_range(text))
    except ProblemError as error:
        window.canvas.answer(error.problems[0].message)


def read_range(text: str) -> tuple[float, float, float]:
    """Three numbers; the step may be left out and is then a hundredth.

    Raises: ProblemError.
    """
    numbers = [read_number(part) for part in text.replace(";", ",").split(",")]
    if len(numbers) not in (2, 3) or any(isinstance(number, complex) for number in numbers):
        raise refused("lowest, highest and step are expected, such as 0, 1, 0.01")
    low, high = float(numbers[0]), float(numbers[1])  # type: ignore[arg-type]  # no complex number is left
    step = float(numbers[2]) if len(numbers) == 3 else (high - low) / 100  # type: ignore[arg-type]  # the same
    return low, high, step
