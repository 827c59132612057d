"""The verb backward: which roots, with which v, and who is to blame when it fails."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from time import perf_counter
from typing import TYPE_CHECKING, Any

import torch
from msgspec import Struct

from guigrad.document.array import ArrayData
from guigrad.document.model import In, ListOf, Node
from guigrad.engine.arguments import getter
from guigrad.engine.explain import explain, in_place_to_blame
from guigrad.engine.second import noting
from guigrad.engine.stretch import Stretch
from guigrad.engine.values import MISSING, tensor_of
from guigrad.engine.walk import Walk
from guigrad.run.request import Gradient

if TYPE_CHECKING:
    from guigrad.engine.play import Engine


class Roots(Struct, frozen=True):
    """Where a backward starts: (node id, output or None) each; ``effect`` is the program's own backward if it is that one."""

    places: tuple[tuple[str, int | None], ...]
    effect: str | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The node ids."""
        return tuple(key for key, _ in self.places)


def default_roots(engine: Engine) -> Roots | str:
    """The root that is meant when none is named, or why there is none: the document's, the program's own backward, the only scalar sink."""
    document, state = engine.document, engine.state
    effects = [key for key in state.order if state.role(key) == "backward"]
    if document.settings.root in document.nodes and document.settings.root not in engine.dead:
        chosen = ((str(document.settings.root), None),)
        own = [key for key in effects if roots_of(document.nodes[key]) == chosen]
        return Roots(
            chosen, own[0] if len(own) == 1 else None
        )  # the program's own backward brings its v and its options
    if len(effects) == 1:
        found = roots_of(document.nodes[effects[0]])
        if found is not None:
            return Roots(found, effects[0])
    if all(state.status.get(key) is None for key in state.order):
        engine.forward()
    read = {key for reader in state.order if state.role(reader) == "play" for key in state.facts(reader).reads}
    read |= {key for variable in state.order for key in state.updates(variable)}  # what a loop hands on is read by it
    sinks = [
        key for key in state.order
        if key not in read and state.role(key) == "play" and isinstance(engine.plan.value(key), torch.Tensor)
    ]  # fmt: skip
    for test in (lambda t: t.requires_grad and t.numel() == 1, lambda t: t.requires_grad, lambda t: True):
        fitting = [key for key in sinks if test(engine.plan.value(key))]
        if len(fitting) == 1:
            return Roots(((fitting[0], None),))
        if fitting:
            names = ", ".join(engine.label(key) for key in fitting[:8])
            return f"Backward from which node? Several could be meant: {names}."
    if document.settings.root in engine.dead:
        return Roots(((str(document.settings.root), None),))
    return "There is nothing to start backward from: no node has a tensor yet."


def roots_of(node: Node) -> tuple[tuple[str, int | None], ...] | None:
    """What the program's own backward starts from, None if that is not plain to see."""
    value = node.args[0] if node.args else dict(node.kwargs).get("tensors")
    items = value.items if isinstance(value, ListOf) else value if isinstance(value, tuple) else (value,)
    found = tuple((item.node, None) for item in items if isinstance(item, In) and item.node is not None)
    return found if len(found) == len(items) else None


def backward(
    engine: Engine,
    roots: Roots,
    gradient: Sequence[Gradient],
    retain_graph: bool | None,
    create_graph: bool,
    inputs: Sequence[str] | None,
    xray: bool,
    shown: bool = False,
) -> None:
    """Plays ``torch.autograd.backward``; what goes wrong is said by the engine."""
    state, plan = engine.state, engine.plan
    first = roots.effect or roots.keys[0]
    tensors, grads, leaves = _tensors(engine, roots), None, None
    if tensors is None:
        return
    if roots.effect is not None:
        own = _arguments(engine, roots.effect)
        retain_graph = own.get("retain_graph") if retain_graph is None else retain_graph
        create_graph = create_graph or bool(own.get("create_graph"))
        given = own.get("gradient", own.get("grad_tensors"))
        if not gradient and given is not None:
            grads = list(given) if isinstance(given, tuple | list) else [given]
        if inputs is None:
            leaves = own.get("inputs")
    try:
        if gradient:
            grads = [_gradient(engine, value, tensors[min(k, len(tensors) - 1)]) for k, value in enumerate(gradient)]
        if inputs is not None:
            leaves = [_live(engine, label) for label in inputs]
    except LookupError as error:
        engine.say(str(error), roots.keys[0], "name")
        return
    except (ValueError, TypeError, RuntimeError, OverflowError) as error:
        engine.said.append(explain(error, roots.keys[0], engine.document, engine.label, plan.read))
        return
    state.problems.pop(first, None) if roots.effect else None
    walk = Walk(state, engine.label)
    try:
        notes = noting(tensors) if create_graph else nullcontext()
        heard = engine.recorder(tensors, xray)
        if engine.tape is not None and shown:
            engine.tape.prepare()
        told = engine.ledger.backward(state.bearers(), roots.keys, engine.tape)
        with walk.catching(lambda: roots.keys[0]), told, heard, notes:
            torch.autograd.backward(tensors, grads, retain_graph, create_graph, inputs=leaves)
            engine.ended = perf_counter()
    except Exception as error:
        engine.said.append(blame(engine, roots.keys[0], error))
    finally:
        keep = create_graph if retain_graph is None else retain_graph
        if not keep:
            _use_up(engine, roots.keys)


