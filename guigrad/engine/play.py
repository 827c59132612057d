"""The engine: one document, its values, and the verbs that act on them."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch

from guigrad.document.diff import Diff
from guigrad.document.expand import Expansion
from guigrad.document.model import Document, In
from guigrad.document.problem import Problem
from guigrad.document.recorded import not_runnable
from guigrad.engine import look, restore
from guigrad.engine.backward import Roots, backward, default_roots
from guigrad.engine.build import Cancelled, Plan
from guigrad.engine.device import Ambient, choose
from guigrad.engine.edits import follow
from guigrad.engine.ledger import Ledger
from guigrad.engine.look import Names, Seen
from guigrad.engine.memory import limited
from guigrad.engine.needs import closed, needed, operands
from guigrad.engine.program import play_all, watched
from guigrad.engine.recorded import refuses
from guigrad.engine.state import State
from guigrad.engine.tape import Tape
from guigrad.engine.train import Training
from guigrad.engine.values import MISSING
from guigrad.engine.walk import Walk
from guigrad.ops.table import is_recorded
from guigrad.run.frame import Frame
from guigrad.run.request import Gradient, Point, Want
from guigrad.run.sketch import Sketch
from guigrad.run.training import Train, Trained


class Engine:
    """Holds one document and what torch made of it. Nothing that a user can get wrong raises: it is in ``problems``.

    Raises: Cancelled from the verbs that compute, when ``cancelled()`` said so; what was computed stays.
    Thread: one at a time.
    """

    def __init__(
        self,
        document: Document | None = None,
        device: str | None = None,
        seed: int | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        self.cancelled = cancelled
        self.prints: list[str] = []
        self.ended = 0.0  # when torch had finished the last backward, by perf_counter
        self.listening = True
        self.training: Training | None = None
        self._walk: Walk | None = None
        self._root = ""
        self.load(document or Document(), 0, device, seed)

    # --- documents ---

    def load(self, document: Document, revision: int = 0, device: str | None = None, seed: int | None = None) -> None:
        """Another document: nothing of the last one stays."""
        self.expansion, self.revision = Expansion(document), revision
        self.document = document = self.expansion.document
        self._wish, self.seed = device, seed
        self._settle_device()
        self.dead = not_runnable(document)
        self.plan = Plan(document, self._print, self.cancelled, seed)
        self.plan.device = self.device
        self.plan.around = lambda key, step: watched(self, key, step)
        self.state = State(self.plan)
        self.names, self.seen = self._names(), Seen()
        self.ambient = Ambient(self.device, seed)
        self._start_over()

    def _names(self) -> Names:
        return Names(self.document, self.expansion if self.expansion.source.functions else None)

    def edit(self, diff: Diff, revision: int) -> Diff:
        """The document changed: what depends on the change is stale from now on, nothing is computed.

        Gives the change of ``document``, which has no functions.
        """
        self.revision = revision
        diff = self.expansion.edit(diff)
        if not diff.only_layout:
            self.said.clear()
        before = self.document
        wish = before.settings.device
        self.plan.change(diff)
        self.document = self.plan.document
        kept = None if self.expansion.source.functions else self.names.after(diff, self.document)
        self.names = kept or self._names()
        if self.dead or any(after is not None and is_recorded(after.op) for _, after in diff.nodes.values()):
            self.dead = not_runnable(self.document)
        follow(self.state, before, diff)
        if self.document.settings.device != wish and self._wish is None:
            self._settle_device()
            self.reset()
        return diff

    def reset(self) -> None:
        """As if just loaded."""
        self.plan.device = self.device
        self.plan.clear()
        self.state = State(self.plan)
        self.ambient.reset(self.device, self.seed)
        self._start_over()

    def _start_over(self) -> None:
        self.verbs = 0
        self.said: list[Problem] = []
        self.tape: Tape | None = None
        self.ledger = Ledger()
        if self.training is not None:
            self.training.close()
            self.training = None
        self.prints.clear()

    def _settle_device(self) -> None:
        self.device, complaint = choose(self._wish if self._wish is not None else self.document.settings.device)
        self.device_problem = complaint

    # --- verbs ---

    @contextmanager
    def verb(self, draws: bool = True) -> Iterator[None]:
        """Around what computes: a verb counts, and torch's settings are the session's."""
        if self.training is not None:
            self.training.aside()
        self.verbs += 1
        self.said = []
        self.ledger.hold()
        with self.ambient.active(draws), limited(self.device == "cpu"):
            yield

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Around what computes something beside the state: random states, modes and the memory limit are the session's, and stay."""
        with self.ambient.active(), limited(self.device == "cpu"):
            random = torch.get_rng_state()
            try:
                yield
            finally:
                torch.set_rng_state(random)

    def forward(self, to: str | None = None, partial: bool = False) -> None:
        """Evaluates the program, or what ``to`` needs. See Walk for what is left out and model.md, "Running"."""
        with self.verb(draws=False):
            key = None if to is None else self._need(to)
            if (to is not None and key is None) or refuses(self, key):
                return
            state = self.state
            todo: set[str] | None = None
            self._keep_tape(partial)
            if partial:
                todo = {key for key in state.order if state.status.get(key) != "fresh"} | state.freed
                todo = closed(state, todo)
                state.put_back(todo)
            else:
                state.put_back()
            state.earlier.forget(todo)
            state.overwritten.clear()
            if key is not None:
                wanted = needed(state, key)
                todo = wanted if todo is None else todo & wanted
            walk = self._walk = Walk(
                state, self.label, todo, partial=partial, dead=self.dead, cancelled=self.cancelled, ambient=self.ambient
            )
            try:
                walk.play()
            finally:
                self._walk = None
                state.after_forward()
                self.said += walk.problems

    def _keep_tape(self, keep: bool) -> None:
        """Gradients may change from now on: the tape of the last backward goes, or has copies of its own."""
        if not keep:
            self.tape = None
        elif self.tape is not None:
            self.tape.seal()

    def backward(
        self,
        roots: Sequence[str] = (),
        gradient: Sequence[Gradient] = (),
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Sequence[str] | None = None,
        xray: bool = True,
        shown: bool = False,
    ) -> None:
        """``torch.autograd.backward`` on the graph that the last forward built; runs forward first where a root has not run.

        ``shown``: what it gives is looked at next, so what does not depend on it is worked out before.
        """
        found = self._roots(roots)
        if found is None:
            return
        if any(key in self.dead for key in found.keys):
            with self.verb():
                refuses(self, next(key for key in found.keys if key in self.dead))
            return
        if any(self.state.status.get(key) != "fresh" for key in found.keys):
            self.forward(partial=True)
            if any(self.state.status.get(key) != "fresh" for key in found.keys):
                return
        self._root = found.effect or found.keys[0]
        with self.verb(draws=found.effect is not None):  # the program's own has arguments to be played
            backward(self, found, gradient, retain_graph, create_graph, inputs, xray, shown)
        self._root = ""

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Every gradient to None, or to zeros as ``Optimizer.zero_grad`` does."""
        self.verbs += 1
        self.said = []
        for _, tensor in self.state.bearers():
            grad = tensor.grad
            if set_to_none:
                tensor.grad = None
            elif grad is not None:
                if grad.grad_fn is not None:
                    grad.detach_()
                else:
                    grad.requires_grad_(False)
                grad.zero_()
        self.tape = None
        self.ledger.settle()

    def optimizer_step(self) -> None:
        """Plays the updates of the program that forward leaves out. See Note [Roles]."""
        with self.verb():
            state = self.state
            self._keep_tape(True)
            updates = {key for key in state.order if state.role(key) == "update"}
            if not updates:
                self.say(
                    "There is nothing to step: the program has no optimizer and no in-place update that reads a gradient."
                )
                return
            todo = operands(state, updates)
            walk = Walk(state, self.label, todo, played=("play", "operand", "update"), cancelled=self.cancelled)
            walk.play()
            self.said += walk.problems
            if not walk.problems and all(state.status.get(key) != "fresh" for key in updates):
                self.say("There is nothing to step with: no gradient is there yet. Run backward first.")

    def run(self) -> None:
        """The whole program from fresh sources, as a new Python process would; stops at the first error."""
        if self.dead:
            with self.verb():
                refuses(
                    self, next(iter(self.dead)), "the program as a whole cannot be run; Forward plays the rest of it"
                )
            return
        self.reset()
        with self.verb():
            play_all(self)

    def train(self, verb: Train) -> Trained:
        """Trains on. See Training."""
        if self.training is None:
            self.training = Training(self)
        return self.training.play(verb)

    def sketch(self, bins: bool = True) -> Sketch:
        """The trained parameters at the end of the step that was played last; empty where nobody looked at that step."""
        training = self.training
        if training is None or training.course is None or not training.course.boundary:
            return Sketch()
        return training.sketcher.take(training.step, bins)

    def recorder(self, roots: Sequence[torch.Tensor], xray: bool) -> AbstractContextManager[Any]:
        """What listens while autograd runs."""
        if xray:
            return self.new_tape(roots).recorder
        self.tape = None
        return nullcontext()

    def new_tape(self, roots: Sequence[torch.Tensor]) -> Tape:
        """The tape of the backward that begins now."""
        tape = self.tape = Tape(self.plan, roots, self.state.order, self.state.random, self.state.earlier)
        return tape

    # --- what there is ---

    def where(self) -> tuple[str, ...]:
        """The keys of the items that are being played, the outermost first; () between verbs. Thread: any."""
        walk, root = self._walk, self._root
        try:
            found = self.plan.currents or ((walk.key,) if walk is not None else ()) or ((root,) if root else ())
        except IndexError:  # it has just gone on
            return ()
        if self.training is not None:
            found = (*self.training.where, *found)
        return tuple(dict.fromkeys(part for key in found if key for part in (key.partition("/")[0], key)))

    def label(self, key: str) -> str:
        """A node's label."""
        return self.names.label(key)

    def frame(self, want: Want | None = None) -> Frame:
        """Every node as it is now."""
        with self.ambient.active(draws=False):
            return look.frame(self, want or Want())

    def value(self, label: str) -> Any:
        """The live value of a node or output, MISSING when there is none."""
        place = self.names.find(label)
        if place is None:
            return MISSING
        key, output = place
        value = self.plan.value(key)
        if output is None or value is MISSING:
            return value
        if isinstance(value, torch.Tensor) and self.document.nodes[key].outputs:
            value = tuple(value)
        return value[output] if isinstance(value, tuple | list) and output < len(value) else MISSING

    def grad(self, label: str) -> torch.Tensor | None:
        """What ``.grad`` of a node's tensor holds; torch's warning about intermediates becomes a problem of that node."""
        value = self.value(label)
        if not isinstance(value, torch.Tensor):
            return None
        place = self.names.find(label)
        walk = Walk(self.state, self.label)
        with walk.catching(lambda: place[0] if place else ""):
            return value.grad

    def point(self) -> Point:
        """What cannot be computed anew, as plain data."""
        return restore.point(self)

    def restore(self, point: Point) -> None:
        """Back to a restore point: sources hold what they held, all else is not run."""
        restore.restore(self, point)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything that is wrong now: of the device, of each node, of the last verb."""
        found: dict[Problem, None] = {}
        for problem in self.document.problems:
            found[problem] = None
        if self.device_problem is not None:
            found[self.device_problem] = None
        known = self.state.problems
        if any(known.values()):
            for key in (*self.state.order, *[k for k in known if k not in self.state.context]):
                found.update(dict.fromkeys(known.get(key, ())))
        found.update(dict.fromkeys(self.said))
        return tuple(found)

    def say(self, message: str, key: str = "", kind: str = "runtime") -> None:
        """A problem of the verb itself."""
        line, column = self.document.lines.get(key, (0, 0))
        self.said.append(Problem(message, kind, self.label(key) if key else "", key, line, column + 1 if line else 0))

    def _need(self, label: str) -> str | None:
        place = self.names.find(label)
        if place is None:
            self.say(f"There is no node {label!r} in this document.", kind="name")
            return None
        return place[0]

    def _roots(self, labels: Sequence[str]) -> Roots | None:
        if not labels:
            found = default_roots(self)
            if isinstance(found, str):
                self.verbs += 1
                self.said = []
                self.say(found, kind="autograd")
                return None
            return found
        places = [self.names.find(label) for label in labels]
        for label, place in zip(labels, places, strict=True):
            if place is None:
                self.verbs += 1
                self.said = []
                self._need(label)
                return None
        return Roots(tuple((p[0], p[1]) for p in places if p is not None), None)

    def _print(self, *values: Any, **options: Any) -> None:
        out = io.StringIO()
        print(*values, **{**options, "file": out})
        self.prints.append(out.getvalue())


__all__ = ["Cancelled", "Engine", "In"]
