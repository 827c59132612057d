"""The grad_fns that the last forward of a session left behind, told by the document's nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from guigrad.engine.graph import graph
from guigrad.engine.recorded import frame_of
from guigrad.engine.recorder import ACCUMULATE, Edge, Tensor, edge_of
from guigrad.engine.tape import Tape
from guigrad.run.graph import Graph

if TYPE_CHECKING:
    from guigrad.engine.play import Engine


def graph_of(engine: Engine, label: Callable[[str], str]) -> Graph | None:
    """The graph behind every value of the document; without one, what was recorded. ``label`` names a place ("#3", "#3[1]").

    A grad_fn belongs to the node whose value it made, those inside a composite op to that op: see Note [Attribution] in tape.
    """
    state = engine.state
    tape = Tape(engine.plan, (), state.order, state.random, state.earlier)
    made: dict[Edge, Tensor] = {}
    owners: dict[Any, tuple[str, str, bool]] = {}
    places: dict[Edge, str] = {}
    outputs: dict[str, list[Any]] = {}
    for place, tensor, edges in tape.places():
        known = [edge for edge in edges if edge is not None]
        edge = edge_of(tensor)
        if edge is not None:
            made.setdefault(edge, tensor)
        for edge in known:
            places.setdefault(edge, place)
        outputs.setdefault(place.partition("[")[0], []).extend(fn for fn, _ in known)
    if not outputs:
        recorded = frame_of(engine)
        return None if recorded is None else recorded.graph
    for fn, place in tape.makers.items():
        owners[fn] = (label(place), place.partition("[")[0], False)
    grads = _grads(tape, owners, label)
    for key, fns in outputs.items():  # in program order: what an op made inside is met from its own value first
        todo = [fn for fn in fns if owners[fn][1] == key]
        while todo:
            for target, _ in todo.pop().next_functions:
                if target is not None and target not in owners and type(target) is not ACCUMULATE:
                    owners[target] = (label(key), key, True)
                    todo.append(target)
    # What an in-place op has put another grad_fn in place of is shown where it is still led to.
    return graph(
        _ends(dict.fromkeys((*(fn for fn, _ in made), *grads))),
        owners,
        lambda edge: label(places[edge]) if edge in places else "",
        made,
    )


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
