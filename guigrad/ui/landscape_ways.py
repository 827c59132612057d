"""Where trainings went on a plane through the parameters: from the numbers that were traced, else from the frames that are kept."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np

from guigrad.document.array import ArrayData
from guigrad.run.frame import Frame
from guigrad.run.landscape import Entry, Landscape, Leaf
from guigrad.run.recording import Recording, Run
from guigrad.run.training import Watch
from guigrad.ui.widgets.relief import Way
from guigrad.ui.widgets.terrain import Numbers

TRACED = 16
"""Programs with no more entries that train have them all traced."""
MOST = 8000
"""Of a longer trace every so many steps are looked at."""
TOKENS = ("grad", "value", "success", "xray", "warning", "optim", "loss", "leaf")
MARKS = ("o", "s", "t", "d", "star", "p", "h", "+")
Point: TypeAlias = tuple[float, float]


def entries_of(leaf: Leaf, limit: int = 10_000) -> list[str]:
    """The names of a leaf's entries."""
    if not leaf.shape:
        return [leaf.name]
    count = min(limit, math.prod(leaf.shape))
    return [f"{leaf.name}[{', '.join(map(str, index))}]" for index in (_place(at, leaf.shape) for at in range(count))]  # fmt: skip


def _place(at: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    found: list[int] = []
    for size in reversed(shape):
        found.insert(0, at % max(size, 1))
        at //= max(size, 1)
    return tuple(found)


def traced_of(leaves: tuple[Leaf, ...], chosen: tuple[str, ...]) -> tuple[Watch, ...]:
    """What is to be traced: all that trains where that is little, and the entries on the axes."""
    names = [name for leaf in leaves if leaf.trains for name in entries_of(leaf, TRACED + 1)]
    return tuple(Watch(name) for name in dict.fromkeys((*(names if len(names) <= TRACED else ()), *chosen)))


class Projector:
    """Puts parameters on the plane of a landscape."""

    def __init__(self, shown: Landscape) -> None:
        self.x, self.y, self.plane = shown.x, shown.y, shown.plane
        leaves = {leaf.id: leaf for leaf in shown.leaves}
        self.names: list[str] = []
        self._matrix: Numbers = np.empty((2, 0))
        self._origin: Numbers = np.empty(0)
        if self.plane is not None:
            flat = [np.concatenate([_flat(part) for part in parts]) for parts in (self.plane.first, self.plane.second)]
            self._origin = np.concatenate([_flat(part) for part in self.plane.origin])
            along = np.stack(flat)
            self._matrix = np.linalg.solve(along @ along.T, along)  # the nearest point of the plane
            self.names = [name for key in self.plane.leaves if key in leaves for name in entries_of(leaves[key])]
        else:
            self.names = [entry.name for entry in self.entries]

    @property
    def entries(self) -> list[Entry]:
        """What is along the axes, if entries are."""
        return [entry for entry in (self.x, self.y) if entry is not None]

    def of_frame(self, frame: Frame) -> Point | None:
        """Where the parameters of a frame are; None where it does not carry them."""
        if self.plane is not None:
            values = [_array(frame, key) for key in self.plane.leaves]
            held = [value for value in values if value is not None]
            if len(held) < len(values):
                return None
            flat = np.concatenate([np.asarray(value, np.float64).ravel() for value in held])
            if len(flat) != len(self._origin):
                return None
            with np.errstate(all="ignore"):
                a, b = self._matrix @ (flat - self._origin)
            return float(a), float(b)
        found = []
        for entry in self.entries:
            value = _array(frame, entry.leaf)
            if value is None or value.ndim != len(entry.index):
                return None
            if any(at >= size for at, size in zip(entry.index, value.shape, strict=True)):
                return None
            found.append(float(value[entry.index]))
        return (found[0], found[1] if len(found) > 1 else 0.0) if found else None

    def of_traces(self, run: Run) -> tuple[Numbers, Numbers, Numbers] | None:
        """Steps, x and y of what was traced, from before the first step on; None where not all of it was."""
        traces, origins = run.traces, run.origins
        columns = [traces.get(name) for name in self.names]
        held = [series for series in columns if series is not None and len(series)]
        if not held or len(held) < len(columns):
            return None
        first, stride = max(series.first for series in held), max(series.stride for series in held)
        if any(series.stride != stride or series.first != first for series in held):
            return None
        count = min(len(series) for series in held)
        every = max(1, -(-count // MOST))
        values = np.stack([np.array(series.every(every)) for series in held])[:, : -(-count // every)]
        steps = np.minimum(np.arange(0, count, every) * stride + first + stride - 1, held[0].end).astype(np.float64)
        if all(name in origins for name in self.names):
            values = np.insert(values, 0, [origins[name] for name in self.names], axis=1)
            steps = np.insert(steps, 0, 0.0)
        if self.plane is not None:
            if len(values) != len(self._origin):
                return None
            with np.errstate(all="ignore"):
                values = self._matrix @ (values - self._origin[:, None])
        return steps, values[0], values[1] if len(values) > 1 else np.zeros(len(steps))


class Ways:
    """The ways of all runs of a recording; what was projected once is kept until the plane is another."""

    def __init__(self) -> None:
        self.projector: Projector | None = None
        self.begin: Frame | None = None
        self._known: dict[tuple[int, int], Point | None] = {}

    def use(self, projector: Projector | None) -> None:
        """Another plane, or another recording."""
        self.projector, self._known = projector, {}

    @property
    def start(self) -> Point | None:
        """Where the first run began."""
        return self.projector.of_frame(self.begin) if self.projector is not None and self.begin is not None else None

    def of(self, recording: Recording) -> tuple[Way, ...]:
        """One for each run."""
        found = []
        for run in recording.runs:
            at = run.number % len(TOKENS)
            x, y = self._run(recording, run)
            if len(x):
                found.append(Way(run.name, x, y, TOKENS[at], MARKS[at]))
        return tuple(found)

    def _run(self, recording: Recording, run: Run) -> tuple[Numbers, Numbers]:
        projector = self.projector
        if projector is None:
            return np.empty(0), np.empty(0)
        traced = projector.of_traces(run)
        if traced is not None:
            steps, x, y = traced
            if steps[0] == 0:
                return x, y
        else:
            points = [point for step, frame in recording.frames_of(run.number) if (point := self._point(run.number, step, frame))]  # fmt: skip
            x, y = (np.array([point[k] for point in points], np.float64) for k in (0, 1))
        begin = self.start if run.parent is None else self._branched(recording, run)
        if begin is not None and len(x):
            x, y = np.insert(x, 0, begin[0]), np.insert(y, 0, begin[1])
        return x, y

    def _branched(self, recording: Recording, run: Run) -> Point | None:
        """Where a branch left its parent."""
        assert self.projector is not None
        assert run.parent is not None
        parent = recording.runs[run.parent]
        traced = self.projector.of_traces(parent)
        if traced is not None:
            steps, x, y = traced
            at = int(np.searchsorted(steps, run.start))
            return (float(x[at]), float(y[at])) if at < len(steps) else None
        if run.start == 0:
            return self.start
        frames = dict(recording.frames_of(run.parent))
        return self._point(run.parent, run.start, frames[run.start]) if run.start in frames else None

    def _point(self, run: int, step: int, frame: Frame) -> Point | None:
        key = (run, step)
        if key not in self._known:
            assert self.projector is not None
            self._known[key] = self.projector.of_frame(frame)
        return self._known[key]


def trajectory(
    recording: Recording, leaves: tuple[Leaf, ...], limit: int = 4_000_000
) -> tuple[tuple[str, ArrayData], ...]:
    """The parameters over the steps of the run that goes on, by leaf, as PCA needs them: at most so many numbers in all."""
    trained = [leaf for leaf in leaves if leaf.trains]
    size = max(1, sum(math.prod(leaf.shape) for leaf in trained))
    traces = recording.run.traces
    names = {leaf.id: entries_of(leaf, TRACED + 1) for leaf in trained}
    if all(name in traces and len(traces[name]) for each in names.values() for name in each) and size <= TRACED:
        count = min(len(traces[name]) for each in names.values() for name in each)
        keep = _spread(count, max(3, limit // size))
        columns = {
            name: np.frombuffer(traces[name].packed()[2])[:count][keep] for each in names.values() for name in each
        }
        return tuple(
            (leaf.id, _packed(np.stack([columns[name] for name in names[leaf.id]], 1).reshape(len(keep), *leaf.shape)))
            for leaf in trained
        )
    steps = recording.frame_steps
    frames = [recording.frame(steps[at]) for at in _spread(len(steps), min(256, max(3, limit // size)))]
    found = []
    for leaf in trained:
        values = [_array(frame, leaf.id) for frame in frames if frame is not None]
        good = [np.asarray(value, np.float64) for value in values if value is not None and value.shape == leaf.shape]
        if len(good) < len(values) or not good:
            return ()
        found.append((leaf.id, _packed(np.stack(good))))
    return tuple(found)


def _spread(count: int, some: int) -> list[int]:
    return sorted({round(at) for at in np.linspace(0, count - 1, min(count, some))}) if count else []


def _packed(values: Numbers) -> ArrayData:
    made = np.ascontiguousarray(values, np.float64)
    strides = tuple(step // 8 for step in made.strides)
    return ArrayData("float64", made.shape, strides, made.tobytes())


def _array(frame: Frame, key: str) -> Any:
    record = frame.records.get(key)
    value = record.value if record is not None else None
    try:
        return value.numpy() if isinstance(value, ArrayData) else None
    except TypeError:
        return None


def _flat(array: ArrayData) -> Numbers:
    return np.asarray(array.numpy(), np.float64).ravel()
