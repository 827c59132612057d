"""Numbers over steps, in memory that does not grow without bound: past a limit neighbours share a bucket that keeps least, greatest and last."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator

LIMIT = 1_000_000
"""So many points are kept as they are."""


class Series:
    """One number for each step from ``first`` on. Every bucket stands for ``stride`` steps; as long as that is 1 all is exact.

    NaN counts as nothing for a bucket's least and greatest; ``nans`` counts them, ``first_nan`` is the step of the first (0: none).
    """

    def __init__(self, first: int = 1, limit: int = LIMIT) -> None:
        if limit < 2:
            raise ValueError("a series needs room for two points")
        self.first, self.limit, self.stride = first, limit - limit % 2, 1
        self.count = 0
        self.nans = self.first_nan = 0
        self._last, self._low, self._high = array("d"), array("d"), array("d")

    def __len__(self) -> int:
        """How many buckets there are."""
        return len(self._last)

    @property
    def end(self) -> int:
        """The last step that it knows of; one before ``first`` if there is none."""
        return self.first + self.count - 1

    @property
    def size_bytes(self) -> int:
        """The memory of its numbers."""
        return 8 * (len(self._last) + len(self._low) + len(self._high))

    def append(self, value: float) -> None:
        """The next step's number."""
        self.extend((value,))

    def extend(self, values: Iterable[float]) -> None:
        """The numbers of the next steps."""
        values = array("d", values)
        if self.stride == 1 and len(self._last) + len(values) <= self.limit and not any(map(math.isnan, values)):
            self._last.extend(values)
            self.count += len(values)
            return
        for value in values:
            if value != value:
                self.nans += 1
                if not self.first_nan:
                    self.first_nan = self.first + self.count
            if self.stride == 1:
                if len(self._last) < self.limit:
                    self._last.append(value)
                    self.count += 1
                    continue
                self._low, self._high = array("d", self._last), array("d", self._last)
            self._put(value)

    def _put(self, value: float) -> None:
        if self.count == self.stride * len(self._last):  # the last bucket is full
            if len(self._last) == self.limit:
                self._merge()
            if self.count == self.stride * len(self._last):
                self._last.append(value)
                self._low.append(value)
                self._high.append(value)
                self.count += 1
                return
        self._last[-1] = value
        self._low[-1] = _least(self._low[-1], value)
        self._high[-1] = _greatest(self._high[-1], value)
        self.count += 1

    def _merge(self) -> None:
        pairs = range(0, len(self._last), 2)
        self._low = array("d", [_least(self._low[at], self._low[at + 1]) for at in pairs])
        self._high = array("d", [_greatest(self._high[at], self._high[at + 1]) for at in pairs])
        self._last = self._last[1::2]
        self.stride *= 2

    def fill(self, step: int) -> None:
        """Steps up to the one before ``step`` that nobody told of are NaN; a series that knows nothing yet begins there."""
        if not self.count:
            self.first = step
        while self.end < step - 1:
            self.append(math.nan)

    def cut(self, step: int) -> Series:
        """Its numbers up to a step, as another series; of a bucket across it nothing is taken."""
        found = Series(self.first, self.limit)
        found.stride = self.stride
        buckets = max(0, min(len(self._last), (step - self.first + 1) // self.stride))
        found._last = self._last[:buckets]
        if self.stride > 1:
            found._low, found._high = self._low[:buckets], self._high[:buckets]
        found.count = min(self.count, buckets * self.stride)
        if 0 < self.first_nan <= found.end:
            found.first_nan, found.nans = self.first_nan, sum(map(math.isnan, found._last)) or 1
        return found

    def at(self, step: int) -> float:
        """The number of a step (of its bucket: the last); NaN outside."""
        place = (step - self.first) // self.stride
        return self._last[place] if 0 <= place < len(self._last) and step <= self.end else math.nan

    @property
    def values(self) -> tuple[float, ...]:
        """The number of each step, of a bucket the last."""
        return tuple(self._last)

    @property
    def steps(self) -> range:
        """The last step of each bucket, of an unfinished one too; the last of all may lie behind ``end``."""
        return range(self.first + self.stride - 1, self.first + self.stride * (len(self._last) + 1) - 1, self.stride)

    def every(self, stride: int) -> array[float]:
        """The last number of every so many buckets, from the first on."""
        return self._last[::stride]

    def packed(self) -> tuple[bytes, bytes, bytes]:
        """Least, greatest and last of each bucket as float64 in a row: copies, for those who count with arrays."""
        low, high = (self._last, self._last) if self.stride == 1 else (self._low, self._high)
        return low.tobytes(), high.tobytes(), self._last.tobytes()

    def points(self, begin: int = 0, end: int | None = None) -> Iterator[tuple[int, float, float, float]]:
        """(last step, least, greatest, last) of the buckets from a step on, to one."""
        low, high = (self._last, self._last) if self.stride == 1 else (self._low, self._high)
        start = max(0, (begin - self.first) // self.stride)
        stop = len(self._last) if end is None else min(len(self._last), (end - self.first) // self.stride + 1)
        for at in range(start, stop):
            yield min(self.first + self.stride * (at + 1) - 1, self.end), low[at], high[at], self._last[at]


def _least(one: float, other: float) -> float:
    return other if one != one or other < one else one


def _greatest(one: float, other: float) -> float:
    return other if one != one or other > one else one
