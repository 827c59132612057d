"""What a film shows and for how long: a forward and a backward step by step, or some of the steps of a training.

A film has a sensible length whatever it shows: few steps are shown slowly, many quickly, and of more than there are pictures for some are left out
evenly.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from guigrad.run.frame import Frame
from guigrad.run.steps import Step, Steps

STEP_SECONDS: Final = 0.6
"""A step of a pass, if there are few."""
PASS_SECONDS: Final = 30.0
TRAINED_SECONDS: Final = 0.25
"""A step of a training, if there are few."""
TRAINING_SECONDS: Final = 12.0
END_SECONDS: Final = 1.5
"""How long the last picture stays."""


class Take(Struct, frozen=True):
    """One moment. ``words`` are written below it; ``node`` is the card that glows, ``back`` the paths of its inputs that gradients leave on,
    None in the forward. ``loss``: what is drawn as a curve, ``part`` of its way on.
    """

    frame: Frame
    words: str
    seconds: float
    node: str = ""
    back: frozenset[str] | None = None
    loss: float | None = None
    part: float = 1.0


def shown(count: int, each: float, most: float, seconds: float | None, fps: int) -> tuple[list[int], float]:
    """Which of so many steps, counted from 1, are shown, and for how many seconds each."""
    if count < 1:
        return [], 0.0
    length = min(count * each, most) if seconds is None else seconds
    pictures = max(1, round(length * fps))
    if count <= pictures:
        return list(range(1, count + 1)), length / count
    if pictures == 1:
        return [count], length
    return sorted({1 + round(at * (count - 1) / (pictures - 1)) for at in range(pictures)}), 1 / fps


def plan(steps: Steps, fps: int, seconds: float | None = None) -> tuple[list[int], float]:
    """Which steps of a pass are shown, and for how long each."""
    return shown(len(steps), STEP_SECONDS, PASS_SECONDS, seconds, fps)


def of_pass(steps: Steps, numbers: list[int], each: float) -> Iterator[Take]:
    """The takes of a forward and its backward: how it begins, then some of its steps."""
    count = len(steps)
    begins = f"{count:,} steps: forward op by op" + (", then backward grad_fn by grad_fn" if steps.events else "")
    yield Take(steps.at(0), begins, each or END_SECONDS)
    for number in numbers:
        step = steps[number - 1]
        words = f"step {number:,} of {count:,} · {'forward' if step.kind == 'forward' else 'backward'} · {step.words}"
        last = END_SECONDS if number == numbers[-1] else 0.0
        yield Take(steps.at(number), words, each + last, step.node.partition("/")[0], _back(step))


def _back(step: Step) -> frozenset[str] | None:
    if step.event is None:
        return None
    return frozenset(part.wire[2] for part in step.event.left if part.wire is not None)
