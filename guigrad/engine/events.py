"""A recorded backward as events: every grad_fn that ran, in the order in which autograd ran them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from guigrad.document.array import ArrayData
from guigrad.engine.look import name_of_grad_fn
from guigrad.engine.recorder import ACCUMULATE, ARRIVED
from guigrad.engine.second import sequence
from guigrad.engine.tape import Tape
from guigrad.engine.values import array_of
from guigrad.run.tape import Event, Leaving

SAVED = "_saved_"


def events(tape: Tape, label: Callable[[str], str], limit: int = 0, values: bool = True) -> tuple[Event, ...]:
    """The events of a tape. ``label`` names a place ("#3", "#3[1]"); a tensor of more than ``limit`` elements is left out (0: no limit)."""

    def shown(tensor: Any) -> ArrayData | None:
        if not values or not isinstance(tensor, torch.Tensor) or (limit and tensor.numel() > limit):
            return None
        return array_of(tensor)

    recorder = tape.recorder
    owners, wires = tape.owners, tape.wires_by_edge
    final = {owners[fn]: fn for fn in recorder.events if fn in owners}
    found = []
    for number, (fn, event) in enumerate(recorder.events.items()):
        place = owners.get(fn, "")
        leaf = type(fn) is ACCUMULATE
        left = []
        for at, (target, _) in enumerate(fn.next_functions):
            wire = wires.get((fn, at))
            left.append(
                Leaving(
                    "" if target is None else name_of_grad_fn(target),
                    shown(recorder.left(fn, at)) if event and target is not None else None,
                    None if wire is None else (label(wire[0]), label(wire[1]), wire[2]),
                )
            )
        arrived = event[ARRIVED] if event else (tape.arrived((fn, 0)),) if leaf else ()
        found.append(
            Event(
                number,
                label(place) if place else "",
                place.partition("[")[0],
                name_of_grad_fn(fn),
                "accumulate" if leaf else "backward",
                tuple(map(shown, arrived)),
                sum(len(tape.into((fn, output))) for output in range(max(1, len(arrived)))),
                tuple(left),
                final.get(place) is fn,
                tuple(name.removeprefix(SAVED) for name in dir(fn) if name.startswith(SAVED)),
                sequence(fn),
            )
        )
    return tuple(found)
