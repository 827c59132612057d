"""The point of the landscape as an edit: dragging it gives the leaves other values, and letting it go ends one undo step.

In the middle of a training what the leaves hold is not what the document says. What they hold is written down first, as an undo step of its own, so that
taking the drag back leads to where the point was taken from.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import structs

from guigrad.document import edit as edits
from guigrad.document.array import ArrayData
from guigrad.document.diff import Diff
from guigrad.document.draft import Edit
from guigrad.document.model import Document
from guigrad.ui.landscape_ways import Point

if TYPE_CHECKING:
    from guigrad.ui.landscape_view import LandscapeView

MERGE = "landscape point"
WRITTEN = 64
"""Tensors of no more elements are written with the shortest numbers that give their bits."""


class Mover:
    """Thread: the GUI thread. ``held``: where the point is meant to be while its values are on their way."""

    def __init__(self, view: LandscapeView) -> None:
        self.view = view
        self.held: Point | None = None
        self._wanted: Point | None = None
        self._let_go = False
        self._moved = False

    def move(self, x: float, y: float) -> None:
        """The parameters go to a point of the plane; of several asked for while values are computed the last counts."""
        if not (math.isfinite(x) and math.isfinite(y)):
            return
        view = self.view
        if view.coach.shown is not None:
            view.window.say_status("An earlier step is shown: branch there, or go back to the last one, to move its parameters.")  # fmt: skip
            return
        to = self._rounded((x, y))
        self.held = self._wanted = to
        self._let_go = False
        if self._free:
            self._go()
        view.draw()

    @property
    def _free(self) -> bool:
        """Whether an edit is taken at once: nothing runs, or a training that takes it between two of its slices."""
        return not self.view.session.running or bool(self.view.coach.playing)

    def drop(self) -> None:
        """It was let go: the next move is an undo step of its own."""
        self._let_go = True
        if self._wanted is None:
            self._end()

    def follow(self) -> None:
        """There are values: the next ones can be asked for."""
        if self._wanted is not None and self._free:
            self._go()
        elif self._wanted is None and self._let_go:
            self._end()

    def forget(self) -> None:
        """Another plane, another document."""
        self.held = self._wanted = None
        self._let_go = self._moved = False

    def _end(self) -> None:
        self.view.session.end_gesture()
        self.held, self._let_go, self._moved = None, False, False
        self.view._later()

    def _rounded(self, to: Point) -> Point:
        """As many digits as a pixel is wide."""
        contour = self.view.panel.contour
        if contour is None:
            return to
        x0, x1, y0, y1 = contour.range
        found = []
        for value, span in ((to[0], x1 - x0), (to[1], y1 - y0)):
            digits = 3 - math.floor(math.log10(span)) if span > 0 else 6
            found.append(round(value, min(max(digits, 0), 12)))
        return found[0], found[1]

    def _go(self) -> None:
        to, self._wanted = self._wanted, None
        view = self.view
        if not view.coach.step and not view.session.follows:
            view.session.forward()  # an edit would play the whole program again
        edit = self._edit(self._values(to)) if to is not None else None
        if edit is not None and view.coach.step and not self._moved:
            self._write_down()
        self._moved = True
        if to is not None and edit is None:
            view.window.say_status("The leaf's values are not known here: run forward, or bring its card into view.")
        if edit is None or not view.session.edit_whole(edit):
            self.held = None
            return
        if view.coach.step and not view.coach.playing:
            view.coach.take_edits()
            view.session.forward()
        if self._let_go and self._wanted is None:
            self._end()

    def _write_down(self) -> None:
        """What the leaves that will be moved hold now, where the document says something else."""
        view = self.view
        kept = self._edit(self._now(), f"Take over the values of step {view.coach.step:,}", "")
        if kept is not None and kept(view.session.base.document):
            view.session.edit_whole(kept)

    def _now(self) -> list[tuple[str, Any]]:
        """What the leaves hold that the point moves; nothing where it is not known of all."""
        frame, shown = self.view.session.base.frame, self.view.shown
        if frame is None or shown is None:
            return []
        leaves = (
            shown.plane.leaves if shown.plane is not None else [e.leaf for e in (shown.x, shown.y) if e is not None]
        )
        names, found = {leaf.id: leaf.name for leaf in shown.leaves}, []
        for key in dict.fromkeys(leaves):
            record = frame.records.get(key)
            if record is None or not isinstance(record.value, ArrayData):
                return []
            found.append((names.get(key, key), written(np.array(record.value.numpy()), record.value.dtype)))
        return found

    def _edit(self, values: list[tuple[str, Any]], label: str = "Move the point", merge: str = MERGE) -> Edit | None:
        """The leaves with other values."""
        if not values:
            return None

        def apply(document: Document) -> Diff:
            diff, now = Diff(), document
            for name, value in values:
                step = edits.set_value(name, value)(now)
                diff, now = diff.then(step), step.apply(now)
            return structs.replace(diff, label=label, merge=merge)

        return apply

    def _values(self, to: Point) -> list[tuple[str, Any]]:
        view = self.view
        frame, shown = view.session.base.frame, view.shown
        if shown is None or frame is None:
            return []
        names = {leaf.id: leaf.name for leaf in shown.leaves}
        if shown.plane is not None:
            plane, found = shown.plane, []
            for key, origin, first, second in zip(plane.leaves, plane.origin, plane.first, plane.second, strict=True):
                one, along, across = (np.asarray(part.numpy()) for part in (origin, first, second))
                with np.errstate(all="ignore"):
                    made = one + to[0] * along + to[1] * across
                found.append((names.get(key, key), written(made.astype(one.dtype), origin.dtype)))
            return found
        arrays: dict[str, tuple[Any, str]] = {}
        for entry, number in ((shown.x, to[0]), (shown.y, to[1])):
            record = frame.records.get(entry.leaf) if entry is not None else None
            if entry is None:
                continue
            if record is None or not isinstance(record.value, ArrayData):
                return []
            if entry.leaf not in arrays:
                arrays[entry.leaf] = np.array(record.value.numpy()), record.value.dtype
            arrays[entry.leaf][0][entry.index] = number
        return [(names.get(key, key), written(array, dtype)) for key, (array, dtype) in arrays.items()]


def written(array: Any, dtype: str) -> Any:
    """A value for ``edit.set_value``: nested lists of short numbers where those have the very bits, else the array."""
    if array.size <= WRITTEN and dtype in ("float32", "float64"):
        short = np.array([float(str(number)) for number in array.ravel()]).reshape(array.shape)
        if np.array_equal(short.astype(array.dtype), array):
            return short.tolist()
    made = np.ascontiguousarray(array)
    if dtype == "bfloat16":
        return _bfloat16(made)
    strides = tuple(step // made.itemsize for step in made.strides)
    return ArrayData(dtype, made.shape, strides, made.tobytes())


def _bfloat16(array: Any) -> ArrayData:
    """Rounded to the nearest, ties to even, as torch does."""
    bits = array.astype(np.float32).view(np.uint32)
    rounded = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2")
    strides = tuple(step // 2 for step in rounded.strides)
    return ArrayData("bfloat16", rounded.shape, strides, rounded.tobytes())
