"""Things by step, thinned. See Note [Thinning] in run/recording."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Container
from typing import Generic, TypeVar

RECENT = 8
"""So many of the last are kept whatever their place."""

Thing = TypeVar("Thing")


class Shelf(Generic[Thing]):
    """Things by step, thinned. See Note [Thinning]. ``size_bytes``: what they take, as it was told."""

    def __init__(self) -> None:
        self.stride = 1
        self.size_bytes = 0
        self._steps: list[int] = []
        self._things: dict[int, tuple[Thing, int, int]] = {}
        self._recent: deque[int] = deque()
        self._count = 0

    def __len__(self) -> int:
        return len(self._steps)

    def __contains__(self, step: int) -> bool:
        return step in self._things

    @property
    def steps(self) -> tuple[int, ...]:
        """The steps of which there is something."""
        return tuple(self._steps)

    def get(self, step: int) -> Thing | None:
        """What there is of a step."""
        found = self._things.get(step)
        return None if found is None else found[0]

    def before(self, step: int) -> Thing | None:
        """The last that is of an earlier step."""
        there = self.step_before(step)
        return None if there is None else self.get(there)

    def step_before(self, step: int) -> int | None:
        """The last earlier step of which there is something."""
        at = bisect_left(self._steps, step)
        return self._steps[at - 1] if at else None

    def put(self, step: int, thing: Thing, size: int, marked: Container[int] = ()) -> list[Thing]:
        """Keeps a thing; what goes for it."""
        gone = self.drop(step)
        self._things[step] = (thing, size, self._count)
        self._count += 1
        self.size_bytes += size
        insort(self._steps, step)
        self._recent.append(step)
        if len(self._recent) > RECENT:
            old = self._recent.popleft()
            if old in self._things and self._things[old][2] % self.stride and old not in marked:
                gone += self.drop(old)
        return gone

    def drop(self, step: int) -> list[Thing]:
        """Lets go of what there is of a step."""
        found = self._things.pop(step, None)
        if found is None:
            return []
        del self._steps[bisect_left(self._steps, step)]
        self.size_bytes -= found[1]
        return [found[0]]

    def thin(self, marked: Container[int] = ()) -> list[Thing]:
        """Keeps half of what is old; where nothing old is left, lets go of the oldest, marked ones last."""
        recent = set(self._recent)
        out: list[int] = []
        while not out and self.stride <= self._count:
            self.stride *= 2
            out = [
                step
                for step in self._steps
                if self._things[step][2] % self.stride and step not in recent and step not in marked
            ]
        if not out:
            out = [step for step in self._steps if step not in marked][:1] or self._steps[:1]
        return [thing for step in out for thing in self.drop(step)]
