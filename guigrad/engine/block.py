"""Closures called in order, and the unpacking of values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from guigrad.engine.arguments import Step

if TYPE_CHECKING:
    from guigrad.engine.build import Plan


class LeftError(Exception):
    """A round of the loop is left: ``break``, or ``continue``."""


class BreakError(LeftError):
    """No further round."""


class Block:
    """A list of closures that are called in order."""

    __slots__ = ("calls", "keys", "plan")

    def __init__(self, plan: Plan, calls: list[Step], keys: list[str]) -> None:
        self.plan, self.calls, self.keys = plan, calls, keys

    def run(self) -> None:
        """Calls them all. Who failed is found from how far the iterator got, so that a call costs nothing more."""
        plan = self.plan
        calls = iter(self.calls)
        plan.running.append((self, calls))
        try:
            for call in calls:
                call()
        except LeftError:
            raise
        except BaseException:
            if plan.failed is None:
                plan.failed = self.key(calls)
            raise
        finally:
            plan.running.pop()

    def key(self, calls: Any) -> str:
        """The key of the item that an iterator over the calls gave last."""
        left: int = calls.__length_hint__()
        return self.keys[len(self.keys) - 1 - left]


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
