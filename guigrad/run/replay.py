"""What is played to come to a step again: with the documents that were played then, the step before it as a moment of its own."""

from __future__ import annotations

from typing import Final

from guigrad.run.recording import Recording
from guigrad.run.training import Train

NEAR: Final = 24
"""Moments that are kept on the way lie no nearer."""
MANY: Final = 24
"""So many are kept on one way at most."""
SMALL: Final = 100_000
"""Units: bytes. Larger moments are not kept on the way."""


def again(
    recording: Recording, begin: int, step: int, phases: int, xray: bool, moment_bytes: int = SMALL
) -> list[tuple[int, Train]]:
    """The verbs from step ``begin`` to the end of ``step``, or so many phases into it, each with the step that it ends at.

    Moments are kept on the way, so that steps near it are shown sooner: who scrubs plays a long way again only once.
    """
    changes = {first for run in recording.lineage() for first, _ in run.documents if begin < first < step}
    if moment_bytes <= SMALL:
        stride = max(NEAR, -(-(step - begin) // MANY))
        changes |= set(range(begin + stride, step - 1, stride))
    plays: list[tuple[int, Train]] = []
    for end in sorted(changes | ({step - 1, step} if not phases else {step - 1})):
        if end > begin or (end == step and not phases):
            near = end >= step - 1  # the frame of the step before is kept too: what the step changed is seen
            keep = moment_bytes <= SMALL and not near
            plays.append((end, Train(end - begin, on_nan=False, watch=(), xray=near and xray, keep=keep)))
        begin = max(begin, end)
    return plays + [(step, Train(phase=True, on_nan=False, watch=(), xray=xray))] * phases
