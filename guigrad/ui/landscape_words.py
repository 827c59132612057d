"""What a landscape is of, in words."""

from __future__ import annotations

from guigrad.run.landscape import Landscape
from guigrad.ui.widgets.terrain import short


def described(shown: Landscape, kind: str, step: int, scrubbed: int | None) -> list[str]:
    """The parts of the line under it: the loss here, which step's values and batch it is made with, what else is to be known."""
    words = [f"{shown.of} = {short(shown.loss)} here"]
    if step:
        words.append(f"with the values and the batch of step {step:,}")
    if shown.random:
        words.append("the same random numbers at each point")
    if scrubbed is not None:
        words.append(f"the point is that of step {scrubbed:,}")
    if kind == "random":
        words.append("each direction filter-normalised (Li et al. 2018)")
    if shown.error:
        words.append(f"NaN where torch refused: {shown.error.splitlines()[0]}")
    return words
