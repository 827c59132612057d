"""What a landscape is of, in words."""

from __future__ import annotations

from typing import Any

from guigrad.run.landscape import Landscape, Plane
from guigrad.ui.widgets.terrain import short


def axes(shown: Landscape | None, plane: Plane | None) -> tuple[str, str, str]:
    """What is along x and y, and what the height is."""
    if shown is not None and shown.x is not None:
        return shown.x.name, shown.y.name if shown.y is not None else "", shown.of
    if shown is None or plane is None:
        return "", "", "loss"
    ends = [f" · {100 * part:.1f} % of the variance" for part in plane.explained] or ["", ""]
    return f"direction 1{ends[0]}", f"direction 2{ends[1]}", shown.of


def described(shown: Landscape, kind: str, of_step: int, coach: Any) -> list[str]:
    """The parts of the line under it: the loss at the point that was asked, which step's values and batch the surface is made with, what else is to be known."""
    behind = coach.step != of_step
    words = [f"{shown.of} = {short(shown.loss)} {f'at step {of_step:,}' if behind else 'here'}"]
    if behind:
        words.append(f"surface of step {of_step:,}: looked at again when the training pauses")
    elif of_step:
        words.append(f"with the values and the batch of step {of_step:,}")
    if shown.random:
        words.append("the same random numbers at each point")
    if coach.shown is not None:
        words.append(f"the point is that of step {coach.shown:,}")
    if kind == "random":
        words.append("each direction filter-normalised (Li et al. 2018)")
    if shown.error:
        words.append(f"NaN where torch refused: {shown.error.splitlines()[0]}")
    return words
