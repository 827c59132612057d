"""Which edit a problem's fix is, and what drawing a wire would change."""

from __future__ import annotations

from typing import Final

from guigrad.document import edit as edits
from guigrad.document.diff import Diff
from guigrad.document.draft import Edit
from guigrad.document.model import Document
from guigrad.document.problem import Fix, ProblemError

BACKWARD: Final = ("retain_graph", "insert_before", "add_gradient")
"""Fixes of a backward, which may be one that the program has, or one that was asked for beside it."""


def edit_of(fix: Fix, document: Document) -> Edit | None:
    """The edit that a fix is; None for one that changes no document."""
    node = document.nodes.get(str(fix.args[0])) if fix.args else None
    asked = fix.verb in BACKWARD and fix.args[1:2] != ("torch.Tensor.clone",)
    if node is not None and asked and not node.op.endswith(("backward", "autograd.grad")):
        return None  # the backward was asked for beside the program: there is nothing to edit
    found: Edit | None = getattr(edits, fix.verb)(*fix.args) if fix.verb in edits.__all__ else None
    return found


def wire_of(
    document: Document, source: str, output: int, target: str, path: str, instead: tuple[str, str] | None
) -> Diff | None:
    """What drawing a wire changes, taken from ``instead`` (node, port) if that is given; None if it cannot be drawn."""
    wire = edits.connect(source, output, target, path)
    try:
        return (edits.chain("Move wire", edits.disconnect(*instead), wire) if instead else wire)(document)
    except ProblemError:
        return None
