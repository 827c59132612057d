"""What a runner is asked to do, and what it answers: frozen records that cross a process border as they are.

A node is meant by its label ("t4", "x@1"), one output of it by "out[0]"; a node id (or "id[0]") does as well, and where both exist the
label wins. Requests are played one after the other in the order they came; each ends in one ``Reply``.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from msgspec import Struct

from guigrad.document.array import ArrayData
from guigrad.document.diff import Diff
from guigrad.document.model import Document
from guigrad.document.problem import Problem
from guigrad.run.derivative import Answer, Question
from guigrad.run.frame import Frame
from guigrad.run.training import Train, Trained

Gradient: TypeAlias = ArrayData | int | float | complex | str | None
"""An upstream gradient: exact bits, a number (a 0-d tensor of the root's dtype), the label of a node whose value it is, or None."""


class Want(Struct, frozen=True):
    """What a frame shall carry.

    ``nodes``: ids whose values cross (None: all); the others come as records without value and gradients. ``limit``: a tensor of
    more elements comes as ``Stats`` alone (0: no limit). ``contributions``: the gradients of the wires too, those within the limit. ``stats``: statistics also of
    tensors that come whole. ``events``: the last backward event by event. ``graph``: the grad_fns of the last forward.
    """

    nodes: tuple[str, ...] | None = None
    limit: int = 0
    contributions: bool = True
    stats: bool = False
    events: bool = False
    graph: bool = False


class Load(Struct, frozen=True, tag=True):
    """Another document. ``device`` None keeps the document's wish, a name or "auto" overrides it; ``seed`` overrides manual_seed's."""

    document: Document
    revision: int = 0
    device: str | None = None
    seed: int | None = None


class Edit(Struct, frozen=True, tag=True):
    """The document changed from ``base`` to ``revision``; nothing is computed, what depends on the change is stale."""

    diff: Diff
    base: int
    revision: int


class Forward(Struct, frozen=True, tag=True):
    """Evaluate, all or what ``to`` needs. ``partial`` re-runs only what edits made stale (and what a backward freed)."""

    to: str | None = None
    partial: bool = False


class Backward(Struct, frozen=True, tag=True):
    """``torch.autograd.backward`` from ``roots`` (empty: the document's root). ``gradient`` is () or one for each root."""

    roots: tuple[str, ...] = ()
    gradient: tuple[Gradient, ...] = ()
    retain_graph: bool | None = None
    create_graph: bool = False
    inputs: tuple[str, ...] | None = None
    xray: bool = True


class ZeroGrad(Struct, frozen=True, tag=True):
    """Every gradient to None, or to zeros."""

    set_to_none: bool = True


class OptimizerStep(Struct, frozen=True, tag=True):
    """The updates of the program that forward skips: optimizer steps, in-place updates that read a ``.grad``."""


class Run(Struct, frozen=True, tag=True):
    """The whole program from fresh sources, as a new Python process would."""


class Reset(Struct, frozen=True, tag=True):
    """As if just loaded: nothing has run, no gradients, the random state as at the start."""


class Restore(Struct, frozen=True, tag=True):
    """Back to a restore point; nodes that are not in it are not run."""

    point: Point


class Look(Struct, frozen=True, tag=True):
    """Nothing but a frame of what there is."""


class TryWire(Struct, frozen=True, tag=True):
    """What if there were this wire? ``diff`` would draw it; nothing changes. The reply's ``trial`` tells."""

    source: str
    output: int
    target: str
    path: str
    diff: Diff


class Ask(Struct, frozen=True, tag=True):
    """A question about what there is; nothing changes. The reply's ``answer`` answers it."""

    question: Question


class Again(Struct, frozen=True, tag=True):
    """Pieces of a training one after the other, in one answer: the last one's, with the answers to the others in ``passed``.

    ``seen`` says which pieces come with the frame that is wanted. No piece begins once ``seconds`` have passed.
    """

    plays: tuple[Train, ...]
    seen: tuple[bool, ...]
    seconds: float | None = None


Verb: TypeAlias = (
    Load
    | Edit
    | Forward
    | Backward
    | ZeroGrad
    | OptimizerStep
    | Run
    | Reset
    | Restore
    | Look
    | TryWire
    | Ask
    | Train
    | Again
)


class Request(Struct, frozen=True):
    """One verb and the frame wanted after it (None: no frame). ``point`` asks for a restore point after it, ``watch`` for
    a ``Progress`` now and then while it is played.
    """

    verb: Verb
    want: Want | None = Want()
    number: int = 0
    point: bool = False
    watch: bool = False


class Progress(Struct, frozen=True):
    """What is being played right now: the keys of the items, the outermost first."""

    keys: tuple[str, ...] = ()


class Point(Struct, frozen=True):
    """What a session cannot compute anew: source values, gradients, random and optimizer state, as plain data.

    ``values`` and ``grads`` are keyed by node id; a value is ArrayData for a tensor or plain Python data. ``flags`` are the ids whose tensor
    requires grad. ``random`` are the generator's states by device, ``objects`` the states of optimizers, schedulers and generators.
    """

    revision: int = 0
    verbs: int = 0
    values: dict[str, Any] = {}
    grads: dict[str, ArrayData] = {}
    flags: tuple[str, ...] = ()
    random: dict[str, bytes] = {}
    objects: dict[str, Any] = {}
    ambient: dict[str, Any] = {}


class Repair(Struct, frozen=True):
    """An op that, put on the wire into a port, makes it fit. ``result`` is what the reader gives then, ``made`` what comes to it."""

    path: str
    op: str
    args: tuple[Any, ...] = ()
    result: str = ""
    made: str = ""

    @property
    def call(self) -> str:
        """As it is written behind a value: ``.unsqueeze(0)``."""
        words = ", ".join(getattr(arg, "path", None) or repr(arg) for arg in self.args)
        name = self.op.rpartition(".")[2]
        return f".{name}" if name == "mT" else f".{name}({words})"


class Trial(Struct, frozen=True):
    """What a wire would bring about that is not drawn: ``fits`` None when nothing is known before a run.

    ``given`` is what it carries, ``result`` what its reader would give; ``broadcast``: entries of what it carries are repeated.
    """

    source: str
    output: int
    target: str
    path: str
    fits: bool | None = None
    given: str = ""
    result: str = ""
    broadcast: bool = False
    message: str = ""
    why: str = ""
    repairs: tuple[Repair, ...] = ()


class Reply(Struct, frozen=True):
    """The answer to the request of that number. ``prints`` are the texts that the program printed; ``cancelled``: it was stopped.
    ``devices``: what a ``Load`` finds to compute on, the CPU first. ``passed``: see ``Again``. ``ended``: when torch had finished a backward, by ``time.perf_counter``.
    """

    number: int = 0
    frame: Frame | None = None
    problems: tuple[Problem, ...] = ()
    prints: tuple[str, ...] = ()
    point: Point | None = None
    cancelled: bool = False
    devices: tuple[str, ...] = ()
    trial: Trial | None = None
    answer: Answer | None = None
    trained: Trained | None = None
    ended: float = 0.0
    passed: tuple[Reply, ...] = ()
