"""What is played to come to a step again: with the documents that were played then, the step before it as a moment of its own."""

from __future__ import annotations

from guigrad.run.recording import Recording
from guigrad.run.training import Train


def again(recording: Recording, begin: int, step: int, phases: int, xray: bool) -> list[tuple[int, Train]]:
    """The verbs from step ``begin`` to the end of ``step``, or so many phases into it, each with the step that it ends at."""
    changes = {first for run in recording.lineage() for first, _ in run.documents if begin < first < step}
    plays: list[tuple[int, Train]] = []
    for end in sorted(changes | ({step - 1, step} if not phases else {step - 1})):
        if end > begin or (end == step and not phases):
            near = end >= step - 1  # the frame of the step before is kept too: what the step changed is seen
            plays.append((end, Train(end - begin, on_nan=False, watch=(), xray=near and xray)))
        begin = max(begin, end)
    return plays + [(step, Train(phase=True, on_nan=False, watch=(), xray=xray))] * phases
