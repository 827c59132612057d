"""How the parameters of a training are spread at the end of a step: what the engine tells, and what is kept of it, within bounds."""

from __future__ import annotations

import math
from collections.abc import Iterable

from msgspec import Struct

from guigrad.run.shelf import Shelf

BINS = 64
"""Bins of a histogram at most."""
PARAMETERS = 128
"""So many parameters are told of one by one."""
SKETCH_BYTES = 16 * 1024 * 1024
SAMPLES = 600
"""So many steps of a run are kept at most."""


class AskSketch(Struct, frozen=True, tag=True):
    """How large the trained parameters and their gradients are, how far the last step moved them, and with ``bins`` how they are spread."""

    bins: bool = True


class Bins(Struct, frozen=True):
    """A histogram of what is finite: ``counts`` (uint32 in a row) of equally wide bins from ``low`` to ``high``; ``odd`` were not finite."""

    low: float = 0.0
    high: float = 0.0
    counts: bytes = b""
    odd: int = 0


class Spot(Struct, frozen=True):
    """One parameter at the end of a step. NaN: not known. Histograms are empty where nobody asked for them. ``ratio`` is how far the step moved it against how large it was."""

    id: str
    label: str
    size: int = 1
    norm: float = math.nan
    grad_norm: float = math.nan
    ratio: float = math.nan
    value: Bins = Bins()
    grad: Bins | None = None


class Sketch(Struct, frozen=True):
    """The parameters at the end of ``step``, in the program's order; ``more`` are left out. ``seconds`` is what it took."""

    step: int = 0
    spots: tuple[Spot, ...] = ()
    more: int = 0
    seconds: float = 0.0

    @property
    def has_bins(self) -> bool:
        """Whether it has histograms."""
        return any(spot.value.counts or spot.value.odd for spot in self.spots)

    @property
    def size_bytes(self) -> int:
        """About how much memory it takes."""
        return 100 + sum(
            400 + len(spot.value.counts) + (len(spot.grad.counts) if spot.grad is not None else 0)
            for spot in self.spots
        )


def bare(label: str) -> str:
    """A parameter's name without the number of its version: "w" for "w@1"."""
    name, _, version = label.rpartition("@")
    return name if name and version.isdecimal() else label


class Sketches:
    """Sketches of every run, thinned as frames are. See Note [Thinning] in run/recording."""

    def __init__(self, limit_bytes: int = SKETCH_BYTES, samples: int = SAMPLES) -> None:
        self.limit_bytes, self.samples = limit_bytes, samples
        self._shelves: dict[int, Shelf[Sketch]] = {}

    @property
    def size_bytes(self) -> int:
        """What they take."""
        return sum(shelf.size_bytes for shelf in self._shelves.values())

    def add(self, run: int, sketch: Sketch) -> None:
        """One more of a run."""
        shelf = self._shelves.setdefault(run, Shelf())
        shelf.put(sketch.step, sketch, sketch.size_bytes)
        while len(shelf) > self.samples:
            shelf.thin()
        while self.size_bytes > self.limit_bytes:
            max(self._shelves.values(), key=lambda one: one.size_bytes).thin()

    def is_thinned(self, run: int) -> bool:
        """Whether some of a run have been let go of."""
        return run in self._shelves and self._shelves[run].stride > 1

    def of(self, run: int) -> tuple[Sketch, ...]:
        """Those of one run, in order."""
        shelf = self._shelves.get(run)
        return () if shelf is None else tuple(one for step in shelf.steps if (one := shelf.get(step)) is not None)

    def along(self, spans: Iterable[tuple[int, int, int]]) -> tuple[Sketch, ...]:
        """Those of spans (run, after this step, up to this step), in their order."""
        return tuple(one for run, low, high in spans for one in self.of(run) if low < one.step <= high)


RECORDS = (AskSketch, Bins, Spot, Sketch)
"""What crosses a process border. See Note [Wire format]."""