def _tensors(engine: Engine, roots: Roots) -> list[torch.Tensor] | None:
    found = []
    for key, output in roots.places:
        value = engine.plan.value(key)
        if output is not None and isinstance(value, tuple | list) and output < len(value):
            value = value[output]
        if not isinstance(value, torch.Tensor):
            label = engine.label(key)
            if value is MISSING:
                engine.say(
                    f"{label} has not been computed, so there is nothing to start backward from.", key, "autograd"
                )
            elif isinstance(value, tuple | list):
                engine.say(
                    f"{label} holds {len(value)} values: start from one of them, {label}[0] for example.",
                    key,
                    "autograd",
                )
            else:
                engine.say(
                    f"{label} is a Python {type(value).__name__}, and only tensors have gradients.", key, "autograd"
                )
            return None
        found.append(value)
    return found


def _arguments(engine: Engine, key: str) -> dict[str, Any]:
    """The arguments of the program's own backward, by name."""
    node = engine.document.nodes[key]
    names: tuple[str, ...] = ("tensors", "grad_tensors", "retain_graph", "create_graph", "grad_variables", "inputs")
    if node.op == "torch.Tensor.backward":
        names = ("tensors", "gradient", "retain_graph", "create_graph", "inputs")
    given = {**dict(zip(names[1:], node.args[1:], strict=False)), **dict(node.kwargs)}
    found = {}
    for name, value in given.items():
        if any(engine.plan.read(wire) is MISSING for wire in node.inputs()):
            walk = Walk(engine.state, engine.label, {w.node for w in node.inputs() if w.node}, ("play", "operand"))
            walk.play()
        try:
            got = getter(value, engine.plan)()
        except (LookupError, NameError):
            continue
        if got is not MISSING:
            found[name] = got
    return found


def _gradient(engine: Engine, value: Gradient | Any, root: torch.Tensor) -> torch.Tensor | None:
    """An upstream gradient as a tensor.

    Raises: LookupError for an unknown label; what torch raises for a list that is no tensor.
    """
    if value is None:
        return None
    if isinstance(value, str):
        return _live(engine, value)
    if isinstance(value, ArrayData):
        return tensor_of(value, root.device)
    return torch.tensor(value, dtype=root.dtype, device=root.device)


def _live(engine: Engine, label: str) -> torch.Tensor:
    value = engine.value(label)
    if value is MISSING or not isinstance(value, torch.Tensor):
        raise LookupError(f"There is no node {label!r} that holds a tensor.")
    return value


def blame(engine: Engine, key: str, error: Exception) -> Any:
    """The problem of a failed backward, pinned to the in-place node that caused it where there is one."""
    state, message = engine.state, str(error)
    if "modified by an inplace operation" in message:
        changed = [
            (k, engine.plan.value(k)) for k in state.order if state.facts(k).in_place and state.status.get(k) == "fresh"
        ]
        key = in_place_to_blame(message, changed) or key
    return explain(error, key, engine.document, engine.label, engine.plan.read)


def _use_up(engine: Engine, keys: tuple[str, ...]) -> None:
    """A backward from here has used up the graph of what was computed for it."""
    state = engine.state
    if keys not in state.above:
        found: set[str] = set()
        todo = list(keys)
        while todo:
            key = todo.pop()
            if key in found or key not in state.context:
                continue
            found.add(key)
            todo += state.facts(key).reads
            todo += state.updates(key)
        parts = [part for _, parts in state.stretches.values() for part in parts]
        computed = frozenset().union(*[part.known for part in parts if isinstance(part, Stretch)]) & found
        state.above[keys] = computed, frozenset(found - computed)
    computed, others = state.above[keys]
    state.freed |= computed
    state.freed.update([key for key in others if not state.is_kept(key)])
    if not state.stretches:
        state.above.clear()
