"""What a training is asked and what it tells: frozen records that cross a process border as they are.

Note [Steps]
There is no record of a training beside the program: its loop is a Loop on the rail. A *step* is one round of the outermost loop that itself
holds a backward or an update (so an epoch's inner loop over batches is the one, and an inner loop over parameters is not). Where nothing in the
program computes gradients, a step is one round of an outermost loop. Steps are counted from 1 over all rounds of all outer loops.
A step has *phases*, found from what its items do: forward, backward, step, zero_grad, in the order in which the program has them.
"""

from __future__ import annotations

import math
import re
from typing import Any

from msgspec import Struct

from guigrad.document.problem import Problem
from guigrad.run.derivative import Answer, Question

PHASES = ("forward", "backward", "step", "zero_grad")
STATS = ("norm", "mean", "std", "min", "max", "absmax")


class Watch(Struct, frozen=True):
    """A number that each step gives: of the node ``label``, its value, its ``.grad`` ("grad") or the ratio of its change to itself ("update").

    ``stat`` "" takes the only element. ``text`` is how it is written: ``loss``, ``norm(w)``, ``norm(w.grad)``, ``update(w)``.
    """

    label: str
    of: str = "value"
    stat: str = ""

    @property
    def text(self) -> str:
        """As it is written."""
        if self.of == "update":
            return f"update({self.label})"
        name = f"{self.label}.grad" if self.of == "grad" else self.label
        return f"{self.stat}({name})" if self.stat else name


_WATCH = re.compile(rf"(?:(?P<stat>{'|'.join(STATS)}|update)\((?P<inner>[^()]+)\)|(?P<plain>[^()<>=!]+))")


def watch_of(text: str) -> Watch | Problem:
    """The watch that a text like ``norm(w.grad)`` means. Nothing is evaluated."""
    match = _WATCH.fullmatch(text.strip())
    if match is None:
        return Problem(
            f"{text!r} cannot be watched.",
            kind="syntax",
            why=f"Write a node's name, name.grad, update(name), or one of {', '.join(STATS)} of these.",
        )
    label = (match["inner"] or match["plain"]).strip()
    if match["stat"] == "update":
        return Watch(label, "update")
    if label.endswith(".grad"):
        return Watch(label.removesuffix(".grad"), "grad", match["stat"] or "")
    return Watch(label, "value", match["stat"] or "")


class Until(Struct, frozen=True):
    """A condition that ends a training: ``loss < 0.01``. ``watch`` None compares the number of steps."""

    watch: Watch | None
    op: str
    value: float

    def holds(self, number: float) -> bool:
        """Whether it holds for what the watch gives; NaN fulfils ``!=`` alone, as in Python."""
        match self.op:
            case "<":
                return number < self.value
            case "<=":
                return number <= self.value
            case ">":
                return number > self.value
            case ">=":
                return number >= self.value
            case "==":
                return number == self.value
            case _:
                return number != self.value


_UNTIL = re.compile(r"(?P<left>[^<>=!]+?)\s*(?P<op><=|>=|==|!=|<|>)\s*(?P<right>[^<>=!\s]+)")


def until_of(text: str) -> Until | Problem:
    """The condition that a text like ``loss < 0.01`` or ``step >= 100`` means. Nothing is evaluated."""
    match = _UNTIL.fullmatch(text.strip())
    value = math.nan
    if match is not None:
        try:
            value = float(match["right"])
        except ValueError:
            match = None
    if match is None or math.isnan(value):
        return Problem(
            f"{text!r} is no condition.", kind="syntax", why="Write a name, a comparison and a number: loss < 0.01"
        )
    if match["left"] in ("step", "steps"):
        return Until(None, match["op"], value)
    watch = watch_of(match["left"])
    return watch if isinstance(watch, Problem) else Until(watch, match["op"], value)


class PackedTensor(Struct, frozen=True):
    """A tensor of a moment: a view of the storage ``storage`` (its place in ``Moment.storages``), sizes and strides in elements.

    ``grad`` is the place of its gradient among ``Moment.tensors``, -1 for None. ``sparse`` holds the places of indices and values of
    a sparse tensor, which has no storage.
    """

    storage: int
    dtype: str
    shape: tuple[int, ...]
    strides: tuple[int, ...] = ()
    offset: int = 0
    requires_grad: bool = False
    grad: int = -1
    device: str = "cpu"
    parameter: bool = False
    version: int = 0
    sparse: tuple[int, int, bool] | None = None


class Moment(Struct, frozen=True):
    """All that the steps after ``step`` depend on, as plain data. See Note [Moments] in engine/moment.

    ``place``: by id the loops that are being played, the outermost first, with the rounds that have been begun (of the
    innermost: ended). ``slots``: (node id, output or -1) and what it holds. ``storages`` names the bytes of each storage by their
    digest, ``blobs`` holds them; who keeps many moments keeps each blob once.
    """

    step: int
    place: tuple[tuple[str, int], ...]
    slots: tuple[tuple[str, int, Any], ...]
    tensors: tuple[PackedTensor, ...]
    storages: tuple[str, ...]
    blobs: dict[str, bytes]
    random: dict[str, str]
    revision: int = 0

    @property
    def size_bytes(self) -> int:
        """About how much memory it takes, blobs shared with others included."""
        return sum(map(len, self.blobs.values())) + 200 * (len(self.tensors) + len(self.slots))


class Train(Struct, frozen=True, tag=True):
    """Trains on: ``steps`` more steps (None: to the end of the program), or one phase of a step.

    A loop over a ``range`` goes on past its end as long as steps are asked for. ``seconds`` ends it earlier, for the window to see how far
    it is. ``start`` first goes back to a moment, ``restart`` to the beginning (a new process of the program) and ``skip`` then plays so many steps
    that nobody looks at. ``watch`` are the numbers to tell of each step (None: the loss), ``trace`` entries
    of parameters that a trajectory is drawn of. ``keep`` asks for a moment at the end.
    ``xray``: the last step's gradients of every node are recorded, with ``every`` those of each step (to be looked at while it plays).
    ``asks`` are questions that are answered after the last step.
    """

    steps: int | None = None
    phase: bool = False
    until: Until | None = None
    seconds: float | None = None
    start: Moment | None = None
    restart: bool = False
    watch: tuple[Watch, ...] | None = None
    trace: tuple[Watch, ...] = ()
    keep: bool = False
    xray: bool = True
    every: bool = False
    on_nan: bool = True
    asks: tuple[Question, ...] = ()


class Trained(Struct, frozen=True):
    """How far a training is. ``reason`` it ended here: "steps", "phase", "until", "time", "stopped", "nan", "end" (of the program), "failed".

    ``phase``: the phase that has just been played; ``boundary``: a step has just ended (or none has begun). ``total``: steps of the
    program as it is written, None when nobody can tell. ``watched`` and ``series``: for each watch its text and a number for each step from ``first`` on; ``traced`` and ``traces``: for
    what was to be traced, ``origin`` that before the first step.
    """

    step: int = 0
    reason: str = ""
    phase: str = ""
    boundary: bool = True
    total: int | None = None
    first: int = 1
    watched: tuple[str, ...] = ()
    series: tuple[tuple[float, ...], ...] = ()
    traced: tuple[str, ...] = ()
    traces: tuple[tuple[float, ...], ...] = ()
    origin: tuple[float, ...] = ()
    moment: Moment | None = None
    bad: str = ""
    finished: bool = False
    answers: tuple[Answer, ...] = ()


RECORDS = (Watch, Until, PackedTensor, Moment, Train, Trained)
"""What crosses to the engine's process and back."""
