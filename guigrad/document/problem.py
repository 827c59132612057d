"""What is wrong, where, why, and how to mend it."""

from __future__ import annotations

from msgspec import Struct


class Fix(Struct, frozen=True):
    """A mend that one click applies. ``verb`` names an edit or a session verb, ``args`` are its arguments."""

    title: str
    verb: str
    args: tuple[object, ...] = ()


class Problem(Struct, frozen=True):
    """One thing that is wrong or worth knowing.

    ``node`` is a node's label ("" when no node is to blame) and ``node_id`` its id; ``line`` and ``column`` count from 1 (0: unknown).
    ``kind`` is "syntax", "name", "unknown op", "type", "shape", "device", "memory", "autograd", "runtime", "warning", "file" …;
    where torch or Python spoke, ``error`` is the exception's class name and ``message`` its own text, whole.
    """

    message: str
    kind: str = "runtime"
    node: str = ""
    node_id: str = ""
    line: int = 0
    column: int = 0
    error: str = ""
    why: str = ""
    fixes: tuple[Fix, ...] = ()
    severity: str = "error"


class ProblemError(Exception):
    """Nothing at all could be opened or parsed; ``problems`` tell why."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(problem.message for problem in problems) or "nothing could be read")
        self.problems = problems
