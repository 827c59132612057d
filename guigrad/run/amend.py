"""Backwards that were asked for, changed: what fixes and switches do to verbs that are played again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from msgspec import structs

from guigrad.document.array import NUMPY, ArrayData
from guigrad.document.diff import Diff
from guigrad.document.model import Document, In
from guigrad.run.frame import Frame, Record
from guigrad.run.live import Live
from guigrad.run.request import Backward, Verb


def amended(verb: Verb, **fields: Any) -> Verb:
    """A backward with some fields changed; any other verb as it is."""
    return structs.replace(verb, **fields) if isinstance(verb, Backward) else verb


def ones_like(record: Record | None) -> ArrayData | None:
    """A vector of ones for a root; None for one that has no shape yet, or elements that NumPy does not know."""
    if record is None or record.shape is None or record.dtype not in NUMPY:
        return None
    import numpy as np  # late: opening a document needs no NumPy

    ones = np.ones(record.shape, NUMPY[record.dtype])
    strides = tuple(step // ones.itemsize for step in ones.strides)
    return ArrayData(record.dtype, record.shape, strides, ones.tobytes())


class Owner(Protocol):
    """What mending a backward needs of its session."""

    frame: Frame | None

    @property
    def document(self) -> Document:
        """The document as it is now."""

    def edit(self, edit: Callable[[Document], Diff]) -> bool:
        """Changes the document."""

    def backward(self, roots: str) -> None:
        """``backward()`` from there."""


def fix_backward(owner: Owner, live: Live, verb: str, root: str) -> bool:
    """A fix for a backward that was asked for in the window, not by the program: there is nothing to edit."""
    if verb == "retain_graph":
        live.replay(lambda played: amended(played, retain_graph=True))
        return True
    if verb == "insert_before":
        from guigrad.document import edit as edits  # late: it reads the op table

        known = set(owner.document.nodes)
        if not owner.edit(edits.add_node("torch.Tensor.sum", args=(In(root),))):
            return False
        owner.backward(next(key for key in owner.document.nodes if key not in known))
        return True
    record = owner.frame.records.get(root) if owner.frame is not None else None
    vector = ones_like(record) if verb == "add_gradient" else None
    if vector is not None:
        live.replay(lambda played: amended(played, gradient=(vector,)))
    return vector is not None
