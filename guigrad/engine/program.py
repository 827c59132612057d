"""The verb run: the whole program at full speed, with an eye on what later verbs need to know."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import torch

from guigrad.document.model import In, wires_in
from guigrad.engine.arguments import NotWired, Step
from guigrad.engine.backward import blame
from guigrad.engine.effects import spares_gradients
from guigrad.engine.mixed import MixedDevices, refuse_mixed
from guigrad.engine.second import noting
from guigrad.engine.values import MISSING, tensors_in
from guigrad.engine.walk import Walk

if TYPE_CHECKING:
    from guigrad.engine.play import Engine


def play_all(engine: Engine) -> None:
    """Plays every item in order until one fails. Raises: Cancelled."""
    state, plan = engine.state, engine.plan
    walk_ = Walk(state, engine.label)
    error: Exception | None = None
    try:
        with walk_.catching(lambda: plan.current or ""):
            try:
                plan.run()
            except Exception as caught:
                error = caught
    finally:
        state.ran(None if error is None else plan.failed)
        state.after_forward()
    if error is not None:
        key = plan.failed or ""
        state.problems[key] = (blame(engine, key, error),)
        if key in engine.document.nodes and not isinstance(error, NotWired):
            state.status[key] = "failed"
        engine.said += state.problems[key]


def watched(engine: Engine, key: str, step: Step) -> Step:
    """The closure of one node as a run calls it: backwards are recorded; sources and random states are kept for later verbs."""
    state = engine.state
    if engine.plan.meta and key in engine.document.nodes:
        step = _on_one_device(engine, key, step)
    if state.role(key) == "backward":
        return _recorded(engine, key, step)
    if key not in state.context or not (state.facts(key).in_place or state.facts(key).random):
        return step
    if not state.loops.isdisjoint(state.context[key]):
        return step
    facts = state.facts(key)
    before_change = facts.in_place and state.role(key) == "play"
    generator = torch.default_generator

    def call() -> None:
        now = engine.state
        if before_change:
            _find_sources(engine, key)
            now.before_change(key)
        before = generator.get_state() if facts.random else None
        step()
        if before is not None:
            now.random[key] = (before, generator.get_state())

    return call


def _on_one_device(engine: Engine, key: str, step: Step) -> Step:
    node, plan = engine.document.nodes[key], engine.plan

    def call() -> None:
        step()
        try:
            refuse_mixed(node, plan)
        except MixedDevices:
            plan.env[plan.whole(key)] = MISSING
            raise

    return call


def _find_sources(engine: Engine, key: str) -> None:
    """Tells the state which sources an in-place op may be about to change: those along its first arguments."""
    seen: set[str] = set()
    while key not in seen:
        seen.add(key)
        node = engine.document.nodes[key]
        target = dict(node.kwargs).get("out", node.args[0] if node.args else None)
        if not isinstance(target, In) or target.node not in engine.document.nodes:
            return
        key = target.node or ""
        engine.state.made(key)


def _recorded(engine: Engine, key: str, step: Step) -> Step:
    node = engine.document.nodes[key]
    first = node.args[0] if node.args else dict(node.kwargs).get("tensors")
    wires = tuple(wires_in(first))
    keys = tuple(wire.node for wire in wires if wire.node is not None)
    builds = any(name == "create_graph" for name, _ in node.kwargs)

    def calm() -> bool:
        return all(map(spares_gradients, engine.document.nodes.values()))

    def call() -> None:
        if not engine.listening:
            step()
            return
        roots = [tensor for wire in wires for tensor in tensors_in(engine.plan.read(wire))]
        tape = engine.new_tape(roots)
        ledger, bearers = engine.ledger, engine.state.bearers()
        if not builds and ledger.passes(bearers):
            try:
                with tape.recorder:
                    step()
            finally:
                ledger.wait(bearers, keys, tape)
        else:
            told = ledger.backward(bearers, keys, tape, late=True)
            with told, tape.recorder, noting(roots) if builds else nullcontext():
                step()
        if not (engine.training is not None and engine.training.playing and engine.state.known("calm", calm)):
            tape.seal()  # the program may zero or change the gradients next

    return call
