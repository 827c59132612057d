"""The rounds of a loop, counted: it can be entered at any of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


class Rounds:
    """The rounds of a loop, which can be entered at any of them. ``index``: how many have begun."""

    def __init__(self, over: Any, before: Rounds | None = None) -> None:
        self.over: Any = over
        self.items: Any
        if before is not None and before.over is over:
            self.items = before.items  # an iterator gives what it has only once
        else:
            self.items = over if isinstance(over, range | list | tuple | str) else list(over)
        self.index = 0
        self.on: Callable[[], bool] | None = None  # whether to go on past the end of a range
        self.left = False  # by ``break``

    def __iter__(self) -> Iterator[Any]:
        items = self.items
        while (index := self.index) < len(items):  # as __next__, which costs more to call
            self.left = False
            self.index = index + 1
            yield items[index]
        yield from iter(self.__next__, object())  # past the end of a range

    def __next__(self) -> Any:
        index, items = self.index, self.items
        self.left = False
        if index < len(items):
            self.index = index + 1
            return items[index]
        if isinstance(items, range) and self.on is not None and self.on():
            self.index = index + 1
            return items.start + index * items.step
        raise StopIteration

    @property
    def ended(self) -> bool:
        """Whether the loop as it is written has no more rounds."""
        return self.left or self.index >= len(self.items)
