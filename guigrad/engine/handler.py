"""Requests to the engine's verbs, and their replies."""

from __future__ import annotations

import contextlib
import importlib
import threading
from math import inf
from time import perf_counter
from typing import TYPE_CHECKING

import torch
from msgspec import structs

from guigrad.document.model import In
from guigrad.engine.build import Cancelled
from guigrad.engine.device import devices
from guigrad.engine.play import Engine
from guigrad.engine.values import MISSING
from guigrad.run.derivative import Answer, Question
from guigrad.run.frame import Frame
from guigrad.run.request import (
    Again,
    Ask,
    Backward,
    Edit,
    Forward,
    Load,
    Look,
    OptimizerStep,
    Reply,
    Request,
    Reset,
    Restore,
    Run,
    Trial,
    TryWire,
    Verb,
    ZeroGrad,
)
from guigrad.run.training import Train, Trained

if TYPE_CHECKING:
    from guigrad.engine.shapes import Shapes

SHAPES_SECONDS = 0.1
"""A frame waits no longer for what has not run; the next one goes on."""


class Handler:
    """An engine that is asked by requests. ``engine`` is the engine itself, for those in the same process.

    Note [Shapes in frames]
    Frames tell shapes of what has not run once ``warm`` has ended: what torch needs for that takes a second or two to load, and
    that must not stand in the way of the first values.
    """

    def __init__(self) -> None:
        self.engine = Engine(cancelled=lambda: self._interrupted)
        self._interrupted = False
        self._warm = threading.Event()
        self._shapes: Shapes | None = None

    def warm(self) -> None:
        """Loads what is needed to tell shapes before a run; in the background, if a thread calls it."""
        from torch._subclasses.fake_tensor import FakeTensorMode  # late: see Note [Shapes in frames]

        with FakeTensorMode():
            (torch.ones(2, 2) @ torch.ones(2, 2)).relu().sum()
        importlib.import_module("guigrad.engine.shapes")
        self._warm.set()

    def interrupt(self) -> None:
        """What plays now ends before its next node, as cancelled. Thread: any, and a signal's handler."""
        self._interrupted = True

    def where(self) -> tuple[str, ...]:
        """The keys of the items that are being played, the outermost first. Thread: any."""
        return self.engine.where()

    def handle(self, request: Request) -> Reply:
        """Plays one verb and gives what was asked for."""
        self._interrupted = False
        if isinstance(request.verb, Again):
            return self._again(request, request.verb)
        if isinstance(request.verb, Ask):
            return self._answer(request.number, request.verb)
        return self._handle(request)

    def _again(self, request: Request, verb: Again) -> Reply:
        until = inf if verb.seconds is None else perf_counter() + verb.seconds
        replies: list[Reply] = []
        for train, seen in zip(verb.plays, verb.seen, strict=True):
            reply = self._handle(structs.replace(request, verb=train, want=request.want if seen else None))
            replies.append(reply)
            told = reply.trained
            if told is None or told.reason == "failed" or self._interrupted or perf_counter() > until:
                break
        *passed, last = replies
        return structs.replace(last, passed=tuple(passed))

    def _handle(self, request: Request) -> Reply:
        engine = self.engine
        engine.prints.clear()
        cancelled, trained = False, None
        try:
            trained = self._play(request.verb)
        except Cancelled:
            cancelled = True
        frame = None if request.want is None else self._with_shapes(engine.frame(request.want))
        if isinstance(request.verb, TryWire):
            return Reply(request.number, trial=self._try(request.verb))
        return Reply(
            request.number,
            frame,
            engine.problems if frame is None else frame.problems,
            tuple(engine.prints),
            engine.point() if request.point else None,
            cancelled,
            devices() if isinstance(request.verb, Load) else (),
            trained=trained,
            ended=engine.ended,
        )

    def _with_shapes(self, frame: Frame) -> Frame:
        if not self._warm.is_set() or all(record.kind for record in frame.records.values()):
            return frame
        from guigrad.engine import shapes  # late: see Note [Shapes in frames]

        return shapes.fill(frame, self._follow_shapes())

    def _follow_shapes(self) -> Shapes:
        """The shadow, brought on for a moment."""
        from guigrad.engine import shapes  # late: see Note [Shapes in frames]

        if self._shapes is None:
            self._shapes = shapes.Shapes(self.engine.document, self.engine.revision)
        self._shapes.work(SHAPES_SECONDS)
        return self._shapes

    def _play(self, verb: Verb) -> Trained | None:
        engine = self.engine
        match verb:
            case Load():
                self._shapes = None
                engine.load(verb.document, verb.revision, verb.device, verb.seed)
            case Edit():
                change = engine.edit(verb.diff, verb.revision)
                if self._shapes is not None:
                    self._shapes.edit(change, verb.revision)
            case Forward():
                engine.forward(verb.to, verb.partial)
            case Backward():
                engine.backward(
                    verb.roots, verb.gradient, verb.retain_graph, verb.create_graph, verb.inputs, verb.xray, shown=True
                )
            case ZeroGrad():
                engine.zero_grad(verb.set_to_none)
            case OptimizerStep():
                engine.optimizer_step()
            case Run():
                engine.run()
            case Reset():
                engine.reset()
            case Restore():
                engine.restore(verb.point)
            case Train():
                trained = engine.train(verb)
                return structs.replace(trained, answers=self._answers(verb.asks)) if verb.asks else trained
            case Look() | TryWire() | Ask() | Again():
                pass
        return None

    def _answers(self, questions: tuple[Question, ...]) -> tuple[Answer, ...]:
        """Those that are not interrupted."""
        from guigrad.engine.questions import answer  # late: most sessions ask none

        found: list[Answer] = []
        with contextlib.suppress(Cancelled):
            found += (answer(self.engine, question) for question in questions)
        return tuple(found)

    def _answer(self, number: int, verb: Ask) -> Reply:
        from guigrad.engine.questions import answer  # late: most sessions ask none

        try:
            return Reply(number, answer=answer(self.engine, verb.question))
        except Cancelled:
            return Reply(number, cancelled=True)

    def _try(self, verb: TryWire) -> Trial:
        """What is known of values comes from the shadow; before that is there, from what has run."""
        from guigrad.engine.whatif import try_wire  # late: it is asked for by a window alone

        engine = self.engine
        if self._warm.is_set():
            self._follow_shapes()
        shadow = self._shapes

        def read(wire: In) -> object:
            value = shadow.read(wire) if shadow is not None else MISSING
            fresh = engine.state.status.get(wire.node or "") == "fresh"
            return engine.plan.read(wire) if value is MISSING and fresh else value

        return try_wire(engine.document, verb, read, engine.label)
