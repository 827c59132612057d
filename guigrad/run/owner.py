"""What a coach needs of its session."""

from __future__ import annotations

from typing import Protocol

from guigrad.document.diff import Diff
from guigrad.document.model import Document
from guigrad.run.frame import Frame
from guigrad.run.request import Reply


class Owner(Protocol):
    """The session."""

    x_ray: bool

    @property
    def document(self) -> Document:
        """The document as it is now."""

    def edit(self, edit: Diff) -> bool:
        """Changes the document."""

    def answered(self, reply: Reply, frame: Frame | None) -> None:
        """A verb has been played; ``frame`` is what is shown after it."""

    def show_step(self, frame: Frame) -> None:
        """Shows a frame of another moment."""

    def leave_steps(self) -> None:
        """Ends stepping through one pass."""
