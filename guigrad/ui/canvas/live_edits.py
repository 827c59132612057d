"""The canvas's intents that answer while something is dragged: numbers, cells, sliders, and wires that are only thought of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import structs

from guigrad.document import edit as edits
from guigrad.document import ports
from guigrad.document.array import ArrayData
from guigrad.document.diff import Diff
from guigrad.document.draft import Edit, free_name, names_in
from guigrad.document.edit_cells import Number
from guigrad.document.model import Document
from guigrad.run.request import Repair, Trial

SLIDER = "slider"
"""Chosen in a list of ops: a number with a slider."""


class LiveEdits:
    """A part of ``EditIntents``; see ``Intents`` what each verb does. What the holder cannot do (a plain store) is left out."""

    _holder: Any

    @property
    def document(self) -> Document:
        """The document as it is."""
        raise NotImplementedError

    def _do(self, edit: Edit) -> str:
        raise NotImplementedError

    def try_wire(
        self,
        source: str,
        output: int,
        target: str,
        path: str,
        answer: Callable[[Trial | None], None],
        instead: tuple[str, str] | None = None,
    ) -> None:
        """What a wire would bring about, told a moment later."""
        ask = getattr(self._holder, "try_wire", None)
        if ask is not None:
            ask(source, output, target, path, answer, instead)

    def connect_through(self, trial: Trial, repair: Repair, instead: tuple[str, str] | None = None) -> str:
        """Draws the wire that was tried, with a repair put in."""
        through = edits.connect_through(
            trial.source, trial.output, trial.target, trial.path, repair.path, repair.op, *repair.args
        )
        return self._do(through if instead is None else edits.chain("Move wire", edits.disconnect(*instead), through))

    def set_number(self, key: str, path: str, number: float, merge: str = "") -> str:
        """Writes a dragged number; a whole one that stood as a float stays a float."""
        node = self.document.nodes.get(key)
        if node is None:
            return "that node is gone"
        before = ports.get_at(node, path)
        value = float(number) if isinstance(before, float) else number
        return self._do(edits.set_argument(key, path, value, merge))

    def set_cells(self, key: str, cells: Mapping[int, Number], now: ArrayData | None = None, merge: str = "") -> str:
        """Gives entries of a source's tensor other numbers."""
        return self._do(edits.set_cells(key, cells, now, merge))

    def set_array(self, key: str, value: ArrayData, merge: str = "") -> str:
        """Gives a source another value."""
        return self._do(edits.set_value(key, value, merge))

    def end_gesture(self) -> None:
        """What was dragged is let go: the next drag is an undo step of its own."""
        end = getattr(self._holder, "end_gesture", None)
        if end is not None:
            end()

    def set_slider(self, key: str, slider: tuple[float, float, float] | None, at: tuple[float, float]) -> str:
        """Shows a number as a slider, or no longer."""
        return self._do(edits.set_slider(key, slider, at))

    def add_array(
        self, value: ArrayData, at: tuple[float, float], name: str = "", grad: bool = False
    ) -> tuple[str, str]:
        """Adds a leaf that holds an array; (its id, reason)."""
        added: list[str] = []

        def apply(document: Document) -> Diff:
            diff = edits.add_node("torch.tensor", at, args=([0.0],), name=name or None)(document)
            after = diff.apply(document)
            added[:] = [
                key for key in after.nodes if key not in document.nodes and after.nodes[key].op == "torch.tensor"
            ]
            diff = diff.then(edits.set_value(added[-1], value)(after))
            if grad and value.dtype.startswith(("float", "complex")):
                diff = diff.then(edits.set_requires_grad(added[-1], True)(diff.apply(document)))
            return labelled(diff, "Paste a tensor")

        reason = self._do(apply)
        return ("", reason) if reason or not added else (added[-1], "")


def labelled(diff: Diff, label: str) -> Diff:
    """The same change by another name."""
    return structs.replace(diff, label=label)


def slider_node(at: tuple[float, float]) -> Edit:
    """A literal 0.5 with a name and a slider from 0 to 1."""

    def apply(document: Document) -> Diff:
        diff = edits.add_node("python.literal", at, free_name(names_in(document), "s1"), (0.5,))(document)
        after = diff.apply(document)
        key = next(key for key in after.nodes if key not in document.nodes)
        return labelled(diff.then(edits.set_slider(key, (0.0, 1.0, 0.01))(after)), "Add slider")

    return apply
