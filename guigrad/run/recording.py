"""What a training leaves behind, within bounds: numbers of every step, frames and moments under a budget, bookmarks.

Note [Thinning]
Watched numbers are kept of every step (``Series``). Frames and moments lie on shelves. A shelf keeps what stands at every ``stride``-th place
of those that came, and the last ``RECENT`` whatever their place. When the recording needs more bytes than its budget, the shelf that takes most
doubles its stride: half of what is old goes, evenly over the whole run. So the distance between two moments, and with it what must be played again to
show any step, is at most twice the run's length by the number of moments that fit. A bookmarked step keeps what it has until nothing else
is left to drop.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct, structs

from guigrad.document.model import Document
from guigrad.document.problem import Problem
from guigrad.run.frame import Frame
from guigrad.run.series import LIMIT, Series
from guigrad.run.shelf import Shelf
from guigrad.run.sketch import Sketches
from guigrad.run.training import Moment, Trained

BUDGET_BYTES = 256 * 1024 * 1024
PRINTS = 10_000
MARKS = 10_000


class Run(Struct):
    """One course of a training: the first, or a branch of another from step ``start`` on. ``documents``: what was played from which step on."""

    number: int
    name: str
    start: int = 0
    parent: int | None = None
    series: dict[str, Series] = {}
    end: int = 0
    documents: list[tuple[int, Document]] = []
    reason: str = ""
    traces: dict[str, Series] = {}
    origins: dict[str, float] = {}


class Recording:
    """All runs of one training. Steps count from 1 in the first run; a branch goes on counting from where it left.

    Thread: one at a time.
    """

    def __init__(self, document: Document | None = None, budget_bytes: int = BUDGET_BYTES, points: int = LIMIT) -> None:
        self.budget_bytes, self.points = budget_bytes, points
        self.runs: list[Run] = [Run(0, "run 1", series={}, documents=[] if document is None else [(0, document)])]
        self.current = 0
        self.bookmarks: dict[tuple[int, int], str] = {}
        self.problems: tuple[Problem, ...] = ()
        self.prints: list[str] = []
        self.begin: Frame | None = None  # before the first step
        self.lost = 0
        self.sketches = Sketches()
        self._frames: dict[int, Shelf[Frame]] = {0: Shelf()}
        self._moments: dict[int, Shelf[Moment]] = {0: Shelf()}
        self._blobs: dict[str, tuple[bytes, int]] = {}
        self._blob_bytes = 0

    # --- what there is ---

    @property
    def run(self) -> Run:
        """The run that goes on."""
        return self.runs[self.current]

    @property
    def step(self) -> int:
        """The last step of the run that goes on."""
        return self.run.end

    @property
    def names(self) -> tuple[str, ...]:
        """The numbers that are watched."""
        return tuple(dict.fromkeys(name for run in self.lineage() for name in run.series))

    @property
    def loss(self) -> tuple[float, ...]:
        """The first watched number of each step, parents of a branch included."""
        return self[self.names[0]] if self.names else ()

    def __getitem__(self, name: str) -> tuple[float, ...]:
        """A watched number over all steps of the run that goes on (of a long one: the last of each bucket)."""
        found: list[float] = []
        chain = self.lineage()
        for at, run in enumerate(chain):
            series = run.series.get(name)
            if series is not None:
                found += (series if at == len(chain) - 1 else series.cut(chain[at + 1].start)).values
        return tuple(found)

    def __len__(self) -> int:
        return self.step

    def lineage(self, run: int | None = None) -> list[Run]:
        """A run with those that it branched from, the first of all first."""
        found = [self.runs[self.current if run is None else run]]
        while found[0].parent is not None:
            found.insert(0, self.runs[found[0].parent])
        return found

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The frames that are kept of the run that goes on, in order."""
        found = []
        for number, low, high in self.spans():
            shelf = self._frames[number]
            found += [shelf.get(step) for step in shelf.steps if low < step <= high]
        return tuple(frame for frame in found if frame is not None)

    @property
    def frame_steps(self) -> tuple[int, ...]:
        """The steps of which a frame is kept."""
        return tuple(
            step for number, low, high in self.spans() for step in self._frames[number].steps if low < step <= high
        )

    def frames_of(self, run: int) -> list[tuple[int, Frame]]:
        """The frames that are kept of a run's own steps, with these."""
        shelf = self._frames[run]
        return [(step, frame) for step in shelf.steps if (frame := shelf.get(step)) is not None]

    def frame(self, step: int) -> Frame | None:
        """The frame at the end of a step, if it is kept."""
        number = self.owner(step)
        return self._frames[number].get(step)

    def frame_of(self, run: int, step: int | None = None) -> tuple[int, Frame] | None:
        """The last frame that is kept of a run and of those that it came from, at most that of ``step``, with its step."""
        for number, low, high in reversed(self.spans(run)):
            last = high if step is None else min(high, step)
            for at, frame in reversed(self.frames_of(number)):
                if low < at <= last:
                    return at, frame
        return None

    def has_frame(self, step: int) -> bool:
        """Whether the frame at the end of a step is kept."""
        return step in self._frames[self.owner(step)]

    @property
    def is_thinned(self) -> bool:
        """Whether frames have had to go already."""
        return any(shelf.stride > 1 for shelf in self._frames.values())

    def changes(self, after: int, before: int) -> set[int]:
        """The steps between two others behind which another document was played."""
        return {first for run in self.lineage() for first, _ in run.documents if after < first < before}

    def frame_before(self, step: int) -> tuple[int, Frame] | None:
        """The last frame of an earlier step that is kept, with its step; 0 is before the first one."""
        for number, low, high in reversed(self.spans()):
            shelf = self._frames[number]
            there = shelf.step_before(min(step, high + 1))
            found = shelf.get(there) if there is not None and there > low else None
            if there is not None and found is not None:
                return there, found
        return None if self.begin is None else (0, self.begin)

    def nearest(self, step: int) -> Moment | None:
        """The last moment before a step that is kept; None: only the beginning is."""
        for number, low, high in reversed(self.spans()):
            if low < step:
                found = self._moments[number].before(min(step, high + 1))
                if found is not None and found.step >= low:
                    return self._whole(found)
        return None

    def document(self, step: int) -> Document | None:
        """What was played in a step."""
        found = [document for first, document in self.runs[self.owner(step)].documents if first < max(step, 1)]
        return found[-1] if found else None

    @property
    def size_bytes(self) -> int:
        """What frames, moments and numbers take."""
        kept = [series for run in self.runs for series in (*run.series.values(), *run.traces.values())]
        numbers = sum(series.size_bytes for series in kept)
        return sum(self._kept_bytes) + numbers + self.sketches.size_bytes

    def spans(self, run: int | None = None) -> list[tuple[int, int, int]]:
        """(run, after this step, up to this step) of a run's lineage."""
        chain = self.lineage(run)
        ends = [*[run.start for run in chain[1:]], chain[-1].end]
        return [
            (run.number, run.start if run.parent is not None else -1, end) for run, end in zip(chain, ends, strict=True)
        ]

    def owner(self, step: int) -> int:
        """The run that a step of the one that goes on was played in."""
        return next((number for number, low, high in self.spans() if low < step <= high), self.current)

    # --- what happens ---

    def add(self, trained: Trained, problems: tuple[Problem, ...] = (), prints: Iterable[str] = ()) -> None:
        """What a piece of training told."""
        run = self.run
        for kept, names, columns in (
            (run.series, trained.watched, trained.series), (run.traces, trained.traced, trained.traces)
        ):  # fmt: skip
            for name, values in zip(names, columns, strict=True):
                series = kept.get(name)
                if series is None:
                    series = kept[name] = Series(run.start + 1, self.points)
                if values:
                    series.fill(trained.first)
                    skip = max(0, series.end + 1 - trained.first)  # told before, of steps that were played again
                    series.extend(values[skip:])
        if trained.origin:
            run.origins = dict(zip(trained.traced, trained.origin, strict=True))
        run.end, run.reason = max(run.end, trained.step), trained.reason
        self.problems = problems
        self.prints += prints
        if len(self.prints) > PRINTS:
            self.lost += len(self.prints) - PRINTS
            del self.prints[:-PRINTS]
        if trained.moment is not None:
            self.add_moment(trained.moment)

    def add_frame(self, step: int, frame: Frame) -> None:
        """A frame at the end of a step."""
        number = self.owner(step)  # a step that was played again may be of the run that this one left
        self._frames[number].put(step, frame, frame_bytes(frame), self._marked(number))
        self._within_budget()

    def add_moment(self, moment: Moment) -> None:
        """A moment; its bytes are kept once however many moments share them."""
        for name in dict.fromkeys(moment.storages):
            data, users = self._blobs.get(name, (moment.blobs.get(name, b""), 0))
            if not users:
                self._blob_bytes += len(data)
            self._blobs[name] = (data, users + 1)
        own = structs.replace(moment, blobs={})
        number = self.owner(moment.step)
        for gone in self._moments[number].put(moment.step, own, own.size_bytes, self._marked(number)):
            self._free(gone)
        self._within_budget()

    def edited(self, document: Document) -> None:
        """The document is another from here on."""
        run = self.run
        if run.documents and run.documents[-1][0] == run.end:
            run.documents.pop()
        run.documents.append((run.end, document))

    def branch(self, step: int, name: str = "", document: Document | None = None) -> Run:
        """Another run, from a step of the one that goes on; that one stays as it is."""
        owner = self.owner(step)
        known = document or self.document(step)
        run = Run(len(self.runs), name or f"run {len(self.runs) + 1}", step, owner, {}, step)
        run.documents = [] if known is None else [(step, known)]
        self.runs.append(run)
        self._frames[run.number], self._moments[run.number] = Shelf(), Shelf()
        self.current = run.number
        return run

    def go(self, run: int) -> None:
        """The run that goes on from now on."""
        if 0 <= run < len(self.runs):
            self.current = run

    def bookmark(self, step: int, text: str = "") -> bool:
        """Marks a step of the run that goes on; what is kept of it stays longest. False when there are too many already."""
        if len(self.bookmarks) >= MARKS:
            return False
        self.bookmarks[self.owner(step), step] = text
        return True

    def forget_bookmark(self, step: int) -> None:
        """The step is marked no more."""
        self.bookmarks.pop((self.owner(step), step), None)

    def set_budget(self, budget_bytes: int) -> None:
        """How many bytes frames and moments may take; what is too much goes at once."""
        self.budget_bytes = max(0, budget_bytes)
        self._within_budget()

    # --- inside ---

    def _marked(self, run: int) -> Mapping[int, str]:
        return {step: text for (number, step), text in self.bookmarks.items() if number == run}

    def _whole(self, moment: Moment) -> Moment:
        return structs.replace(moment, blobs={name: self._blobs[name][0] for name in moment.storages})

    def _free(self, moment: Moment) -> None:
        for name in dict.fromkeys(moment.storages):
            data, users = self._blobs[name]
            if users == 1:
                del self._blobs[name]
                self._blob_bytes -= len(data)
            else:
                self._blobs[name] = (data, users - 1)

    @property
    def _kept_bytes(self) -> tuple[int, int]:
        """What frames take, and moments."""
        own = sum(shelf.size_bytes for shelf in self._moments.values())
        return sum(shelf.size_bytes for shelf in self._frames.values()), own + self._blob_bytes

    def _within_budget(self) -> None:
        while sum(self._kept_bytes) > self.budget_bytes:
            frames, moments = self._kept_bytes
            shelves = [one for one in self._shelves() if len(one[1])]
            mine = [one for one in shelves if one[0] is (frames >= moments)]
            if not mine:
                return
            _, shelf, number = max(mine, key=lambda one: one[1].size_bytes)
            for gone in shelf.thin(self._marked(number)):
                if isinstance(gone, Moment):
                    self._free(gone)

    def _shelves(self) -> Iterator[tuple[bool, Shelf[Frame] | Shelf[Moment], int]]:
        for number, frames in self._frames.items():
            yield True, frames, number
        for number, moments in self._moments.items():
            yield False, moments, number


def frame_bytes(frame: Frame) -> int:
    """About how much memory a frame takes."""
    total = 500 + 300 * len(frame.records)
    for record in frame.records.values():
        for value in (record.value, record.grad, record.xray):
            data = getattr(value, "data", None)
            total += len(data) + 100 if data is not None else 32 * len(value) if isinstance(value, tuple | str) else 0
    return total + sum(len(array.data) + 100 for array in frame.contributions.values())
