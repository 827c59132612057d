"""The public Session for scripts and notebooks, and ``call``: everything runs in this process and waits for its result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from msgspec import Struct

from guigrad.document.array import ArrayData
from guigrad.document.diff import Diff
from guigrad.document.model import Document
from guigrad.document.problem import Problem, ProblemError
from guigrad.document.store import Store
from guigrad.engine.calls import call
from guigrad.engine.ledger import ledger
from guigrad.engine.play import Engine
from guigrad.engine.trainer import Told, Trainer
from guigrad.engine.values import MISSING, array_of, copy_of
from guigrad.run.frame import Frame
from guigrad.run.graph import Graph
from guigrad.run.ledger import AskLedger, Ledger
from guigrad.run.recording import Recording
from guigrad.run.request import Point, Want
from guigrad.run.steps import Cursor, Steps
from guigrad.run.training import Moment

__all__ = ["Result", "Session", "call"]


class Result(Struct, frozen=True):
    """What a run of the whole program left: its frames (the last is the end), what it printed, what was wrong."""

    frames: tuple[Frame, ...]
    prints: tuple[str, ...]
    problems: tuple[Problem, ...]


class Session:
    """A document and its values; every user intent is a verb of it.

    ``device`` None keeps the document's wish; "auto" takes an accelerator if there is one. ``seed`` overrides the program's own.
    The default dtype, random numbers and other settings of the calling process are left as they are.
    Thread: one at a time.
    """

    def __init__(self, document: Document, device: str | None = None, seed: int | None = None) -> None:
        self._store = Store(document)
        self._engine = Engine(document, device, seed)
        self._engine.revision = self._store.revision
        self._sequence: list[Callable[[], None]] = []
        self._start: Point | None = None
        self._cursor: Cursor | None = None
        self._trainer = Trainer(self._engine)
        self._store.listen(self._follow)

    @property
    def document(self) -> Document:
        """The document as it is now."""
        return self._store.document

    @property
    def device(self) -> str:
        """Where it computes."""
        return self._engine.device

    @property
    def frame(self) -> Frame:
        """Every node as it is now; computes nothing."""
        return self._engine.frame()

    # --- verbs ---

    def forward(self, to: str | None = None) -> Frame:
        """Evaluates every node, or those that ``to`` needs, and builds a new graph. An unknown ``to`` changes nothing."""
        self._settle()
        if to is None or self._engine.names.find(to) is not None:
            self._start = self._engine.point()
            self._sequence = [lambda: self._engine.forward(to, partial=True)]
        self._engine.forward(to)
        return self.frame

    def backward(
        self,
        root: str | Sequence[str] | None = None,
        gradient: Any = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: str | Sequence[str] | None = None,
    ) -> Frame:
        """``torch.autograd.backward`` from ``root``; without one from the document's root, else the only scalar sink.

        ``gradient`` is what torch takes, or nested lists of numbers, or the name of a node; with several roots a list of these.
        """
        many = root is not None and not isinstance(root, str)
        roots = () if root is None else tuple(root) if many else (str(root),)
        given: tuple[Any, ...] = ()
        if gradient is not None:
            given = tuple(_plain(item) for item in gradient) if many else (_plain(gradient),)
        leaves = (inputs,) if isinstance(inputs, str) else None if inputs is None else tuple(inputs)
        return self._do(lambda: self._engine.backward(roots, given, retain_graph, create_graph, leaves))

    def zero_grad(self, set_to_none: bool = True) -> Frame:
        """Every gradient to None, or to zeros."""
        return self._do(lambda: self._engine.zero_grad(set_to_none))

    def optimizer_step(self) -> Frame:
        """Plays the updates of the program: optimizer steps, in-place changes that read a gradient."""
        return self._do(self._engine.optimizer_step)

    def run(self) -> Result:
        """Plays the whole program from fresh sources, as Python would play its script."""
        self._cursor = None
        self._sequence, self._start = [], None
        self._engine.run()
        self._trainer = Trainer(self._engine)
        frame = self.frame
        return Result((frame,), tuple(self._engine.prints), frame.problems)

    def reset(self) -> Frame:
        """As if just opened: nothing has run."""
        self._cursor = None
        self._sequence, self._start = [], None
        self._engine.reset()
        self._trainer = Trainer(self._engine)
        return self.frame

    def edit(self, edit: Callable[[Document], Diff] | Diff) -> Frame:
        """Changes the document; what was run since the last forward is played again with the change.

        ``edit`` is an Edit of ``guigrad.edit`` or a Diff. One that cannot be made changes nothing and is among the frame's problems.
        """
        try:
            diff = edit(self.document) if callable(edit) else edit
        except ProblemError as error:
            self._engine.said = list(error.problems)
            return self.frame
        self._settle()
        self._store.commit(diff)
        return self.frame

    def undo(self) -> Frame:
        """Takes the last edit back."""
        self._settle()
        self._store.undo()
        return self.frame

    def redo(self) -> Frame:
        """Makes the edit again that was taken back last."""
        self._settle()
        self._store.redo()
        return self.frame

    # --- steps. See Note [Cursor] in run/steps ---

    def step_forward(self) -> Frame:
        """One op further in the forward pass; the first call, and one after a whole backward, starts a new pass.

        Any other verb acts on the end of the pass that is stepped through, or, from within its forward part, before its backward.
        """
        cursor = self._cursor
        if cursor is None or (cursor.steps.after is not None and cursor.ended):
            self.forward()
            self._cursor = cursor = Cursor(self._frame_with_events())
        if cursor.at < len(cursor.steps.order):
            cursor.move(cursor.at + 1)
        return cursor.frame

    def step_backward(self, root: str | None = None) -> Frame:
        """One grad_fn further in the backward pass, in autograd's order; the first call starts it, from ``root`` as ``backward`` does.

        At its end nothing more happens until another verb.
        """
        cursor = self._cursor
        if cursor is None:
            if self._start is None:
                self.forward()
            cursor = Cursor(self._frame_with_events())
        if cursor.steps.after is None:
            self._cursor = None
            self.backward(root)
            cursor.add_backward(self._frame_with_events())
        self._cursor = cursor
        cursor.move(max(cursor.at, len(cursor.steps.order)) + 1)
        return cursor.frame

    def step_back(self) -> Frame:
        """One step back: what is shown is exactly what was shown then. At the start nothing more happens."""
        if self._cursor is None:
            return self.frame
        self._cursor.move(self._cursor.at - 1)
        return self._cursor.frame

    @property
    def steps(self) -> Steps | None:
        """The pass that is stepped through, whole; None when none is."""
        return None if self._cursor is None else self._cursor.steps

    def _settle(self) -> None:
        """Ends stepping. See Note [Cursor] in run/steps."""
        cursor, self._cursor = self._cursor, None
        if cursor is None or not cursor.takes_back or self._start is None:
            return
        self._sequence.pop()
        self._engine.restore(self._start)
        for verb in self._sequence:
            verb()

    def _frame_with_events(self) -> Frame:
        return self._engine.frame(Want(events=True))

    # --- values ---

    def graph(self) -> Graph | None:
        """The grad_fns that the last forward left behind, with what they saved."""
        return self._engine.frame(Want(nodes=(), contributions=False, graph=True)).graph

    def tensor(self, name: str) -> torch.Tensor | None:
        """A detached copy of a node's (or output's) tensor with its strides; None when it holds none."""
        return _copy(self._engine.value(name))

    def grad(self, name: str) -> torch.Tensor | None:
        """A detached copy of what ``.grad`` holds, None where torch has None (and says why among the problems)."""
        return _copy(self._engine.grad(name))

    def ledger(self, name: str) -> Ledger:
        """What ``.grad`` is made of: each backward call since it was emptied, with the part that each wire brought. Note [Ledger] in run/ledger."""
        place = self._engine.names.find(name)
        key, output = (name, None) if place is None else place
        return ledger(self._engine, AskLedger(key if output is None else f"{key}[{output}]", limit=0))

    def live(self, name: str) -> Any:
        """The very object that torch holds, for debugging; None when there is none."""
        value = self._engine.value(name)
        return None if value is MISSING else value

    # --- training. See Note [Steps] in run/training ---

    def train(
        self,
        steps: int | None = None,
        until: str | None = None,
        watch: Sequence[str] | None = None,
        told: Told | None = None,
    ) -> Recording:
        """Trains so many steps more, of the loop that the program has, and gives the recording of all that was trained so far.

        The first call starts as a new process would. A loop over a ``range`` goes on past its end as long as steps are asked for; without
        ``steps`` the program is played to its end. ``until`` is a condition like "loss < 0.01", ``watch`` are numbers to keep of each step
        ("loss", "norm(w.grad)", "update(w)"); without it those that backward starts from. Edits in between take effect from there on.
        ``told(trained, recording)`` is called a few times a second.
        """
        self._leave()
        return self._trainer.train(steps, until, watch, told)

    def training(
        self,
        steps: int | None = None,
        until: str | None = None,
        watch: Sequence[str] | None = None,
        phases: bool = False,
    ) -> Iterator[Frame]:
        """The same one step at a time (``phases``: one phase of a step): a frame after each. To leave off is a pause."""
        self._leave()
        return self._trainer.frames(steps, until, watch, phases)

    def watch_for_stop(self, stopped: Callable[[], bool]) -> None:
        """Training ends after a step once ``stopped()`` says so."""
        self._engine.cancelled = stopped

    def moment(self) -> Moment | None:
        """All that the next steps depend on, for ``run.checkpoint``; None in the middle of a step, or where it holds a graph of autograd."""
        return self._trainer.moment()

    def last_moment(self) -> Moment | None:
        """As ``moment``, but of the end of the last whole step: a training that paused in the middle of one goes back there."""
        return self._trainer.last_moment()

    def begin_at(self, moment: Moment) -> bool:
        """Training goes on from a moment of this program; False, and nothing has changed, if it is not one."""
        self._leave()
        return self._trainer.begin_at(moment)

    @property
    def recording(self) -> Recording:
        """What was trained since the last reset."""
        return self._trainer.recording

    def show(self, step: int) -> Frame:
        """The end of a step that was trained, exactly, by playing it again: ``tensor`` and ``grad`` are that step's too. Training goes on from where it was."""
        self._leave()
        return self._trainer.show(step) or self.frame

    def rewind(self, step: int) -> Frame:
        """Back to the end of a step, exactly (weights, gradients, optimizers, random numbers): training goes on from there, as another run."""
        self._leave()
        return self._trainer.rewind(step) or self.frame

    # --- inside ---

    def _leave(self) -> None:
        """Edits do not play again what was played before a training."""
        self._cursor = None
        self._sequence, self._start = [], None

    def _do(self, verb: Callable[[], None]) -> Frame:
        self._settle()
        self._sequence.append(verb)
        verb()
        return self.frame

    def _follow(self, document: Document, diff: Diff) -> None:
        """A live refresh: back to before the last forward, the change, and the same verbs again."""
        self._engine.edit(diff, self._store.revision)
        if not diff.only_layout:
            self._trainer.edited()
        if diff.only_layout or self._start is None:
            return
        verbs = self._engine.verbs
        self._engine.restore(self._start)
        for verb in self._sequence:
            verb()
        self._engine.verbs = verbs


def _plain(gradient: Any) -> Any:
    """A gradient as a request carries it."""
    if isinstance(gradient, torch.Tensor):
        array = array_of(gradient)
        return gradient.tolist() if array is None else array
    if isinstance(gradient, ArrayData | str) or gradient is None:
        return gradient
    return gradient.tolist() if hasattr(gradient, "tolist") else gradient


def _copy(value: Any) -> torch.Tensor | None:
    return copy_of(value) if isinstance(value, torch.Tensor) else None
