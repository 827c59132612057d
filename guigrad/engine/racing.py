"""Races and sweeps for scripts: everything in this process, one lane after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct

from guigrad.document.diff import Diff
from guigrad.document.model import Document
from guigrad.document.problem import Problem, ProblemError
from guigrad.document.variants import PRESETS, Variant, edit_of, find_number, set_to
from guigrad.engine.play import Engine
from guigrad.engine.trainer import Trainer
from guigrad.run.recording import Recording
from guigrad.run.sweep import Tried

NAMES = tuple([row[0] for row in PRESETS])
Entry = Document | Variant | str | Callable[[Document], Diff] | Diff


class Result(Struct, frozen=True):
    """One lane: the document that was trained, its recording, what was wrong. ``loss`` is that of each step."""

    name: str
    document: Document
    recording: Recording
    problems: tuple[Problem, ...] = ()

    @property
    def loss(self) -> tuple[float, ...]:
        """The loss of each step."""
        return self.recording.loss

    @property
    def diverged(self) -> bool:
        """Whether a loss that is no finite number ended it."""
        return self.recording.run.reason == "nan"


def race(
    document: Document,
    variants: Mapping[str, Entry] | Iterable[str | Variant] = NAMES,
    steps: int | None = None,
    seed: int | None = None,
    watch: Sequence[str] | None = None,
) -> dict[str, Result]:
    """Trains variants of a document, each alone from the same start, and gives what became of each by name.

    A variant is a name of ``document.variants.PRESETS`` ("SGD", "Momentum", "RMSprop", "Adam"), an optimizer ("torch.optim.NAdam"), an Edit, a Diff,
    a ``Variant`` or a whole document. One that cannot be made has ``problems`` and no steps; a lane that diverges ends, the others go on.
    """
    entries: list[tuple[str, Entry]] = list(variants.items()) if isinstance(variants, Mapping) else []
    if not isinstance(variants, Mapping):
        entries = [(entry if isinstance(entry, str) else entry.name, entry) for entry in variants]
    found = {}
    for name, entry in entries:
        try:
            own = _made(document, entry)
        except ProblemError as error:
            found[name] = Result(name, document, Recording(document), error.problems)
            continue
        recording = _train(own, steps, seed, watch)
        found[name] = Result(name, own, recording, recording.problems)
    return found


def sweep(
    document: Document, name: str, values: Iterable[float], steps: int | None = None, seed: int | None = None
) -> tuple[Tried, ...]:
    """The loss at the end of a training for each value of one number that the program writes ("lr", "momentum", "x").

    Raises: ProblemError when the program writes no such number.
    """
    number = find_number(document, name)
    found = []
    for value in values:
        try:
            own = set_to(number, value)(document).apply(document)
        except ProblemError as error:
            found.append(Tried(value, said=error.problems[0].message))
            continue
        recording = _train(own, steps, seed, None)
        run, losses = recording.run, recording.loss
        if run.reason == "nan":
            found.append(Tried(value, steps=run.end, said=f"NaN or infinite from step {run.end + 1:,} on"))
        elif run.reason == "failed" or not losses:
            said = recording.problems[0].message if recording.problems else "It told no loss."
            found.append(Tried(value, steps=run.end, said=said))
        else:
            found.append(Tried(value, losses[-1], run.end))
    return tuple(found)


def _made(document: Document, entry: Entry) -> Document:
    if isinstance(entry, Document):
        return entry
    if isinstance(entry, str):
        preset = next((row for row in PRESETS if row[0] == entry), None)
        entry = Variant(entry, preset[1], None, preset[2]) if preset is not None else Variant(entry, entry)
    if isinstance(entry, Variant):
        entry = edit_of(entry)
    diff = entry if isinstance(entry, Diff) else entry(document)
    return diff.apply(document)


def _train(document: Document, steps: int | None, seed: int | None, watch: Sequence[str] | None) -> Recording:
    engine = Engine(document, None, seed)
    return Trainer(engine).train(steps, None, watch, frames=False)
