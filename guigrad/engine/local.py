"""Local Jacobians: each op between two nodes run once more by itself, and what pulls a gradient back along one of its wires.

Note [Flat values]
A node's value may be a tensor or hold several (a tuple, a list, the outputs of an unpacking). Gradients of it are kept as one matrix for each of
its tensors, [rows, entries], None where no gradient comes; ``rows`` are the rows of J that are followed at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from msgspec import Struct

from guigrad.document.model import In
from guigrad.document.ports import node_wires
from guigrad.engine.again import again
from guigrad.engine.between import NoFunction, ancestors
from guigrad.engine.jacobian import quiet, stop_if_asked
from guigrad.engine.values import MISSING, tensors_in

if TYPE_CHECKING:
    from guigrad.engine.play import Engine

EXACT = 64
"""Outputs of so many entries have their local Jacobian's norm computed, larger ones estimated with PROBES random vectors."""
PROBES = 8

Tensor = torch.Tensor
Grads = list[Tensor | None]
"""See Note [Flat values]."""


class Step(Struct):
    """One wire that a gradient comes back along: ``slots`` are the tensors of the source's value that it carries."""

    source: str
    target: str
    path: str
    slots: tuple[int, ...]
    outs: list[Tensor]
    into: list[Tensor]
    norm: float = 0.0
    factor: Tensor | None = None
    about: bool = False

    def pull(self, grads: Grads) -> Grads | None:
        """What comes back along the wire for what arrived at its end; None if nothing does. Shapes: see Note [Flat values]."""
        used = [(out, grad) for out, grad in zip(self.outs, grads, strict=True) if grad is not None]
        if self.factor is not None and used:
            return [used[0][1] * self.factor.to(used[0][1].dtype)]
        used = [(out, grad) for out, grad in used if out.requires_grad]
        if not used:
            return None
        rows = used[0][1].shape[0]
        outs = [out for out, _ in used]
        shaped = [grad.reshape(rows, *out.shape).to(out.dtype) for out, grad in used]

        def back(parts: Sequence[Tensor]) -> tuple[Tensor, ...]:
            found = torch.autograd.grad(outs, self.into, list(parts), retain_graph=True, allow_unused=True)
            return tuple(torch.zeros_like(x) if g is None else g for x, g in zip(self.into, found, strict=True))

        with quiet():
            if rows == 1:
                return [g.detach().reshape(1, -1) for g in back([part[0] for part in shaped])]
            try:
                pulled = torch.func.vmap(back)(tuple(shaped))
            except RuntimeError as error:
                if "vmap" not in str(error) and "batch" not in str(error):
                    raise
                each = [back([part[row] for part in shaped]) for row in range(rows)]
                pulled = tuple(torch.stack(column) for column in zip(*each, strict=True))
        return [g.detach().reshape(rows, -1) for g in pulled]


