"""A block's closures written out as one function.

Note [Written out]
Calling a closure costs about what a small op's own Python line costs. A block that has been played ``HOT`` times is therefore written out: one
function with a line for each step, as a script has it. A step whose closure says what its line is (``written``) is that line, with
slots as plain numbers; every other step is a call of its closure. The text holds numbers, the names c0, c1, … and the lines that
stand in this program's own code: nothing of a document gets into it, names of methods included.
Which step runs, or failed, is told by the line that the function is at.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from types import CodeType, FrameType, FunctionType
from typing import Any, TypeVar

from guigrad.engine.arguments import Step

HOT = 16
"""A block is written out when it is played so many times: that costs as much as playing it about four times."""

MOST = 30_000
"""Longer blocks stay as they are: compiling them would take long, and a lot of memory."""

Factory = TypeVar("Factory", bound=Callable[..., Step])

_lines: dict[CodeType, tuple[str, dict[str, Any]]] = {}
"""The line of each kind of closure, with the names that its module knows."""


def written(line: str) -> Callable[[Factory], Factory]:
    """Says which line the closures are that a function makes; its names are theirs."""

    def note(factory: Factory) -> Factory:
        code = next(one for one in factory.__code__.co_consts if isinstance(one, CodeType))
        _lines[code] = line, factory.__globals__
        return factory

    return note


class Unrolled:
    """The function of a block. ``play`` plays it, as often as one likes (``lasting``)."""

    lasting = True

    def __init__(self, calls: Sequence[Step], env: list[Any]) -> None:
        writer = _Writer(env)
        self._starts: list[int] = []
        lines: list[str] = []
        for call in calls:
            self._starts.append(len(lines) + FIRST)
            lines += writer.lines(call)
        names = ", ".join(["env", *writer.names])
        text = "\n".join(
            [f"def make({names}):", "    def play(env=env):", *(f"        {one}" for one in lines or ["pass"])]
        )
        scope = {**writer.scope, "__name__": __name__}
        exec(compile(f"{text}\n    return play\n", "<steps>", "exec"), scope)
        self.play: Callable[[], None] = scope["make"](env, *writer.objects)
        self._code = self.play.__code__

    def at(self, error: BaseException | None = None) -> int:
        """Which of the steps is being played, or has raised an error; -1 if none. Thread: any."""
        trace = None if error is None else error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code is self._code:
                return self._step(trace.tb_lineno)
            trace = trace.tb_next
        for top in (sys._getframe(), *sys._current_frames().values()) if error is None else ():
            for frame in _frames(top):
                if frame.f_code is self._code:
                    return self._step(frame.f_lineno)
        return -1

    def _step(self, line: int) -> int:
        return bisect_right(self._starts, line) - 1


FIRST = 3
"""The line that the first step is in."""


def _frames(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


class _Writer:
    """Names for the objects that the lines need, each once."""

    def __init__(self, env: list[Any]) -> None:
        self._env = env
        self.objects: list[Any] = []
        self.scope: dict[str, Any] = {}
        self._known: dict[int, str] = {}

    @property
    def names(self) -> list[str]:
        """Of the objects, in their order."""
        return [f"c{at}" for at in range(len(self.objects))]

    def lines(self, call: Step) -> list[str]:
        """A step in Python."""
        if not isinstance(call, FunctionType) or call.__code__ not in _lines:
            return [f"{self._name(call)}()"]
        line, scope = _lines[call.__code__]
        cells = [cell.cell_contents for cell in call.__closure__ or ()]
        bound = dict(zip(call.__code__.co_freevars, cells, strict=True))
        self.scope |= scope
        return _WORD.sub(lambda word: self._bound(word, bound), line).split("\n")

    def _bound(self, word: re.Match[str], bound: dict[str, Any]) -> str:
        name = word["slots"] or word["name"]
        if name not in bound or bound[name] is self._env:
            return word[0]
        value = bound[name]
        if word["slots"]:
            return ", ".join([f"env[{at:d}]" for at in value]) or "*()"
        return f"{value:d}" if type(value) is int else self._name(value)

    def _name(self, value: Any) -> str:
        name = self._known.get(id(value))
        if name is None:
            name = self._known[id(value)] = f"c{len(self.objects)}"
            self.objects.append(value)
        return name


_WORD = re.compile(r"\*\[env\[at\] for at in (?P<slots>\w+)\]|\b(?P<name>[a-z_]\w*)\b")
