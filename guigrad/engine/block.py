"""Closures called in order, and the unpacking of values."""

from __future__ import annotations

from operator import length_hint
from typing import TYPE_CHECKING, Any

from guigrad.engine.arguments import Step
from guigrad.engine.unroll import HOT, MOST, Unrolled

if TYPE_CHECKING:
    from guigrad.engine.build import Plan


class LeftError(Exception):
    """A round of the loop is left: ``break``, or ``continue``."""


class BreakError(LeftError):
    """No further round."""


class Block:
    """A list of closures that are called in order; from the ``HOT``-th time on written out as one function. See Note [Written out] in unroll."""

    __slots__ = ("_times", "_unrolled", "calls", "keys", "plan")

    def __init__(self, plan: Plan, calls: list[Step], keys: list[str]) -> None:
        self.plan, self.calls, self.keys = plan, calls, keys
        self._times = 0
        self._unrolled: Unrolled | None = None

    def run(self) -> None:
        """Calls them all."""
        plan = self.plan
        way = self.way()
        plan.running.append((self, way))
        try:
            way.play()
        except LeftError:
            raise
        except BaseException as error:
            if plan.failed is None:
                plan.failed = self.key(way, error)
            raise
        finally:
            plan.running.pop()

    def way(self) -> Unrolled | Row:
        """What plays them the next time."""
        if self._unrolled is not None:
            return self._unrolled
        self._times += 1
        if self._times < HOT or len(self.calls) > MOST:
            return Row(self.calls)
        self._unrolled = Unrolled(self.calls, self.plan.env)
        return self._unrolled

    def key(self, way: Unrolled | Row, error: BaseException | None = None) -> str:
        """The key of the item that is being played that way, or has raised an error."""
        return self.keys[way.at(error)]


class Row:
    """Closures called one after the other. Which one is found from how far the iterator got, so that a call costs nothing more."""

    __slots__ = ("_calls", "_count")

    lasting = False

    def __init__(self, calls: list[Step]) -> None:
        self._calls, self._count = iter(calls), len(calls)

    def play(self) -> None:
        """Calls them all, once."""
        for call in self._calls:
            call()

    def at(self, error: BaseException | None = None) -> int:
        """Which of them is being called, or has raised an error."""
        return self._count - 1 - length_hint(self._calls)


def unpack(value: Any, outs: list[int], env: list[Any]) -> None:
    """``a, b = value`` with Python's own complaints."""
    match outs:
        case [a]:
            (env[a],) = value
        case [a, b]:
            env[a], env[b] = value
        case [a, b, c]:
            env[a], env[b], env[c] = value
        case [a, b, c, d]:
            env[a], env[b], env[c], env[d] = value
        case _:
            _unpack_many(value, outs, env)


def _unpack_many(value: Any, outs: list[int], env: list[Any]) -> None:
    if not hasattr(type(value), "__iter__") and not hasattr(type(value), "__getitem__"):
        raise TypeError(f"cannot unpack non-iterable {type(value).__name__} object")
    found = []
    items = iter(value)
    for count in range(len(outs)):
        try:
            found.append(next(items))
        except StopIteration:
            raise ValueError(f"not enough values to unpack (expected {len(outs)}, got {count})") from None
    for _ in items:
        raise ValueError(f"too many values to unpack (expected {len(outs)})")
    for at, item in zip(outs, found, strict=True):
        env[at] = item
