"""The grad_fns that the last forward of a session left behind, told by the document's nodes.

Note [Rounds]
A node in a loop holds the value of the last round alone, and one that works in place has put its grad_fn where another was. What theirs lead to
may be their own inside or an earlier round of other nodes, and nothing that torch holds tells which. So the op is run once more on detached inputs: as far as both graphs have the same form it is the
inside; what an input was there is an earlier round. Those grad_fns belong to no node.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from typing import TYPE_CHECKING, Any

import torch

from guigrad.engine.again import again
from guigrad.engine.graph import graph
from guigrad.engine.recorded import frame_of
from guigrad.engine.recorder import ACCUMULATE, Edge, Tensor, edge_of
from guigrad.engine.second import maker, sequence
from guigrad.engine.tape import Tape
from guigrad.engine.values import tensors_in
from guigrad.ops import table
from guigrad.run.graph import Graph

CARRY = "python.carry"

if TYPE_CHECKING:
    from guigrad.engine.play import Engine


def graph_of(engine: Engine, label: Callable[[str], str]) -> Graph | None:
    """The graph behind every value of the document; without one, what was recorded. ``label`` names a place ("#3", "#3[1]").

    A grad_fn belongs to the node whose value it made, those inside a composite op to that op: see Note [Attribution] in tape.
    """
    state, nodes = engine.state, engine.document.nodes
    tape = Tape(engine.plan, (), state.order, state.random, state.earlier)
    made: dict[Edge, Tensor] = {}
    owners: dict[Any, tuple[str, str, bool]] = {}
    places: dict[Edge, str] = {}
    outputs: dict[str, list[Any]] = {}
    changed: dict[Any, str] = {}
    for place, tensor, edges in tape.places():
        known = [edge for edge in edges if edge is not None]
        edge = edge_of(tensor)
        if edge is not None:
            made.setdefault(edge, tensor)
        key = place.partition("[")[0]
        for edge in known:
            if nodes[key].op == CARRY:  # a loop's variable holds what a node of its body made
                continue
            if state.facts(key).in_place:  # what was there before holds the same tensor
                changed[edge[0]] = places[edge] = place
            places.setdefault(edge, place)
        outputs.setdefault(key, []).extend(fn for fn, _ in known)
    if not outputs:
        recorded = frame_of(engine)
        return None if recorded is None else recorded.graph
    of_fn = {fn: place for (fn, _), place in reversed(places.items())}
    for fn, place in tape.makers.items():
        home = of_fn.get(fn, place) if nodes[place.partition("[")[0]].op == CARRY else changed.get(fn, place)
        owners[fn] = (label(home), home.partition("[")[0], False)
    grads = _grads(tape, owners, label)
    for key, fns in outputs.items():  # in program order: what an op made inside is met from its own value first
        mine = [fn for fn in fns if owners[fn][1] == key]
        lost = state.facts(key).in_place or _in_loop(engine, key)
        for target in _looped(engine, key, mine, owners) if lost else _behind(mine, owners):
            owners[target] = (label(key), key, True)
    # What an in-place op has put another grad_fn in place of is shown where it is still led to.
    return graph(
        _ends(dict.fromkeys((*(fn for fn, _ in made), *grads))),
        owners,
        lambda edge: label(places[edge]) if edge in places else "",
        made,
    )


def _behind(fns: Iterable[Any], known: Container[Any]) -> list[Any]:
    """What some lead to, up to those that are known and those of leaves."""
    todo = list(fns)
    found: dict[Any, None] = {}
    while todo:
        for target, _ in todo.pop().next_functions:
            if target is not None and target not in known and target not in found and type(target) is not ACCUMULATE:
                found[target] = None
                todo.append(target)
    return list(found)


def _in_loop(engine: Engine, key: str) -> bool:
    return not engine.state.loops.isdisjoint(engine.state.context.get(key, ()))


def _looped(engine: Engine, key: str, fns: list[Any], known: Container[Any]) -> list[Any]:
    """What an op in a loop made inside. See Note [Rounds]."""
    found = _behind(fns, known)
    if not found:
        return []
    if engine.document.nodes[key].op == "torch.autograd.grad":
        return [fn for fn in found if maker(sequence(fn)) is not None]
    ours: dict[Any, None] = {}
    pairs = list(zip(fns, _fresh(engine, key), strict=False))
    while pairs:
        fn, like = pairs.pop()
        if type(fn) is not type(like) or len(fn.next_functions) != len(like.next_functions):
            continue  # the op made something else this time
        for (target, _), (other, _) in zip(fn.next_functions, like.next_functions, strict=True):
            if target is None or target in known or target in ours or type(target) is not type(other):
                continue
            if type(other) is ACCUMULATE:
                continue
            ours[target] = None
            pairs.append((target, other))
    return list(ours)


def _fresh(engine: Engine, key: str) -> list[Any]:
    """The grad_fns that a node's op makes for its results, run once more on what its inputs hold, cut off from all that is behind them."""
    node, plan, facts = engine.document.nodes[key], engine.plan, engine.state.facts(key)
    if facts.changes or facts.in_place or table.effect_of(node.op):
        return []
    values = []
    for wire in node.inputs():
        value = plan.read(wire)
        if isinstance(value, torch.Tensor):  # a copy: batch_norm changes its running statistics, which no row tells
            value = value.detach().clone().requires_grad_(value.requires_grad)
        elif not isinstance(value, int | float | complex | str | torch.dtype | torch.device | torch.Size | None):
            return []  # a generator, an optimizer: something that it might change
        values.append(value)
    state = torch.get_rng_state()
    try:
        with torch.enable_grad():
            made = again(node, values, plan.device)
    except Exception:  # whatever the op says: then nothing is known of its inside
        return []
    finally:
        torch.set_rng_state(state)
    return [edge[0] for tensor in tensors_in(made) if (edge := edge_of(tensor)) is not None]


def _grads(tape: Tape, owners: dict[Any, tuple[str, str, bool]], label: Callable[[str], str]) -> list[Any]:
    """The grad_fns of gradients that have one (``create_graph``); they and what is behind them belong to whose ``.grad`` it is."""
    found = []
    for place, tensor, _ in tape.places():
        grad = tensor.grad if tensor.is_leaf or tensor.retains_grad else None
        if grad is None or grad.grad_fn is None or grad.grad_fn in owners:
            continue
        found.append(grad.grad_fn)
        todo = [grad.grad_fn]
        while todo:
            fn = todo.pop()
            if fn not in owners and type(fn) is not ACCUMULATE:
                owners[fn] = (f"{label(place)}.grad", place.partition("[")[0], True)
                todo += [target for target, _ in fn.next_functions if target is not None]
    return found


def _ends(fns: Iterable[Any]) -> list[Any]:
    """Those that no other leads to."""
    fns = tuple(fns)
    led: set[Any] = set()
    todo = [target for fn in fns for target, _ in fn.next_functions]
    while todo:
        fn = todo.pop()
        if fn is not None and fn not in led:
            led.add(fn)
            todo += [target for target, _ in fn.next_functions]
    return [fn for fn in fns if fn not in led]
