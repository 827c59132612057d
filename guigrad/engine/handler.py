"""Requests to the engine's verbs, and their replies."""

from __future__ import annotations

from guigrad.engine.build import Cancelled
from guigrad.engine.device import devices
from guigrad.engine.play import Engine
from guigrad.run.request import (
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
    Verb,
    ZeroGrad,
)


class Handler:
    """An engine that is asked by requests. ``engine`` is the engine itself, for those in the same process."""

    def __init__(self) -> None:
        self.engine = Engine()

    def handle(self, request: Request) -> Reply:
        """Plays one verb and gives what was asked for."""
        engine = self.engine
        engine.prints.clear()
        cancelled = False
        try:
            self._play(request.verb)
        except Cancelled:
            cancelled = True
        return Reply(
            request.number,
            None if request.want is None else engine.frame(request.want),
            engine.problems,
            tuple(engine.prints),
            engine.point() if request.point else None,
            cancelled,
            devices() if isinstance(request.verb, Load) else (),
        )

    def _play(self, verb: Verb) -> None:
        engine = self.engine
        match verb:
            case Load():
                engine.load(verb.document, verb.revision, verb.device, verb.seed)
            case Edit():
                engine.edit(verb.diff, verb.revision)
            case Forward():
                engine.forward(verb.to, verb.partial)
            case Backward():
                engine.backward(verb.roots, verb.gradient, verb.retain_graph, verb.create_graph, verb.inputs, verb.xray)
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
            case Look():
                pass
