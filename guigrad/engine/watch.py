"""A run of the whole program with its backwards recorded: what the last of them did is what the frame shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from guigrad.document.model import In, wires_in
from guigrad.engine.arguments import Step
from guigrad.engine.tape import Tape
from guigrad.engine.values import tensors_in

if TYPE_CHECKING:
    from guigrad.engine.play import Engine


@contextmanager
def backwards_recorded(engine: Engine) -> Iterator[None]:
    """Inside, the program's own backwards leave their tape in ``engine.tape``."""
    state, steps = engine.state, engine.plan.steps
    found: dict[str, Step] = {}
    for key in state.order:
        if state.roles.get(key) == "backward":
            found[key] = _recording(engine, key, steps[key])
        elif state.facts(key).in_place and not state.context[key]:  # what a loop changes again and again would pile up
            found[key] = _noting(engine, key, steps[key])
    if not any(state.roles.get(key) == "backward" for key in found):
        yield
        return
    before = {key: steps[key] for key in found}
    steps.update(found)
    engine.plan.__dict__.pop("main", None)
    try:
        yield
    finally:
        steps.update(before)
        engine.plan.__dict__.pop("main", None)


def _recording(engine: Engine, key: str, step: Step) -> Step:
    node = engine.plan.document.nodes[key]
    first = node.args[0] if node.args else dict(node.kwargs).get("tensors")

    def recorded() -> None:
        state = engine.state
        roots = [tensor for wire in wires_in(first) for tensor in tensors_in(engine.plan.read(wire))]
        tape = Tape(engine.plan, roots, state.order, state.random, state.earlier)
        with tape.recorder:
            step()
        tape.seal()  # the program may zero or change the gradients next
        engine.tape = tape

    return recorded


def _noting(engine: Engine, key: str, step: Step) -> Step:
    node = engine.plan.document.nodes[key]
    target = node.args[0] if node.args else None

    def noted() -> None:
        value = engine.plan.read(target) if isinstance(target, In) else None
        if isinstance(value, torch.Tensor):
            known = ((other, engine.plan.value(other)) for other in engine.state.order)
            engine.state.earlier.before(key, value, known)
        step()

    return noted
