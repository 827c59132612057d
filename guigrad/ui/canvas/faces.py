"""The frame on the cards: what each shows now, asked for only when it comes into view."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import compress
from operator import is_not
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from msgspec import structs

from guigrad.document.array import ArrayData
from guigrad.document.problem import Problem
from guigrad.run.frame import Frame, Record
from guigrad.ui.canvas.content import Content, Part, array_part, array_parts, chip_text, content
from guigrad.ui.canvas.gradients import extremes
from guigrad.ui.canvas.wire import NONE

if TYPE_CHECKING:
    from guigrad.ui.canvas.scene import Scene

Array = np.ndarray[Any, Any]
T = TypeVar("T")
FEW = 16
"""Up to so many wires with another gradient are asked for one by one."""
ASKED_A_FRAME = 100
"""Wires whose gradient is looked up in one paint; the others follow in the next."""


class Faces:
    """What the cards of a scene show: a frame, problems, and which cards were edited since."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.frame: Frame | None = None
        self.root: str | None = None
        self.pins: dict[str, tuple[Problem, ...]] = {}
        self._seen: list[Record | None] = []
        self._known: list[Content | None] = []
        self._chips: dict[int, str] = {}
        self._fresh_edits = False

    def forget(self) -> None:
        """Another document: no row shows anything yet."""
        self._seen, self._known = [], []
        self._chips.clear()
        self.frame, self.root, self.pins = None, None, {}
        self._fresh_edits = False

    def grow(self) -> None:
        """The scene has one more row."""
        self._seen.append(None)
        self._known.append(None)

    def drop(self, row: int) -> None:
        """What the row shows is to be made anew."""
        self._known[row] = None

    def set_frame(self, frame: Frame | None) -> None:
        """Another moment; None when nothing has run."""
        scene, before = self.scene, self.frame
        self.frame = frame
        scene.edited[:] = scene.veiled[:] = self._fresh_edits = False
        root = scene.document.settings.root
        if root is None and frame is not None and frame.order:
            root = frame.labels.get(frame.order[0], frame.order[0])
        if root != self.root or frame is None or before is None:
            self.root = root
            self._known = [None] * len(self._known)
        if frame is None or before is None or frame.contributions is not before.contributions:
            self._follow_contributions(before, frame)

    def _follow_contributions(self, before: Frame | None, frame: Frame | None) -> None:
        """What came back along wires is other now: asked for anew, from one step to the next only where it is."""
        scene = self.scene
        old, new = (each.contributions if each is not None else {} for each in (before, frame))
        changed = _different(old, new)
        if changed is None or before is None or frame is None or before.labels != frame.labels:
            scene.wires.forget_gradients()
            self._chips.clear()
            return
        for source, _, _ in changed:
            row = scene.row.get(frame.labels.get(source, "").partition("[")[0])
            for wire in scene.out[row] if row is not None else ():
                scene.wires.known[wire] = False
                self._chips.pop(wire, None)

    def set_problems(self, problems: Iterable[Problem]) -> None:
        """What is wrong: pinned to the cards it names."""
        pins: dict[str, list[Problem]] = {}
        labels = self.frame.labels if self.frame is not None else {}
        for problem in problems:
            key = problem.node_id or labels.get(problem.node, "")
            if key:
                pins.setdefault(key.partition("[")[0], []).append(problem)
        before = set(self.pins)
        self.pins = {key: tuple(found) for key, found in pins.items()}
        scene = self.scene
        scene.failed[:] = scene.warned[:] = False
        for key in before | set(pins):
            row = scene.row.get(key)
            if row is not None:
                found = {problem.severity for problem in self.pins.get(key, ()) if problem.kind != "open"}
                scene.failed[row] = "error" in found
                scene.warned[row] = "warning" in found and "error" not in found
                self.drop(row)

    def outdate(self, rows: set[int]) -> None:
        """These cards were edited: they and all that reads them show what was true before."""
        if self.frame is None:
            return
        self.scene.edited[list(rows)] = self.scene.veiled[list(rows)] = True
        self._fresh_edits = True

    def spread(self) -> None:
        """Makes all that reads edited cards edited too: worked out when asked for, as much may depend on one number."""
        if not self._fresh_edits:
            return
        self._fresh_edits = False
        scene = self.scene
        target, out = scene.wires.target[: scene.wires.count].tolist(), scene.out
        stack = np.nonzero(scene.edited)[0].tolist()
        found = set(stack)
        while stack:
            for wire in out[stack.pop()]:
                row = target[wire]
                if row not in found:
                    found.add(row)
                    stack.append(row)
        scene.edited[list(found)] = True

    def fade(self) -> None:
        """Shows from the next paint on all cards that are stale; until then only those that were edited themselves.

        Where a run follows each edit, all that depends on it would flicker.
        """
        self.scene.veiled[:] = self.scene.stale

    def record(self, row: int) -> Record | None:
        """The frame's record of a row."""
        if self.frame is None:
            return None
        key = self.scene.ids[row]
        found = self.frame.records.get(key)
        return found if found is not None else self.frame.records.get(f"{key}[0]")

    def content(self, row: int) -> Content:
        """What a card shows."""
        record = self.record(row)
        known = self._known[row]
        made = known if known is not None and self._seen[row] is record else self._make(row, record, None)
        old = record is not None and record.state != "not run" and bool(self.scene.stale[row])
        return structs.replace(made, stale=True) if old and not made.stale else made

    def contents(self, rows: list[int]) -> list[Content]:
        """What some cards show, whether or not they were edited since. The tensors of those that changed are looked at together."""
        wanted = [(row, self.record(row)) for row in rows]
        seen, known = self._seen, self._known
        changed = [(row, record) for row, record in wanted if known[row] is None or seen[row] is not record]
        if changed:
            arrays = []
            for _, record in changed:
                if record is not None:
                    if isinstance(record.value, ArrayData):
                        arrays.append(record.value)
                    back = record.grad if record.grad is not None else record.xray
                    if back is not None:
                        arrays.append(back)
            parts = array_parts(arrays)
            for row, record in changed:
                self._make(row, record, lambda data: parts.get(id(data)) or array_part(data))
        return [self._make(row, self.record(row), None) if (found := known[row]) is None else found for row in rows]

    def _make(self, row: int, record: Record | None, part: Callable[[ArrayData], Part] | None) -> Content:
        scene = self.scene
        made = content(scene.facet(row), record, scene.ids[row] == self.root, False, part)
        self._seen[row], self._known[row] = record, made
        if (made.value.height, made.grad.height) != (scene.value_height[row], scene.grad_height[row]):
            scene.resize(row, made.value.height, made.grad.height)
        return made

    def ask_gradients(self, wires: Array) -> bool:
        """Looks up what came back along some wires; whether any are left to ask. Until then a wire shows what it did before."""
        table = self.scene.wires
        unknown = wires[~table.known[wires]]
        if not len(unknown):
            return False
        if self.frame is None or not self.frame.contributions:
            table.grad[unknown] = NONE
            table.known[unknown] = True
            return False
        unknown, left = unknown[:ASKED_A_FRAME], len(unknown) > ASKED_A_FRAME
        asked = [self.contribution(wire) for wire in unknown.tolist()]
        found = extremes([data for data in asked if data is not None])
        told = [(NONE, 0) if data is None else found[id(data)] for data in asked]
        table.grad[unknown], table.sign[unknown] = zip(*told, strict=True)
        table.known[unknown] = True
        return left

    def drop_wire(self, wire: int) -> None:
        """The wire is gone."""
        self._chips.pop(wire, None)

    def chip(self, wire: int) -> str:
        """What came back along a wire in a few characters, "" for nothing."""
        known = self._chips.get(wire)
        if known is None:
            found = self.contribution(wire)
            known = self._chips[wire] = chip_text(found) if found is not None else ""
        return known

    def contribution(self, wire: int) -> ArrayData | None:
        """The gradient that came back along a wire."""
        frame, table, scene = self.frame, self.scene.wires, self.scene
        if frame is None:
            return None
        records = frame.records
        source, target = scene.ids[table.source[wire]], scene.ids[table.target[wire]]
        reader = records.get(target) or records.get(f"{target}[0]")
        many = scene.named_right[table.source[wire]]
        origin = (records.get(f"{source}[{table.output[wire]}]") if many else None) or records.get(source)
        if reader is None or origin is None:
            return None
        path = table.paths[wire]
        return frame.contributions.get((origin.label, reader.label, path)) or (
            frame.contributions.get((origin.label, scene.document.nodes[target].name or reader.label, path))
        )


def _different(old: Mapping[T, object], new: Mapping[T, object]) -> list[T] | None:
    """The keys of what differs; None when it is more than a step changes, or other keys."""
    if len(old) != len(new) or list(old) != list(new):
        few = abs(len(old) - len(new)) <= FEW
        found = [key for key in old.keys() | new.keys() if old.get(key) is not new.get(key)] if few else []
        return found if few and len(found) <= FEW else None
    found = list(
        compress(new, map(is_not, old.values(), new.values()))
    )  # ten thousand nodes have fifteen thousand of them
    return found if len(found) <= FEW else None