class Way:
    """Every node and wire between two nodes that a gradient passes; ``keys`` in program order, ``cut`` the ops that let none through.

    Raises: NoFunction where ops between cannot be run by themselves.
    """

    def __init__(self, engine: Engine, start: str, end: str) -> None:
        state = engine.state
        self._engine = engine
        inside = ancestors(engine, end) & state.below({start})
        self.keys = [key for key in state.order if key in inside]
        self.cut: list[str] = []
        self.steps: list[Step] = []
        for key in self.keys:
            if key != start:
                facts = state.facts(key)
                if facts.changes:
                    raise NoFunction(f"{engine.label(key)} changes a tensor in place between the two.")
                if any(place in state.loops for place in state.context[key]) or state.updates(key):
                    raise NoFunction(f"{engine.label(key)} is computed in a loop or branch.")
        known = set(self.keys)
        for key in self.keys:
            if key != start:
                stop_if_asked(engine)
                self._open(key, known)
        self._keep_what_leads(start, end)

    def elements(self, key: str) -> list[Tensor]:
        """The tensors of a node's value."""
        return tensors_in(self._whole(key))

    def _whole(self, key: str) -> Any:
        value = self._engine.plan.value(key)
        if isinstance(value, Tensor) and self._engine.document.nodes[key].outputs:
            return tuple(value)
        return value

    def slots(self, key: str, output: int | None) -> tuple[int, ...]:
        """Which tensors of a node's value one of its outputs is; None: all."""
        whole = self._whole(key)
        if output is None or not isinstance(whole, tuple | list):
            return tuple(range(len(tensors_in(whole))))
        before = sum(len(tensors_in(item)) for item in whole[:output])
        return tuple(range(before, before + len(tensors_in(whole[output]))))

    def _open(self, key: str, known: set[str]) -> None:
        """One op, run once more on inputs of its own."""
        engine = self._engine
        node = engine.document.nodes[key]
        wires = [wire for wire in node.inputs() if wire.node is not None]
        ports = [wire.path for wire in node_wires(node)]
        if len(ports) != len(wires):
            ports = [f"arg{number}" for number in range(len(wires))]
        into, values = [], []
        for wire in wires:
            value = engine.plan.read(wire)
            if value is MISSING:
                raise NoFunction(f"{engine.label(key)} reads something that has not run.")
            fresh: list[Tensor] = []
            values.append(_renew(value, fresh, wire.node in known))
            into.append(fresh)
        kept = torch.get_rng_state()
        try:
            random = engine.state.random.get(key)
            if random is not None:
                torch.set_rng_state(random[0])
            with torch.enable_grad(), quiet():
                made = again(node, values, engine.plan.device)
        finally:
            torch.set_rng_state(kept)
        if isinstance(made, Tensor) and node.outputs:
            made = tuple(made)
        outs = tensors_in(made)
        recorded = any(live.requires_grad for live in self.elements(key))
        passed = False
        for wire, port, fresh in zip(wires, ports, into, strict=True):
            if wire.node not in known or not fresh:
                continue
            slots = self.slots(wire.node or "", wire.output if self._several(wire) else None)
            floating = tuple(at for at in slots if _real(self.elements(wire.node or "")[at]))
            step = Step(wire.node or "", key, port, floating, outs, fresh)
            if recorded and _reaches(outs, fresh):
                self.steps.append(step)
                passed = True
        if not passed and not recorded:
            self.cut.append(engine.label(key))

    def _several(self, wire: In) -> bool:
        return bool(self._engine.document.nodes[wire.node or ""].outputs)

    def _keep_what_leads(self, start: str, end: str) -> None:
        """Only wires that lie on some way from start to end."""
        down = {start}
        for step in self.steps:  # in program order
            if step.source in down:
                down.add(step.target)
        up = {end}
        for step in reversed(self.steps):
            if step.target in up:
                up.add(step.source)
        self.steps = [step for step in self.steps if step.source in down and step.target in up]

    def weigh(self) -> None:
        """How much each wire's local Jacobian can do: its number between scalars, else its Frobenius norm."""
        generator = torch.Generator().manual_seed(0)
        for step in self.steps:
            stop_if_asked(self._engine)
            outs = [out for out in step.outs if _real(out)]
            count = sum(out.numel() for out in outs)
            width = sum(x.numel() for x in step.into)
            if len(step.outs) == len(outs) == len(step.into) == 1 and count == width == 1:
                pulled = step.pull([torch.ones(1, 1, dtype=outs[0].dtype, device=outs[0].device)])
                step.factor = None if pulled is None or pulled[0] is None else pulled[0].reshape(())
                step.norm = 0.0 if step.factor is None else abs(step.factor.item())
                continue
            step.about = count > EXACT
            rows = PROBES if step.about else count
            if step.about:
                basis = torch.randint(0, 2, (rows, count), generator=generator, dtype=torch.int8) * 2.0 - 1.0
            else:
                basis = torch.eye(count)
            parts = iter(torch.split(basis, [out.numel() for out in outs], 1))
            grads: Grads = [next(parts).to(out.device, out.dtype) if _real(out) else None for out in step.outs]
            pulled = step.pull(grads)
            total = sum(float(g.abs().double().square().sum()) for g in pulled or () if g is not None)
            step.norm = math.sqrt(total / rows if step.about else total)


def _real(tensor: Tensor) -> bool:
    return tensor.is_floating_point() or tensor.is_complex()


def _renew(value: Any, fresh: list[Tensor], ask: bool) -> Any:
    """The value with tensors of its own, those that can require grad if ``ask``; they are added to ``fresh``."""
    if isinstance(value, Tensor):
        made = value.detach()
        if ask and _real(made):
            leaf = made.clone().requires_grad_()
            fresh.append(leaf)
            return leaf.view_as(leaf)  # an op may want to change it in place
        return made
    if isinstance(value, tuple | list):
        items = [_renew(item, fresh, ask) for item in value]
        return items if isinstance(value, list) else tuple(items) if type(value) is tuple else _like(value, items)
    if isinstance(value, dict):
        return {key: _renew(item, fresh, ask) for key, item in value.items()}
    return value


def _like(value: Any, items: list[Any]) -> Any:
    """torch's named results take one iterable, Python's named tuples one argument a field."""
    made = getattr(type(value), "_make", type(value))
    return made(items)


def _reaches(outs: list[Tensor], into: list[Tensor]) -> bool:
    """Whether any gradient comes back from the outputs to these inputs."""
    used = [out for out in outs if out.requires_grad]
    if not used:
        return False
    with quiet():
        found = torch.autograd.grad(used, into, [torch.zeros_like(out) for out in used], True, allow_unused=True)
    return any(gradient is not None for gradient in found)
