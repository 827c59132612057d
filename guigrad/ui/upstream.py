"""The v that Backward starts with, when one was chosen."""

from __future__ import annotations

from collections.abc import Container

from guigrad.document.array import ArrayData
from guigrad.document.diff import Diff
from guigrad.run.request import Gradient


class Upstream:
    """``root`` is the label of the node that backward starts from, "" for the document's own with torch's 1."""

    def __init__(self) -> None:
        self.root = ""
        self._gradient: Gradient | None = None

    def use(self, root: str, gradient: ArrayData | str) -> None:
        """Backward starts there from now on."""
        self.root, self._gradient = root, gradient

    def clear(self) -> None:
        """Backward starts as torch does."""
        self.root, self._gradient = "", None

    def follow(self, root: str, gradient: ArrayData | str) -> None:
        """Another v of the same root."""
        if root == self.root and self.root:
            self._gradient = gradient

    def on_document(self, diff: Diff, nodes: Container[str]) -> None:
        """Another document, or a root that is gone."""
        gone = self.root.rpartition("/")[2].partition("[")[0]
        if not diff.label or gone not in nodes:
            self.clear()

    def arguments(self) -> tuple[tuple[str, ...], tuple[Gradient, ...]]:
        """The roots and gradients of the verb Backward."""
        return ((self.root,), (self._gradient,)) if self.root else ((), ())
